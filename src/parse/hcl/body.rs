//! Bodies: attributes and blocks, one statement a line.

use rustc_hash::FxHashSet;

use super::ast::{Attribute, Block, Body, ExprId, ExprKind, Label};
use super::cursor::{Halt, Parsed, Parser};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Up to this many arguments are compared in pairs: cheaper than hashing their names.
const FEW: usize = 12;

/// Where a body stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The whole file.
    Top,
    /// Between two braces, on lines of its own.
    Block,
    /// Between two braces on one line.
    Line,
}

impl Parser<'_> {
    /// Reads the whole text as a body.
    pub(super) fn file_body(&mut self) -> Body {
        let mut body = Body::default();
        self.body(&mut body, Place::Top);
        if self.gave_up() {
            let span = self.span(self.pos, self.pos);
            self.too_many(span);
        }
        if let Some(header) = self.unclosed {
            let diagnostic = Diagnostic::error(Code::Syntax, header, "this block is not closed").with_help("add `}`");
            self.error(diagnostic);
        }
        body
    }

    /// Reads the whole text as one expression.
    pub(super) fn whole_expression(&mut self) -> Parsed<ExprId> {
        self.newlines = false;
        let id = self.expression()?;
        self.trivia();
        if self.at_end() { Ok(id) } else { Err(self.unexpected("the end of the expression")) }
    }

    fn body(&mut self, body: &mut Body, place: Place) {
        let mut place = place;
        while !self.gave_up() {
            if place == Place::Line {
                self.trivia();
                if self.at_newline() && !body.attributes.is_empty() {
                    self.unexpected("`}` (a block that starts on one line ends there)");
                    place = Place::Block;
                }
            }
            self.trivia_and_newlines();
            match self.byte() {
                _ if self.at_end() => break,
                b'}' if place == Place::Top => {
                    self.unexpected("a block or an argument");
                    self.pos += 1;
                }
                b'}' => break,
                _ if place != Place::Top && self.next_block_starts() => break,
                _ => self.statement(body, place),
            }
        }
        self.refuse_duplicates(body);
        body.attributes.shrink_to_fit();
        body.blocks.shrink_to_fit();
    }

    /// Reads a statement; after an error goes to where the next one starts.
    fn statement(&mut self, body: &mut Body, place: Place) {
        let (mark, start) = (self.mark(), self.pos);
        let read = self.argument_or_block(body, place);
        let ended = read.and_then(|()| self.end_of_statement(place));
        if ended.is_err() {
            self.restore(mark);
            self.recover(start);
        }
    }

    fn argument_or_block(&mut self, body: &mut Body, place: Place) -> Parsed<()> {
        let start = self.pos;
        let Some(name) = self.name() else {
            return Err(self.not_a_name());
        };
        self.trivia();
        match self.byte() {
            b'=' if self.next_byte() != b'=' => {
                self.pos += 1;
                self.argument(body, name)
            }
            b'"' | b'{' => self.block(body, name, place),
            _ if self.at_name() => self.block(body, name, place),
            b':' => Err(self.unexpected_with("`=` or `{`", "an argument is written `name = value`")),
            _ => {
                self.pos = self.pos.max(start);
                Err(self.unexpected("`=` for an argument or `{` for a block"))
            }
        }
    }

    fn argument(&mut self, body: &mut Body, name: Span) -> Parsed<()> {
        let start = self.pos;
        let Ok(value) = self.expression() else {
            // The argument is there, only its value is not known: leaving it out would read as "not set".
            let value = self.tree.push(ExprKind::Error, self.span(start, start));
            body.attributes.push(Attribute { name, value, span: name });
            return Err(Halt);
        };
        let span = name.to(self.tree.span(value));
        body.attributes.push(Attribute { name, value, span });
        Ok(())
    }

    fn block(&mut self, body: &mut Body, kind: Span, place: Place) -> Parsed<()> {
        if place == Place::Line {
            let message = "a block inside a block needs lines of its own";
            self.error_at(kind, message);
        }
        self.enter()?;
        let mut header = kind;
        let mut labels = Vec::new();
        while self.byte() != b'{' {
            let label = self.label()?;
            header = header.to(label.span);
            labels.push(label);
            self.trivia();
        }
        self.pos += 1;
        self.trivia();
        let mut block = Block { kind, labels, body: Body::default(), header, span: header };
        let inside = if self.at_newline() || self.at_end() { Place::Block } else { Place::Line };
        self.body(&mut block.body, inside);
        self.close_block(&mut block);
        self.leave();
        body.blocks.push(block);
        Ok(())
    }

    fn close_block(&mut self, block: &mut Block) {
        if self.byte() == b'}' {
            self.pos += 1;
            block.span = block.kind.to(self.from(self.pos));
        } else {
            block.span = block.kind.to(self.from(self.pos));
            if self.unclosed.is_none() && !self.gave_up() {
                self.unclosed = Some(block.header);
            }
        }
    }

    fn label(&mut self) -> Parsed<Label> {
        let start = self.pos;
        if let Some(span) = self.name() {
            return Ok(Label { text: self.slice(span).into(), span });
        }
        if self.byte() != b'"' {
            return Err(self.unexpected("a label or `{`"));
        }
        let text = self.plain_string()?;
        Ok(Label { text, span: self.from(start) })
    }

    /// What follows a statement: the end of the line, or of the block when it is a line.
    fn end_of_statement(&mut self, place: Place) -> Parsed<()> {
        self.trivia();
        match self.byte() {
            _ if self.at_end() || self.at_newline() || self.next_block_starts() => Ok(()),
            b'}' if place == Place::Line => Ok(()),
            b'}' if place == Place::Block => {
                // Nothing is lost: the brace still closes the block.
                self.unexpected("a new line before it");
                Ok(())
            }
            b',' if place == Place::Line => Err(self.unexpected("`}` (a block on one line holds one argument)")),
            b',' => Err(self.unexpected_with("the end of the line", "arguments are not separated by commas")),
            _ => Err(self.unexpected("the end of the line")),
        }
    }

    /// In a file with a missing brace: a block header in the first column starts anew.
    fn next_block_starts(&self) -> bool {
        let first_column = self.pos == 0 || self.byte_at(self.pos - 1) == b'\n';
        if !self.first_column_closes || !first_column || !self.at_name() {
            return false;
        }
        let mut at = self.name_end(self.pos);
        while matches!(self.byte_at(at), b' ' | b'\t') {
            at += 1;
        }
        matches!(self.byte_at(at), b'{' | b'"')
    }

    /// Keeps the first argument of a name and complains about the others.
    fn refuse_duplicates(&mut self, body: &mut Body) {
        let attributes = &body.attributes;
        let repeats = if attributes.len() <= FEW {
            let same = |one: &Attribute, other: &Attribute| self.slice(one.name) == self.slice(other.name);
            (1..attributes.len()).any(|end| {
                let (before, rest) = attributes.split_at(end);
                rest.first().is_some_and(|it| before.iter().any(|earlier| same(earlier, it)))
            })
        } else {
            let mut seen = FxHashSet::default();
            !attributes.iter().all(|it| seen.insert(self.slice(it.name)))
        };
        if !repeats {
            return;
        }
        let mut seen = FxHashSet::default();
        for attribute in std::mem::take(&mut body.attributes) {
            let name = self.slice(attribute.name);
            if seen.insert(name) {
                body.attributes.push(attribute);
            } else {
                self.error_at(attribute.name, format!("`{name}` is set twice in this block"));
            }
        }
    }

    fn not_a_name(&mut self) -> Halt {
        if self.byte() == b'"' {
            return self.unexpected_with("a name", "names of arguments and blocks are not quoted");
        }
        self.unexpected("a block or an argument")
    }

    fn unexpected_with(&mut self, expected: &str, help: &str) -> Halt {
        let halt = self.unexpected(expected);
        self.help_last(help);
        halt
    }
}
