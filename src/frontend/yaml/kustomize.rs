//! What Kustomize and Helm make of files: patches, which are parts of objects declared elsewhere, and templates of charts.
//!
//! In: the path of a file or directory, and the files around it. Out: what the `kustomization.yaml` of a directory names, the secrets
//! that it makes of literals, or which chart a file is a template of. Applies no patch and renders no chart: bases are judged as they are written.

use std::path::{Path, PathBuf};

use super::manifest::Manifest;
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

/// True for the content of a `kustomization.yaml`, which may say neither its group nor its kind.
pub(super) fn is_kustomization(object: &Object) -> bool {
    let group = object.value("apiVersion").and_then(Value::as_str);
    let lists = |key: &str| object.value(key).is_some_and(|it| it.as_array().is_some());
    group.map_or_else(|| lists("secretGenerator"), |it| it.starts_with("kustomize.config.k8s.io/"))
}

/// The secrets that a kustomization makes of literals, as manifests.
pub(super) fn secrets(root: &Value) -> Vec<Manifest> {
    let Some(object) = root.as_object() else { return Vec::new() };
    let made = object.value("secretGenerator").and_then(Value::as_array);
    made.into_iter().flat_map(|it| &it.items).filter_map(secret).collect()
}

fn secret(generator: &Value) -> Option<Manifest> {
    let object = generator.as_object()?;
    let (literals, name) = (object.get("literals")?, object.get("name")?);
    let mut data = Object::default();
    for literal in &literals.value.as_array()?.items {
        if let Some((key, text)) = literal.as_str().and_then(|it| it.split_once('=')) {
            let text = text.trim_matches(['"', '\'']);
            data.insert(key, literal.span, Value::new(text, literal.span));
        }
    }
    let (header, span) = (name.key_span.to(name.value.span), generator.span);
    let mut manifest = Object::default();
    manifest.insert("apiVersion", header, Value::new("v1", header));
    manifest.insert("kind", header, Value::new("Secret", header));
    let mut metadata = Object::default();
    metadata.entries.insert("name".into(), name.clone());
    manifest.insert("metadata", header, Value::object(metadata, span));
    manifest.insert("stringData", literals.key_span, Value::object(data, literals.value.span));
    Manifest::all(&Value::object(manifest, span)).pop()
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
