//! What would have to change for a resource to keep a policy it violates.
//!
//! In: a policy and a resource that fails it. Out: [`Remedied`]: the changes that the policy file names, else those that follow
//! from the condition, when one comparison decides it and only one value satisfies it. Never guesses between values.

use std::sync::Arc;

use super::Settings;
use super::condition::Evaluator;
use super::fault;
use super::lookup::find_in_body;
use super::operators::{Actual, apply};
use super::trace::Silent;
use crate::model::{Change, Op, PropertyPath, ResourceGraph, ResourceIndex};
use crate::policy::{Condition, Field, Leaf, Operator, Policy, Subject, Types};
use crate::truth::Truth;
use crate::value::{Value, ValueKind};

/// What a violation asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Remedied {
    /// These changes satisfy the policy, as far as the condition tells.
    Changes(Vec<Change>),
    /// Only people can say what it should be (`which key`).
    Decision(Arc<str>),
    /// No change follows from the condition.
    Nothing,
}

/// The changes that satisfy a policy.
pub fn changes(policy: &Policy, graph: &ResourceGraph, index: ResourceIndex, settings: &Settings) -> Remedied {
    let remedy = &policy.remedy;
    if let Some(what) = &remedy.decide {
        return Remedied::Decision(what.clone());
    }
    let mut solver = Solver(Evaluator::new(policy, graph, settings, index));
    if remedy.set.is_empty() && remedy.instead.is_empty() && remedy.remove.is_empty() {
        let derived = solver.deny(&policy.condition);
        // Where the finding points elsewhere, the defect is not what the last comparison reads.
        let is_meant = |changes: &Vec<Change>| {
            let label = policy.label.as_ref().map(ToString::to_string).filter(|it| it != "type");
            label.is_none_or(|label| changes.iter().any(|it| it.path.to_string() == label))
        };
        return derived.filter(is_meant).map_or(Remedied::Nothing, Remedied::Changes);
    }
    match solver.stated(policy) {
        Some(changes) if !changes.is_empty() => Remedied::Changes(changes),
        _ => Remedied::Nothing,
    }
}

/// A value that every language can write: text, number, boolean, or a list of them.
fn is_plain(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Bool(_) | ValueKind::Number(_) | ValueKind::String(_) => true,
        ValueKind::Array(array) => array.rest.is_none() && array.items.iter().all(is_plain),
        _ => false,
    }
}

struct Solver<'a>(Evaluator<'a, Silent>);

impl<'a> Solver<'a> {
    /// The changes that the policy file names, as far as they are needed; nothing when one cannot be written.
    fn stated(&mut self, policy: &'a Policy) -> Option<Vec<Change>> {
        let remedy = &policy.remedy;
        let mut changes = Vec::new();
        let set = remedy.set.iter().map(|it| (it, true));
        for ((child, path, operand), adds) in set.chain(remedy.instead.iter().map(|it| (it, false))) {
            let value = self.0.operand(operand).into_owned();
            if !is_plain(&value) {
                return None;
            }
            // A path that names the type of the resource is its own; of another type that the policy judges, not for it.
            let own = &self.0.resource.resource_type;
            let child = child.as_ref().filter(|it| it.resource_type != *own || it.name.is_some());
            if child.is_some_and(|it| matches!(&policy.types, Types::Only(types) if types.contains(&it.resource_type)))
            {
                continue;
            }
            let of = match child {
                Some(child) => child.find(self.0.graph, self.0.index).map(|it| self.0.graph.get(it)),
                None => Some(self.0.resource),
            };
            for path in self.paths(policy, path) {
                let found = of.and_then(|of| find_in_body(of, &path).value);
                let is_written = found.is_some_and(|it| it.default_of().is_none() && !it.is_null());
                let differs = found.is_none_or(|it| apply(Operator::Equals, &Actual::of(it), &value) != Truth::True);
                if differs && (adds || is_written) {
                    changes.push(Change { child: child.cloned(), path, op: Op::Set(value.clone()) });
                }
            }
        }
        for path in &remedy.remove {
            // From the end, so that each index holds until its turn.
            for path in self.paths(policy, path).into_iter().rev() {
                let found = find_in_body(self.0.resource, &path).value;
                if found.is_some_and(|it| it.default_of().is_none()) {
                    changes.push(Change { child: None, path, op: Op::Remove });
                }
            }
        }
        Some(changes)
    }

