//! Functions of numbers: `abs`, `ceil`, `floor`, `log`, `max`, `min`, `parseint`, `pow`, `signum`, `sum`, `range`.

use super::args::{Answer, Call};
use crate::value::{Number, Value};

/// The most elements that `range` makes; Terraform's own bound.
const MAX_RANGE: usize = 1024;

/// The result, when the function is of this family.
pub(super) fn call(call: &Call<'_>) -> Option<Answer> {
    Some(match call.name {
        "abs" => call.number(0).map(|it| call.value(absolute(it))),
        "ceil" => rounded(call, f64::ceil),
        "floor" => rounded(call, f64::floor),
        "log" => logarithm(call),
        "max" => extreme(call, |a, b| a > b),
        "min" => extreme(call, |a, b| a < b),
        "parseint" => parse_int(call),
        "pow" => power(call),
        "range" => range(call),
        "signum" => call.int(0).map(|it| call.value(it.signum())),
        "sum" => sum(call),
        _ => return None,
    })
}

fn absolute(number: Number) -> Number {
    match number {
        Number::Int(int) => int.checked_abs().map_or(Number::Float(number.as_f64().abs()), Number::Int),
        Number::Float(float) => Number::Float(float.abs()),
    }
}

fn rounded(call: &Call<'_>, round: impl Fn(f64) -> f64) -> Answer {
    Ok(match call.number(0)? {
        whole @ Number::Int(_) => call.value(whole),
        Number::Float(float) => call.value(Number::from_f64(round(float))),
    })
}

fn finite(call: &Call<'_>, float: f64) -> Answer {
    if float.is_finite() {
        Ok(call.value(Number::from_f64(float)))
    } else {
        Err(call.invalid("there is no such number"))
    }
}

fn logarithm(call: &Call<'_>) -> Answer {
    let (number, base) = (call.number(0)?.as_f64(), call.number(1)?.as_f64());
    finite(call, number.ln() / base.ln())
}

fn power(call: &Call<'_>) -> Answer {
    let (number, exponent) = (call.number(0)?, call.number(1)?);
    if let (Number::Int(number), Number::Int(exponent)) = (number, exponent)
        && let Some(exact) = u32::try_from(exponent).ok().and_then(|exponent| number.checked_pow(exponent))
    {
        return Ok(call.value(exact));
    }
    finite(call, number.as_f64().powf(exponent.as_f64()))
}

fn extreme(call: &Call<'_>, better: impl Fn(Number, Number) -> bool) -> Answer {
    let mut best: Option<Number> = None;
    for arg in call.args {
        let number = call.number_of(arg)?;
        if best.is_none_or(|best| better(number, best)) {
            best = Some(number);
        }
    }
    best.map(|best| call.value(best)).ok_or_else(|| call.invalid("at least one argument is required"))
}

/// Digits above 9 are letters; above base 36 upper case letters follow the lower case ones.
fn parse_int(call: &Call<'_>) -> Answer {
    let (text, base) = (call.text(0)?, call.int(1)?);
    let base = u32::try_from(base).ok().filter(|base| (2..=62).contains(base));
    let Some(base) = base else { return Err(call.invalid("the base must be from 2 to 62")) };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let no_number = || call.invalid("this is not a number in that base");
    let (mut exact, mut near) = (Some(0_i64), 0_f64);
    for character in digits.chars() {
        let digit = digit_value(character, base).filter(|digit| *digit < base).ok_or_else(no_number)?;
        exact = exact.and_then(|it| it.checked_mul(i64::from(base))?.checked_add(i64::from(digit)));
        near = near * f64::from(base) + f64::from(digit);
    }
    if digits.is_empty() {
        return Err(no_number());
    }
    match exact {
        Some(exact) => Ok(call.value(if negative { exact.saturating_neg() } else { exact })),
        None => finite(call, if negative { -near } else { near }),
    }
}

fn digit_value(character: char, base: u32) -> Option<u32> {
    let code = u32::from(character);
    Some(match character {
        '0'..='9' => code.checked_sub(u32::from('0'))?,
        'a'..='z' => code.checked_sub(u32::from('a'))?.checked_add(10)?,
        'A'..='Z' if base <= 36 => code.checked_sub(u32::from('A'))?.checked_add(10)?,
        'A'..='Z' => code.checked_sub(u32::from('A'))?.checked_add(36)?,
        _ => return None,
    })
}

fn sum(call: &Call<'_>) -> Answer {
    let items = call.items(0)?;
    if items.is_empty() {
        return Err(call.invalid("the list is empty"));
    }
    let mut exact = Some(0_i64);
    let mut near = 0_f64;
    for item in items {
        let number = call.number_of(item)?;
        near += number.as_f64();
        exact = match (exact, number) {
            (Some(sum), Number::Int(int)) => sum.checked_add(int),
            _ => None,
        };
    }
    Ok(exact.map_or_else(|| call.value(Number::from_f64(near)), |exact| call.value(exact)))
}

fn range(call: &Call<'_>) -> Answer {
    let numbers: Vec<f64> =
        call.args.iter().map(|arg| call.number_of(arg).map(Number::as_f64)).collect::<Result<_, _>>()?;
    let (start, limit, step) = match numbers.as_slice() {
        [limit] => (0.0, *limit, if *limit < 0.0 { -1.0 } else { 1.0 }),
        [start, limit] => (*start, *limit, if limit < start { -1.0 } else { 1.0 }),
        [start, limit, step] => (*start, *limit, *step),
        _ => return Err(call.invalid("one to three numbers are required")),
    };
    let goes_up = step > 0.0;
    if step == 0.0 {
        return Err(call.invalid("the step must not be zero"));
    }
    if (goes_up && limit < start) || (!goes_up && limit > start) {
        return Err(call.invalid("the step goes away from the limit"));
    }
    let mut items: Vec<Value> = Vec::new();
    let mut number = start;
    while if goes_up { number < limit } else { number > limit } {
        if items.len() >= MAX_RANGE {
            return Err(call.invalid("more than 1024 elements"));
        }
        items.push(call.value(Number::from_f64(number)));
        number += step;
    }
    Ok(call.array(items))
}
