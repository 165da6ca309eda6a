//! Crossplane's first provider, `*.azure.crossplane.io`: each kind is nearly the body that Resource Manager takes.
//!
//! In: one object whose references are resolved. Out: one resource, as `provider-azure` 0.20 sends it (`pkg/clients`, at the API
//! versions of its Go packages). What the provider does not send is unknown, not what somebody wrote.

use std::sync::Arc;

use super::crossplane::Managed;
use super::manifest::read_at_deployment;
use super::tables;
use crate::model::{Coverage, Dialect, Link, Lowered, Resource, ResourceType, Target};
use crate::source::Span;
use crate::value::{Entry, Object, Reason, Unknown, Value, ValueKind};

/// How a kind of the provider lies over its ARM type: a row of `data/provider_azure.tsv`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// `storage/Account`.
    name: &'static str,
    arm: &'static str,
    api: &'static str,
    /// What references call it, as the upjet provider does.
    pub(super) referred: &'static str,
    /// The key that names its parent.
    parent: &'static str,
    body: &'static str,
    renames: &'static str,
}

impl Kind {
    fn read(line: &'static str) -> Option<Self> {
        let mut parts = line.split('\t');
        let (name, arm, api) = (parts.next()?, parts.next()?, parts.next()?);
        let mut next = || parts.next().unwrap_or("");
        Some(Self { name, arm, api, referred: next(), parent: next(), body: next(), renames: next() })
    }

    fn renames(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.renames.split(' ')
    }
}

/// Keys of a `spec` that say how Crossplane works.
const OF_CROSSPLANE: [&str; 8] = [
    "providerConfigRef",
    "providerRef",
    "publishConnectionDetailsTo",
    "writeConnectionSecretToRef",
    "deletionPolicy",
    "managementPolicy",
    "managementPolicies",
    "reclaimPolicy",
];

/// Keys that say which resource it is.
const OF_IDENTITY: [&str; 4] = ["resourceGroupName", "serverName", "virtualNetworkName", "vaultBaseUrl"];

/// The kind of a group such as `database`; the group of a resource group has no name.
pub(super) fn find(group: &str, kind: &str) -> Option<Kind> {
    let named = |it: &Kind| it.name.split_once('/') == Some((group, kind));
    tables::provider_azure().filter_map(Kind::read).find(named)
}

/// A `spec` without what says how Crossplane works.
pub(super) fn without_operation(spec: &Object) -> Object {
    let mut own = spec.clone();
    for key in OF_CROSSPLANE {
        own.entries.shift_remove(key);
    }
    own
}

/// Lowers one object from its `spec`, whose references are resolved already.
pub(super) fn lower(managed: &Managed, kind: Kind, spec: &Object, lowered: &mut Lowered) {
    let manifest = &managed.manifest;
    let mut given = Object::default();
    for part in [spec.value("forProvider").and_then(Value::as_object), Some(spec)].into_iter().flatten() {
        given.rest = given.rest.or_else(|| part.rest.clone());
        given.entries.extend(part.entries.iter().map(|(key, entry)| (key.clone(), entry.clone())));
    }
    given.entries.shift_remove("forProvider");
    let resource_group = given.entries.get("resourceGroupName").map(|entry| entry.value.clone());
    let parent = parent(kind, &given, managed.spec());
    for key in OF_IDENTITY {
        given.entries.shift_remove(key);
    }
    let header = manifest.header;
    let mut body = Object { rest: given.rest.clone(), ..Object::default() };
    body.insert("apiVersion", manifest.api, Value::new(kind.api, manifest.api));
    let own_name = kind.renames().any(|it| it == "name");
    let given_name = if own_name { given.entries.shift_remove("name").map(|it| (it.key_span, it.value)) } else { None };
    if let Some((span, name)) = given_name.or_else(|| managed.external_name()) {
        body.insert("name", span, name);
    }
    fill(kind, given, &mut body, header);
    lowered.resources.push(Resource {
        address: managed.address.clone(),
        source_type: format!("{}/{}", manifest.group, manifest.kind).into(),
        dialect: Dialect::Yaml,
        body: Value::object(body, manifest.span),
        coverage: Arc::new(Coverage::complete()),
        span: manifest.span,
        header,
        callers: Vec::new(),
        presence: managed.presence(),
        parent,
        resource_group,
        provider_major: None,
        resource_type: ResourceType::new(kind.arm),
    });
}

/// What holds the resource.
fn parent(kind: Kind, given: &Object, written: Option<&Object>) -> Option<Link> {
    let holder = ResourceType::new(kind.arm).parent()?;
    if kind.parent == "providerConfigRef" {
        // A container takes its credentials from an account, which its `providerConfigRef` names.
        let used = written.and_then(|it| it.value("providerConfigRef").or_else(|| it.value("providerRef")))?;
        let account = used.as_object()?.value("name")?;
        let service = Value::new("default", account.span);
        let target = Target::Named { resource_type: holder, names: vec![account.clone(), service] };
        return Some(Link { target, scope: false, span: account.span });
    }
    let name = given.value(kind.parent)?;
    let span = name.span;
    let target = match name.as_str() {
        Some(url) if kind.parent == "vaultBaseUrl" => {
            let host = url.trim_start_matches("https://").split(['.', '/']).next().unwrap_or(url);
            Target::Named { resource_type: holder, names: vec![Value::new(host, span)] }
        }
        Some(_) => Target::Named { resource_type: holder, names: vec![name.clone()] },
        None => Target::Value(name.clone()),
    };
    Some(Link { target, scope: false, span })
}

