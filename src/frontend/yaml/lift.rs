//! Flattened arguments to the body that Resource Manager takes: what lies beside `properties` stays, the rest goes below it.
//!
//! In: evaluated arguments of Pulumi's azure-native or of an Azure Service Operator `spec`, and the ARM type. Out: `properties` and
//! what is beside it; elements that are resources of their own (`securityRules`) get their `properties` back. Moves values, changes none.

use std::sync::Arc;

use super::tables::{Row, row_of_type};
use crate::source::Span;
use crate::value::{Array, Entry, Object, Value, ValueKind};

const BESIDE: [&str; 9] =
    ["location", "tags", "sku", "identity", "kind", "zones", "plan", "extendedLocation", "managedBy"];

/// Types whose `sku` is a property.
const SKU_INSIDE: [&str; 8] = [
    "Microsoft.Network/applicationGateways",
    "Microsoft.Network/azureFirewalls",
    "Microsoft.Network/firewallPolicies",
    "Microsoft.Network/virtualNetworkGateways",
    "Microsoft.Automation/automationAccounts",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Cache/redis",
    "Microsoft.ContainerInstance/containerGroups",
];

/// Arrays whose elements have `properties`, by namespace and name.
const ENVELOPED: [(&str, &[&str]); 3] = [
    (
        "Microsoft.Network",
        &[
            "securityRules",
            "subnets",
            "delegations",
            "routes",
            "ipConfigurations",
            "frontendIPConfigurations",
            "gatewayIPConfigurations",
            "frontendPorts",
            "backendAddressPools",
            "backendHttpSettingsCollection",
            "httpListeners",
            "requestRoutingRules",
            "sslCertificates",
            "trustedRootCertificates",
            "loadBalancingRules",
            "inboundNatRules",
            "inboundNatPools",
            "outboundRules",
            "probes",
            "privateLinkServiceConnections",
            "manualPrivateLinkServiceConnections",
            "privateDnsZoneConfigs",
            "virtualNetworkPeerings",
            "applicationRuleCollections",
            "networkRuleCollections",
            "natRuleCollections",
            "frontendEndpoints",
        ],
    ),
    ("Microsoft.Compute", &["networkInterfaceConfigurations", "ipConfigurations", "extensions"]),
    ("Microsoft.ContainerInstance", &["containers", "initContainers"]),
];

const BESIDE_ELEMENT: [&str; 5] = ["name", "id", "zones", "etag", "tags"];

/// What lies beside `properties` in an ARM type.
pub(super) struct Shape<'t> {
    arm: &'t str,
    row: Option<Row>,
}

impl<'t> Shape<'t> {
    /// The shape of a type, from `row` or the first row of the type.
    pub(super) fn of(arm: &'t str, row: Option<Row>) -> Self {
        Self { arm, row: row.or_else(|| row_of_type(arm)) }
    }

    fn is_beside(&self, key: &str) -> bool {
        let same = |it: &&str| it.eq_ignore_ascii_case(key);
        match &self.row {
            Some(row) => row.top().iter().any(same) || matches!(key, "location" | "tags" | "identity"),
            None if key.eq_ignore_ascii_case("sku") => !SKU_INSIDE.iter().any(|it| it.eq_ignore_ascii_case(self.arm)),
            None => BESIDE.iter().any(same),
        }
    }

    /// What lies beside `properties` in the elements of the array at `path`.
    fn beside_element(&self, path: &str) -> Option<Vec<&'static str>> {
        if let Some(found) = self.row.as_ref().and_then(|row| row.envelope(path)) {
            return Some(found);
        }
        let namespace = self.arm.split('/').next().unwrap_or("");
        let key = path.rsplit('.').next().unwrap_or(path);
        let known = ENVELOPED.iter().find(|(of, _)| of.eq_ignore_ascii_case(namespace)).map_or(&[][..], |(_, it)| it);
        known.iter().any(|it| it.eq_ignore_ascii_case(key)).then(|| BESIDE_ELEMENT.to_vec())
    }

    /// Adds the arguments to a body.
    pub(super) fn lift(&self, arguments: &Object, body: &mut Object, header: Span) {
        let mut properties = Object { rest: arguments.rest.clone(), ..Object::default() };
        let mut place = (header, header);
        for (key, entry) in &arguments.entries {
            match (&**key, &entry.value.kind) {
                ("properties", ValueKind::Object(inner)) => {
                    place = (entry.key_span, entry.value.span);
                    properties.rest = properties.rest.or_else(|| inner.rest.clone());
                    for (key, entry) in &inner.entries {
                        let value = self.enveloped(&entry.value, &format!("properties.{key}"));
                        properties.insert(key.clone(), entry.key_span, value);
                    }
                }
                ("properties", ValueKind::Unknown(why)) => properties.rest = Some(why.clone()),
                (key, _) if self.is_beside(key) => {
                    body.insert(key, entry.key_span, entry.value.clone());
                }
                (key, _) => properties.insert(key, entry.key_span, self.enveloped(&entry.value, key)),
            }
        }
        body.rest.clone_from(&arguments.rest);
        body.insert("properties", place.0, Value::object(properties, place.1));
    }

    fn enveloped(&self, value: &Value, path: &str) -> Value {
        let kind = match &value.kind {
            ValueKind::Object(object) => {
                let entries = object.entries.iter().map(|(key, entry)| {
                    let value = self.enveloped(&entry.value, &format!("{path}.{key}"));
                    (key.clone(), Entry { key_span: entry.key_span, value })
                });
                ValueKind::Object(Arc::new(Object { entries: entries.collect(), rest: object.rest.clone() }))
            }
            ValueKind::Array(array) => {
                let beside = self.beside_element(path);
                let items = array.items.iter().map(|item| {
                    let item = self.enveloped(item, path);
                    match (&beside, &item.kind) {
                        (Some(beside), ValueKind::Object(object)) if object.get("properties").is_none() => {
                            in_envelope(object, beside, item.span)
                        }
                        _ => item,
                    }
                });
                ValueKind::Array(Arc::new(Array { items: items.collect(), rest: array.rest.clone() }))
            }
            _ => return value.clone(),
        };
        Value { kind, ..value.clone() }
    }
}

fn in_envelope(object: &Object, beside: &[&str], span: Span) -> Value {
    let (mut outer, mut properties) = (Object::default(), Object { rest: object.rest.clone(), ..Object::default() });
    for (key, entry) in &object.entries {
        let side = if beside.iter().any(|it| it.eq_ignore_ascii_case(key)) { &mut outer } else { &mut properties };
        side.entries.insert(key.clone(), entry.clone());
    }
    outer.insert("properties", span, Value::object(properties, span));
    Value::object(outer, span)
}

/// A list of ids as Resource Manager has it: an object with a key for each.
pub(super) fn identities(ids: &Value) -> Value {
    let ValueKind::Array(array) = &ids.kind else { return ids.clone() };
    let mut object = Object { rest: array.rest.clone(), ..Object::default() };
    for (item, position) in array.items.iter().zip(0u32..) {
        let empty = || Value::object(Object::default(), item.span);
        match &item.kind {
            ValueKind::String(id) => object.insert(id.clone(), item.span, empty()),
            ValueKind::Unknown(unknown) => {
                let key = unknown.references.first().map_or_else(
                    || format!("[{position}]"),
                    |reference| format!("[{}.{}]", reference.address, reference.attribute),
                );
                object.insert(key, item.span, item.clone());
            }
            _ => {}
        }
    }
    Value { kind: ValueKind::Object(Arc::new(object)), ..ids.clone() }
}
