//! Twins made of the arguments of a Terraform example: objects of Crossplane, and a program of Pulumi's classic provider.

use std::collections::BTreeMap;

use baalint::frontend::terraform::{Instance, Mode};
use baalint::model::Presence;
use baalint::value::{Object, Reference, Unknown, Value, ValueKind};
use serde_json::{Map, Value as Json, json};

use crate::names::{camel, identifier, pascal, rows, variable};

const CROSSPLANE: &str = include_str!("../../src/frontend/yaml/data/crossplane.txt");

/// Arguments whose keys the user chose.
const FREE: [&str; 6] = ["tags", "app_settings", "metadata", "labels", "node_labels", "settings"];

/// Tokens of the five types; others are named by their azurerm type.
const TOKENS: [(&str, &str); 5] = [
    ("azurerm_storage_account", "azure:storage/account:Account"),
    ("azurerm_key_vault", "azure:keyvault/keyVault:KeyVault"),
    ("azurerm_mssql_server", "azure:mssql/server:Server"),
    ("azurerm_cosmosdb_account", "azure:cosmosdb/account:Account"),
    ("azurerm_kubernetes_cluster", "azure:containerservice/kubernetesCluster:KubernetesCluster"),
];

/// The instances of an example.
pub(super) struct Original<'i> {
    managed: Vec<&'i Instance>,
    /// ARM types by address.
    arms: BTreeMap<String, String>,
}

impl<'i> Original<'i> {
    pub(super) fn new(instances: &'i [Instance], arms: BTreeMap<String, String>) -> Self {
        Self { managed: instances.iter().filter(|it| it.mode == Mode::Managed).collect(), arms }
    }

    fn expressible(&self) -> Result<(), String> {
        if self.managed.iter().any(|it| it.presence != Presence::Certain) {
            return Err("a condition".into());
        }
        if self.managed.is_empty() { Err("declares no resource".into()) } else { Ok(()) }
    }

    /// A program of the classic provider.
    pub(super) fn classic(&self) -> Result<String, String> {
        self.expressible()?;
        let (mut resources, mut config) = (Map::new(), Map::new());
        for instance in &self.managed {
            let azurerm = &*instance.block_type;
            let listed = TOKENS.iter().find(|(of, _)| *of == azurerm).map(|(_, token)| (*token).to_owned());
            if baalint::azure::azurerm_type(azurerm).is_none() {
                return Err(format!("{azurerm} is none of azurerm's"));
            }
            let name = azurerm.strip_prefix("azurerm_").unwrap_or(azurerm);
            let token = listed.unwrap_or_else(|| format!("azure:main/{}:{}", camel(name), pascal(name)));
            let mut properties = Map::new();
            for (key, entry) in &body(instance)?.entries {
                let value = Self::written(key, &entry.value, &mut |unknown| self.interpolated(unknown, &mut config))?;
                properties.insert(camel(key), single(value));
            }
            resources.insert(identifier(&instance.address), json!({ "type": token, "properties": properties }));
        }
        let program = json!({ "name": "twin", "runtime": "yaml", "config": config, "resources": resources });
        Ok(serde_yaml::to_string(&program).expect("JSON is YAML"))
    }

    fn interpolated(&self, unknown: &Unknown, config: &mut Map<String, Json>) -> Result<Json, String> {
        let prefix = unknown.prefix.as_deref().unwrap_or("").replace("${", "$${");
        if let [one] = unknown.references.as_slice()
            && self.managed.iter().any(|it| it.address == one.address)
        {
            let attribute = if one.attribute.is_empty() { "id".to_owned() } else { camel(&one.attribute) };
            return Ok(json!(format!("{prefix}${{{}.{attribute}}}", identifier(&one.address))));
        }
        let name = variable(unknown);
        config.insert(name.clone(), json!({ "type": "string" }));
        Ok(json!(format!("{prefix}${{{name}}}")))
    }

    /// Objects of the upjet provider.
    pub(super) fn crossplane(&self) -> Result<String, String> {
        self.expressible()?;
        let mut documents = Vec::new();
        for instance in &self.managed {
            let (group, kind) =
                kind(&instance.block_type).ok_or_else(|| format!("no kind for {}", instance.block_type))?;
            let mut metadata = json!({ "name": identifier(&instance.address) });
            let mut arguments = Map::new();
            for (key, entry) in &body(instance)?.entries {
                match (&**key, entry.value.as_str()) {
                    ("name", Some(name)) => metadata["annotations"] = json!({ "crossplane.io/external-name": name }),
                    ("name", None) => {}
                    _ => self.object_entry(key, &entry.value, &mut arguments)?,
                }
            }
            documents.push(json!({
                "apiVersion": format!("{group}.azure.upbound.io/v1beta1"), "kind": kind, "metadata": metadata,
                "spec": { "forProvider": arguments },
            }));
        }
        let texts = documents.iter().map(|it| serde_yaml::to_string(it).expect("JSON is YAML"));
        Ok(texts.collect::<Vec<_>>().join("---\n"))
    }

