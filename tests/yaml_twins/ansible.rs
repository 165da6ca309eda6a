//! Twins made of the bodies that an example lowers to: a playbook of Ansible.
//!
//! A module's mapping file is read backwards: what fills a property is written as the argument that it comes from. What no argument
//! of the module fills is left out and told. Types without a module are written with `azure_rm_resource`, as ARM bodies.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use baalint::model::{Presence, Resource, Target};
use baalint::value::{Unknown, Value, ValueKind};
use serde_json::{Map, Value as Json, json};

use crate::bodies::{Name, Original, Style, by_service, last_name, only_reference, plain};
use crate::names::{identifier, variable};

/// A mapping file of a module.
struct Module {
    name: String,
    file: serde_yaml::Value,
}

fn modules() -> &'static BTreeMap<String, Module> {
    static READ: OnceLock<BTreeMap<String, Module>> = OnceLock::new();
    READ.get_or_init(|| {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/frontend/yaml/ansible");
        let mut found = BTreeMap::new();
        for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
            let path = entry.expect("the modules can be listed").into_path();
            if path.extension().is_none_or(|it| it != "yaml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a mapping file is UTF-8");
            let file: serde_yaml::Value = serde_yaml::from_str(&text).expect("a mapping file is YAML");
            let text = |key: &str| file[key].as_str().expect("a mapping file has a module and a type").to_owned();
            let (arm, name) = (text("arm").to_lowercase(), text("ansible"));
            found.entry(arm).or_insert(Module { name, file });
        }
        found
    })
}

/// A playbook, and what its modules cannot say.
pub(super) fn playbook(original: &Original, generic: bool) -> Result<(String, BTreeSet<String>), String> {
    let mut waiting = original.resources()?;
    if waiting.iter().any(|it| it.presence == Presence::Existing) {
        return Err("a resource that exists already".into());
    }
    let (mut tasks, mut unsaid, mut done) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|it| named_by(original, it).iter().all(|name| done.contains(name)));
        let Some(position) = ready else { return Err("resources that name each other".into()) };
        let resource = waiting.remove(position);
        let style = Jinja { unsaid: RefCell::default() };
        let module = modules().get(&resource.resource_type.as_str().to_lowercase()).filter(|_| !generic);
        let (name, arguments) = match module {
            Some(module) => (module.name.clone(), of_module(original, resource, module, &style)?),
            None => ("azure_rm_resource".to_owned(), of_resource(original, resource, &style)?),
        };
        unsaid.extend(style.unsaid.into_inner());
        done.insert(resource.address.to_string());
        let key = format!("azure.azcollection.{name}");
        tasks.push(json!({ key: arguments, "register": identifier(&resource.address) }));
    }
    let play = json!([{ "hosts": "localhost", "tasks": tasks }]);
    Ok((serde_yaml::to_string(&play).expect("JSON is YAML"), unsaid))
}

/// The resources that another one names in any way.
fn named_by(original: &Original, resource: &Resource) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut add = |address: &str| {
        if original.find(address).is_some() && address != &*resource.address {
            found.insert(address.to_owned());
        }
    };
    resource.body.for_each_reference(&mut |reference, _| add(&reference.address));
    match resource.parent.as_ref().map(|it| &it.target) {
        Some(Target::Address(address)) => add(address),
        Some(Target::Value(value)) => value.for_each_reference(&mut |reference, _| add(&reference.address)),
        Some(Target::Named { names, .. }) => {
            for name in names {
                name.for_each_reference(&mut |reference, _| add(&reference.address));
            }
        }
        None => {}
    }
    found
}

/// The name that a resource goes by: its own, or one made of its address.
pub(super) fn name(resource: &Resource) -> String {
    let own = resource.text("name").map(|it| it.rsplit('/').next().unwrap_or(it).to_owned());
    own.unwrap_or_else(|| identifier(&resource.address))
}

fn outer_names(original: &Original, resource: &Resource, style: &Jinja) -> Result<Vec<Json>, String> {
    let outer = original.outer(resource)?;
    outer
        .into_iter()
        .map(|outer| match outer {
            Name::Of(address) => Ok(json!(name(original.find(&address).ok_or("belongs to what is not declared")?))),
            Name::Written(value) => style.item("name", &value),
        })
        .collect()
}

