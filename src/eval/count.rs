//! Counts: how many elements, values or related resources fulfil a condition.
//!
//! In: a compiled count. Out: an interval, since an element may fulfil the condition or not, and an array may go on.
//! The comparison is unknown only when it comes out differently within the interval.

use std::sync::Arc;

use super::condition::{Evaluator, Scope, expected_words, words};
use super::lookup::{Place, elements};
use super::operators::{Actual, apply};
use super::print;
use super::trace::{Evidence, Rank, Segment, Source, Trace, keep};
use crate::model::PathSegment;
use crate::policy::{Condition, Count, ElementPath, Field, FieldPath, Leaf, Operand, Operator, Over, Subject};
use crate::source::Span;
use crate::truth::Truth;
use crate::value::{Step, Unknown, Value, ValueKind};

/// How many, and what that rests on.
pub(super) struct Tally {
    /// At least.
    certain: i64,
    /// At most; none when there is no bound.
    possible: Option<i64>,
    /// Why the two differ, and where.
    why: Option<(Arc<Unknown>, Span)>,
    /// What was recorded for each element.
    segments: Vec<Segment>,
    /// The first element that counts.
    hit: Option<Span>,
    /// The way that it came.
    way: Vec<Step>,
    /// Where to point when none does.
    pub(super) span: Span,
    /// Whether there is anything at `span` but the resource itself.
    written: bool,
    rejected: Vec<(Span, Box<str>)>,
}

impl Tally {
    pub(super) fn at(span: Span) -> Self {
        Self {
            certain: 0,
            possible: Some(0),
            why: None,
            segments: Vec::new(),
            hit: None,
            way: Vec::new(),
            span,
            written: false,
            rejected: Vec::new(),
        }
    }

    /// One element that counts, does not, or may.
    pub(super) fn add(&mut self, truth: Truth, at: Span) {
        if truth == Truth::True {
            self.certain = self.certain.saturating_add(1);
            self.hit.get_or_insert(at);
        }
        if truth != Truth::False {
            self.possible = self.possible.map(|possible| possible.saturating_add(1));
        }
    }

    /// What was recorded for one element.
    pub(super) fn record(&mut self, start: usize, end: usize, truth: Truth) {
        self.segments.push((start, end, truth));
    }

    /// There may be more, for this reason.
    pub(super) fn open(&mut self, why: Arc<Unknown>, at: Span) {
        self.possible = None;
        self.why.get_or_insert((why, at));
    }

    /// One that may count, for this reason.
    pub(super) fn doubt(&mut self, why: Arc<Unknown>, at: Span) {
        self.why.get_or_insert((why, at));
    }

    /// One that was looked at and does not count.
    pub(super) fn reject(&mut self, at: Span, address: &str) {
        self.rejected.push((at, address.into()));
    }

    /// The comparison at both ends, and at the number it asks for when that lies between.
    fn compare(&self, operator: Operator, expected: &Value) -> Truth {
        let asked = expected.as_number().and_then(crate::value::Number::as_i64);
        let far = self.possible.unwrap_or_else(|| self.certain.max(asked.unwrap_or(0)).saturating_add(1));
        let listed = expected.as_array().map_or(&[][..], |array| &array.items);
        let listed = listed.iter().filter_map(|item| item.as_number()?.as_i64());
        let within = |number: &i64| (self.certain..=far).contains(number);
        let mut numbers = [self.certain, far].into_iter().chain(asked.into_iter().chain(listed).filter(within));
        let at = |number: i64| apply(operator, &Actual::Known(&Value::new(number, self.span)), expected);
        let first = numbers.next().map_or(Truth::Unknown, at);
        if numbers.all(|number| at(number) == first) { first } else { Truth::Unknown }
    }

    fn shown(&self) -> String {
        match self.possible {
            Some(possible) if possible == self.certain => self.certain.to_string(),
            Some(possible) => format!("{} to {possible}", self.certain),
            None => format!("{} or more", self.certain),
        }
    }
}

impl<'a, T: Trace> Evaluator<'a, T> {
    pub(super) fn count_leaf(&mut self, leaf: &'a Leaf, count: &'a Count) -> Truth {
        let expected = self.operand(&leaf.expected);
        let from = self.trace.mark();
        let condition = count.condition.as_ref();
        let tally = match &count.over {
            Over::Field(field) => self.count_field(field, condition),
            Over::Value(operand) => self.count_value(operand, condition),
            Over::Related(related) => self.count_related(related, condition),
        };
        let truth = tally.compare(leaf.operator, &expected);
        if T::RECORDS {
            self.record_count(leaf, count, &tally, truth, &expected, from);
        }
        truth
    }

    /// Evaluates the condition for what the innermost scope is at.
    pub(super) fn one(&mut self, condition: Option<&'a Condition>, tally: &mut Tally, at: Span) -> Truth {
        let before = self.trace.mark();
        let truth = condition.map_or(Truth::True, |condition| self.condition(condition));
        if T::RECORDS {
            tally.segments.push((before, self.trace.mark(), truth));
        }
        tally.add(truth, at);
        truth
    }

    fn count_field(&mut self, field: &'a Field, condition: Option<&'a Condition>) -> Tally {
        let mut tally = Tally::at(self.resource.header);
        let path = match field {
            Field::Path(FieldPath { path, .. }) | Field::Element(ElementPath { rest: path, .. }) => path.segments(),
            _ => &[],
        };
        if let Some(place) = self.place_of(field) {
            self.count_elements(&place, path, condition, &mut tally);
        }
        if tally.possible == Some(0)
            && !tally.written
            && let Some(why) = self.computed(field)
        {
            tally.open(why, tally.span);
        }
        tally
    }

