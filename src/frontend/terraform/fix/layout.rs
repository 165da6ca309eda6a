//! Where a line goes and how it is aligned, as `terraform fmt` has it.
//!
//! In: what stands between two braces, and what is to be written there. Out: edits that touch nothing but what is written
//! and the spaces before `=` and before comments of its neighbours, and those only where they were aligned before.

use crate::edit::{Edit, Refusal};
use crate::source::{FileId, Span};

/// What stands between two braces, or a whole file.
#[derive(Debug)]
pub(super) struct Container<'t> {
    /// The file.
    pub(super) file: FileId,
    /// Its text.
    pub(super) text: &'t str,
    /// Behind the opening brace.
    pub(super) open: usize,
    /// At the closing brace.
    pub(super) close: usize,
    /// Where the text starts that the braces belong to; its line has the indentation.
    pub(super) owner: usize,
    /// `name = value`, in order of the text.
    pub(super) entries: Vec<Entry>,
    /// Nested blocks.
    pub(super) blocks: Vec<Item>,
}

/// `name = value`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: Span,
    pub(super) value: Span,
}

/// A nested block: its kind, and all of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) name: Span,
    pub(super) span: Span,
}

/// What is to be written.
#[derive(Clone, Debug)]
pub(super) enum Addition {
    /// `name = literal`
    Line { name: String, literal: String },
    /// `name { ... }`, or `name = { ... }` in an object.
    Nested { name: String, object: bool, inside: Vec<Addition> },
}

/// Last in a block by custom: what is new stands before them.
const TAIL: [&str; 5] = ["tags", "depends_on", "lifecycle", "timeouts", "provisioner"];
/// First in a block by custom, with a group of their own.
const HEAD: [&str; 5] = ["count", "for_each", "provider", "source", "version"];

/// An entry that has its line for itself.
#[derive(Clone, Copy, Debug)]
struct Line {
    entry: Entry,
    /// Behind the value or its comma, and the comment, when there is one.
    tail: usize,
    comment: Option<usize>,
    end: usize,
}

/// One line to be aligned: name, everything from `=` on, comment.
struct Cells<'t> {
    name: &'t str,
    rest: String,
    comment: &'t str,
}

