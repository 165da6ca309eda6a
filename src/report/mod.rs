//! The result of a run, and one file a format that prints it.
//!
//! In: findings, diagnostics, the texts they point into, and counts. Out: bytes on a writer. Everything is sorted
//! before it comes here; a format only prints. Knows nothing of how a finding came about.

pub mod csv;
pub mod github;
pub mod gitlab;
pub mod gitlab_sast;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod sarif;
#[cfg(test)]
pub(crate) mod shared_findings;
pub mod text;

use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::finding::{Finding, Severity, Verdict};
use crate::source::{LineCol, SourceMap, Span};

/// All that a run found.
#[derive(Debug, Default)]
pub struct Report {
    /// The texts that spans lie in.
    pub sources: SourceMap,
    /// In order of file, place and policy; suppressed ones included.
    pub findings: Vec<Finding>,
    /// In order of file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// Counts.
    pub summary: Summary,
}

/// What was looked at, and how it came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files read.
    pub files: usize,
    /// Resources that the inputs declare.
    pub resources: usize,
    /// Resources that at least one policy could judge.
    pub assessed: usize,
    /// Resources that no policy could judge, by type as the input names it.
    pub not_assessed: IndexMap<String, usize>,
    /// Findings that fail and are not suppressed.
    pub fail: usize,
    /// Findings that cannot be told and are not suppressed.
    pub unknown: usize,
    /// Findings that are suppressed, but for those of the baseline.
    pub suppressed: usize,
    /// Findings that the baseline knows.
    pub baseline: usize,
    /// Pairs of policy and resource that pass.
    pub pass: usize,
}

impl Report {
    /// Findings that count: not suppressed.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|it| it.suppressed.is_none())
    }

    /// The diagnostics that people are told one by one: what defaults leave out is counted for them, and listed for machines.
    pub fn told(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|it| it.code != Code::NotDeployed)
    }

    /// How many open findings fail with this severity.
    pub fn failing(&self, severity: Severity) -> usize {
        self.open().filter(|it| it.verdict == Verdict::Fail && it.severity == severity).count()
    }

    /// Where a span lies, as people count.
    pub fn place(&self, span: Span) -> Place<'_> {
        let Some(file) = self.sources.get(span.file) else {
            let start = LineCol { line: 1, column: 1 };
            return Place { file: "", start, end: start };
        };
        Place { file: file.shown(), start: file.line_col(span.start), end: file.line_col(span.end) }
    }
}

/// A span as people count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'r> {
    /// The file as shown.
    pub file: &'r str,
    /// First character.
    pub start: LineCol,
    /// One past the last character.
    pub end: LineCol,
}
