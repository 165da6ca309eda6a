//! The resources of one root, linked: who is whose parent, who extends whom, who refers to whom.
//!
//! In: resources with their patches already merged (see `patch`). Out: [`ResourceGraph`]. A link whose target the text
//! does not tell is kept as open, so that "nothing refers to it" can be answered with "cannot tell".

use std::sync::Arc;

use super::index::{Index, LinkText, each_link};
use super::patch;
use super::resource::{Link, Lowered, Resource, Target, Unread};
use super::resource_type::ResourceType;
use super::via::Memo;
use crate::source::Span;
use crate::value::{Unknown, Value};

/// Index of a resource in its graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ResourceIndex(pub u32);

/// A resolved link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edge {
    /// The resource whose text has the link.
    pub from: ResourceIndex,
    /// The resource it leads to.
    pub to: ResourceIndex,
    /// What it says.
    pub kind: EdgeKind,
    /// The text.
    pub span: Span,
}

/// What an edge says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EdgeKind {
    /// `from` lives below `to`.
    Parent,
    /// `from` extends `to`.
    Scope,
    /// The body of `from` names `to`.
    Reference,
}

/// Which resources of the root a value names.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolution {
    /// These; more than one when the text does not tell which instance.
    Resources(Vec<ResourceIndex>),
    /// A resource that this root does not declare.
    Elsewhere,
    /// Cannot be told.
    Open(Arc<Unknown>),
}

/// The linked resources of one root.
#[derive(Debug, Default)]
pub struct ResourceGraph {
    /// The root, as reports name it.
    pub root: Arc<str>,
    /// In the order of the text.
    pub resources: Vec<Resource>,
    /// Sorted by `from`.
    outgoing: Vec<Edge>,
    /// Sorted by `to`.
    incoming: Vec<Edge>,
    /// Parent or scope links that cannot be told, sorted by resource.
    open: Vec<(ResourceIndex, Arc<Unknown>)>,
    /// What cannot be read and names a resource, sorted by resource.
    unread: Vec<(ResourceIndex, bool, Arc<Unknown>)>,
    index: Index,
    pub(super) named: Memo,
}

impl ResourceGraph {
    /// Merges the patches and resolves every link of a root.
    pub fn link(lowered: Lowered) -> Self {
        let Lowered { root, mut resources, patches, unread, .. } = lowered;
        patch::apply(&mut resources, patches);
        let index = Index::of(&resources);
        let mut graph = Self { root, resources, index, ..Self::default() };
        let mut edges = Vec::new();
        for from in graph.indices() {
            graph.links_of(from, &mut edges);
        }
        graph.name_unread(&unread);
        edges.sort_unstable();
        edges.dedup_by_key(|edge| (edge.from, edge.to, edge.kind));
        graph.outgoing.clone_from(&edges);
        edges.sort_unstable_by_key(|edge| (edge.to, edge.from, edge.kind));
        graph.incoming = edges;
        graph
    }

    /// Every resource's index, in order.
    pub fn indices(&self) -> impl Iterator<Item = ResourceIndex> + use<> {
        (0..u32::try_from(self.resources.len()).unwrap_or(u32::MAX)).map(ResourceIndex)
    }

    /// The resource of an index that this graph gave out.
    ///
    /// # Panics
    ///
    /// On an index of another graph.
    pub fn get(&self, index: ResourceIndex) -> &Resource {
        self.resources.get(index.0 as usize).expect("indices come from this graph, which only grows while it is built")
    }

    /// The resources of exactly this type.
    pub fn of_type(&self, resource_type: &ResourceType) -> &[ResourceIndex] {
        self.index.by_type.get(resource_type).map_or(&[], Vec::as_slice)
    }

    /// The resource types that occur, in order of first appearance.
    pub fn types(&self) -> impl Iterator<Item = &ResourceType> {
        self.index.by_type.keys()
    }

    /// Links out of a resource.
    pub fn edges_from(&self, index: ResourceIndex) -> &[Edge] {
        range_of(&self.outgoing, |edge| edge.from, index)
    }

