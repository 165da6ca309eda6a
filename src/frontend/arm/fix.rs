//! A change of the model as edits of a JSON template: the path leads through the resource's own object.
//!
//! In: a resource, what must change of it, the texts of the run. Out: a [`Proposal`], or why there is none. A setting is
//! rewritten where its literal stands, or inserted after its neighbours in their layout; every other byte stays.
//! Of a template that Bicep wrote the source is edited: it is what people edit.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::{bicep, element};
use crate::edit::{Edit, Proposal, Refusal};
use crate::model::{Lookup, Op, PathSegment, Wanted};
use crate::parse::json::{self, Document};
use crate::source::{FileId, SourceFile, SourceMap, Span};
use crate::value::{Entry, Object, Step, StepKind, Value, ValueKind};

/// The JSON texts of a run, each parsed once and only when it is to be edited.
#[derive(Debug)]
pub struct Documents<'s> {
    sources: &'s SourceMap,
    parsed: RefCell<FxHashMap<FileId, Option<Rc<Document>>>>,
}

impl<'s> Documents<'s> {
    /// The documents of these texts.
    pub fn new(sources: &'s SourceMap) -> Self {
        Self { sources, parsed: RefCell::default() }
    }

    /// The texts.
    pub(super) const fn sources(&self) -> &'s SourceMap {
        self.sources
    }

    /// A text and its tree.
    pub(super) fn tree(&self, id: FileId) -> Result<(&'s SourceFile, Rc<Document>), Refusal> {
        self.get(id).map(|text| (text.source, text.document))
    }

    fn get(&self, id: FileId) -> Result<Text<'s>, Refusal> {
        let Some(source) = self.sources.get(id) else { return Err(Refusal::new("nobody wrote this setting")) };
        if source
            .path()
            .extension()
            .is_none_or(|it| !it.eq_ignore_ascii_case("json") && !it.eq_ignore_ascii_case("jsonc"))
        {
            return Err(Refusal::new("the value does not come from a template"));
        }
        let mut parsed = self.parsed.borrow_mut();
        let document = parsed.entry(id).or_insert_with(|| {
            let (document, diagnostics) = json::parse(id, source.text());
            document.filter(|_| diagnostics.is_empty()).map(Rc::new)
        });
        let document = document.clone().ok_or_else(|| Refusal::new(format!("{} has syntax errors", source.shown())))?;
        Ok(Text { source, document })
    }
}

/// The edits that make all of `wanted` to resources of templates.
pub fn propose(documents: &Documents<'_>, wanted: &[Wanted<'_>]) -> Result<Proposal, Refusal> {
    let mut proposal = Proposal::default();
    for one in wanted {
        let edited = change(documents, one)?;
        let template = documents.get(one.resource.span.file)?;
        let is_built = |text: &Text<'_>| text.document.root.as_object().is_some_and(bicep::is_built);
        if is_built(&template) {
            proposal.join(in_source(documents, &template, one, edited)?)?;
            continue;
        }
        for edit in &edited.edits {
            let text = documents.get(edit.span.file)?;
            if is_built(&text) {
                let shown = text.source.shown();
                return Err(Refusal::new(format!("{shown} is built from Bicep: the fix belongs into its source")));
            }
        }
        proposal.join(edited)?;
    }
    Ok(proposal)
}

/// What is said of a template that Bicep has built, as an edit of its source; the template's own edit is for trying it out.
fn in_source(
    documents: &Documents<'_>,
    template: &Text<'_>,
    wanted: &Wanted<'_>,
    edited: Proposal,
) -> Result<Proposal, Refusal> {
    let Wanted { resource, change, .. } = wanted;
    let keys: Option<Vec<&str>> = change.path.segments().iter().map(key).collect();
    let (Op::Set(value), Some(keys)) = (&change.op, keys) else {
        return Err(Refusal::new("this change of a Bicep source is not made"));
    };
    if edited.edits.iter().any(|it| !resource.span.contains(it.span)) {
        return Err(Refusal::new("the value comes from elsewhere in the Bicep source"));
    }
    let root = &template.document.root;
    let edit = bicep::fix::edit(documents.sources, template.source, root, resource.span, &keys, value)?;
    let mut cautions = edited.cautions;
    cautions.push(format!("{} has to be built again from its source", template.source.shown()));
    Ok(Proposal { source: vec![edit], cautions, ..edited })
}

