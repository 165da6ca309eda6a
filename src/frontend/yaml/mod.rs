//! YAML that declares Azure, each document by its own shape: Pulumi, Azure Service Operator, Crossplane, Ansible, Kubernetes, and
//! resources as Resource Manager takes them.
//!
//! In: files whose text looks like one of these ([`may_be_input`]). Out: units, and [`Lowered`] of each: a Pulumi project or
//! manifests that are deployed together are one, a playbook or a list of tasks another. Template text (`{{ }}`) is told and left alone.

mod ansible;
mod arguments;
mod arm;
mod aso;
mod crossplane;
mod detect;
mod embedded;
pub mod fix;
mod join;
mod kubernetes;
mod kustomize;
mod lift;
mod machine_learning;
mod manifest;
mod patches;
mod placeholder;
mod provider_azure;
mod pulumi;
mod tables;
mod together;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use rayon::prelude::*;
use rustc_hash::{FxBuildHasher, FxHashMap};

pub use detect::may_be_input;

use self::detect::{Shape, declares_azure, shape, template_line};
use self::manifest::Manifest;
use self::together::{Directories, Manifests};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::frontend::Files;
use crate::frontend::files::normalise;
use crate::frontend::terraform::Mappings;
use crate::model::{Lowered, ResourceType, Unread};
use crate::parse::yaml;
use crate::source::{SourceFile, SourceMap, Span};
use crate::value::Value;

include!(concat!(env!("OUT_DIR"), "/ansible_modules.rs"));
include!(concat!(env!("OUT_DIR"), "/az_schemas.rs"));

/// The mapping file of a module of Ansible or a schema of `az ml`, as JSON.
pub(super) fn module(name: &str) -> Option<&'static str> {
    let table = if name.starts_with("azure_ml_") { SCHEMAS } else { MODULES };
    let at = table.binary_search_by(|(candidate, _)| (*candidate).cmp(name)).ok()?;
    table.get(at).map(|(_, text)| *text)
}

/// Every module and schema that has a mapping file.
#[cfg(test)]
pub(super) fn modules() -> impl Iterator<Item = &'static str> {
    MODULES.iter().chain(SCHEMAS).map(|(name, _)| *name)
}

/// What people call the dialect of a resource.
pub fn dialect(source_type: &str, resource_type: &ResourceType) -> &'static str {
    let of_group = |ending: &str| source_type.split_once('/').is_some_and(|(group, _)| group.ends_with(ending));
    if pulumi::is_azure(source_type) {
        "Pulumi"
    } else if of_group("upbound.io") || of_group("crossplane.io") {
        "Crossplane"
    } else if of_group(".azure.com") {
        "Azure Service Operator"
    } else if source_type.starts_with("azure_rm_") {
        "Ansible"
    } else if resource_type.as_str().starts_with("Kubernetes/") {
        "Kubernetes"
    } else {
        "az"
    }
}

/// A file that declares something that is judged, or that says why it cannot be.
#[derive(Debug)]
pub struct Parsed {
    file: SourceFile,
    documents: Vec<(Shape, Value)>,
    /// Those of documents for clusters, when there is such a document.
    manifests: Option<Vec<Manifest>>,
    diagnostics: Vec<Diagnostic>,
}

/// Documents that make one graph.
#[derive(Debug)]
pub struct Unit {
    shown: String,
    directories: Vec<PathBuf>,
    content: Content,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Debug)]
enum Content {
    Programs(Vec<pulumi::Program>),
    Manifests(Vec<Manifest>, Vec<Unread>),
    Tasks(ansible::Tasks),
    Resources(Vec<(Shape, Value)>),
    Nothing,
}