    fn object_entry(&self, key: &str, value: &Value, out: &mut Map<String, Json>) -> Result<(), String> {
        let name = camel(key);
        match &value.kind {
            ValueKind::Unknown(unknown) => match self.named(key, unknown) {
                Some(Named::Object(object)) => out.insert(format!("{name}Ref"), json!({ "name": object })),
                Some(Named::Id(id)) => out.insert(name, json!(id)),
                None => out.insert(format!("{name}SecretRef"), json!({ "name": "values", "key": variable(unknown) })),
            },
            ValueKind::Object(object) if !FREE.contains(&key) => {
                let mut inner = Map::new();
                for (key, entry) in &object.entries {
                    self.object_entry(key, &entry.value, &mut inner)?;
                }
                out.insert(name, json!(inner))
            }
            ValueKind::Array(array)
                if !array.items.is_empty() && array.items.iter().all(|it| it.as_object().is_some()) =>
            {
                if array.rest.is_some() {
                    return Err("a list of unknown length".into());
                }
                let mut items = Vec::new();
                for item in &array.items {
                    let mut inner = Map::new();
                    for (key, entry) in &item.as_object().expect("just looked").entries {
                        self.object_entry(key, &entry.value, &mut inner)?;
                    }
                    items.push(json!(inner));
                }
                out.insert(name, json!(items))
            }
            _ => {
                let value = Self::written(key, value, &mut |unknown| match self.named(key, unknown) {
                    Some(Named::Id(id)) => Ok(json!(id)),
                    Some(Named::Object(object)) => {
                        self.id_of(&object).ok_or_else(|| "an unknown element".to_owned()).map(|id| json!(id))
                    }
                    None => Err("an unknown element".into()),
                })?;
                out.insert(name, value)
            }
        };
        Ok(())
    }

    /// How Crossplane names what an argument refers to: the object where the provider has a reference of that kind, else its id.
    fn named(&self, key: &str, unknown: &Unknown) -> Option<Named> {
        let [Reference { address, attribute }] = unknown.references.as_slice() else { return None };
        let target = self.managed.iter().find(|it| it.address == *address)?;
        let endings = ["_ids", "_id", "_names", "_name"];
        let stem = endings.iter().find_map(|it| key.strip_suffix(it)).unwrap_or(key);
        let azurerm = target.block_type.strip_prefix("azurerm_").unwrap_or(&target.block_type);
        if matches!(&**attribute, "id" | "name") && (azurerm.ends_with(stem) || stem.ends_with(azurerm)) {
            return Some(Named::Object(identifier(address)));
        }
        (&**attribute == "id").then(|| self.id_of(&identifier(address)).map(Named::Id)).flatten()
    }

    /// The id of an object that lives in a resource group.
    fn id_of(&self, object: &str) -> Option<String> {
        let target = self.managed.iter().find(|it| identifier(&it.address) == object)?;
        let arm = self.arms.get(&*target.address).filter(|it| it.matches('/').count() == 1)?;
        let written = target.body.as_object()?.value("name").and_then(Value::as_str);
        let name = written.map_or_else(|| object.to_owned(), str::to_owned);
        Some(format!("/subscriptions/s/resourceGroups/g/providers/{arm}/{name}"))
    }

    fn written(
        key: &str,
        value: &Value,
        unknown: &mut dyn FnMut(&Unknown) -> Result<Json, String>,
    ) -> Result<Json, String> {
        Ok(match &value.kind {
            ValueKind::Null => Json::Null,
            ValueKind::Bool(flag) => json!(flag),
            ValueKind::Number(number) => number.as_i64().map_or_else(|| json!(number.as_f64()), |it| json!(it)),
            ValueKind::String(text) => json!(**text),
            ValueKind::Unknown(why) => unknown(why)?,
            ValueKind::Array(array) => {
                if array.rest.is_some() {
                    return Err("a list of unknown length".into());
                }
                let items: Result<Vec<Json>, String> =
                    array.items.iter().map(|item| Self::written(key, item, unknown)).collect();
                json!(items?)
            }
            ValueKind::Object(object) => {
                let mut made = Map::new();
                for (inner, entry) in &object.entries {
                    let name = if FREE.contains(&key) { inner.to_string() } else { camel(inner) };
                    let value = Self::written(inner, &entry.value, unknown)?;
                    made.insert(name, if FREE.contains(&key) { value } else { single(value) });
                }
                json!(made)
            }
        })
    }
}

enum Named {
    Object(String),
    Id(String),
}

fn body(instance: &Instance) -> Result<&Object, String> {
    instance
        .body
        .as_object()
        .filter(|it| it.rest.is_none())
        .ok_or_else(|| "arguments that are unknown as a whole".into())
}

/// A block that occurs once is no list.
fn single(value: Json) -> Json {
    match value {
        Json::Array(mut items) if items.len() == 1 && items.iter().all(Json::is_object) => items.remove(0),
        other => other,
    }
}

fn kind(azurerm: &str) -> Option<(&'static str, &'static str)> {
    let name = azurerm.strip_prefix("azurerm_")?;
    rows(CROSSPLANE).filter_map(|row| row.split_once(' ')).find(|(_, of)| *of == name)?.0.split_once('/')
}
