//! The resources that a template declares, one entry an instance: loops expanded, conditions decided, names evaluated.
//!
//! In: a template in evaluation. Out: [`Declaration`]s in the order of the text, children nested in a resource after it.
//! Bodies are not evaluated here, so that a body can refer to any resource of its template by then.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::copy::Count;
use super::evaluate::{Frame, Run};
use super::functions::scope_prefix;
use super::scope::Scope;
use super::symbol;
use crate::diagnostic::Code;
use crate::model::{ArmId, Link, Presence, ResourceType, Target};
use crate::source::Span;
use crate::value::{Object, Reason, Unknown, Value, ValueKind};

/// The most resources of one root.
const MAX_RESOURCES: usize = 20_000;

/// One resource of a template.
#[derive(Debug)]
pub(super) struct Declaration {
    /// Its symbolic name, without the index of its loop.
    pub(super) symbol: Option<Arc<str>>,
    /// Unique inside its root.
    pub(super) address: Arc<str>,
    pub(super) resource_type: ResourceType,
    /// The whole name, as written.
    pub(super) full_name: Value,
    /// One name a type segment.
    pub(super) names: Vec<Value>,
    pub(super) object: Arc<Object>,
    pub(super) span: Span,
    pub(super) header: Span,
    pub(super) frame: Frame,
    pub(super) presence: Presence,
    pub(super) existing: bool,
    /// Its condition is false: not deployed, but it may be named.
    pub(super) skipped: bool,
    pub(super) parent: Option<Link>,
    /// The template of a nested deployment, once somebody has asked for it.
    pub(super) nested: OnceCell<Option<Rc<Scope>>>,
    /// Type and names, to be found by; nothing when a name has no symbol.
    key: Option<String>,
}

/// What a nested child takes from the resource around it.
struct Around<'a> {
    resource_type: &'a ResourceType,
    names: &'a [Value],
    address: &'a Arc<str>,
}

impl Declaration {
    /// True for a nested or linked deployment.
    pub(super) fn is_deployment(&self) -> bool {
        self.resource_type == *"Microsoft.Resources/deployments"
    }

    /// Its id as text or symbol.
    pub(super) fn id(&self, scope: &Scope) -> Option<String> {
        let mut segments = self.resource_type.as_str().split('/');
        let mut id = format!("{}/providers/{}", scope_prefix(&scope.target)?, segments.next()?);
        for (segment, name) in segments.zip(&self.names) {
            id = format!("{id}/{segment}/{}", symbol::symbol_of(name)?);
        }
        Some(id)
    }
}

impl Run<'_> {
    /// The declarations of a template; none while they are being made.
    pub(super) fn declared(&self, scope: &Rc<Scope>) -> Vec<Rc<Declaration>> {
        if let Some(declarations) = scope.declarations.get() {
            return declarations.clone();
        }
        if scope.declaring.replace(true) {
            return Vec::new();
        }
        let mut declaring = Declaring { run: self, scope, made: Vec::new(), addresses: FxHashSet::default() };
        let frame = Frame::of(scope.clone());
        if let Some((_, resources)) = scope.template.get_ignore_case("resources") {
            declaring.all(&frame, &resources.value, None);
        }
        scope.declarations.get_or_init(|| declaring.made).clone()
    }

    /// The resource that a symbolic name, an id or a plain name means: of this template, or of one around it.
    pub(super) fn declaration(&self, scope: &Rc<Scope>, target: &Value) -> Option<Rc<Declaration>> {
        let text = symbol::symbol_of(target)?;
        let rooted;
        let id = if text.starts_with('/') {
            &text
        } else {
            rooted = format!("/providers/{text}");
            &rooted
        };
        let key = ArmId::parse(id).map(|id| key_of(id.resource_type.as_str(), id.names.iter().copied()));
        let mut scope = Some(scope);
        while let Some(here) = scope {
            let declared = self.declared(here);
            let found = match &key {
                Some(key) => declared.iter().find(|it| it.key.as_ref() == Some(key)),
                None => by_name(&declared, &here.prefix, &text),
            };
            if found.is_some() {
                return found.cloned();
            }
            scope = here.outer.as_ref();
        }
        None
    }
}

/// By symbolic name with or without an index, else by the last segment of the resource's name.
fn by_name<'d>(declared: &'d [Rc<Declaration>], prefix: &str, text: &str) -> Option<&'d Rc<Declaration>> {
    let exact = declared.iter().find(|it| {
        it.symbol.is_some() && it.address.strip_prefix(prefix).is_some_and(|it| it.eq_ignore_ascii_case(text))
    });
    let bare = text.split('[').next().unwrap_or(text);
    exact
        .or_else(|| declared.iter().find(|it| it.symbol.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(bare))))
        .or_else(|| declared.iter().find(|it| symbol::symbol_of(&it.full_name).is_some_and(|it| it == text)))
}

