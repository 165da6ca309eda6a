//! Which elements of an array a violated condition finds at fault.
//!
//! In: a condition that holds, and a path with `[*]`. Out: that path with indices in the place of `[*]`, once for each element
//! that a count, `contains` or a comparison of every element means. Knows nothing of what becomes of them.

use super::condition::{Evaluator, Scope};
use super::lookup::{Place, elements as elements_of};
use super::operators::{Actual, apply};
use super::trace::Trace;
use crate::model::{PathSegment, PropertyPath};
use crate::policy::{Condition, Count, Field, FieldPath, Leaf, Operator, Over, Subject};
use crate::truth::Truth;

/// The paths of the elements at fault, in order of the text.
pub(super) fn elements<'a, T: Trace>(
    evaluator: &mut Evaluator<'a, T>,
    condition: &'a Condition,
    path: &PropertyPath,
) -> Vec<PropertyPath> {
    let segments = path.segments();
    let Some(last) = segments.iter().rposition(|it| *it == PathSegment::Each) else { return Vec::new() };
    let (array, tail) = segments.split_at(last.saturating_add(1));
    let mut search = Search { array: array.iter().cloned().collect(), ..Search::default() };
    search.within(evaluator, condition);
    // Only where nothing tells them apart are all of them meant.
    let found = if search.tells_apart { search.found } else { search.all };
    let whole = found.iter().map(|element| element.iter().chain(tail).cloned().collect());
    let mut paths: Vec<PropertyPath> = whole.collect();
    paths.sort();
    paths.dedup();
    paths
}

#[derive(Default)]
struct Search {
    array: PropertyPath,
    /// True when some comparison means elements of one kind.
    tells_apart: bool,
    /// The elements that such comparisons mean.
    found: Vec<Vec<PathSegment>>,
    /// The elements that the others mean.
    all: Vec<Vec<PathSegment>>,
}

impl Search {
    fn within<'a, T: Trace>(&mut self, evaluator: &mut Evaluator<'a, T>, condition: &'a Condition) {
        match condition {
            Condition::AllOf(members) | Condition::AnyOf(members) => {
                for member in members {
                    self.within(evaluator, member);
                }
            }
            Condition::Not(inner) => self.within(evaluator, inner),
            Condition::Leaf(leaf) => match &leaf.subject {
                Subject::Count(count) => self.in_count(evaluator, leaf, count),
                Subject::Field(field @ Field::Path(path)) => self.in_field(evaluator, leaf, field, path),
                _ => {}
            },
        }
    }

    fn in_count<'a, T: Trace>(&mut self, evaluator: &mut Evaluator<'a, T>, leaf: &'a Leaf, count: &'a Count) {
        let Over::Field(field @ Field::Path(path)) = &count.over else { return };
        let Some(place) = evaluator.place_of(field).filter(|_| is_same(&path.path, &self.array)) else { return };
        let found = match &count.condition {
            Some(_) => {
                self.tells_apart = true;
                &mut self.found
            }
            None => &mut self.all,
        };
        // One that has to be there is not at fault.
        if leaf.operator != Operator::Equals {
            let condition = count.condition.as_ref();
            let mut counts = |it: &mut Evaluator<'a, T>, _: &Place<'a>| {
                condition.map_or(Truth::True, |condition| it.condition(condition))
            };
            walk(evaluator, &place, path.path.segments(), &[], &mut counts, found);
        }
    }

    fn in_field<'a, T: Trace>(
        &mut self,
        evaluator: &mut Evaluator<'a, T>,
        leaf: &'a Leaf,
        field: &'a Field,
        path: &'a FieldPath,
    ) {
        let of_list = leaf.operator == Operator::Contains && is_same(&path.path.join(PathSegment::Each), &self.array);
        let of_each = path.each && path.path.strip_prefix(&self.array).is_some();
        let Some(place) = evaluator.place_of(field).filter(|_| of_list || of_each) else { return };
        let array = self.array.clone();
        if of_list {
            self.tells_apart = true;
            let expected = evaluator.operand(&leaf.expected);
            let mut equals =
                |_: &mut Evaluator<'a, T>, it: &Place<'a>| apply(Operator::Equals, &Actual::of(it.value), &expected);
            walk(evaluator, &place, array.segments(), &[], &mut equals, &mut self.found);
        } else {
            walk(evaluator, &place, array.segments(), &[], &mut |_, _| Truth::True, &mut self.all);
        }
    }
}

/// Every `[*]` of a path is a scope of its own, as in a count.
fn walk<'a, T: Trace>(
    evaluator: &mut Evaluator<'a, T>,
    place: &Place<'a>,
    path: &[PathSegment],
    above: &[PathSegment],
    is_at_fault: &mut dyn FnMut(&mut Evaluator<'a, T>, &Place<'a>) -> Truth,
    found: &mut Vec<Vec<PathSegment>>,
) {
    let Some(each) = path.iter().position(|it| *it == PathSegment::Each) else { return };
    let (head, tail) = path.split_at(each);
    let tail = tail.get(1..).unwrap_or(&[]);
    let (places, _, _) = elements_of(evaluator.resource, place, head);
    for (index, element) in places.into_iter().enumerate() {
        let here: Vec<PathSegment> = above.iter().chain(head).cloned().chain([PathSegment::Index(index)]).collect();
        evaluator.scopes.push(Scope::Element(element.clone()));
        if !tail.is_empty() {
            walk(evaluator, &element, tail, &here, is_at_fault, found);
        } else if is_at_fault(evaluator, &element) == Truth::True {
            found.push(here);
        }
        evaluator.scopes.pop();
    }
}

fn is_same(a: &PropertyPath, b: &PropertyPath) -> bool {
    a.strip_prefix(b).is_some_and(<[_]>::is_empty)
}
