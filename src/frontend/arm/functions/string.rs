//! Functions on texts.

use std::fmt::Write as _;
use std::sync::Arc;

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::super::symbol;
use super::array::{MAX_TEXT, bounded, joined_text, plain_text};
use super::{Call, Outcome, text, whole};
use crate::parse::json;
use crate::value::{Array, Object, Value, ValueKind};

/// The namespace of the name-based UUIDs that `guid()` makes.
const GUID_NAMESPACE: u128 = 0x11fb_06fb_712d_4ddd_98c7_e71b_bd58_8830;

pub(super) fn base64(arguments: &[Value]) -> Outcome {
    Ok(STANDARD.encode(text(arguments, 0)?).into())
}

pub(super) fn base64_to_string(arguments: &[Value]) -> Outcome {
    let bytes = STANDARD.decode(text(arguments, 0)?).map_err(|_| "the argument is not base64")?;
    Ok(String::from_utf8(bytes).map_err(|_| "the decoded bytes are not a text")?.into())
}

pub(super) fn base64_to_json(arguments: &[Value]) -> Outcome {
    match base64_to_string(arguments)? {
        ValueKind::String(text) => parsed(&text, arguments),
        other => Ok(other),
    }
}

pub(super) fn data_uri(arguments: &[Value]) -> Outcome {
    Ok(format!("data:text/plain;charset=utf8;base64,{}", STANDARD.encode(text(arguments, 0)?)).into())
}

pub(super) fn data_uri_to_string(arguments: &[Value]) -> Outcome {
    let uri = text(arguments, 0)?.strip_prefix("data:").ok_or("the argument is not a data URI")?;
    let (head, data) = uri.split_once(',').ok_or("the argument is not a data URI")?;
    if !head.trim_end().ends_with(";base64") {
        return Ok(percent_decoded(data)?.into());
    }
    let bytes = STANDARD.decode(data.trim()).map_err(|_| "the data are not base64")?;
    Ok(String::from_utf8(bytes).map_err(|_| "the decoded bytes are not a text")?.into())
}

/// A name-based UUID (version 5) of the arguments joined by dashes.
pub(super) fn guid(call: &Call<'_>, arguments: &[Value]) -> Value {
    if !hashable(arguments) {
        return certain(call.unknown(arguments));
    }
    let texts: Vec<String> = arguments.iter().map(plain_text).collect();
    call.known(name_based(&texts.join("-")))
}

/// The subscription in an id is a placeholder, of which no hash can be made.
fn hashable(arguments: &[Value]) -> bool {
    arguments.iter().all(|it| it.is_wholly_known() && !it.as_str().is_some_and(|text| text.contains('{')))
}

fn certain(mut value: Value) -> Value {
    if let ValueKind::Unknown(unknown) = &mut value.kind {
        Arc::make_mut(unknown).not_null = true;
    }
    value
}

