//! Recorded exceptions: comments in the source, entries of the configuration, and the baseline.
//!
//! In: findings, and what is recorded. Out: the same findings, those that an exception covers marked with it, and a
//! diagnostic for every exception that is expired, unused, unknown or without a reason.

pub mod baseline;
pub mod day;
mod foreign;
mod inline;
mod metadata;

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

pub use self::day::Day;
use self::inline::{Comment, Reach};
use crate::config::Exception;
use crate::diagnostic::{Code, Diagnostic};
use crate::finding::{Finding, Suppressed, SuppressedBy};
use crate::glob::{matches, matches_path};
use crate::policy::suggest::nearest;
use crate::source::{FileId, SourceFile, SourceMap, Span};

/// What is recorded for a run, and what became of it.
#[derive(Debug)]
pub struct Suppressions {
    comments: FxHashMap<FileId, Vec<Recorded<Comment>>>,
    exceptions: Vec<Recorded<Exception>>,
    today: Day,
    diagnostics: Vec<Diagnostic>,
}

/// The suppressions that one file records.
#[derive(Debug, Default)]
pub struct Scanned {
    comments: Vec<Comment>,
    diagnostics: Vec<Diagnostic>,
}

impl Scanned {
    /// Reads the comments and metadata of a file; `foreign` honours those of other linters too.
    pub fn of(file: &SourceFile, foreign: bool) -> Self {
        let (mut comments, mut diagnostics) = inline::scan(file);
        let (entries, told) = metadata::scan(file);
        comments.extend(entries);
        diagnostics.extend(told);
        if foreign {
            comments.extend(foreign::scan(file));
        }
        Self { comments, diagnostics }
    }

    /// True when there is nothing to say of the file.
    pub fn is_empty(&self) -> bool {
        self.comments.is_empty() && self.diagnostics.is_empty()
    }
}

#[derive(Debug)]
struct Recorded<T> {
    entry: T,
    expired: bool,
    used: bool,
}

impl Suppressions {
    /// Reads the comments of all `files`; `foreign` honours those of other linters too.
    pub fn read(files: &[SourceFile], exceptions: &[Exception], today: Day, foreign: bool) -> Self {
        let scanned: Vec<(FileId, Scanned)> =
            files.par_iter().map(|file| (file.id(), Scanned::of(file, foreign))).collect();
        Self::of(scanned.iter().map(|(file, scanned)| (*file, scanned)), exceptions, today)
    }

    /// What was scanned before, with the exceptions of the configuration.
    pub fn of<'s>(
        scanned: impl IntoIterator<Item = (FileId, &'s Scanned)>,
        exceptions: &[Exception],
        today: Day,
    ) -> Self {
        let mut all = Self { comments: FxHashMap::default(), exceptions: Vec::new(), today, diagnostics: Vec::new() };
        for (file, Scanned { comments, diagnostics }) in scanned {
            all.diagnostics.extend(diagnostics.iter().cloned());
            if !comments.is_empty() {
                let recorded = comments.iter().map(|entry| all.recorded_comment(entry.clone())).collect();
                all.comments.insert(file, recorded);
            }
        }
        for exception in exceptions {
            let until = exception.until.as_ref().map(|it| (it.text.as_str(), it.span));
            let expired = all.is_expired(until);
            all.exceptions.push(Recorded { entry: exception.clone(), expired, used: false });
        }
        all
    }

