//! `count` and `for_each`: which instances a resource or a module call has.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use super::module::ModuleInstance;
use super::scope::{Repetition, Scope};
use super::{Evaluator, MAX_INSTANCES};
use crate::diagnostic::{Code, Diagnostic};
use crate::frontend::terraform::convert;
use crate::frontend::terraform::operators::why_unknown;
use crate::frontend::terraform::project::Parts;
use crate::source::Span;
use crate::value::{Number, Object, Reason, Unknown, Value, ValueKind};

/// The instances of a block.
#[derive(Debug)]
pub(super) struct Expansion {
    pub(super) shape: Shape,
    pub(super) copies: Vec<Copy>,
}

/// What decides about the instances.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Neither `count` nor `for_each`.
    Single,
    /// `count`
    Count,
    /// `for_each`
    ForEach,
}

/// One instance.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) key: Key,
    /// `each` or `count` inside.
    pub(super) repetition: Repetition,
    /// Set when it is not known whether there is one, or how many.
    pub(super) doubt: Option<Arc<Unknown>>,
}

/// The key in an instance's address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Key {
    /// None, or not known.
    None,
    /// Of `count`.
    Index(usize),
    /// Of `for_each`.
    Name(Arc<str>),
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Index(index) => write!(out, "[{index}]"),
            Self::Name(name) if name.contains(['"', '\\', '\n']) => {
                let escaped = name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                write!(out, "[\"{escaped}\"]")
            }
            Self::Name(name) => write!(out, "[\"{name}\"]"),
        }
    }
}

impl Default for Expansion {
    fn default() -> Self {
        let copy = Copy { key: Key::None, repetition: None, doubt: None };
        Self { shape: Shape::Single, copies: vec![copy] }
    }
}

impl Expansion {
    /// One instance that may exist, because of an unknown `for_each`.
    pub(super) fn unknown(value: &Value) -> Self {
        Self { shape: Shape::ForEach, copies: vec![doubtful(Shape::ForEach, why_unknown(&[value]), value.span)] }
    }

    /// The instance of a key.
    pub(super) fn find(&self, key: &Value) -> Option<usize> {
        match self.shape {
            Shape::Single => None,
            Shape::Count => {
                let index = convert::to_number(key).as_number().and_then(Number::as_i64)?;
                let index = usize::try_from(index).ok()?;
                self.copies.iter().position(|copy| copy.key == Key::Index(index))
            }
            Shape::ForEach => {
                let name = crate::frontend::terraform::operators::key_text(key)?;
                self.copies.iter().position(|copy| matches!(&copy.key, Key::Name(it) if *it == name))
            }
        }
    }

    /// Why there may be instances whose keys are not known.
    pub(super) fn open(&self) -> Option<&Arc<Unknown>> {
        self.copies.iter().find(|copy| copy.key == Key::None).and_then(|copy| copy.doubt.as_ref())
    }
}

/// The instance that stands for all whose keys are not known.
fn doubtful(shape: Shape, why: Unknown, span: Span) -> Copy {
    let unknown = Unknown { not_null: true, prefix: None, symbol: None, references: Vec::new(), ..why.clone() };
    let key = || Value::new(unknown.clone(), span);
    let repetition = match shape {
        Shape::Count => ("count", object(&[("index", key())], span)),
        _ => ("each", object(&[("key", key()), ("value", Value::new(Unknown { not_null: false, ..why }, span))], span)),
    };
    Copy { key: Key::None, repetition: Some(repetition), doubt: Some(Arc::new(unknown)) }
}

fn object(entries: &[(&str, Value)], span: Span) -> Value {
    let mut object = Object::default();
    for (name, value) in entries {
        object.insert(*name, value.span, value.clone());
    }
    Value::object(object, span)
}

/// `each` for an element.
fn each(key: &Arc<str>, key_span: Span, value: Value) -> (&'static str, Value) {
    let span = value.span;
    ("each", object(&[("key", Value::new(key.clone(), key_span)), ("value", value)], span))
}

impl<'p> Evaluator<'p> {
    /// The instances of a block.
    pub(super) fn expansion(&self, module: &ModuleInstance<'p>, parts: Parts<'p>) -> Rc<Expansion> {
        self.repeated(module, parts).map_or_else(|| self.once.clone(), Rc::new)
    }

