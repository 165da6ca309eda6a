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
pub(super) use self::load::Library;
pub(super) use self::task::module_of;
use self::task::{Made, Walker};
use super::arguments::{Bridged, lower_bridged, not_azurerms};
use crate::frontend::terraform::Mappings;
use crate::model::Lowered;
use crate::value::{Object, Value, ValueKind};

/// Lists of plays or tasks, and what is known of their variables.
#[derive(Debug)]
pub(super) struct Tasks {
    documents: Vec<Value>,
    variables: Variables,
}

/// True for a play, and for a block or task that uses a module of Azure.
pub(super) fn is_play_or_task(value: &Value) -> bool {
    let is_play = |it: &Object| it.get("hosts").is_some() && task::SECTIONS.iter().any(|key| it.get(key).is_some());
    value.as_object().is_some_and(is_play) || uses_azure(value)
}

/// True for a task that uses a module of Azure, and for what holds one.
pub(super) fn uses_azure(value: &Value) -> bool {
    if let Some(list) = value.as_array() {
        return list.items.iter().any(uses_azure);
    }
    let Some(object) = value.as_object() else { return false };
    module_of(object).is_some()
        || task::SECTIONS
            .iter()
            .any(|section| object.value(section).is_some_and(|it| it.as_array().is_some() && uses_azure(it)))
}

impl Tasks {
    /// Puts roles and includes in their places, and reads the variables around them.
    pub(super) fn load(documents: &[Value], directory: &Path, library: &mut Library<'_>) -> Self {
        let variables = library.variables(documents, directory);
        Self { documents: library.expanded(documents, directory), variables }
    }

    /// True when some task uses a module of Azure.
    pub(super) fn use_azure(&self) -> bool {
        self.documents.iter().any(uses_azure)
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
            not_azurerms(&mut resource.body);
        }
    }
}

/// Puts what a mapping cannot say into its words: rules that take a text or a list where Azure has two properties, and one switch for
/// the addresses of all machines of a scale set.
fn prepared(mut one: Bridged) -> Bridged {
    if &*one.azurerm == "azure_rm_securitygroup"
        && let Some(rules) = one.arguments.entries.get_mut("rules")
        && let ValueKind::Array(rules) = &mut rules.value.kind
    {
        for rule in &mut Arc::make_mut(rules).items {
            resource::split_ranges(rule);
        }
    }
    if &*one.azurerm == "azure_rm_virtualmachinescaleset" && one.arguments.rest.is_none() {
        let given = one.arguments.entries.shift_remove("public_ip_per_vm").map(|it| (it.key_span, it.value));
        let (key, value) = given.unwrap_or_else(|| (one.header, Value::new(false, one.header)));
        let span = key.to(value.span);
        let mut configuration = Object::default();
        configuration.insert("public_ip", key, value);
        let mut nic = Object::default();
        nic.insert("ip_configurations", key, Value::array(vec![Value::object(configuration, span)], span));
        one.arguments.insert("nics", key, Value::array(vec![Value::object(nic, span)], span));
    }
    one
}
