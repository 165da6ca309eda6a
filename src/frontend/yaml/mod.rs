//! YAML that declares Azure, each document by its own shape: Pulumi, Azure Service Operator, Crossplane, Ansible, Kubernetes, and
//! resources as Resource Manager takes them.
//!
//! In: files whose text looks like one of these ([`may_be_input`]). Out: units, and [`Lowered`] of each: a Pulumi project or a
//! directory of manifests is one, a playbook or a list of tasks another. Template text (`{{ }}`) is told and left alone.

mod ansible;
mod arguments;
mod arm;
mod aso;
mod crossplane;
mod detect;
mod join;
mod kubernetes;
mod lift;
mod manifest;
mod patches;
mod pulumi;
mod tables;

use std::path::PathBuf;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

pub(super) use ansible::module;
#[cfg(test)]
pub(super) use ansible::modules;
pub use detect::may_be_input;

use self::detect::{Shape, declares_azure, shape, template_line};
use self::manifest::Manifest;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::frontend::Files;
use crate::frontend::files::normalise;
use crate::frontend::terraform::Mappings;
use crate::model::Lowered;
use crate::parse::yaml;
use crate::source::{SourceFile, SourceMap, Span};
use crate::value::Value;

/// A file that declares something that is judged, or that says why it cannot be.
#[derive(Debug)]
pub struct Parsed {
    file: SourceFile,
    documents: Vec<(Shape, Value)>,
    diagnostics: Vec<Diagnostic>,
}

/// Documents that make one graph.
#[derive(Debug)]
pub struct Unit {
    shown: String,
    content: Content,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Debug)]
enum Content {
    Program(pulumi::Program),
    Manifests(Vec<Manifest>),
    Tasks(ansible::Tasks),
    Resources(Vec<Value>),
    Nothing,
}

/// Parses a file; none when it declares nothing that is judged.
pub fn parse(file: &SourceFile) -> Option<Parsed> {
    let text = file.text();
    if !may_be_input(text) {
        return None;
    }
    let (documents, diagnostics) = yaml::parse(file.id(), text);
    if let (false, Some((start, end))) = (diagnostics.is_empty(), template_line(text)) {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let span = Span::new(file.id(), at(start), at(end));
        let message = "this file is a template: what it becomes is not analysed";
        let note = Diagnostic::note(Code::NotEvaluated, span, message)
            .with_help("render it (`helm template`) and let baalint read the result");
        return Some(Parsed { file: file.clone(), documents: Vec::new(), diagnostics: vec![note] });
    }
    let documents: Vec<_> =
        documents.into_iter().filter_map(|it| shape(&it.root).map(|shape| (shape, it.root))).collect();
    // What YAML forbids and every tool reads all the same costs nothing.
    let lenient = |it: Diagnostic| if it.code == Code::Invalid { it.with_severity(Severity::Warning) } else { it };
    let diagnostics: Vec<Diagnostic> = diagnostics.into_iter().map(lenient).collect();
    let told = !documents.is_empty() || (declares_azure(text) && diagnostics.iter().any(|it| it.code == Code::Syntax));
    told.then(|| Parsed { file: file.clone(), documents, diagnostics })
}

/// The units of parsed files, in order of path.
pub fn units(parsed: Vec<Parsed>, files: &dyn Files, sources: &mut SourceMap) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut manifests: IndexMap<PathBuf, Vec<Manifest>, FxBuildHasher> = IndexMap::default();
    for Parsed { file, documents, diagnostics } in parsed {
        let directory = normalise(file.path()).parent().map(PathBuf::from).unwrap_or_default();
        let (mut tasks, mut resources) = (Vec::new(), Vec::new());
        for (shape, root) in documents {
            match shape {
                Shape::Pulumi => {
                    let program = pulumi::Program::load(&root, &directory, files, sources);
                    units.push(Unit::new(&file, Content::Program(program)));
                }
                Shape::Manifest => {
                    let found = Manifest::all(&root).into_iter().filter(detect::is_judged);
                    manifests.entry(directory.clone()).or_default().extend(found);
                }
                Shape::Ansible => tasks.push(root),
                Shape::Arm => resources.push(root),
            }
        }
        if !tasks.is_empty() {
            let tasks = ansible::Tasks::load(tasks, &directory, files, sources);
            units.push(Unit::new(&file, Content::Tasks(tasks)));
        }
        if !resources.is_empty() {
            units.push(Unit::new(&file, Content::Resources(resources)));
        }
        if !diagnostics.is_empty() {
            units.push(Unit { diagnostics, ..Unit::new(&file, Content::Nothing) });
        }
    }
    units.extend(manifests.into_iter().map(|(directory, manifests)| Unit {
        shown: files.shown(&directory),
        content: Content::Manifests(manifests),
        diagnostics: Vec::new(),
    }));
    units.sort_by(|a, b| a.shown.cmp(&b.shown));
    units
}

impl Unit {
    fn new(file: &SourceFile, content: Content) -> Self {
        Self { shown: file.shown().to_owned(), content, diagnostics: Vec::new() }
    }

    /// Lowers the unit.
    pub fn lower(&self, mappings: &Mappings) -> Lowered {
        let mut lowered = Lowered { root: self.shown.as_str().into(), ..Lowered::default() };
        match &self.content {
            Content::Program(program) => program.lower(mappings, &mut lowered),
            Content::Manifests(manifests) => {
                for manifest in manifests {
                    if manifest.is_service_operator() {
                        aso::lower(manifest, &mut lowered);
                    } else if manifest.is_workload() {
                        kubernetes::lower(manifest, &mut lowered);
                    }
                }
                crossplane::lower(manifests, mappings, &mut lowered);
            }
            Content::Tasks(tasks) => tasks.lower(mappings, &mut lowered),
            Content::Resources(roots) => roots.iter().for_each(|root| arm::lower(root, &mut lowered)),
            Content::Nothing => {}
        }
        lowered.diagnostics.extend(self.diagnostics.iter().cloned());
        lowered
    }
}
