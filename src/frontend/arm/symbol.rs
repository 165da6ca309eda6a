//! What is known of an unknown value: the reason, the references, and the symbol by which names and ids are matched.
//!
//! In: the parts that went into a value. Out: an unknown [`Value`] that stands for the result. A symbol is the text with
//! each unknown part in braces; inside braces there is no slash, so that a symbol splits into segments as an id does.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::source::Span;
use crate::value::{Reason, Unknown, Value, ValueKind};

/// Longer symbols are dropped: names and ids are short.
const MAX_SYMBOL: usize = 1000;

/// The text of a value in a symbol: known text as it is, unknown parts in braces. `None` when nothing identifies it.
pub(super) fn symbol_of(value: &Value) -> Option<String> {
    let mut text = String::new();
    write_symbol(value, &mut text).then_some(text)
}

/// The symbol of an unknown part: its description in braces.
pub(super) fn atom(description: &str) -> Option<Arc<str>> {
    if description.len() > MAX_SYMBOL {
        return None;
    }
    let flat = description.chars().map(|letter| match letter {
        '/' => '|',
        '{' => '(',
        '}' => ')',
        other => other,
    });
    Some(std::iter::once('{').chain(flat).chain(std::iter::once('}')).collect::<String>().into())
}

/// The symbol of a call: equal calls have equal symbols.
pub(super) fn call_symbol(name: &str, arguments: &[Value]) -> Option<Arc<str>> {
    let mut text = format!("{}(", name.to_ascii_lowercase());
    for (argument, index) in arguments.iter().zip(0..) {
        if index > 0 {
            text.push(',');
        }
        if !write_symbol(argument, &mut text) {
            return None;
        }
    }
    text.push(')');
    atom(&text)
}

/// An unknown result of these parts: the first reason, every reference.
pub(super) fn unknown_of(parts: &[Value], symbol: Option<Arc<str>>, span: Span) -> Value {
    let mut result: Option<Unknown> = None;
    for part in parts {
        each_unknown(part, &mut |unknown| match &mut result {
            None => {
                result = Some(Unknown { not_null: false, prefix: None, symbol: None, ..unknown.clone() });
            }
            Some(result) => join_references(result, unknown),
        });
    }
    // Nothing unknown went in: what is put together has a placeholder in it, the subscription of an id.
    let result = result.unwrap_or_else(|| Unknown::new(Reason::Runtime("subscription()".into())));
    Value::new(Unknown { symbol, ..result }, span)
}

/// An unknown string of these parts, one after the other.
pub(super) fn unknown_text(parts: &[Value], span: Span) -> Value {
    let mut symbol = Some(String::new());
    for part in parts {
        symbol = symbol.and_then(|mut text| write_symbol(part, &mut text).then_some(text));
    }
    with_symbol(parts, symbol, span)
}

/// An unknown string of these parts whose symbol is already put together.
pub(super) fn with_symbol(parts: &[Value], symbol: Option<String>, span: Span) -> Value {
    let symbol: Option<Arc<str>> = symbol.filter(|text| text.len() <= MAX_SYMBOL).map(Into::into);
    let mut value = unknown_of(parts, symbol.clone(), span);
    if let ValueKind::Unknown(unknown) = &mut value.kind {
        let unknown = Arc::make_mut(unknown);
        unknown.not_null = true;
        unknown.prefix = symbol.as_deref().and_then(prefix_of);
    }
    value
}

/// What a string of this symbol certainly starts with.
pub(super) fn prefix_of(symbol: &str) -> Option<Arc<str>> {
    let end = symbol.find('{').unwrap_or(symbol.len());
    symbol.get(..end).filter(|prefix| !prefix.is_empty()).map(Into::into)
}

/// The known pieces of a symbol, in order.
pub(super) fn known_pieces(symbol: &str) -> impl Iterator<Item = &str> {
    symbol.split('{').enumerate().filter_map(|(index, piece)| match index {
        0 => Some(piece),
        _ => piece.split_once('}').map(|(_, known)| known),
    })
}

/// A string of this symbol: known when no part is in braces, else unknown for the reason of `source`.
pub(super) fn text_or_unknown(symbol: &str, source: &Value, span: Span) -> Value {
    if symbol.contains('{') {
        with_symbol(std::slice::from_ref(source), Some(symbol.to_owned()), span)
    } else {
        Value::new(symbol, span)
    }
}

/// Calls `visit` for every unknown inside a value, depth first.
pub(super) fn each_unknown(value: &Value, visit: &mut dyn FnMut(&Unknown)) {
    match &value.kind {
        ValueKind::Unknown(unknown) => visit(unknown),
        ValueKind::Array(array) => {
            array.items.iter().for_each(|item| each_unknown(item, visit));
            array.rest.iter().for_each(|rest| visit(rest));
        }
        ValueKind::Object(object) => {
            object.entries.values().for_each(|entry| each_unknown(&entry.value, visit));
            object.rest.iter().for_each(|rest| visit(rest));
        }
        _ => {}
    }
}

/// Adds the references of `other`, each once.
pub(super) fn join_references(into: &mut Unknown, other: &Unknown) {
    for reference in &other.references {
        if !into.references.contains(reference) {
            into.references.push(reference.clone());
        }
    }
}

fn write_symbol(value: &Value, out: &mut String) -> bool {
    if out.len() > MAX_SYMBOL {
        return false;
    }
    match &value.kind {
        ValueKind::String(text) => out.push_str(text),
        ValueKind::Unknown(unknown) => match &unknown.symbol {
            Some(symbol) => out.push_str(symbol),
            None => return false,
        },
        ValueKind::Null => out.push_str("null"),
        ValueKind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        ValueKind::Number(number) => {
            let _ = write!(out, "{number}");
        }
        ValueKind::Array(array) => {
            out.push('[');
            for item in &array.items {
                if !write_symbol(item, out) {
                    return false;
                }
                out.push(',');
            }
            out.push(']');
            return array.rest.is_none();
        }
        ValueKind::Object(object) => {
            out.push('(');
            for (key, entry) in &object.entries {
                out.push_str(key);
                out.push(':');
                if !write_symbol(&entry.value, out) {
                    return false;
                }
                out.push(',');
            }
            out.push(')');
            return object.rest.is_none();
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn an_unknown_text_knows_its_head_its_pieces_and_its_equals() {
        let span = Span::new(FileId(0), 0, 0);
        let name = Unknown { symbol: atom("a/b"), ..Unknown::new(Reason::Variable("p".into())) };
        let parts = [Value::new("st-", span), Value::new(name, span), Value::new("-x", span)];
        let text = unknown_text(&parts, span);
        let unknown = text.as_unknown().unwrap();
        assert_eq!(unknown.symbol.as_deref(), Some("st-{a|b}-x"));
        assert_eq!(unknown.prefix.as_deref(), Some("st-"));
        assert_eq!(unknown.reason, Reason::Variable("p".into()));
        assert_eq!(known_pieces("st-{a|b}-x").collect::<Vec<_>>(), ["st-", "-x"]);
        assert_eq!(call_symbol("toLower", &parts[1..2]).as_deref(), Some("{tolower((a|b))}"));
        let anonymous = Value::unknown(Reason::NotMapped, span);
        assert_eq!(unknown_text(&[parts[0].clone(), anonymous], span).as_unknown().unwrap().symbol, None);
    }
}
