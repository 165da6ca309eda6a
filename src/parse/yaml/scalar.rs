//! What an unquoted YAML text is, by the core schema of YAML 1.2: `yes` and `on` are strings there.

use crate::value::{Number, ValueKind};

/// Reads an unquoted text.
pub(super) fn resolve(text: &str) -> ValueKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return ValueKind::Null,
        "true" | "True" | "TRUE" => return true.into(),
        "false" | "False" | "FALSE" => return false.into(),
        _ => {}
    }
    match text.bytes().next() {
        Some(b'0'..=b'9' | b'-' | b'+' | b'.') => number(text).map_or_else(|| text.into(), ValueKind::Number),
        _ => text.into(),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(octal) = text.strip_prefix("0o") {
        return i64::from_str_radix(octal, 8).ok().map(Number::Int);
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return i64::from_str_radix(hexadecimal, 16).ok().map(Number::Int);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        let infinity = if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY };
        return Some(Number::Float(infinity));
    }
    if unsigned.is_empty() || !is_decimal(unsigned) {
        return None;
    }
    text.parse().map(Number::Int).ok().or_else(|| text.parse().map(Number::Float).ok())
}

/// `[0-9]+`, `[0-9]+.[0-9]*`, `.[0-9]+`, each with an exponent or without.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let some = !whole.is_empty() || !fraction.is_empty();
    some && digits(whole) && digits(fraction) && exponent.is_none_or(|it| !it.is_empty() && digits(it))
}
