//! One object for a cluster: its group, kind, name and labels, with the places where they stand.
//!
//! In: a document with `apiVersion` and `kind`. Out: a [`Manifest`], one for each item of a `List`. Knows which groups are whose,
//! and nothing of what is inside `spec`.

use std::sync::Arc;

use super::detect::KINDS;
use super::embedded;
use crate::model::Presence;
use crate::source::Span;
use crate::value::{Object, Reason, Reference, Unknown, Value, ValueKind};

/// An object for a cluster.
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    pub(super) object: Arc<Object>,
    pub(super) group: Arc<str>,
    pub(super) version: Arc<str>,
    pub(super) kind: Arc<str>,
    /// `metadata.name`, as written.
    pub(super) name: Option<Value>,
    pub(super) span: Span,
    pub(super) header: Span,
    /// `apiVersion: ...`.
    pub(super) api: Span,
    /// A patch of Kustomize: the object itself is declared elsewhere.
    pub(super) is_part: bool,
}

impl Manifest {
    /// The objects of a document.
    pub(super) fn all(root: &Value) -> Vec<Self> {
        let Some(one) = Self::of(root) else { return Vec::new() };
        match embedded::objects(&one) {
            Some(inner) => inner.iter().filter_map(Self::of).collect(),
            None => vec![one],
        }
    }

    fn of(root: &Value) -> Option<Self> {
        let ValueKind::Object(object) = &root.kind else { return None };
        let written = object.get("apiVersion")?;
        let api = written.value.as_str()?;
        let kind = object.get("kind")?;
        let (group, version) = api.rsplit_once('/').unwrap_or(("", api));
        let metadata = object.value("metadata").and_then(Value::as_object);
        let named = |key: &str| metadata.and_then(|it| it.value(key));
        Some(Self {
            group: group.into(),
            version: version.into(),
            kind: kind.value.as_text()?.clone(),
            name: named("name").cloned(),
            span: root.span,
            header: kind.key_span.to(kind.value.span),
            api: written.key_span.to(written.value.span),
            object: object.clone(),
            is_part: false,
        })
    }

    /// `<name>.azure.com`: Azure Service Operator v2. AKS and Karpenter have groups of that form that make nothing in Azure.
    pub(super) fn is_service_operator(&self) -> bool {
        self.group.ends_with(".azure.com")
            && self.version.starts_with('v')
            && !self.group.starts_with("infrastructure.")
            && !self.group.ends_with(".kubernetes.azure.com")
            && &*self.group != "karpenter.azure.com"
    }

    /// `<name>.azure.upbound.io`, and the namespaced groups of provider v2; compositions hold such objects.
    pub(super) fn is_crossplane(&self) -> bool {
        self.crossplane_group().is_some()
            || (&*self.group == "apiextensions.crossplane.io" && &*self.kind == "Composition")
    }

    /// `storage` of `storage.azure.upbound.io`; `azure` of `azure.upbound.io`.
    pub(super) fn crossplane_group(&self) -> Option<&str> {
        if matches!(&*self.group, "azure.upbound.io" | "azure.m.upbound.io") {
            return (!self.kind.starts_with("ProviderConfig") && &*self.kind != "ClusterProviderConfig")
                .then_some("azure");
        }
        if &*self.group == "azure.crossplane.io" {
            return (&*self.kind == "ResourceGroup").then_some("");
        }
        let endings = [".azure.upbound.io", ".azure.m.upbound.io", ".azure.crossplane.io"];
        endings.iter().find_map(|ending| self.group.strip_suffix(ending))
    }

    /// `<name>.azure.crossplane.io`: the provider before the upjet one.
    pub(super) fn is_of_provider_azure(&self) -> bool {
        self.group.ends_with("azure.crossplane.io")
    }

    /// A workload or a way to reach one.
    pub(super) fn is_workload(&self) -> bool {
        let groups = [
            "",
            "apps",
            "batch",
            "networking.k8s.io",
            "extensions",
            "gateway.networking.k8s.io",
            "secrets-store.csi.x-k8s.io",
            "networking.istio.io",
            "approuting.kubernetes.azure.com",
        ];
        groups.contains(&&*self.group) && KINDS.contains(&&*self.kind)
    }

    /// `metadata.namespace`.
    pub(super) fn namespace(&self) -> Option<&str> {
        self.object.value("metadata")?.as_object()?.value("namespace")?.as_str()
    }

    /// An annotation's text.
    pub(super) fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata("annotations")?.value(name)?.as_str()
    }

    /// `metadata.labels` and the like.
    pub(super) fn metadata(&self, key: &str) -> Option<&Object> {
        self.object.value("metadata")?.as_object()?.value(key)?.as_object()
    }

    /// A part of an object, or one that is deployed unless `exists` says otherwise.
    pub(super) fn presence(&self, exists: bool) -> Presence {
        match (self.is_part, exists) {
            (true, _) => Presence::Partial,
            (false, true) => Presence::Existing,
            (false, false) => Presence::Certain,
        }
    }

    /// `Kind.group/name`, as `kubectl` names things.
    pub(super) fn address(&self) -> Arc<str> {
        let name = self.name.as_ref().and_then(Value::as_str).unwrap_or("?");
        address(&self.kind, &self.group, name)
    }
}

/// `Kind.group/name`.
pub(super) fn address(kind: &str, group: &str, name: &str) -> Arc<str> {
    // Asked several times of every object; `format!` takes thrice as long.
    if group.is_empty() { [kind, "/", name].concat().into() } else { [kind, ".", group, "/", name].concat().into() }
}

/// An attribute of another resource, known once that is deployed.
pub(super) fn reference(address: &Arc<str>, attribute: &str, span: Span) -> Value {
    let reason = Reason::Computed(format!("{address}.{attribute}").into());
    let unknown = Unknown::reference(reason, Reference { address: address.clone(), attribute: attribute.into() });
    Value::new(unknown, span)
}

/// Something that is read elsewhere when it is deployed.
pub(super) fn read_at_deployment(what: impl Into<Arc<str>>, span: Span) -> Value {
    let mut unknown = Unknown::new(Reason::Data(what.into()));
    unknown.not_null = true;
    Value::new(unknown, span)
}

/// A value that an object of the cluster holds, which is the same wherever its name and key are.
pub(super) fn read_from(what: impl Into<Arc<str>>, source: Option<&Object>, span: Span) -> Value {
    let part = |key: &str| source.and_then(|it| it.value(key)).and_then(Value::as_str);
    let mut value = read_at_deployment(what, span);
    if let (Some(name), Some(key), ValueKind::Unknown(why)) = (part("name"), part("key"), &mut value.kind) {
        Arc::make_mut(why).symbol = Some(format!("{{{name}.{key}}}").into());
    }
    value
}
