//! What YAML forbids and every tool reads all the same: a quoted text that goes on too far left, a comment right behind a quote.
//!
//! In: a text and an error of the parser. Out: the text with spaces where they are missing, which change no value, and the way back
//! from its offsets to the written ones. Every text that parses at once is left as it is.

use std::borrow::Cow;

use granit_parser::{ErrorKind, ScanError};

/// The most places that are eased in one text.
const MAX_PLACES: usize = 100;

/// A text, perhaps with spaces added.
pub(super) struct Eased<'t> {
    pub(super) original: &'t str,
    pub(super) text: Cow<'t, str>,
    /// Offset in `text` and how many spaces are there, in order.
    added: Vec<(usize, usize)>,
}

impl<'t> Eased<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { original: text, text: Cow::Borrowed(text), added: Vec::new() }
    }

    /// Where spaces would do away with an error, and how many; none when it is no mere matter of form.
    pub(super) fn place(&self, error: &ScanError) -> Option<(usize, usize)> {
        let at = error.marker().byte_offset().filter(|_| self.added.len() < MAX_PLACES)?;
        let before = self.text.get(..at)?;
        match error.kind() {
            ErrorKind::CommentNotSeparated => Some((at, 1)),
            // Blanks at the start of a line of a quoted text are no part of it.
            ErrorKind::InvalidQuotedScalarIndent => {
                Some((at, before.lines().map(indent).max().unwrap_or(0).saturating_add(1)))
            }
            _ => None,
        }
    }

    /// Adds spaces behind those that were added before.
    pub(super) fn add(&mut self, (at, count): (usize, usize)) {
        self.text.to_mut().insert_str(at, &" ".repeat(count));
        self.added.push((at, count));
    }

    /// The offset in the written text.
    pub(super) fn written(&self, offset: usize) -> usize {
        let before = self.added.iter().take_while(|(at, _)| *at < offset);
        before.fold(offset, |written, (at, count)| written.saturating_sub((*count).min(offset.saturating_sub(*at))))
    }
}

fn indent(line: &str) -> usize {
    line.len().saturating_sub(line.trim_start_matches(' ').len())
}