fn change(documents: &Documents<'_>, wanted: &Wanted<'_>) -> Result<Proposal, Refusal> {
    let Wanted { resource, missing, change } = wanted;
    if let Some(child) = missing {
        return Err(Refusal::new(format!("{} is not declared", child.resource_type)));
    }
    let current = match resource.lookup(&change.path) {
        Lookup::Found(value, _) => Some(value).filter(|it| it.default_of().is_none()),
        Lookup::Absent { .. } => None,
        Lookup::Unknown(..) => return Err(Refusal::new("what is written there cannot be told")),
    };
    let text = documents.get(resource.span.file)?;
    let Some(object) = text.object_at(resource.span) else {
        return Err(Refusal::new("the resource is not written as an object of its own"));
    };
    let segments = change.path.segments();
    let element = segments.iter().rposition(|it| matches!(it, PathSegment::Index(_)));
    let (above, below) = segments.split_at(element.map_or(0, |at| at.saturating_add(1)));
    let object = match (above, &change.op) {
        ([], _) => object,
        (_, op) => {
            let Lookup::Found(element, _) = resource.lookup(&above.iter().cloned().collect()) else {
                return Err(Refusal::new("the element is not written here"));
            };
            if below.is_empty() && *op == Op::Remove {
                return element::remove(&text.document.root, text.source, element.span).map(Proposal::from);
            }
            let found = text.object_at(element.span).filter(|_| element.span.file == resource.span.file);
            found.ok_or_else(|| Refusal::new("the element is not written here"))?
        }
    };
    let keys: Option<Vec<&str>> = below.iter().map(key).collect();
    let Some(keys) = keys else { return Err(Refusal::new("this element is not edited")) };
    match (&change.op, text.descend(object, &keys)?) {
        (Op::Set(value), Reached::Entry(entry)) => rewrite(documents, &text, &entry.value, current, &literal(value)?),
        (Op::Set(value), Reached::Object(at, rest)) => match current {
            // It stands elsewhere: a child resource that is merged into this one.
            Some(current) => {
                let text = documents.get(current.span.file)?;
                let Some(written) = text.value_at(current.span) else {
                    return Err(Refusal::new("the setting is not written here"));
                };
                rewrite(documents, &text, &written, Some(current), &literal(value)?)
            }
            None => Ok(text.insert(at, rest, value)?.into()),
        },
        (Op::Remove, Reached::Entry(entry)) => Ok(text.remove(entry).into()),
        (Op::Remove, Reached::Object(..)) => Err(Refusal::new("the setting is not written here")),
    }
}

/// Changes a literal, there or where the expression takes it from.
fn rewrite(
    documents: &Documents<'_>,
    text: &Text<'_>,
    written: &Value,
    current: Option<&Value>,
    literal: &str,
) -> Result<Proposal, Refusal> {
    if is_literal(written) {
        return Ok(vec![Edit::new(written.span, literal)].into());
    }
    let step = current.and_then(|it| it.steps().last());
    let Some(step) = step.filter(|_| is_reference(written)) else {
        let shown = text.source.slice(written.span).lines().next().unwrap_or_default();
        return Err(Refusal::new(format!("it is computed: `{shown}`")));
    };
    let origin = documents.get(step.span.file)?;
    let Some(value) = origin.value_at(step.span).filter(is_literal) else {
        return Err(Refusal::new(format!("the value is computed: {}", step.kind.describe())));
    };
    if current.is_some_and(|it| it.kind != value.kind) {
        return Err(Refusal::new(format!("the value is changed on its way: {}", step.kind.describe())));
    }
    let cautions = vec![caution(step).to_owned()];
    Ok(Proposal { edits: vec![Edit::new(value.span, literal)], cautions, ..Proposal::default() })
}

fn caution(step: &Step) -> &'static str {
    match step.kind {
        StepKind::VariableDefault => "changes the default of a parameter, for everything that uses it",
        StepKind::VariableFile => "changes a value of a parameters file, for everything that uses it",
        StepKind::ModuleArgument => "changes what a nested deployment is given, for everything that uses it there",
        StepKind::Local => "changes a variable, for everything that uses it",
        StepKind::Output | StepKind::Each | StepKind::Patch | StepKind::Resource => {
            "changes a place that others may use"
        }
    }
}

