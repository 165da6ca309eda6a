//! Markdown for a comment on a pull request: the count first, a table of what fails, the rest folded.
//!
//! Rows are bounded, because a comment is; what is left out is said.

use std::cmp::Reverse;
use std::io;

use super::Report;
use crate::diagnostic::Severity as Cost;
use crate::finding::{Finding, Verdict};

/// Rows of one table; GitHub refuses comments over 65,536 characters.
const ROWS: usize = 60;

/// Writes the whole report.
pub fn write(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    let summary = &report.summary;
    writeln!(out, "### baalint: {} failed, {} cannot be told\n", summary.fail, summary.unknown)?;
    let (failing, open): (Vec<&Finding>, Vec<&Finding>) = report.open().partition(|it| it.verdict == Verdict::Fail);
    let suppressed: Vec<&Finding> = report.findings.iter().filter(|it| it.suppressed.is_some()).collect();
    if !failing.is_empty() {
        table(out, report, failing)?;
    }
    folded(out, report, "cannot be told", open)?;
    folded(out, report, "suppressed", suppressed)?;
    diagnostics(out, report)?;
    let not_assessed: usize = summary.not_assessed.values().sum();
    writeln!(
        out,
        "{} files, {} resources: {} assessed, {not_assessed} not assessed; {} passed.",
        summary.files, summary.resources, summary.assessed, summary.pass
    )
}

fn table(out: &mut dyn io::Write, report: &Report, mut findings: Vec<&Finding>) -> io::Result<()> {
    findings.sort_by_key(|it| Reverse(it.severity));
    writeln!(out, "| severity | where | finding | HIPAA |\n| --- | --- | --- | --- |")?;
    for finding in findings.iter().take(ROWS) {
        let place = report.place(finding.primary.span);
        let citations: Vec<&str> = finding.policy.citations.iter().map(|it| it.id.as_str()).collect();
        let reason = finding.suppressed.as_ref().map(|it| format!(" _{}_", escaped(&it.reason))).unwrap_or_default();
        writeln!(
            out,
            "| {} | {}:{} | **{}** {} {}{reason} | {} |",
            finding.severity.as_str(),
            code(place.file),
            place.start.line,
            escaped(&finding.policy.id),
            escaped(&finding.message),
            code(&finding.resource.address),
            citations.join(", "),
        )?;
    }
    if let Some(more) = findings.len().checked_sub(ROWS).filter(|more| *more > 0) {
        writeln!(out, "\n{more} more are not shown here.")?;
    }
    writeln!(out)
}

fn folded(out: &mut dyn io::Write, report: &Report, title: &str, findings: Vec<&Finding>) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "<details><summary>{} {title}</summary>\n", findings.len())?;
    table(out, report, findings)?;
    writeln!(out, "</details>\n")
}

fn diagnostics(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    let errors: Vec<_> = report.diagnostics.iter().filter(|it| it.severity == Cost::Error).collect();
    if errors.is_empty() {
        return Ok(());
    }
    writeln!(out, "**Not everything was judged:**\n")?;
    for error in errors.iter().take(ROWS) {
        let place = error.span.map(|span| report.place(span));
        let file = place.map(|it| it.file).or(error.path.as_deref()).unwrap_or("");
        let line = place.map(|it| format!(":{}", it.start.line)).unwrap_or_default();
        writeln!(out, "- {}{line} {}", code(file), escaped(&error.message))?;
    }
    if let Some(more) = errors.len().checked_sub(ROWS).filter(|more| *more > 0) {
        writeln!(out, "- {more} more")?;
    }
    writeln!(out)
}

/// Text inside a cell: one line, and nothing that Markdown or HTML would act on.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\r' => {}
            '\n' => safe.push(' '),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            // A mention would notify somebody.
            '@' => safe.push_str("&#64;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' => {
                safe.push('\\');
                safe.push(character);
            }
            it => safe.push(it),
        }
    }
    safe
}

/// Text as code inside a cell.
fn code(text: &str) -> String {
    let text = text.replace(['\r', '\n'], " ").replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::super::{Report, shared_findings};
    use super::write;

    fn printed(report: &Report) -> String {
        shared_findings::printed(|out| write(out, report))
    }

    #[test]
    fn the_gravest_comes_first_and_a_row_is_one_line() {
        let text = printed(&shared_findings::one_of_each());
        let critical = text.find("| critical | `main.json`:1").unwrap();
        let high = text.find("| high | `in fra/main.tf`:3").unwrap();
        assert!(critical < high, "{text}");
        assert!(text.contains("**storage/old-tls** Name may be, \"wrong\" or not `module.a"), "{text}");
        assert!(text.contains("_no ePHI \\| here_"), "{text}");
        assert!(text.contains("<details><summary>1 suppressed</summary>"), "{text}");
    }

    #[test]
    fn what_is_left_out_is_said() {
        let mut report = shared_findings::one_of_each();
        report.findings = vec![report.findings[0].clone(); 75];
        assert!(printed(&report).contains("15 more are not shown here."));
    }

    #[test]
    fn nothing_found_has_no_table() {
        let text = printed(&shared_findings::nothing());
        assert!(text.starts_with("### baalint: 0 failed, 0 cannot be told\n"), "{text}");
        assert!(!text.contains("| ---"), "{text}");
    }
}
