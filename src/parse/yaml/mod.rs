//! YAML 1.2 as people write it: several documents, anchors, merge keys, comments.
//!
//! In: a text. Out: one [`Document`] each, whose values carry byte spans, and diagnostics. The events are granit's; the
//! tree is built here. A broken text keeps what stands before the error: every container that was open there gets a
//! `rest`, and nothing missing from it counts as absent. Knows no dialect; a tag of a dialect makes its value unknown.

mod eased;
mod scalar;

use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, StrInput, Tag};
use rustc_hash::FxHashMap;

use self::eased::Eased;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use crate::value::{Array, Entries, Entry, Object, Reason, StepKind, Unknown, Value, ValueKind};

/// One document of a text.
#[derive(Clone, Debug)]
pub struct Document {
    /// The value; the spans of quoted strings include their quotes.
    pub root: Value,
    /// From its `---`, or its first byte, to its last.
    pub span: Span,
}

/// The most values that aliases may add to a text.
pub const MAX_EXPANSION: usize = 100_000;

/// Parses a text; documents that hold nothing are left out.
pub fn parse(file: FileId, text: &str) -> (Vec<Document>, Vec<Diagnostic>) {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut options = Options::default();
    options.emit_comments = false;
    options.emit_unresolved_aliases = true;
    let offset = text.len().saturating_sub(body.len());
    let mut eased = Eased::new(body);
    loop {
        let mut builder = Builder::new(file, &eased, offset);
        let mut parser = Parser::new_from_str_with_options(&eased.text, options.clone());
        let Some(error) = builder.run(&mut parser) else { return (builder.documents, builder.diagnostics) };
        let Some(place) = eased.place(&error) else {
            builder.broken(&error);
            return (builder.documents, builder.diagnostics);
        };
        eased.add(place);
    }
}

struct Builder<'t> {
    file: FileId,
    eased: &'t Eased<'t>,
    /// Length of the byte order mark, which the parser does not see.
    offset: usize,
    open: Vec<Open>,
    /// What the open sequences hold so far, the innermost one's at the end.
    items: Vec<Value>,
    /// What the open mappings hold so far.
    entries: Vec<(Arc<str>, Entry)>,
    anchors: FxHashMap<usize, Node>,
    expanded: usize,
    start: u32,
    root: Option<Value>,
    documents: Vec<Document>,
    diagnostics: Vec<Diagnostic>,
}

/// A value and how many values it holds, itself included.
#[derive(Clone)]
struct Node {
    value: Value,
    size: usize,
}

/// A container that is not closed yet.
struct Open {
    span: Span,
    anchor: usize,
    tag: Option<Arc<str>>,
    size: usize,
    content: Content,
}

/// `from` is where its part of what all open ones hold begins.
enum Content {
    Sequence { from: usize },
    Mapping { from: usize, key: Option<(Arc<str>, Span)>, merges: Vec<Value> },
}

