//! A body while it is being filled: elements of arrays are told apart by the block they came from.
//!
//! In: values at paths. Out: one [`Value`]. What is written wins over defaults, whatever the order.

use std::sync::Arc;

use crate::source::Span;
use crate::value::{Array, Entries, Entry, Object, Unknown, Value, ValueKind};

/// A place in a body.
#[derive(Debug)]
pub(super) enum Node {
    Vacant,
    Leaf(Value),
    Object { span: Span, entries: Vec<(Arc<str>, (Span, Node))>, rest: Option<Arc<Unknown>> },
    Array { span: Span, items: Vec<(usize, Node)>, rest: Option<Arc<Unknown>> },
}

/// How certain a write is of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// The text says so.
    Written,
    /// Nobody wrote it: gives way to everything.
    Default,
}

impl Node {
    pub(super) fn object(span: Span) -> Self {
        Self::Object { span, entries: Vec::new(), rest: None }
    }

    /// Where the node's text is.
    pub(super) fn span(&self, otherwise: Span) -> Span {
        match self {
            Self::Vacant => otherwise,
            Self::Leaf(value) => value.span,
            Self::Object { span, .. } | Self::Array { span, .. } => *span,
        }
    }

    /// The entry of a key, made when missing; nothing when this place is taken by something that is no object.
    pub(super) fn entry(&mut self, key: &Arc<str>, span: Span, key_span: Span) -> Option<&mut (Span, Self)> {
        self.become_object(span);
        let Self::Object { entries, .. } = self else { return None };
        // A handful of keys, which are compared faster than they are hashed.
        let exact = entries.iter().position(|(candidate, _)| candidate == key);
        let at = exact.or_else(|| entries.iter().position(|(candidate, _)| candidate.eq_ignore_ascii_case(key)));
        let at = at.unwrap_or(entries.len());
        if at == entries.len() {
            entries.push((key.clone(), (key_span, Self::Vacant)));
        }
        entries.get_mut(at).map(|(_, slot)| slot)
    }

    /// The element that came from the block `id`, made when missing.
    pub(super) fn element(&mut self, id: usize, array: Span, span: Span) -> Option<&mut Self> {
        self.become_array(array);
        let Self::Array { items, .. } = self else { return None };
        let at = items.iter().position(|(known, _)| *known == id).unwrap_or(items.len());
        if at == items.len() {
            items.push((id, Self::object(span)));
        }
        items.get_mut(at).map(|(_, node)| node)
    }

    /// There may be more elements.
    pub(super) fn open(&mut self, why: &Arc<Unknown>, span: Span) {
        self.become_array(span);
        if let Self::Array { rest, .. } = self {
            rest.get_or_insert_with(|| why.clone());
        }
    }

    /// Puts a value here.
    pub(super) fn put(&mut self, value: Value, mode: Mode) {
        match (&mut *self, mode) {
            (Self::Vacant, _) => *self = Self::Leaf(value),
            (_, Mode::Default) => {}
            (Self::Leaf(old), Mode::Written) if old.default_of().is_none() => match joined(old, &value) {
                Some(both) => *old = both,
                None => *old = value,
            },
            (Self::Object { .. }, Mode::Written) => self.merge(value),
            (Self::Leaf(_) | Self::Array { .. }, Mode::Written) => *self = Self::Leaf(value),
        }
    }

    fn merge(&mut self, value: Value) {
        match &value.kind {
            ValueKind::Object(object) => {
                for (key, entry) in &object.entries {
                    if let Some((key_span, node)) = self.entry(key, value.span, entry.key_span) {
                        *key_span = entry.key_span;
                        node.put(entry.value.clone(), Mode::Written);
                    }
                }
                if let (Self::Object { rest, .. }, Some(why)) = (self, &object.rest) {
                    rest.get_or_insert_with(|| why.clone());
                }
            }
            ValueKind::Unknown(why) => {
                if let Self::Object { rest, .. } = self {
                    rest.get_or_insert_with(|| why.clone());
                }
            }
            _ => *self = Self::Leaf(value),
        }
    }

    fn become_object(&mut self, span: Span) {
        let made = match self {
            Self::Vacant => Self::object(span),
            Self::Leaf(value) => match &value.kind {
                ValueKind::Object(object) => {
                    let entries = object
                        .entries
                        .iter()
                        .map(|(key, entry)| (key.clone(), (entry.key_span, Self::Leaf(entry.value.clone()))));
                    Self::Object { span: value.span, entries: entries.collect(), rest: object.rest.clone() }
                }
                _ if value.default_of().is_some() => Self::object(span),
                _ => return,
            },
            Self::Object { .. } | Self::Array { .. } => return,
        };
        *self = made;
    }

    fn become_array(&mut self, span: Span) {
        let made = match self {
            Self::Vacant => Self::Array { span, items: Vec::new(), rest: None },
            Self::Leaf(value) => match &value.kind {
                ValueKind::Array(array) => {
                    // Ids of blocks are addresses; these elements came from no block.
                    let items = array.items.iter().map(|item| (0, Self::Leaf(item.clone())));
                    Self::Array { span: value.span, items: items.collect(), rest: array.rest.clone() }
                }
                ValueKind::Unknown(why) => Self::Array { span: value.span, items: Vec::new(), rest: Some(why.clone()) },
                _ if value.default_of().is_some() => Self::Array { span, items: Vec::new(), rest: None },
                _ => return,
            },
            Self::Object { .. } | Self::Array { .. } => return,
        };
        *self = made;
    }

    /// The finished value; nothing for a place that nobody filled.
    pub(super) fn finish(self) -> Option<Value> {
        match self {
            Self::Vacant => None,
            Self::Leaf(value) => Some(value),
            Self::Object { span, entries, rest } => {
                let mut list = Vec::with_capacity(entries.len());
                list.extend(
                    entries
                        .into_iter()
                        .filter_map(|(key, (key_span, node))| Some((key, Entry { key_span, value: node.finish()? }))),
                );
                Some(Value::object(Object { entries: Entries::distinct(list), rest }, span))
            }
            Self::Array { span, items, rest } => {
                let items = items.into_iter().filter_map(|(_, node)| node.finish()).collect();
                Some(Value::new(ValueKind::Array(Arc::new(Array { items, rest })), span))
            }
        }
    }
}

/// Two arguments that fill one list fill it together.
fn joined(old: &Value, new: &Value) -> Option<Value> {
    let (items, rest) = match (&old.kind, &new.kind) {
        (ValueKind::Array(a), ValueKind::Array(b)) => {
            (a.items.iter().chain(&b.items).cloned().collect(), a.rest.clone().or_else(|| b.rest.clone()))
        }
        (ValueKind::Array(known), ValueKind::Unknown(why)) | (ValueKind::Unknown(why), ValueKind::Array(known)) => {
            (known.items.clone(), Some(why.clone()))
        }
        _ => return None,
    };
    Some(Value { kind: ValueKind::Array(Arc::new(Array { items, rest })), ..old.clone() })
}
