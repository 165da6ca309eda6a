//! Plan and state as `terraform show -json` prints them, as the same instances that the sources give.
//!
//! In: the parsed document, and the instances of the sources when they are at hand. Out: [`Instance`]s with the final
//! values; what the plan says is known after apply is Unknown, with the references that the configuration has for it.
//! Spans lie in the plan file, or in the sources where those have the same argument. Nothing is evaluated.

mod configuration;

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use self::configuration::Configuration;
use super::instance::{Instance, Mode, Provider};
use super::operators::always_set;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::Presence;
use crate::value::{Array, Entry, Object, Reason, Reference, Unknown, Value, ValueKind};

/// The version of the format that is read: the major of `format_version`.
const FORMAT: &str = "1";

/// True for a document that `terraform show -json` printed.
pub fn is_plan(document: &Value) -> bool {
    let Some(object) = document.as_object() else { return false };
    let has = |name: &str| object.value(name).and_then(Value::as_object).is_some();
    object.value("format_version").is_some()
        && object.value("terraform_version").is_some()
        && (has("planned_values") || has("values"))
}

/// The resources of a plan or state; `sources` are the instances of the configuration it was made from, or none.
pub fn instances(document: &Value, sources: &[Instance]) -> (Vec<Instance>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let version = at(document, &["format_version"]).and_then(Value::as_str);
    if version.is_some_and(|version| version.split('.').next() != Some(FORMAT)) {
        let message = "this version of the plan format is not known; what it shares with the known one is read";
        diagnostics.push(Diagnostic::warning(Code::NotEvaluated, document.span, message));
    }
    let configuration = Configuration::new(at(document, &["configuration", "root_module"]));
    let reading = Reading {
        unknown: unknown_after_apply(document),
        sources: sources.iter().map(|instance| (&*instance.address, instance)).collect(),
        provider: Arc::new(configuration::provider(document)),
        configuration,
        instances: Vec::new(),
    };
    let instances = reading.read(document);
    (instances, diagnostics)
}

/// `resource_changes[].change.after_unknown`, by address.
fn unknown_after_apply(document: &Value) -> IndexMap<&str, &Value, FxBuildHasher> {
    let changes = at(document, &["resource_changes"]).and_then(Value::as_array);
    let changes = changes.map_or(&[][..], |array| &array.items).iter();
    changes
        .filter_map(|change| Some((at(change, &["address"])?.as_str()?, at(change, &["change", "after_unknown"])?)))
        .collect()
}

struct Reading<'d> {
    unknown: IndexMap<&'d str, &'d Value, FxBuildHasher>,
    sources: IndexMap<&'d str, &'d Instance, FxBuildHasher>,
    provider: Arc<Provider>,
    configuration: Configuration<'d>,
    instances: Vec<Instance>,
}

impl<'d> Reading<'d> {
    fn read(mut self, document: &'d Value) -> Vec<Instance> {
        // What is only read lies in the prior state of a plan, and among the resources of a state.
        for root in [
            &["prior_state", "values", "root_module"][..],
            &["planned_values", "root_module"],
            &["values", "root_module"],
        ] {
            if let Some(module) = at(document, root) {
                let only_data = root.first() == Some(&"prior_state");
                self.module(module, "", only_data, 0);
            }
        }
        self.instances
    }

    fn module(&mut self, module: &'d Value, address: &'d str, only_data: bool, depth: usize) {
        for resource in items(module, "resources") {
            self.resource(resource, address, only_data);
        }
        // The parser bounds the depth of the document; this bounds it again, cheaply.
        if depth < 64 {
            for child in items(module, "child_modules") {
                let address = at(child, &["address"]).and_then(Value::as_str).unwrap_or(address);
                self.module(child, address, only_data, depth.saturating_add(1));
            }
        }
    }

    fn resource(&mut self, resource: &'d Value, module: &str, only_data: bool) {
        let text = |name: &str| at(resource, &[name]).and_then(Value::as_str);
        let (Some(address), Some(block_type), Some(values)) =
            (text("address"), text("type"), at(resource, &["values"]))
        else {
            return;
        };
        let data = text("mode") == Some("data");
        if only_data && !data {
            return;
        }
        let source = self.sources.get(address).copied();
        let place = at(resource, &["address"]).map_or(resource.span, |address| address.span);
        let references =
            |path: &[&str]| self.configuration.references(module, data, block_type, text("name").unwrap_or(""), path);
        let name = text("name").unwrap_or("");
        let overlay = Overlay {
            address,
            references: &references,
            written: &|argument| self.configuration.is_written(module, data, block_type, name, argument),
        };
        let unknown = self.unknown.get(address).copied();
        let body = overlay.value(values, unknown, source.map(|source| &source.body), &mut Vec::new());
        let span = source.map_or(resource.span, |source| source.span);
        let header = source.map_or(place, |source| source.header);
        self.instances.push(Instance {
            address: address.into(),
            mode: if data { Mode::Data } else { Mode::Managed },
            block_type: block_type.into(),
            body: Value { span: header, ..body },
            span,
            header,
            callers: source.map_or_else(Vec::new, |source| source.callers.clone()),
            presence: if data { Presence::Existing } else { Presence::Certain },
            provider: source.map_or_else(|| self.provider.clone(), |source| source.provider.clone()),
        });
    }
}

