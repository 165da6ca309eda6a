//! `yamlencode` in the style of Terraform (quoted strings, literal blocks for lines), and `yamldecode`.

use std::fmt::Write as _;
use std::sync::Arc;

use super::args::{Answer, Call};
use super::encoding::respan;
use crate::frontend::terraform::operators::MAX_STRING;
use crate::parse::yaml;
use crate::source::{FileId, Span};
use crate::value::{Array, Object, Unknown, Value, ValueKind};

/// The deepest value that is written.
const MAX_DEPTH: usize = 100;

pub(super) fn encode(call: &Call<'_>) -> Answer {
    let value = call.arg(0)?;
    if !value.is_wholly_known() {
        return Err(call.value(Unknown { symbol: None, ..call.why() }));
    }
    let mut out = String::new();
    if !write(value, 0, false, &mut out) {
        return Err(call.too_large("string length"));
    }
    Ok(call.value(out))
}

pub(super) fn decode(call: &Call<'_>) -> Answer {
    let text = call.text(0)?;
    let (documents, problems) = yaml::parse(FileId(u32::MAX), &text);
    match (documents.as_slice(), problems.is_empty()) {
        ([only], true) => Ok(respan(&older(&only.root, &text), call.span)),
        ([], true) => Err(call.invalid("there is no YAML document")),
        (_, true) => Err(call.invalid("only one YAML document is allowed")),
        (_, false) => Err(call.invalid("this is not YAML")),
    }
}

/// What YAML 1.1 reads differently in text without quotes: `yes` and the like, and dates.
fn older(value: &Value, source: &str) -> Value {
    let plain = |text: &str, span: Span| source.get(span.start as usize..span.end as usize) == Some(text);
    let kind = match &value.kind {
        ValueKind::String(text) if plain(text, value.span) => match (older_bool(text), is_date(text)) {
            (Some(it), _) => ValueKind::Bool(it),
            (None, true) => ValueKind::from(format!("{text}T00:00:00Z")),
            (None, false) => return value.clone(),
        },
        ValueKind::Array(array) => {
            let items = array.items.iter().map(|item| older(item, source)).collect();
            ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() }))
        }
        ValueKind::Object(object) => {
            let mut changed = Object { rest: object.rest.clone(), ..Object::default() };
            for (key, entry) in &object.entries {
                let word = older_bool(key).filter(|_| plain(key, entry.key_span));
                let key = word.map_or_else(|| key.clone(), |it| it.to_string().into());
                changed.insert(key, entry.key_span, older(&entry.value, source));
            }
            ValueKind::Object(Arc::new(changed))
        }
        _ => return value.clone(),
    };
    Value { kind, ..value.clone() }
}

fn older_bool(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
}

/// Writes a value and the end of its last line. `inline` is right after a dash.
fn write(value: &Value, indent: usize, inline: bool, out: &mut String) -> bool {
    if indent > MAX_DEPTH || out.len() > MAX_STRING {
        return false;
    }
    match &value.kind {
        ValueKind::Array(array) if !array.items.is_empty() => array.items.iter().enumerate().all(|(at, item)| {
            start_line(indent, inline && at == 0, out);
            out.push_str("- ");
            write(item, indent + 1, true, out)
        }),
        ValueKind::Object(object) if !object.entries.is_empty() => write_object(object, indent, inline, out),
        _ => {
            scalar(value, indent, out);
            out.push('\n');
            true
        }
    }
}

fn write_object(object: &Object, indent: usize, inline: bool, out: &mut String) -> bool {
    let mut entries: Vec<_> = object.entries.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries.into_iter().enumerate().all(|(at, (key, entry))| {
        start_line(indent, inline && at == 0, out);
        quote(key, out);
        out.push(':');
        match &entry.value.kind {
            ValueKind::Object(inner) if !inner.entries.is_empty() => {
                out.push('\n');
                write(&entry.value, indent + 1, false, out)
            }
            // The dashes of a list stand below its key.
            ValueKind::Array(inner) if !inner.items.is_empty() => {
                out.push('\n');
                write(&entry.value, indent, false, out)
            }
            _ => {
                out.push(' ');
                write(&entry.value, indent + 1, true, out)
            }
        }
    })
}

fn start_line(indent: usize, inline: bool, out: &mut String) {
    if !inline {
        out.push_str(&"  ".repeat(indent));
    }
}

fn scalar(value: &Value, indent: usize, out: &mut String) {
    match &value.kind {
        ValueKind::String(text) if is_block(text) => block(text, indent.max(1), out),
        ValueKind::String(text) => quote(text, out),
        ValueKind::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
        ValueKind::Number(number) => _ = write!(out, "{number}"),
        ValueKind::Array(_) => out.push_str("[]"),
        ValueKind::Object(_) => out.push_str("{}"),
        ValueKind::Null | ValueKind::Unknown(_) => out.push_str("null"),
    }
}

/// Text of several lines is written as lines, unless blanks before a line break would be lost.
fn is_block(text: &str) -> bool {
    let printable = |character: char| character == '\n' || !character.is_control();
    text.contains('\n') && !text.contains(" \n") && !text.ends_with(' ') && text.chars().all(printable)
}

fn block(text: &str, indent: usize, out: &mut String) {
    out.push('|');
    if text.starts_with([' ', '\n']) {
        out.push('2');
    }
    let body = text.strip_suffix('\n');
    out.push_str(match body {
        None => "-",
        Some(body) if body.is_empty() || body.ends_with('\n') => "+",
        Some(_) => "",
    });
    for line in body.unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&"  ".repeat(indent));
            out.push_str(line);
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            other if other.is_control() => _ = write!(out, "\\x{:02X}", u32::from(other)),
            other => out.push(other),
        }
    }
    out.push('"');
}
