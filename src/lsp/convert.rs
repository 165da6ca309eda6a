//! Findings and diagnostics in the words of the protocol, and paths as URIs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::diagnostic::{self, Diagnostic};
use crate::finding::{Finding, Severity, Verdict};
use crate::report::Report;
use crate::source::{SourceFile, Span};

/// `file:///w/in%20fra/main.tf`
pub(super) fn uri(path: &Path) -> String {
    let path = path.to_string_lossy().replace('\\', "/");
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "file:///" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => {
                uri.push('%');
                let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase();
                uri.push(digit(byte >> 4));
                uri.push(digit(byte & 15));
            }
        }
    }
    uri
}

/// The path of a `file:` URI.
pub(super) fn path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest.get(rest.find('/')?..)?;
    let mut bytes = Vec::with_capacity(rest.len());
    let mut left = rest.bytes();
    while let Some(byte) = left.next() {
        if byte == b'%' {
            let mut digit = || char::from(left.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    // `/C:/x` is `C:/x`.
    let drive = text.get(2..3) == Some(":");
    Some(PathBuf::from(if drive { text.get(1..)? } else { &text }))
}

pub(super) fn range(file: &SourceFile, span: Span) -> Value {
    let position = |offset: u32| {
        json!({
            "line": file.line_col(offset).line.saturating_sub(1),
            "character": file.utf16_column(offset).saturating_sub(1),
        })
    };
    json!({ "start": position(span.start), "end": position(span.end) })
}

pub(super) fn of_finding(report: &Report, file: &SourceFile, finding: &Finding) -> Value {
    let severity = match (finding.verdict, finding.severity) {
        (Verdict::Unknown, _) => 4,
        (_, Severity::Critical | Severity::High) => 1,
        (_, Severity::Medium) => 2,
        (_, Severity::Low) => 3,
    };
    let cannot_tell = if finding.verdict == Verdict::Unknown { "cannot tell: " } else { "" };
    let label = &finding.primary.text;
    let why = if label.is_empty() { String::new() } else { format!("\n{label}") };
    let related: Vec<Value> = finding
        .related
        .iter()
        .filter_map(|label| {
            let file = report.sources.get(label.span.file)?;
            let location = json!({ "uri": uri(file.path()), "range": range(file, label.span) });
            Some(json!({ "location": location, "message": &*label.text }))
        })
        .collect();
    json!({
        "range": range(file, finding.primary.span),
        "severity": severity,
        "code": &*finding.policy.id,
        "source": "baalint",
        "message": format!("{cannot_tell}{}{why}", finding.message),
        "relatedInformation": related,
    })
}

pub(super) fn of_diagnostic(file: &SourceFile, span: Span, diagnostic: &Diagnostic) -> Value {
    let severity = match diagnostic.severity {
        diagnostic::Severity::Error => 1,
        diagnostic::Severity::Warning => 2,
        diagnostic::Severity::Note => 3,
    };
    let help = diagnostic.help.as_ref().map(|it| format!("\n{it}")).unwrap_or_default();
    json!({
        "range": range(file, span),
        "severity": severity,
        "code": diagnostic.code.as_str(),
        "source": "baalint",
        "message": format!("{}{help}", diagnostic.message),
    })
}

/// The policy's page with the way that the value came, in Markdown.
pub(super) fn page(report: &Report, finding: &Finding) -> String {
    let policy = &finding.policy;
    let mut lines = vec![format!("**{}** ({})", policy.title, finding.severity.as_str()), String::new()];
    lines.push(finding.primary.text.to_string());
    for label in &finding.related {
        let place = report.place(label.span);
        lines.push(format!("- {} at `{}:{}`", label.text, place.file, place.start.line));
    }
    lines.extend([String::new(), policy.why.clone(), String::new()]);
    for citation in &policy.citations {
        lines.push(format!("- HIPAA {} {} ({})", citation.id, citation.title, citation.status));
    }
    if let Some(fix) = finding.fix() {
        lines.extend([String::new(), "```".to_owned(), fix.into_owned(), "```".to_owned()]);
    }
    lines.extend([String::new(), format!("`{}`", policy.id)]);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{path, uri};

    #[test]
    fn paths_and_uris_go_there_and_back() {
        assert_eq!(uri(Path::new("/w/in fra/ä.tf")), "file:///w/in%20fra/%C3%A4.tf");
        assert_eq!(path("file:///w/in%20fra/%C3%A4.tf"), Some(PathBuf::from("/w/in fra/ä.tf")));
        assert_eq!(path("file:///C%3A/w/a.tf"), Some(PathBuf::from("C:/w/a.tf")));
        assert_eq!(path("untitled:1"), None);
        assert_eq!(path("file:///a%2"), None);
    }
}