/// Lays what is unknown, and the places of the sources, over the values of one resource.
struct Overlay<'o> {
    address: &'o str,
    references: &'o dyn Fn(&[&str]) -> Vec<Reference>,
    /// Whether the configuration sets an argument; `None` when the document does not tell.
    written: &'o dyn Fn(&str) -> Option<bool>,
}

impl Overlay<'_> {
    fn value<'v>(
        &self,
        value: &'v Value,
        unknown: Option<&'v Value>,
        source: Option<&Value>,
        path: &mut Vec<&'v str>,
    ) -> Value {
        if unknown.is_some_and(|unknown| unknown.as_bool() == Some(true)) {
            return self.unknown(value, source, path);
        }
        let span = source.map_or(value.span, |source| source.span);
        let kind = match &value.kind {
            ValueKind::Object(object) => {
                let source = source.and_then(Value::as_object);
                ValueKind::Object(Arc::new(self.object(object, unknown, source, path)))
            }
            ValueKind::Array(array) => {
                let unknowns = unknown.and_then(Value::as_array).map_or(&[][..], |array| &array.items);
                let sources = source.and_then(Value::as_array).map_or(&[][..], |array| &array.items);
                let mut items = Vec::with_capacity(array.items.len());
                for (index, item) in array.items.iter().enumerate() {
                    items.push(self.value(item, unknowns.get(index), sources.get(index), path));
                }
                ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() }))
            }
            kind => kind.clone(),
        };
        let origin = source.and_then(|source| source.origin.clone());
        Value { kind, span, origin }
    }

    fn object<'v>(
        &self,
        object: &'v Object,
        unknown: Option<&'v Value>,
        source: Option<&Object>,
        path: &mut Vec<&'v str>,
    ) -> Object {
        let mut merged = Object { rest: object.rest.clone(), ..Object::default() };
        for (name, entry) in &object.entries {
            let unknown = unknown.and_then(|unknown| at(unknown, &[name]));
            // A block that is not written is an empty list, whatever its kind.
            let empty = entry.value.as_array().is_some_and(|array| array.items.is_empty() && array.rest.is_none());
            if empty && unknown.is_none_or(|unknown| unknown.as_bool() != Some(true)) {
                continue;
            }
            let written = source.and_then(|source| source.get(name));
            path.push(name);
            let value = self.value(&entry.value, unknown, written.map(|entry| &entry.value), path);
            path.pop();
            let key_span = written.map_or(entry.key_span, |entry| entry.key_span);
            merged.entries.insert(name.clone(), Entry { key_span, value });
        }
        // Attributes that are not known at all are not among the values.
        let others = unknown.and_then(Value::as_object).into_iter().flat_map(|unknown| &unknown.entries);
        for (name, entry) in others.filter(|(name, _)| object.get(name).is_none()) {
            // What nobody wrote is left to the provider, as it is in the sources.
            let left_out = path.is_empty() && &**name != "id" && (self.written)(name) == Some(false);
            if entry.value.as_bool() == Some(true) && !left_out {
                let written = source.and_then(|source| source.get(name));
                path.push(name);
                let value = self.unknown(&entry.value, written.map(|entry| &entry.value), path);
                path.pop();
                let key_span = written.map_or(entry.key_span, |entry| entry.key_span);
                merged.entries.insert(name.clone(), Entry { key_span, value });
            }
        }
        merged
    }

    fn unknown(&self, value: &Value, source: Option<&Value>, path: &[&str]) -> Value {
        // The sources may know more: to which resource it refers, how its text starts.
        if let Some(source) = source.filter(|source| source.as_unknown().is_some_and(|it| !it.references.is_empty())) {
            return source.clone();
        }
        let span = source.map_or(value.span, |source| source.span);
        let mut unknown = Unknown::new(Reason::AfterApply);
        unknown.references = (self.references)(path);
        if let [name] = path
            && unknown.references.is_empty()
            && matches!(*name, "id" | "name")
        {
            unknown.references.push(Reference { address: self.address.into(), attribute: (*name).into() });
        }
        unknown.not_null = !unknown.references.is_empty()
            && unknown.references.iter().all(|it| always_set(it.attribute.rsplit('.').next().unwrap_or("")));
        Value::new(unknown, span)
    }
}

/// The value at a way of keys.
fn at<'v>(value: &'v Value, keys: &[&str]) -> Option<&'v Value> {
    keys.iter().try_fold(value, |value, key| value.as_object()?.value(key))
}

/// The elements of an array entry.
fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    at(value, &[key]).and_then(Value::as_array).map_or(&[], |array| &array.items)
}
