//! Azure Policy aliases: `Microsoft.Storage/storageAccounts/minimumTlsVersion` to the type and ARM path it names.
//!
//! In: the text of a `field`. Out: [`Alias`]. Nearly every alias follows one rule: the type up to the last slash, then
//! `properties.` and the rest, or the rest alone for what stands beside `properties`. The others are data.

use crate::model::{PropertyPath, ResourceType};

/// What an alias names.
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    /// The only type that has it; none for the few aliases that several types share.
    pub resource_type: Option<ResourceType>,
    /// The ARM path.
    pub path: PropertyPath,
}

static IRREGULAR: &str = include_str!("data/aliases.txt");

static READ_ONLY: &str = include_str!("data/read_only.txt");

const BESIDE_PROPERTIES: &[&str] = &[
    "sku",
    "kind",
    "zones",
    "identity",
    "tags",
    "plan",
    "managedBy",
    "extendedLocation",
    "location",
    "name",
    "type",
    "etag",
    "scope",
];

/// Reads an alias; none when the text is no alias but an ARM path.
pub fn resolve(text: &str) -> Option<Alias> {
    let head = text.split(['[', '\'']).next().unwrap_or(text);
    let (resource_type, _) = head.rsplit_once('/')?;
    let rest = text.get(resource_type.len().checked_add(1)?..)?;
    if let Some(alias) = irregular(text) {
        return Some(alias);
    }
    let first = rest.split(['.', '[']).next().unwrap_or(rest);
    let beside = BESIDE_PROPERTIES.iter().any(|name| name.eq_ignore_ascii_case(first));
    let path = if beside { PropertyPath::parse(rest) } else { PropertyPath::parse(&format!("properties.{rest}")) };
    Some(Alias { resource_type: resource_type.contains('/').then(|| ResourceType::new(resource_type)), path })
}

/// True for a property that the service computes: that a text does not have it says nothing.
pub fn is_computed(resource_type: &ResourceType, path: &PropertyPath) -> bool {
    let path = path.to_string();
    let mut entries = READ_ONLY.lines().filter_map(|line| line.split_once('\t'));
    entries.any(|(of, computed)| {
        let head = path.get(..computed.len());
        *resource_type == *of && head.is_some_and(|head| head.eq_ignore_ascii_case(computed))
    })
}

fn irregular(text: &str) -> Option<Alias> {
    let mut entries = IRREGULAR.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t'));
    let mut found = entries.find_map(|mut columns| columns.next()?.eq_ignore_ascii_case(text).then_some(columns))?;
    let (resource_type, path) = (found.next()?, found.next()?);
    let resource_type = (resource_type != "*").then(|| ResourceType::new(resource_type));
    Some(Alias { resource_type, path: PropertyPath::parse(path) })
}

#[cfg(test)]
mod tests {
    use super::{is_computed, resolve};

    #[test]
    fn what_only_the_service_writes_is_known() {
        let alias = |text: &str| resolve(text).unwrap();
        let computed = |text: &str| is_computed(&alias(text).resource_type.unwrap(), &alias(text).path);
        assert!(computed(
            "Microsoft.Purview/accounts/privateEndpointConnections[*].privateLinkServiceConnectionState.status"
        ));
        assert!(!computed("Microsoft.Purview/accounts/publicNetworkAccess"));
    }

    #[test]
    fn aliases_follow_the_rule_or_the_table() {
        let cases = [
            (
                "Microsoft.Storage/storageAccounts/networkAcls.defaultAction",
                "Microsoft.Storage/storageAccounts properties.networkAcls.defaultAction",
            ),
            (
                "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*].value",
                "Microsoft.Storage/storageAccounts properties.networkAcls.ipRules[*].value",
            ),
            ("Microsoft.ServiceBus/namespaces/sku.name", "Microsoft.ServiceBus/namespaces sku.name"),
            (
                "Microsoft.Network/applicationGateways/sku.tier",
                "Microsoft.Network/applicationGateways properties.sku.tier",
            ),
            ("Microsoft.Web/sites/config/web.http20Enabled", "Microsoft.Web/sites/config properties.http20Enabled"),
            ("Microsoft.Compute/imagePublisher", "* properties.storageProfile.imageReference.publisher"),
        ];
        for (text, expected) in cases {
            let alias = resolve(text).unwrap();
            let shown = alias.resource_type.map_or("*".to_owned(), |it| it.to_string());
            assert_eq!(format!("{shown} {}", alias.path), expected);
        }
        for text in ["properties.a.b", "tags['a/b']", "sku.name", "type"] {
            assert_eq!(resolve(text), None, "{text}");
        }
    }
}