/// The body of a kind from what it is given.
fn fill(kind: Kind, mut given: Object, body: &mut Object, header: Span) {
    if kind.body == "whole" {
        changed(kind, &mut given, header);
        body.entries.extend(given.entries);
    } else if let Some(key) = kind.body.strip_prefix("of:") {
        let mut own = given.value(key).and_then(Value::as_object).cloned().unwrap_or_default();
        changed(kind, &mut own, header);
        body.entries.extend(own.entries);
    } else {
        let beside = kind.body.strip_prefix("beside:").unwrap_or("");
        let mut properties = Object { rest: given.rest.clone(), ..Object::default() };
        for (key, entry) in given.entries {
            let outside = beside.split(',').any(|it| *it == *key);
            let side = if outside { &mut *body } else { &mut properties };
            side.entries.insert(key, entry);
        }
        changed(kind, &mut properties, header);
        body.insert("properties", header, Value::object(properties, header));
    }
}

/// The names that Azure has for what is given, without what is not sent.
fn changed(kind: Kind, object: &mut Object, header: Span) {
    for change in kind.renames() {
        if let Some(path) = change.strip_prefix('-') {
            within(object, path, &mut |object, key| not_sent(object, key));
        } else if let Some((from, to)) = change.split_once('=') {
            let to = to.rsplit('.').next().unwrap_or(to);
            within(object, from, &mut |object, key| {
                if let Some(entry) = object.entries.shift_remove(key) {
                    object.entries.insert(to.into(), entry);
                }
            });
        }
        match change {
            "@cluster" => cluster(object, header),
            "@secret" => secret_value(object),
            _ => {}
        }
    }
}

/// Does something with the object that holds the last key of a path.
fn within(object: &mut Object, path: &str, change: &mut dyn FnMut(&mut Object, &str)) {
    let Some((outer, inner)) = path.split_once('.') else { return change(object, path) };
    let Some(entry) = object.entries.get_mut(outer) else { return };
    if let ValueKind::Object(held) = &mut entry.value.kind {
        within(Arc::make_mut(held), inner, change);
    }
}

/// What the nodes are is a pool of their own, and `disableRBAC` says the contrary of what is sent.
fn cluster(properties: &mut Object, header: Span) {
    let disabled = properties.entries.shift_remove("disableRBAC");
    let (span, enabled) = match disabled {
        Some(Entry { key_span, value }) => match value.as_bool() {
            Some(disabled) => (key_span, Value::new(!disabled, value.span)),
            None => (key_span, value),
        },
        None => (header, Value::new(true, header)),
    };
    properties.insert("enableRBAC", span, enabled);
    let mut pool = Object::default();
    pool.insert("name", header, Value::new("agentpool", header));
    for (from, to) in [("nodeCount", "count"), ("nodeVMSize", "vmSize"), ("vnetSubnetID", "vnetSubnetID")] {
        if let Some(entry) = properties.entries.shift_remove(from) {
            pool.entries.insert(to.into(), entry);
        }
    }
    if let Some(subnet) = pool.get("vnetSubnetID").map(|it| it.key_span) {
        let mut network = Object::default();
        network.insert("networkPlugin", subnet, Value::new("azure", subnet));
        properties.insert("networkProfile", subnet, Value::object(network, subnet));
    }
    let pools = Value::array(vec![Value::object(pool, header)], header);
    properties.insert("agentPoolProfiles", header, pools);
    // The provider makes a service principal of its own.
    let mut principal = Object::default();
    let made = Unknown { not_null: true, ..Unknown::new(Reason::Computed("the service principal's clientId".into())) };
    principal.insert("clientId", header, Value::new(made, header));
    properties.insert("servicePrincipalProfile", header, Value::object(principal, header));
}

/// The value of a secret is read from one of the cluster.
fn secret_value(properties: &mut Object) {
    if let Some(entry) = properties.entries.get_mut("value")
        && let Some(secret) = entry.value.as_object().and_then(|it| it.value("name")?.as_str())
    {
        entry.value = read_at_deployment(format!("Secret/{secret}"), entry.value.span);
    }
}

/// A property that the provider reads and does not send.
fn not_sent(object: &mut Object, key: &str) {
    if let Some(entry) = object.entries.get_mut(key) {
        let why = Reason::NotEvaluated(format!("`{key}`, which provider-azure does not send").into());
        entry.value = Value::unknown(why, entry.value.span);
    }
}
