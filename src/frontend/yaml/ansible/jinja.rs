//! The Jinja text in an Ansible value: plain variables are looked up, everything else is unknown.
//!
//! In: a text and the variables at hand. Out: its value. `{{ name }}`, `{{ name.key }}` and `{{ name[0] }}` are plain; filters, tests,
//! operators and `{% %}` are not, but for `dict2items` of a plain name. An unknown part keeps its text as the symbol, so that two equal names stay equal.

use std::sync::Arc;

use crate::frontend::yaml::join::joined;
use crate::source::Span;
use crate::value::{Array, Entry, Object, Reason, StepKind, Unknown, Value, ValueKind};

const MAX_DEPTH: usize = 16;

/// The variables of a place, the nearest last.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    layers: Vec<Arc<Object>>,
}

impl Variables {
    /// The same variables and these.
    #[must_use]
    pub(super) fn with(&self, layer: Object) -> Self {
        let mut layers = self.layers.clone();
        if !layer.entries.is_empty() {
            layers.push(Arc::new(layer));
        }
        Self { layers }
    }

    /// Adds variables to those at hand.
    pub(super) fn add(&mut self, layer: Object) {
        *self = self.with(layer);
    }

    fn find(&self, name: &str) -> Option<&Value> {
        self.layers.iter().rev().find_map(|layer| layer.value(name))
    }

    /// What a written value is.
    pub(super) fn value(&self, written: &Value) -> Value {
        self.evaluated(written, 0)
    }

    fn evaluated(&self, written: &Value, depth: usize) -> Value {
        match &written.kind {
            ValueKind::String(text) => self.text(text, written, depth),
            ValueKind::Array(array) => {
                let items = array.items.iter().map(|item| self.evaluated(item, depth)).collect();
                let array = Array { items, rest: array.rest.clone() };
                Value { kind: ValueKind::Array(Arc::new(array)), ..written.clone() }
            }
            ValueKind::Object(object) => {
                let entries = object.entries.iter().map(|(key, entry)| {
                    (key.clone(), Entry { key_span: entry.key_span, value: self.evaluated(&entry.value, depth) })
                });
                let object = Object { entries: entries.collect(), rest: object.rest.clone() };
                Value { kind: ValueKind::Object(Arc::new(object)), ..written.clone() }
            }
            _ => written.clone(),
        }
    }

    fn text(&self, text: &Arc<str>, written: &Value, depth: usize) -> Value {
        let span = written.span;
        if !text.contains("{{") && !text.contains("{%") {
            return written.clone();
        }
        if depth > MAX_DEPTH {
            return Value::unknown(Reason::Bound("nested variables".into()), span);
        }
        let Some(pieces) = pieces(text) else { return unknown("a Jinja statement", text, span) };
        if let [Piece::Expression(expression)] = pieces.as_slice() {
            return self.expression(expression, span, depth);
        }
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            parts.push(match piece {
                Piece::Text(text) => Value::new(*text, span),
                Piece::Expression(expression) => self.expression(expression, span, depth),
            });
        }
        joined(&parts, "", span)
    }

    fn expression(&self, expression: &str, span: Span, depth: usize) -> Value {
        let filtered = expression.rsplit_once('|').filter(|(_, filter)| filter.trim() == "dict2items");
        if let Some((inner, _)) = filtered {
            let value = self.expression(inner.trim(), span, depth);
            let unknown = || unknown("a Jinja expression", expression, span);
            let rest = value.as_object().and_then(|it| it.rest.clone());
            return pairs(&value).map_or_else(unknown, |items| Value {
                kind: ValueKind::Array(Arc::new(Array { items, rest })),
                ..value.clone()
            });
        }
        let Some((root, steps)) = path(expression) else { return unknown("a Jinja expression", expression, span) };
        let Some(found) = self.find(root) else {
            let mut why = Unknown::new(Reason::Variable(root.into()));
            why.symbol = Some(symbol(expression).into());
            return Value::new(why, span);
        };
        let mut value = self.evaluated(found, depth.saturating_add(1));
        for step in steps {
            value = match &value.kind {
                ValueKind::Object(object) => match (object.value(step), &object.rest) {
                    (Some(inner), _) => inner.clone(),
                    (None, Some(why)) => Value::new(ValueKind::Unknown(why.clone()), span),
                    (None, None) => return unknown("a Jinja expression", expression, span),
                },
                ValueKind::Array(array) => match step.parse::<usize>().ok().and_then(|at| array.items.get(at)) {
                    Some(item) => item.clone(),
                    None => return unknown("a Jinja expression", expression, span),
                },
                // What was registered of a task leads to the resource, whatever of it is read.
                ValueKind::Unknown(why) => {
                    let mut why = Unknown { prefix: None, symbol: None, ..Unknown::clone(why) };
                    why.symbol = Some(symbol(expression).into());
                    return Value::new(why, span);
                }
                _ => return unknown("a Jinja expression", expression, span),
            };
        }
        value.through(StepKind::Local, span)
    }
}

