//! Turns an argument's value into the property's: spellings, texts, units, elements.
//!
//! In: a value and what its spec says. Out: the ARM value with the span and provenance of the argument; nothing when
//! the spec says that it counts as not written. What is unknown stays unknown, with its references.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::compile::Fill;
use super::functions;
use super::read::Errors;
use crate::source::Span;
use crate::value::{Array, Number, Object, Unknown, Value, ValueKind};

/// A default by provider major: the last entry that is not newer holds.
#[derive(Clone, Debug)]
pub(super) struct Majors(Vec<(u8, Json)>);

impl Majors {
    pub(super) fn read(errors: &mut Errors, what: &str, json: &Json) -> Self {
        let Json::Object(map) = json else { return Self(vec![(0, json.clone())]) };
        if map.is_empty() || !map.keys().all(|key| key.bytes().all(|byte| byte.is_ascii_digit())) {
            return Self(vec![(0, json.clone())]);
        }
        let mut majors = Vec::new();
        for (key, value) in map {
            match key.parse() {
                Ok(major) => majors.push((major, value.clone())),
                Err(_) => errors.add(format!("{what}: `{key}` is not a major version")),
            }
        }
        majors.sort_by_key(|(major, _)| *major);
        Self(majors)
    }

    pub(super) fn at(&self, major: u8) -> Option<&Json> {
        let (_, value) = self.0.iter().rev().find(|(from, _)| *from <= major)?;
        (!value.is_null()).then_some(value)
    }
}

/// A text with holes.
#[derive(Clone, Debug)]
pub(super) struct Format(Vec<Part>);

impl Format {
    /// The other arguments that the text has in it.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &Vec<Arc<str>>> {
        self.0.iter().filter_map(|part| match part {
            Part::Argument(path) => Some(path),
            _ => None,
        })
    }
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    This,
    Argument(Vec<Arc<str>>),
}

impl Format {
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (hole, tail) = after.split_once('}').unwrap_or((after, ""));
            parts.push(if hole.is_empty() {
                Part::This
            } else {
                Part::Argument(hole.split('.').map(Into::into).collect())
            });
            rest = tail;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Self(parts)
    }

    /// What stands in the only hole when the text is `whole`; nothing when other arguments have a part in it.
    pub(super) fn inner<'t>(&self, whole: &'t str) -> Option<&'t str> {
        let at = self.0.iter().position(|it| matches!(it, Part::This))?;
        let (before, after) = self.0.split_at(at);
        let text = |parts: &[Part]| {
            let texts = parts.iter().map(|it| match it {
                Part::Text(text) => Some(text.as_str()),
                _ => None,
            });
            texts.collect::<Option<String>>()
        };
        whole.strip_prefix(&*text(before)?)?.strip_suffix(&*text(after.get(1..)?)?)
    }

    /// Fills the holes; nothing when a part is not written.
    fn fill<'v>(&self, this: &Value, argument: &dyn Fn(&[Arc<str>]) -> Option<&'v Value>) -> Option<Value> {
        let mut text = String::new();
        let mut unknown: Option<Unknown> = None;
        for part in &self.0 {
            let value = match part {
                Part::Text(literal) => {
                    if unknown.is_none() {
                        text.push_str(literal);
                    }
                    continue;
                }
                Part::This => this,
                Part::Argument(path) => argument(path)?,
            };
            match (&value.kind, &mut unknown) {
                (ValueKind::Unknown(why), Some(so_far)) => *so_far = so_far.join(why),
                (ValueKind::Unknown(why), None) => unknown = Some(why.as_ref().clone()),
                (_, Some(_)) => {}
                (_, None) => text.push_str(&scalar_text(value)?),
            }
        }
        let kind = match unknown {
            Some(mut unknown) => {
                unknown.prefix = (!text.is_empty()).then(|| text.into());
                ValueKind::from(unknown)
            }
            None => ValueKind::from(text),
        };
        Some(Value { kind, span: this.span, origin: this.origin.clone() })
    }
}

/// The property's value for an argument's, or nothing.
pub(super) fn transform<'v>(
    fill: &Fill,
    values: Option<&Map<String, Json>>,
    value: &'v Value,
    argument: &dyn Fn(&[Arc<str>]) -> Option<&'v Value>,
) -> Option<Value> {
    let changes = values.is_some() || fill.scale.is_some() || fill.function.is_some();
    let mut result = value.clone();
    if changes && let ValueKind::Unknown(unknown) = &mut result.kind {
        Arc::make_mut(unknown).prefix = None;
    }
    if let Some(values) = values {
        result = spell(values, result)?;
    }
    if let Some(function) = fill.function {
        result = function(result)?;
    }
    if let Some(format) = &fill.format {
        result = format.fill(&result, argument)?;
    }
    if let Some(scale) = fill.scale {
        result = scaled(result, scale);
    }
    match &fill.each {
        Some(template) => Some(each(template, &result)),
        None => Some(result),
    }
}