fn of_resource(original: &Original, resource: &Resource, style: &Jinja) -> Result<Json, String> {
    let (namespace, rest) = resource.resource_type.as_str().split_once('/').ok_or("a type without a namespace")?;
    let mut arguments = Map::new();
    if let Some(scope) = resource.parent.as_ref().filter(|it| it.scope) {
        let id = match &scope.target {
            Target::Address(address) => json!(format!("{{{{ {}.id }}}}", identifier(address))),
            Target::Value(value) => style.item("scope", value)?,
            Target::Named { .. } => return Err("extends what is named by its parts".into()),
        };
        let id = id.as_str().ok_or("extends something unknown")?.to_owned();
        arguments.insert("url".into(), json!(format!("{id}/providers/{namespace}/{rest}/{}", name(resource))));
    } else {
        let kinds: Vec<&str> = rest.split('/').collect();
        let mut names = outer_names(original, resource, style)?;
        names.push(json!(name(resource)));
        if let Some(position) =
            kinds.iter().position(|it| it.ends_with("Services")).filter(|_| names.len() + 1 == kinds.len())
        {
            names.insert(position, json!("default"));
        }
        if kinds.len() != names.len() {
            return Err("names that are not as many as its type has".into());
        }
        arguments.insert("provider".into(), json!(namespace.strip_prefix("Microsoft.").unwrap_or(namespace)));
        arguments.insert("resource_group".into(), json!("g"));
        arguments.insert("resource_type".into(), json!(kinds[0]));
        arguments.insert("resource_name".into(), names[0].clone());
        let below = kinds.iter().zip(&names).skip(1).map(|(kind, name)| json!({ "type": kind, "name": name }));
        let below: Vec<Json> = below.collect();
        if !below.is_empty() {
            arguments.insert("subresource".into(), json!(below));
        }
    }
    let mut body = Map::new();
    for (key, entry) in &resource.body.as_object().expect("a body is an object").entries {
        match &**key {
            "apiVersion" => drop(arguments.insert("api_version".into(), style.item(key, &entry.value)?)),
            "type" | "name" => {}
            _ if by_service(&entry.value) => {}
            _ => style.entry(key, &entry.value, &mut body)?,
        }
    }
    arguments.insert("body".into(), json!(body));
    Ok(json!(arguments))
}

fn of_module(original: &Original, resource: &Resource, module: &Module, style: &Jinja) -> Result<Json, String> {
    let file = &module.file;
    let mut arguments = Map::new();
    arguments.insert("resource_group".into(), json!("g"));
    arguments.insert(file["name"].as_str().unwrap_or("name").into(), json!(name(resource)));
    if let Some(keys) = file["parent"]["names"].as_sequence() {
        let names = outer_names(original, resource, style)?;
        for (key, name) in keys.iter().filter_map(serde_yaml::Value::as_str).zip(names) {
            arguments.insert(key.into(), name);
        }
    } else if resource.resource_type.as_str().starts_with("Microsoft.KeyVault/vaults/") {
        let vault = outer_names(original, resource, style)?.pop().ok_or("belongs to what is not declared")?;
        let vault = vault.as_str().ok_or("belongs to something unknown")?;
        arguments.insert("keyvault_uri".into(), json!(format!("https://{vault}.vault.azure.net/")));
    }
    if let (Some(key), Some(link)) = (file["scope"].as_str(), &resource.parent) {
        let id = match &link.target {
            Target::Address(address) => json!(format!("{{{{ {}.id }}}}", identifier(address))),
            Target::Value(value) => style.item("scope", value)?,
            Target::Named { .. } => return Err("extends what is named by its parts".into()),
        };
        arguments.insert(key.into(), id);
    }
    let mut said = BTreeSet::new();
    for (argument, spec) in file["attributes"].as_mapping().into_iter().flatten() {
        let argument = argument.as_str().expect("an argument is named");
        let specs = spec.as_sequence().map_or_else(|| vec![spec], |it| it.iter().collect());
        for spec in specs.into_iter().filter(|it| it["child"].is_null() && it["present"].is_null()) {
            let to = spec["to"].as_str().expect("an attribute says where to");
            written(&resource.body, to, argument, spec, style, &mut arguments, &mut said)?;
        }
    }
    for (key, values) in [("identity", "identity.type"), ("location", "location"), ("tags", "tags")] {
        let value = resource.body.as_object().and_then(|it| it.value(key)).filter(|it| !by_service(it));
        if let Some(value) = value.filter(|_| key != "identity") {
            arguments.insert(key.into(), style.item(key, value)?);
            said.insert(values.to_owned());
        }
    }
    let mut left = BTreeSet::new();
    leaves(&resource.body, "", &mut left);
    let own = ["name", "type", "apiVersion", "tags", "location"];
    let set = |path: &str| file["set"].as_mapping().is_some_and(|it| it.contains_key(path));
    for path in left.into_iter().filter(|it| !said.contains(it) && !set(it)) {
        if !own.contains(&path.split('.').next().unwrap_or("")) {
            style.unsaid.borrow_mut().insert(format!("{} has no argument for {path}", module.name));
        }
    }
    Ok(json!(arguments))
}

