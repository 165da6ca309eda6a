//! Operators, attribute access, indexing and the joining of templates, on values.
//!
//! In: operands that are already evaluated. Out: the result at the span given, Unknown when an unknown operand decides
//! it, Invalid when Terraform would refuse it. Knows no scope.

use std::borrow::Cow;
use std::sync::Arc;

use crate::frontend::terraform::convert::{self, equal, invalid};
use crate::parse::hcl::{BinaryOp, UnaryOp};
use crate::source::Span;
use crate::value::{Array, Number, Object, Reason, Reference, Unknown, Value, ValueKind};

/// The longest string that evaluation makes, in bytes.
pub(crate) const MAX_STRING: usize = 4 << 20;

/// `op operand`
pub(crate) fn unary(op: UnaryOp, operand: &Value, span: Span) -> Value {
    let operand = match op {
        UnaryOp::Negate => convert::to_number(operand),
        UnaryOp::Not => convert::to_bool(operand),
    };
    match (op, &operand.kind) {
        (_, ValueKind::Unknown(unknown)) => Value::new(set(unknown), span),
        (UnaryOp::Negate, ValueKind::Number(Number::Int(int))) => match int.checked_neg() {
            Some(negative) => Value::new(negative, span),
            None => Value::new(Number::Float(-Number::Int(*int).as_f64()), span),
        },
        (UnaryOp::Negate, ValueKind::Number(Number::Float(float))) => Value::new(Number::Float(-float), span),
        (UnaryOp::Not, ValueKind::Bool(it)) => Value::new(!it, span),
        _ => invalid("the operand is null", span),
    }
}

/// `lhs op rhs`; both operands are evaluated.
pub(crate) fn binary(op: BinaryOp, lhs: &Value, rhs: &Value, span: Span) -> Value {
    match op {
        BinaryOp::And | BinaryOp::Or => logic(op == BinaryOp::Or, lhs, rhs, span),
        BinaryOp::Equal | BinaryOp::NotEqual => match equal(lhs, rhs) {
            Some(same) => Value::new(same == (op == BinaryOp::Equal), span),
            None => Value::new(why_unknown(&[lhs, rhs]), span),
        },
        _ => arithmetic(op, &convert::to_number(lhs), &convert::to_number(rhs), span),
    }
}

/// `&&` and `||`: one operand is enough when it decides.
fn logic(or: bool, lhs: &Value, rhs: &Value, span: Span) -> Value {
    let (lhs, rhs) = (convert::to_bool(lhs), convert::to_bool(rhs));
    match (lhs.as_bool(), rhs.as_bool()) {
        (Some(it), _) | (_, Some(it)) if it == or => Value::new(or, span),
        (Some(_), Some(_)) => Value::new(!or, span),
        _ if lhs.is_null() || rhs.is_null() => invalid("the operand is null", span),
        _ => Value::new(why_unknown(&[&lhs, &rhs]), span),
    }
}

fn arithmetic(op: BinaryOp, lhs: &Value, rhs: &Value, span: Span) -> Value {
    let (Some(a), Some(b)) = (lhs.as_number(), rhs.as_number()) else {
        if lhs.is_null() || rhs.is_null() {
            return invalid("the operand is null", span);
        }
        return Value::new(why_unknown(&[lhs, rhs]), span);
    };
    match op {
        BinaryOp::Less => Value::new(a < b, span),
        BinaryOp::LessOrEqual => Value::new(a <= b, span),
        BinaryOp::Greater => Value::new(a > b, span),
        BinaryOp::GreaterOrEqual => Value::new(a >= b, span),
        _ => match number(op, a, b) {
            Some(number) => Value::new(number, span),
            None => invalid("division by zero", span),
        },
    }
}

fn number(op: BinaryOp, a: Number, b: Number) -> Option<Number> {
    if matches!(op, BinaryOp::Divide | BinaryOp::Modulo) && b.as_f64() == 0.0 {
        return None;
    }
    if let (Number::Int(a), Number::Int(b)) = (a, b) {
        let exact = match op {
            BinaryOp::Add => a.checked_add(b),
            BinaryOp::Subtract => a.checked_sub(b),
            BinaryOp::Multiply => a.checked_mul(b),
            BinaryOp::Divide => a.checked_rem(b).filter(|rest| *rest == 0).and_then(|_| a.checked_div(b)),
            _ => a.checked_rem(b),
        };
        if let Some(exact) = exact {
            return Some(Number::Int(exact));
        }
    }
    let (a, b) = (a.as_f64(), b.as_f64());
    Some(Number::from_f64(match op {
        BinaryOp::Add => decimal(a + b),
        BinaryOp::Subtract => decimal(a - b),
        BinaryOp::Multiply => decimal(a * b),
        BinaryOp::Divide => a / b,
        _ => a % b,
    }))
}

/// Terraform computes with so many digits that `0.1 + 0.2` is `0.3`; a double has to drop its last one for that.
fn decimal(float: f64) -> f64 {
    if float.is_finite() { format!("{float:.14e}").parse().unwrap_or(float) } else { float }
}

