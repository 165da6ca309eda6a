//! The texts a run reads, and positions in them.
//!
//! In: a path and its text. Out: a [`FileId`], byte [`Span`]s, and line and column when something is printed.
//! Knows no language and opens no file: whoever reads a file adds its text here.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

/// Index of a file in the [`SourceMap`] of the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(pub u32);

/// Half-open byte range `start..end` in one file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Span {
    /// The file that the bytes are in.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span of `file` from byte `start` up to, not including, `end`.
    pub const fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    /// The smallest span that covers both; `self` when they lie in different files.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file == other.file {
            Self::new(self.file, self.start.min(other.start), self.end.max(other.end))
        } else {
            self
        }
    }

    /// The empty span at the start of this one.
    #[must_use]
    pub const fn shrink_to_start(self) -> Self {
        Self { end: self.start, ..self }
    }

    /// True when `other` lies wholly inside this span.
    pub fn contains(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    /// Length in bytes.
    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// True for a span of no bytes.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }
}

/// A place as people count it: both numbers start at 1, columns count characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LineCol {
    /// Line, from 1.
    pub line: u32,
    /// Column in Unicode scalar values, from 1.
    pub column: u32,
}

/// One text with the path it is shown under; cheap to clone.
#[derive(Clone, Debug)]
pub struct SourceFile {
    id: FileId,
    inner: Arc<SourceInner>,
}

#[derive(Debug)]
struct SourceInner {
    path: PathBuf,
    shown: String,
    text: Arc<str>,
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// Index of this file.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// The path as it was opened.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The path as reports show it: relative to the working directory, with `/`.
    pub fn shown(&self) -> &str {
        &self.inner.shown
    }

    /// The whole text, a leading byte order mark included.
    pub fn text(&self) -> &Arc<str> {
        &self.inner.text
    }

    /// The whole file as a span.
    pub fn span(&self) -> Span {
        Span::new(self.id, 0, u32::try_from(self.inner.text.len()).unwrap_or(u32::MAX))
    }

    /// The text of `span`; empty when the span does not lie in this text.
    pub fn slice(&self, span: Span) -> &str {
        self.inner.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Byte offsets at which lines start; the first is 0.
    pub fn line_starts(&self) -> &[u32] {
        self.inner.line_starts.get_or_init(|| {
            let newlines = memchr::memchr_iter(b'\n', self.inner.text.as_bytes()).map(|at| to_u32(at + 1));
            std::iter::once(0).chain(newlines).collect()
        })
    }

    /// Column of a byte offset in UTF-16 code units, from 1, as editors and SARIF count.
    pub fn utf16_column(&self, offset: u32) -> u32 {
        let line = self.line_col(offset).line;
        let start = self.line_starts().get(line.saturating_sub(1) as usize).copied().unwrap_or(0);
        let before = self.slice(Span::new(self.id, start, offset));
        to_u32(before.trim_start_matches('\u{feff}').encode_utf16().count()).saturating_add(1)
    }

    /// The byte offset of a line and a UTF-16 column, both from 0; the end of the line when it is shorter.
    pub fn offset_of_utf16(&self, line: u32, column: u32) -> u32 {
        let starts = self.line_starts();
        let end = to_u32(self.inner.text.len());
        let start = starts.get(line as usize).copied().unwrap_or(end);
        let next = starts.get(line as usize + 1).copied().unwrap_or(end);
        let (mut offset, mut units) = (start, 0);
        for character in self.slice(Span::new(self.id, start, next)).trim_end_matches(['\r', '\n']).chars() {
            let mark = offset == 0 && character == '\u{feff}';
            if units >= column && !mark {
                break;
            }
            units += if mark { 0 } else { to_u32(character.len_utf16()) };
            offset += to_u32(character.len_utf8());
        }
        offset
    }

    /// Line and column of a byte offset; an offset past the end is the end.
    pub fn line_col(&self, offset: u32) -> LineCol {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts.get(line - 1).copied().unwrap_or(0) as usize;
        let end = (offset as usize).min(self.inner.text.len());
        let before = self.inner.text.as_bytes().get(start..end).unwrap_or(&[]);
        // Continuation bytes are not characters, and a byte order mark is not a column.
        let mark = usize::from(start == 0 && before.starts_with("\u{feff}".as_bytes()));
        let characters = before.iter().filter(|byte| **byte & 0xC0 != 0x80).count() - mark;
        LineCol { line: to_u32(line), column: to_u32(characters + 1) }
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Every text of a run, by [`FileId`].
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    /// Where each path is, when a file that is added again keeps its id.
    ids: Option<FxHashMap<PathBuf, FileId>>,
}

impl SourceMap {
    /// A map in which a path has one id however often its text is added; the last text holds.
    pub fn lasting() -> Self {
        Self { files: Vec::new(), ids: Some(FxHashMap::default()) }
    }

    /// Adds a text; `shown` is the path that reports print. Texts over 4 GiB must be refused before.
    pub fn add(&mut self, path: impl Into<PathBuf>, shown: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let (path, shown, text) = (path.into(), shown.into(), text.into());
        let next = FileId(to_u32(self.files.len()));
        let id = self.ids.as_mut().map_or(next, |ids| *ids.entry(path.clone()).or_insert(next));
        let known = self.files.get_mut(id.0 as usize);
        if known.as_ref().is_some_and(|file| file.inner.text == text) {
            return id;
        }
        let inner = Arc::new(SourceInner { path, shown, text, line_starts: OnceLock::new() });
        match known {
            Some(file) => file.inner = inner,
            None => self.files.push(SourceFile { id, inner }),
        }
        id
    }

    /// The id of a path, in a lasting map.
    pub fn id_of(&self, path: &Path) -> Option<FileId> {
        self.ids.as_ref()?.get(path).copied()
    }

    /// The texts as they are now, in a map that does not last.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self { files: self.files.clone(), ids: None }
    }

    /// Puts another text of the same length in the place of a file's.
    pub fn replace(&mut self, id: FileId, text: impl Into<Arc<str>>) {
        if let Some(file) = self.files.get_mut(id.0 as usize) {
            let text = text.into();
            debug_assert_eq!(text.len(), file.inner.text.len());
            let inner = SourceInner {
                path: file.inner.path.clone(),
                shown: file.inner.shown.clone(),
                text,
                line_starts: OnceLock::new(),
            };
            file.inner = Arc::new(inner);
        }
    }

    /// The file of an id that this map gave out.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The text of a span; empty when the file is not of this map.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.file).map_or("", |file| file.slice(span))
    }