    /// Every `[*]` of the path is a scope of its own.
    fn count_elements(
        &mut self,
        place: &Place<'a>,
        path: &'a [PathSegment],
        condition: Option<&'a Condition>,
        tally: &mut Tally,
    ) {
        let Some(each) = path.iter().position(|segment| *segment == PathSegment::Each) else { return };
        let (head, tail) = path.split_at(each);
        let tail = tail.get(1..).unwrap_or(&[]);
        let (places, rest, span) = elements(self.resource, place, head);
        tally.span = span;
        tally.written = span != place.nearest;
        if let Some(rest) = rest.filter(|rest| !(tail.is_empty() && self.cannot_be(condition, rest))) {
            tally.open(rest, span);
        }
        for element in places {
            self.scopes.push(Scope::Element(element.clone()));
            if tail.is_empty() {
                self.one(condition, tally, element.nearest);
            } else {
                self.count_elements(&element, tail, condition, tally);
            }
            self.scopes.pop();
        }
    }

    /// True when no element that is not known can fulfil a condition on the elements themselves.
    fn cannot_be(&mut self, condition: Option<&'a Condition>, element: &Arc<Unknown>) -> bool {
        match condition {
            Some(Condition::AllOf(members)) => members.iter().any(|it| self.cannot_be(Some(it), element)),
            Some(Condition::AnyOf(members)) => members.iter().all(|it| self.cannot_be(Some(it), element)),
            Some(Condition::Leaf(leaf)) => match &leaf.subject {
                Subject::Field(Field::Element(ElementPath { scope, rest, .. })) if rest.segments().is_empty() => {
                    let innermost = *scope == self.scopes.len();
                    let actual = Actual::Unknown(element.clone());
                    innermost && apply(leaf.operator, &actual, &self.operand(&leaf.expected)) == Truth::False
                }
                Subject::Value(operand) => {
                    self.scopes
                        .push(Scope::Value(Value::new(ValueKind::Unknown(element.clone()), self.resource.header)));
                    let value = self.operand(operand);
                    self.scopes.pop();
                    apply(leaf.operator, &Actual::of(&value), &self.operand(&leaf.expected)) == Truth::False
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn count_value(&mut self, operand: &'a Operand, condition: Option<&'a Condition>) -> Tally {
        let value = self.operand(operand);
        let mut tally = Tally::at(self.resource.header);
        match &value.kind {
            ValueKind::Array(array) => {
                for item in &array.items {
                    let at = if item.span.file == self.resource.header.file { item.span } else { tally.span };
                    self.scopes.push(Scope::Value(item.clone()));
                    let first = tally.hit.is_none();
                    self.one(condition, &mut tally, at);
                    if T::RECORDS && first && tally.hit.is_some() {
                        tally.way = item.steps().to_vec();
                    }
                    self.scopes.pop();
                }
                if let Some(rest) = &array.rest {
                    tally.open(rest.clone(), self.resource.header);
                }
            }
            ValueKind::Unknown(why) => tally.open(why.clone(), self.resource.header),
            _ => {}
        }
        tally
    }

    fn record_count(&mut self, leaf: &Leaf, count: &Count, tally: &Tally, truth: Truth, expected: &Value, from: usize) {
        let none = Value::new(0, tally.span);
        let without = apply(leaf.operator, &Actual::Known(&none), expected);
        // Elements decide when the comparison would come out differently without any.
        let elements_decide = truth != Truth::Unknown && truth != without;
        let (kept, source) = match truth {
            Truth::Unknown => {
                (Some(Truth::Unknown), tally.why.as_ref().map(|(why, _)| Source::Unknown(why.reason.clone())))
            }
            _ if elements_decide => (Some(Truth::True), None),
            _ => (None, None),
        };
        match kept {
            Some(kept) => keep(&mut self.trace, &tally.segments, kept),
            None => self.trace.forget(from, self.trace.mark()),
        }
        if self.trace.mark() > from {
            return;
        }
        let related = matches!(count.over, Over::Related(_));
        let there = elements_decide || tally.written;
        let doubtful = tally.why.as_ref().filter(|_| truth == Truth::Unknown).map(|(_, at)| *at);
        let span = doubtful.or(tally.hit.filter(|_| elements_decide)).unwrap_or(tally.span);
        let evidence = Evidence {
            pointer: leaf.pointer.clone(),
            path: words(leaf).path.clone(),
            operator: leaf.operator,
            expected: expected_words(leaf, expected),
            actual: tally.shown(),
            source: source.unwrap_or(if there { Source::Written } else { Source::Absent }),
            span,
            steps: if elements_decide { tally.way.clone() } else { Vec::new() },
            rejected: if related { tally.rejected.clone() } else { Vec::new() },
            // What is not there is shown by its place, but a setting that somebody wrote shows more.
            rank: if elements_decide { Rank::Written } else { Rank::Missing },
        };
        self.trace.push(evidence);
    }
}

/// What is counted, for people.
pub(super) fn counted(count: &Count) -> String {
    match &count.over {
        Over::Field(field) => format!("count of {}", field.path_text()),
        Over::Value(operand) => format!("count of {}", print::operand(operand)),
        Over::Related(related) => {
            let types: Vec<&str> = related.types.iter().map(crate::model::ResourceType::as_str).collect();
            format!("count of related {}", types.join(" or "))
        }
    }
}
