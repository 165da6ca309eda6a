//! Evaluates the values of a Pulumi program.
//!
//! In: a written value. Out: the value it has when the program runs, with references to what only the deployed resource knows. What a
//! resource was given is known: `${account.location}` is what `account` says. Bounded by the depth of variables that use variables.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Program;
use super::expression::{Access, Piece, Step, pieces};
use super::functions;
use crate::diagnostic::{Code, Diagnostic};
use crate::frontend::yaml::join::joined;
use crate::model::Lowered;
use crate::source::Span;
use crate::value::{Array, Entry, Object, Reason, Reference, StepKind, Unknown, Value, ValueKind};

const MAX_DEPTH: usize = 64;

/// Evaluates the values of one program.
pub(super) struct Evaluator<'p> {
    program: &'p Program,
    depth: Cell<usize>,
    /// What the components that it uses give out, by the name of the resource; none while that is being found.
    outputs: RefCell<FxHashMap<String, Option<Object>>>,
    diagnostics: RefCell<Vec<Diagnostic>>,
}

impl<'p> Evaluator<'p> {
    pub(super) fn new(program: &'p Program) -> Self {
        Self { program, depth: Cell::new(0), outputs: RefCell::default(), diagnostics: RefCell::default() }
    }

    /// Hands over what was found wrong.
    pub(super) fn finish(self, lowered: &mut Lowered) {
        let mut found = self.diagnostics.into_inner();
        found.sort();
        found.dedup();
        lowered.diagnostics.extend(found);
    }

    /// The text of a file that the program reads, by the path as written.
    pub(super) fn file(&self, path: &Value) -> Option<Result<Arc<str>, Reason>> {
        self.program.read.text(path)
    }

    /// What a written value is.
    pub(super) fn value(&self, written: &Value) -> Value {
        match &written.kind {
            ValueKind::String(text) => self.text(text, written),
            ValueKind::Array(array) => {
                let items = array.items.iter().map(|item| self.value(item)).collect();
                let array = Array { items, rest: array.rest.clone() };
                Value { kind: ValueKind::Array(Arc::new(array)), ..written.clone() }
            }
            ValueKind::Object(object) => self.object(object, written),
            _ => written.clone(),
        }
    }

    fn object(&self, object: &Object, written: &Value) -> Value {
        if let Some(result) = functions::call(self, object, written.span) {
            return result;
        }
        let entries = object
            .entries
            .iter()
            .map(|(key, entry)| (key.clone(), Entry { key_span: entry.key_span, value: self.value(&entry.value) }));
        let object = Object { entries: entries.collect(), rest: object.rest.clone() };
        Value { kind: ValueKind::Object(Arc::new(object)), ..written.clone() }
    }

