//! A unified diff of two texts that differ in few places.
//!
//! In: the text before and after. Out: hunks as `diff -u` and `git apply` read them. Line endings are part of the lines.

use std::fmt::Write as _;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// A run of lines that differ: `before.0..before.1` became `after.0..after.1`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    before: (usize, usize),
    after: (usize, usize),
}

/// The diff of a file; empty when the texts are equal.
pub fn unified(name: &str, before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let changes = changes(&old, &new);
    let mut out = String::new();
    let mut rest = changes.as_slice();
    while let Some(first) = rest.first() {
        let near = |pair: &[Change]| matches!(pair, [a, b] if b.before.0 - a.before.1 > 2 * CONTEXT);
        let count = rest.windows(2).position(near).map_or(rest.len(), |at| at + 1);
        let (hunk, after_hunk) = rest.split_at(count);
        if out.is_empty() {
            let _ = write!(out, "--- a/{name}\n+++ b/{name}\n");
        }
        write_hunk(&mut out, &old, &new, hunk, first);
        rest = after_hunk;
    }
    out
}

fn write_hunk(out: &mut String, old: &[&str], new: &[&str], hunk: &[Change], first: &Change) {
    let Some(last) = hunk.last() else { return };
    let lead = first.before.0.min(CONTEXT);
    let start = (first.before.0 - lead, first.after.0 - lead);
    let tail = (old.len() - last.before.1).min(CONTEXT);
    let end = (last.before.1 + tail, last.after.1 + tail);
    let range = |from: usize, to: usize| {
        // An empty range names the line before it.
        let line = if to > from { from + 1 } else { from };
        if to - from == 1 { line.to_string() } else { format!("{line},{}", to - from) }
    };
    let _ = writeln!(out, "@@ -{} +{} @@", range(start.0, end.0), range(start.1, end.1));
    let mut at = start.0;
    for change in hunk {
        lines(out, ' ', old, at, change.before.0);
        lines(out, '-', old, change.before.0, change.before.1);
        lines(out, '+', new, change.after.0, change.after.1);
        at = change.before.1;
    }
    lines(out, ' ', old, at, end.0);
}

fn lines(out: &mut String, mark: char, from: &[&str], start: usize, end: usize) {
    for line in from.get(start..end).unwrap_or(&[]) {
        out.push(mark);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// The places where the texts differ: the shortest way between what they share at both ends.
fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (a, b) = (old.get(head..old.len() - tail).unwrap_or(&[]), new.get(head..new.len() - tail).unwrap_or(&[]));
    let mut found: Vec<Change> = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && a.get(i) == b.get(j) {
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let (next_i, next_j) = resync(a, b, i, j);
        found.push(Change { before: (head + i, head + next_i), after: (head + j, head + next_j) });
        (i, j) = (next_i, next_j);
    }
    found
}

/// The nearest place behind `i` and `j` where both texts go on alike.
#[expect(clippy::many_single_char_names, reason = "two texts, a position in each")]
fn resync(a: &[&str], b: &[&str], i: usize, j: usize) -> (usize, usize) {
    // Edits are small and far apart: what is not found near is not the same.
    const FAR: usize = 400;
    let furthest = (a.len() - i) + (b.len() - j);
    for distance in 1..=furthest.min(FAR) {
        for skipped in 0..=distance.min(a.len() - i) {
            let (x, y) = (i + skipped, j + distance - skipped);
            let alike = |n: usize| matches!((a.get(x + n), b.get(y + n)), (Some(p), Some(q)) if p == q);
            // One equal line may be chance (a brace); a long one, two, or the end, are not.
            let telling = x + 1 >= a.len() || y + 1 >= b.len() || a.get(x).is_some_and(|it| it.trim().len() > 2);
            if y <= b.len() && alike(0) && (telling || alike(1)) {
                return (x, y);
            }
        }
    }
    (a.len(), b.len())
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn a_diff_has_hunks_with_their_context() {
        let before = (1..=30).fold(String::new(), |text, it| text + "line " + &it.to_string() + "\n");
        let after = before.replace("line 5\n", "LINE 5\n").replace("line 28\n", "line 28\nmore\n");
        let expected = "--- a/x.tf\n+++ b/x.tf\n@@ -2,7 +2,7 @@\n line 2\n line 3\n line 4\n-line 5\n+LINE 5\n line 6\n line 7\n line 8\n\
                        @@ -26,5 +26,6 @@\n line 26\n line 27\n line 28\n+more\n line 29\n line 30\n";
        assert_eq!(unified("x.tf", &before, &after), expected);
        assert_eq!(unified("x.tf", &before, &before), "");
    }

    #[test]
    fn near_changes_share_a_hunk_and_a_missing_last_newline_is_told() {
        let diff = unified("a", "1\n2\nthree\n4", "1\nx\nthree\ny");
        assert_eq!(
            diff,
            "--- a/a\n+++ b/a\n@@ -1,4 +1,4 @@\n 1\n-2\n+x\n three\n-4\n\\ No newline at end of file\n+y\n\\ No newline at end of file\n"
        );
    }
}
