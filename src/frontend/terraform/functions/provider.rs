//! Functions of providers: azurerm's resource ids, and the variables files of the built-in provider.

use std::fmt::Write as _;

use super::args::{Answer, Call};
use super::encoding::respan;
use crate::frontend::terraform::project::constant;
use crate::parse::hcl;
use crate::source::FileId;
use crate::value::{Object, Value, ValueKind};

/// The result, when the function is of a provider that is known; the provider's local name does not matter.
pub(super) fn call(call: &Call<'_>) -> Option<Answer> {
    let (_, function) = call.name.strip_prefix("provider::")?.split_once("::")?;
    Some(match function {
        "normalise_resource_id" => normalise(call),
        "parse_resource_id" => parse(call),
        "decode_tfvars" => decode_variables(call),
        "encode_tfvars" => encode_variables(call),
        "encode_expr" => call.known(0).map(|value| {
            let mut out = String::new();
            write(value, 0, &mut out);
            call.value(out)
        }),
        _ => return None,
    })
}

/// The segments that every id has, in the case that Azure documents; other names are matched whatever their case.
fn normalise(call: &Call<'_>) -> Answer {
    let id = call.arg(0)?;
    if id.as_unknown().is_some() {
        return Ok(id.clone());
    }
    let text = call.text(0)?;
    let fixed = ["subscriptions", "resourceGroups", "providers"];
    let mut segments: Vec<String> = text.split('/').map(str::to_owned).collect();
    for (at, segment) in segments.iter_mut().enumerate() {
        // Keys are at odd places, after the leading slash.
        if at % 2 == 1
            && let Some(known) = fixed.iter().find(|known| known.eq_ignore_ascii_case(segment))
        {
            (*known).clone_into(segment);
        }
        if segment.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("microsoft.")) {
            *segment = format!("Microsoft.{}", segment.get(10..).unwrap_or(""));
        }
    }
    Ok(call.value(segments.join("/")))
}

fn parse(call: &Call<'_>) -> Answer {
    let id = call.text(0)?;
    let malformed = || call.invalid("this is not a resource id");
    let lower = id.to_lowercase();
    let place = lower.rfind("/providers/").ok_or_else(malformed)?;
    let (scope, own) = (id.get(..place).unwrap_or(""), id.get(place + "/providers/".len()..).unwrap_or(""));
    let mut segments = own.split('/');
    let provider = segments.next().unwrap_or("");
    let rest: Vec<&str> = segments.collect();
    let (pairs, left) = rest.as_chunks::<2>();
    let Some(([kind, name], parents)) = pairs.split_last().filter(|_| left.is_empty()) else { return Err(malformed()) };
    let after = |key: &str| {
        let mut parts = scope.split('/').skip_while(|part| !part.eq_ignore_ascii_case(key));
        parts.nth(1).unwrap_or("").to_owned()
    };
    let extends = lower.get(..place).is_some_and(|scope| scope.contains("/providers/"));
    let mut parent_names = Object::default();
    let mut full_type = provider.to_owned();
    for [kind, name] in parents {
        parent_names.insert(*kind, call.span, call.value(*name));
        let _ = write!(full_type, "/{kind}");
    }
    let _ = write!(full_type, "/{kind}");
    let own_scope = |text: String| if extends { String::new() } else { text };
    let mut out = Object::default();
    let texts = [
        ("full_resource_type", full_type),
        ("resource_group_name", own_scope(after("resourceGroups"))),
        ("resource_name", (*name).to_owned()),
        ("resource_provider", provider.to_owned()),
        ("resource_scope", if extends { scope.to_owned() } else { String::new() }),
        ("resource_type", (*kind).to_owned()),
        ("subscription_id", own_scope(after("subscriptions"))),
    ];
    for (key, text) in texts {
        out.insert(key, call.span, call.value(text));
    }
    out.insert("parent_resources", call.span, Value::object(parent_names, call.span));
    Ok(Value::object(out, call.span))
}

fn decode_variables(call: &Call<'_>) -> Answer {
    let text = call.text(0)?;
    let (file, problems) = hcl::parse(FileId(u32::MAX), text);
    if !problems.is_empty() || !file.body.blocks.is_empty() {
        return Err(call.invalid("this is not a variables file"));
    }
    let mut out = Object::default();
    for attribute in &file.body.attributes {
        let value = respan(&constant(&file, attribute.value), call.span);
        out.insert(file.slice(attribute.name), call.span, value);
    }
    Ok(Value::object(out, call.span))
}

fn encode_variables(call: &Call<'_>) -> Answer {
    call.known(0)?;
    let mut out = String::new();
    write_items(call.object(0)?, 0, &mut out);
    Ok(call.value(out))
}

fn write(value: &Value, indent: usize, out: &mut String) {
    match &value.kind {
        ValueKind::Null | ValueKind::Unknown(_) => out.push_str("null"),
        ValueKind::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
        ValueKind::Number(number) => _ = write!(out, "{number}"),
        ValueKind::String(text) => quote(text, out),
        ValueKind::Array(array) => {
            out.push('[');
            for (at, item) in array.items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write(item, indent, out);
            }
            out.push(']');
        }
        ValueKind::Object(object) if object.entries.is_empty() => out.push_str("{}"),
        ValueKind::Object(object) => {
            out.push_str("{\n");
            write_items(object, indent.saturating_add(2), out);
            out.push_str(&" ".repeat(indent));
            out.push('}');
        }
    }
}

/// One entry a line, the equals signs below each other as `terraform fmt` has them.
fn write_items(object: &Object, indent: usize, out: &mut String) {
    let mut entries: Vec<(String, &Value)> = Vec::with_capacity(object.entries.len());
    for (key, entry) in &object.entries {
        let mut name = String::new();
        if is_name(key) {
            name.push_str(key);
        } else {
            quote(key, &mut name);
        }
        entries.push((name, &entry.value));
    }
    entries.sort_by(|(a, _), (b, _)| a.trim_start_matches('"').cmp(b.trim_start_matches('"')));
    let mut rest = entries.as_slice();
    while !rest.is_empty() {
        // A value of several lines ends a run of aligned lines.
        let run = rest.iter().position(|(_, value)| is_long(value)).map_or(rest.len(), |at| at.max(1));
        let (lines, more) = rest.split_at_checked(run).unwrap_or((rest, &[]));
        let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in lines {
            let gap = width.saturating_sub(name.chars().count());
            let _ = write!(out, "{}{name}{} = ", " ".repeat(indent), " ".repeat(gap));
            write(value, indent, out);
            out.push('\n');
        }
        rest = more;
    }
}

/// True for a value that is written in several lines.
fn is_long(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Object(object) => !object.entries.is_empty(),
        ValueKind::Array(array) => array.items.iter().any(is_long),
        _ => false,
    }
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|it| it.is_alphanumeric() || matches!(it, '_' | '-'))
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for (at, character) in text.char_indices() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if text.get(at + 1..).is_some_and(|rest| rest.starts_with('{')) => {
                out.push(character);
                out.push(character);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
