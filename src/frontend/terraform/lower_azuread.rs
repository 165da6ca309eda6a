//! azuread blocks as resources of Microsoft Graph: no ARM types, but identities and their secrets are judged too.
//!
//! In: an azuread instance. Out: a resource of a pseudo type `Microsoft.Graph/...` whose `properties` are the
//! arguments under their Graph spelling (`end_date` becomes `endDateTime`). Complete: nothing else can be set. A data
//! block is there to be linked to, and never judged.

use std::sync::Arc;

use super::instance::{Instance, Mode};
use super::lower::bare;
use super::lower_common::entry;
use crate::model::{Coverage, Dialect, Link, Lowered, Presence, Resource, ResourceType, Target};
use crate::value::{Array, Object, Reason, Unknown, Value, ValueKind};

/// Type, Graph type, the argument that names its parent.
const TYPES: &[(&str, &str, &str)] = &[
    ("azuread_app_role_assignment", "Microsoft.Graph/servicePrincipals/appRoleAssignments", "resource_object_id"),
    ("azuread_application", "Microsoft.Graph/applications", ""),
    ("azuread_application_certificate", "Microsoft.Graph/applications/keyCredentials", "application_id"),
    (
        "azuread_application_federated_identity_credential",
        "Microsoft.Graph/applications/federatedIdentityCredentials",
        "application_id",
    ),
    ("azuread_application_password", "Microsoft.Graph/applications/passwordCredentials", "application_id"),
    ("azuread_application_registration", "Microsoft.Graph/applications", ""),
    ("azuread_conditional_access_policy", "Microsoft.Graph/identity/conditionalAccess/policies", ""),
    ("azuread_directory_role_assignment", "Microsoft.Graph/roleManagement/directory/roleAssignments", ""),
    ("azuread_group", "Microsoft.Graph/groups", ""),
    ("azuread_service_principal", "Microsoft.Graph/servicePrincipals", ""),
    (
        "azuread_service_principal_certificate",
        "Microsoft.Graph/servicePrincipals/keyCredentials",
        "service_principal_id",
    ),
    (
        "azuread_service_principal_password",
        "Microsoft.Graph/servicePrincipals/passwordCredentials",
        "service_principal_id",
    ),
    ("azuread_user", "Microsoft.Graph/users", ""),
];

/// Lowers one instance; azuread types beside the table are no resources that a policy could read.
pub(super) fn lower(instance: &Instance, dialect: Dialect, lowered: &mut Lowered) {
    let Some((_, graph, parent)) = TYPES.iter().find(|(name, _, _)| **name == *instance.block_type) else { return };
    let empty = Object::default();
    let arguments = instance.body.as_object().unwrap_or(&empty);
    let mut body = Object::default();
    if let Some(name) = entry(arguments, "display_name") {
        body.insert("name", name.key_span, name.value.clone());
    }
    body.insert("properties", instance.header, spelled(&instance.body));
    let existing = instance.mode == Mode::Data;
    if existing {
        body.rest = Some(Arc::new(Unknown::new(Reason::Data(instance.address.clone()))));
    }
    let parent = entry(arguments, parent).map(|entry| Link {
        target: Target::Value(entry.value.clone()),
        scope: false,
        span: entry.value.span,
    });
    lowered.resources.push(Resource {
        body: Value::object(body, instance.header),
        coverage: Arc::new(Coverage::complete()),
        parent,
        presence: if existing { Presence::Existing } else { instance.presence.clone() },
        ..bare(instance, ResourceType::new(*graph), dialect)
    });
}

/// The same value with `snake_case` keys as `camelCase`; what is null is left out.
fn spelled(value: &Value) -> Value {
    let kind = match &value.kind {
        ValueKind::Object(object) => {
            let mut renamed = Object { rest: object.rest.clone(), ..Object::default() };
            for (key, entry) in object.entries.iter().filter(|(_, entry)| !entry.value.is_null()) {
                renamed.insert(camel(key), entry.key_span, spelled(&entry.value));
            }
            ValueKind::Object(Arc::new(renamed))
        }
        ValueKind::Array(array) => {
            let items = array.items.iter().map(spelled).collect();
            ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() }))
        }
        other => other.clone(),
    };
    Value { kind, ..value.clone() }
}

fn camel(key: &str) -> String {
    // Graph says of these what they hold.
    match key {
        "start_date" => return "startDateTime".to_owned(),
        "end_date" => return "endDateTime".to_owned(),
        _ => {}
    }
    let mut name = String::with_capacity(key.len());
    let mut upper = false;
    for letter in key.chars() {
        match letter {
            '_' => upper = true,
            letter if upper => {
                name.extend(letter.to_uppercase());
                upper = false;
            }
            letter => name.push(letter),
        }
    }
    name
}
