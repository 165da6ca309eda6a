//! The stable JSON report; its shape is versioned by `schema`.
//!
//! In: a [`Report`]. Out: one JSON document, keys in the documented order, the same bytes on every run.

use std::borrow::Cow;
use std::io;

use serde::{Serialize, Serializer};

use super::{Place, Report};
use crate::diagnostic::{Diagnostic, Severity};
use crate::finding::{Finding, Label, Raised, Suppressed};

/// Writes the whole report.
pub fn write(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    let document = Document {
        schema: 1,
        version: env!("CARGO_PKG_VERSION"),
        findings: Rows(report),
        diagnostics: report.diagnostics.iter().map(|it| DiagnosticRow::of(report, it)).collect(),
        summary: SummaryRow::of(report),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Document<'r> {
    schema: u32,
    version: &'static str,
    findings: Rows<'r>,
    diagnostics: Vec<DiagnosticRow<'r>>,
    summary: SummaryRow<'r>,
}

/// The findings, made into rows one by one as they are written.
struct Rows<'r>(&'r Report);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.0.findings.iter().map(|it| FindingRow::of(self.0, it)))
    }
}

/// One finding as the report has it; JSON Lines prints the same.
#[derive(Serialize)]
pub(super) struct FindingRow<'r> {
    policy: &'r str,
    verdict: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity_raised: Option<RaisedRow<'r>>,
    category: &'r str,
    title: &'r str,
    message: &'r str,
    citations: Vec<&'r str>,
    equivalents: Vec<&'r str>,
    resource: ResourceRow<'r>,
    file: &'r str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    related: Vec<LabelRow<'r>>,
    evidence: Vec<EvidenceRow<'r>>,
    suppressed: Option<SuppressedRow<'r>>,
    fingerprint: &'r str,
    /// Text to paste; `<...>` is for people to fill in.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edit: Option<EditRow<'r>>,
}

/// What an edit would do to it, or why there is none; only when fixes were asked for.
#[derive(Serialize)]
#[serde(untagged)]
enum EditRow<'r> {
    Offered { safe: bool, files: Vec<&'r str>, warnings: Vec<String> },
    Refused { reason: &'r str },
}

#[derive(Serialize)]
struct ResourceRow<'r> {
    address: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'r str>,
    #[serde(rename = "type")]
    resource_type: &'r str,
    source_type: &'r str,
    root: &'r str,
    file: &'r str,
    line: u32,
    end_line: u32,
}

/// Why the severity is above the policy's.
#[derive(Serialize)]
struct RaisedRow<'r> {
    from: &'static str,
    tag: &'r str,
    value: &'r str,
    file: &'r str,
    line: u32,
}

#[derive(Serialize)]
struct LabelRow<'r> {
    file: &'r str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    message: &'r str,
}

#[derive(Serialize)]
struct EvidenceRow<'r> {
    path: &'r str,
    operator: &'r str,
    expected: &'r str,
    actual: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r str>,
    file: &'r str,
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct SuppressedRow<'r> {
    kind: &'static str,
    reason: &'r str,
    until: Option<&'r str>,
    by: Option<&'r str>,
    file: Option<&'r str>,
    line: Option<u32>,
}

/// One diagnostic as the report has it; JSON Lines prints the same.
#[derive(Serialize)]
pub(super) struct DiagnosticRow<'r> {
    severity: &'static str,
    code: &'static str,
    message: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'r str>,
    file: Option<&'r str>,
    line: Option<u32>,
    column: Option<u32>,
}

/// The summary as the report has it; JSON Lines prints the same.
#[derive(Serialize)]
pub(super) struct SummaryRow<'r> {
    files: usize,
    resources: usize,
    assessed: usize,
    not_assessed: &'r indexmap::IndexMap<String, usize>,
    fail: usize,
    unknown: usize,
    suppressed: usize,
    baseline: usize,
    pass: usize,
}

