//! What the editor offers for a finding: to fix it, to suppress it with a reason, and to open its policy.
//!
//! In: the report of a file and what is selected in it. Out: code actions of the protocol. Changes nothing by itself.

use serde_json::{Value, json};

use super::convert::{range, uri};
use crate::finding::Finding;
use crate::model::Dialect;
use crate::parse::json;
use crate::report::Report;
use crate::source::{SourceFile, Span};
use crate::value::ValueKind;

/// The command that shows a policy; its argument is the id.
pub(super) const OPEN_POLICY: &str = "baalint.openPolicy";

/// The actions for every finding that the selection touches.
pub(super) fn actions(report: &Report, file: &SourceFile, selected: Span, fixes: Vec<Value>) -> Value {
    let found = selected_findings(report, selected);
    let mut actions = fixes;
    actions.extend(found.iter().filter_map(|it| suppress(report, file, it)));
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

/// A comment above the line; for what a JSON template declares, metadata of the resource.
fn suppress(report: &Report, file: &SourceFile, finding: &Finding) -> Option<Value> {
    let extension = |file: &SourceFile| file.path().extension().and_then(|it| it.to_str()).unwrap_or("").to_owned();
    if !finding.policy.suppressible {
        return None;
    }
    let (of, edits) = match extension(file).as_str() {
        "json" => {
            // A file of parameters may have decided; Terraform's JSON has no place for metadata.
            let of = report.sources.get(finding.resource.span.file).filter(|it| extension(it) == "json")?;
            let is_template = finding.resource.dialect == Dialect::Arm;
            (of, is_template.then(|| metadata(of, finding)).flatten()?)
        }
        "bicep" | "jsonc" => (file, vec![comment(file, finding, "//")]),
        _ => (file, vec![comment(file, finding, "#")]),
    };
    let edits: Vec<Value> =
        edits.into_iter().map(|(span, text)| json!({ "range": range(of, span), "newText": text })).collect();
    Some(json!({
        "title": format!("Suppress {} with a reason", finding.policy.id),
        "kind": "quickfix",
        "edit": { "changes": { uri(&std::path::absolute(of.path()).ok()?): edits } },
    }))
}

fn comment(file: &SourceFile, finding: &Finding, sign: &str) -> (Span, String) {
    let line = file.line_col(finding.primary.span.start).line.saturating_sub(1);
    let start = file.offset_of_utf16(line, 0);
    let before = Span::new(file.id(), start, finding.primary.span.start);
    let text =
        format!("{}{sign} baalint:ignore[{}] until=YYYY-MM-DD by=WHO: WHY\n", indent(file, before), finding.policy.id);
    (Span::new(file.id(), start, start), text)
}

/// An entry in the metadata of the resource, which is made where there is none.
fn metadata(file: &SourceFile, finding: &Finding) -> Option<Vec<(Span, String)>> {
    let (document, _) = json::parse(file.id(), file.text());
    let root = document?.root;
    let resource = innermost(&root, finding.resource.span)?;
    let id = &finding.policy.id;
    let entry = format!(r#"{{ "ignore": "{id}", "until": "YYYY-MM-DD", "by": "WHO", "reason": "WHY" }}"#);
    let Some(metadata) = resource.as_object()?.value("metadata") else {
        return Some(vec![first_in(file, resource, &format!(r#""metadata": {{ "baalint": {entry} }}"#))?]);
    };
    let Some(recorded) = metadata.as_object()?.value("baalint") else {
        return Some(vec![first_in(file, metadata, &format!(r#""baalint": {entry}"#))?]);
    };
    let at = |offset: u32| Span::new(file.id(), offset, offset);
    match &recorded.kind {
        ValueKind::Array(_) => Some(vec![first_in(file, recorded, &entry)?]),
        ValueKind::Object(_) => {
            Some(vec![(at(recorded.span.start), "[".to_owned()), (at(recorded.span.end), format!(", {entry}]"))])
        }
        _ => None,
    }
}

/// The smallest object that holds the whole span.
fn innermost(value: &crate::value::Value, span: Span) -> Option<&crate::value::Value> {
    let inside: Vec<&crate::value::Value> = match &value.kind {
        ValueKind::Array(array) => array.items.iter().collect(),
        ValueKind::Object(object) => object.entries.values().map(|entry| &entry.value).collect(),
        _ => return None,
    };
    let deeper = inside.into_iter().find(|it| it.span.contains(span)).and_then(|it| innermost(it, span));
    deeper.or_else(|| value.as_object().map(|_| value))
}

/// Text as the first of what an object or array holds, on a line of its own where the others are.
fn first_in(file: &SourceFile, container: &crate::value::Value, text: &str) -> Option<(Span, String)> {
    let after = container.span.start.checked_add(1)?;
    let inside = file.slice(Span::new(file.id(), after, container.span.end.checked_sub(1)?));
    let blank: String = inside.chars().take_while(|it| it.is_whitespace()).collect();
    let comma = if blank.len() == inside.len() { "" } else { "," };
    let text = match blank.rfind('\n') {
        Some(newline) => format!("\n{}{text}{comma}", blank.get(newline.saturating_add(1)..).unwrap_or("")),
        None => format!(" {text}{comma}"),
    };
    Some((Span::new(file.id(), after, after), text))
}

fn indent(file: &SourceFile, before: Span) -> String {
    file.slice(before).chars().take_while(|it| [' ', '\t'].contains(it)).collect()
}

fn open(id: &str) -> Value {
    let title = format!("Open policy {id}");
    json!({ "title": title, "command": { "title": title, "command": OPEN_POLICY, "arguments": [id] } })
}
