//! The note on what is declared and not deployed, because nothing that was read gives a variable or parameter its value.
//!
//! In: what decides, by name and place, and the addresses that it leaves out. Out: one diagnostic for all that the same names decide.

use std::fmt::Write as _;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// A variable or parameter of the root: where it is declared, and its name.
pub(super) type Named = (Span, Arc<str>);

/// How many declarations a note names.
const SHOWN: usize = 3;

/// A note for each set of names, in the order of their first declaration.
pub(super) fn notes(left_out: impl IntoIterator<Item = (Vec<Named>, Arc<str>)>, help: &str) -> Vec<Diagnostic> {
    let mut found: IndexMap<Vec<Named>, Vec<Arc<str>>> = IndexMap::new();
    for (mut names, address) in left_out {
        names.sort();
        names.dedup();
        if !names.is_empty() {
            found.entry(names).or_default().push(address);
        }
    }
    found.iter().filter_map(|(names, addresses)| note(names, addresses, help)).collect()
}

fn note(decide: &[Named], addresses: &[Arc<str>], help: &str) -> Option<Diagnostic> {
    let (span, _) = decide.first()?;
    let names: Vec<String> = decide.iter().map(|(_, name)| format!("`{name}`")).collect();
    let mut left_out = addresses.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if let Some(more) = addresses.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        _ = write!(left_out, " and {more} more");
    }
    let default = if names.len() == 1 { "its default leaves" } else { "their defaults leave" };
    let names = names.join(", ");
    let message =
        format!("nothing that was read gives {names}, and {default} out what is therefore not judged: {left_out}");
    Some(Diagnostic::note(Code::NotDeployed, *span, message).with_help(help))
}
