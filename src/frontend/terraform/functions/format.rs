//! `format` and `formatlist`: the verbs of Terraform's format strings.

use super::args::{Answer, Call};
use super::json;
use crate::frontend::terraform::convert;
use crate::frontend::terraform::operators::{self, MAX_STRING};
use crate::value::{Number, Value, ValueKind};

/// The widest field and the most digits.
const MAX_WIDTH: usize = 10_000;

/// A place in a format string where an argument goes.
#[expect(clippy::struct_excessive_bools, reason = "the flags of a verb")]
#[derive(Clone, Debug, Default, PartialEq)]
struct Verb {
    letter: char,
    plus: bool,
    minus: bool,
    hash: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
    /// Position of the argument when written as `%[n]`, from 1.
    argument: Option<usize>,
}

impl Verb {
    /// True when a string goes in as it is.
    fn is_plain(&self) -> bool {
        self.width.is_none() && self.precision.is_none() && !self.hash && matches!(self.letter, 's' | 'v')
    }
}

enum Piece {
    Text(String),
    Verb(Verb),
}

pub(super) fn format(call: &Call<'_>) -> Answer {
    let template = call.text(0)?;
    let args = call.args.get(1..).unwrap_or(&[]);
    formatted(call, &template, args)
}

/// `format` once for each element; a single value is used every time.
pub(super) fn format_list(call: &Call<'_>) -> Answer {
    let template = call.text(0)?;
    let args = call.args.get(1..).unwrap_or(&[]);
    let mut length = None;
    for arg in args {
        let ValueKind::Array(array) = &arg.kind else { continue };
        if array.rest.is_some() {
            return Err(call.unknown());
        }
        if length.is_some_and(|length| length != array.items.len()) {
            return Err(call.invalid("the lists have different lengths"));
        }
        length = Some(array.items.len());
    }
    let Some(length) = length else {
        // Without a list it is one string, unless an unknown argument may be a list.
        if args.iter().any(|arg| arg.as_unknown().is_some_and(|why| why.prefix.is_none())) {
            return Err(call.unknown());
        }
        return Ok(call.array(vec![formatted(call, &template, args)?]));
    };
    let mut out = Vec::with_capacity(length);
    for at in 0..length {
        let row: Vec<Value> = args
            .iter()
            .map(|arg| match &arg.kind {
                ValueKind::Array(array) => array.items.get(at).cloned().unwrap_or_else(|| arg.clone()),
                _ => arg.clone(),
            })
            .collect();
        out.push(formatted(call, &template, &row)?);
    }
    Ok(call.array(out))
}

fn formatted(call: &Call<'_>, template: &str, args: &[Value]) -> Answer {
    let pieces = pieces(template).ok_or_else(|| call.invalid("the format string is wrong"))?;
    let mut parts: Vec<Value> = Vec::with_capacity(pieces.len());
    let (mut next, mut most, mut numbered) = (0, 0, false);
    // An unknown argument that is not put in as it is.
    let mut changed = false;
    for piece in pieces {
        let verb = match piece {
            Piece::Text(text) => {
                parts.push(call.value(text));
                continue;
            }
            Piece::Verb(verb) => verb,
        };
        numbered |= verb.argument.is_some();
        let position = verb.argument.map_or(next, |argument| argument.saturating_sub(1));
        next = position + 1;
        most = most.max(next);
        let Some(arg) = args.get(position) else { return Err(call.invalid("there are too few arguments")) };
        changed |= !arg.is_wholly_known() && !verb.is_plain();
        parts.push(written(call, &verb, arg)?);
    }
    if most < args.len() && !numbered {
        return Err(call.invalid("there are too many arguments"));
    }
    let joined = operators::join(&parts, call.span);
    Ok(if changed { call.opaque(joined) } else { joined })
}

fn written(call: &Call<'_>, verb: &Verb, arg: &Value) -> Answer {
    if !arg.is_wholly_known() {
        let prefix_holds = verb.is_plain() && arg.as_unknown().is_some();
        let why = operators::why_unknown(&[arg]);
        return Ok(if prefix_holds { arg.clone() } else { call.value(why) });
    }
    if verb.width.is_some_and(|width| width > MAX_WIDTH) || verb.precision.is_some_and(|it| it > MAX_WIDTH) {
        return Err(call.too_large("width of a format"));
    }
    let text = text(call, verb, arg)?;
    if text.len() > MAX_STRING {
        return Err(call.too_large("string length"));
    }
    Ok(call.value(padded(verb, text)))
}

fn text(call: &Call<'_>, verb: &Verb, arg: &Value) -> Result<String, Value> {
    let wrong = || call.invalid(&format!("an argument does not fit `%{}`", verb.letter));
    if arg.is_null() && !matches!(verb.letter, 'v') {
        return Err(call.invalid("an argument is null"));
    }
    let number = || convert::to_number(arg).as_number().ok_or_else(wrong);
    Ok(match verb.letter {
        'v' if verb.hash => json::encoded(arg).ok_or_else(wrong)?,
        'v' => match &arg.kind {
            ValueKind::String(text) => truncated(verb, text),
            ValueKind::Number(number) => signed(verb, shortest(number.as_f64(), verb.precision)),
            ValueKind::Bool(it) => it.to_string(),
            _ => json::encoded(arg).ok_or_else(wrong)?,
        },
        't' => convert::to_bool(arg).as_bool().ok_or_else(wrong)?.to_string(),
        's' => truncated(verb, convert::to_string(arg).as_str().ok_or_else(wrong)?),
        'q' => {
            let text = convert::to_string(arg);
            json::encoded(&call.value(truncated(verb, text.as_str().ok_or_else(wrong)?))).ok_or_else(wrong)?
        }
        'd' => signed(verb, whole(number()?).ok_or_else(wrong)?),
        'b' | 'o' | 'x' | 'X' => signed(verb, in_base(verb, number()?).ok_or_else(wrong)?),
        'e' | 'E' | 'f' | 'g' | 'G' => signed(verb, float(verb, number()?.as_f64())),
        _ => return Err(call.invalid(&format!("there is no verb `%{}`", verb.letter))),
    })
}

