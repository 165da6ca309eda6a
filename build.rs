//! Embeds the data files as compact JSON behind sorted static tables, so that a run reads only what its input needs.
//!
//! In: `policies/**/*.yaml`, `src/frontend/terraform/mappings/*.yaml`, `src/azure/data/*.yaml`, `src/azure/tables/*.yaml`.
//! Out, in `OUT_DIR`: `policies.rs`, `mappings.rs`, `azure_data.rs`, `azure_tables.rs`, `baa.rs`, and one for each keyed table. A file that is not YAML fails the build by name.

#![expect(
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a build script reads files, and stops the build when one is wrong"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Map, Value};

#[path = "build/tables.rs"]
mod tables;

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    for input in [
        "policies",
        MAPPINGS,
        "src/frontend/yaml/ansible",
        "src/frontend/yaml/az",
        "src/azure/data",
        "src/azure/tables",
        "build",
    ] {
        println!("cargo::rerun-if-changed={input}");
    }
    fs::write(out.join("policies.rs"), policies(&root.join("policies"))).expect("OUT_DIR is writable");
    println!("cargo::rerun-if-env-changed=BAALINT_BUILD_MAPPINGS");
    let mappings = env::var_os("BAALINT_BUILD_MAPPINGS").map_or_else(|| root.join(MAPPINGS), PathBuf::from);
    let mappings = table("MAPPINGS", &mappings);
    fs::write(out.join("mappings.rs"), mappings).expect("OUT_DIR is writable");
    let modules = table("MODULES", &root.join("src/frontend/yaml/ansible"));
    fs::write(out.join("ansible_modules.rs"), modules).expect("OUT_DIR is writable");
    let schemas = table("SCHEMAS", &root.join("src/frontend/yaml/az"));
    fs::write(out.join("az_schemas.rs"), schemas).expect("OUT_DIR is writable");
    let data = root.join("src/azure/data");
    let azure_data = table("AZURE_DATA", &data) + &by_key("SERVICE_DEFAULTS", &data.join("defaults.yaml"));
    fs::write(out.join("azure_data.rs"), azure_data).expect("OUT_DIR is writable");
    let azure_tables = tables::azure_tables(&yaml_files(&root.join("src/azure/tables")));
    fs::write(out.join("azure_tables.rs"), azure_tables).expect("OUT_DIR is writable");
    let catalogue = yaml_files(&root.join("policies/baa")).into_iter().find(|(id, _)| id == "coverage");
    let catalogue = catalogue.map_or(Value::Null, |(_, catalogue)| catalogue);
    fs::write(out.join("baa.rs"), tables::baa(&catalogue)).expect("OUT_DIR is writable");
    let removed = data.join(REMOVED_ARGUMENTS);
    fs::write(out.join("removed_arguments.rs"), removed_arguments(&removed)).expect("OUT_DIR is writable");
    for (name, file) in KEYED {
        let table = entries(name, &root.join(DATA).join(file));
        fs::write(out.join(name.to_ascii_lowercase()).with_extension("rs"), table).expect("OUT_DIR is writable");
    }
}

const DATA: &str = "src/azure/data";

/// The mapping files that are embedded; `BAALINT_BUILD_MAPPINGS` names others, to measure what their number costs.
const MAPPINGS: &str = "src/frontend/terraform/mappings";

/// Data that is read one entry at a time: the table's name, the file.
const KEYED: &[(&str, &str)] = &[
    ("AZURERM_TYPES", "azurerm_types.json"),
    ("ARGUMENT_FACTS", "azurerm_argument_facts.json"),
    ("INLINE_CHILDREN", "inline_children.yaml"),
];

/// Data that is asked for every resource, as rows of a static table.
const REMOVED_ARGUMENTS: &str = "azurerm_removed_arguments.json";

fn is_keyed(id: &str) -> bool {
    let mut files = KEYED.iter().map(|(_, file)| *file).chain([REMOVED_ARGUMENTS]);
    files.any(|file| file.split('.').next() == Some(id))
}

/// `static REMOVED_ARGUMENTS: &[(&str, &[RemovedArgument])]`, sorted by type.
fn removed_arguments(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let entries = file.get("entries").and_then(Value::as_object).expect("keyed data has `entries`");
    let sorted: BTreeMap<&String, &Value> = entries.iter().collect();
    let mut rust = String::from("pub(crate) static REMOVED_ARGUMENTS: &[(&str, &[RemovedArgument])] = &[\n");
    for (name, arguments) in sorted {
        writeln!(rust, "    ({name:?}, &[").expect("writing to a string");
        for (path, fact) in arguments.as_object().expect("arguments of a type") {
            let major = fact.get(0).and_then(Value::as_u64).expect("the first major without it");
            let replacement = fact.get(1).and_then(Value::as_str);
            writeln!(
                rust,
                "        RemovedArgument {{ path: {path:?}, major: {major}, replacement: {replacement:?} }},"
            )
            .expect("writing to a string");
        }
        rust.push_str("    ]),\n");
    }
    rust.push_str("];\n");
    rust
}

