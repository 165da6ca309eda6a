//! Findings in templates that Bicep has built point into the `.bicep` source first: it is what people edit.
//!
//! In: findings and the templates they lie in. Out: the same findings, their labels in the source where it has the place;
//! the text in the template that decided follows as a further label, unless the template was built for this run and is no
//! file. Only the sources that a finding needs are read. Sources that were not built are told.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::compile::Built;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::discover::{Disk, Input, Kind};
use crate::finding::{Finding, Label};
use crate::frontend::Files;
use crate::frontend::arm::{Templates, built_hash};
use crate::frontend::files::normalise;
use crate::source::{FileId, SourceFile, SourceMap, Span};

/// The templates that were built for this run, as inputs in the place of those on disk.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    /// Their texts, with the paths of their sources.
    files: Vec<(FileId, PathBuf)>,
    /// Where they would lie.
    pub(super) paths: Vec<PathBuf>,
}

impl Fresh {
    /// Puts what was built among the inputs; a template on disk that differs is told.
    pub(super) fn add(
        built: Vec<Built>,
        disk: &Disk,
        inputs: &mut Vec<Input>,
        sources: &mut SourceMap,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut fresh = Self::default();
        for Built { source, path, text } in built {
            if let Ok(old) = disk.read(&path) {
                diagnostics.extend(outdated(&disk.shown(&path), &disk.shown(&source), &old, &text));
            }
            inputs.retain(|it| normalise(&it.path) != normalise(&path));
            // The report names the source: there is no such template.
            let file = sources.add(&path, disk.shown(&source), text);
            inputs.push(Input { file, path: path.clone(), kind: Kind::Arm, named: true });
            fresh.files.push((file, source));
            fresh.paths.push(path);
        }
        inputs.sort_by(|a, b| a.path.cmp(&b.path));
        fresh
    }

    /// Moves everything that still points into a template which is no file to its source.
    pub(super) fn only_sources(
        &self,
        templates: &Templates,
        files: &dyn Files,
        sources: &mut SourceMap,
        findings: &mut [Finding],
        diagnostics: &mut [Diagnostic],
    ) {
        if self.files.is_empty() {
            return;
        }
        let is_fresh = |span: &Span| self.files.iter().any(|(file, _)| *file == span.file);
        let mut spans: Vec<Span> = diagnostics.iter().filter_map(|it| it.span).collect();
        for finding in findings.iter() {
            spans.extend([finding.primary.span, finding.resource.span, finding.resource.header]);
            spans.extend(finding.related.iter().map(|it| it.span).chain(finding.evidence.iter().map(|it| it.span)));
            spans.extend(
                finding.resource.callers.iter().chain(finding.suppressed.iter().filter_map(|it| it.span.as_ref())),
            );
        }
        spans.retain(is_fresh);
        let (places, _) = templates.bicep_places(spans, files, sources);
        let mut starts: Vec<(FileId, Span)> = Vec::new();
        for (file, path) in &self.files {
            let known = sources.files().iter().find(|it| it.path() == path).map(SourceFile::id);
            let text = || files.read(path).unwrap_or_default();
            let source = known.unwrap_or_else(|| sources.add(path, files.shown(path), text()));
            starts.push((*file, Span::new(source, 0, 0)));
        }
        let moved = |span: &mut Span| {
            let start = starts.iter().find(|(file, _)| *file == span.file).map(|it| it.1);
            if let Some(place) = start.map(|start| places.get(span).copied().unwrap_or(start)) {
                *span = place;
            }
        };
        diagnostics.iter_mut().filter_map(|it| it.span.as_mut()).for_each(moved);
        for finding in findings {
            finding.related.retain(|it| *it.text != *BUILT || !is_fresh(&it.span));
            let subject = Arc::make_mut(&mut finding.resource);
            [&mut finding.primary.span, &mut subject.span, &mut subject.header].into_iter().for_each(moved);
            subject.callers.iter_mut().for_each(moved);
            finding.related.iter_mut().map(|it| &mut it.span).for_each(moved);
            finding.evidence.iter_mut().map(|it| &mut it.span).for_each(moved);
            finding.suppressed.iter_mut().filter_map(|it| it.span.as_mut()).for_each(moved);
        }
    }
}

