//! `check`: judge, report, and say by the exit code how it went.

use std::io::{self, Read as _, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use super::args::{Check, Format, InputArguments, PolicyArguments, Threshold, UnknownMode, When};
use super::fix;
use super::output::{self, Stop};
use super::progress::with_progress;
use super::{CLEAN, FOUND, TROUBLE};
use crate::config::{self, Config, FailOn};
use crate::diagnostic;
use crate::discover::{Buffer, MAX_FILE};
use crate::finding::{Severity, Verdict};
use crate::frontend::terraform;
use crate::lint::changes::Since;
use crate::lint::library::Shelves;
use crate::lint::{self, Request, Run, Values};
use crate::report::text::Style;
use crate::report::{Report, csv, github, gitlab, gitlab_sast, html, json, jsonl, junit, markdown, sarif, text};
use crate::suppress::Day;

/// Runs `check`.
pub(super) fn run(arguments: &Check) -> Result<u8, Stop> {
    let started = SystemTime::now();
    let further = further_outputs(&arguments.output_to)?;
    let request = Request {
        select: arguments.select.clone(),
        ignore: arguments.ignore.clone(),
        suppressions: !arguments.no_suppressions,
        foreign: arguments.honour_foreign_suppressions,
        baseline: arguments.baseline.clone(),
        since: match (&arguments.changed_since, arguments.staged) {
            (Some(revision), _) => Some(Since::Revision(revision.clone())),
            (None, true) => Some(Since::Staged),
            (None, false) => None,
        },
        ..request(&arguments.input, &arguments.policy)?
    };
    let request = Request { values: Values { statistics: arguments.statistics, ..request.values }, ..request };
    let is_fixing = arguments.fix || arguments.unsafe_fixes || arguments.diff;
    let (run, fixing) = if is_fixing {
        let fixed = fix::fix(&request, arguments)?;
        if let Some(code) = fixed.code {
            return Ok(code);
        }
        (fixed.run, fixed.trouble)
    } else {
        let wants_edits = arguments.format == Format::Sarif || further.iter().any(|(it, _)| *it == Format::Sarif);
        let judge = || if wants_edits { lint::fix::checked(&request, &|_| true) } else { lint::run(request) };
        (with_progress("judging", judge), false)
    };
    let unknown = unknown_mode(arguments, &run.config);
    let style = Style {
        suppressed: arguments.show_suppressed,
        unknown: unknown != config::UnknownMode::Hide,
        ..output::style(match arguments.color {
            When::Auto => None,
            When::Always => Some(true),
            When::Never => Some(false),
        })
    };
    for (format, path) in &further {
        output::to_file(path, |out| write(out, &run, *format, plain(style), started))?;
    }
    match &arguments.output {
        Some(path) => {
            let style = Style { color: arguments.color == When::Always, ..plain(style) };
            output::to_file(path, |out| write(out, &run, arguments.format, style, started))?;
        }
        // Who stops reading has read enough; a gate behind a pipe still learns how it went.
        None => match output::to_stdout(|out| write(out, &run, arguments.format, style, started)) {
            Err(Stop::ClosedPipe) => {}
            written => written?,
        },
    }
    if arguments.timings {
        timings(&run);
    }
    if arguments.statistics {
        super::statistics::print(&run);
    }
    if fixing {
        return Ok(TROUBLE);
    }
    let code = exit_code(&run.report, fail_on(arguments, &run.config), unknown);
    // The process ends here: the system takes all memory back at once, value by value takes longer.
    std::mem::forget(run);
    Ok(code)
}

/// What every command that judges asks for, nothing left out.
pub(super) fn request(input: &InputArguments, policy: &PolicyArguments) -> Result<Request, Stop> {
    let (mut paths, mut buffers) = (input.paths.clone(), Vec::new());
    let wants_stdin = paths.iter().any(|path| path.as_os_str() == "-");
    if wants_stdin {
        let path = input.stdin_filename.clone();
        let path = path.ok_or_else(|| Stop::Message("`-` needs --stdin-filename: what is the text called?".into()))?;
        if path.extension().is_some_and(|it| it == "bicep") {
            return Err(Stop::Message("Bicep is built from files, not from standard input: give its path".into()));
        }
        let mut bytes = Vec::new();
        let limit = MAX_FILE + 1;
        io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(|it| Stop::Message(it.to_string()))?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(Stop::Message(format!("standard input is larger than {} MiB", MAX_FILE / 1024 / 1024)));
        }
        paths.retain(|path| path.as_os_str() != "-");
        buffers.push(Buffer { path, bytes });
    } else if input.stdin_filename.is_some() {
        return Err(Stop::Message("--stdin-filename needs the path `-`".into()));
    }
    // Only when asked: a verdict that depends on the environment is not the same on another machine.
    let environment = if input.tf_var_environment { environment_variables() } else { Vec::new() };
    let mut variables = Vec::new();
    for variable in &input.variables {
        let (name, value) =
            variable.split_once('=').ok_or_else(|| Stop::Message(format!("--var `{variable}` is not NAME=VALUE")))?;
        variables.push((name.to_owned(), value.to_owned()));
    }
    if input.threads == Some(0) {
        return Err(Stop::Message("--threads 0: one is the least".into()));
    }
    Ok(Request {
        paths,
        buffers,
        overlay: Vec::new(),
        fixes: false,
        graphs: false,
        exclude: input.exclude.clone(),
        values: Values {
            terraform: terraform::Options { variables, variable_files: input.variable_files.clone(), environment },
            parameters: input.parameters.clone(),
            bicep_root: input.bicep_root.clone(),
            statistics: false,
        },
        shelves: shelves(policy),
        mappings: policy.mappings.clone(),
        config: input.config.clone(),
        select: Vec::new(),
        ignore: Vec::new(),
        threads: input.threads,
        suppressions: true,
        foreign: false,
        baseline: None,
        since: None,
        today: Day::of(SystemTime::now()),
    })
}

