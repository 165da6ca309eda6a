//! Every fix that is applied: each failing example of each policy is edited and then passes, and nothing else changes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use baalint::edit::{self, Edit, Proposal, Refusal};
use baalint::eval::{self, Settings, Verdict, evaluate};
use baalint::examples;
use baalint::fix::{Member, Workshop};
use baalint::frontend::arm::fix::Documents;
use baalint::frontend::terraform::Mappings;
use baalint::frontend::terraform::fix::Trees;
use baalint::frontend::yaml::fix as yaml_fix;
use baalint::model::{Presence, ResourceGraph};
use baalint::parse::yaml;
use baalint::policy::example::{self, Example, Expected, Language};
use baalint::policy::{self, Policy};
use baalint::snippet;
use baalint::source::SourceMap;

/// A policy with its examples.
struct Case {
    policy: Policy,
    examples: Vec<Example>,
}

fn cases(sources: &mut SourceMap) -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut cases = Vec::new();
    for entry in walkdir::WalkDir::new(&directory).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|it| it != "yaml") {
            continue;
        }
        let id = path.strip_prefix(&directory).unwrap().with_extension("").to_string_lossy().replace('\\', "/");
        #[expect(clippy::disallowed_methods, reason = "a test reads files")]
        let text = std::fs::read_to_string(&path).unwrap();
        let file = sources.add(path, id.as_str(), text.as_str());
        let Some(root) = yaml::parse(file, &text).0.into_iter().next().map(|it| it.root) else { continue };
        if let (Some(policy), _) = policy::compile(&id, &root) {
            cases.push(Case { policy, examples: example::read(&root).0 });
        }
    }
    assert!(cases.len() > 400, "the policies are here");
    cases
}

fn settings(example: &Example) -> Settings {
    let mut settings = Settings::default();
    for (key, entry) in &example.config.entries {
        settings.values.insert(key.clone(), entry.value.clone());
    }
    settings
}

/// The resources that fail.
fn failing(policy: &Policy, graph: &ResourceGraph, settings: &Settings) -> Vec<Member> {
    let fails = |it: &baalint::model::ResourceIndex| {
        graph.get(*it).presence != Presence::Existing && evaluate(policy, graph, *it, settings).verdict == Verdict::Fail
    };
    graph.indices().filter(fails).map(|it| (0, it)).collect()
}

/// A failing example with its first failing resource fixed.
struct Fixed {
    before: String,
    after: String,
    edits: Vec<Edit>,
    proposal: Proposal,
    /// What became of the resource.
    verdicts: Vec<Verdict>,
}

fn workshop<'w>(
    sources: &'w SourceMap,
    mappings: &'w Mappings,
    settings: &'w Settings,
    graphs: &'w [ResourceGraph],
) -> Workshop<'w> {
    Workshop {
        sources,
        terraform: Trees::new(sources),
        arm: Documents::new(sources),
        yaml: yaml_fix::Documents::new(sources),
        mappings,
        settings,
        graphs,
    }
}

fn fix(policy: &Policy, example: &Example, mappings: &Mappings) -> Result<Fixed, Refusal> {
    let mut sources = SourceMap::default();
    let (graph, _) = examples::input(policy, 0, example, &mut sources, mappings);
    let settings = settings(example);
    let graphs = [graph];
    let members = failing(policy, &graphs[0], &settings);
    let first = *members.first().ok_or_else(|| Refusal("nothing fails".into()))?;
    let address = graphs[0].get(first.1).address.clone();
    let workshop = workshop(&sources, mappings, &settings, &graphs);
    let proposal = workshop.propose(policy, &[first])?;
    let file = sources.get(proposal.edits[0].span.file).unwrap();
    let after = edit::apply(file.text(), &proposal.edits).expect("edits lie in the text and do not overlap");
    let again = Example { text: after.as_str().into(), ..example.clone() };
    let mut others = SourceMap::default();
    let (graph, diagnostics) = examples::input(policy, 0, &again, &mut others, mappings);
    assert!(
        diagnostics.iter().all(|it| it.severity != baalint::diagnostic::Severity::Error),
        "{}: {diagnostics:?}\n{after}",
        policy.id
    );
    let same = graph.indices().filter(|it| graph.get(*it).address == address);
    let verdicts = same.map(|it| evaluate(policy, &graph, it, &settings).verdict).collect();
    Ok(Fixed { before: file.text().to_string(), after, edits: proposal.edits.clone(), proposal, verdicts })
}

