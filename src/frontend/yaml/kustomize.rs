//! What Kustomize and Helm make of files: patches, which are parts of objects declared elsewhere, and templates of charts.
//!
//! In: the path of a file, and the files around it. Out: whether a `kustomization.yaml` beside it names it as a patch, or which chart it
//! is a template of. Applies no patch and renders no chart: bases are judged as they are written.

use std::path::{Path, PathBuf};

use crate::frontend::Files;
use crate::frontend::files::normalise;
use crate::parse::yaml;
use crate::source::FileId;
use crate::value::{Object, Value};

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The files that the `kustomization.yaml` of a directory names as patches.
pub(super) fn patches(directory: &Path, files: &dyn Files) -> Vec<PathBuf> {
    let Some(text) = NAMES.iter().find_map(|name| files.read(&directory.join(name)).ok()) else { return Vec::new() };
    let (documents, _) = yaml::parse(FileId(0), &text);
    let mut found = Vec::new();
    for object in documents.iter().filter_map(|it| it.root.as_object()) {
        for key in ["patches", "patchesStrategicMerge", "patchesJson6902"] {
            let items = object.value(key).and_then(Value::as_array).into_iter().flat_map(|it| &it.items);
            found.extend(items.filter_map(named).map(|path| normalise(&directory.join(path))));
        }
    }
    found
}

fn named(patch: &Value) -> Option<&str> {
    patch.as_str().or_else(|| patch.as_object().and_then(|it: &Object| it.value("path")).and_then(Value::as_str))
}

/// The `Chart.yaml` of the Helm chart that a file is a template of.
pub(super) fn chart(file: &Path, files: &dyn Files) -> Option<PathBuf> {
    let templates = file.ancestors().skip(1).find(|it| it.file_name().is_some_and(|name| name == "templates"))?;
    let chart = templates.parent()?.join("Chart.yaml");
    files.read(&chart).is_ok().then_some(chart)
}