fn name_based(name: &str) -> String {
    let hash = Sha1::new().chain_update(GUID_NAMESPACE.to_be_bytes()).chain_update(name.as_bytes()).finalize();
    let head = hash.iter().take(16).fold(0u128, |bits, byte| (bits << 8) | u128::from(*byte));
    let version = (head & !(0xF << 76)) | (0x5 << 76);
    let variant = (version & !(0x3 << 62)) | (0x2 << 62);
    let hex = format!("{variant:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or("").to_owned();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// A hash of 13 letters that only Resource Manager computes; equal arguments give equal names.
pub(super) fn unique_string(call: &Call<'_>, arguments: &[Value]) -> Value {
    if arguments.iter().all(Value::is_wholly_known) {
        return call.at_deployment(arguments, true);
    }
    certain(call.unknown(arguments))
}

pub(super) fn json(arguments: &[Value]) -> Outcome {
    parsed(text(arguments, 0)?, arguments)
}

fn parsed(text: &str, arguments: &[Value]) -> Outcome {
    let span = arguments.first().map(|it| it.span).ok_or("an argument is missing")?;
    let (document, diagnostics) = json::parse(span.file, text);
    match (document, diagnostics.first()) {
        (Some(document), None) => Ok(respanned(&document.root, span).kind),
        (_, Some(diagnostic)) => Err(format!("the argument is not JSON: {}", diagnostic.message)),
        (None, None) => Err("the argument is not JSON".into()),
    }
}

/// A value read from a text that is itself a value: every part is decided by that text.
fn respanned(value: &Value, span: crate::source::Span) -> Value {
    let kind = match &value.kind {
        ValueKind::Array(array) => {
            let items = array.items.iter().map(|item| respanned(item, span)).collect();
            ValueKind::Array(Arc::new(Array { items, rest: None }))
        }
        ValueKind::Object(object) => {
            let mut copy = Object::default();
            for (key, entry) in &object.entries {
                copy.insert(key.clone(), span, respanned(&entry.value, span));
            }
            ValueKind::Object(Arc::new(copy))
        }
        other => other.clone(),
    };
    Value::new(kind, span)
}

/// `string(value)`: texts as they are, everything else as JSON.
pub(super) fn string(call: &Call<'_>, arguments: &[Value]) -> Value {
    let Some(value) = arguments.first() else { return call.fail("an argument is missing") };
    match &value.kind {
        ValueKind::String(_) => value.clone(),
        ValueKind::Null => call.known(""),
        ValueKind::Number(_) | ValueKind::Bool(_) => call.known(plain_text(value)),
        _ if value.is_wholly_known() => {
            let text = to_json(value);
            if text.len() > MAX_TEXT { bounded(call, "the length of a text") } else { call.known(text) }
        }
        _ => call.unknown(arguments),
    }
}

/// A value as compact JSON.
pub(super) fn to_json(value: &Value) -> String {
    let mut out = String::new();
    write_json(value, &mut out);
    out
}

fn write_json(value: &Value, out: &mut String) {
    // Whoever asks looks at the length; no more is written than is needed to see that it is too much.
    if out.len() > MAX_TEXT {
        return;
    }
    let quoted = |text: &str| serde_json::Value::String(text.to_owned()).to_string();
    match &value.kind {
        ValueKind::Null | ValueKind::Unknown(_) => out.push_str("null"),
        ValueKind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        ValueKind::Number(number) => out.push_str(&number.to_string()),
        ValueKind::String(text) => out.push_str(&quoted(text)),
        ValueKind::Array(array) => {
            out.push('[');
            for (index, item) in array.items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(item, out);
            }
            out.push(']');
        }
        ValueKind::Object(object) => {
            out.push('{');
            for (index, (key, entry)) in object.entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&quoted(key));
                out.push(':');
                write_json(&entry.value, out);
            }
            out.push('}');
        }
    }
}

pub(super) fn to_lower(arguments: &[Value]) -> Outcome {
    Ok(text(arguments, 0)?.to_lowercase().into())
}

pub(super) fn to_upper(arguments: &[Value]) -> Outcome {
    Ok(text(arguments, 0)?.to_uppercase().into())
}

pub(super) fn trim(arguments: &[Value]) -> Outcome {
    Ok(text(arguments, 0)?.trim().into())
}

pub(super) fn pad_left(arguments: &[Value]) -> Outcome {
    let text = match arguments.first().map(|it| &it.kind) {
        Some(ValueKind::String(text)) => text.to_string(),
        Some(ValueKind::Number(number)) => number.to_string(),
        _ => return Err("argument 1 must be a text or a number".into()),
    };
    let width = usize::try_from(whole(arguments, 1)?).map_err(|_| "the width must not be negative")?;
    if width > 1000 {
        return Err("the width is too large".into());
    }
    let filler = match arguments.get(2) {
        None => ' ',
        Some(filler) => {
            let mut letters = filler.as_str().unwrap_or("").chars();
            letters.next().filter(|_| letters.next().is_none()).ok_or("argument 3 must be one character")?
        }
    };
    let missing = width.saturating_sub(text.chars().count());
    Ok(std::iter::repeat_n(filler, missing)
        .collect::<String>()
        .as_str()
        .chars()
        .chain(text.chars())
        .collect::<String>()
        .into())
}

