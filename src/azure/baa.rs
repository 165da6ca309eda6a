//! What the catalogue `policies/baa/coverage.yaml` says of a resource: is its service under the Microsoft HIPAA BAA?
//!
//! In: a resource (type, kind, plan, and the property that an entry's `when` names). Out: the entry, or why it cannot be told.
//! The longest type that the catalogue names wins, narrow entries (`when`, `kinds`) before broad ones; what lies below inherits.
//! Does not know Microsoft's own list: each entry says what it rests on.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::tables::row;
use crate::model::{Lookup, PropertyPath, Resource, ResourceType};
use crate::source::Span;
use crate::value::{Reason, Unknown, Value, ValueKind};

include!(concat!(env!("OUT_DIR"), "/baa.rs"));

/// An entry of the catalogue.
#[derive(Debug)]
pub struct Service {
    /// The service's name.
    pub name: &'static str,
    /// What the catalogue says of it.
    pub status: Status,
    /// What that rests on.
    pub basis: Basis,
    /// Ids of [`EVIDENCE`].
    pub evidence: &'static [&'static str],
    /// Types and namespaces.
    pub types: &'static [&'static str],
    /// The `kind`s it is for; empty for all, `*` for those no other entry names.
    pub kinds: &'static [&'static str],
    /// The property it depends on.
    pub when: Option<When>,
    /// When the service went or goes away.
    pub retired: Option<&'static str>,
    /// A remark.
    pub note: Option<&'static str>,
}

/// A condition of an entry on one property.
#[derive(Debug)]
pub struct When {
    /// Path of the property.
    pub property: &'static str,
    /// Whether the entry holds for the values or for all others.
    pub listed: bool,
    /// The values; `*` at the end stands for any rest.
    pub values: &'static [&'static str],
    /// Whether a value that is not known may meet the condition.
    pub doubt: bool,
}

/// A document that the catalogue rests on.
#[derive(Debug)]
pub struct Evidence {
    /// `E1`.
    pub id: &'static str,
    /// The document's date.
    pub date: &'static str,
    /// Which document.
    pub document: &'static str,
    /// What it says.
    pub fact: &'static str,
}

/// What the catalogue says of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Named in the scope lists, or plainly part of a service named there.
    Covered,
    /// Not named there; not an exclusion.
    Unlisted,
    /// Only preview versions exist.
    Preview,
    /// Run or sold by a third party.
    Partner,
    /// Outside by Microsoft's own words.
    NotCovered,
    /// Control plane; holds no customer content.
    Internal,
}

/// What an entry rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The evidence says so.
    Documented,
    /// It follows from the evidence.
    Inferred,
    /// Our reading.
    Judgement,
}

/// What the catalogue says of a resource.
#[derive(Clone, Debug)]
pub enum Coverage {
    /// This entry; `own` is false for a part of something that already stands for the service.
    Known {
        /// The entry.
        service: &'static Service,
        /// Whether this resource is where the use of the service is decided.
        own: bool,
    },
    /// It depends on a value that is not known.
    Unknown {
        /// Why.
        unknown: Arc<Unknown>,
        /// The value.
        span: Span,
        /// What it can be.
        candidates: Vec<&'static Service>,
    },
}

/// For types that the catalogue does not know.
static UNKNOWN_MICROSOFT: Service = unnamed("a service that the catalogue does not name", Status::Unlisted);
static UNKNOWN_PARTNER: Service = unnamed("a provider namespace outside Microsoft", Status::Partner);
static NOT_AZURE: Service = unnamed("not an Azure resource", Status::Internal);

const fn unnamed(name: &'static str, status: Status) -> Service {
    let (evidence, kinds, types) = (&[], &[], &[]);
    Service { name, status, basis: Basis::Judgement, evidence, types, kinds, when: None, retired: None, note: None }
}

/// Every entry of the catalogue, in its order.
pub fn services() -> &'static [Service] {
    SERVICES
}

/// Every document that the catalogue rests on.
pub fn evidence() -> &'static [Evidence] {
    EVIDENCE
}

/// The date of the catalogue.
pub fn as_of() -> &'static str {
    AS_OF
}

