//! What would satisfy a policy, as far as its file says more than its condition: `fix.set`, `fix.instead`, `fix.remove`, `fix.add`,
//! `fix.decide`, `fix.caution`.
//!
//! In: the `fix` of a policy file. Out: [`Remedy`], which `eval` turns into changes of a resource.

use std::sync::Arc;

use super::compile::Compiler;
use super::condition::Operand;
use super::definition::Parameter;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Addition, Child, PropertyPath, ResourceType};
use crate::value::{Object, Value};

/// The keys of `fix` that are no language.
pub(super) const KEYS: [&str; 6] = ["set", "instead", "remove", "add", "decide", "caution"];

/// What a policy file says of its fix beside the snippets.
#[derive(Clone, Debug, Default)]
pub struct Remedy {
    /// Properties and what they must be; what the condition asks for when there is none.
    pub set: Vec<(Option<Child>, PropertyPath, Operand)>,
    /// The same, where something is written that is at fault; nothing is added.
    pub instead: Vec<(Option<Child>, PropertyPath, Operand)>,
    /// Properties that must not be written.
    pub remove: Vec<PropertyPath>,
    /// A resource that is missing.
    pub add: Option<Addition>,
    /// What only people can decide (`which key`): nothing is changed.
    pub decide: Option<Arc<str>>,
    /// What somebody should know before it is changed.
    pub caution: Option<Arc<str>>,
}

impl Remedy {
    /// Reads it from the `fix` of a policy file.
    pub(super) fn read(fix: &Object, parameters: &[Parameter], diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut remedy = Self::default();
        let mut wrong = |value: &Value, what: &str| {
            diagnostics.push(Diagnostic::error(Code::Policy, value.span, format!("`fix.{what}`")));
        };
        for (key, into) in [("decide", &mut remedy.decide), ("caution", &mut remedy.caution)] {
            match fix.value(key).map(|value| (value, value.as_str())) {
                Some((_, Some(text))) => *into = Some(text.trim().into()),
                Some((value, None)) => wrong(value, &format!("{key} must be a text")),
                None => {}
            }
        }
        if let Some(value) = fix.value("remove") {
            match value.as_array() {
                Some(list) => {
                    remedy.remove = list.items.iter().filter_map(Value::as_str).map(PropertyPath::parse).collect();
                }
                None => wrong(value, "remove must be a list of ARM paths"),
            }
        }
        if let Some(value) = fix.value("add") {
            remedy.add = addition(value);
            if remedy.add.is_none() {
                wrong(value, "add must have the texts `type`, `apiVersion` and `name`");
            }
        }
        let mut compiler = Compiler::new(parameters);
        for (key, into) in [("set", &mut remedy.set), ("instead", &mut remedy.instead)] {
            let Some(value) = fix.value(key) else { continue };
            let Some(set) = value.as_object() else {
                wrong(value, &format!("{key} must be a mapping from ARM path to value"));
                continue;
            };
            for (path, entry) in &set.entries {
                if let Some(operand) = compiler.operand(&entry.value) {
                    let (child, path) = place(path);
                    into.push((child, path, operand));
                }
            }
        }
        diagnostics.append(&mut compiler.diagnostics);
        let says = !(remedy.set.is_empty() && remedy.instead.is_empty() && remedy.remove.is_empty());
        if let (Some(value), true, true) = (fix.value("decide"), remedy.decide.is_some(), says) {
            diagnostics.push(Diagnostic::error(
                Code::Policy,
                value.span,
                "`fix.decide` leaves the fix to people: it cannot stand beside `set`, `instead` or `remove`",
            ));
        }
        remedy
    }
}

/// `{ type: ..., apiVersion: ..., name: ..., properties: {} }`
fn addition(value: &Value) -> Option<Addition> {
    let mut body = value.as_object()?.clone();
    let mut text = |key: &str| body.entries.shift_remove(key)?.value.as_str().map(Arc::from);
    let (resource_type, api_version, name): (Arc<str>, _, _) = (text("type")?, text("apiVersion")?, text("name")?);
    Some(Addition {
        resource_type: ResourceType::new(&*resource_type),
        api_version,
        name,
        body: Value::object(body, value.span),
    })
}

/// `properties.x`, or of a child `Microsoft.Web/sites/config#logs/properties.x`.
fn place(text: &str) -> (Option<Child>, PropertyPath) {
    let Some((child, path)) = text.rsplit_once('/') else { return (None, PropertyPath::parse(text)) };
    let (resource_type, name) = match child.split_once('#') {
        Some((resource_type, name)) => (resource_type, Some(Arc::from(name))),
        None => (child, None),
    };
    (Some(Child { resource_type: ResourceType::new(resource_type), name }), PropertyPath::parse(path))
}
