//! The loading phase: parse what was scanned, then follow module sources to directories not yet loaded.
//!
//! Parsing is parallel; files enter the source map one after the other and in order, so that ids are the same on
//! every run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use rayon::prelude::*;
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::inputs::{self, RootFiles};
use super::json_syntax;
use super::manifest::Manifest;
use super::module::{Module, Source};
use super::terragrunt::{self, Unit};
use super::{Options, Project, Root};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::frontend::files::{Files, Listed, ReadError, normalise};
use crate::parse::hcl;
use crate::source::{SourceFile, SourceMap};

/// Directories as far as they are read: the files of each, by name.
type Directories = BTreeMap<PathBuf, BTreeMap<String, SourceFile>>;

pub(super) fn load<'f>(
    scanned: Vec<SourceFile>,
    files: &'f dyn Files,
    sources: &mut SourceMap,
    options: &Options,
) -> (Project<'f>, Vec<Diagnostic>) {
    let mut loading = Loading { files, sources, modules: IndexMap::default(), diagnostics: Vec::new() };
    let (modules, others) = split(scanned);
    let scanned: BTreeSet<PathBuf> = modules.keys().cloned().collect();
    loading.parse(modules);
    loading.follow();
    let units = loading.terragrunt(&others);
    let deployed: BTreeSet<&PathBuf> = units.iter().map(|unit| &unit.source).collect();
    let mut dirs = loading.roots(&scanned);
    dirs.retain(|dir| !deployed.contains(dir));
    dirs.extend(units.iter().map(|unit| unit.source.clone()));
    let manifests = loading.manifests(&dirs);
    loading.follow();
    let given = inputs::Given::read(options, loading.files, loading.sources, &mut loading.diagnostics);
    let plain = dirs.len().saturating_sub(units.len());
    let units = std::iter::repeat_with(|| None).take(plain).chain(units.into_iter().map(Some));
    let listed: Vec<Vec<Listed>> = dirs.par_iter().map(|dir| files.list(dir)).collect();
    let roots = dirs.into_iter().zip(manifests).zip(units).zip(listed);
    let roots = roots
        .map(|(((dir, manifest), unit), listed)| loading.root(dir, &listed, manifest, unit, (&others, &given)))
        .collect();
    let Loading { modules, diagnostics, .. } = loading;
    (Project { files, modules, roots }, diagnostics)
}

/// The scanned files by directory: configuration, and what belongs to roots.
fn split(scanned: Vec<SourceFile>) -> (Directories, Directories) {
    // Comparing paths costs: they are put into order once they are together, and most are in order already.
    type Unordered = IndexMap<PathBuf, BTreeMap<String, SourceFile>, FxBuildHasher>;
    let (mut modules, mut others) = (Unordered::default(), Unordered::default());
    for file in scanned {
        let path = normalise(file.path());
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let dir = path.parent().unwrap_or_else(|| Path::new(""));
        let into = if is_configuration(&name) { &mut modules } else { &mut others };
        // The files of a directory mostly come one after the other.
        match into.last_mut().filter(|(last, _)| last.as_os_str() == dir.as_os_str()) {
            Some((_, names)) => names.insert(name, file),
            None => into.entry(dir.to_owned()).or_default().insert(name, file),
        };
    }
    let mut modules: Directories = modules.into_iter().collect();
    for names in modules.values_mut() {
        prefer_tofu(names);
    }
    (modules, others.into_iter().collect())
}

/// True for the names of files that declare something.
pub(crate) fn is_configuration(name: &str) -> bool {
    let path = Path::new(name);
    let ends = |ending: &str| name.len() > ending.len() && name.ends_with(ending);
    !name.starts_with('.')
        && !path.as_os_str().is_empty()
        && [".tf", ".tofu", ".tf.json", ".tofu.json"].map(ends).contains(&true)
}

/// `x.tofu` stands in for `x.tf` when both are there.
fn prefer_tofu(names: &mut BTreeMap<String, SourceFile>) {
    if !names.keys().any(|name| name.contains(".tofu")) {
        return;
    }
    let replaced = |name: &String| {
        let tofu = name.strip_suffix(".tf").map(|stem| format!("{stem}.tofu"));
        tofu.or_else(|| name.strip_suffix(".tf.json").map(|stem| format!("{stem}.tofu.json")))
    };
    let gone: Vec<String> =
        names.keys().filter(|name| replaced(name).is_some_and(|tofu| names.contains_key(&tofu))).cloned().collect();
    for name in gone {
        names.remove(&name);
    }
}

