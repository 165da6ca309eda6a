//! Functions on arrays, and those that arrays share with texts and objects.

use std::sync::Arc;

use super::super::symbol;
use super::logic::same;
use super::{Call, Outcome, whole};
use crate::value::{Array, Number, Reason, Unknown, Value, ValueKind};

/// The most elements an array may grow to.
const MAX_ITEMS: usize = 100_000;

/// The longest text that is put together.
pub(super) const MAX_TEXT: usize = 1 << 20;

pub(super) fn array(call: &Call<'_>, arguments: &[Value]) -> Value {
    match arguments.first() {
        Some(value) if matches!(value.kind, ValueKind::Array(_)) => value.clone(),
        Some(value) if value.as_unknown().is_some() => call.unknown(arguments),
        _ => create_array(call, arguments),
    }
}

pub(super) fn create_array(call: &Call<'_>, arguments: &[Value]) -> Value {
    Value::array(arguments.to_vec(), call.span)
}

/// `concat(...)` of arrays or of texts; an unknown argument leaves what stands around it.
pub(super) fn concat(call: &Call<'_>, arguments: &[Value]) -> Value {
    if arguments.iter().any(|it| matches!(it.kind, ValueKind::Array(_))) {
        return concat_arrays(call, arguments);
    }
    if arguments.iter().any(|it| matches!(it.kind, ValueKind::Object(_))) {
        return call.fail("concat() joins texts or arrays, not objects");
    }
    if arguments.iter().all(|it| it.as_unknown().is_some()) && arguments.len() < 2 {
        return arguments.first().cloned().unwrap_or_else(|| call.known(""));
    }
    joined_text(call, arguments)
}

/// The arguments as one text.
pub(super) fn joined_text(call: &Call<'_>, parts: &[Value]) -> Value {
    if parts.iter().any(|it| it.as_unknown().is_some()) {
        return symbol::unknown_text(parts, call.span);
    }
    let mut text = String::new();
    for part in parts {
        text.push_str(&plain_text(part));
        if text.len() > MAX_TEXT {
            return bounded(call, "the length of a text");
        }
    }
    call.known(text)
}

/// A scalar as `concat` and `format` print it.
pub(super) fn plain_text(value: &Value) -> String {
    match &value.kind {
        ValueKind::String(text) => text.to_string(),
        ValueKind::Number(number) => number.to_string(),
        ValueKind::Bool(true) => "True".into(),
        ValueKind::Bool(false) => "False".into(),
        ValueKind::Null | ValueKind::Unknown(_) => String::new(),
        ValueKind::Array(_) | ValueKind::Object(_) => super::string::to_json(value),
    }
}

/// The result of reaching a bound.
pub(super) fn bounded(call: &Call<'_>, which: &str) -> Value {
    call.run.report(crate::diagnostic::Code::Bound, call.span, format!("{which} goes beyond what is evaluated"));
    call.known(Unknown::new(Reason::Bound(which.into())))
}

fn concat_arrays(call: &Call<'_>, arguments: &[Value]) -> Value {
    let mut all = Array::default();
    for argument in arguments {
        match &argument.kind {
            ValueKind::Array(array) => {
                all.items.extend(array.items.iter().cloned());
                if all.rest.is_none() {
                    all.rest.clone_from(&array.rest);
                }
            }
            ValueKind::Unknown(unknown) => {
                all.rest.get_or_insert_with(|| unknown.clone());
            }
            _ => return call.fail("concat() joins texts or arrays, not both"),
        }
        if all.items.len() > MAX_ITEMS {
            return bounded(call, "the length of an array");
        }
    }
    call.known(ValueKind::Array(Arc::new(all)))
}

pub(super) fn contains(call: &Call<'_>, arguments: &[Value]) -> Value {
    let [whole, part] = arguments else { return call.fail("contains() takes 2 arguments") };
    let found = match (&whole.kind, &part.kind) {
        (ValueKind::Array(array), _) => array_contains(array, part),
        (ValueKind::Object(object), ValueKind::String(key)) => match object.get_ignore_case(key) {
            Some(_) => Some(true),
            None => object.rest.is_none().then_some(false),
        },
        (ValueKind::String(text), ValueKind::String(part)) => Some(text.contains(&**part)),
        (ValueKind::Unknown(_), ValueKind::String(part)) => {
            let symbol = whole.as_unknown().and_then(|it| it.symbol.as_deref());
            let inside = symbol.is_some_and(|symbol| symbol::known_pieces(symbol).any(|it| it.contains(&**part)));
            inside.then_some(true)
        }
        (ValueKind::Unknown(_), _) | (_, ValueKind::Unknown(_)) => None,
        (ValueKind::String(text), ValueKind::Number(_)) => Some(text.contains(&plain_text(part))),
        _ => return call.fail("contains() looks for a key in an object, a text in a text, anything in an array"),
    };
    found.map_or_else(|| call.unknown(arguments), |found| call.known(found))
}

