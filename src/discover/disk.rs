//! Reads files, and only where the run may look: inside the repositories that the arguments lie in.
//!
//! In: paths. Out: bytes or text, or a diagnostic that says what is wrong and what to do.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;

use super::walk::cannot_open;
use crate::diagnostic::{Code, Diagnostic};
use crate::frontend::files::{Files, Listed, ReadError, normalise, slashes};

/// Largest file that is read.
pub const MAX_FILE: u64 = 16 * 1024 * 1024;

/// How much of a larger file is looked at to tell whether it is an input.
const HEAD: u64 = 64 * 1024;

/// The files that a run may read.
#[derive(Debug)]
pub struct Disk {
    working_directory: PathBuf,
    /// Canonical directories outside of which nothing is read.
    roots: Vec<PathBuf>,
    /// The directories that were asked for, and where they lie.
    directories: Mutex<FxHashMap<PathBuf, Place>>,
    overlay: BTreeMap<PathBuf, Vec<u8>>,
}

/// Where a directory is, whatever links are on the way; none when it is not there.
type Place = Option<Arc<Path>>;

impl Disk {
    /// A disk of the repositories that hold `paths`; where there is none, of the working directory when it holds them,
    /// else of the directories themselves.
    pub fn new(paths: &[PathBuf]) -> Self {
        let working_directory = std::env::current_dir().unwrap_or_default();
        let mut disk =
            Self { working_directory, roots: Vec::new(), directories: Mutex::default(), overlay: BTreeMap::new() };
        for path in paths {
            disk.allow(path);
        }
        disk
    }

    /// Allows the repository or directory that holds `path`.
    pub fn allow(&mut self, path: &Path) {
        let full = std::fs::canonicalize(path).unwrap_or_else(|_| self.absolute(path));
        let directory = if full.is_dir() { full.as_path() } else { full.parent().unwrap_or(&full) };
        let repository = directory.ancestors().find(|it| it.join(".git").exists());
        let working = std::fs::canonicalize(&self.working_directory).ok().filter(|it| directory.starts_with(it));
        let root = repository.map(Path::to_path_buf).or(working).unwrap_or_else(|| directory.to_path_buf());
        if !self.roots.contains(&root) {
            self.roots.push(root);
            self.directories = Mutex::default();
        }
    }

    /// Puts `bytes` in the place of what `path` holds on disk.
    pub fn overlay(&mut self, path: &Path, bytes: Vec<u8>) {
        let path = self.absolute(path);
        self.overlay.insert(path, bytes);
    }

    /// True when a text stands in for what `path` holds.
    pub(super) fn is_overlaid(&self, path: &Path) -> bool {
        self.overlaid(path).is_some()
    }

    fn overlaid(&self, path: &Path) -> Option<&Vec<u8>> {
        if self.overlay.is_empty() { None } else { self.overlay.get(&self.absolute(path)) }
    }

    /// The file is what it is on disk again.
    pub fn uncover(&mut self, path: &Path) {
        let path = self.absolute(path);
        self.overlay.remove(&path);
    }

    /// What a file holds; refused when it is too large, no file, or outside of the run.
    pub fn bytes(&self, path: &Path) -> Result<Vec<u8>, Box<Diagnostic>> {
        if let Some(bytes) = self.overlaid(path) {
            return Ok(bytes.clone());
        }
        self.bytes_of(path, std::fs::symlink_metadata(path))
    }

    /// The same of a path that was asked what it is itself.
    fn bytes_of(&self, path: &Path, own: std::io::Result<Metadata>) -> Result<Vec<u8>, Box<Diagnostic>> {
        let failed = |error: &std::io::Error| Box::new(cannot_open(&self.shown(path), error));
        if !self.is_allowed_file(path, &own) {
            return Err(Box::new(outside(&self.shown(path))));
        }
        let metadata = match own {
            Ok(own) if !own.file_type().is_symlink() => own,
            _ => std::fs::metadata(path).map_err(|error| failed(&error))?,
        };
        if !metadata.is_file() {
            return Err(Box::new(not_a_file(&self.shown(path))));
        }
        let length = metadata.len().min(MAX_FILE);
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
        self.contents(path, &mut bytes)?;
        Ok(bytes)
    }