#[test]
fn every_failing_example_with_an_edit_passes_after_it_and_nothing_else_changes() {
    let mut sources = SourceMap::default();
    let mappings = Mappings::embedded();
    let (mut problems, mut table) = (Vec::new(), String::new());
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for Case { policy, examples } in cases(&mut sources) {
        for example in examples.iter().filter(|it| it.expected == Expected::Fail) {
            let language = match example.language {
                Language::Terraform => "terraform",
                Language::Azapi => "azapi",
                Language::Arm => "arm",
                Language::Yaml => "yaml",
            };
            let count = counts.entry(language).or_default();
            count.1 += 1;
            match fix(&policy, example, &mappings) {
                Err(why) => writeln!(table, "-- {} [{language}] {}: {}", policy.id, example.name, why.0).unwrap(),
                Ok(fixed) => {
                    count.0 += 1;
                    let place = format!("{} [{language}] {}", policy.id, example.name);
                    let diff = edit::unified("example", &fixed.before, &fixed.after);
                    let changed: Vec<&str> = diff.lines().skip(3).filter(|it| !it.starts_with(' ')).collect();
                    let warnings = fixed.proposal.warnings().join("; ");
                    writeln!(table, "++ {place} ({warnings})\n{}", changed.join("\n")).unwrap();
                    if fixed.verdicts.iter().any(|it| matches!(it, Verdict::Fail | Verdict::Unknown)) {
                        problems.push(format!("{place}: is {:?} after\n{}", fixed.verdicts, fixed.after));
                    }
                    problems.extend(more_than_asked(&fixed).map(|it| format!("{place}: {it}")));
                }
            }
        }
    }
    #[expect(clippy::disallowed_methods, reason = "whoever asks gets the table of all fixes to read")]
    if let Ok(path) = std::env::var("BAALINT_FIXES") {
        std::fs::write(path, table).unwrap();
    }
    println!("{counts:?}");
    let (edited, all) = counts["terraform"];
    assert!(edited * 4 > all, "{edited} of {all} Terraform examples are edited");
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n\n"));
}

/// Each edit puts a literal in the place of a literal, writes something new, or moves an `=` or a comment.
fn more_than_asked(fixed: &Fixed) -> Option<String> {
    fixed.edits.iter().find_map(|edit| {
        let old = &fixed.before[edit.span.start as usize..edit.span.end as usize];
        let spaces = |text: &str| text.chars().all(|it| it == ' ');
        let literal = |text: &str| !text.contains('\n') && !text.contains('=') && !text.trim().is_empty();
        let unfolded = |old: &str| {
            let dense = |text: &str| text.split_whitespace().collect::<String>();
            dense(&edit.replacement).starts_with(&dense(old))
        };
        let fine = old.is_empty()
            || (spaces(old) && (spaces(&edit.replacement) || edit.replacement.contains('\n')))
            || (literal(old) && literal(&edit.replacement))
            || edit.replacement.is_empty()
            || unfolded(old);
        (!fine).then(|| format!("`{old}` became `{}`", edit.replacement))
    })
}

