//! How a finding is worded: labels, evidence, fingerprints, order. Which outcomes are one finding is `gather`'s.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::gather::{Context, Gathering, Merging, Texts};
use super::judge::Judged;
use super::key_chain::encrypted_with;
use crate::eval::{self, Source};
use crate::finding::{CitationFacts, Evidence, Finding, Identity, Label, PolicyFacts, Subject, local_address};
use crate::model::{Resource, ResourceGraph, ResourceIndex};
use crate::policy::{Policy, citation};
use crate::source::{SourceFile, SourceMap, Span};
use crate::value::DefaultOf;

/// Further addresses that one finding names.
const NAMED: usize = 3;

/// The findings of all outcomes, in order of place; those of a graph come one after the other.
pub(super) fn findings<'j>(
    judged: impl IntoIterator<Item = &'j Judged>,
    graphs: &[ResourceGraph],
    context: Context<'_>,
) -> Vec<Finding> {
    let (mut merging, mut texts) = (Merging::default(), Texts::default());
    let mut judged = judged.into_iter().peekable();
    while let Some(at) = judged.peek().map(|it| it.graph) {
        let of_graph = std::iter::from_fn(|| judged.next_if(|it| it.graph == at));
        let Some(graph) = graphs.get(at) else {
            of_graph.for_each(drop);
            continue;
        };
        let mut gathering = Gathering::new(context, graph, &mut texts);
        of_graph.for_each(|one| gathering.add(one));
        merging.add(at, gathering.finish());
    }
    merging.finish(context.sources).0
}

/// In order of file, place, policy and address.
pub(super) fn sort(findings: &mut [Finding], sources: &SourceMap) {
    let shown = |span: Span| sources.get(span.file).map_or("", SourceFile::shown);
    // Findings are large: keys are sorted, and each finding moves once.
    findings.sort_by_cached_key(|it| {
        let (place, subject) = (it.primary.span, &it.resource);
        let (address, root) = (subject.address.clone(), subject.root.clone());
        (shown(place), place.start, place.end, it.policy.id.clone(), address, root)
    });
}

/// What a policy file says, as far as reports print it.
pub fn policy_facts(policy: &Policy) -> PolicyFacts {
    let cited = |id: &Arc<str>| {
        let known = citation::find(id);
        CitationFacts {
            id: id.to_string(),
            title: known.map(|it| it.title.to_string()).unwrap_or_default(),
            status: known.map(|it| it.required.to_string()).unwrap_or_default(),
        }
    };
    PolicyFacts {
        id: policy.id.clone(),
        title: policy.title.to_string(),
        severity: policy.severity,
        category: policy.category.as_str().to_owned(),
        citations: policy.citations.iter().map(cited).collect(),
        equivalents: policy.equivalents.iter().map(ToString::to_string).collect(),
        why: policy.why.trim().to_owned(),
        fix: policy.fix.iter().map(|(language, fix)| (language.to_string(), fix.to_string())).collect(),
        mask: policy.mask,
        suppressible: policy.suppressible,
    }
}

/// The other resources that share the finding: instances and callers.
pub(super) fn others(also: &[&Subject], resource: &Subject) -> Option<Label> {
    // Thousands of instances may share a finding.
    let mut seen: FxHashSet<&str> = FxHashSet::from_iter([&*resource.address]);
    let names: Vec<&str> = also.iter().map(|other| &*other.address).filter(|it| seen.insert(it)).collect();
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let text = format!("also {}{more}", names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", "));
    (!names.is_empty()).then_some(Label { span: resource.header, text: text.into() })
}

/// What the keys of the resource encrypt: what is lost, or open, when they are.
pub(super) fn encrypts(graph: &ResourceGraph, holder: ResourceIndex) -> Vec<Label> {
    let encrypted = encrypted_with(graph, holder);
    let more = encrypted.len().saturating_sub(NAMED);
    let label = |(at, index): (usize, &ResourceIndex)| {
        let resource = graph.get(*index);
        let more = if more > 0 && at + 1 == NAMED { format!(" and {more} more") } else { String::new() };
        Label { span: resource.header, text: format!("its keys encrypt {}{more}", resource.address).into() }
    };
    encrypted.iter().take(NAMED).enumerate().map(label).collect()
}

