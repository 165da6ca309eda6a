//! Runs the examples of a policy file through the whole chain: parse, lower, link, evaluate.
//!
//! In: a compiled policy and the examples of its file. Out: a diagnostic in the policy file for each that does not come
//! out as it says. `tests/policies.rs` and `baalint test` both call this; each example is a whole input in memory.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::azure;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::eval::{Evidence, Outcome, Settings, Verdict, evaluate};
use crate::frontend::arm::{self, Templates};
use crate::frontend::files::MemoryFiles;
use crate::frontend::terraform::{self, Instance, Mappings, Options, Project};
use crate::frontend::yaml;
use crate::model::{Dialect, Lowered, ResourceGraph};
use crate::policy::Policy;
use crate::policy::example::{Example, Expected, Language};
use crate::source::SourceMap;

/// What the resources of an example come to.
struct Judged {
    address: Arc<str>,
    outcome: Outcome,
}

/// Runs every example; nothing is returned when all come out as they say.
pub fn run(policy: &Policy, examples: &[Example], sources: &mut SourceMap, mappings: &Mappings) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (number, example) in examples.iter().enumerate() {
        let (graph, diagnostics) = input(policy, number, example, sources, mappings);
        let broken = diagnostics.iter().find(|it| it.severity == Severity::Error);
        let problem = match broken {
            Some(diagnostic) => Some(format!("its text is wrong: {}", diagnostic.message)),
            None => compare(example, graph.resources.len(), &judge(policy, example, &graph), sources),
        };
        if let Some(problem) = problem {
            let message = format!("example `{}`: {problem}", example.name);
            problems.push(Diagnostic::error(Code::Policy, example.span, message));
        }
    }
    problems
}

/// The graph of an example's text.
pub fn input(
    policy: &Policy,
    number: usize,
    example: &Example,
    sources: &mut SourceMap,
    mappings: &Mappings,
) -> (ResourceGraph, Vec<Diagnostic>) {
    let directory = format!("examples/{}/{}", policy.id, number.saturating_add(1));
    let mut lowered = lower(&directory, example, sources, mappings);
    azure::expand(&mut lowered);
    let diagnostics = std::mem::take(&mut lowered.diagnostics);
    (ResourceGraph::link(lowered), diagnostics)
}

/// An example's text lowered, as if it lay in `directory`.
pub fn lower(directory: &str, example: &Example, sources: &mut SourceMap, mappings: &Mappings) -> Lowered {
    match example.language {
        Language::Terraform | Language::Azapi => terraform_input(directory, example, sources, mappings),
        Language::Arm => arm_input(directory, example, sources),
        Language::Yaml => yaml_input(directory, &example.text, sources, mappings),
    }
}

/// The instances of an example in Terraform, and what is wrong with it.
pub fn instances(directory: &str, example: &Example, sources: &mut SourceMap) -> (Vec<Instance>, Vec<Diagnostic>) {
    let mut texts = vec![("main.tf", example.text.to_string())];
    if let Some(major) = example.provider {
        let azurerm = format!("azurerm = {{ source = \"hashicorp/azurerm\", version = \"~> {major}.0\" }}");
        texts.push(("versions.tf", format!("terraform {{\n  required_providers {{ {azurerm} }}\n}}\n")));
    }
    let mut files = MemoryFiles::default();
    let mut scanned = Vec::new();
    for (name, text) in texts {
        let path = format!("{directory}/{name}");
        files.insert(&path, text.as_str());
        let id = sources.add(path.clone(), path, text);
        scanned.extend(sources.get(id).cloned());
    }
    let (project, mut diagnostics) = Project::load(scanned, &files, sources, &Options::default());
    let mut all = Vec::new();
    for root in project.roots() {
        let (instances, found) = project.evaluate(root);
        diagnostics.extend(found);
        all.extend(instances);
    }
    (all, diagnostics)
}

fn terraform_input(directory: &str, example: &Example, sources: &mut SourceMap, mappings: &Mappings) -> Lowered {
    let (instances, mut diagnostics) = instances(directory, example, sources);
    let mut lowered = terraform::lower(&instances, mappings, Dialect::Terraform);
    diagnostics.append(&mut lowered.diagnostics);
    lowered.diagnostics = diagnostics;
    lowered
}

/// Documents of one directory, lowered.
pub fn yaml_input(directory: &str, text: &str, sources: &mut SourceMap, mappings: &Mappings) -> Lowered {
    let path = format!("{directory}/main.yaml");
    let mut files = MemoryFiles::default();
    files.insert(&path, text);
    let id = sources.add(path.clone(), path, text);
    let parsed = sources.get(id).and_then(yaml::parse);
    let mut all = Lowered::default();
    for unit in yaml::units(parsed.into_iter().collect(), &files, sources) {
        let lowered = unit.lower(mappings);
        all.resources.extend(lowered.resources);
        all.patches.extend(lowered.patches);
        all.diagnostics.extend(lowered.diagnostics);
        all.unread.extend(lowered.unread);
        all.unmapped.extend(lowered.unmapped);
    }
    all
}

