//! How much of a root is known: argument values counted by what they are.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::instance::{Instance, Mode};
use crate::value::{Unknown, Value, ValueKind};

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
}

impl Statistics {
    /// Counts the values of instances.
    pub fn of(instances: &[Instance]) -> Self {
        let mut counts = Self::default();
        for instance in instances.iter().filter(|instance| instance.mode == Mode::Managed) {
            counts.instances = counts.instances.saturating_add(1);
            counts.count(&instance.body);
        }
        counts
    }

    /// Adds the counts of another root.
    pub fn add(&mut self, other: &Self) {
        self.instances = self.instances.saturating_add(other.instances);
        self.known = self.known.saturating_add(other.known);
        for (kind, count) in &other.unknown {
            let total = self.unknown.entry(kind).or_default();
            *total = total.saturating_add(*count);
        }
        for (reason, count) in &other.reasons {
            let total = self.reasons.entry(reason.clone()).or_default();
            *total = total.saturating_add(*count);
        }
    }

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
        let total = self.unknown.entry(unknown.reason.kind()).or_default();
        *total = total.saturating_add(1);
        let total = self.reasons.entry(unknown.reason.to_string()).or_default();
        *total = total.saturating_add(1);
    }
}
