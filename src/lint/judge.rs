//! Policies over a graph: every policy on every resource of its types, in parallel where there are many, and what came of it.
//!
//! In: a linked graph and the policies. Out: [`Judged`] outcomes that do not pass, told as they come, and counts.
//! Order is that of resources and policies, whatever the threads.

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::shelf::{Known, OfType, Shelf};
use super::workers::map;
use crate::eval::{self, Outcome, Settings, Verdict};
use crate::finding::declaration;
use crate::model::{Presence, ResourceGraph, ResourceIndex, ResourceType};

/// An outcome that is not a pass.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) graph: usize,
    pub(super) resource: ResourceIndex,
    pub(super) policy: usize,
    pub(super) outcome: Outcome,
}

impl Judged {
    /// Policy, root, address, verdict.
    pub(super) fn told(&self, graph: &ResourceGraph, policies: &Shelf) -> Option<super::Told> {
        let address = graph.get(self.resource).address.clone();
        Some((policies.get(self.policy)?.id.clone(), graph.root.clone(), address, self.outcome.verdict))
    }
}

/// Each verdict once, sorted.
pub(super) fn in_order(mut told: Vec<super::Told>) -> Vec<super::Told> {
    told.sort();
    told.dedup();
    told
}

/// What all policies say, in numbers.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    pub(super) resources: usize,
    pub(super) assessed: usize,
    pub(super) not_assessed: IndexMap<String, usize, FxBuildHasher>,
    pub(super) pass: usize,
}

impl Judgement {
    /// Adds what they say of another root.
    pub(super) fn add(&mut self, other: Self) {
        self.resources += other.resources;
        self.assessed += other.assessed;
        self.pass += other.pass;
        for (source_type, count) in other.not_assessed {
            *self.not_assessed.entry(source_type).or_default() += count;
        }
    }
}

/// Resources of one root that are worth a thread.
const LEAST: usize = 256;

/// Resources whose outcomes are in memory at a time.
const BATCH: usize = 2048;

/// Judges every declared resource of a graph; `tell` gets every outcome that is not a pass.
pub(super) fn judge(
    graph: &ResourceGraph,
    at: usize,
    policies: &Shelf,
    known: &mut Known,
    settings: &Settings,
    tell: &mut dyn FnMut(Judged),
) -> Judgement {
    let declared: Vec<(ResourceIndex, OfType)> = graph
        .indices()
        .filter(|index| graph.get(*index).presence != Presence::Existing)
        .map(|index| (index, policies.of_type(&graph.get(index).resource_type, known)))
        .collect();
    let mut all = Judgement::default();
    // What one declaration makes counts as one resource, which is assessed when any of it is.
    let mut declarations: Vec<(bool, &str)> = Vec::new();
    let mut latest: FxHashMap<&str, usize> = FxHashMap::default();
    for batch in declared.chunks(BATCH) {
        let results = map(batch, LEAST, |(index, of_type)| one(graph, at, *index, policies, of_type, settings));
        for ((index, _), result) in batch.iter().zip(results) {
            result.judged.into_iter().for_each(&mut *tell);
            all.pass += result.pass;
            let resource = graph.get(*index);
            if is_pseudo(&resource.resource_type) {
                continue;
            }
            let (address, part) = declaration(&resource.address);
            let whole = part.and_then(|_| declarations.get_mut(*latest.get(address)?));
            if let Some((assessed, _)) = whole {
                *assessed |= result.assessed;
            } else {
                latest.insert(address, declarations.len());
                declarations.push((result.assessed, &resource.source_type));
            }
        }
    }
    all.resources = declarations.len();
    for (assessed, source_type) in declarations {
        if assessed {
            all.assessed += 1;
        } else {
            *all.not_assessed.entry(source_type.to_owned()).or_default() += 1;
        }
    }
    all
}

/// Judges several graphs, each by a thread; what they say comes in their order.
pub(super) fn judge_all(graphs: &[ResourceGraph], policies: &Shelf, settings: &Settings, tell: &mut dyn FnMut(Judged)) {
    const TOGETHER: usize = 16;
    let numbered: Vec<(usize, &ResourceGraph)> = graphs.iter().enumerate().collect();
    let chunks: Vec<&[(usize, &ResourceGraph)]> = numbered.chunks(TOGETHER).collect();
    let judged = map(&chunks, 2, |chunk| {
        let (mut known, mut told) = (Known::default(), Vec::new());
        for (at, graph) in *chunk {
            judge(graph, *at, policies, &mut known, settings, &mut |one| told.push(one));
        }
        told
    });
    judged.into_iter().flatten().for_each(tell);
}

/// What a template takes and gives, or a provider is told: it is judged and is nothing that is deployed.
fn is_pseudo(resource_type: &ResourceType) -> bool {
    resource_type.namespace().starts_with("baalint.")
}

struct One {
    judged: Vec<Judged>,
    pass: usize,
    assessed: bool,
}

fn one(
    graph: &ResourceGraph,
    at: usize,
    resource: ResourceIndex,
    policies: &Shelf,
    of_type: &OfType,
    settings: &Settings,
) -> One {
    let mut result = One { judged: Vec::new(), pass: 0, assessed: false };
    let is_deployed = !is_pseudo(&graph.get(resource).resource_type);
    let OfType { own, all } = of_type;
    for (policy, is_own) in own.iter().map(|it| (*it, true)).chain(all.iter().map(|it| (*it, false))) {
        let Some(compiled) = policies.get(policy) else { continue };
        let outcome = eval::evaluate(compiled, graph, resource, settings);
        // Policies of every type say nothing of what the type itself needs.
        result.assessed |= is_own && outcome.verdict != Verdict::NotApplicable;
        match outcome.verdict {
            Verdict::NotApplicable => {}
            // What every type must have says nothing of what is none.
            Verdict::Pass => result.pass += usize::from(is_own || is_deployed),
            Verdict::Fail | Verdict::Unknown => result.judged.push(Judged { graph: at, resource, policy, outcome }),
        }
    }
    result
}
