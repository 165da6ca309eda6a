//! Walks a condition: `allOf`, `anyOf`, `not`, and the comparisons.
//!
//! In: a compiled condition and the resource at hand. Out: [`Truth`], and in the trace the comparisons that decided it.

use std::borrow::Cow;
use std::sync::Arc;

use super::Settings;
use super::count::counted;
use super::lookup::{Collected, Found, Place, collect, find, find_in_body};
use super::operators::{Actual, apply};
use super::print;
use super::trace::{Evidence, Rank, Segment, Source, Trace, keep};
use crate::model::{Dialect, PathSegment, PropertyPath, Resource, ResourceGraph, ResourceIndex};
use crate::policy::{
    Condition, ElementPath, Field, FieldPath, Leaf, Operand, Operator, Policy, Subject, Words, bind_field,
};
use crate::source::Span;
use crate::truth::Truth;
use crate::value::{Reason, Reference, Unknown, Value, ValueKind};

/// The state of one evaluation.
pub(super) struct Evaluator<'a, T> {
    pub(super) policy: &'a Policy,
    pub(super) graph: &'a ResourceGraph,
    pub(super) settings: &'a Settings,
    /// The resource at hand: in a count of related resources, the related one.
    pub(super) index: ResourceIndex,
    pub(super) resource: &'a Resource,
    /// What the enclosing counts are at; positions agree with those that the compiler gave out.
    pub(super) scopes: Vec<Scope<'a>>,
    pub(super) trace: T,
    /// What an expression read, for the record.
    pub(super) reads: Vec<Read>,
}

/// What an enclosing count is at.
pub(super) enum Scope<'a> {
    Element(Place<'a>),
    Value(Value),
    Related,
}

/// A property that an expression read.
pub(super) struct Read {
    pub(super) path: String,
    pub(super) actual: String,
    pub(super) source: Source,
    pub(super) span: Span,
    pub(super) steps: Vec<crate::value::Step>,
    pub(super) rank: Rank,
}

impl<'a, T: Trace> Evaluator<'a, T> {
    pub(super) fn new(
        policy: &'a Policy,
        graph: &'a ResourceGraph,
        settings: &'a Settings,
        index: ResourceIndex,
    ) -> Self {
        let resource = graph.get(index);
        let (scopes, reads) = (Vec::new(), Vec::new());
        Self { policy, graph, settings, index, resource, scopes, trace: T::default(), reads }
    }

    pub(super) fn condition(&mut self, condition: &'a Condition) -> Truth {
        match condition {
            Condition::AllOf(members) => self.members(members, Truth::True, Truth::and),
            Condition::AnyOf(members) => self.members(members, Truth::False, Truth::or),
            Condition::Not(inner) => !self.condition(inner),
            Condition::Leaf(leaf) => self.leaf(leaf),
        }
    }

    /// `allOf` stops at false and `anyOf` at true, never at unknown: what comes after may still decide.
    fn members(&mut self, members: &'a [Condition], start: Truth, join: fn(Truth, Truth) -> Truth) -> Truth {
        let from = self.trace.mark();
        let mut segments: Vec<Segment> = Vec::new();
        let mut joined = start;
        for member in members {
            let before = self.trace.mark();
            let truth = self.condition(member);
            if truth == !start {
                self.trace.forget(from, before);
                return truth;
            }
            joined = join(joined, truth);
            if T::RECORDS {
                segments.push((before, self.trace.mark(), truth));
            }
        }
        if T::RECORDS && joined == Truth::Unknown {
            keep(&mut self.trace, &segments, Truth::Unknown);
        }
        joined
    }

    fn leaf(&mut self, leaf: &'a Leaf) -> Truth {
        match &leaf.subject {
            Subject::Field(field) => self.field_leaf(leaf, field),
            Subject::Count(count) => self.count_leaf(leaf, count),
            Subject::Value(operand) => self.value_leaf(leaf, operand),
        }
    }

    fn field_leaf(&mut self, leaf: &'a Leaf, field: &'a Field) -> Truth {
        let expected = self.operand(&leaf.expected);
        if field.is_each() {
            let collected = self.collect(field);
            return self.each_leaf(leaf, field, &collected, &expected);
        }
        let own;
        let found = match self.own_field(field) {
            Some(value) => {
                own = value;
                Found::of(&own, None)
            }
            None => self.found(field),
        };
        let truth = self.compare(leaf.operator, field, &found, &expected);
        if T::RECORDS {
            let evidence = self.evidence(leaf, rank_of(field), &found, &expected);
            self.trace.push(evidence);
        }
        truth
    }