impl<'t> Builder<'t> {
    fn new(file: FileId, eased: &'t Eased<'t>, offset: usize) -> Self {
        Self {
            file,
            eased,
            offset,
            open: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            anchors: FxHashMap::default(),
            expanded: 0,
            start: 0,
            root: None,
            documents: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Reads every event, up to the first error.
    fn run(&mut self, parser: &mut Parser<'t, StrInput<'t>>) -> Option<ScanError> {
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, span)) => self.event(event, span),
                Err(error) => return Some(error),
            }
        }
        None
    }

    fn event(&mut self, event: Event<'t>, at: granit_parser::Span) {
        let span = self.span(at);
        match event {
            Event::DocumentStart(..) => self.start = span.start,
            Event::DocumentEnd => self.document_end(span),
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::UnresolvedAlias(name) => self.nameless(&name, span),
            Event::SequenceStart(_, anchor, tag) => {
                self.start_container(Content::Sequence { from: self.items.len() }, anchor, tag.as_deref(), span);
            }
            Event::MappingStart(_, anchor, tag) => {
                let content = Content::Mapping { from: self.entries.len(), key: None, merges: Vec::new() };
                self.start_container(content, anchor, tag.as_deref(), span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end_container(span, None),
            _ => {}
        }
    }

    fn document_end(&mut self, span: Span) {
        let Some(root) = self.root.take() else { return };
        self.anchors.clear();
        if !(root.is_null() && root.span.is_empty()) {
            let span = Span::new(self.file, self.start, span.start.max(root.span.end));
            self.documents.push(Document { root, span });
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tag: Option<&Tag>, span: Span) {
        let kind = match (tag.and_then(foreign_tag), tag.and_then(Tag::core_suffix)) {
            (Some(foreign), _) => not_evaluated(&foreign),
            (None, Some("str")) => text.into(),
            (None, Some(_)) => scalar::resolve(text),
            (None, None) if style == ScalarStyle::Plain && tag.is_none() => scalar::resolve(text),
            (None, None) => text.into(),
        };
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let span = if block { self.trimmed(span) } else { span };
        let node = Node { value: Value::new(kind, span), size: 1 };
        self.finish(node, anchor, Some(text));
    }

    fn alias(&mut self, anchor: usize, span: Span) {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            self.mistake(Code::Invalid, span, "this alias stands inside the value that it names");
            let why = Reason::Invalid("an alias stands inside the value that it names".into());
            self.finish(Node { value: Value::unknown(why, span), size: 1 }, 0, None);
            return;
        };
        self.expanded = self.expanded.saturating_add(node.size);
        if self.expanded > MAX_EXPANSION {
            if self.expanded.saturating_sub(node.size) <= MAX_EXPANSION {
                let message = format!("aliases expand to more than {MAX_EXPANSION} values");
                self.mistake(Code::Bound, span, &message);
            }
            let value = Value::unknown(Reason::Bound("alias expansion".into()), span);
            self.finish(Node { value, size: 1 }, 0, None);
            return;
        }
        let text = node.value.as_str().map(str::to_owned);
        let value = node.value.through(StepKind::Local, span);
        self.finish(Node { value, size: node.size }, 0, text.as_deref());
    }

    fn nameless(&mut self, name: &str, span: Span) {
        let message = format!("nothing above is called `&{name}`");
        self.mistake(Code::Syntax, span, &message);
        let value = Value::unknown(Reason::Invalid(message.into()), span);
        self.finish(Node { value, size: 1 }, 0, None);
    }

    fn start_container(&mut self, content: Content, anchor: usize, tag: Option<&Tag>, span: Span) {
        let tag = tag.and_then(foreign_tag);
        self.open.push(Open { span, anchor, tag, size: 1, content });
    }

    fn end_container(&mut self, end: Span, broken: Option<&Arc<Unknown>>) {
        let Some(open) = self.open.pop() else { return };
        let (kind, last) = match open.content {
            Content::Sequence { from } => {
                let array = Array { items: self.items.split_off(from), rest: broken.cloned() };
                let last = array.items.last().map(|item| item.span.end);
                (ValueKind::Array(Arc::new(array)), last)
            }
            Content::Mapping { from, key, merges } => {
                let mut object = Object { entries: self.mapping(from), rest: broken.cloned() };
                if let (Some((key, at)), Some(broken)) = (key, broken) {
                    object.insert(key, at, Value::new(ValueKind::Unknown(broken.clone()), at));
                }
                let last = object.entries.values().map(|entry| entry.value.span.end.max(entry.key_span.end)).max();
                for merge in &merges {
                    merge_into(&mut object, merge);
                }
                (ValueKind::Object(Arc::new(object)), last)
            }
        };
        // The end of a block collection is where the next token starts; a flow collection ends with its bracket.
        let end = if end.is_empty() { last.unwrap_or(open.span.end) } else { end.end };
        let span = Span::new(self.file, open.span.start, end.max(open.span.start));
        let kind = open.tag.as_ref().map_or(kind, |tag| not_evaluated(tag));
        self.finish(Node { value: Value::new(kind, span), size: open.size }, open.anchor, None);
    }

    /// The entries of a mapping, which takes no more room than they need.
    fn mapping(&mut self, from: usize) -> Entries {
        let diagnostics = &mut self.diagnostics;
        Entries::of(self.entries.split_off(from), &mut |key, entry| {
            let message = format!("the key `{key}` is written twice; the last one counts");
            diagnostics.push(Diagnostic::error(Code::Invalid, entry.key_span, message));
        })
    }

    /// Puts a whole value where it belongs. `text` is what it says as a key.
    fn finish(&mut self, node: Node, anchor: usize, text: Option<&str>) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node.value);
            return;
        };
        open.size = open.size.saturating_add(node.size);
        let at = node.value.span;
        match &mut open.content {
            Content::Sequence { .. } => self.items.push(node.value),
            Content::Mapping { key, merges, .. } => match key.take() {
                None => {
                    *key = Some((text.unwrap_or("?").into(), at));
                    if text.is_none() {
                        self.mistake(Code::Invalid, at, "a key must be a text; this entry is not read");
                    }
                }
                Some((name, _)) if &*name == "<<" && is_merge(&node.value) => merges.push(node.value),
                Some((name, key_span)) => self.entries.push((name, Entry { key_span, value: node.value })),
            },
        }
    }

    /// Closes what is open after an error, so that what was read can still be judged.
    fn broken(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(0).min(self.eased.text.len());
        let at = (0..=at).rfind(|it| self.eased.text.is_char_boundary(*it)).unwrap_or(0);
        let width = self.eased.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let span = self.range(at, at.saturating_add(width));
        self.mistake(Code::Syntax, span, &error.info());
        let why = Arc::new(Unknown::new(Reason::Invalid("the text cannot be read up to its end".into())));
        while !self.open.is_empty() {
            self.end_container(span.shrink_to_start(), Some(&why));
        }
        self.document_end(span);
    }

    fn mistake(&mut self, code: Code, span: Span, message: &str) {
        self.diagnostics.push(Diagnostic::error(code, span, message));
    }

    fn span(&self, span: granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        self.range(range.start, range.end)
    }

    fn range(&self, start: usize, end: usize) -> Span {
        let at =
            |offset: usize| u32::try_from(self.eased.written(offset).saturating_add(self.offset)).unwrap_or(u32::MAX);
        Span::new(self.file, at(start), at(end.max(start)))
    }

    /// A block scalar's span runs up to the next token; a label ends with its last line.
    fn trimmed(&self, span: Span) -> Span {
        let start = (span.start as usize).saturating_sub(self.offset);
        let end = (span.end as usize).saturating_sub(self.offset);
        let text = self.eased.original.get(start..end).unwrap_or("").trim_end();
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        Span::new(self.file, span.start, span.start.saturating_add(length))
    }
}

