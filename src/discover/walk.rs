//! The paths of a run: what was named, and what lies below named directories and is not ignored.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};

use super::{Candidate, Disk, sniff};
use crate::diagnostic::{Code, Diagnostic};
use crate::frontend::Files as _;

/// So many entries are walked by the thread at hand before others are started, for all of them.
const FEW: usize = 400;

/// Adds every file that `paths` name or contain.
pub(super) fn candidates(
    paths: &[PathBuf],
    (exclude, threads): (&[String], Option<usize>),
    disk: &Disk,
    found: &mut Vec<Candidate>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let excluded = excluded(exclude, diagnostics);
    for path in paths {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let mut walk = WalkBuilder::new(path);
                walk.threads(threads.unwrap_or(0));
                if let Some(excluded) = &excluded {
                    walk.overrides(excluded.clone());
                }
                let mut below = below(path, &mut walk, threads == Some(1), disk);
                found.append(&mut below.found);
                diagnostics.append(&mut below.diagnostics);
            }
            Ok(_) => found.push(Candidate { path: tidy(path), named: true, regular: false }),
            Err(error) => diagnostics.push(cannot_open(&disk.shown(path), &error)),
        }
    }
}

fn below<'d>(directory: &'d Path, walk: &mut WalkBuilder, alone: bool, disk: &'d Disk) -> Below<'d> {
    walk.require_git(false).follow_links(false);
    // What a user ignores everywhere is not the repository's: another machine would judge other files.
    walk.git_global(false);
    // Packages of other ecosystems hold templates that are nobody's infrastructure.
    walk.filter_entry(|entry| entry.file_name() != "node_modules");
    let nothing = || Below { directory, disk, found: Vec::new(), diagnostics: Vec::new() };
    let mut below = nothing();
    let mut entries = walk.build();
    let few = if alone { usize::MAX } else { FEW };
    entries.by_ref().take(few).for_each(|entry| below.add(entry));
    if entries.next().is_some() {
        let all = Mutex::new(nothing());
        walk.build_parallel().run(|| {
            Box::new(|entry| {
                if let Ok(mut all) = all.lock() {
                    all.add(entry);
                }
                WalkState::Continue
            })
        });
        below = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    }
    // In which order a directory is read tells nothing; candidates are sorted by whoever asked for them.
    below.diagnostics.sort();
    below
}

/// What lies below a directory.
struct Below<'d> {
    directory: &'d Path,
    disk: &'d Disk,
    found: Vec<Candidate>,
    diagnostics: Vec<Diagnostic>,
}

impl Below<'_> {
    fn add(&mut self, entry: Result<DirEntry, ignore::Error>) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                self.diagnostics.push(unreadable(self.directory, self.disk, &error));
                return;
            }
        };
        let Some(file_type) = entry.file_type() else { return };
        let path = entry.path().strip_prefix(".").unwrap_or(entry.path());
        if file_type.is_dir() {
            if entry.depth() > 0 && sniff::by_name(path).is_some() {
                self.diagnostics.push(is_directory(&self.disk.shown(path)));
            }
        } else if file_type.is_symlink() {
            link(path.to_path_buf(), self.disk, &mut self.found, &mut self.diagnostics);
        } else if is_candidate(path) {
            self.found.push(Candidate { path: path.to_path_buf(), named: false, regular: file_type.is_file() });
        }
    }
}

fn is_candidate(path: &Path) -> bool {
    sniff::by_name(path).is_some() || sniff::is_json(path) || sniff::is_yaml(path) || sniff::is_bicep(path)
}

/// A link to a file is that file; a link to a directory is walked where the directory is.
fn link(path: PathBuf, disk: &Disk, found: &mut Vec<Candidate>, diagnostics: &mut Vec<Diagnostic>) {
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
        Ok(_) if is_candidate(&path) => {
            found.push(Candidate { path, named: false, regular: false });
        }
        Err(error) if looks_like_input => diagnostics.push(cannot_open(&disk.shown(&path), &error)),
        Ok(_) | Err(_) => {}
    }
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

fn is_directory(shown: &str) -> Diagnostic {
    Diagnostic::of_path(Code::Unreadable, shown, "is a directory named like a Terraform file")
        .with_help("rename it, or leave it out with `exclude`; what lies below is read")
}

fn unreadable(directory: &Path, disk: &Disk, error: &ignore::Error) -> Diagnostic {
    match (error_path(error), error.io_error()) {
        (Some(path), Some(io)) => cannot_open(&disk.shown(path), io),
        (path, _) => {
            let shown = disk.shown(path.unwrap_or(directory));
            Diagnostic::of_path(Code::Unreadable, shown, error.to_string())
        }
    }
}

fn error_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => error_path(err),
        _ => None,
    }
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
