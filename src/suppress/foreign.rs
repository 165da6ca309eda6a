//! Suppression comments of other linters: Checkov, Trivy, tfsec, KICS. Honoured only on request.
//!
//! In: a text. Out: [`Comment`]s whose patterns are foreign ids; whoever applies them looks into `equivalents`. A comment
//! that names no id (KICS's `ignore-line` and `ignore-block`) is for every policy that KICS has too.

use super::inline::{Comment, Place, Reach, comment_lines};
use crate::source::SourceFile;

/// Stands for every requirement that KICS has.
pub(super) const ALL_OF_KICS: &str = "kics-scan";

const MARKS: [&str; 6] = [
    "checkov:skip=",
    "trivy:ignore:",
    "tfsec:ignore:",
    "kics-scan disable=",
    "kics-scan ignore-line",
    "kics-scan ignore-block",
];

/// Finds the suppression comments that other linters read.
pub(super) fn scan(file: &SourceFile) -> Vec<Comment> {
    let mut found = Vec::new();
    for mark in MARKS.into_iter().filter(|mark| file.text().contains(mark)) {
        found.extend(comment_lines(file, mark).filter_map(|place| read(&place, mark)));
    }
    found
}

/// KICS names its queries by a GUID, of which policies list the first eight hex digits.
pub(super) fn is_of_kics(id: &str) -> bool {
    id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn read(place: &Place<'_>, mark: &str) -> Option<Comment> {
    let (ids, reason) = match mark {
        "checkov:skip=" => place.rest.split_once(':').unwrap_or((place.rest, "")),
        "kics-scan ignore-line" | "kics-scan ignore-block" => (ALL_OF_KICS, place.rest),
        _ => place.rest.split_once([' ', '\t']).unwrap_or((place.rest, "")),
    };
    let of_kics = mark.starts_with("kics-scan");
    let short = |id: &str| if of_kics && id != ALL_OF_KICS { id.chars().take(8).collect() } else { id.to_owned() };
    let patterns: Vec<_> = ids
        .split(',')
        .map(|id| id.split(':').next().unwrap_or(id).trim())
        .map(|id| id.strip_prefix("AVD-").unwrap_or(id))
        .filter(|id| !id.is_empty())
        .map(|id| (short(id), place.span))
        .collect();
    let reason = if reason.trim().is_empty() { format!("{mark}{}", place.rest) } else { reason.trim().to_owned() };
    let reach = if mark == "kics-scan disable=" { Reach::File } else { place.reach };
    let (until, by, span) = (None, None, place.span);
    (!patterns.is_empty()).then_some(Comment { patterns, until, by, reason, reach, span, foreign: true })
}
