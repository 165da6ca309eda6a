//! Which lines changed since a revision, as git tells.
//!
//! In: a revision, or "what is staged". Out: changed lines by file, or why git could not say. Runs git and reads its output;
//! nothing is written.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustc_hash::FxHashMap;

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

/// Changed lines by canonical path.
#[derive(Debug, Default)]
pub(super) struct Changes {
    lines: FxHashMap<PathBuf, Vec<(u32, u32)>>,
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
            }
        }
        Ok(changes)
    }

    /// True when a label of the finding lies on a changed line, or it is about what a changed resource lacks.
    pub(super) fn touch(&self, sources: &SourceMap, finding: &Finding) -> bool {
        let lacks = finding.resource.header.contains(finding.primary.span);
        let labels = finding.related.iter().map(|it| it.span).chain(std::iter::once(finding.primary.span));
        labels.chain(lacks.then_some(finding.resource.span)).any(|span| self.touches(sources, span))
    }

    fn touches(&self, sources: &SourceMap, span: Span) -> bool {
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

#[cfg(test)]
mod tests {
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
