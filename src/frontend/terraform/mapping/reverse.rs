//! A mapping read backwards: which arguments fill a property, and how a value of the property is spelled there.
//!
//! In: an ARM path and value. Out: [`Place`]s, each an argument under one of its names. A spelling is given only when
//! reading it forwards gives the value back.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value as Json};

use super::compile::{Child, Fill, Inverse, Mapping, Naming, Segment, compile};
use super::transform::{scalar_text, transform};
use crate::model::{PathSegment, PropertyPath, Wanted};
use crate::value::{Number, Value, ValueKind};

/// What every type has without its file saying so, as far as a policy asks for it.
static COMMON: LazyLock<Option<Mapping>> = LazyLock::new(|| {
    let file = serde_json::json!({
        "terraform": "common", "arm": "Any/types", "source": "any",
        "attributes": { "identity.type": { "to": "identity.type" } },
    });
    compile("common", &file).ok()
});

/// An argument that fills a property.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'m> {
    fill: &'m Fill,
    values: Option<&'m Map<String, Json>>,
    /// The blocks that it lies in, outermost first.
    pub(crate) blocks: &'m [Arc<str>],
    /// One of its names.
    pub(crate) name: &'m Arc<str>,
    /// False for a former name.
    pub(crate) current: bool,
}

impl Mapping {
    /// The arguments of a declaration that fill what is wanted: of the resource itself, of a child that the declaration
    /// makes, or of an element that is a resource of its own.
    pub(crate) fn places_of(&self, wanted: &Wanted<'_>) -> Vec<Place<'_>> {
        let Wanted { resource, missing, change } = wanted;
        if let Some(child) = missing {
            let is_named = |it: &Child| match (&child.name, &it.name) {
                (Some(wanted), Naming::Literal(name)) => wanted.eq_ignore_ascii_case(name),
                (wanted, _) => wanted.is_none(),
            };
            let of_type = |it: &Child| it.arm == child.resource_type && is_named(it);
            let at = self.children.iter().position(of_type);
            return at.map(|at| self.places(Some(at), &change.path)).unwrap_or_default();
        }
        if self.arm == resource.resource_type {
            return self.places(None, &change.path);
        }
        let key = resource.address.rsplit_once("::").map(|(_, key)| key);
        let children = self.children.iter().enumerate();
        let of_type: Vec<usize> =
            children.filter(|(_, child)| child.arm == resource.resource_type).map(|(at, _)| at).collect();
        let named = of_type.iter().find(|at| self.children.get(**at).is_some_and(|it| Some(&*it.key) == key));
        match (named, of_type.as_slice()) {
            (Some(child), _) | (None, [child]) => self.places(Some(*child), &change.path),
            _ => self.element_places(&change.path),
        }
    }

    /// The arguments that fill `path` of the resource itself, or of the child at a position of `children`.
    pub(crate) fn places(&self, child: Option<usize>, path: &PropertyPath) -> Vec<Place<'_>> {
        let own = self.places_where(child, |target| same_path(target, path.segments()));
        let common = COMMON.as_ref().filter(|_| own.is_empty() && child.is_none());
        match common {
            Some(common) => common.places_where(None, |target| same_path(target, path.segments())),
            None => own,
        }
    }

    /// The arguments that fill `path` of the elements of some array, as a resource of their own.
    pub(crate) fn element_places(&self, path: &PropertyPath) -> Vec<Place<'_>> {
        let whole = path.segments();
        let below = match whole.split_first() {
            Some((PathSegment::Key(key), below)) if key.eq_ignore_ascii_case("properties") => below,
            _ => whole,
        };
        self.places_where(None, |target| {
            let each = target.iter().rposition(|it| *it == Segment::Each);
            let tail = each.and_then(|at| target.get(at.saturating_add(1)..));
            tail.is_some_and(|tail| !tail.is_empty() && (same_path(tail, whole) || same_path(tail, below)))
        })
    }

    fn places_where(&self, child: Option<usize>, is_meant: impl Fn(&[Segment]) -> bool) -> Vec<Place<'_>> {
        let fills = self.fills.iter().filter(|fill| fill.child == child && is_meant(&fill.target));
        let mut found = Vec::new();
        for fill in fills {
            let present = fill.sources.len().saturating_sub(1);
            for (at, source) in fill.sources.iter().enumerate() {
                found.extend(source.names.iter().enumerate().map(|(number, name)| Place {
                    fill,
                    values: name.values.as_ref(),
                    blocks: &source.blocks,
                    name: &name.argument,
                    current: at == present && number == 0,
                }));
            }
        }
        found
    }
}