/// Parses a file that [`may_be_input`]; none when it declares nothing that is judged.
pub fn parse(file: &SourceFile) -> Option<Parsed> {
    let text = file.text();
    let (documents, diagnostics) = yaml::parse(file.id(), text);
    if let Some((start, end)) = (!diagnostics.is_empty()).then(|| template_line(text)).flatten() {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let span = Span::new(file.id(), at(start), at(end));
        let message = "this file is a template: what it becomes is not analysed";
        let note = Diagnostic::note(Code::NotEvaluated, span, message)
            .with_help("render it (`helm template`) and let baalint read the result");
        let (documents, manifests) = (Vec::new(), None);
        return Some(Parsed { file: file.clone(), documents, manifests, diagnostics: vec![note] });
    }
    let mut documents: Vec<_> =
        documents.into_iter().filter_map(|it| shape(&it.root).map(|shape| (shape, it.root))).collect();
    if placeholder::occur(text) {
        let filled_in = |shape: &Shape| !matches!(shape, Shape::Pulumi | Shape::Ansible);
        documents.iter_mut().filter(|(shape, _)| filled_in(shape)).for_each(|(_, root)| placeholder::unknown(root));
    }
    // What YAML forbids and every tool reads all the same costs nothing.
    let lenient = |it: Diagnostic| if it.code == Code::Invalid { it.with_severity(Severity::Warning) } else { it };
    let diagnostics: Vec<Diagnostic> = diagnostics.into_iter().map(lenient).collect();
    // A playbook of anything else is read for its roles only.
    let other = |(shape, root): &(Shape, Value)| *shape == Shape::Ansible && !ansible::uses_azure(root);
    if !documents.is_empty() && documents.iter().all(other) {
        return Some(Parsed { file: file.clone(), documents, manifests: None, diagnostics: Vec::new() });
    }
    let told = !documents.is_empty() || (declares_azure(text) && diagnostics.iter().any(|it| it.code == Code::Syntax));
    told.then(|| {
        let (of_clusters, documents): (Vec<_>, _) =
            documents.into_iter().partition(|(shape, _)| shape.is_of_clusters());
        let manifests = (!of_clusters.is_empty()).then(|| judged(of_clusters));
        Parsed { file: file.clone(), documents, manifests, diagnostics }
    })
}

/// The manifests in documents for clusters that some policy may speak of.
fn judged(documents: Vec<(Shape, Value)>) -> Vec<Manifest> {
    let of = |(shape, root): (Shape, Value)| match shape {
        Shape::Kustomization => kustomize::secrets(&root),
        _ => Manifest::all(&root),
    };
    documents.into_iter().flat_map(of).filter(detect::is_judged).collect()
}

/// The units of parsed files, in order of path.
pub fn units(parsed: Vec<Parsed>, files: &dyn Files, sources: &mut SourceMap) -> Vec<Unit> {
    let mut units = Vec::new();
    let places: Vec<Place> = parsed.par_iter().map(|it| Place::of(&it.file, files)).collect();
    let mut manifests = directories(&parsed, &places, files);
    let mut charts: IndexMap<PathBuf, usize, FxBuildHasher> = IndexMap::default();
    let lists = lists(&parsed);
    let components = Arc::new(components(&parsed, files));
    let mut library = ansible::Library { lists: &lists, files, sources, used: Vec::new() };
    let mut tasks = Vec::new();
    for (Parsed { file, documents, manifests: found, diagnostics }, Place { path, directory, chart }) in
        parsed.into_iter().zip(places)
    {
        if let Some(chart) = chart {
            let templates = charts.entry(chart).or_default();
            *templates = templates.saturating_add(1);
            continue;
        }
        if let Some(found) = found {
            let beside = manifests.entry(directory.clone()).or_default();
            let is_part = beside.kustomization.as_ref().is_some_and(|it| it.patches.contains(&path));
            beside.all.extend(found.into_iter().map(|manifest| Manifest { is_part, ..manifest }));
        }
        let mut resources = Vec::new();
        for (shape, root) in documents {
            match shape {
                Shape::Pulumi => {
                    let program = pulumi::Program::load(&root, &directory, &components, files, library.sources);
                    let unused = pulumi::unused(&root, &directory, &components, files);
                    let programs = std::iter::once(program).chain(unused).collect();
                    units.push(Unit::new(&file, Content::Programs(programs)));
                }
                Shape::Ansible | Shape::Manifest | Shape::Kustomization => {}
                Shape::Arm | Shape::MachineLearning => resources.push((shape, root)),
            }
        }
        if let Some(documents) = lists.get(&path) {
            tasks.push((path, file.clone(), ansible::Tasks::load(documents, &directory, &mut library)));
        }
        if !resources.is_empty() {
            units.push(Unit::new(&file, Content::Resources(resources)));
        }
        if !diagnostics.is_empty() {
            units.push(Unit { diagnostics, ..Unit::new(&file, Content::Nothing) });
        }
    }
    // What stands in the place of a role is judged there, with what it is given.
    let used = library.used;
    let own = tasks.into_iter().filter(|(path, _, tasks)| tasks.use_azure() && !used.contains(path));
    units.extend(own.map(|(_, file, tasks)| Unit::new(&file, Content::Tasks(tasks))));
    units.extend(together::grouped(manifests).into_iter().map(|together| Unit {
        shown: files.shown(together.directories.first().map_or(Path::new(""), PathBuf::as_path)),
        directories: together.directories,
        content: Content::Manifests(together.manifests, together.unread),
        diagnostics: Vec::new(),
    }));
    units.extend(charts.into_iter().map(|(chart, templates)| not_rendered(files.shown(&chart), templates)));
    units.sort_by(|a, b| a.shown.cmp(&b.shown));
    units
}

