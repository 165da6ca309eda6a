//! What one call of a module says: its address, its truths in YAML 1.1, rules of two spellings, and `azure_rm_resource`.
//!
//! In: evaluated arguments. Out: the same in the form that the mappings read, or a resource whose body is ARM already.

use std::sync::Arc;

use crate::model::{Coverage, Dialect, Link, Presence, Resource, ResourceType, Target};
use crate::source::Span;
use crate::value::{DefaultOf, Entry, Object, Reason, Unknown, Value, ValueKind};

/// The name that tells a task's resource from others.
pub(super) fn address(module: &str, arguments: &Object, task: &Object) -> Arc<str> {
    let text = |value: &Value| match &value.kind {
        ValueKind::String(text) => Some(text.to_string()),
        ValueKind::Unknown(why) => why.symbol.as_ref().map(ToString::to_string),
        _ => None,
    };
    let names = ["name", "vault_name", "key_name", "secret_name", "resource_name", "service_name", "container"];
    if module == "azure_rm_resource" {
        let below = arguments.value("subresource").and_then(Value::as_array).into_iter().flat_map(|it| &it.items);
        let objects = std::iter::once(arguments).chain(below.filter_map(Value::as_object));
        let parts = objects.flat_map(|it| ["resource_type", "resource_name", "type", "name"].map(|key| it.value(key)));
        let parts: Vec<String> = parts.chain([arguments.value("url")]).flatten().filter_map(text).collect();
        return format!("resource[{}]", parts.join("/")).into();
    }
    let own = names.iter().find_map(|key| arguments.value(key)).and_then(text);
    let own = own.or_else(|| task.value("name").and_then(Value::as_str).map(str::to_owned));
    let kind = module.strip_prefix("azure_rm_").unwrap_or(module);
    let outer = ["server_name", "virtual_network_name", "keyvault_uri", "storage_account_name", "account_name"]
        .iter()
        .find_map(|key| arguments.value(key));
    let name = own.unwrap_or_else(|| "?".to_owned());
    match outer.and_then(text) {
        Some(outer) => format!("{kind}[{outer}/{name}]").into(),
        None => format!("{kind}[{name}]").into(),
    }
}

/// Arguments that links are made of, by their present names.
pub(super) fn aliases(arguments: &mut Object) {
    let pairs = [
        ("virtual_network", "virtual_network_name"),
        ("resource_group", "resource_group_name"),
        ("storage_account", "storage_account_name"),
        ("container_name", "container"),
    ];
    for (alias, name) in pairs {
        if !arguments.entries.contains_key(name)
            && let Some(entry) = arguments.entries.shift_remove(alias)
        {
            arguments.entries.insert(name.into(), entry);
        }
    }
}

/// Starts, stops or generalizes a machine that something else made.
pub(super) fn only_acts(module: &str, arguments: &Object) -> bool {
    let acts = ["started", "allocated", "generalized", "restarted"];
    let names = ["resource_group_name", "name", "state", "force"];
    let is_act = |key: &str| acts.contains(&key);
    module == "azure_rm_virtualmachine"
        && arguments.rest.is_none()
        && arguments.entries.keys().any(|key| is_act(key))
        && arguments.entries.keys().all(|key| is_act(key) || names.contains(&&**key))
}

/// `yes` and `no` are truths to a module; what users name stays a text.
pub(super) fn truths(object: &mut Object) {
    for (key, entry) in &mut object.entries {
        if !matches!(&**key, "tags" | "app_settings" | "name" | "value" | "environment_variables") {
            truth(&mut entry.value);
        }
    }
}

fn truth(value: &mut Value) {
    match &mut value.kind {
        ValueKind::String(text) => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "true" => value.kind = true.into(),
            "no" | "off" | "false" => value.kind = false.into(),
            _ => {}
        },
        ValueKind::Array(array) => Arc::make_mut(array).items.iter_mut().for_each(truth),
        ValueKind::Object(object) => truths(Arc::make_mut(object)),
        _ => {}
    }
}

/// A list of ranges goes to the plural property; what is not written is everything.
pub(super) fn split_ranges(rule: &mut Value) {
    let span = rule.span;
    let ValueKind::Object(rule) = &mut rule.kind else { return };
    let rule = Arc::make_mut(rule);
    let keys = [
        ("source_port_range", "source_port_ranges"),
        ("destination_port_range", "destination_port_ranges"),
        ("source_address_prefix", "source_address_prefixes"),
        ("destination_address_prefix", "destination_address_prefixes"),
    ];
    for (one, many) in keys {
        match rule.entries.get_mut(one) {
            Some(entry) if entry.value.as_array().is_some() => {
                if let Some(mut entry) = rule.entries.shift_remove(one) {
                    in_text(&mut entry.value);
                    rule.entries.insert(many.into(), entry);
                }
            }
            Some(entry) if entry.value.as_number().is_some() => in_text(&mut entry.value),
            Some(_) => {}
            None => {
                let groups = one.replace("address_prefix", "application_security_groups");
                if rule.entries.contains_key(groups.as_str()) || rule.rest.is_some() {
                    continue;
                }
                let value = Value::new("*", span).as_default(DefaultOf::Service { api_version: "any".into() });
                rule.entries.insert(one.into(), Entry { key_span: span, value });
            }
        }
    }
}