/// `startsWith(text, part)`, whatever the case.
pub(super) fn starts_with(call: &Call<'_>, arguments: &[Value]) -> Value {
    match arguments {
        [Value { kind: ValueKind::String(whole), .. }, Value { kind: ValueKind::String(part), .. }] => {
            call.known(whole.to_lowercase().starts_with(&part.to_lowercase()))
        }
        [Value { kind: ValueKind::Unknown(whole), .. }, Value { kind: ValueKind::String(part), .. }] => {
            let prefix = whole.prefix.as_deref().unwrap_or("").to_lowercase();
            let part = part.to_lowercase();
            let shared = prefix.chars().zip(part.chars()).all(|(a, b)| a == b);
            if !shared {
                call.known(false)
            } else if prefix.len() >= part.len() {
                call.known(true)
            } else {
                call.unknown(arguments)
            }
        }
        _ => texts_or_unknown(call, arguments),
    }
}

/// `endsWith(text, part)`, whatever the case.
pub(super) fn ends_with(call: &Call<'_>, arguments: &[Value]) -> Value {
    match arguments {
        [Value { kind: ValueKind::String(whole), .. }, Value { kind: ValueKind::String(part), .. }] => {
            call.known(whole.to_lowercase().ends_with(&part.to_lowercase()))
        }
        _ => texts_or_unknown(call, arguments),
    }
}

/// `replace(text, old, new)`
pub(super) fn replace(call: &Call<'_>, arguments: &[Value]) -> Value {
    let [Value { kind: ValueKind::String(whole), .. }, Value { kind: ValueKind::String(old), .. }, new] = arguments
    else {
        return texts_or_unknown(call, arguments);
    };
    let plain = whole.is_empty() || old.is_empty() || !whole.contains(&**old);
    match &new.kind {
        _ if plain => call.known(whole.clone()),
        ValueKind::String(new) => {
            let grown = whole.matches(&**old).count().saturating_mul(new.len()).saturating_add(whole.len());
            if grown > MAX_TEXT {
                return bounded(call, "the length of a text");
            }
            call.known(whole.replace(&**old, new))
        }
        ValueKind::Unknown(_) => {
            let pieces: Vec<&str> = whole.split(&**old).collect();
            let mut parts = Vec::new();
            for (index, piece) in pieces.into_iter().enumerate() {
                if index > 0 {
                    parts.push(new.clone());
                }
                parts.push(Value::new(piece, call.span));
            }
            symbol::unknown_text(&parts, call.span)
        }
        _ => call.fail("replace() takes texts"),
    }
}

/// `split(text, delimiter)`; of an unknown text what stands between delimiters that are known.
pub(super) fn split(call: &Call<'_>, arguments: &[Value]) -> Value {
    let [whole, delimiter] = arguments else { return call.fail("split() takes 2 arguments") };
    let Some(delimiters) = delimiters(delimiter) else { return texts_or_unknown(call, arguments) };
    match &whole.kind {
        ValueKind::String(text) => {
            let items = cut(text, &delimiters).into_iter().map(|part| Value::new(part, call.span)).collect();
            Value::array(items, call.span)
        }
        // Segments of an id: what is unknown in it holds no slash.
        ValueKind::Unknown(unknown) => match unknown.symbol.as_deref().filter(|_| delimiters == ["/"]) {
            Some(symbol) if symbol.contains('/') => {
                let parts = symbol.split('/').map(|part| symbol::text_or_unknown(part, whole, call.span));
                Value::array(parts.collect(), call.span)
            }
            _ => call.unknown(arguments),
        },
        ValueKind::Null => call.fail("split() takes a text, not null"),
        _ => call.fail("split() takes a text"),
    }
}

fn delimiters(value: &Value) -> Option<Vec<&str>> {
    match &value.kind {
        ValueKind::String(text) => Some(vec![text]),
        ValueKind::Array(array) if array.rest.is_none() => array.items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn cut<'t>(text: &'t str, delimiters: &[&str]) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let found =
            delimiters.iter().filter(|it| !it.is_empty()).filter_map(|it| Some((rest.find(it)?, it.len()))).min();
        let Some((at, length)) = found else { break };
        parts.push(rest.get(..at).unwrap_or(""));
        rest = rest.get(at + length..).unwrap_or("");
    }
    parts.push(rest);
    parts
}

/// `join(array, delimiter)`
pub(super) fn join(call: &Call<'_>, arguments: &[Value]) -> Value {
    let [list, Value { kind: ValueKind::String(delimiter), .. }] = arguments else {
        return texts_or_unknown(call, arguments);
    };
    let Some(array) = list.as_array().filter(|it| it.rest.is_none()) else {
        return texts_or_unknown(call, arguments);
    };
    let mut parts = Vec::new();
    for (index, item) in array.items.iter().enumerate() {
        if index > 0 {
            parts.push(Value::new(delimiter.clone(), call.span));
        }
        parts.push(item.clone());
    }
    joined_text(call, &parts)
}