struct Loading<'f, 's> {
    files: &'f dyn Files,
    sources: &'s mut SourceMap,
    modules: IndexMap<PathBuf, Module, FxBuildHasher>,
    diagnostics: Vec<Diagnostic>,
}

impl Loading<'_, '_> {
    /// Parses directories, in parallel.
    fn parse(&mut self, directories: Directories) {
        let files = self.files;
        let parsed: Vec<(Module, Vec<Diagnostic>)> = directories
            .into_par_iter()
            .map(|(dir, names)| {
                let parsed: Vec<_> = names.into_par_iter().map(|(name, file)| parse_file(name, &file)).collect();
                let mut diagnostics = Vec::new();
                let mut members = Vec::with_capacity(parsed.len());
                for (name, file, mut problems) in parsed {
                    members.push((name, Arc::new(file)));
                    diagnostics.append(&mut problems);
                }
                let shown = shown_directory(files, &dir);
                (Module::new(dir, shown, members), diagnostics)
            })
            .collect();
        for (module, mut diagnostics) in parsed {
            self.diagnostics.append(&mut diagnostics);
            self.modules.insert(module.dir.clone(), module);
        }
    }

    /// Loads every directory that a loaded one calls, until there is none left.
    fn follow(&mut self) {
        loop {
            let called: BTreeSet<PathBuf> = self
                .modules
                .values()
                .flat_map(|module| module.calls.values())
                .filter_map(|call| match &call.source {
                    Source::Local(dir) | Source::Early(dir) if !self.modules.contains_key(dir) => Some(dir.clone()),
                    _ => None,
                })
                .collect();
            if !self.load_directories(called) {
                return;
            }
        }
    }

    /// Reads and parses directories; true when one of them had configuration.
    fn load_directories(&mut self, dirs: BTreeSet<PathBuf>) -> bool {
        let mut read = Directories::new();
        for dir in dirs {
            if self.modules.contains_key(&dir) {
                continue;
            }
            let mut names = BTreeMap::new();
            for listed in self.files.list(&dir) {
                if !listed.directory && is_configuration(&listed.name) {
                    let file = read_file(self.files, self.sources, &dir.join(&listed.name), &mut self.diagnostics);
                    names.extend(file.map(|file| (listed.name, file)));
                }
            }
            prefer_tofu(&mut names);
            if !names.is_empty() {
                read.insert(dir, names);
            }
        }
        let any = !read.is_empty();
        self.parse(read);
        any
    }

    /// The scanned directories that no other scanned one calls, and one of each circle of calls.
    fn roots(&self, scanned: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
        let called_by = |at: usize| {
            let module = self.modules.get_index(at).map(|(_, module)| module);
            module.into_iter().flat_map(|module| module.calls.values()).filter_map(|call| match &call.source {
                Source::Local(to) | Source::Early(to) => self.modules.get_index_of(to),
                _ => None,
            })
        };
        let calls: Vec<Vec<usize>> = (0..self.modules.len()).map(|at| called_by(at).collect()).collect();
        let calls = |at: usize| calls.get(at).into_iter().flatten().copied();
        let scanned: Vec<(usize, &PathBuf)> =
            scanned.iter().filter_map(|dir| Some((self.modules.get_index_of(dir)?, dir))).collect();
        let called: FxHashSet<usize> =
            scanned.iter().flat_map(|(at, _)| calls(*at).filter(move |to| to != at)).collect();
        let mut queue: Vec<usize> = scanned.iter().map(|(at, _)| *at).filter(|at| !called.contains(at)).collect();
        let mut roots: Vec<PathBuf> =
            scanned.iter().filter(|(at, _)| !called.contains(at)).map(|(_, dir)| (*dir).clone()).collect();
        let mut reached: FxHashSet<usize> = FxHashSet::default();
        let mut left = scanned.iter();
        loop {
            while let Some(at) = queue.pop() {
                if reached.insert(at) {
                    queue.extend(calls(at));
                }
            }
            let Some((at, dir)) = left.find(|(at, _)| !reached.contains(at)) else { break };
            roots.push((*dir).clone());
            queue.push(*at);
        }
        roots.retain(|dir| self.modules.get(dir).is_some_and(Module::declares_something));
        roots.sort();
        roots
    }

