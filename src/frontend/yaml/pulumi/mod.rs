//! Pulumi YAML: a program's resources, its configuration, its variables, and the components that it uses.
//!
//! In: a program and the files of its stacks. Out: resources: `azure-native` tokens lowered to ARM bodies directly, `azure` tokens
//! through the azurerm mappings, tokens of components that were found through what those declare; other providers leave no trace.
//! `options.parent` says nothing about Azure.

mod components;
mod evaluate;
mod expression;
mod functions;
mod given;
mod native;
mod project;
mod renamed;

use std::path::Path;
use std::sync::Arc;

pub(super) use self::components::{Components, unused};
use self::evaluate::Evaluator;
use self::given::FilesRead;
pub(super) use self::renamed::native_names;
use super::arguments::{Bridged, lower_bridged, undone};
use super::tables;
use crate::frontend::Files;
use crate::frontend::terraform::Mappings;
use crate::model::{Lowered, Presence};
use crate::source::{SourceMap, Span};
use crate::value::{Entry, Object, Value};

/// Components that use components.
const MAX_DEPTH: usize = 8;

/// A program with the values of its configuration, or a component with those of its inputs.
#[derive(Debug, Default)]
pub(super) struct Program {
    name: Option<Value>,
    resources: Object,
    variables: Object,
    /// What a component gives out.
    outputs: Object,
    config: Object,
    /// What `fn::readFile` reads.
    read: FilesRead,
    /// What the addresses of its resources start with.
    prefix: String,
    /// Where it is used, the innermost first.
    callers: Vec<Span>,
    components: Arc<Components>,
}

/// One resource of a program.
struct Declared<'p> {
    address: Arc<str>,
    /// What its name in Azure starts with when nobody gives one; not known of a component that nobody uses.
    name: Option<Arc<str>>,
    callers: Vec<Span>,
    token: &'p str,
    /// The evaluated inputs.
    arguments: Object,
    span: Span,
    header: Span,
    presence: Presence,
}

impl Program {
    /// Reads the stacks beside the program.
    pub(super) fn load(
        root: &Value,
        directory: &Path,
        components: &Arc<Components>,
        files: &dyn Files,
        sources: &mut SourceMap,
    ) -> Self {
        let empty = Object::default();
        let object = root.as_object().unwrap_or(&empty);
        let part = |key: &str| object.value(key).and_then(Value::as_object).cloned().unwrap_or_default();
        let (name, config) = project::config(object, directory, files, sources);
        Self {
            name,
            resources: part("resources"),
            variables: part("variables"),
            config,
            read: FilesRead::of(root, directory, files),
            components: components.clone(),
            ..Self::default()
        }
    }

    /// Lowers every resource of Azure.
    pub(super) fn lower(&self, mappings: &Mappings, lowered: &mut Lowered) {
        let evaluator = Evaluator::new(self);
        let mut bridged = Vec::new();
        for (name, entry) in &self.resources.entries {
            let Some(token) = entry.value.as_object().and_then(|it| it.value("type")?.as_str()) else { continue };
            if let Some(component) = self.components.find(token).filter(|_| self.callers.len() < MAX_DEPTH) {
                self.used(component, name, entry, &evaluator).lower(mappings, lowered);
                continue;
            }
            let Some(declared) = self.declared(&evaluator, name, entry) else { continue };
            match declared.token.split_once(':') {
                Some(("azure-native", _)) => native::lower(declared, lowered),
                Some(("azure", rest)) => bridged.extend(classic(declared, rest, lowered)),
                _ => {}
            }
        }
        lower_bridged(bridged, mappings, lowered);
        evaluator.finish(lowered);
    }

    /// The address of one of its resources.
    fn address(&self, name: &str) -> Arc<str> {
        format!("{}{name}", self.prefix).into()
    }

    fn resource(&self, name: &str) -> Option<&Object> {
        self.resources.value(name)?.as_object()
    }

    fn declared<'p>(&self, evaluator: &Evaluator<'p>, name: &str, entry: &'p Entry) -> Option<Declared<'p>> {
        let object = entry.value.as_object()?;
        let token_entry = object.get("type")?;
        let token = token_entry.value.as_str()?;
        if !is_azure(token) {
            return None;
        }
        let presence = if object.get("get").is_some() { Presence::Existing } else { Presence::Certain };
        Some(Declared {
            address: self.address(name),
            name: (self.prefix.is_empty() || !self.callers.is_empty())
                .then(|| format!("{}{name}", self.prefix.replace('.', "-")).into()),
            callers: self.callers.clone(),
            token,
            arguments: arguments(object, evaluator),
            span: entry.key_span.to(entry.value.span),
            header: token_entry.key_span.to(token_entry.value.span),
            presence,
        })
    }
}

/// True for a token of one of Azure's two providers.
pub(super) fn is_azure(token: &str) -> bool {
    token.starts_with("azure-native:") || token.starts_with("azure:")
}

/// The evaluated properties of a resource.
fn arguments(resource: &Object, evaluator: &Evaluator<'_>) -> Object {
    let Some(value) = resource.value("properties").map(|it| evaluator.value(it)) else { return Object::default() };
    match (value.as_object(), value.as_unknown()) {
        (Some(object), _) => object.clone(),
        (None, Some(why)) => Object { rest: Some(why.clone()), ..Object::default() },
        (None, None) => Object::default(),
    }
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
        arguments.insert(
            "name",
            declared.header,
            native::automatic_name(&declared.address, declared.name.as_ref(), declared.header),
        );
    }
    Some(Bridged {
        address: declared.address,
        source_type: declared.token.into(),
        azurerm: format!("azurerm_{azurerm}").into(),
        arguments,
        span: declared.span,
        header: declared.header,
        presence: declared.presence,
        callers: declared.callers,
    })
}
