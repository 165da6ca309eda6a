//! The bundled projects, whole: the report that their owner would read, in each language they are written in.
//!
//! In: `fixtures/projects/patient-portal`. The findings of the policies in `expected/policies.txt` are those in
//! `expected/<language>.txt` (rewritten with `UPDATE_EXPECTED=1`); other policies may come and go.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "fixtures are files; a missing key ends the test"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

#[test]
fn the_portal_is_reported_as_its_owner_would_read_it() {
    for language in ["terraform", "bicep"] {
        let shown: String = findings(language).iter().map(|finding| line(finding) + "\n").collect();
        let path = portal().join("expected").join(format!("{language}.txt"));
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&path, &shown).expect("fixtures can be written");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default().replace('\r', "");
        assert!(shown == expected, "{language}: UPDATE_EXPECTED=1 cargo test --test projects\n{shown}");
    }
}

/// A module called twice is one text in Terraform and two nested templates in Bicep, so resources are compared by type.
#[test]
fn the_portal_has_the_same_findings_in_both_languages() {
    let told = |language| -> BTreeSet<String> {
        let what = |it: &Value| format!("{} {} {}", it["verdict"], it["policy"], it["resource"]["type"]).to_lowercase();
        findings(language).iter().map(what).collect()
    };
    assert_eq!(told("terraform"), told("bicep"));
}

#[test]
fn the_readme_shows_what_its_first_command_prints() {
    let run = Command::new(env!("CARGO_BIN_EXE_baalint"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["check", "fixtures/projects/patient-portal"])
        .output()
        .expect("the binary runs");
    let printed = String::from_utf8_lossy(&run.stdout).replace('\r', "");
    let readme = fs::read_to_string("README.md").expect("the README is there").replace('\r', "");
    let shown: Vec<&str> = readme.split("```text\n").skip(1).filter_map(|it| it.split("```").next()).collect();
    assert!(!shown.is_empty());
    for block in shown {
        assert!(printed.contains(block), "the README shows what is not printed:\n{block}");
    }
}

fn portal() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/projects/patient-portal")
}

/// The findings of one language, of the listed policies only.
fn findings(language: &str) -> Vec<Value> {
    let list = fs::read_to_string(portal().join("expected/policies.txt")).expect("the list is there");
    let listed: BTreeSet<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    let run = Command::new(env!("CARGO_BIN_EXE_baalint"))
        .current_dir(portal())
        .args(["check", language, "--format", "json"])
        .output()
        .expect("the binary runs");
    assert_eq!(run.status.code(), Some(1), "{}", String::from_utf8_lossy(&run.stderr));
    let report: Value = serde_json::from_slice(&run.stdout).expect("the report is JSON");
    assert_eq!(report["diagnostics"], Value::Array(Vec::new()), "nothing in the portal is unreadable");
    let all = report["findings"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|it| it["policy"].as_str().is_some_and(|id| listed.contains(id))).collect()
}

fn line(finding: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "{} {} {} {}:{}:{}",
        text(&finding["verdict"]),
        text(&finding["policy"]),
        text(&finding["resource"]["address"]),
        text(&finding["file"]),
        finding["line"],
        finding["column"]
    )
}
