//! Twins made of the bodies that an example lowers to: Pulumi's `azure-native`, and Azure Service Operator.

use baalint::model::{Link, Presence, Resource, ResourceGraph, ResourceIndex, Target};
use baalint::value::{DefaultOf, Reference, Unknown, Value, ValueKind};
use serde_json::{Map, Value as Json, json};

use crate::names::{identifier, pascal, rows, singular, variable};

const ASO: &str = include_str!("../../src/frontend/yaml/data/aso.tsv");
const PULUMI: &str = include_str!("../../src/frontend/yaml/data/pulumi.txt");

/// Names of singletons that Pulumi does not ask for.
const FIXED: [&str; 5] = ["blobServices", "fileServices", "queueServices", "tableServices", "managementPolicies"];

/// What an example lowers to, its patches merged.
pub(super) struct Original {
    graph: ResourceGraph,
}

/// A row of the table of the operator's kinds.
#[derive(Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the words of Kubernetes")]
struct Kind {
    group: &'static str,
    kind: &'static str,
    top: &'static str,
    envelopes: &'static str,
}

/// How references and unknown values are written.
pub(super) trait Style {
    fn entry(&self, key: &str, value: &Value, out: &mut Map<String, Json>) -> Result<(), String>;
    fn item(&self, key: &str, value: &Value) -> Result<Json, String>;
}

impl Original {
    pub(super) fn new(graph: ResourceGraph) -> Self {
        Self { graph }
    }

    pub(super) fn resources(&self) -> Result<Vec<&Resource>, String> {
        let all = self.graph.indices().map(|index| self.graph.get(index));
        let all: Vec<&Resource> =
            all.filter(|it| !it.resource_type.as_str().starts_with("baalint.template/")).collect();
        if all.iter().any(|it| it.presence == Presence::Partial) {
            return Err("part of a resource that is not declared".into());
        }
        if all.iter().any(|it| matches!(it.presence, Presence::Possible(_))) {
            return Err("a condition".into());
        }
        if all.is_empty() { Err("declares no resource".into()) } else { Ok(all) }
    }

    pub(super) fn find(&self, address: &str) -> Option<&Resource> {
        self.graph.indices().map(|index| self.graph.get(index)).find(|it| &*it.address == address)
    }

    fn index(&self, address: &str) -> Option<ResourceIndex> {
        self.graph.indices().find(|index| &*self.graph.get(*index).address == address)
    }

    /// What a resource lives below; what stands beside it may name that.
    fn parent(&self, index: ResourceIndex) -> Option<&Resource> {
        let wanted = self.graph.get(index).resource_type.parent();
        let mut above = std::iter::successors(self.graph.parent(index), |it| self.graph.parent(*it));
        above
            .by_ref()
            .map(|it| self.graph.get(it))
            .find(|it| wanted.as_ref().is_none_or(|wanted| it.resource_type == *wanted))
    }