    /// A field with `[*]` outside a count holds when it holds for every element.
    fn each_leaf(&mut self, leaf: &'a Leaf, field: &'a Field, collected: &Collected<'a>, expected: &Value) -> Truth {
        let start = if collected.rest.is_some() { Truth::Unknown } else { Truth::True };
        let truths = collected.items.iter().map(|found| self.compare(leaf.operator, field, found, expected));
        let truths: Vec<Truth> = truths.collect();
        let all = truths.iter().fold(start, |all, truth| all.and(*truth));
        if T::RECORDS {
            let deciding = collected.items.iter().zip(&truths).filter(|(_, truth)| **truth == all);
            let before = self.trace.mark();
            for (found, _) in deciding {
                let evidence = self.evidence(leaf, rank_of(field), found, expected);
                self.trace.push(evidence);
            }
            if self.trace.mark() == before {
                let found = match &collected.rest {
                    Some(why) => Found::unknown(why.clone(), collected.span),
                    None => Found::absent(collected.span),
                };
                let evidence = self.evidence(leaf, rank_of(field), &found, expected);
                self.trace.push(evidence);
            }
        }
        all
    }

    fn compare(&self, operator: Operator, field: &Field, found: &Found<'_>, expected: &Value) -> Truth {
        let truth = apply(operator, &found.actual, expected);
        let keyed = matches!(operator, Operator::ContainsKey | Operator::NotContainsKey);
        // A key that a mapping does not cover may be there all the same.
        match (&found.actual, field, expected.as_str()) {
            (Actual::Known(value), Field::Path(path), Some(key)) if keyed && value.as_object().is_some() => {
                let path = path.path.join(PathSegment::Key(key.into()));
                let missing = value.as_object().is_some_and(|object| object.get_ignore_case(key).is_none());
                if missing && !self.resource.coverage.covers(path.segments()) { Truth::Unknown } else { truth }
            }
            _ => truth,
        }
    }

    fn value_leaf(&mut self, leaf: &'a Leaf, operand: &'a Operand) -> Truth {
        self.reads.clear();
        let value = self.operand(operand);
        let reads = std::mem::take(&mut self.reads);
        let expected = self.operand(&leaf.expected);
        let truth = apply(leaf.operator, &Actual::of(&value), &expected);
        if T::RECORDS {
            let header = self.resource.header;
            let best = reads.into_iter().min_by_key(|read| read.rank);
            // Whether a function holds says less than what it was asked about.
            let asks = best.is_some() && matches!(value.kind, ValueKind::Bool(_));
            let (wanted, mut shown) = (expected_words(leaf, &expected), print::value(&value));
            let wanted = if asks { format!("{} is {wanted}", words(leaf).path).into() } else { wanted };
            let (path, span, source, steps, rank) = if let Some(read) = best {
                if asks {
                    shown = read.actual;
                }
                (read.path.into(), read.span, read.source, read.steps, read.rank)
            } else {
                let file = crate::azure::defaults::NO_TEXT.file;
                let computed = matches!(operand, Operand::Expression(..)) && value.span.file != file;
                let own = computed && self.resource.span.contains(value.span);
                let path = words(leaf).path.clone();
                (path, if own { value.span } else { header }, Source::Written, Vec::new(), Rank::Tier)
            };
            let source = value.as_unknown().map_or(source, |why| Source::Unknown(why.reason.clone()));
            self.trace.push(Evidence {
                pointer: leaf.pointer.clone(),
                path,
                operator: leaf.operator,
                expected: wanted,
                actual: shown,
                source,
                span,
                steps,
                rejected: Vec::new(),
                rank,
            });
        }
        truth
    }

