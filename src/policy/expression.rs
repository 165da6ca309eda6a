//! Template expressions: `[concat(parameters('prefix'), field('name'))]`.
//!
//! In: the text between the brackets. Out: [`Syntax`], a tree of names not yet looked up, or where it went wrong.
//! [`Expression`] is what the compiler makes of it. Knows no function.

use std::sync::Arc;

use super::builtin::Function;
use super::condition::Field;
use crate::value::Value;

/// A compiled expression.
#[derive(Clone, Debug)]
pub enum Expression {
    /// A literal.
    Literal(Value),
    /// A parameter of the policy, by position.
    Parameter(usize),
    /// `field('...')`, or `current('...')` in a count of a field.
    Field(Box<Field>),
    /// `field(...)` of a computed name.
    FieldNamed(Box<Expression>),
    /// `current('name')`, or `current()` in a count of a value: the scope's position.
    Current(usize),
    /// A function call; the text names it.
    Call(Function, Arc<str>, Vec<Expression>),
    /// `.name`
    Member(Box<Expression>, Arc<str>),
    /// `[index]`
    Index(Box<Expression>, Box<Expression>),
}

impl Expression {
    /// Calls `visit` for this expression and every one inside it.
    pub(super) fn each(&self, visit: &mut dyn FnMut(&Self)) {
        visit(self);
        match self {
            Self::FieldNamed(inner) | Self::Member(inner, _) => inner.each(visit),
            Self::Index(of, index) => {
                of.each(visit);
                index.each(visit);
            }
            Self::Call(_, _, arguments) => arguments.iter().for_each(|it| it.each(visit)),
            Self::Literal(_) | Self::Parameter(_) | Self::Field(_) | Self::Current(_) => {}
        }
    }
}

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Syntax {
    Text(String),
    Number(i64),
    Call(String, Vec<Syntax>),
    Member(Box<Syntax>, String),
    Index(Box<Syntax>, Box<Syntax>),
}

/// Calls may nest this deep.
const MAX_DEPTH: usize = 64;

/// The text inside `[...]` when a string is an expression; `[[` writes a bracket that is none.
pub(super) fn inside(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    (!inner.starts_with('[')).then_some(inner)
}

/// Parses the text inside the brackets.
pub(super) fn parse(text: &str) -> Result<Syntax, String> {
    let mut parser = Parser { rest: text, whole: text };
    let syntax = parser.expression(0)?;
    parser.skip();
    if parser.rest.is_empty() { Ok(syntax) } else { Err(parser.wrong("the end")) }
}

struct Parser<'t> {
    rest: &'t str,
    whole: &'t str,
}

impl Parser<'_> {
    fn expression(&mut self, depth: usize) -> Result<Syntax, String> {
        if depth > MAX_DEPTH {
            return Err("calls nest too deep".into());
        }
        let mut syntax = self.primary(depth)?;
        loop {
            if self.eat('.') {
                let name = self.name().ok_or_else(|| self.wrong("a name"))?;
                syntax = Syntax::Member(Box::new(syntax), name);
            } else if self.eat('[') {
                let index = self.expression(depth.saturating_add(1))?;
                self.expect(']')?;
                syntax = Syntax::Index(Box::new(syntax), Box::new(index));
            } else {
                return Ok(syntax);
            }
        }
    }

    fn primary(&mut self, depth: usize) -> Result<Syntax, String> {
        self.skip();
        if self.rest.starts_with('\'') {
            return self.text();
        }
        if self.rest.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
            return self.number();
        }
        let name = self.name().ok_or_else(|| self.wrong("a function, a text or a number"))?;
        self.expect('(')?;
        let mut arguments = Vec::new();
        if self.eat(')') {
            return Ok(Syntax::Call(name, arguments));
        }
        loop {
            arguments.push(self.expression(depth.saturating_add(1))?);
            if self.eat(')') {
                return Ok(Syntax::Call(name, arguments));
            }
            self.expect(',')?;
        }
    }

    /// `'...'`, in which `''` is one quote.
    fn text(&mut self) -> Result<Syntax, String> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1).peekable();
        while let Some((at, character)) = characters.next() {
            if character != '\'' {
                text.push(character);
            } else if characters.next_if(|(_, next)| *next == '\'').is_some() {
                text.push('\'');
            } else {
                self.rest = self.rest.get(at.saturating_add(1)..).unwrap_or("");
                return Ok(Syntax::Text(text));
            }
        }
        Err(format!("a text is not closed in `{}`", self.whole))
    }

    fn number(&mut self) -> Result<Syntax, String> {
        let sign = usize::from(self.rest.starts_with('-'));
        let digits = self.rest.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(sign.saturating_add(digits));
        let number = number.parse().map_err(|_| self.wrong("a whole number"))?;
        self.rest = rest;
        Ok(Syntax::Number(number))
    }

    fn name(&mut self) -> Option<String> {
        self.skip();
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
        let length = self.rest.bytes().take_while(part).count();
        let (name, rest) = self.rest.split_at(length);
        self.rest = rest;
        (!name.is_empty()).then(|| name.to_owned())
    }

    fn eat(&mut self, character: char) -> bool {
        self.skip();
        match self.rest.strip_prefix(character) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, character: char) -> Result<(), String> {
        if self.eat(character) { Ok(()) } else { Err(self.wrong(&format!("`{character}`"))) }
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn wrong(&self, expected: &str) -> String {
        let at = self.whole.len().saturating_sub(self.rest.len());
        let found = self.rest.chars().next().map_or("the end".to_owned(), |found| format!("`{found}`"));
        format!("expected {expected}, found {found} after `{}`", self.whole.get(..at).unwrap_or(""))
    }
}

#[cfg(test)]
mod tests {
    use super::{Syntax, inside, parse};

    #[test]
    fn expressions_read_as_written() {
        let call = |name: &str, arguments| Syntax::Call(name.into(), arguments);
        let text = |text: &str| Syntax::Text(text.into());
        let cases = [
            ("parameters('a')", call("parameters", vec![text("a")])),
            ("f( 'it''s' , -2 )", call("f", vec![text("it's"), Syntax::Number(-2)])),
            (
                "f().b[0]",
                Syntax::Index(
                    Box::new(Syntax::Member(Box::new(call("f", vec![])), "b".into())),
                    Box::new(Syntax::Number(0)),
                ),
            ),
        ];
        for (source, expected) in cases {
            assert_eq!(parse(source), Ok(expected), "{source}");
        }
        assert_eq!((inside("[a()]"), inside("[[a()]"), inside("a")), (Some("a()"), None, None));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let cases = [
            ("f(", "expected a function, a text or a number, found the end after `f(`"),
            ("f('a'", "expected `,`, found the end after `f('a'`"),
            ("f('a)", "a text is not closed in `f('a)`"),
            ("f() g", "expected the end, found `g` after `f() `"),
            ("f", "expected `(`, found the end after `f`"),
        ];
        for (source, expected) in cases {
            assert_eq!(parse(source), Err(expected.into()), "{source}");
        }
        assert!(parse(&"f(".repeat(10_000)).is_err());
    }
}
