//! How much of what is declared is known, by language, of all front ends alike.
//!
//! In: linked graphs. Out: a [`Tally`]: files, resources, known values and unknown ones by reason. Counts what a declaration
//! lowers to, so a value that no mapping reads is not counted, and what is taken apart again is counted once.

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};

use crate::finding::declaration;
use crate::frontend::yaml;
use crate::model::{Dialect, Presence, ResourceGraph, ResourceType};
use crate::source::FileId;
use crate::value::{Unknown, Value, ValueKind};

/// Counts by language, in the order in which the languages occur.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By the language's name.
    pub languages: IndexMap<&'static str, Count, FxBuildHasher>,
}

/// What one language declares.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// Files with a resource.
    pub files: FxHashSet<FileId>,
    /// Resources, but for what exists already.
    pub resources: usize,
    /// Leaf values that are known.
    pub known: usize,
    /// Leaf values that are not, by [`crate::value::Reason::kind`].
    pub unknown: IndexMap<&'static str, usize, FxBuildHasher>,
}

/// What people call the language of a resource.
pub fn language(dialect: Dialect, source_type: &str, resource_type: &ResourceType) -> &'static str {
    match dialect {
        Dialect::Terraform => "Terraform",
        Dialect::Azapi => "azapi",
        Dialect::Plan => "Terraform plan",
        Dialect::Arm => "ARM template",
        Dialect::Export => "export",
        Dialect::Yaml => yaml::dialect(source_type, resource_type),
    }
}

impl Tally {
    pub(super) fn add(&mut self, graph: &ResourceGraph) {
        for resource in graph.resources.iter().filter(|it| it.presence != Presence::Existing) {
            if declaration(&resource.address).1.is_some() {
                continue;
            }
            let name = language(resource.dialect, &resource.source_type, &resource.resource_type);
            let count = self.languages.entry(name).or_default();
            count.files.insert(resource.span.file);
            count.resources += 1;
            count.value(&resource.body);
        }
    }
}

impl Count {
    fn value(&mut self, value: &Value) {
        match &value.kind {
            ValueKind::Unknown(why) => self.unknown(why),
            ValueKind::Array(array) => {
                array.items.iter().for_each(|item| self.value(item));
                array.rest.iter().for_each(|why| self.unknown(why));
            }
            ValueKind::Object(object) => {
                object.entries.values().for_each(|entry| self.value(&entry.value));
                object.rest.iter().for_each(|why| self.unknown(why));
            }
            _ => self.known += 1,
        }
    }

    fn unknown(&mut self, why: &Unknown) {
        *self.unknown.entry(why.reason.kind()).or_default() += 1;
    }
}
