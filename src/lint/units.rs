//! Inputs to linked graphs: one Terraform root module or one template is one graph.
//!
//! In: the files that were found. Out: [`Units`]: the graphs in a fixed order, what no mapping knows, diagnostics and counts.
//! The one place that knows which front end is for which kind of file.

use std::path::PathBuf;
use std::sync::Arc;

use super::workers::map;
use crate::azure;
use crate::diagnostic::Diagnostic;
use crate::discover::{Input, Kind, not_an_input};
use crate::frontend::Files;
use crate::frontend::arm::{self, Templates};
use crate::frontend::files::normalise;
use crate::frontend::terraform::{self, Mappings, Project, Root, Statistics};
use crate::model::{Dialect, Lowered, ResourceGraph};
use crate::source::{SourceFile, SourceMap};

/// What the inputs declare.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// One a root, in order.
    pub graphs: Vec<ResourceGraph>,
    /// Source types of resources that no mapping or table knows, one entry a resource.
    pub unmapped: Vec<Arc<str>>,
    /// What could not be read or evaluated.
    pub diagnostics: Vec<Diagnostic>,
    /// How many files were inputs.
    pub files: usize,
    /// How much is known.
    pub statistics: Statistics,
}

/// Values for what the inputs leave open.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Of Terraform variables.
    pub terraform: terraform::Options,
    /// Parameter files of templates.
    pub parameters: Vec<PathBuf>,
}

/// Lowers and links every root.
pub(super) fn units(
    inputs: &[Input],
    files: &dyn Files,
    sources: &mut SourceMap,
    values: &Values,
    mappings: &Mappings,
) -> Units {
    let mut units = Units::default();
    units.terraform(inputs, files, sources, values, mappings);
    units.templates(inputs, files, sources, values);
    units
}

impl Units {
    fn terraform(
        &mut self,
        inputs: &[Input],
        files: &dyn Files,
        sources: &mut SourceMap,
        values: &Values,
        mappings: &Mappings,
    ) {
        let of_terraform = |it: &&Input| matches!(it.kind, Kind::Terraform | Kind::TerraformVariables);
        let scanned: Vec<SourceFile> =
            inputs.iter().filter(of_terraform).filter_map(|it| sources.get(it.file).cloned()).collect();
        if scanned.is_empty() {
            return;
        }
        let before = sources.files().len();
        self.files += scanned.len();
        let (project, diagnostics) = Project::load(scanned, files, sources, &values.terraform);
        self.files += sources.files().len() - before;
        self.diagnostics.extend(diagnostics);
        for (lowered, statistics) in map(project.roots(), 2, |root| lower(&project, root, mappings)) {
            self.statistics.add(&statistics);
            self.add(lowered);
        }
    }

    fn templates(&mut self, inputs: &[Input], files: &dyn Files, sources: &mut SourceMap, values: &Values) {
        let of_arm = || inputs.iter().filter(|it| it.kind == Kind::Arm);
        let scanned: Vec<SourceFile> = of_arm().filter_map(|it| sources.get(it.file).cloned()).collect();
        if scanned.is_empty() {
            return;
        }
        let options = arm::Options { parameters: values.parameters.clone() };
        let (templates, diagnostics) = Templates::load(&scanned, files, sources, &options);
        self.diagnostics.extend(diagnostics);
        self.files += templates.inputs().count();
        for linked in map(templates.units(), 2, |unit| link(templates.lower(unit))) {
            self.add(linked);
        }
        for input in of_arm().filter(|it| it.named) {
            let path = normalise(&input.path);
            if templates.inputs().all(|it| it != path) {
                self.diagnostics.push(not_an_input(files.shown(&input.path)));
            }
        }
    }

    fn add(&mut self, linked: Linked) {
        self.unmapped.extend(linked.unmapped);
        self.diagnostics.extend(linked.diagnostics);
        self.graphs.push(linked.graph);
    }
}

struct Linked {
    graph: ResourceGraph,
    unmapped: Vec<Arc<str>>,
    diagnostics: Vec<Diagnostic>,
}

fn lower(project: &Project<'_>, root: &Root, mappings: &Mappings) -> (Linked, Statistics) {
    let (instances, diagnostics, statistics) = project.evaluate(root);
    let mut lowered = terraform::lower(&instances, mappings, Dialect::Terraform);
    lowered.root = root.shown.clone();
    lowered.diagnostics.extend(diagnostics);
    (link(lowered), statistics)
}

fn link(mut lowered: Lowered) -> Linked {
    azure::expand(&mut lowered);
    let unmapped = std::mem::take(&mut lowered.unmapped);
    let diagnostics = std::mem::take(&mut lowered.diagnostics);
    Linked { graph: ResourceGraph::link(lowered), unmapped, diagnostics }
}
