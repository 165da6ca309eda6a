//! One template while it is evaluated: its parameters, variables, functions and outputs, each computed when first asked for.
//!
//! In: the template's JSON and the values given to its parameters. Out: values by name. A name that needs itself gives
//! an unknown value and a diagnostic. Knows the functions only by calling the evaluator.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::copy::CopyFrame;
use super::declare::Declaration;
use super::evaluate::{Frame, Run};
use super::symbol;
use crate::diagnostic::Code;
use crate::source::Span;
use crate::value::{Object, Reason, StepKind, Unknown, Value, ValueKind};

/// What a template is deployed to: what `resourceId()` puts in front of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    ResourceGroup,
    Subscription,
    ManagementGroup,
    Tenant,
}

/// Where a template's deployment goes.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) level: Level,
    /// The subscription's id as text or symbol.
    pub(super) subscription: Value,
    /// The resource group's name as text or symbol; `None` above a resource group.
    pub(super) resource_group: Option<Value>,
    /// Whether the template or its caller names the resource group.
    pub(super) stated: bool,
}

/// Values given to parameters.
#[derive(Debug)]
pub(super) enum Given {
    /// By files and the command line, already literal.
    Root(FxHashMap<String, Value>),
    /// By a deployment resource: its `parameters`, evaluated in the frame of the resource.
    Nested { parameters: Value, frame: Frame },
}

/// A template in evaluation.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) template: Arc<Object>,
    pub(super) span: Span,
    pub(super) target: Target,
    /// In front of the addresses of its resources: empty, or `deployment/`.
    pub(super) prefix: Arc<str>,
    /// The deployment resources it was reached through, innermost first.
    pub(super) callers: Vec<Span>,
    /// The scope whose parameters and variables its expressions mean: another one for outer-scope deployments.
    pub(super) names: Option<Frame>,
    /// The template around this one.
    pub(super) outer: Option<Rc<Scope>>,
    pub(super) given: Given,
    pub(super) depth: usize,
    memo: RefCell<FxHashMap<(Kind, String), Slot>>,
    pub(super) declarations: OnceCell<Vec<Rc<Declaration>>>,
    /// Set while the declarations are being made: a name that needs them has to do without.
    pub(super) declaring: Cell<bool>,
    /// Whether a parameter or variable can stand for a secret.
    pub(super) secrets: OnceCell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Parameter,
    Variable,
    Output,
}

#[derive(Clone, Debug)]
enum Slot {
    InProgress,
    Done(Value),
}

impl Scope {
    pub(super) fn new(template: Arc<Object>, span: Span, target: Target, given: Given) -> Self {
        Self {
            template,
            span,
            target,
            prefix: "".into(),
            callers: Vec::new(),
            names: None,
            outer: None,
            given,
            depth: 0,
            memo: RefCell::default(),
            declarations: OnceCell::new(),
            declaring: Cell::new(false),
            secrets: OnceCell::new(),
        }
    }

    /// A member of the template's top level that is an object.
    pub(super) fn section(&self, name: &str) -> Option<&Object> {
        self.template.get_ignore_case(name)?.1.value.as_object()
    }

    /// True for `languageVersion` 2.x.
    pub(super) fn is_version_two(&self) -> bool {
        let version = self.template.get_ignore_case("languageVersion").and_then(|(_, entry)| entry.value.as_str());
        version.is_some_and(|version| version.starts_with('2'))
    }

    /// The declaration of a parameter, with the name as declared.
    pub(super) fn parameter(&self, name: &str) -> Option<(&Arc<str>, &Object)> {
        let (name, entry) = self.section("parameters")?.get_ignore_case(name)?;
        Some((name, entry.value.as_object()?))
    }

    /// A key of a parameter or output declaration, looked up through `$ref` types as well.
    pub(super) fn schema_key<'s>(&'s self, declaration: &'s Object, key: &str) -> Option<&'s Value> {
        let mut schema = declaration;
        for _ in 0..16 {
            if let Some((_, entry)) = schema.get_ignore_case(key) {
                return Some(&entry.value);
            }
            let target = schema.value("$ref")?.as_str()?;
            let name = target.strip_prefix("#/definitions/")?;
            schema = self.section("definitions")?.value(name)?.as_object()?;
        }
        None
    }

    /// A function that the template defines.
    pub(super) fn user_function(&self, namespace: &str, name: &str) -> Option<&Object> {
        let functions = self.template.get_ignore_case("functions")?.1.value.as_array()?;
        functions.items.iter().filter_map(Value::as_object).find_map(|it| {
            let here = it.value("namespace")?.as_str()?.eq_ignore_ascii_case(namespace);
            let members = it.value("members").filter(|_| here)?.as_object()?;
            members.get_ignore_case(name)?.1.value.as_object()
        })
    }

