//! Positions in the Bicep source of a compiled template: where the line stands that people edit.
//!
//! In: spans in templates that Bicep has built, and the `.bicep` files beside them. Out: for each span the place of the same
//! declaration or property in the source, modules followed. Nothing is compiled: what the reader does not find falls back to
//! the nearest place that it does find.

pub(super) mod fix;
mod path;
mod read;
mod scan;
mod stale;
mod unbuilt;

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::frontend::files::{Files, normalise};
use crate::source::{SourceMap, Span};
use crate::value::{Object, Value};
use path::Step;
use read::{Declaration, Kind, Node, Shape};

pub(super) use unbuilt::unbuilt;

/// The Bicep files that have been read, by path; nothing for those that could not be.
#[derive(Debug, Default)]
pub(super) struct Bicep {
    files: FxHashMap<PathBuf, Option<Vec<Declaration>>>,
    /// The source of each template that was asked for.
    sources: FxHashMap<PathBuf, Option<PathBuf>>,
}

/// What the reader needs to open a file.
pub(super) struct Reach<'r> {
    pub(super) files: &'r dyn Files,
    pub(super) sources: &'r mut SourceMap,
    /// Where sources lie that are not beside their templates.
    pub(super) root: Option<&'r Path>,
}

impl Bicep {
    /// The place in the source of a span of a template that lies at `template`.
    pub(super) fn place(&mut self, reach: &mut Reach<'_>, template: &Path, root: &Value, span: Span) -> Option<Span> {
        let source = self.source_of(reach, template, root)?;
        let steps = path::steps(root, span);
        self.in_template(reach, &source, root, &steps, 0)
    }

    /// Says so when the template was built from another text than the source that it has.
    pub(super) fn stale(&mut self, reach: &mut Reach<'_>, template: &Path, root: &Value) -> Option<Diagnostic> {
        let source = self.source_of(reach, template, root)?;
        let shown = reach.files.shown(&source);
        let (span, what) = stale::difference(self.declarations(reach, &source)?, root)?;
        let message = format!("this template was not built from `{shown}` as it is now: {what}");
        let told = Diagnostic::warning(Code::Invalid, span, message);
        Some(told.with_help("build it again; until then places in the Bicep source may be wrong"))
    }

    /// The source of a template that Bicep has built: of the same name beside it, or where [`Reach::root`] has the end of its
    /// path; else the `main.bicep` beside it, when that declares the same.
    pub(super) fn source_of(&mut self, reach: &mut Reach<'_>, template: &Path, root: &Value) -> Option<PathBuf> {
        if let Some(known) = self.sources.get(template) {
            return known.clone();
        }
        let found = root.as_object().is_some_and(is_built).then(|| self.find(reach, template, root)).flatten();
        self.sources.insert(template.to_path_buf(), found.clone());
        found
    }

    fn find(&mut self, reach: &mut Reach<'_>, template: &Path, root: &Value) -> Option<PathBuf> {
        let named = template.with_extension("bicep");
        if self.declarations(reach, &named).is_some() {
            return Some(named);
        }
        let parts: Vec<_> = named.components().collect();
        let tails = (0..parts.len()).filter_map(|from| Some(parts.get(from..)?.iter().collect::<PathBuf>()));
        let below = reach.root.map(|root| tails.map(|it| normalise(&root.join(it))).collect::<Vec<_>>());
        let mut existing: Vec<PathBuf> = Vec::new();
        for path in below.into_iter().flatten() {
            if self.declarations(reach, &path).is_some() {
                existing.push(path);
            }
        }
        let main = named.with_file_name("main.bicep");
        let fits = |it: &&PathBuf| match self.declarations(reach, it) {
            Some(declarations) => stale::difference(declarations, root).is_none(),
            None => false,
        };
        let found = existing.iter().chain([&main]).find(fits);
        found.or(existing.first()).cloned()
    }

    fn in_template(
        &mut self,
        reach: &mut Reach<'_>,
        source: &Path,
        template: &Value,
        steps: &[Step],
        depth: usize,
    ) -> Option<Span> {
        let [Step::Key(section), rest @ ..] = steps else { return None };
        let declarations = self.declarations(reach, source)?;
        let (name, rest) = match rest {
            [Step::Key(name), rest @ ..] => (Some(name.as_str()), rest),
            [Step::Index(_), rest @ ..] => (None, rest),
            _ => return None,
        };
        let kind = match section.as_str() {
            "parameters" => Kind::Parameter,
            "variables" => Kind::Variable,
            "outputs" => Kind::Output,
            "resources" => return self.in_resource(reach, source, template, steps, depth),
            _ => return None,
        };
        let declaration = declarations.iter().find(|it| it.kind == kind && Some(it.name.as_str()) == name)?;
        let inside = match (kind, rest) {
            (Kind::Parameter, [Step::Key(key), rest @ ..]) if key == "defaultValue" => rest,
            (Kind::Output, [Step::Key(key), rest @ ..]) if key == "value" => rest,
            (Kind::Variable, rest) => rest,
            _ => return Some(declaration.header),
        };
        Some(in_value(declaration, inside))
    }

