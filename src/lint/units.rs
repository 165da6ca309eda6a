//! Inputs to linked graphs: one Terraform root module or one template is one graph.
//!
//! In: the files that were found, and what to do with a graph. Out: [`Units`]: what became of the graphs in a fixed order, what no mapping knows, diagnostics and counts.
//! The one place that knows which front end is for which kind of file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::workers::{map, map_into};
use crate::azure;
use crate::diagnostic::Diagnostic;
use crate::discover::{Input, Kind, by_name, no_yaml_input, not_an_input};
use crate::frontend::Files;
use crate::frontend::arm::{self, Templates};
use crate::frontend::files::normalise;
use crate::frontend::terraform::{self, Instance, Mappings, Project, Root, Statistics, plan};
use crate::frontend::yaml;
use crate::model::{Dialect, Lowered, ResourceGraph};
use crate::parse::json;
use crate::source::{FileId, SourceFile, SourceMap};
use crate::value::Value;

/// What the inputs declare.
#[derive(Debug)]
pub(super) struct Units<G = ResourceGraph> {
    /// What became of the graphs: one a root, in order.
    pub graphs: Vec<G>,
    /// Where each graph comes from.
    pub origins: Vec<Origin>,
    /// Source types of resources that no mapping or table knows, one entry a resource.
    pub unmapped: Vec<Arc<str>>,
    /// What could not be read; what could not be evaluated is with the origin.
    pub diagnostics: Vec<Diagnostic>,
    /// How many files were inputs.
    pub files: usize,
    /// How much is known, when that was asked for.
    pub statistics: Statistics,
    /// The templates, for places in their Bicep sources.
    pub templates: Option<Templates>,
    /// Files whose template is deployed by something that was judged.
    deployed: FxHashSet<FileId>,
}

/// Where a graph comes from.
#[derive(Debug)]
pub(super) struct Origin {
    /// The front end.
    pub kind: Kind,
    /// The root module, or the directory of the template or documents.
    pub directory: PathBuf,
    /// The directories whose files are part of it.
    pub reads: BTreeSet<PathBuf>,
    /// What could not be evaluated.
    pub diagnostics: Vec<Diagnostic>,
}

impl<G> Units<G> {
    /// Every diagnostic, in order.
    pub(super) fn take_diagnostics(&mut self) -> Vec<Diagnostic> {
        let of_roots = self.origins.iter_mut().flat_map(|it| std::mem::take(&mut it.diagnostics));
        self.diagnostics.drain(..).chain(of_roots).collect()
    }
}

/// Values for what the inputs leave open.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Of Terraform variables.
    pub terraform: terraform::Options,
    /// Parameter files of templates.
    pub parameters: Vec<PathBuf>,
    /// Where Bicep sources lie that are not beside their templates.
    pub bicep_root: Option<PathBuf>,
    /// Count how much of each azurerm resource is lowered.
    pub statistics: bool,
}

/// What to do with a graph, on the thread that linked it.
pub(super) type Done<'d, G> = &'d (dyn Fn(ResourceGraph, &SourceMap) -> G + Sync);

/// Lowers and links every root.
pub(super) fn units<G: Send>(
    inputs: &[Input],
    files: &dyn Files,
    sources: &mut SourceMap,
    values: &Values,
    mappings: &Mappings,
    done: Done<'_, G>,
) -> Units<G> {
    let mut units = Units {
        graphs: Vec::new(),
        origins: Vec::new(),
        unmapped: Vec::new(),
        diagnostics: Vec::new(),
        files: 0,
        statistics: Statistics::default(),
        templates: None,
        deployed: FxHashSet::default(),
    };
    units.terraform(inputs, files, sources, values, mappings, done);
    units.templates(inputs, files, sources, values, done);
    units.yaml(inputs, files, sources, mappings, done);
    units
}

impl<G: Send> Units<G> {
    fn terraform(
        &mut self,
        inputs: &[Input],
        files: &dyn Files,
        sources: &mut SourceMap,
        values: &Values,
        mappings: &Mappings,
        done: Done<'_, G>,
    ) {
        let of_terraform = |it: &&Input| matches!(it.kind, Kind::Terraform | Kind::TerraformVariables);
        let mut scanned: Vec<SourceFile> =
            inputs.iter().filter(of_terraform).filter_map(|it| sources.get(it.file).cloned()).collect();
        let plans = self.plans(inputs, files, sources);
        if scanned.is_empty() && plans.is_empty() {
            return;
        }
        let before = sources.files().len();
        self.files += scanned.len() + plans.len();
        let beside =
            plans.iter().flat_map(|plan| configuration_beside(plan, &scanned, files, sources)).collect::<Vec<_>>();
        scanned.extend(beside);
        let (mut project, diagnostics) = Project::load(scanned, files, sources, &values.terraform);
        self.files += sources.files().len() - before;
        self.diagnostics.extend(diagnostics);
        // A root that a plan lies beside is judged by the plan, which knows more.
        let planned = |root: &Root| plans.iter().any(|plan| plan.dir == root.dir);
        let (planned, roots): (Vec<Root>, Vec<Root>) =
            project.take_roots(|root| !planned(root)).into_iter().partition(planned);
        self.roots(&project, roots, mappings, values.statistics, (done, sources));
        for ((lowered, statistics), plan) in
            map(&plans, 2, |plan| lower_plan(plan, &project, &planned, mappings, values.statistics, (done, sources)))
                .into_iter()
                .zip(&plans)
        {
            self.statistics.add(&statistics);
            let root = planned.iter().find(|root| root.dir == plan.dir);
            let reads = root.map_or_else(|| BTreeSet::from([plan.dir.clone()]), |root| project.reach(root));
            self.add(lowered, Kind::Plan, &plan.dir, reads);
        }
        project.forget();
    }