    /// Whether a parameter or output declaration holds a secret.
    pub(super) fn is_secure(&self, declaration: &Object) -> bool {
        let declared = self.schema_key(declaration, "type").and_then(Value::as_str);
        declared.is_some_and(|name| name.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("secure")))
    }
}

impl Run<'_> {
    /// `parameters('name')`
    pub(super) fn parameter(&self, scope: &Rc<Scope>, name: &str, span: Span) -> Value {
        let Some((declared, declaration)) = scope.parameter(name) else {
            return self.fail(span, format!("the template has no parameter `{name}`"));
        };
        self.memo(scope, Kind::Parameter, declared, span, || {
            let given = self.given(scope, declared);
            // Null stands for "not given" where there is a default, and where the type does not take it.
            let nullable = declaration.get_ignore_case("nullable").and_then(|(_, it)| it.value.as_bool()) == Some(true);
            let given = given.filter(|(value, _)| nullable || !value.is_null());
            match (given, declaration.get_ignore_case("defaultValue")) {
                (Some((value, kind)), None) => (value, Some(kind)),
                (Some((value, kind)), Some(_)) if !value.is_null() => (value, Some(kind)),
                (_, Some((_, default))) => {
                    let frame = Frame::of(scope.clone());
                    (self.value(&frame, &default.value), Some(StepKind::VariableDefault))
                }
                (None, None) => missing(scope, declared, declaration, span),
            }
        })
    }

    /// `variables('name')`
    pub(super) fn variable(&self, scope: &Rc<Scope>, name: &str, span: Span) -> Value {
        let variables = scope.section("variables");
        let plain = variables.and_then(|it| it.get_ignore_case(name)).filter(|(key, _)| key.as_ref() != "copy");
        if let Some((declared, entry)) = plain {
            return self.memo(scope, Kind::Variable, declared, span, || {
                (self.value(&Frame::of(scope.clone()), &entry.value), Some(StepKind::Local))
            });
        }
        let loops = variables.and_then(|it| it.value("copy")).and_then(Value::as_array);
        let found = loops.into_iter().flat_map(|it| &it.items).find(|it| {
            let loop_name = it.as_object().and_then(|it| it.value("name")).and_then(Value::as_str);
            loop_name.is_some_and(|loop_name| loop_name.eq_ignore_ascii_case(name))
        });
        match found.and_then(Value::as_object) {
            Some(definition) => self.memo(scope, Kind::Variable, name, span, || {
                (self.property_copy(&Frame::of(scope.clone()), definition, name, span), Some(StepKind::Local))
            }),
            None => self.fail(span, format!("the template has no variable `{name}`")),
        }
    }

    /// The value of an output; `None` when the template has none of this name.
    pub(super) fn output(&self, scope: &Rc<Scope>, name: &str, span: Span) -> Option<Value> {
        let (declared, entry) = scope.section("outputs")?.get_ignore_case(name)?;
        let declaration = entry.value.as_object()?;
        Some(self.memo(scope, Kind::Output, declared, span, || {
            let frame = Frame::of(scope.clone());
            let value = if let Some((_, value)) = declaration.get_ignore_case("value") {
                self.value(&frame, &value.value)
            } else if let Some(definition) = declaration.value("copy").and_then(Value::as_object) {
                self.property_copy(&frame, definition, "", span)
            } else {
                Value::new(ValueKind::Null, entry.value.span)
            };
            (value, Some(StepKind::Output))
        }))
    }

    /// Computes a name once; a name that needs itself is a mistake of the template.
    fn memo(
        &self,
        scope: &Rc<Scope>,
        kind: Kind,
        name: &str,
        span: Span,
        compute: impl FnOnce() -> (Value, Option<StepKind>),
    ) -> Value {
        let key = (kind, name.to_ascii_lowercase());
        let slot = scope.memo.borrow().get(&key).cloned();
        match slot {
            Some(Slot::Done(value)) => used_at(value, span),
            Some(Slot::InProgress) => self.fail(span, format!("`{name}` needs itself to be computed")),
            None => {
                scope.memo.borrow_mut().insert(key.clone(), Slot::InProgress);
                let (value, step) = compute();
                // Remembered with the step from where it stands, whatever place uses it first.
                let nowhere = Span::new(span.file, u32::MAX, u32::MAX);
                let value = self.weighed(value);
                let value = step.map_or_else(|| value.clone(), |step| value.clone().through(step, nowhere));
                scope.memo.borrow_mut().insert(key, Slot::Done(value.clone()));
                used_at(value, span)
            }
        }
    }

    fn given(&self, scope: &Rc<Scope>, name: &str) -> Option<(Value, StepKind)> {
        match &scope.given {
            Given::Root(values) => {
                let value = values.get(&name.to_ascii_lowercase())?;
                Some((value.clone(), StepKind::VariableFile))
            }
            Given::Nested { parameters, frame } => {
                let value = self.argument(frame, parameters, name)?;
                Some((value, StepKind::ModuleArgument))
            }
        }
    }

    /// One entry of a deployment's `parameters`: `{ "value": ... }`, `{ "reference": ... }`, or an expression giving one.
    fn argument(&self, frame: &Frame, parameters: &Value, name: &str) -> Option<Value> {
        let evaluated;
        let object = if let ValueKind::Object(object) = &parameters.kind {
            object
        } else {
            evaluated = self.value(frame, parameters);
            match &evaluated.kind {
                ValueKind::Object(object) => object,
                ValueKind::Unknown(unknown) => return Some(Value::new(unknown.as_ref().clone(), parameters.span)),
                _ => return None,
            }
        };
        let Some((_, entry)) = object.get_ignore_case(name) else {
            let rest = object.rest.as_ref()?;
            return Some(Value::new(rest.as_ref().clone(), parameters.span));
        };
        if let Some(wrapper) = entry.value.as_object() {
            if let Some((_, value)) = wrapper.get_ignore_case("value") {
                return Some(self.value(frame, &value.value));
            }
            if wrapper.get_ignore_case("reference").is_some() {
                return Some(key_vault_secret(name, entry.value.span));
            }
        }
        let wrapper = self.value(frame, &entry.value);
        match &wrapper.kind {
            ValueKind::Object(object) => object.get_ignore_case("value").map(|(_, entry)| entry.value.clone()),
            ValueKind::Unknown(_) => Some(wrapper),
            _ => None,
        }
    }

    /// A value that has grown beyond all reason becomes unknown.
    pub(super) fn weighed(&self, value: Value) -> Value {
        const MOST: usize = 200_000;
        let mut left = MOST;
        if fits(&value, &mut left) {
            return value;
        }
        self.report(Code::Bound, value.span, format!("this value has more than {MOST} parts; it is not evaluated"));
        Value::unknown(Reason::Bound("the size of a value".into()), value.span)
    }
}

