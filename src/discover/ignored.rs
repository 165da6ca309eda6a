//! Which paths of a tree are left out: by the globs of the run, by `.ignore`, `.gitignore` and `.git/info/exclude`, and because
//! they are hidden.
//!
//! In: directories, the outermost first, and what lies in them. Out: whether it is left out. Reads the files as `ignore` does for a
//! walk of its own, but the rules of one text are compiled once, however many directories hold that text, and a name that is no
//! input is not matched at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::overrides::Override;
use rustc_hash::FxHashMap;

/// The rules that hold in a directory: its own, and those of the directories above it.
#[derive(Debug)]
pub(super) struct Rules {
    above: Option<Arc<Rules>>,
    /// Where the rules are written, links resolved.
    directory: PathBuf,
    by_kind: [Option<Arc<Gitignore>>; 3],
}

/// `.ignore` wins over `.gitignore`, and that over `.git/info/exclude`, wherever each of them lies.
const KINDS: usize = 3;

/// Which files with rules a directory holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    pub(super) ignore: bool,
    pub(super) gitignore: bool,
    pub(super) git: bool,
}

impl Written {
    /// Takes note of a name in the directory.
    pub(super) fn note(&mut self, name: &[u8]) {
        self.ignore |= name == b".ignore";
        self.gitignore |= name == b".gitignore";
        self.git |= name == b".git";
    }
}

/// The rules of a run.
#[derive(Debug)]
pub(super) struct Ignored {
    /// Globs of paths that are left out.
    excluded: Option<Override>,
    /// Rules by the text that they are made of.
    compiled: Mutex<FxHashMap<Vec<u8>, Option<Arc<Gitignore>>>>,
}

/// A path that may be left out.
#[derive(Clone, Copy)]
pub(super) struct Entry<'p> {
    /// As it is shown.
    pub(super) path: &'p Path,
    /// With links resolved.
    pub(super) full: &'p Path,
    pub(super) is_directory: bool,
    pub(super) is_hidden: bool,
}

impl Ignored {
    /// The globs of a run, and no file read yet.
    pub(super) fn new(excluded: Option<Override>) -> Self {
        Self { excluded, compiled: Mutex::default() }
    }

    /// True for what the run leaves out.
    pub(super) fn has(&self, entry: Entry<'_>, rules: Option<&Rules>) -> bool {
        if let Some(excluded) = &self.excluded {
            let told = excluded.matched(entry.path, entry.is_directory);
            if !told.is_none() {
                return told.is_ignore();
            }
        }
        rules.and_then(|it| it.leave_out(entry.full, entry.is_directory)).unwrap_or(entry.is_hidden)
    }

    /// The rules of a directory of which nothing is known, and of all above it.
    pub(super) fn above(&self, directory: &Path) -> Option<Arc<Rules>> {
        let every = Written { ignore: true, gitignore: true, git: true };
        let outermost_first = directory.ancestors().skip(1).collect::<Vec<_>>().into_iter().rev();
        outermost_first.fold(None, |rules, directory| self.below(rules, directory, every))
    }

    /// The rules of a directory below one that has `rules`.
    pub(super) fn below(&self, rules: Option<Arc<Rules>>, directory: &Path, written: Written) -> Option<Arc<Rules>> {
        if !(written.ignore || written.gitignore || written.git) {
            return rules;
        }
        let read = |has: bool, name: &str| if has { self.compiled(&directory.join(name)) } else { None };
        let exclude = if written.git { common_directory(directory) } else { None };
        let by_kind = [
            read(written.ignore, ".ignore"),
            read(written.gitignore, ".gitignore"),
            exclude.and_then(|git| self.compiled(&git.join("info/exclude"))),
        ];
        if by_kind.iter().all(Option::is_none) {
            return rules;
        }
        Some(Arc::new(Rules { above: rules, directory: directory.to_path_buf(), by_kind }))
    }

    /// The rules that a file holds; none when it is not there or says nothing.
    fn compiled(&self, file: &Path) -> Option<Arc<Gitignore>> {
        let text = bytes(file)?;
        let known = self.compiled.lock().unwrap_or_else(PoisonError::into_inner).get(&text).cloned();
        known.unwrap_or_else(|| {
            let rules = compile(&text).map(Arc::new);
            self.compiled.lock().unwrap_or_else(PoisonError::into_inner).insert(text, rules.clone());
            rules
        })
    }
}

impl Rules {
    /// What the rules say of a path; nothing for most.
    fn leave_out(&self, full: &Path, is_directory: bool) -> Option<bool> {
        (0..KINDS).find_map(|kind| {
            std::iter::successors(Some(self), |it| it.above.as_deref()).find_map(|rules| {
                let matcher = rules.by_kind.get(kind)?.as_ref()?;
                let told = matcher.matched(below(full, &rules.directory)?, is_directory);
                (!told.is_none()).then(|| told.is_ignore())
            })
        })
    }
}

/// The path as seen from a directory that holds it.
fn below<'p>(full: &'p Path, directory: &Path) -> Option<&'p Path> {
    // Both were made by adding names to the same beginning.
    let length = directory.as_os_str().len();
    let rest = full.to_str().and_then(|it| it.get(length..)).map(|it| it.strip_prefix(['/', '\\']).unwrap_or(it));
    rest.map(Path::new).or_else(|| full.strip_prefix(directory).ok())
}

/// The rules of a text; lines that are no globs are left out, as git does.
fn compile(text: &[u8]) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new("");
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let Ok(line) = std::str::from_utf8(line) else { break };
        let line = line.strip_suffix('\r').unwrap_or(line);
        let line = if at == 0 { line.trim_start_matches('\u{feff}') } else { line };
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|it| !it.is_empty())
}

/// Where git keeps what all work trees of a repository share.
fn common_directory(directory: &Path) -> Option<PathBuf> {
    let git = directory.join(".git");
    if !fs::metadata(&git).ok()?.is_file() {
        return Some(git);
    }
    let first_line = |path: &Path| Some(String::from_utf8(bytes(path)?).ok()?.lines().next()?.to_owned());
    let own = directory.join(first_line(&git)?.strip_prefix("gitdir: ")?);
    let common = first_line(&own.join("commondir"))?;
    Some(own.join(common))
}

#[expect(clippy::disallowed_methods, reason = "discover reads files")]
fn bytes(file: &Path) -> Option<Vec<u8>> {
    fs::read(file).ok()
}
