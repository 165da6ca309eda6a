//! One Azure resource as Resource Manager would see it, whatever language declared it.

use std::sync::Arc;

use super::coverage::Coverage;
use super::property_path::{PathSegment, PropertyPath};
use super::resource_type::ResourceType;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::value::{Object, Reason, Unknown, Value, ValueKind};

/// A resource: its identity, its body, and where it was written.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Unique inside its root: `module.a.azurerm_key_vault.kv["x"]`, `storageAccount::blobServices`, ...
    pub address: Arc<str>,
    /// The ARM type.
    pub resource_type: ResourceType,
    /// The type as the input language names it (`azurerm_key_vault`); the ARM type for templates.
    pub source_type: Arc<str>,
    /// The language.
    pub dialect: Dialect,
    /// `apiVersion`, `name`, `location`, `tags`, `sku`, `kind`, `identity`, `zones`, `properties`, ...: an object.
    pub body: Value,
    /// Which missing paths of `body` are absent, and which are unknown.
    pub coverage: Arc<Coverage>,
    /// The whole block or object.
    pub span: Span,
    /// Its first line: where a finding about something absent points.
    pub header: Span,
    /// Where the modules that hold it are called, innermost first.
    pub callers: Vec<Span>,
    /// Whether it is deployed by this root at all.
    pub presence: Presence,
    /// The resource it lives below (child types), or that it extends (`scope`).
    pub parent: Option<Link>,
    /// The resource group's name, as far as it is known; its region is inherited by some policies.
    pub resource_group: Option<Value>,
    /// The major of the azurerm provider that the configuration states, for who writes into it.
    pub provider_major: Option<u8>,
}

/// Whether a root deploys a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Presence {
    /// Declared, and deployed.
    Certain,
    /// Declared under a condition, count or `for_each` that is not known. Judged as if deployed; as evidence that
    /// a related resource exists it counts only as possible.
    Possible(Arc<Unknown>),
    /// Referred to, deployed elsewhere (`data`, `existing`): never judged, followed by links.
    Existing,
    /// A part of a resource that is not declared here: judged on what it says, silent on everything else.
    Partial,
}

/// The language a resource was declared in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// Terraform configuration through an azurerm mapping.
    Terraform,
    /// Terraform configuration through azapi.
    Azapi,
    /// A Terraform plan or state as JSON.
    Plan,
    /// An ARM template.
    Arm,
    /// What is deployed, as `az` or Resource Graph print it.
    Export,
    /// One of the YAML dialects.
    Yaml,
}

/// A link to another resource: its target as far as the text tells, and the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Where it leads.
    pub target: Target,
    /// `true` for an extension's scope, `false` for the parent of a child type.
    pub scope: bool,
    /// The text.
    pub span: Span,
}

/// What a link names.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// The address of a resource in the same root.
    Address(Arc<str>),
    /// The name segments of a resource of a known type: `["account", "default"]`.
    Named {
        /// The target's type.
        resource_type: ResourceType,
        /// One name a type segment.
        names: Vec<Value>,
    },
    /// An ARM id or an unknown value.
    Value(Value),
}

/// A separate declaration that is part of another resource's body (`azurerm_storage_account_network_rules`).
#[derive(Clone, Debug)]
pub struct Patch {
    /// Address of the declaration.
    pub address: Arc<str>,
    /// Its type as the input language names it.
    pub source_type: Arc<str>,
    /// The language.
    pub dialect: Dialect,
    /// The resource that it changes.
    pub target: Target,
    /// The target's type.
    pub resource_type: ResourceType,
    /// Merged into the target's body.
    pub body: Value,
    /// Joined to the target's coverage.
    pub coverage: Arc<Coverage>,
    /// The whole declaration.
    pub span: Span,
    /// Its first line.
    pub header: Span,
    /// Where the modules that hold it are called, innermost first.
    pub callers: Vec<Span>,
    /// Whether the declaration itself is certain.
    pub presence: Presence,
    /// What it lives below when the target is not declared here and it stands alone.
    pub parent: Option<Link>,
}

/// Something declared that cannot be read: it may be, or hold, any resource related to what it names.
#[derive(Clone, Debug)]
pub struct Unread {
    /// What it names, anywhere inside.
    pub names: Value,
    /// Why it cannot be read.
    pub why: Arc<Unknown>,
    /// True when it can only be a child or an extension of what it names.
    pub below: bool,
}

/// What a front end makes of one root module, template or document.
#[derive(Clone, Debug, Default)]
pub struct Lowered {
    /// The root, as reports name it: the directory or file, relative, with `/`.
    pub root: Arc<str>,
    /// In the order of the text.
    pub resources: Vec<Resource>,
    /// In the order of the text.
    pub patches: Vec<Patch>,
    /// What could not be read or evaluated.
    pub diagnostics: Vec<Diagnostic>,
    /// What is declared and cannot be read: a module that is not here, a resource of unknown type.
    pub unread: Vec<Unread>,
    /// Source types that no mapping or table knows, one entry a resource: `not_assessed` of the report.
    pub unmapped: Vec<Arc<str>>,
}

/// What a path finds in a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup<'v> {
    /// A value, perhaps itself unknown, with the span of its key.
    Found(&'v Value, Option<Span>),
    /// Certainly not there.
    Absent {
        /// The nearest enclosing text that exists: a block header, a key.
        nearest: Span,
    },
    /// Cannot be told.
    Unknown(Arc<Unknown>, Span),
}

