//! Functions on the template and its deployment: names, loops, references, and what only Resource Manager knows.

use std::rc::Rc;
use std::sync::Arc;

use super::super::declare::Declaration;
use super::super::evaluate::Frame;
use super::super::symbol;
use super::{Call, id};
use crate::value::{Number, Object, Reason, Reference, StepKind, Unknown, Value, ValueKind};

/// `parameters('name')`
pub(super) fn parameters(call: &Call<'_>, arguments: &[Value]) -> Value {
    let Some(name) = arguments.first().and_then(Value::as_str) else { return unnamed(call, arguments) };
    match &call.frame.arguments {
        Some(given) => match given.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)) {
            Some((_, value)) => Value { span: call.span, ..value.clone() },
            None => call.fail(format!("this function has no parameter `{name}`")),
        },
        None => call.run.parameter(&call.frame.naming_scope(), name, call.span),
    }
}

/// `variables('name')`
pub(super) fn variables(call: &Call<'_>, arguments: &[Value]) -> Value {
    match arguments.first().and_then(Value::as_str) {
        Some(name) => call.run.variable(&call.frame.naming_scope(), name, call.span),
        None => unnamed(call, arguments),
    }
}

fn unnamed(call: &Call<'_>, arguments: &[Value]) -> Value {
    if arguments.iter().any(|it| it.as_unknown().is_some()) {
        call.unknown(arguments)
    } else {
        call.fail(format!("{}() takes a name", call.name))
    }
}

/// `copyIndex()`, `copyIndex(offset)`, `copyIndex('loop', offset)`
pub(super) fn copy_index(call: &Call<'_>, arguments: &[Value]) -> Value {
    let name = arguments.first().and_then(Value::as_str);
    let offset = arguments.iter().find_map(Value::as_number).and_then(Number::as_i64).unwrap_or(0);
    let mut found = call.frame.copy.as_ref();
    let mut innermost = None;
    while let Some(copy) = found {
        let meant = name.map_or(copy.of_resource, |name| copy.name.eq_ignore_ascii_case(name));
        if meant {
            innermost = Some(copy);
            break;
        }
        if name.is_none() && innermost.is_none() {
            innermost = Some(copy);
        }
        found = copy.around.as_ref();
    }
    match innermost.map(|copy| (&copy.index, copy)) {
        Some((Ok(index), _)) => call.known(index.saturating_add(offset)),
        Some((Err(why), copy)) => {
            let symbol = symbol::atom(&format!("copyIndex({})+{offset}", copy.name));
            call.known(Unknown { not_null: true, symbol, ..why.as_ref().clone() })
        }
        None => call.fail("copyIndex() stands outside of a loop"),
    }
}

/// `fail('message')`
pub(super) fn fail(call: &Call<'_>, arguments: &[Value]) -> Value {
    let message = arguments.first().and_then(Value::as_str).unwrap_or("the template refuses these parameters");
    call.fail(message)
}

/// A function whose result only the deployment knows.
pub(super) fn at_deployment(call: &Call<'_>, arguments: &[Value]) -> Value {
    let mut value = call.at_deployment(arguments, true);
    // Two calls of `newGuid()` are not equal.
    if let (ValueKind::Unknown(unknown), true) = (&mut value.kind, call.name.eq_ignore_ascii_case("newGuid")) {
        Arc::make_mut(unknown).symbol = None;
    }
    value
}

pub(super) fn deployer(call: &Call<'_>, _: &[Value]) -> Value {
    call.at_deployment(&[], true)
}

pub(super) fn deployment(call: &Call<'_>, _: &[Value]) -> Value {
    call.at_deployment(&[], true)
}

pub(super) fn environment(call: &Call<'_>, _: &[Value]) -> Value {
    call.at_deployment(&[], true)
}

pub(super) fn tenant(call: &Call<'_>, _: &[Value]) -> Value {
    call.at_deployment(&[], true)
}

pub(super) fn management_group(call: &Call<'_>, _: &[Value]) -> Value {
    call.at_deployment(&[], true)
}

/// `subscription()`
pub(super) fn subscription(call: &Call<'_>, _: &[Value]) -> Value {
    let subscription = &call.frame.scope.target.subscription;
    let id = symbol::symbol_of(subscription).map(|it| format!("/subscriptions/{it}"));
    let mut object = described(call, &["tenantId", "displayName", "state"]);
    object.insert("subscriptionId", call.span, subscription.clone());
    object.insert("id", call.span, symbol::with_symbol(std::slice::from_ref(subscription), id, call.span));
    Value::object(object, call.span)
}