fn array_contains(array: &Array, part: &Value) -> Option<bool> {
    let mut known = array.rest.is_none();
    for item in &array.items {
        match same(item, part) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => known = false,
        }
    }
    known.then_some(false)
}

pub(super) fn empty(call: &Call<'_>, arguments: &[Value]) -> Value {
    let Some(value) = arguments.first() else { return call.fail("an argument is missing") };
    match is_empty(value) {
        Ok(Some(empty)) => call.known(empty),
        Ok(None) => call.unknown(arguments),
        Err(message) => call.fail(message),
    }
}

/// Whether a text, array or object has nothing in it; `None` when not known.
pub(super) fn is_empty(value: &Value) -> Result<Option<bool>, String> {
    Ok(match &value.kind {
        ValueKind::Null => Some(true),
        ValueKind::String(text) => Some(text.is_empty()),
        ValueKind::Array(array) => emptiness(array.items.len(), array.rest.is_some()),
        ValueKind::Object(object) => emptiness(object.entries.len(), object.rest.is_some()),
        ValueKind::Unknown(unknown) => {
            let known_text =
                unknown.symbol.as_deref().is_some_and(|it| symbol::known_pieces(it).any(|it| !it.is_empty()));
            known_text.then_some(false)
        }
        ValueKind::Bool(_) | ValueKind::Number(_) => return Err("empty() takes a text, an array or an object".into()),
    })
}

fn emptiness(known: usize, more: bool) -> Option<bool> {
    match (known, more) {
        (0, true) => None,
        (known, _) => Some(known == 0),
    }
}

pub(super) fn length(call: &Call<'_>, arguments: &[Value]) -> Value {
    let length = match arguments.first().map(|it| &it.kind) {
        Some(ValueKind::Array(array)) if array.rest.is_none() => array.items.len(),
        Some(ValueKind::Object(object)) if object.rest.is_none() => object.entries.len(),
        Some(ValueKind::String(text)) => text.encode_utf16().count(),
        Some(ValueKind::Array(_) | ValueKind::Object(_) | ValueKind::Unknown(_)) => return call.unknown(arguments),
        _ => return call.fail("length() takes a text, an array or an object"),
    };
    call.known(i64::try_from(length).unwrap_or(i64::MAX))
}

pub(super) fn first(call: &Call<'_>, arguments: &[Value]) -> Value {
    end(call, arguments, false)
}

pub(super) fn last(call: &Call<'_>, arguments: &[Value]) -> Value {
    end(call, arguments, true)
}

fn end(call: &Call<'_>, arguments: &[Value], last: bool) -> Value {
    match arguments.first().map(|it| &it.kind) {
        Some(ValueKind::Array(array)) => {
            // The last element of a symbol that was split is known although elements before it are not.
            let item = if last { array.items.last() } else { array.items.first() };
            match (item, &array.rest) {
                (_, Some(_)) => call.unknown(arguments),
                (Some(item), None) => item.clone(),
                (None, None) => call.known(ValueKind::Null),
            }
        }
        Some(ValueKind::String(text)) => {
            let letter = if last { text.chars().next_back() } else { text.chars().next() };
            call.known(letter.map(String::from).unwrap_or_default())
        }
        Some(ValueKind::Unknown(_)) => call.unknown(arguments),
        _ => call.fail(format!("{}() takes a text or an array", call.name)),
    }
}

pub(super) fn index_from_end(call: &Call<'_>, arguments: &[Value]) -> Value {
    match from_end(call, arguments) {
        Ok(found) => found,
        Err(message) => call.fail(message),
    }
}

pub(super) fn try_index_from_end(call: &Call<'_>, arguments: &[Value]) -> Value {
    from_end(call, arguments).unwrap_or_else(|_| call.known(ValueKind::Null))
}

