//! Outcomes one after the other to findings: one finding for what several callers or instances share.
//!
//! In: [`Judged`] outcomes of a root in the order of resources and policies, then the findings of one root after the other. Out:
//! the findings in order of place. An outcome is looked at once and not kept: what findings say, and the resource they say it
//! of, is held once for all that share it. How it is worded is `findings`'.

use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::Entry;
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::findings;
use super::judge::Judged;
use super::sensitivity::Marking;
use super::shelf::Shelf;
use crate::diagnostic::{Code, Diagnostic};
use crate::eval;
use crate::finding::{Finding, Label, PolicyFacts, Raised, Subject, Verdict};
use crate::frontend::arm::addition;
use crate::model::{Dialect, Resource, ResourceGraph, ResourceIndex};
use crate::policy::Policy;
use crate::source::{SourceMap, Span};

/// The most findings of one root that are kept: more than anybody reads, and they must fit into a small machine's memory.
pub(super) const MOST: usize = 100_000;

/// As many are kept of every root however little memory there is.
const LEAST: usize = 1_000;

/// What a finding takes, with its part of the report.
const FINDING_BYTES: u64 = 2_560;

/// The most findings that carry a text of their own.
const MOST_SNIPPETS: usize = 20_000;

/// What the findings of every root are made with.
#[derive(Clone, Copy)]
pub(super) struct Context<'r> {
    pub(super) policies: &'r Shelf,
    pub(super) marking: Option<&'r Marking>,
    pub(super) sources: &'r SourceMap,
    /// The most findings of one root.
    pub(super) most: usize,
}

/// The most findings of one root: fewer where memory is limited and so many directories may be one, so that all of them fit.
pub(super) fn most(memory: Option<u64>, directories: usize) -> usize {
    let fitting = |memory: u64| usize::try_from(memory / FINDING_BYTES).unwrap_or(MOST) / directories.max(1);
    memory.map_or(MOST, |it| fitting(it).clamp(LEAST, MOST))
}

/// The findings of one root so far.
pub(super) struct Gathering<'r> {
    context: Context<'r>,
    graph: &'r ResourceGraph,
    texts: &'r mut Texts,
    /// The resource of the last outcome: policies judge one after the other.
    latest: Option<(ResourceIndex, Arc<Subject>)>,
    gathered: Gathered,
}

/// The findings of one root.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    root: Arc<str>,
    drafts: Drafts,
    /// How many more there would be, and how many are the most.
    left_out: usize,
    most: usize,
}

type Drafts = IndexMap<Key, Draft, FxBuildHasher>;

/// What makes two outcomes the same finding: the same policy on the same text, decided by the same text.
#[derive(PartialEq, Eq, Hash, Debug)]
struct Key {
    policy: usize,
    verdict: Verdict,
    primary: Span,
    way: Box<[Span]>,
    actual: Arc<str>,
}

/// A finding that other resources may still join.
#[derive(Debug)]
struct Draft {
    finding: Finding,
    rest: Option<Box<Rest>>,
}

/// What few findings have.
#[derive(Debug, Default)]
struct Rest {
    /// What the keys of its resource encrypt.
    encrypts: Vec<Label>,
    /// The others that share it.
    also: Vec<Other>,
}

/// Another resource with the same finding.
#[derive(Debug)]
struct Other {
    member: (usize, ResourceIndex),
    resource: Arc<Subject>,
    raised: Option<Box<Raised>>,
    related: Vec<Label>,
}

impl<'r> Gathering<'r> {
    /// No finding yet.
    pub(super) fn new(context: Context<'r>, graph: &'r ResourceGraph, texts: &'r mut Texts) -> Self {
        let gathered = Gathered { root: graph.root.clone(), most: context.most, ..Gathered::default() };
        Self { context, graph, texts, latest: None, gathered }
    }

