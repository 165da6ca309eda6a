//! `check --fix`, `--unsafe-fixes` and `--diff`: what was fixed and what was not, in words.
//!
//! In: the request of a check. Out: written files or a diff, a few lines on standard error, and the run on what is now there.

use super::args::Check;
use super::output::{self, Stop};
use super::{CLEAN, FOUND, TROUBLE};
use crate::diagnostic::Severity;
use crate::edit;
use crate::finding::{Finding, Verdict};
use crate::lint::fix::{Fixed, fix as fix_in_memory, write};
use crate::lint::{Request, Run};

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
    for one in &fixed.rejected {
        output::note(&format!("  not fixed: {}: {} {}: {}", one.place, one.policy, one.address, one.reason));
    }
    let left = |is: &dyn Fn(&Finding) -> bool| {
        fixed.run.report.open().filter(|it| it.verdict == Verdict::Fail && is(it)).count()
    };
    let rejected = |it: &Finding| {
        fixed.rejected.iter().any(|one| one.policy == it.policy.id && one.address == it.resource.address)
    };
    let waiting = left(&|it| it.edits().is_some_and(|it| !it.is_safe()) && !rejected(it));
    if waiting > 0 && !with_unsafe {
        output::note(&format!("  {waiting} more with --unsafe-fixes"));
    }
    let without = left(&|it| it.proposal.as_deref().is_some_and(Result::is_err));
    if without > 0 {
        output::note(&format!("  {without} have no edit: see the fix of each"));
    }
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
