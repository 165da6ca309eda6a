//! Where to go on after an error: the end of the broken statement.

use super::cursor::Parser;

impl Parser<'_> {
    /// Goes from the start of a broken statement to its end.
    ///
    /// First by brackets; where they do not match, to the next line that looks like a statement of this body.
    pub(super) fn recover(&mut self, start: usize) {
        let furthest = self.pos;
        self.pos = start;
        if !self.skip_balanced() {
            self.pos = start;
            self.skip_to_statement(start, furthest);
        }
        if self.pos <= start {
            self.pos = start + self.char_at(start).map_or(1, char::len_utf8);
        }
    }

    /// Goes to the end of the line at which all brackets are closed; false when they do not match.
    fn skip_balanced(&mut self) -> bool {
        let mut open = Vec::new();
        loop {
            let byte = self.byte();
            match byte {
                _ if self.at_end() => return open.is_empty(),
                b'\n' | b'}' if open.is_empty() => return true,
                b'(' | b'[' | b'{' => open.push(byte),
                b')' | b']' | b'}' => {
                    let opening = match byte {
                        b')' => b'(',
                        b']' => b'[',
                        _ => b'{',
                    };
                    // A closing bracket too many is what the error was about.
                    if !open.is_empty() && open.pop() != Some(opening) {
                        return false;
                    }
                }
                b'<' if self.next_byte() == b'<' => {
                    if !self.skip_heredoc() {
                        return false;
                    }
                    continue;
                }
                _ => {
                    if self.skip_opaque() {
                        continue;
                    }
                }
            }
            self.pos += 1;
        }
    }

    /// Steps over a string or comment if one starts here.
    fn skip_opaque(&mut self) -> bool {
        match (self.byte(), self.next_byte()) {
            (b'"', _) => self.skip_string(),
            (b'#', _) | (b'/', b'/' | b'*') => {
                let significant = std::mem::replace(&mut self.newlines, true);
                self.trivia();
                self.newlines = significant;
            }
            _ => return false,
        }
        true
    }

    /// Steps over a string; it ends with the line at the latest.
    fn skip_string(&mut self) {
        self.pos += 1;
        loop {
            match self.byte() {
                _ if self.at_end() => return,
                b'\n' => return,
                b'"' => {
                    self.pos += 1;
                    return;
                }
                b'\\' if self.next_byte() != b'\n' => self.pos = (self.pos + 2).min(self.text.len()),
                _ => self.pos += 1,
            }
        }
    }

    /// Steps over a heredoc; false when no line ends it.
    fn skip_heredoc(&mut self) -> bool {
        let dash = usize::from(self.byte_at(self.pos + 2) == b'-');
        let from = self.pos + 2 + dash;
        let to = self.name_end(from);
        let Some(word) = self.text.get(from..to).filter(|word| !word.is_empty()) else { return false };
        let Some(lines) = self.text.get(to..) else { return false };
        let mut at = to;
        for (number, line) in lines.split_inclusive('\n').enumerate() {
            if number > 0 && line.trim() == word {
                self.pos = at + line.trim_end().len();
                return true;
            }
            at += line.len();
        }
        false
    }

    /// Goes to the first line after the broken one that looks like a statement of the same body or its end.
    fn skip_to_statement(&mut self, start: usize, furthest: usize) {
        let line_start = self.bytes.get(..start).unwrap_or(&[]).iter().rposition(|byte| *byte == b'\n');
        let indent = start - line_start.map_or(0, |at| at + 1);
        loop {
            let Some(length) = self.rest().iter().position(|byte| *byte == b'\n') else {
                self.pos = self.bytes.len();
                return;
            };
            let line = self.pos + length + 1;
            let blanks = self.bytes.get(line..).unwrap_or(&[]).iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
            let blanks = blanks.count();
            if self.statement_at(line + blanks, blanks, indent)
                || (blanks == 0 && line > furthest && self.name_end(line) > line)
            {
                self.pos = line - 1;
                return;
            }
            self.pos = line;
        }
    }

    /// True when the line with this indentation starts a statement, or closes the body.
    fn statement_at(&self, at: usize, blanks: usize, indent: usize) -> bool {
        if self.byte_at(at) == b'}' {
            return blanks < indent;
        }
        let mut after = self.name_end(at);
        if blanks > indent || after == at {
            return false;
        }
        while matches!(self.byte_at(after), b' ' | b'\t') {
            after += 1;
        }
        match self.byte_at(after) {
            b'=' => !matches!(self.byte_at(after + 1), b'=' | b'>'),
            b'{' | b'"' => true,
            _ => false,
        }
    }
}
