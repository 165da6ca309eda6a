//! Child resources that only hold a part of their parent's settings, as ARM templates write them: `sites/config` `web`.
//!
//! In: the lowered resources of a root, before they are linked. Out: the same and one patch for each such child, so that a
//! policy reads the setting in one place. Which children these are is a short table; the children themselves stay.

use std::sync::Arc;

use crate::model::{Coverage, Lowered, Patch, Presence, PropertyPath, Resource};
use crate::value::{Array, Object, Value, ValueKind};

/// Child type, its name, and where its properties belong in the parent's body.
/// Source: Microsoft.Web 2024-04-01, `SiteConfig` is the body of `config/web` and of `properties.siteConfig`.
const PARTS: [(&str, &str, &[&str]); 4] = [
    ("Microsoft.Web/sites/config", "web", &["properties", "siteConfig"]),
    ("Microsoft.Web/sites/slots/config", "web", &["properties", "siteConfig"]),
    ("Microsoft.Web/sites/config", "appsettings", &["properties", "siteConfig", "appSettings"]),
    ("Microsoft.Web/sites/slots/config", "appsettings", &["properties", "siteConfig", "appSettings"]),
];

/// Adds a patch of the parent for each child that is a part of it.
pub(super) fn patch_parents(lowered: &mut Lowered) {
    let found: Vec<Patch> = lowered.resources.iter().filter_map(patch).collect();
    lowered.patches.extend(found);
}

fn patch(child: &Resource) -> Option<Patch> {
    let name = child.text("name")?;
    let (_, _, path) = PARTS
        .iter()
        .find(|(resource_type, part, _)| child.resource_type == **resource_type && name.eq_ignore_ascii_case(part))?;
    if child.presence == Presence::Existing {
        return None;
    }
    let (_, properties) = child.body.as_object()?.get_ignore_case("properties")?;
    let value = if path.last() == Some(&"appSettings") { named(&properties.value)? } else { properties.value.clone() };
    let body = path.iter().rev().fold(value, |inner, key| {
        let span = inner.span;
        let mut object = Object::default();
        object.insert(*key, properties.key_span, inner);
        Value::object(object, span)
    });
    let mut coverage = Coverage::none();
    coverage.add(&PropertyPath::parse(&path.join(".")));
    Some(Patch {
        address: child.address.clone(),
        source_type: child.source_type.clone(),
        dialect: child.dialect,
        target: child.parent.as_ref()?.target.clone(),
        resource_type: child.resource_type.parent()?,
        body,
        coverage: Arc::new(coverage),
        span: child.span,
        header: child.header,
        callers: child.callers.clone(),
        presence: child.presence.clone(),
        parent: None,
    })
}

/// The settings of an app, `{ NAME: value }`, as `siteConfig` holds them: `[{ name, value }]`.
fn named(properties: &Value) -> Option<Value> {
    let settings = properties.as_object()?;
    let items = settings.entries.iter().map(|(key, entry)| {
        let mut object = Object::default();
        object.insert("name", entry.key_span, Value::new(key.clone(), entry.key_span));
        object.insert("value", entry.key_span, entry.value.clone());
        Value::object(object, entry.key_span.to(entry.value.span))
    });
    let array = Array { items: items.collect(), rest: settings.rest.clone() };
    Some(Value::new(ValueKind::Array(Arc::new(array)), properties.span))
}
