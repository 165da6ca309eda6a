//! How much of a root is known: argument values counted by what they are.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::instance::{Instance, Mode};
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
