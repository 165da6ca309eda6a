//! The command line: arguments in, exit code out.
//!
//! In: the process's arguments. Out: text on standard output, and 0 (nothing failed), 1 (findings), 2 (something could not
//! be judged, or wrong usage). Each command is one file; none of them knows how a file is parsed or a policy evaluated.

mod args;
mod baseline;
mod catalogue;
mod check;
mod explain;
mod fix;
mod init;
mod inventory;
mod man;
mod output;
mod policies;
mod progress;
mod statistics;
mod test;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::diagnostic::{Diagnostic, Severity};
use crate::lsp;
use crate::source::SourceMap;

pub use self::args::{Arguments, Command};
use self::output::Stop;

/// Nothing failed.
const CLEAN: u8 = 0;
/// Findings at or above `--fail-on`.
const FOUND: u8 = 1;
/// Something could not be judged.
const TROUBLE: u8 = 2;

/// Runs one command.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, not errors.
            let is_answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            let printed = error.print();
            return ExitCode::from(if is_answer && printed.is_ok() { CLEAN } else { TROUBLE });
        }
    };
    let outcome = match arguments.command {
        Command::Check(check) => check::run(&check),
        Command::Explain(explain) => explain::run(&explain),
        Command::Policies(policies) => policies::run(&policies),
        Command::Test(test) => test::run(&test),
        Command::Inventory(inventory) => inventory::run(&inventory),
        Command::Baseline(baseline) => baseline::run(&baseline),
        Command::Init(init) => init::run(&init),
        Command::Schema => init::schema(),
        Command::Completions(arguments) => completions(&arguments),
        Command::Man => manual(),
        Command::Lsp(arguments) => serve(&arguments),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        // Whoever reads has seen enough: not an error of ours.
        Err(Stop::ClosedPipe) => ExitCode::from(CLEAN),
        Err(Stop::Message(message)) => {
            output::complain(&message);
            ExitCode::from(TROUBLE)
        }
    }
}

fn completions(arguments: &args::Completions) -> Result<u8, Stop> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "baalint", &mut text);
    output::to_stdout(|out| out.write_all(&text))?;
    Ok(CLEAN)
}

fn manual() -> Result<u8, Stop> {
    let page = man::page(&Arguments::command());
    output::to_stdout(|out| out.write_all(page.as_bytes()))?;
    Ok(CLEAN)
}

fn serve(arguments: &args::Lsp) -> Result<u8, Stop> {
    let setup = lsp::Setup { shelves: check::shelves(&arguments.policy), config: arguments.config.clone() };
    lsp::serve(&setup).map_err(Stop::Message)?;
    Ok(CLEAN)
}

/// Tells what is wrong with a team's own policies; the exit code says whether anything was.
fn report_policy_errors(sources: SourceMap, diagnostics: Vec<Diagnostic>) -> Result<u8, Stop> {
    let is_wrong = diagnostics.iter().any(|it| it.severity == Severity::Error);
    test::show(sources, diagnostics)?;
    Ok(if is_wrong { TROUBLE } else { CLEAN })
}