    /// The instances of a block that says how many.
    fn repeated(&self, module: &ModuleInstance<'p>, parts: Parts<'p>) -> Option<Expansion> {
        if let Some((file, attribute)) = parts.attribute("count") {
            let value = self.eval(Scope { module, file, names: None }, attribute.value);
            return Some(self.counted(&convert::to_number(&value), attribute.span));
        }
        if let Some((file, attribute)) = parts.attribute("for_each") {
            let value = self.eval(Scope { module, file, names: None }, attribute.value);
            return Some(self.for_each(&value, attribute.span));
        }
        if let Some((file, block)) = parts.first()
            && let Some((_, lifecycle)) = parts.blocks().find(|(file, block)| file.slice(block.kind) == "lifecycle")
            && let Some(enabled) = lifecycle.body.attributes.iter().find(|it| file.slice(it.name) == "enabled")
        {
            let value = self.eval(Scope { module, file, names: None }, enabled.value);
            return Some(conditional(&convert::to_bool(&value), block.header));
        }
        None
    }

    fn counted(&self, value: &Value, span: Span) -> Expansion {
        let Some(count) = value.as_number().and_then(Number::as_i64).and_then(|count| usize::try_from(count).ok())
        else {
            let why = match &value.kind {
                ValueKind::Unknown(unknown) => Unknown::clone(unknown),
                _ => Unknown::new(Reason::Invalid("count must be a whole number".into())),
            };
            return Expansion { shape: Shape::Count, copies: vec![doubtful(Shape::Count, why, value.span)] };
        };
        if count > MAX_INSTANCES {
            return self.too_many(Shape::Count, count, span);
        }
        let copies = (0..count).map(|index| {
            let number = Number::Int(i64::try_from(index).unwrap_or(i64::MAX));
            let repetition = Some(("count", object(&[("index", Value::new(number, value.span))], value.span)));
            Copy { key: Key::Index(index), repetition, doubt: None }
        });
        Expansion { shape: Shape::Count, copies: copies.collect() }
    }

    fn for_each(&self, value: &Value, span: Span) -> Expansion {
        let mut copies = Vec::new();
        let mut rest: Option<Unknown> = None;
        match &value.kind {
            ValueKind::Object(object) if object.entries.len() > MAX_INSTANCES => {
                return self.too_many(Shape::ForEach, object.entries.len(), span);
            }
            ValueKind::Array(array) if array.items.len() > MAX_INSTANCES => {
                return self.too_many(Shape::ForEach, array.items.len(), span);
            }
            ValueKind::Object(object) => {
                for (key, entry) in &object.entries {
                    let repetition = Some(each(key, entry.key_span, entry.value.clone()));
                    copies.push(Copy { key: Key::Name(key.clone()), repetition, doubt: None });
                }
                rest = object.rest.as_deref().cloned();
            }
            ValueKind::Array(array) => {
                for item in &array.items {
                    match &item.kind {
                        ValueKind::String(key) => {
                            let repetition = Some(each(key, item.span, item.clone()));
                            copies.push(Copy { key: Key::Name(key.clone()), repetition, doubt: None });
                        }
                        _ => rest = Some(why_unknown(&[item])),
                    }
                }
                rest = rest.or_else(|| array.rest.as_deref().cloned());
            }
            ValueKind::Unknown(unknown) => rest = Some(Unknown::clone(unknown)),
            _ => rest = Some(Unknown::new(Reason::Invalid("for_each must be a map or a set".into()))),
        }
        copies.sort_by(|a, b| name(&a.key).cmp(name(&b.key)));
        copies.dedup_by(|a, b| a.key == b.key);
        copies.extend(rest.map(|why| doubtful(Shape::ForEach, why, value.span)));
        Expansion { shape: Shape::ForEach, copies }
    }

    fn too_many(&self, shape: Shape, count: usize, span: Span) -> Expansion {
        let message =
            format!("{count} instances are more than the {MAX_INSTANCES} that are evaluated; one stands for all");
        self.report(Diagnostic::error(Code::Bound, span, message));
        let why = Unknown::new(Reason::Bound("instances".into()));
        Expansion { shape, copies: vec![doubtful(shape, why, span)] }
    }
}

fn name(key: &Key) -> &str {
    match key {
        Key::Name(name) => name,
        _ => "",
    }
}

/// `lifecycle { enabled = condition }` of `OpenTofu`.
fn conditional(condition: &Value, span: Span) -> Expansion {
    match &condition.kind {
        ValueKind::Bool(false) => Expansion { shape: Shape::Single, copies: Vec::new() },
        ValueKind::Unknown(unknown) => {
            let mut copy = doubtful(Shape::Count, Unknown::clone(unknown), span);
            copy.repetition = None;
            Expansion { shape: Shape::Single, copies: vec![copy] }
        }
        _ => Expansion::default(),
    }
}
