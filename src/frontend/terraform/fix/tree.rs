//! Parsed texts of a run, and what stands at a place of one.
//!
//! In: spans that the model carries. Out: the block, entry or literal there. Each file is parsed once, and only when it is
//! to be edited.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::layout::{Container, Entry, Item};
use crate::edit::Refusal;
use crate::parse::hcl::{self, Block, Body, ExprId, ExprKind, File, ItemList};
use crate::source::{FileId, SourceMap, Span};

/// The texts, and the trees of those that were asked for.
#[derive(Debug)]
pub struct Trees<'s> {
    sources: &'s SourceMap,
    parsed: RefCell<FxHashMap<FileId, Option<Rc<File>>>>,
}

impl<'s> Trees<'s> {
    /// Trees of these texts.
    pub fn new(sources: &'s SourceMap) -> Self {
        Self { sources, parsed: RefCell::default() }
    }

    /// The tree of a file that is Terraform and has no syntax error.
    pub(super) fn get(&self, id: FileId) -> Result<Rc<File>, Refusal> {
        let Some(source) = self.sources.get(id) else { return Err(Refusal::new("nobody wrote this setting")) };
        let path = source.path();
        let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
        if extension == "json" {
            return Err(Refusal::new(format!("{} is Terraform's JSON, which is not edited", source.shown())));
        }
        if !["tf", "tofu", "tfvars", "hcl"].contains(&extension) {
            return Err(Refusal::new("the value does not come from a file of the configuration"));
        }
        if path.components().any(|it| it.as_os_str() == ".terraform") {
            return Err(Refusal::new(format!("{} belongs to a downloaded module", source.shown())));
        }
        let mut parsed = self.parsed.borrow_mut();
        let tree = parsed.entry(id).or_insert_with(|| {
            let (tree, diagnostics) = hcl::parse(id, source.text().clone());
            diagnostics.is_empty().then(|| Rc::new(tree))
        });
        tree.clone().ok_or_else(|| Refusal::new(format!("{} has syntax errors", source.shown())))
    }
}

impl Trees<'_> {
    /// The trees of the texts in the same directory, as far as they can be edited.
    pub(super) fn beside(&self, id: FileId) -> Vec<Rc<File>> {
        let directory = |it: &crate::source::SourceFile| it.path().parent().map(std::path::Path::to_path_buf);
        let own = self.sources.get(id).and_then(directory);
        let beside = self.sources.files().iter().filter(|it| directory(it) == own);
        beside.filter_map(|it| self.get(it.id()).ok()).collect()
    }
}

/// The top-level block that holds a place.
pub(super) fn top_block(file: &File, place: Span) -> Option<&Block> {
    file.body.blocks.iter().find(|block| block.span.contains(place))
}

pub(super) fn block_at(blocks: &[Block], span: Span) -> Option<&Block> {
    let block = blocks.iter().find(|it| it.span.contains(span))?;
    if block.span == span { Some(block) } else { block_at(&block.body.blocks, span) }
}

/// The block that starts with this header, and the one around it.
pub(super) fn block_with_header(file: &File, header: Span) -> Option<(&Block, &Block)> {
    let mut owner = top_block(file, header)?;
    loop {
        let block = owner.body.blocks.iter().find(|it| it.span.contains(header))?;
        if block.header == header {
            return Some((owner, block));
        }
        owner = block;
    }
}

/// The list that has this text as one of its items, and which.
pub(super) fn list_with(file: &File, item: Span) -> Option<(ExprId, usize)> {
    let mut body = &file.body;
    while let Some(block) = body.blocks.iter().find(|it| it.span.contains(item)) {
        body = &block.body;
    }
    let mut at = body.attributes.iter().map(|it| it.value).find(|it| file.expr(*it).span.contains(item))?;
    loop {
        let inside = |it: &ExprId| file.expr(*it).span.contains(item);
        at = match &file.expr(at).kind {
            ExprKind::Tuple(list) => {
                let number = file.list(*list).iter().position(inside)?;
                let id = *file.list(*list).get(number)?;
                if file.expr(id).span == item {
                    return Some((at, number));
                }
                id
            }
            ExprKind::Object(items) => file.object_items(*items).iter().map(|it| it.value).find(inside)?,
            // What a function makes of a list has its elements from the list.
            ExprKind::Call { args, .. } => *file.list(*args).iter().find(|it| inside(it))?,
            ExprKind::Parenthesis(inner) => *inner,
            _ => return None,
        };
    }
}

/// The items of a list that is written out.
pub(super) fn items_of(file: &File, list: ExprId) -> Option<&[ExprId]> {
    match &file.expr(list).kind {
        ExprKind::Tuple(items) => Some(file.list(*items)),
        _ => None,
    }
}

