//! All ARM inputs of a run: which files are templates, which parameters go with them, and one unit for each run of one.
//!
//! In: the JSON files that were scanned, and [`Files`] to follow links. Out: [`Templates`], read-only from then on, whose
//! units are lowered in parallel.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use rayon::prelude::*;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::bicep::{Bicep, Reach, unbuilt};
use super::detect::{Kind, deploys_by_policy, detect};
use super::{Input, export, scope};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::frontend::files::{Files, normalise};
use crate::model::Lowered;
use crate::parse::json::{self, Document};
use crate::source::{FileId, SourceFile, SourceMap, Span};
use crate::value::{Object, Value};

/// How many files below a template with links are loaded to find what it links.
const MAX_LINKED: usize = 500;

/// What the command line says about parameters.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--parameters FILE`, for every template; several give several runs.
    pub parameters: Vec<PathBuf>,
    /// `--bicep-root DIR`, where sources lie that are not beside their templates.
    pub bicep_root: Option<PathBuf>,
}

/// All ARM inputs of a run.
#[derive(Debug, Default)]
pub struct Templates {
    documents: IndexMap<PathBuf, Loaded, FxBuildHasher>,
    directories: FxHashMap<FileId, PathBuf>,
    units: Vec<Unit>,
    bicep_root: Option<PathBuf>,
}

#[derive(Debug)]
struct Loaded {
    shown: Arc<str>,
    document: Document,
    kind: Kind,
    /// Scanned, not only followed.
    scanned: bool,
}

/// One template with one set of parameters, or one file of resources.
#[derive(Clone, Debug)]
pub struct Unit {
    /// As reports name it: the template's path, and the parameter file's when there are several.
    pub root: Arc<str>,
    template: PathBuf,
    parameters: Option<PathBuf>,
}

impl Unit {
    /// The directory of its template.
    pub fn directory(&self) -> &Path {
        self.template.parent().unwrap_or(Path::new(""))
    }
}

impl Templates {
    /// Parses the scanned files; those that are no input of this front end are silently left out.
    pub fn load(
        scanned: &[SourceFile],
        files: &dyn Files,
        sources: &mut SourceMap,
        options: &Options,
    ) -> (Self, Vec<Diagnostic>) {
        let bicep_root = options.bicep_root.clone();
        let mut templates =
            Self { documents: IndexMap::default(), directories: FxHashMap::default(), units: Vec::new(), bicep_root };
        let mut diagnostics = Vec::new();
        let parsed: Vec<_> =
            scanned.par_iter().with_max_len(1).map(|file| (file, json::parse(file.id(), file.text()))).collect();
        let mut by_policy: Vec<&SourceFile> = Vec::new();
        for (file, (document, found)) in parsed {
            by_policy.extend(document.as_ref().is_some_and(|it| deploys_by_policy(&it.root)).then_some(file));
            templates.add(file, document, found, true, &mut diagnostics);
        }
        for path in &options.parameters {
            templates.follow(path, files, sources, &mut diagnostics, true);
        }
        templates.load_linked(scanned, files, sources, &mut diagnostics);
        diagnostics.extend(deployed_by_policy(&by_policy));
        templates.make_units(options);
        diagnostics.extend(templates.unused_parameters());
        templates.drop_linked(scanned);
        (templates, diagnostics)
    }

