//! Functions that can tell something although an argument is unknown.
//!
//! In: values. Out: a result where it is decided all the same; otherwise nothing, and the call is unknown.

use std::sync::Arc;

use super::super::operators::{Actual, apply, same, scalar_text, starts_with_fold};
use super::addresses::not_any_address;
use super::{LONGEST, array};
use crate::policy::Operator;
use crate::policy::builtin::Function;
use crate::truth::Truth;
use crate::value::{Array, Object, Unknown, Value, ValueKind};

/// The functions that can tell something although an argument is unknown.
pub(super) fn partly_known(function: Function, arguments: &[Value]) -> Option<ValueKind> {
    let truth = |truth: Truth| truth.known().map(ValueKind::Bool);
    match (function, arguments) {
        (Function::And, _) => truth(arguments.iter().fold(Truth::True, |all, it| all.and(truth_of(it)))),
        (Function::Or, _) => truth(arguments.iter().fold(Truth::False, |any, it| any.or(truth_of(it)))),
        (Function::Not, [value]) => truth(!truth_of(value)),
        (Function::If, [condition, yes, no]) => match truth_of(condition) {
            Truth::True => Some(yes.kind.clone()),
            Truth::False => Some(no.kind.clone()),
            Truth::Unknown => (same(yes, no) == Truth::True).then(|| yes.kind.clone()),
        },
        (Function::AnyAddress, [source]) => source.as_unknown().filter(|it| not_any_address(it)).map(|_| false.into()),
        (Function::Equals, [a, b]) => truth(same(a, b)),
        (Function::Contains, [value, part]) => truth(apply(Operator::Contains, &Actual::of(value), part)),
        (Function::StartsWith, [value, head]) => match (&value.kind, head.as_str()) {
            (ValueKind::Unknown(why), Some(head)) => why
                .prefix
                .as_ref()
                .filter(|known| known.len() >= head.len() || !starts_with_fold(head, known))
                .map(|known| starts_with_fold(known, head).into()),
            _ => None,
        },
        (Function::Empty, [value]) => truth(empty(value)),
        (Function::Coalesce, _) => {
            let first = arguments.iter().find(|it| !it.is_null());
            Some(first.map_or(ValueKind::Null, |it| it.kind.clone()))
        }
        (Function::CreateArray, _) => Some(array(arguments.to_vec())),
        (Function::CreateObject, _) => create_object(arguments),
        (Function::Array, [value]) => value.as_unknown().is_none().then(|| match &value.kind {
            ValueKind::Array(_) => value.kind.clone(),
            _ => array(vec![value.clone()]),
        }),
        (Function::Concat, _) => concat(arguments),
        (Function::First, [value]) => value.as_array().and_then(|it| it.items.first()).map(|it| it.kind.clone()),
        (Function::ToLower, [value]) => head_mapped(value, str::to_lowercase),
        (Function::ToUpper, [value]) => head_mapped(value, str::to_uppercase),
        (Function::String, [value]) => {
            value.as_unknown().filter(|why| why.prefix.is_some()).map(|_| value.kind.clone())
        }
        (Function::TryGet, [value, path @ ..]) => try_get(value, path),
        _ => None,
    }
}

fn truth_of(value: &Value) -> Truth {
    match &value.kind {
        ValueKind::Bool(flag) => Truth::from(*flag),
        ValueKind::String(text) => Truth::from(text.eq_ignore_ascii_case("true")),
        ValueKind::Unknown(_) => Truth::Unknown,
        _ => Truth::False,
    }
}

fn empty(value: &Value) -> Truth {
    match &value.kind {
        ValueKind::Null => Truth::True,
        ValueKind::String(text) => Truth::from(text.is_empty()),
        ValueKind::Array(array) if array.items.is_empty() && array.rest.is_some() => Truth::Unknown,
        ValueKind::Array(array) => Truth::from(array.items.is_empty()),
        ValueKind::Object(object) if object.entries.is_empty() && object.rest.is_some() => Truth::Unknown,
        ValueKind::Object(object) => Truth::from(object.entries.is_empty()),
        ValueKind::Unknown(why) if why.prefix.as_ref().is_some_and(|head| !head.is_empty()) => Truth::False,
        ValueKind::Unknown(why) if why.not_null && !why.references.is_empty() => Truth::False,
        ValueKind::Unknown(_) => Truth::Unknown,
        ValueKind::Bool(_) | ValueKind::Number(_) => Truth::False,
    }
}

/// Key, value, key, value.
fn create_object(arguments: &[Value]) -> Option<ValueKind> {
    let mut object = Object::default();
    for pair in arguments.chunks(2) {
        let [key, value] = pair else { return None };
        object.insert(key.as_str()?, value.span, value.clone());
    }
    Some(ValueKind::Object(Arc::new(object)))
}

/// Texts join, with a known head when only the tail is unknown; arrays join too.
fn concat(arguments: &[Value]) -> Option<ValueKind> {
    if arguments.iter().any(|it| it.as_array().is_some()) {
        let mut joined = Array::default();
        for argument in arguments {
            match &argument.kind {
                ValueKind::Array(array) => {
                    joined.items.extend(array.items.iter().cloned());
                    joined.rest = joined.rest.or_else(|| array.rest.clone());
                }
                ValueKind::Unknown(why) => joined.rest = joined.rest.or_else(|| Some(why.clone())),
                _ => return None,
            }
        }
        return Some(ValueKind::Array(Arc::new(joined)));
    }
    let mut text = String::new();
    for argument in arguments {
        match (&argument.kind, scalar_text(argument)) {
            (ValueKind::Unknown(why), _) => {
                text.push_str(why.prefix.as_deref().unwrap_or(""));
                let mut unknown = Unknown::clone(why);
                unknown.prefix = (!text.is_empty()).then(|| text.into());
                unknown.not_null = true;
                unknown.symbol = None;
                return Some(unknown.into());
            }
            (ValueKind::Null, _) => {}
            (_, Some(part)) => text.push_str(&part),
            _ => return None,
        }
        if text.len() > LONGEST {
            return None;
        }
    }
    Some(text.into())
}

fn head_mapped(value: &Value, map: impl Fn(&str) -> String) -> Option<ValueKind> {
    let why = value.as_unknown()?;
    let head = why.prefix.as_ref()?;
    Some(Unknown { prefix: Some(map(head).into()), symbol: None, ..Unknown::clone(why) }.into())
}

fn try_get(value: &Value, path: &[Value]) -> Option<ValueKind> {
    let mut at = value.clone();
    for step in path {
        let next = match (&at.kind, &step.kind) {
            (ValueKind::Object(object), ValueKind::String(key)) => match (object.get_ignore_case(key), &object.rest) {
                (Some((_, entry)), _) => Some(entry.value.clone()),
                (None, Some(_)) => return None,
                (None, None) => None,
            },
            (ValueKind::Array(array), ValueKind::Number(number)) => {
                let found = number.as_i64().and_then(|it| usize::try_from(it).ok()).and_then(|it| array.items.get(it));
                if found.is_none() && array.rest.is_some() {
                    return None;
                }
                found.cloned()
            }
            (ValueKind::Unknown(_), _) | (_, ValueKind::Unknown(_)) => return None,
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return Some(ValueKind::Null),
        }
    }
    Some(at.kind)
}
