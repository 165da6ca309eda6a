//! The place in the text, what lies between tokens, and the state that a statement's error must leave clean.

use super::ast::{ExprId, ExprKind, ObjectItem};
use super::tree::Tree;
use super::{MAX_DEPTH, MAX_HEIGHT};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// After this many errors the rest of a file is not read: it is not HCL, and each error costs a look around.
pub(super) const MAX_ERRORS: usize = 100;

/// The statement at hand is given up; its diagnostic is written already.
pub(super) struct Halt;

/// Something read, or the statement given up.
pub(super) type Parsed<T> = Result<T, Halt>;

/// One pass over one text.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) bytes: &'t [u8],
    pub(super) pos: usize,
    /// True where a newline ends something; false inside parentheses, brackets, `for` and interpolations.
    pub(super) newlines: bool,
    pub(super) tree: Tree,
    /// Members of the lists that are open, innermost last.
    pub(super) members: Vec<ExprId>,
    /// Items of the object literals that are open, innermost last.
    pub(super) items: Vec<ObjectItem>,
    /// The header of the innermost block that the end of the file left open.
    pub(super) unclosed: Option<Span>,
    /// A block header in the first column ends the blocks that are open.
    pub(super) first_column_closes: bool,
    file: FileId,
    depth: u32,
    diagnostics: Vec<Diagnostic>,
}

