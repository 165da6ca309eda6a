//! Objects that others hold and make: the items of a list, the templates of kro, `OpenShift` and Cluster API, the manifest of an `Object`.
//!
//! In: an object for a cluster. Out: the objects inside of it; none when it is no holder. What an expression of kro decides is unknown.

use super::manifest::Manifest;
use super::placeholder;
use crate::value::{Object, Value};

/// What an object holds, when it is a holder.
pub(super) fn objects(holder: &Manifest) -> Option<Vec<Value>> {
    let object = &*holder.object;
    match (&*holder.group, &*holder.kind) {
        (_, "List") => Some(items(object, &["items"])),
        ("template.openshift.io", "Template") => Some(items(object, &["objects"])),
        ("kro.run", "ResourceGraphDefinition" | "ResourceGroup") => {
            let resources = items(object, &["spec", "resources"]);
            let template = |it: &Value| it.as_object()?.value("template").cloned();
            let mut made: Vec<Value> = resources.iter().filter_map(template).collect();
            made.iter_mut().for_each(placeholder::expressions);
            Some(made)
        }
        ("infrastructure.cluster.x-k8s.io", kind) if kind.starts_with("AzureASOManaged") => {
            let outer: &[&str] = if kind.ends_with("Template") { &["spec", "template", "spec"] } else { &["spec"] };
            Some(items(object, &[outer, &["resources"]].concat()))
        }
        ("kubernetes.crossplane.io" | "kubernetes.m.crossplane.io", "Object") => {
            Some(at(object, &["spec", "forProvider", "manifest"]).into_iter().cloned().collect())
        }
        _ => None,
    }
}

fn items(object: &Object, path: &[&str]) -> Vec<Value> {
    at(object, path).and_then(Value::as_array).map(|it| it.items.clone()).unwrap_or_default()
}

fn at<'o>(object: &'o Object, path: &[&str]) -> Option<&'o Value> {
    let (last, outer) = path.split_last()?;
    outer.iter().try_fold(object, |object, key| object.value(key)?.as_object())?.value(last)
}