    /// Links into a resource.
    pub fn edges_to(&self, index: ResourceIndex) -> &[Edge] {
        range_of(&self.incoming, |edge| edge.to, index)
    }

    /// The resource that this one lives below or extends, when it is in this root.
    pub fn parent(&self, index: ResourceIndex) -> Option<ResourceIndex> {
        let edge = self.edges_from(index).iter().find(|edge| edge.kind != EdgeKind::Reference)?;
        Some(edge.to)
    }

    /// Why the parent or scope of a resource cannot be told, when it cannot.
    pub fn open_link(&self, index: ResourceIndex) -> Option<&Arc<Unknown>> {
        let at = self.open.binary_search_by_key(&index, |(open, _)| *open).ok()?;
        self.open.get(at).map(|(_, unknown)| unknown)
    }

    /// Every resource whose parent or scope cannot be told, and why.
    pub fn open_links(&self) -> &[(ResourceIndex, Arc<Unknown>)] {
        &self.open
    }

    /// Why resources of `of` that are related to this one may be declared where nothing can be read.
    pub fn unread(&self, index: ResourceIndex, of: &ResourceType) -> Option<&Arc<Unknown>> {
        let start = self.unread.partition_point(|(named, ..)| *named < index);
        let here = self.unread.get(start..).unwrap_or(&[]).iter().take_while(|(named, ..)| *named == index);
        let own = &self.get(index).resource_type;
        let may_be = |below: bool| !below || of.is_below(own) || of.is_extension();
        if own.is_below(of) {
            return None;
        }
        here.filter(|(_, below, _)| may_be(*below)).map(|(.., why)| why).next()
    }

    /// Which resources of this root a value names: an id, or an unknown with references.
    pub fn resolve(&self, value: &Value) -> Resolution {
        self.index.resolve(&self.resources, &Target::Value(value.clone()))
    }

    fn name_unread(&mut self, unread: &[Unread]) {
        let mut named = Vec::new();
        for Unread { names, why, below } in unread {
            each_link(names, &mut |link, _| {
                // Whoever gets a resource's region does not get the resource.
                if let LinkText::Reference(reference) = link
                    && !matches!(&*reference.attribute, "id" | "name" | "")
                {
                    return;
                }
                let found = self.index.targets(&self.resources, link).into_iter();
                named.extend(found.map(|index| (index, *below, why.clone())));
            });
        }
        named.sort_by_key(|(index, below, _)| (*index, *below));
        named.dedup_by_key(|(index, below, _)| (*index, *below));
        self.unread = named;
    }

    fn links_of(&mut self, from: ResourceIndex, edges: &mut Vec<Edge>) {
        let resource = self.get(from);
        let mut open = None;
        if let Some(Link { target, scope, span }) = &resource.parent {
            let kind = if *scope { EdgeKind::Scope } else { EdgeKind::Parent };
            match self.index.resolve_or_above(&self.resources, target) {
                Resolution::Resources(found) => {
                    edges.extend(found.into_iter().filter(|to| *to != from).map(|to| Edge {
                        from,
                        to,
                        kind,
                        span: *span,
                    }));
                }
                Resolution::Open(unknown) => open = Some(unknown),
                Resolution::Elsewhere => {}
            }
        }
        let kind = EdgeKind::Reference;
        each_link(&resource.body, &mut |link, span| {
            for to in self.index.targets(&self.resources, link) {
                if to != from {
                    edges.push(Edge { from, to, kind, span });
                }
            }
        });
        self.open.extend(open.map(|unknown| (from, unknown)));
    }
}

