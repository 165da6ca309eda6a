//! What every azurerm resource has in common: name, place, tags, identity, and how it names another resource.
//!
//! In: the arguments of an instance. Out: entries of an ARM body, link targets. Knows no type.

use std::sync::Arc;

use super::instance::Instance;
use super::mapping::{Anchor, Naming, find};
use crate::model::{ResourceType, Target};
use crate::source::Span;
use crate::value::{Array, DefaultOf, Entry, Object, Reference, Value, ValueKind, key};

/// `apiVersion`, `name`, `location`, `tags`, `zones`, `identity`.
pub(super) fn common(instance: &Instance, naming: Option<&Naming>, api: Option<&str>) -> Object {
    let empty = Object::default();
    let arguments = instance.body.as_object().unwrap_or(&empty);
    let mut body = Object::default();
    if let Some(api) = api {
        let default = DefaultOf::Provider { major: instance.provider.azurerm_major };
        body.insert(key("apiVersion"), instance.header, Value::new(key(api), instance.header).as_default(default));
    }
    if let Some((key_span, name)) = name_of(arguments, naming, instance.header) {
        body.insert(key("name"), key_span, name);
    }
    for key in ["location", "tags"] {
        copy(arguments, key, &mut body);
    }
    if let Some((key_span, zones)) = zones(arguments) {
        body.insert(key("zones"), key_span, zones);
    }
    if let Some((key_span, identity)) = identity(arguments) {
        body.insert(key("identity"), key_span, identity);
    }
    if let Some(rest) = &arguments.rest {
        body.rest = Some(rest.clone());
    }
    body
}

/// An argument that is written: not null.
pub(super) fn entry<'a>(arguments: &'a Object, key: &str) -> Option<&'a Entry> {
    arguments.get(key).filter(|entry| !entry.value.is_null())
}

/// The resource group as far as it is known.
pub(super) fn resource_group(instance: &Instance) -> Option<Value> {
    entry(instance.body.as_object()?, "resource_group_name").map(|entry| entry.value.clone())
}

fn copy(arguments: &Object, name: &str, body: &mut Object) {
    if let Some(entry) = entry(arguments, name) {
        body.insert(key(name), entry.key_span, entry.value.clone());
    }
}

fn name_of(arguments: &Object, naming: Option<&Naming>, header: Span) -> Option<(Span, Value)> {
    match naming {
        Some(Naming::Literal(literal)) => Some((header, Value::new(literal.clone(), header))),
        Some(Naming::Argument(path)) => {
            let value = find(arguments, path).filter(|value| !value.is_null())?;
            Some((value.span, value.clone()))
        }
        None => entry(arguments, "name").map(|entry| (entry.key_span, entry.value.clone())),
    }
}

fn zones(arguments: &Object) -> Option<(Span, Value)> {
    if let Some(entry) = entry(arguments, "zones").or_else(|| entry(arguments, "availability_zones")) {
        return Some((entry.key_span, entry.value.clone()));
    }
    let zone = entry(arguments, "zone")?;
    let span = zone.value.span;
    Some((zone.key_span, Value::array(vec![zone.value.clone()], span)))
}

/// The `identity` block as ARM has it.
pub(super) fn identity(arguments: &Object) -> Option<(Span, Value)> {
    let written = entry(arguments, "identity")?;
    let block = match &written.value.kind {
        ValueKind::Array(array) => match (array.items.first(), &array.rest) {
            (Some(block), _) => block,
            (None, Some(why)) => {
                let unknown = Value::new(ValueKind::Unknown(why.clone()), written.value.span);
                return Some((written.key_span, unknown));
            }
            (None, None) => return None,
        },
        _ => &written.value,
    };
    let ValueKind::Object(arguments) = &block.kind else { return Some((written.key_span, block.clone())) };
    let mut identity = Object { rest: arguments.rest.clone(), ..Object::default() };
    copy(arguments, "type", &mut identity);
    if let Some(ids) = entry(arguments, "identity_ids") {
        identity.insert(key("userAssignedIdentities"), ids.key_span, identities(&ids.value));
    }
    Some((written.key_span, Value::object(identity, block.span)))
}

/// A list of ids as the object that ARM has: a key for each id.
fn identities(ids: &Value) -> Value {
    let ValueKind::Array(array) = &ids.kind else { return ids.clone() };
    let Array { items, rest } = array.as_ref();
    let mut object = Object { rest: rest.clone(), ..Object::default() };
    for (item, position) in items.iter().zip(0u32..) {
        match &item.kind {
            ValueKind::String(id) => object.insert(id.clone(), item.span, Value::object(Object::default(), item.span)),
            // The id is not known; its value keeps the reference, so that the edge stays.
            ValueKind::Unknown(unknown) => {
                let key = match unknown.references.first() {
                    Some(Reference { address, attribute }) => format!("[{address}.{attribute}]"),
                    None => format!("[{position}]"),
                };
                object.insert(key, item.span, item.clone());
            }
            _ => {}
        }
    }
    Value { kind: ValueKind::Object(Arc::new(object)), ..ids.clone() }
}

/// The resource that an argument, or names, lead to; `resource_type` is its type.
pub(super) fn anchor_target(
    anchor: &Anchor,
    resource_type: &ResourceType,
    arguments: &Object,
) -> Option<(Target, Span)> {
    match anchor {
        Anchor::Id(path) => {
            let value = find(arguments, path).filter(|value| !value.is_null())?;
            Some((Target::Value(value.clone()), value.span))
        }
        Anchor::Names(namings) => named_target(namings, resource_type, arguments),
    }
}

fn named_target(namings: &[Naming], resource_type: &ResourceType, arguments: &Object) -> Option<(Target, Span)> {
    let mut names: Vec<Value> = Vec::new();
    let mut place = None;
    for naming in namings {
        match naming {
            Naming::Argument(path) => {
                let value = find(arguments, path).filter(|value| !value.is_null())?;
                place = Some(value.span);
                names.push(value.clone());
            }
            Naming::Literal(literal) => {
                let span = place.or_else(|| arguments.entries.values().next().map(|entry| entry.key_span))?;
                names.push(Value::new(literal.clone(), span));
            }
        }
    }
    let span = place?;
    // A name that is another resource's attribute leads there without comparing names, or above what is named by itself.
    let own = |naming: &Naming| matches!(naming, Naming::Literal(_));
    let inner = names.iter().zip(namings).rev().find(|(name, naming)| refers(name) || !own(naming));
    let referring = inner.map(|(name, _)| name).filter(|name| refers(name));
    let target = match referring {
        Some(name) => Target::Value(name.clone()),
        None => Target::Named { resource_type: outer_type(resource_type, names.len()), names },
    };
    Some((target, span))
}

fn refers(name: &Value) -> bool {
    name.as_unknown().is_some_and(|it| is_name_of_one(&it.references))
}

fn is_name_of_one(references: &[Reference]) -> bool {
    matches!(references, [one] if matches!(&*one.attribute, "name" | "id" | ""))
}

/// The type's first `levels` segments: an ancestor serves as well as the parent.
fn outer_type(resource_type: &ResourceType, levels: usize) -> ResourceType {
    let parts: Vec<&str> = resource_type.as_str().split('/').take(levels.saturating_add(1)).collect();
    ResourceType::new(parts.join("/"))
}