fn from_end(call: &Call<'_>, arguments: &[Value]) -> Result<Value, String> {
    let Some(value) = arguments.first() else { return Err("an array is needed".into()) };
    match &value.kind {
        ValueKind::Unknown(_) => Ok(call.unknown(arguments)),
        ValueKind::Null => Err("null has no elements".into()),
        ValueKind::Array(array) if array.rest.is_some() => Ok(call.unknown(arguments)),
        ValueKind::Array(array) => {
            if arguments.get(1).is_some_and(|it| it.as_unknown().is_some()) {
                return Ok(call.unknown(arguments));
            }
            let back = usize::try_from(whole(arguments, 1)?).ok().filter(|back| *back > 0);
            let at = back.and_then(|back| array.items.len().checked_sub(back));
            at.and_then(|at| array.items.get(at)).cloned().ok_or_else(|| "there is no such element".into())
        }
        _ => Err("an array is needed".into()),
    }
}

pub(super) fn index_of(arguments: &[Value]) -> Outcome {
    position(arguments, false)
}

pub(super) fn last_index_of(arguments: &[Value]) -> Outcome {
    position(arguments, true)
}

/// Texts are searched whatever the case, arrays by equality; -1 when not found.
fn position(arguments: &[Value], last: bool) -> Outcome {
    let [whole, part] = arguments else { return Err("takes 2 arguments".into()) };
    let at = match (&whole.kind, &part.kind) {
        (ValueKind::String(text), ValueKind::String(part)) => {
            let (text, part) = (text.to_lowercase(), part.to_lowercase());
            let byte = if last { text.rfind(&part) } else { text.find(&part) };
            byte.and_then(|byte| text.get(..byte)).map(|before| before.encode_utf16().count())
        }
        (ValueKind::Array(array), _) => {
            let mut items = array.items.iter();
            let equal = |item: &Value| same(item, part) == Some(true);
            if last { items.rposition(equal) } else { items.position(equal) }
        }
        _ => return Err("searches a text in a text, or anything in an array".into()),
    };
    Ok(at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1).into())
}

pub(super) fn range(arguments: &[Value]) -> Outcome {
    let (start, count) = (whole(arguments, 0)?, whole(arguments, 1)?);
    if !(0..=10_000).contains(&count) {
        return Err(format!("{count} numbers; 0 to 10000 are allowed"));
    }
    let span = arguments.first().map(|it| it.span).ok_or("takes 2 arguments")?;
    let items = (0..count).map(|step| Value::new(Number::Int(start.saturating_add(step)), span)).collect();
    Ok(ValueKind::Array(Arc::new(Array { items, rest: None })))
}

pub(super) fn skip(call: &Call<'_>, arguments: &[Value]) -> Value {
    part(call, arguments, true)
}

pub(super) fn take(call: &Call<'_>, arguments: &[Value]) -> Value {
    part(call, arguments, false)
}

fn part(call: &Call<'_>, arguments: &[Value], skip: bool) -> Value {
    let [value, _] = arguments else { return call.unknown(arguments) };
    let Ok(count) = whole(arguments, 1) else {
        let known = arguments.iter().all(Value::is_wholly_known);
        return if known { call.fail("the count must be a whole number") } else { call.unknown(arguments) };
    };
    let count = usize::try_from(count).unwrap_or(0);
    match &value.kind {
        ValueKind::Array(array) if array.rest.is_none() => {
            let at = count.min(array.items.len());
            let (head, tail) = array.items.split_at(at);
            Value::array(if skip { tail.to_vec() } else { head.to_vec() }, call.span)
        }
        ValueKind::String(text) => {
            let letters = text.chars();
            call.known(if skip { letters.skip(count).collect::<String>() } else { letters.take(count).collect() })
        }
        ValueKind::Unknown(unknown) => {
            let prefix = unknown.prefix.as_deref().filter(|_| !skip).unwrap_or("");
            if count > 0 && prefix.chars().count() >= count {
                return call.known(prefix.chars().take(count).collect::<String>());
            }
            call.unknown(arguments)
        }
        ValueKind::Array(_) => call.unknown(arguments),
        _ => call.fail(format!("{}() takes a text or an array", call.name)),
    }
}

pub(super) fn flatten(call: &Call<'_>, arguments: &[Value]) -> Value {
    let Some(array) = arguments.first().and_then(Value::as_array) else {
        let unknown = arguments.first().is_some_and(|it| it.as_unknown().is_some());
        return if unknown { call.unknown(arguments) } else { call.fail("flatten() takes an array of arrays") };
    };
    let mut parts = array.items.clone();
    if let Some(rest) = &array.rest {
        parts.push(Value::new(ValueKind::Unknown(rest.clone()), call.span));
    }
    concat_arrays(call, &parts)
}