/// `resourceGroup()`
pub(super) fn resource_group(call: &Call<'_>, _: &[Value]) -> Value {
    let target = &call.frame.scope.target;
    let keys = ["location", "tags", "managedBy", "properties", "type"];
    let Some(name) = &target.resource_group else { return call.at_deployment(&[], true) };
    let mut object = described(call, &keys);
    object.insert("name", call.span, name.clone());
    let parts = [name.clone(), target.subscription.clone()];
    object.insert("id", call.span, symbol::with_symbol(&parts, id::scope_prefix(target), call.span));
    Value::object(object, call.span)
}

/// An object of which only the names of its properties are known.
fn described(call: &Call<'_>, keys: &[&str]) -> Object {
    let mut object = Object::default();
    for key in keys {
        let path = format!("{}().{key}", call.name);
        let unknown = Unknown { symbol: symbol::atom(&path), ..Unknown::new(Reason::Runtime(path.clone().into())) };
        let not_null = !matches!(*key, "tags" | "managedBy");
        object.insert(*key, call.span, call.known(Unknown { not_null, ..unknown }));
    }
    object.rest = Some(Arc::new(Unknown::new(Reason::Runtime(format!("{}()", call.name).into()))));
    object
}

/// `reference(...)`, with the `.names` behind it: the value, and how many of the names it has used up.
pub(in super::super) fn reference(call: &Call<'_>) -> (Value, usize) {
    if call.arguments.is_empty() || call.arguments.len() > 3 {
        return (call.fail("reference() takes a resource, an API version and 'Full'"), 0);
    }
    let arguments = call.evaluated();
    let Some(target) = arguments.first() else { return (call.unknown(&arguments), 0) };
    let Some(declaration) = call.run.declaration(&call.frame.scope, target) else {
        return (elsewhere(call, target), 0);
    };
    if declaration.is_deployment() && !declaration.existing && call.path.first().is_some_and(|it| is(it, "outputs")) {
        return outputs(call, &declaration);
    }
    (of_resource(call, &declaration, "reference"), 0)
}

/// The outputs of a nested deployment are computed where they are used.
fn outputs(call: &Call<'_>, declaration: &Rc<Declaration>) -> (Value, usize) {
    let Some(scope) = call.run.nested(declaration) else {
        let reason = Reason::MissingModule(declaration.address.clone());
        let reference = Reference { address: declaration.address.clone(), attribute: "outputs".into() };
        let value = Unknown { symbol: output_symbol(declaration, ""), ..Unknown::reference(reason, reference) };
        return (call.known(value), 1);
    };
    match call.path {
        [_, name, value, ..] if is(value, "value") => match call.run.output(&scope, name, call.span) {
            Some(value) => (value.through(StepKind::Output, call.span), 3),
            None => (call.fail(format!("the deployment has no output `{name}`")), 3),
        },
        [_, name] => match call.run.output(&scope, name, call.span) {
            Some(value) => (wrapped(call, value), 2),
            None => (call.fail(format!("the deployment has no output `{name}`")), 2),
        },
        _ => {
            let mut all = Object::default();
            for name in scope.section("outputs").iter().flat_map(|it| it.entries.keys()) {
                if let Some(value) = call.run.output(&scope, name, call.span) {
                    all.insert(name.clone(), call.span, wrapped(call, value));
                }
            }
            (Value::object(all, call.span), 1)
        }
    }
}

fn output_symbol(declaration: &Declaration, name: &str) -> Option<Arc<str>> {
    symbol::atom(&format!("reference({}).outputs{name}", declaration.address))
}

fn wrapped(call: &Call<'_>, value: Value) -> Value {
    let mut object = Object::default();
    object.insert("value", call.span, value);
    Value::object(object, call.span)
}

/// Something that only the deployed resource knows.
fn of_resource(call: &Call<'_>, declaration: &Declaration, function: &str) -> Value {
    let address = declaration.address.clone();
    let reason = if declaration.existing { Reason::Data(address.clone()) } else { Reason::Computed(address.clone()) };
    let symbol = symbol::atom(&format!("{function}({address})"));
    let unknown = Unknown::reference(reason, Reference { address, attribute: "".into() });
    call.known(Unknown { symbol, ..unknown })
}

