//! Policies over graphs: every policy on every resource of its types, in parallel, and what came of it.
//!
//! In: linked graphs and the policies for their types. Out: [`Judged`] outcomes that do not pass, told as they come, and counts.
//! Order is that of graphs, resources and policies, whatever the threads.

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::workers::map;
use crate::eval::{self, Outcome, Settings, Verdict};
use crate::finding::declaration;
use crate::model::{Presence, ResourceGraph, ResourceIndex, ResourceType};
use crate::policy::{Policy, Types};

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
    pub(super) fn told(&self, graphs: &[ResourceGraph], policies: &[Policy]) -> Option<super::Told> {
        let (graph, policy) = (graphs.get(self.graph)?, policies.get(self.policy)?);
        let address = graph.get(self.resource).address.clone();
        Some((policy.id.clone(), graph.root.clone(), address, self.outcome.verdict))
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

/// Resources that are worth a thread.
const LEAST: usize = 48;

/// Resources whose outcomes are in memory at a time.
const BATCH: usize = 2048;

/// Judges every declared resource; `tell` gets every outcome that is not a pass.
pub(super) fn judge(
    graphs: &[ResourceGraph],
    policies: &[Policy],
    settings: &Settings,
    tell: &mut (dyn FnMut(Judged) + Send),
) -> Judgement {
    let by_type = ByType::of(policies);
    let declared: Vec<(usize, ResourceIndex)> = graphs
        .iter()
        .enumerate()
        .flat_map(|(at, graph)| graph.indices().map(move |index| (at, graph, index)))
        .filter(|(_, graph, index)| graph.get(*index).presence != Presence::Existing)
        .map(|(at, _, index)| (at, index))
        .collect();
    let mut all = Judgement::default();
    // What one declaration makes counts as one resource, which is assessed when any of it is.
    let mut declarations: Vec<(bool, &str)> = Vec::new();
    let mut latest: FxHashMap<(usize, &str), usize> = FxHashMap::default();
    for batch in declared.chunks(BATCH) {
        let results = map(batch, LEAST, |(at, index)| {
            graphs.get(*at).map(|graph| one(graph, *at, *index, policies, &by_type, settings))
        });
        for ((at, index), result) in batch.iter().zip(results) {
            let (Some(result), Some(graph)) = (result, graphs.get(*at)) else { continue };
            result.judged.into_iter().for_each(&mut *tell);
            all.pass += result.pass;
            let resource = graph.get(*index);
            let (address, part) = declaration(&resource.address);
            let whole = part.and_then(|_| declarations.get_mut(*latest.get(&(*at, address))?));
            if let Some((assessed, _)) = whole {
                *assessed |= result.assessed;
            } else {
                latest.insert((*at, address), declarations.len());
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

struct One {
    judged: Vec<Judged>,
    pass: usize,
    assessed: bool,
}

fn one(
    graph: &ResourceGraph,
    at: usize,
    resource: ResourceIndex,
    policies: &[Policy],
    by_type: &ByType,
    settings: &Settings,
) -> One {
    let mut result = One { judged: Vec::new(), pass: 0, assessed: false };
    let (own, all) = by_type.of_type(&graph.get(resource).resource_type);
    for (policy, is_own) in own.iter().map(|it| (*it, true)).chain(all.iter().map(|it| (*it, false))) {
        let Some(compiled) = policies.get(policy) else { continue };
        let outcome = eval::evaluate(compiled, graph, resource, settings);
        // Policies of every type say nothing of what the type itself needs.
        result.assessed |= is_own && outcome.verdict != Verdict::NotApplicable;
        match outcome.verdict {
            Verdict::NotApplicable => {}
            Verdict::Pass => result.pass += 1,
            Verdict::Fail | Verdict::Unknown => result.judged.push(Judged { graph: at, resource, policy, outcome }),
        }
    }
    result
}

/// Positions of policies by the type that they judge.
#[derive(Default)]
struct ByType {
    own: FxHashMap<ResourceType, Vec<usize>>,
    all: Vec<usize>,
}

impl ByType {
    fn of(policies: &[Policy]) -> Self {
        let mut index = Self::default();
        for (at, policy) in policies.iter().enumerate() {
            match &policy.types {
                Types::All => index.all.push(at),
                Types::Only(types) => {
                    for one in types {
                        index.own.entry(one.clone()).or_default().push(at);
                    }
                }
            }
        }
        index
    }

    fn of_type(&self, resource_type: &ResourceType) -> (&[usize], &[usize]) {
        (self.own.get(resource_type).map_or(&[], Vec::as_slice), &self.all)
    }
}
