//! SARIF 2.1.0, as GitHub code scanning, Azure DevOps and IDEs read it.
//!
//! In: a [`Report`]. Out: one run. What cannot be told is `kind: open`; suppressed results stay, with their justification; the
//! way a value came is a code flow; columns are UTF-16 code units, as the run declares.

use std::fmt::Write as _;
use std::io;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Report, json::severity_word};
use crate::diagnostic::{self, Diagnostic};
use crate::edit::Proposal;
use crate::finding::{Finding, Label, PolicyFacts, Severity, Suppressed, SuppressedBy, Verdict};
use crate::source::{SourceFile, Span};

/// Writes the whole report.
pub fn write(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    let policies = policies(report);
    let complete = report.diagnostics.iter().all(|it| it.severity != diagnostic::Severity::Error);
    let document = Document {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: json!({ "driver": {
                "name": "baalint",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": policies.iter().map(|it| rule(it)).collect::<Vec<_>>(),
            } }),
            column_kind: "utf16CodeUnits",
            invocations: json!([{
                "executionSuccessful": complete,
                "toolExecutionNotifications":
                    report.diagnostics.iter().map(|it| notification(report, it)).collect::<Vec<_>>(),
            }]),
            results: Results { report, policies: &policies },
        }],
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Document<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Value,
    column_kind: &'static str,
    invocations: Value,
    results: Results<'r>,
}

/// The findings, made into results one by one as they are written.
struct Results<'r> {
    report: &'r Report,
    policies: &'r [&'r Finding],
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.report.findings.iter().map(|it| result(self.report, self.policies, it)))
    }
}

/// The policies that the findings are of, in order of id; with the severity that the findings have.
fn policies(report: &Report) -> Vec<&Finding> {
    let mut policies: Vec<&Finding> = report.findings.iter().collect();
    policies.sort_by(|a, b| a.policy.id.cmp(&b.policy.id).then(b.severity.cmp(&a.severity)));
    policies.dedup_by(|later, first| later.policy.id == first.policy.id);
    policies
}

fn rule(finding: &Finding) -> Value {
    let policy = &finding.policy;
    let mut tags = vec!["security".to_owned(), "hipaa".to_owned(), policy.category.clone()];
    tags.extend(policy.citations.iter().map(|it| format!("external/hipaa/{}", it.id)));
    json!({
        "id": &*policy.id,
        "shortDescription": { "text": policy.title },
        "fullDescription": { "text": if policy.why.is_empty() { &policy.title } else { &policy.why } },
        "help": { "text": help(policy, ""), "markdown": help(policy, "```") },
        "defaultConfiguration": { "level": level(finding.severity) },
        "properties": {
            "tags": tags,
            "precision": "high",
            "problem.severity": level(finding.severity),
            "security-severity": security_severity(finding.severity),
        },
    })
}

fn help(policy: &PolicyFacts, fence: &str) -> String {
    let mut text = format!("{}\n", policy.why.trim());
    for citation in &policy.citations {
        let _ = write!(text, "\nHIPAA {} {} {}", citation.id, citation.title, citation.status);
        text.truncate(text.trim_end().len());
    }
    for (language, fix) in &policy.fix {
        let fix = fix.trim_end();
        let _ = match fence {
            "" => write!(text, "\n\nFix ({language}):\n{fix}"),
            fence => write!(text, "\n\nFix ({language}):\n\n{fence}\n{fix}\n{fence}"),
        };
    }
    text
}

fn result(report: &Report, policies: &[&Finding], finding: &Finding) -> Value {
    let index = policies.iter().position(|it| it.policy.id == finding.policy.id);
    let (kind, level) = match finding.verdict {
        Verdict::Fail => ("fail", level(finding.severity)),
        // The standard wants no level for what has not failed.
        Verdict::Unknown => ("open", "none"),
    };
    let mut location = place(report, &finding.primary);
    if let Some(location) = location.as_object_mut() {
        let name = json!([{ "fullyQualifiedName": &*finding.resource.address, "kind": "resource" }]);
        location.insert("logicalLocations".to_owned(), name);
    }
    let mut result = json!({
        "ruleId": &*finding.policy.id,
        "ruleIndex": index,
        "kind": kind,
        "level": level,
        "message": { "text": &*finding.message },
        "locations": [location],
        "partialFingerprints": { "baalint/v1": finding.fingerprint },
    });
    let Some(object) = result.as_object_mut() else { return result };
    if !finding.related.is_empty() {
        let related = finding.related.iter().zip(1..).map(|(label, id): (_, u32)| {
            let mut location = place(report, label);
            location.as_object_mut().map(|it| it.insert("id".to_owned(), json!(id)));
            location
        });
        object.insert("relatedLocations".to_owned(), related.collect());
        object.insert("codeFlows".to_owned(), code_flow(report, finding));
    }
    if let Some(proposal) = finding.edits().filter(|it| !shows_secret(report, it)) {
        object.insert("fixes".to_owned(), json!([fix(report, finding, proposal)]));
    }
    if let Some(suppressed) = &finding.suppressed {
        object.insert("suppressions".to_owned(), json!([suppression(report, suppressed)]));
    }
    result
}

/// True when a replacement carries a secret along: the sources of a report have stars where secrets stand, edits do not.
fn shows_secret(report: &Report, proposal: &Proposal) -> bool {
    const STARS: &str = "****";
    proposal.edits.iter().any(|it| report.sources.slice(it.span).contains(STARS) && !it.replacement.contains(STARS))
}

