//! The text of a Pulumi value: literal pieces and `${...}` expressions.
//!
//! In: a string. Out: its [`Piece`]s, and the root and steps of an expression. `$${` stands for `${`. A text that cannot be read has
//! no pieces. Evaluates nothing.

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// As written.
    Text(String),
    /// What is between `${` and `}`.
    Expression(Access),
}

/// `app.identity["x"][0]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Access {
    /// `app`
    pub(super) root: String,
    /// What follows.
    pub(super) steps: Vec<Step>,
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `.name` or `["name"]`.
    Key(String),
    /// `[0]`.
    Index(usize),
}

/// The pieces of a text; none when an expression in it cannot be read.
pub(super) fn pieces(text: &str) -> Option<Vec<Piece>> {
    let (mut found, mut literal, mut rest) = (Vec::new(), String::new(), text);
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at);
        literal.push_str(before);
        if let Some(tail) = after.strip_prefix("$${") {
            literal.push_str("${");
            rest = tail;
        } else if let Some(tail) = after.strip_prefix("${") {
            let (inner, tail) = tail.split_once('}')?;
            if !literal.is_empty() {
                found.push(Piece::Text(std::mem::take(&mut literal)));
            }
            found.push(Piece::Expression(access(inner.trim())?));
            rest = tail;
        } else {
            literal.push('$');
            rest = after.strip_prefix('$').unwrap_or("");
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() || found.is_empty() {
        found.push(Piece::Text(literal));
    }
    Some(found)
}

fn access(text: &str) -> Option<Access> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (root, mut rest) = text.split_at(end);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('.') {
            let end = tail.find(['.', '[']).unwrap_or(tail.len());
            let (key, tail) = tail.split_at(end);
            steps.push(Step::Key(key.to_owned()));
            rest = tail;
        } else {
            let (inner, tail) = rest.strip_prefix('[')?.split_once(']')?;
            let quoted = inner.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
            steps.push(match quoted {
                Some(key) => Step::Key(key.to_owned()),
                None => Step::Index(inner.parse().ok()?),
            });
            rest = tail;
        }
    }
    (!root.is_empty()).then(|| Access { root: root.to_owned(), steps })
}

impl Access {
    /// `identity.principalId` of `app.identity.principalId`.
    pub(super) fn attribute(&self) -> String {
        let mut text = String::new();
        for step in &self.steps {
            match step {
                Step::Key(key) if text.is_empty() => text.push_str(key),
                Step::Key(key) => {
                    text.push('.');
                    text.push_str(key);
                }
                Step::Index(index) => {
                    text.push('[');
                    text.push_str(&index.to_string());
                    text.push(']');
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_expressions() {
        let pieces = pieces("https://${sa.name}.x/$${y}$z${a[0][\"k\"]}").unwrap();
        let key = |text: &str| Step::Key(text.into());
        assert_eq!(
            pieces,
            [
                Piece::Text("https://".into()),
                Piece::Expression(Access { root: "sa".into(), steps: vec![key("name")] }),
                Piece::Text(".x/${y}$z".into()),
                Piece::Expression(Access { root: "a".into(), steps: vec![Step::Index(0), key("k")] }),
            ]
        );
    }

    #[test]
    fn a_broken_expression_has_no_pieces() {
        for text in ["${a", "${a[}", "${.b}", "${a[x]}"] {
            assert_eq!(pieces(text), None, "{text}");
        }
    }
}