/// `static NAME: &[(&str, &str)]`: each key of `entries` to its compact JSON (a string as it is), sorted by key.
fn entries(name: &str, path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: serde_yaml::Value =
        serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = to_json(file);
    let entries = file.get("entries").and_then(Value::as_object).expect("keyed data has `entries`");
    let sorted: BTreeMap<&String, String> = entries
        .iter()
        .map(|(key, value)| (key, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    let mut rust = format!("pub(crate) static {name}: &[(&str, &str)] = &[\n");
    for (key, value) in sorted {
        writeln!(rust, "    ({key:?}, {value:?}),").expect("writing to a string");
    }
    rust.push_str("];\n");
    rust
}

/// `static NAME: &[(&str, &str)]`: file stem to compact JSON, sorted by stem.
fn table(name: &str, directory: &Path) -> String {
    let mut rust = format!("pub(crate) static {name}: &[(&str, &str)] = &[\n");
    for (id, value) in yaml_files(directory).into_iter().filter(|(id, _)| !is_keyed(id)) {
        writeln!(rust, "    ({id:?}, {:?}),", value.to_string()).expect("writing to a string");
    }
    rust.push_str("];\n");
    rust
}

/// `static NAME: &[(&str, &str)]`: lower-case top-level key of a file to compact JSON, sorted, so that one key is read alone.
fn by_key(name: &str, path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let value: serde_yaml::Value =
        serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let entries: BTreeMap<String, String> = match to_json(value) {
        Value::Object(entries) => {
            entries.iter().map(|(key, value)| (key.to_ascii_lowercase(), value.to_string())).collect()
        }
        _ => panic!("{}: must be a mapping", path.display()),
    };
    let mut rust = format!("\npub(crate) static {name}: &[(&str, &str)] = &[\n");
    for (key, value) in entries {
        writeln!(rust, "    ({key:?}, {value:?}),").expect("writing to a string");
    }
    rust.push_str("];\n");
    rust
}

/// `POLICIES`: id, what `policies` and `explain` list, the whole file; `BY_TYPE`: lower-case type to positions in it.
fn policies(directory: &Path) -> String {
    let mut rust = String::from("pub(crate) static POLICIES: &[(&str, &str)] = &[\n");
    let mut by_type: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let files = yaml_files(directory).into_iter().filter(|(_, value)| value.get("policyRule").is_some());
    for (position, (id, mut value)) in files.enumerate() {
        for resource_type in resource_types(&value) {
            by_type.entry(resource_type).or_default().push(position);
        }
        if let Some(file) = value.as_object_mut() {
            file.remove("examples");
        }
        writeln!(rust, "    ({id:?}, {:?}),", value.to_string()).expect("writing to a string");
    }
    rust.push_str("];\n\npub(crate) static BY_TYPE: &[(&str, &[u16])] = &[\n");
    for (resource_type, positions) in by_type {
        writeln!(rust, "    ({resource_type:?}, &{positions:?}),").expect("writing to a string");
    }
    rust.push_str("];\n");
    rust
}

/// The types a policy is for, in lower case: `field: type` at the top of its condition, or `*` for all.
fn resource_types(policy: &Value) -> Vec<String> {
    if policy.get("types").and_then(Value::as_str) == Some("all") {
        return vec!["*".into()];
    }
    let condition = policy.pointer("/policyRule/if").unwrap_or(&Value::Null);
    let members = condition.get("allOf").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![condition.clone()]);
    let mut types = Vec::new();
    for member in members.iter().filter(|member| member.get("field").and_then(Value::as_str) == Some("type")) {
        match (member.get("equals"), member.get("in")) {
            (Some(Value::String(one)), _) => types.push(one.to_ascii_lowercase()),
            (_, Some(Value::Array(many))) => {
                types.extend(many.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase));
            }
            _ => {}
        }
    }
    types.sort_unstable();
    types.dedup();
    if types.is_empty() { vec!["*".into()] } else { types }
}

/// Every YAML or JSON file (YAML reads both) below a directory: its path below it without extension, and its content. Sorted.
fn yaml_files(directory: &Path) -> Vec<(String, Value)> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
        let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "json") {
            let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let value: serde_yaml::Value =
                serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let below = path.strip_prefix(directory).expect("walked from there").with_extension("");
            let id = below.to_string_lossy().replace('\\', "/");
            files.push((id, to_json(value)));
        }
    }
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    files
}

/// YAML allows keys that are not strings (`true: Enabled`); JSON gets their text.
fn to_json(value: serde_yaml::Value) -> Value {
    match value {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(value) => Value::Bool(value),
        serde_yaml::Value::Number(number) => {
            number.to_string().parse::<serde_json::Number>().map_or(Value::Null, Value::Number)
        }
        serde_yaml::Value::String(text) => Value::String(text),
        serde_yaml::Value::Sequence(items) => Value::Array(items.into_iter().map(to_json).collect()),
        serde_yaml::Value::Mapping(entries) => Value::Object(
            entries.into_iter().map(|(key, value)| (key_text(key), to_json(value))).collect::<Map<_, _>>(),
        ),
        serde_yaml::Value::Tagged(tagged) => to_json(tagged.value),
    }
}

fn key_text(key: serde_yaml::Value) -> String {
    match key {
        serde_yaml::Value::String(text) => text,
        other => to_json(other).to_string(),
    }
}
