//! Functions of strings. What is known of how an unknown string starts is used and passed on.

use std::sync::Arc;

use super::args::{Answer, Call};
use super::format;
use super::pattern;
use crate::frontend::terraform::operators::{self, MAX_STRING};
use crate::value::{Unknown, Value, ValueKind};

/// The result, when the function is of this family.
pub(super) fn call(call: &Call<'_>) -> Option<Answer> {
    Some(match call.name {
        "chomp" => changed(call, |text| text.trim_end_matches(['\r', '\n']).to_owned()),
        "endswith" => call.text(0).and_then(|text| Ok(call.value(text.ends_with(&*call.text(1)?)))),
        "format" => format::format(call),
        "formatlist" => format::format_list(call),
        "indent" => indent(call),
        "join" => join(call),
        "lower" => cased(call, |text| text.chars().map(lower).collect()),
        "upper" => cased(call, |text| text.chars().map(upper).collect()),
        "regex" => pattern::regex(call),
        "regexall" => pattern::regex_all(call),
        "replace" => replace(call),
        "split" => split(call),
        "startswith" => starts_with(call),
        "strcontains" => contains(call),
        "strrev" => changed(call, |text| text.chars().rev().collect()),
        "substr" => substr(call),
        "title" => changed(call, title),
        "trim" => trim(call),
        "trimprefix" => trim_prefix(call),
        "trimspace" => changed(call, |text| text.trim().to_owned()),
        "trimsuffix" => call.text(0).and_then(|text| {
            let suffix = call.text(1)?;
            Ok(call.value(text.strip_suffix(&*suffix).unwrap_or(&text)))
        }),
        _ => return None,
    })
}

/// One character for one character, as Go maps them: `ß` has no such capital.
fn upper(character: char) -> char {
    let mut mapped = character.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => character,
    }
}

fn lower(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

fn changed(call: &Call<'_>, change: impl Fn(&str) -> String) -> Answer {
    call.text(0).map(|text| call.value(change(&text)))
}

/// A change of case, which how an unknown string starts goes through as well.
fn cased(call: &Call<'_>, change: impl Fn(&str) -> String) -> Answer {
    match call.arg(0)?.as_unknown() {
        None => changed(call, change),
        Some(unknown) => {
            let prefix = unknown.prefix.as_ref().map(|prefix| change(prefix).into());
            Err(call.value(Unknown { prefix, ..call.why() }))
        }
    }
}

/// How an unknown string argument starts.
fn known_start<'a>(call: &Call<'a>, position: usize) -> Option<&'a str> {
    call.args.get(position)?.as_unknown()?.prefix.as_deref()
}

fn starts_with(call: &Call<'_>) -> Answer {
    let start = call.text(1)?;
    if let Some(known) = known_start(call, 0) {
        if known.starts_with(&*start) {
            return Ok(call.value(true));
        }
        if !start.starts_with(known) {
            return Ok(call.value(false));
        }
    }
    Ok(call.value(call.text(0)?.starts_with(&*start)))
}

fn contains(call: &Call<'_>) -> Answer {
    let part = call.text(1)?;
    if known_start(call, 0).is_some_and(|known| known.contains(&*part)) {
        return Ok(call.value(true));
    }
    Ok(call.value(call.text(0)?.contains(&*part)))
}

fn indent(call: &Call<'_>) -> Answer {
    let (spaces, text) = (call.count(0)?, call.text(1)?);
    let lines = text.matches('\n').count();
    if lines == 0 {
        return Ok(call.value(text));
    }
    if lines.saturating_mul(spaces).saturating_add(text.len()) > MAX_STRING {
        return Err(call.too_large("string length"));
    }
    Ok(call.value(text.replace('\n', &format!("\n{}", " ".repeat(spaces)))))
}

fn join(call: &Call<'_>) -> Answer {
    let separator = call.arg(0)?;
    let mut open = false;
    let mut parts: Vec<Value> = Vec::new();
    for position in 1..call.args.len() {
        let array = match call.list(position) {
            Ok(array) => array,
            Err(result) if parts.is_empty() => return Err(result),
            Err(result) => {
                parts.push(result);
                open = true;
                break;
            }
        };
        for item in &array.items {
            match &item.kind {
                ValueKind::Null => return Err(call.invalid("an element is null")),
                ValueKind::Array(_) | ValueKind::Object(_) => return Err(call.invalid("a list of strings is required")),
                _ => {}
            }
            if !parts.is_empty() {
                parts.push(separator.clone());
            }
            parts.push(item.clone());
        }
        if let Some(rest) = &array.rest {
            parts.push(call.value(Unknown { prefix: None, symbol: None, ..Unknown::clone(rest) }));
            open = true;
            break;
        }
    }
    let joined = operators::join(&parts, call.span);
    Ok(if open { call.opaque(joined) } else { joined })
}

/// A text between slashes is a regular expression.
fn replace(call: &Call<'_>) -> Answer {
    let (from, to) = (call.text(1)?, call.text(2)?);
    let text = call.text(0)?;
    let expression = from.strip_prefix('/').and_then(|from| from.strip_suffix('/'));
    if let Some(expression) = expression {
        return pattern::replace(call, &text, expression, &to);
    }
    let times = text.matches(&*from).count();
    if times.saturating_mul(to.len()).saturating_add(text.len()) > MAX_STRING {
        return Err(call.too_large("string length"));
    }
    Ok(call.value(text.replace(&*from, &to)))
}

fn split(call: &Call<'_>) -> Answer {
    let (separator, text) = (call.text(0)?, call.text(1)?);
    if separator.is_empty() {
        return Ok(call.text_array(text.chars().map(String::from)));
    }
    Ok(call.text_array(text.split(&*separator)))
}

/// A negative offset counts from the end; a negative length is the rest.
fn substr(call: &Call<'_>) -> Answer {
    let (offset, length) = (call.int(1)?, call.int(2)?);
    if let (Ok(offset), Ok(length), Some(known)) =
        (usize::try_from(offset), usize::try_from(length), known_start(call, 0))
        && offset.saturating_add(length) <= known.chars().count()
    {
        return Ok(call.value(known.chars().skip(offset).take(length).collect::<String>()));
    }
    let text = call.text(0)?;
    let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let start = if offset < 0 { count.saturating_add(offset).max(0) } else { offset };
    let skip = usize::try_from(start).unwrap_or(usize::MAX);
    let take = usize::try_from(length).unwrap_or(usize::MAX);
    Ok(call.value(text.chars().skip(skip).take(take).collect::<String>()))
}

/// The first letter of every word in upper case.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for character in text.chars() {
        if is_separator(before) {
            out.extend(character.to_uppercase());
        } else {
            out.push(character);
        }
        before = character;
    }
    out
}

fn is_separator(character: char) -> bool {
    if character.is_ascii() {
        return !(character.is_ascii_alphanumeric() || character == '_');
    }
    !character.is_alphanumeric() && character.is_whitespace()
}

fn trim(call: &Call<'_>) -> Answer {
    let (text, cut) = (call.text(0)?, call.text(1)?);
    Ok(call.value(text.trim_matches(|character| cut.contains(character))))
}

fn trim_prefix(call: &Call<'_>) -> Answer {
    let prefix = call.text(1)?;
    if let Some(known) = known_start(call, 0)
        && let Some(left) = known.strip_prefix(&*prefix)
    {
        let left: Option<Arc<str>> = (!left.is_empty()).then(|| left.into());
        return Err(call.value(Unknown { prefix: left, ..call.why() }));
    }
    let text = call.text(0)?;
    Ok(call.value(text.strip_prefix(&*prefix).unwrap_or(&text)))
}