    /// What an operand is; constants are lent.
    pub(super) fn operand(&mut self, operand: &'a Operand) -> Cow<'a, Value> {
        match operand {
            Operand::Constant(value) => Cow::Borrowed(value),
            Operand::Expression(expression, span) => Cow::Owned(self.expression(expression, *span)),
            Operand::Array(items, span) => {
                let items = items.iter().map(|item| self.operand(item).into_owned()).collect();
                Cow::Owned(Value::array(items, *span))
            }
            Operand::Object(entries, span) => {
                let mut object = crate::value::Object::default();
                for (key, operand) in entries {
                    let value = self.operand(operand).into_owned();
                    object.insert(key.clone(), *span, value);
                }
                Cow::Owned(Value::object(object, *span))
            }
        }
    }

    /// A field that is not in the body.
    pub(super) fn own_field(&mut self, field: &'a Field) -> Option<Value> {
        let header = self.resource.header;
        match field {
            Field::Type => Some(Value::new(self.resource.resource_type.name(), header)),
            Field::Id => {
                let reference = Reference { address: self.resource.address.clone(), attribute: "id".into() };
                let reason = Reason::Computed(format!("{}.id", self.resource.address).into());
                Some(Value::new(Unknown::reference(reason, reference), header))
            }
            Field::FullName => Some(self.full_name()),
            Field::Computed(operand) => {
                let name = self.operand(operand);
                match name.as_str() {
                    Some(name) => {
                        let field = bind_field(name, |_| None);
                        Some(self.field_value(&field))
                    }
                    None => Some(Value::new(name.kind.clone(), header)),
                }
            }
            // What would be an element of a list that is not known.
            Field::Element(ElementPath { scope, rest, .. }) => match self.scopes.get(*scope) {
                Some(Scope::Value(value)) if rest.segments().is_empty() => Some(value.clone()),
                Some(Scope::Value(Value { kind: ValueKind::Unknown(why), .. })) => {
                    let why = Unknown { not_null: false, prefix: None, symbol: None, ..Unknown::clone(why) };
                    Some(Value::new(why, header))
                }
                _ => None,
            },
            Field::Path(_) => None,
        }
    }

    /// A field as a value, for expressions: absent is null, `[*]` is an array.
    pub(super) fn field_value(&mut self, field: &Field) -> Value {
        match field {
            Field::Type => Value::new(self.resource.resource_type.name(), self.resource.header),
            Field::Id => Value::unknown(Reason::Computed("id".into()), self.resource.header),
            Field::FullName => self.full_name(),
            Field::Computed(_) => {
                Value::unknown(Reason::NotEvaluated("a field named by a field".into()), self.resource.header)
            }
            _ if field.is_each() => {
                let collected = self.collect(field);
                let items = collected.items.iter().map(value_of).collect();
                let array = crate::value::Array { items, rest: collected.rest };
                let value = Value::new(ValueKind::Array(Arc::new(array)), collected.span);
                self.read(field, &Found::of(&value, None));
                value
            }
            _ => {
                let found = self.found(field);
                self.read(field, &found);
                value_of(&found)
            }
        }
    }

    fn read(&mut self, field: &Field, found: &Found<'_>) {
        if T::RECORDS {
            let source = source_of(found);
            let rank = rank_of(field).max(if source == Source::Written { Rank::Written } else { Rank::Missing });
            let steps = found.value.map(|value| value.steps().to_vec()).unwrap_or_default();
            let path = field.path_text();
            let actual = self.shown(print::is_sensitive(&path), found);
            self.reads.push(Read { actual, path, source, span: found.span, steps, rank });
        }
    }

    /// What a path without `[*]` finds.
    pub(super) fn found(&self, field: &Field) -> Found<'a> {
        match field {
            Field::Path(FieldPath { path, only, .. }) => match only {
                Some(only) if *only != self.resource.resource_type => Found::absent(self.resource.header),
                _ => {
                    let found = find_in_body(self.resource, path);
                    match self.computed(field).filter(|_| matches!(found.actual, Actual::Absent)) {
                        Some(why) => Found::unknown(why, found.span),
                        None => found,
                    }
                }
            },
            Field::Element(ElementPath { scope, rest, .. }) => match self.scopes.get(*scope) {
                Some(Scope::Element(place)) if rest.segments().is_empty() => Found::of(place.value, None),
                Some(Scope::Element(place)) => find(self.resource, place, rest),
                _ => Found::absent(self.resource.header),
            },
            _ => Found::absent(self.resource.header),
        }
    }

