//! Pulumi YAML: a program's resources, its configuration and its variables.
//!
//! In: a program and the files of its stacks. Out: resources: `azure-native` tokens lowered to ARM bodies directly, `azure` tokens
//! through the azurerm mappings; other providers leave no trace. `options.parent` says nothing about Azure.

mod evaluate;
mod expression;
mod functions;
mod native;
mod project;
mod renamed;

use std::path::Path;
use std::sync::Arc;

use self::evaluate::Evaluator;
pub(super) use self::renamed::native_names;
use super::arguments::{Bridged, lower_bridged, undone};
use super::tables;
use crate::frontend::Files;
use crate::frontend::terraform::Mappings;
use crate::model::{Lowered, Presence};
use crate::source::{SourceMap, Span};
use crate::value::{Entry, Object, Value};

/// A program with the values of its configuration.
#[derive(Debug)]
pub(super) struct Program {
    resources: Object,
    variables: Object,
    config: Object,
}

/// One resource of a program.
struct Declared<'p> {
    name: &'p Arc<str>,
    token: &'p str,
    /// The evaluated inputs.
    arguments: Object,
    span: Span,
    header: Span,
    presence: Presence,
}

impl Program {
    /// Reads the stacks beside the program.
    pub(super) fn load(root: &Value, directory: &Path, files: &dyn Files, sources: &mut SourceMap) -> Self {
        let empty = Object::default();
        let object = root.as_object().unwrap_or(&empty);
        let part = |key: &str| object.value(key).and_then(Value::as_object).cloned().unwrap_or_default();
        Self {
            resources: part("resources"),
            variables: part("variables"),
            config: project::config(object, directory, files, sources),
        }
    }

    /// Lowers every resource of Azure.
    pub(super) fn lower(&self, mappings: &Mappings, lowered: &mut Lowered) {
        let evaluator = Evaluator::new(self);
        let mut bridged = Vec::new();
        for (name, entry) in &self.resources.entries {
            let Some(declared) = declared(&evaluator, name, entry) else { continue };
            match declared.token.split_once(':') {
                Some(("azure-native", _)) => native::lower(declared, lowered),
                Some(("azure", rest)) => bridged.extend(classic(declared, rest, lowered)),
                _ => {}
            }
        }
        lower_bridged(bridged, mappings, lowered);
        evaluator.finish(lowered);
    }

    fn resource(&self, name: &str) -> Option<&Object> {
        self.resources.value(name)?.as_object()
    }
}

fn declared<'p>(evaluator: &Evaluator<'p>, name: &'p Arc<str>, entry: &'p Entry) -> Option<Declared<'p>> {
    let object = entry.value.as_object()?;
    let token_entry = object.get("type")?;
    let token = token_entry.value.as_str()?;
    if !(token.starts_with("azure-native:") || token.starts_with("azure:")) {
        return None;
    }
    let written = object.value("properties");
    let arguments = match written.map(|it| evaluator.value(it)) {
        Some(value) => match (value.as_object(), value.as_unknown()) {
            (Some(object), _) => object.clone(),
            (None, Some(why)) => Object { rest: Some(why.clone()), ..Object::default() },
            (None, None) => Object::default(),
        },
        None => Object::default(),
    };
    let presence = if object.get("get").is_some() { Presence::Existing } else { Presence::Certain };
    Some(Declared {
        name,
        token,
        arguments,
        span: entry.key_span.to(entry.value.span),
        header: token_entry.key_span.to(token_entry.value.span),
        presence,
    })
}

/// `storage/account:Account` and `storage:Account`.
fn classic(declared: Declared<'_>, rest: &str, lowered: &mut Lowered) -> Option<Bridged> {
    let (module, kind) = rest.split_once(':')?;
    let module = module.split('/').next().unwrap_or(module);
    let Some(azurerm) = tables::classic(module, kind) else {
        lowered.unmapped.push(declared.token.into());
        return None;
    };
    let mut arguments = undone(&declared.arguments);
    if arguments.get("name").is_none() {
        arguments.insert("name", declared.header, native::automatic_name(declared.name, declared.header));
    }
    Some(Bridged {
        address: declared.name.clone(),
        source_type: declared.token.into(),
        azurerm: format!("azurerm_{azurerm}").into(),
        arguments,
        span: declared.span,
        header: declared.header,
        presence: declared.presence,
    })
}
