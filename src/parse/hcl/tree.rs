//! The arena that a parse fills: expressions, their lists, and how high each tree has grown.

use std::sync::Arc;

use super::ast::{Body, Expr, ExprId, ExprKind, File, ItemList, List, ObjectItem};
use crate::source::{FileId, Span};

/// What a [`File`] holds besides its body, while it grows.
#[derive(Default)]
pub(super) struct Tree {
    exprs: Vec<Expr>,
    /// Height of the tree under each expression; an evaluator that recurses is as deep as this.
    heights: Vec<u16>,
    lists: Vec<ExprId>,
    items: Vec<ObjectItem>,
    comments: Vec<Span>,
}

impl Tree {
    /// Room for the expressions of a text of this many bytes.
    pub(super) fn for_text(length: usize) -> Self {
        Self { exprs: Vec::with_capacity(length / 24), heights: Vec::with_capacity(length / 24), ..Self::default() }
    }

    /// Adds an expression.
    pub(super) fn push(&mut self, kind: ExprKind, span: Span) -> ExprId {
        let height = self.height_over(&kind).saturating_add(1);
        let id = ExprId(index(self.exprs.len()));
        self.exprs.push(Expr { kind, span });
        self.heights.push(height);
        id
    }

    /// Moves the members gathered in `members` since `base` into a list.
    pub(super) fn list(&mut self, members: &mut Vec<ExprId>, base: usize) -> List {
        let start = index(self.lists.len());
        self.lists.extend(members.drain(base.min(members.len())..));
        List { start, end: index(self.lists.len()) }
    }

    /// Moves the items gathered in `members` since `base` into an item list.
    pub(super) fn item_list(&mut self, members: &mut Vec<ObjectItem>, base: usize) -> ItemList {
        let start = index(self.items.len());
        self.items.extend(members.drain(base.min(members.len())..));
        ItemList { start, end: index(self.items.len()) }
    }

    /// The span of an expression.
    pub(super) fn span(&self, id: ExprId) -> Span {
        self.exprs.get(id.0 as usize).map_or(Span::new(FileId(u32::MAX), 0, 0), |expr| expr.span)
    }

    /// How high the tree under an expression is.
    pub(super) fn height(&self, id: ExprId) -> u16 {
        self.heights.get(id.0 as usize).copied().unwrap_or(0)
    }

    /// Makes a bare word that was read as an expression the literal text it is as an object key.
    pub(super) fn word_to_literal(&mut self, id: ExprId) {
        if let Some(expr) = self.exprs.get_mut(id.0 as usize)
            && matches!(expr.kind, ExprKind::Variable(_) | ExprKind::Bool(_) | ExprKind::Null)
        {
            expr.kind = ExprKind::Literal(expr.span);
        }
    }

    /// Records a comment; one that was seen before (recovery reads twice) is not recorded again.
    pub(super) fn comment(&mut self, span: Span) {
        if self.comments.last().is_none_or(|last| last.end <= span.start) {
            self.comments.push(span);
        }
    }

    /// The finished file.
    pub(super) fn into_file(self, file: FileId, text: Arc<str>, body: Body) -> File {
        let Self { mut exprs, lists, items, comments, .. } = self;
        exprs.shrink_to_fit();
        File { file, text, body, exprs, lists, items, comments }
    }

    fn height_over(&self, kind: &ExprKind) -> u16 {
        let of = |id: &ExprId| self.height(*id);
        match kind {
            ExprKind::Template(list) | ExprKind::Tuple(list) | ExprKind::Call { args: list, .. } => {
                let members = self.lists.get(list.start as usize..list.end as usize).unwrap_or(&[]);
                members.iter().map(of).max().unwrap_or(0)
            }
            ExprKind::Object(items) => {
                let members = self.items.get(items.start as usize..items.end as usize).unwrap_or(&[]);
                members.iter().map(|item| of(&item.key).max(of(&item.value))).max().unwrap_or(0)
            }
            ExprKind::TemplateIf { condition, then, otherwise } => {
                of(condition).max(of(then)).max(otherwise.as_ref().map_or(0, of))
            }
            ExprKind::GetAttr { base, .. } => of(base),
            ExprKind::Index { base, key } => of(base).max(of(key)),
            ExprKind::Splat { base, each, .. } => of(base).max(of(each)),
            ExprKind::ForTuple(it) | ExprKind::ForObject(it) | ExprKind::TemplateFor(it) => {
                [Some(it.collection), it.key, Some(it.value), it.condition].iter().flatten().map(of).max().unwrap_or(0)
            }
            ExprKind::Unary { operand, .. } => of(operand),
            ExprKind::Binary { lhs, rhs, .. } => of(lhs).max(of(rhs)),
            ExprKind::Conditional { condition, then, otherwise } => of(condition).max(of(then)).max(of(otherwise)),
            ExprKind::Parenthesis(inner) => of(inner),
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::Literal(_)
            | ExprKind::Decoded(_)
            | ExprKind::Variable(_)
            | ExprKind::SplatItem
            | ExprKind::Error => 0,
        }
    }
}

fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
