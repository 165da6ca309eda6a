//! Compiles a mapping file: paths split, `[*]` given to the block that repeats, coverage collected.
//!
//! In: the file as JSON. Out: [`Mapping`], or every error in it. Knows no instance.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::align::align;
use super::functions::{self, Function};
use super::read::Errors;
use super::transform::{Format, Majors};
use crate::model::{Coverage, PathSegment, PropertyPath, ResourceType};

/// A compiled mapping file.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// The ARM type; of a patch: the type patched.
    pub(crate) arm: ResourceType,
    /// The API version whose service defaults hold.
    pub(crate) api: Option<Arc<str>>,
    /// Where the ARM name comes from, when not from `name`.
    pub(crate) name: Option<Naming>,
    /// How the parent is named; the first form that is written holds.
    pub(crate) parent: Vec<Anchor>,
    /// The argument with the id of the resource extended.
    pub(crate) scope: Option<Vec<Arc<str>>>,
    /// How the resource that this declaration is part of is named.
    pub(crate) patch: Vec<Anchor>,
    /// Further resources that the declaration makes.
    pub(crate) children: Vec<Child>,
    /// The paths that the own body speaks for.
    pub(crate) coverage: Arc<Coverage>,
    pub(super) set: Vec<(Vec<Arc<str>>, Json)>,
    pub(super) fills: Vec<Fill>,
}

/// A name: a literal, or an argument that holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Naming {
    /// `=default`
    Literal(Arc<str>),
    /// The path of an argument.
    Argument(Vec<Arc<str>>),
}

/// How a declaration names another resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Anchor {
    /// The argument that holds its id.
    Id(Vec<Arc<str>>),
    /// One name a type segment, outermost first.
    Names(Vec<Naming>),
}

/// A further resource of a declaration.
#[derive(Debug)]
pub(crate) struct Child {
    /// The word that attributes call it by.
    pub(crate) key: Arc<str>,
    /// Its ARM type.
    pub(crate) arm: ResourceType,
    /// Its name.
    pub(crate) name: Naming,
    /// When it exists.
    pub(crate) when: When,
    /// The paths it speaks for.
    pub(crate) coverage: Arc<Coverage>,
}

/// When a child exists.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum When {
    /// Always.
    Always,
    /// When something of it is written.
    Written,
    /// When this block or argument is written.
    Block(Vec<Arc<str>>),
}

/// One argument filling one property.
#[derive(Debug)]
pub(super) struct Fill {
    pub(super) child: Option<usize>,
    pub(super) target: Vec<Segment>,
    /// Former places first, the present one last.
    pub(super) sources: Vec<Source>,
    pub(super) default: Option<Majors>,
    pub(super) always: bool,
    pub(super) present: Option<Json>,
    pub(super) absent: Option<Json>,
    pub(super) each: Option<Json>,
    pub(super) format: Option<Format>,
    pub(super) scale: Option<f64>,
    pub(super) function: Option<Function>,
    /// How the function is undone, when it can be.
    pub(super) inverse: Option<Inverse>,
}

/// How a function is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inverse {
    /// It joined the elements of a list.
    Split,
    /// It made a text of a boolean or number.
    Untext,
}

impl Inverse {
    fn of(function: &str) -> Option<Self> {
        match function {
            "join_comma" | "join_plain_comma" | "join_semicolon" => Some(Self::Split),
            "to_text" => Some(Self::Untext),
            _ => None,
        }
    }
}

/// A step of a target path.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Segment {
    Key(Arc<str>),
    Each,
}

/// A place where the argument may be written.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) blocks: Vec<Arc<str>>,
    /// The present name and former ones in the same block.
    pub(super) names: Vec<Name>,
    /// For each `[*]` of the target: the block whose repetitions it stands for; `blocks.len()` is the argument itself,
    /// [`DECLARATION`] the whole declaration.
    pub(super) stars: Vec<usize>,
    /// For each segment of the target but the last: the block whose header is its place.
    pub(super) headers: Vec<Option<usize>>,
}

/// The owner of a `[*]` of which the whole declaration is one element.
pub(super) const DECLARATION: usize = usize::MAX;

