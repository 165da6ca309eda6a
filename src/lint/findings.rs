//! Outcomes to findings: words, labels, fingerprints; and one finding for what several callers or instances share.

use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::Entry;
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::judge::Judged;
use super::key_chain::encrypted_with;
use super::sensitivity::Marking;
use crate::eval::{self, Settings, Source};
use crate::finding::{
    CitationFacts, Evidence, Finding, Identity, Label, PolicyFacts, Raised, Subject, Verdict, local_address,
};
use crate::model::{Resource, ResourceGraph, ResourceIndex};
use crate::policy::{Policy, citation};
use crate::source::{SourceFile, SourceMap, Span};
use crate::value::DefaultOf;

/// Further addresses that one finding names.
const NAMED: usize = 3;

/// The findings of all outcomes, in order of place.
pub(super) fn findings<'j>(
    judged: impl IntoIterator<Item = &'j Judged>,
    graphs: &[ResourceGraph],
    policies: &[Policy],
    settings: &Settings,
    sources: &SourceMap,
) -> Vec<Finding> {
    let marking = Marking::of(settings);
    let mut facts: IndexMap<usize, Arc<PolicyFacts>, FxBuildHasher> = IndexMap::default();
    let mut groups: IndexMap<Key, Group<'_>, FxBuildHasher> = IndexMap::default();
    for one in judged {
        let (Some(graph), Some(policy)) = (graphs.get(one.graph), policies.get(one.policy)) else { continue };
        let resource = graph.get(one.resource);
        match groups.entry(Key::of(one)) {
            Entry::Occupied(mut group) => group.get_mut().also.push((one, resource)),
            Entry::Vacant(place) => {
                let facts = facts.entry(one.policy).or_insert_with(|| Arc::new(policy_facts(policy))).clone();
                place.insert(Group { one, graph, resource, policy, facts, also: Vec::new() });
            }
        }
    }
    let mut findings: Vec<Finding> = groups
        .into_values()
        .map(|group| {
            let raised = marking.as_ref().and_then(|it| group.raised(it, graphs));
            group.finding(raised, sources)
        })
        .collect();
    sort(&mut findings, sources);
    tell_apart(&mut findings);
    findings
}

/// In order of file, place, policy and address.
pub(super) fn sort(findings: &mut [Finding], sources: &SourceMap) {
    let shown = |span: Span| sources.get(span.file).map_or("", SourceFile::shown);
    findings.sort_by(|a, b| {
        let (x, y) = (a.primary.span, b.primary.span);
        (shown(x), x.start, x.end, &a.policy.id, &a.resource.address, &a.resource.root).cmp(&(
            shown(y),
            y.start,
            y.end,
            &b.policy.id,
            &b.resource.address,
            &b.resource.root,
        ))
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

/// What makes two outcomes the same finding: the same policy on the same text, decided by the same text.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    policy: usize,
    verdict: eval::Verdict,
    primary: Span,
    way: Vec<Span>,
    actual: String,
}

impl Key {
    fn of(one: &Judged) -> Self {
        let decisive = one.outcome.decisive();
        Self {
            policy: one.policy,
            verdict: one.outcome.verdict,
            primary: one.outcome.primary,
            way: decisive.map(|it| it.steps.iter().map(|step| step.span).collect()).unwrap_or_default(),
            actual: decisive.map(|it| it.actual.clone()).unwrap_or_default(),
        }
    }
}

struct Group<'r> {
    one: &'r Judged,
    graph: &'r ResourceGraph,
    resource: &'r Resource,
    policy: &'r Policy,
    facts: Arc<PolicyFacts>,
    also: Vec<(&'r Judged, &'r Resource)>,
}

impl Group<'_> {
    /// What shares a finding is as grave as the gravest of it.
    fn raised(&self, marking: &Marking, graphs: &[ResourceGraph]) -> Option<Raised> {
        let mut all = std::iter::once(self.one).chain(self.also.iter().map(|(one, _)| *one));
        all.find_map(|one| marking.raise(self.facts.severity, graphs.get(one.graph)?, one.resource))
    }

    fn finding(self, raised: Option<Raised>, sources: &SourceMap) -> Finding {
        let Self { one, graph, resource, policy, facts, also } = self;
        let outcome = &one.outcome;
        let decisive = one.outcome.decisive();
        let mut related: Vec<Label> =
            outcome.related.iter().map(|it| Label { span: it.span, text: it.text.clone() }).collect();
        let mut seen: FxHashSet<Span> = related.iter().map(|it| it.span).collect();
        let places = also.iter().flat_map(|(other, _)| &other.outcome.related).filter(|place| seen.insert(place.span));
        related.extend(places.map(|place| Label { span: place.span, text: place.text.clone() }));
        related.extend(others(&also, resource));
        related.extend(encrypts(graph, one.resource));
        Finding {
            severity: raised.as_ref().map_or(facts.severity, |it| it.to),
            raised,
            resource: Subject {
                address: resource.address.clone(),
                resource_type: resource.resource_type.clone(),
                source_type: resource.source_type.clone(),
                dialect: resource.dialect,
                root: graph.root.clone(),
                span: resource.span,
                header: resource.header,
                callers: also.iter().flat_map(|(_, it)| &it.callers).chain(&resource.callers).copied().collect(),
            },
            verdict: match outcome.verdict {
                eval::Verdict::Unknown => Verdict::Unknown,
                _ => Verdict::Fail,
            },
            message: outcome.message.clone().unwrap_or_else(|| policy.title.to_string()),
            primary: Label {
                span: outcome.primary,
                text: told(outcome, decisive).map(|it| words(it, policy.mask)).unwrap_or_default(),
            },
            related,
            evidence: outcome.evidence.iter().map(|it| evidence(it, policy.mask)).collect(),
            also_equivalent: outcome.also_equivalent.iter().map(ToString::to_string).collect(),
            suppressed: None,
            members: std::iter::once(one)
                .chain(also.iter().map(|(other, _)| *other))
                .map(|it| (it.graph, it.resource))
                .collect(),
            proposal: None,
            fingerprint: fingerprint(sources, policy, resource, decisive),
            policy: facts,
        }
    }
}

