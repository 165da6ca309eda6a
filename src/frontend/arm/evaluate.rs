//! Evaluates template JSON and the expressions in it, three-valued: what is not known keeps its reason and references.
//!
//! In: a [`Frame`] (template, loop iterations, lambda variables) and a JSON value. Out: the value with every expression
//! replaced. Bounded in depth, steps and size. Knows the functions by their table only.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Input;
use super::copy::{self, CopyFrame};
use super::expression::{self, Expression, Kind, Meaning, Mistake, Place};
use super::functions::{self, Call};
use super::scope::Scope;
use super::switched_off::SwitchedOff;
use super::symbol;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::value::{Entry, Number, Object, Reason, Reference, Unknown, Value, ValueKind};

/// How deep evaluation may go: expressions, JSON nesting, names and functions together.
const MAX_DEPTH: u32 = 160;

/// How many steps one root may take.
const MAX_STEPS: u64 = 5_000_000;

/// How many loop iterations one root may run, all loops together.
const MAX_ITERATIONS: u64 = 100_000;

/// How many expressions of one root are kept parsed.
const MAX_PARSED: usize = 20_000;

/// How many diagnostics of one root are kept.
const MAX_DIAGNOSTICS: usize = 200;

/// What became of a text between brackets.
pub(super) type Parsed = Rc<Result<Expression, Mistake>>;

/// State of one root: bounds and diagnostics.
pub(super) struct Run<'f> {
    pub(super) input: &'f Input<'f>,
    diagnostics: RefCell<Vec<Diagnostic>>,
    seen: RefCell<FxHashSet<(Span, String)>>,
    /// The expressions of texts.
    parsed: RefCell<FxHashMap<Arc<str>, Parsed>>,
    /// Above zero while it is not certain that what is evaluated is deployed: mistakes are then only unknowns.
    doubts: Cell<u32>,
    depth: Cell<u32>,
    steps: Cell<u64>,
    /// Loop iterations so far.
    iterations: Cell<u64>,
    /// The functions of the template that are being called.
    calling: RefCell<Vec<String>>,
    /// Resources declared so far.
    pub(super) resources: Cell<usize>,
    /// Declarations that are not deployed.
    pub(super) switched_off: RefCell<SwitchedOff>,
}

/// What the names in an expression mean.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) scope: Rc<Scope>,
    pub(super) copy: Option<Rc<CopyFrame>>,
    /// Lambda variables, innermost first.
    pub(super) locals: Option<Rc<Local>>,
    /// Inside a user-defined function: its arguments, instead of the template's parameters.
    pub(super) arguments: Option<Rc<Arguments>>,
}

/// The arguments of a call, by the names of the parameters.
pub(super) type Arguments = Vec<(Arc<str>, Value)>;

/// A lambda variable.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) name: Arc<str>,
    pub(super) value: Value,
    pub(super) around: Option<Rc<Local>>,
}

impl Frame {
    /// This frame inside one more iteration.
    pub(super) fn in_copy(&self, name: &str, index: Result<i64, Arc<Unknown>>, of_resource: bool) -> Self {
        let frame = CopyFrame { name: name.into(), index, of_resource, around: self.copy.clone() };
        Self { copy: Some(Rc::new(frame)), ..self.clone() }
    }

    /// This frame with one more lambda variable.
    pub(super) fn with_local(&self, name: Arc<str>, value: Value) -> Self {
        Self { locals: Some(Rc::new(Local { name, value, around: self.locals.clone() })), ..self.clone() }
    }

    /// The template whose parameters and variables are meant: the outer one inside an outer-scope deployment.
    pub(super) fn naming_scope(&self) -> Rc<Scope> {
        let mut scope = &self.scope;
        while let Some(names) = &scope.names {
            scope = &names.scope;
        }
        scope.clone()
    }
}

impl<'f> Run<'f> {
    pub(super) fn new(input: &'f Input<'f>) -> Self {
        Self {
            input,
            diagnostics: RefCell::default(),
            seen: RefCell::default(),
            parsed: RefCell::default(),
            doubts: Cell::new(0),
            depth: Cell::new(0),
            steps: Cell::new(0),
            iterations: Cell::new(0),
            calling: RefCell::default(),
            resources: Cell::new(0),
            switched_off: RefCell::default(),
        }
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics.into_inner()
    }

    /// The value with every expression in it evaluated.
    pub(super) fn value(&self, frame: &Frame, value: &Value) -> Value {
        self.changed(frame, value).unwrap_or_else(|| value.clone())
    }