/// How far a path leads into an object.
enum Reached<'d, 'k> {
    Entry(&'d Entry),
    /// The innermost object that exists, and the keys that it lacks.
    Object(&'d Value, &'k [&'k str]),
}

/// One text and its tree.
struct Text<'s> {
    source: &'s SourceFile,
    document: Rc<Document>,
}

impl Text<'_> {
    fn object_at(&self, span: Span) -> Option<&Value> {
        find(&self.document.root, span).filter(|it| it.as_object().is_some())
    }

    fn value_at(&self, span: Span) -> Option<Value> {
        find(&self.document.root, span).cloned()
    }

    fn descend<'d, 'k>(&'d self, object: &'d Value, keys: &'k [&'k str]) -> Result<Reached<'d, 'k>, Refusal> {
        let mut at = object;
        for (depth, key) in keys.iter().enumerate() {
            let Some(here) = at.as_object() else {
                let shown = self.source.slice(at.span).lines().next().unwrap_or_default();
                return Err(Refusal::new(format!("it is computed: `{shown}`")));
            };
            let mut entries = here.entries.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
            let (entry, again) = (entries.next(), entries.next());
            if again.is_some() {
                return Err(Refusal::new(format!("`{key}` is written twice")));
            }
            let rest = keys.get(depth..).unwrap_or(&[]);
            let Some((_, entry)) = entry else { return Ok(Reached::Object(at, rest)) };
            if rest.len() == 1 {
                return Ok(Reached::Entry(entry));
            }
            at = &entry.value;
        }
        Err(Refusal::new("the path is empty"))
    }

    /// Writes `keys: value` as the last entry of an object.
    fn insert(&self, object: &Value, keys: &[&str], value: &Value) -> Result<Vec<Edit>, Refusal> {
        let text = &**self.source.text();
        let (open, close) = (object.span.start as usize, (object.span.end as usize).saturating_sub(1));
        let inner = text.get(open..close).unwrap_or("");
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let unit = unit(text);
        let entries = object.as_object().map(|it| &it.entries);
        let last = entries.and_then(|it| it.values().max_by_key(|it| it.key_span.start));
        // `{}` opens up, unless the whole text is one line.
        let in_one_line = !inner.contains('\n') && (last.is_some() || !text.contains('\n'));
        let base = indent_of(text, open);
        let Some(last) = last else {
            if in_one_line {
                let entry = written(keys, value, None)?;
                return Ok(vec![Edit::new(between(object.span, open + 1, close), format!(" {entry} "))]);
            }
            let indent = format!("{base}{unit}");
            let entry = written(keys, value, Some((&indent, unit, newline)))?;
            return Ok(vec![Edit::new(
                between(object.span, open + 1, close),
                format!("{newline}{indent}{entry}{newline}{base}"),
            )]);
        };
        let end = last.value.span.end as usize;
        if in_one_line {
            return Ok(vec![Edit::new(between(object.span, end, end), format!(", {}", written(keys, value, None)?))]);
        }
        let indent = indent_of(text, last.key_span.start as usize).to_owned();
        let entry = written(keys, value, Some((&indent, unit, newline)))?;
        let after = text.get(end..close).unwrap_or("");
        let trailing = after.trim_start().starts_with(',');
        // A comment behind the last entry stays with it.
        let line = after.split('\n').next().unwrap_or("");
        let line = line.strip_suffix('\r').unwrap_or(line);
        let comment_goes_on = line.rfind("/*").is_some_and(|at| !line.get(at..).unwrap_or("").contains("*/"));
        let mut at = if after.contains('\n') && !comment_goes_on { end + line.len() } else { end };
        if trailing && at == end {
            at = end + after.find(',').map_or(0, |comma| comma + 1);
        }
        let (here, there) = (between(object.span, end, end), between(object.span, at, at));
        let entry = format!("{newline}{indent}{entry}");
        Ok(match (trailing, at == end) {
            (true, _) => vec![Edit::new(there, format!("{entry},"))],
            (false, true) => vec![Edit::new(here, format!(",{entry}"))],
            (false, false) => vec![Edit::new(here, ","), Edit::new(there, entry)],
        })
    }

