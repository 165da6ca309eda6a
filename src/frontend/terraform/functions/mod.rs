//! The functions of Terraform that need no cloud.
//!
//! In: a name and evaluated arguments. Out: the result at the place of the call; Unknown when an unknown argument
//! decides it, Invalid when Terraform would refuse it. `try` and `can` are lazy and live in the evaluator.

use std::sync::Arc;

use crate::frontend::files::{Listed, ReadError};
use crate::frontend::terraform::convert::{self, certainly_set, invalid};
use crate::frontend::terraform::operators::{self, key_text, why_unknown};
use crate::source::Span;
use crate::value::{Array, Number, Object, Reason, Unknown, Value, ValueKind};

/// What functions that read files need of the evaluator.
pub(crate) trait Context {
    /// The text of a file; the path is as the configuration has it, relative to the root module.
    fn read(&self, path: &str) -> Result<Arc<str>, ReadError>;

    /// What lies in a directory.
    fn list(&self, directory: &str) -> Vec<Listed>;

    /// A template text rendered with these variables, at `span`.
    fn render(&self, template: &Arc<str>, variables: &Value, span: Span) -> Value;
}

/// The result of calling a function.
pub(crate) fn call(name: &str, args: &[Value], span: Span, context: &dyn Context) -> Value {
    match (name, args) {
        ("file", [path]) => file(path, span, context),
        ("fileexists", [path]) => match path.as_str() {
            Some(path) => Value::new(exists(path, context), span),
            None => unknown(&[path], span),
        },
        ("templatefile", [path, variables]) => {
            let template = file(path, span, context);
            match &template.kind {
                ValueKind::String(text) => context.render(text, variables, span),
                _ => template,
            }
        }
        ("lower", [text]) => text_to(text, span, str::to_lowercase),
        ("upper", [text]) => text_to(text, span, str::to_uppercase),
        ("trimspace", [text]) => text_to(text, span, |text| text.trim().to_owned()),
        ("tostring", [value]) => convert::to_string(value),
        ("tonumber", [value]) => convert::to_number(value),
        ("tobool", [value]) => convert::to_bool(value),
        ("tolist" | "tomap" | "sensitive" | "nonsensitive", [value]) => value.clone(),
        ("toset", [value]) => array_to(value, span, |items| convert::to_set(items.to_vec())),
        ("length", [value]) => length(value, span),
        ("keys", [value]) => object_to(value, span, |key, _| Value::new(key.clone(), span)),
        ("values", [value]) => object_to(value, span, |_, value| value.clone()),
        ("merge", _) => merge(args, span),
        ("concat", _) => concat(args, span),
        ("lookup", [object, key, rest @ ..]) => lookup(object, key, rest.first(), span),
        ("coalesce", _) => coalesce(args, span),
        ("contains", [list, value]) => contains(list, value, span),
        ("flatten", [value]) => flatten(value, span),
        ("element", [list, index]) => element(list, index, span),
        ("join", [separator, lists @ ..]) => join(separator, lists, span),
        ("format", [template, args @ ..]) => format(template, args, span),
        ("replace", [text, from, to]) => replace(text, from, to, span),
        _ => Value::unknown(Reason::NotEvaluated(format!("the function `{name}`").into()), span),
    }
}

fn unknown(args: &[&Value], span: Span) -> Value {
    Value::new(why_unknown(args), span)
}

fn file(path: &Value, span: Span, context: &dyn Context) -> Value {
    let Some(path) = path.as_str() else { return unknown(&[path], span) };
    match context.read(path) {
        Ok(text) => Value::new(text, span),
        Err(error) => Value::unknown(Reason::NotEvaluated(format!("the file `{path}`: {error}").into()), span),
    }
}

fn exists(path: &str, context: &dyn Context) -> bool {
    let (directory, name) = path.rsplit_once('/').unwrap_or((".", path));
    context.list(directory).iter().any(|listed| listed.name == name && !listed.directory)
}

fn text_to(text: &Value, span: Span, change: impl Fn(&str) -> String) -> Value {
    let text = convert::to_string(text);
    match &text.kind {
        ValueKind::String(it) => Value::new(change(it), span),
        ValueKind::Unknown(_) => unknown(&[&text], span),
        _ => invalid("a string is required", span),
    }
}

