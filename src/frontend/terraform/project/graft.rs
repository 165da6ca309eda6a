//! Moves the tree of a text that is part of another text into the tree of that other text.

use crate::parse::hcl::{Expr, ExprId, ExprKind, File, For, ItemList, List, ObjectItem};
use crate::source::Span;

/// Appends the expressions of `part`, whose text starts at byte `offset` of `whole`; gives the new id of `root`.
pub(super) fn graft(whole: &mut File, part: &File, root: ExprId, offset: u32) -> ExprId {
    let shift = Shift {
        exprs: count(whole.exprs.len()),
        lists: count(whole.lists.len()),
        items: count(whole.items.len()),
        offset,
        file: whole.file,
    };
    let exprs = part.exprs.iter().map(|expr| Expr { kind: shift.kind(&expr.kind), span: shift.span(expr.span) });
    whole.exprs.extend(exprs);
    whole.lists.extend(part.lists.iter().map(|id| shift.id(*id)));
    let items = part.items.iter();
    whole.items.extend(items.map(|item| ObjectItem { key: shift.id(item.key), value: shift.id(item.value) }));
    shift.id(root)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

struct Shift {
    exprs: u32,
    lists: u32,
    items: u32,
    offset: u32,
    file: crate::source::FileId,
}

impl Shift {
    fn id(&self, id: ExprId) -> ExprId {
        ExprId(id.0.saturating_add(self.exprs))
    }

    fn span(&self, span: Span) -> Span {
        Span::new(self.file, span.start.saturating_add(self.offset), span.end.saturating_add(self.offset))
    }

    fn list(&self, list: List) -> List {
        List { start: list.start.saturating_add(self.lists), end: list.end.saturating_add(self.lists) }
    }

    fn kind(&self, kind: &ExprKind) -> ExprKind {
        match kind {
            ExprKind::Null => ExprKind::Null,
            ExprKind::Bool(it) => ExprKind::Bool(*it),
            ExprKind::Number(number) => ExprKind::Number(*number),
            ExprKind::Literal(span) => ExprKind::Literal(self.span(*span)),
            ExprKind::Decoded(text) => ExprKind::Decoded(text.clone()),
            ExprKind::Template(parts) => ExprKind::Template(self.list(*parts)),
            ExprKind::TemplateIf { condition, then, otherwise } => ExprKind::TemplateIf {
                condition: self.id(*condition),
                then: self.id(*then),
                otherwise: otherwise.map(|id| self.id(id)),
            },
            ExprKind::TemplateFor(it) => ExprKind::TemplateFor(Box::new(self.for_expression(it))),
            ExprKind::Variable(name) => ExprKind::Variable(self.span(*name)),
            ExprKind::GetAttr { base, name } => ExprKind::GetAttr { base: self.id(*base), name: self.span(*name) },
            ExprKind::Index { base, key } => ExprKind::Index { base: self.id(*base), key: self.id(*key) },
            ExprKind::Splat { base, each, full } => {
                ExprKind::Splat { base: self.id(*base), each: self.id(*each), full: *full }
            }
            ExprKind::SplatItem => ExprKind::SplatItem,
            ExprKind::Call { name, args, expand } => {
                ExprKind::Call { name: self.span(*name), args: self.list(*args), expand: *expand }
            }
            ExprKind::Tuple(items) => ExprKind::Tuple(self.list(*items)),
            ExprKind::Object(items) => ExprKind::Object(ItemList {
                start: items.start.saturating_add(self.items),
                end: items.end.saturating_add(self.items),
            }),
            ExprKind::ForTuple(it) => ExprKind::ForTuple(Box::new(self.for_expression(it))),
            ExprKind::ForObject(it) => ExprKind::ForObject(Box::new(self.for_expression(it))),
            ExprKind::Unary { op, operand } => ExprKind::Unary { op: *op, operand: self.id(*operand) },
            ExprKind::Binary { op, lhs, rhs } => ExprKind::Binary { op: *op, lhs: self.id(*lhs), rhs: self.id(*rhs) },
            ExprKind::Conditional { condition, then, otherwise } => ExprKind::Conditional {
                condition: self.id(*condition),
                then: self.id(*then),
                otherwise: self.id(*otherwise),
            },
            ExprKind::Parenthesis(inner) => ExprKind::Parenthesis(self.id(*inner)),
            ExprKind::Error => ExprKind::Error,
        }
    }

    fn for_expression(&self, it: &For) -> For {
        For {
            key_name: it.key_name.map(|name| self.span(name)),
            value_name: self.span(it.value_name),
            collection: self.id(it.collection),
            key: it.key.map(|id| self.id(id)),
            value: self.id(it.value),
            condition: it.condition.map(|id| self.id(id)),
            group: it.group,
        }
    }
}
