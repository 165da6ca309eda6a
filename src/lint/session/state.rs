//! What a session knows of the texts that it last saw: graphs, outcomes by graph, findings by the file they were found in.
//!
//! In: a request, read once as a whole. Out: findings, and which files have others than before. The same functions as a run's
//! make each step, over all graphs or over some.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashSet;

use super::super::gather::{Context, MOST};
use super::super::judge::{self, Judged};
use super::super::library::{Library, Selection, Shelves};
use super::super::narrow::keep_named;
use super::super::sensitivity::Marking;
use super::super::shelf::Shelf;
use super::super::units::{self, Origin, Units, Values};
use super::super::workers::Workers;
use super::super::{
    Request, apply_baseline, bicep, configure, findings, fix, mappings, masking, named_path, read_config, settings,
    sort_diagnostics, wanted, with_config, with_config_shelves, wrong_patterns,
};
use super::GoOn;
use super::rest::Waiting;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::discover::{self, Disk, Input, Kind};
use crate::eval::Settings;
use crate::finding::Finding;
use crate::frontend::Files;
use crate::frontend::arm::Templates;
use crate::frontend::files::{Listed, ReadError, normalise};
use crate::frontend::terraform::Mappings;
use crate::model::ResourceGraph;
use crate::report::Report;
use crate::source::{FileId, SourceFile, SourceMap};
use crate::suppress::{Scanned, Suppressions};

/// Graphs of which it is worth the while to see what exactly has changed.
pub(super) const FEW: usize = 16;

/// A workspace as it was last judged.
#[derive(Debug)]
pub(super) struct State {
    pub(super) request: Request,
    pub(super) sources: SourceMap,
    pub(super) disk: Disk,
    pub(super) inputs: Vec<Input>,
    pub(super) values: Values,
    pub(super) mappings: Mappings,
    /// Paths that a front end opened besides the inputs.
    pub(super) opened: FxHashSet<PathBuf>,
    pub(super) graphs: Vec<ResourceGraph>,
    /// One a graph.
    pub(super) units: Vec<Unit>,
    /// What is wrong with single files.
    pub(super) load_told: Vec<Diagnostic>,
    /// Templates that link others.
    pub(super) links: FxHashSet<FileId>,
    /// Bicep sources and what is wrong with them, by directory of the templates.
    pub(super) bicep: BTreeMap<PathBuf, Sources>,
    pub(super) comments: BTreeMap<FileId, Scanned>,
    pub(super) shelves: Shelves,
    config: Config,
    policies: Shelf,
    ids: Vec<Arc<str>>,
    selection: Selection,
    settings: Settings,
    /// What is wrong with the configuration, the policies and the paths.
    fixed_told: Vec<Diagnostic>,
    pub(super) baseline: Option<PathBuf>,
    /// Graphs that an edit reached and that are not judged again yet.
    pub(super) waiting: Waiting,
    found: Vec<Found>,
    told: BTreeMap<FileId, Vec<Diagnostic>>,
    secrets: Vec<String>,
}

/// What is known of one graph besides the graph.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) origin: Origin,
    pub(super) judged: Vec<Judged>,
    secrets: Vec<String>,
}

/// Bicep sources that were read for the findings of a directory.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) paths: FxHashSet<PathBuf>,
    told: Vec<Diagnostic>,
}

#[derive(Debug)]
struct Found {
    /// The file of the deciding text, before a place in its Bicep source was looked for.
    file: FileId,
    finding: Finding,
}

