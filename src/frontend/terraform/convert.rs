//! Conversions between strings, numbers and booleans, and comparison of values, as Terraform does them.
//!
//! In: values. Out: values at the same place, or Unknown with the reason. Unknown stays unknown, and is told to be
//! not null and how its text starts where that is certain.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::source::Span;
use crate::value::{Array, Number, Object, Reason, Unknown, Value, ValueKind};

/// The value as a string.
pub(crate) fn to_string(value: &Value) -> Value {
    match &value.kind {
        ValueKind::Bool(it) => moved(value, if *it { "true" } else { "false" }),
        ValueKind::Number(number) => moved(value, number.to_string()),
        ValueKind::String(_) | ValueKind::Null | ValueKind::Unknown(_) => value.clone(),
        ValueKind::Array(_) | ValueKind::Object(_) => invalid("a string is required", value.span),
    }
}

/// The value as a number.
pub(crate) fn to_number(value: &Value) -> Value {
    match &value.kind {
        ValueKind::Number(_) | ValueKind::Null => value.clone(),
        ValueKind::Unknown(_) => without_prefix(value),
        ValueKind::String(text) => match parse_number(text) {
            Some(number) => moved(value, number),
            None => invalid("a number is required", value.span),
        },
        _ => invalid("a number is required", value.span),
    }
}

/// The value as a boolean.
pub(crate) fn to_bool(value: &Value) -> Value {
    match &value.kind {
        ValueKind::Bool(_) | ValueKind::Null => value.clone(),
        ValueKind::Unknown(_) => without_prefix(value),
        ValueKind::String(text) if matches!(&**text, "true" | "1") => moved(value, true),
        ValueKind::String(text) if matches!(&**text, "false" | "0") => moved(value, false),
        _ => invalid("a bool is required", value.span),
    }
}

/// The number that a text is, as Terraform reads it.
pub(crate) fn parse_number(text: &str) -> Option<Number> {
    if let Ok(int) = text.parse::<i64>() {
        return (!text.starts_with('+')).then_some(Number::Int(int));
    }
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    let starts = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let float: f64 = if plain && starts { text.parse().ok()? } else { return None };
    float.is_finite().then(|| Number::from_f64(float))
}

/// Makes the primitives among elements of one collection the same type: strings, when they differ.
pub(crate) fn unify(mut elements: Vec<&mut Value>) {
    let class = |value: &Value| match &value.kind {
        ValueKind::Bool(_) => Some(0),
        ValueKind::Number(_) => Some(1),
        ValueKind::String(_) => Some(2),
        _ => None,
    };
    let mut classes = elements.iter().filter_map(|value| class(value));
    let first = classes.next();
    if classes.all(|it| Some(it) == first) {
        return;
    }
    for value in &mut elements {
        if matches!(value.kind, ValueKind::Bool(_) | ValueKind::Number(_)) {
            **value = to_string(value);
        }
    }
}

/// The elements of a set: in Terraform's order, each once.
pub(crate) fn to_set(mut items: Vec<Value>) -> Vec<Value> {
    if items.iter().all(|item| rank(item).is_some()) {
        items.sort_by(|a, b| compare(a, b).unwrap_or(Ordering::Equal));
        items.dedup_by(|a, b| equal(a, b) == Some(true));
        return items;
    }
    let mut kept: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        if !kept.iter().any(|other| equal(other, &item) == Some(true)) {
            kept.push(item);
        }
    }
    kept
}

/// Members of a set that are certain, and why there may be more: an unknown one may be the same as another.
pub(crate) fn certain_members(items: Vec<Value>) -> (Vec<Value>, Option<Arc<Unknown>>) {
    if items.len() < 2 {
        return (items, None);
    }
    let (mut certain, mut doubtful): (Vec<Value>, Vec<Value>) = items.into_iter().partition(is_like_no_other);
    if certain.is_empty() && !doubtful.is_empty() {
        certain.push(doubtful.remove(0));
    }
    let rest = doubtful.iter().filter_map(Value::as_unknown).map(|it| Unknown::clone(it));
    (certain, rest.reduce(|joined, other| joined.join(&other)).map(Arc::new))
}

