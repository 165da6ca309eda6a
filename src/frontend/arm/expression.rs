//! The expression language of templates, `[concat('a', parameters('b').c[0])]`, as a tree.
//!
//! In: the text of a JSON string. Out: an [`Expression`], or what is wrong and where. Offsets are bytes of the text that
//! was given; [`Place`] turns them into spans inside the JSON string. Knows no function and evaluates nothing.

use std::sync::Arc;

use crate::source::Span;
use crate::value::Number;

/// A node, and the bytes it covers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression {
    /// What it is.
    pub(super) kind: Kind,
    /// First byte.
    pub(super) start: u32,
    /// One past the last byte.
    pub(super) end: u32,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// `'text'`, unescaped.
    String(Arc<str>),
    /// `42`
    Number(Number),
    /// `concat(...)`, `contoso.name(...)`
    Call(Box<str>, Vec<Expression>),
    /// `base.name`
    Property(Box<Expression>, Box<str>),
    /// `base[index]`
    Index(Box<Expression>, Box<Expression>),
}

/// What a JSON string means in a template.
#[derive(Debug, PartialEq)]
pub(super) enum Meaning<'t> {
    /// Just text.
    Literal(&'t str),
    /// An expression: the text between the brackets.
    Expression(&'t str),
}

/// Why a text is no expression.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// First byte.
    pub(super) start: u32,
    /// One past the last byte.
    pub(super) end: u32,
    /// What is wrong.
    pub(super) message: String,
}

/// Where an expression's text lies in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    whole: Span,
    /// Offset of the expression's first byte, when the string has no escapes and so every byte has its place.
    exact: Option<u32>,
}

/// How deep calls and brackets may nest inside one expression.
const MAX_DEPTH: usize = 64;

/// Tells an expression from text: `[...]` is one, `[[...]` is the text `[...]`.
pub(super) fn meaning(text: &str) -> Meaning<'_> {
    match text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) if !inner.starts_with('[') => Meaning::Expression(inner),
        Some(_) => Meaning::Literal(text.get(1..).unwrap_or(text)),
        None => Meaning::Literal(text),
    }
}

/// Parses the text between the brackets.
pub(super) fn parse(text: &str) -> Result<Expression, Mistake> {
    let mut parser = Parser { text, at: 0 };
    let expression = parser.expression(0)?;
    parser.skip_whitespace();
    match parser.rest().chars().next() {
        None => Ok(expression),
        Some(found) => Err(parser.mistake(found.len_utf8(), format!("`{found}` does not belong here"))),
    }
}

impl Place {
    /// The place of the expression in a JSON string of this content.
    pub(super) fn of(string: Span, content: &str) -> Self {
        let exact = (u32::try_from(content.len()) == Ok(string.len().saturating_sub(2))).then(|| string.start + 2);
        Self { whole: string, exact }
    }

    /// The span of these bytes of the expression.
    pub(super) fn span(&self, start: u32, end: u32) -> Span {
        match self.exact {
            Some(first) => Span::new(self.whole.file, first.saturating_add(start), first.saturating_add(end)),
            None => self.whole,
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn expression(&mut self, depth: usize) -> Result<Expression, Mistake> {
        if depth > MAX_DEPTH {
            return Err(self.mistake(1, format!("the expression nests deeper than {MAX_DEPTH} levels")));
        }
        self.skip_whitespace();
        let start = self.offset();
        let mut found = self.primary(depth)?;
        loop {
            self.skip_whitespace();
            let kind = match self.peek() {
                Some(b'.') => {
                    self.at += 1;
                    self.skip_whitespace();
                    let name = self.identifier().ok_or_else(|| self.mistake(1, "a property name is missing"))?;
                    Kind::Property(Box::new(found), name.into())
                }
                Some(b'[') => {
                    self.at += 1;
                    let index = self.expression(depth + 1)?;
                    self.expect(b']')?;
                    Kind::Index(Box::new(found), Box::new(index))
                }
                _ => return Ok(found),
            };
            found = Expression { kind, start, end: self.offset() };
        }
    }

    fn primary(&mut self, depth: usize) -> Result<Expression, Mistake> {
        let start = self.offset();
        let kind = match self.peek() {
            Some(b'\'') => Kind::String(self.string()?),
            Some(b'0'..=b'9' | b'-' | b'+') => Kind::Number(self.number()?),
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$' => self.call(depth)?,
            Some(_) => {
                let found = self.rest().chars().next().unwrap_or(' ');
                return Err(self.mistake(found.len_utf8(), format!("expected a function or a value, found `{found}`")));
            }
            None => return Err(self.mistake(0, "the expression ends too early")),
        };
        Ok(Expression { kind, start, end: self.offset() })
    }

    fn call(&mut self, depth: usize) -> Result<Kind, Mistake> {
        let start = self.at;
        self.identifier();
        self.skip_whitespace();
        // The functions of a template have a namespace.
        while self.peek() == Some(b'.') {
            self.at += 1;
            self.identifier().ok_or_else(|| self.mistake(1, "a function name is missing"))?;
            self.skip_whitespace();
        }
        let name: Box<str> = self.text.get(start..self.at).unwrap_or("").split_whitespace().collect::<String>().into();
        if self.peek() != Some(b'(') {
            let message = format!("`{name}` is not called: a function needs parentheses, a text needs single quotes");
            self.at = start;
            return Err(self.mistake(name.len(), message));
        }
        self.at += 1;
        Ok(Kind::Call(name, self.arguments(depth)?))
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<Expression>, Mistake> {
        let mut arguments = Vec::new();
        self.skip_whitespace();
        if self.peek() == Some(b')') {
            self.at += 1;
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression(depth + 1)?);
            self.skip_whitespace();
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
        }
        self.expect(b')')?;
        Ok(arguments)
    }

    /// `'it''s'`: a doubled quote is a quote.
    fn string(&mut self) -> Result<Arc<str>, Mistake> {
        let open = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(quote) = rest.find('\'') else {
                let length = self.text.len().saturating_sub(open);
                self.at = open;
                return Err(self.mistake(length, "this text is not closed by a single quote"));
            };
            text.push_str(rest.get(..quote).unwrap_or(""));
            self.at += quote + 1;
            if self.peek() != Some(b'\'') {
                return Ok(text.into());
            }
            text.push('\'');
            self.at += 1;
        }
    }

    fn number(&mut self) -> Result<Number, Mistake> {
        let rest = self.rest();
        let digits = |byte: char| byte.is_ascii_alphanumeric() || matches!(byte, '.' | '-' | '+');
        let length = rest.find(|byte| !digits(byte)).unwrap_or(rest.len());
        let text = rest.get(..length).unwrap_or("");
        let number = text.parse().map(Number::Int).or_else(|_| text.parse::<f64>().map(Number::Float)).map_err(|_| ());
        match number {
            Ok(number) => {
                self.at += length;
                Ok(number)
            }
            Err(()) => Err(self.mistake(length.max(1), format!("`{text}` is not a number"))),
        }
    }

    fn identifier(&mut self) -> Option<&'t str> {
        let rest = self.text.get(self.at..).unwrap_or("");
        let inside = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
        let length = rest.find(|letter| !inside(letter)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).filter(|name| !name.is_empty())
    }

