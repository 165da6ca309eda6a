//! The operators of Azure Policy over values that may be absent, null, or not known.
//!
//! In: what a path found, and what it is compared with. Out: [`Truth`]. An unknown text of which the head is known is
//! decided wherever the head decides. Knows no resource.

use std::cmp::Ordering;
use std::sync::Arc;

use super::symbolic;
use crate::policy::Operator;
use crate::truth::Truth;
use crate::value::{Array, Number, Object, Reason, Unknown, Value, ValueKind};

/// What a comparison reads.
#[derive(Clone, Debug)]
pub enum Actual<'v> {
    /// Certainly not there, and without a default.
    Absent,
    /// This value; never itself unknown, though it may hold what is.
    Known(&'v Value),
    /// Cannot be told.
    Unknown(Arc<Unknown>),
}

impl<'v> Actual<'v> {
    /// A value that may itself be unknown.
    pub fn of(value: &'v Value) -> Self {
        match &value.kind {
            ValueKind::Unknown(unknown) => Self::Unknown(unknown.clone()),
            _ => Self::Known(value),
        }
    }
}

/// Whether `actual operator expected` holds.
pub fn apply(operator: Operator, actual: &Actual<'_>, expected: &Value) -> Truth {
    if let Some(positive) = operator.positive() {
        return !apply(positive, actual, expected);
    }
    // Membership looks into an array some of whose elements are unknown; everything else needs a known operand.
    if matches!(expected.kind, ValueKind::Unknown(_)) {
        return Truth::Unknown;
    }
    match operator {
        Operator::Equals => equals(actual, expected),
        Operator::In => is_in(actual, expected),
        Operator::Contains => contains(actual, expected),
        Operator::ContainsKey => contains_key(actual, expected),
        Operator::Exists => exists(actual, expected),
        Operator::Less => ordered(actual, expected, Ordering::is_lt),
        Operator::LessOrEquals => ordered(actual, expected, Ordering::is_le),
        Operator::Greater => ordered(actual, expected, Ordering::is_gt),
        Operator::GreaterOrEquals => ordered(actual, expected, Ordering::is_ge),
        Operator::Like => match like_tail(actual, expected) {
            Some(like) => Truth::from(like),
            None if is_impossible(actual, expected) => Truth::False,
            None => pattern(actual, expected, like, like_head),
        },
        Operator::Match => {
            pattern(actual, expected, |text, it| matches(text, it, false), |head, it| match_head(head, it, false))
        }
        Operator::MatchInsensitively => {
            pattern(actual, expected, |text, it| matches(text, it, true), |head, it| match_head(head, it, true))
        }
        // The `not...` forms went the other way above.
        _ => Truth::Unknown,
    }
}

fn equals(actual: &Actual<'_>, expected: &Value) -> Truth {
    match actual {
        Actual::Absent => Truth::from(expected.is_null()),
        Actual::Known(value) => same(value, expected),
        Actual::Unknown(unknown) => unknown_equals(unknown, expected),
    }
}

/// Deep equality: texts fold case, `"true"` is `true`, `"1"` is 1.
pub(super) fn same(a: &Value, b: &Value) -> Truth {
    match (&a.kind, &b.kind) {
        // A symbol is shared exactly by equal texts; different symbols may still be equal.
        (ValueKind::Unknown(a), ValueKind::Unknown(b)) if a.symbol.is_some() && a.symbol == b.symbol => Truth::True,
        (ValueKind::Unknown(_), ValueKind::Unknown(_)) => Truth::Unknown,
        (ValueKind::Unknown(unknown), _) => unknown_equals(unknown, b),
        (_, ValueKind::Unknown(unknown)) => unknown_equals(unknown, a),
        (ValueKind::Null, ValueKind::Null) => Truth::True,
        // A written null compares as the empty text.
        (ValueKind::Null, ValueKind::String(text)) | (ValueKind::String(text), ValueKind::Null) => {
            Truth::from(text.is_empty())
        }
        (ValueKind::Bool(a), ValueKind::Bool(b)) => Truth::from(a == b),
        (ValueKind::Number(a), ValueKind::Number(b)) => Truth::from(a == b),
        (ValueKind::String(a), ValueKind::String(b)) => Truth::from(fold_eq(a, b)),
        (ValueKind::String(text), ValueKind::Bool(flag)) | (ValueKind::Bool(flag), ValueKind::String(text)) => {
            Truth::from(text.eq_ignore_ascii_case(if *flag { "true" } else { "false" }))
        }
        (ValueKind::String(text), ValueKind::Number(number)) | (ValueKind::Number(number), ValueKind::String(text)) => {
            Truth::from(to_number(text) == Some(*number))
        }
        (ValueKind::Array(a), ValueKind::Array(b)) => same_arrays(a, b),
        (ValueKind::Object(a), ValueKind::Object(b)) => same_objects(a, b),
        _ => Truth::False,
    }
}