impl State {
    /// Reads and judges everything; nothing when `go_on` says no.
    pub(super) fn read(request: Request, go_on: GoOn<'_>) -> Option<Self> {
        let mut sources = SourceMap::lasting();
        let mut told = Vec::new();
        let config = read_config(&request, &mut sources, &mut told);
        let first_input = sources.files().len();
        go_on("reading files").then_some(())?;
        let walked = discover::walk(wanted(&request, &config));
        let workers = Workers::new(request.threads, walked.len());
        let discovered = workers.run(|| walked.read(&mut sources));
        told.extend(discovered.diagnostics);
        let (inputs, disk) = (discovered.inputs, discovered.disk);
        let values = with_config(request.values.clone(), &config, &sources, &mut told);
        let (mappings, wrong) = mappings(request.mappings.as_deref());
        told.extend(wrong);
        go_on("evaluating").then_some(())?;
        let files = Recorder::of(&disk);
        let lowered =
            workers.run(|| units::units(&inputs, &files, &mut sources, &values, &mappings, &|graph, _| graph));
        let opened = files.opened();
        let scanned: Vec<SourceFile> = sources.files().get(first_input..).unwrap_or(&[]).to_vec();
        let shelves = with_config_shelves(&request.shelves, &config, &sources);
        let library = Library::read(&shelves, &mut sources, &mut told);
        let selection = Selection::new(&request.select, &request.ignore, &config);
        let policies = Shelf::new(&library, selection.clone());
        told.extend(wrong_patterns(&request.select, &request.ignore, &config, &library));
        let settings = settings(&config, &library, request.today, &mut told);
        let baseline = request.baseline.clone();
        let mut state = Self {
            baseline: baseline.or_else(|| config.baseline.as_ref().and_then(|it| named_path(it, &sources))),
            ids: library.ids(),
            fixed_told: told,
            opened,
            graphs: Vec::new(),
            units: Vec::new(),
            load_told: Vec::new(),
            links: FxHashSet::default(),
            bicep: BTreeMap::new(),
            comments: BTreeMap::new(),
            found: Vec::new(),
            told: BTreeMap::new(),
            secrets: Vec::new(),
            waiting: Waiting::default(),
            request,
            sources,
            disk,
            inputs,
            values,
            mappings,
            shelves,
            config,
            policies,
            selection,
            settings,
        };
        for file in &scanned {
            state.scan(file);
        }
        for input in state.inputs.clone() {
            state.note_links(&input);
        }
        go_on("judging").then_some(())?;
        let Units { graphs, origins, diagnostics, templates, .. } = lowered;
        state.load_told = diagnostics;
        for (graph, origin) in graphs.into_iter().zip(origins) {
            state.add(graph, origin);
        }
        workers.run(|| state.judge_from(0));
        state.find_again(None, templates.as_ref());
        state.finish();
        Some(state)
    }

    /// Adds a graph that is not judged yet.
    pub(super) fn add(&mut self, graph: ResourceGraph, origin: Origin) {
        let secrets = masking::secrets(&graph);
        self.graphs.push(graph);
        self.units.push(Unit { origin, judged: Vec::new(), secrets });
    }

    /// Puts a graph in the place of another, or an empty one in its place.
    pub(super) fn replace(&mut self, at: usize, graph: ResourceGraph, origin: Origin) {
        let secrets = masking::secrets(&graph);
        if let (Some(place), Some(unit)) = (self.graphs.get_mut(at), self.units.get_mut(at)) {
            *place = graph;
            *unit = Unit { origin, judged: Vec::new(), secrets };
        }
    }

    /// Judges the graphs from this one on.
    pub(super) fn judge_from(&mut self, first: usize) {
        let units = &mut self.units;
        judge::judge_all(self.graphs.get(first..).unwrap_or(&[]), &self.policies, &self.settings, &mut |one| {
            let graph = first.saturating_add(one.graph);
            if let Some(unit) = units.get_mut(graph) {
                unit.judged.push(Judged { graph, ..one });
            }
        });
    }

    /// What the policies say of graphs that have no place yet.
    pub(super) fn judgement(&self, graphs: &[ResourceGraph]) -> Vec<Judged> {
        let mut judged = Vec::new();
        judge::judge_all(graphs, &self.policies, &self.settings, &mut |one| judged.push(one));
        judged
    }

    /// Keeps what was judged with the graphs' places.
    pub(super) fn keep(&mut self, judged: Vec<Judged>, places: &[usize]) {
        for one in judged {
            let Some(graph) = places.get(one.graph).copied() else { continue };
            if let Some(unit) = self.units.get_mut(graph) {
                unit.judged.push(Judged { graph, ..one });
            }
        }
    }

    /// What some graphs say by themselves, by the file that it lies in; of many graphs only where.
    pub(super) fn said(&self, graphs: &[usize]) -> BTreeMap<FileId, Vec<String>> {
        let judged = graphs.iter().filter_map(|at| self.units.get(*at)).flat_map(|it| &it.judged);
        if graphs.len() > FEW {
            return judged.map(|it| (it.outcome.primary.file, Vec::new())).collect();
        }
        let mut said: BTreeMap<FileId, Vec<String>> = BTreeMap::new();
        for finding in self.findings(judged) {
            said.entry(finding.primary.span.file).or_default().push(format!("{finding:?}"));
        }
        said
    }

