//! azapi blocks: the body is ARM already, so nothing is mapped and everything is covered.
//!
//! In: an `azapi_*` instance. Out: a resource, or a patch of the resource that `azapi_update_resource` and a PUT or PATCH
//! `azapi_resource_action` change. Actions such as `listKeys` declare nothing.

use std::sync::Arc;

use serde_json::Value as Json;

use super::instance::{Instance, Mode};
use super::lower::bare;
use super::lower_common::{entry, identity};
use super::mapping::from_json;
use crate::model::{ArmId, Coverage, Dialect, Link, Lowered, Patch, Presence, Resource, ResourceType, Target, Unread};
use crate::value::{Object, Reason, Unknown, Value, ValueKind};

/// Lowers one instance.
pub(super) fn lower(instance: &Instance, dialect: Dialect, lowered: &mut Lowered) {
    let dialect = if dialect == Dialect::Plan { Dialect::Plan } else { Dialect::Azapi };
    let empty = Object::default();
    let arguments = instance.body.as_object().unwrap_or(&empty);
    let declares = matches!(&*instance.block_type, "azapi_resource" | "azapi_data_plane_resource");
    let changes = match &*instance.block_type {
        "azapi_update_resource" => true,
        "azapi_resource_action" => writes(arguments),
        _ => false,
    };
    let nothing = !changes || instance.mode == Mode::Data;
    if !declares && nothing {
        return;
    }
    let Some(typed) = entry(arguments, "type").and_then(|entry| Some((entry, entry.value.as_str()?))) else {
        lowered.unmapped.push(instance.block_type.clone());
        lowered.unread.extend(untyped(arguments));
        return;
    };
    let (resource_type, api) = typed.1.split_once('@').unwrap_or((typed.1, ""));
    let resource_type = ResourceType::new(resource_type);
    let mut body = body(arguments, instance);
    if !api.is_empty() {
        body.insert("apiVersion", typed.0.key_span, Value::new(api, typed.0.value.span));
    }
    if changes {
        lowered.patches.push(patch(instance, arguments, body, resource_type, dialect));
        return;
    }
    let existing = instance.mode == Mode::Data;
    if existing {
        body.rest = Some(Arc::new(Unknown::new(Reason::Data(instance.address.clone()))));
    }
    let (parent, resource_group) = place(arguments, &resource_type);
    lowered.resources.push(Resource {
        body: Value::object(body, instance.header),
        coverage: Arc::new(Coverage::complete()),
        presence: if existing { Presence::Existing } else { instance.presence.clone() },
        parent,
        resource_group,
        ..bare(instance, resource_type, dialect)
    });
}

/// PUT and PATCH of the resource itself, not of one of its actions.
fn writes(arguments: &Object) -> bool {
    let text = |key| entry(arguments, key).and_then(|entry| entry.value.as_str());
    let action = entry(arguments, "action").is_some_and(|entry| entry.value.as_str() != Some(""));
    !action && text("method").is_some_and(|method| ["PUT", "PATCH"].iter().any(|it| method.eq_ignore_ascii_case(it)))
}

/// The ARM body: `body` and `sensitive_body`, then what azapi has arguments for.
fn body(arguments: &Object, instance: &Instance) -> Object {
    let mut body = Object { rest: arguments.rest.clone(), ..Object::default() };
    for key in ["body", "sensitive_body"] {
        let Some(written) = entry(arguments, key) else { continue };
        let value = match written.value.as_str().map(serde_json::from_str::<Json>) {
            // A plan has the text that `jsonencode` made.
            Some(Ok(json)) => from_json(&json, written.value.span),
            _ => written.value.clone(),
        };
        match &value.kind {
            ValueKind::Object(object) => {
                for (key, entry) in &object.entries {
                    merge(&mut body, key, entry.key_span, &entry.value);
                }
                body.rest = body.rest.or_else(|| object.rest.clone());
            }
            ValueKind::Unknown(why) => body.rest = Some(why.clone()),
            _ => {}
        }
    }
    for key in ["name", "location", "tags"] {
        if let Some(entry) = entry(arguments, key) {
            body.insert(key, entry.key_span, entry.value.clone());
        }
    }
    if let Some((key_span, identity)) = identity(arguments) {
        body.insert("identity", key_span, identity);
    }
    if body.get("properties").is_none() && body.rest.is_none() {
        body.insert("properties", instance.header, Value::object(Object::default(), instance.header));
    }
    body
}

