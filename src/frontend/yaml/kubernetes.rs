//! Kubernetes objects that expose or leak, as pseudo types that Azure does not have.
//!
//! In: a [`Manifest`] of a workload or of a way to reach one. Out: a resource of type `Kubernetes/<Kind>`: `name`, `annotations`,
//! `labels`; `properties` is the `spec`; of a secret, `properties.stringData` and `properties.data`, and `properties.literals`: what
//! of it is written in the text. A workload is the pod that it makes, `Kubernetes/Pod`, so that a policy is written on pods once.

use std::sync::Arc;

use base64::Engine as _;

use super::manifest::Manifest;
use crate::azure::secrets::recognise;
use crate::model::{Coverage, Dialect, Lowered, Resource, ResourceType};
use crate::source::Span;
use crate::value::{Entry, Object, Value};

/// Lowers one object.
pub(super) fn lower(manifest: &Manifest, lowered: &mut Lowered) {
    let object = &manifest.object;
    let kind = &*manifest.kind;
    if is_of_another_cloud(manifest) {
        return;
    }
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
        data.insert("literals", manifest.header, literals(object, manifest.header));
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
        // Istio's gateway is none of the Gateway API.
        None if &*manifest.group == "networking.istio.io" => "IstioGateway",
        None => kind,
    };
    lowered.resources.push(resource(manifest, kind, body));
}

/// Ways into a cluster that only the load balancers of other clouds understand.
fn is_of_another_cloud(manifest: &Manifest) -> bool {
    let marks = [
        "service.beta.kubernetes.io/aws-",
        "service.beta.kubernetes.io/oci-",
        "service.beta.kubernetes.io/do-",
        "service.beta.kubernetes.io/scw-",
        "service.beta.kubernetes.io/exoscale-",
        "oci.oraclecloud.com/",
        "alb.ingress.kubernetes.io/",
        "cloud.google.com/",
        "networking.gke.io/",
    ];
    let annotations = manifest.metadata("annotations");
    let mut names = annotations.into_iter().flat_map(|it| it.entries.keys());
    let spec = manifest.object.value("spec").and_then(Value::as_object);
    let class = spec.and_then(|it| it.value("gatewayClassName")).and_then(Value::as_str).unwrap_or("");
    if ["amazon-", "aws-", "gke-"].iter().any(|it| class.starts_with(it)) {
        return true;
    }
    matches!(&*manifest.kind, "Service" | "Ingress")
        && names.any(|name| marks.iter().any(|mark| name.starts_with(mark)))
}

/// What of a secret stands in the text: not what is filled in later, nor what everybody may know.
fn literals(object: &Object, header: Span) -> Value {
    let written = ["data", "stringData"].into_iter().flat_map(|holder| {
        let entries = object.value(holder).and_then(Value::as_object).into_iter().flat_map(|it| &it.entries);
        entries.filter(move |(name, entry)| {
            let text = entry.value.as_str().unwrap_or("");
            let decoded =
                (holder == "data").then(|| base64::engine::general_purpose::STANDARD.decode(text.trim()).ok());
            let decoded = decoded.flatten().and_then(|it| String::from_utf8(it).ok());
            is_literal(name, decoded.as_deref().unwrap_or(text))
        })
    });
    let item = |(name, entry): (&Arc<str>, &Entry)| {
        let span = entry.key_span.to(entry.value.span);
        let mut made = Object::default();
        made.insert("name", entry.key_span, Value::new(name.clone(), entry.key_span));
        made.insert("value", entry.key_span, entry.value.clone());
        Value::object(made, span)
    };
    Value::array(written.map(item).collect(), header)
}

fn is_literal(name: &str, text: &str) -> bool {
    let is_id = name.to_ascii_lowercase().ends_with("id") && text.len() == 36 && text.matches('-').count() == 4;
    let is_public = text.contains("BEGIN CERTIFICATE") && !text.contains("PRIVATE KEY");
    let plain = ["user", "username", "host", "hostname", "port", "database", "dbname", "namespace", "region", "type"];
    let is_setting =
        matches!(text.trim(), "" | "true" | "false") || plain.iter().any(|it| name.eq_ignore_ascii_case(it));
    !(is_id || is_public || is_setting || recognise::is_reference(text) || recognise::is_placeholder(text))
}

fn resource(manifest: &Manifest, kind: &str, body: Object) -> Resource {
    Resource {
        address: manifest.address(),
        resource_type: ResourceType::new(format!("Kubernetes/{kind}")),
        source_type: manifest.kind.clone(),
        dialect: Dialect::Yaml,
        body: Value::object(body, manifest.span),
        // What a patch leaves out may stand in what it changes.
        coverage: Arc::new(if manifest.is_part { Coverage::none() } else { Coverage::complete() }),
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
fn pod_of(manifest: &Manifest) -> Option<&Entry> {
    let mut at: &Object = &manifest.object;
    let path: &[&str] = match &*manifest.kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => {
            &["spec", "template"]
        }
        "CronJob" => &["spec", "jobTemplate", "spec", "template"],
        _ => return None,
    };
    for key in path {
        at = at.value(key)?.as_object()?;
    }
    at.get("spec")
}
