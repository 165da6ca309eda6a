//! A workspace that is judged again and again: after an edit, only the roots that the changed file is part of.
//!
//! In: a [`Request`] without texts, then texts as they change. Out: the files whose findings or diagnostics are others than
//! before, and a [`Report`] of some files. What it says is what [`super::run`] says of the same texts: an edit that could
//! change which roots there are, or what they read, judges the whole again. Knows no editor.

mod edit;
mod rest;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use self::edit::Reach;
use self::state::State;
use super::Request;
use super::library::Shelves;
use crate::config;
use crate::discover::{Buffer, kind_of};
use crate::finding::Finding;
use crate::frontend::files::normalise;
use crate::report::Report;

/// Asked between the steps of judging a whole workspace, with what comes next: whether to go on.
pub type GoOn<'g> = &'g mut dyn FnMut(&'static str) -> bool;

/// One workspace.
#[derive(Debug)]
pub struct Session {
    request: Request,
    open: BTreeMap<PathBuf, String>,
    /// Files whose text may be another than at the last judgement.
    touched: BTreeSet<PathBuf>,
    state: Option<State>,
    /// Files that the state before the last whole judgement spoke of.
    spoken: BTreeSet<PathBuf>,
}

/// What came of a judgement.
#[derive(Debug, PartialEq, Eq)]
pub struct News {
    /// Files of which something else is to be said than before, sorted.
    pub files: Vec<PathBuf>,
    /// What was judged.
    pub stage: Stage,
}

/// How much of a workspace was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Everything.
    Whole,
    /// What an edit touched, but for so many roots that share it: they are judged by the next calls.
    Edit {
        /// How many roots wait.
        waiting: usize,
    },
    /// The roots that had to wait.
    Rest,
}

impl Session {
    /// A workspace that was not looked at yet.
    pub fn new(request: Request) -> Self {
        Self { request, open: BTreeMap::new(), touched: BTreeSet::new(), state: None, spoken: BTreeSet::new() }
    }

    /// The text of an open file, in the place of what is on disk.
    pub fn set(&mut self, path: &Path, text: String) {
        let path = normalise(path);
        if self.open.get(&path) != Some(&text) {
            self.open.insert(path.clone(), text);
            self.touched.insert(path);
        }
    }

    /// The file counts as it is on disk again.
    pub fn close(&mut self, path: &Path) {
        let path = normalise(path);
        if self.open.remove(&path).is_some() {
            self.touched.insert(path);
        }
    }

    /// Files on disk may be others than before: the next judgement reads them all.
    pub fn forget(&mut self) {
        if let Some(state) = self.state.take() {
            self.spoken.extend(state.spoken_of());
        }
    }

    /// True when there is something to judge.
    pub fn is_stale(&self) -> bool {
        (self.state.is_none() || !self.touched.is_empty())
            && !(self.request.paths.is_empty() && self.open.is_empty() && self.spoken.is_empty())
    }

    /// True when roots that share an edit wait for their turn.
    pub fn has_rest(&self) -> bool {
        self.state.as_ref().is_some_and(|it| it.waiting() > 0)
    }

    /// True when a file on disk may say something else than what was judged.
    pub fn differs(&self, path: &Path) -> bool {
        let path = normalise(path);
        let Some(state) = self.state.as_ref().filter(|_| !self.open.contains_key(&path)) else { return false };
        match (super::read_text(&path), state.sources.id_of(&path).and_then(|id| state.sources.get(id))) {
            (Ok(text), Some(known)) => **known.text() != *text,
            (Ok(text), None) => {
                let is_config = path.file_name().is_some_and(|it| config::NAMES.iter().any(|name| it == *name));
                is_config || kind_of(&path, text.as_bytes()).is_some()
            }
            (Err(_), known) => known.is_some(),
        }
    }

    /// Where policies come from, those that the configuration names included.
    pub fn shelves(&self) -> &Shelves {
        self.state.as_ref().map_or(&self.request.shelves, |state| &state.shelves)
    }

    /// Judges what is stale, or else what waits; nothing when `go_on` said no, and all else is then as it was.
    pub fn judge(&mut self, go_on: GoOn<'_>) -> Option<News> {
        if let Some(mut state) = self.state.take() {
            let (reach, touched) = if self.touched.is_empty() && state.waiting() > 0 {
                match state.judge_the_rest(go_on) {
                    Some(reach) => (Some((reach, Stage::Rest)), BTreeSet::new()),
                    None => (None, BTreeSet::new()),
                }
            } else {
                let touched = std::mem::take(&mut self.touched);
                let reach = self.edits(&mut state, &touched);
                (Some((reach, Stage::Edit { waiting: state.waiting() })), touched)
            };
            match reach {
                None => {
                    self.state = Some(state);
                    return None;
                }
                Some((Reach::Whole, _)) => {
                    self.spoken.extend(state.spoken_of());
                    self.touched = touched;
                }
                Some((Reach::Part(files), stage)) => {
                    self.state = Some(state);
                    return Some(News { files: files.into_iter().collect(), stage });
                }
                Some((Reach::Nothing, stage)) => {
                    self.state = Some(state);
                    return Some(News { files: Vec::new(), stage });
                }
            }
        }
        if self.request.paths.is_empty() && self.open.is_empty() {
            self.touched.clear();
            return Some(News { files: std::mem::take(&mut self.spoken).into_iter().collect(), stage: Stage::Whole });
        }
        let state = State::read(self.request(), go_on)?;
        self.touched.clear();
        let mut files = std::mem::take(&mut self.spoken);
        files.extend(state.spoken_of());
        self.state = Some(state);
        Some(News { files: files.into_iter().collect(), stage: Stage::Whole })
    }

    /// Takes the texts of open files one after the other.
    fn edits(&mut self, state: &mut State, touched: &BTreeSet<PathBuf>) -> Reach {
        let mut files = BTreeSet::new();
        for path in touched {
            match state.edit(path, self.open.get(path).map(String::as_str)) {
                Reach::Nothing => {}
                Reach::Part(changed) => files.extend(changed),
                Reach::Whole => {
                    self.spoken.extend(files);
                    return Reach::Whole;
                }
            }
        }
        Reach::Part(files)
    }

    /// What a run on the texts as they are now asks for.
    pub fn request(&self) -> Request {
        let buffers =
            self.open.iter().map(|(path, text)| Buffer { path: path.clone(), bytes: text.clone().into_bytes() });
        Request { buffers: buffers.collect(), ..self.request.clone() }
    }

    /// What a run on the roots of some findings asks for; that of the whole where it cannot be less.
    pub fn request_of(&self, findings: &[&Finding]) -> Request {
        let whole = self.request();
        let Some(directories) = self.state.as_ref().and_then(|state| state.directories_of(findings)) else {
            return whole;
        };
        let config = whole.config.clone().or_else(|| super::nearest_config(whole.paths.first()?));
        let is_below = |buffer: &Buffer| directories.iter().any(|it| buffer.path.starts_with(it));
        let buffers = whole.buffers.iter().filter(|it| is_below(it)).cloned().collect();
        Request { paths: directories.into_iter().collect(), config, buffers, ..whole }
    }

    /// What is to be said of these files; spans of other files lie in its sources too.
    pub fn report(&self, files: &[PathBuf]) -> Report {
        self.state.as_ref().map(|state| state.report(Some(files))).unwrap_or_default()
    }

    /// All that is to be said.
    pub fn whole_report(&self) -> Report {
        self.state.as_ref().map(|state| state.report(None)).unwrap_or_default()
    }
}