impl Place<'_> {
    /// Blocks and name joined by dots.
    pub(crate) fn path(&self) -> String {
        self.blocks.iter().chain([self.name]).map(|it| &**it).collect::<Vec<_>>().join(".")
    }

    /// The ways to write `value` here.
    pub(crate) fn spellings(&self, value: &Value) -> Vec<Value> {
        let fill = self.fill;
        if fill.present.is_some() || fill.each.is_some() || (fill.function.is_some() && fill.inverse.is_none()) {
            return Vec::new();
        }
        let mut ways = Vec::new();
        for value in self.before(value) {
            let Some(scaled) = unscaled(&value, fill.scale) else { continue };
            match self.values {
                Some(values) => {
                    let spelled = values.iter().filter(|(_, json)| is(json, &scaled)).map(|(key, _)| typed(key));
                    ways.extend(spelled.map(|kind| Value { kind, ..value.clone() }));
                    let only_flags = values.keys().all(|key| key == "true" || key == "false");
                    // What is not listed passes as it is.
                    if !only_flags && !ways.iter().any(|way| same_scalar(way, &scaled)) {
                        ways.push(scaled);
                    }
                }
                None => ways.push(scaled),
            }
        }
        ways.retain(|way| self.reads(way).is_some_and(|read| same_scalar(&read, value)));
        // Of the separators that a text may be split by, one will do.
        ways.dedup_by(|a, b| same_scalar(a, b));
        ways
    }

    /// What a format and a function may have been given to make `value`; whether they do is seen by reading it forwards.
    fn before(&self, value: &Value) -> Vec<Value> {
        let Some(text) = scalar_text(value) else { return vec![value.clone()] };
        if let Some(format) = &self.fill.format {
            let inner = format.inner(&text).into_iter();
            return inner.map(|it| Value { kind: ValueKind::from(it), ..value.clone() }).collect();
        }
        let split = |separator: &str| text.split(separator).map(|it| Value::new(it, value.span)).collect();
        match self.fill.inverse {
            Some(Inverse::Split) => [", ", ",", ";"].map(|it| Value::array(split(it), value.span)).into(),
            Some(Inverse::Untext) => vec![Value { kind: typed(&text), ..value.clone() }],
            None => vec![value.clone()],
        }
    }

    /// True when the argument says `value` by being written, whatever it holds.
    pub(crate) fn is_presence_of(&self, value: &Value) -> bool {
        self.fill.present.as_ref().is_some_and(|json| is(json, value))
    }

    /// What the property is when the argument is `value`.
    pub(crate) fn reads(&self, value: &Value) -> Option<Value> {
        transform(self.fill, self.values, value, &|_| None)
    }
}

/// The number that gives this one when it is scaled; a whole one.
fn unscaled(value: &Value, scale: Option<f64>) -> Option<Value> {
    let Some(scale) = scale else { return Some(value.clone()) };
    let raw = value.as_number()?.as_f64() / scale;
    let whole = Number::from_f64(raw);
    (raw.fract() == 0.0).then(|| Value { kind: ValueKind::Number(whole), ..value.clone() })
}

fn typed(key: &str) -> ValueKind {
    match key {
        "true" => ValueKind::Bool(true),
        "false" => ValueKind::Bool(false),
        text => ValueKind::from(text),
    }
}

fn is(json: &Json, value: &Value) -> bool {
    !json.is_null() && same_scalar(&super::transform::from_json(json, value.span), value)
}

/// Equal as Azure compares: letters fold case.
fn same_scalar(a: &Value, b: &Value) -> bool {
    match (&a.kind, &b.kind) {
        (ValueKind::Array(x), ValueKind::Array(y)) => {
            x.items.len() == y.items.len() && x.items.iter().zip(&y.items).all(|(x, y)| same_scalar(x, y))
        }
        (ValueKind::Bool(x), ValueKind::Bool(y)) => x == y,
        (ValueKind::Number(x), ValueKind::Number(y)) => x == y,
        _ => match (scalar_text(a), scalar_text(b)) {
            (Some(x), Some(y)) => x.eq_ignore_ascii_case(&y),
            _ => false,
        },
    }
}

fn same_path(target: &[Segment], path: &[PathSegment]) -> bool {
    target.len() == path.len()
        && target.iter().zip(path).all(|(a, b)| match (a, b) {
            (Segment::Key(a), PathSegment::Key(b)) => a.eq_ignore_ascii_case(b),
            (Segment::Each, PathSegment::Each | PathSegment::Index(_)) => true,
            _ => false,
        })
}
