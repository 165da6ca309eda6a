//! How much of a root is known: argument values counted by what they are.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::instance::{Instance, Mode};
use super::mapping::{Mappings, Reads};
use crate::value::{Reason, Unknown, Value, ValueKind};

/// Counts of leaf values of managed resources.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Instances of resources.
    pub instances: usize,
    /// Leaf values that are known.
    pub known: usize,
    /// Leaf values that are not, by [`crate::value::Reason::kind`].
    pub unknown: IndexMap<&'static str, usize, FxBuildHasher>,
    /// The reasons themselves, as reports print them.
    pub reasons: IndexMap<String, usize, FxBuildHasher>,
    /// What mappings read, by azurerm type; filled on request.
    pub types: IndexMap<Arc<str>, TypeStatistics, FxBuildHasher>,
}

/// How much of the declarations of one azurerm type is lowered.
#[derive(Clone, Copy, Debug, Default)]
pub struct TypeStatistics {
    /// It has a mapping file.
    pub mapped: bool,
    /// Instances.
    pub instances: usize,
    /// Instances of which every written argument is read.
    pub whole: usize,
    /// Written arguments.
    pub arguments: usize,
    /// Those that are read.
    pub read: usize,
}

impl Statistics {
    /// Counts the values of instances.
    pub fn of(instances: &[Instance]) -> Self {
        let mut counts = Counts::default();
        let mut total = 0_usize;
        for instance in instances.iter().filter(|instance| instance.mode == Mode::Managed) {
            total = total.saturating_add(1);
            counts.count(&instance.body);
        }
        let mut statistics = Self { instances: total, known: counts.known, ..Self::default() };
        for (reason, count) in counts.unknown {
            let of_kind = statistics.unknown.entry(reason.kind()).or_default();
            *of_kind = of_kind.saturating_add(count);
            let of_text = statistics.reasons.entry(reason.to_string()).or_default();
            *of_text = of_text.saturating_add(count);
        }
        statistics
    }

    /// Counts how much of each azurerm resource its mapping reads.
    pub fn count_lowered(&mut self, instances: &[Instance], mappings: &Mappings) {
        let mut reads: IndexMap<Arc<str>, (bool, Reads), FxBuildHasher> = IndexMap::default();
        let managed = instances.iter().filter(|it| it.mode == Mode::Managed && it.block_type.starts_with("azurerm_"));
        for instance in managed {
            let (mapped, reads) = reads.entry(instance.block_type.clone()).or_insert_with(|| {
                let mapping = mappings.get(&instance.block_type);
                (mapping.is_some(), Reads::of(mapping.as_deref()))
            });
            let of_type = self.types.entry(instance.block_type.clone()).or_default();
            let before = *of_type;
            of_type.mapped = *mapped;
            count_read(&instance.body, &mut Vec::new(), reads, of_type);
            of_type.instances = of_type.instances.saturating_add(1);
            let unread = |it: &TypeStatistics| it.arguments.saturating_sub(it.read);
            of_type.whole = of_type.whole.saturating_add(usize::from(unread(of_type) == unread(&before)));
        }
    }

    /// Adds the counts of another root.
    pub fn add(&mut self, other: &Self) {
        self.instances = self.instances.saturating_add(other.instances);
        self.known = self.known.saturating_add(other.known);
        for (kind, count) in &other.unknown {
            let total = self.unknown.entry(kind).or_default();
            *total = total.saturating_add(*count);
        }
        for (name, theirs) in &other.types {
            let ours = self.types.entry(name.clone()).or_default();
            ours.mapped |= theirs.mapped;
            ours.instances = ours.instances.saturating_add(theirs.instances);
            ours.whole = ours.whole.saturating_add(theirs.whole);
            ours.arguments = ours.arguments.saturating_add(theirs.arguments);
            ours.read = ours.read.saturating_add(theirs.read);
        }
        for (reason, count) in &other.reasons {
            let total = self.reasons.entry(reason.clone()).or_default();
            *total = total.saturating_add(*count);
        }
    }
}

/// Every written argument: what is `null` is not written, a map or a list of an argument that is read counts once.
fn count_read(value: &Value, path: &mut Vec<Arc<str>>, reads: &Reads, counts: &mut TypeStatistics) {
    match &value.kind {
        ValueKind::Null => {}
        ValueKind::Object(object) if path.is_empty() || !reads.has(path) => {
            for (key, entry) in &object.entries {
                path.push(key.clone());
                count_read(&entry.value, path, reads, counts);
                path.pop();
            }
        }
        ValueKind::Array(array) if array.items.iter().any(|item| item.as_object().is_some()) && !reads.has(path) => {
            array.items.iter().for_each(|item| count_read(item, path, reads, counts));
        }
        _ => {
            counts.arguments = counts.arguments.saturating_add(1);
            counts.read = counts.read.saturating_add(usize::from(reads.has(path) || reads.looks_into(path)));
        }
    }
}

/// Counts by reason: texts are made once at the end.
#[derive(Default)]
struct Counts {
    known: usize,
    unknown: IndexMap<Reason, usize, FxBuildHasher>,
}

impl Counts {
    fn count(&mut self, value: &Value) {
        match &value.kind {
            ValueKind::Unknown(unknown) => self.count_unknown(unknown),
            ValueKind::Array(array) => {
                array.items.iter().for_each(|item| self.count(item));
                array.rest.iter().for_each(|rest| self.count_unknown(rest));
            }
            ValueKind::Object(object) => {
                object.entries.values().for_each(|entry| self.count(&entry.value));
                object.rest.iter().for_each(|rest| self.count_unknown(rest));
            }
            _ => self.known = self.known.saturating_add(1),
        }
    }

    fn count_unknown(&mut self, unknown: &Unknown) {
        match self.unknown.get_mut(&unknown.reason) {
            Some(count) => *count = count.saturating_add(1),
            None => {
                self.unknown.insert(unknown.reason.clone(), 1);
            }
        }
    }
}