/// A parameter that is given by a key vault: certain to be a text, which nobody may read here.
pub(super) fn key_vault_secret(name: &str, span: Span) -> Value {
    let why = Unknown::new(Reason::Runtime(format!("key vault secret for `{name}`").into()));
    Value::new(Unknown { not_null: true, symbol: symbol::atom(&format!("secret {name}")), ..why }, span)
}

/// A remembered value where it is used; a value that is used where it stands has come no way.
fn used_at(mut value: Value, span: Span) -> Value {
    value.span = span;
    if value.steps().first().is_some_and(|step| step.span == span)
        && let Some(origin) = &mut value.origin
    {
        Arc::make_mut(origin).steps.remove_nearest();
    }
    value
}

/// A parameter that nobody gives a value: null when it may be left out, else unknown.
fn missing(scope: &Scope, name: &Arc<str>, declaration: &Object, span: Span) -> (Value, Option<StepKind>) {
    if let Some(nullable) = scope.schema_key(declaration, "nullable").filter(|it| it.as_bool() == Some(true)) {
        return (Value::new(ValueKind::Null, nullable.span), Some(StepKind::VariableDefault));
    }
    let unknown = Unknown::new(Reason::Variable(name.clone()));
    let symbol = symbol::atom(&format!("{}{name}", scope.prefix));
    (Value::new(Unknown { not_null: true, symbol, ..unknown }, span), None)
}

fn fits(value: &Value, left: &mut usize) -> bool {
    let Some(next) = left.checked_sub(1) else { return false };
    *left = next;
    match &value.kind {
        ValueKind::Array(array) => array.items.iter().all(|item| fits(item, left)),
        ValueKind::Object(object) => object.entries.values().all(|entry| fits(&entry.value, left)),
        _ => true,
    }
}

/// A frame with nothing but the scope, and the loop that the deployment of an outer-scope template stands in.
impl Frame {
    pub(super) fn of(scope: Rc<Scope>) -> Self {
        let copy: Option<Rc<CopyFrame>> = scope.names.as_ref().and_then(|names| names.copy.clone());
        Self { scope, copy, locals: None, arguments: None }
    }
}
