//! The base resources of a Crossplane `Composition`, with everything that it patches unknown.
//!
//! In: a composition, of resources or of a pipeline of `patch-and-transform`. Out: the objects that it makes. What a patch reads
//! is set by whoever uses the composition, so the field it writes cannot be told.

use std::sync::Arc;

use super::manifest::Manifest;
use crate::value::{Object, Reason, Unknown, Value, ValueKind};

/// The objects that a composition makes.
pub(super) fn bases(composition: &Manifest) -> Vec<Manifest> {
    let Some(spec) = composition.object.value("spec").and_then(Value::as_object) else { return Vec::new() };
    let inputs = items(spec, "pipeline").filter_map(|step| step.value("input")?.as_object());
    std::iter::once(spec).chain(inputs).flat_map(of_resources).collect()
}

fn items<'o>(object: &'o Object, key: &str) -> impl Iterator<Item = &'o Object> {
    object.value(key).and_then(Value::as_array).into_iter().flat_map(|it| &it.items).filter_map(Value::as_object)
}

fn of_resources(holder: &Object) -> Vec<Manifest> {
    let mut found = Vec::new();
    for resource in items(holder, "resources") {
        let Some(base) = resource.value("base") else { continue };
        let mut base = base.clone();
        let patches: Vec<&Object> = items(resource, "patches").flat_map(|patch| of_set(holder, patch)).collect();
        for patch in patches {
            apply(&mut base, patch);
        }
        for mut manifest in Manifest::all(&base) {
            if manifest.name.is_none() {
                manifest.name = resource.value("name").cloned();
            }
            if manifest.crossplane_group().is_some() {
                found.push(manifest);
            }
        }
    }
    found
}

/// The patches of a named set, or the one patch.
fn of_set<'o>(holder: &'o Object, patch: &'o Object) -> Vec<&'o Object> {
    let text = |object: &'o Object, key: &str| object.value(key).and_then(Value::as_str);
    if text(patch, "type") != Some("PatchSet") {
        return vec![patch];
    }
    let wanted = text(patch, "patchSetName");
    items(holder, "patchSets").filter(|set| text(set, "name") == wanted).flat_map(|set| items(set, "patches")).collect()
}

fn apply(base: &mut Value, patch: &Object) {
    let text = |key: &str| patch.value(key).and_then(Value::as_str);
    if text("type").is_some_and(|it| it.starts_with("ToComposite") || it.starts_with("CombineToComposite")) {
        return;
    }
    let Some(path) = text("toFieldPath").or_else(|| text("fromFieldPath")) else { return };
    let segments: Vec<&str> =
        path.split(['.', '[', ']']).map(|it| it.trim_matches(['"', '\''])).filter(|it| !it.is_empty()).collect();
    let from = text("fromFieldPath").unwrap_or("several fields");
    let unknown = Arc::new(Unknown::new(Reason::Variable(from.into())));
    set(base, &segments, &unknown);
}

fn set(value: &mut Value, path: &[&str], unknown: &Arc<Unknown>) {
    let span = value.span;
    let Some((head, tail)) = path.split_first() else {
        value.kind = ValueKind::Unknown(unknown.clone());
        return;
    };
    match &mut value.kind {
        ValueKind::Object(object) => {
            let object = Arc::make_mut(object);
            let entry = object.entries.entry((*head).into()).or_insert_with(|| crate::value::Entry {
                key_span: span.shrink_to_start(),
                value: Value::object(Object::default(), span.shrink_to_start()),
            });
            set(&mut entry.value, tail, unknown);
        }
        ValueKind::Array(array) => {
            let array = Arc::make_mut(array);
            match head.parse::<usize>().ok().and_then(|at| array.items.get_mut(at)) {
                Some(item) => set(item, tail, unknown),
                None => array.rest = Some(unknown.clone()),
            }
        }
        _ => value.kind = ValueKind::Unknown(unknown.clone()),
    }
}
