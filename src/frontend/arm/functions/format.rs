//! `format('{0}-{1:D3}', ...)`: composite formatting as .NET does it, for the specifiers that templates use.

use super::super::symbol;
use super::Call;
use super::array::{MAX_TEXT, bounded, plain_text};
use crate::value::{Number, Value};

/// A piece of a format text.
enum Piece {
    Text(String),
    Hole { index: usize, alignment: i64, specifier: String },
}

pub(super) fn format(call: &Call<'_>, arguments: &[Value]) -> Value {
    let Some((template, values)) = arguments.split_first() else { return call.fail("format() takes a text") };
    let Some(text) = template.as_str() else {
        let unknown = template.as_unknown().is_some();
        return if unknown { call.unknown(arguments) } else { call.fail("the format must be a text") };
    };
    let pieces = match pieces(text) {
        Ok(pieces) => pieces,
        Err(message) => return call.fail(format!("format(): {message}")),
    };
    let mut parts = Vec::new();
    for piece in pieces {
        let part = match piece {
            Piece::Text(text) => Value::new(text, call.span),
            Piece::Hole { index, alignment, specifier } => match values.get(index) {
                None => return call.fail(format!("format(): there is no argument for {{{index}}}")),
                Some(value) if value.as_unknown().is_some() => value.clone(),
                Some(value) if !value.is_wholly_known() => return call.unknown(arguments),
                Some(value) => Value::new(aligned(formatted(value, &specifier), alignment), call.span),
            },
        };
        parts.push(part);
    }
    if parts.iter().any(|it| it.as_unknown().is_some()) {
        return symbol::unknown_text(&parts, call.span);
    }
    let whole: String = parts.iter().filter_map(Value::as_str).collect();
    if whole.len() > MAX_TEXT { bounded(call, "the length of a text") } else { call.known(whole) }
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(rest.get(..at).unwrap_or(""));
        let tail = rest.get(at..).unwrap_or("");
        if tail.starts_with("{{") || tail.starts_with("}}") {
            literal.push_str(tail.get(..1).unwrap_or(""));
            rest = tail.get(2..).unwrap_or("");
            continue;
        }
        let inside = tail.strip_prefix('{').ok_or("a `}` stands alone")?;
        let (hole, after) = inside.split_once('}').ok_or("a `{` is not closed")?;
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
        }
        pieces.push(self::hole(hole)?);
        rest = after;
    }
    literal.push_str(rest);
    pieces.push(Piece::Text(literal));
    Ok(pieces)
}

fn hole(text: &str) -> Result<Piece, String> {
    let (head, specifier) = text.split_once(':').unwrap_or((text, ""));
    let (index, alignment) = head.split_once(',').unwrap_or((head, "0"));
    let wrong = || format!("`{{{text}}}` is not a placeholder");
    Ok(Piece::Hole {
        index: index.trim().parse().map_err(|_| wrong())?,
        alignment: alignment.trim().parse().ok().filter(|it| (-1000..=1000).contains(it)).ok_or_else(wrong)?,
        specifier: specifier.to_owned(),
    })
}

fn aligned(text: String, alignment: i64) -> String {
    let width = usize::try_from(alignment.unsigned_abs()).unwrap_or(0);
    match alignment {
        0 => text,
        1.. => format!("{text:>width$}"),
        _ => format!("{text:<width$}"),
    }
}

/// One value by its specifier; an unknown specifier, or one that does not fit the value, prints it plainly.
fn formatted(value: &Value, specifier: &str) -> String {
    let Some(number) = value.as_number() else { return plain_text(value) };
    let mut letters = specifier.chars();
    let Some(kind) = letters.next() else { return number.to_string() };
    let precision: Option<usize> = letters.as_str().parse().ok().filter(|it| *it <= 99);
    match (kind.to_ascii_uppercase(), number) {
        ('D', Number::Int(int)) => {
            let sign = if int < 0 { "-" } else { "" };
            format!("{sign}{:0>width$}", int.unsigned_abs(), width = precision.unwrap_or(0))
        }
        ('X', Number::Int(int)) => {
            let width = precision.unwrap_or(0);
            if kind == 'X' { format!("{int:0width$X}") } else { format!("{int:0width$x}") }
        }
        ('N', _) => grouped(&format!("{:.*}", precision.unwrap_or(2), number.as_f64())),
        ('F', _) => format!("{:.*}", precision.unwrap_or(2), number.as_f64()),
        ('P', _) => format!("{} %", grouped(&format!("{:.*}", precision.unwrap_or(2), number.as_f64() * 100.0))),
        ('0' | '#', Number::Int(int)) if specifier.bytes().all(|byte| byte == b'0') => {
            format!("{int:0width$}", width = specifier.len())
        }
        _ => number.to_string(),
    }
}

/// A decimal text with commas between thousands.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}