    /// What is lowered, by path.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The scanned files that are inputs of this front end.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        self.documents.iter().filter(|(_, it)| it.scanned).map(|(path, _)| path.as_path())
    }

    /// Lowers one unit.
    pub fn lower(&self, unit: &Unit) -> Lowered {
        self.lower_noting(unit, &|_| {})
    }

    /// Where spans of templates that Bicep has built stand in the `.bicep` source beside them; spans without such a place are
    /// left out. A source that the template was not built from is reported.
    pub fn bicep_places(
        &self,
        spans: impl IntoIterator<Item = Span>,
        files: &dyn Files,
        sources: &mut SourceMap,
    ) -> (FxHashMap<Span, Span>, Vec<Diagnostic>) {
        let mut bicep = Bicep::default();
        let mut places = FxHashMap::default();
        let mut told = Vec::new();
        let mut seen: FxHashSet<FileId> = FxHashSet::default();
        let mut reach = Reach { files, sources, root: self.bicep_root.as_deref() };
        for span in spans {
            let path = reach.sources.get(span.file).map(|it| normalise(it.path()));
            let Some((path, loaded)) = path.and_then(|path| self.documents.get_key_value(&path)) else { continue };
            if loaded.kind == Kind::Template && seen.insert(span.file) {
                told.extend(bicep.stale(&mut reach, path, &loaded.document.root));
            }
            if loaded.kind == Kind::Template
                && !places.contains_key(&span)
                && let Some(place) = bicep.place(&mut reach, path, &loaded.document.root, span)
            {
                places.insert(span, place);
            }
        }
        (places, told)
    }

    /// Of the Bicep files that were found, those that deploy something and that no template of the run was built from.
    pub fn unbuilt_bicep(&self, found: &[PathBuf], files: &dyn Files) -> Vec<PathBuf> {
        let mut bicep = Bicep::default();
        // Whatever is looked at here is no source of the run.
        let mut apart = SourceMap::default();
        let mut reach = Reach { files, sources: &mut apart, root: self.bicep_root.as_deref() };
        let templates = self.documents.iter().filter(|(_, it)| it.kind == Kind::Template);
        let built = templates.filter_map(|(path, it)| bicep.source_of(&mut reach, path, &it.document.root)).collect();
        unbuilt(found, &built, files)
    }

    /// Lowers one unit, and notes every template that it links.
    fn lower_noting(&self, unit: &Unit, note: &dyn Fn(&Path)) -> Lowered {
        let Some(loaded) = self.documents.get(&unit.template) else { return Lowered::default() };
        let given = unit.parameters.as_ref().and_then(|path| self.documents.get(path));
        let given = given.map(|it| values(&it.document.root)).unwrap_or_default();
        let input = Input {
            directory: &|file| self.directories.get(&file).cloned(),
            template: &|path| {
                let found = self.documents.get(path).filter(|it| it.kind == Kind::Template)?;
                note(path);
                Some(found.document.root.clone())
            },
        };
        match loaded.kind {
            Kind::Export | Kind::WhatIf => {
                export::lower_alone(&loaded.document.root, loaded.kind, unit.root.clone(), &input)
            }
            Kind::Resources => super::lower(&wrapped(&loaded.document.root), given, unit.root.clone(), &input),
            _ => super::lower(&loaded.document.root, given, unit.root.clone(), &input),
        }
    }

    fn add(
        &mut self,
        file: &SourceFile,
        document: Option<Document>,
        found: Vec<Diagnostic>,
        scanned: bool,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let Some(document) = document else { return };
        let Some(kind) = detect(&document.root) else { return };
        diagnostics.extend(found);
        let path = normalise(file.path());
        self.directories.insert(file.id(), path.parent().map(Path::to_path_buf).unwrap_or_default());
        self.documents.insert(path, Loaded { shown: file.shown().into(), document, kind, scanned });
    }

    /// Loads one more file, when it can be read and is an input.
    fn follow(
        &mut self,
        path: &Path,
        files: &dyn Files,
        sources: &mut SourceMap,
        diagnostics: &mut Vec<Diagnostic>,
        asked: bool,
    ) {
        let path = normalise(path);
        if self.documents.contains_key(&path) {
            return;
        }
        match files.read(&path) {
            Ok(text) => {
                let id = sources.add(path.clone(), files.shown(&path), text.clone());
                let (document, found) = json::parse(id, &text);
                if let Some(file) = sources.get(id) {
                    self.add(file, document, found, false, diagnostics);
                }
            }
            Err(error) if asked => {
                diagnostics.push(Diagnostic::of_path(Code::Unreadable, files.shown(&path), error.to_string()));
            }
            Err(_) => {}
        }
    }

    /// Templates that link others need what lies below them.
    fn load_linked(
        &mut self,
        scanned: &[SourceFile],
        files: &dyn Files,
        sources: &mut SourceMap,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for file in scanned.iter().filter(|file| may_link(file)) {
            let directory = normalise(file.path()).parent().map(Path::to_path_buf).unwrap_or_default();
            let mut pending = vec![directory];
            let mut loaded = 0;
            while let Some(directory) = pending.pop() {
                for listed in files.list(&directory) {
                    let path = directory.join(&listed.name);
                    if listed.directory && !listed.name.starts_with('.') {
                        pending.push(path);
                    } else if path.extension().is_some_and(|it| it == "json") && loaded < MAX_LINKED {
                        loaded += 1;
                        self.follow(&path, files, sources, diagnostics, false);
                    }
                }
                if loaded >= MAX_LINKED {
                    break;
                }
            }
        }
    }

    fn make_units(&mut self, options: &Options) {
        let mut units = Vec::new();
        let of_parameters = self.documents.iter().filter(|(_, it)| it.kind == Kind::Parameters);
        let parameter_files: Vec<PathBuf> = of_parameters.map(|(path, _)| path.clone()).collect();
        for (path, loaded) in self.documents.iter().filter(|(_, it)| it.scanned && it.kind != Kind::Parameters) {
            let asked: Vec<PathBuf> = options.parameters.iter().map(|it| normalise(it)).collect();
            let sets = match (loaded.kind, asked.is_empty()) {
                (Kind::Template, false) => asked,
                (Kind::Template, true) => self.parameters_of(path, &parameter_files),
                _ => Vec::new(),
            };
            let unit = |parameters: Option<PathBuf>, root: Arc<str>| Unit { root, template: path.clone(), parameters };
            match sets.as_slice() {
                [] => units.push(unit(None, loaded.shown.clone())),
                [only] => units.push(unit(Some(only.clone()), loaded.shown.clone())),
                several => units.extend(several.iter().map(|set| {
                    let shown = self.documents.get(set).map_or("", |it| &it.shown);
                    unit(Some(set.clone()), format!("{} ({shown})", loaded.shown).into())
                })),
            }
        }
        units.sort_by(|a, b| a.root.cmp(&b.root));
        self.units = units;
    }

    /// Parameter files that no template takes.
    fn unused_parameters(&self) -> Vec<Diagnostic> {
        let used: FxHashSet<&PathBuf> = self.units.iter().filter_map(|it| it.parameters.as_ref()).collect();
        let given = self.documents.iter().filter(|(path, it)| it.kind == Kind::Parameters && !used.contains(path));
        let told = |loaded: &Loaded| {
            let message = "gives values to no template of this run, so it is not used";
            let told = Diagnostic::of_path(Code::NotEvaluated, loaded.shown.as_ref(), message);
            told.with_severity(Severity::Note).with_help("name it like its template, or say `--parameters`")
        };
        given.map(|(_, loaded)| told(loaded)).collect()
    }

    /// A template that others link is judged as they link it, not by itself as well.
    fn drop_linked(&mut self, scanned: &[SourceFile]) {
        let with_links: FxHashSet<PathBuf> =
            scanned.iter().filter(|it| may_link(it)).map(|it| normalise(it.path())).collect();
        let linking: Vec<&Unit> = self.units.iter().filter(|it| with_links.contains(&it.template)).collect();
        let links = |unit: &&Unit| {
            let found = RefCell::new(Vec::new());
            self.lower_noting(unit, &|path| found.borrow_mut().push(path.to_path_buf()));
            (unit.template.clone(), found.into_inner())
        };
        let links: Vec<(PathBuf, Vec<PathBuf>)> = linking.par_iter().with_max_len(1).map(links).collect();
        let linked: FxHashSet<&PathBuf> =
            links.iter().flat_map(|(from, to)| to.iter().filter(move |it| *it != from)).collect();
        // Templates that link each other in a circle are all kept: nobody else reaches them.
        let reached: FxHashSet<&PathBuf> =
            links.iter().filter(|(from, _)| !linked.contains(from)).flat_map(|(_, to)| to).collect();
        let dropped: FxHashSet<PathBuf> = linked.into_iter().filter(|it| reached.contains(it)).cloned().collect();
        self.units.retain(|unit| !dropped.contains(&unit.template));
    }

    /// Parameter files by convention: `main.parameters.json`, `main.prod.parameters.json`, `main.parameters.prod.json` beside
    /// `main.json`; any parameter file beside the only template of a directory.
    fn parameters_of(&self, template: &Path, parameter_files: &[PathBuf]) -> Vec<PathBuf> {
        let directory = template.parent();
        let of = |kind: Kind| self.documents.iter().filter(move |(_, it)| it.kind == kind).map(|(path, _)| path);
        let named = |path: &Path| {
            path.file_name().and_then(|it| it.to_str()).is_some_and(|name| are_parameters_of(template, name))
        };
        let mut found: Vec<PathBuf> = parameter_files.iter().filter(|it| it.parent() == directory).cloned().collect();
        if found.iter().any(|path| named(path)) {
            found.retain(|path| named(path));
        } else if !found.is_empty() && of(Kind::Template).filter(|it| it.parent() == directory).count() != 1 {
            found.clear();
        }
        found.sort();
        found
    }
}