/// The entries of an object as `dict2items` makes them: `{ key, value }` each.
pub(super) fn pairs(value: &Value) -> Option<Vec<Value>> {
    let pair = |(key, entry): (&Arc<str>, &Entry)| {
        let mut pair = Object::default();
        pair.insert("key", entry.key_span, Value::new(key.clone(), entry.key_span));
        pair.insert("value", entry.key_span, entry.value.clone());
        Value::object(pair, entry.key_span.to(entry.value.span))
    };
    Some(value.as_object()?.entries.iter().map(pair).collect())
}

fn symbol(expression: &str) -> String {
    let plain: String = expression.chars().filter(|it| !it.is_whitespace()).collect();
    format!("{{{}}}", plain.replace(['/', '{', '}'], "_"))
}

fn unknown(what: &str, expression: &str, span: Span) -> Value {
    let mut why = Unknown::new(Reason::NotEvaluated(what.into()));
    why.symbol = Some(symbol(expression).into());
    Value::new(why, span)
}

enum Piece<'t> {
    Text(&'t str),
    Expression(&'t str),
}

/// The pieces of a text; none when it has statements or is broken.
fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    if text.contains("{%") || text.contains("{#") {
        return None;
    }
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        if !before.is_empty() {
            found.push(Piece::Text(before));
        }
        let (inner, after) = after.split_once("}}")?;
        found.push(Piece::Expression(inner.trim_matches('-').trim()));
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Piece::Text(rest));
    }
    Some(found)
}

/// `name`, `name.key`, `name['key']`, `name[0]`.
fn path(expression: &str) -> Option<(&str, Vec<&str>)> {
    let is_name = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    let end = expression.find(['.', '[']).unwrap_or(expression.len());
    let (root, mut rest) = expression.split_at(end);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, tail) = if let Some(tail) = rest.strip_prefix('.') {
            tail.split_at(tail.find(['.', '[']).unwrap_or(tail.len()))
        } else {
            let (inner, tail) = rest.strip_prefix('[')?.split_once(']')?;
            (inner.trim_matches(['"', '\'']), tail)
        };
        if !is_name(step) {
            return None;
        }
        steps.push(step);
        rest = tail;
    }
    let starts = root.chars().next().is_some_and(|it| it.is_ascii_alphabetic() || it == '_');
    (starts && is_name(root)).then_some((root, steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn plain_variables_are_looked_up_and_nothing_else() {
        let span = Span::new(FileId(0), 0, 1);
        let mut layer = Object::default();
        layer.insert("name", span, Value::new("records", span));
        layer.insert("again", span, Value::new("{{ name }}-2", span));
        layer.insert("self", span, Value::new("{{ self }}", span));
        layer.insert("list", span, Value::array(vec![Value::new("a", span)], span));
        let variables = Variables::default().with(layer);
        let of = |text: &str| variables.value(&Value::new(text, span));
        let cases =
            [("{{ name }}", "records"), ("x-{{again}}", "x-records-2"), ("{{ list[0] }}", "a"), ("plain", "plain")];
        for (text, expected) in cases {
            assert_eq!(of(text).as_str(), Some(expected), "{text}");
        }
        for text in
            ["{{ name | upper }}", "{% if a %}b{% endif %}", "{{ self }}", "{{ nobody }}", "{{ list[7] }}", "{{ name"]
        {
            assert!(of(text).as_unknown().is_some(), "{text}");
        }
        let symbol = |text: &str| of(text).as_unknown().and_then(|it| it.symbol.clone());
        assert_eq!(symbol("{{ nobody }}").as_deref(), Some("{nobody}"));
        assert_eq!(symbol("{{ nobody }}-x").as_deref(), Some("{nobody}-x"));
    }
}
