//! Logical and comparison functions, three-valued: `and(false, unknown)` is false, `if(unknown, a, a)` is `a`.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Call, Outcome};
use crate::source::Span;
use crate::value::{Entry, Number, Object, Unknown, Value, ValueKind};

use super::super::symbol;

/// `and(...)`: evaluates up to the first false.
pub(super) fn and(call: &Call<'_>) -> Value {
    junction(call, false)
}

/// `or(...)`: evaluates up to the first true.
pub(super) fn or(call: &Call<'_>) -> Value {
    junction(call, true)
}

/// Stops at `absorbing`; unknown when nothing absorbs and something is unknown.
fn junction(call: &Call<'_>, absorbing: bool) -> Value {
    let mut seen = Vec::new();
    let mut doubt = false;
    for argument in call.arguments {
        // What comes after an unknown operand is perhaps never evaluated.
        let value = call.run.in_doubt(doubt, || call.evaluate(argument));
        match truth(&value) {
            Ok(Some(found)) if found == absorbing => {
                let result = call.known(absorbing);
                return super::with_origin(result, &[value]);
            }
            Ok(found) => doubt |= found.is_none(),
            Err(message) => return call.fail(message),
        }
        seen.push(value);
    }
    let result = if doubt { call.unknown(&seen) } else { call.known(!absorbing) };
    super::with_origin(result, &seen)
}

pub(super) fn not(call: &Call<'_>, arguments: &[Value]) -> Value {
    let Some(argument) = arguments.first() else { return call.fail("an argument is missing") };
    match truth(argument) {
        Ok(Some(value)) => call.known(!value),
        Ok(None) => call.unknown(arguments),
        Err(message) => call.fail(message),
    }
}

/// `if(condition, then, else)`: evaluates only the branch that counts, or both and what they have in common.
pub(super) fn if_else(call: &Call<'_>) -> Value {
    let [condition, then, otherwise] = call.arguments else { return call.fail("if() takes 3 arguments") };
    let condition = call.evaluate(condition);
    match truth(&condition) {
        Ok(Some(value)) => {
            let result = call.evaluate(if value { then } else { otherwise });
            super::with_origin(result, &[condition])
        }
        Ok(None) => {
            let (then, otherwise) = call.run.in_doubt(true, || (call.evaluate(then), call.evaluate(otherwise)));
            let why = symbol::unknown_of(std::slice::from_ref(&condition), None, call.span);
            let mut result = merged(&then, &otherwise, &why, call.span);
            if let ValueKind::Unknown(unknown) = &mut result.kind {
                let parts = [condition, then, otherwise];
                Arc::make_mut(unknown).symbol = symbol::call_symbol("if", &parts);
            }
            result
        }
        Err(message) => call.fail(message),
    }
}

/// `coalesce(...)`: the first that is not null.
pub(super) fn coalesce(call: &Call<'_>) -> Value {
    let mut possible: Vec<Value> = Vec::new();
    for argument in call.arguments {
        let value = call.run.in_doubt(!possible.is_empty(), || call.evaluate(argument));
        match &value.kind {
            ValueKind::Null => {}
            ValueKind::Unknown(unknown) if !unknown.not_null => possible.push(value),
            _ if possible.is_empty() => return value,
            _ => {
                possible.push(value);
                break;
            }
        }
    }
    let Some((last, first)) = possible.split_last() else { return call.known(ValueKind::Null) };
    let Some(why) = first.first() else { return last.clone() };
    let not_null = !matches!(&last.kind, ValueKind::Unknown(it) if !it.not_null);
    let mut result = first.iter().rev().fold(last.clone(), |rest, it| merged(it, &rest, why, call.span));
    if let ValueKind::Unknown(unknown) = &mut result.kind {
        let unknown = Arc::make_mut(unknown);
        unknown.not_null = not_null;
        unknown.symbol = symbol::call_symbol("coalesce", &possible);
    }
    result
}

pub(super) fn equals(call: &Call<'_>, arguments: &[Value]) -> Value {
    let [a, b] = arguments else { return call.fail("equals() takes 2 arguments") };
    match same(a, b) {
        Some(same) => call.known(same),
        None => call.unknown(arguments),
    }
}

pub(super) fn bool(arguments: &[Value]) -> Outcome {
    match arguments.first().map(|it| &it.kind) {
        Some(ValueKind::Bool(value)) => Ok((*value).into()),
        Some(ValueKind::Number(number)) => Ok((*number != Number::Int(0)).into()),
        Some(ValueKind::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(true.into()),
            "false" | "0" => Ok(false.into()),
            _ => Err(format!("`{text}` is neither true nor false")),
        },
        _ => Err("a text, number or boolean is needed".into()),
    }
}

/// `less`, `greater` and the like: two numbers, or two texts.
pub(super) fn compare(arguments: &[Value], holds: fn(Ordering) -> bool) -> Outcome {
    let [a, b] = arguments else { return Err("takes 2 arguments".into()) };
    let order = match (&a.kind, &b.kind) {
        (ValueKind::Number(a), ValueKind::Number(b)) => a.partial_cmp(b),
        (ValueKind::String(a), ValueKind::String(b)) => Some(text_order(a, b)),
        _ => None,
    };
    order.map(|order| holds(order).into()).ok_or_else(|| "compares two numbers or two texts".to_owned())
}

