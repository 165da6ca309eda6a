//! `resourceId()` and its family: ids as text, with placeholders for what only the deployment knows.
//!
//! An id whose names are known is a known text (`/subscriptions/{subscription}/resourceGroups/{resourceGroup}/...`); one
//! with an unknown name is unknown, and its symbol is the same text, by which the graph finds the resource.

use super::super::scope::{Level, Target};
use super::super::symbol;
use super::Call;
use crate::value::{Value, ValueKind};

/// `resourceId([subscription], [resourceGroup], type, name, ...)`
pub(super) fn resource_id(call: &Call<'_>, arguments: &[Value]) -> Value {
    let Some(at) = type_position(arguments, 2) else { return untyped(call, arguments) };
    let target = &call.frame.scope.target;
    let (given, rest) = arguments.split_at(at);
    let (subscription, group) = match given {
        [] => (None, None),
        [group] => (None, Some(group)),
        [subscription, group, ..] => (Some(subscription), Some(group)),
    };
    let mut head = subscription_prefix(subscription.unwrap_or(&target.subscription));
    let group = group.or(target.resource_group.as_ref());
    let in_group = target.level == Level::ResourceGroup || at > 0;
    match group.filter(|_| in_group) {
        Some(group) => {
            head = head.and_then(|head| Some(format!("{head}/resourceGroups/{}", symbol::symbol_of(group)?)));
        }
        None if target.level == Level::Tenant => head = Some(String::new()),
        None => {}
    }
    with_path(call, arguments, head, rest)
}

/// `subscriptionResourceId([subscription], type, name, ...)`
pub(super) fn subscription_resource_id(call: &Call<'_>, arguments: &[Value]) -> Value {
    let Some(at) = type_position(arguments, 1) else { return untyped(call, arguments) };
    let (given, rest) = arguments.split_at(at);
    let head = subscription_prefix(given.first().unwrap_or(&call.frame.scope.target.subscription));
    with_path(call, arguments, head, rest)
}

/// `tenantResourceId(type, name, ...)`
pub(super) fn tenant_resource_id(call: &Call<'_>, arguments: &[Value]) -> Value {
    match type_position(arguments, 0) {
        Some(_) => with_path(call, arguments, Some(String::new()), arguments),
        None => untyped(call, arguments),
    }
}

/// `managementGroupResourceId([group], type, name, ...)`
pub(super) fn management_group_resource_id(call: &Call<'_>, arguments: &[Value]) -> Value {
    let Some(at) = type_position(arguments, 1) else { return untyped(call, arguments) };
    let (given, rest) = arguments.split_at(at);
    let group = given.first().map_or(Some("{managementGroup}".to_owned()), symbol::symbol_of);
    let head = group.map(|group| format!("/providers/Microsoft.Management/managementGroups/{group}"));
    with_path(call, arguments, head, rest)
}

/// `extensionResourceId(id, type, name, ...)`
pub(super) fn extension_resource_id(call: &Call<'_>, arguments: &[Value]) -> Value {
    let Some((base, rest)) = arguments.split_first() else { return call.fail("extensionResourceId() takes an id") };
    match type_position(rest, 0) {
        Some(_) => with_path(call, arguments, symbol::symbol_of(base), rest),
        None => untyped(call, arguments),
    }
}

/// What stands in front of `/providers/` for a target: the id of the resource group, subscription or tenant.
pub(in super::super) fn scope_prefix(target: &Target) -> Option<String> {
    match (target.level, &target.resource_group) {
        (Level::Tenant, _) => Some(String::new()),
        (Level::ManagementGroup, _) => {
            Some("/providers/Microsoft.Management/managementGroups/{managementGroup}".into())
        }
        (Level::ResourceGroup, Some(group)) => {
            Some(format!("{}/resourceGroups/{}", subscription_prefix(&target.subscription)?, symbol::symbol_of(group)?))
        }
        _ => subscription_prefix(&target.subscription),
    }
}

fn subscription_prefix(subscription: &Value) -> Option<String> {
    Some(format!("/subscriptions/{}", symbol::symbol_of(subscription)?))
}

/// Which argument is the type: the first that looks like one and has as many names after it as it has segments.
fn type_position(arguments: &[Value], most: usize) -> Option<usize> {
    let fits = |index: &usize| {
        let text = arguments.get(*index).and_then(Value::as_str).unwrap_or("").trim_matches('/');
        let mut segments = text.split('/');
        let namespace = segments.next().is_some_and(|it| it.contains('.'));
        let names = arguments.len().saturating_sub(index + 1);
        namespace && names > 0 && segments.count() == names
    };
    (0..=most).find(fits)
}

fn with_path(call: &Call<'_>, arguments: &[Value], head: Option<String>, typed: &[Value]) -> Value {
    let Some((resource_type, names)) = typed.split_first() else { return untyped(call, arguments) };
    let mut segments = resource_type.as_str().unwrap_or("").trim_matches('/').split('/');
    let mut id = head.map(|head| format!("{head}/providers/{}", segments.next().unwrap_or("")));
    for (segment, name) in segments.zip(names) {
        id = id.and_then(|id| Some(format!("{id}/{segment}/{}", symbol::symbol_of(name)?)));
    }
    match id {
        Some(id) if names.iter().all(|it| it.as_unknown().is_none()) => call.known(id),
        id => {
            let mut value = symbol::with_symbol(arguments, id, call.span);
            if let ValueKind::Unknown(unknown) = &mut value.kind {
                // The placeholder of the subscription is no text that the id starts with.
                std::sync::Arc::make_mut(unknown).prefix = Some("/".into());
            }
            value
        }
    }
}

fn untyped(call: &Call<'_>, arguments: &[Value]) -> Value {
    if arguments.iter().any(|it| it.as_unknown().is_some()) {
        call.unknown(arguments)
    } else {
        call.fail(format!("{}() takes a resource type and a name for each of its segments", call.name))
    }
}
