//! Templates that a declaration of another language deploys: `azurerm_resource_group_template_deployment`, azapi, Pulumi.
//!
//! In: resources of type `Microsoft.Resources/deployments` whose `properties.template` is a template, or its text. Out: the
//! resources of the template, addressed `declaration/resource` and called from the declaration. A text that stands word for word
//! in a file of the run has its places there; of any other all places are the value's own. What is not known of a template
//! or of its parameters is told or unknown, never replaced by a default.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::evaluate::Run;
use super::scope::{Given, Level, Scope, Target};
use super::{Input, nested, placeholder, templates};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Dialect, Lowered, Resource};
use crate::parse::json;
use crate::source::{FileId, SourceMap, Span};
use crate::value::{Array, Entry, Object, Reason, Unknown, Value, ValueKind};

/// Adds what the templates in `lowered` deploy; gives the files that hold such a template.
pub fn expand(lowered: &mut Lowered, sources: &SourceMap) -> Vec<FileId> {
    let mut files = Vec::new();
    let deploys = |it: &Resource| it.dialect != Dialect::Arm && it.resource_type == *"Microsoft.Resources/deployments";
    let places = (0..lowered.resources.len()).filter(|at| lowered.resources.get(*at).is_some_and(deploys));
    for at in places.collect::<Vec<_>>() {
        let Some(declaration) = lowered.resources.get_mut(at) else { continue };
        let Some(taken) = take(declaration) else { continue };
        let mut told = Vec::new();
        let resources = Deployed { declaration, sources, told: &mut told }.resources(taken, &mut files);
        lowered.resources.extend(resources);
        lowered.diagnostics.append(&mut told);
    }
    files
}

/// What a declaration deploys.
struct Taken {
    template: Value,
    /// It is named, and lies elsewhere.
    linked: bool,
    parameters: Option<Value>,
}

/// The template of a declaration and what it gives to its parameters; the declaration itself is judged without them.
fn take(declaration: &mut Resource) -> Option<Taken> {
    let ValueKind::Object(body) = &mut declaration.body.kind else { return None };
    let properties = &mut Arc::make_mut(body).entries.get_mut("properties")?.value;
    let ValueKind::Object(properties) = &mut properties.kind else { return None };
    let properties = Arc::make_mut(properties);
    let template = properties.entries.shift_remove("template").map(|it| it.value).filter(|it| !it.is_null());
    let link = |name: &str| properties.get_ignore_case(name).map(|(_, it)| it.value.clone());
    let elsewhere = link("parametersLink")
        .map(|it| Value::unknown(Reason::NotEvaluated("the linked parameter file".into()), it.span));
    let (linked, template) = match template {
        Some(template) => (false, template),
        None => (true, link("templateLink")?),
    };
    let parameters = properties.entries.shift_remove("parameters").map(|it| it.value).or(elsewhere);
    Some(Taken { template, linked, parameters })
}

struct Deployed<'d> {
    declaration: &'d Resource,
    sources: &'d SourceMap,
    told: &'d mut Vec<Diagnostic>,
}

