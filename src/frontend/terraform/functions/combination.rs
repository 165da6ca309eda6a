//! Functions of lists, sets and maps that make new ones of them.

use std::sync::Arc;

use super::args::{Answer, Call};
use super::collection::{position, set_of};
use crate::frontend::terraform::convert::{either, equal, unify};
use crate::frontend::terraform::operators::{self, always_set, key_text, why_unknown};
use crate::source::Span;
use crate::value::{Array, Object, Unknown, Value, ValueKind};

/// The most elements that a function makes.
const MAX_ELEMENTS: usize = 100_000;

/// The result, when the function is of this family.
pub(super) fn call(call: &Call<'_>) -> Option<Answer> {
    Some(match call.name {
        "chunklist" => chunk_list(call),
        "concat" => concat(call),
        "flatten" => flatten(call),
        "matchkeys" => match_keys(call),
        "merge" => merge(call),
        "reverse" => reverse(call),
        "setintersection" => set_intersection(call),
        "setproduct" => set_product(call),
        "setsubtract" => set_subtract(call),
        "setunion" => set_union(call),
        "sort" => sort(call),
        "transpose" => transpose(call),
        "zipmap" => zip_map(call),
        _ => return None,
    })
}

fn chunk_list(call: &Call<'_>) -> Answer {
    let (items, size) = (call.items(0)?, call.count(1)?);
    let size = if size == 0 { items.len().max(1) } else { size };
    Ok(call.array(items.chunks(size).map(|chunk| call.array(chunk.to_vec())).collect()))
}

fn concat(call: &Call<'_>) -> Answer {
    let mut joined = Array::default();
    for (place, arg) in call.args.iter().enumerate() {
        match &arg.kind {
            ValueKind::Array(array) => {
                joined.items.extend(array.items.iter().cloned());
                joined.rest.clone_from(&array.rest);
            }
            ValueKind::Unknown(why) => joined.rest = Some(why.clone()),
            _ => return Err(call.invalid("a list is required")),
        }
        if let Some(rest) = &joined.rest {
            // What follows has no known position; what it refers to is still referred to.
            let following: Vec<&Value> = call.args.iter().skip(place + 1).collect();
            joined.rest = Some(Arc::new(with_references(rest, &following)));
            break;
        }
    }
    Ok(call.open_array(joined.items, joined.rest))
}

/// The same unknown, with the references of further values.
fn with_references(unknown: &Unknown, values: &[&Value]) -> Unknown {
    let mut joined = unknown.clone();
    for value in values {
        value.for_each_reference(&mut |reference, _| {
            if !joined.references.contains(reference) {
                joined.references.push(reference.clone());
            }
        });
    }
    if joined.references.len() != unknown.references.len() {
        joined.prefix = None;
        joined.symbol = None;
    }
    joined
}

fn flatten(call: &Call<'_>) -> Answer {
    let mut flat = Array::default();
    flatten_into(call.list(0)?, &mut flat);
    if flat.items.len() > MAX_ELEMENTS {
        return Err(call.too_large("elements"));
    }
    Ok(call.open_array(flat.items, flat.rest))
}

fn flatten_into(array: &Array, flat: &mut Array) {
    for item in &array.items {
        if let Some(rest) = &flat.rest {
            flat.rest = Some(Arc::new(with_references(rest, &[item])));
            continue;
        }
        match &item.kind {
            ValueKind::Array(inner) => flatten_into(inner, flat),
            ValueKind::Unknown(why) if !is_text(why) => flat.rest = Some(why.clone()),
            _ => flat.items.push(item.clone()),
        }
    }
    if flat.rest.is_none() {
        flat.rest.clone_from(&array.rest);
    }
}

/// An unknown that is certain to be no list.
fn is_text(why: &Unknown) -> bool {
    let scalar = |attribute: &str| always_set(attribute.rsplit('.').next().unwrap_or(attribute));
    why.prefix.is_some()
        || why.symbol.as_ref().is_some_and(|symbol| !symbol.starts_with('{') || !symbol.ends_with('}'))
        || matches!(why.references.as_slice(), [only] if scalar(&only.attribute))
}

