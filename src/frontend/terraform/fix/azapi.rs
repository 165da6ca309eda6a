//! The body of an azapi resource is ARM already: the path leads through the object literal, or through `jsonencode` of one.
//!
//! In: a resource of azapi and what must change. Out: edits of the items of its `body`, with the objects that are missing.

use super::layout::{Addition, Container};
use super::tree::{Trees, container_of, is_literal, is_reference, object_container, top_block};
use super::{at_origin, literal, same_text};
use crate::edit::{Edit, Proposal, Refusal};
use crate::model::{Lookup, Op, PathSegment, Wanted};
use crate::parse::hcl::{Block, ExprId, ExprKind, File, ItemList};
use crate::value::Value;

/// The edits of a change.
pub(super) fn propose(trees: &Trees<'_>, wanted: &Wanted<'_>) -> Result<Proposal, Refusal> {
    let Wanted { resource, missing, change } = wanted;
    if let Some(child) = missing {
        return Err(Refusal::new(format!("{} is not declared", child.resource_type)));
    }
    let Op::Set(wanted) = &change.op else { return Err(Refusal::new("a setting of an azapi body is not removed")) };
    let current = match resource.lookup(&change.path) {
        Lookup::Found(value, _) => Some(value),
        Lookup::Absent { .. } => None,
        Lookup::Unknown(..) => return Err(Refusal::new("what is written there cannot be told")),
    };
    let file = trees.get(resource.header.file)?;
    let block = top_block(&file, resource.header).filter(|it| file.slice(it.kind) == "resource");
    if let (Some(block), [PathSegment::Key(first), rest @ ..]) = (block, change.path.segments())
        && first.eq_ignore_ascii_case("identity")
    {
        return identity(&file, block, rest, wanted);
    }
    let body = block.and_then(|it| it.body.attributes.iter().find(|it| file.slice(it.name) == "body"));
    let Some(body) = body else { return Err(Refusal::new("the resource has no `body`")) };
    let Some(text) = literal(wanted, false, false) else {
        return Err(Refusal::new(format!("{} cannot be written as a literal", change.path)));
    };
    let mut at = object_of(&file, body.value)?;
    let keys: Option<Vec<&str>> = change.path.segments().iter().map(key).collect();
    let Some(keys) = keys else { return Err(Refusal::new("an element of a list is not edited")) };
    for (depth, key) in keys.iter().enumerate() {
        let mut items = file.object_items(at.1).iter().filter(|it| name(&file, it.key).eq_ignore_ascii_case(key));
        let (item, again) = (items.next(), items.next());
        if again.is_some() {
            return Err(Refusal::new(format!("`{key}` is written twice")));
        }
        let Some(item) = item else {
            let container = object_container(&file, at.0, at.1);
            return insert(&container, keys.get(depth..).unwrap_or(&[]), &text, file.object_items(at.1).is_empty());
        };
        if depth + 1 < keys.len() {
            at = object_of(&file, item.value)?;
            continue;
        }
        return rewrite(trees, &file, at, item.value, current, &text);
    }
    Err(Refusal::new("the path is empty"))
}

/// The identity has a block of its own, beside the body.
fn identity(file: &File, block: &Block, rest: &[PathSegment], wanted: &Value) -> Result<Proposal, Refusal> {
    let written = block.body.blocks.iter().any(|it| file.slice(it.kind) == "identity");
    let (false, [PathSegment::Key(key)], Some(text)) = (written, rest, literal(wanted, false, false)) else {
        return Err(Refusal::new("the identity that is written is not changed"));
    };
    let line = Addition::Line { name: key.to_string(), literal: text };
    let addition = Addition::Nested { name: "identity".to_owned(), object: false, inside: vec![line] };
    Ok(container_of(file, block).insert(&[addition])?.into())
}

fn rewrite(
    trees: &Trees<'_>,
    file: &File,
    (object, items): (crate::source::Span, ItemList),
    value: ExprId,
    current: Option<&Value>,
    text: &str,
) -> Result<Proposal, Refusal> {
    let container = object_container(file, object, items);
    let entry = container.entries.iter().find(|it| it.value == file.expr(value).span).copied();
    let Some(entry) = entry else { return Err(Refusal::new("the setting is gone")) };
    if is_literal(file, value) {
        return Ok(Proposal { edits: container.replace(entry, text), ..Proposal::default() });
    }
    let step = current.and_then(|it| it.steps().last());
    let Some(step) = step.filter(|_| is_reference(file, value)) else {
        let written = file.slice(entry.value).lines().next().unwrap_or_default();
        return Err(Refusal::new(format!("it is computed: `{written}`")));
    };
    let (edits, caution) = at_origin(trees, step, text, |origin| current.is_some_and(|now| same_text(now, origin)))?;
    Ok(Proposal { edits, cautions: vec![caution], ..Proposal::default() })
}

fn insert(container: &Container<'_>, keys: &[&str], text: &str, empty: bool) -> Result<Proposal, Refusal> {
    let Some((last, above)) = keys.split_last() else { return Err(Refusal::new("the path is empty")) };
    let mut addition = Addition::Line { name: (*last).to_owned(), literal: text.to_owned() };
    for name in above.iter().rev() {
        addition = Addition::Nested { name: (*name).to_owned(), object: true, inside: vec![addition] };
    }
    let one_line = !container.text.get(container.open..container.close).unwrap_or("").contains('\n');
    if one_line && !empty {
        // `{ a = 1 }` goes on in its line.
        let Some(end) = container.entries.last().map(|it| it.value.end) else {
            return Err(Refusal::new("the object is written on one line"));
        };
        let at = crate::source::Span::new(container.file, end, end);
        return Ok(Proposal {
            edits: vec![Edit::new(at, format!(", {}", on_one_line(&addition)))],
            ..Proposal::default()
        });
    }
    Ok(Proposal { edits: container.insert(&[addition])?, ..Proposal::default() })
}

fn on_one_line(addition: &Addition) -> String {
    match addition {
        Addition::Line { name, literal } => format!("{name} = {literal}"),
        Addition::Nested { name, inside, .. } => {
            let inside: Vec<String> = inside.iter().map(on_one_line).collect();
            format!("{name} = {{ {} }}", inside.join(", "))
        }
    }
}

/// The object literal of an expression, through `jsonencode`.
fn object_of(file: &File, id: ExprId) -> Result<(crate::source::Span, ItemList), Refusal> {
    let expr = file.expr(id);
    match &expr.kind {
        ExprKind::Object(items) => Ok((expr.span, *items)),
        ExprKind::Parenthesis(inner) => object_of(file, *inner),
        ExprKind::Call { name, args, expand: false } if file.slice(*name) == "jsonencode" => match file.list(*args) {
            [object] => object_of(file, *object),
            _ => Err(Refusal::new("`jsonencode` takes one value")),
        },
        ExprKind::Decoded(_) | ExprKind::Template(_) => Err(Refusal::new("the body is a text, not an object")),
        _ => Err(Refusal::new("the body is made by an expression")),
    }
}

fn key(segment: &PathSegment) -> Option<&str> {
    match segment {
        PathSegment::Key(key) => Some(key),
        _ => None,
    }
}

/// The key of an object item, without its quotes.
fn name(file: &File, key: ExprId) -> &str {
    file.slice(file.expr(key).span).trim_matches('"')
}