/// False for an unknown value that may be any: ids of resources differ from one another.
fn is_like_no_other(item: &Value) -> bool {
    item.as_unknown().is_none_or(|unknown| match unknown.references.as_slice() {
        [reference] => unknown.prefix.is_none() && reference.attribute.ends_with("id"),
        _ => false,
    })
}

fn rank(value: &Value) -> Option<u8> {
    match &value.kind {
        ValueKind::Bool(_) => Some(0),
        ValueKind::Number(_) => Some(1),
        ValueKind::String(_) => Some(2),
        _ => None,
    }
}

/// The order of two primitives in a set.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (&a.kind, &b.kind) {
        (ValueKind::Bool(a), ValueKind::Bool(b)) => Some(a.cmp(b)),
        (ValueKind::Number(a), ValueKind::Number(b)) => a.partial_cmp(b),
        (ValueKind::String(a), ValueKind::String(b)) => Some(a.cmp(b)),
        _ => Some(rank(a)?.cmp(&rank(b)?)),
    }
}

/// Whether two values are equal as `==` has it; `None` when an unknown part decides.
pub(crate) fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (&a.kind, &b.kind) {
        (ValueKind::Unknown(unknown), other) | (other, ValueKind::Unknown(unknown)) => differs(unknown, other),
        (ValueKind::Null, ValueKind::Null) => Some(true),
        (ValueKind::Bool(a), ValueKind::Bool(b)) => Some(a == b),
        (ValueKind::Number(a), ValueKind::Number(b)) => Some(a == b),
        (ValueKind::String(a), ValueKind::String(b)) => Some(a == b),
        (ValueKind::Array(a), ValueKind::Array(b)) => equal_arrays(a, b),
        (ValueKind::Object(a), ValueKind::Object(b)) => equal_objects(a, b),
        _ => Some(false),
    }
}

/// `Some(false)` when what is known of an unknown rules the other value out.
fn differs(unknown: &Unknown, other: &ValueKind) -> Option<bool> {
    let ruled_out = match other {
        ValueKind::Null => unknown.not_null,
        ValueKind::String(text) => unknown.prefix.as_ref().is_some_and(|prefix| !text.starts_with(&**prefix)),
        _ => false,
    };
    if ruled_out { Some(false) } else { None }
}

fn equal_arrays(a: &Array, b: &Array) -> Option<bool> {
    if a.rest.is_none() && b.rest.is_none() && a.items.len() != b.items.len() {
        return Some(false);
    }
    let longer = |a: &Array, b: &Array| a.rest.is_none() && b.items.len() > a.items.len();
    if longer(a, b) || longer(b, a) {
        return Some(false);
    }
    let open = a.rest.is_some() || b.rest.is_some();
    all(a.items.iter().zip(&b.items).map(|(a, b)| equal(a, b)), open)
}

fn equal_objects(a: &Object, b: &Object) -> Option<bool> {
    let lacks = |a: &Object, b: &Object| a.rest.is_none() && b.entries.keys().any(|key| a.get(key).is_none());
    if lacks(a, b) || lacks(b, a) {
        return Some(false);
    }
    let open = a.rest.is_some() || b.rest.is_some();
    let both = a.entries.iter().filter_map(|(key, entry)| Some((entry, b.get(key)?)));
    all(both.map(|(a, b)| equal(&a.value, &b.value)), open)
}

fn all(parts: impl Iterator<Item = Option<bool>>, open: bool) -> Option<bool> {
    let mut certain = !open;
    for part in parts {
        match part {
            Some(true) => {}
            Some(false) => return Some(false),
            None => certain = false,
        }
    }
    certain.then_some(true)
}

