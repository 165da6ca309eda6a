//! Twins made of the bodies that an example lowers to: objects of Crossplane's first provider.
//!
//! It has few kinds, and each says little: what a kind has no field for is left out and told.

use std::cell::RefCell;
use std::collections::BTreeSet;

use baalint::model::{Presence, Resource};
use baalint::value::{Value, ValueKind};
use serde_json::{Map, Value as Json, json};

use crate::ansible::leaves;
use crate::bodies::{Original, Style, by_service, plain};
use crate::names::{identifier, rows};

const KINDS: &str = include_str!("../../src/frontend/yaml/data/provider_azure.tsv");

/// What the fields of a kind say of its body (`apis/*/v1alpha3` of provider-azure 0.20).
const SAYS: [(&str, &[&str]); 3] = [
    (
        "storage/Account",
        &[
            "identity",
            "kind",
            "location",
            "sku.name",
            "tags",
            "properties.accessTier",
            "properties.customDomain",
            "properties.encryption.keySource",
            "properties.encryption.keyvaultproperties",
            "properties.encryption.services.blob",
            "properties.encryption.services.file",
            "properties.networkAcls",
            "properties.supportsHttpsTrafficOnly",
        ],
    ),
    (
        "database/CosmosDBAccount",
        &[
            "kind",
            "location",
            "tags",
            "properties.consistencyPolicy",
            "properties.databaseAccountOfferType",
            "properties.enableAutomaticFailover",
            "properties.enableCassandraConnector",
            "properties.enableMultipleWriteLocations",
            "properties.locations",
        ],
    ),
    (
        "compute/AKSCluster",
        &["location", "properties.kubernetesVersion", "properties.dnsPrefix", "properties.enableRBAC"],
    ),
];

/// The objects, and what their kinds cannot say.
pub(super) fn objects(original: &Original) -> Result<(String, BTreeSet<String>), String> {
    let (mut documents, mut unsaid) = (Vec::new(), BTreeSet::new());
    for resource in original.resources()? {
        if resource.presence == Presence::Existing {
            return Err("a resource that exists already".into());
        }
        let arm = resource.resource_type.as_str();
        let row = rows(KINDS).find(|row| row.split('\t').nth(1).is_some_and(|it| it.eq_ignore_ascii_case(arm)));
        let key = row.and_then(|row| row.split('\t').next()).unwrap_or("");
        let Some((_, says)) = SAYS.iter().find(|(of, _)| *of == key) else { return Err(format!("no kind for {arm}")) };
        let (group, kind) = key.split_once('/').expect("a kind has a group");
        let mut left = BTreeSet::new();
        leaves(&resource.body, "", &mut left);
        let beside = |path: &String| !["name", "type", "apiVersion"].contains(&path.as_str());
        let lacking = left.into_iter().filter(beside).filter(|it| !says.iter().any(|said| is_below(it, said)));
        unsaid.extend(lacking.map(|path| format!("{kind} has no field for {path}")));
        let style = Fields { unsaid: RefCell::default() };
        let mut body = said(&resource.body, "", says, &style)?;
        unsaid.extend(style.unsaid.into_inner());
        let spec = match kind {
            "Account" => json!({ "storageAccountSpec": body }),
            "CosmosDBAccount" => json!({ "forProvider": body }),
            _ => {
                let mut properties = body["properties"].as_object().cloned().unwrap_or_default();
                if let Some(enabled) = properties.remove("enableRBAC") {
                    properties.insert("disableRBAC".into(), json!(enabled == json!(false)));
                }
                for (from, to) in [("kubernetesVersion", "version"), ("dnsPrefix", "dnsNamePrefix")] {
                    if let Some(value) = properties.remove(from) {
                        properties.insert(to.into(), value);
                    }
                }
                properties.extend(body["location"].take().as_str().map(|it| ("location".to_owned(), json!(it))));
                json!(properties)
            }
        };
        documents.push(json!({
            "apiVersion": format!("{group}.azure.crossplane.io/v1alpha3"), "kind": kind,
            "metadata": metadata(resource), "spec": spec,
        }));
    }
    let texts = documents.iter().map(|it| serde_yaml::to_string(it).expect("JSON is YAML"));
    Ok((texts.collect::<Vec<_>>().join("---\n"), unsaid))
}

fn metadata(resource: &Resource) -> Json {
    let mut metadata = json!({ "name": identifier(&resource.address) });
    if let Some(name) = resource.text("name") {
        metadata["annotations"] = json!({ "crossplane.io/external-name": name });
    }
    metadata
}

fn is_below(path: &str, said: &str) -> bool {
    path.strip_prefix(said).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The part of a body that has fields.
fn said(value: &Value, path: &str, says: &[&str], style: &Fields) -> Result<Json, String> {
    if says.iter().any(|it| is_below(path, it)) {
        return style.item(path, value);
    }
    let mut made = Map::new();
    for (key, entry) in value.as_object().into_iter().flat_map(|it| &it.entries) {
        let below = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
        let leads = says.iter().any(|it| is_below(&below, it) || is_below(it, &below));
        if leads && !by_service(&entry.value) && entry.value.as_unknown().is_none_or(|_| says.contains(&&*below)) {
            made.insert(key.to_string(), said(&entry.value, &below, says, style)?);
        }
    }
    Ok(json!(made))
}

struct Fields {
    unsaid: RefCell<BTreeSet<String>>,
}

impl Style for Fields {
    fn entry(&self, key: &str, value: &Value, out: &mut Map<String, Json>) -> Result<(), String> {
        out.insert(key.to_owned(), self.item(key, value)?);
        Ok(())
    }

    fn item(&self, key: &str, value: &Value) -> Result<Json, String> {
        match &value.kind {
            // Filled in by what applies the objects.
            ValueKind::Unknown(unknown) => Ok(json!(format!("${{{}}}", crate::names::variable(unknown)))),
            _ => plain(self, key, value),
        }
    }
}
