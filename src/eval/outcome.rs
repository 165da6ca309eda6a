//! The verdict of a policy on a resource, and what a finding shows of it.
//!
//! In: policy, graph, resource, settings. Out: [`Outcome`]. The condition is walked once without a record; only when it
//! does not pass is it walked again for the evidence.

use std::sync::Arc;

use super::Settings;
use super::condition::Evaluator;
use super::lookup::{Found, Place, collect};
use super::operators::Actual;
use super::print;
use super::trace::{Evidence, Rank, Recorder, Silent, Source};
use crate::model::{Presence, PropertyPath, Resource, ResourceGraph, ResourceIndex};
use crate::policy::{EquivalentsWhen, Message, MessagePart, Policy};
use crate::source::Span;
use crate::truth::Truth;
use crate::value::Reason;

/// What a policy says of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It is violated.
    Fail,
    /// It cannot be told.
    Unknown,
    /// It is kept.
    Pass,
    /// It is not about this resource.
    NotApplicable,
}

/// A verdict with what it rests on.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// The comparisons that decided it; empty unless it is `fail` or `unknown`.
    pub evidence: Vec<Evidence>,
    /// The text to point at.
    pub primary: Span,
    /// Further places, in the order in which they should be read.
    pub related: Vec<RelatedSpan>,
    /// The policy's own sentence, when it has one.
    pub message: Option<String>,
    /// Foreign ids of `equivalentsWhen` that this resource violates too.
    pub also_equivalent: Vec<Arc<str>>,
    /// Position in `evidence` of the setting that decided it; none when what the resource is decided it.
    decisive: Option<usize>,
}

impl Outcome {
    /// The comparison that shows best what is wrong, when it is one of a setting.
    pub fn decisive(&self) -> Option<&Evidence> {
        self.evidence.get(self.decisive?)
    }
}

/// A further place and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelatedSpan {
    /// The text.
    pub span: Span,
    /// What it is, in a few words.
    pub text: String,
}

/// Resources that do not count are shown up to this number.
const MAX_REJECTED: usize = 3;

/// Judges one resource by one policy.
pub fn evaluate(policy: &Policy, graph: &ResourceGraph, index: ResourceIndex, settings: &Settings) -> Outcome {
    let resource = graph.get(index);
    if resource.presence == Presence::Existing || !policy.types.contains(&resource.resource_type) {
        return without_evidence(Verdict::NotApplicable, resource);
    }
    let truth = Evaluator::<Silent>::new(policy, graph, settings, index).condition(&policy.condition);
    let verdict = match truth {
        Truth::False => return without_evidence(Verdict::Pass, resource),
        Truth::True => Verdict::Fail,
        Truth::Unknown => Verdict::Unknown,
    };
    let mut evaluator = Evaluator::<Recorder>::new(policy, graph, settings, index);
    evaluator.condition(&policy.condition);
    let mut evidence = evaluator.trace.0;
    let unmapped = |it: &Evidence| it.source == Source::Unknown(Reason::NotMapped);
    if resource.presence == Presence::Partial && verdict == Verdict::Unknown && evidence.iter().any(unmapped) {
        return without_evidence(Verdict::NotApplicable, resource);
    }
    evidence.dedup();
    let best = best_of(&evidence, resource.header);
    let decisive = best.filter(|it| it.rank < Rank::Identity);
    let primary = label(policy, resource, &evidence).or(decisive.map(|it| it.span)).unwrap_or(resource.header);
    let related = related(resource, best, primary);
    let message = policy.message.as_ref().map(|written| match written {
        Message::Parts(parts) => message(parts, policy, resource),
        Message::Expression(operand) => {
            print::plain(&Evaluator::<Silent>::new(policy, graph, settings, index).operand(operand))
        }
    });
    let decisive = decisive.and_then(|best| evidence.iter().position(|it| std::ptr::eq(it, best)));
    let holds = |it: &&EquivalentsWhen| {
        Evaluator::<Silent>::new(policy, graph, settings, index).condition(&it.condition) == Truth::True
    };
    let also_equivalent = policy.equivalents_when.iter().filter(holds).flat_map(|it| it.ids.iter().cloned()).collect();
    Outcome { verdict, evidence, primary, related, message, also_equivalent, decisive }
}

/// The last comparison of the best rank: conditions narrow down first and name the defect last. A place inside the
/// resource is better than its header. Of the elements that a comparison was made for, the first.
fn best_of(evidence: &[Evidence], header: Span) -> Option<&Evidence> {
    let key = |it: &Evidence| (it.rank, it.span == header);
    let last = evidence.iter().rev().min_by_key(|it| key(it))?;
    evidence.iter().find(|it| key(it) == key(last) && it.pointer == last.pointer)
}

fn without_evidence(verdict: Verdict, resource: &Resource) -> Outcome {
    Outcome {
        verdict,
        evidence: Vec::new(),
        primary: resource.header,
        related: Vec::new(),
        message: None,
        also_equivalent: Vec::new(),
        decisive: None,
    }
}

/// Where the policy wants its findings to point.
fn label(policy: &Policy, resource: &Resource, evidence: &[Evidence]) -> Option<Span> {
    let path = policy.label.as_ref()?;
    let Some(found) = read(resource, path) else { return Some(resource.header) };
    if matches!(found.actual, Actual::Absent) {
        // Written in its plural form, or below it.
        let text = path.to_string();
        let beside = |it: &&Evidence| it.source == Source::Written && it.path.starts_with(&text);
        return Some(evidence.iter().find(beside).map_or(found.span, |it| it.span));
    }
    Some(found.span)
}

fn read<'r>(resource: &'r Resource, path: &PropertyPath) -> Option<Found<'r>> {
    let place = Place { value: &resource.body, nearest: resource.header, above: Vec::new() };
    let collected = collect(resource, &place, path.segments());
    let nothing = Found::absent(collected.span);
    collected.items.into_iter().next().or(Some(nothing))
}

fn related(resource: &Resource, best: Option<&Evidence>, primary: Span) -> Vec<RelatedSpan> {
    let mut related = Vec::new();
    let mut add = |span: Span, text: String| {
        if span != primary && related.iter().all(|it: &RelatedSpan| it.span != span) {
            related.push(RelatedSpan { span, text });
        }
    };
    if let Some(evidence) = best {
        for step in &evidence.steps {
            add(step.span, step.kind.describe().to_owned());
        }
        for (span, address) in evidence.rejected.iter().take(MAX_REJECTED) {
            add(*span, format!("`{address}` is related, but does not fulfil it"));
        }
    }
    for caller in &resource.callers {
        add(*caller, "called here".to_owned());
    }
    related
}

fn message(parts: &[MessagePart], policy: &Policy, resource: &Resource) -> String {
    let shown = |path: &PropertyPath| {
        let text = path.to_string();
        if text == "type" {
            return resource.resource_type.as_str().to_owned();
        }
        let found = read(resource, path);
        let hidden = policy.mask && !matches!(text.as_str(), "name" | "kind" | "location");
        match found.map(|it| (it.actual, it.value)) {
            Some((Actual::Known(_), Some(_))) if hidden || print::is_sensitive(&text) => print::HIDDEN.to_owned(),
            Some((Actual::Known(_), Some(value))) => print::plain(value),
            Some((Actual::Unknown(_), _)) => format!("({text} is unknown)"),
            _ => "(not set)".to_owned(),
        }
    };
    let part = |part: &MessagePart| match part {
        MessagePart::Text(text) => text.to_string(),
        MessagePart::Path(path) => shown(path),
    };
    parts.iter().map(part).collect()
}
