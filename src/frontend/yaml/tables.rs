//! Names of the YAML dialects to types: Azure Service Operator's kinds, Crossplane's kinds, ARM types by namespace.
//!
//! In: the files under `data`, embedded. Out: rows. A file is read when a document of its dialect first occurs.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::azure;

const ASO: &str = include_str!("data/aso.tsv");
const CROSSPLANE: &str = include_str!("data/crossplane.txt");
const PROVIDER_AZURE: &str = include_str!("data/provider_azure.tsv");
const ARM_TYPES: &str = include_str!("data/arm_types.txt");
const PULUMI: &str = include_str!("data/pulumi.txt");
const PULUMI_PROPERTIES: &str = include_str!("data/pulumi_properties.txt");

/// How a kind of Azure Service Operator lies over its ARM type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// `storage.azure.com/StorageAccount`.
    pub(super) kind: &'static str,
    /// `Microsoft.Storage/storageAccounts`.
    pub(super) arm: &'static str,
    top: &'static str,
    envelopes: &'static str,
    renames: &'static str,
}

impl Row {
    fn read(line: &'static str) -> Option<Self> {
        let mut parts = line.split('\t');
        let (kind, arm) = (parts.next()?, parts.next()?);
        let mut next = || parts.next().unwrap_or("");
        Some(Self { kind, arm, top: next(), envelopes: next(), renames: next() })
    }

    /// The keys beside `properties`.
    pub(super) fn top(&self) -> Vec<&'static str> {
        self.top.split(',').filter(|key| !key.is_empty()).collect()
    }

    /// The keys beside `properties` of the elements at `path`.
    pub(super) fn envelope(&self, path: &str) -> Option<Vec<&'static str>> {
        let found = self.envelopes.split(' ').find_map(|it| it.split_once(':').filter(|(at, _)| *at == path));
        found.map(|(_, keys)| keys.split(',').filter(|key| !key.is_empty()).collect())
    }

    /// The property that a reference at `path` fills, when the rule does not tell.
    pub(super) fn renamed(&self, path: &str) -> Option<&'static str> {
        self.renames.split(' ').find_map(|it| it.split_once('=').filter(|(at, _)| *at == path)).map(|(_, name)| name)
    }
}

/// The kind of a group of Azure Service Operator.
pub(super) fn service_operator(group: &str, kind: &str) -> Option<Row> {
    operator().kinds.get(&(group, kind)).copied()
}

/// The first kind that makes resources of an ARM type.
pub(super) fn row_of_type(arm: &str) -> Option<Row> {
    operator().types.get(&*arm.to_ascii_lowercase()).copied()
}

#[derive(Default)]
struct Operator {
    kinds: FxHashMap<(&'static str, &'static str), Row>,
    types: FxHashMap<String, Row>,
}

fn operator() -> &'static Operator {
    static READ: OnceLock<Operator> = OnceLock::new();
    READ.get_or_init(|| {
        let mut read = Operator::default();
        for row in lines(ASO).filter_map(Row::read) {
            read.kinds.extend(row.kind.split_once('/').map(|kind| (kind, row)));
            read.types.entry(row.arm.to_ascii_lowercase()).or_insert(row);
        }
        read
    })
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

/// The azurerm type of a kind of Crossplane, without `azurerm_`.
pub(super) fn crossplane(group: &str, kind: &str) -> Option<&'static str> {
    static READ: OnceLock<FxHashMap<(&str, &str), &str>> = OnceLock::new();
    let row =
        |line: &'static str| line.split_once(' ').and_then(|(key, azurerm)| Some((key.split_once('/')?, azurerm)));
    READ.get_or_init(|| lines(CROSSPLANE).filter_map(row).collect()).get(&(group, kind)).copied()
}

/// The rows of the kinds of Crossplane's first provider.
pub(super) fn provider_azure() -> impl Iterator<Item = &'static str> {
    lines(PROVIDER_AZURE)
}

/// The azurerm type of a token of Pulumi's classic provider, `azure:storage/account:Account`.
pub(super) fn classic(module: &str, kind: &str) -> Option<&'static str> {
    let listed = exception(&format!("azure:{module}:{kind}"));
    listed.or_else(|| {
        let squeezed = |text: &str| text.replace('_', "").to_ascii_lowercase();
        let wanted = [format!("{module}{kind}"), kind.to_owned()].map(|it| it.to_ascii_lowercase());
        let bridged = |name: &&'static str| name.strip_prefix("azurerm_");
        wanted
            .iter()
            .find_map(|wanted| azure::azurerm_names().filter_map(|it| bridged(&it)).find(|it| squeezed(it) == *wanted))
    })
}