fn key_of<'n>(resource_type: &str, names: impl Iterator<Item = &'n str>) -> String {
    let mut key = resource_type.to_ascii_lowercase();
    for name in names {
        key.push('|');
        key.push_str(&name.to_ascii_lowercase());
    }
    key
}

struct Declaring<'d> {
    run: &'d Run<'d>,
    scope: &'d Rc<Scope>,
    made: Vec<Rc<Declaration>>,
    addresses: FxHashSet<String>,
}

impl Declaring<'_> {
    fn all(&mut self, frame: &Frame, resources: &Value, around: Option<&Around<'_>>) {
        match &resources.kind {
            ValueKind::Array(array) => array.items.iter().for_each(|it| self.resource(frame, None, it, around)),
            ValueKind::Object(object) => {
                for (symbol, entry) in &object.entries {
                    self.resource(frame, Some(symbol), &entry.value, around);
                }
            }
            ValueKind::String(_) => {
                self.run.report(
                    Code::NotEvaluated,
                    resources.span,
                    "resources given by an expression are not evaluated",
                );
            }
            ValueKind::Null | ValueKind::Unknown(_) => {}
            _ => {
                let message = "`resources` must be an array or an object: nothing here is judged";
                self.run.report(Code::Invalid, resources.span, message);
            }
        }
    }

    fn resource(&mut self, frame: &Frame, symbol: Option<&Arc<str>>, written: &Value, around: Option<&Around<'_>>) {
        let ValueKind::Object(object) = &written.kind else {
            if !matches!(written.kind, ValueKind::Null | ValueKind::Unknown(_)) {
                self.run.report(Code::Invalid, written.span, "this is no resource: it must be an object");
            }
            return;
        };
        let Some(definition) = object.value("copy").and_then(Value::as_object) else {
            return self.instance(frame, symbol, None, written, object, around);
        };
        let span = object.get("copy").map_or(written.span, |it| it.value.span);
        let name = definition.value("name").and_then(Value::as_str).unwrap_or("");
        match self.run.count(frame, definition, span) {
            Count::Known(0) => {
                let label =
                    symbol.cloned().or_else(|| object.get_ignore_case("type")?.1.value.as_str().map(Into::into));
                if let (Some(label), Some(decides)) = (label, definition.value("count")) {
                    self.run.switch_off(format!("{}{label}", self.scope.prefix).into(), frame, decides);
                }
            }
            Count::Known(count) => {
                for index in 0..count {
                    if !self.run.iterate(span) || self.run.resources.get() > MAX_RESOURCES {
                        break;
                    }
                    let inner = frame.in_copy(name, Ok(index), true);
                    self.instance(&inner, symbol, Some(&Ok(index)), written, object, around);
                }
            }
            Count::Unknown(why) => {
                let inner = frame.in_copy(name, Err(why.clone()), true);
                self.instance(&inner, symbol, Some(&Err(why)), written, object, around);
            }
        }
    }

    fn instance(
        &mut self,
        frame: &Frame,
        symbol: Option<&Arc<str>>,
        index: Option<&Result<i64, Arc<Unknown>>>,
        written: &Value,
        object: &Arc<Object>,
        around: Option<&Around<'_>>,
    ) {
        let run = self.run;
        let Some((_, type_entry)) = object.get_ignore_case("type") else {
            if object.rest.is_none() {
                run.report(
                    Code::Invalid,
                    written.span.shrink_to_start(),
                    "this resource has no `type`; it is not judged",
                );
            }
            return;
        };
        run.resources.set(run.resources.get() + 1);
        if run.resources.get() > MAX_RESOURCES {
            if run.resources.get() == MAX_RESOURCES + 1 {
                let message =
                    format!("this template makes more than {MAX_RESOURCES} resources; the rest is not evaluated");
                run.report(Code::Bound, written.span, message);
            }
            return;
        }
        let existing = object.value("existing").and_then(Value::as_bool) == Some(true);
        let (presence, skipped) = self.presence(frame, object, existing, index);
        let doubt = skipped || presence != Presence::Certain;
        let (type_value, name_value) = run.in_doubt(doubt, || {
            let name = object.get_ignore_case("name").map(|(_, entry)| run.value(frame, &entry.value));
            (run.value(frame, &type_entry.value), name)
        });
        let Some(type_text) = type_value.as_str() else {
            run.report(
                Code::NotEvaluated,
                type_entry.value.span,
                "a resource whose type is not known is not evaluated",
            );
            return;
        };
        let name_value = name_value.unwrap_or_else(|| Value::new("", written.span));
        let identity = identity(type_text, &name_value, around);
        let scope_link = object.get_ignore_case("scope").map(|(_, entry)| {
            let value = run.in_doubt(doubt, || run.value(frame, &entry.value));
            Link { target: Target::Value(self.absolute(value)), scope: true, span: entry.value.span }
        });
        let parent =
            scope_link.or(identity.parent).or_else(|| parent_by_name(&identity.resource_type, &identity.names));
        let address = self.address(symbol, index, &identity.resource_type, &identity.names);
        let known: Option<Vec<String>> = identity.names.iter().map(symbol::symbol_of).collect();
        let key = known.map(|it| key_of(identity.resource_type.as_str(), it.iter().map(String::as_str)));
        let declaration = Rc::new(Declaration {
            symbol: symbol.cloned(),
            address,
            resource_type: identity.resource_type,
            full_name: name_value,
            names: identity.names,
            object: object.clone(),
            span: written.span,
            header: type_entry.key_span.to(type_entry.value.span),
            frame: frame.clone(),
            presence,
            existing,
            skipped,
            parent,
            nested: OnceCell::new(),
            key,
        });
        if let Some((_, condition)) = object.get_ignore_case("condition").filter(|_| skipped && !existing) {
            run.switch_off(declaration.address.clone(), frame, &condition.value);
        }
        self.made.push(declaration.clone());
        let Some((_, children)) = object.get_ignore_case("resources") else { return };
        let around = Around {
            resource_type: &declaration.resource_type,
            names: &declaration.names,
            address: &declaration.address,
        };
        self.all(frame, &children.value, Some(&around));
    }

    fn presence(
        &self,
        frame: &Frame,
        object: &Object,
        existing: bool,
        index: Option<&Result<i64, Arc<Unknown>>>,
    ) -> (Presence, bool) {
        let written = object.get_ignore_case("condition").map(|(_, entry)| &entry.value);
        let condition = written.map(|written| self.run.value(frame, written));
        let (certain, skipped) = match condition.as_ref().map(|it| &it.kind) {
            None | Some(ValueKind::Bool(true)) => (Presence::Certain, false),
            Some(ValueKind::Bool(false)) => (Presence::Certain, true),
            Some(ValueKind::String(text)) if text.eq_ignore_ascii_case("true") => (Presence::Certain, false),
            Some(ValueKind::String(text)) if text.eq_ignore_ascii_case("false") => (Presence::Certain, true),
            Some(ValueKind::Unknown(unknown)) => (Presence::Possible(unknown.clone()), false),
            Some(_) => {
                let span = written.map_or(self.scope.span, |it| it.span);
                let reason = self.run.mistake(span, "a condition must be true or false");
                (Presence::Possible(Arc::new(Unknown::new(reason))), false)
            }
        };
        let presence = match (certain, index) {
            _ if existing => Presence::Existing,
            (Presence::Certain, Some(Err(why))) => Presence::Possible(why.clone()),
            (presence, _) => presence,
        };
        (presence, skipped)
    }

    /// A scope may be written without what the deployment's own scope puts in front.
    fn absolute(&self, value: Value) -> Value {
        let Some(text) = symbol::symbol_of(&value) else { return value };
        if text.starts_with('/') || !text.split('/').next().is_some_and(|it| it.contains('.')) {
            return value;
        }
        match scope_prefix(&self.scope.target) {
            Some(head) => {
                let id = format!("{head}/providers/{text}");
                if value.as_unknown().is_some() {
                    symbol::with_symbol(std::slice::from_ref(&value), Some(id), value.span)
                } else {
                    Value { kind: id.into(), ..value }
                }
            }
            None => value,
        }
    }

    fn address(
        &mut self,
        symbol: Option<&Arc<str>>,
        index: Option<&Result<i64, Arc<Unknown>>>,
        resource_type: &ResourceType,
        names: &[Value],
    ) -> Arc<str> {
        let instance = match index {
            Some(Ok(index)) => format!("[{index}]"),
            Some(Err(_)) => "[*]".into(),
            None => String::new(),
        };
        let base = if let Some(symbol) = symbol {
            format!("{}{symbol}{instance}", self.scope.prefix)
        } else {
            let names: Vec<String> =
                names.iter().map(|it| symbol::symbol_of(it).map_or_else(|| "{?}".into(), |it| short(&it))).collect();
            format!("{}{resource_type}/{}", self.scope.prefix, names.join("/"))
        };
        let mut address = base.clone();
        let mut number = 1;
        while !self.addresses.insert(address.clone()) {
            number += 1;
            address = format!("{base}#{number}");
        }
        address.into()
    }
}

