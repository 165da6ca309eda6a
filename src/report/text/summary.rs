//! The last lines of the text report: what was looked at, what was not and why, and how it came out.

use std::io;

use super::super::Report;
use super::Style;
use super::wrap::wrapped;
use crate::diagnostic::{self, Code};
use crate::finding::Severity;

/// Types named when listing what was not assessed.
const NAMED: usize = 5;

/// Writes the summary.
pub(super) fn write(out: &mut dyn io::Write, report: &Report, style: Style) -> io::Result<()> {
    let summary = &report.summary;
    let mut lines = vec![format!(
        "{}, {}: {} assessed, {} not assessed",
        counted(summary.files, "file", "files"),
        counted(summary.resources, "resource", "resources"),
        summary.assessed,
        summary.not_assessed.values().sum::<usize>(),
    )];
    if !summary.not_assessed.is_empty() {
        lines.push(not_assessed(report));
    }
    lines.push(findings(report));
    lines.extend(left_out(report));
    lines.extend(diagnostics(report));
    for line in lines {
        for part in wrapped(&line, style.width) {
            writeln!(out, "{part}")?;
        }
    }
    Ok(())
}

fn not_assessed(report: &Report) -> String {
    let mut types: Vec<(&str, usize)> =
        report.summary.not_assessed.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    types.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let named: Vec<String> = types.iter().take(NAMED).map(|(name, count)| format!("{name} {count}")).collect();
    let more = types.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(", {more} more types") } else { String::new() };
    format!("no policy judges: {}{more}", named.join(", "))
}

fn findings(report: &Report) -> String {
    let summary = &report.summary;
    let counts: Vec<String> = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
        .into_iter()
        .map(|severity| (report.failing(severity), severity.as_str()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let counts = if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) };
    let mut parts = vec![format!("{} failed{counts}", summary.fail), format!("{} cannot be told", summary.unknown)];
    if summary.suppressed > 0 {
        parts.push(format!("{} suppressed", summary.suppressed));
    }
    if summary.baseline > 0 {
        parts.push(format!("{} in the baseline", summary.baseline));
    }
    parts.push(format!("{} passed", summary.pass));
    format!("findings: {}", parts.join(", "))
}

fn left_out(report: &Report) -> Option<String> {
    let count = report.diagnostics.iter().filter(|it| it.code == Code::NotDeployed).count();
    let what = match count {
        0 => return None,
        1 => "a default value leaves out declarations".to_owned(),
        _ => format!("default values leave out declarations in {count} places"),
    };
    Some(format!("{what}: they are not judged (`--format json` names them)"))
}

fn diagnostics(report: &Report) -> Option<String> {
    let count = |severity| report.diagnostics.iter().filter(|it| it.severity == severity).count();
    let errors = count(diagnostic::Severity::Error);
    let warnings = count(diagnostic::Severity::Warning);
    match (errors, warnings) {
        (0, 0) => None,
        (0, warnings) => Some(counted(warnings, "warning", "warnings")),
        (errors, 0) => Some(format!("{}: not everything was judged", counted(errors, "error", "errors"))),
        (errors, warnings) => Some(format!(
            "{}, {}: not everything was judged",
            counted(errors, "error", "errors"),
            counted(warnings, "warning", "warnings")
        )),
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