/// The ARM type of a token of Pulumi's azure-native provider, by its module and name.
pub(super) fn native(module: &str, kind: &str) -> Option<String> {
    if let Some(listed) = exception(&format!("{module}:{kind}")) {
        return Some(listed.to_owned());
    }
    let (kind, slot) = match kind.strip_suffix("Slot") {
        Some(stem) if module == "web" && stem != "WebApp" => (stem, true),
        _ => (kind, false),
    };
    let mut found: Vec<(bool, usize, String)> = Vec::new();
    for line in lines(ARM_TYPES) {
        let mut types = line.split(' ');
        let Some(namespace) = types.next() else { continue };
        let own = namespace.strip_prefix("Microsoft.").unwrap_or(namespace).replace('.', "");
        if !own.eq_ignore_ascii_case(namespace_of(module)) {
            continue;
        }
        for name in types {
            if slot && !name.starts_with("sites/slots/") {
                continue;
            }
            if let Some(exact) = is_of_kind(name, kind) {
                found.push((!exact, name.matches('/').count(), format!("{namespace}/{name}")));
            }
        }
    }
    found.into_iter().min().map(|(_, _, name)| name)
}

/// True for a token of azure-native whose inputs keep `properties`.
pub(super) fn keeps_properties(module: &str, kind: &str) -> bool {
    let of_module = |line: &&str| line.split(' ').next() == Some(module);
    lines(PULUMI_PROPERTIES).find(of_module).is_some_and(|line| line.split(' ').skip(1).any(|it| it == kind))
}

/// The namespace of a module of azure-native, where it is not the module's name.
fn namespace_of(module: &str) -> &str {
    match module {
        "cosmosdb" => "documentdb",
        "redis" | "redisenterprise" => "cache",
        "monitor" | "applicationinsights" => "insights",
        "dns" | "privatedns" | "trafficmanager" | "frontdoor" => "network",
        _ => module,
    }
}

/// Whether a type is what a token names: by its last segment alone, or with a segment above it in front
/// (`VirtualMachineExtension`), or with what the module calls that segment (`WebAppHostNameBinding`).
fn is_of_kind(name: &str, kind: &str) -> Option<bool> {
    let (above, last) = name.rsplit_once('/').unwrap_or(("", name));
    let kind = kind.to_ascii_lowercase();
    let (one, many) = (singular(last).to_ascii_lowercase(), last.to_ascii_lowercase());
    if kind == one || kind == many {
        return Some(true);
    }
    let prefix = kind.strip_suffix(&one).or_else(|| kind.strip_suffix(&many)).filter(|it| !it.is_empty())?;
    let mut names = above.split('/').filter(|it| !it.is_empty()).map(|it| singular(it).to_ascii_lowercase());
    let known = match prefix {
        "webapp" => above.starts_with("sites"),
        "singleserver" => above.starts_with("servers"),
        "servergroup" => above.starts_with("serverGroupsv2"),
        _ => false,
    };
    (known || names.any(|it| it == prefix)).then_some(false)
}

fn exception(key: &str) -> Option<&'static str> {
    lines(PULUMI).find_map(|line| line.split_once(' ').filter(|(token, _)| *token == key).map(|(_, arm)| arm))
}

/// `storageAccount` of `storageAccounts`, `policy` of `policies`.
pub(super) fn singular(plural: &str) -> String {
    let endings = [("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", "")];
    let unchanged =
        ["redis", "status", "dns", "analysis", "ss"].iter().any(|it| plural.to_ascii_lowercase().ends_with(it));
    if unchanged {
        return plural.to_owned();
    }
    let found = endings.iter().find_map(|(from, to)| plural.strip_suffix(from).map(|stem| format!("{stem}{to}")));
    found.unwrap_or_else(|| plural.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{classic, crossplane, native, service_operator};

    #[test]
    fn names_of_the_dialects_lead_to_types() {
        assert_eq!(service_operator("sql.azure.com", "Server").map(|row| row.arm), Some("Microsoft.Sql/servers"));
        assert_eq!(crossplane("storage", "Account"), Some("storage_account"));
        assert_eq!(classic("storage", "Account"), Some("storage_account"));
        assert_eq!(classic("keyvault", "KeyVault"), Some("key_vault"));
        let cases = [
            ("storage", "StorageAccount", "Microsoft.Storage/storageAccounts"),
            ("storage", "BlobContainer", "Microsoft.Storage/storageAccounts/blobServices/containers"),
            ("keyvault", "Vault", "Microsoft.KeyVault/vaults"),
            ("network", "SecurityRule", "Microsoft.Network/networkSecurityGroups/securityRules"),
            ("containerservice", "ManagedCluster", "Microsoft.ContainerService/managedClusters"),
            ("sql", "FirewallRule", "Microsoft.Sql/servers/firewallRules"),
            ("cache", "Redis", "Microsoft.Cache/redis"),
            ("web", "WebApp", "Microsoft.Web/sites"),
            ("web", "WebAppHostNameBindingSlot", "Microsoft.Web/sites/slots/hostNameBindings"),
            ("compute", "VirtualMachineExtension", "Microsoft.Compute/virtualMachines/extensions"),
            ("redis", "FirewallRule", "Microsoft.Cache/redis/firewallRules"),
            ("monitor", "DataCollectionEndpoint", "Microsoft.Insights/dataCollectionEndpoints"),
            ("cosmosdb", "MongoCluster", "Microsoft.DocumentDB/mongoClusters"),
            ("dbforpostgresql", "SingleServerFirewallRule", "Microsoft.DBforPostgreSQL/servers/firewallRules"),
        ];
        for (module, kind, arm) in cases {
            assert_eq!(native(module, kind).as_deref(), Some(arm), "{module}:{kind}");
        }
    }
}
