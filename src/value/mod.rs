//! A JSON-like value that knows where its text is, how it came there, and whether it is known at all.
//!
//! In: what a parser or an evaluator made of a text. Out: the leaves of a resource body, compared by policies.
//! Absent, null and unknown are three things: a missing entry, [`ValueKind::Null`] and [`ValueKind::Unknown`].
//! Knows no language and no Azure. Clones are cheap: everything that can be large is behind an `Arc`.

mod entries;
mod keys;
mod number;
mod steps;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

pub use entries::Entries;
pub use keys::key;
pub use number::Number;
pub use steps::{Step, StepKind, Steps};

use crate::source::Span;

/// A value, the text that decided it, and the way it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// What it is.
    pub kind: ValueKind,
    /// The text at the place of use: the expression, literal, or block header that gave this value.
    pub span: Span,
    /// How it came there, when not written in place.
    pub origin: Option<Arc<Origin>>,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueKind {
    /// Written as null. Terraform front ends drop nulls of arguments ("not set"); JSON keeps them.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, wholly known.
    String(Arc<str>),
    /// An array, perhaps with unknown elements or an unknown rest.
    Array(Arc<Array>),
    /// An object, perhaps with unknown values or an unknown rest.
    Object(Arc<Object>),
    /// Something that the text alone does not tell.
    Unknown(Arc<Unknown>),
}

/// The elements of an array; `rest` says that more may follow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Array {
    /// The elements that are certain to be there, in order.
    pub items: Vec<Value>,
    /// Why there may be more elements than `items`.
    pub rest: Option<Arc<Unknown>>,
}

/// The entries of an object in the order of the text; `rest` says that more may follow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// The entries that are certain to be there.
    pub entries: Entries,
    /// Why there may be more entries than `entries`.
    pub rest: Option<Arc<Unknown>>,
}

/// A value in an object, with the place of its key.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The text of the key; findings on the entry cover key and value.
    pub key_span: Span,
    /// The value.
    pub value: Value,
}

/// Something the text does not tell, why, and what is known all the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown {
    /// Why it is not known.
    pub reason: Reason,
    /// The resources whose attributes went into it: what makes an id an edge of the graph.
    pub references: Vec<Reference>,
    /// True when it is certain not to be null (a template, an attribute that the service always sets).
    pub not_null: bool,
    /// How its text starts, when it is a string of which only the tail is unknown.
    pub prefix: Option<Arc<str>>,
    /// A text that two unknown strings share exactly when they are equal: the known parts as they are, each unknown part
    /// in braces, without a slash inside (`{prefix}-kv`). Names and ids are matched by it.
    pub symbol: Option<Arc<str>>,
}

/// Why a value is not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// A variable or parameter that got no value; its name.
    Variable(Arc<str>),
    /// An attribute of a data source or an existing resource; its address.
    Data(Arc<str>),
    /// An attribute that only the deployed resource has; its address and attribute.
    Computed(Arc<str>),
    /// An output of a module whose source is not on this machine; its address.
    MissingModule(Arc<str>),
    /// A function that only the deployment can compute (`reference()`, `timestamp()`); its name.
    Runtime(Arc<str>),
    /// A construct or function that baalint does not evaluate; its name.
    NotEvaluated(Arc<str>),
    /// The mapping of the type does not cover this property.
    NotMapped,
    /// The API version is not readable, so the service default is not known.
    ApiVersion,
    /// The expression is wrong; Terraform or Resource Manager would refuse it.
    Invalid(Arc<str>),
    /// A bound of the tool was reached; its name.
    Bound(Arc<str>),
    /// Several resources or values, and the text does not tell which.
    Ambiguous(Arc<str>),
    /// The plan says "known after apply".
    AfterApply,
}

/// A use of a resource's attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// Address of the resource inside its root, as [`crate::model::Resource::address`] has it.
    pub address: Arc<str>,
    /// The attribute (`id`, `name`, `identity[0].principal_id`); empty for the resource as a whole.
    pub attribute: Arc<str>,
}

/// How a value came to the place where it is used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// Set when nobody wrote it.
    pub default: Option<DefaultOf>,
    /// The way it came, nearest first.
    pub steps: Steps,
}

/// Whose default a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultOf {
    /// The azurerm provider's, of this major version.
    Provider {
        /// Major version of azurerm.
        major: u8,
    },
    /// What every declaration of its type has; no argument changes it.
    Always,
    /// The service's, as of this API version.
    Service {
        /// The API version, or `any`.
        api_version: Arc<str>,
    },
}

