//! `test`: runs the examples of policy files.

use std::path::PathBuf;

use super::args::Test;
use super::output::{self, Stop, to_stdout};
use super::{CLEAN, TROUBLE};
use crate::diagnostic::{Diagnostic, Severity};
use crate::examples;
use crate::lint;
use crate::lint::library::policy_files;
use crate::policy::{compile, example};
use crate::report::{Report, text};
use crate::source::SourceMap;

/// Runs `test`.
pub(super) fn run(arguments: &Test) -> Result<u8, Stop> {
    let mut paths: Vec<PathBuf> = arguments.paths.iter().chain(&arguments.policies).cloned().collect();
    if paths.is_empty() {
        paths.push(PathBuf::from("policies"));
    }
    let (mappings, mut diagnostics) = lint::mappings(arguments.mappings.as_deref());
    let mut sources = SourceMap::default();
    let (mut policies, mut count) = (0_usize, 0_usize);
    for path in &paths {
        for file in policy_files(path, &mut sources, &mut diagnostics) {
            policies += 1;
            let (policy, told) = compile(&file.id, &file.root);
            diagnostics.extend(told);
            let (examples, told) = example::read(&file.root);
            diagnostics.extend(told);
            if let Some(policy) = policy {
                count += examples.len();
                diagnostics.extend(examples::run(&policy, &examples, &mut sources, &mappings));
            }
        }
    }
    let wrong = diagnostics.iter().filter(|it| it.severity == Severity::Error).count();
    show(sources, diagnostics)?;
    to_stdout(|out| writeln!(out, "{policies} policies, {count} examples, {wrong} wrong"))?;
    Ok(if wrong == 0 { CLEAN } else { TROUBLE })
}

/// Prints diagnostics alone, without the summary of a run.
pub(super) fn show(sources: SourceMap, diagnostics: Vec<Diagnostic>) -> Result<(), Stop> {
    let report = Report { sources, diagnostics, ..Report::default() };
    to_stdout(|out| text::write_diagnostics(out, &report, output::style(None)))
}