/// The same for everything that no mapping reads, one for each thread.
fn not_mapped() -> Arc<Unknown> {
    thread_local! {
        static WHY: Arc<Unknown> = Arc::new(Unknown::new(Reason::NotMapped));
    }
    WHY.with(Clone::clone)
}

/// What is unknown about a property of something unknown: that the whole is not null says nothing of its parts.
fn below(whole: &Arc<Unknown>) -> Arc<Unknown> {
    if whole.not_null || whole.prefix.is_some() || whole.symbol.is_some() {
        Arc::new(Unknown { not_null: false, prefix: None, symbol: None, ..Unknown::clone(whole) })
    } else {
        whole.clone()
    }
}

impl Resource {
    /// What one path without `[*]` finds; a path with `[*]` is a question for [`Resource::lookup_each`].
    pub fn lookup(&self, path: &PropertyPath) -> Lookup<'_> {
        self.walk(&self.body, self.header, path.segments(), &[])
    }

    /// Everything that a path with `[*]` finds, in order. The flag says that there may be more.
    ///
    /// An absent array gives one [`Lookup::Absent`]; an empty array gives nothing.
    pub fn lookup_each(&self, path: &PropertyPath) -> (Vec<Lookup<'_>>, Option<Arc<Unknown>>) {
        let mut found = Vec::new();
        let mut rest = None;
        self.collect(&self.body, self.header, path.segments(), &mut Vec::new(), &mut found, &mut rest);
        (found, rest)
    }

    /// Like [`Resource::lookup`], from a value inside the body that lies at `above`.
    pub fn lookup_below<'v>(
        &'v self,
        value: &'v Value,
        nearest: Span,
        above: &[PathSegment],
        path: &[PathSegment],
    ) -> Lookup<'v> {
        self.walk(value, nearest, path, above)
    }

    /// A top-level string such as `name` or `location`, when it is known.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.body.as_object()?.get_ignore_case(key)?.1.value.as_str()
    }

    fn walk<'v>(
        &'v self,
        start: &'v Value,
        start_nearest: Span,
        path: &[PathSegment],
        above: &[PathSegment],
    ) -> Lookup<'v> {
        let (mut value, mut nearest, mut key_span) = (start, start_nearest, None);
        for (depth, segment) in path.iter().enumerate() {
            match (&value.kind, segment) {
                (ValueKind::Unknown(unknown), _) => return Lookup::Unknown(below(unknown), value.span),
                (ValueKind::Object(object), PathSegment::Key(key)) => match object.get_ignore_case(key) {
                    Some((_, entry)) => {
                        value = &entry.value;
                        // `properties` is an envelope: what it lacks, the resource lacks.
                        if depth > 0 || !above.is_empty() || !key.eq_ignore_ascii_case("properties") {
                            nearest = entry.key_span;
                        }
                        key_span = Some(entry.key_span);
                    }
                    None => return self.missing(object, above.iter().chain(path), nearest),
                },
                (ValueKind::Array(array), PathSegment::Index(index)) => match (array.items.get(*index), &array.rest) {
                    (Some(item), _) => {
                        value = item;
                        nearest = item.span;
                        key_span = None;
                    }
                    (None, Some(rest)) => return Lookup::Unknown(below(rest), value.span),
                    (None, None) => return Lookup::Absent { nearest },
                },
                // A written null holds nothing below it, and is the most telling place there is.
                (ValueKind::Null, _) => return Lookup::Absent { nearest: key_span.unwrap_or(value.span) },
                _ => {
                    debug_assert!(depth < path.len());
                    return Lookup::Absent { nearest };
                }
            }
        }
        Lookup::Found(value, key_span)
    }

    fn missing<'v, 's>(
        &self,
        object: &Object,
        path: impl Iterator<Item = &'s PathSegment>,
        nearest: Span,
    ) -> Lookup<'v> {
        if let Some(rest) = &object.rest {
            return Lookup::Unknown(below(rest), nearest);
        }
        if self.coverage.covers(path) { Lookup::Absent { nearest } } else { Lookup::Unknown(not_mapped(), nearest) }
    }

    fn collect<'v>(
        &'v self,
        value: &'v Value,
        nearest: Span,
        path: &[PathSegment],
        above: &mut Vec<PathSegment>,
        found: &mut Vec<Lookup<'v>>,
        rest: &mut Option<Arc<Unknown>>,
    ) {
        let Some(each) = path.iter().position(|segment| *segment == PathSegment::Each) else {
            found.push(self.walk(value, nearest, path, above));
            return;
        };
        let (head, tail) = path.split_at(each);
        match self.walk(value, nearest, head, above) {
            Lookup::Found(Value { kind: ValueKind::Array(array), .. }, _) => {
                let depth = above.len();
                above.extend_from_slice(head);
                above.push(PathSegment::Each);
                for item in &array.items {
                    self.collect(item, item.span, tail.get(1..).unwrap_or(&[]), above, found, rest);
                }
                above.truncate(depth);
                if rest.is_none() {
                    rest.clone_from(&array.rest);
                }
            }
            Lookup::Found(Value { kind: ValueKind::Unknown(unknown), span, .. }, _) => {
                found.push(Lookup::Unknown(unknown.clone(), *span));
            }
            Lookup::Found(value, key_span) => found.push(Lookup::Absent { nearest: key_span.unwrap_or(value.span) }),
            other => found.push(other),
        }
    }
}