/// Ports are texts to Azure.
fn in_text(value: &mut Value) {
    match &mut value.kind {
        ValueKind::Number(number) => value.kind = number.to_string().into(),
        ValueKind::Array(array) => Arc::make_mut(array).items.iter_mut().for_each(in_text),
        _ => {}
    }
}

/// `azure_rm_resource`: any type, with its ARM body.
pub(super) fn generic(
    address: &Arc<str>,
    arguments: &Object,
    span: Span,
    header: Span,
    presence: Presence,
) -> Option<Resource> {
    let text = |key: &str| arguments.value(key).and_then(Value::as_str);
    if text("method").is_some_and(|it| !it.eq_ignore_ascii_case("put")) {
        return None;
    }
    let Named { resource_type, names, parent } = match arguments.value("url") {
        Some(url) => Named::of_url(url)?,
        None => Named::of_parts(arguments)?,
    };
    let mut body = Object { rest: arguments.rest.clone(), ..Object::default() };
    match arguments.value("body").map(|it| &it.kind) {
        Some(ValueKind::Object(object)) => body = Object::clone(object),
        Some(ValueKind::Unknown(why)) => body.rest = Some(why.clone()),
        _ => {}
    }
    if let Some(name) = names.last() {
        body.insert("name", name.span, name.clone());
    }
    if let Some(api) = arguments.get("api_version") {
        body.entries.insert("apiVersion".into(), api.clone());
    }
    Some(Resource {
        address: address.clone(),
        resource_type: ResourceType::new(resource_type),
        source_type: "azure_rm_resource".into(),
        dialect: Dialect::Yaml,
        body: Value::object(body, span),
        coverage: Arc::new(Coverage::complete()),
        span,
        header,
        callers: Vec::new(),
        presence,
        parent,
        resource_group: arguments.value("resource_group_name").cloned(),
        provider_major: None,
    })
}

/// Which resource a call of `azure_rm_resource` is about.
#[derive(Default)]
struct Named {
    resource_type: String,
    names: Vec<Value>,
    /// What holds it, or what it extends.
    parent: Option<Link>,
}

impl Named {
    /// By `provider`, `resource_type` and `subresource`, of which one with a `namespace` extends what stands before it.
    fn of_parts(arguments: &Object) -> Option<Self> {
        let text = |object: &Object, key: &str| object.value(key).and_then(Value::as_str).map(str::to_owned);
        let namespace = |it: String| if it.contains('.') { it } else { format!("Microsoft.{it}") };
        let mut found = Self::default();
        let name = arguments.value("resource_name").cloned();
        found.below(Some(&namespace(text(arguments, "provider")?)), &text(arguments, "resource_type")?, name);
        for below in arguments.value("subresource").and_then(Value::as_array).into_iter().flat_map(|it| &it.items) {
            let below = below.as_object()?;
            let of = text(below, "namespace").map(namespace);
            found.below(of.as_deref(), &text(below, "type")?, below.value("name").cloned());
        }
        Some(found)
    }

    /// By what follows `/providers/`, once or more.
    fn of_url(url: &Value) -> Option<Self> {
        let text = url.as_str().or_else(|| url.as_unknown()?.symbol.as_deref())?;
        let mut found = Self::default();
        let (before, _) = text.split_once("/providers/")?;
        for part in text.split('?').next()?.split("/providers/").skip(1) {
            let mut segments = part.split('/').filter(|it| !it.is_empty());
            let mut namespace = segments.next();
            while let Some(kind) = segments.next() {
                let name = segments.next().map(|name| segment(name, url));
                found.below(namespace.take(), kind, name);
            }
        }
        // The id of another resource, filled in, stands before what extends that.
        let extended = url.as_unknown().filter(|it| before.starts_with('{') && it.references.len() == 1);
        if let (None, Some(why)) = (&found.parent, extended) {
            let why = Unknown { prefix: None, symbol: None, ..Unknown::clone(why) };
            found.parent = Some(Link { target: Target::Value(Value::new(why, url.span)), scope: true, span: url.span });
        }
        (!found.resource_type.is_empty()).then_some(found)
    }

    fn below(&mut self, namespace: Option<&str>, kind: &str, name: Option<Value>) {
        let before = std::mem::take(&mut self.resource_type);
        let scope = namespace.is_some();
        if !before.is_empty() {
            let target = match self.names.as_slice() {
                [only] if only.as_unknown().is_some_and(|it| !it.references.is_empty()) => Target::Value(only.clone()),
                names => Target::Named { resource_type: ResourceType::new(before.as_str()), names: names.to_vec() },
            };
            self.parent = self.names.last().map(|last| Link { target, scope, span: last.span });
        }
        if scope {
            self.names.clear();
        }
        self.resource_type = namespace.map_or_else(|| format!("{before}/{kind}"), |it| format!("{it}/{kind}"));
        self.names.extend(name);
    }
}

/// A name in a URL, of which some may be filled in.
fn segment(name: &str, url: &Value) -> Value {
    if !name.contains('{') {
        return Value::new(name, url.span);
    }
    let why = url
        .as_unknown()
        .map_or_else(|| Unknown::new(Reason::NotEvaluated("a part of the URL".into())), |it| Unknown::clone(it));
    Value::new(Unknown { prefix: None, symbol: Some(name.into()), not_null: true, ..why }, url.span)
}