/// Why a result that is never null is not known: the first unknown operand, with the references of all.
pub(crate) fn why_unknown(operands: &[&Value]) -> Unknown {
    let mut joined: Option<Unknown> = None;
    for operand in operands {
        let mut inner = None;
        match &operand.kind {
            ValueKind::Unknown(unknown) => inner = Some(unknown.clone()),
            _ => first_unknown(operand, &mut inner),
        }
        if let Some(unknown) = inner {
            joined = Some(match joined {
                Some(before) => before.join(&unknown),
                None => Unknown::clone(&unknown),
            });
        }
    }
    let mut joined = joined.unwrap_or_else(|| Unknown::new(Reason::NotEvaluated("this expression".into())));
    for operand in operands {
        operand.for_each_reference(&mut |reference, _| {
            if !joined.references.contains(reference) {
                joined.references.push(reference.clone());
            }
        });
    }
    Unknown { not_null: true, prefix: None, symbol: None, ..joined }
}

/// The first reason for which a value is not wholly known.
pub(crate) fn first_unknown(value: &Value, found: &mut Option<Arc<Unknown>>) {
    if found.is_some() {
        return;
    }
    match &value.kind {
        ValueKind::Unknown(unknown) => *found = Some(unknown.clone()),
        ValueKind::Array(array) => {
            array.items.iter().for_each(|item| first_unknown(item, found));
            if found.is_none() {
                found.clone_from(&array.rest);
            }
        }
        ValueKind::Object(object) => {
            object.entries.values().for_each(|entry| first_unknown(&entry.value, found));
            if found.is_none() {
                found.clone_from(&object.rest);
            }
        }
        _ => {}
    }
}

fn set(unknown: &Unknown) -> Unknown {
    Unknown { not_null: true, prefix: None, symbol: None, ..unknown.clone() }
}

/// The parts of a template as one string.
pub(crate) fn join(parts: &[Value], span: Span) -> Value {
    let mut text = String::new();
    let mut unknown: Option<Unknown> = None;
    for part in parts {
        let part = as_text(part);
        match (&part.kind, &mut unknown) {
            (ValueKind::String(piece), None) => text.push_str(piece),
            (ValueKind::String(_), Some(_)) => {}
            (ValueKind::Unknown(why), None) => {
                text.push_str(why.prefix.as_deref().unwrap_or(""));
                unknown = Some(Unknown::clone(why));
            }
            (ValueKind::Unknown(why), Some(before)) => *before = before.join(why),
            _ => return invalid("a template cannot hold null", part.span),
        }
        if text.len() > MAX_STRING {
            return Value::unknown(Reason::Bound("string length".into()), span);
        }
    }
    match unknown {
        None => Value::new(text, span),
        Some(unknown) => {
            let prefix = (!text.is_empty()).then(|| text.into());
            let symbol = symbol_of_all(parts).filter(|symbol| symbol.len() < MAX_SYMBOL).map(Arc::from);
            Value::new(Unknown { not_null: true, prefix, symbol, ..unknown }, span)
        }
    }
}

/// A part of a template as a string; most of them are one.
fn as_text(part: &Value) -> Cow<'_, Value> {
    match &part.kind {
        ValueKind::String(_) | ValueKind::Unknown(_) => Cow::Borrowed(part),
        _ => Cow::Owned(convert::to_string(part)),
    }
}

/// The symbols of all parts of a template, one behind the other.
fn symbol_of_all(parts: &[Value]) -> Option<String> {
    let mut symbol = String::new();
    for part in parts {
        match &part.kind {
            ValueKind::String(text) => symbol.push_str(text),
            _ => symbol.push_str(&symbol_of(&as_text(part))?),
        }
    }
    Some(symbol)
}

/// The longest symbol that is kept.
const MAX_SYMBOL: usize = 2048;

/// A text that stands for a part of a template: itself, or what it refers to, in braces.
pub(crate) fn symbol_of(part: &Value) -> Option<String> {
    match &part.kind {
        ValueKind::String(text) => Some(text.to_string()),
        ValueKind::Unknown(unknown) => match (&unknown.symbol, unknown.references.as_slice(), &unknown.reason) {
            (Some(symbol), ..) => Some(symbol.to_string()),
            (None, [reference], Reason::Computed(_) | Reason::Data(_)) if !reference.attribute.is_empty() => {
                Some(["{", &*reference.address, ".", &*reference.attribute, "}"].concat().replace('/', "|"))
            }
            _ => None,
        },
        _ => None,
    }
}

/// `value.name`; the result keeps its own place unless it is made up here.
pub(crate) fn attribute(value: &Value, name: &str, span: Span) -> Value {
    match &value.kind {
        ValueKind::Object(object) => entry(object, name, span),
        ValueKind::Unknown(unknown) => Value::new(step(unknown, name), span),
        ValueKind::Null => invalid(format!("`{name}` of null"), span),
        ValueKind::Array(_) => invalid(format!("`{name}` of a list"), span),
        _ => invalid(format!("`{name}` of a value that has no attributes"), span),
    }
}

