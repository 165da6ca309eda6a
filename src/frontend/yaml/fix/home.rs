//! Where the arguments of a resource are written, and in whose words: each dialect's shape read backwards.
//!
//! In: a document and the resource that it declares. Out: [`Home`]: the mapping that surely exists, the keys from there to the
//! arguments, and the [`Words`] that ARM paths are written in. Follows what `aso`, `crossplane`, `pulumi`, `ansible` and the
//! others read.

use super::super::ansible::module_of;
use super::super::detect::{Shape, shape};
use super::super::manifest::Manifest;
use super::super::{machine_learning, tables};
use crate::edit::Refusal;
use crate::model::Resource;
use crate::source::Span;
use crate::value::{Object, Value, ValueKind};

/// Where arguments stand.
pub(super) struct Home {
    /// A mapping that exists.
    pub(super) root: Value,
    /// The keys from there to the arguments.
    pub(super) above: Vec<&'static str>,
    pub(super) words: Words,
    /// Truths are those of YAML 1.1.
    pub(super) truths: bool,
}

/// How an ARM path is written.
pub(super) enum Words {
    /// As it is.
    Arm,
    /// What lies below `properties` stands beside the rest unless the type keeps it; names that the dialect has of its own.
    Flat { renamed: bool, wrapped: bool },
    /// Through the mapping of this name.
    Mapped { mapping: String, camel: bool, lists: bool },
    /// `properties` is the `spec` of the pods, or of the object.
    Kubernetes { spec: &'static [&'static str], secret: bool },
}

/// The home of a resource's arguments.
pub(super) fn home(document: &Value, resource: &Resource) -> Result<Home, Refusal> {
    let lost = || Refusal::new("the declaration was not found");
    let home =
        |root: &Value, above: Vec<&'static str>, words: Words| Home { root: root.clone(), above, words, truths: false };
    match shape(document).ok_or_else(lost)? {
        Shape::Arm => Ok(home(document, Vec::new(), Words::Arm)),
        Shape::MachineLearning => {
            let object = document.as_object().ok_or_else(lost)?;
            let (_, mapping) = machine_learning::mapping(object).ok_or_else(lost)?;
            let words = Words::Mapped { mapping: mapping.to_owned(), camel: false, lists: false };
            Ok(home(document, Vec::new(), words))
        }
        Shape::Pulumi => {
            let declared = declared(document, resource.span).ok_or_else(lost)?;
            let token =
                declared.as_object().and_then(|it| it.value("type")).and_then(Value::as_str).ok_or_else(lost)?;
            Ok(home(declared, vec!["properties"], pulumi(token).ok_or_else(lost)?))
        }
        Shape::Kustomization => Err(Refusal::new("a kustomization makes it of literals")),
        Shape::Manifest => {
            let root = holder(document, resource.span, &|it| !Manifest::all(it).is_empty()).ok_or_else(lost)?;
            let manifest = Manifest::all(root).into_iter().find(|it| it.span == root.span).ok_or_else(lost)?;
            manifested(root, &manifest).ok_or_else(lost)
        }
        Shape::Ansible => {
            let is_task = |it: &Value| it.as_object().is_some_and(|it| module_of(it).is_some());
            let task = holder(document, resource.span, &is_task).ok_or_else(lost)?;
            let (module, entry) = task.as_object().and_then(module_of).ok_or_else(lost)?;
            let generic = module == "azure_rm_resource";
            let words = if generic {
                Words::Arm
            } else {
                Words::Mapped { mapping: module.to_owned(), camel: false, lists: false }
            };
            let above = if generic { vec!["body"] } else { Vec::new() };
            Ok(Home { truths: true, ..home(&entry.value, above, words) })
        }
    }
}

fn pulumi(token: &str) -> Option<Words> {
    let (provider, rest) = token.split_once(':')?;
    if provider == "azure-native" {
        let (module, kind) = rest.split_once(':')?;
        let wrapped = tables::keeps_properties(module.split('/').next().unwrap_or(module), kind);
        return Some(Words::Flat { renamed: true, wrapped });
    }
    let (module, kind) = rest.split_once(':')?;
    let azurerm = tables::classic(module.split('/').next().unwrap_or(module), kind)?;
    Some(Words::Mapped { mapping: format!("azurerm_{azurerm}"), camel: true, lists: false })
}

fn manifested(root: &Value, manifest: &Manifest) -> Option<Home> {
    let home = |above, words| Some(Home { root: root.clone(), above, words, truths: false });
    if manifest.is_service_operator() {
        return home(vec!["spec"], Words::Flat { renamed: false, wrapped: false });
    }
    if let Some(group) = manifest.crossplane_group() {
        let mapping = format!("azurerm_{}", tables::crossplane(group, &manifest.kind)?);
        // Blocks of which there is one are lists in the first version of the provider of clusters, objects ever since.
        let lists = &*manifest.version == "v1beta1" && !manifest.group.ends_with(".m.upbound.io");
        return home(vec!["spec", "forProvider"], Words::Mapped { mapping, camel: true, lists });
    }
    let spec: &[&str] = match &*manifest.kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => &["spec", "template", "spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => &["spec"],
    };
    home(Vec::new(), Words::Kubernetes { spec, secret: &*manifest.kind == "Secret" })
}

/// The resource of a program that stands at a span, or around it.
fn declared(document: &Value, span: Span) -> Option<&Value> {
    let resources: &Object = document.as_object()?.value("resources")?.as_object()?;
    let holds = |key: Span, value: &Value| key.to(value.span).contains(span);
    resources.entries.iter().find(|(_, it)| holds(it.key_span, &it.value)).map(|(_, entry)| &entry.value)
}

/// The innermost value of a kind that holds a span.
fn holder<'v>(value: &'v Value, span: Span, is_meant: &dyn Fn(&Value) -> bool) -> Option<&'v Value> {
    if !value.span.contains(span) {
        return None;
    }
    let below = match &value.kind {
        ValueKind::Object(object) => object.entries.iter().find_map(|(_, it)| holder(&it.value, span, is_meant)),
        ValueKind::Array(array) => array.items.iter().find_map(|it| holder(it, span, is_meant)),
        _ => None,
    };
    below.or_else(|| is_meant(value).then_some(value))
}
