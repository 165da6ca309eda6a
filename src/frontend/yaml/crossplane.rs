//! Crossplane: the upjet provider, whose `spec.forProvider` holds azurerm's arguments in camelCase, and the one before it.
//!
//! In: the manifests of a directory. Out: resources lowered through the azurerm mappings, or by `provider_azure`. References and selectors lead to objects
//! of the directory by name and labels; `initProvider` fills what `forProvider` leaves; what a `Composition` patches is unknown.

use std::sync::Arc;

use super::arguments::{Bridged, is_free, lower_bridged, snake, undone_key};
use super::manifest::{Manifest, read_at_deployment, read_from, reference};
use super::patches;
use super::provider_azure;
use super::tables;
use crate::frontend::terraform::Mappings;
use crate::model::{Lowered, Presence};
use crate::source::Span;
use crate::value::{Array, Entry, Object, Value, ValueKind};

/// Lowers the Crossplane objects among these.
pub(super) fn lower(manifests: Vec<Manifest>, mappings: &Mappings, lowered: &mut Lowered) {
    let mut managed: Vec<Managed> = Vec::new();
    for manifest in manifests.into_iter().filter(Manifest::is_crossplane) {
        if manifest.crossplane_group().is_some() {
            managed.extend(Managed::of(manifest, lowered));
        } else {
            let bases = patches::bases(&manifest);
            managed.extend(bases.into_iter().filter_map(|base| Managed::of(base, lowered)));
        }
    }
    let bridged = managed.iter().filter_map(|one| one.bridged(&managed)).collect();
    lower_bridged(bridged, mappings, lowered);
    for one in &managed {
        if let (Maker::ProviderAzure(kind), Some(spec)) = (one.maker, one.spec()) {
            let spec = resolved(&provider_azure::without_operation(spec), &managed, Spelling::Own);
            provider_azure::lower(one, kind, &spec, lowered);
        }
    }
}

/// Who makes the resource of an object.
#[derive(Clone, Copy)]
enum Maker {
    /// The upjet provider, as this azurerm type.
    Azurerm(&'static str),
    /// The first provider.
    ProviderAzure(provider_azure::Kind),
}

/// An object that makes a resource.
pub(super) struct Managed {
    pub(super) manifest: Manifest,
    pub(super) address: Arc<str>,
    maker: Maker,
}

impl Managed {
    fn of(manifest: Manifest, lowered: &mut Lowered) -> Option<Self> {
        let group = manifest.crossplane_group()?;
        let maker = if manifest.is_of_provider_azure() {
            provider_azure::find(group, &manifest.kind).map(Maker::ProviderAzure)
        } else {
            tables::crossplane(group, &manifest.kind).map(Maker::Azurerm)
        };
        let Some(maker) = maker else {
            lowered.unmapped.push(format!("{}/{}", manifest.group, manifest.kind).into());
            return None;
        };
        Some(Self { address: manifest.address(), maker, manifest })
    }

    /// What references call it: its azurerm type.
    fn referred(&self) -> &'static str {
        match self.maker {
            Maker::Azurerm(azurerm) => azurerm,
            Maker::ProviderAzure(kind) => kind.referred,
        }
    }

    /// Its `spec` as written.
    pub(super) fn spec(&self) -> Option<&Object> {
        self.manifest.object.value("spec").and_then(Value::as_object)
    }

    /// Whether it is only observed.
    pub(super) fn presence(&self) -> Presence {
        self.manifest.presence(is_observed(self.spec()))
    }

    fn bridged(&self, all: &[Self]) -> Option<Bridged> {
        let Maker::Azurerm(azurerm) = self.maker else { return None };
        let manifest = &self.manifest;
        let spec = self.spec();
        let part = |key: &str| spec.and_then(|it| it.value(key)).and_then(Value::as_object);
        let mut arguments = match (part("forProvider"), part("initProvider")) {
            (Some(written), None) | (None, Some(written)) => resolved(written, all, Spelling::Azurerm),
            (written, init) => {
                let mut written = written.cloned().unwrap_or_default();
                for (key, entry) in init.into_iter().flat_map(|it| &it.entries) {
                    written.entries.entry(key.clone()).or_insert_with(|| entry.clone());
                }
                resolved(&written, all, Spelling::Azurerm)
            }
        };
        if arguments.get("name").is_none()
            && let Some((key_span, name)) = self.external_name()
        {
            arguments.insert("name", key_span, name);
        }
        Some(Bridged {
            address: self.address.clone(),
            source_type: format!("{}/{}", manifest.group, manifest.kind).into(),
            azurerm: format!("azurerm_{azurerm}").into(),
            arguments,
            span: manifest.span,
            header: manifest.header,
            presence: self.presence(),
            callers: Vec::new(),
        })
    }

    /// The name in Azure.
    pub(super) fn external_name(&self) -> Option<(Span, Value)> {
        let annotated = self.manifest.metadata("annotations").and_then(|it| it.get("crossplane.io/external-name"));
        match (annotated, &self.manifest.name) {
            (Some(entry), _) => Some((entry.key_span, entry.value.clone())),
            (None, Some(name)) => Some((name.span, name.clone())),
            (None, None) => None,
        }
    }

