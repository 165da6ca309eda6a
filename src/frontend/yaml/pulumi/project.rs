//! The configuration of a Pulumi program: what it declares, and what its stacks set.
//!
//! In: the program and the directory that it lies in. Out: one value a name. Several stacks that disagree leave it open; an encrypted
//! value and one that nobody set are unknown.

use std::path::Path;
use std::sync::Arc;

use crate::frontend::Files;
use crate::parse::yaml;
use crate::source::{SourceMap, Span};
use crate::value::{Object, Reason, StepKind, Unknown, Value};

/// The name of a program's project, and the values of its configuration. A `Main.yaml` has both from the `Pulumi.yaml` beside it.
pub(super) fn config(
    program: &Object,
    directory: &Path,
    files: &dyn Files,
    sources: &mut SourceMap,
) -> (Option<Value>, Object) {
    let mut values = Object::default();
    let beside =
        if program.get("name").is_some() { None } else { read(&directory.join("Pulumi.yaml"), files, sources) };
    let beside = beside.unwrap_or_default();
    let name = program.value("name").or_else(|| beside.value("name")).cloned();
    let project = name.as_ref().and_then(Value::as_str).unwrap_or("");
    let stacks = stacks(directory, files, sources);
    for (holder, key) in [(&beside, "config"), (program, "configuration"), (program, "config")] {
        let Some(declared) = holder.value(key).and_then(Value::as_object) else { continue };
        for (name, entry) in &declared.entries {
            let set: Vec<&Value> = stacks.iter().filter_map(|stack| in_stack(stack, project, name)).collect();
            let value = match (set.split_first(), set.len() == stacks.len()) {
                (Some((first, others)), true) if others.iter().all(|it| it.kind == first.kind) => of_stack(first),
                (Some((first, _)), _) => Value::unknown(Reason::Ambiguous("stack".into()), first.span)
                    .through(StepKind::VariableFile, first.span),
                (None, _) => default(name, &entry.value, entry.key_span),
            };
            values.insert(name.clone(), entry.key_span, value);
        }
    }
    (name, values)
}

/// The values that the inputs of a component have without being given.
pub(super) fn inputs(component: &Object) -> Object {
    let mut values = Object::default();
    for (name, entry) in component.value("inputs").and_then(Value::as_object).into_iter().flat_map(|it| &it.entries) {
        values.insert(name.clone(), entry.key_span, default(name, &entry.value, entry.key_span));
    }
    values
}

fn read(path: &Path, files: &dyn Files, sources: &mut SourceMap) -> Option<Object> {
    let text = files.read(path).ok()?;
    let file = sources.add(path, files.shown(path), text.clone());
    let (documents, _) = yaml::parse(file, &text);
    documents.first()?.root.as_object().cloned()
}

/// The `config` of every stack beside the program.
fn stacks(directory: &Path, files: &dyn Files, sources: &mut SourceMap) -> Vec<Object> {
    let mut found = Vec::new();
    for listed in files.list(directory) {
        let stem = listed.name.strip_suffix(".yaml").or_else(|| listed.name.strip_suffix(".yml"));
        let is_stack = stem.and_then(|stem| stem.strip_prefix("Pulumi.")).is_some_and(|stack| !stack.is_empty());
        let path = directory.join(&listed.name);
        if !is_stack || listed.directory {
            continue;
        }
        let config = read(&path, files, sources).and_then(|it| it.value("config")?.as_object().cloned());
        found.push(config.unwrap_or_default());
    }
    found
}

fn in_stack<'s>(stack: &'s Object, project: &str, name: &str) -> Option<&'s Value> {
    let full = if name.contains(':') { name.to_owned() } else { format!("{project}:{name}") };
    stack.value(&full).or_else(|| stack.value(name))
}

fn of_stack(value: &Value) -> Value {
    match value.as_object().and_then(|it| it.get("secure")) {
        Some(_) => {
            let mut unknown = Unknown::new(Reason::NotEvaluated("an encrypted value".into()));
            unknown.not_null = true;
            Value::new(unknown, value.span)
        }
        None => value.clone().through(StepKind::VariableFile, value.span),
    }
}

/// What the declaration itself says.
fn default(name: &Arc<str>, declared: &Value, key_span: Span) -> Value {
    let nobody = || {
        let mut unknown = Unknown::new(Reason::Variable(name.clone()));
        unknown.symbol = Some(format!("{{{name}}}").into());
        // A program does not run without it.
        unknown.not_null = true;
        Value::new(unknown, key_span)
    };
    match declared.as_object() {
        Some(object) => object.value("default").or_else(|| object.value("value")).cloned().unwrap_or_else(nobody),
        // `name: String` of old programs names a type; another text is the value.
        None => match declared.as_str() {
            Some("String" | "string" | "Number" | "Integer" | "Boolean") => nobody(),
            _ if declared.is_null() => nobody(),
            _ => declared.clone(),
        },
    }
}