fn truncated(verb: &Verb, text: &str) -> String {
    match verb.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text.to_owned(),
    }
}

/// A number that has no fraction.
fn whole(number: Number) -> Option<String> {
    match number {
        Number::Int(int) => Some(int.to_string()),
        Number::Float(float) => (float.fract() == 0.0).then(|| format!("{float:.0}")),
    }
}

fn in_base(verb: &Verb, number: Number) -> Option<String> {
    let int = match number {
        Number::Int(int) => int,
        Number::Float(float) => Number::Float(float).as_i64()?,
    };
    let (mark, digits) = match verb.letter {
        'b' => ("", format!("{:b}", int.unsigned_abs())),
        'o' => ("0", format!("{:o}", int.unsigned_abs())),
        'x' => ("0x", format!("{:x}", int.unsigned_abs())),
        _ => ("0X", format!("{:X}", int.unsigned_abs())),
    };
    let sign = if int < 0 { "-" } else { "" };
    Some(format!("{sign}{}{digits}", if verb.hash { mark } else { "" }))
}

fn float(verb: &Verb, float: f64) -> String {
    match verb.letter {
        'f' => format!("{float:.*}", verb.precision.unwrap_or(6)),
        'e' => scientific(float, verb.precision.unwrap_or(6)),
        'E' => scientific(float, verb.precision.unwrap_or(6)).to_uppercase(),
        letter => {
            let text = shortest(float, verb.precision);
            if letter == 'G' { text.to_uppercase() } else { text }
        }
    }
}

/// `1.500000e+00`: at least two digits of exponent.
fn scientific(float: f64, precision: usize) -> String {
    let text = format!("{float:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `%g`: the form with an exponent for very large and very small numbers.
fn shortest(float: f64, precision: Option<usize>) -> String {
    let text = format!("{float:e}");
    let exponent: i32 = text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let digits = text.split_once('e').map_or(1, |(mantissa, _)| mantissa.bytes().filter(u8::is_ascii_digit).count());
    let significant = precision.map(|precision| precision.max(1));
    let most = i32::try_from(significant.unwrap_or(6)).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= most {
        let precision = significant.map_or(digits, |significant| significant.min(digits));
        return scientific(float, precision.saturating_sub(1));
    }
    match significant {
        None => float.to_string(),
        Some(significant) => {
            let decimals = usize::try_from(i32::try_from(significant).unwrap_or(i32::MAX) - 1 - exponent).unwrap_or(0);
            let text = format!("{float:.decimals$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
    }
}

fn signed(verb: &Verb, text: String) -> String {
    match (text.starts_with('-'), verb.plus, verb.space) {
        (false, true, _) => format!("+{text}"),
        (false, false, true) => format!(" {text}"),
        _ => text,
    }
}

fn padded(verb: &Verb, text: String) -> String {
    let Some(width) = verb.width.filter(|_| verb.letter != 't') else { return text };
    let missing = width.saturating_sub(text.chars().count());
    if verb.minus {
        return text + &" ".repeat(missing);
    }
    if !verb.zero {
        return " ".repeat(missing) + &text;
    }
    let sign = text.len() - text.trim_start_matches(['+', '-']).len();
    let numeric = matches!(verb.letter, 'd' | 'b' | 'o' | 'x' | 'X' | 'e' | 'E' | 'f' | 'g' | 'G');
    let (sign, digits) = text.split_at_checked(if numeric { sign } else { 0 }).unwrap_or(("", &text));
    format!("{sign}{}{digits}", "0".repeat(missing))
}

fn pieces(template: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        let (verb, after) = verb(after)?;
        pieces.push(Piece::Text(std::mem::take(&mut text)));
        pieces.push(Piece::Verb(verb));
        rest = after;
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    Some(pieces)
}

/// Flags, width, precision, `[argument]`, letter.
fn verb(text: &str) -> Option<(Verb, &str)> {
    let mut verb = Verb::default();
    let mut rest = text;
    loop {
        let flag = match rest.as_bytes().first()? {
            b'+' => &mut verb.plus,
            b'-' => &mut verb.minus,
            b'#' => &mut verb.hash,
            b' ' => &mut verb.space,
            b'0' => &mut verb.zero,
            _ => break,
        };
        *flag = true;
        rest = rest.get(1..)?;
    }
    (verb.width, rest) = number(rest);
    if let Some(after) = rest.strip_prefix('.') {
        (verb.precision, rest) = number(after);
        verb.precision.get_or_insert(0);
    }
    if let Some(after) = rest.strip_prefix('[') {
        let (argument, after) = number(after);
        verb.argument = Some(argument.filter(|argument| *argument > 0)?);
        rest = after.strip_prefix(']')?;
    }
    verb.letter = rest.chars().next()?;
    Some((verb.clone(), rest.get(verb.letter.len_utf8()..)?))
}

fn number(text: &str) -> (Option<usize>, &str) {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).unwrap_or(("", text));
    // What does not fit is too wide by far.
    (if digits.is_empty() { None } else { Some(digits.parse().unwrap_or(usize::MAX)) }, rest)
}
