//! The named functions of mapping files, for what their vocabulary cannot say.
//!
//! In: an argument's value. Out: the property's value, or nothing when it counts as not written. Unknown stays unknown.

#![expect(clippy::unnecessary_wraps, reason = "all have one signature; some never say 'not written'")]

use std::sync::Arc;

use crate::frontend::terraform::functions::{date_time, json};
use crate::value::{Array, Number, Value, ValueKind};

/// Changes a value.
pub(super) type Function = fn(Value) -> Option<Value>;

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    let (_, function) = FUNCTIONS.iter().find(|(candidate, _)| *candidate == name)?;
    Some(*function)
}

const FUNCTIONS: &[(&str, Function)] = &[
    ("any", any),
    ("before_underscore", |value| text(value, |it| it.split('_').next().map(str::to_owned))),
    ("epoch_seconds", epoch_seconds),
    ("first", first),
    ("from_json", from_json),
    ("has_nfsv3", has_nfsv3),
    ("join_comma", |value| join(value, ", ")),
    ("join_plain_comma", |value| join(value, ",")),
    ("join_semicolon", |value| join(value, ";")),
    // What is no URL of a key still names one.
    ("key_name", |value| text(value, |url| key_part(url, 4).or_else(|| Some(url.to_owned())))),
    ("key_vault_uri", |value| text(value, vault_uri)),
    ("key_version", |value| text(value, |url| key_part(url, 5))),
    ("last_segment", |value| text(value, |id| id.trim_end_matches('/').rsplit('/').next().map(str::to_owned))),
    ("list", |value| Some(Value::array(vec![value.clone()], value.span))),
    ("lower", |value| text(value, |it| Some(it.to_lowercase()))),
    ("non_empty", non_empty),
    ("split_comma", split_comma),
    ("to_number", to_number),
    ("to_text", to_text),
    ("upper", |value| text(value, |it| Some(it.to_uppercase()))),
];

fn text(mut value: Value, change: impl Fn(&str) -> Option<String>) -> Option<Value> {
    if let ValueKind::String(known) = &value.kind {
        value.kind = ValueKind::from(change(known)?);
    }
    Some(value)
}

/// A point in time as Key Vault has it: seconds since 1970. What cannot be read as one is left as it is.
fn epoch_seconds(mut value: Value) -> Option<Value> {
    if let ValueKind::String(text) = &value.kind
        && let Some(seconds) = date_time::epoch_seconds(text)
    {
        value.kind = ValueKind::Number(Number::Int(seconds));
    }
    Some(value)
}

/// Whether a list of protocols has the one that a volume keeps a switch for.
fn has_nfsv3(mut value: Value) -> Option<Value> {
    let ValueKind::Array(array) = &value.kind else { return Some(value) };
    let named = array.items.iter().any(|item| item.as_str().is_some_and(|it| it.eq_ignore_ascii_case("NFSv3")));
    let unknown = array.items.iter().find_map(|item| match &item.kind {
        ValueKind::Unknown(why) => Some(why),
        _ => None,
    });
    value.kind = match array.rest.as_ref().or(unknown).filter(|_| !named) {
        Some(why) => ValueKind::Unknown(why.clone()),
        None => ValueKind::Bool(named),
    };
    Some(value)
}

/// What a JSON text says; what is none is left as it is.
fn from_json(value: Value) -> Option<Value> {
    let decoded = value.as_str().and_then(|text| json::decoded(text, value.span));
    Some(decoded.unwrap_or(value))
}

/// True for a list with elements, false for an empty one; a text counts as one element.
fn any(mut value: Value) -> Option<Value> {
    let some = match &value.kind {
        ValueKind::Array(array) => match (array.items.is_empty(), &array.rest) {
            (true, Some(rest)) => {
                value.kind = ValueKind::Unknown(rest.clone());
                return Some(value);
            }
            (empty, _) => !empty,
        },
        ValueKind::Unknown(_) => return Some(value),
        ValueKind::String(text) => !text.is_empty(),
        _ => true,
    };
    value.kind = ValueKind::Bool(some);
    Some(value)
}

/// The first element of a list.
fn first(value: Value) -> Option<Value> {
    match &value.kind {
        ValueKind::Array(array) => match (array.items.first(), &array.rest) {
            (Some(item), _) => Some(item.clone()),
            (None, Some(rest)) => Some(Value { kind: ValueKind::Unknown(rest.clone()), ..value.clone() }),
            (None, None) => None,
        },
        _ => Some(value),
    }
}

/// A list of texts as one text.
fn join(mut value: Value, by: &str) -> Option<Value> {
    if let ValueKind::Array(array) = &value.kind {
        let Array { items, rest } = array.as_ref();
        let unknown = items.iter().find_map(Value::as_unknown).or(rest.as_ref());
        value.kind = match unknown {
            Some(unknown) => ValueKind::Unknown(unknown.clone()),
            None => ValueKind::from(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(by)),
        };
    }
    Some(value)
}

/// A text as a list.
fn split_comma(mut value: Value) -> Option<Value> {
    if let ValueKind::String(text) = &value.kind {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let items = parts.map(|part| Value::new(part, value.span)).collect();
        value.kind = ValueKind::Array(Arc::new(Array { items, rest: None }));
    }
    Some(value)
}

/// An empty text counts as not written.
fn non_empty(value: Value) -> Option<Value> {
    if value.as_str() == Some("") { None } else { Some(value) }
}

fn to_number(mut value: Value) -> Option<Value> {
    if let ValueKind::String(text) = &value.kind {
        value.kind = ValueKind::Number(Number::from_f64(text.trim().parse().ok()?));
    }
    Some(value)
}

fn to_text(mut value: Value) -> Option<Value> {
    match value.kind {
        ValueKind::Number(number) => value.kind = ValueKind::from(number.to_string()),
        ValueKind::Bool(flag) => value.kind = ValueKind::from(flag.to_string()),
        _ => {}
    }
    Some(value)
}

/// `https://vault.vault.azure.net/keys/name/version` by `/`: the part at `index`.
fn key_part(url: &str, index: usize) -> Option<String> {
    url.split('/').nth(index).filter(|part| !part.is_empty()).map(str::to_owned)
}

fn vault_uri(url: &str) -> Option<String> {
    let host = url.strip_prefix("https://")?.split('/').next()?;
    Some(format!("https://{host}/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Span};

    #[test]
    fn names_are_sorted_and_key_urls_split() {
        assert!(FUNCTIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let url = "https://v.vault.azure.net/keys/k/1";
        let of = |name: &str| {
            let value = Value::new(url, Span::new(FileId(0), 0, 1));
            find(name).unwrap()(value).unwrap().as_str().map(str::to_owned)
        };
        assert_eq!(of("key_vault_uri").as_deref(), Some("https://v.vault.azure.net/"));
        assert_eq!(of("key_name").as_deref(), Some("k"));
        assert_eq!(of("key_version").as_deref(), Some("1"));
        assert_eq!(of("last_segment").as_deref(), Some("1"));
        let day = Value::new("2027-01-01T01:00:00+01:00", Span::new(FileId(0), 0, 1));
        assert_eq!(epoch_seconds(day).unwrap().kind, ValueKind::from(1_798_761_600_i64));
    }
}
