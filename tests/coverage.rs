//! `docs/coverage.md`: which policy covers each requirement that the peers check, or why none does.
//!
//! In: `tests/data/concepts.tsv`, `tests/data/not-covered.tsv` and the policies' `equivalents`. The page is written anew
//! with `UPDATE_EXPECTED=1`; otherwise it must be what it would be. A requirement without policy and reason fails.

#![expect(clippy::disallowed_methods, reason = "the page and its tables are files")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

struct Concept<'t> {
    section: &'t str,
    category: &'t str,
    text: &'t str,
    ids: Vec<&'t str>,
}

#[test]
fn every_requirement_of_the_peers_has_a_policy_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default().replace('\r', "");
    let (concepts, reasons) = (read("tests/data/concepts.tsv"), read("tests/data/not-covered.tsv"));
    let reasons: BTreeMap<&str, &str> = rows(&reasons).filter_map(|row| row.split_once('\t')).collect();
    let by_id = policies_by_foreign_id(&root.join("policies"));

    let mut page = String::from(HEAD);
    let (mut section, mut covered, mut total) = ("", 0, 0);
    let mut open = Vec::new();
    for concept in rows(&concepts).filter_map(concept) {
        if concept.section != section {
            section = concept.section;
            let _ = write!(page, "\n## {section}\n\n| | requirement | policies |\n| --- | --- | --- |\n");
        }
        let policies: BTreeSet<&str> =
            concept.ids.iter().filter_map(|id| by_id.get(*id)).flatten().map(String::as_str).collect();
        total += 1;
        let answer = if !policies.is_empty() {
            covered += 1;
            policies.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
        } else if let Some(reason) = reasons.get(concept.text) {
            format!("none: {reason}")
        } else {
            open.push(concept.text);
            String::new()
        };
        let _ = writeln!(page, "| {} | {} | {answer} |", concept.category, concept.text.replace('|', "\\|"));
    }
    assert!(open.is_empty(), "neither a policy nor a reason in tests/data/not-covered.tsv:\n{}", open.join("\n"));
    assert!(covered * 10 > total * 9, "{covered} of {total} requirements have a policy");

    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(root.join("docs/coverage.md"), &page).expect("docs can be written");
    }
    assert!(
        read("docs/coverage.md") == page,
        "docs/coverage.md is stale: UPDATE_EXPECTED=1 cargo test --test coverage"
    );
}

const HEAD: &str = "# Coverage

Which policy covers each requirement that Checkov, Trivy, KICS or PSRule check for Azure, in the categories that the Security
Rule's technical safeguards ask for, and why none does where none does. Written by `tests/coverage.rs`; do not edit.
";

fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn concept(row: &str) -> Option<Concept<'_>> {
    let mut cells = row.split('\t');
    let (section, category, text) = (cells.next()?, cells.next()?, cells.next()?);
    Some(Concept { section, category, text, ids: cells.next()?.split(' ').collect() })
}

fn policies_by_foreign_id(directory: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut by_id: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(directory).into_iter().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        let file: serde_yaml::Value = serde_yaml::from_str(&text).expect("a policy is YAML");
        let below = path.strip_prefix(directory).expect("walked from there").with_extension("");
        let id = below.to_string_lossy().replace('\\', "/");
        let conditional = file.get("equivalentsWhen").and_then(serde_yaml::Value::as_sequence).into_iter().flatten();
        let ids = file.get("equivalents").into_iter().chain(conditional.filter_map(|it| it.get("ids")));
        for foreign in ids.filter_map(serde_yaml::Value::as_sequence).flatten() {
            let foreign =
                foreign.as_str().map_or_else(|| serde_yaml::to_string(foreign).unwrap_or_default(), str::to_owned);
            by_id.entry(foreign.trim().to_owned()).or_default().insert(id.clone());
        }
    }
    by_id
}
