//! Regular expressions: Terraform's RE2 written as the `regex` crate reads it, and `regex`, `regexall`, `replace`.

use regex::{Captures, Regex, RegexBuilder};

use super::args::{Answer, Call};
use crate::frontend::terraform::operators::MAX_STRING;
use crate::value::{Object, Value, ValueKind};

/// The most matches that `regexall` gives.
const MAX_MATCHES: usize = 10_000;

/// The largest compiled expression, in bytes.
const MAX_COMPILED: usize = 1 << 20;

pub(super) fn regex(call: &Call<'_>) -> Answer {
    let (source, text) = (call.text(0)?, call.text(1)?);
    let regex = compile(call, &source)?;
    match regex.captures(&text) {
        Some(found) => captured(call, &regex, &found),
        None => Err(call.invalid("nothing matches the pattern")),
    }
}

pub(super) fn regex_all(call: &Call<'_>) -> Answer {
    let (source, text) = (call.text(0)?, call.text(1)?);
    let regex = compile(call, &source)?;
    let found: Vec<Value> = regex
        .captures_iter(&text)
        .take(MAX_MATCHES + 1)
        .map(|found| captured(call, &regex, &found))
        .collect::<Result<_, _>>()?;
    if found.len() > MAX_MATCHES { Err(call.too_large("matches")) } else { Ok(call.array(found)) }
}

pub(super) fn replace(call: &Call<'_>, text: &str, source: &str, to: &str) -> Answer {
    let regex = compile(call, source)?;
    let mut out = String::new();
    let mut from = 0;
    for found in regex.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(text.get(from..whole.start()).unwrap_or(""));
        found.expand(to, &mut out);
        from = whole.end();
        if out.len() > MAX_STRING {
            return Err(call.too_large("string length"));
        }
    }
    out.push_str(text.get(from..).unwrap_or(""));
    Ok(call.value(out))
}

/// The whole match; a list of the groups; or a map of the groups when they have names.
fn captured(call: &Call<'_>, regex: &Regex, found: &Captures<'_>) -> Answer {
    let group = |at: usize| {
        let text = found.get(at).map(|group| group.as_str());
        call.value(text.map_or(ValueKind::Null, ValueKind::from))
    };
    if regex.captures_len() == 1 {
        return Ok(group(0));
    }
    let names: Vec<(usize, Option<&str>)> = regex.capture_names().enumerate().skip(1).collect();
    if names.iter().all(|(_, name)| name.is_none()) {
        return Ok(call.array(names.iter().map(|(at, _)| group(*at)).collect()));
    }
    let mut object = Object::default();
    for (at, name) in names {
        let Some(name) = name else { return Err(call.invalid("groups with and without names cannot be mixed")) };
        object.insert(name, call.span, group(at));
    }
    Ok(Value::object(object, call.span))
}

fn compile(call: &Call<'_>, source: &str) -> Result<Regex, Value> {
    let compiled = RegexBuilder::new(&translated(source)).size_limit(MAX_COMPILED).nest_limit(64).build();
    compiled.map_err(|problem| match problem {
        regex::Error::CompiledTooBig(_) => call.too_large("size of a regular expression"),
        // Classes of Unicode are not compiled in.
        _ if source.contains("\\p") || source.contains("\\P") || source.contains("\\C") => {
            call.not_evaluated("this regular expression")
        }
        _ => call.invalid("the regular expression is wrong"),
    })
}

/// RE2 reads classes as ASCII, a `[` or `&&` inside a class as text, and a `{` that counts nothing as text.
fn translated(source: &str) -> String {
    let characters: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    let mut in_class = false;
    // Where the class at hand starts: a `]` right there is text.
    let mut class_start = 0;
    while let Some(character) = characters.get(at).copied() {
        let next = characters.get(at + 1).copied();
        match (character, next) {
            ('\\', Some('Q')) => at = quoted(&characters, at + 2, &mut out),
            ('\\', Some(escaped)) => {
                escape(escaped, in_class, &mut out);
                at += 2;
            }
            ('[', Some(':')) if in_class => {
                let end = (at + 2..characters.len()).find(|end| characters.get(*end) == Some(&']')).unwrap_or(at);
                out.extend(characters.get(at..=end).unwrap_or(&[]));
                at = end + 1;
            }
            ('[' | '&' | '~', _) if in_class => {
                out.push('\\');
                out.push(character);
                at += 1;
            }
            (']', _) if in_class && at > class_start => {
                in_class = false;
                out.push(']');
                at += 1;
            }
            (']', _) if in_class => {
                out.push_str("\\]");
                at += 1;
            }
            ('[', _) if !in_class => {
                in_class = true;
                out.push('[');
                at += 1;
                if characters.get(at) == Some(&'^') {
                    out.push('^');
                    at += 1;
                }
                class_start = at;
            }
            ('{', _) if !in_class && !counts(&characters, at) => {
                out.push_str("\\{");
                at += 1;
            }
            _ => {
                out.push(character);
                at += 1;
            }
        }
    }
    out
}

/// `\Q...\E`: everything is text.
fn quoted(characters: &[char], from: usize, out: &mut String) -> usize {
    let mut at = from;
    while let Some(character) = characters.get(at) {
        if *character == '\\' && characters.get(at + 1) == Some(&'E') {
            return at + 2;
        }
        out.push_str(&regex::escape(&character.to_string()));
        at += 1;
    }
    at
}

fn escape(escaped: char, in_class: bool, out: &mut String) {
    let class = match escaped {
        'd' => "0-9",
        'D' => "^0-9",
        'w' => "0-9A-Za-z_",
        'W' => "^0-9A-Za-z_",
        's' => "\\t\\n\\f\\r ",
        'S' => "^\\t\\n\\f\\r ",
        'b' if !in_class => {
            out.push_str("(?-u:\\b)");
            return;
        }
        '<' | '>' => {
            out.push(escaped);
            return;
        }
        other => {
            out.push('\\');
            out.push(other);
            return;
        }
    };
    out.push('[');
    out.push_str(class);
    out.push(']');
}

/// True for `{2}`, `{2,}` and `{2,3}`.
fn counts(characters: &[char], open: usize) -> bool {
    let inside: String = characters.iter().skip(open + 1).take_while(|it| **it != '}').take(12).collect();
    let closed = characters.get(open + 1 + inside.chars().count()) == Some(&'}');
    let (low, high) = inside.split_once(',').unwrap_or((&inside, ""));
    closed && !low.is_empty() && low.bytes().chain(high.bytes()).all(|byte| byte.is_ascii_digit())
}