/// What an error must restore.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    newlines: bool,
    depth: u32,
    members: usize,
    items: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn new(file: FileId, text: &'t str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            pos: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 },
            newlines: true,
            tree: Tree::for_text(text.len()),
            members: Vec::new(),
            items: Vec::new(),
            unclosed: None,
            first_column_closes: false,
            file,
            depth: 0,
            diagnostics: Vec::new(),
        }
    }

    /// The tree and the diagnostics in order of the text.
    pub(super) fn finish(mut self) -> (Tree, Vec<Diagnostic>) {
        self.diagnostics.sort_by_key(|it| it.span.map(|span| span.start));
        (self.tree, self.diagnostics)
    }

    // Looking

    /// The byte at an offset; 0 past the end.
    pub(super) fn byte_at(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The byte at hand; 0 at the end.
    pub(super) fn byte(&self) -> u8 {
        self.byte_at(self.pos)
    }

    /// The byte after the one at hand.
    pub(super) fn next_byte(&self) -> u8 {
        self.byte_at(self.pos + 1)
    }

    pub(super) fn at_end(&self) -> bool {
        self.pos >= self.bytes.len()
    }

    /// The bytes from the place at hand on.
    pub(super) fn rest(&self) -> &'t [u8] {
        self.bytes.get(self.pos..).unwrap_or(&[])
    }

    /// True at a character that can start a name.
    pub(super) fn at_name(&self) -> bool {
        match self.byte() {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => true,
            byte if byte < 0x80 => false,
            _ => self.char_at(self.pos).is_some_and(char::is_alphabetic),
        }
    }

    /// True at a line break.
    pub(super) fn at_newline(&self) -> bool {
        self.byte() == b'\n' || (self.byte() == b'\r' && self.next_byte() == b'\n')
    }

    pub(super) fn char_at(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    // Moving

    /// Steps over blanks and comments, and over line breaks where they mean nothing.
    pub(super) fn trivia(&mut self) {
        loop {
            match self.byte() {
                b' ' | b'\t' => self.pos += 1,
                b'\r' if !self.newlines || self.next_byte() != b'\n' => self.pos += 1,
                b'\n' if !self.newlines => self.pos += 1,
                b'#' => self.line_comment(),
                b'/' if self.next_byte() == b'/' => self.line_comment(),
                b'/' if self.next_byte() == b'*' => self.block_comment(),
                _ => return,
            }
        }
    }

    /// Steps over blanks, comments and line breaks.
    pub(super) fn trivia_and_newlines(&mut self) {
        let significant = std::mem::replace(&mut self.newlines, false);
        self.trivia();
        self.newlines = significant;
    }

    /// Reads a name if there is one.
    pub(super) fn name(&mut self) -> Option<Span> {
        if !self.at_name() {
            return None;
        }
        let start = self.pos;
        self.pos = self.name_end(start);
        Some(self.from(start))
    }

    /// Where the name that starts at `at` ends.
    pub(super) fn name_end(&self, mut at: usize) -> usize {
        loop {
            match self.byte_at(at) {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => at += 1,
                byte if byte < 0x80 => return at,
                _ => match self.char_at(at) {
                    Some(character) if character.is_alphanumeric() || is_mark(character) => at += character.len_utf8(),
                    _ => return at,
                },
            }
        }
    }

    /// Reads a name only if it is this word.
    pub(super) fn word(&mut self, word: &str) -> bool {
        self.trivia();
        let end = self.pos + word.len();
        let found = self.bytes.get(self.pos..end) == Some(word.as_bytes()) && self.name_end(self.pos) == end;
        if found {
            self.pos = end;
        }
        found
    }

    /// Reads this byte after blanks; the message says what was expected when it is another.
    pub(super) fn expect(&mut self, byte: u8, expected: &str) -> Parsed<()> {
        self.trivia();
        if self.byte() == byte {
            self.pos += 1;
            return Ok(());
        }
        Err(self.unexpected(expected))
    }

    fn line_comment(&mut self) {
        let start = self.pos;
        let length = self.rest().iter().position(|byte| *byte == b'\n').unwrap_or(self.rest().len());
        self.pos = start + length;
        let end = if length > 0 && self.byte_at(self.pos - 1) == b'\r' { self.pos - 1 } else { self.pos };
        self.tree.comment(self.span(start, end));
    }

    fn block_comment(&mut self) {
        let start = self.pos;
        let inside = self.bytes.get(start + 2..).unwrap_or(&[]);
        if let Some(length) = inside.windows(2).position(|pair| pair == b"*/") {
            self.pos = start + length + 4;
            self.tree.comment(self.from(start));
            return;
        }
        self.pos = self.bytes.len();
        let span = self.span(start, start + 2);
        self.error(Diagnostic::error(Code::Syntax, span, "this comment is not closed").with_help("add `*/`"));
    }

    // Making

    /// A span of this file.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, offset(start), offset(end))
    }

    /// The span from `start` to the place at hand.
    pub(super) fn from(&self, start: usize) -> Span {
        self.span(start, self.pos)
    }

    /// The text of a span of this file.
    pub(super) fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Adds an expression, unless its tree is too high.
    pub(super) fn push(&mut self, kind: ExprKind, span: Span) -> Parsed<ExprId> {
        let id = self.tree.push(kind, span);
        if self.tree.height(id) > MAX_HEIGHT {
            return Err(self.bound(span.shrink_to_start(), "this expression is too long a chain"));
        }
        Ok(id)
    }

    /// Goes one level down; [`Self::leave`] comes back, an error restores the level through [`Self::restore`].
    pub(super) fn enter(&mut self) -> Parsed<()> {
        if self.depth >= MAX_DEPTH {
            let width = self.char_at(self.pos).map_or(0, char::len_utf8);
            let span = self.span(self.pos, self.pos + width);
            return Err(self.bound(span, "this is nested too deep"));
        }
        self.depth += 1;
        Ok(())
    }

    /// Comes back from one level down.
    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Remembers the state at the start of a statement.
    pub(super) fn mark(&self) -> Mark {
        Mark { newlines: self.newlines, depth: self.depth, members: self.members.len(), items: self.items.len() }
    }

    /// Goes back to the state at the start of a statement; the place in the text stays.
    pub(super) fn restore(&mut self, mark: Mark) {
        self.newlines = mark.newlines;
        self.depth = mark.depth;
        self.members.truncate(mark.members);
        self.items.truncate(mark.items);
    }

    // Complaining

    /// Writes a diagnostic.
    pub(super) fn error(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < MAX_ERRORS {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Writes a syntax error at a span.
    pub(super) fn error_at(&mut self, span: Span, message: impl Into<String>) -> Halt {
        self.error(Diagnostic::error(Code::Syntax, span, message));
        Halt
    }

    /// True when so much is wrong that the rest is not read.
    pub(super) fn gave_up(&self) -> bool {
        self.diagnostics.len() >= MAX_ERRORS
    }

    /// Writes that something else was expected at the place at hand.
    pub(super) fn unexpected(&mut self, expected: &str) -> Halt {
        let (found, span) = self.found();
        let message = format!("expected {expected}, found {found}");
        let mut diagnostic = Diagnostic::error(Code::Syntax, span, message);
        if let Some(help) = help_for(self.char_at(self.pos)) {
            diagnostic = diagnostic.with_help(help);
        }
        self.error(diagnostic);
        Halt
    }

    /// Adds what to do to the last diagnostic, unless it says so already.
    pub(super) fn help_last(&mut self, help: &str) {
        if let Some(last) = self.diagnostics.last_mut() {
            last.help.get_or_insert_with(|| help.to_owned());
        }
    }

    /// Writes, past the bound on diagnostics, that the rest was not read.
    pub(super) fn too_many(&mut self, span: Span) {
        let message = format!("more than {MAX_ERRORS} errors: the rest of this file is not read");
        self.diagnostics.push(Diagnostic::error(Code::Bound, span, message));
    }

    fn bound(&mut self, span: Span, what: &str) -> Halt {
        let message = format!("{what}: the bound is {MAX_DEPTH} levels and {MAX_HEIGHT} steps");
        self.error(Diagnostic::error(Code::Bound, span, message));
        Halt
    }

    /// The token at hand in words, and its span.
    fn found(&self) -> (String, Span) {
        if self.at_end() {
            return ("the end of the file".to_owned(), self.span(self.bytes.len(), self.bytes.len()));
        }
        if self.at_newline() {
            return ("the end of the line".to_owned(), self.span(self.pos, self.pos + 1));
        }
        let end = self.token_end();
        let span = self.span(self.pos, end);
        (format!("`{}`", self.slice(span)), span)
    }

    fn token_end(&self) -> usize {
        let end = self.name_end(self.pos);
        if end > self.pos {
            // A name is cut where a character ends.
            return (self.pos + 64..end).find(|at| self.text.is_char_boundary(*at)).unwrap_or(end);
        }
        let pair = self.bytes.get(self.pos..self.pos + 2).unwrap_or(&[]);
        if [b"==", b"!=", b"<=", b">=", b"=>", b"&&", b"||", b"::"].iter().any(|known| *known == pair) {
            return self.pos + 2;
        }
        self.pos + self.char_at(self.pos).map_or(1, char::len_utf8)
    }
}

/// What to do about a character that people write by habit.
fn help_for(character: Option<char>) -> Option<&'static str> {
    match character? {
        '\'' | '`' => Some("strings are written in double quotes"),
        '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}' => {
            Some("a typographic quote: replace it by a plain double quote")
        }
        ';' => Some("statements end with the line, not with a semicolon"),
        '&' => Some("the operator is `&&`"),
        '|' => Some("the operator is `||`"),
        '\u{a0}' | '\u{200b}' | '\u{feff}' => Some("an invisible character: replace it by a plain space"),
        _ => None,
    }
}

/// Combining marks, which continue a name and are not alphanumeric by Rust's reading.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{b7}' | '\u{203f}'..='\u{2040}' | '\u{2054}')
}
