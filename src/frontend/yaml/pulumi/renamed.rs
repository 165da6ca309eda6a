//! Properties that azure-native calls otherwise than Resource Manager does.
//!
//! In: the arguments of a resource and its ARM type. Out: the arguments with Resource Manager's names. Read from the inputs of
//! `pulumi-azure-native` 3.29.0 (2026-11-21) against the properties of the ARM types; both spellings are taken.

use std::sync::Arc;

use crate::model::ResourceType;
use crate::value::{Array, Entry, Object, Value, ValueKind};

/// Type; the property's path, without `properties` and indices; Resource Manager's name.
const RENAMED: [(&str, &str, &str); 19] = [
    ("Microsoft.Storage/storageAccounts", "enableHttpsTrafficOnly", "supportsHttpsTrafficOnly"),
    ("Microsoft.Storage/storageAccounts", "enableNfsV3", "isNfsV3Enabled"),
    ("Microsoft.Storage/storageAccounts", "networkRuleSet", "networkAcls"),
    ("Microsoft.Storage/storageAccounts", "networkRuleSet.ipRules.iPAddressOrRange", "value"),
    ("Microsoft.Storage/storageAccounts", "networkRuleSet.virtualNetworkRules.virtualNetworkResourceId", "id"),
    ("Microsoft.Storage/storageAccounts", "encryption.encryptionIdentity", "identity"),
    (
        "Microsoft.Storage/storageAccounts",
        "encryption.encryptionIdentity.encryptionUserAssignedIdentity",
        "userAssignedIdentity",
    ),
    (
        "Microsoft.Storage/storageAccounts",
        "encryption.encryptionIdentity.encryptionFederatedIdentityClientId",
        "federatedIdentityClientId",
    ),
    ("Microsoft.Storage/storageAccounts", "encryption.keyVaultProperties", "keyvaultproperties"),
    ("Microsoft.Storage/storageAccounts", "encryption.keyVaultProperties.keyName", "keyname"),
    ("Microsoft.Storage/storageAccounts", "encryption.keyVaultProperties.keyVaultUri", "keyvaulturi"),
    ("Microsoft.Storage/storageAccounts", "encryption.keyVaultProperties.keyVersion", "keyversion"),
    ("Microsoft.ContainerRegistry/registries", "networkRuleSet.ipRules.iPAddressOrRange", "value"),
    ("Microsoft.Databricks/workspaces", "parameters.encryption.value.keyName", "KeyName"),
    ("Microsoft.Databricks/workspaces", "parameters.encryption.value.keyVaultUri", "keyvaulturi"),
    ("Microsoft.Databricks/workspaces", "parameters.encryption.value.keyVersion", "keyversion"),
    ("Microsoft.Cache/redis", "redisConfiguration.aadEnabled", "aad-enabled"),
    ("Microsoft.Cache/redis", "redisConfiguration.rdbBackupEnabled", "rdb-backup-enabled"),
    ("Microsoft.Cache/redis", "redisConfiguration.aofBackupEnabled", "aof-backup-enabled"),
];

/// What azure-native calls a property of Resource Manager; `path` is what holds it, in azure-native's names.
pub(in crate::frontend::yaml) fn native_names(
    resource_type: &ResourceType,
    path: &str,
    name: &str,
) -> Option<&'static str> {
    RENAMED.iter().filter(|(of, _, arm)| *resource_type == **of && arm.eq_ignore_ascii_case(name)).find_map(
        |(_, own, _)| {
            let (above, last) = own.rsplit_once('.').unwrap_or(("", own));
            (above == path).then_some(last)
        },
    )
}

/// The arguments with Resource Manager's names.
pub(super) fn undone(arguments: Object, resource_type: &ResourceType) -> Object {
    let rows: Vec<(&str, &str)> =
        RENAMED.iter().filter(|(of, _, _)| *resource_type == **of).map(|(_, path, name)| (*path, *name)).collect();
    if rows.is_empty() { arguments } else { object(&arguments, "", &rows) }
}

fn object(object: &Object, path: &str, rows: &[(&str, &str)]) -> Object {
    let mut made = Object { rest: object.rest.clone(), ..Object::default() };
    for (key, entry) in &object.entries {
        let here = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
        let name =
            rows.iter().find(|(path, _)| *path == here).map_or_else(|| key.clone(), |(_, name)| Arc::from(*name));
        made.entries.insert(name, Entry { key_span: entry.key_span, value: value(&entry.value, &here, rows) });
    }
    made
}

fn value(value: &Value, path: &str, rows: &[(&str, &str)]) -> Value {
    let kind = match &value.kind {
        ValueKind::Object(inner) => ValueKind::Object(Arc::new(object(inner, path, rows))),
        ValueKind::Array(array) => {
            let items = array.items.iter().map(|item| self::value(item, path, rows)).collect();
            ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() }))
        }
        _ => return value.clone(),
    };
    Value { kind, ..value.clone() }
}