    /// Makes a finding of an outcome, or adds it to the one that says the same.
    pub(super) fn add(&mut self, one: &Judged) {
        let (Some(policy), Some(facts)) =
            (self.context.policies.get(one.policy), self.context.policies.facts(one.policy))
        else {
            return;
        };
        let key = self.key(one);
        let subject = self.subject(one);
        if let Some(draft) = self.gathered.drafts.get_mut(&key) {
            let related = labels(&one.outcome, self.texts);
            let raised = raised(self.context, self.graph, one, policy);
            let member = (one.graph, one.resource);
            draft.rest.get_or_insert_default().also.push(Other { member, resource: subject, raised, related });
        } else if self.gathered.drafts.len() < self.context.most {
            let finding = self.finding(one, policy, facts, &key, subject);
            let encrypts = findings::encrypts(self.graph, one.resource);
            let rest = (!encrypts.is_empty()).then(|| Box::new(Rest { encrypts, also: Vec::new() }));
            self.gathered.drafts.insert(key, Draft { finding, rest });
        } else {
            self.gathered.left_out += 1;
        }
    }

    /// All of them.
    pub(super) fn finish(self) -> Gathered {
        self.gathered
    }

    /// A missing resource as a template would declare it.
    fn snippet(&self, policy: &Policy, resource: &Resource) -> Option<Box<str>> {
        let addition = policy.remedy.add.as_ref()?;
        if resource.dialect != Dialect::Arm || self.gathered.drafts.len() > MOST_SNIPPETS {
            return None;
        }
        addition::written(self.context.sources, resource, addition).ok().map(Into::into)
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

    fn finding(
        &mut self,
        one: &Judged,
        policy: &Policy,
        facts: &Arc<PolicyFacts>,
        key: &Key,
        subject: Arc<Subject>,
    ) -> Finding {
        let (outcome, resource) = (&one.outcome, self.graph.get(one.resource));
        let raised = raised(self.context, self.graph, one, policy);
        let snippet = self.snippet(policy, resource);
        let texts = &mut *self.texts;
        Finding {
            severity: raised.as_ref().map_or(policy.severity, |it| it.to),
            raised,
            verdict: key.verdict,
            message: texts.share(outcome.message.as_deref().unwrap_or(&policy.title)),
            primary: Label { span: outcome.primary, text: texts.share(&findings::primary(outcome, policy.mask)) },
            related: labels(outcome, texts),
            evidence: outcome.evidence.iter().map(|it| findings::evidence(it, policy.mask, texts)).collect(),
            also_equivalent: outcome.also_equivalent.iter().map(ToString::to_string).collect(),
            suppressed: None,
            members: vec![(one.graph, one.resource)],
            snippet,
            proposal: None,
            fingerprint: findings::fingerprint(self.context.sources, policy, resource, outcome.decisive()),
            policy: facts.clone(),
            resource: subject,
        }
    }

    fn subject(&mut self, one: &Judged) -> Arc<Subject> {
        match &self.latest {
            Some((index, subject)) if *index == one.resource => subject.clone(),
            _ => {
                let resource = self.graph.get(one.resource);
                let subject = Arc::new(Subject {
                    address: resource.address.clone(),
                    resource_type: resource.resource_type.clone(),
                    source_type: resource.source_type.clone(),
                    dialect: resource.dialect,
                    root: self.graph.root.clone(),
                    span: resource.span,
                    header: resource.header,
                    callers: resource.callers.clone(),
                });
                self.latest = Some((one.resource, subject.clone()));
                subject
            }
        }
    }
}

/// The findings of all roots so far.
#[derive(Debug, Default)]
pub(super) struct Merging {
    drafts: Drafts,
    told: Vec<Diagnostic>,
}

impl Merging {
    /// With room for the findings of all roots: moving them as their number grows takes one thread while the others wait.
    pub(super) fn of<'g>(roots: impl Iterator<Item = &'g Gathered>) -> Self {
        let most = roots.map(|root| root.drafts.len()).sum();
        Self { drafts: Drafts::with_capacity_and_hasher(most, FxBuildHasher), told: Vec::new() }
    }

