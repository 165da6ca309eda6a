//! Expressions: conditionals, operators, terms and what is looked up in them.

use super::ast::{BinaryOp, ExprId, ExprKind, UnaryOp};
use super::cursor::{Parsed, Parser};
use crate::value::Number;

impl Parser<'_> {
    /// Reads an expression.
    pub(super) fn expression(&mut self) -> Parsed<ExprId> {
        self.enter()?;
        let condition = self.operation(0)?;
        self.trivia();
        let id = if self.byte() == b'?' { self.conditional(condition)? } else { condition };
        self.leave();
        Ok(id)
    }

    fn conditional(&mut self, condition: ExprId) -> Parsed<ExprId> {
        self.pos += 1;
        let then = self.expression()?;
        self.expect(b':', "`:` and the value for when the condition is false")?;
        let otherwise = self.expression()?;
        let span = self.tree.span(condition).to(self.tree.span(otherwise));
        self.push(ExprKind::Conditional { condition, then, otherwise }, span)
    }

    /// Reads operands joined by operators that bind at least as tightly as `level`.
    fn operation(&mut self, level: u8) -> Parsed<ExprId> {
        let mut lhs = self.operand()?;
        loop {
            self.trivia();
            let Some((op, binds, width)) = self.operator() else { return Ok(lhs) };
            if binds < level {
                return Ok(lhs);
            }
            self.pos += width;
            let rhs = self.operation(binds + 1)?;
            let span = self.tree.span(lhs).to(self.tree.span(rhs));
            lhs = self.push(ExprKind::Binary { op, lhs, rhs }, span)?;
        }
    }

    /// The infix operator at hand, how tightly it binds, and its length.
    fn operator(&self) -> Option<(BinaryOp, u8, usize)> {
        let found = match (self.byte(), self.next_byte()) {
            (b'|', b'|') => (BinaryOp::Or, 0, 2),
            (b'&', b'&') => (BinaryOp::And, 1, 2),
            (b'=', b'=') => (BinaryOp::Equal, 2, 2),
            (b'!', b'=') => (BinaryOp::NotEqual, 2, 2),
            (b'<', b'=') => (BinaryOp::LessOrEqual, 3, 2),
            (b'>', b'=') => (BinaryOp::GreaterOrEqual, 3, 2),
            (b'<', _) => (BinaryOp::Less, 3, 1),
            (b'>', _) => (BinaryOp::Greater, 3, 1),
            (b'+', _) => (BinaryOp::Add, 4, 1),
            (b'-', _) => (BinaryOp::Subtract, 4, 1),
            (b'*', _) => (BinaryOp::Multiply, 5, 1),
            (b'/', _) => (BinaryOp::Divide, 5, 1),
            (b'%', _) => (BinaryOp::Modulo, 5, 1),
            _ => return None,
        };
        Some(found)
    }

    /// Reads a term with its prefix operators and what is looked up in it.
    fn operand(&mut self) -> Parsed<ExprId> {
        self.trivia();
        let op = match self.byte() {
            b'-' => UnaryOp::Negate,
            b'!' => UnaryOp::Not,
            _ => {
                let term = self.term()?;
                return self.steps(term);
            }
        };
        let start = self.pos;
        self.pos += 1;
        self.enter()?;
        let operand = self.operand()?;
        self.leave();
        let span = self.span(start, start).to(self.tree.span(operand));
        self.push(ExprKind::Unary { op, operand }, span)
    }

    fn term(&mut self) -> Parsed<ExprId> {
        match self.byte() {
            b'"' => self.quoted(),
            b'0'..=b'9' => self.number(),
            b'[' => self.tuple(),
            b'{' => self.object(),
            b'(' => self.parenthesis(),
            b'<' if self.next_byte() == b'<' => self.heredoc(),
            _ if self.at_name() => self.named(),
            _ => Err(self.unexpected("an expression")),
        }
    }

    fn parenthesis(&mut self) -> Parsed<ExprId> {
        let start = self.pos;
        self.pos += 1;
        let outer = std::mem::replace(&mut self.newlines, false);
        let inner = self.expression()?;
        self.expect(b')', "`)`")?;
        self.newlines = outer;
        let span = self.from(start);
        self.push(ExprKind::Parenthesis(inner), span)
    }

    /// Reads a keyword, a call, or the root name of a traversal.
    fn named(&mut self) -> Parsed<ExprId> {
        let start = self.pos;
        self.pos = self.name_end(start);
        let name = self.from(start);
        self.trivia();
        match self.byte() {
            b'(' => return self.call(start),
            b':' if self.next_byte() == b':' => return self.namespaced(start),
            _ => {}
        }
        let kind = match self.slice(name) {
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "null" => ExprKind::Null,
            _ => ExprKind::Variable(name),
        };
        self.push(kind, name)
    }

    fn namespaced(&mut self, start: usize) -> Parsed<ExprId> {
        while self.byte() == b':' && self.next_byte() == b':' {
            self.pos += 2;
            self.trivia();
            if self.name().is_none() {
                return Err(self.unexpected("the name of a function"));
            }
            self.trivia();
        }
        if self.byte() != b'(' {
            return Err(self.unexpected("`(` and the arguments of the function"));
        }
        self.call(start)
    }

    /// Reads the arguments of a call whose name starts at `start`; `(` is at hand.
    fn call(&mut self, start: usize) -> Parsed<ExprId> {
        let name = self.span(start, self.end_of_name_before(self.pos));
        self.pos += 1;
        let outer = std::mem::replace(&mut self.newlines, false);
        let base = self.members.len();
        let mut expand = false;
        loop {
            self.trivia();
            if self.byte() == b')' {
                break;
            }
            let argument = self.expression()?;
            self.members.push(argument);
            self.trivia();
            match self.byte() {
                b',' => self.pos += 1,
                b')' => {}
                b'.' if self.rest().starts_with(b"...") => {
                    self.pos += 3;
                    expand = true;
                    self.trivia();
                    if self.byte() != b')' {
                        return Err(self.unexpected("`)` after `...`"));
                    }
                }
                _ => return Err(self.unexpected("`,` or `)`")),
            }
        }
        self.pos += 1;
        self.newlines = outer;
        let args = self.tree.list(&mut self.members, base);
        let span = self.from(start);
        self.push(ExprKind::Call { name, args, expand }, span)
    }

    /// The end of the name before the opening parenthesis at `at`, blanks left out.
    fn end_of_name_before(&self, at: usize) -> usize {
        let before = self.bytes.get(..at).unwrap_or(&[]);
        before.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(at, |last| last + 1)
    }

    fn number(&mut self) -> Parsed<ExprId> {
        let start = self.pos;
        self.digits();
        let mut whole = true;
        if self.byte() == b'.' && self.next_byte().is_ascii_digit() {
            whole = false;
            self.pos += 1;
            self.digits();
        }
        let sign = usize::from(matches!(self.next_byte(), b'+' | b'-'));
        if matches!(self.byte(), b'e' | b'E') && self.byte_at(self.pos + 1 + sign).is_ascii_digit() {
            whole = false;
            self.pos += 1 + sign;
            self.digits();
        }
        let span = self.from(start);
        if self.at_name() {
            return Err(self.unexpected("the end of the number"));
        }
        let text = self.slice(span);
        let number = match text.parse() {
            Ok(int) if whole => Number::Int(int),
            _ => Number::from_f64(text.parse().unwrap_or(f64::INFINITY)),
        };
        self.push(ExprKind::Number(number), span)
    }

    fn digits(&mut self) {
        while self.byte().is_ascii_digit() {
            self.pos += 1;
        }
    }

    /// Reads the steps after a term: `.name`, `[key]`, `.0`, `[*]`, `.*`.
    fn steps(&mut self, mut base: ExprId) -> Parsed<ExprId> {
        loop {
            self.trivia();
            base = match self.byte() {
                b'.' if self.rest().starts_with(b"...") => return Ok(base),
                b'.' => self.dot_step(base)?,
                b'[' => self.bracket_step(base)?,
                _ => return Ok(base),
            };
        }
    }

    fn dot_step(&mut self, base: ExprId) -> Parsed<ExprId> {
        self.pos += 1;
        self.trivia();
        if self.byte() == b'*' {
            return self.attribute_splat(base);
        }
        self.attribute_step(base)
    }

    /// Reads the name or legacy index after a dot.
    fn attribute_step(&mut self, base: ExprId) -> Parsed<ExprId> {
        let start = self.pos;
        if let Some(name) = self.name() {
            let span = self.tree.span(base).to(name);
            return self.push(ExprKind::GetAttr { base, name }, span);
        }
        self.digits();
        let index = self.from(start);
        if index.is_empty() {
            return Err(self.unexpected("the name of an attribute"));
        }
        let number = Number::Int(self.slice(index).parse().unwrap_or(i64::MAX));
        let key = self.push(ExprKind::Number(number), index)?;
        let span = self.tree.span(base).to(index);
        self.push(ExprKind::Index { base, key }, span)
    }

    fn bracket_step(&mut self, base: ExprId) -> Parsed<ExprId> {
        self.pos += 1;
        let outer = std::mem::replace(&mut self.newlines, false);
        self.trivia();
        if self.byte() == b'*' {
            self.pos += 1;
            self.expect(b']', "`]` after `[*`")?;
            self.newlines = outer;
            return self.full_splat(base);
        }
        let key = self.expression()?;
        self.expect(b']', "`]`")?;
        self.newlines = outer;
        let span = self.tree.span(base).to(self.from(self.pos));
        self.push(ExprKind::Index { base, key }, span)
    }

    /// `[*]` takes every step that follows, further splats included.
    fn full_splat(&mut self, base: ExprId) -> Parsed<ExprId> {
        self.enter()?;
        let here = self.from(self.pos);
        let item = self.push(ExprKind::SplatItem, here)?;
        let each = self.steps(item)?;
        self.leave();
        let span = self.tree.span(base).to(self.tree.span(each));
        self.push(ExprKind::Splat { base, each, full: true }, span)
    }

    /// `.*` takes only the attributes that follow.
    fn attribute_splat(&mut self, base: ExprId) -> Parsed<ExprId> {
        self.pos += 1;
        let here = self.from(self.pos);
        let mut each = self.push(ExprKind::SplatItem, here)?;
        loop {
            self.trivia();
            if self.byte() != b'.' || self.rest().starts_with(b"...") {
                break;
            }
            let dot = self.pos;
            self.pos += 1;
            self.trivia();
            if self.byte() == b'*' {
                self.pos = dot;
                break;
            }
            each = self.attribute_step(each)?;
        }
        let span = self.tree.span(base).to(self.tree.span(each));
        self.push(ExprKind::Splat { base, each, full: false }, span)
    }
}
