//! Deployed state to the model: resources as `az resource show` and `list`, Resource Graph, `what-if` and `bicep snapshot`
//! print them.
//!
//! In: the JSON and its [`Kind`]. Out: [`Lowered`], one resource an object, linked by their ids. Where a list prints no
//! `properties`, they are unknown, not absent. What is deleted is left out; what `what-if` ignores stands as existing.

use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::detect::Kind;
use super::evaluate::{Frame, Run};
use crate::model::{ArmId, Coverage, Dialect, Link, Lowered, Presence, PropertyPath, Resource, ResourceType, Target};
use crate::source::Span;
use crate::value::{Object, Value, ValueKind};

/// What a body keeps of a printed resource; the rest is the printer's.
const BODY: [&str; 13] = [
    "type",
    "apiVersion",
    "name",
    "location",
    "tags",
    "sku",
    "kind",
    "identity",
    "zones",
    "plan",
    "properties",
    "managedBy",
    "extendedLocation",
];

/// Lowers printed resources.
pub(super) fn lower(run: &Run<'_>, frame: &Frame, root: &Value, kind: Kind, shown: Arc<str>) -> Lowered {
    let mut export =
        Export { run, frame, resources: Vec::new(), addresses: FxHashSet::default(), by_id: IndexMap::default() };
    match kind {
        Kind::WhatIf => export.changes(root),
        _ => printed(root).for_each(|it| export.resource(it, Presence::Certain)),
    }
    export.link_printed_parents();
    Lowered { root: shown, resources: export.resources, ..Lowered::default() }
}

/// The objects of a list, wrapped or not, or the one object.
fn printed(root: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    let inside = |key: &str| root.as_object()?.value(key)?.as_array();
    let list = root.as_array().or_else(|| ["data", "value", "predictedResources"].into_iter().find_map(inside));
    match list {
        Some(array) => Box::new(array.items.iter()),
        None => Box::new(std::iter::once(root)),
    }
}

struct Export<'e> {
    run: &'e Run<'e>,
    frame: &'e Frame,
    resources: Vec<Resource>,
    addresses: FxHashSet<String>,
    /// Address by id in lower case, since two resource groups may hold resources of one name.
    by_id: IndexMap<String, Arc<str>, FxBuildHasher>,
}

