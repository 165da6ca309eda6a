//! How a YAML text is written: its indentation, its quotes, its words for truth; and values in that manner.
//!
//! In: a text. Out: [`Style`], and scalars as text. Knows nothing of what they mean; a value that would be read as
//! another one without quotes gets them.

use crate::edit::Refusal;
use crate::value::{Value, ValueKind};

/// The manner of one text.
#[derive(Clone, Debug)]
pub(super) struct Style {
    pub(super) newline: &'static str,
    /// Blanks of one level.
    pub(super) unit: usize,
    /// Blanks in front of the dash of a list, from its key.
    pub(super) dash: usize,
    /// Truths are `yes` and `no`.
    yes: bool,
    quote: char,
}

impl Style {
    /// The manner of `text`; `truths` are those of YAML 1.1, which Ansible takes.
    pub(super) fn of(text: &str, truths: bool) -> Self {
        let indent = |line: &str| line.len().saturating_sub(line.trim_start_matches(' ').len());
        let written: Vec<&str> = text.lines().filter(|it| !is_blank(it)).collect();
        let below = |dashes: bool| {
            let mut pairs = written.iter().zip(written.iter().skip(1)).filter_map(move |(head, next)| {
                let opens = head.trim_end().ends_with(':') && next.trim_start().starts_with("- ") == dashes;
                let key = indent(head).saturating_add(if head.trim_start().starts_with("- ") { 2 } else { 0 });
                opens.then(|| indent(next).checked_sub(key)).flatten()
            });
            pairs.find(|it| dashes || *it > 0)
        };
        let unit = below(false).unwrap_or(2);
        let count = |words: [&str; 2]| {
            text.lines().filter(|it| words.iter().any(|word| it.trim_end().ends_with(&format!(": {word}")))).count()
        };
        Self {
            newline: if text.contains("\r\n") { "\r\n" } else { "\n" },
            unit,
            dash: below(true).unwrap_or(unit),
            yes: truths && count(["yes", "no"]) > count(["true", "false"]),
            quote: if text.contains('\'') && !text.contains('"') { '\'' } else { '"' },
        }
    }

    /// A value as it is written anew.
    pub(super) fn scalar(&self, value: &Value) -> Result<String, Refusal> {
        Ok(match &value.kind {
            ValueKind::Bool(true) if self.yes => "yes".to_owned(),
            ValueKind::Bool(false) if self.yes => "no".to_owned(),
            ValueKind::Bool(it) => it.to_string(),
            ValueKind::Number(it) => it.to_string(),
            ValueKind::String(it) if is_plain(it) => it.to_string(),
            ValueKind::String(it) if can_be_quoted(it) => format!("{0}{it}{0}", self.quote),
            ValueKind::Array(array) => {
                let items: Result<Vec<String>, Refusal> = array.items.iter().map(|it| self.scalar(it)).collect();
                format!("[{}]", items?.join(", "))
            }
            _ => return Err(Refusal::new("the value cannot be written as a literal")),
        })
    }

    /// A value in the place of a scalar, in its manner: its quotes, its word for truth.
    pub(super) fn in_place_of(&self, old: &str, value: &Value) -> Result<String, Refusal> {
        let fresh = self.scalar(value)?;
        let quote = old.chars().next().filter(|it| ['"', '\''].contains(it));
        match (quote, &value.kind) {
            (Some(quote), ValueKind::String(text)) if can_be_quoted(text) => Ok(format!("{quote}{text}{quote}")),
            (Some(quote), ValueKind::Bool(_) | ValueKind::Number(_)) => Ok(format!("{quote}{fresh}{quote}")),
            (None, ValueKind::Bool(flag)) => Ok(like(old, *flag).map_or(fresh, str::to_owned)),
            _ => Ok(fresh),
        }
    }
}

/// A truth as its opposite is written.
fn like(old: &str, flag: bool) -> Option<&'static str> {
    const PAIRS: [[&str; 2]; 10] = [
        ["false", "true"],
        ["False", "True"],
        ["FALSE", "TRUE"],
        ["no", "yes"],
        ["No", "Yes"],
        ["NO", "YES"],
        ["off", "on"],
        ["Off", "On"],
        ["OFF", "ON"],
        ["n", "y"],
    ];
    PAIRS.iter().find(|pair| pair.contains(&old)).and_then(|pair| pair.get(usize::from(flag)).copied())
}

/// A line that says nothing.
pub(super) fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// True for a text that every reader of YAML takes as a text without quotes.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    text.starts_with(|it: char| it.is_ascii_alphabetic() || it == '/')
        && text.chars().all(|it| it.is_ascii_alphanumeric() || "_-./".contains(it))
        && !WORDS.iter().any(|it| it.eq_ignore_ascii_case(text))
}

fn can_be_quoted(text: &str) -> bool {
    !text.chars().any(|it| it.is_control() || "\"'\\".contains(it)) && !text.contains("${") && !text.contains("{{")
}

#[cfg(test)]
mod tests {
    use super::Style;
    use crate::source::{FileId, Span};
    use crate::value::{Value, ValueKind};

    #[test]
    fn values_are_written_in_the_manner_of_the_text() {
        let at = Span::new(FileId(0), 0, 0);
        let style = |text: &str| Style::of(text, true);
        let plain = style("a: 1\n");
        let fresh = |style: &Style, kind: ValueKind| style.scalar(&Value::new(kind, at)).unwrap();
        assert_eq!(fresh(&plain, "Disabled".into()), "Disabled");
        assert_eq!(fresh(&plain, "1.2".into()), "\"1.2\"");
        assert_eq!(fresh(&plain, "No".into()), "\"No\"");
        assert_eq!(fresh(&style("a: 'b'\n"), "1.2".into()), "'1.2'");
        assert_eq!(fresh(&style("a: yes\nb: no\nc: true\n"), true.into()), "yes");
        assert_eq!(fresh(&Style::of("a: yes\n", false), true.into()), "true");
        let cases = [("false", "true"), ("\"false\"", "\"true\""), ("no", "yes"), ("False", "True"), ("off", "on")];
        for (old, new) in cases {
            assert_eq!(plain.in_place_of(old, &Value::new(true, at)).unwrap(), new);
        }
        let text = Value::new("TLS1_2", at);
        assert_eq!(plain.in_place_of("'TLS1_0'", &text).unwrap(), "'TLS1_2'");
        assert_eq!(plain.in_place_of("TLS1_0", &text).unwrap(), "TLS1_2");
    }

    #[test]
    fn levels_and_dashes_are_those_of_the_text() {
        let cases = [
            ("a:\n    b: 1\n", (4, 4)),
            ("a:\n- b: 1\n  c:\n    d: 1\n", (2, 0)),
            ("a:\n  - b: 1\n", (2, 2)),
            ("- a:\n    b: 1\n", (2, 2)),
            ("a: 1\n", (2, 2)),
        ];
        for (text, expected) in cases {
            let style = Style::of(text, false);
            assert_eq!((style.unit, style.dash), expected, "{text}");
        }
    }
}
