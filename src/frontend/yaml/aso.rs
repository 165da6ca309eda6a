//! Azure Service Operator v2: the `spec` of an object is the ARM body, flattened.
//!
//! In: a [`Manifest`] of a `*.azure.com` group. Out: one resource. `owner` is the parent, the scope or the resource group; references
//! become edges; secrets and config maps are read when it is deployed. An object that the operator shall not touch exists already.

use std::sync::Arc;

use super::lift::{Shape, identities};
use super::manifest::{Manifest, address, read_at_deployment, read_from, reference};
use super::tables::{Row, row_of_type, service_operator};
use crate::model::{Coverage, Dialect, Link, Lowered, Presence, Resource, ResourceType, Target};
use crate::value::{Array, Entry, Object, Value, ValueKind};

/// Keys of a `spec` that say how the operator works.
const OF_OPERATOR: [&str; 4] = ["azureName", "owner", "operatorSpec", "originalVersion"];

/// Lowers one object; those of groups that make no ARM resource leave no trace.
pub(super) fn lower(manifest: &Manifest, lowered: &mut Lowered) {
    let Some(row) = service_operator(&manifest.group, &manifest.kind) else {
        if is_resource_group_name(&manifest.group) {
            lowered.unmapped.push(format!("{}/{}", manifest.group, manifest.kind).into());
        }
        return;
    };
    let empty = Object::default();
    let spec = manifest.object.value("spec").and_then(Value::as_object).unwrap_or(&empty);
    let converter = Converter { row };
    let mut arguments = converter.object(spec, "");
    for key in OF_OPERATOR {
        arguments.entries.shift_remove(key);
    }
    let mut body = Object::default();
    if let Some(api) = api_version(&manifest.version) {
        body.insert("apiVersion", manifest.api, Value::new(api, manifest.api));
    }
    let name = spec.value("azureName").or(manifest.name.as_ref());
    if let Some(name) = name {
        body.insert("name", name.span, name.clone());
    }
    Shape::of(row.arm, Some(row)).lift(&arguments, &mut body, manifest.header);
    let resource_type = ResourceType::new(row.arm);
    let (parent, resource_group) = owner(spec, &resource_type);
    lowered.resources.push(Resource {
        address: manifest.address(),
        source_type: format!("{}/{}", manifest.group, manifest.kind).into(),
        dialect: Dialect::Yaml,
        body: Value::object(body, manifest.span),
        coverage: Arc::new(Coverage::complete()),
        span: manifest.span,
        header: manifest.header,
        callers: Vec::new(),
        presence: presence(manifest),
        parent,
        resource_group,
        provider_major: None,
        resource_type,
    });
}

/// Users inside of a database, and groups of Entra, are no ARM resources.
fn is_resource_group_name(group: &str) -> bool {
    !matches!(group, "entra.azure.com" | "dbformysql.azure.com" | "dbforpostgresql.azure.com" | "sql.azure.com")
}

fn presence(manifest: &Manifest) -> Presence {
    manifest.presence(manifest.annotation("serviceoperator.azure.com/reconcile-policy") == Some("skip"))
}

