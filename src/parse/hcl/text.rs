//! The literal text of templates: how far it goes, and what its escapes stand for.

use super::cursor::Parser;

/// Literal text: a range of the source, or decoded when the source does not hold it as it is.
pub(super) struct Text {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) decoded: Option<String>,
}

impl Text {
    pub(super) fn as_str<'s>(&'s self, source: &'s str) -> &'s str {
        self.decoded.as_deref().unwrap_or_else(|| source.get(self.start..self.end).unwrap_or(""))
    }

    pub(super) fn cut_start(&mut self, bytes: usize) {
        match &mut self.decoded {
            Some(decoded) => drop(decoded.drain(..bytes.min(decoded.len()))),
            None => self.start += bytes,
        }
    }

    pub(super) fn cut_end(&mut self, bytes: usize) {
        match &mut self.decoded {
            Some(decoded) => decoded.truncate(decoded.len().saturating_sub(bytes)),
            None => self.end = self.end.saturating_sub(bytes),
        }
    }
}

impl Parser<'_> {
    /// Reads literal text of a quoted string, escapes decoded.
    pub(super) fn quoted_text(&mut self) -> Text {
        let start = self.pos;
        self.pos += plain_length(self.rest());
        let mut decoded: Option<String> = None;
        let mut copied = start;
        loop {
            match self.byte() {
                b'\\' => {
                    let target = decoded.get_or_insert_default();
                    target.push_str(self.text.get(copied..self.pos).unwrap_or(""));
                    let character = self.escape();
                    target.extend(character);
                    copied = self.pos;
                }
                b'$' | b'%' if self.at_escaped_opener() => {
                    let target = decoded.get_or_insert_default();
                    target.push_str(self.text.get(copied..=self.pos).unwrap_or(""));
                    copied = self.pos + 2;
                    self.pos += 3;
                }
                b'$' | b'%' if self.next_byte() != b'{' => self.pos += 1,
                b'\r' if self.next_byte() != b'\n' => self.pos += 1,
                _ => break,
            }
            self.pos += plain_length(self.rest());
        }
        if let Some(target) = &mut decoded {
            target.push_str(self.text.get(copied..self.pos).unwrap_or(""));
        }
        Text { start, end: self.pos, decoded }
    }

    /// Reads literal text of a heredoc or template file: up to the end of the line, no escapes but `$${`.
    pub(super) fn line_text(&mut self) -> Text {
        let start = self.pos;
        let mut decoded: Option<String> = None;
        let mut copied = start;
        loop {
            let plain = self.rest().iter().position(|byte| matches!(byte, b'\n' | b'$' | b'%'));
            let Some(plain) = plain else {
                self.pos = self.bytes.len();
                break;
            };
            self.pos += plain;
            if self.byte() == b'\n' {
                self.pos += 1;
                break;
            }
            if self.at_escaped_opener() {
                let target = decoded.get_or_insert_default();
                target.push_str(self.text.get(copied..=self.pos).unwrap_or(""));
                copied = self.pos + 2;
                self.pos += 3;
            } else if self.next_byte() == b'{' {
                break;
            } else {
                self.pos += 1;
            }
        }
        if let Some(target) = &mut decoded {
            target.push_str(self.text.get(copied..self.pos).unwrap_or(""));
        }
        Text { start, end: self.pos, decoded }
    }

    /// True at `$${` and `%%{`.
    fn at_escaped_opener(&self) -> bool {
        self.byte() == self.next_byte() && self.byte_at(self.pos + 2) == b'{'
    }

    /// Reads an escape of a quoted string. A wrong one is kept as it stands.
    fn escape(&mut self) -> Option<char> {
        let start = self.pos;
        self.pos += 2;
        let digits = match self.byte_at(start + 1) {
            b'n' => return Some('\n'),
            b'r' => return Some('\r'),
            b't' => return Some('\t'),
            b'"' => return Some('"'),
            b'\\' => return Some('\\'),
            b'u' => 4,
            b'U' => 8,
            _ => {
                self.pos = start + 1;
                let width = self.char_at(self.pos).map_or(0, char::len_utf8);
                let span = self.span(start, self.pos + width);
                self.error_at(span, format!("`{}` is not an escape", self.slice(span)));
                self.help_last("a backslash is written `\\\\`");
                return Some('\\');
            }
        };
        let hex = self.text.get(self.pos..self.pos + digits).filter(|hex| hex.bytes().all(|it| it.is_ascii_hexdigit()));
        let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let Some(code) = code else {
            let span = self.span(start, self.pos);
            self.error_at(span, format!("expected {digits} hexadecimal digits after this"));
            return None;
        };
        self.pos += digits;
        Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

/// How many bytes from the start of a quoted string's text stand for themselves.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | b'$' | b'%' | b'\n' | b'\r');
    bytes.iter().position(special).unwrap_or(bytes.len())
}
