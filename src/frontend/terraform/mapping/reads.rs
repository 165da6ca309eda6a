//! Which arguments a mapping reads, so that it can be told how much of a declaration is lowered.
//!
//! In: a compiled mapping. Out: the set of argument paths that it looks at. Does not know what becomes of them.

use std::sync::Arc;

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

use super::compile::{Anchor, Mapping, Naming, When};

/// Read for every type, or saying nothing of the resource.
const COMMON: &[&str] = &[
    "name",
    "location",
    "tags",
    "identity",
    "zones",
    "zone",
    "resource_group_name",
    "timeouts",
    "lifecycle",
    "depends_on",
    "provider",
    "count",
    "for_each",
    "connection",
    "provisioner",
];

/// The argument paths that a mapping reads; whatever lies below one is read with it.
#[derive(Debug)]
pub(in crate::frontend::terraform) struct Reads(IndexSet<Vec<Arc<str>>, FxBuildHasher>);

impl Reads {
    /// Of a mapping; without one, what is read of every type.
    pub(in crate::frontend::terraform) fn of(mapping: Option<&Mapping>) -> Self {
        let mut paths: IndexSet<Vec<Arc<str>>, FxBuildHasher> =
            COMMON.iter().map(|name| vec![(*name).into()]).collect();
        let Some(mapping) = mapping else { return Self(paths) };
        for fill in &mapping.fills {
            for source in &fill.sources {
                for name in &source.names {
                    paths.insert(source.blocks.iter().chain([&name.argument]).cloned().collect());
                }
            }
            paths.extend(fill.format.iter().flat_map(|format| format.arguments().cloned()));
        }
        let namings = mapping.name.iter().chain(mapping.children.iter().map(|child| &child.name));
        paths.extend(namings.filter_map(argument));
        for anchor in mapping.parent.iter().chain(&mapping.patch) {
            match anchor {
                Anchor::Id(path) => {
                    paths.insert(path.clone());
                }
                Anchor::Names(names) => paths.extend(names.iter().filter_map(argument)),
            }
        }
        paths.extend(mapping.scope.clone());
        paths.extend(mapping.children.iter().filter_map(|child| match &child.when {
            When::Block(path) => Some(path.clone()),
            _ => None,
        }));
        let blocks: Vec<Vec<Arc<str>>> = paths.iter().filter(|path| is_above_another(path, &paths)).cloned().collect();
        // A block that is looked at for being there is not read whole.
        paths.retain(|path| !blocks.contains(path));
        Self(paths)
    }

    /// True when an argument is read, by itself or with what holds it.
    pub(in crate::frontend::terraform) fn has(&self, path: &[Arc<str>]) -> bool {
        (1..=path.len()).any(|length| path.get(..length).is_some_and(|head| self.0.contains(head)))
    }

    /// True when something below a block is read: all that can be said of one whose content is not known.
    pub(in crate::frontend::terraform) fn looks_into(&self, path: &[Arc<str>]) -> bool {
        self.0.iter().any(|read| read.starts_with(path))
    }
}

fn argument(naming: &Naming) -> Option<Vec<Arc<str>>> {
    match naming {
        Naming::Argument(path) => Some(path.clone()),
        Naming::Literal(_) => None,
    }
}

fn is_above_another(path: &[Arc<str>], paths: &IndexSet<Vec<Arc<str>>, FxBuildHasher>) -> bool {
    paths.iter().any(|other| other.len() > path.len() && other.starts_with(path))
}
