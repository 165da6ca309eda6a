//! The policies embedded at build time, read and compiled only as far as a run needs them.
//!
//! In: resource types, or an id. Out: compiled policies. The tables are sorted and static: nothing is built at start.

use super::definition::Policy;
use super::policy_file::compile;
use crate::azure::defaults::NO_TEXT;
use crate::model::ResourceType;
use crate::parse::json;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/policies.rs"));
}

/// Positions of the policies that can say something of a resource of this type, those of every type included; not sorted.
pub fn positions_of(resource_type: &ResourceType) -> impl Iterator<Item = usize> {
    let own = of_type(&resource_type.as_str().to_ascii_lowercase());
    own.iter().chain(of_type("*")).map(|at| usize::from(*at))
}

/// The policy at a position, when its id is wanted.
pub fn at(position: usize, wanted: &dyn Fn(&str) -> bool) -> Option<Policy> {
    embedded::POLICIES.get(position).filter(|(id, _)| wanted(id)).and_then(read)
}

/// The policy of an id.
pub fn get(id: &str) -> Option<Policy> {
    let at = embedded::POLICIES.binary_search_by(|(known, _)| (*known).cmp(id)).ok()?;
    embedded::POLICIES.get(at).and_then(read)
}

/// Every policy, sorted by id.
pub fn all() -> Vec<Policy> {
    embedded::POLICIES.iter().filter_map(read).collect()
}

/// Every id, sorted.
pub fn ids() -> impl Iterator<Item = &'static str> {
    embedded::POLICIES.iter().map(|(id, _)| *id)
}

fn of_type(lower: &str) -> &'static [u16] {
    let at = embedded::BY_TYPE.binary_search_by(|(name, _)| (*name).cmp(lower));
    at.ok().and_then(|at| embedded::BY_TYPE.get(at)).map_or(&[], |(_, positions)| positions)
}

/// `tests/policies.rs` holds that every policy compiles; one that does not costs itself, not the run.
fn read((id, text): &(&str, &str)) -> Option<Policy> {
    let (document, _) = json::parse(NO_TEXT.file, text);
    compile(id, &document?.root).0
}