    /// What a file holds that was found below a directory of the run, and is no link; `bytes` are used again for the next one.
    pub(super) fn read_found(&self, path: &Path, bytes: &mut Vec<u8>) -> Result<(), Box<Diagnostic>> {
        bytes.clear();
        match self.overlaid(path) {
            Some(overlaid) => bytes.extend_from_slice(overlaid),
            None => self.contents(path, bytes)?,
        }
        Ok(())
    }

    fn contents(&self, path: &Path, bytes: &mut Vec<u8>) -> Result<(), Box<Diagnostic>> {
        let failed = |error: &std::io::Error| Box::new(cannot_open(&self.shown(path), error));
        let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
        // A file may grow while it is read; one byte more than allowed tells.
        file.take(MAX_FILE + 1).read_to_end(bytes).map_err(|error| failed(&error))?;
        if bytes.len() as u64 > MAX_FILE { Err(Box::new(too_large(&self.shown(path)))) } else { Ok(()) }
    }

    /// How many bytes a file has.
    pub(super) fn size(&self, path: &Path) -> Option<u64> {
        let overlay = self.overlaid(path).map(|bytes| bytes.len() as u64);
        overlay.or_else(|| std::fs::metadata(path).ok().map(|it| it.len()))
    }

    /// The beginning of a file that is too large to be read; nothing when that fails as well.
    pub(super) fn head(&self, path: &Path) -> Vec<u8> {
        let mut bytes = Vec::new();
        let file = self.is_allowed(path).then(|| std::fs::File::open(path));
        if let Some(Ok(file)) = file {
            // What was read before an error is a beginning, too.
            let _ = file.take(HEAD).read_to_end(&mut bytes);
        }
        bytes
    }

    fn is_allowed(&self, path: &Path) -> bool {
        self.is_allowed_file(path, &std::fs::symlink_metadata(path))
    }

    /// The same of a path that was asked what it is itself.
    fn is_allowed_file(&self, path: &Path, own: &std::io::Result<Metadata>) -> bool {
        let is_link = own.as_ref().is_ok_and(|it| it.file_type().is_symlink());
        match path.parent().filter(|_| !is_link && path.file_name().is_some()) {
            Some(directory) => self.is_allowed_directory(directory),
            None => self.leads_inside(path),
        }
    }

    /// The same for all files of a directory that are no links. What does not exist is for the reader to report.
    fn is_allowed_directory(&self, directory: &Path) -> bool {
        let here = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        self.place(here).is_none_or(|full| self.is_inside(&full))
    }

    /// Where a directory is. The system is asked once for each, and of most only whether they are links.
    fn place(&self, directory: &Path) -> Place {
        let known = self.directories.lock().ok().and_then(|all| all.get(directory).cloned());
        known.unwrap_or_else(|| {
            let place = self.placed(directory);
            if let Ok(mut all) = self.directories.lock() {
                all.insert(directory.to_path_buf(), place.clone());
            }
            place
        })
    }

    fn placed(&self, directory: &Path) -> Place {
        // Elsewhere a name may be written in more than one way.
        if cfg!(target_os = "linux")
            && let (Some(above), Some(name)) = (directory.parent(), directory.file_name())
            && !above.as_os_str().is_empty()
            && std::fs::symlink_metadata(directory).ok()?.is_dir()
        {
            return Some(self.place(above)?.join(name).into());
        }
        std::fs::canonicalize(directory).ok().map(Arc::from)
    }

    /// Where a path leads, whatever links are on the way.
    fn leads_inside(&self, path: &Path) -> bool {
        std::fs::canonicalize(path).map_or(true, |full| self.is_inside(&full))
    }

