//! Quoted strings, heredocs and what is between their `${` and `%{`.

use std::collections::VecDeque;

use super::ast::{ExprId, ExprKind, For};
use super::cursor::{Halt, Parsed, Parser};
use super::dedent::{dedent, strip_end, strip_start};
use super::text::{Text, plain_length};
use crate::source::Span;

/// A piece of a template, in order of the text.
pub(super) enum Part {
    /// Literal text; in a heredoc no more than a line.
    Text(Text),
    /// `${ expression }`
    Value(ExprId),
    /// `%{ if condition }`
    If(ExprId, Span),
    /// `%{ else }`
    Else(Span),
    /// `%{ endif }`
    EndIf(Span),
    /// `%{ for key, value in collection }`
    For(Option<Span>, Span, ExprId, Span),
    /// `%{ endfor }`
    EndFor(Span),
}

/// What ends a template.
#[derive(Clone, Copy)]
enum End<'t> {
    /// `"`
    Quote,
    /// A line that is this word.
    Marker(&'t str),
    /// The end of the text.
    Text,
}

impl<'t> Parser<'t> {
    /// Reads `"..."`.
    pub(super) fn quoted(&mut self) -> Parsed<ExprId> {
        let start = self.pos;
        self.pos += 1;
        let length = plain_length(self.rest());
        if self.byte_at(self.pos + length) == b'"' {
            let text = self.span(self.pos, self.pos + length);
            self.pos += length + 1;
            let span = self.from(start);
            return self.push(ExprKind::Literal(text), span);
        }
        let mut parts = Vec::new();
        self.parts(&mut parts, End::Quote)?;
        self.pos += 1;
        self.template(parts, self.from(start))
    }

    /// Reads a quoted string that must not have interpolation: a block label.
    pub(super) fn plain_string(&mut self) -> Parsed<Box<str>> {
        let start = self.pos;
        self.pos += 1;
        let mut parts = Vec::new();
        self.parts(&mut parts, End::Quote)?;
        self.pos += 1;
        let mut label = String::new();
        for part in &parts {
            let Part::Text(text) = part else {
                let span = self.from(start);
                return Err(self.error_at(span, "a label is plain text: templates are not allowed here"));
            };
            label.push_str(text.as_str(self.text));
        }
        Ok(label.into())
    }

    /// Reads `<<MARKER` and `<<-MARKER`.
    pub(super) fn heredoc(&mut self) -> Parsed<ExprId> {
        let start = self.pos;
        self.pos += 2;
        let indented = self.byte() == b'-';
        self.pos += usize::from(indented);
        let Some(marker) = self.name() else { return Err(self.unexpected("the end marker of a heredoc")) };
        if !self.at_newline() {
            return Err(self.unexpected("the end of the line after the marker of a heredoc"));
        }
        self.pos += if self.byte() == b'\r' { 2 } else { 1 };
        let word = self.slice(marker);
        let mut parts = Vec::new();
        if self.parts(&mut parts, End::Marker(word)).is_err() {
            return Err(Halt);
        }
        if self.at_end() && !self.at_marker(word) {
            let opening = self.span(start, marker.end as usize);
            let halt = self.error_at(opening, format!("no line ends this heredoc: expected a line `{word}`"));
            return Err(halt);
        }
        while self.byte() != word.as_bytes().first().copied().unwrap_or(0) {
            self.pos += 1;
        }
        self.pos += word.len();
        if indented {
            dedent(&mut parts, self.text);
        }
        self.template(parts, self.from(start))
    }

    /// Reads the whole text as a template.
    pub(super) fn whole_template(&mut self) -> Parsed<ExprId> {
        let start = self.pos;
        let mut parts = Vec::new();
        self.parts(&mut parts, End::Text)?;
        self.template(parts, self.from(start))
    }

