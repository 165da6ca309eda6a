//! `jsonencode` and `jsondecode`, and the JSON text of a value.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value as Json;

use super::args::{Answer, Call};
use crate::frontend::terraform::operators::MAX_STRING;
use crate::source::Span;
use crate::value::{Number, Object, Unknown, Value, ValueKind};

/// The deepest value that is written or read.
const MAX_DEPTH: usize = 100;

pub(super) fn encode(call: &Call<'_>) -> Answer {
    let value = call.arg(0)?;
    let mut out = String::new();
    match write(value, &mut out, 0) {
        Written::Whole if out.len() <= MAX_STRING => Ok(call.value(out)),
        Written::Whole | Written::TooLarge => Err(call.too_large("string length")),
        Written::UpToUnknown => {
            let prefix: Option<Arc<str>> = (!out.is_empty()).then(|| out.into());
            Err(call.value(Unknown { prefix, symbol: None, ..call.why() }))
        }
    }
}

pub(super) fn decode(call: &Call<'_>) -> Answer {
    let text = call.text(0)?;
    match serde_json::from_str::<Json>(&text) {
        Ok(json) => Ok(value_of(&json, call.span)),
        Err(problem) => Err(call.invalid(&format!("this is not JSON ({problem})"))),
    }
}

/// The value of a JSON text, all of it at one place.
pub(in crate::frontend::terraform) fn decoded(text: &str, span: Span) -> Option<Value> {
    let json = serde_json::from_str::<Json>(text).ok()?;
    Some(value_of(&json, span))
}

/// The JSON text of a wholly known value.
pub(super) fn encoded(value: &Value) -> Option<String> {
    let mut out = String::new();
    matches!(write(value, &mut out, 0), Written::Whole).then_some(out)
}

enum Written {
    Whole,
    UpToUnknown,
    TooLarge,
}

fn write(value: &Value, out: &mut String, depth: usize) -> Written {
    if depth > MAX_DEPTH || out.len() > MAX_STRING {
        return Written::TooLarge;
    }
    match &value.kind {
        ValueKind::Null => out.push_str("null"),
        ValueKind::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
        ValueKind::Number(number) => _ = write!(out, "{number}"),
        ValueKind::String(text) => quote(text, out),
        ValueKind::Unknown(_) => return Written::UpToUnknown,
        ValueKind::Array(array) => {
            out.push('[');
            for (at, item) in array.items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                match write(item, out, depth + 1) {
                    Written::Whole => {}
                    other => return other,
                }
            }
            if array.rest.is_some() {
                return Written::UpToUnknown;
            }
            out.push(']');
        }
        ValueKind::Object(object) => return write_object(object, out, depth),
    }
    Written::Whole
}

fn write_object(object: &Object, out: &mut String, depth: usize) -> Written {
    out.push('{');
    if object.rest.is_some() {
        // The first key is not known.
        return Written::UpToUnknown;
    }
    let mut entries: Vec<_> = object.entries.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    for (at, (key, entry)) in entries.into_iter().enumerate() {
        out.push_str(if at > 0 { "," } else { "" });
        quote(key, out);
        out.push(':');
        match write(&entry.value, out, depth + 1) {
            Written::Whole => {}
            other => return other,
        }
    }
    out.push('}');
    Written::Whole
}

/// Go escapes what could end a script element.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\u{0}'..='\u{1f}' => {
                _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// A JSON value, all of it at the place of the call.
fn value_of(json: &Json, span: Span) -> Value {
    match json {
        Json::Null => Value::new(ValueKind::Null, span),
        Json::Bool(it) => Value::new(*it, span),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Value::new(int, span),
            None => Value::new(Number::from_f64(number.as_f64().unwrap_or(f64::MAX)), span),
        },
        Json::String(text) => Value::new(text.as_str(), span),
        Json::Array(items) => Value::array(items.iter().map(|item| value_of(item, span)).collect(), span),
        Json::Object(entries) => {
            let mut object = Object::default();
            for (key, value) in entries {
                object.insert(key.as_str(), span, value_of(value, span));
            }
            Value::object(object, span)
        }
    }
}
