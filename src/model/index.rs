//! Finds the resources that a link can mean: by address, by type and names, by an id's text or symbol.
//!
//! In: the resources of a root. Out: [`Index`], which `graph` and `patch` ask. Unknown names are compared by their symbol.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::arm_id::ArmId;
use super::graph::{Resolution, ResourceIndex};
use super::resource::{Link, Presence, Resource, Target};
use super::resource_type::ResourceType;
use crate::source::Span;
use crate::value::{Reason, Reference, Unknown, Value, ValueKind};

/// Finds resources by what a link can say.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) by_type: IndexMap<ResourceType, Vec<ResourceIndex>, FxBuildHasher>,
    pub(super) by_address: IndexMap<Arc<str>, Vec<ResourceIndex>, FxBuildHasher>,
}

impl Index {
    pub(super) fn of(resources: &[Resource]) -> Self {
        let mut index = Self::default();
        for (resource, at) in resources.iter().zip(0u32..) {
            let at = ResourceIndex(at);
            index.by_type.entry(resource.resource_type.clone()).or_default().push(at);
            // What is written beside a resource has its address, and is not what a reference means.
            if resource.resource_type.namespace() == "baalint.terraform" {
                continue;
            }
            index.by_address.entry(resource.address.clone()).or_default().push(at);
            // A reference may leave the instance out: `azurerm_key_vault.kv` for `azurerm_key_vault.kv["x"]`.
            if let Some(bare) = without_instance(&resource.address) {
                index.by_address.entry(bare.into()).or_default().push(at);
            }
        }
        index.follow_existing(resources);
        index
    }

    /// What is read by name and declared in the same root is one resource: references lead to the declaration.
    pub(super) fn follow_existing(&mut self, resources: &[Resource]) {
        let read =
            resources.iter().filter(|it| it.presence == Presence::Existing && it.resource_type.parent().is_none());
        for resource in read {
            let Some(name) = resource.body.as_object().and_then(|body| body.value("name")) else { continue };
            let found = self.named(resources, &resource.resource_type, std::slice::from_ref(name));
            let Resolution::Resources(mut found) = found else { continue };
            found.retain(|at| resources.get(at.0 as usize).is_some_and(|it| it.presence != Presence::Existing));
            if !found.is_empty() {
                self.by_address.insert(resource.address.clone(), found);
            }
        }
    }

    pub(super) fn resolve(&self, resources: &[Resource], target: &Target) -> Resolution {
        match target {
            Target::Address(address) => self.at_address(address).map_or(Resolution::Elsewhere, Resolution::Resources),
            Target::Named { resource_type, names } => self.named(resources, resource_type, names),
            Target::Value(value) => self.of_value(resources, value),
        }
    }

    /// Like [`Index::resolve`]; a parent that is not declared gives way to the next one above it that is.
    pub(super) fn resolve_or_above(&self, resources: &[Resource], target: &Target) -> Resolution {
        let (mut found, mut above) = (self.resolve(resources, target), target.clone());
        while let (Resolution::Elsewhere, Some(next)) = (&found, one_level_up(&above)) {
            found = self.resolve(resources, &next);
            above = next;
        }
        found
    }

    pub(super) fn of_value(&self, resources: &[Resource], value: &Value) -> Resolution {
        match &value.kind {
            ValueKind::String(text) => self.with_id(resources, text, value.span).unwrap_or(Resolution::Elsewhere),
            ValueKind::Unknown(unknown) => {
                let mut found: Vec<ResourceIndex> =
                    unknown.references.iter().filter_map(|it| self.at_address(&it.address)).flatten().collect();
                found.sort_unstable();
                found.dedup();
                if !found.is_empty() {
                    return Resolution::Resources(found);
                }
                match unknown.symbol.as_ref().and_then(|symbol| self.with_id(resources, symbol, value.span)) {
                    Some(Resolution::Resources(found)) => Resolution::Resources(found),
                    _ => Resolution::Open(unknown.clone()),
                }
            }
            _ => Resolution::Elsewhere,
        }
    }

    /// What an id, or the symbol of one, names; `None` when the text is neither.
    pub(super) fn with_id(&self, resources: &[Resource], text: &str, span: Span) -> Option<Resolution> {
        let id = ArmId::parse(text)?;
        let names: Vec<Value> = id.names.iter().map(|name| name_of_symbol(name, span)).collect();
        Some(self.named(resources, &id.resource_type, &names))
    }