    /// The evaluated value, or nothing when there is no expression in it: most of a template is shared, not copied.
    fn changed(&self, frame: &Frame, value: &Value) -> Option<Value> {
        match &value.kind {
            ValueKind::String(text) => self.string(frame, text, value.span),
            ValueKind::Array(array) => {
                let Some(_deeper) = self.deeper(value.span) else { return Some(bounded(value.span)) };
                let mut items: Option<Vec<Value>> = None;
                for (index, item) in array.items.iter().enumerate() {
                    if let Some(changed) = self.changed(frame, item) {
                        let items = items.get_or_insert_with(|| array.items.clone());
                        if let Some(slot) = items.get_mut(index) {
                            *slot = changed;
                        }
                    }
                }
                let array = crate::value::Array { items: items?, rest: array.rest.clone() };
                Some(Value { kind: ValueKind::Array(Arc::new(array)), ..value.clone() })
            }
            ValueKind::Object(object) => {
                let Some(_deeper) = self.deeper(value.span) else { return Some(bounded(value.span)) };
                let object = self.object(frame, object)?;
                Some(Value { kind: ValueKind::Object(Arc::new(object)), ..value.clone() })
            }
            _ => None,
        }
    }

    fn object(&self, frame: &Frame, object: &Object) -> Option<Object> {
        let loops = copy::property_loops(object);
        let has_keys = object.entries.keys().any(|key| matches!(expression::meaning(key), Meaning::Expression(_)));
        if loops.is_some() || has_keys {
            return Some(self.rebuilt(frame, object, loops));
        }
        let mut changed: Option<Object> = None;
        for (index, entry) in object.entries.values().enumerate() {
            if let Some(value) = self.changed(frame, &entry.value) {
                let changed = changed.get_or_insert_with(|| object.clone());
                if let Some((_, entry)) = changed.entries.get_index_mut(index) {
                    entry.value = value;
                }
            }
        }
        changed
    }

    /// An object with loops or with expressions as keys.
    fn rebuilt(&self, frame: &Frame, object: &Object, loops: Option<&crate::value::Array>) -> Object {
        let mut rebuilt = Object { rest: object.rest.clone(), ..Object::default() };
        for (key, entry) in &object.entries {
            if loops.is_some() && key.as_ref() == "copy" {
                continue;
            }
            let value = self.value(frame, &entry.value);
            match self.string(frame, key, entry.key_span) {
                None => rebuilt.insert(key.clone(), entry.key_span, value),
                Some(Value { kind: ValueKind::String(key), .. }) => rebuilt.insert(key, entry.key_span, value),
                // An entry whose key is not known: there is more than is known, and what the key names is kept.
                Some(other) => {
                    let parts = [other, value];
                    if let ValueKind::Unknown(unknown) = symbol::unknown_of(&parts, None, entry.key_span).kind {
                        let mut unknown = unknown.as_ref().clone();
                        unknown.symbol = parts.first().and_then(symbol::symbol_of).map(Into::into);
                        rebuilt.rest = Some(Arc::new(unknown));
                    }
                }
            }
        }
        for definition in loops.iter().flat_map(|it| &it.items).filter_map(Value::as_object) {
            let name = definition.entries.get("name");
            if let Some(Entry { value: Value { kind: ValueKind::String(name), span, .. }, .. }) = name {
                let value = self.property_copy(frame, definition, name, *span);
                rebuilt.insert(name.clone(), *span, value);
            }
        }
        rebuilt
    }

    /// What a JSON string evaluates to; nothing when it is just text.
    pub(super) fn string(&self, frame: &Frame, text: &Arc<str>, span: Span) -> Option<Value> {
        let inner = match expression::meaning(text) {
            Meaning::Literal(literal) if literal.len() == text.len() => return None,
            Meaning::Literal(literal) => return Some(Value::new(literal, span)),
            Meaning::Expression(inner) => inner,
        };
        let place = Place::of(span, text);
        let value = match self.parsed(text, inner).as_ref() {
            Ok(expression) => self.expression(frame, &place, expression),
            Err(mistake) => {
                let at = place.span(mistake.start, mistake.end);
                self.report(Code::Syntax, at, mistake.message.clone());
                Value::unknown(Reason::Invalid(mistake.message.as_str().into()), at)
            }
        };
        Some(Value { span, ..value })
    }

    /// The expression `inner` of a text: the same texts stand in many places, and each is looked at more than once.
    pub(super) fn parsed(&self, text: &Arc<str>, inner: &str) -> Parsed {
        if let Some(known) = self.parsed.borrow().get(text) {
            return known.clone();
        }
        let parsed = Rc::new(expression::parse(inner));
        let mut all = self.parsed.borrow_mut();
        if all.len() < MAX_PARSED {
            all.insert(text.clone(), parsed.clone());
        }
        parsed
    }

