//! The functions of template expressions that look at nothing but their arguments.
//!
//! In: values. Out: a value; unknown when an argument that matters is, or when the arguments do not fit.

mod addresses;
mod dates;
mod partial;

use std::cmp::Ordering;
use std::sync::Arc;

use base64::Engine as _;

use self::addresses::{any_address, covers_port, ip_range_contains};
use self::dates::add_days;
use self::partial::partly_known;
use super::operators::{compare, same, scalar_text, starts_with_fold};
use crate::policy::builtin::Function;
use crate::source::Span;
use crate::truth::Truth;
use crate::value::{Array, Number, Object, Reason, Unknown, Value, ValueKind};

/// Texts do not grow beyond this.
const LONGEST: usize = 1 << 20;

/// Calls a function.
pub(super) fn call(function: Function, arguments: &[Value], span: Span) -> Value {
    let kind = partly_known(function, arguments).or_else(|| {
        let unknown = arguments.iter().find_map(first_unknown);
        match unknown {
            Some(why) => Some(ValueKind::Unknown(Arc::new(Unknown::new(why.reason.clone())))),
            None => known(function, arguments),
        }
    });
    match kind {
        Some(kind) => {
            // A result that is one of the arguments stands where that argument stands.
            let from = arguments.iter().find(|argument| argument.kind == kind);
            from.cloned().unwrap_or_else(|| Value::new(kind, span))
        }
        None => Value::unknown(Reason::Invalid("a function of this policy cannot take these values".into()), span),
    }
}

fn first_unknown(value: &Value) -> Option<&Arc<Unknown>> {
    match &value.kind {
        ValueKind::Unknown(why) => Some(why),
        ValueKind::Array(array) => array.rest.as_ref().or_else(|| array.items.iter().find_map(first_unknown)),
        ValueKind::Object(object) => {
            object.rest.as_ref().or_else(|| object.entries.values().find_map(|entry| first_unknown(&entry.value)))
        }
        _ => None,
    }
}

fn known(function: Function, arguments: &[Value]) -> Option<ValueKind> {
    match function {
        Function::True => Some(true.into()),
        Function::False => Some(false.into()),
        Function::Null => Some(ValueKind::Null),
        Function::Less => ordering(arguments).map(|it| it.is_lt().into()),
        Function::LessOrEquals => ordering(arguments).map(|it| it.is_le().into()),
        Function::Greater => ordering(arguments).map(|it| it.is_gt().into()),
        Function::GreaterOrEquals => ordering(arguments).map(|it| it.is_ge().into()),
        Function::Add | Function::Sub | Function::Mul | Function::Div | Function::Mod => {
            arithmetic(function, arguments)
        }
        Function::Min | Function::Max => extreme(function, arguments),
        Function::Range => range(arguments),
        Function::Int | Function::Bool | Function::String => convert(function, arguments.first()?),
        Function::AddDays => add_days(arguments),
        Function::AnyAddress => any_address(arguments),
        Function::CoversPort => covers_port(arguments),
        Function::IpRangeContains => ip_range_contains(arguments),
        Function::Union | Function::Intersection => sets(function, arguments),
        Function::Length | Function::First | Function::Last | Function::Skip | Function::Take => {
            parts(function, arguments)
        }
        _ => texts(function, arguments),
    }
}