    pub(super) fn targets(&self, resources: &[Resource], link: &LinkText<'_>) -> Vec<ResourceIndex> {
        match link {
            LinkText::Reference(reference) => self.at_address(&reference.address).unwrap_or_default(),
            LinkText::Id(text) => match self.with_id(resources, text, Span::new(crate::source::FileId(0), 0, 0)) {
                Some(Resolution::Resources(found)) => found,
                _ => Vec::new(),
            },
        }
    }

    pub(super) fn at_address(&self, address: &str) -> Option<Vec<ResourceIndex>> {
        let found = self.by_address.get(address);
        let bare = || without_instance(address).and_then(|bare| self.by_address.get(bare));
        found.or_else(bare).cloned()
    }

    /// Compares names from the innermost outwards, following parents.
    pub(super) fn named(&self, resources: &[Resource], resource_type: &ResourceType, names: &[Value]) -> Resolution {
        let candidates = self.by_type.get(resource_type).map_or(&[][..], Vec::as_slice);
        let (mut certain, mut possible) = (Vec::new(), Vec::new());
        for candidate in candidates {
            match self.has_names(resources, *candidate, names) {
                Some(true) => certain.push(*candidate),
                Some(false) => {}
                None => possible.push(*candidate),
            }
        }
        if !certain.is_empty() {
            let declared =
                |at: &ResourceIndex| resources.get(at.0 as usize).is_some_and(|it| it.presence != Presence::Existing);
            if certain.iter().any(declared) {
                certain.retain(declared);
            }
            if certain.len() > 1 && names.last().is_some_and(|name| !name.steps().is_empty()) {
                keep_source(resources, &mut certain, names);
            }
            return Resolution::Resources(certain);
        }
        match (possible.is_empty(), names.iter().find_map(Value::as_unknown)) {
            (true, _) => Resolution::Elsewhere,
            (false, Some(unknown)) => Resolution::Open(unknown.clone()),
            (false, None) => {
                let what = Reason::Ambiguous(resource_type.as_str().into());
                Resolution::Open(Arc::new(Unknown::new(what)))
            }
        }
    }

    /// What stands in the place of a name may be the id of the resource itself; `None` when it is not an id.
    fn has_id(&self, resource: &Resource, at: ResourceIndex, name: &Value) -> Option<bool> {
        match &name.kind {
            ValueKind::Unknown(unknown) => match unknown.references.as_slice() {
                [reference] if &*reference.attribute == "id" => {
                    let meant = self.at_address(&reference.address)?;
                    if meant.contains(&at) { (meant.len() == 1).then_some(true) } else { Some(false) }
                }
                _ => None,
            },
            ValueKind::String(text) => {
                let id = ArmId::parse(text).filter(|id| id.resource_type == resource.resource_type)?;
                let own = resource.body.as_object()?.value("name")?;
                same_name(own, &name_of_symbol(id.names.last()?, name.span))
            }
            _ => None,
        }
    }

    /// `None` when a name on either side is unknown and nothing else tells them apart.
    pub(super) fn has_names(&self, resources: &[Resource], at: ResourceIndex, names: &[Value]) -> Option<bool> {
        let resource = resources.get(at.0 as usize)?;
        let Some((last, outer)) = names.split_last() else { return Some(true) };
        let own =
            resource.body.as_object().and_then(|body| body.get_ignore_case("name")).map(|(_, entry)| &entry.value);
        let here = self.has_id(resource, at, last).or_else(|| own.and_then(|own| same_name(own, last)));
        if here == Some(false) || outer.is_empty() {
            return here;
        }
        let above = match &resource.parent {
            Some(Link { target: Target::Named { names, .. }, .. }) if names.len() <= outer.len() => {
                names.iter().zip(outer).try_fold(true, |all, (a, b)| same_name(a, b).map(|same| all && same))
            }
            Some(link) => match self.resolve(resources, &link.target) {
                Resolution::Resources(parents) => match parents.as_slice() {
                    // The link may lead to an ancestor, which has fewer names.
                    [parent] => {
                        let levels = resources.get(parent.0 as usize)?.resource_type.as_str().split('/').count();
                        let names = outer.get(..levels.saturating_sub(1)).unwrap_or(outer);
                        self.has_names(resources, *parent, names)
                    }
                    _ => None,
                },
                _ => None,
            },
            None => None,
        };
        if above == Some(false) { above } else { here.and(above) }
    }
}