/// The edits by file; what to know before making them is in the description.
fn fix(report: &Report, finding: &Finding, proposal: &Proposal) -> Value {
    let mut files: Vec<&SourceFile> = Vec::new();
    for file in proposal.written().iter().filter_map(|it| report.sources.get(it.span.file)) {
        if !files.iter().any(|it| it.id() == file.id()) {
            files.push(file);
        }
    }
    let change = |file: &&SourceFile| {
        let edits = proposal.written().iter().filter(|it| it.span.file == file.id());
        let replacements: Vec<Value> = edits
            .map(|it| json!({ "deletedRegion": region(file, it.span), "insertedContent": { "text": it.replacement } }))
            .collect();
        let location = json!({ "uri": uri(file.shown()), "uriBaseId": "%SRCROOT%" });
        json!({ "artifactLocation": location, "replacements": replacements })
    };
    let warnings = proposal.warnings();
    let look = if warnings.is_empty() { String::new() } else { format!("; look first: {}", warnings.join("; ")) };
    json!({
        "description": { "text": format!("fix {}{look}", finding.policy.id) },
        "artifactChanges": files.iter().map(change).collect::<Vec<_>>(),
    })
}

/// From where the value was written to where it decides.
fn code_flow(report: &Report, finding: &Finding) -> Value {
    let way = finding.related.iter().rev().chain(std::iter::once(&finding.primary));
    let steps: Vec<Value> = way.map(|label| json!({ "location": place(report, label) })).collect();
    json!([{ "threadFlows": [{ "locations": steps }] }])
}

fn suppression(report: &Report, suppressed: &Suppressed) -> Value {
    let kind = match suppressed.kind {
        SuppressedBy::Inline | SuppressedBy::Foreign => "inSource",
        SuppressedBy::Config | SuppressedBy::Baseline => "external",
    };
    let mut value = json!({ "kind": kind, "status": "accepted", "justification": suppressed.reason });
    if let (Some(span), Some(value)) = (suppressed.span, value.as_object_mut()) {
        value.insert("location".to_owned(), place(report, &Label { span, text: "".into() }));
    }
    value
}

fn notification(report: &Report, diagnostic: &Diagnostic) -> Value {
    let message = match &diagnostic.help {
        Some(help) => format!("{}; {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut value = json!({
        "descriptor": { "id": diagnostic.code.as_str() },
        "level": severity_word(diagnostic.severity),
        "message": { "text": message },
    });
    let location = match (diagnostic.span, &diagnostic.path) {
        (Some(span), _) => Some(place(report, &Label { span, text: "".into() })),
        (None, Some(path)) => Some(json!({ "physicalLocation": { "artifactLocation": { "uri": uri(path) } } })),
        (None, None) => None,
    };
    if let (Some(location), Some(value)) = (location, value.as_object_mut()) {
        value.insert("locations".to_owned(), json!([location]));
    }
    value
}

fn place(report: &Report, label: &Label) -> Value {
    let Some(file) = report.sources.get(label.span.file) else { return json!({}) };
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(file.shown()), "uriBaseId": "%SRCROOT%" },
            "region": region(file, label.span),
        },
    });
    if let (false, Some(location)) = (label.text.is_empty(), location.as_object_mut()) {
        location.insert("message".to_owned(), json!({ "text": &*label.text }));
    }
    location
}

fn region(file: &SourceFile, span: Span) -> Value {
    let (start, end) = (file.line_col(span.start), file.line_col(span.end));
    json!({
        "startLine": start.line,
        "startColumn": file.utf16_column(span.start),
        "endLine": end.line,
        "endColumn": file.utf16_column(span.end),
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// The number that GitHub turns back into the same four words.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
    }
}

/// A path as a relative URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::shared_findings;
    use super::write;

    fn document(report: &super::Report) -> Value {
        let mut out = Vec::new();
        write(&mut out, report).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn columns_are_utf16_units_and_paths_are_escaped() {
        let run = &document(&shared_findings::one_of_each())["runs"][0];
        let place = &run["results"][1]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "in%20fra/main.tf");
        assert_eq!(place["region"], json!({"startLine": 2, "startColumn": 10, "endLine": 2, "endColumn": 17}));
    }

    #[test]
    fn unknown_is_open_and_suppressed_results_keep_their_justification() {
        let run = &document(&shared_findings::one_of_each())["runs"][0];
        assert_eq!(run["results"][1]["kind"], "open");
        assert_eq!(run["results"][1]["level"], "none");
        assert_eq!(run["results"][2]["suppressions"][0]["justification"], "no ePHI | here");
        assert_eq!(run["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn each_policy_is_one_rule_and_results_name_it_by_index() {
        let run = &document(&shared_findings::one_of_each())["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(1));
        assert_eq!(run["results"][3]["ruleIndex"], 0);
        assert_eq!(run["tool"]["driver"]["rules"][0]["properties"]["security-severity"], "9.5");
    }

    #[test]
    fn a_diagnostic_of_a_path_has_a_location_and_makes_the_run_incomplete() {
        let run = &document(&shared_findings::one_of_each())["runs"][0];
        let told = &run["invocations"][0];
        assert_eq!(told["executionSuccessful"], false);
        let uri = &told["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(uri, "x.tf");
        assert_eq!(document(&shared_findings::nothing())["runs"][0]["results"], json!([]));
    }
}
