//! What lies below directories and is not left out, found by several threads at a time.
//!
//! In: directories. Out: the files that may be inputs, in the order of their paths, and what could not be read. Few directories are
//! walked by the thread at hand. A link is not followed; what it leads to is [`walk`](super::walk)'s to say.

use std::cell::LazyCell;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry, FileType};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::{io, thread};

use super::ignored::{Entry, Ignored, Rules, Written};
use super::walk::{cannot_open, is_candidate, is_directory, link};
use super::{Candidate, Disk, sniff};
use crate::diagnostic::Diagnostic;
use crate::frontend::files::Files as _;

/// So many names are looked at by the thread at hand before others are started.
const FEW: usize = 400;

/// A walk.
pub(super) struct Tree<'d> {
    disk: &'d Disk,
    ignored: Ignored,
    /// How many directories there are so far; each has a number.
    directories: AtomicUsize,
    /// What threads have left for others.
    shared: Mutex<Shared>,
    more: Condvar,
    /// How many threads have nothing to do.
    idle: AtomicUsize,
}

#[derive(Default)]
struct Shared {
    waiting: Vec<Directory>,
    at_work: usize,
}

/// A directory to be looked at.
struct Directory {
    number: usize,
    /// As it is shown.
    path: PathBuf,
    /// With links resolved.
    full: PathBuf,
    /// Of the directories above it.
    rules: Option<Arc<Rules>>,
}

/// What was found in directories, by their numbers.
#[derive(Default)]
struct Found {
    directories: Vec<(usize, Vec<Item>)>,
    diagnostics: Vec<Diagnostic>,
    names: usize,
}

enum Item {
    File(Candidate),
    Directory(usize),
}

impl<'d> Tree<'d> {
    /// Nothing yet.
    pub(super) fn new(disk: &'d Disk, ignored: Ignored) -> Self {
        Self {
            disk,
            ignored,
            directories: AtomicUsize::new(0),
            shared: Mutex::default(),
            more: Condvar::new(),
            idle: AtomicUsize::new(0),
        }
    }

    /// The files below directories, on at most so many threads (asked for when there is enough for two), and what could not be read.
    pub(super) fn below(
        &self,
        roots: &[PathBuf],
        threads: impl FnOnce() -> usize,
    ) -> (Vec<Candidate>, Vec<Diagnostic>) {
        let threads = LazyCell::new(threads);
        let mut waiting: Vec<Directory> = roots.iter().map(|root| self.root(root)).collect();
        let count = waiting.len();
        let mut all = Found::default();
        while let Some(next) = waiting.pop() {
            self.look(&next, &mut waiting, &mut all);
            if all.names > FEW && !waiting.is_empty() && *threads > 1 {
                self.together(std::mem::take(&mut waiting), *threads, &mut all);
            }
        }
        all.diagnostics.sort();
        (in_order(all.directories, count, self.directories.load(Ordering::Relaxed)), all.diagnostics)
    }

