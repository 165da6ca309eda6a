//! `csvdecode`: rows of text to a list of objects, keyed by the first row.

use super::args::{Answer, Call};
use crate::value::{Object, Value};

/// The most fields that are read.
const MAX_FIELDS: usize = 200_000;

pub(super) fn decode(call: &Call<'_>) -> Answer {
    let text = call.text(0)?;
    let rows = rows(&text).ok_or_else(|| call.invalid("this is not CSV"))?;
    if rows.iter().map(Vec::len).sum::<usize>() > MAX_FIELDS {
        return Err(call.too_large("fields of CSV"));
    }
    let Some((header, rows)) = rows.split_first() else { return Err(call.invalid("there is no header row")) };
    let repeated = header.iter().enumerate().any(|(at, name)| header.iter().take(at).any(|before| before == name));
    if repeated {
        return Err(call.invalid("two columns have the same name"));
    }
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        if row.len() != header.len() {
            return Err(call.invalid("the rows have different lengths"));
        }
        let mut object = Object::default();
        for (name, field) in header.iter().zip(row) {
            object.insert(name.as_str(), call.span, call.value(field.as_str()));
        }
        out.push(Value::object(object, call.span));
    }
    Ok(call.array(out))
}

/// The rows that are not empty; `None` when the quotes do not match up.
fn rows(text: &str) -> Option<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n")) {
            rest = after;
            continue;
        }
        let mut row = Vec::new();
        loop {
            let (field, after) = field(rest)?;
            row.push(field);
            let Some(more) = after.strip_prefix(',') else {
                rest = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n')).unwrap_or(after);
                break;
            };
            rest = more;
        }
        rows.push(row);
    }
    Some(rows)
}

/// A field and what follows it: a comma, a line break or nothing.
fn field(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        let (field, after) = text.split_at_checked(end)?;
        let (field, after) = match field.strip_suffix('\r') {
            Some(stripped) if after.starts_with('\n') => (stripped, text.get(stripped.len()..)?),
            _ => (field, after),
        };
        return (!field.contains('"')).then(|| (field.to_owned(), after));
    };
    let mut field = String::new();
    loop {
        let (inside, after) = rest.split_once('"')?;
        field.push_str(inside);
        if let Some(more) = after.strip_prefix('"') {
            field.push('"');
            rest = more;
        } else {
            let ends = after.is_empty() || after.starts_with([',', '\n']) || after.starts_with("\r\n");
            return ends.then(|| (field.replace("\r\n", "\n"), after));
        }
    }
}
