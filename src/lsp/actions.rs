//! What the editor offers for a finding: to suppress it with a reason, and to open its policy.
//!
//! In: the report of a file and what is selected in it. Out: code actions of the protocol. Changes nothing by itself.

use serde_json::{Value, json};

use super::convert::uri;
use crate::finding::Finding;
use crate::report::Report;
use crate::source::{SourceFile, Span};

/// The command that shows a policy; its argument is the id.
pub(super) const OPEN_POLICY: &str = "baalint.openPolicy";

/// The actions for every finding that the selection touches.
pub(super) fn actions(report: &Report, file: &SourceFile, selected: Span) -> Value {
    let touches = |span: Span| span.file == selected.file && span.start <= selected.end && selected.start <= span.end;
    let found: Vec<&Finding> = report.open().filter(|it| touches(it.primary.span)).collect();
    let mut actions: Vec<Value> = found.iter().filter_map(|it| suppress(file, it)).collect();
    let mut ids: Vec<&str> = found.iter().map(|it| &*it.policy.id).collect();
    ids.sort_unstable();
    ids.dedup();
    actions.extend(ids.into_iter().map(open));
    actions.into()
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
