//! The texts of a run: every file is read once, and only where the run may look.
//!
//! In: paths. Out: [`FileId`]s of texts, or a diagnostic that says what is wrong and what to do. Reading is shared by all
//! threads; texts are added in the order they are first asked for.

use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;

use super::walk::cannot_open;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, SourceFile, SourceMap};

/// Largest file that is read.
pub const MAX_FILE: u64 = 16 * 1024 * 1024;

/// The files that a run may read.
#[derive(Debug)]
pub struct Disk {
    working_directory: PathBuf,
    /// Canonical directories outside of which nothing is read.
    roots: Vec<PathBuf>,
    overlay: FxHashMap<PathBuf, Vec<u8>>,
    texts: Mutex<Texts>,
}

#[derive(Debug, Default)]
struct Texts {
    sources: SourceMap,
    by_path: FxHashMap<PathBuf, FileId>,
}

impl Disk {
    /// A disk of the repositories that hold `paths`; of the directories themselves where there is no repository.
    pub fn new(paths: &[PathBuf]) -> Self {
        let working_directory = std::env::current_dir().unwrap_or_default();
        let mut disk =
            Self { working_directory, roots: Vec::new(), overlay: FxHashMap::default(), texts: Mutex::default() };
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
        let root = repository.unwrap_or(directory).to_path_buf();
        if !self.roots.contains(&root) {
            self.roots.push(root);
        }
    }

    /// Puts `bytes` in the place of what `path` holds on disk.
    pub fn overlay(&mut self, path: PathBuf, bytes: Vec<u8>) {
        let path = self.absolute(&path);
        self.overlay.insert(path, bytes);
    }

    /// The path as reports show it.
    pub fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.working_directory).unwrap_or(path);
        let path = path.strip_prefix(".").unwrap_or(path);
        let shown = path.to_string_lossy();
        let shown = if cfg!(windows) { shown.replace('\\', "/") } else { shown.into_owned() };
        if shown.is_empty() { ".".to_owned() } else { shown }
    }

    /// What a file holds; refused when it is too large, no file, or outside of the run.
    pub fn bytes(&self, path: &Path) -> Result<Vec<u8>, Box<Diagnostic>> {
        if let Some(bytes) = self.overlay.get(&self.absolute(path)) {
            return Ok(bytes.clone());
        }
        let shown = self.shown(path);
        let failed = |error: &std::io::Error| Box::new(cannot_open(&shown, error));
        if !self.is_allowed(path) {
            return Err(Box::new(outside(&shown)));
        }
        let metadata = std::fs::metadata(path).map_err(|error| failed(&error))?;
        if !metadata.is_file() {
            return Err(Box::new(not_a_file(&shown)));
        }
        // A file may grow while it is read; one byte more than allowed tells.
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(Box::new(too_large(&shown)));
        }
        Ok(bytes)
    }

    /// Adds the text of a file that was read by [`Disk::bytes`].
    pub fn add(&self, path: &Path, bytes: Vec<u8>) -> Result<FileId, Box<Diagnostic>> {
        let shown = self.shown(path);
        let text = String::from_utf8(bytes).map_err(|error| Box::new(not_utf8(&shown, error.as_bytes())))?;
        let key = self.absolute(path);
        let mut texts = self.lock();
        if let Some(id) = texts.by_path.get(&key) {
            return Ok(*id);
        }
        let id = texts.sources.add(path, shown, text);
        texts.by_path.insert(key, id);
        Ok(id)
    }

    /// The text of a path, read at most once.
    pub fn open(&self, path: &Path) -> Result<SourceFile, Box<Diagnostic>> {
        let known = self.lock().by_path.get(&self.absolute(path)).copied();
        let id = match known {
            Some(id) => id,
            None => self.add(path, self.bytes(path)?)?,
        };
        let source = self.lock().sources.get(id).cloned();
        Ok(source.expect("the id was given out by this map"))
    }

    /// The names in a directory, sorted; nothing when it may not be read or is none.
    pub fn names(&self, directory: &Path) -> Vec<String> {
        let here = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        if !self.is_allowed(here) {
            return Vec::new();
        }
        let entries = std::fs::read_dir(here).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        let absolute = self.absolute(directory);
        #[expect(clippy::iter_over_hash_type, reason = "sorted below")]
        for path in self.overlay.keys().filter(|path| path.parent() == Some(&absolute)) {
            names.extend(path.file_name().and_then(|name| name.to_str()).map(str::to_owned));
        }
        names.sort();
        names.dedup();
        names
    }

    /// True when a directory is there and may be read.
    pub fn is_directory(&self, path: &Path) -> bool {
        let here = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        self.is_allowed(here) && here.is_dir()
    }

    /// Every text that was read.
    pub fn sources(&self) -> SourceMap {
        self.lock().sources.clone()
    }

    fn is_allowed(&self, path: &Path) -> bool {
        // What does not exist is for the reader to report.
        std::fs::canonicalize(path).map_or(true, |full| self.roots.iter().any(|root| full.starts_with(root)))
    }

    /// The path from the root of the file system, `.` and `..` resolved by text.
    fn absolute(&self, path: &Path) -> PathBuf {
        let mut absolute = PathBuf::new();
        for component in self.working_directory.join(path).components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => {
                    absolute.pop();
                }
                other => absolute.push(other),
            }
        }
        absolute
    }

    fn lock(&self) -> MutexGuard<'_, Texts> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
