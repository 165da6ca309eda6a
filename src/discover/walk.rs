//! The paths of a run: what was named, and what lies below named directories and is not ignored.

use std::io;
use std::path::{Path, PathBuf};

use ignore::overrides::{Override, OverrideBuilder};

use super::ignored::Ignored;
use super::tree::Tree;
use super::{Candidate, Disk, sniff};
use crate::diagnostic::{Code, Diagnostic};
use crate::frontend::Files as _;

/// Adds every file that `paths` name or contain.
pub(super) fn candidates(
    paths: &[PathBuf],
    (exclude, threads): (&[String], Option<usize>),
    disk: &Disk,
    found: &mut Vec<Candidate>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut directories = Vec::new();
    for path in paths {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => directories.push(path.clone()),
            Ok(_) => found.push(Candidate { path: tidy(path), named: true, regular: false }),
            Err(error) => diagnostics.push(cannot_open(&disk.shown(path), &error)),
        }
    }
    let available = || std::thread::available_parallelism().map_or(1, usize::from);
    let tree = Tree::new(disk, Ignored::new(excluded(exclude, diagnostics)));
    let (below, told) = tree.below(&directories, || threads.unwrap_or_else(available));
    found.extend(below);
    diagnostics.extend(told);
}

/// True for the name of a file that may be an input.
pub(super) fn is_candidate(path: &Path) -> bool {
    sniff::by_name(path).is_some() || sniff::is_json(path) || sniff::is_yaml(path) || sniff::is_bicep(path)
}

/// A link to a file is that file; a link to a directory is walked where the directory is.
pub(super) fn link(path: PathBuf, disk: &Disk, diagnostics: &mut Vec<Diagnostic>) -> Option<Candidate> {
    let looks_like_input = sniff::by_name(&path).is_some();
    match std::fs::canonicalize(&path) {
        Ok(target) if target.is_dir() => {
            if looks_like_input {
                diagnostics.push(is_directory(&disk.shown(&path)));
            } else if path.parent().and_then(|it| it.canonicalize().ok()).is_some_and(|it| it.starts_with(&target)) {
                let message = "is a link to a directory that it lies in: it is not followed";
                diagnostics.push(
                    Diagnostic::of_path(Code::Unreadable, disk.shown(&path), message)
                        .with_severity(crate::diagnostic::Severity::Warning)
                        .with_help("remove the link"),
                );
            }
        }
        Ok(_) if is_candidate(&path) => return Some(Candidate { path, named: false, regular: false }),
        Err(error) if looks_like_input => diagnostics.push(cannot_open(&disk.shown(&path), &error)),
        Ok(_) | Err(_) => {}
    }
    None
}

fn excluded(globs: &[String], diagnostics: &mut Vec<Diagnostic>) -> Option<Override> {
    if globs.is_empty() {
        return None;
    }
    let mut builder = OverrideBuilder::new(".");
    for glob in globs {
        if let Err(error) = builder.add(&format!("!{glob}")) {
            diagnostics.push(Diagnostic::of_path(Code::Config, "exclude", format!("`{glob}` is not a glob: {error}")));
        }
    }
    builder.build().ok()
}

/// Without the `./` that walking `.` puts before every path.
fn tidy(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_path_buf()
}

/// Says that a directory is not the file that its name promises.
pub(super) fn is_directory(shown: &str) -> Diagnostic {
    Diagnostic::of_path(Code::Unreadable, shown, "is a directory named like a Terraform file")
        .with_help("rename it, or leave it out with `exclude`; what lies below is read")
}

/// Says what is wrong with a path in words, and what to do.
pub(super) fn cannot_open(shown: &str, error: &io::Error) -> Diagnostic {
    let (message, help) = match error.kind() {
        io::ErrorKind::NotFound => ("does not exist".to_owned(), "check the path"),
        io::ErrorKind::PermissionDenied => ("may not be read".to_owned(), "give yourself permission to read it"),
        // Too many levels of symbolic links has no stable kind yet.
        _ if error.to_string().contains("symbolic link") => ("is a symlink loop".to_owned(), "remove the link"),
        _ => (format!("could not be read: {error}"), "check the file, or leave it out with `exclude`"),
    };
    Diagnostic::of_path(Code::Unreadable, shown, message).with_help(help)
}