fn array_to(value: &Value, span: Span, change: impl Fn(&[Value]) -> Vec<Value>) -> Value {
    match &value.kind {
        ValueKind::Array(array) => {
            let array = Array { items: change(&array.items), rest: array.rest.clone() };
            Value::new(ValueKind::Array(Arc::new(array)), span)
        }
        ValueKind::Unknown(_) => value.clone(),
        _ => invalid("a list is required", span),
    }
}

fn object_to(value: &Value, span: Span, change: impl Fn(&Arc<str>, &Value) -> Value) -> Value {
    match &value.kind {
        ValueKind::Object(object) => {
            let mut entries: Vec<_> = object.entries.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let items = entries.into_iter().map(|(key, entry)| change(key, &entry.value)).collect();
            Value::new(ValueKind::Array(Arc::new(Array { items, rest: object.rest.clone() })), span)
        }
        ValueKind::Unknown(_) => unknown(&[value], span),
        _ => invalid("a map is required", span),
    }
}

fn length(value: &Value, span: Span) -> Value {
    let (count, rest) = match &value.kind {
        ValueKind::String(text) => (text.chars().count(), &None),
        ValueKind::Array(array) => (array.items.len(), &array.rest),
        ValueKind::Object(object) => (object.entries.len(), &object.rest),
        ValueKind::Unknown(_) => return unknown(&[value], span),
        _ => return invalid("this value has no length", span),
    };
    match rest {
        None => Value::new(i64::try_from(count).unwrap_or(i64::MAX), span),
        Some(_) => unknown(&[value], span),
    }
}

/// Later arguments win; after an unknown one, what came before may have been replaced.
fn merge(args: &[Value], span: Span) -> Value {
    let mut merged = Object::default();
    for arg in args {
        let object = match &arg.kind {
            ValueKind::Null => continue,
            ValueKind::Object(object) => object,
            ValueKind::Unknown(why) => {
                doubt(&mut merged, why);
                continue;
            }
            _ => return invalid("a map is required", span),
        };
        if let Some(rest) = &object.rest {
            doubt(&mut merged, rest);
        }
        for (key, entry) in &object.entries {
            merged.entries.insert(key.clone(), entry.clone());
        }
    }
    Value::object(merged, span)
}

fn doubt(merged: &mut Object, why: &Arc<Unknown>) {
    for entry in merged.entries.values_mut() {
        let other = Value::new(Unknown::clone(why), entry.value.span);
        entry.value = convert::either(entry.value.clone(), other, why, entry.value.span);
    }
    merged.rest = Some(why.clone());
}

fn concat(args: &[Value], span: Span) -> Value {
    let mut joined = Array::default();
    for arg in args {
        match &arg.kind {
            ValueKind::Array(array) => {
                joined.items.extend(array.items.iter().cloned());
                joined.rest.clone_from(&array.rest);
            }
            ValueKind::Unknown(why) => joined.rest = Some(why.clone()),
            _ => return invalid("a list is required", span),
        }
        if joined.rest.is_some() {
            break;
        }
    }
    Value::new(ValueKind::Array(Arc::new(joined)), span)
}

fn lookup(object: &Value, key: &Value, default: Option<&Value>, span: Span) -> Value {
    match (&object.kind, key_text(key), default) {
        (ValueKind::Object(entries), Some(key), Some(default)) => match (entries.value(&key), &entries.rest) {
            (Some(value), _) => value.clone(),
            (None, None) => default.clone(),
            (None, Some(rest)) => {
                convert::either(operators::attribute(object, &key, span), default.clone(), rest, span)
            }
        },
        (ValueKind::Object(_), Some(_), None) => operators::index(object, key, span),
        (ValueKind::Unknown(why), _, Some(default)) => {
            convert::either(operators::index(object, key, span), default.clone(), why, span)
        }
        (ValueKind::Object(_), None, _) if key.as_unknown().is_some() => unknown(&[key], span),
        _ => invalid("a map is required", span),
    }
}