fn range_of(edges: &[Edge], key: impl Fn(&Edge) -> ResourceIndex, index: ResourceIndex) -> &[Edge] {
    let start = edges.partition_point(|edge| key(edge) < index);
    let end = edges.partition_point(|edge| key(edge) <= index);
    edges.get(start..end).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::super::resource::{Dialect, Patch, Presence};
    use super::super::{Coverage, PropertyPath};
    use super::*;
    use crate::source::FileId;
    use crate::value::{Object, Reason, Reference};

    fn span() -> Span {
        Span::new(FileId(0), 0, 1)
    }

    fn text(text: &str) -> Value {
        Value::new(text, span())
    }

    fn reference(address: &str, attribute: &str) -> Value {
        let reference = Reference { address: address.into(), attribute: attribute.into() };
        let reason = Reason::Computed(format!("{address}.{attribute}").into());
        Value::new(Unknown::reference(reason, reference), span())
    }

    fn variable(name: &str) -> Value {
        Value::unknown(Reason::Variable(name.into()), span())
    }

    fn body(entries: &[(&str, Value)]) -> Value {
        let mut object = Object::default();
        for (key, value) in entries {
            object.insert(*key, span(), value.clone());
        }
        Value::object(object, span())
    }

    fn resource(address: &str, resource_type: &str, entries: &[(&str, Value)]) -> Resource {
        Resource {
            address: address.into(),
            resource_type: ResourceType::new(resource_type),
            source_type: resource_type.into(),
            dialect: Dialect::Arm,
            body: body(entries),
            coverage: Arc::new(Coverage::complete()),
            span: span(),
            header: span(),
            callers: Vec::new(),
            presence: Presence::Certain,
            parent: None,
            resource_group: None,
            provider_major: None,
        }
    }

    fn below(mut resource: Resource, target: Target) -> Resource {
        resource.parent = Some(Link { target, scope: false, span: span() });
        resource
    }

    fn link(resources: Vec<Resource>, patches: Vec<Patch>) -> ResourceGraph {
        ResourceGraph::link(Lowered { resources, patches, ..Lowered::default() })
    }

    fn patch(target: Target, presence: Presence) -> Patch {
        let mut coverage = Coverage::none();
        coverage.add(&PropertyPath::parse("properties"));
        Patch {
            address: "rules".into(),
            source_type: "rules".into(),
            dialect: Dialect::Terraform,
            target,
            resource_type: ResourceType::new(ACCOUNT),
            body: body(&[("properties", body(&[("action", text("Deny"))]))]),
            coverage: Arc::new(coverage),
            span: span(),
            header: span(),
            callers: Vec::new(),
            presence,
            parent: None,
        }
    }

    const ACCOUNT: &str = "Microsoft.Storage/storageAccounts";
    const SERVICE: &str = "Microsoft.Storage/storageAccounts/blobServices";
    const CONTAINER: &str = "Microsoft.Storage/storageAccounts/blobServices/containers";

    #[test]
    fn a_patch_of_what_is_unknown_as_a_whole_leaves_the_rest_unknown() {
        let unclear = resource("a", ACCOUNT, &[("properties", variable("settings"))]);
        let graph = link(vec![unclear], vec![patch(Target::Address("a".into()), Presence::Certain)]);
        let account = &graph.resources[0];
        let written = account.lookup(&PropertyPath::parse("properties.action"));
        assert!(matches!(written, super::super::Lookup::Found(..)), "{written:?}");
        let other = account.lookup(&PropertyPath::parse("properties.other"));
        assert!(matches!(other, super::super::Lookup::Unknown(..)), "{other:?}");
    }

    #[test]
    fn a_child_finds_its_parent_by_every_form_of_link() {
        let named =
            |names: &[Value]| Target::Named { resource_type: ResourceType::new(SERVICE), names: names.to_vec() };
        let id = format!("/subscriptions/s/resourceGroups/g/providers/{ACCOUNT}/A");
        let targets = [
            Target::Address("a".into()),
            Target::Value(text(&id)),
            Target::Value(reference("a", "id")),
            named(&[text("a"), text("default")]),
        ];
        for target in targets {
            let account = resource("a", ACCOUNT, &[("name", text("a"))]);
            let other = resource("b", ACCOUNT, &[("name", text("b"))]);
            let child = below(resource("c", CONTAINER, &[("name", text("c"))]), target.clone());
            let graph = link(vec![account, other, child], vec![]);
            assert_eq!(graph.parent(ResourceIndex(2)), Some(ResourceIndex(0)), "{target:?}");
            let id = text(&format!("{id}/blobServices/default/containers/c"));
            assert_eq!(graph.resolve(&id), Resolution::Resources(vec![ResourceIndex(2)]), "{target:?}");
        }
    }

    #[test]
    fn a_link_that_the_text_does_not_tell_is_open_and_one_elsewhere_is_not() {
        let account = resource("a", ACCOUNT, &[("name", text("a"))]);
        let open = below(resource("c", CONTAINER, &[]), Target::Value(variable("id")));
        let away = Target::Named { resource_type: ResourceType::new(ACCOUNT), names: vec![text("z")] };
        let graph = link(vec![account, open, below(resource("d", CONTAINER, &[]), away)], vec![]);
        assert!(graph.open_link(ResourceIndex(1)).is_some());
        assert!(graph.open_link(ResourceIndex(2)).is_none());
        assert_eq!(graph.parent(ResourceIndex(2)), None);
    }

    #[test]
    fn a_reference_without_its_instance_leads_to_every_instance() {
        let one = resource("a[0]", ACCOUNT, &[]);
        let two = resource("a[1]", ACCOUNT, &[]);
        let user = resource("u", "X/y", &[("properties", reference("a", "id"))]);
        let exact = resource("v", "X/y", &[("properties", reference("a[1]", "id"))]);
        let graph = link(vec![one, two, user, exact], vec![]);
        assert_eq!(graph.edges_from(ResourceIndex(2)).len(), 2);
        assert_eq!(graph.edges_to(ResourceIndex(0)).len(), 1);
        assert_eq!(graph.edges_from(ResourceIndex(3)).iter().map(|edge| edge.to.0).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn what_is_read_by_name_is_the_resource_declared_under_it() {
        let account = resource("a", ACCOUNT, &[("name", text("st"))]);
        let read = |address: &str, name: Value| {
            let read = resource(address, ACCOUNT, &[("name", name)]);
            Resource { presence: Presence::Existing, ..read }
        };
        let user = |address: &str| resource("u", "X/y", &[("properties", reference(address, "id"))]);
        let resources = vec![
            account,
            read("data.a", text("ST")),
            read("data.b", variable("other")),
            user("data.a"),
            user("data.b"),
        ];
        let graph = link(resources, vec![]);
        let leads_to = |at: u32| graph.edges_from(ResourceIndex(at)).iter().map(|edge| edge.to.0).collect::<Vec<_>>();
        assert_eq!((leads_to(3), leads_to(4)), (vec![0], vec![2]));
    }

    #[test]
    fn a_patch_changes_its_target_stands_alone_or_clouds_what_it_may_mean() {
        let path = PropertyPath::parse("properties.action");
        let account =
            || resource("a", ACCOUNT, &[("name", text("a")), ("properties", body(&[("action", text("Allow"))]))]);
        let action = |graph: &ResourceGraph, at: u32| match graph.get(ResourceIndex(at)).lookup(&path) {
            super::super::Lookup::Found(value, _) => {
                value.as_str().map_or("unknown", |it| if it == "Deny" { "deny" } else { "allow" })
            }
            _ => "absent",
        };
        let hit = link(vec![account()], vec![patch(Target::Value(reference("a", "id")), Presence::Certain)]);
        assert_eq!((hit.resources.len(), action(&hit, 0)), (1, "deny"));
        let possible = Presence::Possible(Arc::new(Unknown::new(Reason::Variable("n".into()))));
        let perhaps = link(vec![account()], vec![patch(Target::Address("a".into()), possible)]);
        assert_eq!((perhaps.resources.len(), action(&perhaps, 0)), (1, "unknown"));
        let away = link(vec![account()], vec![patch(Target::Address("elsewhere".into()), Presence::Certain)]);
        assert_eq!((away.resources.len(), action(&away, 0), action(&away, 1)), (2, "allow", "deny"));
        assert_eq!(away.get(ResourceIndex(1)).presence, Presence::Partial);
        let open = link(vec![account()], vec![patch(Target::Value(variable("id")), Presence::Certain)]);
        assert_eq!((open.resources.len(), action(&open, 0), action(&open, 1)), (2, "unknown", "deny"));
    }
}
