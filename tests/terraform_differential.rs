//! Our evaluation against the real `terraform plan`, on configurations of variables, locals, modules, outputs and
//! `terraform_data`. `fixtures/terraform/regenerate.py` wrote what is expected.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a case that does not hold ends the test"
)]

use std::path::{Path, PathBuf};

use baalint::diagnostic::Severity;
use baalint::frontend::MemoryFiles;
use baalint::frontend::terraform::{Options, Project};
use baalint::source::SourceMap;
use baalint::value::{Value, ValueKind};
use serde_json::Value as Json;

/// Where we differ on purpose: the case, the place, and why.
const EXPLAINED: [(&str, &str, &str); 1] =
    [("unknown-flows", "output and", "`false && unknown` is false from Terraform 1.12 on, and whatever is unknown")];

/// The files of a case, as if it were the working directory.
fn files_of(case: &Path) -> MemoryFiles {
    let mut files = MemoryFiles::default();
    for entry in walkdir::WalkDir::new(case).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() && entry.file_name() != "expected.json" {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            files.insert(entry.path().strip_prefix(case).unwrap(), text);
        }
    }
    files
}

/// Where ours is not what the plan says.
fn differences(case: &Path) -> Vec<String> {
    let expected: Json = serde_json::from_str(&std::fs::read_to_string(case.join("expected.json")).unwrap()).unwrap();
    let files = files_of(case);
    let mut sources = SourceMap::default();
    let mut scanned = Vec::new();
    for (path, text) in files.iter() {
        let id = sources.add(path, path.to_string_lossy(), text.clone());
        scanned.push(sources.get(id).unwrap().clone());
    }
    let (project, diagnostics) = Project::load(scanned, &files, &mut sources, &Options::default());
    let mut found: Vec<String> = diagnostics.iter().map(|it| it.message.clone()).collect();
    let [root] = project.roots() else { return vec![format!("{} roots", project.roots().len())] };
    let outputs = project.outputs(root);
    let outputs = outputs.as_object().unwrap();
    for (name, expected) in expected["outputs"].as_object().unwrap() {
        let ours = outputs.value(name).unwrap();
        compare(&format!("output {name}"), expected, ours, &mut found);
    }
    let (instances, diagnostics) = project.evaluate(root);
    // A note tells what Terraform does not: a plan passes over what is switched off, too.
    found.extend(diagnostics.iter().filter(|it| it.severity != Severity::Note).map(|it| it.message.clone()));
    let inputs = expected["inputs"].as_object().unwrap();
    assert_eq!(instances.len(), inputs.len(), "{}", case.display());
    for instance in &instances {
        let expected = &inputs[&*instance.address];
        match instance.body.as_object().unwrap().value("input") {
            Some(ours) => compare(&instance.address, expected, ours, &mut found),
            None => assert!(expected.is_null(), "{}", instance.address),
        }
    }
    found
}

fn compare(at: &str, expected: &Json, ours: &Value, found: &mut Vec<String>) {
    let same = match (expected, &ours.kind) {
        (Json::String(text), ValueKind::Unknown(_)) => text == "?unknown",
        (Json::String(text), ValueKind::String(ours)) => **text == **ours,
        (Json::Null, ValueKind::Null) => true,
        (Json::Bool(expected), ValueKind::Bool(ours)) => expected == ours,
        (Json::Number(expected), ValueKind::Number(ours)) => expected.as_f64() == Some(ours.as_f64()),
        (Json::Array(expected), ValueKind::Array(ours)) => {
            for (index, (expected, ours)) in expected.iter().zip(&ours.items).enumerate() {
                compare(&format!("{at}[{index}]"), expected, ours, found);
            }
            ours.rest.is_none() && expected.len() == ours.items.len()
        }
        (Json::Object(expected), ValueKind::Object(ours)) => {
            for (key, expected) in expected {
                match ours.value(key) {
                    Some(ours) => compare(&format!("{at}.{key}"), expected, ours, found),
                    None => found.push(format!("{at}.{key} is missing")),
                }
            }
            ours.rest.is_none() && expected.len() == ours.entries.len()
        }
        _ => false,
    };
    if !same {
        found.push(format!("{at}\n    terraform {expected}\n    ours      {:?}", ours.kind));
    }
}

#[test]
fn modules_evaluate_as_terraform_plans_them() {
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir("fixtures/terraform").unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.is_dir());
    cases.sort();
    let mut wrong = Vec::new();
    for case in &cases {
        let mut found = differences(case);
        let explained = EXPLAINED.iter().filter(|(name, ..)| case.ends_with(name));
        for (_, at, why) in explained {
            let before = found.len();
            found.retain(|difference| !difference.starts_with(&format!("{at}\n")));
            assert!(found.len() < before, "no longer different: {at} ({why})");
        }
        if !found.is_empty() {
            wrong.push(format!("{}\n  {}", case.display(), found.join("\n  ")));
        }
    }
    assert!(cases.len() >= 40);
    assert!(wrong.is_empty(), "{} of {} cases differ\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
