//! Suppression comments of other linters: Checkov, Trivy, tfsec, KICS. Honoured only on request.
//!
//! In: a text. Out: [`Comment`]s whose patterns are foreign ids; whoever applies them looks into `equivalents`.

use super::inline::{Comment, Place, comment_lines};
use crate::source::SourceFile;

/// Mark, and what ends an id.
const MARKS: [&str; 4] = ["checkov:skip=", "trivy:ignore:", "tfsec:ignore:", "kics-scan ignore-line"];

/// Finds the suppression comments that other linters read.
pub(super) fn scan(file: &SourceFile) -> Vec<Comment> {
    let mut found = Vec::new();
    for mark in MARKS.into_iter().filter(|mark| file.text().contains(mark)) {
        found.extend(comment_lines(file, mark).filter_map(|place| read(&place, mark)));
    }
    found
}

fn read(place: &Place<'_>, mark: &str) -> Option<Comment> {
    let (ids, reason) = match mark {
        // KICS names no query: everything on the next line is meant, which we do not honour.
        "kics-scan ignore-line" => return None,
        "checkov:skip=" => place.rest.split_once(':').unwrap_or((place.rest, "")),
        _ => place.rest.split_once([' ', '\t']).unwrap_or((place.rest, "")),
    };
    let patterns: Vec<_> = ids
        .split(',')
        .map(|id| id.split(':').next().unwrap_or(id).trim())
        .map(|id| id.strip_prefix("AVD-").unwrap_or(id))
        .filter(|id| !id.is_empty())
        .map(|id| (id.to_owned(), place.span))
        .collect();
    let reason = if reason.trim().is_empty() { format!("{mark}{ids}") } else { reason.trim().to_owned() };
    (!patterns.is_empty()).then_some(Comment {
        patterns,
        until: None,
        by: None,
        reason,
        reach: place.reach,
        span: place.span,
        foreign: true,
    })
}
