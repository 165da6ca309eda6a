//! ARM templates to the model, evaluated as Resource Manager evaluates them; also parameter files and exported resources.
//!
//! In: parsed JSON ([`crate::parse::json`]). Out: [`Lowered`], one a template and set of parameters. Knows no policy and
//! reads no file: [`Templates`] is given the texts. What depends on a parameter without a value, on the deployment, or on
//! something outside the repository is unknown with its reason; ids stay symbolic, so that links between resources hold.
//!
//! Besides the template's resources (nested deployments' too, addressed `deployment/resource`), the model gets
//! `Microsoft.Resources/deployments` themselves, and pseudo resources for what a template takes and gives:
//! `baalint.template/parameters` (`properties.type`, `.secure`, `.defaultValue`, `.literalDefault`, `.nested`, `.value`,
//! `.reveals`) and `baalint.template/outputs` (`properties.type`, `.secure`, `.value`, `.nested`, `.reveals`).

pub mod addition;
mod bicep;
mod copy;
mod declare;
mod deployed;
mod detect;
mod element;
mod evaluate;
mod export;
mod expression;
pub mod fix;
mod functions;
mod hygiene;
mod linked;
mod lower;
mod nested;
mod scope;
mod switched_off;
mod symbol;
mod templates;

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use deployed::expand as expand_deployments;
pub use detect::{Kind, detect, may_be_input};
pub use templates::{Options, Templates, Unit, are_parameters_of};

use crate::diagnostic::Diagnostic;
use crate::model::{Lowered, Presence};
use crate::source::{FileId, Span};
use crate::value::{Object, Reason, Unknown, Value, ValueKind};
use evaluate::Run;
use scope::{Given, Level, Scope, Target};

/// What a template can reach: the directory of a file, and the templates of the repository.
struct Input<'f> {
    directory: &'f dyn Fn(FileId) -> Option<PathBuf>,
    template: &'f dyn Fn(&Path) -> Option<Value>,
}

/// Lowers one template with the values given to its parameters (names in lower case).
fn lower(template: &Value, given: FxHashMap<String, Value>, root: Arc<str>, input: &Input<'_>) -> Lowered {
    let run = Run::new(input);
    let mut resources = Vec::new();
    if let Some(scope) = root_scope(template, given) {
        run.lower(&Rc::new(scope), &Presence::Certain, &mut resources);
        run.note_switched_off();
    }
    let diagnostics: Vec<Diagnostic> = run.into_diagnostics();
    Lowered { root, resources, diagnostics, ..Lowered::default() }
}

/// Evaluates one expression, `[...]` or not, in the scope of a template: what tests and the editor ask.
pub fn evaluate_text(template: &Value, text: &str, span: Span) -> (Value, Vec<Diagnostic>) {
    let input = Input { directory: &|_| None, template: &|_| None };
    let run = Run::new(&input);
    let value = match root_scope(template, FxHashMap::default()) {
        Some(scope) => {
            let frame = evaluate::Frame::of(Rc::new(scope));
            run.value(&frame, &Value::new(text, span))
        }
        None => Value::unknown(Reason::Invalid("not a template".into()), span),
    };
    (value, run.into_diagnostics())
}

/// Of a template that Bicep has built: the version of the compiler, and its hash of the template.
pub fn built_hash(text: &str) -> Option<(String, String)> {
    let (document, _) = crate::parse::json::parse(FileId(0), text);
    let (version, hash) = bicep::generator(document.as_ref()?.root.as_object()?)?;
    Some((version.to_owned(), hash.to_owned()))
}

fn root_scope(template: &Value, given: FxHashMap<String, Value>) -> Option<Scope> {
    let ValueKind::Object(object) = &template.kind else { return None };
    let level = nested::level_of(object).unwrap_or(Level::ResourceGroup);
    let target = Target {
        level,
        subscription: placeholder("subscription", template.span),
        resource_group: (level == Level::ResourceGroup).then(|| placeholder("resourceGroup", template.span)),
        stated: false,
    };
    Some(Scope::new(Arc::<Object>::clone(object), template.span, target, Given::Root(given)))
}

/// A name that only the deployment knows, as it stands in ids.
fn placeholder(name: &str, span: Span) -> Value {
    let why = Unknown::new(Reason::Runtime(format!("{name}()").into()));
    Value::new(Unknown { not_null: true, symbol: symbol::atom(name), ..why }, span)
}
