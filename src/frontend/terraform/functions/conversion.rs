//! Conversions between types, and the functions that change marks but not values.

use std::sync::Arc;

use indexmap::IndexMap;

use super::args::{Answer, Call};
use super::collection::set_of;
use crate::frontend::terraform::convert;
use crate::value::{Object, Value, ValueKind};

/// The result, when the function is of this family.
pub(super) fn call(call: &Call<'_>) -> Option<Answer> {
    Some(match call.name {
        "tostring" => primitive(call, convert::to_string),
        "tonumber" => primitive(call, convert::to_number),
        "tobool" => primitive(call, convert::to_bool),
        "tolist" => to_list(call),
        "toset" => to_set(call),
        "tomap" => to_map(call),
        "sensitive" | "nonsensitive" | "ephemeralasnull" => call.arg(0).cloned(),
        "issensitive" => Ok(call.not_evaluated("whether a value is sensitive")),
        _ => return None,
    })
}

fn primitive(call: &Call<'_>, change: fn(&Value) -> Value) -> Answer {
    let value = call.arg(0)?;
    let changed = change(value);
    if changed.as_unknown().is_some() && value.as_unknown().is_none() {
        return Err(call.invalid("this value cannot be converted"));
    }
    Ok(changed)
}

fn to_list(call: &Call<'_>) -> Answer {
    match &call.arg(0)?.kind {
        ValueKind::Null | ValueKind::Unknown(_) => call.arg(0).cloned(),
        ValueKind::Array(array) => {
            let mut items = array.items.clone();
            if !unify_all(items.iter_mut().collect()) {
                return Err(call.invalid("the elements have no type in common"));
            }
            Ok(call.open_array(items, array.rest.clone()))
        }
        _ => Err(call.invalid("a list is required")),
    }
}

fn to_set(call: &Call<'_>) -> Answer {
    match &call.arg(0)?.kind {
        ValueKind::Null | ValueKind::Unknown(_) => call.arg(0).cloned(),
        ValueKind::Array(array) => {
            let mut items = array.items.clone();
            if !unify_all(items.iter_mut().collect()) {
                return Err(call.invalid("the elements have no type in common"));
            }
            let (items, rest) = convert::certain_members(set_of(items));
            Ok(call.open_array(items, array.rest.clone().or(rest)))
        }
        _ => Err(call.invalid("a list is required")),
    }
}

fn to_map(call: &Call<'_>) -> Answer {
    match &call.arg(0)?.kind {
        ValueKind::Null | ValueKind::Unknown(_) => call.arg(0).cloned(),
        ValueKind::Object(object) => {
            let mut object = Object::clone(object);
            if !unify_all(object.entries.values_mut().map(|entry| &mut entry.value).collect()) {
                return Err(call.invalid("the elements have no type in common"));
            }
            Ok(Value::object(object, call.span))
        }
        _ => Err(call.invalid("a map is required")),
    }
}

/// Gives the elements of one collection one type, however deep they are: what differs becomes strings. False when
/// there is no such type.
pub(super) fn unify_all(values: Vec<&mut Value>) -> bool {
    let (mut primitives, mut arrays, mut objects) = (Vec::new(), Vec::new(), Vec::new());
    for value in values {
        if matches!(value.kind, ValueKind::Bool(_) | ValueKind::Number(_) | ValueKind::String(_)) {
            primitives.push(value);
            continue;
        }
        match &mut value.kind {
            ValueKind::Array(array) => arrays.push(Arc::make_mut(array)),
            ValueKind::Object(object) => objects.push(Arc::make_mut(object)),
            _ => {}
        }
    }
    if !arrays.is_empty() {
        return primitives.is_empty()
            && objects.is_empty()
            && unify_all(arrays.into_iter().flat_map(|array| array.items.iter_mut()).collect());
    }
    if !objects.is_empty() {
        return primitives.is_empty() && unify_objects(objects);
    }
    let is_text = |value: &&mut Value| value.as_str().is_some();
    if primitives.iter().any(is_text) {
        for value in primitives {
            *value = convert::to_string(value);
        }
        return true;
    }
    let booleans = primitives.iter().filter(|value| value.as_bool().is_some()).count();
    booleans == 0 || booleans == primitives.len()
}

fn unify_objects(objects: Vec<&mut Object>) -> bool {
    let mut by_key: IndexMap<Arc<str>, Vec<&mut Value>> = IndexMap::new();
    for object in objects {
        for (key, entry) in &mut object.entries {
            by_key.entry(key.clone()).or_default().push(&mut entry.value);
        }
    }
    by_key.into_values().all(unify_all)
}
