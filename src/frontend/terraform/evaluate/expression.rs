//! Expressions: the forms of the syntax, lazily where Terraform is lazy or where an unknown part must not spoil all.

use std::sync::Arc;

use super::scope::{Names, SPLAT_ITEM, Scope};
use super::traversal::{is_sequence, is_set};
use super::{Evaluator, MAX_DEPTH, is_invalid};
use crate::frontend::terraform::convert::{self, certainly_set};
use crate::frontend::terraform::operators::{self, key_text};
use crate::parse::hcl::{BinaryOp, ExprId, ExprKind, For, ItemList, List};
use crate::source::Span;
use crate::value::{Array, Object, Reason, StepKind, Unknown, Value, ValueKind};

impl<'p> Evaluator<'p> {
    /// The value of an expression.
    pub(super) fn eval(&self, scope: Scope<'_, 'p>, id: ExprId) -> Value {
        let span = scope.file.expr(id).span;
        let depth = self.depth.get();
        if depth >= MAX_DEPTH {
            return self.bounded("evaluation depth", span);
        }
        self.depth.set(depth.saturating_add(1));
        let value = self.form(scope, id, span);
        self.depth.set(depth);
        value
    }

    fn form(&self, scope: Scope<'_, 'p>, id: ExprId, span: Span) -> Value {
        let file = scope.file;
        match &file.expr(id).kind {
            ExprKind::Null => Value::new(ValueKind::Null, span),
            ExprKind::Bool(it) => Value::new(*it, span),
            ExprKind::Number(number) => Value::new(*number, span),
            ExprKind::Literal(text) => Value::new(file.slice(*text), span),
            ExprKind::Decoded(text) => Value::new(&**text, span),
            ExprKind::Template(parts) => self.template(scope, *parts, span),
            ExprKind::TemplateIf { condition, then, otherwise } => {
                self.template_if(scope, *condition, *then, *otherwise, span)
            }
            ExprKind::TemplateFor(it) => self.template_for(scope, it, span),
            ExprKind::Variable(_) | ExprKind::GetAttr { .. } | ExprKind::Index { .. } | ExprKind::SplatItem => {
                self.traversal(scope, id)
            }
            ExprKind::Splat { base, each, .. } => self.splat(scope, *base, *each, span),
            ExprKind::Call { name, args, expand } => self.call(scope, file.slice(*name), *args, *expand, span),
            ExprKind::Tuple(items) => {
                Value::array(file.list(*items).iter().map(|id| self.eval(scope, *id)).collect(), span)
            }
            ExprKind::Object(items) => self.object(scope, *items, span),
            ExprKind::ForTuple(it) => self.for_tuple(scope, it, span),
            ExprKind::ForObject(it) => self.for_object(scope, it, span),
            ExprKind::Unary { op, operand } => {
                let operand = self.eval(scope, *operand);
                self.derived([&operand], operators::unary(*op, &operand, span))
            }
            ExprKind::Binary { op, lhs, rhs } => self.binary(scope, *op, *lhs, *rhs, span),
            ExprKind::Conditional { condition, then, otherwise } => {
                self.conditional(scope, *condition, *then, Some(*otherwise), span)
            }
            ExprKind::Parenthesis(inner) => self.eval(scope, *inner),
            ExprKind::Error => Value::unknown(Reason::Invalid("this expression could not be parsed".into()), span),
        }
    }