fn same_arrays(a: &Array, b: &Array) -> Truth {
    let open = a.rest.is_some() || b.rest.is_some();
    let (more_a, more_b) = (a.items.len() > b.items.len(), b.items.len() > a.items.len());
    if (more_a && b.rest.is_none()) || (more_b && a.rest.is_none()) {
        return Truth::False;
    }
    let pairs = a.items.iter().zip(&b.items).fold(Truth::True, |all, (a, b)| all.and(same(a, b)));
    if open { pairs.and(Truth::Unknown) } else { pairs }
}

fn same_objects(a: &Object, b: &Object) -> Truth {
    let half = |a: &Object, b: &Object| {
        a.entries.iter().fold(Truth::True, |all, (key, entry)| {
            all.and(match (b.get_ignore_case(key), &b.rest) {
                (Some((_, other)), _) => same(&entry.value, &other.value),
                (None, Some(_)) => Truth::Unknown,
                (None, None) => Truth::False,
            })
        })
    };
    let open = if a.rest.is_some() || b.rest.is_some() { Truth::Unknown } else { Truth::True };
    half(a, b).and(half(b, a)).and(open)
}

fn unknown_equals(unknown: &Unknown, expected: &Value) -> Truth {
    let impossible = match &expected.kind {
        ValueKind::Null => unknown.not_null || unknown.prefix.is_some(),
        ValueKind::String(text) if text.is_empty() => is_not_empty(unknown),
        ValueKind::Array(_) | ValueKind::Object(_) => unknown.prefix.is_some(),
        _ => scalar_text(expected)
            .is_some_and(|text| !fits_ends(unknown, &text) || is_everywhere(&text) && is_own_address(unknown)),
    };
    if impossible { Truth::False } else { Truth::Unknown }
}

/// What stands for every address, or for those of the internet.
fn is_everywhere(text: &str) -> bool {
    text.ends_with("/0") || ["*", "any", "Internet", "0.0.0.0", "::"].iter().any(|it| text.eq_ignore_ascii_case(it))
}

/// True for addresses that a network or a network interface has: whatever they are, they are not those of everybody.
pub(super) fn is_own_address(unknown: &Unknown) -> bool {
    const OWN: [&str; 5] =
        ["address_prefix", "address_prefixes", "address_space", "private_ip_address", "private_ip_addresses"];
    let own = |attribute: &str| {
        let last = attribute.rsplit('.').next().unwrap_or(attribute);
        OWN.contains(&last.split('[').next().unwrap_or(last))
    };
    matches!(unknown.reason, Reason::Computed(_) | Reason::Data(_))
        && !unknown.references.is_empty()
        && unknown.references.iter().all(|reference| own(&reference.attribute))
}

/// Whether a text starts and ends with what is known of an unknown one.
fn fits_ends(unknown: &Unknown, text: &str) -> bool {
    let head = unknown.prefix.as_ref().is_none_or(|head| starts_with_fold(text, head));
    let tail = unknown.suffix().is_none_or(|tail| {
        let at = text.len().checked_sub(tail.len());
        at.and_then(|at| text.get(at..)).is_some_and(|end| fold_eq(end, tail))
    });
    head && tail
}

/// True for an attribute of a resource and for a text with a known head: whatever it is, it is not `""`.
fn is_not_empty(unknown: &Unknown) -> bool {
    let attribute =
        unknown.not_null && !unknown.references.is_empty() && !matches!(unknown.reason, Reason::Variable(_));
    attribute || unknown.prefix.as_ref().is_some_and(|head| !head.is_empty())
}

