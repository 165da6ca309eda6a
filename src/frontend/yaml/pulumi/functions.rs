//! The `fn::` functions of Pulumi YAML, as far as the text alone decides them.
//!
//! In: an object with one key that names a function. Out: its result; unknown for what asks a provider, and for files whose path
//! the text does not tell. An object that
//! calls nothing gives none.

use base64::Engine as _;

use super::evaluate::Evaluator;
use crate::frontend::yaml::join::joined;
use crate::source::Span;
use crate::value::{Number, Object, Reason, StepKind, Unknown, Value, ValueKind};

/// The result of a call, when the object is one.
pub(super) fn call(evaluator: &Evaluator<'_>, object: &Object, span: Span) -> Option<Value> {
    let (key, entry) = object.entries.first()?;
    let name = key.strip_prefix("fn::").or_else(|| key.strip_prefix("Fn::"))?;
    if object.entries.len() != 1 {
        return None;
    }
    let argument = || evaluator.value(&entry.value);
    let lower = name.to_ascii_lowercase();
    Some(match lower.as_str() {
        "secret" | "unsecret" => argument(),
        "length" => length(&argument(), span),
        "join" => join(&argument(), span),
        "split" => split(&argument(), span),
        "select" => select(&argument(), span),
        "tobase64" => text_of(&argument(), span, |text| Some(base64::engine::general_purpose::STANDARD.encode(text))),
        "frombase64" => text_of(&argument(), span, |text| {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
            String::from_utf8(bytes).ok()
        }),
        "tojson" => to_json(&argument(), span),
        "readfile" => read(evaluator, &entry.value, span),
        "singleornone" => single(&argument(), span),
        _ => runtime(name, &argument(), span),
    })
}

/// A call that only the deployment can make; it may depend on what it was given.
fn runtime(name: &str, argument: &Value, span: Span) -> Value {
    let mut unknown = Unknown::new(Reason::Runtime(format!("fn::{name}").into()));
    argument.for_each_reference(&mut |reference, _| {
        if !unknown.references.contains(reference) {
            unknown.references.push(reference.clone());
        }
    });
    Value::new(unknown, span)
}

fn read(evaluator: &Evaluator<'_>, path: &Value, span: Span) -> Value {
    match evaluator.file(path) {
        Some(Ok(text)) => Value::new(text, span),
        Some(Err(reason)) => Value::unknown(reason, span),
        None => runtime("readFile", &evaluator.value(path), span),
    }
}

fn list(value: &Value) -> Option<&[Value]> {
    value.as_array().filter(|it| it.rest.is_none()).map(|it| it.items.as_slice())
}

fn join(argument: &Value, span: Span) -> Value {
    let parts = list(argument).and_then(|it| match it {
        [separator, items] => Some((separator.as_str()?, list(items)?)),
        _ => None,
    });
    match parts {
        Some((separator, items)) => joined(items, separator, span),
        None => runtime("join", argument, span),
    }
}

fn split(argument: &Value, span: Span) -> Value {
    let parts = list(argument).and_then(|it| match it {
        [separator, text] => Some((separator.as_str()?, text.as_str()?)),
        _ => None,
    });
    match parts {
        Some((separator, text)) if !separator.is_empty() => {
            Value::array(text.split(separator).map(|it| Value::new(it, span)).collect(), span)
        }
        _ => runtime("split", argument, span),
    }
}

fn select(argument: &Value, span: Span) -> Value {
    let found = list(argument).and_then(|it| match it {
        [index, items] => list(items)?.get(usize::try_from(index.as_number()?.as_i64()?).ok()?),
        _ => None,
    });
    found.map_or_else(|| runtime("select", argument, span), |it| it.clone().through(StepKind::Local, span))
}

fn length(argument: &Value, span: Span) -> Value {
    let count = match (list(argument), argument.as_str()) {
        (Some(items), _) => Some(items.len()),
        (None, Some(text)) => Some(text.chars().count()),
        (None, None) => argument.as_object().filter(|it| it.rest.is_none()).map(|it| it.entries.len()),
    };
    let count = count.and_then(|it| i64::try_from(it).ok());
    count.map_or_else(|| runtime("length", argument, span), |it| Value::new(Number::Int(it), span))
}

fn single(argument: &Value, span: Span) -> Value {
    match list(argument) {
        Some([one]) => one.clone(),
        Some([]) => Value::new(ValueKind::Null, span),
        _ => runtime("singleOrNone", argument, span),
    }
}

fn text_of(argument: &Value, span: Span, change: impl Fn(&str) -> Option<String>) -> Value {
    match argument.as_str().and_then(change) {
        Some(text) => Value::new(text, span),
        None => runtime("base64", argument, span),
    }
}

fn to_json(argument: &Value, span: Span) -> Value {
    if !argument.is_wholly_known() {
        return runtime("toJSON", argument, span);
    }
    Value::new(json(argument).to_string(), span)
}

fn json(value: &Value) -> serde_json::Value {
    match &value.kind {
        ValueKind::Null | ValueKind::Unknown(_) => serde_json::Value::Null,
        ValueKind::Bool(flag) => (*flag).into(),
        ValueKind::Number(number) => number.as_i64().map_or_else(|| number.as_f64().into(), Into::into),
        ValueKind::String(text) => serde_json::Value::String(text.to_string()),
        ValueKind::Array(array) => array.items.iter().map(json).collect(),
        ValueKind::Object(object) => {
            object.entries.iter().map(|(key, entry)| (key.to_string(), json(&entry.value))).collect()
        }
    }
}
