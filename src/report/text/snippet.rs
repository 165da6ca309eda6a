//! The few lines of source that a report shows, as miette's source code.
//!
//! In: labels anywhere in any files. Out: a small text of the lines around them, long lines clipped around the label,
//! with the real file, line and column of every place. miette never sees the file itself: its own source is slow on
//! large files and fails beyond column 65,535.

use std::ops::Range;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::wrap::wrapped;
use crate::finding::Label;
use crate::source::{SourceFile, SourceMap, Span};

/// Longest part of a source line that is shown.
const LINE_WIDTH: usize = 68;
/// Characters kept before a label when its line is clipped.
const LEAD: usize = 12;
/// Lines shown above and below a label.
const CONTEXT: u32 = 1;
/// Labels at most this many lines apart share a piece.
const APART: u32 = 3;

/// The shown lines of all labels, and the labels as places in them.
#[derive(Debug, Default)]
pub(super) struct Snippet {
    text: String,
    lines: Vec<Line>,
    mask: bool,
    pub(super) labels: Vec<LabeledSpan>,
}

#[derive(Debug)]
struct Line {
    file: String,
    /// From 0, as miette counts.
    number: usize,
    /// In the text of the snippet, line break included.
    range: Range<usize>,
    /// Which piece of consecutive lines it is of.
    piece: usize,
    /// Column of the first label that starts in it, from 0.
    column: usize,
}

/// A label on one line of a file: the part of its span that lies in its first line.
struct Mark<'l> {
    label: &'l Label,
    line: u32,
    span: Span,
    primary: bool,
}

impl Snippet {
    /// The lines of `primary`, then those of `related`, in the order given; `mask` hides what the primary label is on.
    pub(super) fn of(sources: &SourceMap, primary: &Label, related: &[Label], width: usize, mask: bool) -> Self {
        let mut snippet = Self { mask, ..Self::default() };
        let all = std::iter::once((primary, true)).chain(related.iter().map(|it| (it, false)));
        let mut marks: Vec<Mark<'_>> = all.filter_map(|(label, primary)| Mark::of(sources, label, primary)).collect();
        let mut piece = 0;
        while !marks.is_empty() {
            let first = marks.remove(0);
            let mut together = vec![first];
            // What lies close in the same file is shown in one piece.
            while let Some(at) = marks.iter().position(|mark| together.iter().any(|it| it.is_near(mark))) {
                together.push(marks.remove(at));
            }
            snippet.add_piece(sources, &mut together, piece, width);
            piece += 1;
        }
        snippet
    }

    fn add_piece(&mut self, sources: &SourceMap, marks: &mut [Mark<'_>], piece: usize, width: usize) {
        marks.sort_by_key(|mark| (mark.span.start, mark.span.end));
        let (Some(first), Some(last)) = (marks.first(), marks.last()) else { return };
        let Some(file) = sources.get(first.span.file) else { return };
        let lines = u32::try_from(file.line_starts().len()).unwrap_or(u32::MAX);
        let from = first.line.saturating_sub(CONTEXT).max(1);
        let to = last.line.saturating_add(CONTEXT).min(lines);
        for number in from..=to {
            let range = line_range(file, number);
            let here: Vec<&Mark<'_>> = marks.iter().filter(|mark| mark.line == number).collect();
            let is_edge = number == to || number == from;
            let line = file.text().get(range.clone()).unwrap_or("");
            if here.is_empty() && is_edge && (line.trim().is_empty() || line.len() > 4 * LINE_WIDTH) {
                continue;
            }
            self.add_line(file, number, range, &here, piece, width);
        }
    }

    fn add_line(
        &mut self,
        file: &SourceFile,
        number: u32,
        range: Range<usize>,
        marks: &[&Mark<'_>],
        piece: usize,
        width: usize,
    ) {
        let text = file.text().get(range.clone()).unwrap_or("");
        let focus = marks.iter().find(|it| it.primary).or_else(|| marks.first());
        let focus = focus.map_or(0, |mark| (mark.span.start as usize).saturating_sub(range.start));
        let window = clip(text, focus);
        let start = self.text.len();
        let (head, tail) = (if window.start > 0 { "…" } else { "" }, if window.end < text.len() { "…" } else { "" });
        self.text.push_str(head);
        let hidden = if self.mask { hidden(text, marks, range.start) } else { 0..0 };
        let shown = text.get(window.clone()).unwrap_or("").char_indices();
        self.text.extend(
            shown.map(|(at, character)| if hidden.contains(&(window.start + at)) { '*' } else { printable(character) }),
        );
        self.text.push_str(tail);
        self.text.push('\n');
        let place = |offset: u32| {
            let within = (offset as usize).saturating_sub(range.start).clamp(window.start, window.end);
            let before = text.get(window.start..within).unwrap_or("");
            let width = |(at, it): (usize, char)| {
                if hidden.contains(&(window.start + at)) { 1 } else { printable(it).len_utf8() }
            };
            start + head.len() + before.char_indices().map(width).sum::<usize>()
        };
        for mark in marks {
            let (from, to) = (place(mark.span.start), place(mark.span.end));
            let indent = text.get(window.start..(from - start).min(window.end)).unwrap_or("").chars().count();
            let room = width.saturating_sub(indent + to.saturating_sub(from) / 2 + 14).max(28);
            let words = (!mark.label.text.is_empty()).then(|| wrapped(&mark.label.text, room).join("\n"));
            let span = SourceSpan::new(from.into(), to.saturating_sub(from));
            self.labels.push(if mark.primary {
                LabeledSpan::new_primary_with_span(words, span)
            } else {
                LabeledSpan::new_with_span(words, span)
            });
        }
        let column = focus_column(file, marks);
        let range = start..self.text.len();
        let number = number.saturating_sub(1) as usize;
        self.lines.push(Line { file: file.shown().to_owned(), number, range, piece, column });
    }

    fn line_at(&self, offset: usize) -> Option<usize> {
        let after = self.lines.partition_point(|line| line.range.start <= offset);
        after.checked_sub(1)
    }
}

impl Mark<'_> {
    fn of<'l>(sources: &SourceMap, label: &'l Label, primary: bool) -> Option<Mark<'l>> {
        let file = sources.get(label.span.file)?;
        let line = file.line_col(label.span.start).line;
        let range = line_range(file, line);
        let end = u32::try_from(range.end).unwrap_or(u32::MAX);
        let span = Span { end: label.span.end.min(end).max(label.span.start), ..label.span };
        Some(Mark { label, line, span, primary })
    }

    fn is_near(&self, other: &Mark<'_>) -> bool {
        self.span.file == other.span.file && self.line.abs_diff(other.line) <= APART
    }
}

