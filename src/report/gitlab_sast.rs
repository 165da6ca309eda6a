//! GitLab SAST, version 15 of its security report schema: what GitLab's vulnerability report and merge requests read.
//!
//! In: a [`Report`], and when the run began and ended. Out: a vulnerability for each open finding; what cannot be told has the
//! severity `Unknown`; diagnostics are messages of the scan. Suppressed findings are left out: GitLab has no place for them.

use std::io;

use serde_json::{Value, json};

use super::Report;
use crate::diagnostic::{self, Diagnostic};
use crate::finding::{Finding, Severity, Verdict};

/// The version of GitLab's schema that the report follows.
const SCHEMA: &str = "15.0.7";
/// Longest name and solution that the schema allows.
const LONGEST_NAME: usize = 255;
const LONGEST_SOLUTION: usize = 7000;

/// When a run began and ended, in UTC: `2027-03-31T12:00:00`.
#[derive(Clone, Copy, Debug)]
pub struct Times<'t> {
    /// When it began.
    pub start: &'t str,
    /// When it ended.
    pub end: &'t str,
}

/// Writes one vulnerability a finding.
pub fn write(out: &mut dyn io::Write, report: &Report, times: Times<'_>) -> io::Result<()> {
    let tool = json!({
        "id": "baalint",
        "name": "baalint",
        "version": env!("CARGO_PKG_VERSION"),
        "vendor": { "name": "baalint" },
        "url": env!("CARGO_PKG_REPOSITORY"),
    });
    let document = json!({
        "version": SCHEMA,
        "scan": {
            "analyzer": tool,
            "scanner": tool,
            "start_time": times.start,
            "end_time": times.end,
            "status": "success",
            "type": "sast",
            "messages": report.diagnostics.iter().map(|it| message(report, it)).collect::<Vec<_>>(),
        },
        "vulnerabilities": report.open().map(|it| vulnerability(report, it)).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn vulnerability(report: &Report, finding: &Finding) -> Value {
    let policy = &finding.policy;
    let place = report.place(finding.primary.span);
    let (severity, cannot_tell) = match (finding.verdict, finding.severity) {
        (Verdict::Unknown, _) => ("Unknown", "Cannot tell: "),
        (_, Severity::Critical) => ("Critical", ""),
        (_, Severity::High) => ("High", ""),
        (_, Severity::Medium) => ("Medium", ""),
        (_, Severity::Low) => ("Low", ""),
    };
    let identifier = |kind: &str, name: String, value: &str| json!({ "type": kind, "name": name, "value": value });
    let mut identifiers = vec![identifier("baalint_policy", format!("baalint {}", policy.id), &policy.id)];
    identifiers.extend(policy.citations.iter().map(|it| identifier("hipaa", format!("HIPAA {}", it.id), &it.id)));
    let place_of = json!({ "file": place.file, "start_line": place.start.line, "end_line": place.end.line });
    let mut signed = place_of.clone();
    if let Some(signed) = signed.as_object_mut() {
        signed.insert("signatures".to_owned(), json!([{ "algorithm": "hash", "value": finding.fingerprint }]));
    }
    let about = format!("{} ({})", finding.message, finding.resource.address);
    let mut value = json!({
        "id": finding.fingerprint,
        "name": shortened(&policy.title, LONGEST_NAME),
        "description": format!("{cannot_tell}{about}\n\n{}", policy.why),
        "severity": severity,
        "identifiers": identifiers,
        "location": place_of,
        "tracking": { "type": "source", "items": [signed] },
    });
    if let (Some(fix), Some(value)) = (finding.fix(), value.as_object_mut()) {
        value.insert("solution".to_owned(), shortened(&fix, LONGEST_SOLUTION).into());
    }
    value
}

fn message(report: &Report, diagnostic: &Diagnostic) -> Value {
    let place = match (diagnostic.span, &diagnostic.path) {
        (Some(span), _) => {
            let place = report.place(span);
            format!("{}:{}: ", place.file, place.start.line)
        }
        (None, Some(path)) => format!("{path}: "),
        (None, None) => String::new(),
    };
    let level = if diagnostic.severity == diagnostic::Severity::Note { "info" } else { "warn" };
    json!({ "level": level, "value": format!("{place}{}", diagnostic.message) })
}

/// The text, or its beginning.
fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Report, shared_findings};
    use super::{Times, shortened, write};

    fn document(report: &Report) -> Value {
        let mut out = Vec::new();
        write(&mut out, report, Times { start: "2027-03-31T12:00:00", end: "2027-03-31T12:00:01" }).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn every_open_finding_is_a_vulnerability_with_its_own_id_and_the_policy_first() {
        let document = document(&shared_findings::one_of_each());
        let all = document["vulnerabilities"].as_array().unwrap();
        let told: Vec<_> =
            all.iter().map(|it| (it["severity"].as_str(), it["location"]["start_line"].as_u64())).collect();
        assert_eq!(told, [(Some("High"), Some(3)), (Some("Unknown"), Some(2)), (Some("Critical"), Some(1))]);
        assert_eq!(all[0]["identifiers"][0]["value"], "storage/old-tls");
        assert_eq!(all[0]["identifiers"][1]["name"], "HIPAA 164.312(e)(1)");
        assert_eq!(all[0]["location"]["file"], "in fra/main.tf");
        assert!(all[1]["description"].as_str().unwrap().starts_with("Cannot tell: "));
    }

    #[test]
    fn diagnostics_are_messages_of_the_scan_and_nothing_is_an_empty_list() {
        let scan = &document(&shared_findings::one_of_each())["scan"];
        assert_eq!(scan["messages"][0], json!({ "level": "warn", "value": "x.tf: is a directory" }));
        assert_eq!(document(&shared_findings::nothing())["vulnerabilities"], json!([]));
    }

    #[test]
    fn what_is_too_long_for_the_schema_is_cut() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äö…");
    }
}
