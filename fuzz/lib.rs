//! What the targets do, and what they share: an input as text, as several files, and what must hold of every diagnostic.
//!
//! In: bytes of the fuzzer, or of `tests/fuzz_targets.rs`, which runs the committed inputs. Out: nothing. A target fails by a
//! panic, by more time or memory than the fuzzer allows, or by a span that does not lie in its text.

#[path = "bodies/arm.rs"]
pub mod arm;
#[path = "bodies/check.rs"]
pub mod check;
#[path = "bodies/hcl.rs"]
pub mod hcl;
#[path = "bodies/json.rs"]
pub mod json;
#[path = "bodies/policy.rs"]
pub mod policy;
#[path = "bodies/terraform.rs"]
pub mod terraform;
#[path = "bodies/yaml.rs"]
pub mod yaml;

use std::sync::Arc;

use baalint::diagnostic::Diagnostic;
use baalint::source::{SourceMap, Span};

/// A line that opens another file of the input.
const FILE: &str = "==> ";

/// The input as text; what is not UTF-8 is refused before any parser sees it.
pub fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// Names and texts: `==> name` opens a file; what comes before the first is `first`.
pub fn files<'t>(text: &'t str, first: &'static str) -> Vec<(&'t str, &'t str)> {
    let mut found = vec![(first, "")];
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix(FILE) {
            close(&mut found, &text[start..at]);
            start = at + line.len();
            found.push((name.trim(), ""));
        }
        at += line.len();
    }
    close(&mut found, &text[start..]);
    let plain = |name: &str| {
        let fits = |it: char| it.is_ascii_alphanumeric() || "._-/".contains(it);
        !name.is_empty() && name.len() < 60 && name.chars().all(fits) && !name.starts_with('/') && !name.contains("..")
    };
    found.retain(|(name, text)| plain(name) && !text.is_empty());
    found
}

fn close<'t>(found: &mut [(&'t str, &'t str)], text: &'t str) {
    if let Some(last) = found.last_mut() {
        last.1 = text;
    }
}

/// Every place that is told lies in a text, on the borders of characters.
pub fn hold(diagnostics: &[Diagnostic], sources: &SourceMap) {
    for diagnostic in diagnostics {
        assert!(!diagnostic.message.is_empty());
        if let Some(span) = diagnostic.span {
            lies(span, sources);
        }
    }
}

/// A span lies in its text, on the borders of characters.
pub fn lies(span: Span, sources: &SourceMap) {
    let file = sources.get(span.file).expect("a span is of a file that is there");
    let within = file.text().get(span.start as usize..span.end as usize);
    assert!(within.is_some(), "{span:?} does not lie in {} of {} bytes", file.shown(), file.text().len());
}

/// A map of one text.
pub fn one(text: &str) -> SourceMap {
    let mut sources = SourceMap::default();
    sources.add("input", "input", Arc::from(text));
    sources
}
