//! Values as evidence prints them: short, one line, nothing that may be a secret.

use std::fmt::Write as _;

use super::operators::Actual;
use crate::policy::{Expression, Operand};
use crate::value::{Value, ValueKind};

/// What stands for a value that may be a secret.
pub(super) const HIDDEN: &str = "(hidden)";

const LONGEST: usize = 80;

/// What was found.
pub(super) fn actual(actual: &Actual<'_>) -> String {
    match actual {
        Actual::Absent => "not set".into(),
        Actual::Known(known) => value(known),
        Actual::Unknown(_) => "unknown".into(),
    }
}

/// A value as JSON, cut when it is long.
pub(super) fn value(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, &mut text);
    cut(text)
}

/// A value as it stands in a sentence or a name.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| self::value(value), str::to_owned)
}

/// What a condition reads, when it reads no field.
pub(super) fn operand(operand: &Operand) -> String {
    match operand {
        Operand::Constant(constant) => value(constant),
        Operand::Expression(expression, _) => self::expression(expression),
        Operand::Array(..) => "an array".into(),
        Operand::Object(..) => "an object".into(),
    }
}

fn expression(expression: &Expression) -> String {
    match expression {
        Expression::Literal(literal) => value(literal),
        Expression::Call(_, name, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(self::expression).collect();
            format!("{name}({})", arguments.join(", "))
        }
        Expression::Field(field) => format!("field('{}')", field.path_text()),
        Expression::Member(of, name) => format!("{}.{name}", self::expression(of)),
        Expression::Index(of, index) => format!("{}[{}]", self::expression(of), self::expression(index)),
        Expression::Parameter(_) => "parameters(...)".into(),
        Expression::FieldNamed(_) => "field(...)".into(),
        Expression::Current(_) => "current()".into(),
    }
}

/// True for a path whose name says that it holds a secret.
pub(super) fn is_sensitive(path: &str) -> bool {
    let last =
        path.rsplit(['.', '\'']).find(|part| !part.is_empty() && *part != "]").unwrap_or(path).to_ascii_lowercase();
    let words =
        ["password", "secret", "connectionstring", "accesskey", "sharedkey", "primarykey", "token", "certificatedata"];
    words.iter().any(|word| last.contains(word))
        // What somebody may do with secrets is none.
        && !path.contains("ermissions.")
        && !last.ends_with("enabled")
        && !last.ends_with("uri")
        && !last.ends_with("type")
}

fn write_value(value: &Value, text: &mut String) {
    if text.len() > LONGEST {
        return;
    }
    match &value.kind {
        ValueKind::Null => text.push_str("null"),
        ValueKind::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        ValueKind::Number(number) => write!(text, "{number}").expect("writing to a string"),
        ValueKind::String(string) => write!(text, "{:?}", &**string).expect("writing to a string"),
        ValueKind::Unknown(_) => text.push_str("unknown"),
        ValueKind::Array(array) => {
            text.push('[');
            for (index, item) in array.items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write_value(item, text);
            }
            text.push_str(if array.rest.is_some() { ", ...]" } else { "]" });
        }
        ValueKind::Object(object) => {
            text.push('{');
            for (index, (key, entry)) in object.entries.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write!(text, "{key}: ").expect("writing to a string");
                if is_sensitive(key) { text.push_str(HIDDEN) } else { write_value(&entry.value, text) }
            }
            text.push('}');
        }
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or("")),
        None => text,
    }
}