/// One finding for what several templates share: each holds the module that the place is in.
pub(super) fn share(findings: &mut Vec<Finding>) {
    let is_built = |finding: &Finding| finding.related.iter().any(|it| *it.text == *BUILT);
    if !findings.iter().any(is_built) {
        return;
    }
    let mut first: IndexMap<(Arc<str>, Span, String, bool), usize, FxBuildHasher> = IndexMap::default();
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings.drain(..) {
        let built = is_built(&finding);
        let local = finding.resource.address.rsplit('/').next().unwrap_or("");
        let what = format!("{}|{local}|{:?}", finding.resource.resource_type, finding.verdict);
        let key = (finding.policy.id.clone(), finding.primary.span, what, finding.suppressed.is_some());
        let before = first.get(&key).copied().filter(|_| built).and_then(|at| kept.get_mut(at));
        match before {
            Some(before) if before.resource.root != finding.resource.root => {
                before.members.extend(finding.members);
                let new = finding.related.into_iter().filter(|it| *it.text == *BUILT);
                before.related.extend(new);
                before.severity = before.severity.max(finding.severity);
            }
            _ => {
                if built {
                    first.insert(key, kept.len());
                }
                kept.push(finding);
            }
        }
    }
    *findings = kept;
}

/// What a finding says of the text in the template.
const BUILT: &str = "built from this, in the template";

/// The template on disk, when the same compiler makes another one of the source as it is now.
fn outdated(template: &str, source: &str, old: &str, new: &str) -> Option<Diagnostic> {
    let (old, new) = (built_hash(old)?, built_hash(new)?);
    let message = format!("was not built from `{source}` as it is now, which is what is judged");
    let told = Diagnostic::of_path(Code::Invalid, template, message).with_severity(Severity::Warning);
    (old.0 == new.0 && old.1 != new.1).then(|| told.with_help("build it again"))
}

/// Says which Bicep files were found and not judged.
pub(super) fn not_built(templates: Option<&Templates>, found: &[PathBuf], disk: &Disk) -> Option<Diagnostic> {
    let left = match templates {
        Some(templates) => templates.unbuilt_bicep(found, disk),
        None => Templates::default().unbuilt_bicep(found, disk),
    };
    let first = left.first()?;
    let shown: Vec<String> = left.iter().skip(1).take(5).map(|it| format!("`{}`", disk.shown(it))).collect();
    let more = match left.len() - 1 {
        0 => String::new(),
        rest if rest > shown.len() => format!("; nor were {}, and {} more", shown.join(", "), rest - shown.len()),
        _ => format!("; nor were {}", shown.join(", ")),
    };
    let message = format!("was not judged: no template was built from it{more}");
    let told = Diagnostic::of_path(Code::NotEvaluated, disk.shown(first), message).with_severity(Severity::Warning);
    Some(told.with_help("build them with `bicep build`, or name them: `baalint check main.bicep`; `--bicep-root` says where the sources of templates are"))
}

/// Moves labels into the Bicep sources; gives the sources that were read for it, and what is wrong with them.
pub(super) fn point(
    templates: &Templates,
    files: &dyn Files,
    sources: &mut SourceMap,
    findings: &mut [Finding],
) -> (Vec<SourceFile>, Vec<Diagnostic>) {
    let spans: Vec<Span> = findings.iter().flat_map(|it| labels(it).map(|label| label.span)).collect();
    let before = sources.files().len();
    let (places, told) = templates.bicep_places(spans, files, sources);
    for finding in findings {
        for label in &mut finding.related {
            if let Some(place) = places.get(&label.span) {
                label.span = *place;
            }
        }
        if let Some(place) = places.get(&finding.primary.span) {
            let built = Label { span: finding.primary.span, text: BUILT.into() };
            finding.primary.span = *place;
            finding.related.retain(|label| label.span != *place);
            finding.related.push(built);
        }
    }
    let read = sources.files().get(before..).unwrap_or(&[]).iter();
    (read.filter(|it| is_bicep(it.path())).cloned().collect(), told)
}

/// True for a Bicep source.
pub(super) fn is_bicep(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("bicep"))
}

fn labels(finding: &Finding) -> impl Iterator<Item = &Label> {
    std::iter::once(&finding.primary).chain(&finding.related)
}
