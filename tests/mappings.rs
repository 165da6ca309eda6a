//! The mapping files against what is known of the provider and of Resource Manager.
//!
//! `tests/data/azurerm_args.json` has every documented argument with its defaults, `arm_properties.json` the properties of
//! the ARM types, `mapping_exceptions.yaml` what the data does not know, each with its reason.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a case that does not hold ends the test; facts and mappings are files"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use baalint::frontend::terraform::{self, Instance, Mappings, Mode, Provider};
use baalint::model::{Dialect, Lookup, PathSegment, Presence, PropertyPath, Resource};
use baalint::source::{FileId, Span};
use baalint::value::{Object, Reason, Value as BaValue};
use serde_json::{Map, Value};

#[path = "support/policy_paths.rs"]
mod support;
use support::{policy_paths, to_json};

#[test]
fn every_mapped_argument_is_documented_for_some_major() {
    let data = Data::read();
    let mut wrong = Vec::new();
    for (file, argument, _) in data.specs() {
        let known = data.arguments.get(file).is_some_and(|arguments| arguments.contains_key(argument));
        if !known && !data.removed(file, argument) {
            wrong.extend(data.unless_excepted("arguments", file, argument, "is not an argument"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn documented_defaults_are_ours() {
    let data = Data::read();
    let mut wrong = Vec::new();
    for (file, argument, spec) in data.specs() {
        let Some(known) = data.arguments.get(file).and_then(|arguments| arguments.get(argument)) else { continue };
        let only_presence = spec.get("present").is_some() || spec.get("absent").is_some();
        for major in 3..=5 {
            let Some(documented) = documented_default(known, major).filter(|_| !only_presence) else { continue };
            let ours = spec.get("default").and_then(|default| default_at(default, major));
            let dropped = spec.pointer(&format!("/values/{documented}")).is_some_and(Value::is_null);
            let same = ours.as_deref().is_some_and(|ours| ours.eq_ignore_ascii_case(&documented));
            if !dropped && !same {
                let what = format!("has the default {documented} in azurerm {major}, here {ours:?}");
                wrong.extend(data.unless_excepted("defaults", file, argument, &what));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn values_of_booleans_name_both() {
    let data = Data::read();
    let mut wrong = Vec::new();
    for (file, argument, spec) in data.specs() {
        let known = data.arguments.get(file).and_then(|arguments| arguments.get(argument));
        let boolean = known.and_then(|known| known.get("t")).and_then(Value::as_str) == Some("b");
        if let (true, Some(Value::Object(values))) = (boolean, spec.get("values"))
            && !(values.contains_key("true") && values.contains_key("false"))
        {
            wrong.push(format!("{file}: {argument}: `values` lacks true or false"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn target_paths_are_properties_of_their_type() {
    let data = Data::read();
    let mut wrong = Vec::new();
    for (file, argument, spec) in data.specs() {
        let Some(arm) = data.arm_of(file, spec) else { continue };
        let Some(tree) = data.properties.get(&arm.to_ascii_lowercase()) else { continue };
        let to = spec.get("to").and_then(Value::as_str).unwrap_or_default();
        let common = ["identity", "tags", "location", "name", "zones"].iter().any(|key| to.starts_with(key));
        if !common && !has_path(tree, &keys(to)) {
            wrong.extend(data.unless_excepted("paths", arm, to, &format!("is no property ({file}: {argument})")));
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is said to be whole leaves no argument of its blocks out, or "absent" is said of what somebody wrote.
#[test]
fn objects_said_to_be_complete_are() {
    let data = Data::read();
    let mut wrong = BTreeSet::new();
    for (name, argument, spec) in data.specs() {
        let Some(arguments) = data.arguments.get(name) else { continue };
        let file = &data.files[name];
        let whole = match spec.get("child").and_then(Value::as_str) {
            Some(child) => file.pointer(&format!("/children/{child}/complete")),
            None => file.get("complete"),
        };
        let to = plain(spec.get("to").and_then(Value::as_str).unwrap_or_default());
        let within = |path: &str| to == plain(path) || to.starts_with(&format!("{}.", plain(path)));
        let is_whole = whole.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).any(within);
        let block = match argument.rsplit_once('.') {
            Some((block, _)) => block,
            None if spec.get("present").is_some() => argument,
            None => continue,
        };
        let read = data.read_arguments(name);
        for (other, known) in arguments.iter().filter(|(other, _)| is_whole && other.starts_with(&format!("{block}.")))
        {
            let is_block = arguments.keys().any(|it| it.starts_with(&format!("{other}.")));
            let current = known.get("v").and_then(Value::as_str).is_none_or(|majors| majors.contains(['4', '5']));
            if current && !is_block && !read.contains(other.as_str()) {
                wrong.extend(data.unless_excepted("complete", name, other, "is left out"));
            }
        }
    }
    for (name, file) in &data.files {
        let whole = file.get("complete").and_then(Value::as_array).into_iter().flatten().any(|it| it == "properties");
        let Some(arguments) = data.arguments.get(name).filter(|_| whole) else { continue };
        let (read, text) = (data.read_arguments(name), file.to_string());
        for (other, known) in arguments {
            let outer = other.split('.').next().unwrap_or_default();
            let is_block = arguments.keys().any(|it| it.starts_with(&format!("{other}.")));
            let current = known.get("v").and_then(Value::as_str).is_none_or(|majors| majors.contains(['4', '5']));
            let elsewhere = COMMON.contains(&outer) || other.ends_with("_wo_version") || read.contains(outer);
            // Named by `parent`, `scope`, `name` or a child.
            let named = text.contains(&format!("\"{other}\"")) || text.contains(&format!("{{{other}}}"));
            if current && !is_block && !elsewhere && !named && !read.contains(other) {
                wrong.extend(data.unless_excepted("complete", name, other, "is left out"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

/// Read for every type without being mapped.
const COMMON: &[&str] =
    &["name", "location", "tags", "identity", "zones", "zone", "resource_group_name", "timeouts", "id"];

/// Prints what is reached, by category (`--nocapture`). What is not has its reason in `unreachable_properties.yaml`.
#[test]
fn properties_that_guard_data_are_mapped_where_azurerm_has_them() {
    let data = Data::read();
    let reach = data.reach();
    println!("{:<28} {:>9} {:>10} {:>13} {:>6}", "", "reachable", "reachable,", "", "");
    println!("{:<28} {:>9} {:>10} {:>13} {:>6}", "", "& mapped", "not mapped", "not reachable", "all");
    let mut total = [0; 3];
    for (category, counts) in &reach.counts {
        println!(
            "{category:<28} {:>9} {:>10} {:>13} {:>6}",
            counts[0],
            counts[1],
            counts[2],
            counts.iter().sum::<usize>()
        );
        for (sum, count) in total.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    println!("{:<28} {:>9} {:>10} {:>13} {:>6}", "all", total[0], total[1], total[2], total.iter().sum::<usize>());
    println!("{} types, {} mapping files\n{}", data.security.len(), data.files.len(), reach.unmapped.join("\n"));
    assert_eq!(data.security.len(), 130, "the types that matter most");
    assert!(reach.unmapped.len() <= 1, "reachable and not mapped:\n{}", reach.unmapped.join("\n"));
    assert!(reach.stale.is_empty(), "said to be unreachable, and mapped or unknown:\n{}", reach.stale.join("\n"));
}

/// How far the mappings reach.
#[derive(Default)]
struct Reach {
    /// By category: mapped, not mapped, not reachable.
    counts: BTreeMap<String, [usize; 3]>,
    unmapped: Vec<String>,
    /// Entries of the table of the unreachable that speak for nothing.
    stale: Vec<String>,
}

struct Data {
    files: BTreeMap<String, Value>,
    arguments: BTreeMap<String, Map<String, Value>>,
    removed: Map<String, Value>,
    properties: BTreeMap<String, Value>,
    security: BTreeMap<String, Value>,
    exceptions: Value,
    unreachable: Value,
}

impl Data {
    fn read() -> Self {
        let types = |file: &str| match json(file).get_mut("types").map(Value::take) {
            Some(Value::Object(types)) => types,
            _ => panic!("{file} has `types`"),
        };
        let lower = |types: Map<String, Value>| types.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), value));
        let arguments = types("tests/data/azurerm_args.json").into_iter();
        let removed = json("src/azure/data/azurerm_removed_arguments.json");
        Self {
            files: mapping_files(),
            arguments: arguments.filter_map(|(key, value)| Some((key, value.as_object()?.clone()))).collect(),
            removed: removed["entries"].as_object().expect("a table").clone(),
            properties: lower(types("tests/data/arm_properties.json")).collect(),
            security: lower(types("tests/data/arm_security_props.json")).collect(),
            exceptions: yaml("tests/data/mapping_exceptions.yaml"),
            unreachable: yaml("tests/data/unreachable_properties.yaml"),
        }
    }

    /// Every spec of every file: the type, the argument, the spec.
    fn specs(&self) -> Vec<(&str, &str, &Value)> {
        let mut specs = Vec::new();
        for (name, file) in &self.files {
            for (argument, spec) in file.get("attributes").and_then(Value::as_object).into_iter().flatten() {
                match spec {
                    Value::Array(several) => {
                        specs.extend(several.iter().map(|spec| (name.as_str(), argument.as_str(), spec)));
                    }
                    one => specs.push((name.as_str(), argument.as_str(), one)),
                }
            }
        }
        specs
    }

    fn arm_of<'d>(&'d self, file: &str, spec: &Value) -> Option<&'d str> {
        let mapping = self.files.get(file)?;
        match spec.get("child").and_then(Value::as_str) {
            Some(child) => mapping.pointer(&format!("/children/{child}/arm"))?.as_str(),
            None => mapping.get("arm")?.as_str(),
        }
    }

    fn reach(&self) -> Reach {
        let mut reach = Reach::default();
        let targets = self.targets();
        let mut spoken: BTreeSet<(&str, &str)> = BTreeSet::new();
        for (arm, categories) in &self.security {
            for (category, paths) in categories.as_object().into_iter().flatten() {
                for path in paths.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    let mapped = self.is_mapped(&targets, arm, path);
                    let excuse = if mapped { None } else { self.excuse(arm, path) };
                    spoken.extend(excuse);
                    let at = if mapped { 0 } else { 1 + usize::from(excuse.is_some()) };
                    reach.counts.entry(category.clone()).or_default()[at] += 1;
                    if at == 1 {
                        reach.unmapped.push(format!("{arm}: {path} ({category})"));
                    }
                }
            }
        }
        for (arm, path, reason) in self.excuses() {
            let known = self.unreachable["reasons"].get(reason).is_some_and(Value::is_string);
            if !known || !spoken.contains(&(arm, path)) {
                reach.stale.push(format!("{arm}: {path} ({reason})"));
            }
        }
        reach
    }

    fn is_mapped(&self, targets: &BTreeMap<String, BTreeSet<String>>, arm: &str, path: &str) -> bool {
        let path = path.to_ascii_lowercase();
        // Every type's identity is read without being mapped.
        if path.starts_with("identity") || targets.get(arm).is_some_and(|own| is_filled(own, &path)) {
            return true;
        }
        let elsewhere = self.unreachable["elsewhere"].as_object().into_iter().flatten();
        elsewhere.filter(|(of, _)| of.eq_ignore_ascii_case(arm)).any(|(_, place)| {
            let text = |key: &str| place[key].as_str().unwrap_or_default().to_ascii_lowercase();
            let there = path.strip_prefix(&text("at")).map(|rest| format!("{}{rest}", text("there")));
            there.is_some_and(|there| targets.get(&text("of")).is_some_and(|own| is_filled(own, &there)))
        })
    }

    /// The entry of the table that says why nobody can set it.
    fn excuse(&self, arm: &str, path: &str) -> Option<(&str, &str)> {
        let path = plain(path);
        let speaks = |entry: &str| path == plain(entry) || path.starts_with(&format!("{}.", plain(entry)));
        let mut entries =
            self.excuses().into_iter().filter(|(of, entry, _)| of.eq_ignore_ascii_case(arm) && speaks(entry));
        entries.next().map(|(of, entry, _)| (of, entry))
    }

    fn excuses(&self) -> Vec<(&str, &str, &str)> {
        let types = self.unreachable["unreachable"].as_object().into_iter().flatten();
        let entries =
            types.flat_map(|(arm, entries)| entries.as_object().into_iter().flatten().map(move |it| (arm, it)));
        entries
            .map(|(arm, (path, reason))| (arm.as_str(), path.as_str(), reason.as_str().unwrap_or_default()))
            .collect()
    }

    /// What some argument or constant fills, by ARM type; all in lower case.
    fn targets(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut targets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for name in self.files.keys() {
            let mut from = Some(name.as_str());
            while let Some(source) = from {
                let file = &self.files[source];
                for path in file.get("set").and_then(Value::as_object).into_iter().flatten().map(|(path, _)| path) {
                    let arm = self.files[name]["arm"].as_str().unwrap_or_default().to_ascii_lowercase();
                    targets.entry(arm).or_default().insert(path.to_ascii_lowercase());
                }
                for (_, _, spec) in self.specs().into_iter().filter(|(of, _, _)| *of == source) {
                    let to = spec.get("to").and_then(Value::as_str).unwrap_or_default();
                    let own = if spec.get("child").is_some() { source } else { name };
                    let arm = self.arm_of(own, spec).unwrap_or_default().to_ascii_lowercase();
                    // A key of one's own choice.
                    let to = to.to_ascii_lowercase().replace("['$default']", ".*");
                    targets.entry(arm).or_default().insert(to);
                }
                from = file.get("extends").and_then(Value::as_str);
            }
        }
        targets
    }

    /// Every argument that a file reads, by any of its names, and what texts put together.
    fn read_arguments(&self, name: &str) -> BTreeSet<String> {
        let mut read = BTreeSet::new();
        for (_, argument, spec) in self.specs().into_iter().filter(|(of, _, _)| *of == name) {
            read.insert(argument.to_owned());
            let former = spec.get("was").map(|was| was.as_array().cloned().unwrap_or_else(|| vec![was.clone()]));
            let former_names = former.into_iter().flatten();
            read.extend(former_names.filter_map(|was| Some(was.get("name").unwrap_or(&was).as_str()?.to_owned())));
            let format = spec.get("format").and_then(Value::as_str).unwrap_or_default();
            read.extend(format.split(['{', '}']).map(str::to_owned));
        }
        read
    }

    fn removed(&self, file: &str, argument: &str) -> bool {
        self.removed.get(file).is_some_and(|arguments| arguments.get(argument).is_some())
    }

    fn unless_excepted(&self, kind: &str, file: &str, what: &str, problem: &str) -> Option<String> {
        let of_file = self.exceptions.get(kind).and_then(|kind| kind.get(file));
        let reason = of_file.map(|file| file.get(what).unwrap_or(file));
        let excepted = reason.is_some_and(Value::is_string);
        (!excepted).then(|| format!("{file}: {what} {problem}"))
    }
}

/// True when a target fills this path, something above it, or the elements of the array that it is.
fn is_filled(targets: &BTreeSet<String>, path: &str) -> bool {
    let elements = format!("{path}[*]");
    let flat = plain(path);
    targets.iter().any(|target| {
        let target_flat = plain(target);
        flat == target_flat || flat.starts_with(&format!("{target_flat}.")) || target.starts_with(&elements)
    })
}

/// The default of a major as the docs write it.
fn documented_default(argument: &Value, major: u64) -> Option<String> {
    let majors = argument.get("v").and_then(Value::as_str).unwrap_or("345");
    if !majors.contains(&major.to_string()) {
        return None;
    }
    let newer: &[&str] = match major {
        3 => &["d3", "d4", "d"],
        4 => &["d4", "d"],
        _ => &["d"],
    };
    let found = newer.iter().find_map(|key| argument.get(*key))?;
    // The docs write a list of one as a JSON list, or as its element.
    Some(text(found).trim_matches(['[', ']', '"'].as_slice()).to_owned())
}

/// Ours, where quoted majors mean "from this one on".
fn default_at(default: &Value, major: u64) -> Option<String> {
    let by_major = default.as_object().filter(|map| map.keys().all(|key| key.parse::<u64>().is_ok()));
    let value = match by_major {
        Some(map) => {
            let holds = |key: &&String| key.parse::<u64>().is_ok_and(|from| from <= major);
            map.get(map.keys().filter(holds).max_by_key(|key| key.parse::<u64>().unwrap_or(0))?)?
        }
        None => default,
    };
    (!value.is_null()).then(|| text(value))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.len() == 1 => items.first().map_or_else(String::new, text),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<String> = items.iter().map(std::string::ToString::to_string).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

fn has_path(tree: &Value, path: &[String]) -> bool {
    let Some((head, tail)) = path.split_first() else { return true };
    match tree {
        Value::Object(map) => map.iter().any(|(key, below)| key.eq_ignore_ascii_case(head) && has_path(below, tail)),
        _ => true,
    }
}

/// The keys of a path, without `[*]`.
fn keys(path: &str) -> Vec<String> {
    let path = PropertyPath::parse(path);
    let keys = path.segments().iter().filter_map(|segment| match segment {
        PathSegment::Key(key) => Some(key.to_string()),
        _ => None,
    });
    keys.collect()
}

fn plain(path: &str) -> String {
    path.replace("[*]", "").to_ascii_lowercase()
}

fn mapping_files() -> BTreeMap<String, Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/frontend/terraform/mappings");
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let yaml_files = files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    yaml_files
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let content = yaml(&format!("src/frontend/terraform/mappings/{name}.yaml"));
            (name, content)
        })
        .collect()
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    let parsed: serde_yaml::Value = serde_yaml::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    to_json(&parsed)
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A policy that reads what a mapping does not speak for can only shrug. Prints the gaps, and holds the floor.
#[test]
fn what_policies_read_is_mapped() {
    let paths = policy_paths();
    let (mut all, mut gaps) = (0, Vec::new());
    for name in mapping_files().keys() {
        for resource in bare_resources(name) {
            for path in paths.get(&resource.resource_type.as_str().to_ascii_lowercase()).into_iter().flatten() {
                all += 1;
                let (found, _) = resource.lookup_each(&PropertyPath::parse(path));
                let unmapped =
                    |it: &Lookup<'_>| matches!(it, Lookup::Unknown(why, _) if why.reason == Reason::NotMapped);
                if found.iter().any(unmapped) {
                    gaps.push(format!("{}: {path}", resource.address));
                }
            }
        }
    }
    println!("{} of {all} are not mapped\n{}", gaps.len(), gaps.join("\n"));
    assert!(gaps.len() * 100 <= all * 3, "{} of {all} are not mapped:\n{}", gaps.len(), gaps.join("\n"));
}

/// What a declaration without arguments makes.
fn bare_resources(source_type: &str) -> Vec<Resource> {
    let nowhere = Span::new(FileId(0), 0, 0);
    let empty = BaValue::object(Object::default(), nowhere);
    let provider =
        Provider { azurerm_major: 5, stated: false, address: "provider.azurerm".into(), features: empty.clone() };
    let instance = Instance {
        address: source_type.into(),
        mode: Mode::Managed,
        block_type: source_type.into(),
        body: empty,
        span: nowhere,
        header: nowhere,
        callers: Vec::new(),
        presence: Presence::Certain,
        provider: Arc::new(provider),
    };
    terraform::lower(&[instance], &Mappings::embedded(), Dialect::Terraform).resources
}
