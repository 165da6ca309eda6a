//! `.tf.json`: the JSON variant of the syntax, as the same tree that the native one gives.
//!
//! In: a JSON text. Out: an [`hcl::File`]: objects at the places where Terraform has blocks become blocks, strings
//! become templates. Without the provider's schema a nested object is an argument, which reads like a block all the same; one
//! that holds `dynamic` blocks, at any depth, is a block.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::frontend::terraform::project::graft::graft;
use crate::parse::hcl::{
    self, Attribute, Block, Body, Expr, ExprId, ExprKind, File, ItemList, Label, List, ObjectItem,
};
use crate::parse::json;
use crate::source::{FileId, Span};
use crate::value::{Entry, Value, ValueKind};

/// Kinds of top-level blocks that evaluation reads, with how many labels they have.
const KINDS: [(&str, usize); 8] = [
    ("resource", 2),
    ("data", 2),
    ("module", 1),
    ("variable", 1),
    ("output", 1),
    ("provider", 1),
    ("locals", 0),
    ("terraform", 0),
];

/// Blocks inside blocks whatever the resource, with how many labels they have.
const NESTED: [(&str, usize); 9] = [
    ("dynamic", 1),
    ("content", 0),
    ("lifecycle", 0),
    ("provisioner", 1),
    ("connection", 0),
    ("features", 0),
    ("identity", 0),
    ("timeouts", 0),
    ("required_providers", 0),
];

/// Parses a file of JSON syntax.
pub(super) fn parse(file: FileId, text: &Arc<str>) -> (File, Vec<Diagnostic>) {
    let (document, diagnostics) = json::parse(file, text);
    let mut tree = Tree { source: text, file: empty(file), text: text.to_string().into_bytes(), diagnostics };
    let mut body = Body::default();
    if let Some(document) = document {
        tree.file.comments = document.comments;
        for (kind, entry) in entries(&document.root) {
            if let Some((_, labels)) = KINDS.iter().find(|(name, _)| *name == &**kind) {
                tree.blocks(entry, *labels, entry.key_span, &mut Vec::new(), &entry.value, &mut body);
            }
        }
    }
    let Tree { file: mut tree, text: decoded, diagnostics, .. } = tree;
    tree.body = body;
    // The decoded text has names where strings had escapes; it is as long as the source, so that spans hold in both.
    tree.text = String::from_utf8(decoded).map_or_else(|_| text.clone(), Arc::from);
    (tree, diagnostics)
}

fn empty(file: FileId) -> File {
    File {
        file,
        text: "".into(),
        body: Body::default(),
        exprs: Vec::new(),
        lists: Vec::new(),
        items: Vec::new(),
        comments: Vec::new(),
    }
}

/// The entries of an object, or of each object of an array; comment keys are passed over.
fn entries(value: &Value) -> Vec<(&Arc<str>, &Entry)> {
    let objects: Vec<&Value> = match &value.kind {
        ValueKind::Array(array) => array.items.iter().collect(),
        _ => vec![value],
    };
    let entries = objects.into_iter().filter_map(Value::as_object).flat_map(|object| &object.entries);
    entries.filter(|(key, _)| !matches!(&***key, "//" | "")).collect()
}

/// True for what only a block can be: an object, or a list of them, with a `dynamic` block at any depth.
fn holds_dynamic(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Array(array) => array.items.iter().any(holds_dynamic),
        ValueKind::Object(object) => {
            let has = |of: &Value, key: &str| of.as_object().is_some_and(|it| it.get(key).is_some());
            let repeats = |of: &Value| has(of, "for_each") && has(of, "content");
            let here = object.value("dynamic").is_some_and(|kinds| {
                entries(kinds).iter().any(|(_, entry)| match &entry.value.kind {
                    ValueKind::Array(array) => array.items.iter().any(repeats),
                    _ => repeats(&entry.value),
                })
            });
            here || object.entries.values().any(|entry| holds_dynamic(&entry.value))
        }
        _ => false,
    }
}

struct Tree<'t> {
    source: &'t str,
    file: File,
    text: Vec<u8>,
    diagnostics: Vec<Diagnostic>,
}

