//! The `configuration` section of a plan: which resources an argument refers to.
//!
//! In: module address, resource, argument path. Out: references, followed through variables of called modules and
//! through outputs. Locals are not part of a plan; what goes through one is not found.

use std::sync::Arc;

use super::{at, items};
use crate::frontend::terraform::instance::{NEWEST_AZURERM_MAJOR, Provider};
use crate::frontend::terraform::version;
use crate::value::{Array, Object, Reference, Value, ValueKind};

/// How far references are followed through variables and outputs.
const MAX_HOPS: usize = 16;

/// The configuration of the root module, when the document has one.
pub(super) struct Configuration<'d> {
    root: Option<&'d Value>,
}

/// A module of the configuration and the address of the instance it is looked at for.
#[derive(Clone)]
struct Place<'d> {
    module: &'d Value,
    /// `module.a["x"].module.b.`
    prefix: String,
    /// The module that calls it, and the name of the call.
    caller: Option<(Box<Place<'d>>, String)>,
}

impl<'d> Configuration<'d> {
    pub(super) fn new(root: Option<&'d Value>) -> Self {
        Self { root }
    }

    /// What an argument of a resource refers to.
    pub(super) fn references(
        &self,
        module: &str,
        data: bool,
        block_type: &str,
        name: &str,
        path: &[&str],
    ) -> Vec<Reference> {
        let mut found = Vec::new();
        let Some((place, resource)) = self.resource(module, data, block_type, name) else { return found };
        let mut expression = at(resource, &["expressions"]);
        for step in path {
            let inner = expression.map(|it| match &it.kind {
                // Blocks are lists; without the element's number, the first stands for all.
                ValueKind::Array(array) => array.items.first().unwrap_or(it),
                _ => it,
            });
            expression = inner.and_then(|it| at(it, &[step]));
        }
        if let Some(expression) = expression {
            follow(&place, expression, 0, &mut found);
        }
        found
    }

    /// Whether an argument of a resource is written; `None` when the document has no configuration of it.
    pub(super) fn is_written(
        &self,
        module: &str,
        data: bool,
        block_type: &str,
        name: &str,
        argument: &str,
    ) -> Option<bool> {
        let (_, resource) = self.resource(module, data, block_type, name)?;
        Some(at(resource, &["expressions", argument]).is_some())
    }

    /// The configuration of a resource, and where it is.
    fn resource(&self, module: &str, data: bool, block_type: &str, name: &str) -> Option<(Place<'d>, &'d Value)> {
        let place = self.place(module)?;
        let mode = if data { "data" } else { "managed" };
        let is = |resource: &&Value, key: &str, text: &str| at(resource, &[key]).and_then(Value::as_str) == Some(text);
        let resource = items(place.module, "resources").iter().find(|resource| {
            is(resource, "type", block_type) && is(resource, "name", name) && is(resource, "mode", mode)
        })?;
        Some((place, resource))
    }

    /// The configuration of the module at an address.
    fn place(&self, address: &str) -> Option<Place<'d>> {
        let mut place = Place { module: self.root?, prefix: String::new(), caller: None };
        let segments = segments(address);
        let mut rest = segments.as_slice();
        while let ["module", call, more @ ..] = rest {
            place = place.child(call)?;
            rest = more;
        }
        Some(place)
    }
}

impl Place<'_> {
    /// The module that a call leads to; the call may have an instance key.
    fn child(self, call: &str) -> Option<Self> {
        let name = call.split('[').next().unwrap_or(call);
        let module = at(self.module, &["module_calls", name, "module"])?;
        let prefix = format!("{}module.{call}.", self.prefix);
        Some(Self { module, prefix, caller: Some((Box::new(self), name.to_owned())) })
    }
}

