//! One root from its graph to its findings, on the thread that linked it: the graph is freed where it was made.
//!
//! In: a linked graph, and what every root is judged with. Out: [`Root`]: findings that those of other roots may still join,
//! counts, secrets to be masked, and the graph itself when somebody asked for it. Knows nothing of other roots.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Told;
use super::gather::{Context, Gathered, Gathering, Texts};
use super::judge::{self, Judgement};
use super::masking::{self, Secrets};
use super::sensitivity::Marking;
use super::shelf::{Known, Shelf};
use crate::eval::Settings;
use crate::model::ResourceGraph;
use crate::source::SourceMap;

/// What every root is judged with.
pub(super) struct Bench<'r> {
    pub(super) policies: &'r Shelf,
    pub(super) settings: &'r Settings,
    marking: Option<Marking>,
    keep: Keep,
    /// The most findings of one root.
    most: usize,
    /// What threads know already: each takes one and puts it back.
    desks: Mutex<Vec<Desk>>,
    nanoseconds: AtomicU64,
}

/// What is kept of a root beside its findings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keep {
    /// The graph.
    pub(super) graph: bool,
    /// Every verdict that is no pass.
    pub(super) told: bool,
}

/// What one thread remembers from root to root.
#[derive(Default)]
struct Desk {
    texts: Texts,
    known: Known,
}

/// What came of a root.
#[derive(Debug, Default)]
pub(super) struct Root {
    pub(super) graph: Option<ResourceGraph>,
    pub(super) gathered: Gathered,
    pub(super) judgement: Judgement,
    pub(super) secrets: Secrets,
    pub(super) told: Vec<Told>,
}

impl<'r> Bench<'r> {
    pub(super) fn new(policies: &'r Shelf, settings: &'r Settings, keep: Keep, most: usize) -> Self {
        let (marking, desks) = (Marking::of(settings), Mutex::default());
        Self { policies, settings, marking, keep, most, desks, nanoseconds: AtomicU64::new(0) }
    }

    /// Judges a root.
    pub(super) fn judge(&self, graph: ResourceGraph, sources: &SourceMap) -> Root {
        let started = Instant::now();
        let mut desk = self.desks().pop().unwrap_or_default();
        let context = Context { policies: self.policies, marking: self.marking.as_ref(), sources, most: self.most };
        let mut gathering = Gathering::new(context, &graph, &mut desk.texts);
        let mut told = Vec::new();
        let judgement = judge::judge(&graph, 0, self.policies, &mut desk.known, self.settings, &mut |one| {
            gathering.add(&one);
            if self.keep.told {
                told.extend(one.told(&graph, self.policies));
            }
        });
        let gathered = gathering.finish();
        self.desks().push(desk);
        let secrets = masking::noted(&graph);
        let root = Root { graph: self.keep.graph.then_some(graph), gathered, judgement, secrets, told };
        let took = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(took, Ordering::Relaxed);
        root
    }

    /// How long judging took, on all threads together.
    pub(super) fn took(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }

    fn desks(&self) -> std::sync::MutexGuard<'_, Vec<Desk>> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
