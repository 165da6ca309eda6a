//! Steps over the text of a Bicep file: strings, comments, brackets, words.
//!
//! In: a text and a place in it. Out: the place behind what stands there. Knows what ends what, not what anything means.

use crate::source::{FileId, Span};

/// Where the reader stands in a text.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) bytes: &'t [u8],
    pub(super) at: usize,
    pub(super) file: FileId,
    /// Whether a colon ends the first branch of a choice.
    pub(super) in_branch: bool,
}

impl<'t> Reader<'t> {
    pub(super) fn new(file: FileId, text: &'t str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, file, in_branch: false }
    }

    /// Passes over everything up to the bracket that closes the one here.
    pub(super) fn skip_balanced(&mut self) {
        let mut open = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'(' | b'[' | b'{' => open += 1,
                b')' | b']' | b'}' => open = open.saturating_sub(1),
                b'\'' => {
                    self.skip_string();
                    continue;
                }
                b'/' if self.comment() => continue,
                _ => {}
            }
            self.step();
            if open == 0 {
                return;
            }
        }
    }

    /// Passes over `'text ${expression}'` or `'''text'''`.
    pub(super) fn skip_string(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or("");
        if rest.starts_with("'''") {
            let end = rest.get(3..).and_then(|inner| inner.find("'''")).map_or(rest.len(), |end| end + 6);
            self.at += end;
            while self.peek() == Some(b'\'') {
                self.at += 1;
            }
            return;
        }
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => {
                    self.step();
                    self.step();
                }
                b'$' if self.bytes.get(self.at + 1) == Some(&b'{') => {
                    self.at += 1;
                    self.skip_balanced();
                }
                b'\'' => {
                    self.at += 1;
                    return;
                }
                b'\n' => return,
                _ => self.step(),
            }
        }
    }

    /// Passes over a comment that starts here.
    pub(super) fn comment(&mut self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or("");
        if rest.starts_with("//") {
            self.at += rest.find('\n').unwrap_or(rest.len());
            true
        } else if rest.starts_with("/*") {
            self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            true
        } else {
            false
        }
    }

    pub(super) fn skip_blank(&mut self) {
        loop {
            match self.peek() {
                Some(byte) if byte.is_ascii_whitespace() => self.at += 1,
                Some(b'/') if self.comment() => {}
                Some(b'#') => {
                    let rest = self.text.get(self.at..).unwrap_or("");
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                Some(0xEF) if self.at == 0 => self.step(),
                _ => return,
            }
        }
    }

    pub(super) fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    pub(super) fn word(&mut self) -> &str {
        let rest = self.text.get(self.at..).unwrap_or("");
        let length = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or("")
    }

    /// Over one character.
    pub(super) fn step(&mut self) {
        let length = self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        self.at += length;
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, place(start), place(end))
    }
}
