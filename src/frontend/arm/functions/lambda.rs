//! `map`, `filter`, `reduce`, `sort`, `toObject`, `mapValues`, `groupBy`: functions that take a lambda.

use std::sync::Arc;

use super::super::expression::{Expression, Kind};
use super::Call;
use super::logic::truth;
use crate::value::{Array, Object, Reason, Unknown, Value, ValueKind};

/// `lambda('x', body)`: its variables and its body.
struct Lambda<'c> {
    call: &'c Call<'c>,
    variables: Vec<Arc<str>>,
    body: &'c Expression,
}

impl<'c> Lambda<'c> {
    fn of(call: &'c Call<'c>, index: usize) -> Option<Self> {
        let Kind::Call(name, arguments) = &call.arguments.get(index)?.kind else { return None };
        let (body, variables) = arguments.split_last().filter(|_| name.eq_ignore_ascii_case("lambda"))?;
        let names = variables.iter().map(|it| match &it.kind {
            Kind::String(name) => Some(name.clone()),
            _ => None,
        });
        Some(Self { call, variables: names.collect::<Option<_>>()?, body })
    }

    fn apply(&self, values: &[Value]) -> Value {
        let mut frame = self.call.frame.clone();
        for (name, value) in self.variables.iter().zip(values) {
            frame = frame.with_local(name.clone(), value.clone());
        }
        self.call.run.expression(&frame, self.call.place, self.body)
    }
}

/// The array of the first argument, or what the call gives without one.
fn array_of(call: &Call<'_>) -> Result<Arc<Array>, Value> {
    let value = call.arguments.first().map(|it| call.evaluate(it));
    match value.as_ref().map(|it| &it.kind) {
        Some(ValueKind::Array(array)) => Ok(array.clone()),
        Some(ValueKind::Unknown(_)) => Err(call.unknown(value.as_slice())),
        _ => Err(call.fail(format!("{}() takes an array", call.name))),
    }
}

fn misused(call: &Call<'_>) -> Value {
    call.fail(format!("{}() takes a lambda() of literal variable names", call.name))
}

fn at(index: usize, call: &Call<'_>) -> Value {
    call.known(i64::try_from(index).unwrap_or(i64::MAX))
}

/// A lambda where no function takes one.
pub(super) fn misplaced(call: &Call<'_>) -> Value {
    call.fail("lambda() stands where no function takes one")
}

/// `lambdaVariables('x')`
pub(super) fn variables(call: &Call<'_>, arguments: &[Value]) -> Value {
    let name = arguments.first().and_then(Value::as_str).unwrap_or("");
    let mut local = &call.frame.locals;
    while let Some(found) = local {
        if found.name.eq_ignore_ascii_case(name) {
            return found.value.clone();
        }
        local = &found.around;
    }
    call.fail(format!("there is no lambda variable `{name}`"))
}

pub(super) fn map(call: &Call<'_>) -> Value {
    let array = match array_of(call) {
        Ok(array) => array,
        Err(value) => return value,
    };
    let Some(lambda) = Lambda::of(call, 1) else { return misused(call) };
    let items = array.items.iter().enumerate().map(|(index, item)| lambda.apply(&[item.clone(), at(index, call)]));
    call.known(ValueKind::Array(Arc::new(Array { items: items.collect(), rest: array.rest.clone() })))
}

pub(super) fn filter(call: &Call<'_>) -> Value {
    let array = match array_of(call) {
        Ok(array) => array,
        Err(value) => return value,
    };
    let Some(lambda) = Lambda::of(call, 1) else { return misused(call) };
    let mut kept = Array { items: Vec::new(), rest: array.rest.clone() };
    for (index, item) in array.items.iter().enumerate() {
        let holds = lambda.apply(&[item.clone(), at(index, call)]);
        match truth(&holds) {
            Ok(Some(true)) => kept.items.push(item.clone()),
            Ok(Some(false)) => {}
            Ok(None) => kept.rest = kept.rest.or_else(|| holds.as_unknown().cloned()),
            Err(message) => return call.fail(message),
        }
    }
    call.known(ValueKind::Array(Arc::new(kept)))
}

/// `reduce(array, start, lambda('so far', 'next', ...))`
pub(super) fn reduce(call: &Call<'_>) -> Value {
    let array = match array_of(call) {
        Ok(array) => array,
        Err(value) => return value,
    };
    let (Some(lambda), Some(start)) = (Lambda::of(call, 2), call.arguments.get(1)) else { return misused(call) };
    let mut so_far = call.evaluate(start);
    for (index, item) in array.items.iter().enumerate() {
        so_far = call.run.weighed(lambda.apply(&[so_far, item.clone(), at(index, call)]));
        if matches!(so_far.as_unknown().map(|it| &it.reason), Some(Reason::Bound(_))) {
            return so_far;
        }
    }
    match &array.rest {
        Some(rest) => {
            let parts = [Value::new(ValueKind::Unknown(rest.clone()), call.span), so_far];
            call.unknown(&parts)
        }
        None => so_far,
    }
}