/// The text of a known scalar, as Terraform writes it into a template.
pub(crate) fn scalar_text(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::String(text) => Some(text.to_string()),
        ValueKind::Bool(flag) => Some(flag.to_string()),
        ValueKind::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn spell(values: &Map<String, Json>, mut value: Value) -> Option<Value> {
    if let ValueKind::Array(array) = &mut value.kind {
        let Array { items, rest } = array.as_ref().clone();
        let items = items.into_iter().filter_map(|item| spell(values, item)).collect();
        *array = Arc::new(Array { items, rest });
        return Some(value);
    }
    let Some(text) = scalar_text(&value) else { return Some(value) };
    let spelled = values.get(&text).or_else(|| {
        values.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(&text)).map(|(_, spelled)| spelled)
    });
    match spelled {
        Some(Json::Null) => None,
        Some(json) => Some(Value { kind: from_json(json, value.span).kind, ..value }),
        None => Some(value),
    }
}

fn scaled(mut value: Value, scale: f64) -> Value {
    let number = match &value.kind {
        ValueKind::Number(number) => Some(number.as_f64()),
        ValueKind::String(text) => text.parse().ok(),
        _ => None,
    };
    if let Some(number) = number {
        value.kind = ValueKind::Number(Number::from_f64(number * scale));
    }
    value
}

/// One object an element; `$` is the element, `$key` its key when the argument is a map.
fn each(template: &Json, value: &Value) -> Value {
    match &value.kind {
        ValueKind::Array(array) => {
            let items = array.items.iter().map(|item| fill_template(template, None, item)).collect();
            let kind = ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() }));
            Value { kind, ..value.clone() }
        }
        ValueKind::Object(object) => {
            let items = object
                .entries
                .iter()
                .map(|(key, entry)| {
                    let key = Value::new(key.clone(), entry.key_span);
                    fill_template(template, Some(&key), &entry.value)
                })
                .collect();
            let kind = ValueKind::Array(Arc::new(Array { items, rest: object.rest.clone() }));
            Value { kind, ..value.clone() }
        }
        ValueKind::Unknown(_) | ValueKind::Null => value.clone(),
        _ => Value { kind: Value::array(vec![fill_template(template, None, value)], value.span).kind, ..value.clone() },
    }
}

fn fill_template(template: &Json, key: Option<&Value>, element: &Value) -> Value {
    match template {
        Json::String(text) if text == "$" => element.clone(),
        Json::String(text) if text == "$key" => key.unwrap_or(element).clone(),
        Json::String(text) if text.starts_with("$ ") => {
            let function = text.get(2..).and_then(functions::find);
            let made = function.and_then(|function| function(element.clone()));
            made.unwrap_or_else(|| Value::new(ValueKind::Null, element.span))
        }
        Json::Object(map) => {
            let mut object = Object::default();
            for (name, inner) in map {
                object.insert(name.as_str(), element.span, fill_template(inner, key, element));
            }
            Value { kind: ValueKind::Object(Arc::new(object)), span: element.span, origin: None }
        }
        Json::Array(items) => {
            let items = items.iter().map(|inner| fill_template(inner, key, element)).collect();
            Value::array(items, element.span)
        }
        other => from_json(other, element.span),
    }
}

/// A constant of a data file, as if written at `span`.
pub(crate) fn from_json(json: &Json, span: Span) -> Value {
    match json {
        Json::Null => Value::new(ValueKind::Null, span),
        Json::Bool(flag) => Value::new(*flag, span),
        Json::Number(number) => {
            let number = number.as_i64().map_or_else(|| Number::from_f64(number.as_f64().unwrap_or(0.0)), Number::Int);
            Value::new(number, span)
        }
        Json::String(text) => Value::new(text.as_str(), span),
        Json::Array(items) => Value::array(items.iter().map(|item| from_json(item, span)).collect(), span),
        Json::Object(map) => {
            let mut object = Object::default();
            for (key, value) in map {
                object.insert(key.as_str(), span, from_json(value, span));
            }
            Value::object(object, span)
        }
    }
}
