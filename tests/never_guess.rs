//! What decides an example and is not known makes the verdict unknown, never a pass.
//!
//! Of every policy: the text that a failing example points at becomes an unknown value; of a passing example every attribute, and
//! every block whose absence would fail, becomes unknown in its turn. All of it is one run, each case a root of its own.

#![expect(clippy::disallowed_methods, reason = "a test reads files")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use baalint::discover::Buffer;
use baalint::finding::Verdict;
use baalint::lint::{self, Request};
use baalint::parse::yaml;
use baalint::policy::example::{self, Example, Expected, Language};
use baalint::source::FileId;
use baalint::suppress::Day;
use serde_json::Value as Json;

/// Policies for which an unknown value is no violation: a secret that is not written out, a place that nobody allowed.
const OTHERS: [&str; 3] = ["residency/", "secrets/", "template/"];

/// Nothing in a template tells what this will be.
const RUNTIME: &str = "[reference('elsewhere').value]";

/// What passes all the same: the example, and why.
const KNOWN: [(&str, &str); 1] =
    // An action has a group, whichever it is.
    [("monitor/activity-log-alert-without-action", "an action group")];

struct Case {
    policy: String,
    example: String,
    /// The text with something unknown.
    unknown: String,
    /// The text without it; the case counts when that fails. Of a failing example there is none.
    without: Option<String>,
    what: String,
    language: Language,
}

#[test]
fn an_unknown_in_the_place_of_what_decides_never_passes() {
    let cases: Vec<Case> = examples().iter().flat_map(|(policy, example)| cases(policy, example)).collect();
    let mut buffers = Vec::new();
    let mut add = |at: usize, kind: &str, case: &Case, text: &str| {
        let name = if case.language == Language::Arm { "main.json" } else { "main.tf" };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("never-guess").join(format!("{at}-{kind}")).join(name);
        buffers.push(Buffer { path, bytes: text.as_bytes().to_vec() });
    };
    for (at, case) in cases.iter().enumerate() {
        add(at, "unknown", case, &case.unknown);
        if let Some(without) = &case.without {
            add(at, "without", case, without);
        }
    }
    let request = Request { buffers, ..Request::of(Vec::new(), Day::parse("2026-11-22").unwrap()) };
    let mut told: BTreeMap<String, BTreeMap<String, BTreeSet<Verdict>>> = BTreeMap::new();
    for finding in lint::run(request).report.findings {
        let root = finding.resource.root.split('/').find(|it| it.ends_with("-unknown") || it.ends_with("-without"));
        let of_root = told.entry(root.unwrap().to_owned()).or_default();
        of_root.entry(finding.policy.id.to_string()).or_default().insert(finding.verdict);
    }
    let says = |at: usize, kind: &str, policy: &str| told.get(&format!("{at}-{kind}")).and_then(|it| it.get(policy));
    let (mut counted, mut silent) = (0, Vec::new());
    for (at, case) in cases.iter().enumerate() {
        let fails = |found: &BTreeSet<Verdict>| found.contains(&Verdict::Fail);
        let counts = case.without.is_none() || says(at, "without", &case.policy).is_some_and(fails);
        counted += usize::from(counts);
        let known = KNOWN.contains(&(&case.policy, &case.example));
        if counts && !known && says(at, "unknown", &case.policy).is_none() {
            silent.push(format!("{} `{}`: {}", case.policy, case.example, case.what));
        }
    }
    assert!(counted > 1500, "{counted} cases");
    assert!(silent.is_empty(), "{} of {counted} pass with an unknown\n{}", silent.len(), silent.join("\n"));
}

fn examples() -> Vec<(String, Example)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(&directory).sort_by_file_name().into_iter().flatten() {
        let id = entry.path().strip_prefix(&directory).unwrap().with_extension("").to_string_lossy().into_owned();
        if !entry.file_type().is_file() || OTHERS.iter().any(|it| id.starts_with(it)) {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let Some(document) = yaml::parse(FileId(0), &text).0.into_iter().next() else { continue };
        let examples = example::read(&document.root).0.into_iter().filter(|it| it.config.entries.is_empty());
        found.extend(examples.map(|it| (id.clone(), it)));
    }
    found
}

fn cases(policy: &str, example: &Example) -> Vec<Case> {
    let made = match (example.expected, example.language) {
        (Expected::Fail, Language::Terraform) => pointed_at(example, terraform_value).into_iter().collect(),
        (Expected::Fail, Language::Arm) => pointed_at(example, arm_value).into_iter().collect(),
        (Expected::Pass, Language::Terraform) => [attributes(example), blocks(example)].concat(),
        (Expected::Pass, Language::Arm) => members(example),
        _ => Vec::new(),
    };
    let case = |(what, unknown, without): (String, String, Option<String>)| {
        let of = |text: String| if example.language == Language::Arm { template(&text) } else { declared(&text) };
        let (policy, example_name) = (policy.to_owned(), example.name.to_string());
        let (unknown, without) = (of(unknown), without.map(of));
        Case { policy, example: example_name, unknown, without, what, language: example.language }
    };
    made.into_iter().map(case).collect()
}

type Made = (String, String, Option<String>);