fn match_keys(call: &Call<'_>) -> Answer {
    let (values, keys, wanted) = (call.items(0)?, call.items(1)?, call.items(2)?);
    if values.len() != keys.len() {
        return Err(call.invalid("the lists have different lengths"));
    }
    let mut kept = Vec::new();
    for (value, key) in values.iter().zip(keys) {
        let mut doubt = false;
        let found = wanted.iter().any(|wanted| {
            let same = equal(wanted, key);
            doubt |= same.is_none();
            same == Some(true)
        });
        if found {
            kept.push(value.clone());
        } else if doubt {
            return Err(call.unknown());
        }
    }
    Ok(call.array(kept))
}

/// Later arguments win; after an unknown one, what came before may have been replaced.
fn merge(call: &Call<'_>) -> Answer {
    let mut merged = Object::default();
    for arg in call.args {
        let object = match &arg.kind {
            ValueKind::Null => continue,
            ValueKind::Object(object) => object,
            ValueKind::Unknown(why) => {
                doubt(&mut merged, why);
                continue;
            }
            _ => return Err(call.invalid("a map is required")),
        };
        if let Some(rest) = &object.rest {
            doubt(&mut merged, rest);
        }
        for (key, entry) in &object.entries {
            merged.entries.insert(key.clone(), entry.clone());
        }
    }
    Ok(Value::object(merged, call.span))
}

fn doubt(merged: &mut Object, why: &Arc<Unknown>) {
    for entry in merged.entries.values_mut() {
        let other = Value::new(Unknown { prefix: None, symbol: None, ..Unknown::clone(why) }, entry.value.span);
        entry.value = either(entry.value.clone(), other, why, entry.value.span);
    }
    merged.rest = Some(match &merged.rest {
        Some(before) => Arc::new(before.join(why)),
        None => why.clone(),
    });
}

fn reverse(call: &Call<'_>) -> Answer {
    Ok(call.array(call.items(0)?.iter().rev().cloned().collect()))
}

/// Strings in order of their bytes; when one is unknown, only how many there are is known.
fn sort(call: &Call<'_>) -> Answer {
    let items = call.items(0)?;
    if items.iter().any(|item| item.as_unknown().is_some()) {
        let why = call.why();
        return Ok(call.array(items.iter().map(|_| call.value(why.clone())).collect()));
    }
    let mut texts = items.iter().map(|item| Ok((call.text_of(item)?, item))).collect::<Result<Vec<_>, Value>>()?;
    texts.sort_by(|(a, _), (b, _)| a.cmp(b));
    let sorted = texts.into_iter().map(|(text, item)| Value { kind: text.into(), ..item.clone() });
    Ok(call.array(sorted.collect()))
}

/// The elements of a set, and why there may be more.
type OpenSet<'a> = (Vec<Value>, Option<&'a Arc<Unknown>>);

/// The lists of a function of sets, as sets, each with whether it may go on.
fn sets<'a>(call: &Call<'a>) -> Result<Vec<OpenSet<'a>>, Value> {
    let mut sets = Vec::with_capacity(call.args.len());
    let mut text = false;
    for position in 0..call.args.len() {
        let array = call.list(position)?;
        text |= array.items.iter().any(|item| item.as_str().is_some());
        sets.push((array.items.clone(), array.rest.as_ref()));
    }
    if text {
        unify(sets.iter_mut().flat_map(|(items, _)| items.iter_mut()).collect());
    }
    for (items, _) in &mut sets {
        *items = set_of(std::mem::take(items));
    }
    Ok(sets)
}

fn set_union(call: &Call<'_>) -> Answer {
    let sets = sets(call)?;
    let rest = sets.iter().find_map(|(_, rest)| rest.cloned());
    Ok(call.open_array(set_of(sets.into_iter().flat_map(|(items, _)| items).collect()), rest))
}