/// A name of the argument, with its own spelling of the values.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) argument: Arc<str>,
    pub(super) values: Option<Map<String, Json>>,
}

const TOP: &[&str] = &[
    "terraform",
    "ansible",
    "az",
    "arm",
    "api",
    "source",
    "extends",
    "name",
    "parent",
    "scope",
    "patch",
    "set",
    "complete",
    "children",
    "attributes",
];
const SPEC: &[&str] =
    &["to", "child", "values", "default", "always", "was", "present", "absent", "each", "format", "scale", "function"];
/// What a resource body can have at its root.
const ROOTS: &[&str] = &[
    "properties",
    "sku",
    "kind",
    "identity",
    "tags",
    "zones",
    "location",
    "name",
    "plan",
    "extendedLocation",
    "managedBy",
    "placement",
];
/// Read for every type without being written.
const COMMON: &[&str] = &["name", "location", "tags", "identity", "zones", "apiVersion", "reveals"];

/// Compiles a file whose `extends` is resolved.
pub(super) fn compile(name: &str, file: &Json) -> Result<Mapping, Vec<String>> {
    let mut errors = Errors::default();
    let Some(top) = errors.object("the file", file, TOP) else { return Err(errors.found) };
    if top.get("terraform").or_else(|| top.get("ansible")).or_else(|| top.get("az")).and_then(Json::as_str)
        != Some(name)
    {
        errors.add(format!("`terraform` must be the file's name, `{name}`"));
    }
    let arm = top.get("arm").and_then(Json::as_str).unwrap_or_default();
    if !arm.contains('/') {
        errors.add("`arm` must be an ARM type such as `Microsoft.Storage/storageAccounts`");
    }
    let is_patch = top.contains_key("patch");
    let mut children = read_children(&mut errors, top, is_patch);
    let mut fills = read_fills(&mut errors, top, &children);
    align(&mut errors, &mut fills);
    let set = read_set(&mut errors, top);
    let mut coverage = base_coverage(is_patch);
    for (path, _) in &set {
        coverage.add(&path.iter().cloned().map(PathSegment::Key).collect());
    }
    read_complete(&mut errors, "the file", top, &mut coverage);
    cover(&fills, &mut coverage, &mut children);
    let text = |key: &str| top.get(key).and_then(Json::as_str);
    let mapping = Mapping {
        arm: ResourceType::new(arm),
        api: text("api").map(Into::into),
        name: text("name").map(naming),
        parent: anchors(&mut errors, "parent", top.get("parent")),
        scope: text("scope").map(argument_path),
        patch: anchors(&mut errors, "patch", top.get("patch")),
        children,
        coverage: Arc::new(coverage),
        set,
        fills,
    };
    if errors.found.is_empty() { Ok(mapping) } else { Err(errors.found) }
}

/// A patch speaks for what it sets only: its own arguments say nothing of the target's tags or place.
fn base_coverage(is_patch: bool) -> Coverage {
    let mut coverage = Coverage::none();
    for key in COMMON.iter().filter(|key| !is_patch || **key == "reveals") {
        coverage.add(&PropertyPath::parse(key));
    }
    coverage
}

fn read_complete(errors: &mut Errors, what: &str, map: &Map<String, Json>, coverage: &mut Coverage) {
    let what = format!("{what}: complete");
    for path in map.get("complete").and_then(Json::as_array).into_iter().flatten() {
        let text = errors.text(&what, path).unwrap_or_default();
        if target(errors, &what, text).is_some() {
            coverage.add(&PropertyPath::parse(text));
        }
    }
}

fn cover(fills: &[Fill], own: &mut Coverage, children: &mut [Child]) {
    for fill in fills {
        let path: PropertyPath = fill
            .target
            .iter()
            .map(|segment| match segment {
                Segment::Key(key) => PathSegment::Key(key.clone()),
                Segment::Each => PathSegment::Each,
            })
            .collect();
        match fill.child.map(|at| children.get_mut(at)) {
            None => own.add(&path),
            Some(Some(child)) => Arc::make_mut(&mut child.coverage).add(&path),
            Some(None) => {}
        }
    }
}

