//! Functions of lists, sets and maps that look into them. Elements keep their own place and origin.
//!
//! An unknown element spoils only what depends on it: lengths, positions before it and other keys stay known.

use std::sync::Arc;

use super::args::{Answer, Call};
use super::conversion::unify_all;
use crate::frontend::terraform::convert::{self, certainly_set, either, equal};
use crate::frontend::terraform::operators::{self, key_text, why_unknown};
use crate::value::{Number, Object, Unknown, Value, ValueKind};

/// The result, when the function is of this family.
pub(super) fn call(call: &Call<'_>) -> Option<Answer> {
    Some(match call.name {
        "alltrue" => all_true(call),
        "anytrue" => any_true(call),
        "coalesce" => coalesce(call),
        "coalescelist" => coalesce_list(call),
        "compact" => compact(call),
        "contains" => contains(call),
        "distinct" => distinct(call),
        "element" => element(call),
        "index" => index(call),
        "keys" => keys(call),
        "length" => length(call),
        "lookup" => lookup(call),
        "one" => one(call),
        "slice" => slice(call),
        "values" => values(call),
        _ => return None,
    })
}

/// The elements of a set: sorted when they are all known, each once.
pub(super) fn set_of(items: Vec<Value>) -> Vec<Value> {
    convert::to_set(items)
}

fn all_true(call: &Call<'_>) -> Answer {
    let array = call.list(0)?;
    let mut certain = array.rest.is_none();
    for item in &array.items {
        match convert::to_bool(item) {
            Value { kind: ValueKind::Bool(true), .. } => {}
            Value { kind: ValueKind::Bool(false) | ValueKind::Null, .. } => return Ok(call.value(false)),
            _ if item.as_unknown().is_some() => certain = false,
            _ => return Err(call.invalid("a list of booleans is required")),
        }
    }
    if certain { Ok(call.value(true)) } else { Err(call.unknown()) }
}

fn any_true(call: &Call<'_>) -> Answer {
    let array = call.list(0)?;
    let mut certain = array.rest.is_none();
    for item in &array.items {
        match convert::to_bool(item) {
            Value { kind: ValueKind::Bool(true), .. } => return Ok(call.value(true)),
            Value { kind: ValueKind::Bool(false) | ValueKind::Null, .. } => {}
            _ if item.as_unknown().is_some() => certain = false,
            _ => return Err(call.invalid("a list of booleans is required")),
        }
    }
    if certain { Ok(call.value(false)) } else { Err(call.unknown()) }
}

/// The first argument that is neither null nor an empty string.
fn coalesce(call: &Call<'_>) -> Answer {
    let mut doubtful: Vec<&Value> = Vec::new();
    for arg in call.args {
        if arg.is_null() || arg.as_str() == Some("") {
            continue;
        }
        let certain = certainly_set(arg) && arg.as_unknown().is_none_or(|why| is_text_that_is_set(why));
        doubtful.push(arg);
        if certain {
            break;
        }
    }
    // Same text in one collection: numbers beside strings become strings.
    let text = call.args.iter().any(|arg| arg.as_str().is_some());
    let shaped = |value: &Value| if text && !is_collection(value) { convert::to_string(value) } else { value.clone() };
    match doubtful.as_slice() {
        [] => Err(call.invalid("every argument is null or empty")),
        [only] => Ok(shaped(only)),
        [first, .., last] => {
            let why = first.as_unknown().map_or_else(|| call.why(), |why| Unknown::clone(why));
            let mut result = either(shaped(first), shaped(last), &why, call.span);
            if let ValueKind::Unknown(unknown) = &mut result.kind {
                let all = why_unknown(&doubtful);
                Arc::make_mut(unknown).references = all.references;
                Arc::make_mut(unknown).not_null = true;
            }
            Ok(result)
        }
    }
}

/// An unknown that is certain to be neither null nor empty.
fn is_text_that_is_set(why: &Unknown) -> bool {
    let always = |reference: &crate::value::Reference| operators::always_set(last_name(&reference.attribute));
    why.prefix.is_some() || (why.references.len() == 1 && why.references.iter().all(always))
}

fn last_name(attribute: &str) -> &str {
    attribute.rsplit('.').next().unwrap_or(attribute)
}

fn is_collection(value: &Value) -> bool {
    matches!(value.kind, ValueKind::Array(_) | ValueKind::Object(_))
}

