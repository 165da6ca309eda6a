//! Which YAML texts declare Azure, and what shape each of their documents has.
//!
//! In: a text, then its parsed documents. Out: whether to parse at all, and the [`Shape`] of a document. A look at the text comes
//! first, because most YAML is none of ours. Knows how each dialect looks, not what it means.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::kustomize;
use super::machine_learning;
use super::manifest::Manifest;
use super::pulumi::is_azure;
use crate::value::{Entry, Object, Value};

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A Pulumi program.
    Pulumi,
    /// Objects for a cluster: Azure Service Operator, Crossplane, or Kubernetes itself.
    Manifest,
    /// What Kustomize makes of the manifests around it.
    Kustomization,
    /// An Ansible playbook or list of tasks.
    Ansible,
    /// A resource as Resource Manager takes it, written as YAML.
    Arm,
    /// What `az ml` takes.
    MachineLearning,
}

impl Shape {
    /// True for what is deployed together with what lies beside it.
    pub(super) fn is_of_clusters(self) -> bool {
        matches!(self, Self::Manifest | Self::Kustomization)
    }
}

/// Marks of a text that declares Azure, whatever else it is.
const STRONG: [&str; 13] = [
    "azure-native:",
    "type: azure:",
    ".azure.com/v",
    "azure.upbound.io/",
    "azure.m.upbound.io/",
    "azure.crossplane.io/",
    "azure_rm_",
    "Microsoft.App/",
    "Microsoft.ContainerInstance/",
    // What `az containerapp` and `az container` take without a type.
    "managedEnvironmentId:",
    "activeRevisionsMode:",
    "replicaRetryLimit:",
    "memoryInGB:",
];

/// Kinds of Kubernetes that are judged.
pub(super) const KINDS: [&str; 14] = [
    "Service",
    "Ingress",
    "Gateway",
    "Secret",
    "Pod",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "Job",
    "CronJob",
    "SecretProviderClass",
    "NginxIngressController",
];

/// True when a text is worth parsing.
pub fn may_be_input(text: &str) -> bool {
    declares_azure(text) || declares_workload(text) || is_playbook(text) || uses_components(text) || changes_app(text)
}

/// True for a text that can hardly be anything else.
pub(super) fn declares_azure(text: &str) -> bool {
    static FINDERS: LazyLock<[Finder<'static>; STRONG.len()]> = LazyLock::new(|| STRONG.map(Finder::new));
    FINDERS.iter().any(|mark| mark.find(text.as_bytes()).is_some()) || machine_learning::names_schema(text)
}

/// The same as `contains`, by the vectors of the machine.
pub(super) fn has(text: &str, mark: &str) -> bool {
    memmem::find(text.as_bytes(), mark.as_bytes()).is_some()
}

/// What `az containerapp update --yaml` takes, which may name neither the type nor the environment.
fn changes_app(text: &str) -> bool {
    ["properties:", "template:", "containers:", "image:"].iter().all(|mark| text.contains(mark))
        && !text.contains("apiVersion:")
}

/// A playbook whose roles or included files may use Azure.
fn is_playbook(text: &str) -> bool {
    has(text, "hosts:") && ["roles:", "_role:", "_tasks:"].iter().any(|it| has(text, it))
}

fn declares_workload(text: &str) -> bool {
    has(text, "apiVersion:") && memmem::find_iter(text.as_bytes(), "kind:").any(|at| names_workload(text, at))
        || has(text, "secretGenerator:")
}

/// True where the key of a kind that is judged starts a line, or follows the dash of an item.
fn names_workload(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let start = before.trim_end_matches(['-', ' ']);
    let kind = || after.strip_prefix("kind:").and_then(|it| it.lines().next()).unwrap_or("").trim();
    let is_judged = |kind: &str| matches!(kind, "List" | "Kustomization") || KINDS.contains(&kind);
    (start.is_empty() || start.ends_with('\n')) && is_judged(kind().trim_matches(['"', '\'']))
}

/// The first line that a template engine must fill before the text is YAML.
pub(super) fn template_line(text: &str) -> Option<(usize, usize)> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let value = trimmed.split_once(": ").map_or(trimmed, |(_, value)| value.trim_start());
        let value = value.trim_start_matches("- ").trim_start();
        if trimmed.starts_with("{{") || value.starts_with("{{") {
            let indent = line.len().saturating_sub(line.trim_start().len());
            return Some((start + indent, start + indent + trimmed.len()));
        }
        start += line.len();
    }
    None
}

