//! Values of expressions that may name nothing: variable defaults, `optional()` defaults, `.tfvars` files.
//!
//! In: an expression. Out: its value, each part with its own span. Anything that would need a scope is Unknown, but for the
//! sources of modules, which `OpenTofu` lets name variables and locals.

use std::sync::Arc;

use crate::frontend::terraform::convert::invalid;
use crate::frontend::terraform::operators;
use crate::parse::hcl::{ExprId, ExprKind, File};
use crate::value::{Object, Value, ValueKind};

/// The value of an expression that names nothing.
pub(crate) fn constant(file: &File, id: ExprId) -> Value {
    constant_of(file, id, &|_, _| None)
}

/// What a name stands for: the expression that names it, in its file.
pub(crate) type Named<'n> = &'n dyn Fn(&File, ExprId) -> Option<Value>;

/// The value of an expression that names only what `named` knows.
pub(crate) fn constant_of(file: &File, id: ExprId, named: Named<'_>) -> Value {
    let expr = file.expr(id);
    let span = expr.span;
    match &expr.kind {
        ExprKind::Null => Value::new(ValueKind::Null, span),
        ExprKind::Bool(it) => Value::new(*it, span),
        ExprKind::Number(number) => Value::new(*number, span),
        ExprKind::Literal(text) => Value::new(file.slice(*text), span),
        ExprKind::Decoded(text) => Value::new(&**text, span),
        ExprKind::Parenthesis(inner) => constant_of(file, *inner, named),
        ExprKind::Tuple(list) => {
            Value::array(file.list(*list).iter().map(|id| constant_of(file, *id, named)).collect(), span)
        }
        ExprKind::Object(items) => {
            let mut object = Object::default();
            for item in file.object_items(*items) {
                let key = operators::key_text(&constant_of(file, item.key, named));
                if let Some(key) = key {
                    object.insert(key, file.expr(item.key).span, constant_of(file, item.value, named));
                }
            }
            Value::object(object, span)
        }
        ExprKind::Template(list) => {
            let parts: Vec<Value> = file.list(*list).iter().map(|id| constant_of(file, *id, named)).collect();
            operators::join(&parts, span)
        }
        ExprKind::Unary { op, operand } => operators::unary(*op, &constant_of(file, *operand, named), span),
        ExprKind::Binary { op, lhs, rhs } => {
            operators::binary(*op, &constant_of(file, *lhs, named), &constant_of(file, *rhs, named), span)
        }
        ExprKind::Conditional { condition, then, otherwise } => match constant_of(file, *condition, named).as_bool() {
            Some(true) => constant_of(file, *then, named),
            Some(false) => constant_of(file, *otherwise, named),
            None => invalid("a constant is required here", span),
        },
        _ => named(file, id).unwrap_or_else(|| invalid("a constant is required here", span)),
    }
}

/// The text of a constant string.
pub(crate) fn constant_text(file: &File, id: ExprId) -> Option<Arc<str>> {
    match constant(file, id).kind {
        ValueKind::String(text) => Some(text),
        _ => None,
    }
}