fn merge(body: &mut Object, key: &Arc<str>, key_span: crate::source::Span, value: &Value) {
    if let (Some(there), ValueKind::Object(more)) = (body.entries.get_mut(key), &value.kind)
        && let ValueKind::Object(object) = &mut there.value.kind
    {
        let object = Arc::make_mut(object);
        for (key, entry) in &more.entries {
            object.insert(key.clone(), entry.key_span, entry.value.clone());
        }
        return;
    }
    body.insert(key.clone(), key_span, value.clone());
}

/// `parent_id`: the parent of a child type, the scope of an extension, or the resource group.
/// A resource of unknown type: it may be any child or extension of what its `parent_id` names.
fn untyped(arguments: &Object) -> Option<Unread> {
    let why = entry(arguments, "type")?.value.as_unknown()?.clone();
    Some(Unread { names: entry(arguments, "parent_id")?.value.clone(), why, below: true })
}

fn place(arguments: &Object, resource_type: &ResourceType) -> (Option<Link>, Option<Value>) {
    let Some(parent) = entry(arguments, "parent_id") else { return (None, None) };
    let value = &parent.value;
    let scope = resource_type.parent().is_none();
    if scope && !(resource_type.is_extension() && names_a_resource(value)) {
        return (None, group_of(value));
    }
    (Some(Link { target: Target::Value(value.clone()), scope, span: value.span }), None)
}

/// False for resource groups, subscriptions and management groups, which hold resources without being extended.
fn names_a_resource(value: &Value) -> bool {
    match &value.kind {
        ValueKind::String(id) => {
            ArmId::parse(id).is_some_and(|id| id.resource_type.namespace() != "Microsoft.Resources")
        }
        ValueKind::Unknown(unknown) => unknown.references.iter().any(|reference| {
            let holders = ["azurerm_resource_group.", "azurerm_subscription.", "azurerm_management_group."];
            !holders.iter().any(|holder| reference.address.contains(holder))
        }),
        _ => false,
    }
}

fn group_of(parent: &Value) -> Option<Value> {
    match &parent.kind {
        ValueKind::String(id) => {
            let (_, after) = id.split_once("/resourceGroups/")?;
            Some(Value::new(after.split('/').next()?, parent.span))
        }
        _ => Some(parent.clone()),
    }
}

fn patch(
    instance: &Instance,
    arguments: &Object,
    mut body: Object,
    resource_type: ResourceType,
    dialect: Dialect,
) -> Patch {
    let target = match (entry(arguments, "resource_id"), entry(arguments, "parent_id"), entry(arguments, "name")) {
        (Some(id), _, _) => Target::Value(id.value.clone()),
        (None, Some(parent), Some(name)) => match (parent.value.as_str(), name.value.as_str()) {
            (Some(parent), Some(name)) if ArmId::parse(parent).is_some() => {
                let segment = resource_type.as_str().rsplit('/').next().unwrap_or_default();
                Target::Value(Value::new(format!("{parent}/{segment}/{name}"), instance.header))
            }
            _ => Target::Named { resource_type: resource_type.clone(), names: vec![name.value.clone()] },
        },
        _ => Target::Value(Value::unknown(Reason::NotEvaluated("resource_id".into()), instance.header)),
    };
    // What the target is called is not changed by what it is called here.
    body.entries.shift_remove("name");
    body.entries.shift_remove("apiVersion");
    Patch {
        address: instance.address.clone(),
        source_type: instance.block_type.clone(),
        dialect,
        target,
        resource_type,
        body: Value::object(body, instance.header),
        coverage: Arc::new(Coverage::none()),
        span: instance.span,
        header: instance.header,
        callers: instance.callers.clone(),
        presence: instance.presence.clone(),
        parent: None,
    }
}