/// The first list that is not empty.
fn coalesce_list(call: &Call<'_>) -> Answer {
    for arg in call.args {
        match &arg.kind {
            ValueKind::Array(array) if !array.items.is_empty() => return Ok(arg.clone()),
            ValueKind::Array(array) if array.rest.is_none() => {}
            ValueKind::Array(_) | ValueKind::Unknown(_) => return Err(call.unknown()),
            ValueKind::Object(object) if !object.entries.is_empty() => return Ok(arg.clone()),
            _ => return Err(call.invalid("a list is required")),
        }
    }
    Err(call.invalid("every list is empty"))
}

/// Without null and empty strings. What follows an unknown element has no known position.
fn compact(call: &Call<'_>) -> Answer {
    let array = call.list(0)?;
    let mut kept: Vec<Value> = Vec::with_capacity(array.items.len());
    let mut items = array.items.iter();
    while let Some(item) = items.next() {
        match convert::to_string(item).kind {
            ValueKind::Null => {}
            ValueKind::String(text) if text.is_empty() => {}
            ValueKind::String(_) => kept.push(convert::to_string(item)),
            ValueKind::Unknown(why) if item.as_unknown().is_some() => {
                if certainly_set(item) && is_text_that_is_set(&why) {
                    kept.push(item.clone());
                } else {
                    return Ok(call.open_array(kept, Some(rest_of(item, items.as_slice(), array.rest.as_ref()))));
                }
            }
            _ => return Err(call.invalid("a list of strings is required")),
        }
    }
    Ok(call.open_array(kept, array.rest.clone()))
}

/// Each element once. What follows an unknown element has no known position.
fn distinct(call: &Call<'_>) -> Answer {
    let array = call.list(0)?;
    let mut all = array.items.clone();
    unify_all(all.iter_mut().collect());
    let mut kept: Vec<Value> = Vec::with_capacity(all.len());
    let mut items = all.iter();
    while let Some(item) = items.next() {
        let mut doubt = false;
        let known = kept.iter().any(|other| {
            let same = equal(other, item).or_else(|| same_unknown(other, item).then_some(true));
            doubt |= same.is_none();
            same == Some(true)
        });
        if known {
            continue;
        }
        if doubt {
            return Ok(call.open_array(kept, Some(rest_of(item, items.as_slice(), array.rest.as_ref()))));
        }
        kept.push(item.clone());
    }
    Ok(call.open_array(kept, array.rest.clone()))
}

/// Two unknowns that are certain to have the same value.
fn same_unknown(a: &Value, b: &Value) -> bool {
    match (a.as_unknown(), b.as_unknown()) {
        (Some(a), Some(b)) => a.symbol.is_some() && a.symbol == b.symbol,
        _ => false,
    }
}

/// Why a list may go on: the element at hand and all that may follow.
fn rest_of(item: &Value, following: &[Value], rest: Option<&Arc<Unknown>>) -> Arc<Unknown> {
    let mut operands = vec![item];
    operands.extend(following);
    let joined = why_unknown(&operands);
    let joined = rest.map_or(joined.clone(), |rest| joined.join(rest));
    Arc::new(Unknown { not_null: false, ..joined })
}

fn contains(call: &Call<'_>) -> Answer {
    let array = call.list(0)?;
    let wanted = call.arg(1)?;
    if wanted.is_null() {
        return Err(call.invalid("an argument is null"));
    }
    let mut certain = array.rest.is_none();
    for item in &array.items {
        match equal(item, wanted) {
            Some(true) => return Ok(call.value(true)),
            Some(false) => {}
            None if same_unknown(item, wanted) => return Ok(call.value(true)),
            None => certain = false,
        }
    }
    if certain { Ok(call.value(false)) } else { Err(call.unknown()) }
}

/// Wraps around at the end of the list.
fn element(call: &Call<'_>) -> Answer {
    let (list, position) = (call.arg(0)?, call.arg(1)?);
    let (ValueKind::Array(array), Some(number)) = (&list.kind, convert::to_number(position).as_number()) else {
        if position.is_null() || list.is_null() {
            return Err(call.invalid("an argument is null"));
        }
        return Ok(operators::index(list, position, call.span));
    };
    let Some(position) = number.as_i64() else { return Err(call.invalid("a whole number is required")) };
    if let Some(item) = usize::try_from(position).ok().and_then(|position| array.items.get(position)) {
        return Ok(item.clone());
    }
    if array.rest.is_some() {
        return Err(call.unknown());
    }
    let count = i64::try_from(array.items.len()).unwrap_or(i64::MAX);
    let wrapped = position.checked_rem_euclid(count).and_then(|it| usize::try_from(it).ok());
    let found = wrapped.and_then(|position| array.items.get(position));
    found.cloned().ok_or_else(|| call.invalid("the list is empty"))
}