fn is_in(actual: &Actual<'_>, expected: &Value) -> Truth {
    let Some(array) = expected.as_array() else { return equals(actual, expected) };
    let found = array.items.iter().fold(Truth::False, |any, item| any.or(equals(actual, item)));
    if array.rest.is_some() { found.or(Truth::Unknown) } else { found }
}

fn contains(actual: &Actual<'_>, expected: &Value) -> Truth {
    match actual {
        Actual::Absent => Truth::False,
        Actual::Known(value) => match &value.kind {
            ValueKind::Array(array) => {
                let found = array.items.iter().fold(Truth::False, |any, item| any.or(same(item, expected)));
                if array.rest.is_some() { found.or(Truth::Unknown) } else { found }
            }
            ValueKind::Object(_) => contains_key(actual, expected),
            _ => match (scalar_text(value), scalar_text(expected)) {
                (Some(text), Some(part)) => Truth::from(contains_fold(&text, &part)),
                _ => Truth::False,
            },
        },
        Actual::Unknown(unknown) => match (&unknown.prefix, scalar_text(expected)) {
            (Some(head), Some(part)) if contains_fold(head, &part) => Truth::True,
            _ => Truth::Unknown,
        },
    }
}

fn contains_key(actual: &Actual<'_>, expected: &Value) -> Truth {
    match actual {
        Actual::Absent => Truth::False,
        Actual::Known(value) => match (&value.kind, scalar_text(expected)) {
            (ValueKind::Object(object), Some(key)) => match (object.get_ignore_case(&key), &object.rest) {
                (Some(_), _) => Truth::True,
                (None, Some(_)) => Truth::Unknown,
                (None, None) => Truth::False,
            },
            _ => Truth::False,
        },
        Actual::Unknown(unknown) => {
            if unknown.prefix.is_some() {
                Truth::False
            } else {
                Truth::Unknown
            }
        }
    }
}

fn exists(actual: &Actual<'_>, expected: &Value) -> Truth {
    let there = match actual {
        Actual::Absent => Truth::False,
        Actual::Known(value) => Truth::from(!value.is_null()),
        Actual::Unknown(unknown) if unknown.not_null || unknown.prefix.is_some() => Truth::True,
        Actual::Unknown(_) => Truth::Unknown,
    };
    let wanted = match &expected.kind {
        ValueKind::Bool(wanted) => *wanted,
        _ => expected.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true")),
    };
    if wanted { there } else { !there }
}

fn ordered(actual: &Actual<'_>, expected: &Value, holds: impl Fn(Ordering) -> bool) -> Truth {
    match actual {
        Actual::Absent => Truth::False,
        Actual::Known(value) => compare(value, expected).map_or(Truth::False, |order| Truth::from(holds(order))),
        Actual::Unknown(unknown) => match (&unknown.prefix, expected.as_str()) {
            (Some(head), Some(text)) => {
                let (head, text) = (head.to_lowercase(), text.to_lowercase());
                let undecided = text.starts_with(&head);
                if undecided { Truth::Unknown } else { Truth::from(holds(head.as_str().cmp(&text))) }
            }
            _ => Truth::Unknown,
        },
    }
}

/// The order of two values of one kind, or of a number and a text that is one.
pub(super) fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (&a.kind, &b.kind) {
        (ValueKind::Number(a), ValueKind::Number(b)) => a.partial_cmp(b),
        (ValueKind::String(a), ValueKind::String(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        (ValueKind::Bool(a), ValueKind::Bool(b)) => Some(a.cmp(b)),
        (ValueKind::String(text), ValueKind::Number(number)) => to_number(text)?.partial_cmp(number),
        (ValueKind::Number(number), ValueKind::String(text)) => number.partial_cmp(&to_number(text)?),
        _ => None,
    }
}

fn pattern(
    actual: &Actual<'_>,
    expected: &Value,
    holds: impl Fn(&str, &str) -> bool,
    head_decides: impl Fn(&str, &str) -> Truth,
) -> Truth {
    let Some(pattern) = scalar_text(expected) else { return Truth::False };
    match actual {
        Actual::Absent => Truth::False,
        Actual::Known(value) => scalar_text(value).map_or(Truth::False, |text| Truth::from(holds(&text, &pattern))),
        Actual::Unknown(unknown) => match &unknown.prefix {
            Some(head) => head_decides(head, &pattern),
            None if unknown.not_null && pattern.chars().all(|it| it == '*') && !pattern.is_empty() => Truth::True,
            None => Truth::Unknown,
        },
    }
}

/// `*` is any text; everything else is itself, whatever its case.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.to_lowercase(), pattern.to_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').map_or((None, rest), |(middle, last)| (Some(middle), last));
    for part in middle.into_iter().flat_map(|middle| middle.split('*')) {
        match text.find(part) {
            Some(at) => text = text.get(at.saturating_add(part.len())..).unwrap_or(""),
            None => return false,
        }
    }
    text.ends_with(last)
}

