//! What changed since a revision, as git tells.
//!
//! In: a revision, or "what is staged". Out: changed lines by file, the texts as they were before, or why git could not say.
//! Runs git and reads its output; nothing is written.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustc_hash::FxHashMap;

use crate::discover::Buffer;
use crate::finding::Finding;
use crate::source::{SourceMap, Span};

/// What to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// The working tree with this revision.
    Revision(String),
    /// The index with the last commit.
    Staged,
}

/// Changed lines by canonical path, and what was there before.
#[derive(Debug, Default)]
pub(super) struct Changes {
    lines: FxHashMap<PathBuf, Vec<(u32, u32)>>,
    /// The texts of changed files before the change; nothing in what is new.
    pub(super) before: Vec<Buffer>,
    /// The texts of files that are gone.
    pub(super) gone: Vec<Buffer>,
}

impl Changes {
    /// Asks git in `directory`.
    pub(super) fn read(since: &Since, directory: &Path) -> Result<Self, String> {
        let top = git(directory, &["rev-parse", "--show-toplevel"])?;
        let top = PathBuf::from(top.trim_end());
        let top = std::fs::canonicalize(&top).unwrap_or(top);
        let mut changes = Self::default();
        let common = ["diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-renames", "--no-prefix"];
        let mut arguments: Vec<&str> = vec!["-c", "core.quotepath=off"];
        arguments.extend(common);
        match since {
            Since::Revision(revision) => {
                if revision.starts_with('-') {
                    return Err(format!("`{revision}` is not a revision"));
                }
                git(directory, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])
                    .map_err(|_| format!("git knows no revision `{revision}` here"))?;
                arguments.push(revision);
            }
            Since::Staged => arguments.push("--cached"),
        }
        arguments.push("--");
        changes.add_diff(&top, &git(&top, &arguments)?);
        if matches!(since, Since::Revision(_)) {
            let untracked = git(&top, &["-c", "core.quotepath=off", "ls-files", "--others", "--exclude-standard"])?;
            for file in untracked.lines() {
                changes.lines.insert(top.join(file), vec![(1, u32::MAX)]);
                changes.before.push(Buffer { path: top.join(file), bytes: Vec::new() });
            }
        }
        changes.read_before(since, &top)?;
        Ok(changes)
    }

    /// The texts of every changed file before the change.
    fn read_before(&mut self, since: &Since, top: &Path) -> Result<(), String> {
        let (revision, staged) = match since {
            Since::Revision(revision) => (revision.as_str(), None),
            Since::Staged => ("HEAD", Some("--cached")),
        };
        let mut arguments = vec!["diff", "--name-status", "-z", "--no-renames", "--no-ext-diff"];
        arguments.extend(staged);
        let has_commit = git(top, &["rev-parse", "--verify", "--quiet", "HEAD"]).is_ok();
        if staged.is_none() || has_commit {
            arguments.push(revision);
        }
        arguments.push("--");
        let told = git(top, &arguments)?;
        let mut parts = told.split('\0');
        let mut changed: Vec<(&str, PathBuf, String)> = Vec::new();
        while let (Some(status), Some(name)) = (parts.next().filter(|it| !it.is_empty()), parts.next()) {
            changed.push((status, top.join(name), format!("{revision}:{name}")));
        }
        let known: Vec<&str> = changed.iter().filter(|it| it.0 != "A").map(|it| it.2.as_str()).collect();
        let mut texts = git_texts(top, &known)?.into_iter();
        for (status, path, _) in &changed {
            let bytes = if *status == "A" { Vec::new() } else { texts.next().flatten().unwrap_or_default() };
            let buffer = Buffer { path: path.clone(), bytes };
            if *status == "D" { self.gone.push(buffer) } else { self.before.push(buffer) }
        }
        Ok(())
    }

    /// True when nothing is another than before.
    pub(super) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.gone.is_empty()
    }

    /// True when a label of the finding lies on a changed line, or it is about what a changed resource lacks.
    pub(super) fn touch(&self, sources: &SourceMap, finding: &Finding) -> bool {
        let lacks = finding.resource.header.contains(finding.primary.span);
        let labels = finding.related.iter().map(|it| it.span).chain(std::iter::once(finding.primary.span));
        labels.chain(lacks.then_some(finding.resource.span)).any(|span| self.touches(sources, span))
    }

    /// True when a line of the span is changed.
    pub(super) fn touches(&self, sources: &SourceMap, span: Span) -> bool {
        let Some(file) = sources.get(span.file) else { return false };
        let path = std::fs::canonicalize(file.path()).unwrap_or_else(|_| file.path().to_path_buf());
        let Some(changed) = self.lines.get(&path) else { return false };
        let (first, last) = (file.line_col(span.start).line, file.line_col(span.end).line);
        changed.iter().any(|(from, to)| *from <= last && first <= *to)
    }

    fn add_diff(&mut self, top: &Path, diff: &str) {
        let mut file = None;
        for line in diff.lines() {
            if let Some(path) = line.strip_prefix("+++ ") {
                // Paths with blanks end in a tab.
                let path = path.trim_end_matches('\t');
                file = (path != "/dev/null").then(|| top.join(path));
            } else if let (Some(file), Some(range)) = (&file, line.strip_prefix("@@ ").and_then(new_range)) {
                self.lines.entry(file.clone()).or_default().push(range);
            }
        }
    }
}

