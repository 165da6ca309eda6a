//! Values of expressions that may name nothing: variable defaults, `optional()` defaults, `.tfvars` files.
//!
//! In: an expression. Out: its value, each part with its own span. Anything that would need a scope is Unknown.

use std::sync::Arc;

use crate::frontend::terraform::convert::invalid;
use crate::frontend::terraform::operators;
use crate::parse::hcl::{ExprId, ExprKind, File};
use crate::value::{Object, Value, ValueKind};

/// The value of an expression that names nothing.
pub(crate) fn constant(file: &File, id: ExprId) -> Value {
    let expr = file.expr(id);
    let span = expr.span;
    match &expr.kind {
        ExprKind::Null => Value::new(ValueKind::Null, span),
        ExprKind::Bool(it) => Value::new(*it, span),
        ExprKind::Number(number) => Value::new(*number, span),
        ExprKind::Literal(text) => Value::new(file.slice(*text), span),
        ExprKind::Decoded(text) => Value::new(&**text, span),
        ExprKind::Parenthesis(inner) => constant(file, *inner),
        ExprKind::Tuple(list) => Value::array(file.list(*list).iter().map(|id| constant(file, *id)).collect(), span),
        ExprKind::Object(items) => {
            let mut object = Object::default();
            for item in file.object_items(*items) {
                let key = operators::key_text(&constant(file, item.key));
                if let Some(key) = key {
                    object.insert(key, file.expr(item.key).span, constant(file, item.value));
                }
            }
            Value::object(object, span)
        }
        ExprKind::Template(list) => {
            let parts: Vec<Value> = file.list(*list).iter().map(|id| constant(file, *id)).collect();
            operators::join(&parts, span)
        }
        ExprKind::Unary { op, operand } => operators::unary(*op, &constant(file, *operand), span),
        ExprKind::Binary { op, lhs, rhs } => operators::binary(*op, &constant(file, *lhs), &constant(file, *rhs), span),
        ExprKind::Conditional { condition, then, otherwise } => match constant(file, *condition).as_bool() {
            Some(true) => constant(file, *then),
            Some(false) => constant(file, *otherwise),
            None => invalid("a constant is required here", span),
        },
        _ => invalid("a constant is required here", span),
    }
}

/// The text of a constant string.
pub(crate) fn constant_text(file: &File, id: ExprId) -> Option<Arc<str>> {
    match constant(file, id).kind {
        ValueKind::String(text) => Some(text),
        _ => None,
    }
}
