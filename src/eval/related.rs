//! Related resources: which ones a count is about.
//!
//! In: the resource at hand and what a policy asks for. Out: a tally of those that fulfil the condition. How two
//! resources are related follows from their types when the policy does not say; a link that cannot be told, and a
//! resource that may not be deployed, count as possible.

use std::sync::Arc;

use super::condition::{Evaluator, Scope};
use super::count::Tally;
use super::lookup::find_in_body;
use super::operators::{Actual, apply};
use super::trace::Trace;
use crate::model::{EdgeKind, Presence, Resource, ResourceIndex, ResourceType};
use crate::policy::{Condition, Operator, Related, Relation};
use crate::truth::Truth;
use crate::value::{Reason, Unknown, Value, ValueKind};

/// Why a link cannot be told.
type Doubt = Arc<Unknown>;

impl<'a, T: Trace> Evaluator<'a, T> {
    pub(super) fn count_related(&mut self, related: &'a Related, condition: Option<&'a Condition>) -> Tally {
        let mut tally = Tally::at(self.resource.header);
        if self.resource.presence == Presence::Partial {
            // The resource itself is declared elsewhere, and what belongs to it may be too.
            tally.open(Arc::new(Unknown::new(Reason::NotMapped)), self.resource.header);
        }
        for connection in self.connections(related) {
            tally.add(Truth::Unknown, connection.header);
            tally.doubt(computed("privateEndpointConnections"), connection.header);
        }
        // What cannot be read may name this resource, but adds nothing to what this resource names.
        let by_others = related.relation != Some(Relation::References);
        for of in related.types.iter().filter(|_| by_others) {
            if let Some(why) = self.graph.unread(self.index, of) {
                tally.open(why.clone(), self.resource.header);
            }
        }
        let name = related.name.as_ref().map(|name| self.operand(name).into_owned());
        let mut found = false;
        for (candidate, doubt) in self.candidates(related) {
            let resource = self.graph.get(candidate);
            let doubt = doubt.or_else(|| self.may_be_missing(resource, related));
            let named = name.as_ref().map_or(Truth::True, |name| is_named(resource, name));
            if named == Truth::False {
                continue;
            }
            self.related_one(candidate, condition, named, doubt, &mut tally);
            found = true;
        }
        if related.singleton && !found {
            tally.open(computed("what the service makes by itself"), self.resource.header);
        }
        tally
    }

