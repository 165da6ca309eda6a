//! An edit that many roots share: those that the editor waits for are judged first, the others when nothing newer is said.
//!
//! In: the roots that an edit reaches. Out: the few that are judged at once, and steps over the rest that can be left and taken up
//! again. Until a root's turn comes, what it said of the edited text is forgotten, because its places are others now.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rustc_hash::FxHashSet;

use super::GoOn;
use super::edit::{Again, Part, Reach};
use super::state::{FEW, State};
use crate::discover::{Input, Kind};
use crate::finding::Finding;
use crate::source::{FileId, Span};

/// Roots that are judged between two looks at what the editor says.
const STEP: usize = 32;

/// What an edit reached and what is not judged again yet.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    graphs: BTreeSet<usize>,
    /// Files of which the graphs may say something else.
    touched: FxHashSet<FileId>,
}

impl Waiting {
    /// Of the files that others may still speak of, keeps all but the edited one for later.
    pub(super) fn hold_back(&mut self, touched: &mut FxHashSet<FileId>, edited: FileId) {
        if !self.graphs.is_empty() {
            touched.retain(|it| !self.touched.contains(it));
            touched.insert(edited);
        }
    }
}

impl State {
    /// How many roots wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.graphs.len()
    }

    /// Of a part that many roots share, those that say now what is said of the file; the others wait.
    pub(super) fn nearest(&mut self, part: Part, file: FileId) -> Part {
        let mut near: BTreeSet<usize> = part.graphs.iter().take(1).copied().collect();
        let mut seen: FxHashSet<(usize, Span)> = FxHashSet::default();
        for at in &part.graphs {
            let judged = self.units.get(*at).into_iter().flat_map(|it| &it.judged);
            let new = judged.filter(|it| it.outcome.primary.file == file);
            let new = new.filter(|it| seen.insert((it.policy, it.outcome.primary))).count();
            if new > 0 && near.len() < FEW {
                near.insert(*at);
            }
        }
        let part = if part.graphs.len() > FEW {
            for at in part.graphs.iter().filter(|at| !near.contains(at)) {
                self.put_off(*at, file);
            }
            self.roots(near.into_iter().collect())
        } else {
            part
        };
        for at in &part.graphs {
            self.waiting.graphs.remove(at);
        }
        part
    }

    fn put_off(&mut self, at: usize, edited: FileId) {
        let Some(unit) = self.units.get_mut(at) else { return };
        self.waiting.graphs.insert(at);
        self.waiting.touched.extend(unit.judged.iter().map(|it| it.outcome.primary.file));
        unit.judged.retain(|it| it.outcome.primary.file != edited);
        unit.origin.diagnostics.retain(|it| it.span.is_none_or(|span| span.file != edited));
    }

    /// Judges the roots that wait; nothing when `go_on` says no, and the rest still waits then.
    pub(super) fn judge_the_rest(&mut self, go_on: GoOn<'_>) -> Option<Reach> {
        while !self.waiting.graphs.is_empty() {
            go_on("judging the roots that share a change").then_some(())?;
            let step: Vec<usize> = self.waiting.graphs.iter().take(STEP).copied().collect();
            let Some(Again { touched, .. }) = self.lower_again(&self.roots(step.clone())) else {
                return Some(Reach::Whole);
            };
            self.waiting.touched.extend(touched);
            for at in &step {
                self.waiting.graphs.remove(at);
            }
        }
        let mut touched = std::mem::take(&mut self.waiting.touched);
        if self.baseline.is_some() {
            touched.extend(self.of_terraform());
        }
        let mut changed = self.find_again(Some(&touched), None);
        changed.extend(self.finish());
        Some(Reach::Part(self.paths(changed)))
    }

    /// The directories that the roots of findings are made of; nothing when other files decide which roots those are.
    pub(super) fn directories_of(&self, findings: &[&Finding]) -> Option<BTreeSet<PathBuf>> {
        let is_special = |it: &Input| it.kind == Kind::Plan || it.path.ends_with("terragrunt.hcl");
        if !self.links.is_empty() || self.inputs.iter().any(is_special) {
            return None;
        }
        let graphs: BTreeSet<usize> = findings.iter().flat_map(|it| &it.members).map(|(graph, _)| *graph).collect();
        let units = graphs.iter().take(FEW).filter_map(|at| self.units.get(*at));
        let read = units.flat_map(|it| it.origin.reads.iter().chain([&it.origin.directory]));
        Some(read.cloned().collect::<BTreeSet<_>>()).filter(|it| !it.is_empty())
    }

    /// The files that Terraform is found in: fingerprints count what is alike in all of them.
    pub(super) fn of_terraform(&self) -> FxHashSet<FileId> {
        let units = self.units.iter().filter(|it| matches!(it.origin.kind, Kind::Terraform | Kind::Plan));
        units.flat_map(|it| &it.judged).map(|it| it.outcome.primary.file).collect()
    }
}