/// What is said of definitions of Azure Policy that deploy templates: once for all of them.
fn deployed_by_policy(files: &[&SourceFile]) -> Option<Diagnostic> {
    let first = files.first()?;
    let others = match files.len() - 1 {
        0 => String::new(),
        more => format!(", and in {more} more definitions"),
    };
    let message =
        format!("the template in this definition of Azure Policy{others} is deployed later: it is not judged");
    Some(Diagnostic::of_path(Code::NotEvaluated, first.shown(), message).with_severity(Severity::Note))
}

/// Whether a file beside a template has its parameters, by its name: `main.prod.parameters.json` of `main.json`.
pub fn are_parameters_of(template: &Path, name: &str) -> bool {
    let stem = template.file_stem().and_then(|it| it.to_str()).unwrap_or("");
    let rest = name.strip_prefix(stem).filter(|_| !stem.is_empty());
    rest.is_some_and(|rest| rest.starts_with('.') && rest.contains("param"))
}

fn may_link(file: &SourceFile) -> bool {
    memchr::memmem::find(file.text().as_bytes(), b"templateLink").is_some()
}

/// The values of a parameter file, by name in lower case.
fn values(root: &Value) -> FxHashMap<String, Value> {
    let parameters = root.as_object().and_then(|it| it.get_ignore_case("parameters"));
    parameters.and_then(|(_, it)| it.value.as_object()).map(given).unwrap_or_default()
}

/// The values of `parameters`, by name in lower case: `{ name: { value: .. } }`.
pub(super) fn given(parameters: &Object) -> FxHashMap<String, Value> {
    let mut values = FxHashMap::default();
    for (name, entry) in &parameters.entries {
        let Some(wrapper) = entry.value.as_object() else { continue };
        if let Some((_, value)) = wrapper.get_ignore_case("value") {
            values.insert(name.to_ascii_lowercase(), value.value.clone());
        } else if wrapper.get_ignore_case("reference").is_some() {
            values.insert(name.to_ascii_lowercase(), scope::key_vault_secret(name, entry.value.span));
        }
    }
    values
}

/// Resources by themselves, as the only content of a template.
fn wrapped(root: &Value) -> Value {
    let mut template = crate::value::Object::default();
    let resources = if root.as_array().is_some() { root.clone() } else { Value::array(vec![root.clone()], root.span) };
    template.insert("resources", root.span, resources);
    Value::object(template, root.span)
}
