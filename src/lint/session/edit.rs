//! One edit: which graphs the file is part of, and what they say now.
//!
//! In: the state, a file and its text. Out: the files of which something else is to be said, or that the whole is to be judged
//! again. Whatever is not known to be the matter of some graphs only is the matter of the whole.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::super::bicep::is_bicep;
use super::super::units::{self, Origin, Units};
use super::state::{FEW, Recorder, State, Unit};
use crate::diagnostic::Diagnostic;
use crate::discover::{Input, Kind, kind_of};
use crate::frontend::Files as _;
use crate::frontend::arm::Templates;
use crate::model::ResourceGraph;
use crate::source::FileId;

/// How far an edit reaches.
pub(super) enum Reach {
    /// The file says nothing that is judged.
    Nothing,
    /// It was judged again; these files have something new.
    Part(BTreeSet<PathBuf>),
    /// The whole is to be judged again.
    Whole,
}

/// What an edit is judged with.
pub(super) struct Part {
    pub(super) kind: Kind,
    /// Positions of the graphs.
    pub(super) graphs: Vec<usize>,
    inputs: Vec<Input>,
    /// The only directory, when it is one.
    directory: Option<PathBuf>,
}

/// What came of a part that was judged again.
pub(super) struct Again {
    /// Files of which it says something else than before.
    pub(super) touched: FxHashSet<FileId>,
    templates: Option<Templates>,
}

impl State {
    /// Takes the text in the place of what the file held; none is what is on disk.
    pub(super) fn edit(&mut self, path: &Path, text: Option<&str>) -> Reach {
        let is_named = |path: &Path| self.inputs.iter().any(|it| it.named && it.path == path);
        let text = match text {
            Some(text) => Some(text.to_owned()),
            // Perhaps it was judged only because it was open.
            None if is_named(path) || is_named(&path.with_extension("json")) => None,
            None => {
                self.disk.uncover(path);
                self.disk.read(path).ok().map(|text| text.to_string())
            }
        };
        let (Some(text), id) = (text, self.sources.id_of(path)) else { return Reach::Whole };
        if id.and_then(|id| self.sources.get(id)).is_some_and(|file| **file.text() == *text) {
            return Reach::Nothing;
        }
        self.disk.overlay(path, text.clone().into_bytes());
        if is_bicep(path) {
            return self.edit_bicep(path);
        }
        let input = self.inputs.iter().find(|it| it.path == path);
        if input.map(|it| it.kind) != kind_of(path, text.as_bytes()) || text.contains('\0') {
            return Reach::Whole;
        }
        if self.opened.contains(path) {
            return Reach::Whole;
        }
        let Some(input) = input.cloned() else { return Reach::Nothing };
        let had_links = self.links.clone();
        self.sources.add(path, self.disk.shown(path), text);
        self.note_links(&input);
        if had_links != self.links {
            return Reach::Whole;
        }
        let Some(part) = self.part(&input) else { return Reach::Whole };
        let part = if part.kind == Kind::Terraform { self.nearest(part, input.file) } else { part };
        self.again(&part, input.file)
    }

    /// A Bicep source only says where things are: the templates beside it are pointed from anew.
    fn edit_bicep(&mut self, path: &Path) -> Reach {
        let beside = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let mut directories: BTreeSet<PathBuf> = self
            .bicep
            .iter()
            .filter(|(_, it)| it.paths.contains(path))
            .map(|(directory, _)| directory.clone())
            .collect();
        directories.insert(beside);
        let mut files = BTreeSet::new();
        for directory in directories {
            let Some(input) = self.inputs.iter().find(|it| it.kind == Kind::Arm && is_in(it, &directory)).cloned()
            else {
                continue;
            };
            let Some(part) = self.part(&input) else { return Reach::Whole };
            match self.again(&part, input.file) {
                Reach::Part(changed) => files.extend(changed),
                Reach::Nothing => {}
                Reach::Whole => return Reach::Whole,
            }
        }
        // The source may hold suppressions although nothing is found in it.
        files.extend([path.to_path_buf()]);
        Reach::Part(files)
    }

    fn part(&self, input: &Input) -> Option<Part> {
        let directory = input.path.parent()?;
        match input.kind {
            Kind::Terraform | Kind::TerraformVariables => self.terraform_part(input, directory),
            Kind::Arm => {
                let all = !self.links.is_empty() || !self.values.parameters.is_empty();
                Some(self.part_of(Kind::Arm, (!all).then_some(directory)))
            }
            Kind::Yaml => Some(self.part_of(Kind::Yaml, Some(directory))),
            Kind::Plan => None,
        }
    }

    /// The roots that the directory is part of, and all that they are made of.
    fn terraform_part(&self, input: &Input, directory: &Path) -> Option<Part> {
        // Which roots it deploys, and with which inputs.
        if is_terragrunt(input) {
            return None;
        }
        let is_touched = |origin: &Origin| match input.kind {
            Kind::TerraformVariables => origin.directory == directory,
            _ => origin.reads.contains(directory),
        };
        let mut graphs = Vec::new();
        for (at, unit) in self.units.iter().enumerate().filter(|(_, it)| is_touched(&it.origin)) {
            match unit.origin.kind {
                Kind::Terraform => graphs.push(at),
                // What a plan says is told at the places of its configuration.
                Kind::Plan => return None,
                _ => {}
            }
        }
        (!graphs.is_empty()).then(|| self.roots(graphs))
    }

