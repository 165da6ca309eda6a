//! A resource that is missing beside another one, in terms of the model.
//!
//! In: nothing; a policy says it. Out: what a front end writes down in its own language.

use std::sync::Arc;

use super::resource_type::ResourceType;
use crate::value::Value;

/// A resource to be declared. In its texts `{name}` and `{id}` are those of the resource at hand, and `<subnet-id>` is for
/// people to fill in.
#[derive(Clone, Debug, PartialEq)]
pub struct Addition {
    /// Its type.
    pub resource_type: ResourceType,
    /// The API version to declare it with.
    pub api_version: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Every other property of the declaration: `location`, `properties`.
    pub body: Value,
}
