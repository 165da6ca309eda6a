//! The waist: what every front end makes and every policy reads.
//!
//! In: lowered resources of one root. Out: [`Resource`] with [`Lookup`] of a property path, and [`ResourceGraph`]
//! with parents, scopes and references resolved. Knows no input language and no policy.

mod addition;
mod arm_id;
mod change;
mod coverage;
mod graph;
mod index;
mod patch;
mod property_path;
mod resource;
mod resource_type;
mod via;

pub use addition::Addition;
pub use arm_id::ArmId;
pub use change::{Change, Child, Op, Wanted};
pub use coverage::Coverage;
pub use graph::{Edge, EdgeKind, Resolution, ResourceGraph, ResourceIndex};
pub use property_path::{PathSegment, PropertyPath};
pub use resource::{Dialect, Link, Lookup, Lowered, Patch, Presence, Resource, Target, Unread};
pub use resource_type::ResourceType;
pub use via::Named;
