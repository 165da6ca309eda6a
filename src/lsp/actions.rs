//! What the editor offers for a finding: to fix it, to suppress it with a reason, and to open its policy.
//!
//! In: the report of a file and what is selected in it. Out: code actions of the protocol. Changes nothing by itself.

use serde_json::{Value, json};

use super::convert::{range, uri};
use crate::finding::Finding;
use crate::report::Report;
use crate::source::{SourceFile, Span};

/// The command that shows a policy; its argument is the id.
pub(super) const OPEN_POLICY: &str = "baalint.openPolicy";

/// The actions for every finding that the selection touches.
pub(super) fn actions(report: &Report, file: &SourceFile, selected: Span, fixes: Vec<Value>) -> Value {
    let found = selected_findings(report, selected);
    let mut actions = fixes;
    actions.extend(found.iter().filter_map(|it| suppress(file, it)));
    let mut ids: Vec<&str> = found.iter().map(|it| &*it.policy.id).collect();
    ids.sort_unstable();
    ids.dedup();
    actions.extend(ids.into_iter().map(open));
    actions.into()
}

/// What the selection touches.
pub(super) fn selected_findings(report: &Report, selected: Span) -> Vec<&Finding> {
    let touches = |span: Span| span.file == selected.file && span.start <= selected.end && selected.start <= span.end;
    report.open().filter(|it| touches(it.primary.span)).collect()
}

/// The edit of a finding, by file; nothing when a file is not known.
pub(super) fn fix(report: &Report, finding: &Finding) -> Option<Value> {
    let proposal = finding.edits()?;
    let mut changes = serde_json::Map::new();
    for edit in proposal.written() {
        let file = report.sources.get(edit.span.file)?;
        let edits = changes.entry(uri(&std::path::absolute(file.path()).ok()?)).or_insert_with(|| json!([]));
        edits.as_array_mut()?.push(json!({ "range": range(file, edit.span), "newText": edit.replacement }));
    }
    let warnings = proposal.warnings();
    let look = if warnings.is_empty() { String::new() } else { format!(" (look first: {})", warnings.join("; ")) };
    Some(json!({
        "title": format!("Fix {}{look}", finding.policy.id),
        "kind": "quickfix",
        "isPreferred": proposal.is_safe(),
        "edit": { "changes": changes },
    }))
}

/// A comment above the line; JSON has no comments, so there it is nothing.
fn suppress(file: &SourceFile, finding: &Finding) -> Option<Value> {
    let sign = match file.path().extension().and_then(|it| it.to_str()) {
        _ if !finding.policy.suppressible => return None,
        Some("json") => return None,
        Some("bicep" | "jsonc") => "//",
        _ => "#",
    };
    let line = file.line_col(finding.primary.span.start).line.saturating_sub(1);
    let start = file.offset_of_utf16(line, 0);
    let text = file.slice(Span::new(file.id(), start, finding.primary.span.start));
    let indent: String = text.chars().take_while(|it| [' ', '\t'].contains(it)).collect();
    let id = &finding.policy.id;
    let edit = json!({
        "range": { "start": { "line": line, "character": 0 }, "end": { "line": line, "character": 0 } },
        "newText": format!("{indent}{sign} baalint:ignore[{id}] until=YYYY-MM-DD by=WHO: WHY\n"),
    });
    Some(json!({
        "title": format!("Suppress {id} with a reason"),
        "kind": "quickfix",
        "edit": { "changes": { uri(file.path()): [edit] } },
    }))
}

fn open(id: &str) -> Value {
    let title = format!("Open policy {id}");
    json!({ "title": title, "command": { "title": title, "command": OPEN_POLICY, "arguments": [id] } })
}
