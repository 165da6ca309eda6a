//! Components of Pulumi YAML: resources with inputs, declared under `components` of a plugin's files.
//!
//! In: the documents of a run. Out: [`Components`] by the token that uses them. A component is judged where it is used, with what
//! it is given there; one that nobody uses with what its inputs are by default. Its outputs are what its resources
//! and inputs say there.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::evaluate::Evaluator;
use super::{Program, arguments, project};
use crate::frontend::Files;
use crate::parse::yaml;
use crate::source::FileId;
use crate::value::{Entry, Object, Unknown, Value};

/// The components of a run.
#[derive(Debug, Default)]
pub(in crate::frontend::yaml) struct Components {
    by_token: FxHashMap<String, Object>,
    /// Tokens of resources, in programs and components.
    used: FxHashSet<String>,
}

impl Components {
    /// Adds what a document declares and uses.
    pub(in crate::frontend::yaml) fn add(&mut self, root: &Value, directory: &Path, files: &dyn Files) {
        let Some(document) = root.as_object() else { return };
        self.used.extend(tokens(document));
        let Some(declared) = document.value("components").and_then(Value::as_object) else { return };
        let plugin = plugin(document, directory, files);
        for (name, entry) in &declared.entries {
            let Some(component) = entry.value.as_object() else { continue };
            self.used.extend(tokens(component));
            self.by_token.insert(format!("{plugin}:index:{name}"), component.clone());
        }
    }

    /// The component that a token uses: `plugin:index:name`, `plugin:name`.
    pub(super) fn find(&self, token: &str) -> Option<&Object> {
        let long = || token.split_once(':').map(|(plugin, name)| format!("{plugin}:index:{name}"));
        self.by_token.get(token).or_else(|| self.by_token.get(&long()?))
    }

    fn is_used(&self, plugin: &str, name: &str) -> bool {
        [format!("{plugin}:index:{name}"), format!("{plugin}:{name}")].iter().any(|it| self.used.contains(it))
    }
}

/// The components of a document that nobody uses, as programs of their own.
pub(in crate::frontend::yaml) fn unused(
    root: &Value,
    directory: &Path,
    components: &Arc<Components>,
    files: &dyn Files,
) -> Vec<Program> {
    let Some(document) = root.as_object() else { return Vec::new() };
    let Some(declared) = document.value("components").and_then(Value::as_object) else { return Vec::new() };
    let plugin = plugin(document, directory, files);
    let unused = declared.entries.iter().filter(|(name, _)| !components.is_used(&plugin, name));
    let program = |(name, entry): (&Arc<str>, &Entry)| {
        let component = entry.value.as_object()?;
        Some(Program {
            prefix: format!("{name}."),
            components: components.clone(),
            ..of_component(component, project::inputs(component))
        })
    };
    unused.filter_map(program).collect()
}

impl Program {
    /// A component as one of the program's resources uses it.
    pub(super) fn used(&self, component: &Object, name: &str, entry: &Entry, evaluator: &Evaluator<'_>) -> Self {
        let mut inputs = project::inputs(component);
        let given = entry.value.as_object().map(|it| arguments(it, evaluator)).unwrap_or_default();
        if let Some(why) = &given.rest {
            for entry in inputs.entries.values_mut() {
                entry.value = Value::new(Unknown::clone(why), entry.value.span);
            }
        }
        inputs.entries.extend(given.entries);
        let mut callers = vec![entry.key_span.to(entry.value.span)];
        callers.extend(&self.callers);
        Self {
            name: self.name.clone(),
            prefix: format!("{}{name}.", self.prefix),
            callers,
            components: self.components.clone(),
            ..of_component(component, inputs)
        }
    }
}

fn of_component(component: &Object, config: Object) -> Program {
    let part = |key: &str| component.value(key).and_then(Value::as_object).cloned().unwrap_or_default();
    let (resources, variables, outputs) = (part("resources"), part("variables"), part("outputs"));
    Program { resources, variables, outputs, config, ..Program::default() }
}

fn tokens(holder: &Object) -> Vec<String> {
    let resources = holder.value("resources").and_then(Value::as_object);
    let token = |entry: &Entry| Some(entry.value.as_object()?.value("type")?.as_str()?.to_owned());
    resources.into_iter().flat_map(|it| it.entries.values()).filter_map(token).collect()
}

/// The name of the plugin that a document is part of: its own, else that of the `PulumiPlugin.yaml` beside it, else the directory's.
fn plugin(document: &Object, directory: &Path, files: &dyn Files) -> String {
    let name = |object: &Object| object.value("name").and_then(Value::as_str).map(str::to_owned);
    let beside = || {
        let text = files.read(&directory.join("PulumiPlugin.yaml")).ok()?;
        yaml::parse(FileId(0), &text).0.first().and_then(|it| name(it.root.as_object()?))
    };
    let of_directory = || directory.file_name().map(|it| it.to_string_lossy().into_owned());
    name(document).or_else(beside).or_else(of_directory).unwrap_or_default()
}
