//! Functions between values and encoded text: base64, JSON, YAML, CSV, URLs, text encodings.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::args::{Answer, Call};
use super::filesystem::read;
use super::{csv, json, yaml};
use crate::source::Span;
use crate::value::{Array, Object, Value, ValueKind};

/// The result, when the function is of this family.
pub(super) fn call(call: &Call<'_>) -> Option<Answer> {
    Some(match call.name {
        "base64encode" => call.text(0).map(|text| call.value(STANDARD.encode(text.as_bytes()))),
        "filebase64" => read(call, 0).map(|text| call.value(STANDARD.encode(text.as_bytes()))),
        "base64decode" => base64_decode(call),
        "textencodebase64" => text_encode(call),
        "textdecodebase64" => text_decode(call),
        "base64gzip" | "base64gunzip" => Ok(call.not_evaluated("compression")),
        "urlencode" => call.text(0).map(|text| call.value(url_encoded(&text))),
        "urldecode" => call.text(0).and_then(|text| match url_decoded(&text) {
            Some(decoded) => Ok(call.value(decoded)),
            None => Err(call.invalid("this is not URL encoded text")),
        }),
        "jsonencode" => json::encode(call),
        "jsondecode" => json::decode(call),
        "yamlencode" => yaml::encode(call),
        "yamldecode" => yaml::decode(call),
        "csvdecode" => csv::decode(call),
        _ => return None,
    })
}

fn decoded(call: &Call<'_>) -> Result<Vec<u8>, Value> {
    let text = call.text(0)?;
    STANDARD.decode(text.as_bytes()).map_err(|_| call.invalid("this is not base64"))
}

fn base64_decode(call: &Call<'_>) -> Answer {
    let text = String::from_utf8(decoded(call)?).map_err(|_| call.invalid("what is decoded is not UTF-8"))?;
    Ok(call.value(text))
}

fn text_encode(call: &Call<'_>) -> Answer {
    let (text, encoding) = (call.text(0)?, call.text(1)?);
    let bytes: Vec<u8> = match encoding.to_uppercase().as_str() {
        "UTF-8" => text.as_bytes().to_vec(),
        "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "UTF-16BE" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => return Err(call.not_evaluated(&format!("the encoding `{encoding}`"))),
    };
    Ok(call.value(STANDARD.encode(bytes)))
}

fn text_decode(call: &Call<'_>) -> Answer {
    let bytes = decoded(call)?;
    let encoding = call.text(1)?;
    let wide = |read: fn([u8; 2]) -> u16| {
        let units: Option<Vec<u16>> = bytes.chunks(2).map(|pair| <[u8; 2]>::try_from(pair).ok().map(read)).collect();
        units.and_then(|units| String::from_utf16(&units).ok())
    };
    let text = match encoding.to_uppercase().as_str() {
        "UTF-8" => String::from_utf8(bytes).ok(),
        "UTF-16LE" => wide(u16::from_le_bytes),
        "UTF-16BE" => wide(u16::from_be_bytes),
        _ => return Err(call.not_evaluated(&format!("the encoding `{encoding}`"))),
    };
    text.map(|text| call.value(text)).ok_or_else(|| call.invalid("this is not text of that encoding"))
}

fn url_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}

fn url_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = rest.get(2..)?;
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

/// What was read from a text inside the configuration: all of it at the place of the call.
pub(super) fn respan(value: &Value, span: Span) -> Value {
    let kind = match &value.kind {
        ValueKind::Array(array) => {
            let items = array.items.iter().map(|item| respan(item, span)).collect();
            ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() }))
        }
        ValueKind::Object(object) => {
            let mut moved = Object { rest: object.rest.clone(), ..Object::default() };
            for (key, entry) in &object.entries {
                moved.insert(key.clone(), span, respan(&entry.value, span));
            }
            ValueKind::Object(Arc::new(moved))
        }
        other => other.clone(),
    };
    Value::new(kind, span)
}