/// What stands between the braces of a block.
pub(super) fn container_of<'f>(file: &'f File, block: &Block) -> Container<'f> {
    let text = &*file.text;
    let header_end = block.header.end as usize;
    let open = text.get(header_end..).and_then(|it| it.find('{')).map_or(header_end, |it| header_end + it + 1);
    let close = (block.span.end as usize).saturating_sub(1).max(open);
    body_container(file, &block.body, open, close, block.kind.start as usize)
}

/// A whole file.
pub(super) fn file_container(file: &File) -> Container<'_> {
    body_container(file, &file.body, 0, file.text.len(), 0)
}

fn body_container<'f>(file: &'f File, body: &Body, open: usize, close: usize, owner: usize) -> Container<'f> {
    let entry = |name: Span, value: ExprId| Entry { name, value: file.expr(value).span };
    Container {
        file: file.file,
        text: &file.text,
        open,
        close,
        owner,
        entries: body.attributes.iter().map(|it| entry(it.name, it.value)).collect(),
        blocks: body.blocks.iter().map(|it| Item { name: it.kind, span: it.span }).collect(),
    }
}

/// What stands between the braces of an object literal.
pub(super) fn object_container(file: &File, object: Span, items: ItemList) -> Container<'_> {
    let entries = file.object_items(items).iter();
    let entries = entries.map(|it| Entry { name: file.expr(it.key).span, value: file.expr(it.value).span });
    Container {
        file: file.file,
        text: &file.text,
        open: object.start as usize + 1,
        close: (object.end as usize).saturating_sub(1),
        owner: object.start as usize,
        entries: entries.collect(),
        blocks: Vec::new(),
    }
}

/// An entry, with what it stands in.
pub(super) struct Holder<'f> {
    pub(super) container: Container<'f>,
    pub(super) entry: Entry,
    pub(super) value: ExprId,
}

/// The entry whose whole value is the text at `value`: an attribute, or an item of an object literal.
pub(super) fn holder(file: &File, value: Span) -> Option<Holder<'_>> {
    in_body(file, &file.body, value, &|| file_container(file))
}

fn in_body<'f>(file: &'f File, body: &Body, value: Span, container: &dyn Fn() -> Container<'f>) -> Option<Holder<'f>> {
    for attribute in &body.attributes {
        let span = file.expr(attribute.value).span;
        if span == value {
            let entry = Entry { name: attribute.name, value: span };
            return Some(Holder { container: container(), entry, value: attribute.value });
        }
        if span.contains(value) {
            return in_expression(file, attribute.value, value);
        }
    }
    let block = body.blocks.iter().find(|block| block.span.contains(value))?;
    in_body(file, &block.body, value, &|| container_of(file, block))
}

/// Through object literals and lists only: what an operator or a function makes of a text is not the text.
fn in_expression(file: &File, within: ExprId, value: Span) -> Option<Holder<'_>> {
    let expr = file.expr(within);
    match &expr.kind {
        ExprKind::Object(items) => {
            let item = file.object_items(*items).iter().find(|it| file.expr(it.value).span.contains(value))?;
            let span = file.expr(item.value).span;
            if span == value {
                let entry = Entry { name: file.expr(item.key).span, value: span };
                return Some(Holder { container: object_container(file, expr.span, *items), entry, value: item.value });
            }
            in_expression(file, item.value, value)
        }
        ExprKind::Tuple(list) => {
            let item = file.list(*list).iter().find(|it| file.expr(**it).span.contains(value))?;
            in_expression(file, *item, value)
        }
        _ => None,
    }
}

/// A literal: what can be replaced without anything else having to change.
pub(super) fn is_literal(file: &File, id: ExprId) -> bool {
    match &file.expr(id).kind {
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::Literal(_) => true,
        // An escape is literal too; a heredoc is not a line.
        ExprKind::Decoded(_) => !file.slice(file.expr(id).span).starts_with("<<"),
        ExprKind::Unary { operand, .. } => matches!(file.expr(*operand).kind, ExprKind::Number(_)),
        ExprKind::Tuple(list) => file.list(*list).iter().all(|it| is_literal(file, *it)),
        _ => false,
    }
}

/// `var.a.b["c"]`: hands on a value as it is.
pub(super) fn is_reference(file: &File, id: ExprId) -> bool {
    match &file.expr(id).kind {
        ExprKind::Variable(_) => true,
        ExprKind::GetAttr { base, .. } => is_reference(file, *base),
        ExprKind::Index { base, key } => {
            is_reference(file, *base) && (is_literal(file, *key) || is_reference(file, *key))
        }
        ExprKind::Parenthesis(inner) => is_reference(file, *inner),
        _ => false,
    }
}
