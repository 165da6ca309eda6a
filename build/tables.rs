//! The facts about types as sorted static tables: nothing is parsed when the program starts.
//!
//! In: `src/azure/tables/*.yaml` (type to list of texts; `stable_api` by namespace and version), `policies/baa/coverage.yaml`.
//! Out: `azure_tables.rs` and `baa.rs` in `OUT_DIR`, read by `azure::tables` and `azure::baa`. Keys are in lower case.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

/// `static NAME: &[(&str, &[&str])]` for every table, `STABLE_API: &[(&str, &str)]`.
pub(crate) fn azure_tables(files: &[(String, Value)]) -> String {
    let mut rust = String::new();
    for (name, file) in files {
        let map = file.as_object().unwrap_or_else(|| panic!("{name}: a map of types"));
        if name == "stable_api" {
            stable_api(&mut rust, map);
            continue;
        }
        let rows: BTreeMap<String, Vec<&str>> =
            map.iter().map(|(key, texts)| (key.to_ascii_lowercase(), texts_of(texts))).collect();
        writeln!(rust, "pub(crate) static {}: &[(&str, &[&str])] = &[", name.to_ascii_uppercase()).expect("a string");
        for (key, texts) in rows {
            writeln!(rust, "    ({key:?}, &{texts:?}),").expect("a string");
        }
        rust.push_str("];\n");
    }
    rust
}

fn stable_api(rust: &mut String, map: &serde_json::Map<String, Value>) {
    let mut rows: BTreeMap<String, &str> = BTreeMap::new();
    for (namespace, versions) in map {
        for (version, types) in versions.as_object().expect("versions of a namespace") {
            rows.extend(
                texts_of(types).iter().map(|it| (format!("{namespace}/{it}").to_ascii_lowercase(), &**version)),
            );
        }
    }
    rust.push_str("pub(crate) static STABLE_API: &[(&str, &str)] = &[\n");
    for (key, version) in rows {
        writeln!(rust, "    ({key:?}, {version:?}),").expect("a string");
    }
    rust.push_str("];\n");
}

/// `AS_OF`, `EVIDENCE`, `SERVICES`, and `BY_TYPE`: lower-case type to positions in `SERVICES`, the narrowest first.
pub(crate) fn baa(catalogue: &Value) -> String {
    let mut rust = format!("pub(crate) static AS_OF: &str = {:?};\n", text(catalogue, "as_of"));
    rust.push_str("pub(crate) static EVIDENCE: &[Evidence] = &[\n");
    for (id, entry) in catalogue["evidence"].as_object().expect("evidence") {
        let (date, doc, fact) = (text(entry, "date"), text(entry, "doc"), text(entry, "fact"));
        writeln!(rust, "    Evidence {{ id: {id:?}, date: {date:?}, document: {doc:?}, fact: {fact:?} }},")
            .expect("a string");
    }
    rust.push_str("];\n\npub(crate) static SERVICES: &[Service] = &[\n");
    let mut by_type: BTreeMap<String, Vec<(u8, usize)>> = BTreeMap::new();
    for (position, entry) in catalogue["services"].as_array().expect("services").iter().enumerate() {
        service(&mut rust, entry);
        for name in texts_of(&entry["types"]) {
            by_type.entry(name.to_ascii_lowercase()).or_default().push((breadth(entry), position));
        }
    }
    rust.push_str("];\n\npub(crate) static BY_TYPE: &[(&str, &[u16])] = &[\n");
    for (name, mut positions) in by_type {
        positions.sort_unstable();
        let positions: Vec<usize> = positions.into_iter().map(|(_, position)| position).collect();
        writeln!(rust, "    ({name:?}, &{positions:?}),").expect("a string");
    }
    rust.push_str("];\n");
    rust
}

fn service(rust: &mut String, entry: &Value) {
    let word = |key: &str| camel(&text(entry, key));
    let optional = |key: &str| entry.get(key).and_then(Value::as_str);
    let when = entry.get("when").map(|when| {
        let listed = when.get("in").is_some();
        let values = texts_of(&when[if listed { "in" } else { "not_in" }]);
        let doubt = when.get("doubt").and_then(Value::as_bool).unwrap_or(true);
        let property = text(when, "property");
        format!("When {{ property: {property:?}, listed: {listed}, values: &{values:?}, doubt: {doubt} }}")
    });
    writeln!(
        rust,
        "    Service {{ name: {:?}, status: Status::{}, basis: Basis::{}, evidence: &{:?}, types: &{:?}, kinds: &{:?}, \
         when: {}, retired: {:?}, note: {:?} }},",
        text(entry, "service"),
        word("status"),
        word("basis"),
        texts_of(&entry["evidence"]),
        texts_of(&entry["types"]),
        entry.get("kinds").map(texts_of).unwrap_or_default(),
        when.map_or("None".into(), |when| format!("Some({when})")),
        optional("retired"),
        optional("note"),
    )
    .expect("a string");
}

/// Narrow entries are asked before broad ones.
fn breadth(entry: &Value) -> u8 {
    match (entry.get("when"), entry.get("kinds").map(texts_of)) {
        (Some(_), _) => 0,
        (None, Some(kinds)) if kinds == ["*"] => 2,
        (None, Some(_)) => 1,
        (None, None) => 3,
    }
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("`{key}` is missing in {value}")).to_owned()
}

fn texts_of(value: &Value) -> Vec<&str> {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value}")).iter().filter_map(Value::as_str).collect()
}

/// `not_covered` to `NotCovered`.
fn camel(word: &str) -> String {
    word.split('_').map(|part| part.get(..1).unwrap_or("").to_ascii_uppercase() + part.get(1..).unwrap_or("")).collect()
}