fn index(call: &Call<'_>) -> Answer {
    let array = call.list(0)?;
    let wanted = call.arg(1)?;
    for (position, item) in array.items.iter().enumerate() {
        match equal(item, wanted) {
            Some(true) => return Ok(call.value(i64::try_from(position).unwrap_or(i64::MAX))),
            Some(false) => {}
            None => return Err(call.unknown()),
        }
    }
    if array.rest.is_some() { Err(call.unknown()) } else { Err(call.invalid("the list has no such element")) }
}

fn sorted(object: &Object) -> Vec<(&Arc<str>, &crate::value::Entry)> {
    let mut entries: Vec<_> = object.entries.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

fn keys(call: &Call<'_>) -> Answer {
    let object = call.object(0)?;
    let keys = sorted(object).into_iter().map(|(key, entry)| Value::new(key.clone(), entry.key_span)).collect();
    Ok(call.open_array(keys, object.rest.clone()))
}

fn values(call: &Call<'_>) -> Answer {
    let object = call.object(0)?;
    let values = sorted(object).into_iter().map(|(_, entry)| entry.value.clone()).collect();
    Ok(call.open_array(values, object.rest.clone()))
}

fn length(call: &Call<'_>) -> Answer {
    let (count, open) = match &call.arg(0)?.kind {
        ValueKind::Array(array) => (array.items.len(), array.rest.is_some()),
        ValueKind::Object(object) => (object.entries.len(), object.rest.is_some()),
        ValueKind::Unknown(_) => return Err(call.unknown()),
        ValueKind::String(text) => (text.chars().count(), false),
        _ => return Err(call.invalid("a list, map or string is required")),
    };
    if open { Err(call.unknown()) } else { Ok(call.value(i64::try_from(count).unwrap_or(i64::MAX))) }
}

fn lookup(call: &Call<'_>) -> Answer {
    let (object, key) = (call.arg(0)?, call.arg(1)?);
    if key.as_unknown().is_some() {
        return Err(call.unknown());
    }
    let Some(name) = key_text(key) else { return Err(call.invalid("the key must be a string")) };
    let default = call.args.get(2);
    match (&object.kind, default) {
        (ValueKind::Object(entries), default) => match (entries.value(&name), default, &entries.rest) {
            (Some(value), ..) => Ok(value.clone()),
            (None, Some(default), None) => Ok(default.clone()),
            (None, None, None) => Err(call.invalid(&format!("there is no key `{name}`"))),
            (None, Some(default), Some(rest)) => {
                let found = operators::attribute(object, &name, call.span);
                Ok(either(found, default.clone(), rest, call.span))
            }
            (None, None, Some(_)) => Ok(operators::attribute(object, &name, call.span)),
        },
        (ValueKind::Unknown(why), Some(default)) => {
            Ok(either(operators::index(object, key, call.span), default.clone(), why, call.span))
        }
        (ValueKind::Unknown(_), None) => Ok(operators::index(object, key, call.span)),
        (ValueKind::Null, _) => Err(call.invalid("an argument is null")),
        _ => Err(call.invalid("a map is required")),
    }
}

fn one(call: &Call<'_>) -> Answer {
    let array = call.list(0)?;
    match (array.items.as_slice(), &array.rest) {
        ([], None) => Ok(call.value(ValueKind::Null)),
        ([], Some(rest)) => Ok(call.value(Unknown { not_null: false, ..Unknown::clone(rest) })),
        // More than one would be refused.
        ([only], _) => Ok(only.clone()),
        _ => Err(call.invalid("the list has more than one element")),
    }
}

fn slice(call: &Call<'_>) -> Answer {
    let array = call.list(0)?;
    let (from, to) = (call.count(1)?, call.count(2)?);
    match array.items.get(from..to) {
        Some(items) => Ok(call.array(items.to_vec())),
        None if array.rest.is_some() && from <= to => Err(call.unknown()),
        None => Err(call.invalid("the list does not reach so far")),
    }
}

/// A position as a value.
pub(super) fn position(at: usize) -> Number {
    Number::Int(i64::try_from(at).unwrap_or(i64::MAX))
}