#[test]
fn a_missing_resource_that_is_added_satisfies_the_policy() {
    let mut sources = SourceMap::default();
    let mappings = Mappings::embedded();
    let (mut problems, mut drafts) = (Vec::new(), 0);
    for Case { policy, examples } in cases(&mut sources) {
        let Some(addition) = &policy.remedy.add else { continue };
        for example in examples.iter().filter(|it| it.expected == Expected::Fail) {
            let mut sources = SourceMap::default();
            let (graph, _) = examples::input(&policy, 0, example, &mut sources, &mappings);
            let settings = settings(example);
            let graphs = [graph];
            let Some(first) = failing(&policy, &graphs[0], &settings).first().copied() else { continue };
            let workshop = workshop(&sources, &mappings, &settings, &graphs);
            let Ok(draft) = workshop.draft(&policy, addition, &graphs[0], first.1) else { continue };
            let file = sources.get(draft.edits[0].span.file).unwrap();
            let after = edit::apply(file.text(), &draft.edits).unwrap();
            let again = Example { text: after.as_str().into(), ..example.clone() };
            let mut others = SourceMap::default();
            let (graph, _) = examples::input(&policy, 0, &again, &mut others, &mappings);
            let address = &graphs[0].get(first.1).address;
            let same = graph.indices().filter(|it| graph.get(*it).address == *address);
            let verdicts: Vec<_> = same.map(|it| evaluate(&policy, &graph, it, &settings).verdict).collect();
            drafts += 1;
            if verdicts != [Verdict::Pass] {
                problems.push(format!("{} {}: {verdicts:?} after\n{after}", policy.id, example.name));
            }
        }
    }
    assert!(drafts > 60, "{drafts} drafts");
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n\n"));
}

#[test]
fn holes_of_snippets_are_named_and_what_is_not_this_is_a_hole() {
    let mut sources = SourceMap::default();
    let mut problems = Vec::new();
    for Case { policy, .. } in cases(&mut sources) {
        let automatic = !(policy.remedy.set.is_empty() && policy.remedy.instead.is_empty());
        for (language, text) in &policy.fix {
            let holes = snippet::holes(text);
            if automatic && !holes.is_empty() {
                problems.push(format!("{} is fixed without asking, and its snippet asks for {holes:?}", policy.id));
            }
            if &**language == "terraform" {
                problems.extend(named(text).map(|it| format!("{}: `{it}` is neither `this` nor a hole", policy.id)));
            }
        }
        if policy.fix.is_empty() && policy.remedy.decide.is_some() {
            problems.push(format!("{} leaves it to people and shows them nothing", policy.id));
        }
    }
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

/// A resource that a snippet refers to by a name that nobody has.
fn named(snippet: &str) -> Option<&str> {
    let words = snippet.split(|it: char| !(it.is_alphanumeric() || "_.".contains(it)));
    words.into_iter().find(|word| {
        let mut parts = word.trim_start_matches("data.").split('.');
        let (first, second, third) = (parts.next().unwrap_or(""), parts.next(), parts.next());
        first.starts_with("azurerm_") && third.is_some() && second != Some("this")
    })
}

#[test]
fn what_a_policy_leaves_to_people_is_never_edited() {
    let mut sources = SourceMap::default();
    let mappings = Mappings::embedded();
    for Case { policy, examples } in cases(&mut sources) {
        if policy.remedy.decide.is_none() {
            continue;
        }
        for example in examples.iter().filter(|it| it.expected == Expected::Fail) {
            assert!(fix(&policy, example, &mappings).is_err(), "{}", policy.id);
        }
    }
}

#[test]
fn a_change_names_a_property_once_and_only_what_can_be_written() {
    let mut sources = SourceMap::default();
    let mappings = Mappings::embedded();
    for Case { policy, examples } in cases(&mut sources) {
        for example in &examples {
            let mut texts = SourceMap::default();
            let (graph, _) = examples::input(&policy, 0, example, &mut texts, &mappings);
            let settings = settings(example);
            for (_, index) in failing(&policy, &graph, &settings) {
                let eval::Remedied::Changes(changes) = eval::changes(&policy, &graph, index, &settings) else {
                    continue;
                };
                let mut paths: Vec<String> = changes.iter().map(|it| format!("{:?} {}", it.child, it.path)).collect();
                paths.sort();
                let count = paths.len();
                paths.dedup();
                assert_eq!(paths.len(), count, "{}", policy.id);
            }
        }
    }
}
