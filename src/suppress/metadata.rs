//! Suppressions as data, for JSON that may hold no comments: `metadata.baalint` of a resource or of a whole template.
//!
//! In: a JSON text. Out: [`Comment`]s that reach the object whose `metadata` they are in; at the top, the file. Bicep writes the
//! same as `metadata baalint = { ignore: 'storage/plain-http', reason: '...' }`.

use super::inline::{Comment, Reach};
use crate::diagnostic::{Code, Diagnostic};
use crate::parse::json;
use crate::source::{SourceFile, Span};
use crate::value::{Object, Value, ValueKind};

/// Finds the entries of a JSON text.
pub(super) fn scan(file: &SourceFile) -> (Vec<Comment>, Vec<Diagnostic>) {
    let mut found = Found { file, comments: Vec::new(), diagnostics: Vec::new() };
    let is_json = file.path().extension().is_some_and(|it| it.eq_ignore_ascii_case("json"));
    if is_json && file.text().contains("\"baalint\"") {
        // What is wrong with the text itself is told by whoever reads it as an input.
        if let (Some(document), _) = json::parse(file.id(), file.text()) {
            found.value(&document.root, true);
        }
    }
    (found.comments, found.diagnostics)
}

struct Found<'f> {
    file: &'f SourceFile,
    comments: Vec<Comment>,
    diagnostics: Vec<Diagnostic>,
}

impl Found<'_> {
    fn value(&mut self, value: &Value, is_root: bool) {
        match &value.kind {
            ValueKind::Array(array) => array.items.iter().for_each(|item| self.value(item, false)),
            ValueKind::Object(object) => {
                let metadata = object.value("metadata").and_then(Value::as_object);
                if let Some(entries) = metadata.and_then(|it| it.value("baalint")) {
                    self.entries(entries, value.span, is_root);
                }
                object.entries.values().for_each(|entry| self.value(&entry.value, false));
            }
            _ => {}
        }
    }

    fn entries(&mut self, value: &Value, owner: Span, is_root: bool) {
        let reach = if is_root { Reach::File } else { self.lines(owner) };
        let one = std::slice::from_ref(value);
        for entry in value.as_array().map_or(one, |it| &it.items) {
            match entry
                .as_object()
                .ok_or("this suppression is not an object")
                .and_then(|it| read(it, entry.span, reach))
            {
                Ok(comment) => self.comments.push(comment),
                Err(message) => {
                    let help =
                        "write { \"ignore\": \"policy-id\", \"reason\": \"...\" }; `until` and `by` may be added";
                    let told = Diagnostic::error(Code::Suppression, entry.span, message).with_help(help);
                    self.diagnostics.push(told);
                }
            }
        }
    }

    fn lines(&self, span: Span) -> Reach {
        Reach::Lines(self.file.line_col(span.start).line, self.file.line_col(span.end).line)
    }
}

fn read(entry: &Object, span: Span, reach: Reach) -> Result<Comment, &'static str> {
    if entry.entries.keys().any(|key| !["ignore", "reason", "until", "by"].contains(&&**key)) {
        return Err("this suppression has a key that means nothing");
    }
    let ignored = entry.value("ignore").ok_or("this suppression does not say which policy it silences")?;
    let one = std::slice::from_ref(ignored);
    let names = ignored.as_array().map_or(one, |it| &it.items);
    let patterns: Option<Vec<_>> = names.iter().map(|it| Some((it.as_str()?.to_owned(), it.span))).collect();
    let patterns = patterns.filter(|it| !it.is_empty());
    let patterns = patterns.ok_or("this suppression does not say which policy it silences")?;
    let text = |key: &str| entry.value(key).and_then(Value::as_str).map(str::trim).filter(|it| !it.is_empty());
    let reason = text("reason").ok_or("this suppression does not say why: a reason is mandatory")?.to_owned();
    let until = entry.value("until").map(|it| (it.as_str().unwrap_or("until").to_owned(), it.span));
    let by = text("by").map(str::to_owned);
    Ok(Comment { patterns, until, by, reason, reach, span, foreign: false })
}