/// Whether an element is in a set, when that can be told.
fn within(set: &OpenSet<'_>, item: &Value) -> Option<bool> {
    let mut certain = set.1.is_none();
    for other in &set.0 {
        match equal(other, item) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => certain = false,
        }
    }
    certain.then_some(false)
}

fn set_intersection(call: &Call<'_>) -> Answer {
    let sets = sets(call)?;
    let Some(((items, rest), others)) = sets.split_first() else { return Err(call.invalid("a set is required")) };
    let mut open = rest.is_some();
    let mut kept = Vec::new();
    for item in items {
        let mut verdict = Some(true);
        for other in others {
            verdict = match (verdict, within(other, item)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), it) => it,
                (None, _) => None,
            };
        }
        match verdict {
            Some(true) => kept.push(item.clone()),
            Some(false) => {}
            None => open = true,
        }
    }
    Ok(call.open_array(kept, open.then(|| Arc::new(call.why()))))
}

fn set_subtract(call: &Call<'_>) -> Answer {
    let sets = sets(call)?;
    let [(items, rest), taken] = sets.as_slice() else { return Err(call.invalid("two sets are required")) };
    let mut open = rest.is_some();
    let mut kept = Vec::new();
    for item in items {
        match within(taken, item) {
            Some(true) => {}
            Some(false) => kept.push(item.clone()),
            None => open = true,
        }
    }
    Ok(call.open_array(kept, open.then(|| Arc::new(call.why()))))
}

fn set_product(call: &Call<'_>) -> Answer {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for position in 0..call.args.len() {
        let items = call.items(position)?;
        if rows.len().saturating_mul(items.len()) > MAX_ELEMENTS {
            return Err(call.too_large("elements"));
        }
        let longer = |row: &Vec<Value>, item: &Value| row.iter().chain([item]).cloned().collect();
        rows = rows.iter().flat_map(|row| items.iter().map(move |item| longer(row, item))).collect();
    }
    Ok(call.array(rows.into_iter().map(|row| call.array(row)).collect()))
}

/// Lists of strings by key to lists of keys by string.
fn transpose(call: &Call<'_>) -> Answer {
    let value = call.known(0)?;
    let object = call.object(0)?;
    let mut turned: Vec<(Arc<str>, Vec<Arc<str>>)> = Vec::new();
    for (key, entry) in &object.entries {
        for item in &call.list_of(&entry.value)?.items {
            let text = call.text_of(item)?;
            match turned.iter_mut().find(|(known, _)| *known == text) {
                Some((_, keys)) => keys.push(key.clone()),
                None => turned.push((text, vec![key.clone()])),
            }
        }
    }
    let mut out = Object::default();
    for (text, mut keys) in turned {
        keys.sort();
        keys.dedup();
        out.insert(text, value.span, call.text_array(keys));
    }
    Ok(Value::object(out, call.span))
}

/// Keys to values; an unknown key makes the map open, an unknown list of values makes unknown values.
fn zip_map(call: &Call<'_>) -> Answer {
    let keys = call.items(0)?;
    let values = call.arg(1)?;
    if let ValueKind::Array(array) = &values.kind
        && (array.items.len() > keys.len() || (array.rest.is_none() && array.items.len() < keys.len()))
    {
        return Err(call.invalid("there are not as many keys as values"));
    }
    let mut out = Object::default();
    for (at, key) in keys.iter().enumerate() {
        let value = operators::index(values, &Value::new(position(at), call.span), call.span);
        match key_text(key) {
            Some(name) => insert(&mut out, name, key.span, value),
            None if key.as_unknown().is_some() => doubt(&mut out, &Arc::new(why_unknown(&[key, &value]))),
            None => return Err(call.invalid("a key must be a string")),
        }
    }
    Ok(Value::object(out, call.span))
}

fn insert(object: &mut Object, key: Arc<str>, span: Span, value: Value) {
    object.insert(key, span, value);
}
