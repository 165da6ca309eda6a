//! A change of a resource that would satisfy a policy, in terms of the model.
//!
//! In: nothing; `eval` works it out. Out: what a front end turns into edits of its own text.

use super::property_path::PropertyPath;
use crate::value::Value;

/// One property that must come to be something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which property.
    pub path: PropertyPath,
    /// What becomes of it.
    pub op: Op,
}

/// What becomes of a property.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// It has this value: a text, a number, a boolean, or an array of them.
    Set(Value),
    /// It is not written.
    Remove,
}