    /// Cuts a template into pieces, up to but not including its end.
    fn parts(&mut self, parts: &mut Vec<Part>, end: End<'t>) -> Parsed<()> {
        let mut strip_next = false;
        let mut line_start = true;
        loop {
            if self.template_ends(end, line_start)? {
                return Ok(());
            }
            line_start = false;
            if matches!(self.byte(), b'$' | b'%') && self.next_byte() == b'{' {
                strip_next = self.sequence(parts)?;
                continue;
            }
            let mut text = if matches!(end, End::Quote) { self.quoted_text() } else { self.line_text() };
            line_start = self.byte_at(self.pos.saturating_sub(1)) == b'\n';
            if strip_next {
                strip_start(&mut text, self.text);
                strip_next = false;
            }
            parts.push(Part::Text(text));
        }
    }

    fn template_ends(&mut self, end: End<'t>, line_start: bool) -> Parsed<bool> {
        match end {
            End::Quote if self.byte() == b'"' => Ok(true),
            End::Quote if self.at_end() || self.at_newline() => {
                let halt = self.unexpected("`\"` to end the string");
                self.help_last("a string of several lines is a heredoc: <<-EOT");
                Err(halt)
            }
            End::Quote => Ok(false),
            End::Marker(word) => Ok(self.at_end() || (line_start && self.at_marker(word))),
            End::Text => Ok(self.at_end()),
        }
    }

    /// True when the line at hand is the end marker of a heredoc.
    fn at_marker(&self, word: &str) -> bool {
        let line = self.rest();
        let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let Some(after) = line.get(blanks..).and_then(|line| line.strip_prefix(word.as_bytes())) else {
            return false;
        };
        after.iter().take_while(|byte| **byte != b'\n').all(u8::is_ascii_whitespace)
    }

    /// Reads `${...}` or `%{...}`; true when its end strips the blanks that follow.
    fn sequence(&mut self, parts: &mut Vec<Part>) -> Parsed<bool> {
        let start = self.pos;
        let directive = self.byte() == b'%';
        self.pos += 2;
        if self.byte() == b'~' {
            self.pos += 1;
            if let Some(Part::Text(text)) = parts.last_mut() {
                strip_end(text, self.text);
            }
        }
        let outer = std::mem::replace(&mut self.newlines, false);
        self.enter()?;
        let part = if directive { self.directive(start)? } else { Part::Value(self.expression()?) };
        self.leave();
        parts.push(part);
        self.trivia();
        let strips = self.byte() == b'~';
        self.pos += usize::from(strips);
        self.expect(b'}', "`}`")?;
        self.newlines = outer;
        Ok(strips)
    }

    fn directive(&mut self, start: usize) -> Parsed<Part> {
        self.trivia();
        let from = self.pos;
        let Some(keyword) = self.name() else { return Err(self.unexpected("`if`, `for` or their ends")) };
        let span = self.from(start);
        match self.slice(keyword) {
            "if" => Ok(Part::If(self.expression()?, self.from(start))),
            "else" => Ok(Part::Else(span)),
            "endif" => Ok(Part::EndIf(span)),
            "endfor" => Ok(Part::EndFor(span)),
            "for" => self.for_directive(start),
            _ => {
                self.pos = from;
                Err(self.unexpected("`if`, `else`, `endif`, `for` or `endfor`"))
            }
        }
    }

    fn for_directive(&mut self, start: usize) -> Parsed<Part> {
        self.trivia();
        let Some(first) = self.name() else { return Err(self.unexpected("the name for an element")) };
        self.trivia();
        let (mut key, mut value) = (None, first);
        if self.byte() == b',' {
            self.pos += 1;
            self.trivia();
            let Some(second) = self.name() else { return Err(self.unexpected("the name for an element")) };
            (key, value) = (Some(first), second);
        }
        if !self.word("in") {
            return Err(self.unexpected("`in`"));
        }
        let collection = self.expression()?;
        Ok(Part::For(key, value, collection, self.from(start)))
    }