/// `sort(array, lambda('a', 'b', less(...)))`: stable; left as it is when an order is not known.
pub(super) fn sort(call: &Call<'_>) -> Value {
    let array = match array_of(call) {
        Ok(array) => array,
        Err(value) => return value,
    };
    let Some(lambda) = Lambda::of(call, 1) else { return misused(call) };
    let mut sorted: Vec<Value> = Vec::with_capacity(array.items.len());
    for item in &array.items {
        // Insertion by binary search: n log n comparisons, and no order that the lambda contradicts itself in can loop.
        let (mut low, mut high) = (0, sorted.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let Some(other) = sorted.get(middle) else { break };
            match truth(&lambda.apply(&[item.clone(), other.clone()])) {
                Ok(Some(true)) => high = middle,
                Ok(Some(false)) => low = middle + 1,
                Ok(None) => {
                    let whole = Value::new(ValueKind::Array(array.clone()), call.span);
                    return unordered(call, &whole);
                }
                Err(message) => return call.fail(message),
            }
        }
        sorted.insert(low, item.clone());
    }
    call.known(ValueKind::Array(Arc::new(Array { items: sorted, rest: array.rest.clone() })))
}

/// The same elements, of which the order is not known: none is certain to stand where it stands.
fn unordered(call: &Call<'_>, array: &Value) -> Value {
    let unknown = call.unknown(std::slice::from_ref(array));
    match (&array.kind, &unknown.kind) {
        (ValueKind::Array(array), ValueKind::Unknown(why)) => {
            let array = Array { items: array.items.clone(), rest: Some(why.clone()) };
            call.known(ValueKind::Array(Arc::new(array)))
        }
        _ => unknown,
    }
}

/// `toObject(array, lambda(key), [lambda(value)])`
pub(super) fn to_object(call: &Call<'_>) -> Value {
    let array = match array_of(call) {
        Ok(array) => array,
        Err(value) => return value,
    };
    let Some(key) = Lambda::of(call, 1) else { return misused(call) };
    let value = Lambda::of(call, 2);
    let mut object = Object { rest: array.rest.clone(), ..Object::default() };
    for item in &array.items {
        let name = key.apply(std::slice::from_ref(item));
        let entry = value.as_ref().map_or_else(|| item.clone(), |it| it.apply(std::slice::from_ref(item)));
        match &name.kind {
            ValueKind::String(name) => object.insert(name.clone(), entry.span, entry),
            ValueKind::Unknown(_) => object.rest = super::object::rest_of(&[name, entry]),
            _ => return call.fail("the key of a property must be a text"),
        }
    }
    Value::object(object, call.span)
}

pub(super) fn map_values(call: &Call<'_>) -> Value {
    let value = call.arguments.first().map(|it| call.evaluate(it));
    let object = match value.as_ref().map(|it| &it.kind) {
        Some(ValueKind::Object(object)) => object.clone(),
        Some(ValueKind::Unknown(_)) => return call.unknown(value.as_slice()),
        _ => return call.fail("mapValues() takes an object"),
    };
    let Some(lambda) = Lambda::of(call, 1) else { return misused(call) };
    let mut mapped = object.as_ref().clone();
    for entry in mapped.entries.values_mut() {
        entry.value = lambda.apply(std::slice::from_ref(&entry.value));
    }
    Value::object(mapped, call.span)
}

/// `groupBy(array, lambda(key))`: an object of arrays.
pub(super) fn group_by(call: &Call<'_>) -> Value {
    let array = match array_of(call) {
        Ok(array) => array,
        Err(value) => return value,
    };
    let Some(lambda) = Lambda::of(call, 1) else { return misused(call) };
    let mut groups = Object::default();
    for item in &array.items {
        let key = lambda.apply(std::slice::from_ref(item));
        match &key.kind {
            ValueKind::String(name) => {
                let empty = || crate::value::Entry { key_span: item.span, value: Value::array(Vec::new(), item.span) };
                let entry = groups.entries.entry(name.clone()).or_insert_with(empty);
                if let ValueKind::Array(group) = &mut entry.value.kind {
                    Arc::make_mut(group).items.push(item.clone());
                }
            }
            ValueKind::Unknown(_) => return call.unknown(&[key, item.clone()]),
            _ => return call.fail("the key of a group must be a text"),
        }
    }
    if let Some(rest) = &array.rest {
        // Whatever is missing may belong to any group.
        let rest: &Arc<Unknown> = rest;
        for entry in groups.entries.values_mut() {
            if let ValueKind::Array(group) = &mut entry.value.kind {
                Arc::make_mut(group).rest = Some(rest.clone());
            }
        }
        groups.rest = Some(rest.clone());
    }
    Value::object(groups, call.span)
}