    fn findings<'j>(&self, judged: impl IntoIterator<Item = &'j Judged>) -> Vec<Finding> {
        let marking = Marking::of(&self.settings);
        let context =
            Context { policies: &self.policies, marking: marking.as_ref(), sources: &self.sources, most: MOST };
        findings::findings(judged, &self.graphs, context)
    }

    /// Reads the suppressions of a file again.
    pub(super) fn scan(&mut self, file: &SourceFile) {
        let scanned = Scanned::of(file, self.request.foreign);
        if scanned.is_empty() {
            self.comments.remove(&file.id());
        } else {
            self.comments.insert(file.id(), scanned);
        }
    }

    /// Notes whether a template links others: then each may be part of any.
    pub(super) fn note_links(&mut self, input: &Input) {
        let Some(file) = self.sources.get(input.file).filter(|_| input.kind == Kind::Arm) else { return };
        if file.text().contains("templateLink") {
            self.links.insert(input.file);
        } else {
            self.links.remove(&input.file);
        }
    }

    /// Makes the findings of some files anew, or of all; gives the files that findings were and are shown in.
    pub(super) fn find_again(
        &mut self,
        files: Option<&FxHashSet<FileId>>,
        templates: Option<&Templates>,
    ) -> Vec<FileId> {
        let is_meant = |file: FileId| files.is_none_or(|files| files.contains(&file));
        let mut shown = Vec::new();
        self.found.retain(|it| {
            let stays = !is_meant(it.file);
            if !stays {
                shown.push(it.finding.primary.span.file);
            }
            stays
        });
        let judged = self.units.iter().flat_map(|it| &it.judged).filter(|it| is_meant(it.outcome.primary.file));
        let mut made = self.findings(judged);
        configure(&mut made, &self.config, &self.sources);
        let mut by_directory: BTreeMap<PathBuf, Vec<Found>> = BTreeMap::new();
        for finding in made {
            let file = finding.primary.span.file;
            let directory = self.sources.get(file).and_then(|it| normalise(it.path()).parent().map(Path::to_path_buf));
            by_directory.entry(directory.unwrap_or_default()).or_default().push(Found { file, finding });
        }
        for (directory, mut found) in by_directory {
            if let Some(templates) = templates {
                self.point(templates, directory, &mut found);
            }
            shown.extend(found.iter().map(|it| it.finding.primary.span.file));
            self.found.extend(found);
        }
        shown
    }

    /// Forgets the Bicep sources of a directory, or of all: whoever still needs one reads it again.
    pub(super) fn forget_bicep(&mut self, directory: Option<&Path>) {
        let gone: Vec<PathBuf> =
            self.bicep.keys().filter(|it| directory.is_none_or(|directory| *it == directory)).cloned().collect();
        let gone: Vec<Sources> = gone.iter().filter_map(|it| self.bicep.remove(it)).collect();
        for path in gone.iter().flat_map(|it| &it.paths) {
            let is_left = self.bicep.values().any(|it| it.paths.contains(path));
            if let (false, Some(id)) = (is_left, self.sources.id_of(path)) {
                self.comments.remove(&id);
            }
        }
    }

    fn point(&mut self, templates: &Templates, directory: PathBuf, found: &mut Vec<Found>) {
        let files = Recorder::of(&self.disk);
        let (ids, mut pointed): (Vec<FileId>, Vec<Finding>) = found.drain(..).map(|it| (it.file, it.finding)).unzip();
        let (_, told) = bicep::point(templates, &files, &mut self.sources, &mut pointed);
        found.extend(ids.into_iter().zip(pointed).map(|(file, finding)| Found { file, finding }));
        let mut paths = files.opened();
        paths.retain(|path| bicep::is_bicep(path));
        let read: Vec<SourceFile> =
            paths.iter().filter_map(|path| self.sources.get(self.sources.id_of(path)?)).cloned().collect();
        for file in &read {
            self.scan(file);
        }
        self.bicep.insert(directory, Sources { paths, told });
    }

    /// Applies what concerns all findings; gives the files of which something else is to be said.
    pub(super) fn finish(&mut self) -> Vec<FileId> {
        let mut changed = Vec::new();
        let mut told = self.fixed_told.clone();
        told.extend(self.load_told.iter().cloned());
        told.extend(self.units.iter().flat_map(|it| &it.origin.diagnostics).cloned());
        told.extend(self.bicep.values().flat_map(|it| &it.told).cloned());
        if self.request.suppressions {
            told.extend(self.suppress(&mut changed));
        }
        sort_diagnostics(&mut told, &self.sources);
        let mut by_file: BTreeMap<FileId, Vec<Diagnostic>> = BTreeMap::new();
        for diagnostic in told {
            if let Some(span) = diagnostic.span {
                by_file.entry(span.file).or_default().push(diagnostic);
            }
        }
        let others = |a: &BTreeMap<FileId, Vec<Diagnostic>>, b: &BTreeMap<FileId, Vec<Diagnostic>>| {
            a.iter().filter(|(file, told)| b.get(file) != Some(told)).map(|(file, _)| *file).collect::<Vec<_>>()
        };
        changed.extend(others(&by_file, &self.told));
        changed.extend(others(&self.told, &by_file));
        self.told = by_file;
        let mut secrets: Vec<String> = self.units.iter().flat_map(|it| &it.secrets).cloned().collect();
        masking::longest_first(&mut secrets);
        if secrets != self.secrets {
            self.secrets = secrets;
            changed.extend(self.found.iter().map(|it| it.finding.primary.span.file));
        }
        changed
    }

    /// Marks the findings that an exception covers, and notes where one is covered now and was not before, or the other way.
    fn suppress(&mut self, changed: &mut Vec<FileId>) -> Vec<Diagnostic> {
        let before: Vec<bool> = self.found.iter_mut().map(|it| it.finding.suppressed.take().is_some()).collect();
        let scanned = self.comments.iter().map(|(file, scanned)| (*file, scanned));
        let mut all = Suppressions::of(scanned, &self.config.suppressions, self.request.today);
        if !(self.comments.is_empty() && self.config.suppressions.is_empty()) {
            all.apply(&self.sources, self.found.iter_mut().map(|it| &mut it.finding));
        }
        let mut told = all.finish(&self.ids, &|id| self.selection.has(id));
        if let Some(path) = &self.baseline {
            let (files, mut findings): (Vec<FileId>, Vec<Finding>) =
                self.found.drain(..).map(|it| (it.file, it.finding)).unzip();
            told.extend(apply_baseline(path, &mut findings));
            self.found = files.into_iter().zip(findings).map(|(file, finding)| Found { file, finding }).collect();
        }
        let turned = self.found.iter().zip(before).filter(|(it, before)| it.finding.suppressed.is_some() != *before);
        changed.extend(turned.map(|(it, _)| it.finding.primary.span.file));
        told
    }

    /// The files that findings or diagnostics are shown in.
    pub(super) fn spoken_of(&self) -> BTreeSet<PathBuf> {
        let findings = self.found.iter().map(|it| it.finding.primary.span.file);
        self.paths(findings.chain(self.told.keys().copied()))
    }

    /// The file of a path as an editor names it.
    fn id(&self, path: &Path) -> Option<FileId> {
        // What lies below the working directory may have been read by its path from there.
        let relative =
            || std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
        self.sources.id_of(path).or_else(|| self.sources.id_of(&relative()?))
    }

    pub(super) fn paths(&self, files: impl IntoIterator<Item = FileId>) -> BTreeSet<PathBuf> {
        files.into_iter().filter_map(|file| Some(absolute(self.sources.get(file)?))).collect()
    }

    /// What is to be said of these files, or of all.
    pub(super) fn report(&self, files: Option<&[PathBuf]>) -> Report {
        let files: Option<FxHashSet<FileId>> = files.map(|files| files.iter().filter_map(|it| self.id(it)).collect());
        let has = |file: FileId| files.as_ref().is_none_or(|files| files.contains(&file));
        let found = self.found.iter().map(|it| &it.finding).filter(|it| has(it.primary.span.file));
        let mut findings: Vec<Finding> = found.cloned().collect();
        let mut named = self.request.paths.clone();
        named.extend(self.request.buffers.iter().map(|it| it.path.clone()));
        let planned = self.inputs.iter().any(|it| it.named && it.kind == Kind::Plan);
        keep_named(&mut findings, &named, !planned, &self.sources);
        findings::sort(&mut findings, &self.sources);
        if self.request.fixes {
            fix::propose(&mut findings, &self.graphs, &self.policies, &self.mappings, &self.settings, &self.sources);
        }
        for finding in &mut findings {
            masking::in_words(finding, &self.secrets);
        }
        let diagnostics = self.told.iter().filter(|(file, _)| has(**file));
        let diagnostics = diagnostics.flat_map(|(_, told)| told).cloned().collect();
        Report { sources: self.sources.snapshot(), findings, diagnostics, ..Report::default() }
    }
}

/// The path as an editor names it.
fn absolute(file: &SourceFile) -> PathBuf {
    let path = file.path();
    if path.is_absolute() { normalise(path) } else { std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()) }
}

/// Files, and which of them were opened.
pub(super) struct Recorder<'d> {
    disk: &'d Disk,
    opened: Mutex<FxHashSet<PathBuf>>,
}

impl<'d> Recorder<'d> {
    pub(super) fn of(disk: &'d Disk) -> Self {
        Self { disk, opened: Mutex::default() }
    }

    pub(super) fn opened(self) -> FxHashSet<PathBuf> {
        self.opened.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files for Recorder<'_> {
    fn read(&self, path: &Path) -> Result<Arc<str>, ReadError> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).insert(normalise(path));
        self.disk.read(path)
    }

    fn list(&self, directory: &Path) -> Vec<Listed> {
        self.disk.list(directory)
    }

    fn memory(&self) -> Option<u64> {
        self.disk.memory()
    }

    fn shown(&self, path: &Path) -> String {
        self.disk.shown(path)
    }
}