    fn has_labels(&self, wanted: &Object) -> bool {
        let labels = self.manifest.metadata("labels");
        wanted.entries.iter().all(|(key, entry)| {
            let own = labels.and_then(|it| it.value(key)).and_then(Value::as_str);
            own.is_some() && own == entry.value.as_str()
        })
    }
}

/// Only observed: deployed elsewhere.
fn is_observed(spec: Option<&Object>) -> bool {
    let policies = spec.and_then(|it| it.value("managementPolicies")).and_then(Value::as_array);
    policies.is_some_and(|it| matches!(it.items.as_slice(), [one] if one.as_str() == Some("Observe")))
}

/// How the keys of arguments shall be spelled.
#[derive(Clone, Copy, PartialEq)]
enum Spelling {
    /// As they are written.
    Own,
    /// As azurerm has them.
    Azurerm,
}

/// The arguments with references and selectors in the place of what they find.
fn resolved(object: &Object, all: &[Managed], spelling: Spelling) -> Object {
    let mut made = Object { rest: object.rest.clone(), ..Object::with_capacity(object.entries.len()) };
    for (key, entry) in &object.entries {
        let found = argument_of(key).map(|(argument, way)| (argument, way.find(argument, &entry.value, all)));
        let (name, value) = match found {
            Some((argument, Some(value))) if object.get(argument).is_none() => (Arc::from(argument), Some(value)),
            Some((_, Some(_))) => continue,
            _ => (key.clone(), None),
        };
        let name = if spelling == Spelling::Azurerm { undone_key(&name) } else { name };
        let value = value.unwrap_or_else(|| {
            if is_free(&name) && spelling == Spelling::Azurerm {
                entry.value.clone()
            } else {
                resolved_value(&entry.value, all, spelling)
            }
        });
        made.entries.entry(name).or_insert(Entry { key_span: entry.key_span, value });
    }
    made
}

fn resolved_value(value: &Value, all: &[Managed], spelling: Spelling) -> Value {
    let kind = match &value.kind {
        ValueKind::Object(object) => ValueKind::Object(Arc::new(resolved(object, all, spelling))),
        ValueKind::Array(array) => {
            let items = array.items.iter().map(|item| resolved_value(item, all, spelling)).collect();
            ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() }))
        }
        _ => return value.clone(),
    };
    Value { kind, ..value.clone() }
}

/// How an argument is given by way of another object.
#[derive(Clone, Copy)]
enum Way {
    Secret,
    Name,
    Names,
    Labels,
}

fn argument_of(key: &str) -> Option<(&str, Way)> {
    let ways = [("SecretRef", Way::Secret), ("Refs", Way::Names), ("Ref", Way::Name), ("Selector", Way::Labels)];
    ways.into_iter().find_map(|(ending, way)| {
        key.strip_suffix(ending).filter(|argument| !argument.is_empty()).map(|argument| (argument, way))
    })
}

impl Way {
    /// What it leads to; nothing when it is not written as such a way is.
    fn find(self, argument: &str, value: &Value, all: &[Managed]) -> Option<Value> {
        let object = value.as_object();
        let name = |object: &Object| object.value("name").and_then(Value::as_str).map(str::to_owned);
        match self {
            Self::Secret => {
                let secret = name(object?)?;
                Some(read_from(format!("Secret/{secret}"), object, value.span))
            }
            Self::Name => Some(named(argument, &name(object?)?, value.span, all)),
            Self::Names => {
                let items = value.as_array()?.items.iter();
                let found: Option<Vec<Value>> =
                    items.map(|item| Some(named(argument, &name(item.as_object()?)?, item.span, all))).collect();
                Some(Value::array(found?, value.span))
            }
            Self::Labels => {
                let object = object?;
                let controlled = object.get("matchControllerRef").is_some();
                let labels = object.value("matchLabels").and_then(Value::as_object);
                if labels.is_none() && !controlled {
                    return None;
                }
                let empty = Object::default();
                let found = leading(argument, all, |one| one.has_labels(labels.unwrap_or(&empty)), value.span);
                Some(if takes_many(argument) { Value::array(vec![found], value.span) } else { found })
            }
        }
    }
}

fn takes_many(argument: &str) -> bool {
    argument.ends_with("Ids") || argument.ends_with("Names")
}

fn named(argument: &str, name: &str, span: Span, all: &[Managed]) -> Value {
    let has_name = |one: &Managed| one.manifest.name.as_ref().and_then(Value::as_str) == Some(name);
    leading(argument, all, has_name, span)
}

/// The only one of those that `is_candidate` which an argument of this name can mean.
fn leading(argument: &str, all: &[Managed], is_candidate: impl Fn(&Managed) -> bool, span: Span) -> Value {
    let argument = snake(argument);
    let endings = ["_ids", "_id", "_names", "_name"];
    let stem = endings.iter().find_map(|ending| argument.strip_suffix(ending)).unwrap_or(&argument);
    let attribute = if argument.contains("_name") { "name" } else { "id" };
    let fits = |name: &str| !name.is_empty() && (name.ends_with(stem) || stem.ends_with(name));
    // Few are of a type that fits.
    let mut fitting = all.iter().filter(|one| fits(one.referred()) && is_candidate(one));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => reference(&one.address, attribute, span),
        _ => read_at_deployment(format!("{argument} of another object"), span),
    }
}