    /// A program of `azure-native` resources.
    pub(super) fn pulumi(&self) -> Result<String, String> {
        let style = Pulumi { variables: std::cell::RefCell::default() };
        let mut resources = Map::new();
        for resource in self.resources()? {
            let mut properties = Map::new();
            let segments: Vec<&str> = resource.resource_type.as_str().split('/').skip(1).collect();
            let outer = self.outer(resource)?;
            for (segment, name) in segments.iter().zip(&outer) {
                let value = match name {
                    Name::Of(address) => json!(format!("${{{}.name}}", identifier(address))),
                    Name::Written(value) => style.item("name", value)?,
                };
                if !FIXED.contains(segment) {
                    properties.insert(name_argument(segment), value);
                }
            }
            if let Some(scope) = resource.parent.as_ref().filter(|it| it.scope) {
                let key = match resource.resource_type.namespace() {
                    "Microsoft.Security" => "resourceId",
                    "Microsoft.Insights" => "resourceUri",
                    _ => "scope",
                };
                let value = match &scope.target {
                    Target::Address(address) => json!(format!("${{{}.id}}", identifier(address))),
                    Target::Value(value) => style.item("scope", value)?,
                    Target::Named { .. } => return Err("extends what is named by its parts".into()),
                };
                properties.insert(key.into(), value);
            }
            let own = segments.last().copied().unwrap_or_default();
            flattened(resource, &style, &mut properties, |_| None)?;
            if let Some(name) = properties.remove("name")
                && !FIXED.contains(&own)
            {
                properties.insert(name_argument(own), last_name(name));
            }
            properties.remove("apiVersion");
            bridged(resource.resource_type.as_str(), &mut properties);
            let token = token(resource.resource_type.as_str());
            let token = match resource.text("apiVersion").filter(|_| resource.source_type.contains('/')) {
                Some(api) => token
                    .replacen(':', "\u{0}", 1)
                    .replacen(':', &format!("/v{}:", api.replace('-', "")), 1)
                    .replace('\u{0}', ":"),
                None => token,
            };
            let mut declared = json!({ "type": token, "properties": properties });
            if resource.presence == Presence::Existing {
                declared["get"] = json!({ "id": "/subscriptions/s" });
            }
            resources.insert(identifier(&resource.address), declared);
        }
        let config: Map<String, Json> =
            style.variables.into_inner().into_iter().map(|name| (name, json!({ "type": "string" }))).collect();
        let program = json!({ "name": "twin", "runtime": "yaml", "config": config, "resources": resources });
        Ok(serde_yaml::to_string(&program).expect("JSON is YAML"))
    }

    /// Objects of Azure Service Operator.
    pub(super) fn service_operator(&self) -> Result<String, String> {
        let mut documents = Vec::new();
        for resource in self.resources()? {
            let index = self.index(&resource.address);
            let kind = kind(resource.resource_type.as_str())?;
            let style = Operator { original: self };
            let mut spec = Map::new();
            let envelopes = |path: &str| {
                kind.envelopes.split(' ').find_map(|it| it.split_once(':').filter(|(at, _)| *at == path)).map(|_| ())
            };
            flattened(resource, &style, &mut spec, envelopes)?;
            if let Some(sku) = spec.get("sku").filter(|_| !kind.top.contains("sku")).cloned() {
                spec.insert("sku".into(), sku);
            }
            let api = spec.remove("apiVersion").and_then(|it| it.as_str().map(|it| it.replace('-', "")));
            if let Some(name) = spec.remove("name").or_else(|| spec.remove("nameFromConfig"))
                && name.is_string()
            {
                spec.insert("azureName".into(), last_name(name));
            }
            let owner = match &resource.parent {
                Some(link) => self.owner(index, link)?,
                None => json!({ "name": "g" }),
            };
            spec.insert("owner".into(), owner);
            let mut metadata = json!({ "name": identifier(&resource.address) });
            if resource.presence == Presence::Existing {
                metadata["annotations"] = json!({ "serviceoperator.azure.com/reconcile-policy": "skip" });
            }
            let version = api.unwrap_or_else(|| "20230501".into());
            documents.push(json!({
                "apiVersion": format!("{}/v1api{version}", kind.group), "kind": kind.kind, "metadata": metadata, "spec": spec,
            }));
        }
        let texts = documents.iter().map(|it| serde_yaml::to_string(it).expect("JSON is YAML"));
        Ok(texts.collect::<Vec<_>>().join("---\n"))
    }

    fn owner(&self, index: Option<ResourceIndex>, link: &Link) -> Result<Json, String> {
        let of = |address: &str| {
            let target = self.find(address).ok_or("belongs to what is not declared")?;
            let kind = kind(target.resource_type.as_str())?;
            Ok(if link.scope {
                json!({ "group": kind.group, "kind": kind.kind, "name": identifier(address) })
            } else {
                json!({ "name": identifier(address) })
            })
        };
        if let Some(parent) = index.and_then(|it| self.parent(it)) {
            return of(&parent.address);
        }
        match &link.target {
            Target::Address(address) => of(address),
            Target::Value(value) => match (&value.kind, only_reference(value)) {
                (ValueKind::String(id), _) => Ok(json!({ "armId": **id })),
                (_, Some(reference)) => of(&reference.address),
                _ => Err("belongs to something unknown".into()),
            },
            Target::Named { resource_type, names } => {
                let named = self.graph.indices().map(|index| self.graph.get(index)).find(|it| {
                    it.resource_type == *resource_type && names.last().and_then(Value::as_str) == it.text("name")
                });
                let by_reference = names.iter().rev().find_map(only_reference);
                match (named, by_reference) {
                    (Some(one), _) => of(&one.address),
                    (None, Some(reference)) => of(&reference.address),
                    (None, None) => Ok(json!({ "name": "elsewhere" })),
                }
            }
        }
    }

