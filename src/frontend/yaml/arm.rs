//! A resource as Resource Manager takes it, written as YAML: what `az container create --file` and `az containerapp create --yaml` read.
//!
//! In: a document with `properties`, and a `type` or properties that only one type has. Out: one resource with everything it says.

use std::sync::Arc;

use crate::model::{Coverage, Dialect, Lowered, Presence, Resource, ResourceType};
use crate::value::{Entry, Object, Value};

/// The type of a document, and the entry that stands for it. Neither command asks for a `type`.
pub(super) fn resource_type(object: &Object) -> Option<(&str, &Entry)> {
    let properties = object.get("properties")?;
    let inner = properties.value.as_object()?;
    if let Some(entry) = object.get("type") {
        let written = entry.value.as_str()?;
        return (written.starts_with("Microsoft.") && written.contains('/')).then_some((written, entry));
    }
    let is_list = |holder: &Object, key: &str| holder.value(key).is_some_and(|it| it.as_array().is_some());
    let part = |key: &str| inner.value(key).and_then(Value::as_object);
    let has = |keys: &[&str]| keys.iter().any(|key| inner.get(key).is_some());
    if object.get("kind").is_some() {
        None
    } else if part("template").is_some_and(|it| is_list(it, "containers")) {
        let is_job = part("configuration").is_some_and(|it| it.get("triggerType").is_some());
        Some((if is_job { "Microsoft.App/jobs" } else { "Microsoft.App/containerApps" }, properties))
    } else if is_list(inner, "containers") && has(&["osType", "ipAddress", "imageRegistryCredentials", "restartPolicy"])
    {
        Some(("Microsoft.ContainerInstance/containerGroups", properties))
    } else {
        None
    }
}

/// What `az containerapp update --yaml` takes: the environment of the app is not said.
fn is_change(object: &Object) -> bool {
    let properties = object.value("properties").and_then(Value::as_object);
    let says = |key: &str| properties.is_some_and(|it| it.get(key).is_some());
    says("template") && !says("managedEnvironmentId") && !says("environmentId")
}

/// Lowers one document.
pub(super) fn lower(root: &Value, lowered: &mut Lowered) {
    let Some(object) = root.as_object() else { return };
    let Some((resource_type, entry)) = resource_type(object) else { return };
    let is_part = object.get("type").is_none() && is_change(object);
    let header = if object.get("type").is_some() { entry.key_span.to(entry.value.span) } else { entry.key_span };
    let mut body = Object { rest: object.rest.clone(), ..Object::default() };
    for (key, entry) in
        object.entries.iter().filter(|(key, _)| !matches!(&***key, "id" | "resourceGroup" | "systemData"))
    {
        body.entries.insert(key.clone(), entry.clone());
    }
    let name = object.value("name").and_then(Value::as_str).unwrap_or("?");
    let address: Arc<str> = format!("{resource_type}/{name}").into();
    lowered.unread.push(super::machine_learning::others(&address, header));
    lowered.resources.push(Resource {
        address,
        resource_type: ResourceType::new(resource_type),
        source_type: resource_type.into(),
        dialect: Dialect::Yaml,
        body: Value::object(body, root.span),
        coverage: Arc::new(if is_part { Coverage::none() } else { Coverage::complete() }),
        span: root.span,
        header,
        callers: Vec::new(),
        // What is said of an app that exists already is a part of it.
        presence: if is_part { Presence::Partial } else { Presence::Certain },
        parent: None,
        resource_group: object.value("resourceGroup").cloned(),
        provider_major: None,
    });
}
