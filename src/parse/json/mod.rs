//! JSON as people write templates: with comments, trailing commas, multi-line strings, a byte order mark.
//!
//! In: a text. Out: a [`Document`] whose values carry byte spans, and diagnostics. The tokens are jsonc-parser's; the
//! tree is built here in one pass, so that a broken text keeps what stands before the error: every container that was
//! open there gets a `rest`, and nothing missing from it counts as absent. Knows no template and no Azure.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::tokens::Token;
use jsonc_parser::{Scanner, ScannerOptions};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use crate::value::{Array, Entries, Entry, Number, Object, Reason, Unknown, Value, ValueKind};

/// A parsed text.
#[derive(Clone, Debug)]
pub struct Document {
    /// The value; the spans of strings and keys include their quotes.
    pub root: Value,
    /// Every comment, delimiters included, in the order of the text.
    pub comments: Vec<Span>,
}

/// How deep objects and arrays may nest.
pub const MAX_DEPTH: usize = 512;

/// After this many mistakes the rest of a text is not read.
const MAX_MISTAKES: usize = 20;

/// Strings up to this length are shared between their occurrences.
const SHARED_LENGTH: usize = 40;

/// Parses a text; no document when it holds no value at all.
pub fn parse(file: FileId, text: &str) -> (Option<Document>, Vec<Diagnostic>) {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser {
        body,
        start: 0,
        end: 0,
        token: None,
        file,
        offset: text.len() - body.len(),
        shared: vec![None; (body.len() / 64).next_power_of_two().clamp(16, 4096)],
        comments: Vec::new(),
        diagnostics: Vec::new(),
        entries: Vec::new(),
        items: Vec::new(),
        stop: None,
    };
    let root = parser.document();
    let comments = parser.comments;
    (root.map(|root| Document { root, comments }), parser.diagnostics)
}

struct Parser<'t> {
    body: &'t str,
    /// The bytes of the current token.
    start: usize,
    end: usize,
    token: Option<Token<'t>>,
    file: FileId,
    /// Length of the byte order mark, which the scanner does not see.
    offset: usize,
    /// The last short text of each hash.
    shared: Vec<Option<Arc<str>>>,
    comments: Vec<Span>,
    diagnostics: Vec<Diagnostic>,
    /// Entries and elements of the containers that are open: each container takes its own when it closes, and so is made
    /// once in its final size.
    entries: Vec<(Arc<str>, Entry)>,
    items: Vec<Value>,
    /// Set once the text cannot be read further: why what follows is unknown.
    stop: Option<Arc<Unknown>>,
}

impl<'t> Parser<'t> {
    fn document(&mut self) -> Option<Value> {
        self.advance();
        if self.token.is_none() {
            if self.stop.is_none() {
                self.mistake(Code::Syntax, self.span(), "there is no JSON value in this file");
            }
            return None;
        }
        let root = self.value(0);
        if self.stop.is_none() {
            self.advance();
            if self.token.is_some() {
                self.mistake(Code::Syntax, self.span(), "a second value follows the first; only the first is read");
            }
        }
        Some(root)
    }

    /// The value that starts with the current token; afterwards the current token is its last.
    fn value(&mut self, depth: usize) -> Value {
        let span = self.span();
        let kind = match self.token.take() {
            Some(Token::OpenBrace | Token::OpenBracket) if depth >= MAX_DEPTH => {
                let message = format!("objects and arrays nest deeper than {MAX_DEPTH} levels");
                self.fail(Code::Bound, span, message, Reason::Bound("nesting depth".into()));
                return self.unread(span);
            }
            Some(Token::OpenBrace) => return self.object(span, depth),
            Some(Token::OpenBracket) => return self.array(span, depth),
            Some(Token::String(text)) => ValueKind::String(self.share(text)),
            Some(Token::Number(text)) => ValueKind::Number(number(text)),
            Some(Token::Boolean(value)) => ValueKind::Bool(value),
            Some(Token::Null) => ValueKind::Null,
            Some(token) => {
                self.fail_syntax(span, format!("expected a value, found `{}`", token.as_str()));
                return self.unread(span);
            }
            None => {
                self.fail_syntax(span, "the text ends where a value should stand");
                return self.unread(span);
            }
        };
        Value::new(kind, span)
    }

    fn object(&mut self, open: Span, depth: usize) -> Value {
        let first = self.entries.len();
        self.advance();
        while self.stop.is_none() {
            match self.token.take() {
                Some(Token::CloseBrace) => break,
                Some(Token::Comma) => {
                    self.mistake(Code::Syntax, self.span(), "this comma follows no entry");
                    self.advance();
                    continue;
                }
                Some(Token::String(key)) => self.entry(key, depth),
                Some(Token::Word(key) | Token::Number(key)) => self.entry(Cow::Borrowed(key), depth),
                Some(token) => {
                    self.fail_syntax(self.span(), format!("expected a key or `}}`, found `{}`", token.as_str()));
                }
                None => self.fail_syntax(open, "this object is not closed"),
            }
            self.separator(&Token::CloseBrace);
        }
        let (written, diagnostics) = (self.entries.drain(first..).collect(), &mut self.diagnostics);
        let entries = Entries::of(written, &mut |key, entry| {
            let message = format!("`{key}` is written twice in this object; the last one counts");
            diagnostics.push(Diagnostic::warning(Code::Invalid, entry.key_span, message));
        });
        Value::object(Object { entries, rest: self.stop.clone() }, open.to(self.span()))
    }

