//! `.terraform/modules/modules.json`: where `terraform init` put the modules of a root.
//!
//! In: its text. Out: the directory of each call, by the names of the calls that lead to it.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::frontend::files::normalise;
use crate::parse::json;
use crate::source::FileId;

/// The directories of a root's modules, by `call.call`.
#[derive(Debug, Default)]
pub(crate) struct Manifest(IndexMap<String, PathBuf, FxBuildHasher>);

impl Manifest {
    /// Reads the manifest of the root at `root`; a broken one says nothing.
    pub(crate) fn read(text: &str, root: &Path) -> Self {
        // Nothing of it is ever shown, so its spans need no file.
        let (document, _) = json::parse(FileId(u32::MAX), text);
        let document = document.map(|document| document.root);
        let modules = document.as_ref().and_then(|root| root.as_object()?.value("Modules")?.as_array());
        let entries = modules.map_or(&[][..], |array| &array.items).iter().filter_map(|entry| {
            let entry = entry.as_object()?;
            let key = entry.value("Key")?.as_str()?.to_owned();
            Some((key, normalise(&root.join(entry.value("Dir")?.as_str()?))))
        });
        Self(entries.filter(|(key, _)| !key.is_empty()).collect())
    }

    /// The directory of a call.
    pub(crate) fn get(&self, key: &str) -> Option<&Path> {
        self.0.get(key).map(PathBuf::as_path)
    }

    /// Every directory, in order.
    pub(crate) fn directories(&self) -> impl Iterator<Item = &Path> {
        self.0.values().map(PathBuf::as_path)
    }
}