    /// The names of what holds a resource, outermost first.
    pub(super) fn outer(&self, resource: &Resource) -> Result<Vec<Name>, String> {
        let Some(link) = resource.parent.as_ref().filter(|it| !it.scope) else { return Ok(Vec::new()) };
        if let Some(parent) = self.index(&resource.address).and_then(|it| self.parent(it)) {
            return self.outer_and_own(&parent.address);
        }
        match &link.target {
            Target::Address(address) => self.outer_and_own(address),
            Target::Named { names, .. } => Ok(names.iter().cloned().map(Name::Written).collect()),
            Target::Value(value) => {
                if let Some(reference) = only_reference(value) {
                    return self.outer_and_own(&reference.address);
                }
                let id = value.as_str().ok_or("belongs to something unknown")?;
                let names = id.split('/').skip_while(|it| *it != "providers").skip(3).step_by(2);
                Ok(names.map(|it| Name::Written(Value::new(it, value.span))).collect())
            }
        }
    }

    fn outer_and_own(&self, address: &str) -> Result<Vec<Name>, String> {
        let parent = self.find(address).ok_or("belongs to what is not declared")?;
        let mut names = self.outer(parent)?;
        names.push(Name::Of(address.to_owned()));
        Ok(names)
    }
}

pub(super) enum Name {
    Of(String),
    Written(Value),
}

/// What azure-native calls otherwise.
fn bridged(arm: &str, properties: &mut Map<String, Json>) {
    let rename = |object: Option<&mut Json>, pairs: &[(&str, &str)]| {
        let items = object.into_iter().flat_map(|it| match it {
            Json::Array(items) => items.iter_mut().collect::<Vec<_>>(),
            other => vec![other],
        });
        for object in items.filter_map(Json::as_object_mut) {
            for (from, to) in pairs {
                if let Some(value) = object.remove(*from) {
                    object.insert((*to).to_owned(), value);
                }
            }
        }
    };
    if arm != "Microsoft.Storage/storageAccounts" {
        return;
    }
    if let Some(encryption) = properties.get_mut("encryption") {
        rename(encryption.get_mut("identity"), &[("userAssignedIdentity", "encryptionUserAssignedIdentity")]);
        let key = [("keyname", "keyName"), ("keyvaulturi", "keyVaultUri"), ("keyversion", "keyVersion")];
        rename(encryption.get_mut("keyvaultproperties"), &key);
        rename(Some(encryption), &[("identity", "encryptionIdentity"), ("keyvaultproperties", "keyVaultProperties")]);
    }
    if let Some(rules) = properties.get_mut("networkAcls") {
        rename(rules.get_mut("ipRules"), &[("value", "iPAddressOrRange")]);
        rename(rules.get_mut("virtualNetworkRules"), &[("id", "virtualNetworkResourceId")]);
    }
    let own = [
        ("supportsHttpsTrafficOnly", "enableHttpsTrafficOnly"),
        ("isNfsV3Enabled", "enableNfsV3"),
        ("networkAcls", "networkRuleSet"),
    ];
    for (from, to) in own {
        if let Some(value) = properties.remove(from) {
            properties.insert(to.to_owned(), value);
        }
    }
}

/// `default` of `records/default`.
pub(super) fn last_name(name: Json) -> Json {
    match name.as_str() {
        Some(text) if !text.contains('$') => json!(text.rsplit('/').next().unwrap_or(text)),
        _ => name,
    }
}