impl Deployed<'_> {
    fn resources(&mut self, taken: Taken, files: &mut Vec<FileId>) -> Vec<Resource> {
        if taken.linked {
            let message = "the linked template is not in this repository; its resources are not judged";
            self.tell(Code::MissingModule, taken.template.span, message.to_owned());
            return Vec::new();
        }
        let Some(template) = self.document(&taken.template, "template") else { return Vec::new() };
        let ValueKind::Object(object) = &template.kind else {
            self.tell(Code::Invalid, template.span, "this is no template: its resources are not judged".to_owned());
            return Vec::new();
        };
        files.push(template.span.file);
        let given = self.given(object, taken.parameters);
        let directory = |file| self.directory(file);
        let input = Input { directory: &directory, template: &|_| None };
        let run = Run::new(&input);
        let mut scope = Scope::new(object.clone(), template.span, self.target(object), Given::Root(given));
        scope.prefix = format!("{}/", self.declaration.address).into();
        let callers = self.declaration.callers.iter().copied();
        scope.callers = std::iter::once(self.declaration.header).chain(callers).collect();
        let mut resources = Vec::new();
        run.lower(&Rc::new(scope), &self.declaration.presence, &mut resources);
        run.note_switched_off();
        self.told.extend(run.into_diagnostics());
        resources
    }

    /// What a value is as JSON: itself, or what its text says. What is not known is told.
    fn document(&mut self, value: &Value, what: &str) -> Option<Value> {
        match &value.kind {
            ValueKind::String(text) => self.parsed(text, value, what),
            ValueKind::Unknown(why) => {
                let message = format!(
                    "the {what} of this deployment is not known ({}): its resources are not judged",
                    why.reason
                );
                self.tell(Code::NotEvaluated, value.span, message);
                None
            }
            ValueKind::Null => None,
            _ => Some(value.clone()),
        }
    }

    fn parsed(&mut self, text: &Arc<str>, value: &Value, what: &str) -> Option<Value> {
        let place = place_of(text, value, self.sources);
        let (document, diagnostics) = json::parse(place.map_or(value.span.file, |(file, _)| file), text);
        if document.is_none() || !diagnostics.is_empty() {
            let problem = diagnostics.into_iter().next().map(|it| format!(" ({})", it.message)).unwrap_or_default();
            let message = format!("the {what} of this deployment is not JSON{problem}: its resources are not judged");
            self.tell(Code::Invalid, value.span, message);
            return None;
        }
        let root = document?.root;
        Some(match place {
            Some((_, 0)) => root,
            Some((file, start)) => {
                moved(root, &|span| Span::new(file, span.start.saturating_add(start), span.end.saturating_add(start)))
            }
            None => moved(root, &|_| value.span),
        })
    }

    /// The values of the template's parameters, by name in lower case.
    fn given(&mut self, template: &Object, given: Option<Value>) -> FxHashMap<String, Value> {
        let Some(given) = given else { return FxHashMap::default() };
        let whole = match &given.kind {
            ValueKind::Unknown(_) => given.clone(),
            _ => match self.document(&given, "parameters") {
                Some(document) => document,
                None => return FxHashMap::default(),
            },
        };
        let (mut values, rest) = match &whole.kind {
            ValueKind::Object(object) => {
                let mut values = templates::given(object);
                // `azurerm_template_deployment` gives them bare, and of an unknown one it is not known how.
                let bare = object.entries.iter().filter(|(_, it)| it.value.as_object().is_none());
                values.extend(bare.map(|(name, it)| (name.to_ascii_lowercase(), it.value.clone())));
                (values, object.rest.clone())
            }
            ValueKind::Unknown(why) => (FxHashMap::default(), Some(why.clone())),
            _ => return FxHashMap::default(),
        };
        // Whatever may be given is not what the template says when nothing is.
        if let Some(why) = rest {
            let declared = template.get_ignore_case("parameters").and_then(|(_, it)| it.value.as_object());
            for (name, _) in declared.iter().flat_map(|it| &it.entries) {
                let unknown = || Value::new(Unknown { symbol: None, prefix: None, ..Unknown::clone(&why) }, whole.span);
                values.entry(name.to_ascii_lowercase()).or_insert_with(unknown);
            }
        }
        values
    }

    fn target(&self, template: &Object) -> Target {
        let level = nested::level_of(template).unwrap_or(Level::ResourceGroup);
        let header = self.declaration.header;
        let stated = self.declaration.resource_group.clone().filter(|_| level == Level::ResourceGroup);
        let group = || placeholder("resourceGroup", header);
        Target {
            level,
            subscription: placeholder("subscription", header),
            stated: stated.is_some(),
            resource_group: (level == Level::ResourceGroup).then(|| stated.unwrap_or_else(group)),
        }
    }

    fn directory(&self, file: FileId) -> Option<PathBuf> {
        self.sources.get(file)?.path().parent().map(Path::to_path_buf)
    }

    fn tell(&mut self, code: Code, span: Span, message: String) {
        self.told.push(Diagnostic::warning(code, span, message));
    }
}

/// Where a text stands word for word: in the expression that gave it, where that came from, or as a file of the run.
fn place_of(text: &Arc<str>, value: &Value, sources: &SourceMap) -> Option<(FileId, u32)> {
    let steps = value.origin.iter().flat_map(|it| it.steps.iter().map(|step| step.span));
    for span in std::iter::once(value.span).chain(steps) {
        if let Some(at) = memchr::memmem::find(sources.slice(span).as_bytes(), text.as_bytes()) {
            return Some((span.file, span.start.checked_add(u32::try_from(at).ok()?)?));
        }
    }
    // Of equal files the one that lies nearest to who deploys it.
    let from = sources.get(value.span.file)?.path();
    let shared = |path: &Path| path.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let equal = sources.files().iter().filter(|it| it.text().len() == text.len() && it.text() == text);
    let nearest = equal.max_by_key(|it| (shared(it.path()), std::cmp::Reverse(it.id())))?;
    Some((nearest.id(), 0))
}

/// The value with every span put elsewhere.
fn moved(value: Value, to: &impl Fn(Span) -> Span) -> Value {
    let kind = match value.kind {
        ValueKind::Array(array) => {
            let items = array.items.iter().map(|it| moved(it.clone(), to)).collect();
            ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() }))
        }
        ValueKind::Object(object) => {
            let mut made = Object { rest: object.rest.clone(), ..Object::default() };
            for (key, entry) in &object.entries {
                let value = moved(entry.value.clone(), to);
                made.entries.insert(key.clone(), Entry { key_span: to(entry.key_span), value });
            }
            ValueKind::Object(Arc::new(made))
        }
        other => other,
    };
    Value { kind, span: to(value.span), origin: value.origin }
}