    /// Everything that a path with `[*]` finds.
    pub(super) fn collect(&self, field: &Field) -> Collected<'a> {
        match (field, self.place_of(field)) {
            (Field::Path(FieldPath { path, .. }) | Field::Element(ElementPath { rest: path, .. }), Some(place)) => {
                let mut collected = collect(self.resource, &place, path.segments());
                if collected.items.is_empty() && collected.rest.is_none() {
                    collected.rest = self.computed(field);
                }
                collected
            }
            _ => Collected { items: Vec::new(), rest: None, span: self.resource.header },
        }
    }

    /// Why a property that is not there may be there all the same: the service computes it.
    pub(super) fn computed(&self, field: &Field) -> Option<Arc<Unknown>> {
        let Field::Path(FieldPath { path, computed: true, .. }) = field else { return None };
        if self.resource.dialect == Dialect::Export {
            return None;
        }
        // Connections come from private endpoints; when none of this root names the resource, there is none to tell of.
        let connections = PropertyPath::parse("properties.privateEndpointConnections");
        let mut sources = self.graph.edges_to(self.index).iter().map(|edge| self.graph.get(edge.from));
        let connected = sources.any(|it| it.resource_type == *"Microsoft.Network/privateEndpoints");
        (path.strip_prefix(&connections).is_none() || connected)
            .then(|| Arc::new(Unknown::new(Reason::Computed(format!("{}.{path}", self.resource.address).into()))))
    }

    /// What the path of a field starts from; nothing when the resource cannot have the field.
    pub(super) fn place_of(&self, field: &Field) -> Option<Place<'a>> {
        match field {
            Field::Path(FieldPath { only: Some(only), .. }) if *only != self.resource.resource_type => None,
            Field::Path(_) => {
                Some(Place { value: &self.resource.body, nearest: self.resource.header, above: Vec::new() })
            }
            Field::Element(ElementPath { scope, .. }) => match self.scopes.get(*scope) {
                Some(Scope::Element(place)) => Some(place.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    fn full_name(&self) -> Value {
        let name = PropertyPath::parse("name");
        let mut names = Vec::new();
        let mut at = Some(self.index);
        while let Some(index) = at.filter(|_| names.len() < 16) {
            let resource = self.graph.get(index);
            let found = find_in_body(resource, &name);
            match found.actual {
                Actual::Known(value) => names.push(print::plain(value)),
                Actual::Unknown(why) => return Value::new(ValueKind::Unknown(why), found.span),
                Actual::Absent => break,
            }
            let child = resource.parent.as_ref().is_some_and(|link| !link.scope);
            at = if child { self.graph.parent(index) } else { None };
        }
        names.reverse();
        Value::new(names.join("/"), self.resource.header)
    }

    fn evidence(&self, leaf: &Leaf, rank: Rank, found: &Found<'_>, expected: &Value) -> Evidence {
        let source = source_of(found);
        let missing = if source == Source::Written { Rank::Written } else { Rank::Missing };
        let unknown = matches!(source, Source::Unknown(_));
        let span = match found.value {
            Some(value) if unknown => value.span,
            _ => found.span,
        };
        let words = words(leaf);
        Evidence {
            pointer: leaf.pointer.clone(),
            path: words.path.clone(),
            operator: leaf.operator,
            expected: expected_words(leaf, expected),
            actual: self.shown(words.sensitive, found),
            source,
            span,
            steps: found.value.map(|value| value.steps().to_vec()).unwrap_or_default(),
            rejected: Vec::new(),
            rank: rank.max(missing),
        }
    }

    /// What was found, as a person may see it.
    fn shown(&self, sensitive: bool, found: &Found<'_>) -> String {
        match &found.actual {
            Actual::Known(value) if value.as_str().is_some() && (self.policy.mask || sensitive) => print::HIDDEN.into(),
            actual => print::actual(actual),
        }
    }
}

/// What evidence says of a comparison whatever the resource.
pub(super) fn words(leaf: &Leaf) -> &Words {
    leaf.words.get_or_init(|| {
        let path = match &leaf.subject {
            Subject::Field(field) => field.path_text(),
            Subject::Value(operand) => print::operand(operand),
            Subject::Count(count) => counted(count),
        };
        let expected = leaf.expected.constant().map(|it| print::value(it).into());
        Words { sensitive: print::is_sensitive(&path), path: path.into(), expected }
    })
}

/// What a comparison compares with, for people.
pub(super) fn expected_words(leaf: &Leaf, expected: &Value) -> Arc<str> {
    words(leaf).expected.clone().unwrap_or_else(|| print::value(expected).into())
}

fn value_of(found: &Found<'_>) -> Value {
    match (&found.actual, found.value) {
        (_, Some(value)) => Value { span: found.span, ..value.clone() },
        (Actual::Unknown(why), None) => Value::new(ValueKind::Unknown(why.clone()), found.span),
        _ => Value::new(ValueKind::Null, found.span),
    }
}

pub(super) fn source_of(found: &Found<'_>) -> Source {
    match (&found.actual, found.value.and_then(Value::default_of)) {
        (Actual::Unknown(why), _) => Source::Unknown(why.reason.clone()),
        (_, Some(default)) => Source::Default(default.clone()),
        (Actual::Absent, None) => Source::Absent,
        (Actual::Known(_), None) => Source::Written,
    }
}

/// The least rank that evidence on a field can have.
fn rank_of(field: &Field) -> Rank {
    let Field::Path(FieldPath { path, .. }) = field else {
        return if matches!(field, Field::Element(_) | Field::Computed(_)) { Rank::Written } else { Rank::Identity };
    };
    match path.segments() {
        [PathSegment::Key(key), ..] => {
            let is = |name: &str| key.eq_ignore_ascii_case(name);
            if ["name", "kind", "type", "apiVersion"].into_iter().any(is) {
                Rank::Identity
            } else if is("sku") {
                Rank::Tier
            } else {
                Rank::Written
            }
        }
        _ => Rank::Written,
    }
}
