//! All Terraform files of a run: loading, then evaluation of each root by itself.
//!
//! In: the files that were scanned, and [`Files`] to follow what they name. Out: [`Project`], read-only from then on,
//! whose roots are evaluated in parallel. Every module directory is parsed once, however often it is called.

mod constant;
mod early;
mod graft;
mod inputs;
mod json_syntax;
mod load;
mod manifest;
mod module;
mod terragrunt;
mod types;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use rayon::prelude::*;
use rustc_hash::{FxBuildHasher, FxHashSet};

pub(super) use self::constant::{constant, constant_text};
pub(super) use self::manifest::Manifest;
pub(super) use self::module::{Call, Item, Module, Parts, ResourceName, Source, block_name, room};
pub(super) use self::types::Type;
use super::evaluate;
use super::instance::Instance;
use crate::diagnostic::Diagnostic;
use crate::frontend::files::Files;
use crate::source::{SourceFile, SourceMap};
use crate::value::Value;

/// What the command line says about values.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--var name=value`, for every root.
    pub variables: Vec<(String, String)>,
    /// `--var-file`, for every root, later ones win.
    pub variable_files: Vec<PathBuf>,
    /// `TF_VAR_name`, when asked for: weaker than every file and than `--var`.
    pub environment: Vec<(String, String)>,
}

/// All Terraform configuration of a run.
pub struct Project<'f> {
    files: &'f dyn Files,
    modules: IndexMap<PathBuf, Module, FxBuildHasher>,
    roots: Vec<Root>,
}

/// A root module: a directory that no other scanned directory calls.
#[derive(Debug)]
pub struct Root {
    /// The directory, normalised.
    pub dir: PathBuf,
    /// The directory as reports show it.
    pub shown: Arc<str>,
    pub(super) inputs: IndexMap<Arc<str>, Input, FxBuildHasher>,
    pub(super) manifest: Manifest,
    pub(super) locked_azurerm: Option<u8>,
    /// What nothing but this root needs: it goes when the root goes.
    own: Option<Box<Module>>,
}

/// A variable's value from a variables file or the command line.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub(super) value: Value,
}

impl<'f> Project<'f> {
    /// The bytes of memory that there are, when something limits them.
    pub(in crate::frontend::terraform) fn memory(&self) -> Option<u64> {
        self.files.memory()
    }

    /// Parses the scanned files and everything that they call inside the repository.
    pub fn load(
        scanned: Vec<SourceFile>,
        files: &'f dyn Files,
        sources: &mut SourceMap,
        options: &Options,
    ) -> (Self, Vec<Diagnostic>) {
        load::load(scanned, files, sources, options)
    }

    /// The root modules, by directory.
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// Every instance of every resource that a root declares, with its arguments evaluated.
    pub fn evaluate(&self, root: &Root) -> (Vec<Instance>, Vec<Diagnostic>) {
        evaluate::evaluate(self, root)
    }

    /// The value of an expression in the scope of a root, as `terraform console` has it.
    pub fn evaluate_expression(&self, root: &Root, text: &str) -> Value {
        evaluate::expression(self, root, text)
    }

    /// The outputs of a root, as an object.
    pub fn outputs(&self, root: &Root) -> Value {
        evaluate::outputs(self, root)
    }

    /// The directories of every module that was loaded.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.modules.keys().map(PathBuf::as_path)
    }

    /// The directories of the modules that a root is made of, its own included.
    pub fn reach(&self, root: &Root) -> BTreeSet<PathBuf> {
        let mut reached = BTreeSet::new();
        let mut queue = vec![root.dir.clone()];
        queue.extend(root.manifest.directories().map(Path::to_path_buf));
        while let Some(dir) = queue.pop() {
            if reached.contains(&dir) {
                continue;
            }
            let module = if dir == root.dir { self.root_module(root) } else { self.modules.get(&dir) };
            let calls = module.into_iter().flat_map(|module| module.calls.values());
            queue.extend(calls.filter_map(|call| match &call.source {
                module::Source::Local(to) => Some(to.clone()),
                _ => None,
            }));
            reached.insert(dir);
        }
        reached
    }

    /// Takes the roots out; each is evaluated as before. Those for which `apart` is true, and that nothing else leads to, have
    /// their text with them from then on, so that it is forgotten with them.
    pub fn take_roots(&mut self, apart: impl Fn(&Root) -> bool) -> Vec<Root> {
        let mut roots = std::mem::take(&mut self.roots);
        let only = self.only_roots(&roots);
        for root in roots.iter_mut().filter(|root| apart(root)) {
            if only.contains(&root.dir)
                && let Some(module) = self.modules.get_mut(&root.dir)
            {
                root.own = Some(Box::new(std::mem::take(module)));
            }
        }
        roots
    }

    /// The directories that nothing leads to but that somebody wants to evaluate them as a root. None where a source is computed:
    /// it may lead anywhere.
    fn only_roots(&self, roots: &[Root]) -> FxHashSet<PathBuf> {
        let calls = || self.modules.values().flat_map(|module| module.calls.values());
        if calls().any(|call| matches!(call.source, module::Source::Early(_) | module::Source::Unreadable)) {
            return FxHashSet::default();
        }
        let mut only: FxHashSet<PathBuf> = FxHashSet::default();
        let mut several: FxHashSet<PathBuf> = FxHashSet::default();
        for root in roots {
            // Units of Terragrunt may deploy one directory several times.
            if !only.insert(root.dir.clone()) {
                several.insert(root.dir.clone());
            }
        }
        only.retain(|dir| !several.contains(dir));
        for call in calls() {
            if let module::Source::Local(to) = &call.source {
                only.remove(to);
            }
        }
        for named in roots.iter().flat_map(|root| root.manifest.directories()) {
            only.remove(named);
        }
        only
    }

    /// Forgets all text, on all threads.
    pub fn forget(self) {
        let modules: Vec<Module> = self.modules.into_values().collect();
        modules.into_par_iter().for_each(drop);
    }

    pub(super) fn root_module<'m>(&'m self, root: &'m Root) -> Option<&'m Module> {
        root.own.as_deref().or_else(|| self.modules.get(&root.dir))
    }

    pub(super) fn module(&self, dir: &Path) -> Option<&Module> {
        self.modules.get(dir)
    }

    pub(super) fn files(&self) -> &'f dyn Files {
        self.files
    }
}
