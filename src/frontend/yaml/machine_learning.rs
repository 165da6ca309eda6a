//! Azure ML as `az ml` takes it: workspaces, computes, datastores, endpoints and online deployments, told by their `$schema`.
//!
//! In: a document. Out: one resource, lowered through the mapping files `az/azure_ml_*.yaml`. The workspace is given on the command
//! line, so it is not known. Jobs, components, models and data sets declare nothing that is deployed.

use std::sync::Arc;

use super::arguments::{Bridged, lower_bridged, not_azurerms};
use super::detect::has;
use super::manifest::{read_at_deployment, reference};
use crate::frontend::terraform::Mappings;
use crate::model::{Coverage, Dialect, Lowered, Presence, Resource, ResourceType, Unread};
use crate::source::Span;
use crate::value::{DefaultOf, Entry, Object, Reason, Unknown, Value};

/// The file of a schema, and the mapping for what it describes.
const SCHEMAS: [(&str, &str); 13] = [
    ("workspace.schema.json", "azure_ml_workspace"),
    ("hub.schema.json", "azure_ml_workspace"),
    ("project.schema.json", "azure_ml_workspace"),
    ("amlCompute.schema.json", "azure_ml_aml_compute"),
    ("computeInstance.schema.json", "azure_ml_compute_instance"),
    ("vmCompute.schema.json", "azure_ml_vm_compute"),
    ("azureBlob.schema.json", "azure_ml_datastore"),
    ("azureFile.schema.json", "azure_ml_datastore"),
    ("azureDataLakeGen2.schema.json", "azure_ml_datastore"),
    ("managedOnlineEndpoint.schema.json", "azure_ml_online_endpoint"),
    ("kubernetesOnlineEndpoint.schema.json", "azure_ml_online_endpoint"),
    ("managedOnlineDeployment.schema.json", "azure_ml_online_deployment"),
    ("batchEndpoint.schema.json", "azure_ml_batch_endpoint"),
];

/// True for a text that may hold such a document.
pub(super) fn names_schema(text: &str) -> bool {
    has(text, "azureml") && SCHEMAS.iter().any(|(file, _)| has(text, file))
}

/// The schema of a document and the mapping for it; none when its schema is not one of these.
pub(super) fn mapping(object: &Object) -> Option<(&'static str, &'static str)> {
    let schema = object.value("$schema")?.as_str()?.trim();
    let file = schema.rsplit('/').next().filter(|_| schema.contains("azureml"))?;
    SCHEMAS.into_iter().find(|(name, _)| *name == file)
}

/// Lowers one document.
pub(super) fn lower(root: &Value, mappings: &Mappings, lowered: &mut Lowered) {
    let Some(object) = root.as_object() else { return };
    let (Some((schema, mapping)), Some(entry)) = (mapping(object), object.get("$schema")) else { return };
    let header = entry.key_span.to(entry.value.span);
    let mut arguments = object.clone();
    arguments.entries.shift_remove("$schema");
    if !mapping.ends_with("workspace") {
        let workspace = given_workspace(header, lowered);
        arguments.insert("workspace_id", header, reference(&workspace, "id", header));
        arguments.insert("endpoint_id", header, read_at_deployment("the endpoint", header));
    }
    if let Some(kind) = kind_of_workspace(schema) {
        arguments.insert("kind", header, Value::new(kind, header));
    }
    if let Some(identity) = arguments.entries.get_mut("identity") {
        identity.value = azure_identity(&identity.value);
    } else if mapping.ends_with("workspace") {
        // What `az ml` sends when nothing is said.
        let of_az = DefaultOf::Service { api_version: "any".into() };
        let mut identity = Object::default();
        identity.insert("type", header, Value::new("SystemAssigned", header).as_default(of_az));
        arguments.insert("identity", header, Value::object(identity, header));
    }
    let name = object.value("name").and_then(Value::as_str).unwrap_or("?");
    let kind = schema.strip_suffix(".schema.json").unwrap_or(schema);
    let bridged = Bridged {
        address: format!("{kind}/{name}").into(),
        source_type: kind.into(),
        azurerm: mapping.into(),
        arguments,
        span: root.span,
        header,
        presence: Presence::Certain,
        callers: Vec::new(),
    };
    lowered.unread.push(others(&bridged.address, header));
    let before = lowered.resources.len();
    lower_bridged(vec![bridged], mappings, lowered);
    lowered.resources.iter_mut().skip(before).for_each(|it| not_azurerms(&mut it.body));
}

/// The workspace that `az ml` is given: it exists, and nothing else is known of it.
fn given_workspace(header: Span, lowered: &mut Lowered) -> Arc<str> {
    let address: Arc<str> = "the workspace of `az ml`".into();
    if lowered.resources.iter().all(|it| it.address != address) {
        let why = Arc::new(Unknown::new(Reason::Data("the workspace that `az ml` is given".into())));
        let resource_type = ResourceType::new("Microsoft.MachineLearningServices/workspaces");
        lowered.resources.push(Resource {
            address: address.clone(),
            source_type: "workspace".into(),
            dialect: Dialect::Yaml,
            body: Value::object(Object { rest: Some(why), ..Object::default() }, header),
            coverage: Arc::new(Coverage::none()),
            span: header,
            header,
            callers: Vec::new(),
            presence: Presence::Existing,
            parent: None,
            resource_group: None,
            provider_major: None,
            resource_type,
        });
    }
    address
}

/// What other commands of `az` make may belong to this resource: nothing that is not in the document is certain to be missing.
pub(super) fn others(address: &Arc<str>, header: Span) -> Unread {
    let why = Arc::new(Unknown::new(Reason::NotEvaluated("what other commands of `az` make".into())));
    Unread { names: reference(address, "id", header), why, below: false }
}

fn kind_of_workspace(schema: &str) -> Option<&'static str> {
    match schema {
        "workspace.schema.json" => Some("Default"),
        "hub.schema.json" => Some("Hub"),
        "project.schema.json" => Some("Project"),
        _ => None,
    }
}

/// `system_assigned` and a list of `resource_id`s, in azurerm's words.
fn azure_identity(identity: &Value) -> Value {
    let Some(object) = identity.as_object() else { return identity.clone() };
    let mut made = Object { rest: object.rest.clone(), ..Object::default() };
    if let Some(entry) = object.get("type") {
        let azure = entry.value.as_str().map(|text| match text.replace(' ', "").to_ascii_lowercase().as_str() {
            "system_assigned" => "SystemAssigned".to_owned(),
            "user_assigned" => "UserAssigned".to_owned(),
            "system_assigned,user_assigned" | "systemassigned,userassigned" => {
                "SystemAssigned, UserAssigned".to_owned()
            }
            _ => text.to_owned(),
        });
        let value = azure.map_or_else(|| entry.value.clone(), |azure| Value::new(azure, entry.value.span));
        made.entries.insert("type".into(), Entry { key_span: entry.key_span, value });
    }
    if let Some(entry) = object.get("user_assigned_identities") {
        let id = |it: &Value| it.as_object().and_then(|it| it.value("resource_id")).unwrap_or(it).clone();
        let ids = match (entry.value.as_array(), entry.value.as_object()) {
            (Some(array), _) => array.items.iter().map(id).collect(),
            (None, Some(map)) => map.entries.iter().map(|(id, entry)| Value::new(id.clone(), entry.key_span)).collect(),
            (None, None) => vec![entry.value.clone()],
        };
        let value = Value::array(ids, entry.value.span);
        made.entries.insert("identity_ids".into(), Entry { key_span: entry.key_span, value });
    }
    Value::object(made, identity.span)
}