/// A reference to something that this template does not declare, or that cannot be told.
fn elsewhere(call: &Call<'_>, target: &Value) -> Value {
    let named = symbol::symbol_of(target);
    let shown = named.as_deref().unwrap_or("?");
    let mut unknown = Unknown::new(Reason::Computed(format!("reference({shown})").into()));
    // Two that cannot be told apart are not the same.
    unknown.symbol = named.as_ref().and_then(|named| symbol::atom(&format!("reference({named})")));
    unknown.not_null = true;
    symbol::each_unknown(target, &mut |it| symbol::join_references(&mut unknown, it));
    call.known(unknown)
}

/// `references('loop')`: the states of all its resources.
pub(super) fn references(call: &Call<'_>, arguments: &[Value]) -> Value {
    let name = arguments.first().and_then(Value::as_str).unwrap_or("");
    let mut items = Vec::new();
    for declaration in call.run.declared(&call.frame.scope) {
        if declaration.symbol.as_deref().is_some_and(|it| is(it, name)) {
            items.push(of_resource(call, &declaration, "reference"));
        }
    }
    if items.is_empty() { call.at_deployment(arguments, true) } else { Value::array(items, call.span) }
}

/// `resourceInfo('symbol')`: what is known of a resource without asking for its state.
pub(super) fn resource_info(call: &Call<'_>, arguments: &[Value]) -> Value {
    let declaration = arguments.first().and_then(|it| call.run.declaration(&call.frame.scope, it));
    let Some(declaration) = declaration else { return call.at_deployment(arguments, true) };
    let mut object = Object::default();
    object.insert("name", call.span, declaration.full_name.clone());
    object.insert("type", call.span, Value::new(declaration.resource_type.as_str(), call.span));
    let id = declaration.id(&call.frame.scope);
    let value = match id {
        Some(id) if !declaration.names.iter().any(|it| it.as_unknown().is_some()) => call.known(id),
        id => symbol::with_symbol(&declaration.names, id, call.span),
    };
    object.insert("id", call.span, value);
    object.rest = of_resource(call, &declaration, "resourceInfo").as_unknown().cloned();
    Value::object(object, call.span)
}

/// `listKeys(...)` and the like: a secret or setting of a deployed resource.
pub(super) fn list(call: &Call<'_>, arguments: &[Value]) -> Value {
    let mut value = call.at_deployment(arguments, true);
    let declaration = arguments.first().and_then(|it| call.run.declaration(&call.frame.scope, it));
    if let (Some(declaration), ValueKind::Unknown(unknown)) = (declaration, &mut value.kind) {
        let reference =
            Reference { address: declaration.address.clone(), attribute: format!("{}()", call.name).into() };
        let unknown = Arc::make_mut(unknown);
        if !unknown.references.contains(&reference) {
            unknown.references.push(reference);
        }
    }
    value
}

/// `namespace.name(...)`: a function that the template defines.
pub(super) fn user_function(call: &Call<'_>) -> Value {
    let scope = call.frame.naming_scope();
    let Some((namespace, name)) = call.name.split_once('.') else { return call.fail("no such function") };
    let Some(definition) = scope.user_function(namespace, name) else {
        return call.fail(format!("the template defines no function `{}`", call.name));
    };
    let names: Vec<Arc<str>> = definition
        .value("parameters")
        .and_then(Value::as_array)
        .iter()
        .flat_map(|it| &it.items)
        .filter_map(|it| Some(it.as_object()?.value("name")?.as_str()?.into()))
        .collect();
    let Some(output) = definition.value("output").and_then(Value::as_object).and_then(|it| it.value("value")) else {
        return call.fail(format!("the function `{}` has no output", call.name));
    };
    if names.len() != call.arguments.len() {
        let message = format!("`{}` takes {} arguments, not {}", call.name, names.len(), call.arguments.len());
        return call.fail(message);
    }
    let arguments = names.into_iter().zip(call.evaluated()).collect();
    let frame = Frame { scope: scope.clone(), copy: None, locals: None, arguments: Some(Rc::new(arguments)) };
    match call.run.in_function(call.name, || call.run.value(&frame, output)) {
        Some(value) => Value { span: call.span, ..value },
        None => call.fail(format!("the function `{}` calls itself", call.name)),
    }
}

fn is(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}