/// Writes what lies at a path of the body as an argument.
fn written(
    body: &Value,
    to: &str,
    argument: &str,
    spec: &serde_yaml::Value,
    style: &Jinja,
    arguments: &mut Map<String, Json>,
    said: &mut BTreeSet<String>,
) -> Result<(), String> {
    let of_module = |value: &Value| -> Result<Json, String> {
        let written = style.item(argument, value)?;
        let Some(values) = spec["values"].as_mapping() else { return Ok(written) };
        let text = |it: &serde_yaml::Value| serde_json::to_value(it).expect("YAML is JSON");
        let found = values.iter().find(|(_, azure)| text(azure) == written).map(|(own, _)| text(own));
        Ok(found.unwrap_or(written))
    };
    if let Some((array, element)) = to.split_once("[*]") {
        let Some(items) = at(body, array).and_then(Value::as_array).filter(|it| it.rest.is_none()) else {
            return Ok(());
        };
        let element = element.trim_start_matches('.');
        let (block, key) = argument.rsplit_once('.').map_or((argument, None), |(block, key)| (block, Some(key)));
        for (index, item) in items.items.iter().enumerate() {
            let value = if element.is_empty() { Some(item) } else { at(item, element) };
            let Some(value) = value.filter(|it| !by_service(it)) else { continue };
            let value = of_module(value)?;
            let list = list_at(arguments, block);
            while list.len() <= index {
                list.push(if key.is_some() { json!({}) } else { Json::Null });
            }
            match key {
                Some(key) => drop(list[index].as_object_mut().expect("made so").insert(key.into(), value)),
                None => list[index] = value,
            }
        }
        said.insert(format!("{array}[*]{}{element}", if element.is_empty() { "" } else { "." }));
        return Ok(());
    }
    let Some(value) = at(body, to).filter(|it| !by_service(it)) else { return Ok(()) };
    if let Some(template) = spec["each"].as_mapping() {
        let whole = template.iter().find(|(_, it)| it.as_str() == Some("$")).and_then(|(key, _)| key.as_str());
        let (Some(key), Some(items)) = (whole, value.as_array()) else { return Ok(()) };
        let inner = items.items.iter().filter_map(|it| it.as_object()?.value(key));
        let inner: Result<Vec<Json>, String> = inner.map(of_module).collect();
        put(arguments, argument, json!(inner?));
        said.extend(template.keys().filter_map(|it| Some(format!("{to}[*].{}", it.as_str()?))));
    } else {
        put(arguments, argument, of_module(value)?);
        let mut below = BTreeSet::new();
        leaves(value, to, &mut below);
        said.extend(below);
    }
    Ok(())
}

fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, key| value.as_object()?.value(key))
}

fn put(arguments: &mut Map<String, Json>, path: &str, value: Json) {
    match path.split_once('.') {
        Some((block, rest)) => {
            let inner = arguments.entry(block).or_insert_with(|| json!({}));
            put(inner.as_object_mut().expect("a block"), rest, value);
        }
        None => drop(arguments.insert(path.into(), value)),
    }
}

fn list_at<'a>(arguments: &'a mut Map<String, Json>, path: &str) -> &'a mut Vec<Json> {
    match path.split_once('.') {
        Some((block, rest)) => {
            let inner = arguments.entry(block).or_insert_with(|| json!({}));
            list_at(inner.as_object_mut().expect("a block"), rest)
        }
        None => arguments.entry(path).or_insert_with(|| json!([])).as_array_mut().expect("a list"),
    }
}

/// The paths of everything that somebody wrote.
pub(super) fn leaves(value: &Value, path: &str, out: &mut BTreeSet<String>) {
    match &value.kind {
        _ if by_service(value) => {}
        ValueKind::Object(object) => {
            for (key, entry) in &object.entries {
                let below = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                leaves(&entry.value, &below, out);
            }
        }
        ValueKind::Array(array) if !array.items.is_empty() => {
            array.items.iter().for_each(|item| leaves(item, &format!("{path}[*]"), out));
        }
        ValueKind::Null => {}
        _ => drop(out.insert(path.to_owned())),
    }
}

struct Jinja {
    unsaid: RefCell<BTreeSet<String>>,
}

impl Jinja {
    fn unknown(unknown: &Unknown) -> String {
        let prefix = unknown.prefix.as_deref().unwrap_or("");
        match unknown.references.as_slice() {
            [one] => format!("{prefix}{{{{ {}.id }}}}", identifier(&one.address)),
            _ => format!("{prefix}{{{{ {} }}}}", variable(unknown)),
        }
    }
}

impl Style for Jinja {
    fn entry(&self, key: &str, value: &Value, out: &mut Map<String, Json>) -> Result<(), String> {
        out.insert(key.to_owned(), self.item(key, value)?);
        Ok(())
    }

    fn item(&self, key: &str, value: &Value) -> Result<Json, String> {
        match &value.kind {
            ValueKind::Unknown(unknown) if unknown.reason.to_string().contains("is not declared") => {
                Err("names what is not declared".into())
            }
            ValueKind::Unknown(unknown) => Ok(json!(Self::unknown(unknown))),
            ValueKind::String(text) if key == "name" => Ok(last_name(json!(**text))),
            _ if only_reference(value).is_some() => Err("a reference that is no value".into()),
            _ => plain(self, key, value),
        }
    }
}
