//! What a run comes to: the counts of its report, and its diagnostics in order.
//!
//! In: units, outcomes, findings. Out: a [`Summary`]; diagnostics sorted by place, each told once; how long steps took, and what
//! they leave behind. Decides nothing.

use std::time::{Duration, Instant};

use super::judge::Judgement;
use super::units::Units;
use crate::diagnostic::{Code, Diagnostic};
use crate::finding::{Finding, SuppressedBy, Verdict};
use crate::report::Summary;
use crate::source::{SourceFile, SourceMap};

/// The counts of a report.
pub(super) fn summary<G>(units: &Units<G>, judgement: &Judgement, findings: &[Finding]) -> Summary {
    let mut summary = Summary {
        files: units.files,
        resources: judgement.resources + units.unmapped.len(),
        assessed: judgement.assessed,
        not_assessed: judgement.not_assessed.clone().into_iter().collect(),
        pass: judgement.pass,
        ..Summary::default()
    };
    for name in &units.unmapped {
        *summary.not_assessed.entry(name.to_string()).or_default() += 1;
    }
    summary.not_assessed.sort_keys();
    count(findings, &mut summary);
    summary
}

fn count(findings: &[Finding], summary: &mut Summary) {
    for finding in findings {
        let counter = match (&finding.suppressed, finding.verdict) {
            (Some(by), _) if by.kind == SuppressedBy::Baseline => &mut summary.baseline,
            (Some(_), _) => &mut summary.suppressed,
            (None, Verdict::Fail) => &mut summary.fail,
            (None, Verdict::Unknown) => &mut summary.unknown,
        };
        *counter += 1;
    }
}

/// In order of file and place; the same thing told by two roots is told once.
pub(super) fn sort_diagnostics(diagnostics: &mut Vec<Diagnostic>, sources: &SourceMap) {
    let key = |it: &Diagnostic| {
        let file = it.span.and_then(|span| sources.get(span.file)).map(SourceFile::shown);
        let file = file.or(it.path.as_deref()).unwrap_or("").to_owned();
        (file, it.span.map(|span| (span.start, span.end)), it.severity, it.code, it.message.clone())
    };
    diagnostics.sort_by_cached_key(key);
    // A missing module is told once, however many roots reach the call.
    diagnostics.dedup_by(|later, first| {
        later == first
            || (first.code == Code::MissingModule
                && later.code == first.code
                && later.span == first.span
                && first.span.is_some())
    });
}

/// How long each step takes.
pub(super) struct Timings {
    last: Instant,
    pub(super) steps: Vec<(&'static str, Duration)>,
}

impl Timings {
    pub(super) fn new() -> Self {
        Self { last: Instant::now(), steps: Vec::new() }
    }

    pub(super) fn step(&mut self, name: &'static str) {
        let now = Instant::now();
        self.steps.push((name, now - self.last));
        self.last = now;
    }

    /// Tells of a part of the last step by itself.
    pub(super) fn part_of_last(&mut self, name: &'static str, took: Duration) {
        if let Some((_, whole)) = self.steps.last_mut() {
            *whole = whole.saturating_sub(took);
        }
        self.steps.push((name, took));
    }
}

/// What a run needed on the way.
#[derive(Debug, Default)]
pub struct Remains(#[expect(dead_code, reason = "kept, never read")] Option<Box<dyn std::any::Any + Send>>);

impl Remains {
    /// Keeps something until these are freed.
    pub(super) fn of(kept: impl std::any::Any + Send) -> Self {
        Self(Some(Box::new(kept)))
    }
}
