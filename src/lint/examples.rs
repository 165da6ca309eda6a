//! Runs the examples of a policy file: each is lowered, linked and judged as a file of its own.
//!
//! In: a compiled policy, one example, mappings. Out: nothing when the policy says of it what the example expects, else what
//! it said instead.

use std::path::Path;
use std::sync::Arc;

use crate::azure::inline_children;
use crate::diagnostic::{Diagnostic, Severity};
use crate::eval::{self, Outcome, Settings, Verdict};
use crate::frontend::MemoryFiles;
use crate::frontend::terraform::{self, Mappings, Options, Project};
use crate::model::{Dialect, Lowered, Presence, Resource, ResourceGraph};
use crate::policy::Policy;
use crate::policy::example::{Example, Expected, Language};
use crate::source::{SourceMap, Span};
use crate::value::{Value, ValueKind};

/// What is wrong with an example, or nothing.
pub fn run(policy: &Policy, example: &Example, mappings: &Mappings) -> Result<(), String> {
    let mut sources = SourceMap::default();
    let lowered = match example.language {
        Language::Terraform | Language::Azapi => lower_terraform(example, mappings, &mut sources)?,
        Language::Arm => lower_template(example, &mut sources)?,
    };
    let graph = link(lowered);
    let mut settings = Settings::default();
    settings.values.extend(example.config.entries.iter().map(|(key, entry)| (key.clone(), entry.value.clone())));
    let outcomes: Vec<(&Resource, Outcome)> = graph
        .indices()
        .filter(|index| {
            let resource = graph.get(*index);
            resource.presence != Presence::Existing
                && policy.types.contains(&resource.resource_type)
                && example.resource.as_ref().is_none_or(|address| *address == resource.address)
        })
        .map(|index| (graph.get(index), eval::evaluate(policy, &graph, index, &settings)))
        .filter(|(_, outcome)| outcome.verdict != Verdict::NotApplicable)
        .collect();
    verdict(example, &graph, &outcomes, &sources)
}

/// Compares what the policy says with what the example expects.
fn verdict(
    example: &Example,
    graph: &ResourceGraph,
    outcomes: &[(&Resource, Outcome)],
    sources: &SourceMap,
) -> Result<(), String> {
    if outcomes.is_empty() && example.expected != Expected::Pass {
        let types: Vec<String> = graph.types().map(ToString::to_string).collect();
        return Err(format!("no resource that the policy is about; the example has: {}", types.join(", ")));
    }
    let wanted = match example.expected {
        Expected::Fail => Verdict::Fail,
        Expected::Pass => Verdict::Pass,
        Expected::Unknown => Verdict::Unknown,
    };
    let is_worst = |verdict: Verdict| outcomes.iter().any(|(_, it)| it.verdict == verdict);
    let worst = [Verdict::Fail, Verdict::Unknown].into_iter().find(|it| is_worst(*it)).unwrap_or(Verdict::Pass);
    if worst != wanted {
        return Err(format!("expected {}, found {}", word(wanted), told(worst, outcomes)));
    }
    let Some(at) = &example.at else { return Ok(()) };
    let labels: Vec<&str> =
        outcomes.iter().filter(|(_, it)| it.verdict == wanted).map(|(_, it)| sources.slice(it.primary)).collect();
    if labels.iter().any(|label| same_text(label, at)) {
        return Ok(());
    }
    Err(format!("the label must be on `{at}`, it is on `{}`", labels.join("` and `")))
}