fn read_children(errors: &mut Errors, top: &Map<String, Json>, is_patch: bool) -> Vec<Child> {
    let mut children = Vec::new();
    for (key, json) in errors.map("children", top.get("children")).into_iter().flatten() {
        let what = format!("children.{key}");
        let Some(map) = errors.object(&what, json, &["arm", "name", "when", "complete"]) else { continue };
        let arm = map.get("arm").and_then(Json::as_str).unwrap_or_default();
        if !arm.contains('/') {
            errors.add(format!("{what}: `arm` must be an ARM type"));
        }
        let when = match map.get("when").and_then(Json::as_str) {
            None => When::Always,
            Some("block") => When::Written,
            Some(block) => When::Block(argument_path(block)),
        };
        // A child's plain `name` is a literal: there is seldom an argument for it.
        let name = match map.get("name").and_then(Json::as_str) {
            Some(name) if name.starts_with('{') => {
                Naming::Argument(argument_path(name.trim_matches(['{', '}'].as_slice())))
            }
            Some(name) => Naming::Literal(name.trim_start_matches('=').into()),
            None => Naming::Literal("default".into()),
        };
        let mut coverage = base_coverage(is_patch);
        read_complete(errors, &what, map, &mut coverage);
        let coverage = Arc::new(coverage);
        children.push(Child { key: key.as_str().into(), arm: ResourceType::new(arm), name, when, coverage });
    }
    children
}

fn read_set(errors: &mut Errors, top: &Map<String, Json>) -> Vec<(Vec<Arc<str>>, Json)> {
    let mut set = Vec::new();
    for (path, value) in errors.map("set", top.get("set")).into_iter().flatten() {
        let segments = target(errors, "set", path).unwrap_or_default();
        if segments.contains(&Segment::Each) {
            errors.add(format!("set: `{path}` cannot have `[*]`"));
        }
        let keys = segments.into_iter().filter_map(|segment| match segment {
            Segment::Key(key) => Some(key),
            Segment::Each => None,
        });
        set.push((keys.collect(), value.clone()));
    }
    set
}

fn read_fills(errors: &mut Errors, top: &Map<String, Json>, children: &[Child]) -> Vec<Fill> {
    let mut fills = Vec::new();
    for (argument, json) in errors.map("attributes", top.get("attributes")).into_iter().flatten() {
        let specs = match json {
            Json::Array(specs) => specs.as_slice(),
            one => std::slice::from_ref(one),
        };
        for spec in specs {
            fills.extend(read_fill(errors, argument, spec, children));
        }
    }
    fills
}

/// Every function that a template of elements names is there.
fn check_template(errors: &mut Errors, argument: &str, template: &Json) {
    match template {
        Json::String(text) => {
            if let Some(name) = text.strip_prefix("$ ").filter(|name| functions::find(name).is_none()) {
                errors.add(format!("{argument}: there is no function `{name}`"));
            }
        }
        Json::Array(items) => items.iter().for_each(|item| check_template(errors, argument, item)),
        Json::Object(map) => map.values().for_each(|item| check_template(errors, argument, item)),
        _ => {}
    }
}

fn read_fill(errors: &mut Errors, argument: &str, spec: &Json, children: &[Child]) -> Option<Fill> {
    let map = errors.object(argument, spec, SPEC)?;
    let to = map.get("to").and_then(Json::as_str).unwrap_or_default();
    let target = target(errors, argument, to)?;
    let child = map.get("child").and_then(Json::as_str).and_then(|key| {
        let found = children.iter().position(|child| &*child.key == key);
        if found.is_none() {
            errors.add(format!("{argument}: `child: {key}` is not in `children`"));
        }
        found
    });
    let function = map.get("function").and_then(Json::as_str).and_then(|name| {
        let found = functions::find(name);
        if found.is_none() {
            errors.add(format!("{argument}: there is no function `{name}`"));
        }
        found
    });
    if map.contains_key("absent") && !map.contains_key("present") && map.contains_key("default") {
        errors.add(format!("{argument}: `absent` and `default` say the same thing; keep one"));
    }
    let values = errors.map(argument, map.get("values"));
    let always = errors.flag(argument, map.get("always"));
    let default = map.get("default").map(|json| Majors::read(errors, argument, json));
    Some(Fill {
        child,
        target,
        sources: read_sources(errors, argument, values, map.get("was")),
        default,
        always,
        present: map.get("present").cloned(),
        absent: map.get("absent").cloned(),
        each: map.get("each").cloned().inspect(|template| check_template(errors, argument, template)),
        format: map.get("format").and_then(Json::as_str).map(Format::parse),
        scale: map.get("scale").and_then(Json::as_f64),
        function,
        inverse: map.get("function").and_then(Json::as_str).and_then(Inverse::of),
    })
}

