//! msgraph blocks: the body is that of Microsoft Graph already; the URL says which collection it goes to.
//!
//! In: an `msgraph_*` instance. Out: a resource of the same pseudo types as azuread's (`Microsoft.Graph/applications`), or
//! a patch of the one that `msgraph_update_resource` changes. An id inside the URL leads to the resource that it names.

use std::sync::Arc;

use serde_json::Value as Json;

use super::instance::Instance;
use super::lower::bare;
use super::lower_common::entry;
use super::mapping::from_json;
use super::operators::symbol_of;
use crate::model::{Coverage, Dialect, Link, Lowered, Patch, Resource, ResourceType, Target};
use crate::source::Span;
use crate::value::{Entry, Object, Unknown, Value, ValueKind};

/// Actions that add something: the action, the collection that it adds to, the key of the body that says what.
const ADDING: [(&str, &str, &str); 2] =
    [("addPassword", "passwordCredentials", "passwordCredential"), ("addKey", "keyCredentials", "keyCredential")];

/// Lowers one instance; what goes to a URL that cannot be told is of no known type.
pub(super) fn lower(instance: &Instance, dialect: Dialect, lowered: &mut Lowered) {
    let empty = Object::default();
    let arguments = instance.body.as_object().unwrap_or(&empty);
    let (changes, adding) = match &*instance.block_type {
        "msgraph_resource" => (false, None),
        "msgraph_update_resource" => (true, None),
        "msgraph_resource_action" => match adding(arguments) {
            None => return,
            adding => (false, adding),
        },
        _ => return,
    };
    let url = entry(arguments, "url").or_else(|| entry(arguments, "resource_url"));
    let Some((url, place)) = url.and_then(|url| Some((url, Place::of(&symbol_of(&url.value)?)?))) else {
        lowered.unmapped.push(instance.block_type.clone());
        return;
    };
    let mut graph = place.collection;
    let written = entry(arguments, "body");
    let mut properties = written.map_or_else(|| nothing(instance.header), |body| read(&body.value));
    if let Some((_, collection, key)) = adding {
        graph = format!("{graph}/{collection}");
        properties = properties.as_object().and_then(|body| body.value(key)).cloned().unwrap_or(properties);
    }
    let body = body(properties, written, instance.header);
    let resource_type = ResourceType::new(format!("Microsoft.Graph/{graph}"));
    let target = Target::Value(innermost(&url.value));
    if changes {
        lowered.patches.push(patch(instance, dialect, target, resource_type, body));
        return;
    }
    lowered.resources.push(Resource {
        body,
        coverage: Arc::new(Coverage::complete()),
        parent: place.below.then_some(Link { target, scope: false, span: url.value.span }),
        ..bare(instance, resource_type, dialect)
    });
}

fn adding(arguments: &Object) -> Option<&'static (&'static str, &'static str, &'static str)> {
    let action = entry(arguments, "action")?.value.as_str()?;
    ADDING.iter().find(|(name, ..)| *name == action)
}

/// What a URL says.
struct Place {
    /// `applications/federatedIdentityCredentials`
    collection: String,
    /// Whether the URL names the one that it goes to.
    below: bool,
}

impl Place {
    /// Ids are left out; `$ref` adds a reference to a collection as a body adds a member.
    fn of(url: &str) -> Option<Self> {
        let path = url.split('?').next().unwrap_or(url);
        let (mut names, mut below) = (Vec::new(), false);
        for part in path.split('/').filter(|part| !matches!(*part, "" | "v1.0" | "beta" | "$ref")) {
            // `applications(appId='...')`
            let (name, key) = part.split_once('(').map_or((part, None), |(name, key)| (name, Some(key)));
            let id = is_id(part) && key.is_none();
            below |= id || key.is_some();
            if !id {
                names.push(if name == "appRoleAssignedTo" { "appRoleAssignments" } else { name });
            }
        }
        (!names.is_empty()).then(|| Self { collection: names.join("/"), below })
    }
}

/// A symbol, a GUID, or a name that no collection has.
fn is_id(part: &str) -> bool {
    part.contains(['{', '@', '.']) || part.bytes().any(|byte| byte.is_ascii_digit()) && part.contains('-')
}

/// Of several ids in a URL the last one is that of the resource.
fn innermost(url: &Value) -> Value {
    match &url.kind {
        ValueKind::Unknown(unknown) => {
            let last = unknown.references.last().cloned();
            Value::new(Unknown { references: last.into_iter().collect(), ..unknown.as_ref().clone() }, url.span)
        }
        _ => url.clone(),
    }
}

/// A plan has the text that `jsonencode` made.
fn read(body: &Value) -> Value {
    match body.as_str().map(serde_json::from_str::<Json>) {
        Some(Ok(json)) => from_json(&json, body.span),
        _ => body.clone(),
    }
}

fn nothing(header: Span) -> Value {
    Value::object(Object::default(), header)
}

fn body(properties: Value, written: Option<&Entry>, header: Span) -> Value {
    let mut body = Object::default();
    let named = properties.as_object().and_then(|body| body.get("displayName").or_else(|| body.get("name")));
    if let Some(name) = named {
        body.insert("name", name.key_span, name.value.clone());
    }
    body.insert("properties", written.map_or(header, |it| it.key_span), properties);
    Value::object(body, header)
}

fn patch(instance: &Instance, dialect: Dialect, target: Target, resource_type: ResourceType, body: Value) -> Patch {
    Patch {
        address: instance.address.clone(),
        source_type: instance.block_type.clone(),
        dialect,
        target,
        resource_type,
        body,
        coverage: Arc::new(Coverage::none()),
        span: instance.span,
        header: instance.header,
        callers: instance.callers.clone(),
        presence: instance.presence.clone(),
        parent: None,
    }
}
