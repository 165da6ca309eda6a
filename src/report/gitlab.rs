//! GitLab Code Quality: an array of issues that a merge request shows beside its lines.

use std::io;

use serde_json::{Value, json};

use super::Report;
use crate::diagnostic::{self, Diagnostic};
use crate::finding::{Finding, Identity, Severity, Verdict};

/// Writes one issue a finding or diagnostic.
pub fn write(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    let findings = report.open().map(|it| of_finding(report, it));
    let diagnostics = report.told().map(|it| of_diagnostic(report, it));
    let issues: Vec<Value> = findings.chain(diagnostics).collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    out.write_all(b"\n")
}

fn of_finding(report: &Report, finding: &Finding) -> Value {
    let place = report.place(finding.primary.span);
    let (severity, cannot_tell) = match (finding.verdict, finding.severity) {
        (Verdict::Unknown, _) => ("info", "cannot tell: "),
        (_, Severity::Critical) => ("blocker", ""),
        (_, Severity::High) => ("critical", ""),
        (_, Severity::Medium) => ("major", ""),
        (_, Severity::Low) => ("minor", ""),
    };
    json!({
        "type": "issue",
        "check_name": &*finding.policy.id,
        "description": format!("{cannot_tell}{} ({})", finding.message, finding.resource.address),
        "categories": ["Security"],
        "severity": severity,
        "fingerprint": finding.fingerprint,
        "location": { "path": place.file, "lines": { "begin": place.start.line, "end": place.end.line } },
    })
}

fn of_diagnostic(report: &Report, diagnostic: &Diagnostic) -> Value {
    let (path, begin) = match diagnostic.span {
        Some(span) => {
            let place = report.place(span);
            (place.file, place.start.line)
        }
        None => (diagnostic.path.as_deref().unwrap_or("."), 1),
    };
    let severity = match diagnostic.severity {
        diagnostic::Severity::Error => "critical",
        diagnostic::Severity::Warning => "minor",
        diagnostic::Severity::Note => "info",
    };
    let code = diagnostic.code.as_str();
    let line = begin.to_string();
    let identity = Identity { policy: code, directory: path, address: &line, path: "", value: &diagnostic.message };
    json!({
        "type": "issue",
        "check_name": code,
        "description": diagnostic.message,
        "categories": ["Bug Risk"],
        "severity": severity,
        "fingerprint": identity.fingerprint(),
        "location": { "path": path, "lines": { "begin": begin } },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Report, shared_findings};
    use super::write;

    fn issues(report: &Report) -> Vec<Value> {
        let mut out = Vec::new();
        write(&mut out, report).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn issues_have_the_five_keys_that_gitlab_needs_and_fingerprints_differ() {
        let issues = issues(&shared_findings::one_of_each());
        let mut prints: Vec<&str> = issues.iter().filter_map(|it| it["fingerprint"].as_str()).collect();
        prints.sort_unstable();
        prints.dedup();
        assert_eq!(prints.len(), 5);
        for issue in &issues {
            for key in ["description", "check_name", "severity"] {
                assert!(issue[key].is_string(), "{issue}");
            }
            assert!(issue["location"]["path"].is_string() && issue["location"]["lines"]["begin"].is_u64(), "{issue}");
        }
        assert_eq!(issues[1]["severity"], "info");
    }

    #[test]
    fn nothing_is_an_empty_array() {
        assert_eq!(json!(issues(&shared_findings::nothing())), json!([]));
    }
}