/// The other resources that share the finding: instances and callers.
fn others(also: &[(&Judged, &Resource)], resource: &Resource) -> Option<Label> {
    // Thousands of instances may share a finding.
    let mut seen: FxHashSet<&str> = FxHashSet::from_iter([&*resource.address]);
    let names: Vec<&str> = also.iter().map(|(_, other)| &*other.address).filter(|it| seen.insert(it)).collect();
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let text = format!("also {}{more}", names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", "));
    (!names.is_empty()).then_some(Label { span: resource.header, text })
}

/// What the keys of the resource encrypt: what is lost, or open, when they are.
fn encrypts(graph: &ResourceGraph, holder: ResourceIndex) -> Vec<Label> {
    let encrypted = encrypted_with(graph, holder);
    let more = encrypted.len().saturating_sub(NAMED);
    let label = |(at, index): (usize, &ResourceIndex)| {
        let resource = graph.get(*index);
        let more = if more > 0 && at + 1 == NAMED { format!(" and {more} more") } else { String::new() };
        Label { span: resource.header, text: format!("its keys encrypt {}{more}", resource.address) }
    };
    encrypted.iter().take(NAMED).enumerate().map(label).collect()
}

/// What was compared at the place that the finding points at, when the policy points elsewhere than at what decided.
fn told<'o>(outcome: &'o eval::Outcome, decisive: Option<&'o eval::Evidence>) -> Option<&'o eval::Evidence> {
    let there = |it: &&eval::Evidence| it.span == outcome.primary;
    decisive.filter(there).or_else(|| outcome.evidence.iter().find(there)).or(decisive)
}

/// What the primary label says.
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

fn evidence(evidence: &eval::Evidence, mask: bool) -> Evidence {
    let reason = match &evidence.source {
        Source::Written => None,
        other => other.describe(),
    };
    Evidence {
        path: evidence.path.clone(),
        operator: evidence.operator.as_str().to_owned(),
        expected: evidence.expected.clone(),
        actual: if mask { String::new() } else { evidence.actual.clone() },
        span: evidence.span,
        reason,
    }
}

fn fingerprint(sources: &SourceMap, policy: &Policy, resource: &Resource, decisive: Option<&eval::Evidence>) -> String {
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
fn tell_apart(findings: &mut [Finding]) {
    let mut seen: IndexMap<String, usize, FxBuildHasher> = IndexMap::default();
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
