//! `check --fix`, `--unsafe-fixes` and `--diff`: what was fixed and what was not, in words.
//!
//! In: the request of a check. Out: written files or a diff, a few lines on standard error, and the run on what is now there.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::args::Check;
use super::output::{self, Stop};
use super::{CLEAN, FOUND, TROUBLE};
use crate::diagnostic::Severity;
use crate::edit;
use crate::finding::{Finding, Verdict};
use crate::lint::fix::{Fixed, fix as fix_in_memory};
use crate::lint::write::write;
use crate::lint::{Request, Run};
use crate::report::Report;

/// What is to be reported.
pub(super) struct Outcome {
    /// The run on the texts as they are now.
    pub(super) run: Run,
    /// True when something could not be written.
    pub(super) trouble: bool,
    /// The exit code, when there is nothing more to report.
    pub(super) code: Option<u8>,
}

/// Fixes, or shows what would be fixed.
pub(super) fn fix(request: &Request, arguments: &Check) -> Result<Outcome, Stop> {
    if !request.buffers.is_empty() {
        return Err(Stop::Message("standard input cannot be fixed: name the file".into()));
    }
    let fixed = fix_in_memory(request, arguments.unsafe_fixes);
    if arguments.diff {
        output::to_stdout(|out| {
            for file in &fixed.files {
                out.write_all(edit::unified(&file.shown, &file.before, &file.after).as_bytes())?;
            }
            Ok(())
        })?;
        tell(&fixed, "would fix", arguments.unsafe_fixes);
        let wrong = fixed.run.report.diagnostics.iter().any(|it| it.severity == Severity::Error);
        let code = if wrong {
            TROUBLE
        } else if fixed.files.is_empty() {
            CLEAN
        } else {
            FOUND
        };
        return Ok(Outcome { run: fixed.run, trouble: false, code: Some(code) });
    }
    let mut trouble = false;
    for (file, written) in write(&fixed.files) {
        if let Err(why) = written {
            output::complain(&format!("{file}: {}", why.0));
            trouble = true;
        }
    }
    tell(&fixed, "fixed", arguments.unsafe_fixes);
    Ok(Outcome { run: fixed.run, trouble, code: None })
}

fn tell(fixed: &Fixed, verb: &str, with_unsafe: bool) {
    let files = fixed.files.len();
    let (findings, unsafe_ones) =
        (fixed.applied.len(), fixed.applied.iter().filter(|it| !it.warnings.is_empty()).count());
    output::note(&format!("{verb} {findings} finding{} in {files} file{}", plural(findings), plural(files)));
    if unsafe_ones > 0 {
        output::note(&format!("  {unsafe_ones} of them with a look first:"));
        for one in fixed.applied.iter().filter(|it| !it.warnings.is_empty()) {
            output::note(&format!("    {}: {} {}: {}", one.place, one.policy, one.address, one.warnings.join("; ")));
        }
    }
    let lesser: Vec<_> = fixed.applied.iter().filter(|it| !it.leaves.is_empty()).collect();
    if !lesser.is_empty() {
        output::note(&format!("  {} of them leave a less severe finding of the same kind:", lesser.len()));
        for one in lesser {
            let left = one.leaves.join(", ");
            output::note(&format!("    {}: {} {}: now {left}", one.place, one.policy, one.address));
        }
    }
    for one in &fixed.rejected {
        output::note(&format!("  not fixed: {}: {} {}: {}", one.place, one.policy, one.address, one.reason));
    }
    let rejected = |it: &Finding| {
        fixed.rejected.iter().any(|one| one.policy == it.policy.id && one.address == it.resource.address)
    };
    let report = &fixed.run.report;
    let failing = || report.open().filter(|it| it.verdict == Verdict::Fail && !rejected(it));
    let waiting = failing().filter(|it| it.edits().is_some_and(|it| !it.is_safe())).count();
    if waiting > 0 && !with_unsafe {
        output::note(&format!("  {waiting} more with --unsafe-fixes"));
    }
    let refused: Vec<&Finding> = failing().filter(|it| it.refused().is_some()).collect();
    if !refused.is_empty() {
        let have = if refused.len() == 1 { "has" } else { "have" };
        output::note(&format!("  {} {have} no edit:", refused.len()));
        for line in by_reason(report, &refused) {
            output::note(&format!("    {line}"));
        }
    }
}

/// Places of one reason before the rest of them is a number.
const PLACES: usize = 3;

/// A line for each reason, the most frequent first, with the first places of each.
fn by_reason(report: &Report, refused: &[&Finding]) -> Vec<String> {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for finding in refused {
        let place = report.place(finding.primary.span);
        let place = format!("{}:{} {}", place.file, place.start.line, finding.policy.id);
        reasons.entry(finding.refused().unwrap_or_default()).or_default().push(place);
    }
    let mut reasons: Vec<(&str, Vec<String>)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, places)| Reverse(places.len()));
    let line = |(reason, places): (&str, Vec<String>)| {
        let shown = places.iter().take(PLACES).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = match places.len().saturating_sub(PLACES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{} × {reason}: {shown}{more}", places.len())
    };
    reasons.into_iter().map(line).collect()
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