fn is_merge(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Object(_) => true,
        ValueKind::Array(array) => array.items.iter().all(|item| item.as_object().is_some()),
        _ => false,
    }
}

/// What is written wins over what is merged, and an earlier merge over a later one.
fn merge_into(object: &mut Object, merge: &Value) {
    match &merge.kind {
        ValueKind::Object(source) => {
            for (key, entry) in &source.entries {
                object.entries.entry(key.clone()).or_insert_with(|| entry.clone());
            }
            if object.rest.is_none() {
                object.rest.clone_from(&source.rest);
            }
        }
        ValueKind::Array(array) => array.items.iter().for_each(|item| merge_into(object, item)),
        _ => {}
    }
}

/// The name of a tag that a dialect defines; tags of YAML itself say how a text is to be read.
fn foreign_tag(tag: &Tag) -> Option<Arc<str>> {
    let text = tag.original();
    (tag.core_suffix().is_none() && text != "!" && !matches!(text.as_str(), "!!binary" | "!!timestamp" | "!!merge"))
        .then(|| text.into())
}

fn not_evaluated(tag: &str) -> ValueKind {
    let mut unknown = Unknown::new(Reason::NotEvaluated(format!("the tag `{tag}`").into()));
    unknown.not_null = true;
    unknown.into()
}

#[cfg(test)]
mod tests;
