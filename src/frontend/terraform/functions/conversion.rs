//! Conversions between types, and the functions that change marks but not values.

use std::sync::Arc;

use super::args::{Answer, Call};
use super::collection::set_of;
use crate::frontend::terraform::convert::{self, unify};
use crate::value::{Array, Object, Value, ValueKind};

/// The result, when the function is of this family.
pub(super) fn call(call: &Call<'_>) -> Option<Answer> {
    Some(match call.name {
        "tostring" => primitive(call, convert::to_string),
        "tonumber" => primitive(call, convert::to_number),
        "tobool" => primitive(call, to_bool),
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

/// Only `"true"` and `"false"` are booleans, unlike in arguments.
fn to_bool(value: &Value) -> Value {
    convert::to_bool(value)
}

fn to_list(call: &Call<'_>) -> Answer {
    match &call.arg(0)?.kind {
        ValueKind::Null | ValueKind::Unknown(_) => call.arg(0).cloned(),
        ValueKind::Array(array) => {
            let mut items = array.items.clone();
            unify(items.iter_mut().collect());
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
            unify(items.iter_mut().collect());
            Ok(call.value(ValueKind::Array(Arc::new(Array { items: set_of(items), rest: array.rest.clone() }))))
        }
        _ => Err(call.invalid("a list is required")),
    }
}

fn to_map(call: &Call<'_>) -> Answer {
    match &call.arg(0)?.kind {
        ValueKind::Null | ValueKind::Unknown(_) => call.arg(0).cloned(),
        ValueKind::Object(object) => {
            let mut object = Object::clone(object);
            unify(object.entries.values_mut().map(|entry| &mut entry.value).collect());
            Ok(Value::object(object, call.span))
        }
        _ => Err(call.invalid("a map is required")),
    }
}
