//! The functions of template expressions that look at nothing but their arguments.
//!
//! In: values. Out: a value; unknown when an argument that matters is, or when the arguments do not fit.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;

use super::operators::{Actual, apply, compare, same, scalar_text, starts_with_fold};
use crate::policy::Operator;
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

/// The functions that can tell something although an argument is unknown.
fn partly_known(function: Function, arguments: &[Value]) -> Option<ValueKind> {
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

fn array(items: Vec<Value>) -> ValueKind {
    ValueKind::Array(Arc::new(Array { items, rest: None }))
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
    Some(array(
        (start..end).map(|number| Value::new(number, arguments.first().map_or(count_span(), |it| it.span))).collect(),
    ))
}

const fn count_span() -> Span {
    crate::azure::defaults::NO_TEXT
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

/// Days on the date of `2027-01-31...`; the time of day stays.
fn add_days(arguments: &[Value]) -> Option<ValueKind> {
    let text = arguments.first()?.as_str()?;
    let days = arguments.get(1).and_then(integer)?;
    let (date, time) = text.split_at_checked(10)?;
    let mut parts = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let (year, month, day) = civil_of(days_of(year, month, day)?.checked_add(days)?)?;
    Some(format!("{year:04}-{month:02}-{day:02}{time}").into())
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// The date of a number of days since 1970-01-01.
fn civil_of(days: i64) -> Option<(i64, i64, i64)> {
    let days = days.checked_add(719_468)?;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era.checked_mul(400)? + i64::from(month <= 2);
    Some((year, month, day))
}

/// Whether a port range as network rules write it (`*`, `22`, `20-30`, several with commas) holds a port.
fn covers_port(arguments: &[Value]) -> Option<ValueKind> {
    let [ranges, port] = arguments else { return None };
    let port = port.as_number()?.as_i64()?;
    if ranges.is_null() {
        return Some(false.into());
    }
    let text = scalar_text(ranges)?;
    let covers = text.split(',').map(str::trim).any(|range| {
        let (low, high) = range.split_once('-').unwrap_or((range, range));
        let bound = |text: &str| text.trim().parse::<i64>();
        range == "*" || bound(low).is_ok_and(|low| low <= port) && bound(high).is_ok_and(|high| port <= high)
    });
    Some(covers.into())
}

fn ip_range_contains(arguments: &[Value]) -> Option<ValueKind> {
    let [outer, inner] = arguments else { return None };
    let (outer, inner) = (ip_range(outer.as_str()?)?, ip_range(inner.as_str()?)?);
    let same_family = outer.2 == inner.2;
    Some((same_family && outer.0 <= inner.0 && inner.1 <= outer.1).into())
}

/// First and last address of `a.b.c.d`, `a.b.c.d/n` or `a.b.c.d - e.f.g.h`, and whether they are of version 4.
fn ip_range(text: &str) -> Option<(u128, u128, bool)> {
    let number = |text: &str| match text.trim().parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => Some((u128::from(u32::from(address)), true)),
        IpAddr::V6(address) => Some((u128::from(address), false)),
    };
    if let Some((from, to)) = text.split_once('-') {
        let (from, four) = number(from)?;
        return Some((from, number(to)?.0, four));
    }
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let (first, four) = number(address)?;
    let bits: u32 = if four { 32 } else { 128 };
    let length = length.map_or(Some(bits), |it| it.trim().parse().ok()).filter(|length| *length <= bits)?;
    let hosts = bits.checked_sub(length)?;
    let mask = 1u128.checked_shl(hosts).map_or(u128::MAX, |size| size.wrapping_sub(1));
    let start = first & !mask;
    Some((start, start | mask, four))
}
