//! Functions of files and paths: `file`, `fileexists`, `fileset`, `templatefile`, `basename`, `dirname`, ...

use std::sync::Arc;

use super::args::{Answer, Call};
use super::glob;
use crate::frontend::files::ReadError;
use crate::frontend::terraform::convert;
use crate::value::{Reason, Unknown, Value};

/// The most files and directories that `fileset` looks at.
const MAX_FILES: usize = 10_000;

/// The result, when the function is of this family.
pub(super) fn call(call: &Call<'_>) -> Option<Answer> {
    Some(match call.name {
        "file" => read(call, 0).map(|text| call.value(text)),
        "fileexists" => exists(call),
        "fileset" => file_set(call),
        "templatefile" => read(call, 0).and_then(|text| render(call, &text)),
        "templatestring" => call.text(0).and_then(|text| render(call, &text)),
        "basename" => match known_end(call) {
            Some((_, name)) => Ok(call.value(base_name(&name))),
            None => call.text(0).map(|path| call.value(base_name(&path))),
        },
        "dirname" => match known_end(call) {
            Some((before, _)) => Ok(call.value(Unknown { symbol: Some(before.into()), ..call.why() })),
            None => call.text(0).map(|path| call.value(directory_name(&path))),
        },
        "abspath" => call.text(0).map(|path| absolute(call, &path)),
        "pathexpand" => call.text(0).map(|path| expand(call, &path)),
        _ => return None,
    })
}

/// The text of the file that an argument names.
pub(super) fn read(call: &Call<'_>, position: usize) -> Result<Arc<str>, Value> {
    let path = call.text(position)?;
    call.context.read(&path).map_err(|problem| match problem {
        ReadError::NotFound => call.invalid(&format!("there is no file `{path}`")),
        other => call.not_evaluated(&format!("the file `{path}` ({other})")),
    })
}

fn exists(call: &Call<'_>) -> Answer {
    let path = call.text(0)?;
    match call.context.read(&path) {
        Ok(_) | Err(ReadError::NotText | ReadError::TooLarge) => Ok(call.value(true)),
        Err(ReadError::NotFound) => Ok(call.value(false)),
        Err(other) => Err(call.not_evaluated(&format!("the file `{path}` ({other})"))),
    }
}

fn render(call: &Call<'_>, template: &Arc<str>) -> Answer {
    let rendered = convert::to_string(&call.context.render(template, call.arg(1)?, call.span));
    Ok(match rendered.as_unknown() {
        Some(unknown) if !unknown.not_null => call.value(Unknown { not_null: true, ..Unknown::clone(unknown) }),
        _ => Value { span: call.span, ..rendered },
    })
}

/// What lies under a directory and matches, as paths relative to it, sorted.
fn file_set(call: &Call<'_>) -> Answer {
    let (directory, pattern) = (call.text(0)?, call.text(1)?);
    let patterns = glob::alternatives(&pattern).ok_or_else(|| call.invalid("the pattern is wrong"))?;
    let deep = patterns.iter().any(|it| it.contains("**"));
    let levels = patterns.iter().map(|it| it.split('/').count()).max().unwrap_or(1);
    let mut found: Vec<String> = Vec::new();
    let mut waiting = vec![(String::new(), 1_usize)];
    let mut seen = 0_usize;
    while let Some((inside, level)) = waiting.pop() {
        for entry in call.context.list(&joined(&directory, &inside)) {
            seen = seen.saturating_add(1);
            if seen > MAX_FILES {
                return Err(call.too_large("files of a fileset"));
            }
            let path = joined(&inside, &entry.name);
            if entry.directory {
                if deep || level < levels {
                    waiting.push((path, level.saturating_add(1)));
                }
            } else if patterns.iter().any(|it| glob::matches(it, &path)) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(call.text_array(found))
}

fn joined(directory: &str, name: &str) -> String {
    match (directory, name) {
        ("", name) => name.to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, name) => format!("{}/{name}", directory.trim_end_matches('/')),
    }
}

fn base_name(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match (path.is_empty(), trimmed.is_empty()) {
        (true, _) => ".".to_owned(),
        (false, true) => "/".to_owned(),
        _ => trimmed.rsplit('/').next().unwrap_or("").to_owned(),
    }
}

fn directory_name(path: &str) -> String {
    path.rsplit_once('/').map_or_else(|| ".".to_owned(), |(directory, _)| clean(&format!("{directory}/")))
}

/// A path without `.`, `..` and doubled slashes where that can be told.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if rooted => {}
            _ => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

fn absolute(call: &Call<'_>, path: &str) -> Value {
    if path.starts_with('/') {
        call.value(clean(path))
    } else {
        call.value(below_run(call.context.root(), path, call.name))
    }
}

/// A path from the root module as an absolute one. Where the run happens is not in the text, but the directories that
/// lead to the root module from there are.
pub(in crate::frontend::terraform) fn below_run(root: &str, path: &str, asked: &str) -> Unknown {
    let way = clean(&joined(root, path));
    let symbol = match way.as_str() {
        "." => Some("{working directory}".into()),
        way if way.starts_with("..") => None,
        way => Some(format!("{{working directory}}/{way}").into()),
    };
    Unknown { not_null: true, symbol, ..Unknown::new(Reason::Runtime(asked.into())) }
}

/// The name that a path ends with whose beginning is unknown, and what comes before it.
fn known_end(call: &Call<'_>) -> Option<(String, String)> {
    let unknown = call.args.first()?.as_unknown()?;
    let (_, name) = unknown.suffix()?.rsplit_once('/').filter(|(_, name)| !name.is_empty())?;
    let before = unknown.symbol.as_deref()?.strip_suffix(name)?.strip_suffix('/')?;
    Some((before.to_owned(), name.to_owned()))
}

fn expand(call: &Call<'_>, path: &str) -> Value {
    if path.starts_with('~') { call.runtime() } else { call.value(path) }
}
