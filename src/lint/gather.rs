//! Outcomes one after the other to findings: one finding for what several callers or instances share.
//!
//! In: [`Judged`] outcomes in the order of graphs, resources and policies. Out: the findings in order of place. An outcome is
//! looked at once and not kept: what findings say, and the resource they say it of, is held once for all that share it. How it
//! is worded is `findings`'.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::findings::{self, policy_facts};
use super::judge::Judged;
use super::sensitivity::Marking;
use crate::diagnostic::{Code, Diagnostic};
use crate::eval::{self, Settings};
use crate::finding::{Finding, Label, PolicyFacts, Subject, Verdict};
use crate::frontend::arm::addition;
use crate::model::{Dialect, Resource, ResourceGraph, ResourceIndex};
use crate::policy::Policy;
use crate::source::{SourceMap, Span};

/// The most findings of one root that are kept: more than anybody reads, and they must fit into a small machine's memory.
const MOST: usize = 100_000;

/// The most findings that carry a text of their own.
const MOST_SNIPPETS: usize = 20_000;

/// The findings of the outcomes so far.
pub(super) struct Gathering<'r> {
    graphs: &'r [ResourceGraph],
    policies: &'r [Policy],
    sources: &'r SourceMap,
    marking: Option<Marking>,
    texts: Texts,
    facts: FxHashMap<usize, Arc<PolicyFacts>>,
    /// The resource of the last outcome: policies judge one after the other.
    latest: Option<(usize, ResourceIndex, Arc<Subject>)>,
    places: FxHashMap<Key, usize>,
    findings: Vec<Finding>,
    /// The others that share a finding, by its position.
    also: BTreeMap<usize, Vec<Other>>,
    /// The root at hand, and how many findings it has by itself.
    root: (usize, usize),
    /// How many findings are left out, by root.
    left_out: BTreeMap<usize, usize>,
}

/// What makes two outcomes the same finding: the same policy on the same text, decided by the same text.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    policy: usize,
    verdict: Verdict,
    primary: Span,
    way: Box<[Span]>,
    actual: Arc<str>,
}

/// Another resource with the same finding.
struct Other {
    graph: usize,
    resource: ResourceIndex,
    related: Vec<Label>,
}

impl<'r> Gathering<'r> {
    /// No finding yet.
    pub(super) fn new(
        graphs: &'r [ResourceGraph],
        policies: &'r [Policy],
        settings: &Settings,
        sources: &'r SourceMap,
    ) -> Self {
        Self {
            graphs,
            policies,
            sources,
            marking: Marking::of(settings),
            texts: Texts::default(),
            facts: FxHashMap::default(),
            latest: None,
            places: FxHashMap::default(),
            findings: Vec::new(),
            also: BTreeMap::new(),
            root: (0, 0),
            left_out: BTreeMap::new(),
        }
    }

    /// Makes a finding of an outcome, or adds it to the one that says the same.
    pub(super) fn add(&mut self, one: &Judged) {
        let (Some(graph), Some(policy)) = (self.graphs.get(one.graph), self.policies.get(one.policy)) else { return };
        let key = self.key(one);
        if let Some(at) = self.places.get(&key) {
            let related = labels(&one.outcome, &mut self.texts);
            let other = Other { graph: one.graph, resource: one.resource, related };
            self.also.entry(*at).or_default().push(other);
        } else if self.has_room(one.graph) {
            let finding = self.finding(one, graph, policy, key.verdict);
            self.places.insert(key, self.findings.len());
            self.findings.push(finding);
        } else {
            *self.left_out.entry(one.graph).or_default() += 1;
        }
    }

    /// Counts one more finding of a root, unless it has too many.
    fn has_room(&mut self, graph: usize) -> bool {
        if self.root.0 != graph {
            self.root = (graph, 0);
        }
        let has_room = self.root.1 < MOST;
        self.root.1 += usize::from(has_room);
        has_room
    }

    /// The findings in order of place, and which roots would have more.
    pub(super) fn finish(self) -> (Vec<Finding>, Vec<Diagnostic>) {
        let Self { graphs, sources, marking, mut findings, mut also, left_out, .. } = self;
        for (at, finding) in findings.iter_mut().enumerate() {
            if let Some(others) = also.remove(&at) {
                share(finding, others, graphs);
            }
            complete(finding, graphs, marking.as_ref());
        }
        findings::sort(&mut findings, sources);
        findings::tell_apart(&mut findings);
        let told = left_out.into_iter().filter_map(|(at, count)| Some(too_many(graphs.get(at)?, count))).collect();
        (findings, told)
    }

    /// A missing resource as a template would declare it.
    fn snippet(&self, policy: &Policy, resource: &Resource) -> Option<Box<str>> {
        let addition = policy.remedy.add.as_ref()?;
        if resource.dialect != Dialect::Arm || self.findings.len() > MOST_SNIPPETS {
            return None;
        }
        addition::written(self.sources, resource, addition).ok().map(Into::into)
    }

