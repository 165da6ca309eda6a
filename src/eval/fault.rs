//! Which elements of an array a violated condition finds at fault.
//!
//! In: a condition that holds, and a path with `[*]`. Out: that path with indices in the place of `[*]`, once for each element
//! that a count, `contains` or a comparison of every element means. Knows nothing of what becomes of them.

use super::condition::{Evaluator, Scope};
use super::lookup::{Place, elements as elements_of};
use super::operators::{Actual, apply};
use super::trace::Trace;
use crate::model::{PathSegment, PropertyPath};
use crate::policy::{Condition, Field, Leaf, Operator, Over, Subject};
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
    let mut found: Vec<Vec<PathSegment>> = Vec::new();
    search(evaluator, condition, &array.iter().cloned().collect(), &mut found);
    let mut paths: Vec<PropertyPath> = Vec::new();
    for element in found {
        let whole: PropertyPath = element.iter().chain(tail).cloned().collect();
        if !paths.contains(&whole) {
            paths.push(whole);
        }
    }
    paths.sort();
    paths
}

fn search<'a, T: Trace>(
    evaluator: &mut Evaluator<'a, T>,
    condition: &'a Condition,
    array: &PropertyPath,
    found: &mut Vec<Vec<PathSegment>>,
) {
    match condition {
        Condition::AllOf(members) | Condition::AnyOf(members) => {
            for member in members {
                search(evaluator, member, array, found);
            }
        }
        Condition::Not(inner) => search(evaluator, inner, array, found),
        Condition::Leaf(leaf) => in_leaf(evaluator, leaf, array, found),
    }
}

fn in_leaf<'a, T: Trace>(
    evaluator: &mut Evaluator<'a, T>,
    leaf: &'a Leaf,
    array: &PropertyPath,
    found: &mut Vec<Vec<PathSegment>>,
) {
    match &leaf.subject {
        Subject::Count(count) => {
            let Over::Field(field) = &count.over else { return };
            let Field::Path(path) = field else { return };
            if let (true, Some(place)) = (is_same(&path.path, array), evaluator.place_of(field)) {
                let condition = count.condition.as_ref();
                walk(
                    evaluator,
                    &place,
                    path.path.segments(),
                    &[],
                    &mut |evaluator, _| condition.map_or(Truth::True, |it| evaluator.condition(it)),
                    found,
                );
            }
        }
        Subject::Field(field @ Field::Path(path)) => {
            let whole = path.path.join(PathSegment::Each);
            let of_list = leaf.operator == Operator::Contains && is_same(&whole, array);
            let of_each = path.each && path.path.strip_prefix(array).is_some();
            if let (true, Some(place)) = (of_list || of_each, evaluator.place_of(field)) {
                let expected = evaluator.operand(&leaf.expected);
                walk(
                    evaluator,
                    &place,
                    array.segments(),
                    &[],
                    &mut |_, element| {
                        if of_list {
                            apply(Operator::Equals, &Actual::of(element.value), &expected)
                        } else {
                            Truth::True
                        }
                    },
                    found,
                );
            }
        }
        _ => {}
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