/// One field of [`coverage`] as policies ask for it: `status`, `basis`, `service`, `evidence`, `retired`, `note`, `own`.
///
/// The name of a status (`partner`) asks whether this resource is where a service of that status is used: unknown only when
/// what is not known decides it.
pub fn ask(resource: &Resource, key: &str) -> Option<Value> {
    let status = Status::ALL.into_iter().find(|status| status.as_str() == key);
    let (service, own) = match coverage(resource) {
        Coverage::Known { service, own } => (service, own),
        Coverage::Unknown { candidates, .. } if status.is_some_and(|it| candidates.iter().all(|s| s.status != it)) => {
            return Some(Value::new(false, resource.header));
        }
        Coverage::Unknown { unknown, span, .. } => return Some(Value::new(ValueKind::Unknown(unknown), span)),
    };
    if let Some(status) = status {
        return Some(Value::new(own && service.status == status, resource.header));
    }
    let text = |text: &str| Some(Value::new(ValueKind::String(text.into()), resource.header));
    match key {
        "status" => text(service.status.as_str()),
        "basis" => text(service.basis.as_str()),
        "service" => text(service.name),
        "evidence" => text(&service.evidence.iter().map(|id| cited(id)).collect::<Vec<_>>().join("; ")),
        "retired" => text(service.retired.unwrap_or_default()),
        "note" => text(service.note.unwrap_or_default()),
        "own" => Some(Value::new(own, resource.header)),
        _ => None,
    }
}

/// What the catalogue says of a resource.
pub fn coverage(resource: &Resource) -> Coverage {
    let whole = resource.resource_type.as_str();
    // Of all resources of templates most are these.
    if whole.starts_with("baalint.") {
        return Coverage::Known { service: &NOT_AZURE, own: is_top_level(whole) };
    }
    // The plan of a solution names who drew its views; they run in one's own workspace.
    let mut name = if resource.resource_type == *"Microsoft.OperationsManagement/solutions" { whole } else { "*" };
    loop {
        match narrow(resource, name) {
            Narrow::Entry(service) => {
                return Coverage::Known { service, own: owns(&resource.resource_type, name, service) };
            }
            Narrow::Unknown(unknown, span) => {
                return Coverage::Unknown { unknown, span, candidates: candidates(&resource.resource_type, name) };
            }
            Narrow::None if name == "*" => {
                if let Some((service, own)) = of_type(&resource.resource_type) {
                    return Coverage::Known { service, own };
                }
                name = whole;
                continue;
            }
            Narrow::None => {}
        }
        match name.rsplit_once('/') {
            Some((shorter, _)) => name = shorter,
            None => return Coverage::Known { service: unnamed_namespace(name), own: is_top_level(whole) },
        }
    }
}

/// What holds for every resource of a type, and whether its use is decided there; none where it depends on more than the type.
fn of_type(resource_type: &ResourceType) -> Option<(&'static Service, bool)> {
    /// More types than there are: templates can make up their own.
    const MOST: usize = 8192;
    type Known = FxHashMap<ResourceType, Option<(&'static Service, bool)>>;
    thread_local! {
        static KNOWN: RefCell<Known> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(found) = known.get(resource_type) {
            return *found;
        }
        let whole = resource_type.as_str();
        let plain = entries(whole).all(|it| it.when.is_none() && it.kinds.is_empty());
        let found = plain.then(|| match broad_at(resource_type) {
            Some((name, service)) => (service, owns(resource_type, name, service)),
            None => (unnamed_namespace(resource_type.namespace()), is_top_level(whole)),
        });
        if known.len() < MOST {
            known.insert(resource_type.clone(), found);
        }
        found
    })
}

/// The entries for exactly this name, the narrowest first.
fn entries(name: &str) -> impl Iterator<Item = &'static Service> {
    row(BY_TYPE, name).unwrap_or(&[]).iter().filter_map(|it| SERVICES.get(usize::from(*it)))
}

enum Narrow {
    Entry(&'static Service),
    Unknown(Arc<Unknown>, Span),
    None,
}

/// The narrowest entry for exactly this name that the resource meets.
fn narrow(resource: &Resource, name: &str) -> Narrow {
    let mut open = None;
    for service in entries(name) {
        // Kinds are those of the named type; what lies below it inherits by name only.
        let here = resource.resource_type == *name || name == "*";
        match meets(resource, service, here) {
            Ok(true) if open.is_none() => return Narrow::Entry(service),
            Ok(_) => {}
            Err(unknown) => open = open.or(Some(unknown)),
        }
    }
    open.map_or(Narrow::None, |(unknown, span)| Narrow::Unknown(unknown, span))
}

/// What the entry can be when a condition on it is not known.
fn candidates(resource_type: &ResourceType, name: &str) -> Vec<&'static Service> {
    entries(name).chain(broad(resource_type)).collect()
}