/// Where a file lies.
struct Place {
    path: PathBuf,
    directory: PathBuf,
    /// The chart that it is a template of.
    chart: Option<PathBuf>,
}

impl Place {
    fn of(file: &SourceFile, files: &dyn Files) -> Self {
        let path = normalise(file.path());
        let directory = path.parent().map(PathBuf::from).unwrap_or_default();
        Self { chart: kustomize::chart(&path, files), path, directory }
    }
}

/// The directories that hold manifests, in the order of their first ones, with what their kustomizations say.
fn directories(parsed: &[Parsed], places: &[Place], files: &dyn Files) -> Directories {
    let holds = |(parsed, place): &(&Parsed, &Place)| place.chart.is_none() && parsed.manifests.is_some();
    let mut found: Vec<&PathBuf> = parsed.iter().zip(places).filter(holds).map(|(_, place)| &place.directory).collect();
    // Files are in order of path, so most of a directory's come one after the other.
    found.dedup();
    let read =
        |directory: &PathBuf| Manifests { kustomization: kustomize::kustomization(directory, files), all: Vec::new() };
    let all: Vec<Manifests> = found.par_iter().map(|directory| read(directory)).collect();
    found.into_iter().cloned().zip(all).collect()
}

/// The components of Pulumi that the files declare.
fn components(parsed: &[Parsed], files: &dyn Files) -> pulumi::Components {
    let mut components = pulumi::Components::default();
    for Parsed { file, documents, .. } in parsed {
        let path = normalise(file.path());
        let directory = path.parent().unwrap_or(Path::new(""));
        let programs = documents.iter().filter(|(shape, _)| *shape == Shape::Pulumi);
        programs.for_each(|(_, root)| components.add(root, directory, files));
    }
    components
}

/// The plays and tasks of each file.
fn lists(parsed: &[Parsed]) -> FxHashMap<PathBuf, Vec<Value>> {
    let mut lists: FxHashMap<PathBuf, Vec<Value>> = FxHashMap::default();
    for Parsed { file, documents, .. } in parsed {
        let of_ansible = documents.iter().filter(|(shape, _)| *shape == Shape::Ansible).map(|(_, root)| root.clone());
        let found: Vec<Value> = of_ansible.collect();
        if !found.is_empty() {
            lists.insert(normalise(file.path()), found);
        }
    }
    lists
}

fn not_rendered(chart: String, templates: usize) -> Unit {
    let files = if templates == 1 { "template".to_owned() } else { format!("{templates} templates") };
    let message = format!("is a Helm chart: what its {files} become is not analysed");
    let note = Diagnostic::of_path(Code::NotEvaluated, chart.clone(), message)
        .with_severity(Severity::Note)
        .with_help("render it (`helm template`) and let baalint read the result");
    Unit { directories: vec![PathBuf::from(&chart)], shown: chart, content: Content::Nothing, diagnostics: vec![note] }
}

impl Unit {
    fn new(file: &SourceFile, content: Content) -> Self {
        let directory = normalise(file.path()).parent().map(PathBuf::from).unwrap_or_default();
        Self { shown: file.shown().to_owned(), directories: vec![directory], content, diagnostics: Vec::new() }
    }

    /// The directories of its documents, the outermost first.
    pub fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// Lowers the unit.
    pub fn lower(self, mappings: &Mappings) -> Lowered {
        let mut lowered = Lowered { root: self.shown.as_str().into(), ..Lowered::default() };
        match self.content {
            Content::Programs(programs) => programs.iter().for_each(|it| it.lower(mappings, &mut lowered)),
            Content::Manifests(manifests, unread) => {
                lowered.unread = unread;
                for manifest in &manifests {
                    if manifest.is_service_operator() {
                        aso::lower(manifest, &mut lowered);
                    } else if manifest.is_workload() {
                        kubernetes::lower(manifest, &mut lowered);
                    }
                }
                crossplane::lower(manifests, mappings, &mut lowered);
            }
            Content::Tasks(tasks) => tasks.lower(mappings, &mut lowered),
            Content::Resources(roots) => {
                for (shape, root) in &roots {
                    match shape {
                        Shape::MachineLearning => machine_learning::lower(root, mappings, &mut lowered),
                        _ => arm::lower(root, &mut lowered),
                    }
                }
            }
            Content::Nothing => {}
        }
        lowered.diagnostics.extend(self.diagnostics);
        lowered
    }
}
