//! A tolerant reader of Bicep: which declarations a file has, and where the properties of their values stand.
//!
//! In: the text of a `.bicep` file. Out: [`Declaration`]s with the shape of their values. Not a compiler: types are skipped,
//! expressions are kept as the object and array literals inside them, and what is not understood is passed over.

use super::scan::Reader;
use crate::source::{FileId, Span};

/// A declaration of a file, or of a resource nested in another one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Declaration {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// `Type@version` of a resource, path or address of a module.
    pub(super) target: String,
    /// Deployed elsewhere.
    pub(super) existing: bool,
    /// The text of its `name`.
    pub(super) name_text: Option<String>,
    /// From the keyword up to the value.
    pub(super) header: Span,
    /// The condition behind `if`.
    pub(super) condition: Option<Span>,
    pub(super) value: Option<Node>,
}

/// What a declaration declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Parameter,
    Variable,
    Output,
    Resource,
    Module,
}

/// The shape of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) shape: Shape,
}

/// What an expression is, as far as positions are concerned.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Object(Vec<Property>, Vec<Declaration>),
    Array(Vec<Node>),
    /// `[for x in y: body]`
    Loop(Box<Node>),
    /// The branches of `condition ? this : that`.
    Choice(Vec<Node>),
    /// Anything else: the literals inside it.
    Other(Vec<Node>),
}

/// An entry of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Property {
    pub(super) key: String,
    /// Key and value.
    pub(super) span: Span,
    pub(super) value: Node,
}

/// How deep literals may nest; what lies deeper is passed over.
const MAX_DEPTH: usize = 200;

/// Reads the declarations of a file.
pub(super) fn read(file: FileId, text: &str) -> Vec<Declaration> {
    let mut reader = Reader::new(file, text);
    let mut declarations = Vec::new();
    loop {
        reader.skip_blank();
        if reader.at >= reader.bytes.len() {
            return declarations;
        }
        match reader.declaration(0) {
            Some(declaration) => declarations.push(declaration),
            None => reader.skip_statement(),
        }
    }
}