pub(super) fn shelves(policy: &PolicyArguments) -> Shelves {
    Shelves {
        builtin: !policy.no_builtin,
        directories: policy.policies.clone(),
        azure_policy: policy.azure_policy.clone(),
    }
}

fn write(out: &mut dyn Write, run: &Run, format: Format, style: Style, started: SystemTime) -> io::Result<()> {
    let report = &run.report;
    match format {
        Format::Text => text::write(out, report, style),
        Format::Json => json::write_in_parts(out, report, &|count, part| run.parts(count, part)),
        Format::Jsonl => jsonl::write(out, report),
        Format::Sarif => sarif::write(out, report),
        Format::Github => github::write(out, report),
        Format::Gitlab => gitlab::write(out, report),
        Format::GitlabSast => {
            let (start, end) = (output::utc(started), output::utc(SystemTime::now()));
            gitlab_sast::write(out, report, gitlab_sast::Times { start: &start, end: &end })
        }
        Format::Junit => junit::write(out, report),
        Format::Markdown => markdown::write(out, report),
        Format::Csv => csv::write(out, report),
        Format::Html => html::write(out, report),
    }
}

/// For a file: nothing that only a terminal has.
fn plain(style: Style) -> Style {
    Style { color: false, links: false, ..style }
}

fn further_outputs(arguments: &[String]) -> Result<Vec<(Format, PathBuf)>, Stop> {
    let parse = |argument: &String| {
        let parts = argument.split_once('=').filter(|(_, path)| !path.is_empty());
        let (format, path) =
            parts.ok_or_else(|| Stop::Message(format!("--output-to `{argument}` is not FORMAT=FILE")))?;
        let format = <Format as clap::ValueEnum>::from_str(format, false);
        let format = format.map_err(|_| Stop::Message(format!("--output-to `{argument}`: no such format")))?;
        Ok((format, PathBuf::from(path)))
    };
    arguments.iter().map(parse).collect()
}

fn unknown_mode(arguments: &Check, config: &Config) -> config::UnknownMode {
    match arguments.unknown {
        Some(UnknownMode::Show) => config::UnknownMode::Show,
        Some(UnknownMode::Hide) => config::UnknownMode::Hide,
        Some(UnknownMode::Fail) => config::UnknownMode::Fail,
        None => config.unknown.unwrap_or_default(),
    }
}

fn fail_on(arguments: &Check, config: &Config) -> FailOn {
    match arguments.fail_on {
        Some(Threshold::Critical) => FailOn::Severity(Severity::Critical),
        Some(Threshold::High) => FailOn::Severity(Severity::High),
        Some(Threshold::Medium) => FailOn::Severity(Severity::Medium),
        Some(Threshold::Low) => FailOn::Severity(Severity::Low),
        Some(Threshold::Never) => FailOn::Never,
        None => config.fail_on.unwrap_or(FailOn::Severity(Severity::Low)),
    }
}

fn exit_code(report: &Report, fail_on: FailOn, unknown: config::UnknownMode) -> u8 {
    if report.diagnostics.iter().any(|it| it.severity == diagnostic::Severity::Error) {
        return TROUBLE;
    }
    let fails = |severity: Severity, verdict: Verdict| {
        let counts = verdict == Verdict::Fail || unknown == config::UnknownMode::Fail;
        counts && matches!(fail_on, FailOn::Severity(least) if severity >= least)
    };
    if report.open().any(|it| fails(it.severity, it.verdict)) { FOUND } else { CLEAN }
}

fn timings(run: &Run) {
    let total: std::time::Duration = run.timings.iter().map(|it| it.1).sum();
    for (step, time) in run.timings.iter().copied().chain(std::iter::once(("total", total))) {
        output::note(&format!("{step:<10} {:>9.1} ms", time.as_secs_f64() * 1000.0));
    }
}

/// `TF_VAR_name=value` as name and value, by name.
fn environment_variables() -> Vec<(String, String)> {
    let named = |(key, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((key.to_str()?.strip_prefix("TF_VAR_")?.to_owned(), value.into_string().ok()?))
    };
    let mut found: Vec<(String, String)> = std::env::vars_os().filter_map(named).collect();
    found.sort();
    found
}