fn ordering(arguments: &[Value]) -> Option<Ordering> {
    match arguments {
        [a, b] => compare(a, b),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match &value.kind {
        ValueKind::Number(number) => number.as_i64(),
        ValueKind::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn arithmetic(function: Function, arguments: &[Value]) -> Option<ValueKind> {
    let [a, b] = arguments else { return None };
    let (a, b) = (integer(a)?, integer(b)?);
    let result = match function {
        Function::Add => a.checked_add(b),
        Function::Sub => a.checked_sub(b),
        Function::Mul => a.checked_mul(b),
        Function::Div => a.checked_div(b),
        _ => a.checked_rem(b),
    };
    result.map(ValueKind::from)
}

fn extreme(function: Function, arguments: &[Value]) -> Option<ValueKind> {
    let list = match arguments {
        [one] => one.as_array().map_or(arguments, |array| &array.items),
        many => many,
    };
    let numbers: Option<Vec<i64>> = list.iter().map(integer).collect();
    let numbers = numbers?.into_iter();
    if function == Function::Min { numbers.min() } else { numbers.max() }.map(ValueKind::from)
}

fn range(arguments: &[Value]) -> Option<ValueKind> {
    let [start, count] = arguments else { return None };
    let (start, count) = (integer(start)?, integer(count).filter(|count| (0..=10_000).contains(count))?);
    let end = start.checked_add(count)?;
    let span = arguments.first()?.span;
    Some(array((start..end).map(|number| Value::new(number, span)).collect()))
}

fn convert(function: Function, value: &Value) -> Option<ValueKind> {
    match function {
        Function::Int => integer(value).map(ValueKind::from),
        Function::Bool => match &value.kind {
            ValueKind::Bool(flag) => Some((*flag).into()),
            ValueKind::Number(number) => Some((*number != Number::Int(0)).into()),
            ValueKind::String(text) if text.eq_ignore_ascii_case("true") || &**text == "1" => Some(true.into()),
            ValueKind::String(text) if text.eq_ignore_ascii_case("false") || &**text == "0" => Some(false.into()),
            _ => None,
        },
        // Azure prints booleans with a capital.
        _ => match &value.kind {
            ValueKind::Bool(flag) => Some(if *flag { "True" } else { "False" }.into()),
            ValueKind::Null => Some("".into()),
            ValueKind::Array(_) | ValueKind::Object(_) => Some(super::print::value(value).into()),
            _ => scalar_text(value).map(|text| text.into_owned().into()),
        },
    }
}

fn sets(function: Function, arguments: &[Value]) -> Option<ValueKind> {
    let (first, rest) = arguments.split_first()?;
    if let ValueKind::Object(first) = &first.kind {
        let mut joined = Object::clone(first);
        for other in rest {
            let other = other.as_object()?;
            if function == Function::Union {
                joined.entries.extend(other.entries.iter().map(|(key, entry)| (key.clone(), entry.clone())));
            } else {
                joined
                    .entries
                    .retain(|key, entry| other.get(key).is_some_and(|it| same(&it.value, &entry.value) == Truth::True));
            }
        }
        return Some(ValueKind::Object(Arc::new(joined)));
    }
    let mut joined: Vec<Value> = Vec::new();
    let has = |list: &[Value], item: &Value| list.iter().any(|it| same(it, item) == Truth::True);
    for item in &first.as_array()?.items {
        if !has(&joined, item) {
            joined.push(item.clone());
        }
    }
    for other in rest {
        let other = &other.as_array()?.items;
        if function == Function::Union {
            for item in other {
                if !has(&joined, item) {
                    joined.push(item.clone());
                }
            }
        } else {
            joined.retain(|item| has(other, item));
        }
    }
    Some(array(joined))
}

fn parts(function: Function, arguments: &[Value]) -> Option<ValueKind> {
    let value = arguments.first()?;
    let count = || arguments.get(1).and_then(integer).map(|count| usize::try_from(count).unwrap_or(0));
    match (function, &value.kind) {
        (Function::Length, ValueKind::Array(array)) => length(array.items.len()),
        (Function::Length, ValueKind::Object(object)) => length(object.entries.len()),
        (Function::Length, ValueKind::String(text)) => length(text.chars().count()),
        (Function::First, ValueKind::Array(array)) => {
            Some(array.items.first().map_or(ValueKind::Null, |it| it.kind.clone()))
        }
        (Function::Last, ValueKind::Array(array)) => {
            Some(array.items.last().map_or(ValueKind::Null, |it| it.kind.clone()))
        }
        (Function::First, ValueKind::String(text)) => Some(text.chars().take(1).collect::<String>().into()),
        (Function::Last, ValueKind::String(text)) => {
            Some(text.chars().last().map(String::from).unwrap_or_default().into())
        }
        (Function::Skip, ValueKind::Array(items)) => Some(array(items.items.iter().skip(count()?).cloned().collect())),
        (Function::Take, ValueKind::Array(items)) => Some(array(items.items.iter().take(count()?).cloned().collect())),
        (Function::Skip, ValueKind::String(text)) => Some(text.chars().skip(count()?).collect::<String>().into()),
        (Function::Take, ValueKind::String(text)) => Some(text.chars().take(count()?).collect::<String>().into()),
        _ => None,
    }
}

fn length(length: usize) -> Option<ValueKind> {
    i64::try_from(length).ok().map(ValueKind::from)
}

fn texts(function: Function, arguments: &[Value]) -> Option<ValueKind> {
    if let (Function::Join, [list, between]) = (function, arguments) {
        let items: Option<Vec<_>> = list.as_array()?.items.iter().map(scalar_text).collect();
        return Some(items?.join(between.as_str()?).into());
    }
    let text = scalar_text(arguments.first()?)?;
    let second = || arguments.get(1).and_then(Value::as_str);
    let number = |at: usize| arguments.get(at).and_then(integer).and_then(|it| usize::try_from(it).ok());
    match function {
        Function::ToLower => Some(text.to_lowercase().into()),
        Function::ToUpper => Some(text.to_uppercase().into()),
        Function::Trim => Some(text.trim().into()),
        Function::Base64 => Some(base64::engine::general_purpose::STANDARD.encode(text.as_bytes()).into()),
        Function::StartsWith => Some(starts_with_fold(&text, second()?).into()),
        Function::EndsWith => Some(text.to_lowercase().ends_with(&second()?.to_lowercase()).into()),
        Function::IndexOf => Some(position(&text, text.to_lowercase().find(&second()?.to_lowercase()))),
        Function::LastIndexOf => Some(position(&text, text.to_lowercase().rfind(&second()?.to_lowercase()))),
        Function::Replace => {
            let replaced = text.replace(second()?, arguments.get(2)?.as_str()?);
            (replaced.len() <= LONGEST).then(|| replaced.into())
        }
        Function::Split => Some(split(&text, arguments.get(1)?, arguments.first()?.span)),
        Function::Substring => {
            let start = number(1)?;
            let length = arguments.get(2).map_or(Some(usize::MAX), |_| number(2))?;
            Some(text.chars().skip(start).take(length).collect::<String>().into())
        }
        Function::PadLeft => {
            let width = number(1).filter(|width| *width <= LONGEST)?;
            let pad = arguments.get(2).and_then(Value::as_str).and_then(|it| it.chars().next()).unwrap_or(' ');
            let missing = width.saturating_sub(text.chars().count());
            Some((std::iter::repeat_n(pad, missing).collect::<String>() + &text).into())
        }
        _ => None,
    }
}

fn position(text: &str, at: Option<usize>) -> ValueKind {
    let characters = at.and_then(|at| text.get(..at)).map(|before| before.chars().count());
    characters.and_then(|it| i64::try_from(it).ok()).unwrap_or(-1).into()
}

fn split(text: &str, by: &Value, span: Span) -> ValueKind {
    let delimiters: Vec<&str> = match &by.kind {
        ValueKind::String(one) => vec![one],
        ValueKind::Array(many) => many.items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut pieces = vec![text];
    for delimiter in delimiters.into_iter().filter(|it| !it.is_empty()) {
        pieces = pieces.into_iter().flat_map(|piece| piece.split(delimiter)).collect();
    }
    array(pieces.into_iter().map(|piece| Value::new(piece, span)).collect())
}

fn array(items: Vec<Value>) -> ValueKind {
    ValueKind::Array(Arc::new(Array { items, rest: None }))
}
