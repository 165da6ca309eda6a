//! Which resources name others by one of their properties, and which may.
//!
//! In: a graph, a type, the path of a property. Out: [`Named`], worked out once a graph however often it is asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxBuildHasher;

use super::graph::{Resolution, ResourceGraph, ResourceIndex};
use super::property_path::PropertyPath;
use super::resource::Lookup;
use super::resource_type::ResourceType;
use crate::value::{Unknown, Value, ValueKind};

/// What the resources of one type name by one property.
#[derive(Debug, Default)]
pub struct Named {
    /// Who is named, and by whom; sorted.
    links: Vec<(ResourceIndex, ResourceIndex)>,
    /// Those whose property cannot be told, and why; sorted.
    open: Vec<(ResourceIndex, Arc<Unknown>)>,
}

/// What was worked out already.
#[derive(Debug, Default)]
pub(super) struct Memo(Mutex<HashMap<(ResourceType, PropertyPath), Arc<Named>, FxBuildHasher>>);

impl Named {
    /// Those that name `target`, in order.
    pub fn naming(&self, target: ResourceIndex) -> impl Iterator<Item = ResourceIndex> + '_ {
        let start = self.links.partition_point(|(named, _)| *named < target);
        self.links.iter().skip(start).take_while(move |(named, _)| *named == target).map(|(_, by)| *by)
    }

    /// Those that may name anything, and why.
    pub fn open(&self) -> &[(ResourceIndex, Arc<Unknown>)] {
        &self.open
    }
}

impl ResourceGraph {
    /// What the resources of a type name by the property at `path`.
    pub fn named_by(&self, of: &ResourceType, path: &PropertyPath) -> Arc<Named> {
        let key = (of.clone(), path.clone());
        if let Some(known) = self.named.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let named = Arc::new(self.work_out(of, path));
        self.named.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, named.clone());
        named
    }

    fn work_out(&self, of: &ResourceType, path: &PropertyPath) -> Named {
        let mut named = Named::default();
        for by in self.of_type(of) {
            let (values, rest) = self.get(*by).lookup_each(path);
            let mut doubt = rest;
            for value in values {
                let resolution = match value {
                    Lookup::Found(value, _) => self.resolve(value),
                    Lookup::Unknown(why, span) => self.resolve(&Value::new(ValueKind::Unknown(why), span)),
                    Lookup::Absent { .. } => continue,
                };
                match resolution {
                    Resolution::Resources(targets) => named.links.extend(targets.into_iter().map(|it| (it, *by))),
                    Resolution::Open(why) => doubt = Some(why),
                    Resolution::Elsewhere => {}
                }
            }
            named.open.extend(doubt.map(|why| (*by, why)));
        }
        named.links.sort_unstable();
        named.links.dedup();
        named
    }
}