fn coalesce(args: &[Value], span: Span) -> Value {
    let mut doubtful: Vec<&Value> = Vec::new();
    for arg in args {
        if arg.is_null() || arg.as_str() == Some("") {
            continue;
        }
        let certain = certainly_set(arg) && arg.as_unknown().is_none_or(|why| why.prefix.is_some());
        if certain && doubtful.is_empty() {
            return arg.clone();
        }
        doubtful.push(arg);
    }
    if doubtful.is_empty() { invalid("every argument is null or empty", span) } else { unknown(&doubtful, span) }
}

fn contains(list: &Value, value: &Value, span: Span) -> Value {
    let ValueKind::Array(array) = &list.kind else {
        return if list.as_unknown().is_some() { unknown(&[list], span) } else { invalid("a list is required", span) };
    };
    let mut certain = array.rest.is_none();
    for item in &array.items {
        match convert::equal(item, value) {
            Some(true) => return Value::new(true, span),
            Some(false) => {}
            None => certain = false,
        }
    }
    if certain { Value::new(false, span) } else { unknown(&[list, value], span) }
}

fn flatten(value: &Value, span: Span) -> Value {
    fn walk(array: &Array, flat: &mut Array) {
        for item in &array.items {
            if flat.rest.is_some() {
                return;
            }
            match &item.kind {
                ValueKind::Array(inner) => walk(inner, flat),
                ValueKind::Unknown(why) => flat.rest = Some(why.clone()),
                _ => flat.items.push(item.clone()),
            }
        }
        if flat.rest.is_none() {
            flat.rest.clone_from(&array.rest);
        }
    }
    match &value.kind {
        ValueKind::Array(array) => {
            let mut flat = Array::default();
            walk(array, &mut flat);
            Value::new(ValueKind::Array(Arc::new(flat)), span)
        }
        ValueKind::Unknown(_) => unknown(&[value], span),
        _ => invalid("a list is required", span),
    }
}

fn element(list: &Value, index: &Value, span: Span) -> Value {
    let (ValueKind::Array(array), Some(Number::Int(position))) = (&list.kind, index.as_number()) else {
        return operators::index(list, index, span);
    };
    match i64::try_from(array.items.len()) {
        Ok(count) if count > 0 && array.rest.is_none() => {
            let position = position.checked_rem_euclid(count).and_then(|it| usize::try_from(it).ok()).unwrap_or(0);
            array.items.get(position).cloned().unwrap_or_else(|| invalid("the list is empty", span))
        }
        _ => operators::index(list, index, span),
    }
}

fn join(separator: &Value, lists: &[Value], span: Span) -> Value {
    let mut parts: Vec<Value> = Vec::new();
    for list in lists {
        let ValueKind::Array(array) = &list.kind else { return unknown(&[list], span) };
        if array.rest.is_some() {
            return unknown(&[list], span);
        }
        for item in &array.items {
            if !parts.is_empty() {
                parts.push(separator.clone());
            }
            parts.push(item.clone());
        }
    }
    operators::join(&parts, span)
}

/// `%s`, `%d`, `%v`, `%q` and `%%`; anything finer is not evaluated.
fn format(template: &Value, args: &[Value], span: Span) -> Value {
    let Some(template) = template.as_str() else { return unknown(&[template], span) };
    let (mut parts, mut args) = (Vec::new(), args.iter());
    let mut pieces = template.split('%');
    parts.push(Value::new(pieces.next().unwrap_or(""), span));
    while let Some(piece) = pieces.next() {
        if piece.is_empty() {
            parts.push(Value::new(format!("%{}", pieces.next().unwrap_or("")), span));
            continue;
        }
        let Some(rest) = piece.strip_prefix(['s', 'd', 'v']) else {
            return Value::unknown(Reason::NotEvaluated("this format".into()), span);
        };
        let Some(arg) = args.next() else { return invalid("too few arguments", span) };
        parts.push(arg.clone());
        parts.push(Value::new(rest, span));
    }
    operators::join(&parts, span)
}

fn replace(text: &Value, from: &Value, to: &Value, span: Span) -> Value {
    match (text.as_str(), from.as_str(), to.as_str()) {
        (Some(_), Some(pattern), _) if pattern.len() > 1 && pattern.starts_with('/') && pattern.ends_with('/') => {
            Value::unknown(Reason::NotEvaluated("a regular expression".into()), span)
        }
        (Some(text), Some(from), Some(to)) => Value::new(text.replace(from, to), span),
        _ => unknown(&[text, from, to], span),
    }
}