/// What the next commit will hold of files that have been edited since they were staged.
pub(super) fn staged_texts(directory: &Path) -> Result<Vec<Buffer>, String> {
    let top = PathBuf::from(git(directory, &["rev-parse", "--show-toplevel"])?.trim_end());
    let told = git(&top, &["diff", "--name-only", "-z", "--no-ext-diff", "--diff-filter=M", "--"])?;
    let names: Vec<&str> = told.split('\0').filter(|it| !it.is_empty()).collect();
    let revisions: Vec<String> = names.iter().map(|name| format!(":{name}")).collect();
    let revisions: Vec<&str> = revisions.iter().map(String::as_str).collect();
    let texts = git_texts(&top, &revisions)?;
    let named = names.iter().zip(texts);
    Ok(named.filter_map(|(name, bytes)| Some(Buffer { path: top.join(name), bytes: bytes? })).collect())
}

/// `-3,2 +4,0 @@`: the lines on the new side; where lines were only taken away, the ones around the gap.
fn new_range(hunk: &str) -> Option<(u32, u32)> {
    let new = hunk.split(' ').find_map(|part| part.strip_prefix('+'))?;
    let (start, count) = new.split_once(',').unwrap_or((new, "1"));
    let (start, count): (u32, u32) = (start.parse().ok()?, count.parse().ok()?);
    match count {
        0 => Some((start, start.saturating_add(1))),
        count => Some((start, start.saturating_add(count - 1))),
    }
}

fn git(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let here = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let output = Command::new("git").arg("-C").arg(here).args(arguments).output();
    let output = output.map_err(|error| format!("git could not be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    let told = told.lines().next().unwrap_or("git failed").trim_start_matches("fatal: ").to_owned();
    Err(if told.is_empty() { "git failed".to_owned() } else { told })
}

/// The contents of objects, in order; none for what is no file.
fn git_texts(top: &Path, names: &[&str]) -> Result<Vec<Option<Vec<u8>>>, String> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |error: std::io::Error| format!("git could not be run: {error}");
    let mut child = Command::new("git")
        .arg("-C")
        .arg(top)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let lines = names.join("\n") + "\n";
    // Written beside the reading: either pipe may be full.
    let writer = child.stdin.take().map(|mut to| std::thread::spawn(move || to.write_all(lines.as_bytes())));
    let mut told = Vec::new();
    if let Some(mut from) = child.stdout.take() {
        from.read_to_end(&mut told).map_err(failed)?;
    }
    if let Some(writer) = writer {
        // When git has gone, what it told before is what there is.
        let _ = writer.join();
    }
    child.wait().map_err(failed)?;
    let mut rest = told.as_slice();
    Ok(names.iter().map(|_| next_object(&mut rest)).collect())
}

/// `HASH blob 12`, twelve bytes, and a line feed; anything else is one line.
fn next_object(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|it| *it == b'\n')?;
    let (head, after) = (rest.get(..end)?, rest.get(end + 1..)?);
    *rest = after;
    let head = std::str::from_utf8(head).ok()?;
    let size: usize = head.rsplit_once(' ').filter(|(kind, _)| kind.split(' ').count() == 2)?.1.parse().ok()?;
    let (bytes, after) = (after.get(..size)?.to_vec(), after.get(size.saturating_add(1)..)?);
    *rest = after;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn objects_are_read_one_after_the_other() {
        let mut rest: &[u8] = b"abc blob 3\na\nb\nHEAD:gone.tf missing\ndef blob 0\n\n";
        assert_eq!(super::next_object(&mut rest), Some(b"a\nb".to_vec()));
        assert_eq!(super::next_object(&mut rest), None);
        assert_eq!(super::next_object(&mut rest), Some(Vec::new()));
        assert_eq!(super::next_object(&mut rest), None);
    }

    use std::path::Path;

    use super::Changes;

    #[test]
    fn hunks_are_the_lines_of_the_new_side() {
        let diff = "diff --git a.tf a.tf\n--- a.tf\n+++ a.tf\n@@ -1 +1,2 @@ x\n-a\n+b\n+c\n@@ -9,2 +10,0 @@\n-d\n-e\n\
                    diff --git gone.tf gone.tf\n--- gone.tf\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n\
                    diff --git b c.tf b c.tf\n--- b c.tf\t\n+++ b c.tf\t\n@@ -0,0 +1 @@\n+a\n";
        let mut changes = Changes::default();
        changes.add_diff(Path::new("/r"), diff);
        assert_eq!(changes.lines.get(Path::new("/r/a.tf")), Some(&vec![(1, 2), (10, 11)]));
        assert_eq!(changes.lines.get(Path::new("/r/b c.tf")), Some(&vec![(1, 1)]));
        assert_eq!(changes.lines.len(), 2);
    }
}
