//! What one call of a module says: its address, its truths in YAML 1.1, rules of two spellings, and `azure_rm_resource`.
//!
//! In: evaluated arguments. Out: the same in the form that the mappings read, or a resource whose body is ARM already.

use std::sync::Arc;

use crate::model::{Coverage, Dialect, Presence, Resource, ResourceType};
use crate::source::Span;
use crate::value::{DefaultOf, Entry, Object, Value, ValueKind};

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
        let parts: Vec<String> = parts.flatten().filter_map(text).collect();
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
    let provider = text("provider")?;
    let namespace = if provider.contains('.') { provider.to_owned() } else { format!("Microsoft.{provider}") };
    let mut resource_type = format!("{namespace}/{}", text("resource_type")?);
    let mut name = arguments.get("resource_name").cloned();
    for below in arguments.value("subresource").and_then(Value::as_array).into_iter().flat_map(|it| &it.items) {
        let below = below.as_object()?;
        resource_type = format!("{resource_type}/{}", below.value("type")?.as_str()?);
        name = below.get("name").cloned();
    }
    let mut body = Object { rest: arguments.rest.clone(), ..Object::default() };
    match arguments.value("body").map(|it| &it.kind) {
        Some(ValueKind::Object(object)) => body = Object::clone(object),
        Some(ValueKind::Unknown(why)) => body.rest = Some(why.clone()),
        _ => {}
    }
    if let Some(name) = name {
        body.entries.insert("name".into(), name);
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
        parent: None,
        resource_group: arguments.value("resource_group_name").cloned(),
        provider_major: None,
    })
}