/// What was compared at the place that the finding points at, when the policy points elsewhere than at what decided.
fn told<'o>(outcome: &'o eval::Outcome, decisive: Option<&'o eval::Evidence>) -> Option<&'o eval::Evidence> {
    let there = |it: &&eval::Evidence| it.span == outcome.primary;
    decisive.filter(there).or_else(|| outcome.evidence.iter().find(there)).or(decisive)
}

/// What the primary label says.
pub(super) fn primary(outcome: &eval::Outcome, mask: bool) -> String {
    told(outcome, outcome.decisive()).map(|it| words(it, mask)).unwrap_or_default()
}

fn words(evidence: &eval::Evidence, mask: bool) -> String {
    let path = evidence.path.replace("properties.", "");
    if mask && evidence.source == Source::Written {
        return "written here".to_owned();
    }
    match &evidence.source {
        // A question to the catalogue is answered by the declaration itself.
        Source::Written if path.starts_with("baa(") => "declared here".to_owned(),
        Source::Written => format!("{path} is {}", evidence.actual),
        Source::Default(DefaultOf::Provider { major }) => {
            format!("{path} is not set: azurerm {major} then uses {}", evidence.actual)
        }
        Source::Default(DefaultOf::Always) => format!("{path} is always {} here", evidence.actual),
        Source::Default(DefaultOf::Service { .. }) => {
            format!("{path} is not set: the service then uses {}", evidence.actual)
        }
        Source::Absent if path.contains("related ") => missing(&path),
        Source::Absent => format!("{} is not set", path.strip_prefix("count of ").unwrap_or(&path)),
        Source::Unknown(reason) => format!("{path} is not known: {reason}"),
    }
}

/// `count of related A/b or C/d` to `no b here`: one kind is enough to say what is missing.
fn missing(path: &str) -> String {
    let kinds = path.rsplit_once("related ").map_or(path, |(_, kinds)| kinds);
    let kind = kinds.split(" or ").next().unwrap_or(kinds);
    format!("no {} here", kind.rsplit('/').next().unwrap_or(kind))
}

pub(super) fn evidence(evidence: &eval::Evidence, mask: bool, texts: &mut Texts) -> Evidence {
    let reason = match &evidence.source {
        Source::Written => None,
        other => other.describe(),
    };
    Evidence {
        path: evidence.path.clone(),
        operator: evidence.operator.as_str(),
        expected: evidence.expected.clone(),
        actual: texts.share(if mask { "" } else { &evidence.actual }),
        span: evidence.span,
        reason: reason.map(|it| texts.share(&it)),
    }
}

/// Stable while lines move; see [`Identity`].
pub(super) fn fingerprint(
    sources: &SourceMap,
    policy: &Policy,
    resource: &Resource,
    decisive: Option<&eval::Evidence>,
) -> Box<str> {
    let file = sources.get(resource.span.file).map_or("", SourceFile::shown);
    let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
    let local = local_address(&resource.address);
    // What was decided elsewhere is a finding of the whole address; what the text itself says is one of the text.
    let is_own = decisive.is_none_or(|it| it.steps.is_empty());
    let identity = Identity {
        policy: &policy.id,
        directory,
        address: if is_own { &local } else { &resource.address },
        path: decisive.map_or("", |it| &it.path),
        value: decisive.map_or("", |it| &it.actual),
    };
    identity.fingerprint()
}

/// The second and third finding of the same identity get fingerprints of their own.
pub(super) fn tell_apart(findings: &mut [Finding]) {
    let mut seen: FxHashMap<Box<str>, usize> = FxHashMap::default();
    for finding in findings {
        let count = seen.entry(finding.fingerprint.clone()).or_default();
        *count += 1;
        if *count > 1 {
            let value = count.to_string();
            let identity =
                Identity { policy: &finding.fingerprint, directory: "", address: "", path: "", value: &value };
            finding.fingerprint = identity.fingerprint();
        }
    }
}
