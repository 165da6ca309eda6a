//! Crossplane's first provider, `*.azure.crossplane.io`: each kind is nearly the body that Resource Manager takes.
//!
//! In: one object whose references are resolved. Out: one resource, as `provider-azure` 0.20 sends it (`pkg/clients`, at the API
//! versions of its Go packages). What the provider does not send is unknown, not what somebody wrote.

use std::sync::Arc;

use super::crossplane::Managed;
use super::manifest::read_at_deployment;
use crate::model::{Coverage, Dialect, Link, Lowered, Resource, ResourceType, Target};
use crate::source::Span;
use crate::value::{Entry, Object, Reason, Unknown, Value, ValueKind};

/// A kind of the provider.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    group: &'static str,
    name: &'static str,
    /// What references call it, as the upjet provider does.
    pub(super) referred: &'static str,
    arm: &'static str,
    api: &'static str,
}

const fn kind(
    group: &'static str,
    name: &'static str,
    referred: &'static str,
    arm: &'static str,
    api: &'static str,
) -> Kind {
    Kind { group, name, referred, arm, api }
}

const KINDS: [Kind; 18] = [
    kind("", "ResourceGroup", "resource_group", "Microsoft.Resources/resourceGroups", "2018-05-01"),
    kind("cache", "Redis", "redis_cache", "Microsoft.Cache/redis", "2018-03-01"),
    kind("compute", "AKSCluster", "kubernetes_cluster", "Microsoft.ContainerService/managedClusters", "2018-03-31"),
    kind("database", "CosmosDBAccount", "cosmosdb_account", "Microsoft.DocumentDB/databaseAccounts", "2015-04-08"),
    kind("database", "MySQLServer", "mysql_server", "Microsoft.DBforMySQL/servers", "2017-12-01"),
    kind("database", "PostgreSQLServer", "postgresql_server", "Microsoft.DBforPostgreSQL/servers", "2017-12-01"),
    kind("database", "MySQLServerFirewallRule", "", "Microsoft.DBforMySQL/servers/firewallRules", "2017-12-01"),
    kind(
        "database",
        "PostgreSQLServerFirewallRule",
        "",
        "Microsoft.DBforPostgreSQL/servers/firewallRules",
        "2017-12-01",
    ),
    kind(
        "database",
        "MySQLServerVirtualNetworkRule",
        "",
        "Microsoft.DBforMySQL/servers/virtualNetworkRules",
        "2017-12-01",
    ),
    kind(
        "database",
        "PostgreSQLServerVirtualNetworkRule",
        "",
        "Microsoft.DBforPostgreSQL/servers/virtualNetworkRules",
        "2017-12-01",
    ),
    kind("database", "MySQLServerConfiguration", "", "Microsoft.DBforMySQL/servers/configurations", "2017-12-01"),
    kind(
        "database",
        "PostgreSQLServerConfiguration",
        "",
        "Microsoft.DBforPostgreSQL/servers/configurations",
        "2017-12-01",
    ),
    kind("keyvault", "KeyVaultSecret", "key_vault_secret", "Microsoft.KeyVault/vaults/secrets", "2019-09-01"),
    kind("network", "VirtualNetwork", "virtual_network", "Microsoft.Network/virtualNetworks", "2019-06-01"),
    kind("network", "Subnet", "subnet", "Microsoft.Network/virtualNetworks/subnets", "2019-06-01"),
    kind("network", "PublicIPAddress", "public_ip", "Microsoft.Network/publicIPAddresses", "2019-06-01"),
    kind("storage", "Account", "storage_account", "Microsoft.Storage/storageAccounts", "2017-06-01"),
    kind("storage", "Container", "", "Microsoft.Storage/storageAccounts/blobServices/containers", "2018-02-01"),
];

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
    KINDS.iter().find(|it| it.group == group && it.name == kind).copied()
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
    let own_name = matches!(kind.name, "KeyVaultSecret" | "MySQLServerConfiguration" | "PostgreSQLServerConfiguration");
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
    if kind.name == "Container" {
        // A container takes its credentials from an account, which its `providerConfigRef` names.
        let used = written.and_then(|it| it.value("providerConfigRef").or_else(|| it.value("providerRef")))?;
        let account = used.as_object()?.value("name")?;
        let service = Value::new("default", account.span);
        let target = Target::Named { resource_type: holder, names: vec![account.clone(), service] };
        return Some(Link { target, scope: false, span: account.span });
    }
    let name = ["serverName", "virtualNetworkName", "vaultBaseUrl"].into_iter().find_map(|key| given.value(key))?;
    let span = name.span;
    let target = match name.as_str() {
        Some(url) if kind.name == "KeyVaultSecret" => {
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
    match kind.name {
        "Account" => {
            let account = given.value("storageAccountSpec").and_then(Value::as_object).cloned().unwrap_or_default();
            body.entries.extend(account.entries);
        }
        "VirtualNetwork"
        | "Subnet"
        | "CosmosDBAccount"
        | "ResourceGroup"
        | "MySQLServerFirewallRule"
        | "PostgreSQLServerFirewallRule"
        | "MySQLServerVirtualNetworkRule"
        | "PostgreSQLServerVirtualNetworkRule" => {
            if kind.name == "CosmosDBAccount" {
                not_sent(&mut given, "ipRangeFilter");
            }
            body.entries.extend(given.entries);
        }
        _ => {
            let mut properties = Object { rest: given.rest.clone(), ..Object::default() };
            let sku_inside = kind.name == "Redis";
            for (key, entry) in given.entries {
                let beside = matches!(&*key, "location" | "tags" | "zones") || (&*key == "sku" && !sku_inside);
                let side = if beside { &mut *body } else { &mut properties };
                side.entries.insert(renamed(kind, key), entry);
            }
            if kind.name == "AKSCluster" {
                cluster(&mut properties, header);
            } else if kind.name == "KeyVaultSecret" {
                secret_attributes(&mut properties);
            }
            body.insert("properties", header, Value::object(properties, header));
        }
    }
}

fn renamed(kind: Kind, key: Arc<str>) -> Arc<str> {
    let name = match (kind.name, &*key) {
        ("AKSCluster", "version") => "kubernetesVersion",
        ("AKSCluster", "dnsNamePrefix") => "dnsPrefix",
        ("PublicIPAddress", "allocationMethod") => "publicIPAllocationMethod",
        ("PublicIPAddress", "version") => "publicIPAddressVersion",
        ("PublicIPAddress", "tcpIdleTimeoutInMinutes") => "idleTimeoutInMinutes",
        ("Container", "publicAccessType") => "publicAccess",
        _ => return key,
    };
    name.into()
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

fn secret_attributes(properties: &mut Object) {
    if let Some(entry) = properties.entries.get_mut("value")
        && let Some(secret) = entry.value.as_object().and_then(|it| it.value("name")?.as_str())
    {
        entry.value = read_at_deployment(format!("Secret/{secret}"), entry.value.span);
    }
    let Some(entry) = properties.entries.get_mut("attributes") else { return };
    let ValueKind::Object(attributes) = &mut entry.value.kind else { return };
    let attributes = Arc::make_mut(attributes);
    for (from, to) in [("expirationDate", "exp"), ("notBeforeDate", "nbf")] {
        if let Some(entry) = attributes.entries.shift_remove(from) {
            attributes.entries.insert(to.into(), entry);
        }
    }
}

/// A property that the provider reads and does not send.
fn not_sent(given: &mut Object, key: &str) {
    let Some(entry) = given.entries.get_mut("properties") else { return };
    let ValueKind::Object(properties) = &mut entry.value.kind else { return };
    if let Some(entry) = Arc::make_mut(properties).entries.get_mut(key) {
        let why = Reason::NotEvaluated(format!("`{key}`, which provider-azure does not send").into());
        entry.value = Value::unknown(why, entry.value.span);
    }
}
