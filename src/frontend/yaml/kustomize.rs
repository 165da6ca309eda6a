//! What Kustomize and Helm make of files: patches, which are parts of objects declared elsewhere, and templates of charts.
//!
//! In: the path of a file or directory, and the files around it. Out: what the `kustomization.yaml` of a directory names, or which
//! chart a file is a template of. Applies no patch and renders no chart: bases are judged as they are written.

use std::path::{Path, PathBuf};

use crate::frontend::Files;
use crate::frontend::files::normalise;
use crate::parse::yaml;
use crate::source::FileId;
use crate::value::{Object, Value};

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What the `kustomization.yaml` of a directory names.
#[derive(Debug, Default)]
pub(super) struct Kustomization {
    /// Files that are patches.
    pub(super) patches: Vec<PathBuf>,
    /// Files and directories that are deployed with the directory.
    pub(super) resources: Vec<PathBuf>,
}

/// The kustomization of a directory, if it has one.
pub(super) fn kustomization(directory: &Path, files: &dyn Files) -> Option<Kustomization> {
    let text = NAMES.iter().find_map(|name| files.read(&directory.join(name)).ok())?;
    let (documents, _) = yaml::parse(FileId(0), &text);
    let mut found = Kustomization::default();
    for object in documents.iter().filter_map(|it| it.root.as_object()) {
        let paths = |key: &str| {
            let items = object.value(key).and_then(Value::as_array).into_iter().flat_map(|it| &it.items);
            items.filter_map(named).map(|path| normalise(&directory.join(path))).collect::<Vec<_>>()
        };
        found.patches.extend(["patches", "patchesStrategicMerge", "patchesJson6902"].into_iter().flat_map(paths));
        found.resources.extend(["resources", "bases", "components"].into_iter().flat_map(paths));
    }
    Some(found)
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
