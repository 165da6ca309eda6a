//! HCL native syntax to a spanned tree, with recovery per statement.
//!
//! In: the text of one `.tf`, `.tfvars` or `.hcl` file. Out: [`File`] and a diagnostic for each error; what could be
//! read around an error is kept. Knows no Terraform: blocks and attributes have no meaning here.
//!
//! One pass over the bytes without a token list: [`cursor`] walks them, [`body`], [`expression`], [`collection`] and
//! [`template`] and [`text`] read the grammar, [`recovery`] finds the next statement after an error.

mod ast;
mod body;
mod collection;
mod cursor;
mod dedent;
mod expression;
mod recovery;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod tree;

use std::sync::Arc;

pub use ast::{
    Attribute, BinaryOp, Block, Body, Expr, ExprId, ExprKind, File, For, ItemList, Label, List, ObjectItem, UnaryOp,
};

use self::cursor::Parser;
use crate::diagnostic::Diagnostic;
use crate::source::FileId;

/// The most levels that blocks and expressions nest; a tree is never deeper than [`MAX_HEIGHT`].
pub const MAX_DEPTH: u32 = 256;

/// The most nodes on a way from an expression down to a leaf: operator chains and long traversals count.
pub const MAX_HEIGHT: u16 = 512;

/// Parses a whole file.
pub fn parse(file: FileId, text: Arc<str>) -> (File, Vec<Diagnostic>) {
    let mut parser = Parser::new(file, &text);
    let mut body = parser.file_body();
    if parser.unclosed.is_some() {
        // A brace is missing: read again, and let a block header in the first column end the open blocks.
        parser = Parser::new(file, &text);
        parser.first_column_closes = true;
        body = parser.file_body();
    }
    let (tree, diagnostics) = parser.finish();
    (tree.into_file(file, text, body), diagnostics)
}

/// Parses a text that is one expression.
pub fn parse_expression(file: FileId, text: Arc<str>) -> (File, Option<ExprId>, Vec<Diagnostic>) {
    let mut parser = Parser::new(file, &text);
    let id = parser.whole_expression().ok();
    let (tree, diagnostics) = parser.finish();
    (tree.into_file(file, text, Body::default()), id, diagnostics)
}

/// Parses a text that is one template, as `templatefile` and `templatestring` read it.
pub fn parse_template(file: FileId, text: Arc<str>) -> (File, Option<ExprId>, Vec<Diagnostic>) {
    let mut parser = Parser::new(file, &text);
    let id = parser.whole_template().ok();
    let (tree, diagnostics) = parser.finish();
    (tree.into_file(file, text, Body::default()), id, diagnostics)
}