    /// Counts a result as a failure of this expression, unless an operand already was one.
    pub(super) fn derived<'v>(&self, operands: impl IntoIterator<Item = &'v Value>, result: Value) -> Value {
        if operands.into_iter().any(is_invalid) { result } else { self.noted(result) }
    }

    fn binary(&self, scope: Scope<'_, 'p>, op: BinaryOp, lhs: ExprId, rhs: ExprId, span: Span) -> Value {
        let lhs = self.eval(scope, lhs);
        if let (BinaryOp::And | BinaryOp::Or, Some(it)) = (op, convert::to_bool(&lhs).as_bool())
            && it == (op == BinaryOp::Or)
        {
            return Value::new(it, span);
        }
        let rhs = self.eval(scope, rhs);
        self.derived([&lhs, &rhs], operators::binary(op, &lhs, &rhs, span))
    }

    /// The branch that holds; when that is unknown, what both branches have in common.
    pub(super) fn conditional(
        &self,
        scope: Scope<'_, 'p>,
        condition: ExprId,
        then: ExprId,
        otherwise: Option<ExprId>,
        span: Span,
    ) -> Value {
        let condition = convert::to_bool(&self.eval(scope, condition));
        let branch = |id: Option<ExprId>| id.map_or_else(|| Value::new("", span), |id| self.eval(scope, id));
        match &condition.kind {
            ValueKind::Bool(true) => like_branch(scope, branch(Some(then)), otherwise),
            ValueKind::Bool(false) => like_branch(scope, branch(otherwise), Some(then)),
            ValueKind::Unknown(why) => {
                let (a, b) = self.apart(|| (branch(Some(then)), branch(otherwise)));
                match (is_invalid(&a), is_invalid(&b)) {
                    // A branch that cannot be evaluated is most likely not the one that is taken, but nobody knows.
                    (true, _) | (_, true) => {
                        let mut unknown = convert::either(without_kind(a, why), without_kind(b, why), why, span);
                        unknown.span = span;
                        unknown
                    }
                    _ => convert::either(a, b, why, span),
                }
            }
            _ => self.fail("the condition is null", span),
        }
    }

    fn object(&self, scope: Scope<'_, 'p>, items: ItemList, span: Span) -> Value {
        let file = scope.file;
        let items = file.object_items(items);
        let mut object = Object::with_capacity(items.len());
        for item in items {
            let key = self.eval(scope, item.key);
            let value = self.eval(scope, item.value);
            match (&key.kind, key_text(&key)) {
                (_, Some(text)) => object.insert(text, file.expr(item.key).span, value),
                // Several keys that are not known hold several values: none of them is forgotten.
                (ValueKind::Unknown(unknown), None) => {
                    let more = with_references(unknown, &value);
                    object.rest = Some(object.rest.take().map_or(more.clone(), |rest| Arc::new(rest.join(&more))));
                }
                _ => return self.fail("a key cannot be null", key.span),
            }
        }
        Value::object(object, span)
    }

    fn splat(&self, scope: Scope<'_, 'p>, written: ExprId, each: ExprId, span: Span) -> Value {
        let base = self.eval(scope, written);
        let apply = |item: &Value| {
            let names = Names { name: SPLAT_ITEM, value: item, up: scope.names };
            self.eval(scope.with(Some(&names)), each)
        };
        match &base.kind {
            ValueKind::Null if is_sequence(scope, written) => self.fail("a splat of a list that is null", span),
            ValueKind::Null => Value::array(Vec::new(), span),
            ValueKind::Array(array) => {
                let rest = array.rest.as_ref().map(|rest| self.rest_through(rest, span, &apply));
                let items = array.items.iter().map(apply).collect();
                Value::new(ValueKind::Array(Arc::new(Array { items, rest })), span)
            }
            ValueKind::Unknown(unknown) => {
                let rest = Some(self.rest_through(unknown, span, &apply));
                Value::new(ValueKind::Array(Arc::new(Array { items: Vec::new(), rest })), span)
            }
            _ => Value::array(vec![apply(&base)], span),
        }
    }

    /// What an unknown rest of elements becomes when a splat or a loop is applied to each.
    fn rest_through(&self, rest: &Arc<Unknown>, span: Span, apply: &dyn Fn(&Value) -> Value) -> Arc<Unknown> {
        let one = Value::new(Unknown::clone(rest), span);
        let mut found = None;
        operators::first_unknown(&self.apart(|| apply(&one)), &mut found);
        match found {
            Some(found) if !matches!(found.reason, Reason::Invalid(_)) => found,
            _ => rest.clone(),
        }
    }

    fn for_tuple(&self, scope: Scope<'_, 'p>, it: &For, span: Span) -> Value {
        let mut array = Array::default();
        let walked = self.walk_elements(scope, it, span, &mut |scope, keep| {
            let value = self.eval(scope, it.value);
            match keep {
                // Elements after one that may be missing have no certain place.
                _ if array.rest.is_some() => {}
                None => array.items.push(value),
                Some(why) => array.rest = Some(with_references(why, &value)),
            }
        });
        match walked {
            Err(value) => value,
            Ok(()) => Value::new(ValueKind::Array(Arc::new(array)), span),
        }
    }

    fn for_object(&self, scope: Scope<'_, 'p>, it: &For, span: Span) -> Value {
        let mut object = Object::default();
        let Some(key) = it.key else { return self.fail("a key is missing", span) };
        let walked = self.walk_elements(scope, it, span, &mut |scope, keep| {
            let key = self.eval(scope, key);
            let value = self.eval(scope, it.value);
            match (keep, key_text(&key), &key.kind) {
                (None, Some(text), _) if it.group => group(&mut object, text, key.span, value, span),
                (None, Some(text), _) => object.insert(text, key.span, value),
                (Some(why), ..) | (None, None, ValueKind::Unknown(why)) => {
                    object.rest = Some(with_references(why, &value));
                }
                _ => {
                    self.fail("a key cannot be null", span);
                }
            }
        });
        if let Err(value) = walked {
            return value;
        }
        object.entries.sort_keys();
        Value::object(object, span)
    }

    /// Calls `visit` for each element that passes the filter, or may pass it: then with the reason for the doubt.
    fn walk_elements(
        &self,
        scope: Scope<'_, 'p>,
        it: &For,
        span: Span,
        visit: &mut dyn FnMut(Scope<'_, 'p>, Option<&Arc<Unknown>>),
    ) -> Result<(), Value> {
        let collection = self.eval(scope, it.collection);
        let set = is_set(scope, it.collection);
        let Some(elements) = elements(&collection, set) else {
            return Err(match &collection.kind {
                ValueKind::Unknown(_) if is_invalid(&collection) => Value { span, ..collection },
                _ => self.fail("this value has no elements", span),
            });
        };
        let key_name = it.key_name.map(|name| scope.file.slice(name));
        let value_name = scope.file.slice(it.value_name);
        for (key, value, doubt) in elements {
            if !self.step() {
                return Err(self.bounded("loop steps", span));
            }
            let key_names = Names { name: key_name.unwrap_or(""), value: &key, up: scope.names };
            let up = if key_name.is_some() { Some(&key_names) } else { scope.names };
            let names = Names { name: value_name, value: &value, up };
            let inner = scope.with(Some(&names));
            let keep = it.condition.map(|condition| convert::to_bool(&self.eval(inner, condition)));
            match keep.as_ref().map(|keep| &keep.kind) {
                Some(ValueKind::Bool(false)) => {}
                Some(ValueKind::Unknown(why)) => visit(inner, Some(why)),
                _ => visit(inner, doubt.as_ref()),
            }
        }
        Ok(())
    }

    fn call(&self, scope: Scope<'_, 'p>, name: &str, args: List, expand: bool, span: Span) -> Value {
        let name = name.strip_prefix("core::").unwrap_or(name);
        let ids = scope.file.list(args);
        match name {
            "try" => return self.attempt(scope, ids, span),
            "can" => return self.can(scope, ids, span),
            _ => {}
        }
        let mut values: Vec<Value> = Vec::with_capacity(ids.len());
        for (position, id) in ids.iter().enumerate() {
            let value = self.eval(scope, *id);
            if !expand || position.saturating_add(1) < ids.len() {
                values.push(value);
                continue;
            }
            match &value.kind {
                ValueKind::Array(array) => {
                    values.extend(array.items.iter().cloned());
                    values.extend(array.rest.as_ref().map(|rest| Value::new(Unknown::clone(rest), value.span)));
                }
                ValueKind::Unknown(_) => values.push(value),
                _ => return self.fail("only a list can be expanded into arguments", span),
            }
        }
        let result = self.call_function(scope, name, &values, span);
        placed(self.derived(&values, result), span)
    }

    /// `try`: the first argument that does not fail.
    fn attempt(&self, scope: Scope<'_, 'p>, args: &[ExprId], span: Span) -> Value {
        let before = self.failures.get();
        let mut doubtful: Option<Value> = None;
        for id in args {
            let value = self.eval(scope, *id);
            if self.failures.get() != before {
                self.failures.set(before);
                continue;
            }
            let value = match doubtful.take() {
                Some(first) => {
                    let why = first.as_unknown().cloned();
                    why.map_or(value.clone(), |why| convert::either(first, value, &why, span))
                }
                None => value,
            };
            let certain = value.as_unknown().is_none() || certainly_set(&value) || is_invalid(&value);
            if certain {
                return placed(value, span);
            }
            doubtful = Some(value);
        }
        match doubtful {
            Some(value) => Value { span, ..value },
            None => self.fail("no argument of `try` could be evaluated", span),
        }
    }

    /// `can`: whether the argument does not fail.
    fn can(&self, scope: Scope<'_, 'p>, args: &[ExprId], span: Span) -> Value {
        let Some(id) = args.first() else { return self.fail("`can` has one argument", span) };
        let before = self.failures.get();
        let value = self.eval(scope, *id);
        let failed = self.failures.replace(before) != before;
        match &value.kind {
            ValueKind::Unknown(unknown) if !failed && !unknown.not_null => {
                Value::new(operators::why_unknown(&[&value]), span)
            }
            _ => Value::new(!failed, span),
        }
    }
}

