//! Texts joined to one, some of them perhaps unknown.
//!
//! In: the parts. Out: a text, or an unknown that keeps how it starts, its references, and a symbol by which equal names stay equal.

use std::fmt::Write as _;

use crate::source::Span;
use crate::value::{Number, Reason, Unknown, Value, ValueKind};

/// Texts one after the other; unknown when one of them is.
pub(super) fn joined(parts: &[Value], separator: &str, span: Span) -> Value {
    let (mut text, mut symbol) = (String::new(), String::new());
    let mut unknown: Option<(Unknown, String)> = None;
    for (part, position) in parts.iter().zip(0usize..) {
        if position > 0 {
            text.push_str(separator);
            symbol.push_str(separator);
        }
        match &part.kind {
            ValueKind::Unknown(why) => {
                let joined = unknown.take().map_or_else(
                    || {
                        (
                            Unknown::clone(why),
                            why.prefix.as_deref().map_or_else(|| text.clone(), |it| format!("{text}{it}")),
                        )
                    },
                    |(before, head)| (before.join(why), head),
                );
                symbol.push_str(&why.symbol.as_deref().map_or_else(|| "{?}".to_owned(), |it| it.replace('/', "_")));
                unknown = Some(joined);
            }
            kind => {
                let Some(piece) = plain(kind) else {
                    return Value::unknown(Reason::Invalid("only texts and numbers can be joined".into()), span);
                };
                text.push_str(&piece);
                symbol.push_str(&piece);
            }
        }
    }
    match unknown {
        None => Value::new(text, span),
        Some((mut why, head)) => {
            why.not_null = true;
            why.prefix = (!head.is_empty()).then(|| head.into());
            why.symbol = (!symbol.contains("{?}")).then(|| symbol.into());
            Value::new(why, span)
        }
    }
}

fn plain(kind: &ValueKind) -> Option<String> {
    let mut text = String::new();
    match kind {
        ValueKind::String(it) => text.push_str(it),
        ValueKind::Bool(it) => write!(text, "{it}").ok()?,
        ValueKind::Number(Number::Int(it)) => write!(text, "{it}").ok()?,
        ValueKind::Number(Number::Float(it)) => write!(text, "{it}").ok()?,
        _ => return None,
    }
    Some(text)
}