    fn text(&self, text: &Arc<str>, written: &Value) -> Value {
        if !text.contains("${") {
            return written.clone();
        }
        let span = written.span;
        let Some(pieces) = pieces(text) else {
            let message = "this `${...}` expression cannot be read";
            self.diagnostics.borrow_mut().push(Diagnostic::warning(Code::Syntax, span, message));
            return Value::unknown(Reason::Invalid("the expression cannot be read".into()), span);
        };
        if let [Piece::Expression(access)] = pieces.as_slice() {
            return self.access(access, span);
        }
        let parts: Vec<Value> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Value::new(text.as_str(), span),
                Piece::Expression(access) => self.access(access, span),
            })
            .collect();
        joined(&parts, "", span)
    }

    fn access(&self, access: &Access, span: Span) -> Value {
        if self.depth.get() >= MAX_DEPTH {
            return Value::unknown(Reason::Bound("nested variables".into()), span);
        }
        self.depth.set(self.depth.get() + 1);
        let value = self.rooted(access, span);
        self.depth.set(self.depth.get() - 1);
        value
    }

    fn rooted(&self, access: &Access, span: Span) -> Value {
        let root = access.root.as_str();
        if let Some(value) = self.program.config.value(root) {
            let of_component = !self.program.callers.is_empty();
            let way = if of_component { StepKind::ModuleArgument } else { StepKind::VariableDefault };
            return step_into(value, &access.steps, span).through(way, span);
        }
        if let Some(written) = self.program.variables.value(root) {
            let value = self.value(written);
            return step_into(&value, &access.steps, span).through(StepKind::Local, span);
        }
        if let Some(resource) = self.program.resource(root) {
            return self.of_resource(root, resource, access, span);
        }
        if root == "pulumi" {
            if let (Some(name), "project") = (&self.program.name, access.attribute().as_str()) {
                return name.clone().through(StepKind::Local, span);
            }
            return Value::unknown(Reason::Variable(format!("pulumi.{}", access.attribute()).into()), span);
        }
        let message = format!("nothing in this program is called `{root}`");
        self.diagnostics.borrow_mut().push(Diagnostic::warning(Code::Invalid, span, message.clone()));
        Value::unknown(Reason::Invalid(message.into()), span)
    }

    /// What the resource was given, when the text says it and Azure does not change it; else a reference.
    fn of_resource(&self, name: &str, resource: &Object, access: &Access, span: Span) -> Value {
        let token = resource.value("type").and_then(Value::as_str).unwrap_or("");
        if let (Some(component), Some(Step::Key(key))) = (self.program.components.find(token), access.steps.first())
            && let Some(output) = self.output(component, name, key)
        {
            let steps = access.steps.get(1..).unwrap_or(&[]);
            return step_into(&output, steps, span).through(StepKind::Local, span);
        }
        let given = match access.steps.first() {
            // What a component gives out is not what it was given.
            _ if self.program.components.find(token).is_some() => None,
            // The name and id are edges of the graph: they stay references.
            Some(Step::Key(key)) if !matches!(key.as_str(), "name" | "id") => {
                resource.value("properties").and_then(Value::as_object).and_then(|it| it.value(key))
            }
            _ => None,
        };
        if let (Some(given), Some((_, steps))) = (given, access.steps.split_first()) {
            let value = self.value(given);
            let found = step_into(&value, steps, span);
            if found.as_unknown().is_none() {
                return found.through(StepKind::Local, span);
            }
        }
        let attribute = if access.steps.is_empty() { "id".to_owned() } else { access.attribute() };
        let address = self.program.address(name);
        let reason = Reason::Computed(format!("{address}.{attribute}").into());
        let symbol = format!("{{{address}.{attribute}}}");
        let mut unknown = Unknown::reference(reason, Reference { address, attribute: attribute.as_str().into() });
        unknown.symbol = Some(symbol.into());
        Value::new(unknown, span)
    }
}

impl Evaluator<'_> {
    /// One of the outputs of a component that the program uses.
    fn output(&self, component: &Object, name: &str, key: &str) -> Option<Value> {
        if self.program.callers.len() >= super::MAX_DEPTH {
            return None;
        }
        if let Some(known) = self.outputs.borrow().get(name) {
            return known.as_ref()?.value(key).cloned();
        }
        // A component whose inputs depend on what it gives out has none that the text tells.
        self.outputs.borrow_mut().insert(name.to_owned(), None);
        let entry = self.program.resources.get(name)?;
        let used = self.program.used(component, name, entry, self);
        let inner = Evaluator::new(&used);
        let outputs = used.outputs.entries.iter();
        let outputs = outputs
            .map(|(key, entry)| (key.clone(), Entry { key_span: entry.key_span, value: inner.value(&entry.value) }));
        let found = Object { entries: outputs.collect(), rest: None };
        self.diagnostics.borrow_mut().extend(inner.diagnostics.into_inner());
        let output = found.value(key).cloned();
        self.outputs.borrow_mut().insert(name.to_owned(), Some(found));
        output
    }
}

/// What lies inside a value.
pub(super) fn step_into(value: &Value, steps: &[Step], span: Span) -> Value {
    let Some((step, rest)) = steps.split_first() else { return value.clone() };
    let inner = match (&value.kind, step) {
        (ValueKind::Object(object), Step::Key(key)) => match (object.value(key), &object.rest) {
            (Some(inner), _) => Some(inner),
            (None, Some(why)) => return Value::new(ValueKind::Unknown(why.clone()), span),
            (None, None) => None,
        },
        (ValueKind::Array(array), Step::Index(index)) => match (array.items.get(*index), &array.rest) {
            (Some(inner), _) => Some(inner),
            (None, Some(why)) => return Value::new(ValueKind::Unknown(why.clone()), span),
            (None, None) => None,
        },
        (ValueKind::Unknown(why), _) => {
            let why = Unknown { not_null: false, prefix: None, symbol: None, ..Unknown::clone(why) };
            return Value::new(why, span);
        }
        _ => None,
    };
    match inner {
        Some(inner) => step_into(inner, rest, span),
        None => Value::unknown(Reason::Invalid("there is no such element".into()), span),
    }
}