impl Reader<'_> {
    /// A declaration that starts here; nothing, and nothing consumed, when there is none.
    fn declaration(&mut self, depth: usize) -> Option<Declaration> {
        let start = self.at;
        let kind = match self.word() {
            "param" => Kind::Parameter,
            "var" => Kind::Variable,
            "output" => Kind::Output,
            "resource" => Kind::Resource,
            "module" => Kind::Module,
            _ => {
                self.at = start;
                return None;
            }
        };
        self.skip_spaces();
        let name = self.word().to_owned();
        self.skip_spaces();
        if name.is_empty() || matches!(self.peek(), Some(b':' | b'.')) {
            self.at = start;
            return None;
        }
        let from = self.at;
        if matches!(kind, Kind::Resource | Kind::Module) && self.peek() == Some(b'\'') {
            self.skip_string();
        }
        let target = self.text.get(from..self.at).unwrap_or("").trim_matches('\'').to_owned();
        self.skip_spaces();
        let existing = self.text.get(self.at..).is_some_and(|rest| rest.starts_with("existing"));
        let has_value = self.skip_to_value();
        let header = self.span(start, self.text.get(start..self.at).map_or(start, |it| start + it.trim_end().len()));
        let mut declaration =
            Declaration { kind, name, target, existing, name_text: None, header, condition: None, value: None };
        if has_value {
            self.at += 1;
            self.skip_spaces();
            declaration.condition = self.condition();
            let value = self.expression(depth + 1, true);
            declaration.name_text = self.name_of(&value);
            declaration.value = Some(value);
        }
        Some(declaration)
    }

    /// The text of the `name` of a resource or module.
    fn name_of(&self, value: &Node) -> Option<String> {
        match &value.shape {
            Shape::Object(properties, _) => {
                let span = properties.iter().find(|it| it.key == "name")?.value.span;
                self.text.get(span.start as usize..span.end as usize).map(str::to_owned)
            }
            Shape::Loop(body) => self.name_of(body),
            _ => None,
        }
    }

    /// Moves to the `=` in front of a declaration's value; false when the declaration ends without one.
    fn skip_to_value(&mut self) -> bool {
        loop {
            match self.peek() {
                None => return false,
                Some(b'=') => return true,
                Some(b'\n' | b'\r') => {
                    // A type that is written over several lines goes on with `|`.
                    let end = self.at;
                    self.skip_blank();
                    if self.peek() != Some(b'|') {
                        self.at = end;
                        return false;
                    }
                }
                Some(b'\'') => self.skip_string(),
                Some(b'{' | b'[' | b'(') => self.skip_balanced(),
                Some(b'/') if self.comment() => {}
                Some(_) => self.at += 1,
            }
        }
    }

    /// `if (condition)` in front of a value.
    fn condition(&mut self) -> Option<Span> {
        let start = self.at;
        if self.word() != "if" {
            self.at = start;
            return None;
        }
        self.skip_spaces();
        let open = self.at;
        self.skip_balanced();
        let condition = self.span(open, self.at);
        self.skip_spaces();
        Some(condition)
    }

    /// An expression up to the end of its line, or up to what closes what is around it.
    fn expression(&mut self, depth: usize, ends_with_line: bool) -> Node {
        self.skip_spaces();
        let start = self.at;
        let mut end = self.at;
        let mut parts: Vec<Node> = Vec::new();
        let mut operand = false;
        while let Some(byte) = self.peek() {
            match byte {
                b',' | b')' | b']' | b'}' => break,
                b':' if self.in_branch && self.bytes.get(self.at + 1) != Some(&b':') => break,
                b':' if self.bytes.get(self.at + 1) == Some(&b':') => self.at += 2,
                b'?' if self.begins_branch() && depth < MAX_DEPTH => {
                    // What is asked is no part of what is chosen.
                    parts = vec![self.choice(depth + 1, ends_with_line)];
                    operand = true;
                }
                b'\n' | b'\r' if ends_with_line => {
                    let line_end = self.at;
                    self.skip_blank();
                    if !self.continues() {
                        self.at = line_end;
                        break;
                    }
                    continue;
                }
                b' ' | b'\t' | b'\n' | b'\r' => {
                    self.at += 1;
                    continue;
                }
                b'/' if self.comment() => continue,
                b'{' if depth < MAX_DEPTH => {
                    parts.push(self.enclosed(|it| it.object(depth + 1)));
                    operand = true;
                }
                // An index, not an array.
                b'[' if operand => self.skip_balanced(),
                b'[' if depth < MAX_DEPTH => {
                    parts.push(self.enclosed(|it| it.array(depth + 1)));
                    operand = true;
                }
                b'(' if depth < MAX_DEPTH => {
                    self.at += 1;
                    parts.append(&mut self.enclosed(|it| it.arguments(depth + 1)));
                    operand = true;
                }
                b'{' | b'[' | b'(' => self.skip_balanced(),
                b'\'' => {
                    self.skip_string();
                    operand = true;
                }
                _ => {
                    operand = byte.is_ascii_alphanumeric() || byte == b'_';
                    self.step();
                }
            }
            end = self.at;
        }
        let span = self.span(start, end);
        match parts.pop() {
            Some(only) if parts.is_empty() && only.span == span => only,
            last => {
                parts.extend(last);
                Node { span, shape: Shape::Other(parts) }
            }
        }
    }

    /// Reads what is in brackets: a colon in there ends no branch around them.
    fn enclosed<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let around = std::mem::take(&mut self.in_branch);
        let found = read(self);
        self.in_branch = around;
        found
    }

    /// `? this : that` behind a condition.
    fn choice(&mut self, depth: usize, ends_with_line: bool) -> Node {
        let start = self.at;
        self.at += 1;
        let around = std::mem::replace(&mut self.in_branch, true);
        self.skip_blank();
        let first = self.expression(depth, ends_with_line);
        self.in_branch = around;
        let mut branches = vec![first];
        if self.peek() == Some(b':') {
            self.at += 1;
            self.skip_blank();
            branches.push(self.expression(depth, ends_with_line));
        }
        Node { span: self.span(start, self.at), shape: Shape::Choice(branches) }
    }

    /// Whether the question mark here asks: not `??`, `.?` or `[?`.
    fn begins_branch(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.bytes.get(at));
        let behind = self.bytes.get(self.at + 1);
        !matches!(before, Some(b'?' | b'.' | b'[')) && !matches!(behind, Some(b'?' | b'.'))
    }

    /// Whether the line goes on: with an operator, a member, or a branch.
    fn continues(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        matches!(rest, [b'?' | b':' | b'.', ..]) || rest.starts_with(b"&&") || rest.starts_with(b"||")
    }

    /// The literals in the arguments of a call, the closing parenthesis included.
    fn arguments(&mut self, depth: usize) -> Vec<Node> {
        let mut parts = Vec::new();
        loop {
            self.skip_blank();
            match self.peek() {
                None => return parts,
                Some(b')') => {
                    self.at += 1;
                    return parts;
                }
                Some(b',' | b']' | b'}') => self.at += 1,
                Some(_) => {
                    let argument = self.expression(depth, false);
                    match argument.shape {
                        Shape::Other(inner) => parts.extend(inner),
                        _ => parts.push(argument),
                    }
                }
            }
        }
    }

    fn object(&mut self, depth: usize) -> Node {
        let start = self.at;
        self.at += 1;
        let (mut properties, mut nested) = (Vec::new(), Vec::new());
        loop {
            self.skip_blank();
            match self.peek() {
                None => break,
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(_) => match self.declaration(depth) {
                    Some(declaration) => nested.push(declaration),
                    None => properties.extend(self.property(depth)),
                },
            }
        }
        Node { span: self.span(start, self.at), shape: Shape::Object(properties, nested) }
    }

    /// `key: value`; a spread or a decorator is passed over.
    fn property(&mut self, depth: usize) -> Option<Property> {
        let start = self.at;
        let key = if self.peek() == Some(b'\'') {
            self.skip_string();
            self.text.get(start..self.at).unwrap_or("").trim_matches('\'').to_owned()
        } else {
            self.word().to_owned()
        };
        self.skip_spaces();
        if self.peek() != Some(b':') || key.is_empty() {
            self.at = self.at.max(start + 1);
            while self.peek().is_some_and(|byte| byte == b'.') {
                self.at += 1;
            }
            self.expression(depth, true);
            if self.at == start {
                self.step();
            }
            return None;
        }
        self.at += 1;
        let value = self.expression(depth, true);
        Some(Property { key, span: self.span(start, value.span.end as usize), value })
    }

    fn array(&mut self, depth: usize) -> Node {
        let start = self.at;
        self.at += 1;
        self.skip_blank();
        let shape = if self.text.get(self.at..).is_some_and(|rest| rest.starts_with("for ") || rest.starts_with("for("))
        {
            self.loop_body(depth)
        } else {
            Shape::Array(self.items(depth))
        };
        self.skip_blank();
        if self.peek() == Some(b']') {
            self.at += 1;
        }
        Node { span: self.span(start, self.at), shape }
    }

    fn loop_body(&mut self, depth: usize) -> Shape {
        // `for x in list:`, `for (x, i) in list:`
        while let Some(byte) = self.peek() {
            match byte {
                b':' | b']' => break,
                b'(' | b'[' | b'{' => self.skip_balanced(),
                b'\'' => self.skip_string(),
                _ => self.step(),
            }
        }
        if self.peek() == Some(b':') {
            self.at += 1;
        }
        self.skip_blank();
        self.condition();
        Shape::Loop(Box::new(self.expression(depth, false)))
    }

    fn items(&mut self, depth: usize) -> Vec<Node> {
        let mut items = Vec::new();
        loop {
            self.skip_blank();
            match self.peek() {
                None | Some(b']') => return items,
                Some(b',' | b')' | b'}') => self.at += 1,
                Some(_) => {
                    let before = self.at;
                    items.push(self.expression(depth, true));
                    if self.at == before {
                        self.step();
                    }
                }
            }
        }
    }

    /// Passes over a statement that is no declaration.
    fn skip_statement(&mut self) {
        let before = self.at;
        if self.peek() == Some(b'@') {
            self.at += 1;
        }
        self.expression(0, true);
        if self.at == before {
            self.step();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(node: &Node) -> String {
        match &node.shape {
            Shape::Object(properties, nested) => {
                let properties = properties.iter().map(|it| format!("{}:{}", it.key, shown(&it.value)));
                let nested = nested.iter().map(|it| format!("+{}", it.name));
                format!("{{{}}}", properties.chain(nested).collect::<Vec<_>>().join(" "))
            }
            Shape::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
            Shape::Loop(body) => format!("for {}", shown(body)),
            Shape::Choice(branches) => branches.iter().map(shown).collect::<Vec<_>>().join("|"),
            Shape::Other(parts) if parts.is_empty() => "_".into(),
            Shape::Other(parts) => format!("({})", parts.iter().map(shown).collect::<Vec<_>>().join(" ")),
        }
    }

    #[test]
    fn declarations_are_read_with_the_shape_of_their_values() {
        let cases = [
            ("param name string", "name"),
            ("param name string = 'a'", "name=_"),
            ("param kind ('a' | 'b') = 'a'\nparam more (\n  | 'a'\n  | 'b'\n)[] = []", "kind=_ more=[]"),
            ("@description('x: {')\n@secure()\nparam p object = { a: 1, b: [ 1\n 2 ] }", "p={a:_ b:[_ _]}"),
            ("param t 'a' | 'b' = 'a'\nvar v = 1", "t=_ v=_"),
            ("param o {\n  a: string\n  b: int?\n}\nvar x = 2", "o x=_"),
            ("var v = union({ a: 1 }, cond ? { b: 2 } : {})", "v=({a:_} {b:_}|{})"),
            ("var v = a ?? b.?c[?d] ? { x: e ? 1 : f::g } : h ? [ 1 ] : {}\nvar w = 1", "v=({x:(_|_)}|([_]|{})) w=_"),
            ("var v = cond\n  ? { a: 1 }\n  : { b: 2 }\nvar w = 1", "v=({a:_}|{b:_}) w=_"),
            ("var l = [for (x, i) in list: { name: x.a }]", "l=for {name:_}"),
            ("var s = '''\nparam no string\n'''\nvar t = 'it\\'s ${a['b']} {'", "s=_ t=_"),
            (
                "resource a 'T/b@1' = if (x) {\n  name: 'n'\n  // note {\n  properties: { p: list[0].q }\n  resource c 'd' = { name: 'e' }\n}",
                "a={name:_ properties:{p:_} +c}",
            ),
            ("resource a 'T/b@1' existing = { name: 'n' }", "a={name:_}"),
            (
                "module m './m.bicep' = [for x in y: if (z) {\n  name: 'm'\n  params: { ...x\n a: 1 }\n}]",
                "m=for {name:_ params:{a:_}}",
            ),
            ("output o string = a.b", "o=_"),
            (
                "targetScope = 'subscription'\nimport { x } from 'y.bicep'\ntype t = { a: string }\nfunc f(a string) string => 'x'",
                "",
            ),
        ];
        for (text, expected) in cases {
            let declarations = read(FileId(0), text);
            let found = declarations.iter().map(|it| {
                let value = it.value.as_ref().map(|it| format!("={}", shown(it))).unwrap_or_default();
                format!("{}{value}", it.name)
            });
            assert_eq!(found.collect::<Vec<_>>().join(" "), expected, "{text}");
        }
    }

    #[test]
    fn broken_text_is_passed_over() {
        for text in [
            "resource",
            "param",
            "var x =",
            "resource a 'b",
            "var x = {",
            "var x = [for",
            "{{{{",
            "'",
            "@",
            "\u{feff}var é = 'ü'",
        ] {
            read(FileId(0), text);
        }
        read(FileId(0), &format!("var x = {}", "[".repeat(100_000)));
        read(FileId(0), &format!("var x = {}", "{a:".repeat(100_000)));
    }
}