    fn key(&mut self, one: &Judged) -> Key {
        let decisive = one.outcome.decisive();
        Key {
            policy: one.policy,
            verdict: match one.outcome.verdict {
                eval::Verdict::Unknown => Verdict::Unknown,
                _ => Verdict::Fail,
            },
            primary: one.outcome.primary,
            way: decisive.map(|it| it.steps.iter().map(|step| step.span).collect()).unwrap_or_default(),
            actual: self.texts.share(decisive.map_or("", |it| &it.actual)),
        }
    }

    fn finding(&mut self, one: &Judged, graph: &ResourceGraph, policy: &Policy, verdict: Verdict) -> Finding {
        let (outcome, resource) = (&one.outcome, graph.get(one.resource));
        let facts = self.facts.entry(one.policy).or_insert_with(|| Arc::new(policy_facts(policy))).clone();
        let texts = &mut self.texts;
        Finding {
            severity: facts.severity,
            raised: None,
            verdict,
            message: texts.share(outcome.message.as_deref().unwrap_or(&policy.title)),
            primary: Label { span: outcome.primary, text: texts.share(&findings::primary(outcome, policy.mask)) },
            related: labels(outcome, texts),
            evidence: outcome.evidence.iter().map(|it| findings::evidence(it, policy.mask, texts)).collect(),
            also_equivalent: outcome.also_equivalent.iter().map(ToString::to_string).collect(),
            suppressed: None,
            members: vec![(one.graph, one.resource)],
            snippet: self.snippet(policy, resource),
            proposal: None,
            fingerprint: findings::fingerprint(self.sources, policy, resource, outcome.decisive()),
            policy: facts,
            resource: self.subject(one, graph, resource),
        }
    }

    fn subject(&mut self, one: &Judged, graph: &ResourceGraph, resource: &Resource) -> Arc<Subject> {
        match &self.latest {
            Some((at, index, subject)) if (*at, *index) == (one.graph, one.resource) => subject.clone(),
            _ => {
                let subject = Arc::new(Subject {
                    address: resource.address.clone(),
                    resource_type: resource.resource_type.clone(),
                    source_type: resource.source_type.clone(),
                    dialect: resource.dialect,
                    root: graph.root.clone(),
                    span: resource.span,
                    header: resource.header,
                    callers: resource.callers.clone(),
                });
                self.latest = Some((one.graph, one.resource, subject.clone()));
                subject
            }
        }
    }
}

/// Names in a finding the others that share it.
fn share(finding: &mut Finding, also: Vec<Other>, graphs: &[ResourceGraph]) {
    finding.members.extend(also.iter().map(|it| (it.graph, it.resource)));
    let others: Vec<&Resource> = also.iter().filter_map(|it| Some(graphs.get(it.graph)?.get(it.resource))).collect();
    let mut seen: FxHashSet<Span> = finding.related.iter().map(|it| it.span).collect();
    let places = also.into_iter().flat_map(|it| it.related).filter(|place| seen.insert(place.span));
    finding.related.extend(places);
    finding.related.extend(findings::others(&others, &finding.resource));
    if others.iter().any(|it| !it.callers.is_empty()) {
        let subject = Arc::make_mut(&mut finding.resource);
        let own = std::mem::take(&mut subject.callers);
        subject.callers = others.iter().flat_map(|it| &it.callers).copied().chain(own).collect();
    }
}

/// Says what the resource protects; what shares a finding is as grave as the gravest of it.
fn complete(finding: &mut Finding, graphs: &[ResourceGraph], marking: Option<&Marking>) {
    let first = finding.members.first().and_then(|(graph, resource)| Some((graphs.get(*graph)?, *resource)));
    if let Some((graph, resource)) = first {
        finding.related.extend(findings::encrypts(graph, resource));
    }
    if let Some(marking) = marking {
        let mut all = finding.members.iter();
        let raised = all.find_map(|(graph, it)| marking.raise(finding.severity, graphs.get(*graph)?, *it));
        finding.severity = raised.as_ref().map_or(finding.severity, |it| it.to);
        finding.raised = raised.map(Box::new);
    }
}

/// Findings beyond what is kept are not reported: the run cannot be taken for a whole one.
fn too_many(root: &ResourceGraph, left_out: usize) -> Diagnostic {
    let message = format!("has more than {MOST} findings: {left_out} more are not reported");
    Diagnostic::of_path(Code::Bound, &*root.root, message)
        .with_help("select policies with `--select`, or split the root")
}

/// The places that the outcome names beside the one it points at.
fn labels(outcome: &eval::Outcome, texts: &mut Texts) -> Vec<Label> {
    outcome.related.iter().map(|it| Label { span: it.span, text: texts.share(&it.text) }).collect()
}

/// Texts, each held once.
#[derive(Default)]
pub(super) struct Texts {
    known: FxHashSet<Arc<str>>,
}

impl Texts {
    /// The text as it is held.
    pub(super) fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let text: Arc<str> = text.into();
        self.known.insert(text.clone());
        text
    }
}
