//! Which paths of which types the policies read, for tests that ask whether a mapping speaks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Lower-case type to the paths that policies read of it.
pub(crate) fn policy_paths() -> BTreeMap<String, BTreeSet<String>> {
    let mut paths = BTreeMap::new();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.path().extension().is_some_and(|extension| extension == "yaml") {
            let text = fs::read_to_string(entry.path()).unwrap();
            let file = to_json(&serde_yaml::from_str(&text).unwrap());
            if let Some(condition) = file.pointer("/policyRule/if") {
                collect(condition, &types_of(condition), &mut paths);
            }
        }
    }
    paths
}

fn types_of(condition: &Value) -> Vec<String> {
    let members = condition.get("allOf").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_type = |member: &&Value| member.get("field").and_then(Value::as_str) == Some("type");
    let named = members.iter().filter(is_type).flat_map(|member| {
        let one = member.get("equals").cloned().into_iter();
        one.chain(member.get("in").and_then(Value::as_array).cloned().into_iter().flatten()).collect::<Vec<_>>()
    });
    named.filter_map(|it| it.as_str().map(str::to_ascii_lowercase)).collect()
}

fn collect(condition: &Value, types: &[String], paths: &mut BTreeMap<String, BTreeSet<String>>) {
    match condition {
        Value::Array(members) => members.iter().for_each(|member| collect(member, types, paths)),
        // Fields below a related count are those of other resources.
        Value::Object(map) if map.get("count").is_some_and(|count| count.get("related").is_some()) => {}
        Value::Object(map) => {
            let field = map.get("field").or_else(|| map.get("count")?.get("field")).and_then(Value::as_str);
            if let Some(field) = field.filter(|field| field.starts_with("properties.")) {
                for name in types {
                    paths.entry(name.clone()).or_default().insert(field.to_owned());
                }
            }
            map.values().for_each(|inner| collect(inner, types, paths));
        }
        _ => {}
    }
}

/// YAML as JSON, whatever its keys are.
pub(crate) fn to_json(yaml: &serde_yaml::Value) -> Value {
    match yaml {
        serde_yaml::Value::Mapping(entries) => {
            let key = |key: &serde_yaml::Value| match to_json(key) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            Value::Object(entries.iter().map(|(name, value)| (key(name), to_json(value))).collect())
        }
        serde_yaml::Value::Sequence(items) => Value::Array(items.iter().map(to_json).collect()),
        other => serde_json::to_value(other).unwrap(),
    }
}