    /// The path itself; with `[*]`, that of each element that the condition finds at fault.
    fn paths(&mut self, policy: &'a Policy, path: &PropertyPath) -> Vec<PropertyPath> {
        if path.has_each() { fault::elements(&mut self.0, &policy.condition, path) } else { vec![path.clone()] }
    }

    /// What makes a condition false that is true.
    fn deny(&mut self, condition: &'a Condition) -> Option<Vec<Change>> {
        match condition {
            // Conditions narrow down first and name the defect last.
            Condition::AllOf(members) => self.deny(members.last()?),
            Condition::AnyOf(members) => {
                let mut all = Vec::new();
                for member in members {
                    if self.0.condition(member) != Truth::False {
                        all.append(&mut self.deny(member)?);
                    }
                }
                distinct(all)
            }
            Condition::Not(inner) => self.fulfil(inner),
            Condition::Leaf(leaf) => self.deny_leaf(leaf),
        }
    }

    /// What makes a condition true that is false.
    fn fulfil(&mut self, condition: &'a Condition) -> Option<Vec<Change>> {
        match condition {
            Condition::AllOf(members) => {
                let mut all = Vec::new();
                for member in members {
                    if self.0.condition(member) != Truth::True {
                        all.append(&mut self.fulfil(member)?);
                    }
                }
                distinct(all)
            }
            // Which of several is a decision.
            Condition::AnyOf(_) => None,
            Condition::Not(inner) => self.deny(inner),
            Condition::Leaf(leaf) => {
                let path = self.path(leaf)?;
                let expected = self.0.operand(&leaf.expected).into_owned();
                match leaf.operator {
                    Operator::Equals => set(path, expected),
                    Operator::NotEquals => set(path, opposite(&expected)?),
                    Operator::GreaterOrEquals | Operator::LessOrEquals => set_number(path, expected),
                    Operator::In => set(path, only(&expected)?),
                    _ => None,
                }
            }
        }
    }

    fn deny_leaf(&mut self, leaf: &'a Leaf) -> Option<Vec<Change>> {
        let path = self.path(leaf)?;
        let expected = self.0.operand(&leaf.expected).into_owned();
        match leaf.operator {
            Operator::NotEquals => set(path, expected),
            Operator::Equals => set(path, opposite(&expected)?),
            Operator::Less | Operator::Greater => set_number(path, expected),
            Operator::NotIn => set(path, only(&expected)?),
            _ => None,
        }
    }

    /// The property that a comparison reads, when it is one that can be written.
    fn path(&self, leaf: &Leaf) -> Option<PropertyPath> {
        let Subject::Field(Field::Path(field)) = &leaf.subject else { return None };
        let other = field.only.as_ref().is_some_and(|it| *it != self.0.resource.resource_type);
        if field.each || field.computed || other {
            return None;
        }
        // What a resource is cannot be changed by changing a property.
        let text = field.path.to_string();
        let identity = ["name", "kind", "location", "apiVersion"].iter().any(|it| text.eq_ignore_ascii_case(it))
            || text.to_ascii_lowercase().starts_with("sku");
        (!identity).then(|| field.path.clone())
    }
}

fn set(path: PropertyPath, value: Value) -> Option<Vec<Change>> {
    is_plain(&value).then(|| vec![Change { child: None, path, op: Op::Set(value) }])
}

fn set_number(path: PropertyPath, value: Value) -> Option<Vec<Change>> {
    value.as_number()?;
    set(path, value)
}

/// The other boolean; nothing else has just one other value.
fn opposite(value: &Value) -> Option<Value> {
    let other = match &value.kind {
        ValueKind::Bool(flag) => !flag,
        ValueKind::String(text) if text.eq_ignore_ascii_case("true") => false,
        ValueKind::String(text) if text.eq_ignore_ascii_case("false") => true,
        _ => return None,
    };
    Some(Value::new(other, value.span))
}

fn only(value: &Value) -> Option<Value> {
    match value.as_array()?.items.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// Two values for one property are no answer.
fn distinct(changes: Vec<Change>) -> Option<Vec<Change>> {
    let mut kept: Vec<Change> = Vec::new();
    for change in changes {
        match kept.iter().find(|it| it.path == change.path) {
            Some(same) if plain_eq(same, &change) => {}
            Some(_) => return None,
            None => kept.push(change),
        }
    }
    Some(kept)
}

fn plain_eq(a: &Change, b: &Change) -> bool {
    match (&a.op, &b.op) {
        (Op::Set(x), Op::Set(y)) => x.kind == y.kind,
        (Op::Remove, Op::Remove) => true,
        _ => false,
    }
}
