//! Texts that a tool fills in before the document is used: `{{ name }}` of a template engine, `${NAME}` of envsubst and Flux.
//!
//! In: a parsed document. Out: the same, every such text unknown, with how it starts and a symbol by which equal texts stay equal.
//! For documents that give the marks no meaning of their own: not for Pulumi programs, nor for Ansible.

use std::sync::Arc;

use crate::value::{Reason, Unknown, Value, ValueKind};

/// True for a text of which some value may be filled in.
pub(super) fn occur(text: &str) -> bool {
    text.contains("{{") || text.contains("${")
}

/// Makes what is filled in later unknown.
pub(super) fn unknown(value: &mut Value) {
    match &mut value.kind {
        ValueKind::String(text) => {
            if let Some((at, mark)) = first(text) {
                let mut why = Unknown::new(Reason::NotEvaluated(format!("the template text `{mark}`").into()));
                why.not_null = true;
                why.prefix = text.get(..at).filter(|head| !head.is_empty()).map(Arc::from);
                why.symbol = Some(symbol(text).into());
                value.kind = ValueKind::Unknown(Arc::new(why));
            }
        }
        ValueKind::Array(array) => Arc::make_mut(array).items.iter_mut().for_each(unknown),
        ValueKind::Object(object) => {
            for (key, entry) in &mut Arc::make_mut(object).entries {
                // Objects find each other by what is written here.
                if !matches!(&**key, "name" | "namespace" | "labels" | "matchLabels") {
                    unknown(&mut entry.value);
                }
            }
        }
        _ => {}
    }
}

/// Makes every text that holds an expression `${...}` unknown, whatever stands inside.
pub(super) fn expressions(value: &mut Value) {
    match &mut value.kind {
        ValueKind::String(text) if text.contains("${") => {
            let mut why = Unknown::new(Reason::NotEvaluated(format!("the expression `{text}`").into()));
            why.not_null = true;
            why.symbol = Some(text.replace(['$', '/'], "").into());
            value.kind = ValueKind::Unknown(Arc::new(why));
        }
        ValueKind::Array(array) => Arc::make_mut(array).items.iter_mut().for_each(expressions),
        ValueKind::Object(object) => {
            for (key, entry) in &mut Arc::make_mut(object).entries {
                if !matches!(&**key, "name" | "namespace" | "labels" | "matchLabels") {
                    expressions(&mut entry.value);
                }
            }
        }
        _ => {}
    }
}

/// Where the first placeholder of a text starts, and the placeholder.
fn first(text: &str) -> Option<(usize, &str)> {
    let engine = text.find("{{").and_then(|at| text.get(at..)?.find("}}").map(|length| (at, length.saturating_add(2))));
    let shell = text.match_indices("${").find_map(|(at, _)| {
        let inner = text.get(at.saturating_add(2)..)?;
        let length = inner.find('}')?;
        let name = inner.get(..length)?;
        let escaped = text.get(..at).is_some_and(|before| before.ends_with('$'));
        (!escaped && is_name(name)).then(|| (at, length.saturating_add(3)))
    });
    let (at, length) = [engine, shell].into_iter().flatten().min()?;
    text.get(at..at.saturating_add(length)).map(|mark| (at, mark))
}

/// `NAME`, and the default that may follow it.
fn is_name(text: &str) -> bool {
    let end = text.find(|it: char| !(it.is_ascii_alphanumeric() || matches!(it, '_' | '.'))).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_') && (rest.is_empty() || rest.starts_with(':'))
}

/// The text with its placeholders as unknown parts: in single braces, without a slash inside.
fn symbol(text: &str) -> String {
    let (mut symbol, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((at, mark)) = first(rest) {
        let (before, after) = rest.split_at(at);
        symbol.push_str(before);
        let name: String =
            mark.chars().filter(|it| !matches!(it, '{' | '}' | '$' | '/') && !it.is_whitespace()).collect();
        symbol.push('{');
        symbol.push_str(&name);
        symbol.push('}');
        rest = after.get(mark.len()..).unwrap_or("");
    }
    symbol.push_str(rest);
    symbol
}

#[cfg(test)]
mod tests {
    use super::unknown;
    use crate::source::{FileId, Span};
    use crate::value::Value;

    #[test]
    fn texts_that_are_filled_in_later_are_unknown() {
        let cases = [
            ("plain", None),
            ("a {{ b", None),
            ("$${NAME}", None),
            ("${file(x)}", None),
            ("{{ .Values.name }}", Some((None, "{.Values.name}"))),
            ("rec-${ENV}-{{ x }}", Some((Some("rec-"), "rec-{ENV}-{x}"))),
            ("https://${NAME:-x}.blob", Some((Some("https://"), "https://{NAME:-x}.blob"))),
        ];
        for (text, expected) in cases {
            let mut value = Value::new(text, Span::new(FileId(0), 0, 1));
            unknown(&mut value);
            let found = value.as_unknown().map(|it| (it.prefix.as_deref(), it.symbol.as_deref().unwrap_or("")));
            assert_eq!(found, expected, "{text}");
        }
    }
}
