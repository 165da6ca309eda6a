//! What a path finds in a resource, defaults included.
//!
//! In: a resource and a compiled path. Out: [`Found`]: what is compared, and where to point. A property that is absent,
//! or written as null, has its service default; without one it is absent.

use std::sync::Arc;

use super::operators::Actual;
use crate::azure::defaults::{self, NO_TEXT, ServiceDefault};
use crate::model::{Dialect, Lookup, PathSegment, PropertyPath, Resource, Target};
use crate::source::Span;
use crate::value::{Reason, Unknown, Value, ValueKind};

/// What was found, and where.
#[derive(Clone, Debug)]
pub(super) struct Found<'v> {
    pub(super) actual: Actual<'v>,
    /// The value as it lies in the body: its way and its default.
    pub(super) value: Option<&'v Value>,
    /// The text to point at.
    pub(super) span: Span,
}

/// Everything that a path with `[*]` finds.
#[derive(Debug)]
pub(super) struct Collected<'v> {
    pub(super) items: Vec<Found<'v>>,
    /// Why there may be more.
    pub(super) rest: Option<Arc<Unknown>>,
    /// Where to point when there is no item.
    pub(super) span: Span,
}

/// A value inside a body and the path that leads to it.
#[derive(Clone, Debug)]
pub(super) struct Place<'v> {
    pub(super) value: &'v Value,
    pub(super) nearest: Span,
    pub(super) above: Vec<PathSegment>,
}

impl<'v> Found<'v> {
    pub(super) fn absent(nearest: Span) -> Self {
        Self { actual: Actual::Absent, value: None, span: nearest }
    }

    pub(super) fn unknown(why: Arc<Unknown>, span: Span) -> Self {
        Self { actual: Actual::Unknown(why), value: None, span }
    }

    pub(super) fn of(value: &'v Value, key_span: Option<Span>) -> Self {
        Self { actual: Actual::of(value), value: Some(value), span: entry_span(value, key_span) }
    }
}

/// From the key to the value's end, when both stand in one text and in this order.
fn entry_span(value: &Value, key_span: Option<Span>) -> Span {
    match key_span {
        Some(key) if key.file == value.span.file && key.start <= value.span.start && value.default_of().is_none() => {
            key.to(value.span)
        }
        _ => value.span,
    }
}

/// What a path without `[*]` finds below a place.
pub(super) fn find<'v>(resource: &'v Resource, place: &Place<'v>, path: &PropertyPath) -> Found<'v> {
    let looked_up = resource.lookup_below(place.value, place.nearest, &place.above, path.segments());
    settle(resource, looked_up, || place.above.iter().chain(path.segments()))
}

/// What a path without `[*]` finds in the body.
pub(super) fn find_in_body<'v>(resource: &'v Resource, path: &PropertyPath) -> Found<'v> {
    if let (Some(link), [PathSegment::Key(key)]) = (&resource.parent, path.segments())
        && link.scope
        && key.eq_ignore_ascii_case("scope")
    {
        return match &link.target {
            Target::Value(scope) => Found { span: link.span, ..Found::of(scope, None) },
            Target::Address(_) | Target::Named { .. } => Found::absent(link.span),
        };
    }
    settle(resource, resource.lookup(path), || path.segments().iter())
}

fn settle<'v, 's, I>(resource: &'v Resource, looked_up: Lookup<'v>, path: impl Fn() -> I) -> Found<'v>
where
    I: Iterator<Item = &'s PathSegment> + Clone,
{
    match looked_up {
        Lookup::Found(value, key_span) if value.is_null() => {
            let null = Found::of(value, key_span);
            or_default(resource, &path(), null)
        }
        Lookup::Found(value, key_span) => Found::of(value, key_span),
        Lookup::Absent { nearest } => or_default(resource, &path(), Found::absent(nearest)),
        Lookup::Unknown(why, span) => Found::unknown(why, span),
    }
}

fn or_default<'v, 's>(
    resource: &Resource,
    path: &(impl Iterator<Item = &'s PathSegment> + Clone),
    without: Found<'v>,
) -> Found<'v> {
    // What is deployed is printed whole: nothing stands in for what it lacks.
    if resource.dialect == Dialect::Export {
        return without;
    }
    match defaults::lookup(&resource.resource_type, path, resource.text("apiVersion")) {
        ServiceDefault::None => without,
        ServiceDefault::Value(value) => Found { actual: Actual::of(value), value: Some(value), span: without.span },
        ServiceDefault::DependsOnVersion => Found::unknown(Arc::new(Unknown::new(Reason::ApiVersion)), without.span),
    }
}

/// Everything that a path with `[*]` finds below a place; an array that is not there has no element.
pub(super) fn collect<'v>(resource: &'v Resource, place: &Place<'v>, path: &[PathSegment]) -> Collected<'v> {
    let mut collected = Collected { items: Vec::new(), rest: None, span: place.nearest };
    gather(resource, place, path, &mut collected);
    collected
}

fn gather<'v>(resource: &'v Resource, place: &Place<'v>, path: &[PathSegment], into: &mut Collected<'v>) {
    let Some(each) = path.iter().position(|segment| *segment == PathSegment::Each) else {
        let path: PropertyPath = path.iter().cloned().collect();
        into.items.push(find(resource, place, &path));
        return;
    };
    let (head, tail) = path.split_at(each);
    let (places, rest, span) = elements(resource, place, head);
    into.span = span;
    for place in places {
        gather(resource, &place, tail.get(1..).unwrap_or(&[]), into);
    }
    if into.rest.is_none() {
        into.rest = rest;
    }
}

/// The elements of the array at `head` below a place, why there may be more, and where the array stands.
pub(super) fn elements<'v>(
    resource: &'v Resource,
    place: &Place<'v>,
    head: &[PathSegment],
) -> (Vec<Place<'v>>, Option<Arc<Unknown>>, Span) {
    let array: PropertyPath = head.iter().cloned().collect();
    let found = find(resource, place, &array);
    match &found.actual {
        Actual::Unknown(why) => (Vec::new(), Some(why.clone()), found.span),
        Actual::Known(Value { kind: ValueKind::Array(array), .. }) => {
            let mut above = place.above.clone();
            above.extend_from_slice(head);
            above.push(PathSegment::Each);
            let items = array.items.iter();
            let places = items.map(|value| {
                let nearest = if value.span.file == NO_TEXT.file { found.span } else { value.span };
                Place { value, nearest, above: above.clone() }
            });
            (places.collect(), array.rest.clone(), found.span)
        }
        _ => (Vec::new(), None, found.span),
    }
}
