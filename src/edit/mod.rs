//! Edits of texts: what is proposed, how it is applied, and how it reads as a diff.
//!
//! In: spans and what replaces them. Out: the new text, every other byte as it was. Knows no language: front ends make
//! the edits, `lint` tries them out and the command line writes them.

mod diff;

pub use diff::unified;

use crate::source::Span;

/// One piece of text that is replaced; an empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

/// The edits that together make one change, and what to know before applying them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// In any order; they never overlap.
    pub edits: Vec<Edit>,
    /// Edits of the source that the edited text is built from: they are written, and `edits` only tried out.
    pub source: Vec<Edit>,
    /// Why somebody should look first, one sentence each; safe when there is none.
    pub cautions: Vec<String>,
    /// The setting whose change makes Azure replace the resource, when there is one.
    pub replaces: Option<String>,
}

/// Why there is no edit: a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl Edit {
    /// Replaces `span`.
    pub fn new(span: Span, replacement: impl Into<String>) -> Self {
        Self { span, replacement: replacement.into() }
    }

    /// True when the two want the same text, or insert at the same place.
    pub fn conflicts(&self, other: &Self) -> bool {
        let (a, b) = (self.span, other.span);
        a.file == b.file && a.start <= b.end && b.start <= a.end
    }

    /// True when the two cannot both be made: they want the same text, or insert at the same place.
    fn overlaps(&self, other: &Self) -> bool {
        let (a, b) = (self.span, other.span);
        a.file == b.file && (a == b || !(a.end <= b.start || b.end <= a.start))
    }
}

impl From<Vec<Edit>> for Proposal {
    fn from(edits: Vec<Edit>) -> Self {
        Self { edits, ..Self::default() }
    }
}

impl Proposal {
    /// True when it can be applied without anybody looking.
    pub const fn is_safe(&self) -> bool {
        self.cautions.is_empty() && self.replaces.is_none()
    }

    /// Everything to know before applying it, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let replaces = self.replaces.iter().map(|it| format!("a change of `{it}` replaces the resource"));
        replaces.chain(self.cautions.iter().cloned()).collect()
    }

    /// The edits of what people edit.
    pub fn written(&self) -> &[Edit] {
        if self.source.is_empty() { &self.edits } else { &self.source }
    }

    /// True when both cannot be applied to the same text.
    pub fn conflicts(&self, other: &Self) -> bool {
        let all = |it: &'_ Self| it.edits.iter().chain(&it.source).cloned().collect::<Vec<_>>();
        let others = all(other);
        all(self).iter().any(|a| others.iter().any(|b| a.conflicts(b)))
    }

    /// Takes over what another part of the same change needs; nothing when the two want the same text.
    pub fn join(&mut self, other: Self) -> Result<(), Refusal> {
        for edit in other.edits {
            if self.edits.contains(&edit) {
                continue;
            }
            if self.edits.iter().any(|it| it.overlaps(&edit)) {
                return Err(Refusal::new("two settings of the fix want the same text"));
            }
            self.edits.push(edit);
        }
        for edit in other.source {
            if self.source.iter().any(|it| it.overlaps(&edit)) {
                return Err(Refusal::new("two settings of the fix want the same text"));
            }
            self.source.push(edit);
        }
        for caution in other.cautions {
            if !self.cautions.contains(&caution) {
                self.cautions.push(caution);
            }
        }
        self.replaces = self.replaces.take().or(other.replaces);
        Ok(())
    }
}

impl Refusal {
    /// A reason.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// The text with the edits applied; nothing when one lies outside of it or two overlap.
pub fn apply<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> Option<String> {
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        result.push_str(text.get(at..start)?);
        text.get(start..end)?;
        result.push_str(&edit.replacement);
        at = end;
    }
    result.push_str(text.get(at..)?);
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::{Edit, apply};
    use crate::source::{FileId, Span};

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit::new(Span::new(FileId(0), start, end), text)
    }

    #[test]
    fn edits_apply_in_order_of_place_and_leave_the_rest() {
        let edits = [edit(4, 7, "B"), edit(0, 0, "\u{feff}"), edit(8, 8, "!")];
        assert_eq!(apply("aaä", &[edit(3, 4, "B")]), None, "inside a character");
        assert_eq!(apply("aaa", &edits[..1]), None, "behind the end");
        assert_eq!(apply("aaa bbb c", &edits).as_deref(), Some("\u{feff}aaa B !c"));
        assert_eq!(apply("abcdef", &[edit(0, 3, ""), edit(2, 4, "")]), None, "overlapping");
    }

    #[test]
    fn insertions_at_the_same_place_conflict() {
        assert!(edit(3, 3, "a").conflicts(&edit(3, 3, "b")));
        assert!(edit(1, 3, "a").conflicts(&edit(2, 5, "b")));
        assert!(!edit(1, 3, "a").conflicts(&edit(4, 5, "b")));
        // What follows a replaced text may be part of the same change.
        assert!(!edit(1, 3, "a").overlaps(&edit(3, 3, "b")));
        assert!(edit(3, 3, "a").overlaps(&edit(3, 3, "b")));
        assert!(edit(1, 5, "a").overlaps(&edit(3, 3, "b")));
        assert_eq!(apply("abcd", &[edit(3, 3, "!"), edit(1, 3, "x")]).as_deref(), Some("ax!d"));
    }
}
