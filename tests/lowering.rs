//! Terraform fixtures lower to the model that is written beside them; twins in other languages to the same bodies.
//!
//! `fixtures/lowering/terraform/<case>/main.tf` against `expected.txt` (rewritten with `UPDATE_EXPECTED=1`), and
//! `fixtures/equivalence/<case>/{main.tf, azapi.tf, main.json}` and its YAML files against each other; likewise
//! `fixtures/lowering/yaml/<dialect>/<case>/*.yaml` against `expected.txt`. The azurerm types that real code uses most have
//! such twins, and these set every property that an argument fills and a policy reads.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a case that does not hold ends the test; fixtures are files"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use baalint::azure;
use baalint::frontend::arm::{self, Templates};
use baalint::frontend::files::MemoryFiles;
use baalint::frontend::terraform::{self, Mappings, Options, Project};
use baalint::frontend::yaml;
use baalint::model::{
    Dialect, Link, Lookup, Lowered, PathSegment, Presence, PropertyPath, Resource, ResourceGraph, Target,
};
use baalint::source::{SourceMap, Span};
use baalint::value::{Value, ValueKind};
use serde_json::Value as Json;

#[path = "support/policy_paths.rs"]
mod support;

#[test]
fn terraform_lowers_to_the_expected_model() {
    as_expected(&cases("fixtures/lowering/terraform"), |case, sources| lower_terraform(&case.join("main.tf"), sources));
}

#[test]
fn yaml_lowers_to_the_expected_model() {
    let cases: Vec<_> = cases("fixtures/lowering/yaml").iter().flat_map(|dialect| directories(dialect)).collect();
    as_expected(&cases, |case, sources| lower_yaml(&yaml_files(case), sources));
}