fn told(worst: Verdict, outcomes: &[(&Resource, Outcome)]) -> String {
    let of_worst = outcomes.iter().filter(|(_, it)| it.verdict == worst && worst != Verdict::Pass);
    let reasons: Vec<String> = of_worst
        .map(|(resource, outcome)| {
            let evidence: Vec<String> = outcome
                .evidence
                .iter()
                .map(|it| {
                    let source = it.source.describe().map(|it| format!(" ({it})")).unwrap_or_default();
                    format!("{} {} {}: is {}{source}", it.path, it.operator.as_str(), it.expected, it.actual)
                })
                .collect();
            format!("{}: {}", resource.address, evidence.join("; "))
        })
        .collect();
    if reasons.is_empty() { word(worst).to_owned() } else { format!("{} because {}", word(worst), reasons.join(" | ")) }
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "fail",
        Verdict::Unknown => "unknown",
        Verdict::Pass => "pass",
        Verdict::NotApplicable => "nothing",
    }
}

/// Layout does not count: an example may be written on one line in YAML.
fn same_text(label: &str, at: &str) -> bool {
    label.split_whitespace().eq(at.split_whitespace())
}

fn lower_terraform(example: &Example, mappings: &Mappings, sources: &mut SourceMap) -> Result<Lowered, String> {
    let text = example.input.as_str().ok_or("a Terraform example is a text")?;
    let mut files = MemoryFiles::default();
    files.insert("main.tf", text);
    let id = sources.add("main.tf", "main.tf", text);
    let mut scanned: Vec<_> = sources.get(id).cloned().into_iter().collect();
    if let Some(major) = example.provider {
        let pin = format!(
            "terraform {{\n  required_providers {{\n    azurerm = {{\n      source  = \"hashicorp/azurerm\"\n      \
             version = \"~> {major}.0\"\n    }}\n  }}\n}}\n"
        );
        files.insert("versions.tf", pin.as_str());
        let id = sources.add("versions.tf", "versions.tf", pin);
        scanned.extend(sources.get(id).cloned());
    }
    let (project, diagnostics) = Project::load(scanned, &files, sources, &Options::default());
    first_error(&diagnostics)?;
    let mut all = Lowered::default();
    for root in project.roots() {
        let (instances, diagnostics, _) = project.evaluate(root);
        first_error(&diagnostics)?;
        let lowered = terraform::lower(&instances, mappings, Dialect::Terraform);
        first_error(&lowered.diagnostics)?;
        all.resources.extend(lowered.resources);
        all.patches.extend(lowered.patches);
        all.unmapped.extend(lowered.unmapped);
    }
    Ok(all)
}

fn lower_template(example: &Example, sources: &mut SourceMap) -> Result<Lowered, String> {
    let _ = (example, sources, Path::new(""));
    Err("ARM examples are not run yet".to_owned())
}

fn link(mut lowered: Lowered) -> ResourceGraph {
    inline_children::expand(&mut lowered);
    ResourceGraph::link(lowered)
}

fn first_error(diagnostics: &[Diagnostic]) -> Result<(), String> {
    match diagnostics.iter().find(|it| it.severity == Severity::Error) {
        Some(error) => Err(format!("the example does not read: {}", error.message)),
        None => Ok(()),
    }
}

/// A value without its places; what is not known is null.
pub fn to_json(value: &Value) -> serde_json::Value {
    match &value.kind {
        ValueKind::Null | ValueKind::Unknown(_) => serde_json::Value::Null,
        ValueKind::Bool(flag) => (*flag).into(),
        ValueKind::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().into(),
        },
        ValueKind::String(text) => serde_json::Value::String(text.to_string()),
        ValueKind::Array(array) => array.items.iter().map(to_json).collect(),
        ValueKind::Object(object) => {
            object.entries.iter().map(|(key, entry)| (key.to_string(), to_json(&entry.value))).collect()
        }
    }
}

/// The span of the example, for messages about it.
pub fn place(example: &Example) -> Span {
    example.span
}

/// The name of the example with what it expects.
pub fn name(example: &Example) -> Arc<str> {
    let expected = match example.expected {
        Expected::Fail => "fail",
        Expected::Pass => "pass",
        Expected::Unknown => "unknown",
    };
    format!("{expected}: {}", example.name).into()
}
