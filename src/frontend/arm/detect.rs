//! Tells by its shape what a JSON file is to this front end; everything else is silently not an input.

use crate::value::{Object, Value};

/// What a JSON value is to this front end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A deployment template.
    Template,
    /// Values for a template's parameters.
    Parameters,
    /// One resource, or an array of resources, written as in a template.
    Resources,
    /// Deployed resources as `az resource show`, `az resource list` or Resource Graph print them.
    Export,
    /// The result of `az deployment ... what-if`.
    WhatIf,
}

/// A quick look at a text: false when it certainly is no input, so that it need not be parsed.
pub fn may_be_input(text: &str) -> bool {
    const MARKS: [&str; 6] = [
        "deploymentTemplate",
        "DeploymentTemplate",
        "deploymentParameters",
        "\"resources\"",
        "Microsoft.",
        "microsoft.",
    ];
    MARKS.iter().any(|mark| text.contains(mark))
}

/// What a parsed JSON file is.
pub fn detect(root: &Value) -> Option<Kind> {
    if let Some(array) = root.as_array() {
        let objects: Vec<&Object> = array.items.iter().filter_map(Value::as_object).collect();
        let all = |is: fn(&Object) -> bool| {
            !objects.is_empty() && objects.len() == array.items.len() && objects.iter().all(|it| is(it))
        };
        return match () {
            () if all(is_exported) => Some(Kind::Export),
            () if all(is_bare_resource) => Some(Kind::Resources),
            () => None,
        };
    }
    let object = root.as_object()?;
    let schema = object.get_ignore_case("$schema").and_then(|(_, it)| it.value.as_str()).unwrap_or("");
    let schema = schema.to_ascii_lowercase();
    if schema.contains("deploymenttemplate.json") {
        return Some(Kind::Template);
    }
    if schema.contains("deploymentparameters.json") {
        return Some(Kind::Parameters);
    }
    by_shape(object, !schema.is_empty())
}

/// True for a definition of Azure Policy that deploys a template where its condition holds.
pub(super) fn deploys_by_policy(root: &Value) -> bool {
    let step = |value: &Value, key: &str| value.as_object()?.get_ignore_case(key).map(|(_, it)| it.value.clone());
    let rule = step(root, "policyRule").or_else(|| step(&step(root, "properties")?, "policyRule"));
    let way = ["then", "details", "deployment", "properties", "template"];
    rule.and_then(|rule| way.iter().try_fold(rule, |value, key| step(&value, key))).is_some()
}

fn by_shape(object: &Object, other_schema: bool) -> Option<Kind> {
    let has = |key: &str| object.get_ignore_case(key).is_some();
    if is_exported(object) {
        return Some(Kind::Export);
    }
    if is_bare_resource(object) {
        return Some(Kind::Resources);
    }
    let rows = object.value("data").or_else(|| object.value("value")).and_then(Value::as_array);
    if rows.is_some_and(|it| !it.items.is_empty() && it.items.iter().all(|it| it.as_object().is_some_and(is_exported)))
    {
        return Some(Kind::Export);
    }
    let changes = object.value("changes").or_else(|| object.value("properties")?.as_object()?.value("changes"));
    if changes.and_then(Value::as_array).is_some_and(|it| it.items.iter().any(is_change)) {
        return Some(Kind::WhatIf);
    }
    if object.value("predictedResources").and_then(Value::as_array).is_some_and(|it| !it.items.is_empty()) {
        return Some(Kind::Export);
    }
    // Without its schema, a template is known by its version and at least one resource.
    let resources = object.value("resources").is_some_and(any_resource);
    (has("contentVersion") && resources && !other_schema).then_some(Kind::Template)
}

fn any_resource(resources: &Value) -> bool {
    let typed = |it: &Value| it.as_object().is_some_and(is_resource);
    match (resources.as_array(), resources.as_object()) {
        (Some(array), _) => array.items.iter().any(typed),
        (_, Some(object)) => object.entries.values().any(|it| typed(&it.value)),
        _ => false,
    }
}

/// A type with a provider namespace and a version, and no id: as in a template.
fn is_resource(object: &Object) -> bool {
    let typed = object.get_ignore_case("type").and_then(|(_, it)| it.value.as_str()).is_some_and(is_type);
    typed && object.get_ignore_case("id").is_none() && object.get_ignore_case("apiVersion").is_some()
}

/// A resource in a file of its own; not a definition of Azure Policy, whose expressions are no template's.
fn is_bare_resource(object: &Object) -> bool {
    let of_policy = |it: &str| it.to_ascii_lowercase().starts_with("microsoft.authorization/policy");
    let typed = object.get_ignore_case("type").and_then(|(_, it)| it.value.as_str());
    is_resource(object) && !typed.is_some_and(of_policy)
}

/// An id and a type: as deployed resources are printed.
fn is_exported(object: &Object) -> bool {
    let id = object.get_ignore_case("id").and_then(|(_, it)| it.value.as_str());
    let typed = object.get_ignore_case("type").and_then(|(_, it)| it.value.as_str()).is_some_and(is_type);
    typed && id.is_some_and(|id| id.starts_with('/') && id.to_ascii_lowercase().contains("/providers/"))
}

fn is_change(value: &Value) -> bool {
    let object = value.as_object();
    object.is_some_and(|it| it.get("changeType").is_some() && it.get("resourceId").is_some())
}

fn is_type(text: &str) -> bool {
    text.split_once('/')
        .is_some_and(|(namespace, rest)| namespace.contains('.') && !rest.is_empty() && !text.contains(' '))
}