    fn entry(&mut self, key: Cow<'t, str>, depth: usize) {
        let key_span = self.span();
        self.advance();
        if self.token != Some(Token::Colon) {
            self.fail_syntax(self.span().to(key_span), format!("`{key}` is not followed by a colon"));
            return;
        }
        self.advance();
        if self.stop.is_some() {
            return;
        }
        let value = self.value(depth + 1);
        let key = self.share(key);
        self.entries.push((key, Entry { key_span, value }));
    }

    fn array(&mut self, open: Span, depth: usize) -> Value {
        let first = self.items.len();
        self.advance();
        while self.stop.is_none() {
            match self.token {
                Some(Token::CloseBracket) => break,
                Some(Token::Comma) => {
                    self.mistake(Code::Syntax, self.span(), "this comma follows no element");
                    self.advance();
                    continue;
                }
                Some(_) => {
                    let item = self.value(depth + 1);
                    self.items.push(item);
                }
                None => self.fail_syntax(open, "this array is not closed"),
            }
            self.separator(&Token::CloseBracket);
        }
        let items = self.items.drain(first..).collect();
        Value::new(ValueKind::Array(Arc::new(Array { items, rest: self.stop.clone() })), open.to(self.span()))
    }

    /// Moves past the comma between two elements; a missing one is a mistake that costs nothing else.
    fn separator(&mut self, close: &Token<'_>) {
        if self.stop.is_some() {
            return;
        }
        self.advance();
        match &self.token {
            Some(Token::Comma) => self.advance(),
            Some(token) if token != close => {
                let place = self.span().shrink_to_start();
                self.mistake(Code::Syntax, place, "a comma is missing here");
            }
            _ => {}
        }
    }

    /// Moves to the next token, keeping comments aside.
    fn advance(&mut self) {
        loop {
            self.start = self.end + blank(self.body.as_bytes().get(self.end..).unwrap_or(&[]));
            let rest = self.body.get(self.start..).unwrap_or("");
            if let Some((token, length)) = plain(rest) {
                self.token = Some(token);
                self.end = self.start + length;
                return;
            }
            let mut scanner = Scanner::new(rest, &ScannerOptions::default());
            let scanned = scanner.scan();
            self.end = self.start + scanner.token_end();
            self.start += scanner.token_start();
            match scanned {
                Ok(Some(Token::CommentLine(_) | Token::CommentBlock(_))) => {
                    let span = self.span();
                    self.comments.push(span);
                }
                Ok(token) => {
                    self.token = token;
                    return;
                }
                Err(error) => {
                    self.token = None;
                    let range = error.range();
                    let first = self.body.len() - rest.len();
                    let span = self.span_of(first + range.start, first + range.end);
                    self.fail_syntax(span, describe(error.kind()));
                    return;
                }
            }
        }
    }

    fn span(&self) -> Span {
        self.span_of(self.start, self.end)
    }

    fn span_of(&self, start: usize, end: usize) -> Span {
        let place = |at: usize| u32::try_from(at.saturating_add(self.offset)).unwrap_or(u32::MAX);
        Span::new(self.file, place(start), place(end))
    }

    fn share(&mut self, text: Cow<'t, str>) -> Arc<str> {
        match text {
            Cow::Borrowed(text) if text.len() <= SHARED_LENGTH => {
                let place = spread(text) & self.shared.len().saturating_sub(1);
                match self.shared.get_mut(place) {
                    Some(Some(known)) if **known == *text => known.clone(),
                    Some(slot) => slot.insert(text.into()).clone(),
                    None => text.into(),
                }
            }
            text => text.into(),
        }
    }

    fn unread(&self, span: Span) -> Value {
        let why = self.stop.clone().unwrap_or_else(|| Arc::new(not_read()));
        Value::new(ValueKind::Unknown(why), span)
    }

    fn mistake(&mut self, code: Code, span: Span, message: &str) {
        self.diagnostics.push(Diagnostic::error(code, span, message));
        if self.diagnostics.iter().filter(|it| it.code == Code::Syntax).count() >= MAX_MISTAKES {
            self.stop = Some(Arc::new(not_read()));
        }
    }

    fn fail_syntax(&mut self, span: Span, message: impl Into<String>) {
        self.fail(Code::Syntax, span, message, not_read().reason);
    }