/// What is known when it cannot be told which of two values holds, because of `why`.
#[expect(clippy::needless_pass_by_value, reason = "callers hand over values that they made")]
pub(crate) fn either(a: Value, b: Value, why: &Unknown, span: Span) -> Value {
    if equal(&a, &b) == Some(true) {
        return a;
    }
    match (&a.kind, &b.kind) {
        (ValueKind::Object(x), ValueKind::Object(y)) => either_object(x, y, why, span),
        (ValueKind::Array(x), ValueKind::Array(y)) => either_array(x, y, why, span),
        _ => Value::new(either_unknown(&a, &b, why), span),
    }
}

fn either_unknown(a: &Value, b: &Value, why: &Unknown) -> Unknown {
    let mut joined = Unknown::new(why.reason.clone());
    for value in [a, b] {
        value.for_each_reference(&mut |reference, _| {
            if !joined.references.contains(reference) {
                joined.references.push(reference.clone());
            }
        });
    }
    joined.not_null = certainly_set(a) && certainly_set(b);
    joined.prefix = match (start(a), start(b)) {
        (Some(a), Some(b)) => common_start(a, b),
        _ => None,
    };
    joined
}

fn either_object(a: &Object, b: &Object, why: &Unknown, span: Span) -> Value {
    let mut merged = Object::default();
    for (key, entry) in &a.entries {
        if let Some(other) = b.get(key) {
            let value = either(entry.value.clone(), other.value.clone(), why, entry.value.span);
            merged.insert(key.clone(), entry.key_span, value);
        }
    }
    let whole = a.entries.len() == b.entries.len() && merged.entries.len() == a.entries.len();
    merged.rest = a.rest.clone().or_else(|| b.rest.clone());
    if !whole && merged.rest.is_none() {
        merged.rest = Some(Arc::new(Unknown::new(why.reason.clone())));
    }
    Value::object(merged, span)
}

fn either_array(a: &Array, b: &Array, why: &Unknown, span: Span) -> Value {
    let both = a.items.iter().zip(&b.items);
    let items: Vec<Value> = both.map(|(x, y)| either(x.clone(), y.clone(), why, x.span)).collect();
    let mut rest = a.rest.clone().or_else(|| b.rest.clone());
    if a.items.len() != b.items.len() && rest.is_none() {
        let longer = if a.items.len() > b.items.len() { a } else { b };
        let mut more = Unknown::new(why.reason.clone());
        for item in longer.items.iter().skip(items.len()) {
            item.for_each_reference(&mut |reference, _| more.references.push(reference.clone()));
        }
        rest = Some(Arc::new(more));
    }
    Value::new(ValueKind::Array(Arc::new(Array { items, rest })), span)
}

/// True when the value is certain not to be null.
pub(crate) fn certainly_set(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Null => false,
        ValueKind::Unknown(unknown) => unknown.not_null,
        _ => true,
    }
}

/// How the text of a string starts, as far as it is known.
fn start(value: &Value) -> Option<&str> {
    match &value.kind {
        ValueKind::String(text) => Some(text),
        ValueKind::Unknown(unknown) => unknown.prefix.as_deref(),
        _ => None,
    }
}

fn common_start(a: &str, b: &str) -> Option<Arc<str>> {
    let length: usize = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    a.get(..length).filter(|common| !common.is_empty()).map(Arc::from)
}

/// An error that Terraform would report, as a value.
pub(crate) fn invalid(why: impl Into<Arc<str>>, span: Span) -> Value {
    Value::unknown(Reason::Invalid(why.into()), span)
}

fn moved(value: &Value, kind: impl Into<ValueKind>) -> Value {
    Value { kind: kind.into(), span: value.span, origin: value.origin.clone() }
}

fn without_prefix(value: &Value) -> Value {
    match &value.kind {
        ValueKind::Unknown(unknown) if unknown.prefix.is_some() || unknown.symbol.is_some() => {
            moved(value, Unknown { prefix: None, symbol: None, ..Unknown::clone(unknown) })
        }
        _ => value.clone(),
    }
}
