//! The policies of a run by the type that they judge, each compiled when the first resource of its type comes.
//!
//! In: the library and which policies are wanted. Out: positions in order of id, the policy at a position, and what reports
//! print of it. Roots are judged while others are still being read, so which types there are is not known beforehand.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use super::findings::policy_facts;
use super::library::{Library, Selection};
use crate::finding::PolicyFacts;
use crate::model::ResourceType;
use crate::policy::{Policy, Types, library};

/// Every policy that may be asked for.
#[derive(Debug)]
pub(super) struct Shelf {
    selection: Selection,
    places: Vec<Place>,
    /// Position of each built-in policy, by its position among them; none when a team's own takes its place.
    builtin: Vec<Option<u32>>,
    /// Positions of a team's own.
    own: Vec<u32>,
}

#[derive(Debug)]
struct Place {
    /// The built-in policy that lies here.
    builtin: Option<usize>,
    policy: OnceLock<Option<Box<Policy>>>,
    facts: OnceLock<Arc<PolicyFacts>>,
}

/// Positions of the policies that judge a type: those that name it, then those of every type.
#[derive(Clone, Debug, Default)]
pub(super) struct OfType {
    pub(super) own: Arc<[usize]>,
    pub(super) all: Arc<[usize]>,
}

/// The positions of each type, as far as somebody asked.
pub(super) type Known = FxHashMap<ResourceType, OfType>;

impl Shelf {
    /// What the library holds, as far as the selection wants it.
    pub(super) fn new(library: &Library, selection: Selection) -> Self {
        let ids: Vec<&'static str> = if library.has_builtin() { library::ids().collect() } else { Vec::new() };
        let mut own = library.own().iter().peekable();
        let mut shelf = Self { selection, places: Vec::with_capacity(ids.len()), builtin: Vec::new(), own: Vec::new() };
        for (at, id) in ids.into_iter().enumerate() {
            while let Some(first) = own.next_if(|it| *it.id < *id) {
                shelf.put(first);
            }
            // A team's own takes the place of the built-in one of its id.
            let replaced = own.next_if(|it| *it.id == *id).inspect(|first| shelf.put(first)).is_some();
            shelf.builtin.push((!replaced).then(|| shelf.next()));
            if !replaced {
                shelf.places.push(Place { builtin: Some(at), policy: OnceLock::new(), facts: OnceLock::new() });
            }
        }
        own.for_each(|last| shelf.put(last));
        shelf
    }

    fn next(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(u32::MAX)
    }

    /// The next place for one of a team's own; of two with one id the first holds.
    fn put(&mut self, policy: &Policy) {
        let latest = self.own.last().and_then(|at| self.places.get(*at as usize)?.policy.get()?.as_ref());
        if latest.is_some_and(|it| it.id == policy.id) {
            return;
        }
        self.own.push(self.next());
        let policy = self.selection.has(&policy.id).then(|| Box::new(policy.clone()));
        self.places.push(Place { builtin: None, policy: OnceLock::from(policy), facts: OnceLock::new() });
    }

    /// The policy at a position, when it is wanted and compiles.
    pub(super) fn get(&self, at: usize) -> Option<&Policy> {
        let place = self.places.get(at)?;
        let read = || library::at(place.builtin?, &|id| self.selection.has(id)).map(Box::new);
        place.policy.get_or_init(read).as_deref()
    }

    /// What reports print of the policy at a position.
    pub(super) fn facts(&self, at: usize) -> Option<&Arc<PolicyFacts>> {
        let (place, policy) = (self.places.get(at)?, self.get(at)?);
        Some(place.facts.get_or_init(|| Arc::new(policy_facts(policy))))
    }

    /// The policy of an id, when it judged anything.
    pub(super) fn named(&self, id: &str) -> Option<&Policy> {
        let mut compiled = self.places.iter().filter_map(|it| it.policy.get()?.as_deref());
        compiled.find(|it| *it.id == *id)
    }

    /// The policies that judge a type; `known` remembers them for who asks again.
    pub(super) fn of_type(&self, resource_type: &ResourceType, known: &mut Known) -> OfType {
        if let Some(found) = known.get(resource_type) {
            return found.clone();
        }
        let of_builtin = library::positions_of(resource_type).filter_map(|at| *self.builtin.get(at)?);
        let mut positions: Vec<u32> = of_builtin.chain(self.own.iter().copied()).collect();
        positions.sort_unstable();
        positions.dedup();
        let (mut own, mut all) = (Vec::new(), Vec::new());
        for at in positions.into_iter().map(|at| at as usize) {
            match self.get(at).map(|policy| &policy.types) {
                Some(Types::All) => all.push(at),
                Some(Types::Only(types)) if types.contains(resource_type) => own.push(at),
                _ => {}
            }
        }
        let found = OfType { own: own.into(), all: all.into() };
        known.insert(resource_type.clone(), found.clone());
        found
    }
}
