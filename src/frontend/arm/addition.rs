//! A missing resource as text of a JSON template: beside the one that it belongs to.
//!
//! In: what is missing, and the declaration that lacks it. Out: its text, and the edit that writes it behind that declaration.
//! How the two hang together follows from their types: a child has its name, what names it has its id, else it extends it.

use super::bicep;
use super::fix::Documents;
use crate::edit::{Edit, Proposal, Refusal};
use crate::model::{Addition, Resource};
use crate::source::{SourceMap, Span};
use crate::value::{Value, ValueKind};

/// The declaration, as lines that are not indented.
pub fn written(sources: &SourceMap, resource: &Resource, addition: &Addition) -> Result<String, Refusal> {
    lines(sources, resource, addition, "", "  ")
}

/// The edit that writes it.
pub fn propose(documents: &Documents<'_>, resource: &Resource, addition: &Addition) -> Result<Proposal, Refusal> {
    let (source, document) = documents.tree(resource.span.file)?;
    let root = &document.root;
    if root.as_object().is_some_and(bicep::is_built) {
        return Err(Refusal::new(format!("{} is built from Bicep: the fix belongs into its source", source.shown())));
    }
    let declared = list_of(root, resource.span);
    if declared.is_none() {
        return Err(Refusal::new("the resource is not an item of a list of resources"));
    }
    let text = &**source.text();
    let start = resource.span.start as usize;
    let line = text.get(..start).unwrap_or("").rsplit('\n').next().unwrap_or("");
    let indent = line.get(..line.len() - line.trim_start().len()).unwrap_or("");
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let unit = if text.contains("\n\t") { "\t" } else { "  " };
    let object = lines(documents.sources(), resource, addition, indent, unit)?.replace('\n', newline);
    let end = Span::new(resource.span.file, resource.span.end, resource.span.end);
    Ok(vec![Edit::new(end, format!(",{newline}{indent}{object}"))].into())
}

/// The array that has this object as an item.
fn list_of(value: &Value, item: Span) -> Option<&Value> {
    match &value.kind {
        ValueKind::Array(array) if array.items.iter().any(|it| it.span == item) => Some(value),
        ValueKind::Array(array) => list_of(array.items.iter().find(|it| it.span.contains(item))?, item),
        ValueKind::Object(object) => {
            list_of(object.entries.values().map(|it| &it.value).find(|it| it.span.contains(item))?, item)
        }
        _ => None,
    }
}

/// What the resource is called in its template.
struct Named {
    /// The name as it is written: a text, or the inside of an expression.
    name: String,
    is_expression: bool,
    /// `resourceId('type', ...)`
    id: String,
}

impl Named {
    fn of(sources: &SourceMap, resource: &Resource) -> Result<Self, Refusal> {
        let written = resource.body.as_object().and_then(|it| it.value("name")).map(|it| it.span);
        let text = written.and_then(|it| Some(sources.get(it.file)?.slice(it)));
        let text = text.and_then(|it| serde_json::from_str::<String>(it).ok());
        let Some(text) = text else { return Err(Refusal::new("the resource has no name of its own")) };
        let segments = resource.resource_type.name().matches('/').count();
        let inner = text.strip_prefix('[').filter(|it| !it.starts_with('[')).and_then(|it| it.strip_suffix(']'));
        let arguments = match inner {
            Some(inner) if segments == 1 => inner.to_owned(),
            Some(_) => return Err(Refusal::new("the parts of the resource's name are not written one by one")),
            None if text.split('/').count() == segments => {
                text.split('/').map(|it| format!("'{}'", it.replace('\'', "''"))).collect::<Vec<_>>().join(", ")
            }
            None => return Err(Refusal::new("the resource is declared inside another one")),
        };
        let id = format!("resourceId('{}', {arguments})", resource.resource_type.name());
        Ok(Self { name: inner.unwrap_or(&text).to_owned(), is_expression: inner.is_some(), id })
    }

    /// A text with `{name}` and `{id}` filled in.
    fn fill(&self, text: &str) -> String {
        if text == "{id}" {
            return format!("[{}]", self.id);
        }
        match text.split_once("{name}") {
            None => text.to_owned(),
            Some((before, after)) if !self.is_expression => format!("{before}{}{after}", self.name),
            Some((before, after)) => {
                let part = |it: &str| if it.is_empty() { String::new() } else { format!("'{it}'") };
                let parts = [part(before), self.name.clone(), part(after)];
                let parts: Vec<String> = parts.into_iter().filter(|it| !it.is_empty()).collect();
                format!("[concat({})]", parts.join(", "))
            }
        }
    }
}

fn lines(
    sources: &SourceMap,
    resource: &Resource,
    addition: &Addition,
    indent: &str,
    unit: &str,
) -> Result<String, Refusal> {
    let named = Named::of(sources, resource)?;
    let own = resource.resource_type.name().to_ascii_lowercase();
    let added = &*addition.resource_type.name();
    let is_child = added.to_ascii_lowercase().starts_with(&format!("{own}/"));
    let names = mentions_id(&addition.body);
    let name = if is_child { format!("{{name}}/{}", addition.name) } else { addition.name.to_string() };
    let mut entries = vec![
        ("type".to_owned(), quoted(added)),
        ("apiVersion".to_owned(), quoted(&addition.api_version)),
        ("name".to_owned(), quoted(&named.fill(&name))),
    ];
    if !is_child && !names {
        entries.push(("scope".to_owned(), quoted(&named.fill("{id}"))));
    }
    let inner = format!("{indent}{unit}");
    for (key, entry) in addition.body.as_object().map(|it| &it.entries).into_iter().flatten() {
        entries.push((key.to_string(), json(&entry.value, &named, &inner, unit)));
    }
    entries.push(("dependsOn".to_owned(), format!("[{}]", quoted(&named.fill("{id}")))));
    let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{inner}{}: {value}", quoted(key))).collect();
    Ok(format!("{{\n{}\n{indent}}}", entries.join(",\n")))
}

fn mentions_id(value: &Value) -> bool {
    match &value.kind {
        ValueKind::String(text) => &**text == "{id}",
        ValueKind::Array(array) => array.items.iter().any(mentions_id),
        ValueKind::Object(object) => object.entries.values().any(|it| mentions_id(&it.value)),
        _ => false,
    }
}

fn json(value: &Value, named: &Named, indent: &str, unit: &str) -> String {
    let inner = format!("{indent}{unit}");
    match &value.kind {
        ValueKind::Bool(it) => it.to_string(),
        ValueKind::Number(it) => it.to_string(),
        ValueKind::String(text) => quoted(&named.fill(text)),
        ValueKind::Array(array) if array.items.iter().all(|it| it.as_object().is_none()) => {
            let items: Vec<String> = array.items.iter().map(|it| json(it, named, indent, unit)).collect();
            format!("[{}]", items.join(", "))
        }
        ValueKind::Array(array) => {
            let items = array.items.iter().map(|it| format!("{inner}{}", json(it, named, &inner, unit)));
            format!("[\n{}\n{indent}]", items.collect::<Vec<_>>().join(",\n"))
        }
        ValueKind::Object(object) => {
            let entries = object.entries.iter();
            let entries =
                entries.map(|(key, it)| format!("{inner}{}: {}", quoted(key), json(&it.value, named, &inner, unit)));
            format!("{{\n{}\n{indent}}}", entries.collect::<Vec<_>>().join(",\n"))
        }
        ValueKind::Null | ValueKind::Unknown(_) => "null".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
