//! Functions on numbers.

use std::sync::Arc;

use super::{Outcome, whole};
use crate::value::{Number, Value, ValueKind};

pub(super) fn add(arguments: &[Value]) -> Outcome {
    arithmetic(arguments, i64::checked_add)
}

pub(super) fn sub(arguments: &[Value]) -> Outcome {
    arithmetic(arguments, i64::checked_sub)
}

pub(super) fn mul(arguments: &[Value]) -> Outcome {
    arithmetic(arguments, i64::checked_mul)
}

pub(super) fn div(arguments: &[Value]) -> Outcome {
    arithmetic(arguments, i64::checked_div)
}

pub(super) fn modulo(arguments: &[Value]) -> Outcome {
    arithmetic(arguments, i64::checked_rem)
}

fn arithmetic(arguments: &[Value], operator: fn(i64, i64) -> Option<i64>) -> Outcome {
    let (a, b) = (whole(arguments, 0)?, whole(arguments, 1)?);
    operator(a, b).map(Into::into).ok_or_else(|| "a division by zero, or a result out of range".to_owned())
}

pub(super) fn int(arguments: &[Value]) -> Outcome {
    let number = match arguments.first().map(|it| &it.kind) {
        Some(ValueKind::Number(number)) => number.as_i64().or_else(|| truncated(number.as_f64())),
        Some(ValueKind::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    number.map(Into::into).ok_or_else(|| "the argument is not a whole number".to_owned())
}

fn truncated(float: f64) -> Option<i64> {
    Number::from_f64(float.trunc()).as_i64()
}

pub(super) fn float(arguments: &[Value]) -> Outcome {
    let number = match arguments.first().map(|it| &it.kind) {
        Some(ValueKind::Number(number)) => Some(*number),
        Some(ValueKind::String(text)) => text.trim().parse().ok().map(Number::from_f64),
        _ => None,
    };
    number.map(Into::into).ok_or_else(|| "the argument is not a number".to_owned())
}

pub(super) fn max(arguments: &[Value]) -> Outcome {
    extreme(arguments, i64::max)
}

pub(super) fn min(arguments: &[Value]) -> Outcome {
    extreme(arguments, i64::min)
}

/// Of several numbers, or of one array of numbers.
fn extreme(arguments: &[Value], pick: fn(i64, i64) -> i64) -> Outcome {
    let items: Arc<_>;
    let numbers = match arguments {
        [Value { kind: ValueKind::Array(array), .. }] => {
            items = array.clone();
            &items.items[..]
        }
        several => several,
    };
    let whole = numbers.iter().map(|it| it.as_number().and_then(Number::as_i64)).collect::<Option<Vec<i64>>>();
    let extreme = whole.and_then(|numbers| numbers.into_iter().reduce(pick));
    extreme.map(Into::into).ok_or_else(|| "only whole numbers can be compared".to_owned())
}
