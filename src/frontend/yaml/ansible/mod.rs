//! Ansible: the tasks of `azure.azcollection` in playbooks, roles and task files.
//!
//! In: lists of plays or tasks, with the variables that lie beside them. Out: resources, lowered through one mapping file a module
//! (`azure_rm_*.yaml`, in the words of azurerm's). Loops over literals are unrolled; what is conditional is possible; what is deleted or
//! only checked declares nothing; a resource that several tasks set has what the last of them says.

mod jinja;
mod load;
mod resource;
mod task;

use std::path::Path;
use std::sync::Arc;

use self::jinja::Variables;
use self::task::{Made, Walker, module_of};
use super::arguments::{Bridged, lower_bridged};
use crate::frontend::Files;
use crate::frontend::terraform::Mappings;
use crate::model::Lowered;
use crate::source::SourceMap;
use crate::value::{DefaultOf, Value, ValueKind};

/// Lists of plays or tasks, and what is known of their variables.
#[derive(Debug)]
pub(super) struct Tasks {
    documents: Vec<Value>,
    variables: Variables,
}

/// True for a play, block or task that uses a module of Azure.
pub(super) fn is_play_or_task(value: &Value) -> bool {
    let Some(object) = value.as_object() else { return false };
    module_of(object).is_some()
        || task::SECTIONS.iter().any(|section| {
            let inner = object.value(section).and_then(Value::as_array);
            inner.is_some_and(|it| it.items.iter().any(is_play_or_task))
        })
}

impl Tasks {
    /// Reads the variables of the role, and the variable files that plays name.
    pub(super) fn load(documents: Vec<Value>, directory: &Path, files: &dyn Files, sources: &mut SourceMap) -> Self {
        let variables = load::variables(&documents, directory, files, sources);
        Self { documents, variables }
    }

    /// Lowers every task.
    pub(super) fn lower(&self, mappings: &Mappings, lowered: &mut Lowered) {
        let mut walker = Walker::new(self.variables.clone());
        for document in &self.documents {
            walker.list(document);
        }
        let (mut bridged, first) = (Vec::new(), lowered.resources.len());
        for made in walker.finish() {
            match made {
                Made::Module(one) => bridged.push(one),
                Made::Resource(one) => lowered.resources.push(*one),
                Made::Unmapped(module) => lowered.unmapped.push(module),
            }
        }
        lower_bridged(bridged.into_iter().map(prepared).collect(), mappings, lowered);
        for resource in lowered.resources.iter_mut().skip(first) {
            of_module(&mut resource.body);
        }
    }
}

/// Rules take a text or a list where Azure has two properties.
fn prepared(mut one: Bridged) -> Bridged {
    if &*one.azurerm == "azure_rm_securitygroup"
        && let Some(rules) = one.arguments.entries.get_mut("rules")
        && let ValueKind::Array(rules) = &mut rules.value.kind
    {
        for rule in &mut Arc::make_mut(rules).items {
            resource::split_ranges(rule);
        }
    }
    one
}

/// What nobody wrote is the module's choice, not azurerm's.
fn of_module(value: &mut Value) {
    if let Some(origin) = &mut value.origin
        && matches!(origin.default, Some(DefaultOf::Provider { .. }))
    {
        Arc::make_mut(origin).default = Some(DefaultOf::Service { api_version: "any".into() });
    }
    match &mut value.kind {
        ValueKind::Object(object) => {
            Arc::make_mut(object).entries.values_mut().for_each(|entry| of_module(&mut entry.value));
        }
        ValueKind::Array(array) => Arc::make_mut(array).items.iter_mut().for_each(of_module),
        _ => {}
    }
}