    fn root(&self, root: &Path) -> Directory {
        let full = fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf());
        let path = root.strip_prefix(".").unwrap_or(root).to_path_buf();
        Directory { number: self.number(), path, rules: self.ignored.above(&full), full }
    }

    fn number(&self) -> usize {
        self.directories.fetch_add(1, Ordering::Relaxed)
    }

    /// Looks at what is left on several threads.
    fn together(&self, waiting: Vec<Directory>, threads: usize, all: &mut Found) {
        *self.shared() = Shared { waiting, at_work: threads };
        let found: Vec<Found> = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(|| self.work())).collect();
            let own = self.work();
            others.into_iter().filter_map(|it| it.join().ok()).chain([own]).collect()
        });
        for one in found {
            all.directories.extend(one.directories);
            all.diagnostics.extend(one.diagnostics);
        }
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at directories until no thread has any.
    fn work(&self) -> Found {
        let mut found = Found::default();
        let mut own: Vec<Directory> = Vec::new();
        while let Some(next) = own.pop().or_else(|| self.wait()) {
            self.look(&next, &mut own, &mut found);
            if self.idle.load(Ordering::Relaxed) > 0 && own.len() > 1 {
                // The first ones are nearest to the root and have the most below them.
                let half = own.len() / 2;
                self.shared().waiting.extend(own.drain(..half));
                self.more.notify_all();
            }
        }
        found
    }

    /// The next directory that some thread leaves to others; none when all are done.
    fn wait(&self) -> Option<Directory> {
        let mut shared = self.shared();
        shared.at_work = shared.at_work.saturating_sub(1);
        loop {
            if let Some(next) = shared.waiting.pop() {
                shared.at_work += 1;
                return Some(next);
            }
            if shared.at_work == 0 {
                self.more.notify_all();
                return None;
            }
            self.idle.fetch_add(1, Ordering::Relaxed);
            shared = self.more.wait(shared).unwrap_or_else(PoisonError::into_inner);
            self.idle.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn look(&self, directory: &Directory, waiting: &mut Vec<Directory>, found: &mut Found) {
        let here = if directory.path.as_os_str().is_empty() { Path::new(".") } else { &directory.path };
        let mut told = |path: &Path, error: &io::Error| {
            found.diagnostics.push(cannot_open(&self.disk.shown(path), error));
        };
        let entries = match fs::read_dir(here) {
            Ok(entries) => entries,
            Err(error) => return told(&directory.path, &error),
        };
        let (mut names, mut written) = (Vec::new(), Written::default());
        for entry in entries {
            match entry
                .and_then(|it| Ok(Name { kind: it.file_type()?, is_hidden: is_hidden(&it), text: it.file_name() }))
            {
                Ok(name) => {
                    written.note(name.text.as_encoded_bytes());
                    names.push(name);
                }
                Err(error) => told(&directory.path, &error),
            }
        }
        found.names += names.len();
        let rules = self.ignored.below(directory.rules.clone(), &directory.full, written);
        names.retain(Name::may_matter);
        names.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        let mut items = Vec::new();
        for name in names {
            self.add(directory, name, rules.as_ref(), (&mut items, waiting), &mut found.diagnostics);
        }
        if !items.is_empty() {
            found.directories.push((directory.number, items));
        }
    }

    fn add(
        &self,
        directory: &Directory,
        Name { text, kind, is_hidden }: Name,
        rules: Option<&Arc<Rules>>,
        (items, waiting): (&mut Vec<Item>, &mut Vec<Directory>),
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let (path, full) = (directory.path.join(&text), directory.full.join(&text));
        let entry = Entry { path: &path, full: &full, is_directory: kind.is_dir(), is_hidden };
        if self.ignored.has(entry, rules.map(AsRef::as_ref)) {
            return;
        }
        if kind.is_dir() {
            if sniff::by_name(&path).is_some() {
                diagnostics.push(is_directory(&self.disk.shown(&path)));
            }
            let below = Directory { number: self.number(), path, full, rules: rules.cloned() };
            items.push(Item::Directory(below.number));
            waiting.push(below);
        } else if kind.is_symlink() {
            items.extend(link(path, self.disk, diagnostics).map(Item::File));
        } else {
            items.push(Item::File(Candidate { path, named: false, regular: kind.is_file() }));
        }
    }
}

/// A name in a directory.
struct Name {
    text: OsString,
    kind: FileType,
    is_hidden: bool,
}

impl Name {
    /// False for most names, which are neither inputs nor lead to any.
    fn may_matter(&self) -> bool {
        // Packages of other ecosystems hold templates that are nobody's infrastructure.
        let is_foreign = || self.text == OsStr::new("node_modules");
        (self.kind.is_dir() || self.kind.is_symlink() || is_candidate(Path::new(&self.text))) && !is_foreign()
    }
}

/// The files of all directories, each directory's between those of the names before and after it.
fn in_order(found: Vec<(usize, Vec<Item>)>, roots: usize, directories: usize) -> Vec<Candidate> {
    let mut by_number: Vec<Vec<Item>> = Vec::new();
    by_number.resize_with(directories, Vec::new);
    for (number, items) in found {
        if let Some(place) = by_number.get_mut(number) {
            *place = items;
        }
    }
    let mut candidates = Vec::new();
    let first: Vec<Item> = (0..roots).map(Item::Directory).collect();
    let mut open = vec![first.into_iter()];
    while let Some(items) = open.last_mut() {
        match items.next() {
            Some(Item::File(candidate)) => candidates.push(candidate),
            Some(Item::Directory(number)) => {
                open.extend(by_number.get_mut(number).map(|items| std::mem::take(items).into_iter()));
            }
            None => {
                open.pop();
            }
        }
    }
    candidates
}

#[cfg(not(windows))]
fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

#[cfg(windows)]
fn is_hidden(entry: &DirEntry) -> bool {
    use std::os::windows::fs::MetadataExt as _;
    const HIDDEN: u32 = 2;
    entry.file_name().as_encoded_bytes().starts_with(b".")
        || entry.metadata().is_ok_and(|it| it.file_attributes() & HIDDEN != 0)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use ignore::WalkBuilder;
    use ignore::overrides::OverrideBuilder;

    use super::super::ignored::Ignored;
    use super::{Disk, Tree};

    /// A tree with rules of every kind in it; gone when it is dropped.
    struct Made(PathBuf);

    impl Made {
        #[expect(clippy::disallowed_methods, reason = "a test writes what it reads")]
        fn new(files: &[(&str, &str)]) -> Self {
            let root = std::env::temp_dir().join(format!("baalint-tree-{}-{}", std::process::id(), files.len()));
            let made = Self(fs::canonicalize(std::env::temp_dir()).unwrap().join(root.file_name().unwrap()));
            for (path, text) in files {
                let path = made.0.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            made
        }

        /// What is found below, by us.
        fn found(&self, below: &str, threads: usize) -> Vec<PathBuf> {
            let root = self.0.join(below);
            let disk = Disk::new(std::slice::from_ref(&root));
            let excluded = OverrideBuilder::new(".").add("!*.hcl").unwrap().build().unwrap();
            let tree = Tree::new(&disk, Ignored::new(Some(excluded)));
            let (candidates, diagnostics) = tree.below(&[root], || threads);
            assert_eq!(diagnostics, []);
            candidates.into_iter().map(|it| it.path).collect()
        }

        /// The same by the walk of `ignore`, in order.
        fn expected(&self, below: &str) -> Vec<PathBuf> {
            let mut walk = WalkBuilder::new(self.0.join(below));
            walk.require_git(false).git_global(false).filter_entry(|it| it.file_name() != "node_modules");
            walk.overrides(OverrideBuilder::new(".").add("!*.hcl").unwrap().build().unwrap());
            let entries = walk.build().flatten().filter(|it| it.file_type().is_some_and(|it| it.is_file()));
            let mut found: Vec<PathBuf> = entries.map(ignore::DirEntry::into_path).collect();
            found.retain(|it| super::is_candidate(it));
            found.sort();
            found
        }
    }

    impl Drop for Made {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const FILES: [(&str, &str); 33] = [
        (".gitignore", "\u{feff}gen/\n# no\n\n/top.tf\r\n*.bak.yaml\n!keep.bak.yaml\n"),
        (".git/info/exclude", "private.yaml\nshown.yaml\n"),
        ("top.tf", ""),
        ("main.tf", ""),
        ("private.yaml", ""),
        ("a/top.tf", ""),
        ("a/gen/x.yaml", ""),
        ("a/.gitignore", "!private.yaml\n/b/**/deep.yaml\n[\nx\\ \nd?e.yaml\n!.shown\n!gen/\n"),
        ("a/private.yaml", ""),
        ("a/b/c/deep.yaml", ""),
        ("a/b/deep.tf", ""),
        ("a/b/die.yaml", ""),
        ("a/b/x.bak.yaml", ""),
        ("a/b/keep.bak.yaml", ""),
        ("a/.hidden/x.tf", ""),
        ("a/.shown/x.tf", ""),
        ("a/.x.tf", ""),
        ("a-b/x.tf", ""),
        ("a-b/node_modules/x.tf", ""),
        ("a-b/terragrunt.hcl", ""),
        ("a.d/x.tf", ""),
        ("b/.ignore", "!keep.yaml\nlost.tf\n"),
        ("b/.gitignore", "keep.yaml\n!lost.tf\n"),
        ("b/keep.yaml", ""),
        ("b/lost.tf", ""),
        ("b/c/keep.yaml", ""),
        ("b/c/lost.tf", ""),
        ("b/c/.gitignore", "!keep.yaml\n!lost.tf\nown.json\n"),
        ("b/c/own.json", ""),
        ("b/c/other.JSON", ""),
        ("b/nested/.git/info/exclude", "own.json\n"),
        ("b/nested/own.json", ""),
        ("b/nested/x.json", ""),
    ];

    #[test]
    fn what_is_ignored_is_left_out_and_the_order_is_that_of_paths() {
        let made = Made::new(&FILES);
        for below in ["", "a", "a/b", "b", "b/c", "b/nested", "a/gen"] {
            let expected = made.expected(below);
            assert!(!expected.is_empty(), "{below}");
            assert_eq!(made.found(below, 1), expected, "{below}");
        }
    }

    #[test]
    fn many_directories_are_walked_by_several_threads() {
        let mut paths: Vec<String> = (0..900).map(|it| format!("{}/{}/{it}.yaml", it % 7, it % 31)).collect();
        paths.push(".gitignore".into());
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "/3/*\n!/3/4/\n7.yaml\n")).collect();
        let made = Made::new(&files);
        let expected = made.expected("");
        assert!(expected.iter().any(|it| it.starts_with(made.0.join("3/4"))) && expected.len() < 900);
        for threads in [1, 2, 5] {
            assert_eq!(made.found("", threads), expected, "{threads}");
        }
    }

    #[test]
    fn the_working_directory_is_walked_as_itself() {
        let disk = Disk::new(&[PathBuf::from(".")]);
        let tree = Tree::new(&disk, Ignored::new(None));
        let (candidates, _) = tree.below(&[PathBuf::from("./fixtures/equivalence")], || 2);
        assert!(candidates.iter().any(|it| it.path.starts_with(Path::new("fixtures/equivalence"))));
    }
}
