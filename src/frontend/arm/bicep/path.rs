//! From a span in a template to the way that leads there: keys and indices, through expressions that build objects too.

use super::super::expression::{self, Expression, Kind, Meaning};
use crate::source::Span;
use crate::value::{Value, ValueKind};

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
    /// Into the first or the second branch of a choice.
    Branch(usize),
}

impl Step {
    /// What this step leads to.
    pub(super) fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Key(key) => value.as_object()?.value(key),
            Self::Index(index) => value.as_array()?.items.get(*index),
            Self::Branch(_) => Some(value),
        }
    }
}

/// The way from the root of a template to a span in it.
pub(super) fn steps(root: &Value, span: Span) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut value = root;
    loop {
        let next = match &value.kind {
            ValueKind::Object(object) => object.entries.iter().find_map(|(key, entry)| {
                let whole = entry.key_span.to(entry.value.span);
                whole.contains(span).then(|| (Step::Key(key.to_string()), &entry.value))
            }),
            ValueKind::Array(array) => array
                .items
                .iter()
                .enumerate()
                .find_map(|(index, item)| item.span.contains(span).then_some((Step::Index(index), item))),
            ValueKind::String(text) => {
                in_text(text, value.span, span, &mut steps);
                None
            }
            _ => None,
        };
        match next {
            Some((step, inner)) => {
                steps.push(step);
                value = inner;
            }
            None => return steps,
        }
    }
}

/// The keys of the objects that an expression builds around a place in it.
fn in_text(text: &str, whole: Span, span: Span, steps: &mut Vec<Step>) {
    let Meaning::Expression(inner) = expression::meaning(text) else { return };
    if span.contains(whole) {
        return;
    }
    let Ok(expression) = expression::parse(inner) else { return };
    let start = span.start.saturating_sub(whole.start.saturating_add(2));
    in_expression(&expression, start, steps);
}

fn in_expression(expression: &Expression, at: u32, steps: &mut Vec<Step>) {
    let Kind::Call(name, arguments) = &expression.kind else { return };
    let Some(index) = arguments.iter().position(|it| it.start <= at && at < it.end) else { return };
    let (Some(argument), object) = (arguments.get(index), name.eq_ignore_ascii_case("createObject")) else { return };
    let key = arguments.get(index & !1).map(|it| &it.kind);
    if let (true, Some(Kind::String(key))) = (object, key) {
        steps.push(Step::Key(key.to_string()));
    } else if name.eq_ignore_ascii_case("createArray") {
        steps.push(Step::Index(index));
    } else if name.eq_ignore_ascii_case("if") && index > 0 {
        steps.push(Step::Branch(index - 1));
    }
    if !object || index % 2 == 1 {
        in_expression(argument, at, steps);
    }
}
