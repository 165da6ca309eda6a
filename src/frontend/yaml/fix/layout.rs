//! Where a new entry stands in a mapping, how a scalar is replaced, and what goes with an entry that is taken out.
//!
//! In: a text and the spans of its values. Out: edits. Entries follow the last one of their mapping, block or flow, with
//! its indentation. What cannot be told from the text is refused: a block scalar that keeps its blank lines, a tag.

use super::style::{Style, is_blank};
use crate::edit::{Edit, Refusal};
use crate::source::{SourceFile, Span};
use crate::value::{Entry, Object, Value};

/// Something new in a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) key: String,
    pub(super) content: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    Literal(Value),
    /// A mapping, or a list of one.
    Mapping {
        list: bool,
        nodes: Vec<Node>,
    },
}

/// What something new is written into.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Into {
    /// A mapping with entries.
    Mapping(Value),
    /// An entry whose value is empty, `a:` or `a: {}`, in a flow mapping or not.
    Empty { key: Span, value: Value, flow: bool },
}

/// A text that is edited.
pub(super) struct Page<'s> {
    pub(super) source: &'s SourceFile,
    pub(super) style: Style,
}

impl Page<'_> {
    fn text(&self) -> &str {
        self.source.text()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span::new(self.source.id(), at(start), at(end))
    }

    /// From an offset to the end of its line, without the line break.
    fn rest_of_line(&self, at: usize) -> &str {
        let rest = self.text().get(at..).unwrap_or("");
        rest.split('\n').next().unwrap_or("").trim_end_matches('\r')
    }

    /// From the start of its line to an offset.
    fn line_before(&self, at: usize) -> &str {
        self.text().get(..at).unwrap_or("").rsplit('\n').next().unwrap_or("").trim_start_matches('\u{feff}')
    }

    /// Puts a literal in the place of a scalar.
    pub(super) fn replace(&self, entry: &Entry, value: &Value) -> Result<Edit, Refusal> {
        let old = self.source.slice(entry.value.span);
        if old.is_empty() {
            // `a:` and nothing behind it.
            let key = entry.key_span.end as usize;
            let colon = self.rest_of_line(key).find(':').ok_or_else(|| Refusal::new("the entry has no colon"))?;
            let at = key.saturating_add(colon).saturating_add(1);
            return Ok(Edit::new(self.span(at, at), format!(" {}", self.style.scalar(value)?)));
        }
        if value.as_array().is_some() {
            return self.replace_list(entry, old, value);
        }
        if old.contains('\n') || old.starts_with(['|', '>']) {
            return Err(Refusal::new("the value is written over several lines"));
        }
        Ok(Edit::new(entry.value.span, self.style.in_place_of(old, value)?))
    }

    fn replace_list(&self, entry: &Entry, old: &str, value: &Value) -> Result<Edit, Refusal> {
        if old.contains(['#', '&', '*', '!']) {
            return Err(Refusal::new("the list holds more than its values"));
        }
        if old.starts_with('[') {
            return Ok(Edit::new(entry.value.span, self.style.scalar(value)?));
        }
        // The span of a list starts with its first dash, or behind it.
        let before = self.line_before(entry.value.span.start as usize);
        let dash = if old.starts_with("- ") { before } else { before.trim_end().strip_suffix('-').unwrap_or("?") };
        if !dash.chars().all(|it| it == ' ') {
            return Err(Refusal::new("the list does not stand on lines of its own"));
        }
        let items = value.as_array().map(|it| it.items.as_slice()).unwrap_or_default();
        let items: Result<Vec<String>, Refusal> = items.iter().map(|it| self.style.scalar(it)).collect();
        let first = if old.starts_with("- ") { "- " } else { "" };
        let text = items?.join(&format!("{}{dash}- ", self.style.newline));
        Ok(Edit::new(entry.value.span, format!("{first}{text}")))
    }

    /// Writes `nodes` where they belong.
    pub(super) fn insert(&self, into: &Into, nodes: &[Node]) -> Result<Vec<Edit>, Refusal> {
        match into {
            Into::Mapping(mapping) if self.source.slice(mapping.span).starts_with('{') => {
                self.insert_flow(mapping, nodes)
            }
            Into::Mapping(mapping) => self.insert_block(mapping, nodes),
            Into::Empty { key, value, flow } => self.fill(*key, value, *flow, nodes),
        }
    }

    fn insert_block(&self, mapping: &Value, nodes: &[Node]) -> Result<Vec<Edit>, Refusal> {
        let own: Vec<&Entry> = own_entries(mapping).collect();
        let (Some(first), Some(last)) = (own.first(), own.last()) else {
            return Err(Refusal::new("the mapping has no entry of its own"));
        };
        let before = self.line_before(first.key_span.start as usize);
        let column = before.chars().count();
        if !before.chars().all(|it| it == ' ' || it == '-') {
            return Err(Refusal::new("the mapping does not start on a line of its own"));
        }
        let end = self.end_of_entry(last, column)?;
        let lines = self.block(nodes, column)?;
        let text = self.on_new_lines(&lines);
        Ok(vec![Edit::new(self.span(end, end), text)])
    }

    /// The end of the last line of an entry whose key stands at a column.
    fn end_of_entry(&self, entry: &Entry, column: usize) -> Result<usize, Refusal> {
        let whole = end_of(entry);
        let written = self.text().get(entry.key_span.end as usize..whole).unwrap_or("");
        let keeps = |line: &str| {
            let line = line.split(" #").next().unwrap_or(line).trim_end();
            let header = line.rsplit([' ', ':']).next().unwrap_or("");
            header.starts_with(['|', '>']) && header.contains('+')
        };
        if written.lines().any(keeps) {
            return Err(Refusal::new("the last entry is a text that keeps its blank lines"));
        }
        let mut end = whole.saturating_add(self.rest_of_line(whole).len());
        let mut at = end;
        // What a merge or an alias leaves behind the last value still belongs to the entry.
        while let Some(rest) = self.text().get(at..).filter(|it| !it.is_empty()) {
            let start = at.saturating_add(rest.find('\n').map_or(rest.len(), |it| it.saturating_add(1)));
            let line = self.rest_of_line(start);
            if start >= self.text().len() && line.is_empty() {
                break;
            }
            let next = start.saturating_add(line.len());
            if is_blank(line) {
                at = next;
                continue;
            }
            let indent = line.len().saturating_sub(line.trim_start_matches(' ').len());
            if indent > column || (indent == column && line.trim_start().starts_with("- ")) {
                (at, end) = (next, next);
                continue;
            }
            break;
        }
        Ok(end)
    }

    fn on_new_lines(&self, lines: &[String]) -> String {
        lines.iter().flat_map(|line| [self.style.newline, line]).collect()
    }

    /// Lines of block style.
    fn block(&self, nodes: &[Node], column: usize) -> Result<Vec<String>, Refusal> {
        let indent = " ".repeat(column);
        let mut lines = Vec::new();
        for Node { key, content } in nodes {
            match content {
                Content::Literal(value) => {
                    lines.push(format!("{indent}{}: {}", key_text(key), self.style.scalar(value)?));
                }
                Content::Mapping { list: false, nodes } => {
                    lines.push(format!("{indent}{}:", key_text(key)));
                    lines.extend(self.block(nodes, column.saturating_add(self.style.unit))?);
                }
                Content::Mapping { list: true, nodes } => {
                    lines.push(format!("{indent}{}:", key_text(key)));
                    let dash = column.saturating_add(self.style.dash);
                    let inside = self.block(nodes, dash.saturating_add(2))?;
                    lines.extend(inside.into_iter().enumerate().map(|(at, line)| match at {
                        0 => format!("{}- {}", " ".repeat(dash), line.trim_start()),
                        _ => line,
                    }));
                }
            }
        }
        Ok(lines)
    }

    /// Entries of flow style.
    fn flow(&self, nodes: &[Node], quoted: bool, pad: &str) -> Result<String, Refusal> {
        let key_text = |key: &str| if quoted { format!("\"{key}\"") } else { key_text(key) };
        let entries: Result<Vec<String>, Refusal> = nodes
            .iter()
            .map(|Node { key, content }| {
                let value = match content {
                    Content::Literal(value) => match (quoted, value.as_str()) {
                        (true, Some(text)) => format!("\"{text}\""),
                        _ => self.style.scalar(value)?,
                    },
                    Content::Mapping { list, nodes } => {
                        let inner = format!("{{{pad}{}{pad}}}", self.flow(nodes, quoted, pad)?);
                        if *list { format!("[{inner}]") } else { inner }
                    }
                };
                Ok(format!("{}: {value}", key_text(key)))
            })
            .collect();
        Ok(entries?.join(", "))
    }

    fn insert_flow(&self, mapping: &Value, nodes: &[Node]) -> Result<Vec<Edit>, Refusal> {
        let Some(last) = own_entries(mapping).last() else {
            return Err(Refusal::new("the mapping has no entry of its own"));
        };
        let slice = self.source.slice(mapping.span);
        let pad = if slice.starts_with("{ ") { " " } else { "" };
        let quoted = self.source.slice(last.key_span).starts_with('"');
        let entries = self.flow(nodes, quoted, pad)?;
        let end = end_of(last);
        let close = (mapping.span.end as usize).saturating_sub(1);
        let after = self.text().get(end..close).unwrap_or("");
        let comma = after.trim_start().starts_with(',');
        let before = self.line_before(last.key_span.start as usize);
        let line = after.split('\n').next().unwrap_or("").trim_end_matches('\r');
        let own_line = before.trim().is_empty() && after.contains('\n');
        if !own_line {
            let at =
                if comma { after.find(',').map_or(end, |it| end.saturating_add(it).saturating_add(1)) } else { end };
            let text = if comma { format!(" {entries},") } else { format!(", {entries}") };
            return Ok(vec![Edit::new(self.span(at, at), text)]);
        }
        let behind = line.trim_start().trim_start_matches(',').trim_start();
        if !(behind.is_empty() || behind.starts_with('#')) {
            return Err(Refusal::new("something else stands on the line of the last entry"));
        }
        let at = end.saturating_add(line.len());
        let entry = format!("{}{before}{entries}", self.style.newline);
        let there = self.span(at, at);
        Ok(match (comma, at == end) {
            (true, _) => vec![Edit::new(there, format!("{entry},"))],
            (false, true) => vec![Edit::new(there, format!(",{entry}"))],
            (false, false) => vec![Edit::new(self.span(end, end), ","), Edit::new(there, entry)],
        })
    }

    /// `a:` and `a: {}` get entries.
    fn fill(&self, key: Span, value: &Value, flow: bool, nodes: &[Node]) -> Result<Vec<Edit>, Refusal> {
        let old = self.source.slice(value.span);
        if !matches!(old, "" | "{}" | "~" | "null") {
            return Err(Refusal::new("the value is written over several lines"));
        }
        let colon =
            self.rest_of_line(key.end as usize).find(':').ok_or_else(|| Refusal::new("the entry has no colon"))?;
        let from = (key.end as usize).saturating_add(colon).saturating_add(1);
        let to = if old.is_empty() { from } else { value.span.end as usize };
        if self.text().get(from..to).is_none_or(|it| it.contains('\n')) {
            return Err(Refusal::new("the value is written over several lines"));
        }
        let before = self.line_before(key.start as usize);
        if flow || !before.chars().all(|it| it == ' ' || it == '-') {
            return Ok(vec![Edit::new(self.span(from, to), format!(" {{{}}}", self.flow(nodes, false, "")?))]);
        }
        let lines = self.block(nodes, before.chars().count().saturating_add(self.style.unit))?;
        let text = self.on_new_lines(&lines);
        let comment = self.rest_of_line(to);
        if old.is_empty() {
            let at = to.saturating_add(comment.len());
            return Ok(vec![Edit::new(self.span(at, at), text)]);
        }
        if !comment.trim().is_empty() {
            // The comment keeps its line.
            let at = to.saturating_add(comment.len());
            return Ok(vec![Edit::new(self.span(from, to), ""), Edit::new(self.span(at, at), text)]);
        }
        Ok(vec![Edit::new(self.span(from, to), text)])
    }

    /// Takes an entry out, with its lines where it has some of its own.
    pub(super) fn remove(&self, mapping: &Value, entry: &Entry) -> Result<Edit, Refusal> {
        let own: Vec<&Entry> = own_entries(mapping).collect();
        if own.len() < 2 {
            return Err(Refusal::new("nothing would be left of what holds the setting"));
        }
        let (start, end) = (entry.key_span.start as usize, end_of(entry));
        if self.source.slice(mapping.span).starts_with('{') {
            let after = self.text().get(end..mapping.span.end as usize).unwrap_or("");
            if after.trim_start().starts_with(',') {
                let comma = after.find(',').unwrap_or(0).saturating_add(1);
                let blanks =
                    after.get(comma..).map_or(0, |it| it.len().saturating_sub(it.trim_start_matches(' ').len()));
                return Ok(Edit::new(self.span(start, end.saturating_add(comma).saturating_add(blanks)), ""));
            }
            let before = self.text().get(..start).unwrap_or("").trim_end();
            let from = before.strip_suffix(',').map_or(start, str::len);
            return Ok(Edit::new(self.span(from, end), ""));
        }
        let before = self.line_before(start);
        let end = self.end_of_entry(entry, before.chars().count())?;
        if !before.trim().is_empty() {
            // Behind a dash: the next entry takes its place.
            let next = own.iter().find(|it| it.key_span.start as usize > start);
            let next = next.ok_or_else(|| Refusal::new("nothing would be left of what holds the setting"))?;
            let between = self.text().get(end..next.key_span.start as usize).unwrap_or("#");
            if !between.trim().is_empty() {
                return Err(Refusal::new("a comment stands behind the setting"));
            }
            return Ok(Edit::new(self.span(start, next.key_span.start as usize), ""));
        }
        let line = start.saturating_sub(before.len());
        let rest = self.text().get(end..).unwrap_or("");
        let newline = rest.find('\n').map_or(0, |it| it.saturating_add(1));
        Ok(Edit::new(self.span(line, end.saturating_add(newline)), ""))
    }
}

/// The entries that are written in a mapping, in the order of the text: not those of a merge key.
pub(super) fn own_entries(mapping: &Value) -> impl Iterator<Item = &Entry> {
    let mut own: Vec<&Entry> = mapping.as_object().into_iter().flat_map(|it| own_of(mapping.span, it)).collect();
    own.sort_by_key(|it| it.key_span.start);
    own.into_iter()
}

fn own_of(whole: Span, object: &Object) -> impl Iterator<Item = &Entry> {
    object.entries.iter().map(|(_, entry)| entry).filter(move |entry| whole.contains(entry.key_span))
}

/// Where an entry ends; an empty value ends with its key, wherever the parser puts it.
fn end_of(entry: &Entry) -> usize {
    let value = entry.value.span;
    (if value.is_empty() { entry.key_span.end } else { entry.key_span.end.max(value.end) }) as usize
}

/// A key as YAML writes it.
fn key_text(key: &str) -> String {
    let plain = key.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && key.chars().all(|it| it.is_ascii_alphanumeric() || "_-./".contains(it));
    if plain { key.to_owned() } else { format!("\"{key}\"") }
}
