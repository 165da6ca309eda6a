//! Suppression comments: `# baalint:ignore[storage/plain-http] until=2027-03-31 by=team: reason`.
//!
//! In: a text of any language whose comments begin with `#`, `//` or `/*`. Out: [`Comment`]s with what they reach. Looks at
//! lines only, so it works on a file that does not parse.

use super::foreign::{ALL_OF_KICS, is_of_kics};
use crate::diagnostic::{Code, Diagnostic};
use crate::finding::{PolicyFacts, Suppressed, SuppressedBy};
use crate::glob::matches;
use crate::source::{SourceFile, Span};

/// A suppression comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// Ids or globs of policies, each with its place.
    pub(super) patterns: Vec<(String, Span)>,
    /// Last day, with its place.
    pub(super) until: Option<(String, Span)>,
    /// Who decided.
    pub(super) by: Option<String>,
    /// Why.
    pub(super) reason: String,
    /// What it covers.
    pub(super) reach: Reach,
    /// The comment from its mark to its end.
    pub(super) span: Span,
    /// Written for another linter.
    pub(super) foreign: bool,
}

/// What a comment covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The whole file.
    File,
    /// This line, and the block that it opens.
    Line(u32),
    /// This line, and the block that it lies in or opens.
    Around(u32),
    /// Blocks and places from this line to that one.
    Lines(u32, u32),
}

impl Comment {
    /// True when the comment is about this policy.
    pub(super) fn names(&self, policy: &PolicyFacts) -> bool {
        self.patterns.iter().any(|(pattern, _)| {
            if self.foreign {
                let any_of_kics = pattern == ALL_OF_KICS;
                let means = |it: &String| it.eq_ignore_ascii_case(pattern) || (any_of_kics && is_of_kics(it));
                policy.equivalents.iter().any(means)
            } else {
                matches(pattern, &policy.id)
            }
        })
    }

    pub(super) fn suppressed(&self) -> Suppressed {
        Suppressed {
            kind: if self.foreign { SuppressedBy::Foreign } else { SuppressedBy::Inline },
            reason: self.reason.clone(),
            until: self.until.as_ref().map(|it| it.0.clone()),
            by: self.by.clone(),
            span: Some(self.span),
        }
    }
}

const MARK: &str = "baalint:ignore";

/// Finds the suppression comments of a text.
pub(super) fn scan(file: &SourceFile) -> (Vec<Comment>, Vec<Diagnostic>) {
    let (mut comments, mut diagnostics) = (Vec::new(), Vec::new());
    if !file.text().contains(MARK) {
        return (comments, diagnostics);
    }
    for place in comment_lines(file, MARK) {
        match read(&place, file) {
            Ok(comment) => comments.push(comment),
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    (comments, diagnostics)
}

/// A comment that has a mark.
pub(super) struct Place<'t> {
    /// What follows the mark, to the end of the comment.
    pub(super) rest: &'t str,
    /// Offset of `rest`.
    pub(super) offset: u32,
    /// From the mark to the end of the comment.
    pub(super) span: Span,
    /// What it covers unless it says otherwise.
    pub(super) reach: Reach,
}

/// The comments that contain `mark`.
pub(super) fn comment_lines<'t>(file: &'t SourceFile, mark: &'t str) -> impl Iterator<Item = Place<'t>> {
    let lines: Vec<&str> = file.text().split('\n').collect();
    let starts = file.line_starts();
    (0..lines.len()).filter_map(move |at| {
        let line = lines.get(at)?.trim_end_matches('\r');
        let marked = line.find(mark)?;
        let opened = comment_start(line.get(..marked)?)?;
        let start = *starts.get(at)?;
        let rest = line.get(marked + mark.len()..)?;
        let rest = rest.split("*/").next().unwrap_or(rest).trim_end();
        let offset = |within: usize| start.saturating_add(u32::try_from(within).unwrap_or(u32::MAX));
        let begin = marked + mark.len();
        let span = Span::new(file.id(), offset(marked), offset(begin + rest.len()));
        let alone = line.get(..opened)?.trim_matches(['\u{feff}', ' ', '\t']).is_empty();
        let number = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        let reach = if alone { reach_of_own_line(&lines, at) } else { Reach::Line(number) };
        Some(Place { rest, offset: offset(begin), span, reach })
    })
}

/// A comment on a line of its own is for what follows; at the head of the file, with an empty line after it, for the file.
fn reach_of_own_line(lines: &[&str], at: usize) -> Reach {
    let is_comment =
        |line: &&str| comment_start(line).is_some_and(|start| line.get(..start).unwrap_or("").trim().is_empty());
    let blank = |line: &&str| line.trim_matches(['\u{feff}', ' ', '\t', '\r']).is_empty();
    let next = lines.iter().skip(at + 1).position(|line| !is_comment(line)).map(|step| at + 1 + step);
    let is_head = lines.iter().take(at).all(|line| blank(line) || is_comment(line));
    match next {
        Some(next) if is_head && lines.get(next).is_some_and(blank) => Reach::File,
        Some(next) => {
            let code = lines.iter().skip(next).position(|line| !blank(line) && !is_comment(line));
            let line = code.map_or(next, |step| next + step);
            Reach::Around(u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1))
        }
        None => Reach::Line(u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1)),
    }
}

/// Where the comment begins that the end of this text lies in.
fn comment_start(before: &str) -> Option<usize> {
    ["#", "//", "/*"].into_iter().filter_map(|sign| before.find(sign)).min()
}

fn read(place: &Place<'_>, file: &SourceFile) -> Result<Comment, Box<Diagnostic>> {
    let wrong = |message: &str| {
        let help =
            "write `baalint:ignore[policy-id] until=2027-03-31 by=team: reason`; `until` and `by` may be left out";
        Box::new(Diagnostic::error(Code::Suppression, place.span, message).with_help(help))
    };
    let (rest, whole_file) = match place.rest.strip_prefix("-file") {
        Some(rest) => (rest, true),
        None => (place.rest, false),
    };
    let (list, after) = rest
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .ok_or_else(|| wrong("this suppression does not say which policy it silences"))?;
    let offset_of = |part: &str| {
        let within = (part.as_ptr() as usize).saturating_sub(place.rest.as_ptr() as usize);
        place.offset.saturating_add(u32::try_from(within).unwrap_or(u32::MAX))
    };
    let span_of = |part: &str| {
        let start = offset_of(part);
        Span::new(file.id(), start, start.saturating_add(u32::try_from(part.len()).unwrap_or(u32::MAX)))
    };
    let patterns: Vec<(String, Span)> = list
        .split(',')
        .map(str::trim)
        .filter(|pattern| !pattern.is_empty())
        .map(|pattern| (pattern.to_owned(), span_of(pattern)))
        .collect();
    if patterns.is_empty() {
        return Err(wrong("this suppression does not say which policy it silences"));
    }
    let (options, reason) =
        after.split_once(':').ok_or_else(|| wrong("this suppression does not say why: a reason is mandatory"))?;
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(wrong("this suppression does not say why: a reason is mandatory"));
    }
    let (mut until, mut by) = (None, None);
    for option in options.split_whitespace() {
        match option.split_once('=') {
            Some(("until", day)) => until = Some((day.to_owned(), span_of(option))),
            Some(("by", who)) => by = Some(who.to_owned()),
            _ => return Err(wrong(&format!("`{option}` means nothing in a suppression"))),
        }
    }
    let reach = if whole_file { Reach::File } else { place.reach };
    Ok(Comment { patterns, until, by, reason: reason.to_owned(), reach, span: place.span, foreign: false })
}