/// The places of an argument: one a block path, the present one last.
fn read_sources(
    errors: &mut Errors,
    argument: &str,
    values: Option<&Map<String, Json>>,
    was: Option<&Json>,
) -> Vec<Source> {
    let mut named = vec![(argument_path(argument), values.cloned())];
    let former = match was {
        Some(Json::Array(former)) => former.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    for one in former {
        match one {
            Json::String(path) => named.push((argument_path(path), values.cloned())),
            Json::Object(_) => {
                let what = format!("{argument}: was");
                let Some(map) = errors.object(&what, one, &["name", "values"]) else { continue };
                let path = map.get("name").and_then(Json::as_str).unwrap_or_default();
                let own = errors.map(&what, map.get("values")).cloned();
                named.push((argument_path(path), own));
            }
            other => errors.add(format!("{argument}: was: expected a name, found {other}")),
        }
    }
    let mut sources: Vec<Source> = Vec::new();
    for (mut path, values) in named {
        if path.iter().any(|part| !is_argument(part)) {
            errors.add(format!("`{}` is not the path of an argument", path.join(".")));
        }
        let Some(argument) = path.pop() else { continue };
        let name = Name { argument, values };
        match sources.iter_mut().find(|source| source.blocks == path) {
            Some(source) => source.names.push(name),
            None => sources.push(Source { blocks: path, names: vec![name], stars: Vec::new(), headers: Vec::new() }),
        }
    }
    sources.reverse();
    sources
}

fn is_argument(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn argument_path(text: &str) -> Vec<Arc<str>> {
    text.split('.').map(Into::into).collect()
}

fn naming(text: &str) -> Naming {
    match text.strip_prefix('=') {
        Some(literal) => Naming::Literal(literal.into()),
        None => Naming::Argument(argument_path(text)),
    }
}

fn anchors(errors: &mut Errors, what: &str, json: Option<&Json>) -> Vec<Anchor> {
    let forms = match json {
        Some(Json::Array(forms)) => forms.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    forms.iter().filter_map(|form| anchor(errors, what, form)).collect()
}

fn anchor(errors: &mut Errors, what: &str, json: &Json) -> Option<Anchor> {
    match json {
        Json::String(argument) => Some(Anchor::Id(argument_path(argument))),
        Json::Object(_) => {
            let map = errors.object(what, json, &["names"])?;
            let names = map.get("names").and_then(Json::as_array).into_iter().flatten();
            Some(Anchor::Names(names.filter_map(Json::as_str).map(naming).collect()))
        }
        other => {
            errors.add(format!("{what}: expected an argument or `names`, found {other}"));
            None
        }
    }
}

fn target(errors: &mut Errors, what: &str, text: &str) -> Option<Vec<Segment>> {
    let path = PropertyPath::parse(text);
    let mut segments = Vec::new();
    for segment in path.segments() {
        match segment {
            PathSegment::Key(key) if !key.is_empty() && !key.contains(['*', ' ']) => {
                segments.push(Segment::Key(key.clone()));
            }
            PathSegment::Each if !segments.is_empty() => segments.push(Segment::Each),
            _ => {
                errors.add(format!("{what}: `{text}` is not an ARM path"));
                return None;
            }
        }
    }
    match segments.first() {
        Some(Segment::Key(root)) if ROOTS.contains(&root.as_ref()) => Some(segments),
        Some(_) => {
            errors.add(format!("{what}: `{text}` does not start with one of {}", ROOTS.join(", ")));
            None
        }
        None => {
            errors.add(format!("{what}: `to` is missing"));
            None
        }
    }
}
