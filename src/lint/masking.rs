//! Takes literal secrets out of everything that a report prints: the lines of source, messages, labels and evidence.
//!
//! In: what is noted of each graph of a run. Out: sources whose secrets are stars, byte for byte, so that every span still holds, and
//! findings without them. A secret is masked wherever its text stands in the files that it came through.

use indexmap::IndexMap;
use rayon::prelude::*;
use regex::Regex;
use rustc_hash::FxBuildHasher;

use super::bicep::is_bicep;
use crate::azure::secrets;
use crate::finding::Finding;
use crate::model::{Lookup, PropertyPath, Resource, ResourceGraph};
use crate::source::{FileId, SourceFile, SourceMap};
use crate::value::Value;

/// Shorter texts are no secrets, and would take half a report with them.
const SHORTEST: usize = 4;

/// A longer text is no part of a word by chance.
const LONG: usize = 8;

type ByFile = IndexMap<FileId, Vec<String>, FxBuildHasher>;

/// The literal secrets of a graph: each with every file that its text came through.
pub(super) type Secrets = Vec<(FileId, String)>;

/// Notes the literal secrets of a graph.
pub(super) fn noted(graph: &ResourceGraph) -> Secrets {
    let mut noted = Vec::new();
    for secret in secrets_of(graph) {
        note(&secret, &mut noted);
    }
    noted
}

/// Masks what the graphs hold of secrets.
pub(super) fn mask(secrets: Secrets, sources: &mut SourceMap, findings: &mut [Finding]) {
    let mut by_file = ByFile::default();
    for (file, secret) in secrets {
        by_file.entry(file).or_default().push(secret);
    }
    // A Bicep source holds the same texts as the template that was built from it.
    let built_from: Vec<FileId> = sources.files().iter().filter(|it| is_bicep(it.path())).map(SourceFile::id).collect();
    if !built_from.is_empty() {
        let all: Vec<String> = by_file.values().flatten().cloned().collect();
        by_file.extend(built_from.into_iter().map(|file| (file, all.clone())));
    }
    for (file, secrets) in &mut by_file {
        longest_first(secrets);
        let Some(text) = sources.get(*file).map(|it| it.text().clone()) else { continue };
        let masked = without(&text, secrets);
        if masked != *text {
            sources.replace(*file, masked);
        }
    }
    let mut all: Vec<String> = by_file.into_values().flatten().collect();
    longest_first(&mut all);
    if !all.is_empty() {
        let any = any_of(&all, findings.len());
        findings.par_iter_mut().for_each(|finding| mask_words(finding, &all, any.as_ref()));
    }
}

/// What finds any of the secrets in one pass, where there is so much to look at that it pays.
fn any_of(secrets: &[String], findings: usize) -> Option<Regex> {
    let worth = secrets.len() > 2 && findings > 100;
    let escaped = || secrets.iter().map(|it| regex::escape(it)).collect::<Vec<_>>().join("|");
    if worth { Regex::new(&escaped()).ok() } else { None }
}

/// The literal secrets of a graph.
pub(super) fn secrets(graph: &ResourceGraph) -> Vec<String> {
    let mut all: Vec<String> = noted(graph).into_iter().map(|(_, secret)| secret).collect();
    longest_first(&mut all);
    all
}

fn secrets_of(graph: &ResourceGraph) -> Vec<Value> {
    let mut found = Vec::new();
    for resource in &graph.resources {
        found.extend(secrets::literals(resource).into_iter().map(|it| it.secret));
        found.extend(secure_default(resource).cloned());
    }
    found
}

/// One of each, the longest first: one may be part of another.
pub(super) fn longest_first(secrets: &mut Vec<String>) {
    secrets.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    secrets.dedup();
}

/// What a template writes out as the default of a secure parameter.
fn secure_default(resource: &Resource) -> Option<&Value> {
    if resource.resource_type != *"baalint.template/parameters" {
        return None;
    }
    let found = |path: &str| match resource.lookup(&PropertyPath::parse(path)) {
        Lookup::Found(value, _) => Some(value),
        _ => None,
    };
    let is_secure = found("properties.secure").and_then(Value::as_bool) == Some(true);
    found("properties.defaultValue").filter(|_| is_secure)
}

fn note(secret: &Value, noted: &mut Secrets) {
    let Some(text) = secret.as_str().filter(|it| it.len() >= SHORTEST) else { return };
    let steps = secret.steps().iter().map(|step| step.span.file);
    for file in std::iter::once(secret.span.file).chain(steps) {
        noted.push((file, text.to_owned()));
    }
}

/// Takes secrets out of what a finding says.
pub(super) fn in_words(finding: &mut Finding, secrets: &[String]) {
    mask_words(finding, secrets, None);
}

fn mask_words(finding: &mut Finding, secrets: &[String], any: Option<&Regex>) {
    let found = |text: &str| match any {
        Some(any) => any.is_match(text),
        None => secrets.iter().any(|it| text.contains(it.as_str())),
    };
    let evidence = finding.evidence.iter_mut().flat_map(|it| [&mut it.actual, &mut it.expected]);
    let labels = finding.related.iter_mut().map(|it| &mut it.text);
    let own = [&mut finding.message, &mut finding.primary.text];
    for text in evidence.chain(labels).chain(own) {
        if found(text) {
            *text = without(text, secrets).into();
        }
    }
}

/// The text with stars for the bytes of every secret; a short one inside of a word is a part of that word (`pass`, `password`).
fn without(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| {
        if !text.contains(secret.as_str()) {
            return text;
        }
        let mut masked = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once(secret.as_str()) {
            masked.push_str(before);
            let is_part = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
            let in_word = is_part(masked.chars().next_back()) || is_part(after.chars().next());
            if secret.len() < LONG && in_word {
                masked.push_str(secret);
            } else {
                masked.push_str(&"*".repeat(secret.len()));
            }
            rest = after;
        }
        masked + rest
    })
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn every_byte_of_a_secret_becomes_a_star() {
        let secrets = ["pässword".to_owned(), "word".to_owned()];
        assert_eq!(without("a = \"pässword\" # word", &secrets), "a = \"*********\" # ****");
    }

    #[test]
    fn a_short_secret_is_not_looked_for_inside_of_words() {
        let secrets = ["pass".to_owned()];
        assert_eq!(without("images with a password: 'pass'", &secrets), "images with a password: '****'");
        assert_eq!(without("https://user:pass@host", &secrets), "https://user:****@host");
    }
}