/// A symbol as an address shows it: of a call that is unknown, only the function.
fn short(symbol: &str) -> String {
    let mut shown = String::new();
    for (index, piece) in symbol.split('{').enumerate() {
        match piece.split_once('}') {
            Some((inside, known)) if index > 0 => {
                let inside = if inside.len() > 24 { inside.split('(').next().unwrap_or(inside) } else { inside };
                shown.push('{');
                shown.push_str(inside);
                shown.push('}');
                shown.push_str(known);
            }
            _ => shown.push_str(piece),
        }
    }
    shown
}

/// Type and names of a resource, whichever way they are written.
struct Identity {
    resource_type: ResourceType,
    names: Vec<Value>,
    parent: Option<Link>,
}

fn identity(type_text: &str, name: &Value, around: Option<&Around<'_>>) -> Identity {
    if let Some(identity) = old_extension(type_text, name, around) {
        return identity;
    }
    let full = type_text.split('/').next().is_some_and(|it| it.contains('.'));
    let Some(around) = around else {
        let names = segments(name, type_text.matches('/').count());
        return Identity { resource_type: ResourceType::new(type_text), names, parent: None };
    };
    let parent = |scope: bool| Some(Link { target: Target::Address(around.address.clone()), scope, span: name.span });
    let written = ResourceType::new(type_text);
    if full && !written.is_below(around.resource_type) {
        let names = segments(name, type_text.matches('/').count());
        return Identity { resource_type: written, names, parent: parent(true) };
    }
    let resource_type = if full { written } else { ResourceType::new(format!("{}/{type_text}", around.resource_type)) };
    let depth = resource_type.as_str().matches('/').count();
    let own = segments(name, depth);
    let whole = symbol::symbol_of(name).is_some_and(|it| it.split('/').count() == depth) && depth > 1;
    let names = if whole {
        own
    } else {
        let tail = segments(name, depth.saturating_sub(around.names.len()).max(1));
        around.names.iter().cloned().chain(tail).collect()
    };
    Identity { resource_type, names, parent: parent(false) }
}

