//! JSON Lines: a line a finding and diagnostic, then the summary, each with its `kind`. Rows are those of the JSON report.

use std::io;

use serde::Serialize;

use super::Report;
use super::json::{DiagnosticRow, FindingRow, SummaryRow};

/// Writes the whole report.
pub fn write(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    for finding in &report.findings {
        write_line(out, &Line { kind: "finding", row: FindingRow::of(report, finding) })?;
    }
    for diagnostic in &report.diagnostics {
        write_line(out, &Line { kind: "diagnostic", row: DiagnosticRow::of(report, diagnostic) })?;
    }
    write_line(out, &Line { kind: "summary", row: SummaryRow::of(report) })
}

#[derive(Serialize)]
struct Line<T> {
    kind: &'static str,
    #[serde(flatten)]
    row: T,
}

fn write_line(out: &mut dyn io::Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::{Report, shared_findings};
    use super::write;

    fn kinds(report: &Report) -> Vec<String> {
        let mut out = Vec::new();
        write(&mut out, report).unwrap();
        let lines = String::from_utf8(out).unwrap();
        let parse = |line: &str| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned();
        lines.lines().map(parse).collect()
    }

    #[test]
    fn every_line_is_a_document_with_its_kind() {
        let all = ["finding", "finding", "finding", "finding", "diagnostic", "diagnostic", "summary"];
        assert_eq!(kinds(&shared_findings::one_of_each()), all);
        assert_eq!(kinds(&shared_findings::nothing()), ["summary"]);
    }
}
