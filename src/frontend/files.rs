//! How a front end reads what a text names: modules, templates, variables files.
//!
//! In: a path made from the text. Out: its text, or why not. The front ends open no file themselves: `lint` gives a
//! [`Files`] that reads inside the repository only, tests and policy examples give [`MemoryFiles`].

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Reads the files of a run; everything outside the repository is refused.
pub trait Files: Sync {
    /// The text of a file.
    fn read(&self, path: &Path) -> Result<Arc<str>, ReadError>;

    /// What lies directly in a directory, sorted by name; nothing when it is no directory or outside.
    fn list(&self, directory: &Path) -> Vec<Listed>;

    /// The bytes of memory that there are for what is read, when something limits them: the same in every run.
    fn memory(&self) -> Option<u64> {
        None
    }

    /// The path as reports show it.
    fn shown(&self, path: &Path) -> String {
        slashes(path)
    }
}

/// A name in a directory.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Listed {
    /// The name, without its directory.
    pub name: String,
    /// True for a directory.
    pub directory: bool,
}

/// Why a file could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReadError {
    /// There is no such file.
    NotFound,
    /// It lies outside the repository.
    Outside,
    /// It is not UTF-8.
    NotText,
    /// It is larger than the bound.
    TooLarge,
    /// What the operating system said.
    Other(String),
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound => write!(out, "there is no such file"),
            Self::Outside => write!(out, "it lies outside the repository"),
            Self::NotText => write!(out, "it is not UTF-8"),
            Self::TooLarge => write!(out, "it is too large"),
            Self::Other(what) => write!(out, "{what}"),
        }
    }
}

/// Files that exist only in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(BTreeMap<PathBuf, Arc<str>>);

impl MemoryFiles {
    /// Adds a file.
    pub fn insert(&mut self, path: impl AsRef<Path>, text: impl Into<Arc<str>>) {
        self.0.insert(normalise(path.as_ref()), text.into());
    }

    /// Every file with its text, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Arc<str>)> {
        self.0.iter().map(|(path, text)| (path.as_path(), text))
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> Result<Arc<str>, ReadError> {
        self.0.get(&normalise(path)).cloned().ok_or(ReadError::NotFound)
    }

    fn list(&self, directory: &Path) -> Vec<Listed> {
        let directory = normalise(directory);
        let mut found: Vec<Listed> = Vec::new();
        for path in self.0.keys() {
            let Ok(below) = path.strip_prefix(&directory) else { continue };
            let mut parts = below.components();
            let Some(Component::Normal(name)) = parts.next() else { continue };
            let listed = Listed { name: name.to_string_lossy().into_owned(), directory: parts.next().is_some() };
            if !found.contains(&listed) {
                found.push(listed);
            }
        }
        found.sort();
        found
    }
}

/// The path without `.` and `..` steps, as far as the text of it tells.
pub fn normalise(path: &Path) -> PathBuf {
    if is_normal(path) {
        return path.to_path_buf();
    }
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match normal.components().next_back() {
                Some(Component::Normal(_)) => {
                    normal.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => normal.push(".."),
            },
            other => normal.push(other),
        }
    }
    normal
}

/// True for nearly every path: it has no step that says nothing.
fn is_normal(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    let odd = |pair: &[u8]| matches!(pair, b"//" | b"/.");
    std::path::MAIN_SEPARATOR == '/' && !matches!(bytes, [b'.', ..] | [.., b'/']) && !bytes.windows(2).any(odd)
}

/// A path with `/` whatever the system.
pub fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_their_dots_and_stay_below_the_root() {
        let cases = [
            ("a/./b/../c", "a/c"),
            ("../../a", "../../a"),
            ("a/../../b", "../b"),
            ("/a/../../b", "/b"),
            ("./x/", "x"),
            (".", ""),
        ];
        for (path, normal) in cases {
            assert_eq!(normalise(Path::new(path)), Path::new(normal), "{path}");
        }
    }

    #[test]
    fn a_directory_in_memory_lists_files_and_directories_once() {
        let mut files = MemoryFiles::default();
        for path in ["main.tf", "modules/a/main.tf", "modules/b/main.tf"] {
            files.insert(path, "");
        }
        let names = |directory: &str| -> Vec<String> {
            files.list(Path::new(directory)).into_iter().map(|listed| listed.name).collect()
        };
        assert_eq!(names(""), ["main.tf", "modules"]);
        assert_eq!(names("./modules"), ["a", "b"]);
        assert_eq!(names("nowhere"), [""; 0]);
    }
}