    /// Adds the findings of the next root, which is at this place of the run.
    pub(super) fn add(&mut self, at: usize, next: Gathered) {
        if next.left_out > 0 {
            self.told.push(too_many(&next.root, next.left_out, next.most));
        }
        for (key, mut draft) in next.drafts {
            draft.finding.members.iter_mut().for_each(|it| it.0 = at);
            draft.rest.iter_mut().flat_map(|it| &mut it.also).for_each(|it| it.member.0 = at);
            let count = self.drafts.len();
            match self.drafts.entry(key) {
                Entry::Occupied(mut known) => known.get_mut().join(draft),
                Entry::Vacant(free) => {
                    if count > MOST_SNIPPETS {
                        draft.finding.snippet = None;
                    }
                    free.insert(draft);
                }
            }
        }
    }

    /// The findings in order of place, and which roots would have more.
    pub(super) fn finish(self, sources: &SourceMap) -> (Vec<Finding>, Vec<Diagnostic>) {
        let mut findings: Vec<Finding> = self.drafts.into_values().map(Draft::complete).collect();
        findings::sort(&mut findings, sources);
        findings::tell_apart(&mut findings);
        (findings, self.told)
    }
}

impl Draft {
    /// Takes in what another root says of the same text.
    fn join(&mut self, other: Self) {
        let Self { finding, rest } = other;
        let also = &mut self.rest.get_or_insert_default().also;
        let member = finding.members.first().copied().unwrap_or((0, ResourceIndex(0)));
        also.push(Other { member, resource: finding.resource, raised: finding.raised, related: finding.related });
        also.extend(rest.into_iter().flat_map(|it| it.also));
    }

    /// Names in the finding the others that share it and what it protects; it is as grave as the gravest of them.
    fn complete(self) -> Finding {
        let Self { mut finding, rest } = self;
        let Some(rest) = rest else { return finding };
        let Rest { encrypts, mut also } = *rest;
        if finding.raised.is_none() {
            finding.raised = also.iter_mut().find_map(|it| it.raised.take());
            finding.severity = finding.raised.as_ref().map_or(finding.severity, |it| it.to);
        }
        if !also.is_empty() {
            share(&mut finding, also);
        }
        finding.related.extend(encrypts);
        finding
    }
}

/// Names in a finding the others that share it.
fn share(finding: &mut Finding, also: Vec<Other>) {
    finding.members.extend(also.iter().map(|it| it.member));
    let mut seen: FxHashSet<Span> = finding.related.iter().map(|it| it.span).collect();
    let others: Vec<&Subject> = also.iter().map(|it| &*it.resource).collect();
    let others = (findings::others(&others, &finding.resource), callers(&others));
    let places = also.into_iter().flat_map(|it| it.related).filter(|place| seen.insert(place.span));
    finding.related.extend(places);
    let (named, callers) = others;
    finding.related.extend(named);
    if !callers.is_empty() {
        let subject = Arc::make_mut(&mut finding.resource);
        let own = std::mem::take(&mut subject.callers);
        subject.callers = callers.into_iter().chain(own).collect();
    }
}

fn callers(others: &[&Subject]) -> Vec<Span> {
    others.iter().flat_map(|it| &it.callers).copied().collect()
}

/// What a tag makes of the policy's severity.
fn raised(context: Context<'_>, graph: &ResourceGraph, one: &Judged, policy: &Policy) -> Option<Box<Raised>> {
    context.marking?.raise(policy.severity, graph, one.resource).map(Box::new)
}

/// Findings beyond what is kept are not reported: the run cannot be taken for a whole one.
fn too_many(root: &str, left_out: usize, most: usize) -> Diagnostic {
    let message = format!("has more than {most} findings: {left_out} more are not reported");
    Diagnostic::of_path(Code::Bound, root, message).with_help("select policies with `--select`, or split the root")
}

/// The places that the outcome names beside the one it points at.
fn labels(outcome: &eval::Outcome, texts: &mut Texts) -> Vec<Label> {
    outcome.related.iter().map(|it| Label { span: it.span, text: texts.share(&it.text) }).collect()
}

/// Texts, each held once.
#[derive(Debug, Default)]
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
