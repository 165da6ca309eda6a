//! Fixes of YAML: the twins of every failing example in four dialects are edited and then pass, and nothing else changes.
//!
//! The twins are those of `yaml_twins.rs`; what has no edit is counted by its reason. Cases by hand stand in `fixes_yaml.yaml`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a test reads its data")]
#![expect(clippy::unnecessary_wraps, reason = "the writers of all languages have one shape")]

#[path = "yaml_twins/arguments.rs"]
mod arguments;
#[path = "yaml_twins/bodies.rs"]
mod bodies;
#[path = "yaml_twins/names.rs"]
mod names;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use baalint::edit::{self, Refusal};
use baalint::eval::{Settings, Verdict, evaluate};
use baalint::examples;
use baalint::fix::Workshop;
use baalint::frontend::arm::fix::Documents;
use baalint::frontend::terraform::Mappings;
use baalint::frontend::terraform::fix::Trees;
use baalint::frontend::yaml;
use baalint::model::{Lowered, Presence, ResourceGraph, ResourceIndex};
use baalint::policy::example::{self, Example, Expected, Language};
use baalint::policy::{self, Policy};
use baalint::source::SourceMap;
use serde_yaml::Value as Plain;

fn policies(sources: &mut SourceMap) -> Vec<(Policy, Vec<Example>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(&directory).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|it| it != "yaml") {
            continue;
        }
        let id = path.strip_prefix(&directory).unwrap().with_extension("").to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(&path).unwrap();
        let file = sources.add(&path, id.as_str(), text.as_str());
        let Some(document) = baalint::parse::yaml::parse(file, &text).0.into_iter().next() else { continue };
        if let (Some(policy), _) = policy::compile(&id, &document.root) {
            found.push((policy, example::read(&document.root).0));
        }
    }
    found
}

fn settings(example: &Example) -> Settings {
    let mut settings = Settings::default();
    for (key, entry) in &example.config.entries {
        settings.values.insert(key.clone(), entry.value.clone());
    }
    settings
}

/// The texts that say in YAML what an example says.
fn twins(example: &Example, mappings: &Mappings) -> Vec<(&'static str, String)> {
    let mut sources = SourceMap::default();
    if example.language == Language::Yaml {
        return vec![("kubernetes", example.text.to_string())];
    }
    let lowered = examples::lower("example", example, &mut sources, mappings);
    let types: BTreeMap<String, String> =
        lowered.resources.iter().map(|it| (it.address.to_string(), it.resource_type.to_string())).collect();
    let bodies = bodies::Original::new(ResourceGraph::link(lowered));
    let mut found = vec![("pulumi", bodies.pulumi()), ("aso", bodies.service_operator())];
    if example.language == Language::Terraform && example.provider.is_none_or(|it| it == 4) {
        let (instances, _) = examples::instances("example", example, &mut sources);
        let arguments = arguments::Original::new(&instances, types);
        found.extend([("crossplane", arguments.crossplane()), ("classic", arguments.classic())]);
    }
    found.into_iter().filter_map(|(dialect, text)| Some((dialect, text.ok()?))).collect()
}

fn graph(text: &str, sources: &mut SourceMap, mappings: &Mappings) -> ResourceGraph {
    let mut lowered: Lowered = examples::yaml_input("twin", text, sources, mappings);
    baalint::azure::expand(&mut lowered);
    ResourceGraph::link(lowered)
}

fn failing(policy: &Policy, graph: &ResourceGraph, settings: &Settings) -> Option<ResourceIndex> {
    let fails = |it: &ResourceIndex| {
        graph.get(*it).presence != Presence::Existing && evaluate(policy, graph, *it, settings).verdict == Verdict::Fail
    };
    graph.indices().find(fails)
}

/// A text before and after, and what became of the resource.
struct Fixed {
    before: String,
    after: String,
    edits: usize,
    warnings: String,
    verdicts: Vec<Verdict>,
}

/// None when nothing fails in the text.
fn fix(policy: &Policy, text: &str, settings: &Settings, mappings: &Mappings) -> Option<Result<Fixed, Refusal>> {
    let mut sources = SourceMap::default();
    let graphs = [graph(text, &mut sources, mappings)];
    let first = failing(policy, &graphs[0], settings)?;
    let address = graphs[0].get(first).address.clone();
    let workshop = Workshop {
        sources: &sources,
        terraform: Trees::new(&sources),
        arm: Documents::new(&sources),
        yaml: yaml::fix::Documents::new(&sources),
        mappings,
        settings,
        graphs: &graphs,
    };
    let proposal = match workshop.propose(policy, &[(0, first)]) {
        Ok(proposal) => proposal,
        Err(why) => return Some(Err(why)),
    };
    let after = edit::apply(text, &proposal.edits).expect("edits lie in the text and do not overlap");
    let again = graph(&after, &mut SourceMap::default(), mappings);
    let same = again.indices().filter(|it| again.get(*it).address == address);
    let verdicts = same.map(|it| evaluate(policy, &again, it, settings).verdict).collect();
    let (edits, warnings) = (proposal.edits.len(), proposal.warnings().join("; "));
    Some(Ok(Fixed { before: text.to_owned(), after, edits, warnings, verdicts }))
}

