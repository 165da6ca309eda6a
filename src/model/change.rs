//! A change of a resource that would satisfy a policy, in terms of the model.
//!
//! In: nothing; `eval` works it out. Out: what a front end turns into edits of its own text.

use std::sync::Arc;

use super::graph::{ResourceGraph, ResourceIndex};
use super::property_path::PropertyPath;
use super::resource::Resource;
use super::resource_type::ResourceType;
use crate::value::Value;

/// One property that must come to be something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The child that has it; the resource itself when there is none.
    pub child: Option<Child>,
    /// Which property.
    pub path: PropertyPath,
    /// What becomes of it.
    pub op: Op,
}

/// A resource below the one at hand, which is perhaps not declared yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Child {
    /// Its type.
    pub resource_type: ResourceType,
    /// The last segment of its name, where the type alone does not tell.
    pub name: Option<Arc<str>>,
}

/// What becomes of a property.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// It has this value: a text, a number, a boolean, or an array of them.
    Set(Value),
    /// It is not written.
    Remove,
}

/// A change and the resource to make it of.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'g> {
    /// What is declared: the resource itself, its child, or the resource that is to get the child.
    pub resource: &'g Resource,
    /// The child, when it is not declared.
    pub missing: Option<&'g Child>,
    /// What must change.
    pub change: &'g Change,
}

impl<'g> Wanted<'g> {
    /// Finds the child that a change is about.
    pub fn new(graph: &'g ResourceGraph, index: ResourceIndex, change: &'g Change) -> Self {
        let declared = change.child.as_ref().and_then(|child| child.find(graph, index));
        let missing = change.child.as_ref().filter(|_| declared.is_none());
        Self { resource: graph.get(declared.unwrap_or(index)), missing, change }
    }
}

impl Child {
    /// The child of `parent` that is declared; nothing when none is, or the text does not tell which.
    pub fn find(&self, graph: &ResourceGraph, parent: ResourceIndex) -> Option<ResourceIndex> {
        let is_meant = |index: &&ResourceIndex| {
            let name = graph.get(**index).text("name").and_then(|it| it.rsplit('/').next());
            let named = self.name.as_ref().is_none_or(|wanted| name.is_some_and(|it| it.eq_ignore_ascii_case(wanted)));
            graph.parent(**index) == Some(parent) && named
        };
        let mut found = graph.of_type(&self.resource_type).iter().filter(is_meant);
        match (found.next(), found.next()) {
            (Some(one), None) => Some(*one),
            _ => None,
        }
    }
}
