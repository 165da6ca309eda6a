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
    services(&mut page, &read("tests/data/services.tsv"), &root.join("policies"));
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

/// Every service that the library is about: its policies, or why there are none.
fn services(page: &mut String, table: &str, directory: &Path) {
    let ids: Vec<String> = policies(directory).map(|(id, _)| id).collect();
    page.push_str(SERVICES);
    for row in rows(table) {
        let mut cells = row.split('\t').skip(1);
        let service = cells.next().unwrap_or_default();
        let globs: Vec<&str> = cells.next().unwrap_or_default().split_whitespace().collect();
        let note = cells.next().unwrap_or_default();
        let mut found = BTreeSet::new();
        for glob in &globs {
            found.extend(ids.iter().filter(|id| baalint::glob::matches(glob, id)));
            assert!(ids.iter().any(|id| baalint::glob::matches(glob, id)), "{service}: no policy is `{glob}`");
        }
        assert!(!globs.is_empty() || note.starts_with("none: "), "{service} has neither policies nor a reason");
        let named = globs.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
        let count = if globs.is_empty() { String::new() } else { found.len().to_string() };
        let _ = writeln!(page, "| {service} | {count} | {named} | {note} |");
    }
}

const SERVICES: &str = "
# Services

Besides these, policies over every type ask for diagnostic settings, BAA coverage, regions, tags and secrets.

| service | policies | which | why none, or what else there is to say |
| --- | --- | --- | --- |
";

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
    for (id, file) in policies(directory) {
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

/// Every policy file, by its id.
fn policies(directory: &Path) -> impl Iterator<Item = (String, serde_yaml::Value)> {
    let files = walkdir::WalkDir::new(directory).sort_by_file_name().into_iter().flatten();
    files.filter(|it| it.path().extension().is_some_and(|extension| extension == "yaml")).filter_map(move |entry| {
        let file: serde_yaml::Value =
            serde_yaml::from_str(&fs::read_to_string(entry.path()).unwrap_or_default()).expect("a policy is YAML");
        let below = entry.path().strip_prefix(directory).expect("walked from there").with_extension("");
        file.get("title").is_some().then(|| (below.to_string_lossy().replace('\\', "/"), file))
    })
}