    pub(super) fn expression(&self, frame: &Frame, place: &Place, expression: &Expression) -> Value {
        let span = place.span(expression.start, expression.end);
        let Some(_deeper) = self.deeper(span) else {
            return bounded(span);
        };
        match &expression.kind {
            Kind::String(text) => Value::new(text.clone(), span),
            Kind::Number(number) => Value::new(*number, span),
            Kind::Call(name, arguments) => {
                functions::call(&Call { run: self, frame, place, name, arguments, span, path: &[] })
            }
            Kind::Property(..) | Kind::Index(..) => self.access(frame, place, expression),
        }
    }

    /// A chain of `.name` and `[index]`, from its base outwards.
    fn access(&self, frame: &Frame, place: &Place, expression: &Expression) -> Value {
        let mut steps: Vec<(&Expression, Option<Value>)> = Vec::new();
        let mut base = expression;
        loop {
            match &base.kind {
                Kind::Property(inner, name) => {
                    steps.push((base, Some(Value::new(&**name, place.span(base.start, base.end)))));
                    base = inner;
                }
                Kind::Index(inner, _) => {
                    steps.push((base, None));
                    base = inner;
                }
                _ => break,
            }
        }
        steps.reverse();
        let mut used = 0;
        let mut value = match &base.kind {
            // An output of a deployment is computed alone, not with all the others.
            Kind::Call(name, arguments) if name.eq_ignore_ascii_case("reference") => {
                let path: Vec<&str> =
                    steps.iter().map_while(|(_, name)| name.as_ref().and_then(Value::as_str)).collect();
                let span = place.span(base.start, base.end);
                let call = Call { run: self, frame, place, name, arguments, span, path: &path };
                let (value, taken) = functions::reference(&call);
                used = taken;
                value
            }
            _ => self.expression(frame, place, base),
        };
        for (step, name) in steps.into_iter().skip(used) {
            let index = match (&step.kind, name) {
                (_, Some(name)) => name,
                (Kind::Index(_, index), None) => self.expression(frame, place, index),
                (_, None) => break,
            };
            value = self.element(&value, &index, place.span(step.start, step.end));
        }
        value
    }

    /// `value[index]`, `value.index`
    pub(super) fn element(&self, value: &Value, index: &Value, span: Span) -> Value {
        match self.try_element(value, index, span) {
            Ok(found) => found,
            Err(message) => self.fail(span, message),
        }
    }

    /// `value[index]`, or why there is no such element.
    #[expect(clippy::unused_self, reason = "belongs to the evaluation of an expression")]
    pub(super) fn try_element(&self, value: &Value, index: &Value, span: Span) -> Result<Value, String> {
        let unknown = |rest: &Arc<Unknown>| Ok(Value::new(Unknown { symbol: None, ..rest.as_ref().clone() }, span));
        match (&value.kind, &index.kind) {
            (ValueKind::Unknown(unknown), _) => Ok(Value::new(attribute_of(unknown, index), span)),
            (_, ValueKind::Unknown(_)) => {
                let parts = [index.clone(), value.clone()];
                Ok(symbol::unknown_of(&parts, symbol::call_symbol("element", &parts), span))
            }
            (ValueKind::Object(object), ValueKind::String(name)) => match object.get_ignore_case(name) {
                Some((_, entry)) => Ok(carried(&entry.value, value, span)),
                None => match &object.rest {
                    Some(rest) => unknown(rest),
                    None => Err(format!("there is no property `{name}`")),
                },
            },
            (ValueKind::Array(array), ValueKind::Number(number)) => {
                let at = number.as_i64().and_then(|it| usize::try_from(it).ok());
                match (at.and_then(|at| array.items.get(at)), &array.rest) {
                    (_, Some(rest)) => unknown(rest),
                    (Some(item), None) => Ok(carried(item, value, span)),
                    (None, None) => Err(match array.items.as_slice() {
                        // What `split()` makes of a value that was left empty.
                        [only] if only.as_str() == Some("") => format!("there is no element {number} of an empty text"),
                        items => format!("there is no element {number} among {}", items.len()),
                    }),
                }
            }
            (ValueKind::Null, _) => Err("null has no properties".into()),
            (ValueKind::Object(_), _) => Err("an object is indexed by a text".into()),
            (ValueKind::Array(_), _) => Err("an array is indexed by a number".into()),
            _ => Err("only objects and arrays have elements".into()),
        }
    }

    /// Reports a mistake of an expression and gives what stands for its value.
    pub(super) fn fail(&self, span: Span, message: impl Into<String>) -> Value {
        Value::unknown(self.mistake(span, message), span)
    }

    /// Reports a mistake; while it is not certain that the text is deployed, the unknown value says enough.
    pub(super) fn mistake(&self, span: Span, message: impl Into<String>) -> Reason {
        let message = message.into();
        if self.doubts.get() == 0 {
            self.push(Diagnostic::warning(Code::Invalid, span, message.clone()));
        }
        Reason::Invalid(message.into())
    }

