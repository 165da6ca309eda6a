//! A change of a template that Bicep has built, as an edit of the source: the template itself is written by the compiler.
//!
//! In: the way to a resource in the template, the property, its value, the texts of the run. Out: one edit of the `.bicep`
//! file that declares it, modules followed; or why there is none. A template that was not built from its source as it is
//! now is refused: the place would be a guess.

use std::path::{Path, PathBuf};

use super::path::{Step, steps};
use super::read::{Declaration, Kind, Node, Shape, read};
use super::{by_shape, by_symbol, stale};
use crate::edit::{Edit, Refusal};
use crate::frontend::files::normalise;
use crate::source::{SourceFile, SourceMap, Span};
use crate::value::{Value, ValueKind};

/// The edit of the source that sets the property at `keys` of the resource at `resource`.
pub(in crate::frontend::arm) fn edit(
    sources: &SourceMap,
    template: &SourceFile,
    root: &Value,
    resource: Span,
    keys: &[&str],
    value: &Value,
) -> Result<Edit, Refusal> {
    let source = source_of(sources, template, root)?;
    let (file, declaration) = declared(sources, &source, root, &steps(root, resource), 0)?;
    let Some(node) = &declaration.value else { return Err(Refusal::new("the declaration has no body")) };
    set(file, node, keys, &literal(value)?)
}

/// The source beside a template, when the template was built from it as it is now.
fn source_of(sources: &SourceMap, template: &SourceFile, root: &Value) -> Result<PathBuf, Refusal> {
    let named = template.path().with_extension("bicep");
    let beside = [named.clone(), named.with_file_name("main.bicep")];
    let found = beside.iter().find_map(|path| Some((path, of_path(sources, path)?)));
    let Some((path, file)) = found else {
        return Err(Refusal::new(format!("{} is built from Bicep: the fix belongs into its source", template.shown())));
    };
    if stale::difference(&read(file.id(), file.text()), root).is_none() {
        return Ok(path.clone());
    }
    let (template, source) = (template.shown(), file.shown());
    Err(Refusal::new(format!("{template} was not built from {source} as it is now: build it first")))
}

fn of_path<'s>(sources: &'s SourceMap, path: &Path) -> Option<&'s SourceFile> {
    let path = normalise(path);
    sources.files().iter().find(|it| normalise(it.path()) == path)
}

/// The declaration that a place in the template was built from, and its file.
fn declared<'s>(
    sources: &'s SourceMap,
    source: &Path,
    template: &Value,
    way: &[Step],
    depth: usize,
) -> Result<(&'s SourceFile, Declaration), Refusal> {
    let lost = || Refusal::new("the declaration was not found in the Bicep source");
    let file = of_path(sources, source).ok_or_else(lost)?;
    let [Step::Key(section), which, rest @ ..] = way else { return Err(lost()) };
    if section != "resources" || depth > 32 {
        return Err(lost());
    }
    let resources = template.as_object().and_then(|it| it.value("resources")).ok_or_else(lost)?;
    let written = which.of(resources).ok_or_else(lost)?;
    let declarations = read(file.id(), file.text());
    let declaration = match which {
        Step::Key(symbol) => by_symbol(&declarations, symbol),
        Step::Index(_) | Step::Branch(_) => by_shape(&declarations, resources, written),
    };
    let declaration = declaration.ok_or_else(lost)?.clone();
    match (declaration.kind, rest) {
        (Kind::Resource, []) => Ok((file, declaration)),
        (Kind::Module, [Step::Key(properties), Step::Key(inner), rest @ ..])
            if properties == "properties" && inner == "template" && !declaration.target.contains(':') =>
        {
            let directory = source.parent().unwrap_or(Path::new(""));
            let below = written.as_object().and_then(|it| it.value("properties")).and_then(Value::as_object);
            let template = below.and_then(|it| it.value("template")).ok_or_else(lost)?;
            declared(sources, &directory.join(&declaration.target), template, rest, depth + 1)
        }
        _ => Err(lost()),
    }
}