impl Container<'_> {
    /// Writes `additions`.
    pub(super) fn insert(&self, additions: &[Addition]) -> Result<Vec<Edit>, Refusal> {
        let inside = self.slice(self.open, self.close);
        if !inside.contains('\n') {
            return self.unfold(inside, additions);
        }
        let lines: Vec<&Addition> = additions.iter().filter(|it| matches!(it, Addition::Line { .. })).collect();
        let nested: Vec<&Addition> = additions.iter().filter(|it| matches!(it, Addition::Nested { .. })).collect();
        let mut edits = self.insert_lines(&lines);
        if !nested.is_empty() {
            let block = self.insert_nested(&nested);
            match edits.iter_mut().find(|edit| edit.span == block.span) {
                Some(same) => same.replacement.push_str(&block.replacement),
                None => edits.push(block),
            }
        }
        Ok(edits)
    }

    /// Puts `literal` in the place of an entry's value.
    pub(super) fn replace(&self, entry: Entry, literal: &str) -> Vec<Edit> {
        let value = Edit::new(entry.value, literal);
        let groups = self.groups();
        let group = groups.iter().find(|group| group.iter().any(|line| line.entry == entry));
        let Some(group) = group.filter(|group| self.is_aligned(group)) else { return vec![value] };
        let cells = group.iter().map(|line| {
            let cells = self.cells(line);
            if line.entry == entry {
                let after = self.slice(entry.value.end as usize, line.tail);
                Cells { rest: format!("= {literal}{after}"), ..cells }
            } else {
                cells
            }
        });
        let aligned = align(&cells.collect::<Vec<_>>());
        let mut edits = vec![value];
        for (line, cells) in group.iter().zip(&aligned) {
            edits.extend(self.spaces(line, cells));
        }
        edits
    }

    /// Takes an entry out, with its line.
    pub(super) fn remove(&self, entry: Entry) -> Result<Vec<Edit>, Refusal> {
        let groups = self.groups();
        let found = groups.iter().find_map(|group| Some((group, group.iter().position(|it| it.entry == entry)?)));
        let Some((group, at)) = found else { return Err(Refusal::new("the setting shares its lines with others")) };
        let Some(line) = group.get(at) else { return Err(Refusal::new("the setting has no line")) };
        if line.comment.is_some() {
            return Err(Refusal::new("a comment stands on the setting's line"));
        }
        let (start, end) = (self.line_start(entry.name.start as usize), line.end);
        let newline = self.slice(end, self.text.len()).find('\n').map_or(end, |it| end + it + 1);
        let mut edits = vec![Edit::new(self.span(start, newline), "")];
        if self.is_aligned(group) {
            let rest: Vec<&Line> = group.iter().filter(|it| it.entry != entry).collect();
            let aligned = align(&rest.iter().map(|it| self.cells(it)).collect::<Vec<_>>());
            for (line, cells) in rest.into_iter().zip(&aligned) {
                edits.extend(self.spaces(line, cells));
            }
        }
        Ok(edits)
    }

    /// `{}` and `{ a = 1 }` become lines.
    fn unfold(&self, inside: &str, additions: &[Addition]) -> Result<Vec<Edit>, Refusal> {
        let (indent, step, newline) = (self.indent(self.owner), self.step(), self.newline());
        let inner = format!("{indent}{step}");
        let mut cells = Vec::new();
        match (self.entries.as_slice(), self.blocks.is_empty()) {
            (_, false) => return Err(Refusal::new("the block is written on one line")),
            _ if inside.contains(['#']) || inside.contains("//") || inside.contains("/*") => {
                return Err(Refusal::new("a comment stands in the block's only line"));
            }
            (entries, true) => {
                for entry in entries {
                    let value = self.slice(entry.value.start as usize, entry.value.end as usize);
                    let name = self.slice(entry.name.start as usize, entry.name.end as usize);
                    cells.push(Cells { name, rest: format!("= {value}"), comment: "" });
                }
            }
        }
        for addition in additions {
            if let Addition::Line { name, literal } = addition {
                cells.push(Cells { name, rest: format!("= {literal}"), comment: "" });
            }
        }
        let mut text = String::from(newline);
        for (name, rest, _) in align(&cells) {
            text.extend([inner.as_str(), &name, &rest, newline]);
        }
        let mut first = cells.is_empty();
        for addition in additions.iter().filter(|it| matches!(it, Addition::Nested { .. })) {
            if !std::mem::replace(&mut first, false) {
                text.push_str(newline);
            }
            text.push_str(&self.written(addition, &inner, step));
        }
        text.push_str(&indent);
        Ok(vec![Edit::new(self.span(self.open, self.close), text)])
    }

    fn insert_lines(&self, additions: &[&Addition]) -> Vec<Edit> {
        if additions.is_empty() {
            return Vec::new();
        }
        let pairs: Vec<(&str, &str)> = additions
            .iter()
            .filter_map(|it| match it {
                Addition::Line { name, literal } => Some((name.as_str(), literal.as_str())),
                Addition::Nested { .. } => None,
            })
            .collect();
        let groups = self.groups();
        let widest = pairs.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
        match self.group_for(&groups, widest) {
            Some(group) => self.insert_into(group, &pairs),
            None => vec![self.insert_first(&pairs)],
        }
    }

    /// The last group that is wide enough to take the names as they are, else the largest.
    fn group_for<'g>(&self, groups: &'g [Vec<Line>], widest: usize) -> Option<&'g Vec<Line>> {
        let of_settings = |group: &&Vec<Line>| {
            group.iter().any(|it| !self.is_one_of(it.entry.name, &TAIL) && !self.is_one_of(it.entry.name, &HEAD))
        };
        let wide = |group: &&Vec<Line>| {
            self.is_aligned(group) && group.iter().any(|it| width(self.slice_of(it.entry.name)) >= widest)
        };
        let candidates = || groups.iter().filter(of_settings);
        candidates().rfind(wide).or_else(|| candidates().max_by_key(|group| group.len()))
    }

    fn insert_into(&self, group: &[Line], pairs: &[(&str, &str)]) -> Vec<Edit> {
        let is_tail = |line: &Line| self.is_one_of(line.entry.name, &TAIL);
        let at = group.iter().rposition(|line| !is_tail(line)).map_or(0, |at| at + 1);
        let newline = self.newline();
        let neighbour = group.get(at.saturating_sub(1)).or(group.first());
        let indent = neighbour.map(|it| self.indent(it.entry.name.start as usize)).unwrap_or_default();
        let comma = if neighbour.is_some_and(|it| self.has_comma(it)) { "," } else { "" };
        let added =
            pairs.iter().map(|(name, literal)| Cells { name, rest: format!("= {literal}{comma}"), comment: "" });
        let mut cells: Vec<Cells<'_>> = group.iter().map(|line| self.cells(line)).collect();
        let mut edits = Vec::new();
        let written: Vec<(String, String, String)> = if self.is_aligned(group) {
            cells.splice(at..at, added);
            let mut aligned = align(&cells);
            let new: Vec<_> = aligned.drain(at..at + pairs.len()).collect();
            for (line, cells) in group.iter().zip(&aligned) {
                edits.extend(self.spaces(line, cells));
            }
            new
        } else {
            // Not aligned by whoever wrote it: like the line above, as far as the name allows.
            let column =
                neighbour.map_or(0, |it| self.slice(it.entry.name.start as usize, self.equals(it)).chars().count());
            let pad = |name: &str| format!("{name}{}", " ".repeat(column.saturating_sub(width(name)).max(1)));
            added.map(|cells| (pad(cells.name), cells.rest, String::new())).collect()
        };
        let above = at.checked_sub(1).and_then(|it| group.get(it));
        let place = above.map_or_else(
            || group.first().map_or(self.open, |first| self.line_start(first.entry.name.start as usize)),
            |line| line.end,
        );
        let text: String = written
            .iter()
            .map(|(name, rest, _)| match above {
                Some(_) => format!("{newline}{indent}{name}{rest}"),
                None => format!("{indent}{name}{rest}{newline}"),
            })
            .collect();
        edits.push(Edit::new(self.span(place, place), text));
        edits
    }

    /// The first lines of a block that has only blocks, or entries of several lines.
    fn insert_first(&self, pairs: &[(&str, &str)]) -> Edit {
        let (indent, newline) = (format!("{}{}", self.indent(self.owner), self.step()), self.newline());
        let end_of_line = self.slice(self.open, self.close).find('\n').map_or(self.close, |it| self.open + it + 1);
        let cells: Vec<Cells<'_>> =
            pairs.iter().map(|(name, literal)| Cells { name, rest: format!("= {literal}"), comment: "" }).collect();
        let mut text = String::new();
        for (name, rest, _) in &align(&cells) {
            text.extend([&*indent, name, rest, newline]);
        }
        let next = self.slice(end_of_line, self.close).lines().next().unwrap_or("").trim();
        if !next.is_empty()
            && self.entries.first().is_none_or(|it| self.line_start(it.name.start as usize) != end_of_line)
        {
            text.push_str(newline);
        }
        Edit::new(self.span(end_of_line, end_of_line), text)
    }

    /// A new block goes behind the last item that is not last by custom, with an empty line between.
    fn insert_nested(&self, additions: &[&Addition]) -> Edit {
        let newline = self.newline();
        let mut items: Vec<(Span, usize)> = self.entries.iter().map(|it| (it.name, it.value.end as usize)).collect();
        items.extend(self.blocks.iter().map(|it| (it.name, it.span.end as usize)));
        items.sort_by_key(|(_, end)| *end);
        let last = items.iter().rev().find(|(name, _)| !self.is_one_of(*name, &TAIL));
        let indent = items.first().map_or_else(
            || format!("{}{}", self.indent(self.owner), self.step()),
            |(name, _)| self.indent(name.start as usize),
        );
        let written: Vec<String> = additions.iter().map(|it| self.written(it, &indent, self.step())).collect();
        let written = written.join(newline);
        // Lines that are aligned with each other stay together.
        let groups = self.groups();
        let group = last.and_then(|(name, _)| groups.iter().find(|it| it.iter().any(|line| line.entry.name == *name)));
        let end_of_group = group.and_then(|it| it.last()).map(|line| line.entry.value.end as usize);
        let Some((_, end)) = last.map(|(name, end)| (name, end_of_group.as_ref().unwrap_or(end))) else {
            let line = self.slice(self.open, self.close).find('\n').map_or(self.close, |it| self.open + it + 1);
            let gap = if items.is_empty() { "" } else { newline };
            return Edit::new(self.span(line, line), format!("{written}{gap}"));
        };
        let line = self.slice(*end, self.text.len()).find('\n').map_or(self.text.len(), |it| end + it);
        let line = if self.slice(*end, line).ends_with('\r') { line - 1 } else { line };
        let next = self.slice(line, self.close).trim_start_matches(['\r']).strip_prefix('\n').unwrap_or("");
        let next = next.lines().next().unwrap_or("").trim();
        let gap = if next.is_empty() { "" } else { newline };
        let written = written.trim_end_matches(['\r', '\n']);
        Edit::new(self.span(line, line), format!("{newline}{newline}{written}{gap}"))
    }

    /// A new block's lines.
    fn written(&self, addition: &Addition, indent: &str, step: &str) -> String {
        let newline = self.newline();
        match addition {
            Addition::Line { name, literal } => format!("{indent}{name} = {literal}{newline}"),
            Addition::Nested { name, object, inside } => {
                let inner = format!("{indent}{step}");
                let lines = inside.iter().filter_map(|it| match it {
                    Addition::Line { name, literal } => Some(Cells { name, rest: format!("= {literal}"), comment: "" }),
                    Addition::Nested { .. } => None,
                });
                let aligned = align(&lines.collect::<Vec<_>>());
                let mut parts = Vec::new();
                if !aligned.is_empty() {
                    let lines = aligned.iter().map(|(name, rest, _)| format!("{inner}{name}{rest}{newline}"));
                    parts.push(lines.collect::<String>());
                }
                let nested = inside.iter().filter(|it| matches!(it, Addition::Nested { .. }));
                parts.extend(nested.map(|it| self.written(it, &inner, step)));
                let equals = if *object { "= " } else { "" };
                format!("{indent}{name} {equals}{{{newline}{}{indent}}}{newline}", parts.join(newline))
            }
        }
    }

    /// Entries that have a line for themselves, gathered by lines that follow each other.
    fn groups(&self) -> Vec<Vec<Line>> {
        let mut groups: Vec<Vec<Line>> = Vec::new();
        let mut expected = None;
        for entry in &self.entries {
            let Some(line) = self.line(*entry) else {
                expected = None;
                continue;
            };
            let start = self.line_start(entry.name.start as usize);
            match groups.last_mut() {
                Some(group) if expected == Some(start) => group.push(line),
                _ => groups.push(vec![line]),
            }
            expected = self.slice(line.end, self.text.len()).find('\n').map(|it| line.end + it + 1);
        }
        groups
    }

    fn line(&self, entry: Entry) -> Option<Line> {
        let (start, value_end) = (entry.name.start as usize, entry.value.end as usize);
        let before = self.slice(self.line_start(start), start);
        let end = self.slice(value_end, self.text.len()).find('\n').map_or(self.text.len(), |it| value_end + it);
        let end = if self.slice(value_end, end).ends_with('\r') { end - 1 } else { end };
        let after = self.slice(value_end, end);
        let comma = usize::from(after.starts_with(','));
        let rest = after.get(comma..)?.trim_start();
        let is_comment = rest.starts_with('#') || rest.starts_with("//");
        let alone = before.trim().is_empty() && (rest.trim().is_empty() || is_comment);
        let one_line = !self.slice(start, value_end).contains('\n');
        (alone && one_line).then(|| Line {
            entry,
            tail: value_end + comma,
            comment: is_comment.then(|| end - rest.len()),
            end,
        })
    }

    fn is_aligned(&self, group: &[Line]) -> bool {
        let aligned = align(&group.iter().map(|line| self.cells(line)).collect::<Vec<_>>());
        group.iter().zip(&aligned).all(|(line, (name, rest, comment))| {
            let written = self.slice(line.entry.name.start as usize, line.end);
            written == format!("{name}{rest}{comment}")
        })
    }

    fn cells(&self, line: &Line) -> Cells<'_> {
        Cells {
            name: self.slice_of(line.entry.name),
            rest: self.slice(self.equals(line), line.tail).to_owned(),
            comment: line.comment.map_or("", |start| self.slice(start, line.end)),
        }
    }

    /// Where the `=` (or, in an object, `:`) of a line is.
    fn equals(&self, line: &Line) -> usize {
        let name_end = line.entry.name.end as usize;
        name_end + self.slice(name_end, line.end).find(|it: char| !it.is_whitespace()).unwrap_or(0)
    }

    /// The edits of a line's spaces that bring it to these cells.
    fn spaces(&self, line: &Line, (name, _, comment): &(String, String, String)) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut change = |start: usize, end: usize, new: &str| {
            if self.slice(start, end) != new {
                edits.push(Edit::new(self.span(start, end), new));
            }
        };
        let pad = name.get(self.slice_of(line.entry.name).len()..).unwrap_or(" ");
        change(line.entry.name.end as usize, self.equals(line), pad);
        if let Some(start) = line.comment {
            let spaces = comment.len() - comment.trim_start().len();
            change(line.tail, start, comment.get(..spaces).unwrap_or(" "));
        }
        edits
    }

    fn has_comma(&self, line: &Line) -> bool {
        self.slice(line.entry.value.end as usize, line.tail).starts_with(',')
    }

    fn is_one_of(&self, name: Span, names: &[&str]) -> bool {
        names.contains(&self.slice_of(name))
    }

    fn slice_of(&self, span: Span) -> &str {
        self.slice(span.start as usize, span.end as usize)
    }

    fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or("")
    }

    fn line_start(&self, at: usize) -> usize {
        let start = self.slice(0, at).rfind('\n').map_or(0, |it| it + 1);
        if start == 0 && self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { start }
    }

    /// The spaces that a line starts with.
    fn indent(&self, at: usize) -> String {
        self.slice(self.line_start(at), at).chars().take_while(|it| it.is_whitespace()).collect()
    }

    fn step(&self) -> &'static str {
        if self.text.contains("\n\t") { "\t" } else { "  " }
    }

    fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let to_u32 = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, to_u32(start), to_u32(end))
    }
}

/// Lines as `terraform fmt` aligns them: name with its spaces, the rest, the comment with its spaces.
fn align(cells: &[Cells<'_>]) -> Vec<(String, String, String)> {
    let widest = cells.iter().map(|it| width(it.name)).max().unwrap_or(0);
    let mut lines: Vec<(String, String, String)> = cells
        .iter()
        .map(|it| {
            let name = format!("{}{}", it.name, " ".repeat(widest.saturating_sub(width(it.name)) + 1));
            (name, it.rest.clone(), String::new())
        })
        .collect();
    let mut at = 0;
    while at < cells.len() {
        let run = cells.iter().skip(at).take_while(|it| !it.comment.is_empty()).count();
        let longest = lines.iter().skip(at).take(run).map(|(name, rest, _)| width(name) + width(rest)).max();
        for (line, cells) in lines.iter_mut().zip(cells).skip(at).take(run) {
            let spaces = longest.unwrap_or(0).saturating_sub(width(&line.0) + width(&line.1)) + 1;
            line.2 = format!("{}{}", " ".repeat(spaces), cells.comment);
        }
        at += run.max(1);
    }
    lines
}

fn width(text: &str) -> usize {
    text.chars().count()
}
