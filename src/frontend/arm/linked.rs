//! Linked templates that lie in the repository: by relative path, or by an address whose tail is one.
//!
//! In: the `templateLink` of a deployment. Out: the template it names, when [`Input`] has it. Nothing is downloaded; a
//! link that leads elsewhere is reported as not evaluated.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::Input;
use super::declare::Declaration;
use super::evaluate::Run;
use super::symbol;
use crate::diagnostic::Code;
use crate::source::{FileId, Span};
use crate::value::{Object, Value, ValueKind};

impl Run<'_> {
    /// The template that a `templateLink` names.
    pub(super) fn linked(&self, declaration: &Rc<Declaration>, link: &Value) -> Option<(Arc<Object>, Span)> {
        let evaluated = self.value(&declaration.frame, link);
        let part = |key: &str| evaluated.as_object()?.get_ignore_case(key).map(|(_, entry)| entry.value.clone());
        let written = part("relativePath").or_else(|| part("uri"));
        let text = written.as_ref().and_then(symbol::symbol_of);
        let found = text.as_ref().and_then(|text| candidates(self.input, link.span.file, text));
        if let Some((ValueKind::Object(object), span)) = found.as_ref().map(|it| (&it.kind, it.span)) {
            Some((object.clone(), span))
        } else {
            let shown = text.or_else(|| part("id").as_ref().and_then(symbol::symbol_of)).unwrap_or_default();
            let message =
                format!("the linked template `{shown}` is not in this repository; its resources are not judged");
            self.report(Code::MissingModule, link.span, message);
            None
        }
    }
}

/// The template at the path, or at the end of the address.
fn candidates(input: &Input<'_>, file: FileId, text: &str) -> Option<Value> {
    let directory = (input.directory)(file)?;
    let text = text.split(['?', '#']).next().unwrap_or("");
    if let Some((scheme, address)) = text.split_once("://") {
        // The address of this repository's own copy: what follows this directory's name.
        let name = directory.file_name()?.to_str()?;
        let (_, tail) = address.split_once(&format!("/{name}/"))?;
        return (input.template)(&joined(&directory, tail)).filter(|_| scheme.starts_with("http"));
    }
    let tail = match text.strip_prefix('{') {
        Some(rest) => rest.split_once('}')?.1,
        None => text,
    };
    let tail = tail.split('{').next().unwrap_or("").trim_start_matches('/');
    if tail.is_empty() {
        return None;
    }
    (input.template)(&joined(&directory, tail))
}

fn joined(directory: &Path, tail: &str) -> PathBuf {
    crate::frontend::files::normalise(&directory.join(tail))
}