    fn fail(&mut self, code: Code, span: Span, message: impl Into<String>, reason: Reason) {
        // Whatever follows the first failure follows from it.
        if self.stop.is_none() {
            self.diagnostics.push(Diagnostic::error(code, span, message));
            self.stop = Some(Arc::new(Unknown::new(reason)));
        }
    }
}

/// A number that differs for most texts: of the length, and of what stands at both ends.
fn spread(text: &str) -> usize {
    let bytes = text.as_bytes();
    let word = |at: usize| bytes.get(at..at + 8).and_then(|it| it.try_into().ok()).map_or(0, u64::from_le_bytes);
    let (first, last) = match bytes.len() {
        0..8 => (bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)), 0),
        length => (word(0), word(length - 8)),
    };
    let mixed = (first ^ last.rotate_left(23) ^ bytes.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 48) as usize
}

/// A token that needs no thought, and its length: most of what there is. The rest is for the scanner.
fn plain(rest: &str) -> Option<(Token<'_>, usize)> {
    let token = match rest.as_bytes().first()? {
        b'"' => {
            let length = quiet(rest.as_bytes().get(1..)?);
            let text = rest.get(1..=length)?;
            return match rest.as_bytes().get(length + 1) {
                Some(b'"') => Some((Token::String(Cow::Borrowed(text)), length + 2)),
                Some(b'\\') => escaped(rest, length + 1),
                _ => None,
            };
        }
        b'{' => Token::OpenBrace,
        b'}' => Token::CloseBrace,
        b'[' => Token::OpenBracket,
        b']' => Token::CloseBracket,
        b',' => Token::Comma,
        b':' => Token::Colon,
        _ => return None,
    };
    Some((token, 1))
}

/// A string with the usual escapes, the first of which is at `at`; the others are for the scanner.
fn escaped(rest: &str, mut at: usize) -> Option<(Token<'_>, usize)> {
    let mut text = rest.get(1..at)?.to_owned();
    loop {
        text.push(match rest.as_bytes().get(at + 1)? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            _ => return None,
        });
        let start = at + 2;
        at = start + quiet(rest.as_bytes().get(start..)?);
        text.push_str(rest.get(start..at)?);
        if rest.as_bytes().get(at)? == &b'"' {
            return Some((Token::String(Cow::Owned(text)), at + 1));
        }
    }
}

/// How many bytes from the start are blank; what else counts as blank is for the scanner.
fn blank(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match bytes.get(at) {
            Some(b' ') => {
                let (words, _) = bytes.get(at..).unwrap_or(&[]).as_chunks::<8>();
                let other = words.iter().map(|word| u64::from_le_bytes(*word) ^ of_bytes(b' '));
                let (whole, left) = eights(other);
                at += whole + left.map_or(0, first_byte);
                if left.is_none() {
                    at += bytes.get(at..).unwrap_or(&[]).iter().take_while(|byte| **byte == b' ').count();
                }
            }
            Some(b'\n' | b'\r' | b'\t') => at += 1,
            _ => return at,
        }
    }
}

/// How many bytes from the start are neither a double quote nor a backslash, eight at a time.
fn quiet(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    let loud = words.iter().map(|word| {
        let word = u64::from_le_bytes(*word);
        zeros(word ^ of_bytes(b'"')) | zeros(word ^ of_bytes(b'\\'))
    });
    let (whole, left) = eights(loud);
    let rest = || bytes.get(whole..).unwrap_or(&[]).iter().take_while(|byte| !matches!(byte, b'"' | b'\\')).count();
    whole + left.map_or_else(rest, first_byte)
}

/// How many bytes lie before the first word that is not zero, and that word.
fn eights(words: impl Iterator<Item = u64>) -> (usize, Option<u64>) {
    let mut whole = 0;
    for word in words {
        if word != 0 {
            return (whole, Some(word));
        }
        whole += 8;
    }
    (whole, None)
}

const fn of_bytes(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of every byte that is zero; up to the first such byte that is exact.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(of_bytes(0x01)) & !word & of_bytes(0x80)
}

/// The position of the first byte of a word that is not zero.
const fn first_byte(word: u64) -> usize {
    (word.trailing_zeros() / 8) as usize
}

fn not_read() -> Unknown {
    Unknown::new(Reason::Invalid("the rest of the file could not be read".into()))
}

fn describe(kind: &ParseErrorKind) -> String {
    let text = kind.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn number(text: &str) -> Number {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if let Ok(int) = digits.parse() {
        return Number::Int(int);
    }
    let (sign, hexadecimal) = match digits.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, digits),
    };
    match hexadecimal.strip_prefix("0x").or_else(|| hexadecimal.strip_prefix("0X")) {
        Some(hexadecimal) => Number::Int(i64::from_str_radix(hexadecimal, 16).unwrap_or(i64::MAX).saturating_mul(sign)),
        None => Number::from_f64(digits.parse().unwrap_or(f64::NAN)),
    }
}