    fn in_resource(
        &mut self,
        reach: &mut Reach<'_>,
        source: &Path,
        template: &Value,
        steps: &[Step],
        depth: usize,
    ) -> Option<Span> {
        let [_, which, rest @ ..] = steps else { return None };
        let resources = template.as_object()?.value("resources")?;
        let written = which.of(resources)?;
        let declarations = self.declarations(reach, source)?;
        let declaration = match which {
            Step::Key(symbol) => by_symbol(declarations, symbol)?,
            Step::Index(_) | Step::Branch(_) => by_shape(declarations, resources, written)?,
        };
        if declaration.kind == Kind::Module {
            let declaration = declaration.clone();
            return Some(self.in_module(reach, source, written, &declaration, rest, depth));
        }
        match rest {
            [Step::Key(key), ..] if key == "type" || key == "apiVersion" => Some(declaration.header),
            [Step::Key(key), ..] if key == "condition" => Some(declaration.condition.unwrap_or(declaration.header)),
            [] => Some(declaration.header),
            rest => Some(in_value(declaration, rest)),
        }
    }

    /// Into the file of a local module; a place inside a remote one is the module's declaration.
    fn in_module(
        &mut self,
        reach: &mut Reach<'_>,
        source: &Path,
        written: &Value,
        module: &Declaration,
        rest: &[Step],
        depth: usize,
    ) -> Span {
        match rest {
            [Step::Key(properties), Step::Key(template), rest @ ..]
                if properties == "properties" && template == "template" =>
            {
                let inner = written.as_object().and_then(|it| it.value("properties")).and_then(Value::as_object);
                let inner = inner.and_then(|it| it.value("template"));
                let is_file = Path::new(&module.target).extension().is_some_and(|it| it == "bicep");
                let local = is_file && !module.target.contains(':') && depth < 24;
                let path = source.parent().map(|it| normalise(&it.join(&module.target))).filter(|_| local);
                let found =
                    path.zip(inner).and_then(|(path, inner)| self.in_template(reach, &path, inner, rest, depth + 1));
                found.unwrap_or(module.header)
            }
            [Step::Key(properties), Step::Key(parameters), name, rest @ ..]
                if properties == "properties" && parameters == "parameters" =>
            {
                let value = matches!(rest, [Step::Key(key), ..] if key == "value");
                let steps: Vec<Step> = [Step::Key("params".into()), name.clone()]
                    .into_iter()
                    .chain(rest.iter().skip(usize::from(value)).cloned())
                    .collect();
                in_value(module, &steps)
            }
            [Step::Key(key), ..] if key == "condition" => module.condition.unwrap_or(module.header),
            [Step::Key(key), ..] if key == "name" => in_value(module, &[Step::Key("name".into())]),
            _ => module.header,
        }
    }

    /// The declarations of a file, read once.
    fn declarations(&mut self, reach: &mut Reach<'_>, path: &Path) -> Option<&[Declaration]> {
        if !self.files.contains_key(path) {
            let read = reach.files.read(path).ok().map(|text| {
                let id = reach.sources.add(path.to_path_buf(), reach.files.shown(path), text.clone());
                read::read(id, &text)
            });
            self.files.insert(path.to_path_buf(), read);
        }
        self.files.get(path)?.as_deref()
    }
}

/// The version of the compiler that built a template, and its hash of it.
pub(super) fn generator(template: &Object) -> Option<(&str, &str)> {
    let generator = template.value("metadata")?.as_object()?.value("_generator")?.as_object()?;
    Some((generator.value("version")?.as_str()?, generator.value("templateHash")?.as_str()?))
}

/// True for a template that the Bicep compiler wrote.
pub(super) fn is_built(template: &Object) -> bool {
    let generator =
        || template.value("metadata")?.as_object()?.value("_generator")?.as_object()?.value("name")?.as_str();
    generator().is_some_and(|name| name.eq_ignore_ascii_case("bicep"))
}

/// `account::blobs` is the resource `blobs` nested in `account`.
fn by_symbol<'d>(declarations: &'d [Declaration], symbol: &str) -> Option<&'d Declaration> {
    let mut parts = symbol.split("::");
    let first = parts.next()?;
    let is_deployed = |it: &&Declaration| matches!(it.kind, Kind::Resource | Kind::Module);
    let mut found = declarations.iter().filter(is_deployed).find(|it| it.name == first)?;
    for part in parts {
        found = nested_in(found.value.as_ref()?).into_iter().find(|it| it.name == part)?;
    }
    Some(found)
}

fn nested_in(node: &Node) -> Vec<&Declaration> {
    match &node.shape {
        Shape::Object(_, nested) => nested.iter().collect(),
        Shape::Loop(body) => nested_in(body),
        Shape::Other(parts) | Shape::Array(parts) | Shape::Choice(parts) => parts.iter().flat_map(nested_in).collect(),
    }
}

