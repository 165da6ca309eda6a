//! Makes child resources of inline arrays, so that a policy is written on the child type once.
//!
//! In: the lowered resources of a root, before they are linked. Out: the same and one child for each element of the
//! arrays in `inline_children.yaml`, with the element's spans. A child that is also declared by itself is not made twice.

use std::sync::Arc;

use serde_json::Value as Json;

use super::azurerm::find;
use crate::model::{Coverage, Link, Lookup, Lowered, Presence, PropertyPath, Resource, ResourceType, Target};
use crate::source::Span;
use crate::value::{Object, Unknown, Value, ValueKind};

include!(concat!(env!("OUT_DIR"), "/inline_children.rs"));

/// Adds the children that are written inline, and the parts of parents that are written as children.
pub fn expand(lowered: &mut Lowered) {
    super::config_children::patch_parents(lowered);
    let mut made = Vec::new();
    for resource in &lowered.resources {
        if resource.presence == Presence::Existing {
            continue;
        }
        let Some(entry) = find(INLINE_CHILDREN, &resource.resource_type.as_str().to_ascii_lowercase()) else {
            continue;
        };
        let Ok(Json::Array(kinds)) = serde_json::from_str(entry) else { continue };
        for kind in kinds.iter().filter_map(Kind::read) {
            made.extend(kind.children(resource).into_iter().filter(|child| !is_declared(lowered, resource, child)));
        }
    }
    lowered.resources.extend(made);
}

/// An array whose elements are child resources.
struct Kind {
    path: PropertyPath,
    array: String,
    resource_type: ResourceType,
    flat: bool,
}

impl Kind {
    fn read(json: &Json) -> Option<Self> {
        let text = |key: &str| json.get(key).and_then(Json::as_str);
        let resource_type = ResourceType::new(text("type")?);
        let array = resource_type.as_str().rsplit('/').next()?.to_owned();
        let flat = json.get("flat").and_then(Json::as_bool).unwrap_or_default();
        Some(Self { path: PropertyPath::parse(text("path")?), array, resource_type, flat })
    }

    fn children(&self, parent: &Resource) -> Vec<Resource> {
        let Lookup::Found(value, _) = parent.lookup(&self.path) else { return Vec::new() };
        let (items, rest) = match &value.kind {
            ValueKind::Array(array) => (array.items.as_slice(), array.rest.as_ref()),
            ValueKind::Unknown(why) => (&[][..], Some(why)),
            _ => return Vec::new(),
        };
        let below = parent.coverage.below(&self.path);
        let mut coverage = if self.flat { below.clone().nested("properties") } else { below };
        coverage.add(&PropertyPath::parse("name"));
        let coverage = Arc::new(coverage);
        let mut children: Vec<Resource> =
            items.iter().enumerate().map(|(at, item)| self.child(parent, &coverage, item, &at.to_string())).collect();
        children.extend(rest.map(|why| self.perhaps(parent, value.span, why)));
        children
    }

    fn child(&self, parent: &Resource, coverage: &Arc<Coverage>, item: &Value, position: &str) -> Resource {
        let mut body = if self.flat { below_properties(item) } else { item.clone() };
        deployed_with(parent, &mut body);
        let name = body.as_object().and_then(|body| body.get_ignore_case("name")).and_then(|(_, it)| it.value.as_str());
        let instance = name.map_or_else(|| position.to_owned(), |name| format!("\"{name}\""));
        Resource {
            address: format!("{}::{}[{instance}]", parent.address, self.array).into(),
            resource_type: self.resource_type.clone(),
            body,
            coverage: coverage.clone(),
            span: item.span,
            header: item.span,
            parent: Some(Link { target: Target::Address(parent.address.clone()), scope: false, span: item.span }),
            ..parent.clone()
        }
    }

    /// Elements that the text does not tell: there may be some, of whatever content.
    fn perhaps(&self, parent: &Resource, span: Span, why: &Arc<Unknown>) -> Resource {
        let body = Value::object(Object { rest: Some(why.clone()), ..Object::default() }, span);
        let child = self.child(parent, &Arc::new(Coverage::none()), &body, "?");
        Resource { presence: Presence::Possible(why.clone()), body, ..child }
    }
}

/// Gives an element the API version of the resource that holds it, for the defaults of that version to hold. A preview
/// version stays with the parent: it is one decision, not one of every element.
fn deployed_with(parent: &Resource, body: &mut Value) {
    let version = parent.body.as_object().and_then(|it| it.get_ignore_case("apiVersion")).map(|(_, entry)| entry);
    let (Some(version), ValueKind::Object(object)) = (version, &mut body.kind) else { return };
    if version.value.as_str().is_some_and(|it| !it.contains("preview"))
        && object.get_ignore_case("apiVersion").is_none()
    {
        Arc::make_mut(object).insert("apiVersion", version.key_span, version.value.clone());
    }
}

/// `{ name, vmSize }` as `{ name, properties: { vmSize } }`.
fn below_properties(item: &Value) -> Value {
    let Some(object) = item.as_object() else { return item.clone() };
    let mut body = Object { rest: object.rest.clone(), ..Object::default() };
    let mut properties = Object { rest: object.rest.clone(), ..Object::default() };
    for (key, entry) in &object.entries {
        let into = if key.eq_ignore_ascii_case("name") { &mut body } else { &mut properties };
        into.insert(key.clone(), entry.key_span, entry.value.clone());
    }
    body.insert("properties", item.span, Value::object(properties, item.span));
    Value::object(body, item.span)
}

/// True when the same child is declared on its own: same type and name, and below this parent as far as can be told.
fn is_declared(lowered: &Lowered, parent: &Resource, child: &Resource) -> bool {
    let Some(name) = child.text("name") else { return false };
    lowered.resources.iter().filter(|other| other.resource_type == child.resource_type).any(|other| {
        let same_name = other.text("name").is_some_and(|it| {
            // A template names a child by its whole path.
            it.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(name))
        });
        same_name && other.parent.as_ref().is_some_and(|link| may_lead_to(&link.target, parent))
    })
}

fn may_lead_to(target: &Target, parent: &Resource) -> bool {
    match target {
        Target::Address(address) => *address == parent.address,
        Target::Named { names, .. } => match (names.last().and_then(Value::as_str), parent.text("name")) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => true,
        },
        Target::Value(value) => match &value.kind {
            ValueKind::String(id) => {
                parent.text("name").is_none_or(|name| id.to_lowercase().ends_with(&name.to_lowercase()))
            }
            ValueKind::Unknown(unknown) => {
                unknown.references.is_empty() || unknown.references.iter().any(|it| it.address == parent.address)
            }
            _ => false,
        },
    }
}
