//! What a function sees of its call: typed arguments, converted as Terraform converts them, and the ways to answer.
//!
//! An argument that is unknown, null or of the wrong type ends the call early: the `Err` of an accessor *is* the result.

use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use super::Context;
use crate::frontend::terraform::convert::{self, invalid};
use crate::frontend::terraform::operators::{symbol_of, why_unknown};
use crate::source::Span;
use crate::value::{Array, Number, Object, Reason, Unknown, Value, ValueKind};

/// The result of a function; `Err` is a result too, reached early.
pub(super) type Answer = Result<Value, Value>;

/// One call of a function.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) name: &'a str,
    pub(super) args: &'a [Value],
    pub(super) span: Span,
    pub(super) context: &'a dyn Context,
}

impl<'a> Call<'a> {
    /// The argument at a position that the arity promises.
    pub(super) fn arg(&self, position: usize) -> Result<&'a Value, Value> {
        self.args
            .get(position)
            .ok_or_else(|| if self.has_unknown() { self.unknown() } else { self.invalid("too few arguments") })
    }

    /// A known string; numbers and booleans are converted.
    pub(super) fn text(&self, position: usize) -> Result<Arc<str>, Value> {
        self.text_of(self.arg(position)?)
    }

    /// A known value as a string.
    pub(super) fn text_of(&self, value: &Value) -> Result<Arc<str>, Value> {
        match convert::to_string(value).kind {
            ValueKind::String(text) => Ok(text),
            ValueKind::Unknown(_) if value.as_unknown().is_some() => Err(self.unknown()),
            ValueKind::Null => Err(self.invalid("an argument is null")),
            _ => Err(self.invalid("a string is required")),
        }
    }

    /// A known number; numeric strings are converted.
    pub(super) fn number(&self, position: usize) -> Result<Number, Value> {
        self.number_of(self.arg(position)?)
    }

    /// A known value as a number.
    pub(super) fn number_of(&self, value: &Value) -> Result<Number, Value> {
        match convert::to_number(value).kind {
            ValueKind::Number(number) => Ok(number),
            ValueKind::Unknown(_) if value.as_unknown().is_some() => Err(self.unknown()),
            ValueKind::Null => Err(self.invalid("an argument is null")),
            _ => Err(self.invalid("a number is required")),
        }
    }

    /// A known whole number.
    pub(super) fn int(&self, position: usize) -> Result<i64, Value> {
        self.number(position)?.as_i64().ok_or_else(|| self.invalid("a whole number is required"))
    }

    /// A known whole number that counts something.
    pub(super) fn count(&self, position: usize) -> Result<usize, Value> {
        usize::try_from(self.int(position)?).map_err(|_| self.invalid("the number must not be negative"))
    }

    /// A list whose elements may be unknown.
    pub(super) fn list(&self, position: usize) -> Result<&'a Array, Value> {
        self.list_of(self.arg(position)?)
    }

    /// A value as a list whose elements may be unknown.
    pub(super) fn list_of<'v>(&self, value: &'v Value) -> Result<&'v Array, Value> {
        match &value.kind {
            ValueKind::Array(array) => Ok(array),
            ValueKind::Unknown(_) => Err(self.unknown()),
            ValueKind::Null => Err(self.invalid("an argument is null")),
            _ => Err(self.invalid("a list is required")),
        }
    }

    /// The elements of a list that is known to end, though elements may be unknown.
    pub(super) fn items(&self, position: usize) -> Result<&'a [Value], Value> {
        let array = self.list(position)?;
        if array.rest.is_some() { Err(self.unknown()) } else { Ok(&array.items) }
    }

    /// An object or map whose entries may be unknown.
    pub(super) fn object(&self, position: usize) -> Result<&'a Object, Value> {
        match &self.arg(position)?.kind {
            ValueKind::Object(object) => Ok(object),
            ValueKind::Unknown(_) => Err(self.unknown()),
            ValueKind::Null => Err(self.invalid("an argument is null")),
            _ => Err(self.invalid("a map is required")),
        }
    }

    /// An argument that is wholly known.
    pub(super) fn known(&self, position: usize) -> Result<&'a Value, Value> {
        let value = self.arg(position)?;
        if value.is_wholly_known() { Ok(value) } else { Err(self.unknown()) }
    }

    /// True when some argument is not wholly known.
    pub(super) fn has_unknown(&self) -> bool {
        !self.args.iter().all(Value::is_wholly_known)
    }

    /// A value made here.
    pub(super) fn value(&self, kind: impl Into<ValueKind>) -> Value {
        Value::new(kind, self.span)
    }

    /// A list made here.
    pub(super) fn array(&self, items: Vec<Value>) -> Value {
        self.open_array(items, None)
    }

    /// A list made here that may go on.
    pub(super) fn open_array(&self, items: Vec<Value>, rest: Option<Arc<Unknown>>) -> Value {
        self.value(ValueKind::Array(Arc::new(Array { items, rest })))
    }

    /// A list of strings made here.
    pub(super) fn text_array<T: Into<ValueKind>>(&self, items: impl IntoIterator<Item = T>) -> Value {
        self.array(items.into_iter().map(|item| self.value(item)).collect())
    }

    /// What Terraform would refuse.
    pub(super) fn invalid(&self, why: &str) -> Value {
        invalid(format!("`{}`: {why}", self.name), self.span)
    }

    /// A result that only the deployment has.
    pub(super) fn runtime(&self) -> Value {
        Value::new(Unknown { not_null: true, ..Unknown::new(Reason::Runtime(self.name.into())) }, self.span)
    }

    /// A result that we do not compute.
    pub(super) fn not_evaluated(&self, what: &str) -> Value {
        Value::unknown(Reason::NotEvaluated(format!("{what} in `{}`", self.name).into()), self.span)
    }

    /// A result that would be too large.
    pub(super) fn too_large(&self, bound: &str) -> Value {
        Value::unknown(Reason::Bound(bound.into()), self.span)
    }

    /// A result that an unknown argument decides.
    pub(super) fn unknown(&self) -> Value {
        self.value(self.why())
    }

    /// Why the result is unknown: the arguments' reason and references, and the call as symbol.
    pub(super) fn why(&self) -> Unknown {
        let operands: Vec<&Value> = self.args.iter().collect();
        let symbol = self.symbol().unwrap_or_else(|| self.opaque_symbol());
        Unknown { symbol: Some(symbol), ..why_unknown(&operands) }
    }

    /// The same value, of which no part may be taken for the value of an argument.
    pub(super) fn opaque(&self, value: Value) -> Value {
        match &value.kind {
            ValueKind::Unknown(unknown) => {
                self.value(Unknown { symbol: Some(self.opaque_symbol()), ..Unknown::clone(unknown) })
            }
            _ => value,
        }
    }

    /// Stands for this call of these arguments without saying what they are.
    fn opaque_symbol(&self) -> Arc<str> {
        let mut hasher = rustc_hash::FxHasher::default();
        self.args.iter().for_each(|arg| digest(arg, &mut hasher));
        format!("{{{}~{:x}}}", self.name, hasher.finish()).into()
    }

    /// The same call of the same unknown strings gives the same string.
    fn symbol(&self) -> Option<Arc<str>> {
        const LONGEST: usize = 512;
        let mut symbol = format!("{{{}(", self.name);
        for (position, arg) in self.args.iter().enumerate() {
            let text = symbol_of(&convert::to_string(arg))?;
            symbol.push_str(if position > 0 { "," } else { "" });
            symbol.extend(text.chars().map(|character| match character {
                '{' => '<',
                '}' => '>',
                '/' => '|',
                other => other,
            }));
        }
        symbol.push_str(")}");
        (symbol.len() < LONGEST).then(|| symbol.into())
    }
}