/// Every leaf of a text by its path; what an empty mapping or list holds is nothing.
fn leaves(text: &str) -> Result<BTreeMap<String, String>, String> {
    fn walk(value: &Plain, path: &str, into: &mut BTreeMap<String, String>) {
        match value {
            Plain::Mapping(mapping) => {
                for (key, value) in mapping {
                    walk(value, &format!("{path}/{}", key.as_str().unwrap_or("?")), into);
                }
            }
            Plain::Sequence(items) if items.iter().any(|it| it.is_mapping() || it.is_sequence()) => {
                items.iter().enumerate().for_each(|(at, it)| walk(it, &format!("{path}/{at}"), into));
            }
            Plain::Null => {}
            leaf => {
                into.insert(path.to_owned(), format!("{leaf:?}"));
            }
        }
    }
    let mut found = BTreeMap::new();
    for (document, at) in serde_yaml::Deserializer::from_str(text).zip(0..) {
        let value = <Plain as serde::Deserialize>::deserialize(document).map_err(|it| it.to_string())?;
        walk(&value, &format!("{at}"), &mut found);
    }
    Ok(found)
}

/// What is wrong with a fix: it does not hold, or changes more than the settings that it names.
fn wrong(fixed: &Fixed) -> Option<String> {
    if fixed.verdicts.is_empty() || fixed.verdicts.iter().any(|it| matches!(it, Verdict::Fail | Verdict::Unknown)) {
        return Some(format!("is {:?} after", fixed.verdicts));
    }
    let (before, after) = match (leaves(&fixed.before), leaves(&fixed.after)) {
        (Ok(before), Ok(after)) => (before, after),
        (Ok(_), Err(why)) => return Some(format!("does not parse any more: {why}")),
        (Err(_), _) => return None,
    };
    let kept = before.iter().filter(|(path, value)| after.get(*path) == Some(value)).count();
    // What an anchor stands for changes wherever it is used.
    let changed = if fixed.warnings.contains("stands for") { 0 } else { before.len().saturating_sub(kept) };
    (changed > fixed.edits).then(|| format!("{changed} values are not what they were, after {} edits", fixed.edits))
}

#[test]
fn every_failing_twin_with_an_edit_passes_after_it_and_nothing_else_changes() {
    let mut sources = SourceMap::default();
    let mappings = Mappings::embedded();
    let (mut problems, mut table) = (Vec::new(), String::new());
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (policy, examples) in policies(&mut sources) {
        for example in examples.iter().filter(|it| it.expected == Expected::Fail) {
            let settings = settings(example);
            for (dialect, text) in twins(example, &mappings) {
                let Some(fixed) = fix(&policy, &text, &settings, &mappings) else { continue };
                let count = counts.entry(dialect).or_default();
                count.1 += 1;
                let place = format!("{} [{dialect}] {}", policy.id, example.name);
                match fixed {
                    Err(why) => writeln!(table, "-- {place}: {}", why.0).unwrap(),
                    Ok(fixed) => {
                        count.0 += 1;
                        let diff = edit::unified("twin", &fixed.before, &fixed.after);
                        let changed: Vec<&str> = diff.lines().skip(2).filter(|it| !it.starts_with(' ')).collect();
                        writeln!(table, "++ {place} ({})\n{}", fixed.warnings, changed.join("\n")).unwrap();
                        problems.extend(wrong(&fixed).map(|it| format!("{place}: {it}\n{diff}")));
                    }
                }
            }
        }
    }
    if let Ok(path) = std::env::var("BAALINT_FIXES") {
        std::fs::write(path, table).unwrap();
    }
    println!("{counts:?}");
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n\n"));
    for dialect in ["pulumi", "aso", "crossplane", "classic"] {
        let (edited, all) = counts[dialect];
        assert!(edited * 3 > all, "{edited} of {all} twins in {dialect} are edited");
    }
}

/// A case by hand.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    policy: String,
    before: String,
    after: Option<String>,
    refused: Option<String>,
    look: Option<String>,
    lines: Option<String>,
    end: Option<String>,
}

impl Case {
    fn text(&self, written: &str) -> String {
        let whole = if self.end.is_some() { written.trim_end() } else { written };
        if self.lines.is_some() { whole.replace('\n', "\r\n") } else { whole.to_owned() }
    }
}

#[test]
fn texts_by_hand_become_what_their_owner_would_write() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fixes_yaml.yaml");
    let cases: Vec<Case> = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (mut sources, mappings) = (SourceMap::default(), Mappings::embedded());
    let policies = policies(&mut sources);
    let mut problems = Vec::new();
    for case in cases {
        let policy = &policies.iter().find(|(policy, _)| *policy.id == *case.policy).expect("the policy is here").0;
        let told = match (fix(policy, &case.text(&case.before), &Settings::default(), &mappings), &case.refused) {
            (None, _) => Some("nothing fails in it".to_owned()),
            (Some(Err(why)), Some(expected)) => (!why.0.contains(expected)).then(|| format!("refused: {}", why.0)),
            (Some(Err(why)), None) => Some(format!("refused: {}", why.0)),
            (Some(Ok(fixed)), _) => {
                let after = case.after.as_deref().map(|it| case.text(it));
                let look = case.look.as_deref().unwrap_or("");
                let fine = after.as_deref() == Some(&*fixed.after)
                    && (if look.is_empty() { fixed.warnings.is_empty() } else { fixed.warnings.contains(look) });
                let problem = wrong(&fixed).or_else(|| (!fine).then(String::new));
                problem.map(|it| format!("{it} ({})\n{}", fixed.warnings, fixed.after))
            }
        };
        problems.extend(told.map(|it| format!("{}: {it}", case.name)));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}