    /// Evaluates, lowers and links roots, and does what is to be done with each; its text is forgotten as soon as that is done.
    fn roots(
        &mut self,
        project: &Project<'_>,
        roots: Vec<Root>,
        mappings: &Mappings,
        count: bool,
        (done, sources): (Done<'_, G>, &SourceMap),
    ) {
        let lowered = map_into(roots, 2, |root| {
            let (linked, statistics) = lower(project, &root, mappings, count, sources);
            let (directory, reads) = (root.dir.clone(), project.reach(&root));
            drop(root);
            (linked.map(done, sources), statistics, directory, reads)
        });
        for (lowered, statistics, directory, reads) in lowered {
            self.statistics.add(&statistics);
            self.add(lowered, Kind::Terraform, &directory, reads);
        }
    }

    /// The plans and states among the inputs.
    fn plans(&mut self, inputs: &[Input], files: &dyn Files, sources: &SourceMap) -> Vec<Plan> {
        let mut plans = Vec::new();
        for input in inputs.iter().filter(|it| it.kind == Kind::Plan) {
            let Some(file) = sources.get(input.file) else { continue };
            let (document, diagnostics) = json::parse(file.id(), file.text());
            let document = document.map(|document| document.root).filter(plan::is_plan);
            match document {
                Some(document) => {
                    self.diagnostics.extend(diagnostics);
                    let dir = normalise(&input.path).parent().map(PathBuf::from).unwrap_or_default();
                    plans.push(Plan { dir, shown: file.shown().into(), document });
                }
                None if input.named => self.diagnostics.push(not_an_input(files.shown(&input.path))),
                None => {}
            }
        }
        plans
    }

    fn templates(
        &mut self,
        inputs: &[Input],
        files: &dyn Files,
        sources: &mut SourceMap,
        values: &Values,
        done: Done<'_, G>,
    ) {
        let of_arm = || inputs.iter().filter(|it| it.kind == Kind::Arm);
        // What Terraform deploys is judged as it is deployed, not by itself as well.
        let alone = |it: &&Input| it.named || !self.deployed.contains(&it.file) || has_parameters(it, inputs);
        let scanned: Vec<SourceFile> = of_arm().filter(alone).filter_map(|it| sources.get(it.file).cloned()).collect();
        self.files += of_arm().filter(|it| !alone(it)).count();
        if scanned.is_empty() {
            return;
        }
        let options = arm::Options { parameters: values.parameters.clone(), bicep_root: values.bicep_root.clone() };
        let (templates, diagnostics) = Templates::load(&scanned, files, sources, &options);
        self.diagnostics.extend(diagnostics);
        self.files += templates.inputs().count();
        let lowered = map(templates.units(), 2, |unit| link(templates.lower(unit), sources).map(done, sources));
        for (linked, unit) in lowered.into_iter().zip(templates.units()) {
            let directory = unit.directory();
            self.add(linked, Kind::Arm, directory, BTreeSet::from([directory.to_path_buf()]));
        }
        for input in of_arm().filter(|it| it.named) {
            let path = normalise(&input.path);
            if templates.inputs().all(|it| it != path) {
                self.diagnostics.push(not_an_input(files.shown(&input.path)));
            }
        }
        self.templates = Some(templates);
    }

    fn yaml(
        &mut self,
        inputs: &[Input],
        files: &dyn Files,
        sources: &mut SourceMap,
        mappings: &Mappings,
        done: Done<'_, G>,
    ) {
        let of_yaml: Vec<(&Input, SourceFile)> = inputs
            .iter()
            .filter(|it| it.kind == Kind::Yaml)
            .filter_map(|it| Some((it, sources.get(it.file)?.clone())))
            .collect();
        let mut parsed = Vec::new();
        for ((input, _), found) in of_yaml.iter().zip(map(&of_yaml, 8, |(_, file)| yaml::parse(file))) {
            match found {
                Some(found) => parsed.push(found),
                None if input.named => self.diagnostics.push(no_yaml_input(files.shown(&input.path))),
                None => {}
            }
        }
        self.files += parsed.len();
        let before = sources.files().len();
        let found = yaml::units(parsed, files, sources);
        self.files += sources.files().len() - before;
        let lower =
            |unit: yaml::Unit| (unit.directories().to_vec(), link(unit.lower(mappings), sources).map(done, sources));
        for (directories, linked) in map_into(found, 8, lower) {
            let first = directories.first().cloned().unwrap_or_default();
            self.add(linked, Kind::Yaml, &first, directories.into_iter().collect());
        }
    }

    fn add(&mut self, linked: Linked<G>, kind: Kind, directory: &Path, reads: BTreeSet<PathBuf>) {
        self.unmapped.extend(linked.unmapped);
        self.deployed.extend(linked.deployed);
        let (directory, diagnostics) = (directory.to_path_buf(), linked.diagnostics);
        self.origins.push(Origin { kind, directory, reads, diagnostics });
        self.graphs.push(linked.graph);
    }
}

/// Whether parameter files of a template lie beside it: it is deployed by itself too.
fn has_parameters(template: &Input, inputs: &[Input]) -> bool {
    let beside = inputs.iter().filter(|it| it.kind == Kind::Arm && it.path.parent() == template.path.parent());
    let mut names = beside.filter_map(|it| it.path.file_name()?.to_str());
    names.any(|name| arm::are_parameters_of(&template.path, name))
}

/// A Terraform plan or state as JSON.
struct Plan {
    dir: PathBuf,
    shown: Arc<str>,
    document: Value,
}

/// The configuration that lies beside a plan, as far as it was not found anyway: it has the places to point at.
fn configuration_beside(
    plan: &Plan,
    scanned: &[SourceFile],
    files: &dyn Files,
    sources: &mut SourceMap,
) -> Vec<SourceFile> {
    let mut found = Vec::new();
    for listed in files.list(&plan.dir) {
        let path = plan.dir.join(&listed.name);
        let known = scanned.iter().any(|file| normalise(file.path()) == path);
        if listed.directory || known || by_name(&path) != Some(Kind::Terraform) {
            continue;
        }
        if let Ok(text) = files.read(&path) {
            let id = sources.add(path.clone(), files.shown(&path), text);
            found.extend(sources.get(id).cloned());
        }
    }
    found
}

struct Linked<G = ResourceGraph> {
    graph: G,
    unmapped: Vec<Arc<str>>,
    diagnostics: Vec<Diagnostic>,
    /// Files whose template it deploys.
    deployed: Vec<FileId>,
}

impl Linked {
    fn map<G>(self, done: Done<'_, G>, sources: &SourceMap) -> Linked<G> {
        let Self { graph, unmapped, diagnostics, deployed } = self;
        Linked { graph: done(graph, sources), unmapped, diagnostics, deployed }
    }
}

fn lower(
    project: &Project<'_>,
    root: &Root,
    mappings: &Mappings,
    count: bool,
    sources: &SourceMap,
) -> (Linked, Statistics) {
    let (instances, diagnostics) = project.evaluate(root);
    let statistics = statistics(&instances, mappings, count);
    let mut lowered = terraform::lower(&instances, mappings, Dialect::Terraform);
    lowered.root = root.shown.clone();
    lowered.diagnostics.extend(diagnostics);
    (link(lowered, sources), statistics)
}

/// How much is known, when somebody asked.
fn statistics(instances: &[Instance], mappings: &Mappings, count: bool) -> Statistics {
    if !count {
        return Statistics::default();
    }
    let mut statistics = Statistics::of(instances);
    statistics.count_lowered(instances, mappings);
    statistics
}

fn lower_plan<G>(
    plan: &Plan,
    project: &Project<'_>,
    roots: &[Root],
    mappings: &Mappings,
    count: bool,
    (done, sources): (Done<'_, G>, &SourceMap),
) -> (Linked<G>, Statistics) {
    let root = roots.iter().find(|root| root.dir == plan.dir);
    let (of_sources, _) = root.map(|root| project.evaluate(root)).unwrap_or_default();
    let (instances, diagnostics) = plan::instances(&plan.document, &of_sources);
    let statistics = statistics(&instances, mappings, count);
    let mut lowered = terraform::lower(&instances, mappings, Dialect::Plan);
    lowered.resources.extend(terraform::secrets(&of_sources));
    lowered.root = root.map_or_else(|| plan.shown.clone(), |root| root.shown.clone());
    lowered.diagnostics.extend(diagnostics);
    (link(lowered, sources).map(done, sources), statistics)
}

fn link(mut lowered: Lowered, sources: &SourceMap) -> Linked {
    let deployed = arm::expand_deployments(&mut lowered, sources);
    azure::expand(&mut lowered);
    let unmapped = std::mem::take(&mut lowered.unmapped);
    let diagnostics = std::mem::take(&mut lowered.diagnostics);
    Linked { graph: ResourceGraph::link(lowered), unmapped, diagnostics, deployed }
}