impl Export<'_> {
    fn changes(&mut self, root: &Value) {
        let object = root.as_object();
        let direct = object.and_then(|it| it.value("changes"));
        let nested = || object?.value("properties")?.as_object()?.value("changes");
        let changes = direct.or_else(nested).and_then(Value::as_array);
        for change in changes.iter().flat_map(|it| &it.items).filter_map(Value::as_object) {
            let side = |key: &str| change.value(key).filter(|it| it.as_object().is_some());
            match change.value("changeType").and_then(Value::as_str).unwrap_or("").to_ascii_lowercase().as_str() {
                "delete" => {}
                "ignore" => {
                    if let Some(unchanged) = side("after").or_else(|| side("before")) {
                        self.resource(unchanged, Presence::Existing);
                    }
                }
                _ => {
                    if let Some(after) = side("after") {
                        self.resource(after, Presence::Certain);
                    }
                }
            }
        }
    }

    fn resource(&mut self, written: &Value, presence: Presence) {
        let Some(object) = written.as_object() else { return };
        let text = |key: &str| object.get_ignore_case(key).and_then(|(_, it)| it.value.as_str());
        let Some(id) = text("id").and_then(ArmId::parse) else { return };
        let header = object.get_ignore_case("type").or_else(|| object.get_ignore_case("id"));
        let header = header.map_or(written.span, |(_, it)| it.key_span.to(it.value.span));
        let id_span = object.get_ignore_case("id").map_or(header, |(_, it)| it.value.span);
        let resource_type = text("type").map_or_else(|| id.resource_type.clone(), ResourceType::new);
        let body = self.body(object, &id, written.span, id_span);
        let coverage = coverage(object);
        let address = self.address(&resource_type, &id);
        self.by_id.insert(text("id").unwrap_or("").to_ascii_lowercase(), address.clone());
        self.resources.push(Resource {
            address,
            source_type: resource_type.as_str().into(),
            dialect: Dialect::Export,
            body,
            coverage: Arc::new(coverage),
            span: written.span,
            header,
            callers: Vec::new(),
            presence,
            parent: parent(&resource_type, &id, id_span),
            resource_group: resource_group(id.scope).map(|group| Value::new(group, id_span)),
            provider_major: None,
            resource_type,
        });
    }

    /// A parent that is printed too is known by its id, not only by its name.
    fn link_printed_parents(&mut self) {
        let ids: Vec<(&str, &Arc<str>)> = self.by_id.iter().map(|(id, address)| (id.as_str(), address)).collect();
        let at: FxHashMap<Arc<str>, usize> =
            self.resources.iter().enumerate().map(|(index, it)| (it.address.clone(), index)).collect();
        for (id, address) in ids {
            let parent = id.rsplitn(3, '/').nth(2).and_then(|above| self.by_id.get(above));
            let child = at.get(address).and_then(|index| self.resources.get_mut(*index));
            if let (Some(parent), Some(Resource { parent: Some(link), .. })) = (parent, child)
                && !link.scope
            {
                link.target = Target::Address(parent.clone());
            }
        }
    }

    fn body(&self, object: &Object, id: &ArmId<'_>, span: Span, id_span: Span) -> Value {
        let mut body = Object::default();
        for key in BODY {
            let Some((_, entry)) = object.get_ignore_case(key) else { continue };
            let value = match key {
                // The last segment, as everywhere in the model; printers differ in which name they print.
                "name" => Value::new(id.names.last().copied().unwrap_or(""), entry.value.span),
                // A printer that has no value prints null.
                _ if entry.value.is_null() => continue,
                // A snapshot leaves expressions that it cannot compute.
                _ => self.run.in_doubt(true, || self.run.value(self.frame, &entry.value)),
            };
            body.insert(key, entry.key_span, value);
        }
        if body.value("name").is_none() {
            body.insert("name", id_span, Value::new(id.names.last().copied().unwrap_or(""), id_span));
        }
        Value::object(body, span)
    }

    fn address(&mut self, resource_type: &ResourceType, id: &ArmId<'_>) -> Arc<str> {
        let base = format!("{resource_type}/{}", id.names.join("/"));
        let mut address = base.clone();
        let mut number = 1;
        while !self.addresses.insert(address.clone()) {
            number += 1;
            address = format!("{base}#{number}");
        }
        address.into()
    }
}

/// A list without `properties` says nothing of them.
fn coverage(object: &Object) -> Coverage {
    let whole =
        object.get_ignore_case("properties").is_some_and(|(_, it)| matches!(it.value.kind, ValueKind::Object(_)));
    if whole {
        return Coverage::complete();
    }
    let mut coverage = Coverage::none();
    for key in BODY.into_iter().filter(|key| *key != "properties") {
        coverage.add(&PropertyPath::parse(key));
    }
    coverage
}

fn parent(resource_type: &ResourceType, id: &ArmId<'_>, span: Span) -> Option<Link> {
    if ArmId::parse(id.scope).is_some() && resource_type.parent().is_none() {
        return Some(Link { target: Target::Value(Value::new(id.scope, span)), scope: true, span });
    }
    let (_, above) = id.names.split_last()?;
    let names = above.iter().map(|name| Value::new(*name, span)).collect();
    let target = Target::Named { resource_type: resource_type.parent()?, names };
    Some(Link { target, scope: false, span })
}

/// The name behind `/resourceGroups/`.
fn resource_group(scope: &str) -> Option<&str> {
    let mut parts = scope.split('/');
    parts.find(|part| part.eq_ignore_ascii_case("resourceGroups"))?;
    parts.next().filter(|name| !name.is_empty())
}

/// Lowers printed resources outside of any template.
pub(super) fn lower_alone(root: &Value, kind: Kind, shown: Arc<str>, input: &super::Input<'_>) -> Lowered {
    let run = Run::new(input);
    let empty = Value::object(Object::default(), root.span);
    let Some(scope) = super::root_scope(&empty, FxHashMap::default()) else { return Lowered::default() };
    let frame = Frame::of(Rc::new(scope));
    let mut lowered = lower(&run, &frame, root, kind, shown);
    lowered.diagnostics = run.into_diagnostics();
    lowered
}