/// Whether a resource meets an entry's conditions.
fn meets(resource: &Resource, service: &Service, here: bool) -> Result<bool, (Arc<Unknown>, Span)> {
    if !here && (service.when.is_some() || !service.kinds.is_empty()) {
        return Ok(false);
    }
    if let Some(when) = &service.when {
        let text = known_text(resource, when.property);
        let Some(text) = (if when.doubt { text? } else { text.unwrap_or(None) }) else { return Ok(false) };
        return Ok(when.values.iter().any(|pattern| matches(pattern, text)) == when.listed);
    }
    if service.kinds.is_empty() {
        return Ok(true);
    }
    let Some(kind) = known_text(resource, "kind")? else { return Ok(false) };
    Ok(service.kinds.iter().any(|pattern| matches(pattern, kind)))
}

/// The text at a path; none when it is absent or not read from this type.
fn known_text<'r>(resource: &'r Resource, path: &str) -> Result<Option<&'r str>, (Arc<Unknown>, Span)> {
    // Asked of every resource, and hardly anything has a plan: that one may be hidden in what is not read is no doubt worth a word.
    let of_plan = path.starts_with("plan.");
    if of_plan && resource.body.as_object().is_some_and(|body| body.get_ignore_case("plan").is_none()) {
        return Ok(None);
    }
    match resource.lookup(&PropertyPath::parse(path)) {
        Lookup::Found(Value { kind: ValueKind::Unknown(unknown), span, .. }, _) => Err((unknown.clone(), *span)),
        Lookup::Found(value, _) => Ok(value.as_str().filter(|it| !it.is_empty())),
        Lookup::Unknown(unknown, span) if unknown.reason != Reason::NotMapped && !of_plan => Err((unknown, span)),
        Lookup::Unknown(..) | Lookup::Absent { .. } => Ok(None),
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)),
        None => pattern.eq_ignore_ascii_case(text),
    }
}

/// Whether the use of a service is decided at this resource, and not above it.
fn owns(resource_type: &ResourceType, matched: &str, service: &Service) -> bool {
    let whole = resource_type.as_str();
    if is_top_level(whole) || matched == "*" {
        return true;
    }
    if whole.len() != matched.len() {
        return false;
    }
    if service.when.is_some() {
        return true;
    }
    let above = resource_type.parent();
    above.is_none_or(|above| broad(&above).is_none_or(|other| !std::ptr::eq(other, service)))
}

/// The entry for a type whatever its kind and properties.
fn broad(resource_type: &ResourceType) -> Option<&'static Service> {
    broad_at(resource_type).map(|(_, service)| service)
}

/// The same, and the name that it is for.
fn broad_at(resource_type: &ResourceType) -> Option<(&str, &'static Service)> {
    let mut name = resource_type.as_str();
    loop {
        if let Some(service) = entries(name).find(|it| it.when.is_none() && it.kinds.is_empty()) {
            return Some((name, service));
        }
        name = name.rsplit_once('/')?.0;
    }
}

fn is_top_level(resource_type: &str) -> bool {
    resource_type.matches('/').count() == 1
}

fn unnamed_namespace(namespace: &str) -> &'static Service {
    let namespace = namespace.to_ascii_lowercase();
    match namespace.split_once('.') {
        Some(("microsoft", _)) => &UNKNOWN_MICROSOFT,
        // Pseudo types (`baalint.template`) and Kubernetes groups (`apps.k8s.io`) are no resource providers.
        Some(("baalint", _)) | None => &NOT_AZURE,
        Some(_) if namespace.contains("k8s") || namespace.matches('.').count() > 1 => &NOT_AZURE,
        Some(_) => &UNKNOWN_PARTNER,
    }
}

/// `E1 (2026-02-25)`.
fn cited(id: &str) -> String {
    EVIDENCE.iter().find(|it| it.id == id).map_or_else(|| id.to_owned(), |it| format!("{id} ({})", it.date))
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Covered, Self::Unlisted, Self::Preview, Self::Partner, Self::NotCovered, Self::Internal];

    /// The word that policies compare.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::Unlisted => "unlisted",
            Self::Preview => "preview",
            Self::Partner => "partner",
            Self::NotCovered => "not_covered",
            Self::Internal => "internal",
        }
    }
}

impl Basis {
    /// The word that reports print.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Inferred => "inferred",
            Self::Judgement => "judgement",
        }
    }
}