#[test]
fn the_same_resource_lowers_to_the_same_body_in_every_language() {
    let mut wrong = Vec::new();
    for case in cases("fixtures/equivalence") {
        let mut sources = SourceMap::default();
        let template = ResourceGraph::link(lower_template(&case.join("main.json"), &mut sources));
        for twin in
            ["main.tf", "azapi.tf", "pulumi.yaml", "pulumi-classic.yaml", "aso.yaml", "crossplane.yaml", "ansible.yaml"]
        {
            let file = case.join(twin);
            if file.exists() {
                let lowered = if file.extension().is_some_and(|it| it == "yaml") {
                    lower_yaml(&[file], &mut sources)
                } else {
                    lower_terraform(&file, &mut sources)
                };
                let lowered = ResourceGraph::link(lowered);
                let both = [("main.json", &template, twin, &lowered), (twin, &lowered, "main.json", &template)];
                for (from, one, to, other) in both {
                    wrong.extend(
                        differences(one, other)
                            .into_iter()
                            .map(|it| format!("{}: {from} to {to}: {it}", case.display())),
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_most_used_types_have_twins_that_set_whatever_a_policy_reads() {
    let read = support::policy_paths();
    let mut told: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
    for case in cases("fixtures/equivalence") {
        let main = case.join("main.tf");
        if !main.exists() || !case.join("azapi.tf").exists() {
            continue;
        }
        let mut sources = SourceMap::default();
        let lowered = lower_terraform(&main, &mut sources);
        for patch in &lowered.patches {
            told.entry(patch.source_type.to_string()).or_default();
        }
        for resource in ResourceGraph::link(lowered).resources {
            let paths = told.entry(resource.source_type.to_string()).or_default();
            let targets = targets(&resource.source_type, resource.resource_type.as_str());
            for path in read.get(&resource.resource_type.as_str().to_ascii_lowercase()).into_iter().flatten() {
                let plain = path.replace("[*]", "").to_ascii_lowercase();
                if targets.iter().any(|target| target.starts_with(&plain) || plain.starts_with(target)) {
                    let written = paths.entry(format!("{}: {path}", resource.resource_type)).or_default();
                    *written |= is_written(&resource, path);
                }
            }
        }
    }
    let list =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/most_used_types.txt")).unwrap();
    let types: Vec<&str> =
        list.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(' ').nth(1)).collect();
    assert!(types.len() >= 60, "{} types", types.len());
    let mut wrong = Vec::new();
    for name in types {
        match told.get(name) {
            None => wrong.push(format!("{name} has no twins")),
            Some(paths) => {
                let untold = paths.iter().filter(|(_, written)| !**written);
                wrong.extend(untold.map(|(path, _)| format!("{name}: no twin sets {path}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the arguments of an azurerm type fill of an ARM type, in lower case and without `[*]`.
fn targets(source_type: &str, resource_type: &str) -> Vec<String> {
    let path = format!("{}/src/frontend/terraform/mappings/{source_type}.yaml", env!("CARGO_MANIFEST_DIR"));
    let Ok(text) = fs::read_to_string(path) else { return Vec::new() };
    let file = support::to_json(&serde_yaml::from_str(&text).unwrap());
    let mut found = match file.get("extends").and_then(Json::as_str) {
        Some(other) => targets(other, resource_type),
        None => Vec::new(),
    };
    let specs =
        file.get("attributes").and_then(Json::as_object).into_iter().flatten().flat_map(|(_, spec)| match spec {
            Json::Array(several) => several.clone(),
            one => vec![one.clone()],
        });
    for spec in specs {
        let child = spec.get("child").and_then(Json::as_str);
        let arm = match child {
            Some(child) => file.pointer(&format!("/children/{child}/arm")),
            None => file.get("arm"),
        };
        let same = arm.and_then(Json::as_str).is_some_and(|arm| arm.eq_ignore_ascii_case(resource_type));
        let to = spec.get("to").and_then(Json::as_str).filter(|_| same);
        found.extend(to.map(|to| to.replace("[*]", "").to_ascii_lowercase()));
    }
    found
}

fn is_written(resource: &Resource, path: &str) -> bool {
    let (found, _) = resource.lookup_each(&PropertyPath::parse(path));
    found.iter().any(|it| matches!(it, Lookup::Found(value, _) if value.default_of().is_none()))
}

/// What `one` says and `other` does not say likewise. Only what is written counts: defaults are each language's own.
fn differences(one: &ResourceGraph, other: &ResourceGraph) -> Vec<String> {
    let mut found = Vec::new();
    for resource in &one.resources {
        let mut leaves = Vec::new();
        collect(&resource.body, &mut Vec::new(), &mut leaves);
        leaves.retain(|(path, _)| !is_bookkeeping(path));
        let twins: Vec<&Resource> = other.resources.iter().filter(|it| is_twin(it, resource)).collect();
        let what = format!("{} {}", resource.resource_type, resource.text("name").unwrap_or("?"));
        let twin = match (twins.as_slice(), leaves.is_empty()) {
            ([twin, ..], _) => twin,
            ([], true) => continue,
            ([], false) => {
                found.push(format!("{what} is missing"));
                continue;
            }
        };
        for (path, value) in leaves {
            match twin.lookup(&path) {
                Lookup::Found(same, _) if is_same(same, value) => {}
                Lookup::Found(different, _) => {
                    found.push(format!("{what}: {path} is {} and {}", plain(value), plain(different)));
                }
                other => found.push(format!("{what}: {path} is {} and {other:?}", plain(value))),
            }
        }
    }
    found
}

fn is_twin(one: &Resource, other: &Resource) -> bool {
    let last = |resource: &Resource| {
        resource.text("name").map(|name| name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase())
    };
    one.resource_type == other.resource_type && last(one) == last(other)
}

/// Every leaf that somebody wrote, with its path.
fn collect<'v>(value: &'v Value, path: &mut Vec<PathSegment>, leaves: &mut Vec<(PropertyPath, &'v Value)>) {
    if value.default_of().is_some() {
        return;
    }
    match &value.kind {
        ValueKind::Object(object) => {
            for (key, entry) in &object.entries {
                path.push(PathSegment::Key(key.clone()));
                collect(&entry.value, path, leaves);
                path.pop();
            }
        }
        ValueKind::Array(array) => {
            for (index, item) in array.items.iter().enumerate() {
                path.push(PathSegment::Index(index));
                collect(item, path, leaves);
                path.pop();
            }
        }
        _ => leaves.push((path.iter().cloned().collect(), value)),
    }
}

fn is_bookkeeping(path: &PropertyPath) -> bool {
    let first = path.segments().first();
    // `secretArguments` is what Terraform alone knows of its arguments, before they are lowered.
    let keys =
        ["apiVersion", "name", "type", "dependsOn", "scope", "condition", "comments", "metadata", "secretArguments"];
    matches!(first, Some(PathSegment::Key(key)) if keys.contains(&key.as_ref()))
}

fn is_same(a: &Value, b: &Value) -> bool {
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => a.kind == b.kind,
    }
}

fn plain(value: &Value) -> String {
    match &value.kind {
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Bool(flag) => flag.to_string(),
        ValueKind::Number(number) => number.to_string(),
        ValueKind::Null => "null".to_owned(),
        ValueKind::Unknown(unknown) => {
            let references: Vec<String> =
                unknown.references.iter().map(|it| format!(" -> {}.{}", it.address, it.attribute)).collect();
            format!("unknown ({}){}", unknown.reason, references.concat())
        }
        ValueKind::Array(array) => format!("array of {}", array.items.len()),
        ValueKind::Object(object) => format!("object of {}", object.entries.len()),
    }
}

/// The model as text: one line a leaf, with the text that its label would cover.
struct Printer<'s> {
    sources: &'s SourceMap,
    text: String,
}

impl Printer<'_> {
    fn print(mut self, lowered: &Lowered) -> String {
        for resource in &lowered.resources {
            self.head(&resource.address, resource.resource_type.as_str(), &resource.presence, resource.parent.as_ref());
            self.entries(&resource.body, "  ");
        }
        for patch in &lowered.patches {
            let link = Link { target: patch.target.clone(), scope: false, span: patch.span };
            self.text.push_str("patch ");
            self.head(&patch.address, patch.resource_type.as_str(), &patch.presence, Some(&link));
            self.entries(&patch.body, "  ");
        }
        for diagnostic in &lowered.diagnostics {
            let place = diagnostic.span.map_or("", |span| self.sources.slice(span));
            writeln!(self.text, "{}: {} `{place}`", diagnostic.code.as_str(), diagnostic.message).unwrap();
        }
        for unmapped in &lowered.unmapped {
            writeln!(self.text, "unmapped {unmapped}").unwrap();
        }
        self.text
    }

    fn head(&mut self, address: &str, resource_type: &str, presence: &Presence, parent: Option<&Link>) {
        let presence = match presence {
            Presence::Certain => String::new(),
            Presence::Possible(why) => format!(" possible ({})", why.reason),
            Presence::Existing => " existing".to_owned(),
            Presence::Partial => " partial".to_owned(),
        };
        let parent = parent.map_or(String::new(), |link| {
            let kind = if link.scope { "extends" } else { "below" };
            match &link.target {
                Target::Address(address) => format!(" {kind} {address}"),
                Target::Named { resource_type, names } => {
                    let names: Vec<String> = names.iter().map(plain).collect();
                    format!(" {kind} {resource_type} {}", names.join(" "))
                }
                Target::Value(value) => format!(" {kind} {}", plain(value)),
            }
        });
        writeln!(self.text, "{address}: {resource_type}{presence}{parent}").unwrap();
    }

    fn entries(&mut self, value: &Value, indent: &str) {
        let deeper = format!("{indent}  ");
        match &value.kind {
            ValueKind::Object(object) => {
                for (key, entry) in &object.entries {
                    self.leaf(indent, key, entry.key_span, &entry.value);
                    self.entries(&entry.value, &deeper);
                }
                if let Some(why) = &object.rest {
                    writeln!(self.text, "{indent}... ({})", why.reason).unwrap();
                }
            }
            ValueKind::Array(array) => {
                for item in &array.items {
                    self.leaf(indent, "-", item.span, item);
                    self.entries(item, &deeper);
                }
                if let Some(why) = &array.rest {
                    writeln!(self.text, "{indent}... ({})", why.reason).unwrap();
                }
            }
            _ => {}
        }
    }

    fn leaf(&mut self, indent: &str, key: &str, key_span: Span, value: &Value) {
        let covered = self.sources.slice(key_span.to(value.span)).lines().next().unwrap_or_default();
        let default = if value.default_of().is_some() { " by default" } else { "" };
        let what = match &value.kind {
            ValueKind::Object(_) | ValueKind::Array(_) => String::new(),
            _ => format!(" {}", plain(value)),
        };
        writeln!(self.text, "{indent}{key}{what}{default}  <{covered}>").unwrap();
    }
}

fn first_difference(expected: &str, actual: &str) -> Option<String> {
    let mut lines = expected.lines().zip(actual.lines()).enumerate();
    match lines.find(|(_, (a, b))| a != b) {
        Some((number, (a, b))) => Some(format!("line {}\n  expected {a}\n  actual   {b}", number + 1)),
        None if expected.lines().count() != actual.lines().count() => {
            Some(format!("{} lines expected, {} came", expected.lines().count(), actual.lines().count()))
        }
        None => None,
    }
}

/// Each case lowers to what its `expected.txt` prints; `UPDATE_EXPECTED` writes that file.
fn as_expected(cases: &[PathBuf], lower: impl Fn(&Path, &mut SourceMap) -> Lowered) {
    let mut wrong = Vec::new();
    for case in cases {
        let mut sources = SourceMap::default();
        let lowered = lower(case, &mut sources);
        let actual = Printer { sources: &sources, text: String::new() }.print(&lowered);
        let expected_file = case.join("expected.txt");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&expected_file, &actual).unwrap();
        }
        let expected = fs::read_to_string(&expected_file).unwrap_or_default();
        if let Some(difference) = first_difference(&expected, &actual) {
            wrong.push(format!("{}: {difference}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn cases(directory: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut cases: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

fn directories(above: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(above).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Everything below a case that is input, or is read by it.
fn yaml_files(directory: &Path) -> Vec<PathBuf> {
    let below = directories(directory).into_iter().filter(|path| !path.ends_with("expected.txt"));
    below.flat_map(|path| if path.is_dir() { yaml_files(&path) } else { vec![path] }).collect()
}

fn lower_yaml(paths: &[PathBuf], sources: &mut SourceMap) -> Lowered {
    let mut files = MemoryFiles::default();
    let mut parsed = Vec::new();
    for path in paths {
        let text = fs::read_to_string(path).unwrap();
        // Shown relative, so that what is expected is the same on every machine.
        let shown = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
        files.insert(&shown, text.as_str());
        if path.extension().is_some_and(|it| it == "yaml") {
            let id = sources.add(shown.clone(), shown, text);
            parsed.extend(sources.get(id).and_then(yaml::parse));
        }
    }
    let mut all = Lowered::default();
    for unit in yaml::units(parsed, &files, sources) {
        let lowered = unit.lower(&Mappings::embedded());
        all.resources.extend(lowered.resources);
        all.patches.extend(lowered.patches);
        all.diagnostics.extend(lowered.diagnostics);
        all.unmapped.extend(lowered.unmapped);
    }
    azure::expand(&mut all);
    all
}

fn lower_terraform(file: &Path, sources: &mut SourceMap) -> Lowered {
    let text = fs::read_to_string(file).unwrap();
    let shown = format!("{}/main.tf", file.display());
    let mut files = MemoryFiles::default();
    files.insert(&shown, text.as_str());
    let id = sources.add(shown.clone(), shown, text);
    let scanned = sources.get(id).cloned().into_iter().collect();
    let (project, diagnostics) = Project::load(scanned, &files, sources, &Options::default());
    let mut all = Lowered { diagnostics, ..Lowered::default() };
    for root in project.roots() {
        let (instances, found) = project.evaluate(root);
        let lowered = terraform::lower(&instances, &Mappings::embedded(), Dialect::Terraform);
        all.diagnostics.extend(found);
        all.diagnostics.extend(lowered.diagnostics);
        all.resources.extend(lowered.resources);
        all.patches.extend(lowered.patches);
        all.unmapped.extend(lowered.unmapped);
    }
    azure::expand(&mut all);
    all
}

fn lower_template(file: &Path, sources: &mut SourceMap) -> Lowered {
    let text = fs::read_to_string(file).unwrap();
    let shown = file.display().to_string();
    let mut files = MemoryFiles::default();
    files.insert(&shown, text.as_str());
    let id = sources.add(shown.clone(), shown, text);
    let scanned: Vec<_> = sources.get(id).cloned().into_iter().collect();
    let (templates, diagnostics) = Templates::load(&scanned, &files, sources, &arm::Options::default());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let mut all = Lowered::default();
    for unit in templates.units() {
        let lowered = templates.lower(unit);
        all.resources.extend(lowered.resources);
        all.patches.extend(lowered.patches);
    }
    azure::expand(&mut all);
    all
}