/// The shape of a document; none for everything that declares nothing that is judged.
pub(super) fn shape(root: &Value) -> Option<Shape> {
    if let Some(object) = root.as_object() {
        return of_object(root, object);
    }
    let tasks = root.as_array()?;
    tasks.items.iter().any(super::ansible::is_play_or_task).then_some(Shape::Ansible)
}

fn of_object(root: &Value, object: &Object) -> Option<Shape> {
    if is_program(object) {
        return Some(Shape::Pulumi);
    }
    if machine_learning::mapping(object).is_some() {
        return Some(Shape::MachineLearning);
    }
    if Manifest::all(root).iter().any(is_judged) {
        return Some(Shape::Manifest);
    }
    if kustomize::is_kustomization(object) {
        return Some(Shape::Kustomization);
    }
    super::arm::resource_type(object).map(|_| Shape::Arm)
}

fn is_program(object: &Object) -> bool {
    let part = |holder: &Object, key: &str| holder.value(key).and_then(Value::as_object).cloned().unwrap_or_default();
    let names = |holder: &Object, is: fn(&str) -> bool| {
        let token = |entry: &Entry| entry.value.as_object().and_then(|it| it.value("type")?.as_str()).is_some_and(is);
        part(holder, "resources").entries.values().any(token)
    };
    let component = |entry: &Entry| entry.value.as_object().is_some_and(|it| names(it, is_azure));
    names(object, is_azure)
        || part(object, "components").entries.values().any(component)
        || (object.get("packages").is_some() && names(object, |token| token.contains(':')))
}

/// A program of Pulumi whose resources may be those of a component.
fn uses_components(text: &str) -> bool {
    has(text, "\npackages:") && has(text, "\nresources:")
}

/// True for an object of a cluster that some policy may speak of.
pub(super) fn is_judged(manifest: &Manifest) -> bool {
    manifest.is_service_operator() || manifest.is_crossplane() || manifest.is_workload()
}

#[cfg(test)]
mod tests {
    use super::{may_be_input, template_line};

    #[test]
    fn other_yaml_is_not_worth_parsing() {
        let cases = [
            ("trigger: none\npool: { vmImage: ubuntu-latest }\n", false),
            ("apiVersion: v1\nkind: ConfigMap\n", false),
            ("apiVersion: v1\nkind: Service\n", true),
            ("secretGenerator: []\n", true),
            ("resources: [service.yaml]\n", false),
            ("apiVersion: storage.azure.com/v1api20230101\nkind: StorageAccount\n", true),
            ("resources:\n  a: { type: azure-native:storage:StorageAccount }\n", true),
            ("- azure_rm_storageaccount:\n", true),
            ("$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json\n", false),
            ("$schema: https://azuremlschemas.azureedge.net/latest/workspace.schema.json\n", true),
        ];
        for (text, expected) in cases {
            assert_eq!(may_be_input(text), expected, "{text}");
        }
    }

    #[test]
    fn template_text_is_found_outside_of_quotes_only() {
        let cases = [
            ("a: {{ .Values.x }}\n", true),
            ("{{- if .Values.x }}\n", true),
            ("a:\n  - {{ x }}\n", true),
            ("a: \"{{ x }}\"\n", false),
            ("a: ${{ x }}\n", false),
        ];
        for (text, expected) in cases {
            assert_eq!(template_line(text).is_some(), expected, "{text}");
        }
    }
}