fn token(arm: &str) -> String {
    let listed = rows(PULUMI)
        .filter_map(|row| row.split_once(' '))
        .find(|(name, of)| *of == arm && name.matches(':').count() == 1);
    if let Some((name, _)) = listed {
        return format!("azure-native:{name}");
    }
    let (namespace, rest) = arm.split_once('/').unwrap_or((arm, ""));
    let module = namespace.strip_prefix("Microsoft.").unwrap_or(namespace).replace('.', "").to_lowercase();
    format!("azure-native:{module}:{}", pascal(&singular(rest.rsplit('/').next().unwrap_or(rest))))
}

fn name_argument(segment: &str) -> String {
    match segment {
        "storageAccounts" | "databaseAccounts" => "accountName".into(),
        "managedClusters" => "resourceName".into(),
        "virtualMachines" => "vmName".into(),
        "sites" | "redis" => "name".into(),
        other => format!("{}Name", singular(other)),
    }
}

fn kind(arm: &str) -> Result<Kind, String> {
    rows(ASO)
        .find_map(|row| {
            let mut parts = row.split('\t');
            let ((group, kind), of) = (parts.next()?.split_once('/')?, parts.next()?);
            let (top, envelopes) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            of.eq_ignore_ascii_case(arm).then_some(Kind { group, kind, top, envelopes })
        })
        .ok_or_else(|| format!("the operator has no kind for {arm}"))
}

/// The body without `properties` around it; what nobody wrote and the provider does not send is left out.
fn flattened(
    resource: &Resource,
    style: &dyn Style,
    out: &mut Map<String, Json>,
    envelope: impl Fn(&str) -> Option<()>,
) -> Result<(), String> {
    let body = resource.body.as_object().expect("a body is an object");
    for (key, entry) in &body.entries {
        match (&**key, entry.value.as_object()) {
            ("type", _) => {}
            ("properties", Some(properties)) => {
                for (key, entry) in &properties.entries {
                    if !by_service(&entry.value) {
                        style.entry(key, &entry.value, out)?;
                    }
                }
                if properties.rest.is_some() {
                    return Err("properties that are unknown as a whole".into());
                }
            }
            ("properties", None) => return Err("properties that are unknown as a whole".into()),
            ("identity", Some(_)) => identity(&entry.value, style, out)?,
            (key, _) if !by_service(&entry.value) => style.entry(key, &entry.value, out)?,
            _ => {}
        }
    }
    for (path, value) in out.iter_mut() {
        unwrapped(path, value, &envelope);
    }
    Ok(())
}

/// Elements of enveloped arrays lose their `properties`.
fn unwrapped(path: &str, value: &mut Json, envelope: &impl Fn(&str) -> Option<()>) {
    match value {
        Json::Object(object) => {
            for (key, value) in object.iter_mut() {
                unwrapped(&format!("{path}.{key}"), value, envelope);
            }
        }
        Json::Array(items) => {
            for item in items {
                if envelope(path).is_some()
                    && let Some(Json::Object(inner)) = item.as_object_mut().and_then(|it| it.remove("properties"))
                {
                    item.as_object_mut().expect("just looked").extend(inner);
                }
                unwrapped(path, item, envelope);
            }
        }
        _ => {}
    }
}

fn identity(value: &Value, style: &dyn Style, out: &mut Map<String, Json>) -> Result<(), String> {
    let mut made = Map::new();
    for (key, entry) in &value.as_object().expect("an object").entries {
        match entry.value.as_object().filter(|_| &**key == "userAssignedIdentities") {
            Some(ids) => {
                let of = |(id, entry): (&std::sync::Arc<str>, &baalint::value::Entry)| {
                    let known = Value::new(&**id, entry.key_span);
                    style.item(
                        "userAssignedIdentities",
                        if entry.value.as_unknown().is_some() { &entry.value } else { &known },
                    )
                };
                let ids: Result<Vec<Json>, String> = ids.entries.iter().map(of).collect();
                made.insert(key.to_string(), json!(ids?));
            }
            None => style.entry(key, &entry.value, &mut made)?,
        }
    }
    out.insert("identity".into(), json!(made));
    Ok(())
}

pub(super) fn by_service(value: &Value) -> bool {
    matches!(value.default_of(), Some(DefaultOf::Service { .. }))
}

pub(super) fn only_reference(value: &Value) -> Option<&Reference> {
    value.as_unknown().and_then(|it| match it.references.as_slice() {
        [one] => Some(one),
        _ => None,
    })
}

