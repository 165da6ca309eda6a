//! The stable JSON report; its shape is versioned by `schema`.
//!
//! In: a [`Report`]. Out: one JSON document, keys in the documented order, the same bytes on every run.

use std::borrow::Cow;
use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

use super::{Place, Report};
use crate::diagnostic::{Diagnostic, Severity};
use crate::finding::{Finding, Label, Raised, Suppressed};

/// Findings that are written together.
const TOGETHER: usize = 64;

/// Parts that are in memory at a time.
const AT_A_TIME: usize = 16;

/// Makes so many parts of a report, in order, on whatever threads there are.
pub type Parts<'p> = &'p dyn Fn(usize, &(dyn Fn(usize) -> Vec<u8> + Sync)) -> Vec<Vec<u8>>;

/// Writes the whole report.
pub fn write(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    write_in_parts(out, report, &|count, part| (0..count).map(part).collect())
}

/// Writes the whole report, the findings in parts.
pub fn write_in_parts(out: &mut dyn io::Write, report: &Report, parts: Parts<'_>) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    write!(out, "{{\n  \"schema\": 1,\n  \"version\": \"{version}\",\n  \"findings\": [")?;
    for (at, some) in report.findings.chunks(TOGETHER * AT_A_TIME).enumerate() {
        let rows: Vec<&[Finding]> = some.chunks(TOGETHER).collect();
        let part = |part: usize| findings(report, rows.get(part).copied().unwrap_or_default(), at == 0 && part == 0);
        for part in parts(rows.len(), &part) {
            out.write_all(&part)?;
        }
    }
    let diagnostics: Vec<DiagnosticRow> = report.diagnostics.iter().map(|it| DiagnosticRow::of(report, it)).collect();
    let mut rest = Vec::new();
    rest.extend_from_slice(if report.findings.is_empty() {
        b"],\n  \"diagnostics\": "
    } else {
        b"\n  ],\n  \"diagnostics\": "
    });
    append(&mut rest, &diagnostics, 1);
    rest.extend_from_slice(b",\n  \"summary\": ");
    append(&mut rest, &SummaryRow::of(report), 1);
    rest.extend_from_slice(b"\n}\n");
    out.write_all(&rest)
}

/// Some findings as they stand in the list.
fn findings(report: &Report, findings: &[Finding], is_first: bool) -> Vec<u8> {
    let mut text = Vec::new();
    for (at, finding) in findings.iter().enumerate() {
        text.extend_from_slice(if is_first && at == 0 { b"\n    " } else { b",\n    " });
        append(&mut text, &FindingRow::of(report, finding), 2);
    }
    text
}

/// Appends a value that stands `depth` levels deep.
fn append(text: &mut Vec<u8>, value: &impl Serialize, depth: usize) {
    let mut serializer = serde_json::Serializer::with_formatter(text, Indented { depth, has_value: false });
    value.serialize(&mut serializer).expect("rows have text keys, and memory takes every byte");
}

/// A value a line, two blanks a level: as `serde_json`'s pretty form, from any depth.
struct Indented {
    depth: usize,
    has_value: bool,
}

impl Indented {
    fn line<W: ?Sized + io::Write>(&self, out: &mut W, head: &'static str) -> io::Result<()> {
        const BLANKS: &[u8] = &[b' '; 64];
        out.write_all(head.as_bytes())?;
        out.write_all(BLANKS.get(..self.depth * 2).unwrap_or(BLANKS))
    }

    fn open<W: ?Sized + io::Write>(&mut self, out: &mut W, bracket: &'static str) -> io::Result<()> {
        self.depth += 1;
        self.has_value = false;
        out.write_all(bracket.as_bytes())
    }

    fn close<W: ?Sized + io::Write>(&mut self, out: &mut W, bracket: &'static str) -> io::Result<()> {
        self.depth -= 1;
        if self.has_value {
            self.line(out, "\n")?;
        }
        out.write_all(bracket.as_bytes())
    }
}

impl Formatter for Indented {
    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, "[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, "]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.line(out, if first { "\n" } else { ",\n" })
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, "{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, "}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.line(out, if first { "\n" } else { ",\n" })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::super::{Report, shared_findings};
    use super::{TOGETHER, write, write_in_parts};

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        write(&mut out, report).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn it_is_laid_out_as_any_json_is() {
        for report in [shared_findings::one_of_each(), shared_findings::nothing()] {
            let text = written(&report);
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(text, serde_json::to_string_pretty(&value).unwrap() + "\n");
        }
    }

    #[test]
    fn parts_make_the_same_document_whoever_makes_them() {
        let mut report = shared_findings::one_of_each();
        let few = report.findings.clone();
        report.findings = few.iter().cycle().take(TOGETHER * 40 + 3).cloned().collect();
        let mut out = Vec::new();
        let backwards = |count: usize, part: &(dyn Fn(usize) -> Vec<u8> + Sync)| {
            let mut all: Vec<Vec<u8>> = (0..count).rev().map(part).collect();
            all.reverse();
            all
        };
        write_in_parts(&mut out, &report, &backwards).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["findings"].as_array().unwrap().len(), TOGETHER * 40 + 3);
        assert_eq!(String::from_utf8(out).unwrap(), written(&report));
    }
}