/// Texts by letter first, small letters before capital ones, as invariant culture does.
pub(super) fn text_order(a: &str, b: &str) -> Ordering {
    let folded = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    folded(a).cmp(&folded(b)).then_with(|| b.cmp(a))
}

/// A boolean condition; `None` when not known. Texts that say true or false count.
pub(super) fn truth(value: &Value) -> Result<Option<bool>, String> {
    match &value.kind {
        ValueKind::Bool(value) => Ok(Some(*value)),
        ValueKind::Unknown(_) => Ok(None),
        ValueKind::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        ValueKind::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        _ => Err("a condition must be true or false".into()),
    }
}

/// Whether two values are equal; `None` when that depends on something unknown.
pub(in super::super) fn same(a: &Value, b: &Value) -> Option<bool> {
    match (&a.kind, &b.kind) {
        (ValueKind::Unknown(a), ValueKind::Unknown(b)) => (a.symbol.is_some() && a.symbol == b.symbol).then_some(true),
        (ValueKind::Unknown(unknown), other) | (other, ValueKind::Unknown(unknown)) => against(unknown, other),
        (ValueKind::Null, ValueKind::Null) => Some(true),
        (ValueKind::Bool(a), ValueKind::Bool(b)) => Some(a == b),
        (ValueKind::Number(a), ValueKind::Number(b)) => Some(a == b),
        (ValueKind::String(a), ValueKind::String(b)) => Some(a == b),
        (ValueKind::Array(a), ValueKind::Array(b)) => {
            let lengths = a.rest.is_none() && b.rest.is_none();
            if lengths && a.items.len() != b.items.len() {
                return Some(false);
            }
            let all = all_same(a.items.iter().zip(&b.items));
            if lengths || all == Some(false) { all } else { None }
        }
        (ValueKind::Object(a), ValueKind::Object(b)) => same_objects(a, b),
        _ => Some(false),
    }
}

fn same_objects(a: &Object, b: &Object) -> Option<bool> {
    let missing = |from: &Object, to: &Object| {
        to.rest.is_none() && from.entries.keys().any(|key| to.get_ignore_case(key).is_none())
    };
    if missing(a, b) || missing(b, a) {
        return Some(false);
    }
    let pairs = a.entries.iter().filter_map(|(key, entry)| Some((&entry.value, &b.get_ignore_case(key)?.1.value)));
    let all = all_same(pairs);
    if (a.rest.is_none() && b.rest.is_none()) || all == Some(false) { all } else { None }
}

fn all_same<'v>(pairs: impl Iterator<Item = (&'v Value, &'v Value)>) -> Option<bool> {
    let mut known = true;
    for (a, b) in pairs {
        match same(a, b) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

/// Whether something unknown is `other`, as far as its symbol tells.
fn against(unknown: &Unknown, other: &ValueKind) -> Option<bool> {
    match other {
        ValueKind::Null => unknown.not_null.then_some(false),
        ValueKind::String(text) => {
            let symbol = unknown.symbol.as_deref()?;
            if symbol == &**text {
                return Some(true);
            }
            // A placeholder of an id is written out in known texts too.
            let differs = !text.contains('{') && symbol::known_pieces(symbol).any(|piece| !text.contains(piece));
            differs.then_some(false)
        }
        _ => None,
    }
}

/// What two values have in common, when it is not known which of them counts.
pub(in super::super) fn merged(a: &Value, b: &Value, why: &Value, span: Span) -> Value {
    if same(a, b) == Some(true) {
        return a.clone();
    }
    let mut unknown = match &symbol::unknown_of(&[why.clone(), a.clone(), b.clone()], None, span).kind {
        ValueKind::Unknown(unknown) => unknown.as_ref().clone(),
        _ => return a.clone(),
    };
    if let (ValueKind::Object(a), ValueKind::Object(b)) = (&a.kind, &b.kind) {
        let mut object = Object::default();
        for (key, entry) in &a.entries {
            if let Some((_, other)) = b.get_ignore_case(key) {
                let value = merged(&entry.value, &other.value, why, entry.value.span);
                object.entries.insert(key.clone(), Entry { key_span: entry.key_span, value });
            }
        }
        let only = |from: &Object, to: &Object| from.entries.keys().any(|key| to.get_ignore_case(key).is_none());
        if only(a, b) || only(b, a) || a.rest.is_some() || b.rest.is_some() {
            object.rest = Some(Arc::new(unknown));
        }
        return Value::object(object, span);
    }
    let certain = |value: &Value| match &value.kind {
        ValueKind::Null => false,
        ValueKind::Unknown(unknown) => unknown.not_null,
        _ => true,
    };
    unknown.not_null = certain(a) && certain(b);
    Value::new(unknown, span)
}