/// The origin of a value that nobody wrote: a resource has dozens of them, of one or two kinds.
fn origin_of_default(of: DefaultOf) -> Arc<Origin> {
    thread_local! {
        static LATEST: RefCell<Option<Arc<Origin>>> = const { RefCell::new(None) };
    }
    LATEST.with_borrow_mut(|latest| match latest {
        Some(origin) if origin.default.as_ref() == Some(&of) => origin.clone(),
        _ => latest.insert(Arc::new(Origin { default: Some(of), steps: Steps::default() })).clone(),
    })
}

impl Value {
    /// A value written at `span`.
    pub fn new(kind: impl Into<ValueKind>, span: Span) -> Self {
        Self { kind: kind.into(), span, origin: None }
    }

    /// An unknown value at `span`.
    pub fn unknown(reason: Reason, span: Span) -> Self {
        Self::new(ValueKind::Unknown(Arc::new(Unknown::new(reason))), span)
    }

    /// An object of these entries at `span`.
    pub fn object(mut object: Object, span: Span) -> Self {
        object.entries.shrink();
        Self::new(ValueKind::Object(Arc::new(object)), span)
    }

    /// An array of these elements at `span`.
    pub fn array(mut items: Vec<Value>, span: Span) -> Self {
        items.shrink_to_fit();
        Self::new(ValueKind::Array(Arc::new(Array { items, rest: None })), span)
    }

    /// The same value used at `span`, having come through a place of `kind` at its old span.
    #[must_use]
    pub fn through(mut self, kind: StepKind, span: Span) -> Self {
        let old = self.span;
        self.span = span;
        let origin = Arc::make_mut(self.origin.get_or_insert_default());
        if origin.default.is_none() && old != span {
            origin.steps.add_nearest(Step { kind, span: old });
        }
        self
    }

    /// A part of a value that came the way of `whole` to `span`: it came the same way, from its own text.
    #[must_use]
    pub fn along(mut self, span: Span, whole: &Origin) -> Self {
        let own = self.span;
        let begins = whole.steps.last().is_some_and(|first| first.span.contains(own));
        if begins && self.origin.is_none() {
            let mut steps = whole.steps;
            if let Some(first) = steps.last_mut() {
                first.span = own;
            }
            self.span = span;
            self.origin = Some(Arc::new(Origin { default: None, steps }));
        }
        self
    }

    /// The same value, marked as the default of `of`.
    #[must_use]
    pub fn as_default(mut self, of: DefaultOf) -> Self {
        match &mut self.origin {
            Some(origin) => Arc::make_mut(origin).default = Some(of),
            None => self.origin = Some(origin_of_default(of)),
        }
        self
    }

    /// Whose default it is, when nobody wrote it.
    pub fn default_of(&self) -> Option<&DefaultOf> {
        self.origin.as_ref()?.default.as_ref()
    }

    /// The way it came, nearest first.
    pub fn steps(&self) -> &[Step] {
        self.origin.as_ref().map_or(&[], |origin| &origin.steps)
    }

