//! Arguments in camelCase to the arguments of the azurerm provider, and instances of them.
//!
//! In: evaluated arguments of a bridged provider (Pulumi's classic one, Crossplane). Out: [`Instance`]s for `terraform::lower`.
//! Keys of free maps (`tags`, `appSettings`) are the user's and stay. Knows no type.

use std::sync::Arc;

use crate::frontend::terraform::{Instance, Mappings, Mode, Provider, lower};
use crate::model::{Dialect, Lowered, Presence};
use crate::source::Span;
use crate::value::{Array, DefaultOf, Entry, Object, Value, ValueKind};

/// The azurerm major that the bridges of 2026 are made of.
pub(super) const MAJOR: u8 = 4;

/// Arguments whose keys are names that the user chose.
const FREE: [&str; 12] = [
    "tags",
    "app_settings",
    "metadata",
    "labels",
    "node_labels",
    "environment_variables",
    "secure_environment_variables",
    "sticky_settings",
    "parameters",
    "settings",
    "protected_settings",
    "properties",
];

/// `https_traffic_only` of `httpsTrafficOnly`; a run of capitals is one word.
pub(super) fn snake(camel: &str) -> String {
    let bytes = camel.as_bytes();
    let mut name = String::with_capacity(camel.len().saturating_add(8));
    for (at, letter) in camel.char_indices() {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at.saturating_add(1));
        let starts = letter.is_ascii_uppercase()
            && before
                .is_some_and(|it| !it.is_ascii_uppercase() && *it != b'_' || after.is_some_and(u8::is_ascii_lowercase));
        if starts && !name.ends_with('_') {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// The name of azurerm for a key: most have no capitals.
pub(super) fn undone_key(key: &Arc<str>) -> Arc<str> {
    if key.bytes().any(|it| it.is_ascii_uppercase()) { snake(key).into() } else { key.clone() }
}

/// True for an argument, in azurerm's spelling, whose keys are names that the user chose.
pub(super) fn is_free(argument: &str) -> bool {
    FREE.contains(&argument)
}

/// The same arguments with azurerm's names.
pub(super) fn undone(object: &Object) -> Object {
    let entries = object.entries.iter().map(|(key, entry)| {
        let key = undone_key(key);
        let value = if is_free(&key) { entry.value.clone() } else { undone_value(&entry.value) };
        (key, Entry { key_span: entry.key_span, value })
    });
    Object { entries: entries.collect(), rest: object.rest.clone() }
}

fn undone_value(value: &Value) -> Value {
    let kind = match &value.kind {
        ValueKind::Object(object) => ValueKind::Object(Arc::new(undone(object))),
        ValueKind::Array(array) => {
            let items = array.items.iter().map(undone_value).collect();
            ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() }))
        }
        _ => return value.clone(),
    };
    Value { kind, ..value.clone() }
}

/// A declaration that a bridge hands to azurerm.
pub(super) struct Bridged {
    pub(super) address: Arc<str>,
    /// As the dialect names it.
    pub(super) source_type: Arc<str>,
    /// As azurerm names it.
    pub(super) azurerm: Arc<str>,
    /// With azurerm's names.
    pub(super) arguments: Object,
    pub(super) span: Span,
    pub(super) header: Span,
    pub(super) presence: Presence,
    /// Where what declares it is used.
    pub(super) callers: Vec<Span>,
}

/// Lowers declarations through the mappings, keeping the dialect's names for them.
pub(super) fn lower_bridged(bridged: Vec<Bridged>, mappings: &Mappings, lowered: &mut Lowered) {
    let Some(first) = bridged.first() else { return };
    let features = Value::object(Object::default(), first.header);
    let provider =
        Arc::new(Provider { azurerm_major: MAJOR, stated: false, address: "provider.azurerm".into(), features });
    for one in bridged {
        let instance = Instance {
            address: one.address.clone(),
            mode: Mode::Managed,
            block_type: one.azurerm,
            body: Value::object(one.arguments, one.span),
            span: one.span,
            header: one.header,
            callers: one.callers,
            presence: one.presence,
            provider: provider.clone(),
        };
        let mut made = lower(std::slice::from_ref(&instance), mappings, Dialect::Yaml);
        for resource in made.resources.iter_mut().filter(|it| it.source_type == instance.block_type) {
            resource.source_type = one.source_type.clone();
        }
        for patch in &mut made.patches {
            patch.source_type = one.source_type.clone();
        }
        lowered.resources.extend(made.resources);
        lowered.patches.extend(made.patches);
        lowered.diagnostics.extend(made.diagnostics);
        lowered.unmapped.extend(made.unmapped.iter().map(|_| one.source_type.clone()));
    }
}

/// What nobody wrote is the choice of another tool, not azurerm's.
pub(super) fn not_azurerms(value: &mut Value) {
    if let Some(origin) = &mut value.origin
        && matches!(origin.default, Some(DefaultOf::Provider { .. }))
    {
        Arc::make_mut(origin).default = Some(DefaultOf::Service { api_version: "any".into() });
    }
    match &mut value.kind {
        ValueKind::Object(object) => {
            Arc::make_mut(object).entries.values_mut().for_each(|entry| not_azurerms(&mut entry.value));
        }
        ValueKind::Array(array) => Arc::make_mut(array).items.iter_mut().for_each(not_azurerms),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::snake;

    #[test]
    fn camel_case_is_undone() {
        let cases = [
            ("httpsTrafficOnlyEnabled", "https_traffic_only_enabled"),
            ("publicIPAddressId", "public_ip_address_id"),
            ("name", "name"),
            ("isHnsEnabled", "is_hns_enabled"),
            ("osDiskSizeGb", "os_disk_size_gb"),
            ("StorageAccount", "storage_account"),
        ];
        for (camel, expected) in cases {
            assert_eq!(snake(camel), expected);
        }
    }
}