/// Of resources with the same name, a name that was read from one of them means that one.
fn keep_source(resources: &[Resource], found: &mut Vec<ResourceIndex>, names: &[Value]) {
    let Some(name) = names.last() else { return };
    let is_source = |at: &ResourceIndex| {
        let own = resources.get(at.0 as usize).and_then(|it| it.body.as_object()?.value("name"));
        own.is_some_and(|own| name.steps().iter().any(|step| step.span == own.span))
    };
    if found.iter().any(is_source) {
        found.retain(is_source);
    }
}

/// One segment of an id: known, or the symbol of what is not.
fn name_of_symbol(name: &str, span: Span) -> Value {
    if name.contains('{') {
        let why = Unknown::new(Reason::Ambiguous("resource".into()));
        Value::new(Unknown { symbol: Some(name.into()), ..why }, span)
    } else {
        Value::new(name, span)
    }
}

/// The parent of what a link names, by its names or its id.
pub(super) fn one_level_up(target: &Target) -> Option<Target> {
    let (resource_type, names) = match target {
        Target::Named { resource_type, names } => (resource_type.clone(), names.clone()),
        Target::Value(value) => {
            let text = match &value.kind {
                ValueKind::String(text) => text,
                ValueKind::Unknown(unknown) => unknown.symbol.as_ref()?,
                _ => return None,
            };
            let id = ArmId::parse(text)?;
            let names = id.names.iter().map(|name| name_of_symbol(name, value.span)).collect();
            (id.resource_type, names)
        }
        Target::Address(_) => return None,
    };
    let (_, above) = names.split_last()?;
    Some(Target::Named { resource_type: resource_type.parent()?, names: above.to_vec() })
}

/// Two names: equal text, the same symbol, or the same unknown (the same reference or variable, with the same known head).
fn same_name(a: &Value, b: &Value) -> Option<bool> {
    match (&a.kind, &b.kind) {
        (ValueKind::String(a), ValueKind::String(b)) => Some(a.eq_ignore_ascii_case(b)),
        (ValueKind::Unknown(a), ValueKind::Unknown(b)) if a.symbol.is_some() && b.symbol.is_some() => {
            let same = a.symbol.as_deref().zip(b.symbol.as_deref()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
            same.then_some(true)
        }
        (ValueKind::Unknown(a), ValueKind::Unknown(b)) => {
            let same = a.references == b.references && a.reason == b.reason && a.prefix == b.prefix;
            (same && !(a.references.is_empty() && matches!(a.reason, Reason::NotMapped))).then_some(true)
        }
        _ => None,
    }
}

fn without_instance(address: &str) -> Option<&str> {
    let open = address.strip_suffix(']')?.rfind('[')?;
    address.get(..open)
}

/// A reference, or an id or its symbol, inside a body.
pub(super) enum LinkText<'v> {
    Reference(&'v Reference),
    Id(&'v str),
}

pub(super) fn each_link(value: &Value, visit: &mut dyn FnMut(&LinkText<'_>, Span)) {
    let mut each_unknown = |unknown: &Unknown, span| {
        unknown.references.iter().for_each(|it| visit(&LinkText::Reference(it), span));
        if let Some(id) = unknown.symbol.as_ref().filter(|symbol| symbol.starts_with('/')) {
            visit(&LinkText::Id(id), span);
        }
    };
    match &value.kind {
        ValueKind::Unknown(unknown) => each_unknown(unknown, value.span),
        ValueKind::String(text) if text.starts_with('/') => visit(&LinkText::Id(text), value.span),
        ValueKind::Array(array) => {
            array.rest.iter().for_each(|rest| each_unknown(rest, value.span));
            array.items.iter().for_each(|item| each_link(item, visit));
        }
        ValueKind::Object(object) => {
            object.rest.iter().for_each(|rest| each_unknown(rest, value.span));
            for (key, entry) in &object.entries {
                // `userAssignedIdentities` holds ids as keys.
                if key.starts_with('/') {
                    visit(&LinkText::Id(key), entry.key_span);
                }
                each_link(&entry.value, visit);
            }
        }
        _ => {}
    }
}