/// Both branches have one type: a number or bool becomes a string beside one.
fn like_branch(scope: Scope<'_, '_>, value: Value, other: Option<ExprId>) -> Value {
    if !matches!(value.kind, ValueKind::Number(_) | ValueKind::Bool(_)) {
        return value;
    }
    match other.map(|id| &scope.file.expr(id).kind) {
        Some(ExprKind::Literal(_) | ExprKind::Decoded(_)) => convert::to_string(&value),
        Some(ExprKind::Template(parts)) if scope.file.list(*parts).len() > 1 => convert::to_string(&value),
        _ => value,
    }
}

/// A value made of parts of others, used at `span`: a part written inside keeps its place.
pub(super) fn placed(value: Value, span: Span) -> Value {
    if span.contains(value.span) { value } else { value.through(StepKind::Each, span) }
}

/// A key, a value, and why it may be missing.
type Element = (Value, Value, Option<Arc<Unknown>>);

/// The elements of a collection as key and value; those that may be missing with the reason. `None` when it has none.
pub(super) fn elements(collection: &Value, set: bool) -> Option<Vec<Element>> {
    let span = collection.span;
    let mut found = Vec::new();
    let rest = match &collection.kind {
        ValueKind::Array(array) => {
            for (index, item) in array.items.iter().enumerate() {
                let index = Value::new(i64::try_from(index).unwrap_or(i64::MAX), span);
                found.push((if set { item.clone() } else { index }, item.clone(), None));
            }
            array.rest.clone()
        }
        ValueKind::Object(object) => {
            for (key, entry) in &object.entries {
                found.push((Value::new(key.clone(), entry.key_span), entry.value.clone(), None));
            }
            found.sort_by(|(a, ..), (b, ..)| a.as_str().cmp(&b.as_str()));
            object.rest.clone()
        }
        ValueKind::Unknown(unknown) if !matches!(unknown.reason, Reason::Invalid(_)) => Some(unknown.clone()),
        _ => return None,
    };
    if let Some(rest) = rest {
        let bare =
            Unknown { not_null: true, prefix: None, symbol: None, references: Vec::new(), ..Unknown::clone(&rest) };
        let value = Unknown { not_null: false, prefix: None, symbol: None, ..Unknown::clone(&rest) };
        found.push((Value::new(bare, span), Value::new(value, span), Some(rest)));
    }
    Some(found)
}

/// Gathers values of the same key.
fn group(object: &mut Object, key: Arc<str>, key_span: Span, value: Value, span: Span) {
    let entry = object
        .entries
        .entry(key)
        .or_insert_with(|| crate::value::Entry { key_span, value: Value::array(Vec::new(), span) });
    if let ValueKind::Array(array) = &mut entry.value.kind {
        Arc::make_mut(array).items.push(value);
    }
}

/// The reason, with the references of what it stands for.
fn with_references(why: &Arc<Unknown>, value: &Value) -> Arc<Unknown> {
    let mut unknown = Unknown { not_null: false, prefix: None, symbol: None, ..Unknown::clone(why) };
    value.for_each_reference(&mut |reference, _| {
        if !unknown.references.contains(reference) {
            unknown.references.push(reference.clone());
        }
    });
    Arc::new(unknown)
}

/// A branch that failed, as unknown for the reason of the condition.
fn without_kind(value: Value, why: &Arc<Unknown>) -> Value {
    if is_invalid(&value) { Value::new(Unknown::new(why.reason.clone()), value.span) } else { value }
}
