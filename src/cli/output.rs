//! Writing to standard output, standard error and files.
//!
//! A closed pipe is quiet. A file appears whole or not at all: it is written beside its place and renamed. What is no file,
//! such as a device, is written to where it is.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use crate::report::text::Style;

/// Why a command ends without a result.
#[derive(Debug)]
pub(super) enum Stop {
    /// The reader of standard output is gone.
    ClosedPipe,
    /// What to tell the user.
    Message(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::Message(format!("cannot write the output: {error}"))
        }
    }
}

/// Runs `write` on standard output, buffered.
pub(super) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Stop> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    write(&mut out)?;
    out.flush()?;
    Ok(())
}

/// Runs `write` on a new file that then takes the place of `path`.
pub(super) fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Stop> {
    let failed = |error: io::Error| Stop::Message(format!("cannot write {}: {error}", path.display()));
    // A device or a pipe is written to: taking its place would break it for everybody.
    if std::fs::metadata(path).is_ok_and(|it| !it.is_file()) {
        let file = std::fs::OpenOptions::new().write(true).open(path).map_err(failed)?;
        let mut out = io::BufWriter::new(file);
        return write(&mut out).and_then(|()| out.flush()).map_err(failed);
    }
    // A link stays a link.
    let full = std::fs::canonicalize(path);
    let path = full.as_deref().unwrap_or(path);
    let name = path.file_name().ok_or_else(|| Stop::Message(format!("{} is not a file name", path.display())))?;
    let mut beside = name.to_os_string();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(beside);
    let file = std::fs::File::create(&beside).map_err(failed)?;
    let mut out = io::BufWriter::new(file);
    let written = write(&mut out).and_then(|()| out.flush());
    let renamed = written.and_then(|()| std::fs::rename(&beside, path));
    if renamed.is_err() {
        // The half-written file is of no use to anybody.
        let _ = std::fs::remove_file(&beside);
    }
    renamed.map_err(failed)
}

/// Prints a message on standard error, where no report is disturbed.
pub(super) fn complain(message: &str) {
    let _ = writeln!(io::stderr().lock(), "baalint: {message}");
}

/// Prints a line of figures on standard error.
pub(super) fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// How to print for the terminal at hand.
pub(super) fn style(color: Option<bool>) -> Style {
    let out = io::stdout();
    let is_terminal = out.is_terminal();
    let no_color = environment("NO_COLOR").is_some_and(|it| !it.is_empty());
    let is_dumb = environment("TERM").is_some_and(|it| it == "dumb");
    let color = color.unwrap_or(is_terminal && !no_color && !is_dumb);
    Style { color, ..Style::default() }
}

fn environment(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

#[cfg(all(test, unix))]
#[expect(clippy::disallowed_methods, reason = "the tests look at what is on disk")]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::to_file;

    #[test]
    fn what_is_no_file_and_what_is_a_link_stay_what_they_are() {
        let directory = std::env::temp_dir().join(format!("baalint-output-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let (pipe, link, target) = (directory.join("pipe"), directory.join("link"), directory.join("target"));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        to_file(&pipe, |out| out.write_all(b"report")).unwrap();
        assert!(!fs::symlink_metadata(&pipe).unwrap().is_file());
        assert_eq!(reader.join().unwrap(), "report");

        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink("target", &link).unwrap();
        to_file(&link, |out| out.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        fs::remove_dir_all(&directory).unwrap();
    }
}