    /// The manifests of the roots; the directories that they name are loaded.
    fn manifests(&mut self, roots: &[PathBuf]) -> Vec<Manifest> {
        let mut manifests = Vec::with_capacity(roots.len());
        let mut calls = self.modules.values().flat_map(|module| module.calls.values());
        let remote = calls.any(|call| !matches!(call.source, Source::Local(_)));
        let files = self.files;
        let read = |root: &PathBuf| files.read(&root.join(".terraform/modules/modules.json")).ok();
        let texts: Vec<_> = if remote { roots.par_iter().map(read).collect() } else { vec![None; roots.len()] };
        for (root, text) in roots.iter().zip(texts) {
            manifests.push(text.map(|text| Manifest::read(&text, root)).unwrap_or_default());
        }
        let named = manifests.iter().flat_map(Manifest::directories).map(Path::to_owned).collect();
        self.load_directories(named);
        manifests
    }

    /// What the `terragrunt.hcl` files among the scanned ones deploy.
    fn terragrunt(&mut self, others: &Directories) -> Vec<Unit> {
        let mut units = Vec::new();
        for (dir, names) in others {
            let Some(file) = names.get(terragrunt::NAME) else { continue };
            let Some(unit) = terragrunt::read(dir, file, self.files, self.sources, &mut self.diagnostics) else {
                continue;
            };
            if self.load_directories(BTreeSet::from([unit.source.clone()])) {
                self.follow();
            }
            if self.modules.contains_key(&unit.source) {
                units.push(unit);
            } else if unit.source != unit.dir {
                let message = "the source of this Terragrunt unit is not on this machine";
                self.diagnostics.push(Diagnostic::warning(Code::MissingModule, unit.span.shrink_to_start(), message));
            }
        }
        units
    }

    fn root(
        &mut self,
        dir: PathBuf,
        listed: &[Listed],
        manifest: Manifest,
        unit: Option<Unit>,
        (others, given): (&Directories, &inputs::Given),
    ) -> Root {
        let module = self.modules.get(&dir);
        let beside = RootFiles::find((&dir, listed), others.get(&dir), self.files, self.sources, &mut self.diagnostics);
        let shown: Arc<str> = match (&unit, module) {
            (Some(unit), _) => shown_directory(self.files, &unit.dir).into(),
            (None, Some(module)) => module.shown.clone(),
            (None, None) => shown_directory(self.files, &dir).into(),
        };
        let of_unit = unit.map(|unit| of_unit(unit, module)).unwrap_or_default();
        let inputs = inputs::of_root(module, &beside, of_unit, given, &mut self.diagnostics);
        Root { dir, shown, inputs, manifest, locked_azurerm: beside.locked_azurerm, own: None }
    }
}

/// What a unit of Terragrunt gives to the variables of its module.
fn of_unit(unit: Unit, module: Option<&Module>) -> inputs::Inputs {
    let declared = module.into_iter().flat_map(|module| module.variables.keys());
    let others = declared.filter(|name| !unit.inputs.contains_key(*name));
    let others: Vec<_> = others.filter_map(|name| Some((name.clone(), unit.other(name)?))).collect();
    let mut inputs = unit.inputs;
    inputs.extend(others);
    inputs
}

/// `.` for the directory that the run was started in.
fn shown_directory(files: &dyn Files, dir: &Path) -> String {
    let shown = files.shown(dir);
    if shown.is_empty() { ".".to_owned() } else { shown }
}

/// Adds a file to the source map; a file that cannot be read is a diagnostic.
pub(super) fn read_file(
    files: &dyn Files,
    sources: &mut SourceMap,
    path: &Path,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<SourceFile> {
    match files.read(path) {
        Ok(text) => {
            let id = sources.add(path, files.shown(path), text);
            sources.get(id).cloned()
        }
        Err(error) => {
            let severity = if error == ReadError::Outside { Severity::Warning } else { Severity::Error };
            let message = format!("this file was not read: {error}");
            diagnostics.push(Diagnostic::of_path(Code::Unreadable, files.shown(path), message).with_severity(severity));
            None
        }
    }
}

fn parse_file(name: String, file: &SourceFile) -> (String, hcl::File, Vec<Diagnostic>) {
    let (parsed, diagnostics) = if has_json_syntax(&name) {
        json_syntax::parse(file.id(), file.text())
    } else {
        hcl::parse(file.id(), file.text().clone())
    };
    (name, parsed, diagnostics)
}

/// True for the JSON variants of Terraform's files.
pub(super) fn has_json_syntax(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}
