//! Merges separate declarations into the resource that they are part of.
//!
//! In: the resources and patches of a root. A patch whose target is here changes its body; one whose target is
//! elsewhere stands as a resource of its own ([`Presence::Partial`]); one whose target cannot be told makes what it
//! sets unknown on every resource that it may mean, rather than failing any.

use std::sync::Arc;

use super::graph::Resolution;
use super::index::Index;
use super::resource::{Patch, Presence, Resource};
use crate::value::{Entry, Object, Reason, StepKind, Unknown, Value, ValueKind};

pub(super) fn apply(resources: &mut Vec<Resource>, patches: Vec<Patch>) {
    if patches.is_empty() {
        return;
    }
    let index = Index::of(resources);
    let mut standing = Vec::new();
    for patch in patches {
        match index.resolve(resources, &patch.target) {
            Resolution::Resources(targets) => {
                let certain = targets.len() == 1 && patch.presence == Presence::Certain;
                let mut declared = false;
                for at in targets {
                    let Some(target) = resources.get_mut(at.0 as usize) else { continue };
                    declared |= target.presence != Presence::Existing;
                    let body = if certain { patch.body.clone() } else { clouded(&patch) };
                    merge_into(target, &body, &patch);
                }
                if !declared {
                    standing.push(standalone(patch));
                }
            }
            Resolution::Elsewhere => standing.push(standalone(patch)),
            Resolution::Open(_) => {
                let body = clouded(&patch);
                for target in resources.iter_mut().filter(|it| it.resource_type == patch.resource_type) {
                    merge_into(target, &body, &patch);
                }
                standing.push(standalone(patch));
            }
        }
    }
    resources.extend(standing);
}

fn merge_into(target: &mut Resource, body: &Value, patch: &Patch) {
    merge(&mut target.body, body);
    Arc::make_mut(&mut target.coverage).merge(&patch.coverage);
}

/// Objects merge key by key, arrays grow, a default gives way, everything else is replaced by the patch.
fn merge(into: &mut Value, from: &Value) {
    let defaulted = from.default_of().is_some() && into.default_of().is_none();
    match (&mut into.kind, &from.kind) {
        (ValueKind::Object(target), ValueKind::Object(source)) => {
            let target = Arc::make_mut(target);
            for (key, entry) in &source.entries {
                let known = target.get_ignore_case(key).map(|(key, _)| key.clone());
                match known.and_then(|key| target.entries.get_mut(&key)) {
                    Some(existing) => {
                        if existing.value.default_of().is_some() && entry.value.default_of().is_none() {
                            existing.key_span = entry.key_span;
                        }
                        merge(&mut existing.value, &entry.value);
                    }
                    None => {
                        target.entries.insert(key.clone(), entry.clone());
                    }
                }
            }
            if target.rest.is_none() {
                target.rest.clone_from(&source.rest);
            }
        }
        (ValueKind::Array(target), ValueKind::Array(source)) => {
            let target = Arc::make_mut(target);
            target.items.extend(source.items.iter().cloned());
            if target.rest.is_none() {
                target.rest.clone_from(&source.rest);
            }
        }
        // What was unknown as a whole still may hold more than the patch says.
        (ValueKind::Unknown(why), ValueKind::Object(source)) if !defaulted => {
            let mut open = Object::clone(source);
            open.rest.get_or_insert_with(|| why.clone());
            into.kind = ValueKind::Object(Arc::new(open));
        }
        // What the patch leaves to a default does not undo what the resource itself says.
        _ if defaulted => {}
        _ => *into = from.clone(),
    }
}

/// The patch's leaves as unknown: it may set them, or not.
fn clouded(patch: &Patch) -> Value {
    let why: Arc<Unknown> = match &patch.presence {
        // What is known of the number of patches says nothing of what they set.
        Presence::Possible(why) => Arc::new(Unknown::new(why.reason.clone())),
        _ => Arc::new(Unknown::new(Reason::Ambiguous(format!("target of `{}`", patch.address).into()))),
    };
    cloud(&patch.body, &why)
}

fn cloud(value: &Value, why: &Arc<Unknown>) -> Value {
    match &value.kind {
        ValueKind::Object(object) => {
            let entries = object
                .entries
                .iter()
                .map(|(key, entry)| (key.clone(), Entry { key_span: entry.key_span, value: cloud(&entry.value, why) }));
            Value::object(Object { entries: entries.collect(), rest: object.rest.clone() }, value.span)
        }
        _ => Value::new(ValueKind::Unknown(why.clone()), value.span).through(StepKind::Patch, value.span),
    }
}

fn standalone(patch: Patch) -> Resource {
    Resource {
        address: patch.address,
        resource_type: patch.resource_type,
        source_type: patch.source_type,
        dialect: patch.dialect,
        span: patch.span,
        header: patch.header,
        body: patch.body,
        coverage: patch.coverage,
        callers: patch.callers,
        presence: Presence::Partial,
        parent: patch.parent,
        resource_group: None,
        provider_major: None,
    }
}
