//! The variables beside Ansible tasks: `defaults` and `vars` of the role, and the files that plays name in `vars_files`.
//!
//! In: the documents and the directory of their file. Out: [`Variables`]. Inventories are not read: which hosts a play is for is not told.

use std::path::Path;

use super::jinja::Variables;
use crate::frontend::Files;
use crate::frontend::files::normalise;
use crate::parse::yaml;
use crate::source::SourceMap;
use crate::value::{Object, Value};

/// Everything that is known before the first task.
pub(super) fn variables(
    documents: &[Value],
    directory: &Path,
    files: &dyn Files,
    sources: &mut SourceMap,
) -> Variables {
    let mut variables = Variables::default();
    let mut read = |path: &str, variables: &mut Variables| {
        let path = normalise(&directory.join(path));
        let Ok(text) = files.read(&path) else { return };
        let file = sources.add(path.clone(), files.shown(&path), text.clone());
        let (documents, _) = yaml::parse(file, &text);
        if let Some(object) = documents.first().and_then(|it| it.root.as_object()) {
            variables.add(object.clone());
        }
    };
    if directory.file_name().is_some_and(|it| it == "tasks") {
        for name in ["../defaults/main.yml", "../defaults/main.yaml", "../vars/main.yml", "../vars/main.yaml"] {
            read(name, &mut variables);
        }
    }
    for name in documents.iter().flat_map(variable_files) {
        read(&name, &mut variables);
    }
    variables
}

fn variable_files(document: &Value) -> Vec<String> {
    let plays = document.as_array().into_iter().flat_map(|it| &it.items).filter_map(Value::as_object);
    let named = plays.filter_map(|play: &Object| play.value("vars_files")?.as_array());
    named.flat_map(|it| &it.items).filter_map(Value::as_str).map(str::to_owned).collect()
}
