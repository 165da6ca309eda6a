//! Mapping data: which ARM property an azurerm argument fills, as `docs/mappings.md` says.
//!
//! In: the mapping file of a type (embedded as JSON, or a team's own while it is developed) and an evaluated resource
//! block. Out: the ARM bodies that it makes. Only files of types that occur are read, each once a run.
//! Knows nothing of links between resources; see `lower`.

mod align;
mod apply;
mod compile;
mod functions;
mod node;
mod read;
mod reads;
mod reverse;
#[cfg(test)]
mod tests;
mod transform;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use serde_json::Value as Json;

pub(super) use apply::{Made, apply, find};
pub(super) use compile::{Anchor, Child, Mapping, Naming};
pub(super) use reads::Reads;
pub(crate) use reverse::Place;
pub(super) use transform::{from_json, scalar_text};

use crate::diagnostic::{Code, Diagnostic};

include!(concat!(env!("OUT_DIR"), "/mappings.rs"));

type Compiled = HashMap<Arc<str>, Option<Arc<Mapping>>, FxBuildHasher>;

/// The mapping files of a run.
#[derive(Debug, Default)]
pub struct Mappings {
    own: IndexMap<String, Json, FxBuildHasher>,
    compiled: RwLock<Compiled>,
}

impl Mappings {
    /// The embedded files.
    pub fn embedded() -> Self {
        Self::default()
    }

    /// The embedded files, with these in their place or beside them: file stem and content. Each is compiled at once,
    /// so that whoever writes one sees what is wrong with it.
    pub fn with_files(files: impl IntoIterator<Item = (String, Json)>) -> (Self, Vec<Diagnostic>) {
        let mappings = Self { own: files.into_iter().collect(), compiled: RwLock::default() };
        let mut diagnostics = Vec::new();
        for name in mappings.own.keys() {
            if let Err(errors) = mappings.compile(name) {
                let path = format!("{name}.yaml");
                let found = errors.into_iter().map(|error| Diagnostic::of_path(Code::Policy, path.clone(), error));
                diagnostics.extend(found);
            }
        }
        (mappings, diagnostics)
    }

    /// The mapping of a type, when there is one.
    pub(super) fn get(&self, source_type: &str) -> Option<Arc<Mapping>> {
        if let Some(known) = self.compiled.read().unwrap_or_else(PoisonError::into_inner).get(source_type) {
            return known.clone();
        }
        let mapping = self.compile(source_type).ok().flatten().map(Arc::new);
        let mut compiled = self.compiled.write().unwrap_or_else(PoisonError::into_inner);
        compiled.entry(source_type.into()).or_insert(mapping).clone()
    }

    /// The types that have a file, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = MAPPINGS.iter().map(|(name, _)| *name).collect();
        names.extend(self.own.keys().map(String::as_str));
        names.sort_unstable();
        names.dedup();
        names
    }

    fn compile(&self, name: &str) -> Result<Option<Mapping>, Vec<String>> {
        let Some(mut file) = self.file(name).map_err(|error| vec![error])? else { return Ok(None) };
        let mut extended = vec![name.to_owned()];
        while let Some(base) = file.get("extends").and_then(Json::as_str).map(str::to_owned) {
            if extended.contains(&base) {
                return Err(vec![format!("`extends: {base}` leads back to itself")]);
            }
            let Some(base_file) = self.file(&base).map_err(|error| vec![error])? else {
                return Err(vec![format!("`extends: {base}`: there is no such file")]);
            };
            file = read::extend(file, &base_file);
            extended.push(base);
        }
        compile::compile(name, &file).map(Some)
    }

    fn file(&self, name: &str) -> Result<Option<Json>, String> {
        if let Some(own) = self.own.get(name) {
            return Ok(Some(own.clone()));
        }
        if let Some(module) = crate::frontend::yaml::module(name) {
            return serde_json::from_str(module).map(Some).map_err(|error| error.to_string());
        }
        let Ok(at) = MAPPINGS.binary_search_by(|(candidate, _)| (*candidate).cmp(name)) else { return Ok(None) };
        let text = MAPPINGS.get(at).map_or("{}", |(_, text)| *text);
        serde_json::from_str(text).map(Some).map_err(|error| error.to_string())
    }
}
