//! `baseline`: records the findings of today, drops what no longer occurs, prints what is recorded.

use std::path::Path;

use super::args::{Baseline as Arguments, BaselineAction, BaselineArguments};
use super::check::request;
use super::output::{self, Stop, to_file, to_stdout};
use super::progress::with_progress;
use super::{CLEAN, TROUBLE, test};
use crate::diagnostic::Severity;
use crate::lint::{self, Run};
use crate::suppress::baseline::Baseline;

/// Runs `baseline`.
pub(super) fn run(arguments: &Arguments) -> Result<u8, Stop> {
    match &arguments.action {
        BaselineAction::Write(arguments) => {
            let run = judge(arguments)?;
            let baseline = Baseline::of(&run.report.sources, &run.report.findings);
            write(&arguments.file.path, &baseline)?;
            done(run, &format!("{} findings recorded in {}", baseline.findings.len(), arguments.file.path.display()))
        }
        BaselineAction::Update(arguments) => {
            let mut baseline = read(&arguments.file.path)?;
            let run = judge(arguments)?;
            let before = baseline.findings.len();
            baseline.retain(&run.report.findings);
            write(&arguments.file.path, &baseline)?;
            let kept = baseline.findings.len();
            done(run, &format!("{} findings dropped, {kept} kept", before.saturating_sub(kept)))
        }
        BaselineAction::Show(file) => {
            let baseline = read(&file.path)?;
            to_stdout(|out| {
                writeln!(out, "{} findings in {}", baseline.findings.len(), file.path.display())?;
                baseline
                    .findings
                    .iter()
                    .try_for_each(|it| writeln!(out, "{}  {} {} {}", it.file, it.policy, it.verdict, it.address))
            })?;
            Ok(CLEAN)
        }
    }
}

fn judge(arguments: &BaselineArguments) -> Result<Run, Stop> {
    let request = request(&arguments.input, &arguments.policy)?;
    Ok(with_progress("judging", || lint::run(request)))
}

/// What could not be judged is not in the baseline either, so the exit code says so.
fn done(run: Run, message: &str) -> Result<u8, Stop> {
    let incomplete = run.report.diagnostics.iter().any(|it| it.severity == Severity::Error);
    test::show(run.report.sources, run.report.diagnostics)?;
    output::note(message);
    Ok(if incomplete { TROUBLE } else { CLEAN })
}

fn read(path: &Path) -> Result<Baseline, Stop> {
    let wrong = |message: String| Stop::Message(format!("{} {message}", path.display()));
    #[expect(clippy::disallowed_methods, reason = "the command line reads the baseline")]
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("could not be read: {error}")))?;
    Baseline::parse(&text).map_err(wrong)
}

fn write(path: &Path, baseline: &Baseline) -> Result<(), Stop> {
    to_file(path, |out| out.write_all(baseline.text().as_bytes()))
}