    /// All files in the order they were added.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_start_after_newlines() {
        let mut map = SourceMap::default();
        let id = map.add("a.tf", "a.tf", "\u{feff}a = \"日本\"\r\nb\n");
        let file = map.get(id).unwrap();
        let cases = [(0, 1, 1), (3, 1, 1), (4, 1, 2), (11, 1, 7), (17, 2, 1), (18, 2, 2), (19, 3, 1), (99, 3, 1)];
        for (offset, line, column) in cases {
            assert_eq!(file.line_col(offset), LineCol { line, column }, "offset {offset}");
        }
    }

    #[test]
    fn utf16_columns_go_there_and_back() {
        let mut map = SourceMap::default();
        let id = map.add("a.tf", "a.tf", "\u{feff}a = \"𝄞日\" # c\r\nb\n");
        let file = map.get(id).unwrap();
        for (offset, line, column) in [(3, 0, 0), (8, 0, 5), (12, 0, 7), (15, 0, 8), (22, 1, 0), (23, 1, 1)] {
            assert_eq!(file.utf16_column(offset), column + 1, "offset {offset}");
            assert_eq!(file.offset_of_utf16(line, column), offset, "{line}:{column}");
        }
        assert_eq!(file.offset_of_utf16(0, 99), 20);
        assert_eq!(file.offset_of_utf16(9, 0), 24);
    }

    #[test]
    fn a_path_keeps_its_id_in_a_lasting_map_and_the_last_text_holds() {
        let mut map = SourceMap::lasting();
        let first = map.add("a.tf", "a.tf", "old");
        let other = map.add("b.tf", "b.tf", "other");
        assert_eq!(map.add("a.tf", "a.tf", "new"), first);
        assert_eq!((map.files().len(), map.slice(map.get(first).unwrap().span())), (2, "new"));
        assert_eq!(map.slice(map.get(other).unwrap().span()), "other");
    }

    #[test]
    fn a_span_is_twelve_bytes() {
        assert_eq!(size_of::<Span>(), 12);
    }
}
