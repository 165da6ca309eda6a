//! Names of the YAML dialects to types: Azure Service Operator's kinds, Crossplane's kinds, ARM types by namespace.
//!
//! In: the files under `data`, embedded. Out: rows. Each file is sorted; what is read is looked for line by line, and only when a
//! document of its dialect occurs.

use crate::azure;

const ASO: &str = include_str!("data/aso.tsv");
const CROSSPLANE: &str = include_str!("data/crossplane.txt");
const ARM_TYPES: &str = include_str!("data/arm_types.txt");
const PULUMI: &str = include_str!("data/pulumi.txt");

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
    rows().find(|row| row.kind.split_once('/') == Some((group, kind)))
}

/// The kinds that make resources of an ARM type.
pub(super) fn rows_of_type(arm: &str) -> impl Iterator<Item = Row> {
    let arm = arm.to_owned();
    rows().filter(move |row| row.arm.eq_ignore_ascii_case(&arm))
}

fn rows() -> impl Iterator<Item = Row> {
    lines(ASO).filter_map(Row::read)
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

/// The azurerm type of a kind of Crossplane, without `azurerm_`.
pub(super) fn crossplane(group: &str, kind: &str) -> Option<&'static str> {
    lines(CROSSPLANE).find_map(|line| {
        let (key, azurerm) = line.split_once(' ')?;
        (key.split_once('/') == Some((group, kind))).then_some(azurerm)
    })
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
    let mut found: Vec<(usize, String)> = Vec::new();
    for line in lines(ARM_TYPES) {
        let mut types = line.split(' ');
        let Some(namespace) = types.next() else { continue };
        let own = namespace.strip_prefix("Microsoft.").unwrap_or(namespace).replace('.', "");
        if !own.eq_ignore_ascii_case(module) {
            continue;
        }
        for name in types {
            let last = name.rsplit('/').next().unwrap_or(name);
            if singular(last).eq_ignore_ascii_case(kind) || last.eq_ignore_ascii_case(kind) {
                found.push((name.matches('/').count(), format!("{namespace}/{name}")));
            }
        }
    }
    found.into_iter().min().map(|(_, name)| name)
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
        ];
        for (module, kind, arm) in cases {
            assert_eq!(native(module, kind).as_deref(), Some(arm), "{module}:{kind}");
        }
    }
}