/// What is the same in every style.
pub(super) fn plain(style: &dyn Style, key: &str, value: &Value) -> Result<Json, String> {
    Ok(match &value.kind {
        ValueKind::Null | ValueKind::Unknown(_) => Json::Null,
        ValueKind::Bool(flag) => json!(flag),
        ValueKind::Number(number) => number.as_i64().map_or_else(|| json!(number.as_f64()), |it| json!(it)),
        ValueKind::String(text) => json!(**text),
        ValueKind::Array(array) => {
            if array.rest.is_some() {
                return Err("a list of unknown length".into());
            }
            json!(array.items.iter().map(|item| style.item(key, item)).collect::<Result<Vec<_>, _>>()?)
        }
        ValueKind::Object(object) => {
            if object.rest.is_some() {
                return Err("an object of unknown keys".into());
            }
            let mut made = Map::new();
            for (key, entry) in object.entries.iter().filter(|(_, entry)| !by_service(&entry.value)) {
                style.entry(key, &entry.value, &mut made)?;
            }
            json!(made)
        }
    })
}

struct Pulumi {
    variables: std::cell::RefCell<std::collections::BTreeSet<String>>,
}

impl Pulumi {
    fn unknown(&self, unknown: &Unknown) -> String {
        let prefix = unknown.prefix.as_deref().unwrap_or("").replace("${", "$${");
        if let [one] = unknown.references.as_slice() {
            let attribute = if one.attribute.is_empty() { "id" } else { &one.attribute };
            return format!("{prefix}${{{}.{attribute}}}", identifier(&one.address));
        }
        let name = variable(unknown);
        self.variables.borrow_mut().insert(name.clone());
        format!("{prefix}${{{name}}}")
    }
}

impl Style for Pulumi {
    fn entry(&self, key: &str, value: &Value, out: &mut Map<String, Json>) -> Result<(), String> {
        out.insert(key.to_owned(), self.item(key, value)?);
        Ok(())
    }

    fn item(&self, key: &str, value: &Value) -> Result<Json, String> {
        match &value.kind {
            ValueKind::Unknown(unknown) => Ok(json!(self.unknown(unknown))),
            ValueKind::String(text) => Ok(json!(text.replace("${", "$${"))),
            _ => plain(self, key, value),
        }
    }
}

struct Operator<'o> {
    original: &'o Original,
}

impl Operator<'_> {
    fn reference(&self, value: &Value) -> Option<Json> {
        if let Some(id) = value.as_str().filter(|it| it.starts_with("/subscriptions/")) {
            return Some(json!({ "armId": id }));
        }
        let one = only_reference(value).filter(|it| matches!(&*it.attribute, "id" | "resource_id" | ""))?;
        let kind = kind(self.original.find(&one.address)?.resource_type.as_str()).ok()?;
        Some(json!({ "group": kind.group, "kind": kind.kind, "name": identifier(&one.address) }))
    }
}

impl Style for Operator<'_> {
    fn entry(&self, key: &str, value: &Value, out: &mut Map<String, Json>) -> Result<(), String> {
        let stem = key.strip_suffix("Id").or_else(|| key.strip_suffix("ID"));
        match (self.reference(value), key, stem) {
            (Some(reference), "id", _) => out.insert("reference".into(), reference),
            (Some(reference), _, Some(stem)) if key.ends_with("Id") => {
                out.insert(format!("{stem}Reference"), reference)
            }
            _ if value.as_unknown().is_some() => {
                let name = variable(value.as_unknown().expect("just looked"));
                out.insert(format!("{key}FromConfig"), json!({ "name": "values", "key": name }))
            }
            _ => out.insert(key.to_owned(), self.item(key, value)?),
        };
        Ok(())
    }

    fn item(&self, key: &str, value: &Value) -> Result<Json, String> {
        match (self.reference(value).filter(|_| key == "userAssignedIdentities"), &value.kind) {
            (Some(reference), _) => Ok(json!({ "reference": reference })),
            (None, ValueKind::Unknown(_)) => Err("an unknown element".into()),
            _ => plain(self, key, value),
        }
    }
}
