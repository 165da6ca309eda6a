//! Builds the Bicep files that were named with the compiler of this machine: its output stands in for the template beside them.
//!
//! In: paths of `.bicep` files. Out: a [`Built`] template each, or diagnostics that say what is wrong and what to do. Nothing is
//! downloaded: modules of registries must have been restored before. A compiler that does not end is stopped.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::discover::{Disk, MAX_FILE};
use crate::frontend::Files as _;
use crate::source::{SourceMap, Span};

/// How long the compiler may take for one file.
const LIMIT: Duration = Duration::from_secs(60);

/// How many of the compiler's messages are repeated.
const MESSAGES: usize = 20;

/// A template in the place of the one beside its source.
#[derive(Debug)]
pub(super) struct Built {
    /// The Bicep file.
    pub(super) source: PathBuf,
    /// Where the compiler would write the template.
    pub(super) path: PathBuf,
    /// The template.
    pub(super) text: String,
}

/// Builds every file; what cannot be built is told.
pub(super) fn build(
    named: &[PathBuf],
    disk: &Disk,
    sources: &mut SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Built> {
    if named.is_empty() {
        return Vec::new();
    }
    let Some(compiler) = compiler() else {
        diagnostics.extend(named.iter().map(|path| no_compiler(&disk.shown(path))));
        return Vec::new();
    };
    let mut all = Vec::new();
    for source in named {
        match run(&compiler, source, LIMIT) {
            Ok(text) => all.push(Built { source: source.clone(), path: source.with_extension("json"), text }),
            Err(failure) => diagnostics.extend(told(source, failure, disk, sources)),
        }
    }
    all
}

/// `bicep` on the path, else the one that `az bicep install` has put where the Azure CLI looks for it.
fn compiler() -> Option<PathBuf> {
    let name = if cfg!(windows) { "bicep.exe" } else { "bicep" };
    let on_path =
        std::env::var_os("PATH").into_iter().flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from);
    let of_azure = std::env::var_os("AZURE_CONFIG_DIR").map(PathBuf::from).or(home.map(|it| it.join(".azure")));
    let directories = on_path.chain(of_azure.map(|it| it.join("bin")));
    directories.map(|it| it.join(name)).find(|it| it.is_file())
}

fn no_compiler(shown: &str) -> Diagnostic {
    let template = Path::new(shown).with_extension("json");
    let message = "cannot be built: there is no `bicep` on the path, and none that the Azure CLI has installed";
    Diagnostic::of_path(Code::NotEvaluated, shown, message).with_help(format!(
        "install it with `az bicep install`, `brew install azure/bicep/bicep` or `winget install Microsoft.Bicep`; \
         or judge what was built elsewhere: `baalint check {}`",
        template.display()
    ))
}

#[derive(Debug)]
enum Failure {
    NotStarted(std::io::Error),
    TooSlow,
    TooLarge,
    Refused(String),
}

fn run(compiler: &Path, source: &Path, limit: Duration) -> Result<String, Failure> {
    let mut command = Command::new(compiler);
    command.args(["build", "--stdout", "--no-restore"]).arg(source);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(Failure::NotStarted)?;
    let until = Instant::now() + limit;
    let (output, errors) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let found = collect(&output, until).and_then(|output| Ok((output, collect(&errors, until)?)));
    let ended = found.and_then(|found| Ok((found, wait(&mut child, until)?)));
    let ((output, errors), success) = match ended {
        Ok(ended) => ended,
        Err(failure) => {
            // It may have ended by itself; either way it is not waited for any longer.
            let _ = child.kill();
            let _ = child.wait();
            return Err(failure);
        }
    };
    let text = String::from_utf8(output).ok().filter(|it| success && it.trim_start().starts_with(['{', '\u{feff}']));
    text.ok_or_else(|| Failure::Refused(String::from_utf8_lossy(&errors).into_owned()))
}

/// Reads a pipe to its end beside the other one; what a process has left open does not hold up the run.
fn drain(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before an error is passed on; the compiler's exit code tells the rest.
            let _ = pipe.take(MAX_FILE + 1).read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

fn collect(receiver: &Receiver<Vec<u8>>, until: Instant) -> Result<Vec<u8>, Failure> {
    match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
        Ok(bytes) if bytes.len() as u64 > MAX_FILE => Err(Failure::TooLarge),
        Ok(bytes) => Ok(bytes),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(Failure::TooSlow),
    }
}

