//! What of the findings is reported: those of the files that were named, or those that a change brings.
//!
//! In: all findings of a run, and what was asked for. Out: the ones to report. To tell what a change elsewhere brings, the texts
//! before the change are judged as well, but only when an unchanged place has something failing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::changes::{Changes, Since};
use super::{Request, bicep, run, shown};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::discover::Buffer;
use crate::finding::{Finding, Verdict};
use crate::source::SourceMap;

/// When only files were named, what other files say is not reported, although it was read.
pub(super) fn keep_named(findings: &mut Vec<Finding>, paths: &[PathBuf], only_files: bool, sources: &SourceMap) {
    if !only_files || paths.is_empty() || paths.iter().any(|it| it.is_dir()) {
        return;
    }
    // A Bicep source is judged by its template.
    let templates = paths.iter().filter(|it| bicep::is_bicep(it)).map(|it| it.with_extension("json"));
    let named: FxHashSet<PathBuf> =
        paths.iter().cloned().chain(templates).filter_map(|it| std::path::absolute(it).ok()).collect();
    let is_named = |span: crate::source::Span| {
        let file = sources.get(span.file).and_then(|it| std::path::absolute(it.path()).ok());
        file.is_some_and(|it| named.contains(&it))
    };
    findings.retain(|finding| {
        let labels = finding.related.iter().map(|it| it.span);
        labels.chain([finding.primary.span, finding.resource.span]).any(is_named)
    });
}

/// Findings and warnings that touch what changed, and what fails now and did not before although no line of it changed.
pub(super) fn keep_changed(
    findings: &mut Vec<Finding>,
    since: &Since,
    request: &Request,
    sources: &SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let directory = directory_of(&request.paths);
    match Changes::read(since, directory) {
        Ok(changes) if changes.is_empty() => {
            findings.clear();
            diagnostics.retain(|it| it.severity == Severity::Error || it.span.is_none());
        }
        Ok(changes) => {
            // What could not be judged is told wherever it is; a warning belongs to who writes what it is about.
            let is_near = |it: &Diagnostic| it.span.is_none_or(|span| changes.touches(sources, span));
            diagnostics.retain(|it| it.severity == Severity::Error || is_near(it));
            let touches: Vec<bool> = findings.iter().map(|it| changes.touch(sources, it)).collect();
            let is_open = |it: &Finding| it.verdict == Verdict::Fail && it.suppressed.is_none();
            let is_doubtful = findings.iter().zip(&touches).any(|(it, touches)| !touches && is_open(it));
            let before = if is_doubtful { failed_before(request, changes) } else { FxHashSet::default() };
            let mut touches = touches.into_iter();
            findings.retain(|it| {
                touches.next().unwrap_or(true) || (is_doubtful && is_open(it) && !before.contains(&identity(it)))
            });
        }
        Err(message) => {
            let told = Diagnostic::of_path(Code::Config, shown(directory), message);
            diagnostics.push(told.with_help("all findings are shown"));
        }
    }
}

/// The first path when it is a directory, else the directory that holds it.
pub(super) fn directory_of(paths: &[PathBuf]) -> &Path {
    let start = paths.first().map_or(Path::new("."), PathBuf::as_path);
    if start.is_dir() { start } else { start.parent().unwrap_or(Path::new(".")) }
}

/// What failed with the texts as they were before the change.
fn failed_before(request: &Request, changes: Changes) -> FxHashSet<(Arc<str>, Arc<str>, Arc<str>)> {
    let mut request = Request { since: None, fixes: false, baseline: None, ..request.clone() };
    if request.paths.is_empty() && request.buffers.is_empty() {
        request.paths.push(PathBuf::from("."));
    }
    request.overlay.extend(changes.before);
    let here = std::env::current_dir().and_then(std::fs::canonicalize).unwrap_or_default();
    let near = |path: &Path| path.strip_prefix(&here).unwrap_or(path).to_path_buf();
    request.buffers.extend(changes.gone.into_iter().map(|it| Buffer { path: near(&it.path), bytes: it.bytes }));
    let run = run(request);
    run.report.findings.iter().filter(|it| it.verdict == Verdict::Fail).map(identity).collect()
}

/// What stays the same of a finding while its text changes.
fn identity(finding: &Finding) -> (Arc<str>, Arc<str>, Arc<str>) {
    let Finding { policy, resource, .. } = finding;
    (policy.id.clone(), resource.root.clone(), resource.address.clone())
}