/// Rewrites the literal at `keys`, or inserts what is missing into the innermost object that exists.
fn set(file: &SourceFile, node: &Node, keys: &[&str], literal: &str) -> Result<Edit, Refusal> {
    let Some((key, below)) = keys.split_first() else { return Err(Refusal::new("the path is empty")) };
    let properties = match &node.shape {
        Shape::Loop(body) => return set(file, body, keys, literal),
        Shape::Object(properties, _) => properties,
        _ => return Err(Refusal::new("the object is made by an expression")),
    };
    let mut same = properties.iter().filter(|it| it.key.eq_ignore_ascii_case(key));
    match (same.next(), same.next()) {
        (Some(_), Some(_)) => Err(Refusal::new(format!("`{key}` is written twice"))),
        (Some(property), None) if below.is_empty() => {
            let written = file.slice(property.value.span).trim();
            if written == literal {
                Err(Refusal::new(format!("{} says so already: build the template again", file.shown())))
            } else if is_literal(written) {
                Ok(Edit::new(property.value.span, literal))
            } else {
                Err(Refusal::new(format!("it is computed: `{}`", written.lines().next().unwrap_or_default())))
            }
        }
        (Some(property), None) => set(file, &property.value, below, literal),
        (None, _) => insert(file, node, keys, literal),
    }
}

fn insert(file: &SourceFile, object: &Node, keys: &[&str], literal: &str) -> Result<Edit, Refusal> {
    let Shape::Object(properties, nested) = &object.shape else {
        return Err(Refusal::new("the object is made by an expression"));
    };
    let written = file.slice(object.span);
    if written.contains("...") {
        return Err(Refusal::new("the object takes over another one, which may set it"));
    }
    let newline = if file.text().contains("\r\n") { "\r\n" } else { "\n" };
    let indent = |at: u32| -> String {
        let before = file.text().get(..at as usize).unwrap_or("");
        let line = before.rsplit('\n').next().unwrap_or("");
        line.chars().take_while(|it| [' ', '\t'].contains(it)).collect()
    };
    let Some(last) = properties.last() else {
        let inside = written.trim_start_matches('{').trim_end_matches('}');
        if !nested.is_empty() || !inside.trim().is_empty() {
            return Err(Refusal::new("the object holds no property to stand beside"));
        }
        let outer = indent(object.span.start);
        let inner = format!("{outer}  ");
        let text = lines(keys, literal, &inner, newline);
        return Ok(Edit::new(object.span, format!("{{{newline}{inner}{text}{newline}{outer}}}")));
    };
    if !written.contains('\n') {
        let at = Span { start: last.span.end, ..last.span };
        return Ok(Edit::new(at, format!(", {}", one_line(keys, literal))));
    }
    let rest = file.text().get(last.span.end as usize..).unwrap_or("");
    let line = rest.lines().next().unwrap_or("").trim_end_matches('\r');
    if !(line.trim().is_empty() || line.trim_start().starts_with("//")) {
        return Err(Refusal::new("something else stands on the line of the last property"));
    }
    let at = last.span.end.saturating_add(u32::try_from(line.len()).unwrap_or(0));
    let inner = indent(last.span.start);
    let text = lines(keys, literal, &inner, newline);
    Ok(Edit::new(Span { start: at, end: at, ..last.span }, format!("{newline}{inner}{text}")))
}

/// `a: {` and so on, a line each.
fn lines(keys: &[&str], literal: &str, indent: &str, newline: &str) -> String {
    match keys {
        [] => literal.to_owned(),
        [key] => format!("{}: {literal}", name(key)),
        [key, below @ ..] => {
            let inner = format!("{indent}  ");
            let inside = lines(below, literal, &inner, newline);
            format!("{}: {{{newline}{inner}{inside}{newline}{indent}}}", name(key))
        }
    }
}

fn one_line(keys: &[&str], literal: &str) -> String {
    match keys {
        [] => literal.to_owned(),
        [key] => format!("{}: {literal}", name(key)),
        [key, below @ ..] => format!("{}: {{ {} }}", name(key), one_line(below, literal)),
    }
}

