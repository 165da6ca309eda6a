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
            let message = if shown.is_empty() {
                "the linked template is named only at deployment; its resources are not judged".to_owned()
            } else {
                format!("the linked template `{shown}` is not in this repository; its resources are not judged")
            };
            self.report(Code::MissingModule, link.span, message);
            None
        }
    }
}

/// The template at the path, or at the end of the address.
fn candidates(input: &Input<'_>, file: FileId, text: &str) -> Option<Value> {
    let directory = (input.directory)(file)?;
    let text = text.split(['?', '#']).next().unwrap_or("");
    if let Some((_, address)) = text.split_once("://") {
        return own_copy(input, &directory, address);
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

/// The file that an address on the internet has in this repository: below the directory of that name, or at the path
/// that follows the owner, repository and branch of a raw GitHub address.
fn own_copy(input: &Input<'_>, directory: &Path, address: &str) -> Option<Value> {
    let below = directory.file_name().and_then(|it| it.to_str()).and_then(|name| {
        let (_, tail) = address.split_once(&format!("/{name}/"))?;
        (input.template)(&joined(directory, tail))
    });
    below.or_else(|| {
        let path = address.strip_prefix("raw.githubusercontent.com/")?.splitn(4, '/').nth(3)?;
        directory.ancestors().find_map(|ancestor| (input.template)(&joined(ancestor, path)))
    })
}

fn joined(directory: &Path, tail: &str) -> PathBuf {
    crate::frontend::files::normalise(&directory.join(tail))
}
