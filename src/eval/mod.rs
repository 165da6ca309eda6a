//! A policy over a resource of a graph: what is wrong, and what that rests on.
//!
//! In: a compiled policy, a linked graph, one of its resources, and configured values. Out: [`Outcome`]. Three-valued:
//! what depends on something that the text does not tell is unknown, with its reason. Knows no input language.

mod changes;
mod condition;
mod count;
mod expression;
mod fault;
mod functions;
mod lookup;
mod operators;
mod outcome;
mod print;
mod related;
mod symbolic;
mod trace;

pub use changes::{Remedied, changes};
pub use operators::{Actual, apply};
pub use outcome::{Outcome, RelatedSpan, Verdict, evaluate};
pub use trace::{Evidence, Source};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use std::sync::Arc;

use crate::value::Value;

/// Values that a team configures, by the key of `baalint.yaml`.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Key to value.
    pub values: IndexMap<Arc<str>, Value, FxBuildHasher>,
}

#[cfg(test)]
mod tests;