/// Whether an unknown text is like `*tail`, when the known end of its symbol tells.
fn like_tail(actual: &Actual<'_>, expected: &Value) -> Option<bool> {
    let (Actual::Unknown(unknown), Some(pattern)) = (actual, expected.as_str()) else { return None };
    let wanted = pattern.strip_prefix('*').filter(|it| !it.contains('*'))?.to_lowercase();
    let tail = unknown.suffix()?.to_lowercase();
    if tail.len() >= wanted.len() {
        return Some(tail.ends_with(&wanted));
    }
    (!wanted.ends_with(&tail)).then_some(false)
}

/// Whether the symbol of an unknown text rules the pattern out.
fn is_impossible(actual: &Actual<'_>, expected: &Value) -> bool {
    let (Actual::Unknown(unknown), Some(pattern)) = (actual, expected.as_str()) else { return false };
    unknown.symbol.as_ref().is_some_and(|symbol| !symbolic::could_be_like(symbol, pattern))
}

/// Whether every text, or no text, that starts with `head` is like the pattern.
fn like_head(head: &str, pattern: &str) -> Truth {
    let (head, pattern) = (head.to_lowercase(), pattern.to_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else {
        return if pattern.starts_with(&head) { Truth::Unknown } else { Truth::False };
    };
    let possible = head.starts_with(first) || first.starts_with(&head);
    match (possible, pattern.ends_with('*')) {
        (false, _) => Truth::False,
        // All but the trailing star is in the head already.
        (true, true) if like(&head, &pattern) && head.len() >= first.len() => Truth::True,
        (true, _) if rest.is_empty() && head.starts_with(first) => Truth::True,
        _ => Truth::Unknown,
    }
}

/// `#` is a digit, `?` a letter, `.` any character.
fn matches(text: &str, pattern: &str, fold: bool) -> bool {
    text.chars().count() == pattern.chars().count() && heads_match(text, pattern, fold)
}

fn match_head(head: &str, pattern: &str, fold: bool) -> Truth {
    let possible = head.chars().count() <= pattern.chars().count() && heads_match(head, pattern, fold);
    if possible { Truth::Unknown } else { Truth::False }
}

fn heads_match(text: &str, pattern: &str, fold: bool) -> bool {
    text.chars().zip(pattern.chars()).all(|(character, pattern)| match pattern {
        '.' => true,
        '#' => character.is_ascii_digit(),
        '?' => character.is_alphabetic(),
        _ if fold => character.to_lowercase().eq(pattern.to_lowercase()),
        _ => character == pattern,
    })
}

/// The text of a text, number or boolean, as Azure Policy coerces it.
pub(super) fn scalar_text(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match &value.kind {
        ValueKind::String(text) => Some((&**text).into()),
        ValueKind::Number(number) => Some(number.to_string().into()),
        ValueKind::Bool(flag) => Some(if *flag { "true" } else { "false" }.into()),
        _ => None,
    }
}

fn to_number(text: &str) -> Option<Number> {
    let text = text.trim();
    text.parse().map(Number::Int).or_else(|_| text.parse().map(Number::Float)).ok()
}

fn fold_eq(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (!(a.is_ascii() && b.is_ascii()) && a.to_lowercase() == b.to_lowercase())
}

fn contains_fold(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// True when `text` starts with `head`, whatever the case.
pub(super) fn starts_with_fold(text: &str, head: &str) -> bool {
    match text.as_bytes().get(..head.len()) {
        Some(start) if text.is_ascii() && head.is_ascii() => start.eq_ignore_ascii_case(head.as_bytes()),
        _ => text.to_lowercase().starts_with(&head.to_lowercase()),
    }
}