    /// Roots with all that they are made of.
    pub(super) fn roots(&self, graphs: Vec<usize>) -> Part {
        let units: Vec<&Unit> = graphs.iter().filter_map(|at| self.units.get(*at)).collect();
        let reads: BTreeSet<&Path> = units.iter().flat_map(|it| &it.origin.reads).map(PathBuf::as_path).collect();
        // A root that Terragrunt deploys is shown as the directory of the file that says so.
        let shown: FxHashSet<&str> =
            graphs.iter().filter_map(|at| self.graphs.get(*at)).map(|graph| &*graph.root).collect();
        let is_meant = |it: &&Input| {
            let Some(directory) = it.path.parent() else { return false };
            match it.kind {
                _ if is_terragrunt(it) => shown.contains(&*self.shown_directory(directory)),
                Kind::Terraform | Kind::TerraformVariables => reads.contains(directory),
                _ => false,
            }
        };
        let inputs = self.inputs.iter().filter(is_meant).cloned().collect();
        Part { kind: Kind::Terraform, graphs, inputs, directory: None }
    }

    /// A directory as the address of a root has it.
    fn shown_directory(&self, directory: &Path) -> String {
        let shown = self.disk.shown(directory);
        if shown.is_empty() { ".".to_owned() } else { shown }
    }

    /// The templates or documents of a directory, or all.
    fn part_of(&self, kind: Kind, directory: Option<&Path>) -> Part {
        let units = self.units.iter().enumerate().filter(|(_, it)| it.origin.kind == kind);
        let graphs = units.filter(|(_, it)| directory.is_none_or(|directory| it.origin.directory == directory));
        let inputs = self.inputs.iter().filter(|it| it.kind == kind);
        let inputs = inputs.filter(|it| directory.is_none_or(|directory| is_in(it, directory)));
        let (graphs, inputs) = (graphs.map(|(at, _)| at).collect(), inputs.cloned().collect());
        Part { kind, graphs, inputs, directory: directory.map(Path::to_path_buf) }
    }

    /// Judges a part again, and says where that tells something else.
    fn again(&mut self, part: &Part, file: FileId) -> Reach {
        let Some(Again { mut touched, templates }) = self.lower_again(part) else { return Reach::Whole };
        if let Some(edited) = self.sources.get(file).cloned() {
            self.scan(&edited);
        }
        self.waiting.hold_back(&mut touched, file);
        if self.baseline.is_some() && part.kind == Kind::Terraform {
            touched.extend(self.of_terraform());
        }
        let mut changed = self.find_again(Some(&touched), templates.as_ref());
        changed.extend(self.finish());
        Reach::Part(self.paths(changed))
    }

    /// Lowers and judges a part; nothing when it is made of other roots than before.
    pub(super) fn lower_again(&mut self, part: &Part) -> Option<Again> {
        let known = self.sources.files().len();
        let files = Recorder::of(&self.disk);
        let lowered =
            units::units(&part.inputs, &files, &mut self.sources, &self.values, &self.mappings, &|graph, _| graph);
        self.opened.extend(files.opened());
        let Units { graphs, origins, diagnostics, templates, .. } = lowered;
        if part.kind == Kind::Terraform && !self.is_same_shape(part, &origins) {
            return None;
        }
        let inputs: FxHashSet<FileId> = part.inputs.iter().map(|it| it.file).collect();
        self.load_told.retain(|it| it.span.is_none_or(|span| !inputs.contains(&span.file)));
        // What all roots are given is read with each part.
        let new: Vec<Diagnostic> = diagnostics.into_iter().filter(|it| !self.load_told.contains(it)).collect();
        self.load_told.extend(new);
        if part.kind == Kind::Arm {
            self.forget_bicep(part.directory.as_deref());
        }
        let scanned: Vec<_> = self.sources.files().get(known..).unwrap_or(&[]).to_vec();
        for new in &scanned {
            self.scan(new);
        }
        let before = self.said(&part.graphs);
        let places = self.put(part, graphs, origins);
        let now = self.said(&places);
        let is_known = part.kind == Kind::Terraform && part.graphs.len() <= FEW;
        let differs = |file: &&FileId| !is_known || before.get(*file) != now.get(*file);
        let touched = before.keys().chain(now.keys()).filter(differs).copied().collect();
        Some(Again { touched, templates })
    }

    /// True when the roots and what they are made of are what they were.
    fn is_same_shape(&self, part: &Part, origins: &[Origin]) -> bool {
        let before = part.graphs.iter().filter_map(|at| self.units.get(*at)).map(|it| &it.origin);
        let key = |it: &Origin| (it.kind, it.directory.clone(), it.reads.clone());
        before.map(key).eq(origins.iter().map(key))
    }

    /// Puts new graphs in the places of the old ones, judged; gives their positions.
    fn put(&mut self, part: &Part, graphs: Vec<ResourceGraph>, origins: Vec<Origin>) -> Vec<usize> {
        let judged = self.judgement(&graphs);
        let mut places = part.graphs.iter().copied();
        let mut put = Vec::new();
        for (graph, origin) in graphs.into_iter().zip(origins) {
            if let Some(at) = places.next() {
                self.replace(at, graph, origin);
                put.push(at);
            } else {
                put.push(self.graphs.len());
                self.add(graph, origin);
            }
        }
        for at in places {
            let gone =
                Origin { kind: part.kind, directory: PathBuf::new(), reads: BTreeSet::new(), diagnostics: Vec::new() };
            self.replace(at, ResourceGraph::default(), gone);
        }
        self.keep(judged, &put);
        put
    }
}

fn is_terragrunt(input: &Input) -> bool {
    input.path.ends_with("terragrunt.hcl")
}

fn is_in(input: &Input, directory: &Path) -> bool {
    input.path.parent() == Some(directory)
}