/// A resource or a list of resources becomes a template around it; a whole template stays as it is.
fn arm_input(directory: &str, example: &Example, sources: &mut SourceMap) -> Lowered {
    let written = example.text.trim();
    let text = if written.contains("\"$schema\"") {
        written.to_owned()
    } else {
        let list = if written.starts_with('[') { written.to_owned() } else { format!("[ {written} ]") };
        format!("{{ \"$schema\": {TEMPLATE_SCHEMA:?}, \"contentVersion\": \"1.0.0.0\", \"resources\": {list} }}")
    };
    let path = format!("{directory}/main.json");
    let mut files = MemoryFiles::default();
    files.insert(&path, text.as_str());
    let id = sources.add(path.clone(), path, text);
    let scanned: Vec<_> = sources.get(id).cloned().into_iter().collect();
    let (templates, mut diagnostics) = Templates::load(&scanned, &files, sources, &arm::Options::default());
    let mut all = Lowered::default();
    for unit in templates.units() {
        let lowered = templates.lower(unit);
        diagnostics.extend(lowered.diagnostics);
        all.resources.extend(lowered.resources);
        all.patches.extend(lowered.patches);
    }
    all.diagnostics = diagnostics;
    all
}

const TEMPLATE_SCHEMA: &str = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";

fn judge(policy: &Policy, example: &Example, graph: &ResourceGraph) -> Vec<Judged> {
    let mut settings = Settings::default();
    for (key, entry) in &example.config.entries {
        settings.values.insert(key.clone(), entry.value.clone());
    }
    let meant = |address: &Arc<str>| example.resource.as_ref().is_none_or(|it| is_meant(it, address));
    let judged = graph.indices().filter(|index| meant(&graph.get(*index).address)).map(|index| Judged {
        address: graph.get(index).address.clone(),
        outcome: evaluate(policy, graph, index, &settings),
    });
    judged.filter(|it| it.outcome.verdict != Verdict::NotApplicable).collect()
}

/// Whether an example means the resource at an address: the address itself, what is declared along with it, or, in a
/// template, its name.
fn is_meant(written: &str, address: &str) -> bool {
    let along = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || matches!(next, '_' | '-'));
    let named = |rest: &str| rest.ends_with('/');
    address.strip_prefix(written).is_some_and(along) || address.strip_suffix(written).is_some_and(named)
}

/// What is wrong with how an example came out.
fn compare(example: &Example, resources: usize, judged: &[Judged], sources: &SourceMap) -> Option<String> {
    let (expected, word) = match example.expected {
        Expected::Fail => (Verdict::Fail, "fail"),
        Expected::Unknown => (Verdict::Unknown, "unknown"),
        Expected::Pass => (Verdict::Pass, "pass"),
    };
    // The worst verdict is what the example comes to; `Verdict` is ordered from bad to good.
    let worst = judged.iter().map(|it| it.outcome.verdict).min();
    let Some(worst) = worst else {
        if expected == Verdict::Pass && example.resource.is_none() && resources > 0 {
            return None;
        }
        return Some(format!("must {word}, but has no resource that this policy judges"));
    };
    if worst != expected {
        let shown = judged.iter().filter(|it| it.outcome.verdict == worst).map(|it| describe(it, sources));
        let shown: String = shown.collect();
        return Some(format!("must {word}, is {}{shown}", name_of(worst)));
    }
    let at = example.at.as_deref()?;
    let labels = judged.iter().filter(|it| it.outcome.verdict == worst).map(|it| sources.slice(it.outcome.primary));
    let labels: Vec<&str> = labels.collect();
    let found = labels.iter().any(|label| unindented(label) == unindented(at));
    (!found).then(|| format!("must point at `{at}`, points at `{}`", labels.join("` and `")))
}

/// Lines without what they share with the block scalar that they are written in.
fn unindented(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

const fn name_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "fail",
        Verdict::Unknown => "unknown",
        Verdict::Pass => "pass",
        Verdict::NotApplicable => "not judged",
    }
}

fn describe(judged: &Judged, sources: &SourceMap) -> String {
    let mut text = format!("\n    {} at `{}`", judged.address, sources.slice(judged.outcome.primary));
    for Evidence { pointer, path, operator, expected, actual, source, .. } in &judged.outcome.evidence {
        let operator = operator.as_str();
        let why = source.describe().map(|why| format!(" ({why})")).unwrap_or_default();
        write!(text, "\n      {pointer}: {path} is {actual}{why}; {operator} {expected}").expect("writing to a string");
    }
    text
}
