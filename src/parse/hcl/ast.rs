//! The tree of one HCL file: bodies own their items, expressions lie in one arena and name each other by [`ExprId`].
//!
//! In: what the parser saw. Out: [`File`], which the evaluator walks. Every node has its span; names and literal text
//! are spans of the source where nothing had to be decoded. Knows no Terraform.

use std::sync::Arc;

use crate::source::{FileId, Span};
use crate::value::Number;

/// One parsed file. What did not parse is left out and named by a diagnostic.
#[derive(Debug)]
pub struct File {
    /// The file.
    pub file: FileId,
    /// Its text.
    pub text: Arc<str>,
    /// The statements at the top.
    pub body: Body,
    /// All expressions; the index is the [`ExprId`].
    pub exprs: Vec<Expr>,
    /// Element lists of calls, tuples and templates; [`List`] cuts a range out of it.
    pub lists: Vec<ExprId>,
    /// Items of object literals; [`ItemList`] cuts a range out of it.
    pub items: Vec<ObjectItem>,
    /// Every comment, in order of the text, its marks included.
    pub comments: Vec<Span>,
}

/// The attributes and blocks between two braces, each in order of the text.
#[derive(Debug, Default)]
pub struct Body {
    /// `name = expression`
    pub attributes: Vec<Attribute>,
    /// `type "label" { ... }`
    pub blocks: Vec<Block>,
}

/// `name = expression`
#[derive(Debug)]
pub struct Attribute {
    /// The name's text.
    pub name: Span,
    /// The value.
    pub value: ExprId,
    /// From the name to the end of the value.
    pub span: Span,
}

/// `type "label" label { body }`
#[derive(Debug)]
pub struct Block {
    /// The type's text.
    pub kind: Span,
    /// Labels, decoded, without quotes.
    pub labels: Vec<Label>,
    /// What is inside.
    pub body: Body,
    /// From the type to the last label: where a finding on the whole block points.
    pub header: Span,
    /// From the type to the closing brace.
    pub span: Span,
}

/// A block label.
#[derive(Debug)]
pub struct Label {
    /// Decoded text.
    pub text: Box<str>,
    /// With its quotes.
    pub span: Span,
}

/// Index into [`File::exprs`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ExprId(pub u32);

/// A range of [`File::lists`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct List {
    /// First index.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// A range of [`File::items`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ItemList {
    /// First index.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// An expression and its text.
#[derive(Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its text, parentheses and quotes included.
    pub span: Span,
}

/// `key = value` or `key : value` in an object literal.
#[derive(Clone, Copy, Debug)]
pub struct ObjectItem {
    /// A bare name is an [`ExprKind::Literal`] (`(name)` in parentheses is the variable).
    pub key: ExprId,
    /// The value.
    pub value: ExprId,
}

/// The forms of an expression.
#[derive(Debug)]
pub enum ExprKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string without interpolation whose text is the source as it stands, between the quotes: this span.
    Literal(Span),
    /// A string without interpolation that had escapes, or a heredoc (dedented when `<<-`).
    Decoded(Box<str>),
    /// Parts to be joined: [`ExprKind::Literal`], [`ExprKind::Decoded`], expressions, and the two directives.
    Template(List),
    /// `%{ if condition }then%{ else }otherwise%{ endif }` inside a template; both branches are templates.
    TemplateIf {
        /// The condition.
        condition: ExprId,
        /// A template.
        then: ExprId,
        /// A template, when there is an `else`.
        otherwise: Option<ExprId>,
    },
    /// `%{ for key, value in collection }body%{ endfor }` inside a template.
    TemplateFor(Box<For>),
    /// The root name of a traversal.
    Variable(Span),
    /// `base.name`
    GetAttr {
        /// What is looked into.
        base: ExprId,
        /// The name's text.
        name: Span,
    },
    /// `base[key]`, and the legacy `base.0`
    Index {
        /// What is looked into.
        base: ExprId,
        /// The key.
        key: ExprId,
    },
    /// `base[*].rest` (full) or `base.*.rest` (attribute only).
    Splat {
        /// What is walked.
        base: ExprId,
        /// The rest applied to each element; its root is [`ExprKind::SplatItem`].
        each: ExprId,
        /// `[*]` takes index steps into `each`, `.*` only attribute steps.
        full: bool,
    },
    /// The element a splat is at.
    SplatItem,
    /// `name(args...)`; names may be `provider::azurerm::normalise`.
    Call {
        /// The name's text.
        name: Span,
        /// The arguments.
        args: List,
        /// The last argument is followed by `...`.
        expand: bool,
    },
    /// `[a, b]`
    Tuple(List),
    /// `{ a = b }`
    Object(ItemList),
    /// `[for k, v in collection : value if condition]`
    ForTuple(Box<For>),
    /// `{for k, v in collection : key => value... if condition}`
    ForObject(Box<For>),
    /// `-a`, `!a`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Its operand.
        operand: ExprId,
    },
    /// `a + b`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left operand.
        lhs: ExprId,
        /// Right operand.
        rhs: ExprId,
    },
    /// `condition ? then : otherwise`
    Conditional {
        /// The condition.
        condition: ExprId,
        /// When true.
        then: ExprId,
        /// When false.
        otherwise: ExprId,
    },
    /// `(inner)`
    Parenthesis(ExprId),
    /// Did not parse; a diagnostic says why.
    Error,
}

// There are more of them than of anything else that a run holds.
const _: () = assert!(size_of::<Expr>() <= 40, "an expression is small");

/// A `for` expression, or the directive of a template: then its value is a template, and it has neither key nor filter.
#[derive(Debug)]
pub struct For {
    /// The first name, when there are two.
    pub key_name: Option<Span>,
    /// The last name.
    pub value_name: Span,
    /// What is walked.
    pub collection: ExprId,
    /// The key of an object form.
    pub key: Option<ExprId>,
    /// The value.
    pub value: ExprId,
    /// The filter.
    pub condition: Option<ExprId>,
    /// `...` after the value: values of the same key are gathered.
    pub group: bool,
}

/// Prefix operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `!`
    Not,
}

/// Infix operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinaryOp {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

impl File {
    /// The source text of a span of this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The expression of an id that this file gave out.
    pub fn expr(&self, id: ExprId) -> &Expr {
        self.exprs.get(id.0 as usize).unwrap_or(&ERROR)
    }

    /// The members of a list.
    pub fn list(&self, list: List) -> &[ExprId] {
        self.lists.get(list.start as usize..list.end as usize).unwrap_or(&[])
    }

    /// The items of an object literal.
    pub fn object_items(&self, items: ItemList) -> &[ObjectItem] {
        self.items.get(items.start as usize..items.end as usize).unwrap_or(&[])
    }
}

static ERROR: Expr = Expr { kind: ExprKind::Error, span: Span::new(FileId(u32::MAX), 0, 0) };
