//! HCL native syntax to a spanned tree, with recovery per statement.
//!
//! In: the text of one `.tf`, `.tfvars` or `.hcl` file. Out: [`File`] and a diagnostic for each error; what could be
//! read around an error is kept. Knows no Terraform: blocks and attributes have no meaning here.

mod ast;

pub use ast::{
    Attribute, BinaryOp, Block, Body, Expr, ExprId, ExprKind, File, For, ItemList, Label, List, ObjectItem, UnaryOp,
};