/// `2023-01-01-preview` of `v1api20230101preview`.
fn api_version(version: &str) -> Option<String> {
    let digits = version.trim_start_matches("v1api").trim_start_matches("v1beta").trim_start_matches('v');
    let (year, month, day) = (digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?);
    let stage = digits.get(8..)?.trim_end_matches("storage");
    let number = [year, month, day].iter().all(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
    let tail = if stage.is_empty() { String::new() } else { format!("-{stage}") };
    number.then(|| format!("{year}-{month}-{day}{tail}"))
}

/// The addresses of the objects that one names, but for resource groups: those many use that have nothing else in common.
pub(super) fn named(manifest: &Manifest) -> Vec<Arc<str>> {
    let Some(spec) = manifest.object.value("spec") else { return Vec::new() };
    let mut found = Vec::new();
    if let (Some(row), Some(object)) = (service_operator(&manifest.group, &manifest.kind), spec.as_object())
        && let (Some(Link { target: Target::Address(owner), .. }), _) = owner(object, &ResourceType::new(row.arm))
    {
        found.push(owner);
    }
    add_named(spec, &mut found);
    found.retain(|it| !it.starts_with("ResourceGroup."));
    found
}

fn add_named(value: &Value, found: &mut Vec<Arc<str>>) {
    if let Some(array) = value.as_array() {
        array.items.iter().for_each(|item| add_named(item, found));
    }
    let Some(object) = value.as_object() else { return };
    let text = |key: &str| object.value(key).and_then(Value::as_str);
    match (text("group"), text("kind"), text("name")) {
        (Some(group), Some(kind), Some(name)) => found.push(address(kind, group, name)),
        _ => object.entries.values().for_each(|entry| add_named(&entry.value, found)),
    }
}

/// The link that `owner` is, or the resource group's name.
fn owner(spec: &Object, resource_type: &ResourceType) -> (Option<Link>, Option<Value>) {
    let Some(entry) = spec.get("owner") else { return (None, None) };
    let Some(owner) = entry.value.as_object() else { return (None, None) };
    let span = entry.value.span;
    let parent = resource_type.parent();
    if let Some(id) = owner.value("armId") {
        let holds = id.as_str().is_some_and(|id| crate::model::ArmId::parse(id).is_some());
        let link = Link { target: Target::Value(id.clone()), scope: parent.is_none(), span };
        return (holds.then_some(link), None);
    }
    let Some(name) = owner.value("name") else { return (None, None) };
    let text = |key: &str| owner.value(key).and_then(Value::as_str);
    match (text("group"), text("kind"), parent) {
        (Some("resources.azure.com"), _, None) => (None, Some(group_name(name))),
        (Some(group), Some(kind), parent) => {
            let target = Target::Address(address(kind, group, name.as_str().unwrap_or("?")));
            (Some(Link { target, scope: parent.is_none(), span }), None)
        }
        (_, _, Some(parent)) => {
            let target = row_of_type(parent.as_str())
                .and_then(|row| row.kind.split_once('/'))
                .map(|(group, kind)| Target::Address(address(kind, group, name.as_str().unwrap_or("?"))));
            let named = || Target::Named { resource_type: parent.clone(), names: vec![name.clone()] };
            (Some(Link { target: target.unwrap_or_else(named), scope: false, span }), None)
        }
        (_, _, None) => (None, Some(group_name(name))),
    }
}

/// The group may have another name in Azure; the reference to its object stays.
fn group_name(name: &Value) -> Value {
    let object = address("ResourceGroup", "resources.azure.com", name.as_str().unwrap_or("?"));
    reference(&object, "name", name.span)
}

struct Converter {
    row: Row,
}

impl Converter {
    fn object(&self, object: &Object, path: &str) -> Object {
        let mut made = Object { rest: object.rest.clone(), ..Object::default() };
        for (key, entry) in &object.entries {
            let here = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
            let (name, value) = self.entry(key, entry, &here);
            made.entries.insert(name, Entry { key_span: entry.key_span, value });
        }
        made
    }

    fn entry(&self, key: &Arc<str>, entry: &Entry, path: &str) -> (Arc<str>, Value) {
        let value = &entry.value;
        if &**key == "userAssignedIdentities" {
            return (key.clone(), identities(&self.references(value, path)));
        }
        if let Some(stem) = key.strip_suffix("FromConfig") {
            return (stem.into(), read_from(format!("ConfigMap.{stem}"), value.as_object(), value.span));
        }
        let renamed = || self.row.renamed(path).map(Arc::from);
        if &**key == "reference" {
            return (renamed().unwrap_or_else(|| "id".into()), linked(value));
        }
        if let Some(stem) = key.strip_suffix("Reference")
            && is_reference(value)
        {
            return (renamed().unwrap_or_else(|| format!("{stem}Id").into()), linked(value));
        }
        if let (Some(stem), ValueKind::Array(array)) = (key.strip_suffix("References"), &value.kind) {
            let items = array.items.iter().map(linked).collect();
            let value = Value { kind: list(items, array), ..value.clone() };
            return (renamed().unwrap_or_else(|| format!("{stem}Ids").into()), value);
        }
        (key.clone(), self.value(value, path))
    }

    fn value(&self, value: &Value, path: &str) -> Value {
        match &value.kind {
            ValueKind::Object(object) if is_secret(object) => {
                let name = object.value("name").and_then(Value::as_str).unwrap_or("?");
                read_at_deployment(format!("Secret/{name}"), value.span)
            }
            ValueKind::Object(object) => {
                Value { kind: ValueKind::Object(Arc::new(self.object(object, path))), ..value.clone() }
            }
            ValueKind::Array(array) => {
                let items = array.items.iter().map(|item| self.value(item, path)).collect();
                Value { kind: list(items, array), ..value.clone() }
            }
            _ => value.clone(),
        }
    }

    /// The elements of a list of `{ reference: ... }`.
    fn references(&self, value: &Value, path: &str) -> Value {
        let ValueKind::Array(array) = &value.kind else { return self.value(value, path) };
        let items = array.items.iter().map(|item| match item.as_object().and_then(|it| it.value("reference")) {
            Some(named) => linked(named),
            None => item.clone(),
        });
        Value { kind: list(items.collect(), array), ..value.clone() }
    }
}

fn list(items: Vec<Value>, like: &Array) -> ValueKind {
    ValueKind::Array(Arc::new(Array { items, rest: like.rest.clone() }))
}

/// `{ name, key }` and nothing else: an entry of a Kubernetes secret.
fn is_secret(object: &Object) -> bool {
    object.entries.len() == 2 && object.get("name").is_some() && object.get("key").is_some() && object.rest.is_none()
}

fn is_reference(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|it| it.get("armId").is_some() || (it.get("kind").is_some() && it.get("name").is_some()))
}

/// The id of what a reference names.
fn linked(value: &Value) -> Value {
    let Some(object) = value.as_object() else { return value.clone() };
    let text = |key: &str| object.value(key).and_then(Value::as_str);
    if let Some(id) = object.value("armId") {
        return Value { span: value.span, ..id.clone() };
    }
    match (text("group"), text("kind"), text("name")) {
        (Some(group), Some(kind), Some(name)) => reference(&address(kind, group, name), "id", value.span),
        _ => read_at_deployment("a reference", value.span),
    }
}
