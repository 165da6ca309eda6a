//! A resource as Resource Manager takes it, written as YAML: what `az container create --file` and `az containerapp create --yaml` read.
//!
//! In: a document with `type` and `properties`. Out: one resource with everything it says.

use std::sync::Arc;

use crate::model::{Coverage, Dialect, Lowered, Presence, Resource, ResourceType};
use crate::value::{Object, Value};

/// Lowers one document.
pub(super) fn lower(root: &Value, lowered: &mut Lowered) {
    let Some(object) = root.as_object() else { return };
    let Some((resource_type, entry)) = object.get("type").and_then(|it| Some((it.value.as_str()?, it))) else { return };
    let mut body = Object { rest: object.rest.clone(), ..Object::default() };
    for (key, entry) in
        object.entries.iter().filter(|(key, _)| !matches!(&***key, "id" | "resourceGroup" | "systemData"))
    {
        body.entries.insert(key.clone(), entry.clone());
    }
    let name = object.value("name").and_then(Value::as_str).unwrap_or("?");
    let address: Arc<str> = format!("{resource_type}/{name}").into();
    lowered.unread.push(super::machine_learning::others(&address, entry.key_span.to(entry.value.span)));
    lowered.resources.push(Resource {
        address,
        resource_type: ResourceType::new(resource_type),
        source_type: resource_type.into(),
        dialect: Dialect::Yaml,
        body: Value::object(body, root.span),
        coverage: Arc::new(Coverage::complete()),
        span: root.span,
        header: entry.key_span.to(entry.value.span),
        callers: Vec::new(),
        presence: Presence::Certain,
        parent: None,
        resource_group: object.value("resourceGroup").cloned(),
        provider_major: None,
    });
}