    /// The text of a known string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            ValueKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The same as it is held, to be shared.
    pub fn as_text(&self) -> Option<&Arc<str>> {
        match &self.kind {
            ValueKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// A known boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            ValueKind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// A known number.
    pub fn as_number(&self) -> Option<Number> {
        match self.kind {
            ValueKind::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The entries of an object.
    pub fn as_object(&self) -> Option<&Object> {
        match &self.kind {
            ValueKind::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements of an array.
    pub fn as_array(&self) -> Option<&Array> {
        match &self.kind {
            ValueKind::Array(array) => Some(array),
            _ => None,
        }
    }

    /// Why it is not known, when it is not.
    pub fn as_unknown(&self) -> Option<&Arc<Unknown>> {
        match &self.kind {
            ValueKind::Unknown(unknown) => Some(unknown),
            _ => None,
        }
    }

    /// True for a written null.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, ValueKind::Null)
    }

    /// True when this value and everything inside it is known.
    pub fn is_wholly_known(&self) -> bool {
        match &self.kind {
            ValueKind::Unknown(_) => false,
            ValueKind::Array(array) => array.rest.is_none() && array.items.iter().all(Value::is_wholly_known),
            ValueKind::Object(object) => {
                object.rest.is_none() && object.entries.values().all(|entry| entry.value.is_wholly_known())
            }
            _ => true,
        }
    }

    /// Calls `visit` for every reference inside this value, depth first.
    pub fn for_each_reference(&self, visit: &mut dyn FnMut(&Reference, Span)) {
        match &self.kind {
            ValueKind::Unknown(unknown) => unknown.references.iter().for_each(|it| visit(it, self.span)),
            ValueKind::Array(array) => array.items.iter().for_each(|item| item.for_each_reference(visit)),
            ValueKind::Object(object) => {
                object.entries.values().for_each(|entry| entry.value.for_each_reference(visit));
            }
            _ => {}
        }
    }
}

impl Object {
    /// The entry of exactly this key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The value of exactly this key.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// The entry of this key whatever its case, as Resource Manager compares names; an exact match wins.
    pub fn get_ignore_case(&self, key: &str) -> Option<(&Arc<str>, &Entry)> {
        self.entries.get_ignore_case(key)
    }

    /// An object with room for so many entries.
    pub fn with_capacity(entries: usize) -> Self {
        Self { entries: Entries::with_capacity(entries), rest: None }
    }

    /// Sets a key; the last one wins, at the place of the first.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, key_span: Span, value: Value) {
        self.entries.insert(key.into(), Entry { key_span, value });
    }

    /// True when it has no entry and can have none.
    pub fn is_certainly_empty(&self) -> bool {
        self.entries.is_empty() && self.rest.is_none()
    }
}

impl Unknown {
    /// Unknown for this reason; may be null, refers to nothing.
    pub fn new(reason: Reason) -> Self {
        Self { reason, references: Vec::new(), not_null: false, prefix: None, symbol: None }
    }

    /// Unknown attribute of a resource: certain to be set once deployed, and an edge to the resource.
    pub fn reference(reason: Reason, reference: Reference) -> Self {
        Self { reason, references: vec![reference], not_null: true, prefix: None, symbol: None }
    }

    /// How its text ends, when it is a string of which the tail is known.
    pub fn suffix(&self) -> Option<&str> {
        let (_, tail) = self.symbol.as_deref()?.rsplit_once('}')?;
        (!tail.is_empty()).then_some(tail)
    }

    /// What is unknown when two unknown parts make one value: the first reason, all references.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        joined.not_null = self.not_null && other.not_null;
        joined.prefix = None;
        joined.symbol = None;
        for reference in &other.references {
            if !joined.references.contains(reference) {
                joined.references.push(reference.clone());
            }
        }
        joined
    }
}

impl Reason {
    /// The word of the `statistics` table and of the JSON report.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Variable(_) => "variable",
            Self::Data(_) => "data",
            Self::Computed(_) => "computed",
            Self::MissingModule(_) => "missing-module",
            Self::Runtime(_) => "runtime",
            Self::NotEvaluated(_) => "not-evaluated",
            Self::NotMapped => "not-mapped",
            Self::ApiVersion => "api-version",
            Self::Invalid(_) => "invalid",
            Self::Bound(_) => "bound",
            Self::Ambiguous(_) => "ambiguous",
            Self::AfterApply => "after-apply",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(out, "`{name}` has no value"),
            Self::Data(address) => write!(out, "`{address}` is read at deployment"),
            Self::Computed(attribute) => write!(out, "`{attribute}` is known only after deployment"),
            Self::MissingModule(address) => write!(out, "the source of `{address}` is not on this machine"),
            Self::Runtime(function) => write!(out, "`{function}` is computed at deployment"),
            Self::NotEvaluated(what) => write!(out, "{what} is not evaluated"),
            Self::NotMapped => write!(out, "baalint does not read this setting from this resource type yet"),
            Self::ApiVersion => write!(out, "the API version is not known, so neither is the default"),
            Self::Invalid(why) => write!(out, "{why}"),
            Self::Bound(which) => write!(out, "the bound on {which} was reached"),
            Self::Ambiguous(what) => write!(out, "it cannot be told which {what} is meant"),
            Self::AfterApply => write!(out, "the plan says it is known after apply"),
        }
    }
}

impl From<bool> for ValueKind {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for ValueKind {
    fn from(value: i64) -> Self {
        Self::Number(Number::Int(value))
    }
}

impl From<Number> for ValueKind {
    fn from(value: Number) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for ValueKind {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<String> for ValueKind {
    fn from(value: String) -> Self {
        Self::String(value.into())
    }
}

impl From<Arc<str>> for ValueKind {
    fn from(value: Arc<str>) -> Self {
        Self::String(value)
    }
}

impl From<Unknown> for ValueKind {
    fn from(value: Unknown) -> Self {
        Self::Unknown(Arc::new(value))
    }
}