    fn is_inside(&self, full: &Path) -> bool {
        self.roots.iter().any(|root| full.starts_with(root))
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        normalise(&self.working_directory.join(path))
    }
}

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Arc<str>, ReadError> {
        let bytes = if let Some(bytes) = self.overlaid(path) {
            Ok(bytes.clone())
        } else {
            let own = std::fs::symlink_metadata(path);
            let is_gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
            let is_link = own.as_ref().is_ok_and(|it| it.file_type().is_symlink());
            if !self.is_allowed_file(path, &own) {
                return Err(ReadError::Outside);
            }
            if own.as_ref().is_err_and(is_gone) || is_link && std::fs::metadata(path).is_err_and(|it| is_gone(&it)) {
                return Err(ReadError::NotFound);
            }
            self.bytes_of(path, own)
        };
        let bytes = bytes.map_err(|diagnostic| match diagnostic.code {
            Code::Bound => ReadError::TooLarge,
            _ => ReadError::Other(format!("it {}", diagnostic.message)),
        })?;
        text("", &bytes).map(Arc::from).map_err(|_| ReadError::NotText)
    }

    fn memory(&self) -> Option<u64> {
        super::budget::memory()
    }

    fn list(&self, directory: &Path) -> Vec<Listed> {
        let here = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        if !self.is_allowed(here) {
            return Vec::new();
        }
        let entries = std::fs::read_dir(here).into_iter().flatten().flatten();
        let mut found: Vec<Listed> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                // Links count as what they lead to, as Terraform reads them.
                let kind = entry.file_type().ok()?;
                let directory = if kind.is_symlink() { entry.path().is_dir() } else { kind.is_dir() };
                Some(Listed { name, directory })
            })
            .collect();
        let absolute = if self.overlay.is_empty() { PathBuf::new() } else { self.absolute(directory) };
        // What lies below a directory comes after it and in one piece.
        let below = self.overlay.range(absolute.clone()..).map(|(path, _)| path);
        let below = below.take_while(|path| path.starts_with(&absolute));
        for path in below.filter(|path| path.parent() == Some(&absolute)) {
            let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
            found.extend(name.map(|name| Listed { name, directory: false }));
        }
        found.sort();
        found.dedup();
        found
    }

    fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.working_directory).unwrap_or(path);
        let shown = slashes(path.strip_prefix(".").unwrap_or(path));
        if shown.is_empty() { ".".to_owned() } else { shown }
    }
}

/// The text of a file that was read, or why it is none.
pub(super) fn text<'b>(shown: &str, bytes: &'b [u8]) -> Result<&'b str, Box<Diagnostic>> {
    let text = std::str::from_utf8(bytes).ok().filter(|_| memchr::memchr(0, bytes).is_none());
    text.ok_or_else(|| Box::new(not_utf8(shown, bytes)))
}

fn outside(shown: &str) -> Diagnostic {
    Diagnostic::of_path(Code::Unreadable, shown, "lies outside of the repository and is not read")
        .with_help("name it on the command line when it belongs to the run")
}

fn not_a_file(shown: &str) -> Diagnostic {
    Diagnostic::of_path(Code::Unreadable, shown, "is not a regular file").with_help("give a file or a directory")
}

fn too_large(shown: &str) -> Diagnostic {
    let message = format!("is larger than {} MiB and is not read", MAX_FILE / 1024 / 1024);
    Diagnostic::of_path(Code::Bound, shown, message).with_help("split it, or leave it out with `exclude`")
}

fn not_utf8(shown: &str, bytes: &[u8]) -> Diagnostic {
    let (what, help) = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("is UTF-16", "save it as UTF-8"),
        _ if bytes.contains(&0) => ("is binary, not text", "leave it out with `exclude`"),
        _ => ("is not UTF-8", "save it as UTF-8"),
    };
    Diagnostic::of_path(Code::Unreadable, shown, what).with_help(help)
}
