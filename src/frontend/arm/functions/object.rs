//! Functions on objects, and set functions that objects share with arrays.

use std::sync::Arc;

use super::super::symbol;
use super::Call;
use super::logic::{same, text_order};
use crate::value::{Array, Entry, Object, Unknown, Value, ValueKind};

/// `createObject('key', value, ...)`
pub(super) fn create_object(call: &Call<'_>, arguments: &[Value]) -> Value {
    let mut object = Object::default();
    for pair in arguments.chunks(2) {
        let [key, value] = pair else { return call.fail("createObject() takes keys and values in turn") };
        match &key.kind {
            ValueKind::String(name) => object.insert(name.clone(), key.span, value.clone()),
            ValueKind::Unknown(_) => object.rest = rest_of(pair),
            _ => return call.fail("the key of a property must be a text"),
        }
    }
    Value::object(object, call.span)
}

/// What is known of entries that are not: why, and every reference in them; the symbol is that of the key.
pub(super) fn rest_of(parts: &[Value]) -> Option<Arc<Unknown>> {
    let key = parts.first().and_then(symbol::symbol_of).map(Into::into);
    let rest = symbol::unknown_of(parts, key, parts.first()?.span);
    rest.as_unknown().cloned()
}

/// `union(...)`: later objects win, nested objects are joined; arrays keep each element once.
pub(super) fn union(call: &Call<'_>, arguments: &[Value]) -> Value {
    let arrays = arguments.iter().any(|it| matches!(it.kind, ValueKind::Array(_)));
    let objects = arguments.iter().any(|it| matches!(it.kind, ValueKind::Object(_)));
    if arrays && objects {
        return call.fail("union() joins objects or arrays, not both");
    }
    if !arrays && !objects {
        let unknown = arguments.iter().any(|it| it.as_unknown().is_some());
        return if unknown { call.unknown(arguments) } else { call.fail("union() joins objects or arrays") };
    }
    if arrays {
        return union_of_arrays(call, arguments);
    }
    let mut all = Object::default();
    for argument in arguments {
        match &argument.kind {
            ValueKind::Object(object) => join_objects(&mut all, object, true),
            ValueKind::Unknown(unknown) => overlay_unknown(&mut all, unknown),
            ValueKind::Null => {}
            _ => return call.fail("union() joins objects or arrays, not both"),
        }
    }
    Value::object(all, call.span)
}

/// Entries of `from` win; with `deep`, nested objects are joined.
fn join_objects(into: &mut Object, from: &Object, deep: bool) {
    if let Some(rest) = &from.rest {
        overlay_unknown(into, rest);
    }
    for (key, entry) in &from.entries {
        let known = into.get_ignore_case(key).map(|(key, _)| key.clone());
        let existing = known.and_then(|key| into.entries.get_mut(&key));
        match (existing, &entry.value.kind) {
            (Some(Entry { value: Value { kind: ValueKind::Object(target), .. }, .. }), ValueKind::Object(source))
                if deep =>
            {
                join_objects(Arc::make_mut(target), source, deep);
            }
            // A null does not undo what an earlier object says.
            (Some(_), ValueKind::Null) if deep => {}
            (Some(existing), _) => *existing = entry.clone(),
            (None, _) => {
                into.entries.insert(key.clone(), entry.clone());
            }
        }
    }
}

/// An unknown object on top: every entry may be another one, and there may be more.
fn overlay_unknown(into: &mut Object, unknown: &Arc<Unknown>) {
    let clouded = Unknown { not_null: false, prefix: None, symbol: None, ..unknown.as_ref().clone() };
    for entry in into.entries.values_mut() {
        entry.value = Value::new(clouded.clone(), entry.value.span);
    }
    into.rest.get_or_insert_with(|| unknown.clone());
}

fn union_of_arrays(call: &Call<'_>, arguments: &[Value]) -> Value {
    let mut all = Array::default();
    for argument in arguments {
        match &argument.kind {
            ValueKind::Array(array) => {
                for item in &array.items {
                    if !all.items.iter().any(|known| same(known, item) == Some(true)) {
                        all.items.push(item.clone());
                    }
                }
                if all.rest.is_none() {
                    all.rest.clone_from(&array.rest);
                }
            }
            ValueKind::Unknown(unknown) => {
                all.rest.get_or_insert_with(|| unknown.clone());
            }
            ValueKind::Null => {}
            _ => return call.fail("union() joins objects or arrays, not both"),
        }
    }
    call.known(ValueKind::Array(Arc::new(all)))
}