/// `Microsoft.Storage/storageAccounts/providers/locks` named `account/Microsoft.Authorization/lock`.
fn old_extension(type_text: &str, name: &Value, around: Option<&Around<'_>>) -> Option<Identity> {
    let lower = type_text.to_ascii_lowercase();
    let at = lower.rfind("/providers/").or_else(|| lower.starts_with("providers/").then_some(0))?;
    let base = type_text.get(..at)?;
    let extension = type_text.get(at..)?.trim_start_matches('/').split_once('/')?.1;
    let depth = base.matches('/').count();
    let all = segments(name, depth + 1 + extension.split('/').count());
    let (owner, rest) = all.split_at_checked(depth)?;
    let (namespace, names) = rest.split_first()?;
    let resource_type = ResourceType::new(format!("{}/{extension}", namespace.as_str()?));
    let target = match around {
        Some(around) if depth == 0 => Some(Target::Address(around.address.clone())),
        _ if depth == 0 => None,
        _ => Some(Target::Named { resource_type: ResourceType::new(base), names: owner.to_vec() }),
    };
    let parent = target.map(|target| Link { target, scope: true, span: name.span });
    Some(Identity { resource_type, names: names.to_vec(), parent })
}

/// A name in as many segments as its type has; unknown ones where the text does not tell.
fn segments(name: &Value, count: usize) -> Vec<Value> {
    let symbol = symbol::symbol_of(name);
    let parts: Vec<&str> = symbol.as_deref().map(|it| it.split('/').collect()).unwrap_or_default();
    if parts.len() == count {
        return parts.into_iter().map(|part| respanned(symbol::text_or_unknown(part, name, name.span), name)).collect();
    }
    let missing = match &name.kind {
        ValueKind::Unknown(unknown) => Unknown { symbol: None, prefix: None, ..unknown.as_ref().clone() },
        _ => Unknown::new(Reason::Invalid("the name has not as many segments as the type".into())),
    };
    match count {
        0 | 1 => vec![name.clone()],
        _ => {
            let last = parts.last().filter(|_| name.as_unknown().is_none());
            let mut names = vec![Value::new(missing.clone(), name.span); count - 1];
            names.push(last.map_or_else(|| Value::new(missing, name.span), |last| Value::new(*last, name.span)));
            names
        }
    }
}

fn respanned(part: Value, name: &Value) -> Value {
    Value { span: name.span, origin: name.origin.clone(), ..part }
}

fn parent_by_name(resource_type: &ResourceType, names: &[Value]) -> Option<Link> {
    let parent = resource_type.parent()?;
    let (last, above) = names.split_last()?;
    let target = Target::Named { resource_type: parent, names: above.to_vec() };
    Some(Link { target, scope: false, span: last.span })
}
