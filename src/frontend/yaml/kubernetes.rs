//! Kubernetes objects that expose or leak, as pseudo types that Azure does not have.
//!
//! In: a [`Manifest`] of a workload or of a way to reach one. Out: a resource of type `Kubernetes/<Kind>`: `name`, `annotations`,
//! `labels`; `properties` is the `spec`; of a secret, `properties.stringData` and `properties.data`. A workload is the
//! pod that it makes, `Kubernetes/Pod`, so that a policy is written on pods once.

use std::sync::Arc;

use super::manifest::Manifest;
use crate::model::{Coverage, Dialect, Lowered, Resource, ResourceType};
use crate::value::{Object, Value};

/// Lowers one object.
pub(super) fn lower(manifest: &Manifest, lowered: &mut Lowered) {
    let object = &manifest.object;
    let kind = &*manifest.kind;
    let mut body = Object::default();
    if let Some(name) = &manifest.name {
        body.insert("name", name.span, name.clone());
    }
    let metadata = object.value("metadata").and_then(Value::as_object);
    for key in ["annotations", "labels", "namespace"] {
        if let Some(entry) = metadata.and_then(|it| it.get(key)) {
            body.entries.insert(key.into(), entry.clone());
        }
    }
    if kind == "Secret" {
        let mut data = Object::default();
        for key in ["type", "data", "stringData"] {
            if let Some(entry) = object.get(key) {
                data.entries.insert(key.into(), entry.clone());
            }
        }
        body.insert("properties", manifest.header, Value::object(data, manifest.span));
    } else if let Some(spec) = object.get("spec") {
        body.insert("properties", spec.key_span, spec.value.clone());
    }
    // What a workload does is what its pods do.
    let kind = match pod_of(manifest) {
        Some(pod) => {
            body.insert("properties", pod.key_span, pod.value.clone());
            "Pod"
        }
        None => kind,
    };
    lowered.resources.push(resource(manifest, kind, body));
}

fn resource(manifest: &Manifest, kind: &str, body: Object) -> Resource {
    Resource {
        address: manifest.address(),
        resource_type: ResourceType::new(format!("Kubernetes/{kind}")),
        source_type: manifest.kind.clone(),
        dialect: Dialect::Yaml,
        body: Value::object(body, manifest.span),
        coverage: Arc::new(Coverage::complete()),
        span: manifest.span,
        header: manifest.header,
        callers: Vec::new(),
        presence: manifest.presence(false),
        parent: None,
        resource_group: None,
        provider_major: None,
    }
}

/// The `spec` of the pods that a workload makes.
fn pod_of(manifest: &Manifest) -> Option<&crate::value::Entry> {
    let mut at: &Object = &manifest.object;
    let path: &[&str] = match &*manifest.kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => &["spec", "template"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template"],
        _ => return None,
    };
    for key in path {
        at = at.value(key)?.as_object()?;
    }
    at.get("spec")
}