/// A failing example, the text that it points at replaced.
fn pointed_at(example: &Example, replaced: fn(&str) -> Option<String>) -> Option<Made> {
    let at = example.at.as_deref()?.trim();
    let with = replaced(at).filter(|_| example.text.matches(at).count() == 1)?;
    Some((with.clone(), example.text.replacen(at, &with, 1), None))
}

fn terraform_value(at: &str) -> Option<String> {
    if at.starts_with('"') && !at.contains('=') {
        return Some("var.unknown".to_owned());
    }
    let (name, _) =
        at.split_once('=').filter(|(name, _)| !name.contains(['"', '{', ' ']) || name.trim_end().len() < 60)?;
    let plain = name.trim().bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    (plain && !at.contains('\n')).then(|| format!("{name}= var.unknown"))
}

fn arm_value(at: &str) -> Option<String> {
    let Some((name, _)) = at.split_once("\":") else { return at.starts_with('"').then(|| format!("\"{RUNTIME}\"")) };
    let decided = !["\"type", "\"apiVersion", "\"name"].contains(&name) && name.starts_with('"');
    decided.then(|| format!("{name}\": \"{RUNTIME}\""))
}

/// A passing example, each attribute of one line in its turn.
fn attributes(example: &Example) -> Vec<Made> {
    let lines: Vec<&str> = example.text.lines().collect();
    let mut made = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let plain = name.trim().bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
        if !plain || !line.starts_with(' ') || value.trim_end().ends_with(['{', '[', '(']) {
            continue;
        }
        let with = format!("{name}= var.unknown");
        let put = |with: Option<&str>| {
            let all = lines.iter().enumerate().filter_map(|(i, it)| if i == at { with } else { Some(*it) });
            all.collect::<Vec<_>>().join("\n")
        };
        made.push((with.trim().to_owned(), put(Some(&with)), Some(put(None))));
    }
    made
}

/// A passing example, each resource but the one that is judged perhaps not there.
fn blocks(example: &Example) -> Vec<Made> {
    let lines: Vec<&str> = example.text.lines().collect();
    let mut made = Vec::new();
    for (start, line) in lines.iter().enumerate().filter(|(_, it)| it.starts_with("resource \"")) {
        let mut labels = line.split('"').skip(1).step_by(2);
        let address = [labels.next().unwrap_or(""), labels.next().unwrap_or("")].join(".");
        let Some(length) = lines.iter().skip(start).position(|it| *it == "}") else { continue };
        let (head, rest) = lines.split_at(start);
        let (block, tail) = rest.split_at(length + 1);
        let counted = block.iter().any(|it| it.trim_start().starts_with("count") || it.contains("for_each"));
        if counted || line.ends_with('}') || example.resource.as_deref() == Some(&*address) {
            continue;
        }
        let (opening, body) = block.split_at(1);
        let unknown = [head, opening, &["  count = var.unknown"], body, tail].concat().join("\n");
        made.push((format!("how many {address}"), unknown, Some([head, tail].concat().join("\n"))));
    }
    made
}

/// A passing example, each member of the template in its turn.
fn members(example: &Example) -> Vec<Made> {
    let Ok(root) = serde_json::from_str::<Json>(&example.text) else { return Vec::new() };
    let mut paths = Vec::new();
    each_member(&root, &mut Vec::new(), &mut paths);
    let mut made = Vec::new();
    for path in paths {
        let (Some(last), mut unknown) = (path.last().cloned(), root.clone()) else { continue };
        let above = [&[String::new()][..], path.get(..path.len() - 1).unwrap()].concat().join("/");
        let mut without = root.clone();
        if let (Some(Json::Object(a)), Some(Json::Object(b))) =
            (unknown.pointer_mut(&above), without.pointer_mut(&above))
        {
            a.insert(last.clone(), RUNTIME.into());
            b.remove(&last);
            made.push((path.join("."), unknown.to_string(), Some(without.to_string())));
        }
    }
    made
}

/// Paths of members that say what a resource is like; what says which it is stays.
fn each_member(value: &Json, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    const NAMING: [&str; 7] = ["$schema", "apiVersion", "contentVersion", "dependsOn", "name", "resources", "type"];
    let entries: Vec<(String, &Json)> = match value {
        Json::Object(object) => object.iter().map(|(key, it)| (key.clone(), it)).collect(),
        Json::Array(items) => items.iter().enumerate().map(|(at, it)| (at.to_string(), it)).collect(),
        _ => return,
    };
    for (key, inner) in entries {
        path.push(key);
        let named = path.last().is_some_and(|key| NAMING.contains(&key.as_str()) || key.contains(['/', '~']));
        if value.is_object() && !named {
            found.push(path.clone());
        }
        each_member(inner, path, found);
        path.pop();
    }
}

fn declared(text: &str) -> String {
    format!("variable \"unknown\" {{}}\n{text}\n")
}

fn template(text: &str) -> String {
    let text = text.trim();
    if text.contains("$schema") {
        return text.to_owned();
    }
    let resources = if text.starts_with('[') { text.to_owned() } else { format!("[{text}]") };
    let schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
    format!("{{ \"$schema\": \"{schema}\", \"contentVersion\": \"1.0.0.0\", \"resources\": {resources} }}")
}