/// `shallowMerge([a, b])`: later objects win, nested ones are replaced.
pub(super) fn shallow_merge(call: &Call<'_>, arguments: &[Value]) -> Value {
    let Some(array) = arguments.first().and_then(Value::as_array) else {
        let unknown = arguments.first().is_some_and(|it| it.as_unknown().is_some());
        return if unknown { call.unknown(arguments) } else { call.fail("shallowMerge() takes an array of objects") };
    };
    let mut all = Object::default();
    for item in &array.items {
        match &item.kind {
            ValueKind::Object(object) => join_objects(&mut all, object, false),
            ValueKind::Unknown(unknown) => overlay_unknown(&mut all, unknown),
            ValueKind::Null => {}
            _ => return call.fail("shallowMerge() takes an array of objects"),
        }
    }
    if let Some(rest) = &array.rest {
        overlay_unknown(&mut all, rest);
    }
    Value::object(all, call.span)
}

/// `intersection(...)`: what all arrays, or all objects, have.
pub(super) fn intersection(call: &Call<'_>, arguments: &[Value]) -> Value {
    if !arguments.iter().all(Value::is_wholly_known) {
        return call.unknown(arguments);
    }
    let Some((first, others)) = arguments.split_first() else { return call.unknown(arguments) };
    match &first.kind {
        ValueKind::Array(array) => {
            let everywhere = |item: &&Value| {
                others.iter().all(|other| {
                    let items = other.as_array().map_or(&[][..], |it| it.items.as_slice());
                    items.iter().any(|candidate| same(candidate, item) == Some(true))
                })
            };
            let mut kept: Vec<Value> = Vec::new();
            for item in array.items.iter().filter(everywhere) {
                if !kept.iter().any(|known| same(known, item) == Some(true)) {
                    kept.push(item.clone());
                }
            }
            Value::array(kept, call.span)
        }
        ValueKind::Object(object) => {
            let everywhere = |key: &str, value: &Value| {
                others.iter().all(|other| {
                    let found = other.as_object().and_then(|it| it.get(key));
                    found.is_some_and(|it| same(&it.value, value) == Some(true))
                })
            };
            let entries = object.entries.iter().filter(|(key, entry)| everywhere(key, &entry.value));
            let entries = entries.map(|(key, entry)| (key.clone(), entry.clone())).collect();
            Value::object(Object { entries, rest: None }, call.span)
        }
        _ => call.fail("intersection() takes objects or arrays"),
    }
}

/// `items(object)`: an array of `{ key, value }`, sorted by key.
pub(super) fn items(call: &Call<'_>, arguments: &[Value]) -> Value {
    let object = match arguments.first().map(|it| &it.kind) {
        Some(ValueKind::Object(object)) => object,
        Some(ValueKind::Unknown(_)) => return call.unknown(arguments),
        _ => return call.fail("items() takes an object"),
    };
    let mut entries: Vec<_> = object.entries.iter().collect();
    entries.sort_by(|(a, _), (b, _)| text_order(a, b));
    let pairs = entries.into_iter().map(|(key, entry)| {
        let mut pair = Object::default();
        pair.insert("key", entry.key_span, Value::new(key.clone(), entry.key_span));
        pair.insert("value", entry.key_span, entry.value.clone());
        Value::object(pair, entry.key_span.to(entry.value.span))
    });
    call.known(ValueKind::Array(Arc::new(Array { items: pairs.collect(), rest: object.rest.clone() })))
}

/// `objectKeys(object)`, sorted.
pub(super) fn keys(call: &Call<'_>, arguments: &[Value]) -> Value {
    let object = match arguments.first().map(|it| &it.kind) {
        Some(ValueKind::Object(object)) => object,
        Some(ValueKind::Unknown(_)) => return call.unknown(arguments),
        _ => return call.fail("objectKeys() takes an object"),
    };
    let mut keys: Vec<_> = object.entries.iter().collect();
    keys.sort_by(|(a, _), (b, _)| text_order(a, b));
    let items = keys.into_iter().map(|(key, entry)| Value::new(key.clone(), entry.key_span)).collect();
    call.known(ValueKind::Array(Arc::new(Array { items, rest: object.rest.clone() })))
}

/// `tryGet(value, key, ...)`: null where there is nothing.
pub(super) fn try_get(call: &Call<'_>, arguments: &[Value]) -> Value {
    let Some((value, keys)) = arguments.split_first() else { return call.fail("tryGet() takes a value and a key") };
    let mut value = value.clone();
    for key in keys {
        if value.is_null() {
            break;
        }
        value = match call.run.try_element(&value, key, call.span) {
            Ok(found) => found,
            Err(_) => call.known(ValueKind::Null),
        };
    }
    value.span = call.span;
    value
}
