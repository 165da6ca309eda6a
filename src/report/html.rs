//! One HTML page, for evidence folders and people without a terminal: no script, nothing loaded from elsewhere.
//!
//! In: a [`Report`]. Out: the counts, a section for every policy with its citations, and a row a finding.

use std::collections::BTreeMap;
use std::io;

use super::Report;
use crate::diagnostic;
use crate::finding::{Finding, Severity, Verdict};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.3rem .5rem;text-align:left;vertical-align:top}\
code{overflow-wrap:anywhere}.critical,.high{color:#a00}.medium{color:#850}.low,.unknown{color:#456}.quiet{color:#666}\
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}.critical,.high{color:#f88}.medium{color:#fb5}.low,.unknown{color:#9bd}}";

/// Writes the whole report.
pub fn write(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    let summary = &report.summary;
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>baalint</title>")?;
    writeln!(out, "<style>{STYLE}</style>\n<h1>HIPAA findings</h1>")?;
    let not_assessed: usize = summary.not_assessed.values().sum();
    writeln!(
        out,
        "<p>{} failed, {} cannot be told, {} suppressed, {} passed.</p>\n<p class=\"quiet\">{} files, {} resources: {} \
         assessed, {not_assessed} not assessed. baalint {}.</p>",
        summary.fail,
        summary.unknown,
        summary.suppressed,
        summary.pass,
        summary.files,
        summary.resources,
        summary.assessed,
        env!("CARGO_PKG_VERSION"),
    )?;
    diagnostics(out, report)?;
    for findings in by_policy(report) {
        section(out, report, &findings)?;
    }
    writeln!(out, "</html>")
}

/// The findings of each policy, the gravest first.
fn by_policy(report: &Report) -> Vec<Vec<&Finding>> {
    let mut by_id: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        by_id.entry(&finding.policy.id).or_default().push(finding);
    }
    let mut all: Vec<Vec<&Finding>> = by_id.into_values().collect();
    let gravest = |findings: &Vec<&Finding>| findings.iter().map(|it| it.severity).max().unwrap_or(Severity::Low);
    all.sort_by_key(|findings| std::cmp::Reverse(gravest(findings)));
    all
}

fn section(out: &mut dyn io::Write, report: &Report, findings: &[&Finding]) -> io::Result<()> {
    let Some(policy) = findings.first().map(|it| &it.policy) else { return Ok(()) };
    writeln!(out, "<h2>{}</h2>\n<p><code>{}</code></p>", escaped(&policy.title), escaped(&policy.id))?;
    writeln!(out, "<p>{}</p>\n<ul>", escaped(&policy.why))?;
    for citation in &policy.citations {
        let (id, title, status) = (escaped(&citation.id), escaped(&citation.title), escaped(&citation.status));
        writeln!(out, "<li>HIPAA {id} {title} ({status})")?;
    }
    writeln!(out, "</ul>\n<table>\n<tr><th>severity<th>where<th>resource<th>finding")?;
    for finding in findings {
        row(out, report, finding)?;
    }
    writeln!(out, "</table>")
}

fn row(out: &mut dyn io::Write, report: &Report, finding: &Finding) -> io::Result<()> {
    let place = report.place(finding.primary.span);
    let (class, verdict) = match finding.verdict {
        Verdict::Fail => (finding.severity.as_str(), ""),
        Verdict::Unknown => ("unknown", "cannot tell: "),
    };
    write!(
        out,
        "<tr><td class=\"{class}\">{}<td><code>{}:{}</code><td><code>{}</code><td>{verdict}{}",
        finding.severity.as_str(),
        escaped(place.file),
        place.start.line,
        escaped(&finding.resource.address),
        escaped(&finding.message),
    )?;
    if !finding.primary.text.is_empty() {
        write!(out, "<br><span class=\"quiet\">{}</span>", escaped(&finding.primary.text))?;
    }
    if let Some(suppressed) = &finding.suppressed {
        write!(out, "<br><em>suppressed ({}): {}</em>", suppressed.kind.as_str(), escaped(&suppressed.reason))?;
    }
    writeln!(out)
}

fn diagnostics(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    let mut errors = report.diagnostics.iter().filter(|it| it.severity == diagnostic::Severity::Error).peekable();
    if errors.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "<h2>Not everything was judged</h2>\n<ul>")?;
    for error in errors {
        let place = error.span.map(|span| report.place(span));
        let file = place.map(|it| it.file).or(error.path.as_deref()).unwrap_or("");
        let line = place.map(|it| format!(":{}", it.start.line)).unwrap_or_default();
        writeln!(out, "<li><code>{}{line}</code> {}", escaped(file), escaped(&error.message))?;
    }
    writeln!(out, "</ul>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::{Report, shared_findings};
    use super::write;

    fn printed(report: &Report) -> String {
        shared_findings::printed(|out| write(out, report))
    }

    #[test]
    fn every_finding_is_a_row_and_text_is_no_markup() {
        let mut report = shared_findings::one_of_each();
        report.findings[0].message = "<script>&".into();
        let text = printed(&report);
        assert_eq!(text.matches("<tr><td").count(), 4);
        assert!(text.contains("&lt;script&gt;&amp;") && !text.contains("<script"), "{text}");
        assert!(text.contains("<em>suppressed (inline): no ePHI | here</em>"), "{text}");
        assert!(text.contains("<li><code>x.tf</code> is a directory"), "{text}");
    }

    #[test]
    fn nothing_found_has_no_table() {
        let text = printed(&shared_findings::nothing());
        assert!(text.contains("0 failed") && !text.contains("<table>"), "{text}");
    }
}