    /// Takes an entry and its comma out, with its line when it has one of its own.
    fn remove(&self, entry: &Entry) -> Vec<Edit> {
        let text = &**self.source.text();
        let (start, end) = (entry.key_span.start as usize, entry.value.span.end as usize);
        let after = text.get(end..).unwrap_or("");
        let blank = after.len() - after.trim_start().len();
        let before = text.get(..start).unwrap_or("");
        let (mut from, mut to) = (start, end);
        if after.trim_start().starts_with(',') {
            to = end + blank + 1;
        } else if let Some(kept) = before.trim_end().strip_suffix(',') {
            from = kept.len();
        }
        if from == start {
            let line = before.rfind('\n').map_or(0, |at| at + 1);
            let rest = text.get(to..).unwrap_or("");
            let tail = rest.split('\n').next().unwrap_or("");
            if before.get(line..).is_some_and(|it| it.trim().is_empty())
                && tail.trim().is_empty()
                && rest.contains('\n')
            {
                (from, to) = (line, to + tail.len() + 1);
            }
        }
        vec![Edit::new(between(entry.key_span, from, to), "")]
    }
}

/// An entry as text, nested objects included; on one line without a layout.
fn written(keys: &[&str], value: &Value, layout: Option<(&str, &str, &str)>) -> Result<String, Refusal> {
    let Some((key, below)) = keys.split_first() else { return Err(Refusal::new("the path is empty")) };
    if below.is_empty() {
        return Ok(format!("\"{key}\": {}", literal(value)?));
    }
    Ok(match layout {
        None => format!("\"{key}\": {{ {} }}", written(below, value, None)?),
        Some((indent, unit, newline)) => {
            let inner = format!("{indent}{unit}");
            let nested = written(below, value, Some((&inner, unit, newline)))?;
            format!("\"{key}\": {{{newline}{inner}{nested}{newline}{indent}}}")
        }
    })
}

fn literal(value: &Value) -> Result<String, Refusal> {
    let text = |text: &str| serde_json::to_string(text).ok().filter(|_| !text.starts_with('['));
    let written = match &value.kind {
        ValueKind::Bool(it) => Some(it.to_string()),
        ValueKind::Number(it) => Some(it.to_string()),
        ValueKind::String(it) => text(it),
        ValueKind::Array(array) => {
            let items: Result<Vec<String>, Refusal> = array.items.iter().map(literal).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        _ => None,
    };
    written.ok_or_else(|| Refusal::new("the value cannot be written as a literal"))
}

/// True of what stands for itself: no expression, nothing with one inside.
fn is_literal(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Bool(_) | ValueKind::Number(_) | ValueKind::Null => true,
        ValueKind::String(text) => !text.starts_with('[') || text.starts_with("[["),
        ValueKind::Array(array) => array.items.iter().all(is_literal),
        ValueKind::Object(_) | ValueKind::Unknown(_) => false,
    }
}

/// True of an expression that is one parameter or variable as it is.
fn is_reference(value: &Value) -> bool {
    let inner = value.as_str().and_then(|it| it.strip_prefix('[')?.strip_suffix(']'));
    let call = inner.and_then(|it| it.trim().strip_suffix(')')?.split_once('('));
    call.is_some_and(|(function, argument)| {
        let name = argument.trim().strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
        ["parameters", "variables"].iter().any(|it| function.trim().eq_ignore_ascii_case(it))
            && name.is_some_and(|it| !it.contains(['\'', '(', ')']))
    })
}

/// The value that stands at exactly this place.
fn find(value: &Value, span: Span) -> Option<&Value> {
    if value.span == span {
        return Some(value);
    }
    let inside = |it: &&Value| it.span.contains(span);
    match &value.kind {
        ValueKind::Object(object) => find_in(object, span),
        ValueKind::Array(array) => array.items.iter().find(inside).and_then(|it| find(it, span)),
        _ => None,
    }
}

fn find_in(object: &Object, span: Span) -> Option<&Value> {
    object.entries.values().map(|it| &it.value).find(|it| it.span.contains(span)).and_then(|it| find(it, span))
}

fn key(segment: &PathSegment) -> Option<&str> {
    match segment {
        PathSegment::Key(key) => Some(key),
        _ => None,
    }
}

/// A place in the same file.
fn between(of: Span, start: usize, end: usize) -> Span {
    let offset = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    Span::new(of.file, offset(start), offset(end))
}

/// The blanks that a line starts with.
fn indent_of(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or("");
    let line = before.rsplit('\n').next().unwrap_or("");
    line.get(..line.len() - line.trim_start().len()).unwrap_or("")
}

