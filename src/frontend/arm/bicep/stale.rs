//! Whether a template was built from a source as it is now: by what the two declare, not by building it again.
//!
//! In: the declarations of a source and a template. Out: the first difference, and where it stands in the template. What
//! an expression makes of a declaration is not compared, so that no template is blamed for how the compiler writes it.

use super::read::{Declaration, Kind, Node, Property, Shape};
use super::{by_symbol, with_nested};
use crate::source::Span;
use crate::value::{Object, Value};

/// The first thing that the source and the template disagree on.
pub(super) fn difference(declarations: &[Declaration], root: &Value) -> Option<(Span, String)> {
    let template = root.as_object()?;
    parameters(declarations, template, root.span).or_else(|| match template.value("resources") {
        Some(resources) if resources.as_object().is_some() => symbolic(declarations, resources.as_object()?, root.span),
        Some(resources) => counted(declarations, resources),
        None => None,
    })
}

fn parameters(declarations: &[Declaration], template: &Object, whole: Span) -> Option<(Span, String)> {
    let given = template.value("parameters").and_then(Value::as_object);
    let mut declared = declarations.iter().filter(|it| it.kind == Kind::Parameter);
    let gone = given.iter().flat_map(|it| &it.entries).find(|(name, _)| declared.clone().all(|it| it.name != ***name));
    if let Some((name, entry)) = gone {
        return Some((entry.key_span, format!("`{name}` is not declared there")));
    }
    let new = declared.find(|it| given.is_none_or(|given| given.value(&it.name).is_none()))?;
    Some((whole.shrink_to_start(), only_there(&new.name)))
}

/// Resources with symbolic names: each by itself.
fn symbolic(declarations: &[Declaration], resources: &Object, whole: Span) -> Option<(Span, String)> {
    for (symbol, entry) in &resources.entries {
        let Some(declaration) = by_symbol(declarations, symbol) else {
            return Some((entry.key_span, format!("`{symbol}` is not declared there")));
        };
        let Some(body) = entry.value.as_object() else { continue };
        if let Some(found) = of_resource(declaration, body, symbol.contains("::")) {
            return Some(found);
        }
    }
    let deployed = |it: &&Declaration| matches!(it.kind, Kind::Resource | Kind::Module) && !it.existing;
    let new = declarations.iter().filter(deployed).find(|it| resources.value(&it.name).is_none())?;
    Some((whole.shrink_to_start(), only_there(&new.name)))
}

fn of_resource(declaration: &Declaration, body: &Object, nested: bool) -> Option<(Span, String)> {
    let value = declaration.value.as_ref()?;
    if declaration.kind == Kind::Module {
        let parameters = body.value("properties")?.as_object()?.value("parameters")?;
        let written = property(object_of(value)?.0, "params")?;
        return keys(&written.value, parameters, true, 0);
    }
    let (kind, version) = (body.get("type")?, body.get("apiVersion")?);
    let built = format!("{}@{}", kind.value.as_str()?, version.value.as_str()?);
    if !nested && !declaration.target.eq_ignore_ascii_case(&built) && declaration.target.contains('@') {
        let at = kind.key_span.to(version.value.span);
        return Some((at, format!("`{}` is `{}` there", declaration.name, declaration.target)));
    }
    let written = property(object_of(value)?.0, "properties")?;
    keys(&written.value, body.value("properties")?, false, 0)
}

/// The keys of two objects that are written out, and of what lies in them; `wrapped` are the arguments of a module.
fn keys(written: &Node, built: &Value, wrapped: bool, depth: usize) -> Option<(Span, String)> {
    let (Shape::Object(properties, _), Some(object)) = (&written.shape, built.as_object()) else { return None };
    let computed = properties.iter().any(|it| it.key.contains(['$', '\\']));
    let by_compiler = |key: &str| key == "copy" || key.starts_with('[');
    if computed || object.entries.keys().any(|it| by_compiler(it)) || depth > 32 {
        return None;
    }
    for written in properties {
        let Some(mut value) = object.value(&written.key) else {
            return Some((built.span.shrink_to_start(), only_there(&written.key)));
        };
        if wrapped {
            value = value.as_object().and_then(|it| it.value("value")).unwrap_or(value);
        }
        if let Some(found) = keys(&written.value, value, false, depth + 1) {
            return Some(found);
        }
    }
    let gone = object.entries.iter().find(|(key, _)| property(properties, key).is_none())?;
    Some((gone.1.key_span, format!("`{}` is not written there", gone.0)))
}

/// Resources without symbolic names: how many there are.
fn counted(declarations: &[Declaration], resources: &Value) -> Option<(Span, String)> {
    let built = resources.as_array()?.items.len();
    let all = declarations.iter().flat_map(|it| with_nested(it, ""));
    let deployed = |it: &Declaration| matches!(it.kind, Kind::Resource | Kind::Module) && !it.existing;
    let declared = all.filter(|(it, _)| deployed(it)).count();
    let message = || format!("there are {declared} resources and modules there, {built} here");
    (declared != built).then(|| (resources.span.shrink_to_start(), message()))
}

fn object_of(node: &Node) -> Option<(&[Property], &[Declaration])> {
    match &node.shape {
        Shape::Object(properties, nested) => Some((properties, nested)),
        Shape::Loop(body) => object_of(body),
        _ => None,
    }
}

fn property<'p>(properties: &'p [Property], key: &str) -> Option<&'p Property> {
    properties.iter().find(|it| it.key == key)
}

fn only_there(name: &str) -> String {
    format!("`{name}` is declared there only")
}
