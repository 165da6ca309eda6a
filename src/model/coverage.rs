//! Which property paths a lowered body speaks for.
//!
//! A template shows the whole body, so what it does not have is absent. A Terraform resource shows what its mapping
//! reads: a path outside that is unknown, not absent, or every "does not exist" would be a false alarm.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::property_path::{PathSegment, PropertyPath};

/// A tree of the paths that are covered; array segments do not count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    whole: bool,
    /// Speaks for whether the array is there at all, though not for everything in its elements.
    array: bool,
    below: IndexMap<Arc<str>, Coverage, FxBuildHasher>,
}

impl Coverage {
    /// Speaks for every path: what is not written is absent.
    pub fn complete() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// Speaks for nothing yet.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a path and everything below it; of an array on the way (`[*]`), also whether it is there.
    pub fn add(&mut self, path: &PropertyPath) {
        let mut node = self;
        for segment in path.segments() {
            match segment {
                PathSegment::Key(key) => node = node.below.entry(key.to_ascii_lowercase().into()).or_default(),
                PathSegment::Each | PathSegment::Index(_) => node.array = true,
            }
        }
        node.whole = true;
    }

    /// Adds everything that `other` speaks for.
    pub fn merge(&mut self, other: &Self) {
        self.whole |= other.whole;
        self.array |= other.array;
        for (key, node) in &other.below {
            self.below.entry(key.clone()).or_default().merge(node);
        }
    }

    /// True when a missing value at this path is absent for certain.
    pub fn covers<'s>(&self, path: impl IntoIterator<Item = &'s PathSegment>) -> bool {
        let mut node = self;
        for segment in path {
            if node.whole {
                return true;
            }
            if let PathSegment::Key(key) = segment {
                match node.child(key) {
                    Some(next) => node = next,
                    None => return false,
                }
            }
        }
        node.whole || node.array
    }

    /// What it speaks for below a key, whatever its case.
    fn child(&self, key: &str) -> Option<&Self> {
        /// Hardly any name of a property is longer.
        const FEW: usize = 64;
        let mut folded = [0; FEW];
        let Some(folded) = folded.get_mut(..key.len()) else { return self.below.get(&*key.to_ascii_lowercase()) };
        folded.copy_from_slice(key.as_bytes());
        folded.make_ascii_lowercase();
        self.below.get(std::str::from_utf8(folded).ok()?)
    }

    /// What it speaks for below `path`, as the coverage of what lies there.
    #[must_use]
    pub fn below(&self, path: &PropertyPath) -> Self {
        let mut node = self;
        for segment in path.segments() {
            if node.whole {
                return Self::complete();
            }
            if let PathSegment::Key(key) = segment {
                match node.child(key) {
                    Some(next) => node = next,
                    None => return Self::none(),
                }
            }
        }
        Self { array: false, ..node.clone() }
    }

    /// The same coverage, of a body that has this one below `key`.
    #[must_use]
    pub fn nested(self, key: &str) -> Self {
        let mut outer = Self::none();
        outer.below.insert(key.to_ascii_lowercase().into(), self);
        outer
    }
}

#[cfg(test)]
mod tests {
    use super::{Coverage, PropertyPath};

    #[test]
    fn a_path_is_covered_with_all_below_it_and_nothing_beside() {
        let mut coverage = Coverage::none();
        coverage.add(&PropertyPath::parse("properties.networkAcls"));
        coverage.add(&PropertyPath::parse("properties.rules[*].access"));
        let cases = [
            ("properties.networkAcls", true),
            ("properties.NetworkAcls.ipRules[*].value", true),
            ("properties.rules[*].access", true),
            ("properties.rules[*].name", false),
            ("properties.rules", true),
            ("properties", false),
            ("tags", false),
        ];
        for (path, expected) in cases {
            assert_eq!(coverage.covers(PropertyPath::parse(path).segments()), expected, "{path}");
        }
        assert!(Coverage::complete().covers(PropertyPath::parse("anything.at.all").segments()));
    }
}
