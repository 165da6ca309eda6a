//! The `features` of azurerm as resources of their own: what a provider is told to do when it destroys.
//!
//! In: the instances of one root. Out: a `baalint.terraform/providers` for each configuration of azurerm in use whose
//! `features` say anything; `properties` is that block. What it does not say has azurerm's default and is left out.

use std::sync::Arc;

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

use super::instance::{Instance, Mode};
use crate::model::{Coverage, Dialect, Presence, Resource, ResourceType};
use crate::source::Span;
use crate::value::{Object, Value, ValueKind};

/// The type of these resources.
const TYPE: &str = "baalint.terraform/providers";

/// One resource for each configuration, in the order of its first use.
pub(super) fn lower(instances: &[Instance], dialect: Dialect) -> Vec<Resource> {
    let mut seen: IndexSet<Span, FxBuildHasher> = IndexSet::default();
    let used = instances.iter().filter(|it| it.mode == Mode::Managed && it.block_type.starts_with("azurerm_"));
    let stated =
        used.map(|it| &it.provider).filter(|it| it.features.as_object().is_some_and(|it| !it.entries.is_empty()));
    stated.filter(|it| seen.insert(it.features.span)).map(|it| resource(&it.features, &it.address, dialect)).collect()
}

fn resource(features: &Value, address: &Arc<str>, dialect: Dialect) -> Resource {
    let place = features.span;
    let mut body = Object::default();
    body.insert("name", place, Value::new(address.clone(), place));
    body.insert("properties", place, plain(features));
    Resource {
        address: address.clone(),
        resource_type: ResourceType::new(TYPE),
        source_type: "provider".into(),
        dialect,
        provider_major: None,
        span: place,
        header: place,
        body: Value::object(body, place),
        coverage: Arc::new(Coverage::complete()),
        callers: Vec::new(),
        presence: Presence::Certain,
        parent: None,
        resource_group: None,
    }
}

/// Each block occurs once: an object rather than an array of one.
fn plain(features: &Value) -> Value {
    let ValueKind::Object(object) = &features.kind else { return features.clone() };
    let mut plain = Object { rest: object.rest.clone(), ..Object::default() };
    for (key, entry) in &object.entries {
        let only = entry.value.as_array().filter(|array| array.rest.is_none()).map_or(&[][..], |array| &array.items);
        let value = if let [one] = only { one } else { &entry.value };
        plain.insert(key.clone(), entry.key_span, value.clone());
    }
    Value::object(plain, features.span)
}