/// In a template without symbolic names: by type and version, and among several by place in the order of the text.
fn by_shape<'d>(declarations: &'d [Declaration], resources: &Value, written: &Value) -> Option<&'d Declaration> {
    let text = |value: &Value, key: &str| Some(value.as_object()?.value(key)?.as_str()?.to_owned());
    let identity = |value: &Value| Some((text(value, "type")?, text(value, "apiVersion")?));
    let (resource_type, version) = identity(written)?;
    let module = resource_type.eq_ignore_ascii_case("Microsoft.Resources/deployments");
    let full = format!("{resource_type}@{version}");
    let same = |it: &Declaration, target: &str| match it.kind {
        Kind::Module => module,
        Kind::Resource => target.eq_ignore_ascii_case(&full) && !it.existing,
        _ => false,
    };
    let all = declarations.iter().flat_map(|it| with_nested(it, ""));
    let candidates: Vec<&Declaration> =
        all.filter(|(it, target)| same(it, target)).map(|(declaration, _)| declaration).collect();
    let items = &resources.as_array()?.items;
    let alike =
        items.iter().filter(|it| identity(it).is_some_and(|(other, _)| other.eq_ignore_ascii_case(&resource_type)));
    let place = alike.take_while(|it| it.span != written.span).count();
    let named = text(written, "name").map(|name| words(&name)).unwrap_or_default();
    let by_name = candidates.iter().filter(|it| !named.is_empty() && name_words(it) == named);
    let found: Vec<&&Declaration> = by_name.collect();
    match found.as_slice() {
        [only] => Some(only),
        _ => candidates.get(place).or(candidates.first()).copied(),
    }
}

/// A declaration and those nested in it, each with its whole type and version.
fn with_nested<'d>(declaration: &'d Declaration, around: &str) -> Vec<(&'d Declaration, String)> {
    let own = &declaration.target;
    let target = match around.split_once('@') {
        // Nested, a type is written without its parent's, and the version may be left out.
        Some((parent, version)) if !own.split('/').next().unwrap_or("").contains('.') => {
            let (short, version) = own.split_once('@').unwrap_or((own, version));
            format!("{parent}/{short}@{version}")
        }
        _ => own.clone(),
    };
    let nested = declaration.value.as_ref().map(nested_in).unwrap_or_default();
    let below: Vec<_> = nested.into_iter().flat_map(|it| with_nested(it, &target)).collect();
    std::iter::once((declaration, target)).chain(below).collect()
}

/// The names and texts in an expression of a template, the functions left out.
fn words(expression: &str) -> Vec<String> {
    let functions = ["parameters", "variables", "format", "concat", "copyIndex"];
    let parts = expression.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-');
    let mut words: Vec<String> = parts
        .filter(|it| !it.is_empty() && !functions.contains(it) && it.parse::<u32>().is_err())
        .map(str::to_owned)
        .collect();
    words.sort();
    words
}

fn name_words(declaration: &Declaration) -> Vec<String> {
    declaration.name_text.as_deref().map(words).unwrap_or_default()
}

/// The place that steps lead to from a declaration's value; the nearest one when they lead nowhere.
fn in_value(declaration: &Declaration, steps: &[Step]) -> Span {
    let Some(value) = &declaration.value else { return declaration.header };
    inside(value, steps).unwrap_or(if steps.is_empty() && declaration.kind != Kind::Resource {
        declaration.header.to(value.span)
    } else {
        declaration.header
    })
}

fn inside(node: &Node, steps: &[Step]) -> Option<Span> {
    match (&node.shape, steps) {
        (_, []) => None,
        (Shape::Loop(body), [Step::Index(_), rest @ ..]) => Some(inside(body, rest).unwrap_or(body.span)),
        (Shape::Loop(body), steps) => inside(body, steps),
        (Shape::Object(properties, _), [Step::Key(key), rest @ ..]) => {
            let property = properties.iter().find(|it| it.key.eq_ignore_ascii_case(key))?;
            Some(inside(&property.value, rest).unwrap_or(property.span))
        }
        (Shape::Array(items), [Step::Index(index), rest @ ..]) => {
            let item = items.get(*index)?;
            Some(inside(item, rest).unwrap_or(item.span))
        }
        (Shape::Choice(branches), [Step::Branch(at), rest @ ..]) => {
            let branch = branches.get(*at)?;
            Some(inside(branch, rest).unwrap_or(branch.span))
        }
        (Shape::Other(parts) | Shape::Choice(parts), steps) => {
            let found = parts.iter().find_map(|part| inside(part, steps));
            match steps {
                // A choice that the reader does not see as one.
                [Step::Branch(_), rest @ ..] => found.or_else(|| inside(node, rest)),
                _ => found,
            }
        }
        (_, [Step::Branch(_), rest @ ..]) => inside(node, rest),
        _ => None,
    }
}