/// One step of indentation, as the text has it.
fn unit(text: &str) -> &str {
    let indented = text.lines().find(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty());
    indented.map_or("  ", |line| line.get(..line.len() - line.trim_start().len()).unwrap_or("  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit;

    /// What becomes of the object `o` of a text.
    fn edited(before: &str, edits: impl Fn(&Text<'_>, &Value) -> Vec<Edit>) -> String {
        let mut sources = SourceMap::default();
        let id = sources.add("a.json", "a.json", before);
        let documents = Documents::new(&sources);
        let text = documents.get(id).unwrap();
        let root = text.document.root.as_object().unwrap();
        edit::apply(before, &edits(&text, root.value("o").unwrap())).unwrap()
    }

    #[test]
    fn an_entry_is_written_as_its_neighbours_are() {
        let value = Value::new(true, Span::new(FileId(0), 0, 0));
        let cases: [(&str, &[&str], &str); 9] = [
            ("{\"o\": { \"a\": 1 }}", &["b"], "{\"o\": { \"a\": 1, \"b\": true }}"),
            ("{\"o\": {}}", &["b"], "{\"o\": { \"b\": true }}"),
            ("{\"o\": {}}", &["b", "c"], "{\"o\": { \"b\": { \"c\": true } }}"),
            ("{\n  \"o\": {}\n}\n", &["b"], "{\n  \"o\": {\n    \"b\": true\n  }\n}\n"),
            ("{\n\t\"o\": {\n\t\t\"a\": 1\n\t}\n}", &["b"], "{\n\t\"o\": {\n\t\t\"a\": 1,\n\t\t\"b\": true\n\t}\n}"),
            (
                "{\r\n  \"o\": {\r\n    \"a\": 1\r\n  }\r\n}",
                &["b"],
                "{\r\n  \"o\": {\r\n    \"a\": 1,\r\n    \"b\": true\r\n  }\r\n}",
            ),
            (
                "{\n  \"o\": {\n    \"a\": 1 // one\n  }\n}",
                &["b"],
                "{\n  \"o\": {\n    \"a\": 1, // one\n    \"b\": true\n  }\n}",
            ),
            (
                "{\n  \"o\": {\n    \"a\": 1, // one\n  }\n}",
                &["b"],
                "{\n  \"o\": {\n    \"a\": 1, // one\n    \"b\": true,\n  }\n}",
            ),
            (
                "{\n  \"o\": {\n    \"a\": 1 /* one\n */\n  }\n}",
                &["b"],
                "{\n  \"o\": {\n    \"a\": 1,\n    \"b\": true /* one\n */\n  }\n}",
            ),
        ];
        for (before, keys, after) in cases {
            assert_eq!(edited(before, |text, object| text.insert(object, keys, &value).unwrap()), after, "{before}");
        }
    }

    #[test]
    fn an_entry_goes_with_its_comma_and_its_line() {
        let cases = [
            ("{\"o\": { \"a\": 1 }}", "{\"o\": {  }}"),
            ("{\"o\": { \"a\": 1, \"b\": 2 }}", "{\"o\": {  \"b\": 2 }}"),
            ("{\"o\": { \"b\": 2, \"a\": 1 }}", "{\"o\": { \"b\": 2 }}"),
            ("{\n  \"o\": {\n    \"a\": 1,\n    \"b\": 2\n  }\n}", "{\n  \"o\": {\n    \"b\": 2\n  }\n}"),
            ("{\n  \"o\": {\n    \"b\": 2,\n    \"a\": 1\n  }\n}", "{\n  \"o\": {\n    \"b\": 2\n  }\n}"),
        ];
        for (before, after) in cases {
            let remove = |text: &Text<'_>, object: &Value| text.remove(object.as_object().unwrap().get("a").unwrap());
            assert_eq!(edited(before, remove), after, "{before}");
        }
    }

    #[test]
    fn only_a_reference_by_itself_hands_a_value_on() {
        let text = |it: &str| Value::new(it, Span::new(FileId(0), 0, 0));
        let references = [
            "[parameters('a')]",
            "[ variables('a') ]",
            "[concat('a', 'b')]",
            "[parameters('a').b]",
            "[not(parameters('a'))]",
        ];
        assert_eq!(references.map(|it| is_reference(&text(it))), [true, true, false, false, false]);
    }
}