    fn expect(&mut self, byte: u8) -> Result<(), Mistake> {
        self.skip_whitespace();
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        let expected = char::from(byte);
        Err(match self.rest().chars().next() {
            Some(found) => self.mistake(found.len_utf8(), format!("expected `{expected}`, found `{found}`")),
            None => self.mistake(0, format!("the expression ends where `{expected}` should stand")),
        })
    }

    fn skip_whitespace(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn offset(&self) -> u32 {
        u32::try_from(self.at).unwrap_or(u32::MAX)
    }

    fn mistake(&self, length: usize, message: impl Into<String>) -> Mistake {
        let start = self.offset();
        Mistake { start, end: start.saturating_add(u32::try_from(length).unwrap_or(0)), message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(expression: &Expression) -> String {
        match &expression.kind {
            Kind::String(text) => format!("'{text}'"),
            Kind::Number(number) => number.to_string(),
            Kind::Call(name, arguments) => {
                format!("{name}({})", arguments.iter().map(shown).collect::<Vec<_>>().join(","))
            }
            Kind::Property(base, name) => format!("{}.{name}", shown(base)),
            Kind::Index(base, index) => format!("{}[{}]", shown(base), shown(index)),
        }
    }

    #[test]
    fn expressions_are_read_as_resource_manager_reads_them() {
        let cases = [
            ("concat('a', 'it''s')", "concat('a','it's')"),
            (" parameters( 'p' ) . a [ 0 ]\n.b ", "parameters('p').a[0].b"),
            ("contoso.name(-1, 2.5)", "contoso.name(-1,2.5)"),
            ("f()['x'][g()]", "f()['x'][g()]"),
            ("'plain'", "'plain'"),
            ("''", "''"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).as_ref().map(shown).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn mistakes_are_placed() {
        let cases = [
            ("concat('a'", (10, 10), "`)` should stand"),
            ("concat('a', )", (12, 13), "found `)`"),
            ("parameters('x", (11, 13), "not closed"),
            ("name", (0, 4), "`name` is not called"),
            ("f() g()", (4, 5), "`g` does not belong here"),
            ("f().", (4, 5), "property name"),
            ("f(#)", (2, 3), "found `#`"),
            ("", (0, 0), "ends too early"),
        ];
        for (text, (start, end), message) in cases {
            let mistake = parse(text).expect_err(text);
            assert_eq!((mistake.start, mistake.end), (start, end), "{text}: {}", mistake.message);
            assert!(mistake.message.contains(message), "{text}: {}", mistake.message);
        }
        assert!(parse(&"f(".repeat(100_000)).is_err());
    }

    #[test]
    fn brackets_make_an_expression_and_two_make_text() {
        assert_eq!(meaning("[f()]"), Meaning::Expression("f()"));
        assert_eq!(meaning("[[f()]"), Meaning::Literal("[f()]"));
        for text in ["f()", "[f()", "f()]", "", "["] {
            assert_eq!(meaning(text), Meaning::Literal(text));
        }
    }
}
