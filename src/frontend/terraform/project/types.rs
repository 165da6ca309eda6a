//! Type constraints of variables, and the conversion of values to them.
//!
//! In: the `type` expression of a variable, and a value. Out: the value as Terraform would convert it: strings to
//! numbers, attributes that the type does not have dropped, `optional()` defaults filled in. Unknown stays unknown.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::constant::constant;
use crate::frontend::terraform::convert;
use crate::parse::hcl::{ExprId, ExprKind, File};
use crate::source::Span;
use crate::value::{Array, Object, Reason, Unknown, Value, ValueKind};

/// A type constraint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    /// `any`, nothing stated, or not readable.
    Any,
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// `list(T)`
    List(Box<Type>),
    /// `set(T)`
    Set(Box<Type>),
    /// `map(T)`
    Map(Box<Type>),
    /// `tuple([T, ...])`
    Tuple(Vec<Type>),
    /// `object({ name = T, ... })`
    Object(IndexMap<Arc<str>, AttributeType, FxBuildHasher>),
}

/// An attribute of an object type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AttributeType {
    /// Its type.
    pub(crate) of: Type,
    /// `optional(T)`
    pub(crate) optional: bool,
    /// `optional(T, default)`
    pub(crate) default: Option<Value>,
    /// The text of the attribute in the constraint.
    pub(crate) span: Span,
}

impl Type {
    /// Reads a type expression; what is not one is [`Type::Any`].
    pub(crate) fn read(file: &File, id: ExprId) -> Self {
        match &file.expr(id).kind {
            ExprKind::Variable(name) | ExprKind::Literal(name) => Self::named(file.slice(*name)),
            ExprKind::Parenthesis(inner) => Self::read(file, *inner),
            ExprKind::Call { name, args, .. } => Self::constructed(file, file.slice(*name), file.list(*args)),
            _ => Self::Any,
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "bool" => Self::Bool,
            "number" => Self::Number,
            "string" => Self::String,
            "list" => Self::List(Box::new(Self::Any)),
            "set" => Self::Set(Box::new(Self::Any)),
            "map" => Self::Map(Box::new(Self::Any)),
            _ => Self::Any,
        }
    }

    fn constructed(file: &File, name: &str, args: &[ExprId]) -> Self {
        let Some(first) = args.first() else { return Self::named(name) };
        let element = || Box::new(Self::read(file, *first));
        match (name, &file.expr(*first).kind) {
            ("list", _) => Self::List(element()),
            ("set", _) => Self::Set(element()),
            ("map", _) => Self::Map(element()),
            ("tuple", ExprKind::Tuple(list)) => {
                Self::Tuple(file.list(*list).iter().map(|id| Self::read(file, *id)).collect())
            }
            ("object", ExprKind::Object(items)) => {
                let attributes = file.object_items(*items).iter().filter_map(|item| {
                    let name = constant(file, item.key).as_str().map(Arc::from)?;
                    let span = file.expr(item.key).span.to(file.expr(item.value).span);
                    Some((name, AttributeType::read(file, item.value, span)))
                });
                Self::Object(attributes.collect())
            }
            _ => Self::Any,
        }
    }

    /// The value converted to this type.
    pub(crate) fn convert(&self, value: Value) -> Value {
        if value.is_null() || value.as_unknown().is_some() {
            return value;
        }
        match (self, &value.kind) {
            (Self::Any, _) => value,
            (Self::Bool, _) => convert::to_bool(&value),
            (Self::Number, _) => convert::to_number(&value),
            (Self::String, _) => convert::to_string(&value),
            (Self::List(of), ValueKind::Array(array)) => Self::elements(array, of, value.span, false),
            (Self::Set(of), ValueKind::Array(array)) => Self::elements(array, of, value.span, true),
            (Self::Map(of), ValueKind::Object(object)) => Self::entries(object, of, value.span),
            (Self::Tuple(types), ValueKind::Array(array)) => {
                let items = array.items.iter().zip(types).map(|(item, of)| of.convert(item.clone())).collect();
                same_place(&value, ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() })))
            }
            (Self::Object(attributes), ValueKind::Object(object)) => Self::attributes(object, attributes, &value),
            _ => Value::unknown(Reason::Invalid(format!("it is not a {}", self.name()).into()), value.span),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Any => "value",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::String => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Map(_) => "map",
            Self::Tuple(_) => "tuple",
            Self::Object(_) => "object",
        }
    }

    fn elements(array: &Array, of: &Self, span: Span, set: bool) -> Value {
        let mut items: Vec<Value> = array.items.iter().map(|item| of.convert(item.clone())).collect();
        if *of == Self::Any {
            convert::unify(items.iter_mut().collect());
        }
        let (items, rest) = if set { convert::certain_members(convert::to_set(items)) } else { (items, None) };
        Value::new(ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone().or(rest) })), span)
    }

    fn entries(object: &Object, of: &Self, span: Span) -> Value {
        let mut converted = object.clone();
        for entry in converted.entries.values_mut() {
            entry.value = of.convert(entry.value.clone());
        }
        if *of == Self::Any {
            convert::unify(converted.entries.values_mut().map(|entry| &mut entry.value).collect());
        }
        Value::object(converted, span)
    }

    fn attributes(
        object: &Object,
        attributes: &IndexMap<Arc<str>, AttributeType, FxBuildHasher>,
        value: &Value,
    ) -> Value {
        let mut converted = Object { rest: object.rest.clone(), ..Object::default() };
        for (name, attribute) in attributes {
            match object.get(name) {
                Some(entry) => {
                    let given = attribute.convert_given(entry.value.clone());
                    converted.insert(name.clone(), entry.key_span, given);
                }
                None if object.rest.is_some() => {}
                None if attribute.optional => {
                    let default = attribute.default.clone();
                    let default = default.unwrap_or_else(|| Value::new(ValueKind::Null, attribute.span));
                    converted.insert(name.clone(), attribute.span, default);
                }
                None => {
                    let why = format!("the attribute `{name}` is required");
                    let missing = Value::unknown(Reason::Invalid(why.into()), value.span);
                    converted.insert(name.clone(), value.span, missing);
                }
            }
        }
        same_place(value, ValueKind::Object(Arc::new(converted)))
    }
}

impl AttributeType {
    fn read(file: &File, id: ExprId, span: Span) -> Self {
        if let ExprKind::Call { name, args, .. } = &file.expr(id).kind
            && file.slice(*name) == "optional"
        {
            let args = file.list(*args);
            let of = args.first().map_or(Type::Any, |id| Type::read(file, *id));
            let default = args.get(1).map(|id| of.convert(constant(file, *id)));
            return Self { of, optional: true, default, span };
        }
        Self { of: Type::read(file, id), optional: false, default: None, span }
    }

    /// A given null takes the default, as Terraform has it since 1.3.
    fn convert_given(&self, value: Value) -> Value {
        match &self.default {
            Some(default) if value.is_null() => default.clone(),
            Some(default) => match value.as_unknown() {
                Some(unknown) if !unknown.not_null && !default.is_null() => {
                    let filled = Unknown { not_null: true, ..Unknown::clone(unknown) };
                    same_place(&value, ValueKind::from(filled))
                }
                _ => self.of.convert(value),
            },
            None => self.of.convert(value),
        }
    }
}

fn same_place(value: &Value, kind: ValueKind) -> Value {
    Value { kind, span: value.span, origin: value.origin.clone() }
}
