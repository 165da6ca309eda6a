//! What a verdict rests on, recorded only when somebody will read it.
//!
//! In: comparisons as they are decided. Out: the ones that decided the whole. The evaluator is generic over [`Trace`];
//! with [`Silent`] nothing is recorded and nothing allocated.

use std::sync::Arc;

use crate::policy::Operator;
use crate::source::Span;
use crate::truth::Truth;
use crate::value::{DefaultOf, Reason, Step};

/// One comparison that a verdict rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Where the comparison stands in the policy: `policyRule.if.allOf[1]`.
    pub pointer: Arc<str>,
    /// What was read: an ARM path, or `count of ...`.
    pub path: Arc<str>,
    /// How it was compared.
    pub operator: Operator,
    /// With what, printable.
    pub expected: Arc<str>,
    /// What was found, printable; masked when it may be a secret.
    pub actual: String,
    /// Where what was found came from.
    pub source: Source,
    /// The text to point at.
    pub span: Span,
    /// The way the value came, nearest first.
    pub steps: Vec<Step>,
    /// Resources that were looked at and do not count: their text and address.
    pub rejected: Vec<(Span, Box<str>)>,
    /// How well this comparison shows what is wrong.
    pub(super) rank: Rank,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Somebody wrote it.
    Written,
    /// Nobody wrote it; it is the default of the provider or the service.
    Default(DefaultOf),
    /// Nobody wrote it and nothing is known to stand in for it.
    Absent,
    /// The text does not tell it.
    Unknown(Reason),
}

/// How well a comparison shows what is wrong, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A setting that somebody wrote.
    Written,
    /// A setting that nobody wrote.
    Missing,
    /// The resource's tier.
    Tier,
    /// What the resource is.
    Identity,
}

impl Source {
    /// The words that a report prints behind the value.
    pub fn describe(&self) -> Option<String> {
        match self {
            Self::Written => None,
            Self::Default(DefaultOf::Provider { major }) => {
                Some(format!("not set; azurerm {major} uses this by default"))
            }
            Self::Default(DefaultOf::Always) => Some("not set; always so for this type of resource".into()),
            Self::Default(DefaultOf::Service { api_version }) if &**api_version == "any" => {
                Some("not set; this is the service's default".into())
            }
            Self::Default(DefaultOf::Service { api_version }) => {
                Some(format!("not set; this is the service's default since API version {api_version}"))
            }
            Self::Absent => Some("not set".into()),
            Self::Unknown(reason) => Some(reason.to_string()),
        }
    }
}

/// Records what decides a condition, or nothing.
pub(super) trait Trace: Default {
    /// Whether anything is recorded: what is only for the record is not computed without.
    const RECORDS: bool;
    /// Records a comparison.
    fn push(&mut self, evidence: Evidence);
    /// How much is recorded.
    fn mark(&self) -> usize;
    /// Forgets what was recorded from `start` up to `end`.
    fn forget(&mut self, start: usize, end: usize);
}

/// Records nothing.
#[derive(Default)]
pub(super) struct Silent;

/// Records every comparison.
#[derive(Default)]
pub(super) struct Recorder(pub(super) Vec<Evidence>);

/// What was recorded for one member of a list, and what the member was.
pub(super) type Segment = (usize, usize, Truth);

impl Trace for Silent {
    const RECORDS: bool = false;

    fn push(&mut self, _: Evidence) {}

    fn mark(&self) -> usize {
        0
    }

    fn forget(&mut self, _: usize, _: usize) {}
}

impl Trace for Recorder {
    const RECORDS: bool = true;

    fn push(&mut self, evidence: Evidence) {
        self.0.push(evidence);
    }

    fn mark(&self) -> usize {
        self.0.len()
    }

    fn forget(&mut self, start: usize, end: usize) {
        self.0.drain(start.min(end)..end.min(self.0.len()));
    }
}

/// Keeps only the segments of members that were `truth`.
pub(super) fn keep<T: Trace>(trace: &mut T, segments: &[Segment], truth: Truth) {
    for (start, end, member) in segments.iter().rev() {
        if *member != truth {
            trace.forget(*start, *end);
        }
    }
}
