//! Tuples, object literals and `for` expressions.

use super::ast::{ExprId, ExprKind, For, ObjectItem};
use super::cursor::{Parsed, Parser};

impl Parser<'_> {
    /// Reads `[...]`.
    pub(super) fn tuple(&mut self) -> Parsed<ExprId> {
        let start = self.pos;
        self.pos += 1;
        let outer = std::mem::replace(&mut self.newlines, false);
        if self.word("for") {
            let parts = self.for_parts(b']')?;
            self.newlines = outer;
            let span = self.from(start);
            return self.push(ExprKind::ForTuple(parts), span);
        }
        let base = self.members.len();
        loop {
            self.trivia();
            if self.byte() == b']' {
                break;
            }
            let member = self.expression()?;
            self.members.push(member);
            self.trivia();
            match self.byte() {
                b',' => self.pos += 1,
                b']' => {}
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
        self.pos += 1;
        self.newlines = outer;
        let list = self.tree.list(&mut self.members, base);
        let span = self.from(start);
        self.push(ExprKind::Tuple(list), span)
    }

    /// Reads `{...}`.
    pub(super) fn object(&mut self) -> Parsed<ExprId> {
        let start = self.pos;
        self.pos += 1;
        self.trivia_and_newlines();
        let outer = std::mem::replace(&mut self.newlines, true);
        if self.word("for") {
            self.newlines = false;
            let parts = self.for_parts(b'}')?;
            self.newlines = outer;
            let span = self.from(start);
            return self.push(ExprKind::ForObject(parts), span);
        }
        let base = self.items.len();
        loop {
            self.trivia_and_newlines();
            if self.byte() == b'}' {
                break;
            }
            self.object_item()?;
        }
        self.pos += 1;
        self.newlines = outer;
        let items = self.tree.item_list(&mut self.items, base);
        let span = self.from(start);
        self.push(ExprKind::Object(items), span)
    }

    fn object_item(&mut self) -> Parsed<()> {
        let key = self.expression()?;
        self.tree.word_to_literal(key);
        self.trivia();
        match self.byte() {
            b'=' if !matches!(self.next_byte(), b'=' | b'>') => self.pos += 1,
            b':' => self.pos += 1,
            _ => return Err(self.unexpected("`=` and the value of this key")),
        }
        let value = self.expression()?;
        self.items.push(ObjectItem { key, value });
        self.trivia();
        match self.byte() {
            b',' => self.pos += 1,
            b'}' => {}
            _ if self.at_newline() => {}
            _ => return Err(self.unexpected("`,`, a new line or `}`")),
        }
        Ok(())
    }

    /// Reads a `for` expression from after its `for` to its closing bracket.
    fn for_parts(&mut self, close: u8) -> Parsed<Box<For>> {
        self.trivia();
        let Some(first) = self.name() else { return Err(self.unexpected("the name for an element")) };
        self.trivia();
        let (mut key_name, mut value_name) = (None, first);
        if self.byte() == b',' {
            self.pos += 1;
            self.trivia();
            let Some(second) = self.name() else { return Err(self.unexpected("the name for an element")) };
            (key_name, value_name) = (Some(first), second);
        }
        if !self.word("in") {
            return Err(self.unexpected("`in`"));
        }
        let collection = self.expression()?;
        self.expect(b':', "`:`")?;
        let (key, value) = self.for_result(close)?;
        self.trivia();
        let group = self.rest().starts_with(b"...");
        if group {
            if key.is_none() {
                return Err(
                    self.unexpected("the end (grouping with `...` takes the form `{for ... : key => value...}`)")
                );
            }
            self.pos += 3;
        }
        let condition = if self.word("if") { Some(self.expression()?) } else { None };
        self.expect(close, if close == b']' { "`]`" } else { "`}`" })?;
        Ok(Box::new(For { key_name, value_name, collection, key, value, condition, group }))
    }

    fn for_result(&mut self, close: u8) -> Parsed<(Option<ExprId>, ExprId)> {
        let first = self.expression()?;
        self.trivia();
        let arrow = self.rest().starts_with(b"=>");
        match (arrow, close) {
            (true, b'}') => {
                self.pos += 2;
                Ok((Some(first), self.expression()?))
            }
            (false, b']') => Ok((None, first)),
            (true, _) => Err(self.unexpected("`]` (a key takes the form `{for ... : key => value}`)")),
            (false, _) => Err(self.unexpected("`=>` and the value of this key")),
        }
    }
}