/// A key as Bicep writes it.
fn name(key: &str) -> String {
    let plain = key.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
        && key.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    if plain { key.to_owned() } else { format!("'{key}'") }
}

/// A text that is the same wherever it stands.
fn is_literal(written: &str) -> bool {
    let quoted = written.strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
    matches!(written, "true" | "false" | "null")
        || (!written.is_empty() && written.bytes().all(|it| it.is_ascii_digit()))
        || quoted.is_some_and(|it| !it.contains(['\'', '\n', '$', '\\']))
}

/// A value as Bicep writes it.
fn literal(value: &Value) -> Result<String, Refusal> {
    match &value.kind {
        ValueKind::Bool(it) => Ok(it.to_string()),
        ValueKind::Number(it) => Ok(it.to_string()),
        ValueKind::String(it) if !it.contains(['\'', '\n', '$', '\\']) => Ok(format!("'{it}'")),
        _ => Err(Refusal::new("the value cannot be written as a literal")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, edit};
    use crate::edit::apply;
    use crate::parse::json;
    use crate::source::SourceMap;

    const BUILT: &str = r#"{ "metadata": { "_generator": { "name": "bicep", "version": "1", "templateHash": "1" } }, "resources": [
        { "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "logs", "properties": {} } ] }"#;

    fn fixed(bicep: &str, keys: &[&str], value: &Value) -> Result<String, String> {
        let mut sources = SourceMap::default();
        let template = sources.add("main.json", "main.json", BUILT);
        sources.add("main.bicep", "main.bicep", bicep);
        let root = json::parse(template, BUILT).0.unwrap().root;
        let resource = root.as_object().unwrap().value("resources").unwrap().as_array().unwrap().items[0].span;
        let file = sources.get(template).unwrap();
        let edit = edit(&sources, file, &root, resource, keys, value).map_err(|it| it.0)?;
        Ok(apply(bicep, [&edit]).unwrap())
    }

    fn https(bicep: &str) -> Result<String, String> {
        let span = crate::source::Span::new(crate::source::FileId(0), 0, 0);
        fixed(bicep, &["properties", "supportsHttpsTrafficOnly"], &Value::new(true, span))
    }

    #[test]
    fn a_property_is_rewritten_or_inserted_where_its_neighbours_stand() {
        let around = |body: &str| {
            format!(
                "// head\nresource a 'Microsoft.Storage/storageAccounts@2023-05-01' = {{\n  name: 'logs' // the name\n{body}}}\n"
            )
        };
        let cases = [
            (
                "  properties: {\n    supportsHttpsTrafficOnly: false // why\n  }\n",
                "  properties: {\n    supportsHttpsTrafficOnly: true // why\n  }\n",
            ),
            (
                "  properties: {\n    a: 'b' // c\n  }\n",
                "  properties: {\n    a: 'b' // c\n    supportsHttpsTrafficOnly: true\n  }\n",
            ),
            ("  properties: { a: 'b' }\n", "  properties: { a: 'b', supportsHttpsTrafficOnly: true }\n"),
            ("  properties: {}\n", "  properties: {\n    supportsHttpsTrafficOnly: true\n  }\n"),
            ("", "  properties: {\n    supportsHttpsTrafficOnly: true\n  }\n"),
        ];
        for (before, after) in cases {
            assert_eq!(https(&around(before)), Ok(around(after)), "{before}");
        }
        for computed in [
            "  properties: union(a, { b: 1 })\n",
            "  properties: {\n    supportsHttpsTrafficOnly: https\n  }\n",
            "  properties: {\n    ...more\n    a: 1\n  }\n",
        ] {
            assert!(https(&around(computed)).is_err(), "{computed}");
        }
    }

    #[test]
    fn a_template_that_was_built_from_another_text_is_refused() {
        let other = "resource a 'Microsoft.KeyVault/vaults@2023-07-01' = {\n  name: 'logs'\n}\n";
        let refused = https(other).unwrap_err();
        assert!(refused.contains("build it first") || refused.contains("was not found"), "{refused}");
    }
}
