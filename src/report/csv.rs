//! Comma-separated values: a row a finding, for spreadsheets and evidence folders. Quoted as RFC 4180 says.

use std::io;

use super::Report;
use crate::finding::Finding;

const COLUMNS: [&str; 16] = [
    "policy",
    "verdict",
    "severity",
    "category",
    "title",
    "message",
    "citations",
    "address",
    "type",
    "source_type",
    "root",
    "file",
    "line",
    "column",
    "suppressed",
    "fingerprint",
];

/// Writes the head and one row a finding; diagnostics are not rows.
pub fn write(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    write_row(out, &COLUMNS.map(str::to_owned))?;
    report.findings.iter().try_for_each(|it| write_row(out, &row(report, it)))
}

fn row(report: &Report, finding: &Finding) -> [String; 16] {
    let place = report.place(finding.primary.span);
    let citations: Vec<&str> = finding.policy.citations.iter().map(|it| it.id.as_str()).collect();
    [
        finding.policy.id.to_string(),
        finding.verdict.as_str().to_owned(),
        finding.severity.as_str().to_owned(),
        finding.policy.category.clone(),
        finding.policy.title.clone(),
        finding.message.to_string(),
        citations.join(" "),
        finding.resource.address.to_string(),
        finding.resource.resource_type.to_string(),
        finding.resource.source_type.to_string(),
        finding.resource.root.to_string(),
        place.file.to_owned(),
        place.start.line.to_string(),
        place.start.column.to_string(),
        finding.suppressed.as_ref().map(|it| it.reason.clone()).unwrap_or_default(),
        finding.fingerprint.to_string(),
    ]
}

fn write_row(out: &mut dyn io::Write, cells: &[String]) -> io::Result<()> {
    let cells: Vec<String> = cells.iter().map(|it| quoted(it)).collect();
    write!(out, "{}\r\n", cells.join(","))
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::{Report, shared_findings};
    use super::write;

    fn printed(report: &Report) -> String {
        shared_findings::printed(|out| write(out, report))
    }

    #[test]
    fn cells_with_commas_quotes_and_line_breaks_are_quoted() {
        let text = printed(&shared_findings::one_of_each());
        assert!(text.contains(",\"Name may be, \"\"wrong\"\"\nor not\",164.312(e)(1),"), "{text}");
        assert!(text.contains(",no ePHI | here,"), "{text}");
    }

    #[test]
    fn nothing_is_the_head_alone() {
        let text = printed(&shared_findings::nothing());
        assert!(text.starts_with("policy,verdict,severity,") && text.ends_with("fingerprint\r\n"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }
}