/// What tells one value from another: its kind, its place, and the way it came.
fn digest(value: &Value, into: &mut rustc_hash::FxHasher) {
    std::mem::discriminant(&value.kind).hash(into);
    value.span.hash(into);
    value.steps().iter().for_each(|step| step.span.hash(into));
    match &value.kind {
        ValueKind::Null => {}
        ValueKind::Bool(it) => it.hash(into),
        ValueKind::Number(Number::Int(it)) => it.hash(into),
        ValueKind::Number(Number::Float(it)) => it.to_bits().hash(into),
        ValueKind::String(it) => it.hash(into),
        ValueKind::Array(array) => {
            array.items.len().hash(into);
            array.items.iter().for_each(|item| digest(item, into));
            array.rest.iter().for_each(|rest| digest_unknown(rest, into));
        }
        ValueKind::Object(object) => {
            object.entries.len().hash(into);
            for (key, entry) in &object.entries {
                (key, entry.key_span).hash(into);
                digest(&entry.value, into);
            }
            object.rest.iter().for_each(|rest| digest_unknown(rest, into));
        }
        ValueKind::Unknown(unknown) => digest_unknown(unknown, into),
    }
}

fn digest_unknown(unknown: &Unknown, into: &mut rustc_hash::FxHasher) {
    let Unknown { reason, references, not_null, prefix, symbol } = unknown;
    (reason, references, not_null, prefix, symbol).hash(into);
}