impl SourceCode for Snippet {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let end = span.offset() + span.len();
        let (Some(mut first), Some(mut last)) = (self.line_at(span.offset()), self.line_at(end)) else {
            return Err(MietteError::OutOfBounds);
        };
        let piece = |at: usize| self.lines.get(at).map(|line| line.piece);
        if piece(first) != piece(last) {
            return Err(MietteError::OutOfBounds);
        }
        let is_place = before == 0 && after == 0;
        // Without context miette asks for the place; with context, for the lines of the whole piece.
        while !is_place && first > 0 && piece(first - 1) == piece(first) {
            first -= 1;
        }
        while !is_place && piece(last + 1) == piece(last) {
            last += 1;
        }
        let (Some(top), Some(bottom)) = (self.lines.get(first), self.lines.get(last)) else {
            return Err(MietteError::OutOfBounds);
        };
        let range = top.range.start..bottom.range.end;
        let data = self.text.as_bytes().get(range.clone()).unwrap_or(&[]);
        let column = if is_place { top.column } else { 0 };
        Ok(Box::new(MietteSpanContents::new_named(
            top.file.clone(),
            data,
            SourceSpan::new(range.start.into(), range.len()),
            top.number,
            column,
            bottom.number - top.number + 1,
        )))
    }
}

/// The part of a line that must not be printed: what is in quotes under a label, else all that is behind its sign.
fn hidden(text: &str, marks: &[&Mark<'_>], line_start: usize) -> Range<usize> {
    let Some(mark) = marks.iter().find(|it| it.primary).or_else(|| marks.first()) else { return 0..0 };
    let start = (mark.span.start as usize).saturating_sub(line_start);
    let end = (mark.span.end as usize).saturating_sub(line_start).min(text.len());
    let marked = text.get(start..end).unwrap_or("");
    let sign = marked.find(['=', ':']).map_or(0, |at| at + 1);
    let value = marked.get(sign..).unwrap_or("");
    let open = value.find('"').map_or(0, |at| at + 1);
    let close = value.rfind('"').filter(|at| *at >= open).unwrap_or(value.len());
    start + sign + open..start + sign + close
}

fn focus_column(file: &SourceFile, marks: &[&Mark<'_>]) -> usize {
    let mark = marks.iter().find(|it| it.primary).or_else(|| marks.first());
    mark.map_or(0, |mark| file.line_col(mark.span.start).column.saturating_sub(1) as usize)
}

/// The bytes of a line without its line break and without a byte order mark.
fn line_range(file: &SourceFile, number: u32) -> Range<usize> {
    let starts = file.line_starts();
    let at = number.saturating_sub(1) as usize;
    let start = starts.get(at).map_or(file.text().len(), |start| *start as usize);
    let end = starts.get(at + 1).map_or(file.text().len(), |next| *next as usize);
    let line = file.text().get(start..end).unwrap_or("");
    let mark = if start == 0 && line.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    start + mark..start + line.trim_end_matches(['\n', '\r']).len().max(mark)
}

/// The part of a line that is shown: all of it, or a window that begins a little before `focus`.
fn clip(line: &str, focus: usize) -> Range<usize> {
    if line.len() <= LINE_WIDTH || line.chars().take(LINE_WIDTH + 1).count() <= LINE_WIDTH {
        return 0..line.len();
    }
    let focus = (0..=focus.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
    let lead = line.get(..focus).unwrap_or("").char_indices();
    let fits = focus < LINE_WIDTH / 2;
    let start = if fits { 0 } else { lead.rev().take(LEAD).last().map_or(focus, |(at, _)| at) };
    let shown = line.get(start..).unwrap_or("");
    let end = shown.char_indices().nth(LINE_WIDTH).map_or(line.len(), |(at, _)| start + at);
    start..end
}

/// Control characters would move the cursor of the reader's terminal.
fn printable(character: char) -> char {
    match character {
        '\t' => ' ',
        it if it.is_control() => '\u{fffd}',
        it => it,
    }
}