impl<'r> FindingRow<'r> {
    pub(super) fn of(report: &'r Report, finding: &'r Finding) -> Self {
        let Place { file, start, end } = report.place(finding.primary.span);
        let declared = report.place(finding.resource.span);
        Self {
            policy: &finding.policy.id,
            verdict: finding.verdict.as_str(),
            severity: finding.severity.as_str(),
            severity_raised: finding.raised.as_ref().map(|it| RaisedRow::of(report, it)),
            category: &finding.policy.category,
            title: &finding.policy.title,
            message: &finding.message,
            citations: finding.policy.citations.iter().map(|it| it.id.as_str()).collect(),
            equivalents: finding
                .policy
                .equivalents
                .iter()
                .chain(&finding.also_equivalent)
                .map(String::as_str)
                .collect(),
            resource: ResourceRow {
                address: finding.resource.declaration().0,
                part: finding.resource.declaration().1,
                resource_type: finding.resource.resource_type.as_str(),
                source_type: &finding.resource.source_type,
                root: &finding.resource.root,
                file: declared.file,
                line: declared.start.line,
                end_line: declared.end.line,
            },
            file,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            related: finding.related.iter().map(|it| LabelRow::of(report, it)).collect(),
            evidence: finding.evidence.iter().map(|it| EvidenceRow::of(report, it)).collect(),
            suppressed: finding.suppressed.as_ref().map(|it| SuppressedRow::of(report, it)),
            fingerprint: &finding.fingerprint,
            fix: finding.fix(),
            edit: EditRow::of(report, finding),
        }
    }
}

impl<'r> EditRow<'r> {
    fn of(report: &'r Report, finding: &'r Finding) -> Option<Self> {
        if let Some(reason) = finding.refused() {
            return Some(Self::Refused { reason });
        }
        let edits = finding.edits()?;
        let mut files: Vec<&str> = edits.written().iter().map(|it| report.place(it.span).file).collect();
        files.dedup();
        Some(Self::Offered { safe: edits.is_safe(), files, warnings: edits.warnings() })
    }
}

impl<'r> RaisedRow<'r> {
    fn of(report: &'r Report, raised: &'r Raised) -> Self {
        let Place { file, start, .. } = report.place(raised.span);
        Self { from: raised.from.as_str(), tag: &raised.tag, value: &raised.value, file, line: start.line }
    }
}

impl<'r> LabelRow<'r> {
    fn of(report: &'r Report, label: &'r Label) -> Self {
        let Place { file, start, end } = report.place(label.span);
        Self {
            file,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            message: &label.text,
        }
    }
}

impl<'r> EvidenceRow<'r> {
    fn of(report: &'r Report, evidence: &'r crate::finding::Evidence) -> Self {
        let place = report.place(evidence.span);
        Self {
            path: &evidence.path,
            operator: evidence.operator,
            expected: &evidence.expected,
            actual: &evidence.actual,
            reason: evidence.reason.as_deref(),
            file: place.file,
            line: place.start.line,
            column: place.start.column,
        }
    }
}

impl<'r> SuppressedRow<'r> {
    fn of(report: &'r Report, suppressed: &'r Suppressed) -> Self {
        let place = suppressed.span.map(|span| report.place(span));
        Self {
            kind: suppressed.kind.as_str(),
            reason: &suppressed.reason,
            until: suppressed.until.as_deref(),
            by: suppressed.by.as_deref(),
            file: place.map(|it| it.file),
            line: place.map(|it| it.start.line),
        }
    }
}

impl<'r> DiagnosticRow<'r> {
    pub(super) fn of(report: &'r Report, diagnostic: &'r Diagnostic) -> Self {
        let place = diagnostic.span.map(|span| report.place(span));
        Self {
            severity: severity_word(diagnostic.severity),
            code: diagnostic.code.as_str(),
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            file: place.map(|it| it.file).or(diagnostic.path.as_deref()),
            line: place.map(|it| it.start.line),
            column: place.map(|it| it.start.column),
        }
    }
}

impl<'r> SummaryRow<'r> {
    pub(super) fn of(report: &'r Report) -> Self {
        let summary = &report.summary;
        Self {
            files: summary.files,
            resources: summary.resources,
            assessed: summary.assessed,
            not_assessed: &summary.not_assessed,
            fail: summary.fail,
            unknown: summary.unknown,
            suppressed: summary.suppressed,
            baseline: summary.baseline,
            pass: summary.pass,
        }
    }
}

pub(super) const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