/// `value[key]`
pub(crate) fn index(value: &Value, key: &Value, span: Span) -> Value {
    match (&value.kind, &key.kind) {
        (ValueKind::Unknown(unknown), ValueKind::Number(number)) => Value::new(step_index(unknown, *number), span),
        (ValueKind::Unknown(unknown), ValueKind::String(name)) => Value::new(step(unknown, name), span),
        (ValueKind::Unknown(unknown), _) => Value::new(Unknown { not_null: false, ..set(unknown) }, span),
        (ValueKind::Null, _) => invalid("an element of null", span),
        (_, ValueKind::Unknown(why)) => any_element(value, why, span),
        (ValueKind::Object(object), _) => match key_text(key) {
            Some(name) => entry(object, &name, span),
            None => invalid("a key must be a string", span),
        },
        (ValueKind::Array(array), _) => match &array.rest {
            // Where the rest lies among the known elements is not known: sets and maps sort them.
            Some(rest) => any_element(value, rest, span),
            None => element(array, key, span),
        },
        _ => invalid("this value has no elements", span),
    }
}

fn entry(object: &Object, name: &str, span: Span) -> Value {
    match (object.get(name), &object.rest) {
        (Some(entry), _) => entry.value.clone(),
        (None, Some(rest)) => Value::new(step(rest, name), span),
        (None, None) => invalid(format!("there is no `{name}` here"), span),
    }
}

fn element(array: &Array, key: &Value, span: Span) -> Value {
    let Some(position) = convert::to_number(key).as_number().and_then(Number::as_i64) else {
        return invalid("an index must be a whole number", span);
    };
    let found = usize::try_from(position).ok().and_then(|position| array.items.get(position));
    found.cloned().unwrap_or_else(|| invalid("the index is out of range", span))
}

/// How many elements are compared with one another.
const MOST: usize = 64;

/// The element of an unknown key: certain only when all are the same.
fn any_element(value: &Value, why: &Unknown, span: Span) -> Value {
    let (elements, rest): (Vec<&Value>, _) = match &value.kind {
        ValueKind::Array(array) => (array.items.iter().collect(), &array.rest),
        ValueKind::Object(object) => (object.entries.values().map(|entry| &entry.value).collect(), &object.rest),
        _ => return invalid("this value has no elements", span),
    };
    let open = |why: &Unknown| Value::new(Unknown { not_null: false, prefix: None, symbol: None, ..why.clone() }, span);
    let more = (elements.len() > MOST).then(|| Value::new(Unknown::new(why.reason.clone()), span));
    let elements = elements.into_iter().take(MOST).cloned();
    let all = elements.chain(rest.as_deref().map(open)).chain(more);
    let merged = all.reduce(|merged, element| convert::either(merged, element, why, span));
    merged.unwrap_or_else(|| open(why))
}

/// An attribute of an unknown value: of an unknown resource it is that attribute of the resource.
fn step(unknown: &Unknown, name: &str) -> Unknown {
    extend(unknown, |path| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }, name)
}

fn step_index(unknown: &Unknown, number: Number) -> Unknown {
    extend(unknown, |path| format!("{path}[{number}]"), "")
}

fn extend(unknown: &Unknown, path: impl Fn(&str) -> String, name: &str) -> Unknown {
    let deployed = matches!(unknown.reason, Reason::Computed(_) | Reason::Data(_));
    let ([reference], true) = (unknown.references.as_slice(), deployed) else {
        let inner = unknown.symbol.as_deref().and_then(|symbol| symbol.strip_prefix('{')?.strip_suffix('}'));
        let symbol =
            inner.filter(|inner| !inner.contains(['{', '}'])).map(|inner| format!("{{{}}}", path(inner)).into());
        return Unknown { not_null: false, prefix: None, symbol, ..unknown.clone() };
    };
    let attribute: Arc<str> = path(&reference.attribute).into();
    let reason = match &unknown.reason {
        Reason::Computed(_) => Reason::Computed([&*reference.address, ".", &*attribute].concat().into()),
        other => other.clone(),
    };
    let reference = Reference { address: reference.address.clone(), attribute };
    Unknown { reason, references: vec![reference], not_null: always_set(name), prefix: None, symbol: None }
}

/// Attributes that every deployed resource which has them has a value for.
pub(crate) fn always_set(name: &str) -> bool {
    const ENDINGS: [&str; 9] =
        ["_id", "_uri", "_url", "_endpoint", "_fqdn", "_connection_string", "_access_key", "_name", "_host"];
    matches!(name, "id" | "name" | "location" | "fqdn" | "resource_group_name" | "result" | "hex" | "vault_uri")
        || ENDINGS.iter().any(|ending| name.ends_with(ending)) && !name.ends_with("subnet_id")
}

/// The text of an object key.
pub(crate) fn key_text(key: &Value) -> Option<Arc<str>> {
    match convert::to_string(key).kind {
        ValueKind::String(text) => Some(text),
        _ => None,
    }
}