    /// Marks the findings that an exception covers.
    pub fn apply<'f>(&mut self, sources: &SourceMap, findings: impl IntoIterator<Item = &'f mut Finding>) {
        for finding in findings {
            if finding.policy.suppressible {
                let found = self.inline(sources, finding).or_else(|| self.configured(sources, finding));
                finding.suppressed = found.map(Box::new);
            } else {
                self.refuse(sources, finding);
            }
        }
    }

    /// True when nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.comments.values().all(Vec::is_empty) && self.exceptions.is_empty()
    }

    /// What is wrong with what is recorded; `ids` are all policies there are, `ran` tells which of them could find anything.
    pub fn finish(mut self, ids: &[Arc<str>], ran: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
        let mut told = std::mem::take(&mut self.diagnostics);
        for comment in self.comments.values().flatten().filter(|it| !it.entry.foreign) {
            for (pattern, span) in &comment.entry.patterns {
                told.extend(wrong(pattern, *span, comment.used || comment.expired, ids, ran));
            }
        }
        for exception in &self.exceptions {
            let Exception { policy, .. } = &exception.entry;
            told.extend(wrong(&policy.text, policy.span, exception.used || exception.expired, ids, ran));
        }
        told
    }

    fn inline(&mut self, sources: &SourceMap, finding: &Finding) -> Option<Suppressed> {
        let places = std::iter::once((finding.primary.span, Some(finding.resource.span)))
            .chain(std::iter::once((finding.resource.header, Some(finding.resource.span))))
            .chain(finding.resource.callers.iter().map(|caller| (*caller, Some(*caller))));
        for (place, block) in places {
            let Some(comments) = self.comments.get_mut(&place.file) else { continue };
            let Some(file) = sources.get(place.file) else { continue };
            // A label may stand in the Bicep source of the template that holds the resource.
            let lines = Lines::of(file, place, block.filter(|it| it.file == place.file));
            let found =
                comments.iter_mut().find(|it| it.entry.names(&finding.policy) && lines.are_reached(it.entry.reach));
            if let Some(comment) = found {
                comment.used = true;
                if !comment.expired {
                    return Some(comment.entry.suppressed());
                }
            }
        }
        None
    }

    fn configured(&mut self, sources: &SourceMap, finding: &Finding) -> Option<Suppressed> {
        let shown = |span: Span| sources.get(span.file).map_or("", SourceFile::shown);
        let paths = [shown(finding.primary.span), shown(finding.resource.span)];
        let found = self.exceptions.iter_mut().find(|it| {
            let entry = &it.entry;
            matches(&entry.policy.text, &finding.policy.id)
                && entry.resource.as_ref().is_none_or(|glob| matches(glob, &finding.resource.address))
                && entry.path.as_ref().is_none_or(|glob| paths.iter().any(|path| matches_path(glob, path)))
        })?;
        found.used = true;
        let entry = &found.entry;
        (!found.expired).then(|| Suppressed {
            kind: SuppressedBy::Config,
            reason: entry.reason.clone(),
            until: entry.until.as_ref().map(|it| it.text.clone()),
            by: entry.by.clone(),
            span: Some(entry.span),
        })
    }

    /// Says so when somebody tries to silence what may not be silenced.
    fn refuse(&mut self, sources: &SourceMap, finding: &Finding) {
        let suppressed = self.inline(sources, finding).or_else(|| self.configured(sources, finding));
        if let Some(span) = suppressed.and_then(|it| it.span) {
            let message = format!("`{}` may not be suppressed", finding.policy.id);
            self.diagnostics.push(Diagnostic::error(Code::Suppression, span, message).with_help("mend the resource"));
        }
    }

    fn recorded_comment(&mut self, entry: Comment) -> Recorded<Comment> {
        let expired = self.is_expired(entry.until.as_ref().map(|(text, span)| (text.as_str(), *span)));
        Recorded { entry, expired, used: false }
    }

    /// An exception that has ended holds no longer; one whose end is no date never held.
    fn is_expired(&mut self, until: Option<(&str, Span)>) -> bool {
        let Some((text, span)) = until else { return false };
        let (message, help) = match Day::parse(text) {
            Some(day) if day >= self.today => return false,
            Some(_) => (format!("this suppression expired on {text}"), "mend the resource, or decide again"),
            None => (format!("`{text}` is not a day"), "write it as 2027-03-31"),
        };
        self.diagnostics.push(Diagnostic::error(Code::Suppression, span, message).with_help(help));
        true
    }
}

/// An unknown id is an error; an exception that covers nothing is a warning.
fn wrong(pattern: &str, span: Span, done: bool, ids: &[Arc<str>], ran: &dyn Fn(&str) -> bool) -> Option<Diagnostic> {
    let known: Vec<&Arc<str>> = ids.iter().filter(|id| matches(pattern, id)).collect();
    if known.is_empty() {
        let message = format!("there is no policy `{pattern}`");
        let meant = nearest(pattern, ids.iter().map(|id| &**id)).map(|near| format!("did you mean `{near}`?"));
        let help = meant.unwrap_or_else(|| "`baalint policies` lists them".to_owned());
        return Some(Diagnostic::error(Code::Suppression, span, message).with_help(help));
    }
    let could_find = known.iter().any(|id| ran(id));
    (!done && could_find).then(|| {
        let message = format!("nothing here is found by `{pattern}`");
        Diagnostic::warning(Code::Suppression, span, message).with_help("remove the suppression")
    })
}

/// Where a finding is, in lines.
struct Lines {
    place: u32,
    block: Option<(u32, u32)>,
}

impl Lines {
    fn of(file: &SourceFile, place: Span, block: Option<Span>) -> Self {
        let line = |offset: u32| file.line_col(offset).line;
        let block = block.filter(|it| it.file == place.file).map(|it| (line(it.start), line(it.end)));
        Self { place: line(place.start), block }
    }

    fn are_reached(&self, reach: Reach) -> bool {
        match reach {
            Reach::File => true,
            // On the head of a block it is for the whole block.
            Reach::Line(line) => line == self.place || self.block.is_some_and(|(head, _)| line == head),
            Reach::Lines(first, last) => {
                let within = |line: u32| (first..=last).contains(&line);
                within(self.place) || self.block.is_some_and(|(head, _)| within(head))
            }
            Reach::Around(line) => {
                let within = |(head, last): (u32, u32)| (head..=last).contains(&line);
                line == self.place || self.block.is_some_and(within)
            }
        }
    }
}

#[cfg(test)]
mod tests;
