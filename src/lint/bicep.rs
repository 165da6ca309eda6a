//! Findings in templates that Bicep has built point into the `.bicep` source first: it is what people edit.
//!
//! In: findings and the templates they lie in. Out: the same findings, their labels in the source where it has the place;
//! the text in the template that decided follows as a further label. Only the sources that a finding needs are read.

use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::finding::{Finding, Label};
use crate::frontend::Files;
use crate::frontend::arm::Templates;
use crate::source::{SourceFile, SourceMap, Span};

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
            let built = Label { span: finding.primary.span, text: "built from this, in the template".into() };
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
