//! Writing to standard output, standard error and files.
//!
//! A closed pipe is quiet. A file appears whole or not at all: it is written beside its place and renamed. What is no file,
//! such as a device, is written to where it is.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::report::text::Style;
use crate::suppress::Day;

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

/// Bytes of output that are written at once.
const BUFFER: usize = 64 * 1024;

/// Runs `write` on standard output, buffered.
pub(super) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Stop> {
    let mut out = io::BufWriter::with_capacity(BUFFER, io::stdout().lock());
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
        let mut out = io::BufWriter::with_capacity(BUFFER, file);
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
    let mut out = io::BufWriter::with_capacity(BUFFER, file);
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
    Style { color, links: is_terminal && !is_dumb && has_links(), ..Style::default() }
}

/// Whether the terminal says, by what it puts into the environment, that it shows links.
fn has_links() -> bool {
    if let Some(forced) = environment("FORCE_HYPERLINK") {
        return forced != "0";
    }
    let vte = environment("VTE_VERSION").and_then(|it| it.to_str().and_then(|it| it.parse::<u32>().ok()));
    let programs = ["iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "WarpTerminal"];
    let is_known = environment("TERM_PROGRAM").is_some_and(|it| programs.iter().any(|name| it == *name));
    let marks = ["WT_SESSION", "KITTY_WINDOW_ID", "KONSOLE_VERSION", "ALACRITTY_WINDOW_ID"];
    is_known || vte.is_some_and(|version| version >= 5000) || marks.iter().any(|name| environment(name).is_some())
}

/// `2027-03-31T12:00:00`, in UTC; `SOURCE_DATE_EPOCH` holds in its place, as for everything that is to be reproduced.
pub(super) fn utc(now: SystemTime) -> String {
    let given = environment("SOURCE_DATE_EPOCH").and_then(|it| it.to_str().and_then(|it| it.parse().ok()));
    let now = given.map_or(now, |seconds| UNIX_EPOCH + Duration::from_secs(seconds));
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}", Day::of(now))
}

fn environment(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

#[cfg(all(test, unix))]
#[expect(clippy::disallowed_methods, reason = "the tests look at what is on disk")]
mod tests {
    use std::fs;
    use std::process::Command;

    use std::time::{Duration, UNIX_EPOCH};

    use super::{to_file, utc};

    #[test]
    fn a_time_is_written_in_utc() {
        assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(1_806_494_399)), "2027-03-31T11:59:59");
    }

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