/// `substring(text, start, [length])`
pub(super) fn substring(call: &Call<'_>, arguments: &[Value]) -> Value {
    if arguments.iter().skip(1).any(|it| it.as_unknown().is_some()) {
        return call.unknown(arguments);
    }
    let start = whole(arguments, 1).and_then(|it| usize::try_from(it).map_err(|_| "negative start".into()));
    let length = match arguments.get(2) {
        None => Ok(None),
        Some(_) => {
            whole(arguments, 2).and_then(|it| usize::try_from(it).map(Some).map_err(|_| "negative length".into()))
        }
    };
    let (start, length) = match (start, length) {
        (Ok(start), Ok(length)) => (start, length),
        (Err(message), _) | (_, Err(message)) => return call.fail(format!("substring(): {message}")),
    };
    match arguments.first().map(|it| &it.kind) {
        Some(ValueKind::String(text)) => {
            let letters: Vec<char> = text.chars().collect();
            let end = length.map_or(Some(letters.len()), |length| start.checked_add(length));
            match end.and_then(|end| letters.get(start..end)) {
                Some(part) => call.known(part.iter().collect::<String>()),
                None => call.fail("substring(): the part lies outside the text"),
            }
        }
        Some(ValueKind::Unknown(unknown)) => {
            let prefix = unknown.prefix.as_deref().unwrap_or("");
            let known =
                length.and_then(|length| start.checked_add(length)).filter(|end| *end <= prefix.chars().count());
            match (known, length) {
                (Some(_), Some(length)) => call.known(prefix.chars().skip(start).take(length).collect::<String>()),
                _ => call.unknown(arguments),
            }
        }
        _ => call.fail("substring() takes a text"),
    }
}

/// `uri(base, relative)`
pub(super) fn uri(call: &Call<'_>, arguments: &[Value]) -> Value {
    let [base, relative] = arguments else { return call.fail("uri() takes 2 arguments") };
    let Some(symbol) = symbol::symbol_of(base) else { return call.unknown(arguments) };
    let Some(relative_symbol) = symbol::symbol_of(relative) else { return call.unknown(arguments) };
    let joined = combined_uri(&symbol, &relative_symbol);
    if arguments.iter().all(Value::is_wholly_known) {
        call.known(joined)
    } else {
        symbol::with_symbol(arguments, Some(joined), call.span)
    }
}

/// A relative reference takes the place of what follows the base's last slash; a rooted one of the whole path.
fn combined_uri(base: &str, relative: &str) -> String {
    if relative.contains("://") {
        return relative.to_owned();
    }
    let authority = base.find("://").map_or(0, |at| at + 3);
    let path = base.get(authority..).and_then(|it| it.find('/')).map_or(base.len(), |at| authority + at);
    let kept = if relative.starts_with('/') {
        base.get(..path)
    } else if path == base.len() && base.ends_with('}') {
        // What an unknown base ends with is not known; where it is a directory, this is its content.
        Some(base)
    } else {
        base.get(..base.rfind('/').filter(|at| *at >= path).map_or(base.len(), |at| at + 1))
    };
    let kept = kept.unwrap_or(base);
    let slash = if kept.ends_with('/') || relative.starts_with('/') { "" } else { "/" };
    format!("{kept}{slash}{relative}")
}

pub(super) fn uri_component(arguments: &[Value]) -> Outcome {
    let mut encoded = String::new();
    for byte in text(arguments, 0)?.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            other => {
                let _ = write!(encoded, "%{other:02X}");
            }
        }
    }
    Ok(encoded.into())
}

pub(super) fn uri_component_to_string(arguments: &[Value]) -> Outcome {
    Ok(percent_decoded(text(arguments, 0)?)?.into())
}

fn percent_decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or(&[]);
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).map_err(|_| "the decoded bytes are not a text".to_owned())
}

fn texts_or_unknown(call: &Call<'_>, arguments: &[Value]) -> Value {
    if arguments.iter().all(Value::is_wholly_known) {
        call.fail(format!("{}() got an argument of the wrong kind", call.name))
    } else {
        call.unknown(arguments)
    }
}
