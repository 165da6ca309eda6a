//! Workflow commands of GitHub Actions: annotations on the lines of a pull request.
//!
//! GitHub shows ten annotations of a level for a step and drops the rest silently, so the gravest come first and what is
//! over ten is listed in a group of the log.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io;

use super::Report;
use crate::diagnostic::{self, Diagnostic};
use crate::finding::{Finding, Severity, Verdict};

/// Annotations of one level that GitHub shows for a step.
const SHOWN: usize = 10;

/// Writes one command a finding or diagnostic.
pub fn write(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    let mut annotations: Vec<Annotation> = report.told().map(|it| of_diagnostic(report, it)).collect();
    let mut findings: Vec<&Finding> = report.open().collect();
    findings.sort_by_key(|it| (it.verdict, Reverse(it.severity)));
    annotations.extend(findings.into_iter().map(|it| of_finding(report, it)));
    let mut rest = Vec::new();
    for level in ["error", "warning", "notice"] {
        let of_level = annotations.iter().filter(|it| it.level == level);
        for (position, annotation) in of_level.enumerate() {
            if position < SHOWN {
                annotation.command(out)?;
            } else {
                rest.push(annotation);
            }
        }
    }
    if !rest.is_empty() {
        writeln!(out, "::group::{} more, which GitHub would not show as annotations", rest.len())?;
        for annotation in rest {
            annotation.line(out)?;
        }
        writeln!(out, "::endgroup::")?;
    }
    Ok(())
}

struct Annotation {
    level: &'static str,
    properties: Vec<(&'static str, String)>,
    place: String,
    message: String,
}

impl Annotation {
    fn command(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let properties: Vec<String> =
            self.properties.iter().map(|(key, value)| format!("{key}={}", escaped_property(value))).collect();
        writeln!(out, "::{} {}::{}", self.level, properties.join(","), escaped(&self.message))
    }

    fn line(&self, out: &mut dyn io::Write) -> io::Result<()> {
        // A line that began with `::` would be a command.
        let text = format!("{} {}: {}", self.level, self.place, self.message.replace(['\r', '\n'], " "));
        writeln!(out, "{text}")
    }
}

fn of_finding(report: &Report, finding: &Finding) -> Annotation {
    let place = report.place(finding.primary.span);
    let (level, cannot_tell) = match (finding.verdict, finding.severity) {
        (Verdict::Unknown, _) => ("notice", "cannot tell: "),
        (_, Severity::Critical | Severity::High) => ("error", ""),
        (_, Severity::Medium) => ("warning", ""),
        (_, Severity::Low) => ("notice", ""),
    };
    let mut properties = vec![
        ("file", place.file.to_owned()),
        ("line", place.start.line.to_string()),
        ("endLine", place.end.line.to_string()),
    ];
    // GitHub refuses columns on annotations of several lines.
    if place.start.line == place.end.line {
        properties.push(("col", place.start.column.to_string()));
        properties.push(("endColumn", place.end.column.to_string()));
    }
    properties.push(("title", finding.policy.id.to_string()));
    let citations: Vec<&str> = finding.policy.citations.iter().map(|it| it.id.as_str()).collect();
    let mut message = format!("{cannot_tell}{} ({})", finding.message, finding.resource.address);
    if !citations.is_empty() {
        let _ = write!(message, "\nHIPAA {}", citations.join(", "));
    }
    if let Some(fix) = finding.fix() {
        let _ = write!(message, "\nFix: {fix}");
    }
    let place = format!("{}:{}:{} {}", place.file, place.start.line, place.start.column, finding.policy.id);
    Annotation { level, properties, place, message }
}

fn of_diagnostic(report: &Report, diagnostic: &Diagnostic) -> Annotation {
    let level = match diagnostic.severity {
        diagnostic::Severity::Error => "error",
        diagnostic::Severity::Warning => "warning",
        diagnostic::Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    let mut shown = diagnostic.path.clone().unwrap_or_default();
    if let Some(span) = diagnostic.span {
        let place = report.place(span);
        shown = format!("{}:{}:{}", place.file, place.start.line, place.start.column);
        properties.push(("file", place.file.to_owned()));
        properties.push(("line", place.start.line.to_string()));
    } else if let Some(path) = &diagnostic.path {
        properties.push(("file", path.clone()));
    }
    properties.push(("title", diagnostic.code.as_str().to_owned()));
    let message = match &diagnostic.help {
        Some(help) => format!("{}\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    Annotation { level, properties, place: shown, message }
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escaped_property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::{Report, shared_findings};
    use super::write;

    fn printed(report: &Report) -> String {
        shared_findings::printed(|out| write(out, report))
    }

    #[test]
    fn a_message_of_several_lines_is_one_command() {
        let text = printed(&shared_findings::one_of_each());
        assert!(
            text.contains(
                "::notice file=in fra/main.tf,line=2,endLine=2,col=10,endColumn=16,title=storage/old-tls::cannot tell: \
                 Name may be, \"wrong\"%0Aor not (module.a"
            ),
            "{text}"
        );
        assert!(text.contains("::error file=x.tf,title=unreadable::is a directory%0Arename it\n"), "{text}");
        assert!(!text.contains("no ePHI"));
        assert_eq!(printed(&shared_findings::nothing()), "");
    }

    #[test]
    fn what_github_would_drop_is_listed_in_a_group() {
        let mut report = shared_findings::one_of_each();
        let first = report.findings[0].clone();
        report.findings = vec![first; 14];
        report.diagnostics.clear();
        let text = printed(&report);
        assert_eq!(text.lines().filter(|line| line.starts_with("::error")).count(), 10);
        assert!(text.contains("::group::4 more"), "{text}");
    }
}