impl Tree<'_> {
    /// The blocks of a kind: one level of objects for each label, then the bodies.
    fn blocks(
        &mut self,
        kind: &Entry,
        labels: usize,
        header: Span,
        found: &mut Vec<Label>,
        value: &Value,
        body: &mut Body,
    ) {
        if let Some(left) = labels.checked_sub(1) {
            for (name, entry) in entries(value) {
                found.push(Label { text: (&**name).into(), span: entry.key_span });
                self.blocks(kind, left, header.to(entry.key_span), found, &entry.value, body);
                found.pop();
            }
            return;
        }
        let bodies: Vec<&Value> = match &value.kind {
            ValueKind::Array(array) => array.items.iter().collect(),
            _ => vec![value],
        };
        for inner in bodies {
            let copies = found.iter().map(|label| Label { text: label.text.clone(), span: label.span }).collect();
            let header = found.last().map_or(header, |label| label.span);
            let is_variable = self.source_of(kind.key_span) == "\"variable\"";
            let block = Block {
                kind: inside(kind.key_span),
                labels: copies,
                body: self.body(inner, is_variable),
                header,
                span: header.to(inner.span),
            };
            body.blocks.push(block);
        }
    }

    fn body(&mut self, value: &Value, is_variable: bool) -> Body {
        let mut body = Body::default();
        for (name, entry) in entries(value) {
            let nested = NESTED.iter().find(|(kind, _)| *kind == &**name).map(|(_, labels)| *labels);
            let nested = nested.or_else(|| holds_dynamic(&entry.value).then_some(0));
            if let Some(labels) =
                nested.filter(|_| entry.value.as_object().is_some() || entry.value.as_array().is_some())
            {
                self.blocks(entry, labels, entry.key_span, &mut Vec::new(), &entry.value, &mut body);
                continue;
            }
            let value = match &entry.value.kind {
                ValueKind::String(text) if is_variable && &**name == "type" => {
                    let text = text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or(text);
                    self.typed(text, entry.value.span)
                }
                _ => self.expr(&entry.value),
            };
            body.attributes.push(Attribute {
                name: inside(entry.key_span),
                value,
                span: entry.key_span.to(entry.value.span),
            });
        }
        body
    }

    fn source_of(&self, span: Span) -> &str {
        self.source.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    fn push(&mut self, kind: ExprKind, span: Span) -> ExprId {
        let id = ExprId(u32::try_from(self.file.exprs.len()).unwrap_or(u32::MAX));
        self.file.exprs.push(Expr { kind, span });
        id
    }

    fn expr(&mut self, value: &Value) -> ExprId {
        let kind = match &value.kind {
            ValueKind::Null => ExprKind::Null,
            ValueKind::Bool(it) => ExprKind::Bool(*it),
            ValueKind::Number(number) => ExprKind::Number(*number),
            ValueKind::String(text) => return self.string(text, value.span),
            ValueKind::Unknown(_) => ExprKind::Error,
            ValueKind::Array(array) => {
                let ids: Vec<ExprId> = array.items.iter().map(|item| self.expr(item)).collect();
                ExprKind::Tuple(self.list(ids))
            }
            ValueKind::Object(object) => {
                let entries = object.entries.iter();
                let items: Vec<ObjectItem> = entries
                    .map(|(key, entry)| ObjectItem {
                        key: self.string(key, entry.key_span),
                        value: self.expr(&entry.value),
                    })
                    .collect();
                let start = u32::try_from(self.file.items.len()).unwrap_or(u32::MAX);
                self.file.items.extend(items);
                let end = u32::try_from(self.file.items.len()).unwrap_or(u32::MAX);
                ExprKind::Object(ItemList { start, end })
            }
        };
        self.push(kind, value.span)
    }

    fn list(&mut self, ids: Vec<ExprId>) -> List {
        let start = u32::try_from(self.file.lists.len()).unwrap_or(u32::MAX);
        self.file.lists.extend(ids);
        List { start, end: u32::try_from(self.file.lists.len()).unwrap_or(u32::MAX) }
    }

    /// A string is a template.
    fn string(&mut self, text: &Arc<str>, span: Span) -> ExprId {
        if !text.contains("${") && !text.contains("%{") {
            return self.push(ExprKind::Decoded((&**text).into()), span);
        }
        let (parsed, id, problems) = hcl::parse_template(span.file, text.clone());
        self.adopt(&parsed, id, problems, text, span)
    }

    /// A type constraint is an expression in a string.
    fn typed(&mut self, text: &str, span: Span) -> ExprId {
        let (parsed, id, problems) = hcl::parse_expression(span.file, text.into());
        self.adopt(&parsed, id, problems, text, span)
    }

    /// Takes a tree over whose text starts after the quote of `span`.
    fn adopt(
        &mut self,
        parsed: &File,
        id: Option<ExprId>,
        problems: Vec<Diagnostic>,
        text: &str,
        span: Span,
    ) -> ExprId {
        self.diagnostics.extend(problems.into_iter().map(|problem| Diagnostic { span: Some(span), ..problem }));
        let Some(id) = id else { return self.push(ExprKind::Error, span) };
        let start = inside(span).start;
        let place = start as usize..(start as usize).saturating_add(text.len());
        if let Some(target) = self.text.get_mut(place) {
            target.copy_from_slice(text.as_bytes());
        }
        // What escapes leave over becomes blank, so that the text stays UTF-8.
        let rest = (start as usize).saturating_add(text.len())..inside(span).end as usize;
        if let Some(rest) = self.text.get_mut(rest) {
            rest.fill(b' ');
        }
        let id = graft(&mut self.file, parsed, id, start);
        if let Some(expr) = self.file.exprs.get_mut(id.0 as usize) {
            expr.span = span;
        }
        id
    }
}

/// A string's span without its quotes.
fn inside(span: Span) -> Span {
    Span::new(span.file, span.start.saturating_add(1), span.end.saturating_sub(1).max(span.start.saturating_add(1)))
}
