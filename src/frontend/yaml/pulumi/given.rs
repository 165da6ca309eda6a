//! The files that a program reads with `fn::readFile`.
//!
//! In: a program and its directory. Out: the texts, by the paths that the program writes: literal ones, relative to the program.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::frontend::Files;
use crate::frontend::files::ReadError;
use crate::value::{Object, Reason, Value, ValueKind};

/// What was read, or why not, by the path as written.
#[derive(Debug, Default)]
pub(super) struct FilesRead(FxHashMap<Arc<str>, Result<Arc<str>, ReadError>>);

impl FilesRead {
    /// Reads everything that a program names.
    pub(super) fn of(root: &Value, directory: &Path, files: &dyn Files) -> Self {
        let mut found = Self::default();
        found.collect(root, directory, files);
        found
    }

    fn collect(&mut self, value: &Value, directory: &Path, files: &dyn Files) {
        match &value.kind {
            ValueKind::Array(array) => array.items.iter().for_each(|it| self.collect(it, directory, files)),
            ValueKind::Object(object) => {
                if let Some(path) = path(object) {
                    let text = || files.read(&directory.join(relative(path)));
                    self.0.entry(path.into()).or_insert_with(text);
                }
                object.entries.values().for_each(|it| self.collect(&it.value, directory, files));
            }
            _ => {}
        }
    }

    /// The text that a path as written leads to; none when it was not looked for.
    pub(super) fn text(&self, path: &Value) -> Option<Result<Arc<str>, Reason>> {
        let path = path.as_str()?;
        Some(self.0.get(path)?.clone().map_err(|problem| match problem {
            ReadError::NotFound => Reason::Invalid(format!("there is no file `{path}`").into()),
            other => Reason::NotEvaluated(format!("the file `{path}` ({other})").into()),
        }))
    }
}

/// The path of a call of `fn::readFile` whose text alone tells it.
fn path(object: &Object) -> Option<&str> {
    let (key, entry) = object.entries.first()?;
    let called = key.strip_prefix("fn::").or_else(|| key.strip_prefix("Fn::"))?;
    let path = entry.value.as_str()?;
    (called.eq_ignore_ascii_case("readFile") && object.entries.len() == 1 && !relative(path).contains("${"))
        .then_some(path)
}

/// The path without `${pulumi.cwd}`, where relative ones start anyway.
fn relative(path: &str) -> &str {
    path.strip_prefix("${pulumi.cwd}/").unwrap_or(path)
}