    /// Reports what holds whether or not the text is deployed.
    pub(super) fn report(&self, code: Code, span: Span, message: impl Into<String>) {
        let diagnostic = match code {
            Code::NotEvaluated | Code::MissingModule => Diagnostic::warning(code, span, message),
            _ => Diagnostic::error(code, span, message),
        };
        self.push(diagnostic);
    }

    /// Evaluates something of which it is not certain that it is deployed.
    pub(super) fn in_doubt<T>(&self, doubt: bool, evaluate: impl FnOnce() -> T) -> T {
        self.doubts.set(self.doubts.get() + u32::from(doubt));
        let result = evaluate();
        self.doubts.set(self.doubts.get() - u32::from(doubt));
        result
    }

    /// True once the root has taken more steps than any real template needs.
    pub(super) fn is_spent(&self, span: Span) -> bool {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() == MAX_STEPS {
            self.report(Code::Bound, span, format!("this template needs more than {MAX_STEPS} evaluation steps"));
        }
        self.steps.get() >= MAX_STEPS
    }

    /// Counts a loop iteration; false once there have been too many.
    pub(super) fn iterate(&self, span: Span) -> bool {
        self.iterations.set(self.iterations.get() + 1);
        if self.iterations.get() == MAX_ITERATIONS {
            self.report(Code::Bound, span, format!("the loops of this template run more than {MAX_ITERATIONS} times"));
        }
        self.iterations.get() < MAX_ITERATIONS
    }

    /// Evaluates the body of a template's function, unless it is being evaluated already.
    pub(super) fn in_function(&self, name: &str, body: impl FnOnce() -> Value) -> Option<Value> {
        let name = name.to_ascii_lowercase();
        if self.calling.borrow().contains(&name) {
            return None;
        }
        self.calling.borrow_mut().push(name);
        let value = body();
        self.calling.borrow_mut().pop();
        Some(value)
    }

    pub(super) fn push(&self, diagnostic: Diagnostic) {
        let mut diagnostics = self.diagnostics.borrow_mut();
        let Some(span) = diagnostic.span else { return };
        if diagnostics.len() < MAX_DIAGNOSTICS && self.seen.borrow_mut().insert((span, diagnostic.message.clone())) {
            diagnostics.push(diagnostic);
        }
    }

    /// One level deeper until the guard is dropped; nothing when a bound is reached.
    fn deeper(&self, span: Span) -> Option<Deeper<'_>> {
        if self.is_spent(span) {
            return None;
        }
        if self.depth.get() >= MAX_DEPTH {
            self.report(Code::Bound, span, format!("evaluation goes deeper than {MAX_DEPTH} levels"));
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        Some(Deeper(&self.depth))
    }
}

fn bounded(span: Span) -> Value {
    Value::unknown(Reason::Bound("evaluation".into()), span)
}

struct Deeper<'d>(&'d Cell<u32>);

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// A part of a value that came through a parameter, variable or output came the same way.
fn carried(part: &Value, whole: &Value, span: Span) -> Value {
    let mut part = part.clone();
    match whole.steps().first() {
        Some(step) if part.origin.is_none() => {
            // The part's own text is nearer to the decision than the whole's.
            part = part.through(step.kind, span);
        }
        _ => part.span = span,
    }
    part
}

/// An attribute of something unknown: the same reason; references and symbol say which attribute.
fn attribute_of(unknown: &Unknown, index: &Value) -> Unknown {
    let name = match &index.kind {
        ValueKind::String(text) => text.to_string(),
        ValueKind::Number(Number::Int(int)) => int.to_string(),
        _ => "?".into(),
    };
    let symbol = unknown.symbol.as_ref().zip(symbol::symbol_of(index)).and_then(|(symbol, index)| {
        let inner = symbol.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or(symbol);
        symbol::atom(&format!("{inner}.{index}"))
    });
    let reference = |it: &Reference| {
        let attribute = if it.attribute.is_empty() { name.clone() } else { format!("{}.{name}", it.attribute) };
        Reference { address: it.address.clone(), attribute: attribute.into() }
    };
    let reason = match &unknown.reason {
        Reason::Computed(path) => Reason::Computed(format!("{path}.{name}").into()),
        other => other.clone(),
    };
    Unknown {
        reason,
        references: unknown.references.iter().map(reference).collect(),
        not_null: !unknown.references.is_empty() && always_set(&name),
        prefix: None,
        symbol,
    }
}

/// A property that a deployed resource has whatever its settings: what identifies it or leads to it.
fn always_set(name: &str) -> bool {
    const ENDS: [&str; 9] = ["id", "uri", "uriwithversion", "url", "endpoint", "name", "fqdn", "location", "key"];
    let name = name.to_ascii_lowercase();
    ENDS.iter().any(|end| name.ends_with(end))
}