/// Waits for a process that has closed its pipes; true when it succeeded.
fn wait(child: &mut Child, until: Instant) -> Result<bool, Failure> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => return Err(Failure::TooSlow),
            Err(error) => return Err(Failure::NotStarted(error)),
        }
    }
}

fn told(source: &Path, failure: Failure, disk: &Disk, sources: &mut SourceMap) -> Vec<Diagnostic> {
    let shown = disk.shown(source);
    let one = |code: Code, message: String| vec![Diagnostic::of_path(code, shown.clone(), message)];
    match failure {
        Failure::NotStarted(error) => {
            one(Code::NotEvaluated, format!("cannot be built: the compiler did not run: {error}"))
        }
        Failure::TooSlow => {
            let seconds = LIMIT.as_secs();
            one(Code::Bound, format!("was not built in {seconds} seconds: the compiler was stopped"))
        }
        Failure::TooLarge => {
            one(Code::Bound, format!("builds to more than {} MiB, which is not read", MAX_FILE / 1024 / 1024))
        }
        Failure::Refused(errors) => refused(source, &errors, disk, sources),
    }
}

/// What the compiler says, `path(line,column) : Error BCP057: message`, where it says it.
fn refused(source: &Path, errors: &str, disk: &Disk, sources: &mut SourceMap) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = Vec::new();
    for line in errors.lines() {
        let Some((place, message)) = line.split_once(" : Error ") else { continue };
        let message = format!("Bicep: {}", message.trim());
        let mut diagnostic = match span_of(place, disk, sources) {
            Some(span) => Diagnostic::error(Code::Invalid, span, message),
            None => Diagnostic::of_path(Code::Invalid, disk.shown(source), message),
        };
        if line.contains("BCP190") || line.contains("has not been restored") {
            let help = format!("run `bicep restore {}` first: baalint downloads nothing", disk.shown(source));
            diagnostic = diagnostic.with_help(help);
        }
        all.push(diagnostic);
    }
    let more = all.len().saturating_sub(MESSAGES);
    all.truncate(MESSAGES);
    if more > 0 {
        let message = format!("Bicep says {more} more");
        all.push(Diagnostic::of_path(Code::Invalid, disk.shown(source), message).with_severity(Severity::Note));
    }
    if all.is_empty() {
        let said: String =
            errors.lines().find(|it| !it.trim().is_empty()).unwrap_or("nothing").chars().take(300).collect();
        let message = format!("cannot be built; the compiler said: {said}");
        all.push(Diagnostic::of_path(Code::NotEvaluated, disk.shown(source), message));
    }
    all
}

/// `path(line,column)`
fn span_of(place: &str, disk: &Disk, sources: &mut SourceMap) -> Option<Span> {
    let (path, place) = place.trim().strip_suffix(')')?.rsplit_once('(')?;
    let (line, column) = place.split_once(',')?;
    let (line, column): (u32, u32) = (line.trim().parse().ok()?, column.trim().parse().ok()?);
    let path = Path::new(path.trim_start_matches("ERROR: "));
    let known = sources.files().iter().find(|it| it.path() == path).map(crate::source::SourceFile::id);
    let id = match known {
        Some(id) => id,
        None => sources.add(path, disk.shown(path), disk.read(path).ok()?),
    };
    let at = sources.get(id)?.offset_of_utf16(line.saturating_sub(1), column.saturating_sub(1));
    Some(Span::new(id, at, at))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test writes its compiler")]
    fn a_compiler_that_does_not_end_is_stopped() {
        let path = std::env::temp_dir().join(format!("baalint-slow-bicep-{}", std::process::id()));
        // The second process keeps the pipe open when the first is gone.
        std::fs::write(&path, "#!/bin/sh\nsleep 30 &\nsleep 30\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let start = Instant::now();
        let ended = run(&path, Path::new("main.bicep"), Duration::from_millis(300));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(ended, Err(Failure::TooSlow)), "{ended:?}");
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