/// Adds what an expression refers to.
fn follow(place: &Place<'_>, expression: &Value, hops: usize, found: &mut Vec<Reference>) {
    if hops >= MAX_HOPS {
        return;
    }
    let mut kept: Vec<&str> = Vec::new();
    for text in items(expression, "references").iter().filter_map(Value::as_str) {
        // `a.b.id` is followed by `a.b`, which says less.
        if kept.iter().any(|longer| longer.strip_prefix(text).is_some_and(|rest| rest.starts_with(['.', '[']))) {
            continue;
        }
        kept.push(text);
        follow_one(place, &segments(text), hops, found);
    }
}

fn follow_one(place: &Place<'_>, segments: &[&str], hops: usize, found: &mut Vec<Reference>) {
    match segments {
        ["var", name, ..] => {
            if let Some((caller, call)) = &place.caller
                && let Some(expression) = at(caller.module, &["module_calls", call, "expressions", bare(name)])
            {
                follow(caller, expression, hops.saturating_add(1), found);
            }
        }
        ["module", call, output, ..] => {
            if let Some(child) = place.clone().child(call)
                && let Some(expression) = at(child.module, &["outputs", bare(output), "expression"])
            {
                follow(&child, expression, hops.saturating_add(1), found);
            }
        }
        ["local" | "each" | "count" | "path" | "self" | "terraform" | "module", ..] => {}
        ["data", block_type, name, attribute @ ..] => {
            push(found, format!("{}data.{block_type}.{name}", place.prefix), attribute);
        }
        [block_type, name, attribute @ ..] => push(found, format!("{}{block_type}.{name}", place.prefix), attribute),
        _ => {}
    }
}

fn push(found: &mut Vec<Reference>, address: String, attribute: &[&str]) {
    let reference = Reference { address: address.into(), attribute: attribute.join(".").into() };
    if !found.contains(&reference) {
        found.push(reference);
    }
}

fn bare(segment: &str) -> &str {
    segment.split('[').next().unwrap_or(segment)
}

/// An address cut at its dots, those inside of keys left alone.
fn segments(address: &str) -> Vec<&str> {
    let (mut segments, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (position, byte) in address.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'.' if !quoted => {
                segments.extend(address.get(start..position));
                start = position.saturating_add(1);
            }
            _ => {}
        }
    }
    segments.extend(address.get(start..).filter(|last| !last.is_empty()));
    segments
}

/// What the plan says about the azurerm provider.
pub(super) fn provider(document: &Value) -> Provider {
    let config = at(document, &["configuration", "provider_config", "azurerm"]);
    let constraint = config.and_then(|config| at(config, &["version_constraint"])?.as_str());
    let constraints: Vec<Arc<str>> = constraint.into_iter().map(Arc::from).collect();
    let stated = version::newest_major(&constraints, NEWEST_AZURERM_MAJOR);
    let features = config.and_then(|config| at(config, &["expressions", "features"])?.as_array()?.items.first());
    let features = features.map_or_else(|| Value::object(Object::default(), document.span), constant);
    Provider {
        azurerm_major: stated.unwrap_or(NEWEST_AZURERM_MAJOR),
        stated: stated.is_some(),
        address: "provider.azurerm".into(),
        features,
    }
}

/// An expression of the configuration section as a value: `{"constant_value": 1}` is 1.
fn constant(expression: &Value) -> Value {
    match &expression.kind {
        ValueKind::Object(object) => {
            if let Some(value) = object.value("constant_value") {
                return value.clone();
            }
            let mut read = Object { rest: object.rest.clone(), ..Object::default() };
            for (name, entry) in &object.entries {
                read.insert(name.clone(), entry.key_span, constant(&entry.value));
            }
            Value::object(read, expression.span)
        }
        ValueKind::Array(array) => {
            let items = array.items.iter().map(constant).collect();
            Value::new(ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() })), expression.span)
        }
        _ => expression.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_cut_outside_of_keys() {
        let cases: [(&str, &[&str]); 3] = [
            ("module.a[\"x.y\"].azurerm_b.c[0].id", &["module", "a[\"x.y\"]", "azurerm_b", "c[0]", "id"]),
            ("var.x", &["var", "x"]),
            ("", &[]),
        ];
        for (address, expected) in cases {
            assert_eq!(segments(address), expected);
        }
    }
}