    /// The private endpoints that name this resource, when its connections are asked for: the service makes one of each.
    fn connections(&self, related: &Related) -> Vec<&'a Resource> {
        let asked = |it: &ResourceType| {
            it.parent().is_some_and(|parent| parent == self.resource.resource_type)
                && it.as_str().to_ascii_lowercase().ends_with("/privateendpointconnections")
        };
        if !related.types.iter().any(asked) {
            return Vec::new();
        }
        let sources = self.graph.edges_to(self.index).iter().map(|edge| self.graph.get(edge.from));
        sources.filter(|it| it.resource_type == *"Microsoft.Network/privateEndpoints").collect()
    }

    fn related_one(
        &mut self,
        candidate: ResourceIndex,
        condition: Option<&'a Condition>,
        named: Truth,
        doubt: Option<Doubt>,
        tally: &mut Tally,
    ) {
        let resource = self.graph.get(candidate);
        let (index, own) = (self.index, self.resource);
        (self.index, self.resource) = (candidate, resource);
        self.scopes.push(Scope::Related);
        let mut alone = Tally::at(resource.header);
        let before = self.trace.mark();
        let truth = self.one(condition, &mut alone, resource.header);
        self.scopes.pop();
        (self.index, self.resource) = (index, own);
        let certain = doubt.is_none() && named == Truth::True;
        let truth = if certain { truth } else { truth.and(Truth::Unknown) };
        if !certain {
            // What its condition rests on matters less than whether it is related at all.
            self.trace.forget(before, self.trace.mark());
        }
        tally.record(before, self.trace.mark(), truth);
        tally.add(truth, resource.header);
        match (truth, doubt) {
            (Truth::False, _) => tally.reject(resource.header, &resource.address),
            (Truth::Unknown, Some(why)) => tally.doubt(why, resource.header),
            (Truth::Unknown, None) if named != Truth::True => {
                tally.doubt(Arc::new(Unknown::new(Reason::Ambiguous("resource".into()))), resource.header);
            }
            _ => {}
        }
    }

    /// Why a related resource may not be deployed, unless it is deployed whenever this one is.
    fn may_be_missing(&self, other: &Resource, related: &Related) -> Option<Doubt> {
        match &other.presence {
            Presence::Possible(why) => {
                let above = related.types.iter().any(|it| self.resource.resource_type.is_below(it));
                (!above && other.presence != self.resource.presence).then(|| why.clone())
            }
            _ => None,
        }
    }

    /// The related resources in the order of the text, each with the reason why it may not be related.
    fn candidates(&self, related: &Related) -> Vec<(ResourceIndex, Option<Doubt>)> {
        let mut found = Vec::new();
        for resource_type in &related.types {
            match (&related.via, related.relation) {
                (Some(_), _) => self.by_property(related, resource_type, &mut found),
                (None, Some(relation)) => self.by_relation(relation, resource_type, &mut found),
                (None, None) if resource_type.is_below(&self.resource.resource_type) => {
                    self.by_relation(Relation::Child, resource_type, &mut found);
                }
                (None, None) if self.resource.resource_type.is_below(resource_type) => {
                    self.by_relation(Relation::Parent, resource_type, &mut found);
                }
                (None, None) => self.by_any_link(resource_type, &mut found),
            }
        }
        found.sort_by_key(|(index, doubt)| (*index, doubt.is_some()));
        found.dedup_by_key(|(index, _)| *index);
        found
    }

    fn by_relation(&self, relation: Relation, of: &ResourceType, found: &mut Vec<(ResourceIndex, Option<Doubt>)>) {
        let is = |index: &ResourceIndex| *index != self.index && self.is_of(*index, of);
        let edges_from = self.graph.edges_from(self.index).iter();
        let edges_to = self.graph.edges_to(self.index).iter();
        let mut sure = |index: ResourceIndex| found.push((index, None));
        match relation {
            Relation::Parent => self.above(self.index).into_iter().filter(is).for_each(sure),
            Relation::Child => {
                self.below(self.index).into_iter().filter(is).for_each(sure);
                self.open_links(of, false, found);
            }
            Relation::Scope => {
                let scope = |kind| kind == EdgeKind::Scope;
                edges_to.filter(|edge| scope(edge.kind)).map(|edge| edge.from).filter(is).for_each(&mut sure);
                edges_from.filter(|edge| scope(edge.kind)).map(|edge| edge.to).filter(is).for_each(sure);
                self.open_links(of, true, found);
            }
            Relation::References => edges_from.map(|edge| edge.to).filter(is).for_each(sure),
            Relation::ReferencedBy => edges_to.map(|edge| edge.from).filter(is).for_each(sure),
            Relation::Root => self.graph.of_type(of).iter().copied().filter(is).for_each(sure),
        }
    }

    fn is_of(&self, index: ResourceIndex, of: &ResourceType) -> bool {
        *of == *Related::ANY || self.graph.get(index).resource_type == *of
    }

    /// Scope and references, either way. A resource that extends another is related to that one only: a diagnostic
    /// setting also names the storage account that it writes to.
    fn by_any_link(&self, of: &ResourceType, found: &mut Vec<(ResourceIndex, Option<Doubt>)>) {
        let is = |index: ResourceIndex| index != self.index && self.graph.get(index).resource_type == *of;
        for edge in self.graph.edges_to(self.index) {
            let extends = self.graph.get(edge.from).parent.as_ref().is_some_and(|link| link.scope);
            if is(edge.from) && (!extends || edge.kind == EdgeKind::Scope) {
                found.push((edge.from, None));
            }
        }
        let out = self.graph.edges_from(self.index).iter().map(|edge| edge.to).filter(|to| is(*to));
        found.extend(out.map(|to| (to, None)));
        self.open_links(of, true, found);
    }

    /// The related resources one of whose values at `via` names this resource, or may.
    fn by_property(&self, related: &Related, of: &ResourceType, found: &mut Vec<(ResourceIndex, Option<Doubt>)>) {
        let Some(via) = &related.via else { return };
        let named = self.graph.named_by(of, via);
        let own = |index: ResourceIndex| index != self.index;
        found.extend(named.naming(self.index).filter(|it| own(*it)).map(|it| (it, None)));
        let open = named.open().iter().filter(|(it, _)| own(*it));
        found.extend(open.map(|(it, why)| (*it, Some(why.clone()))));
    }

    /// Those whose parent or scope cannot be told.
    fn open_links(&self, of: &ResourceType, scope: bool, found: &mut Vec<(ResourceIndex, Option<Doubt>)>) {
        if *of == *Related::ANY {
            return;
        }
        for (index, why) in self.graph.open_links() {
            let resource = self.graph.get(*index);
            let kind = resource.parent.as_ref().is_some_and(|link| link.scope) == scope;
            if *index != self.index && kind && resource.resource_type == *of {
                found.push((*index, Some(why.clone())));
            }
        }
    }

    /// Everything above a resource, nearest first.
    fn above(&self, index: ResourceIndex) -> Vec<ResourceIndex> {
        let mut found = Vec::new();
        let mut next = vec![index];
        while let Some(at) = next.pop() {
            for edge in self.graph.edges_from(at).iter().filter(|edge| edge.kind == EdgeKind::Parent) {
                if !found.contains(&edge.to) {
                    found.push(edge.to);
                    next.push(edge.to);
                }
            }
        }
        found
    }

    /// Everything below a resource.
    fn below(&self, index: ResourceIndex) -> Vec<ResourceIndex> {
        let mut found = Vec::new();
        let mut next = vec![index];
        while let Some(at) = next.pop() {
            for edge in self.graph.edges_to(at).iter().filter(|edge| edge.kind == EdgeKind::Parent) {
                if !found.contains(&edge.from) {
                    found.push(edge.from);
                    next.push(edge.from);
                }
            }
        }
        found
    }
}

fn computed(what: &str) -> Doubt {
    Arc::new(Unknown::new(Reason::Computed(what.into())))
}

/// The name of a child may be written with its parents': the last part counts.
fn is_named(resource: &Resource, name: &Value) -> Truth {
    let found = find_in_body(resource, &crate::model::PropertyPath::parse("name"));
    match name.as_str() {
        Some(name) => {
            let last = name.rsplit('/').next().unwrap_or(name);
            let own = match &found.actual {
                Actual::Known(Value { kind: ValueKind::String(own), span, .. }) if own.contains('/') => {
                    Value::new(own.rsplit('/').next().unwrap_or(own), *span)
                }
                actual => return apply(Operator::Like, actual, &Value::new(last, found.span)),
            };
            apply(Operator::Like, &Actual::Known(&own), &Value::new(last, found.span))
        }
        None => Truth::Unknown,
    }
}