    /// Makes one expression of the pieces.
    fn template(&mut self, parts: Vec<Part>, span: Span) -> Parsed<ExprId> {
        if parts.iter().all(|part| matches!(part, Part::Text(_))) {
            let kind = self.joined(&parts, span);
            return self.push(kind, span);
        }
        let mut parts = VecDeque::from(parts);
        let template = self.branch(&mut parts, span)?;
        match parts.pop_front() {
            Some(Part::Else(at) | Part::EndIf(at)) => Err(self.error_at(at, "there is no `%{ if }` open here")),
            Some(Part::EndFor(at)) => Err(self.error_at(at, "there is no `%{ for }` open here")),
            _ => Ok(template),
        }
    }

    /// Reads pieces up to the end of the branch at hand: `else`, `endif`, `endfor` stay.
    fn branch(&mut self, parts: &mut VecDeque<Part>, span: Span) -> Parsed<ExprId> {
        self.enter()?;
        let base = self.members.len();
        while let Some(part) = parts.pop_front() {
            let member = match part {
                Part::Text(text) => {
                    let mut run = vec![Part::Text(text)];
                    while let Some(Part::Text(_)) = parts.front() {
                        run.extend(parts.pop_front());
                    }
                    self.text_run(&run, span)?
                }
                Part::Value(id) => Some(id),
                Part::If(condition, at) => Some(self.if_directive(parts, condition, at)?),
                Part::For(key_name, value_name, collection, at) => {
                    let body = self.branch(parts, at)?;
                    if !matches!(parts.pop_front(), Some(Part::EndFor(_))) {
                        return Err(self.error_at(at, "this `%{ for }` has no `%{ endfor }`"));
                    }
                    let (key, condition, group) = (None, None, false);
                    let it = For { key_name, value_name, collection, key, value: body, condition, group };
                    Some(self.push(ExprKind::TemplateFor(Box::new(it)), at)?)
                }
                ending => {
                    parts.push_front(ending);
                    break;
                }
            };
            self.members.extend(member);
        }
        let list = self.tree.list(&mut self.members, base);
        self.leave();
        self.push(ExprKind::Template(list), span)
    }

    fn if_directive(&mut self, parts: &mut VecDeque<Part>, condition: ExprId, at: Span) -> Parsed<ExprId> {
        let then = self.branch(parts, at)?;
        let mut otherwise = None;
        let mut ending = parts.pop_front();
        if let Some(Part::Else(_)) = ending {
            otherwise = Some(self.branch(parts, at)?);
            ending = parts.pop_front();
        }
        if !matches!(ending, Some(Part::EndIf(_))) {
            return Err(self.error_at(at, "this `%{ if }` has no `%{ endif }`"));
        }
        self.push(ExprKind::TemplateIf { condition, then, otherwise }, at)
    }

    fn text_run(&mut self, run: &[Part], span: Span) -> Parsed<Option<ExprId>> {
        match self.joined(run, span) {
            ExprKind::Decoded(text) if text.is_empty() => Ok(None),
            ExprKind::Literal(text) if text.is_empty() => Ok(None),
            ExprKind::Literal(text) => Ok(Some(self.push(ExprKind::Literal(text), text)?)),
            kind => Ok(Some(self.push(kind, span)?)),
        }
    }

    /// One literal of texts that follow each other: a range of the source when they are one.
    fn joined(&self, run: &[Part], span: Span) -> ExprKind {
        let texts = || run.iter().filter_map(|part| if let Part::Text(text) = part { Some(text) } else { None });
        let contiguous = texts().zip(texts().skip(1)).all(|(one, next)| one.end == next.start);
        match (texts().next(), texts().next_back()) {
            (Some(first), Some(last)) if contiguous && texts().all(|text| text.decoded.is_none()) => {
                ExprKind::Literal(self.span(first.start, last.end))
            }
            (None, _) | (_, None) => ExprKind::Literal(Span { start: span.end, ..span }),
            _ => ExprKind::Decoded(texts().map(|text| text.as_str(self.text)).collect::<String>().into()),
        }
    }
}
