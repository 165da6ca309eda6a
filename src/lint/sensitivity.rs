//! What the PHI classification tag does to a severity.
//!
//! In: a resource in its graph, and the configured names and values of the tag. Out: [`Raised`] for a resource that says
//! it holds ePHI, or whose keys encrypt what says so. The nearest of the resource and what it lives below or extends that carries one of the names decides:
//! a database may say otherwise than its server, a container says nothing and follows its account. A value that is
//! not known raises nothing. Knows no policy.

use std::sync::Arc;

use super::key_chain::encrypted_with;
use crate::eval::Settings;
use crate::finding::{Raised, Severity};
use crate::model::{Resource, ResourceGraph, ResourceIndex};
use crate::source::Span;
use crate::value::{Entry, Value, ValueKind};

/// The configured name of the list of tag names.
const NAMES: &str = "phi-tag-names";
/// The configured name of the list of values that say: this holds ePHI. No policy asks for it.
pub(super) const VALUES: &str = "phi-tag-values";

/// Values that say so when the configuration does not list any.
const DEFAULT_VALUES: [&str; 5] = ["phi", "ephi", "hipaa", "true", "yes"];

/// How a team marks what holds ePHI.
pub(super) struct Marking {
    names: Vec<String>,
    values: Vec<String>,
}

impl Marking {
    /// None when the configuration names no tag.
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        let names = texts(settings.values.get(NAMES)?);
        let values = settings.values.get(VALUES).map_or_else(|| DEFAULT_VALUES.map(str::to_owned).to_vec(), texts);
        (!names.is_empty()).then_some(Self { names, values })
    }

    /// The severity that a finding about a resource has, and why, when the resource is marked.
    pub(super) fn raise(&self, from: Severity, graph: &ResourceGraph, resource: ResourceIndex) -> Option<Raised> {
        let guarded = encrypted_with(graph, resource);
        let mut all = std::iter::once(resource).chain(guarded);
        let (tag, value, span) = all.find_map(|it| self.marked(graph, it))?;
        let to = up(from);
        (to != from).then_some(Raised { from, to, tag, value, span })
    }

    /// The tag that says that a resource holds ePHI: its name, its value and its place.
    fn marked(&self, graph: &ResourceGraph, resource: ResourceIndex) -> Option<(String, String, Span)> {
        let (tag, entry) = self.nearest(graph, resource)?;
        let value = text(&entry.value)?;
        let (key, span) = (entry.key_span, entry.value.span);
        let whole = if key.file == span.file && key.start <= span.start { key.to(span) } else { span };
        let says_so = self.values.iter().any(|it| it.eq_ignore_ascii_case(value.trim()));
        says_so.then(|| (tag.to_string(), value, whole))
    }

    fn nearest<'g>(&self, graph: &'g ResourceGraph, resource: ResourceIndex) -> Option<(&'g Arc<str>, &'g Entry)> {
        let mut seen = Vec::new();
        let mut at = Some(resource);
        while let Some(index) = at.filter(|it| !seen.contains(it)) {
            if let Some(found) = self.tag(graph.get(index)) {
                return Some(found);
            }
            seen.push(index);
            at = graph.parent(index);
        }
        None
    }

    /// The first configured name that a resource carries; Azure folds the case of tag names.
    fn tag<'r>(&self, resource: &'r Resource) -> Option<(&'r Arc<str>, &'r Entry)> {
        let tags = resource.body.as_object()?.value("tags")?.as_object()?;
        self.names.iter().find_map(|name| tags.get_ignore_case(name))
    }
}

/// One step up, and never above critical.
const fn up(severity: Severity) -> Severity {
    match severity {
        Severity::Low => Severity::Medium,
        Severity::Medium => Severity::High,
        Severity::High | Severity::Critical => Severity::Critical,
    }
}

/// A list of texts, or one.
fn texts(value: &Value) -> Vec<String> {
    match value.as_array() {
        Some(array) => array.items.iter().filter_map(text).collect(),
        None => text(value).into_iter().collect(),
    }
}

/// A tag's value is a text, however it is written.
fn text(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::Bool(it) => Some(it.to_string()),
        _ => value.as_str().map(str::to_owned),
    }
}
