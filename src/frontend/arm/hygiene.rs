//! Parameters and outputs of a template as resources of the model, so that policies can read them.
//!
//! `baalint.template/parameters`: `name`; `properties.type`, `.secure` (the declared type is a secure one), `.defaultValue`
//! (when it is text, or a secret's), `.literalDefault` (the default is text, not an expression), `.nested` (of a nested
//! template), `.reveals` (the secrets in what a deployment passes to it) and, with those, `.value`.
//! `baalint.template/outputs`: `name`; `properties.type`, `.secure`, `.nested`, `.reveals` and, with those, `.value`.
//! A resource gets `reveals` too, when secrets go where others can read them: `reveals.settings` of an extension, `.customData`
//! of a machine, `.environment` of containers, `.template` of an outer-scope deployment.
//! `reveals` is an array of texts: `parameters('x')` for a secure parameter, `listKeys()` for a function that gives secrets.

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::declare::Declaration;
use super::evaluate::{Frame, Run};
use super::expression::{self, Expression, Kind, Meaning};
use super::scope::{Given, Scope};
use crate::model::{Coverage, Dialect, Presence, Resource, ResourceType};
use crate::source::Span;
use crate::value::{Entry, Object, Value, ValueKind};

const PARAMETER: &str = "baalint.template/parameters";
const OUTPUT: &str = "baalint.template/outputs";

/// What is always shorter is no secret.
const LEAST_SECRET: f64 = 8.0;

/// How far secrets are followed through variables and arguments.
const MAX_DEPTH: usize = 8;

/// The parameters of a template.
pub(super) fn parameters(
    run: &Run<'_>,
    scope: &Rc<Scope>,
    around: &Presence,
    coverage: &Arc<Coverage>,
    out: &mut Vec<Resource>,
) {
    // Inside an outer-scope deployment, names mean the parameters of the template around it.
    let parameters = scope.section("parameters").filter(|_| scope.names.is_none());
    for (name, entry) in parameters.iter().flat_map(|it| &it.entries) {
        let Some(declaration) = entry.value.as_object() else { continue };
        let mut properties = described(scope, declaration);
        if let Some((_, default)) = declaration.get_ignore_case("defaultValue") {
            let literal =
                default.value.as_str().is_none_or(|it| matches!(expression::meaning(it), Meaning::Literal(_)));
            // What an expression gives is asked of secrets only: most templates have a great many parameters.
            if literal || scope.is_secure(declaration) {
                let value = run.in_doubt(true, || run.value(&Frame::of(scope.clone()), &default.value));
                properties.insert("defaultValue", default.key_span, value);
            }
            properties.insert("literalDefault", default.key_span, Value::new(literal, default.value.span));
        }
        if let Given::Nested { parameters, frame } = &scope.given {
            argument(run, frame, parameters, name, &mut properties);
        }
        out.push(resource(PARAMETER, "parameters", scope, name, entry, properties, around, coverage));
    }
}

/// The outputs of a template.
pub(super) fn outputs(
    run: &Run<'_>,
    scope: &Rc<Scope>,
    around: &Presence,
    coverage: &Arc<Coverage>,
    out: &mut Vec<Resource>,
) {
    for (name, entry) in scope.section("outputs").iter().flat_map(|it| &it.entries) {
        let Some(declaration) = entry.value.as_object() else { continue };
        let mut properties = described(scope, declaration);
        if let Some((_, value)) = declaration.get_ignore_case("value")
            && reveals(run, &Frame::of(scope.clone()), &value.value, &mut properties)
            && let Some(found) = run.in_doubt(true, || run.output(scope, name, value.value.span))
        {
            properties.insert("value", value.key_span, found);
        }
        out.push(resource(OUTPUT, "outputs", scope, name, entry, properties, around, coverage));
    }
}

/// The secrets that a resource puts where others can read them.
pub(super) fn revealed(run: &Run<'_>, declaration: &Declaration) -> Option<Value> {
    let mut all = Object::default();
    for (key, path) in PLAIN {
        if *key == "template" && !(declaration.is_deployment() && is_outer(&declaration.object)) {
            continue;
        }
        let mut found = Found::new(run);
        let mut places = Vec::new();
        written_at(&declaration.object, path, &mut places);
        for place in &places {
            secrets(&declaration.frame, place, &mut found, 0);
        }
        if let Some(place) = places.first().filter(|_| !found.secrets.is_empty()) {
            let items = found.secrets.into_iter().map(|it| Value::new(it, place.span)).collect();
            all.insert(*key, place.span.shrink_to_start(), Value::array(items, place.span));
        }
    }
    (!all.entries.is_empty()).then(|| Value::object(all, declaration.header))
}

/// Where a body holds what people and other resources can read.
const PLAIN: &[(&str, &[&str])] = &[
    ("settings", &["properties", "settings"]),
    ("customData", &["properties", "osProfile", "customData"]),
    ("customData", &["properties", "virtualMachineProfile", "osProfile", "customData"]),
    ("environment", &["properties", "containers", "properties", "environmentVariables", "value"]),
    ("environment", &["properties", "template", "containers", "env", "value"]),
    ("template", &["properties", "template"]),
];

/// Every value at a path of keys, through arrays.
fn written_at<'o>(object: &'o Object, path: &[&str], found: &mut Vec<&'o Value>) {
    let Some((key, rest)) = path.split_first() else { return };
    let Some((_, entry)) = object.get_ignore_case(key) else { return };
    let items = entry.value.as_array().map_or(std::slice::from_ref(&entry.value), |array| &array.items);
    for item in items {
        match item.as_object() {
            _ if rest.is_empty() => found.push(item),
            Some(inner) => written_at(inner, rest, found),
            None => {}
        }
    }
}

/// A deployment whose expressions are evaluated in the template around it: the default.
fn is_outer(deployment: &Object) -> bool {
    let mut scopes = Vec::new();
    written_at(deployment, &["properties", "expressionEvaluationOptions", "scope"], &mut scopes);
    scopes.first().and_then(|it| it.as_str()).is_none_or(|it| it.eq_ignore_ascii_case("outer"))
}

fn described(scope: &Rc<Scope>, declaration: &Object) -> Object {
    let mut properties = Object::default();
    if let Some(declared) = scope.schema_key(declaration, "type") {
        properties.insert("type", declared.span, declared.clone());
        properties.insert("secure", declared.span, Value::new(scope.is_secure(declaration), declared.span));
    }
    let nested = matches!(scope.given, Given::Nested { .. });
    properties.insert("nested", scope.span, Value::new(nested, scope.span));
    properties
}

/// What a deployment passes to a parameter.
fn argument(run: &Run<'_>, frame: &Frame, parameters: &Value, name: &str, properties: &mut Object) {
    let Some((_, entry)) = parameters.as_object().and_then(|it| it.get_ignore_case(name)) else { return };
    let written =
        entry.value.as_object().and_then(|it| it.get_ignore_case("value")).map_or(&entry.value, |it| &it.1.value);
    if reveals(run, frame, written, properties) {
        let value = run.in_doubt(true, || run.value(frame, written));
        properties.insert("value", entry.key_span, value);
    }
}

/// Says which secrets go into a value; true when there are some.
fn reveals(run: &Run<'_>, frame: &Frame, written: &Value, properties: &mut Object) -> bool {
    let mut found = Found::new(run);
    secrets(frame, written, &mut found, 0);
    if found.secrets.is_empty() {
        return false;
    }
    let items = found.secrets.into_iter().map(|it| Value::new(it, written.span)).collect();
    properties.insert("reveals", written.span, Value::array(items, written.span));
    true
}

/// The secrets that go into a value, through variables and the arguments of deployments.
fn secrets(frame: &Frame, value: &Value, found: &mut Found<'_>, depth: usize) {
    member(frame, value, &[], found, depth);
}

/// The secrets that go into one member of a value; an empty path means all of it.
fn member(frame: &Frame, value: &Value, path: &[&str], found: &mut Found<'_>, depth: usize) {
    match (&value.kind, path.split_first()) {
        (ValueKind::String(text), _) => {
            if let Meaning::Expression(inner) = expression::meaning(text)
                && (names_list(inner) || may_hold_secrets(&frame.naming_scope()))
                && let Ok(expression) = found.run.parsed(text, inner).as_ref()
            {
                in_expression(frame, expression, path, found, depth);
            }
        }
        (ValueKind::Object(object), Some((key, rest))) => {
            if let Some((_, entry)) = object.get_ignore_case(key) {
                member(frame, &entry.value, rest, found, depth);
            }
        }
        (ValueKind::Object(object), None) => {
            object.entries.values().for_each(|it| member(frame, &it.value, &[], found, depth));
        }
        (ValueKind::Array(array), _) => array.items.iter().for_each(|it| member(frame, it, path, found, depth)),
        _ => {}
    }
}

/// Whether a parameter or variable of a template can stand for a secret at all: most templates have none to follow.
fn may_hold_secrets(scope: &Rc<Scope>) -> bool {
    *scope.secrets.get_or_init(|| {
        let parameters = scope.section("parameters");
        let mut declared = parameters.iter().flat_map(|it| it.entries.values()).filter_map(|it| it.value.as_object());
        let around = match &scope.given {
            Given::Nested { frame, parameters } => mentions_list(parameters) || may_hold_secrets(&frame.naming_scope()),
            Given::Root(_) => false,
        };
        let variables = scope.template.get_ignore_case("variables").is_some_and(|(_, it)| mentions_list(&it.value));
        around || variables || declared.any(|it| scope.is_secure(it))
    })
}

fn mentions_list(value: &Value) -> bool {
    match &value.kind {
        ValueKind::String(text) => text.starts_with('[') && names_list(text),
        ValueKind::Array(array) => array.items.iter().any(mentions_list),
        ValueKind::Object(object) => object.entries.values().any(|it| mentions_list(&it.value)),
        _ => false,
    }
}

/// True when a `list*` function may be called in the text.
fn names_list(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut heads = bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, b'l' | b'L'));
    heads.any(|(at, _)| bytes.get(at..at + 4).is_some_and(|word| matches!(word, b"list" | b"List" | b"LIST")))
}

fn in_expression(frame: &Frame, expression: &Expression, path: &[&str], found: &mut Found<'_>, depth: usize) {
    let (name, arguments) = match &expression.kind {
        Kind::Call(name, arguments) => (name, arguments),
        Kind::Property(base, key) => {
            let path: Vec<&str> = std::iter::once(&**key).chain(path.iter().copied()).collect();
            return in_expression(frame, base, &path, found, depth);
        }
        Kind::Index(base, index) => {
            in_expression(frame, base, path, found, depth);
            return in_expression(frame, index, &[], found, depth);
        }
        Kind::String(_) | Kind::Number(_) => return,
    };
    let lower = name.to_ascii_lowercase();
    if tells_nothing(&lower) || depth > MAX_DEPTH {
        return;
    }
    let argument = match arguments.first().map(|it| &it.kind) {
        Some(Kind::String(text)) => Some(&**text),
        _ => None,
    };
    match (lower.as_str(), argument) {
        ("parameters", Some(parameter)) => secret_parameter(frame, parameter, path, found, depth),
        ("variables", Some(variable)) => {
            let scope = frame.naming_scope();
            if !found.follows(&scope, &lower, variable, path) {
                return;
            }
            if let Some((_, entry)) = scope.section("variables").and_then(|it| it.get_ignore_case(variable)) {
                member(&Frame::of(scope.clone()), &entry.value, path, found, depth + 1);
            }
        }
        (list, _) if gives_secrets(list) => found.add(format!("{name}()")),
        ("if", _) => arguments.iter().skip(1).for_each(|it| in_expression(frame, it, path, found, depth)),
        ("tryget", _) => {
            let keys = arguments.iter().skip(1).filter_map(|it| match &it.kind {
                Kind::String(key) => Some(&**key),
                _ => None,
            });
            let path: Vec<&str> = keys.chain(path.iter().copied()).collect();
            arguments.iter().take(1).for_each(|it| in_expression(frame, it, &path, found, depth));
        }
        ("createobject", _) if !path.is_empty() => {
            let named = |it: &&[Expression]| match it {
                [key, _] => {
                    !matches!(&key.kind, Kind::String(key) if !key.eq_ignore_ascii_case(path.first().copied().unwrap_or_default()))
                }
                _ => true,
            };
            for pair in arguments.chunks(2).filter(named) {
                pair.iter()
                    .skip(1)
                    .for_each(|it| in_expression(frame, it, path.get(1..).unwrap_or_default(), found, depth));
            }
        }
        (same, _) if keeps_members(same) => {
            for argument in arguments {
                in_expression(frame, argument, path, found, depth);
            }
        }
        _ => arguments.iter().for_each(|it| in_expression(frame, it, &[], found, depth)),
    }
}

/// Functions whose result has the members that their arguments have.
fn keeps_members(function: &str) -> bool {
    matches!(
        function,
        "union"
            | "createarray"
            | "coalesce"
            | "concat"
            | "array"
            | "first"
            | "last"
            | "skip"
            | "take"
            | "shallowmerge"
            | "reverse"
    )
}

/// Functions whose result tells nothing of a secret among their arguments: tests, hashes, and what names a resource.
fn tells_nothing(function: &str) -> bool {
    matches!(function, "empty" | "equals" | "length" | "contains" | "not" | "guid" | "uniquestring" | "reference")
        || function.ends_with("resourceid")
}

fn secret_parameter(frame: &Frame, name: &str, path: &[&str], found: &mut Found<'_>, depth: usize) {
    // By convention a token for the deployment's own scripts, good for an hour.
    if name.eq_ignore_ascii_case("_artifactsLocationSasToken") {
        return;
    }
    let scope = frame.naming_scope();
    let Some((declared, declaration)) =
        scope.parameter(name).filter(|_| found.follows(&scope, "parameters", name, path))
    else {
        return;
    };
    if scope.is_secure(declaration) {
        // A few letters make names unique; they keep nothing secret, whatever their type says.
        let most = scope.schema_key(declaration, "maxLength").and_then(Value::as_number);
        if most.is_some_and(|it| it.as_f64() < LEAST_SECRET) {
            return;
        }
        // Of a secure object the members that are named like secrets are; the others are there for company.
        if path.last().is_none_or(|key| named_like_secret(key)) {
            found.add(format!("parameters('{declared}')"));
        }
    } else if let Given::Nested { parameters, frame } = &scope.given
        && let Some((_, entry)) = parameters.as_object().and_then(|it| it.get_ignore_case(name))
    {
        let written = entry.value.as_object().and_then(|it| it.get_ignore_case("value"));
        member(frame, written.map_or(&entry.value, |it| &it.1.value), path, found, depth + 1);
    }
}

fn named_like_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "pwd", "secret", "key", "token", "connectionstring", "passphrase"].iter().any(|it| key.ends_with(it))
}

/// The `list*` functions that give keys, tokens, passwords or connection strings.
fn gives_secrets(function: &str) -> bool {
    let harmless = ["listserviceproperties", "listoutboundnetworkdependenciesendpoints", "listgatewaystatus"];
    function.starts_with("list") && !harmless.contains(&function)
}

/// The secrets that were found, and the names that were followed: each is followed once.
struct Found<'r> {
    run: &'r Run<'r>,
    secrets: Vec<String>,
    followed: FxHashSet<(*const Scope, String)>,
}

impl<'r> Found<'r> {
    fn new(run: &'r Run<'r>) -> Self {
        Self { run, secrets: Vec::new(), followed: FxHashSet::default() }
    }

    fn add(&mut self, secret: String) {
        if !self.secrets.contains(&secret) {
            self.secrets.push(secret);
        }
    }

    /// True the first time that this member of a name is asked for.
    fn follows(&mut self, scope: &Rc<Scope>, function: &str, name: &str, path: &[&str]) -> bool {
        let mut key = format!("{function} {name}").to_ascii_lowercase();
        for step in path {
            key.extend(["/", *step]);
        }
        self.followed.insert((Rc::as_ptr(scope), key))
    }
}

#[expect(clippy::too_many_arguments, reason = "every part of a resource comes from another place")]
fn resource(
    resource_type: &str,
    kind: &str,
    scope: &Rc<Scope>,
    name: &Arc<str>,
    entry: &Entry,
    properties: Object,
    around: &Presence,
    coverage: &Arc<Coverage>,
) -> Resource {
    let span: Span = entry.key_span.to(entry.value.span);
    let mut body = Object::default();
    body.insert("type", entry.key_span, Value::new(resource_type, entry.key_span));
    body.insert("name", entry.key_span, Value::new(name.clone(), entry.key_span));
    body.insert("properties", entry.key_span, Value::object(properties, entry.value.span));
    Resource {
        address: format!("{}{kind}.{name}", scope.prefix).into(),
        resource_type: ResourceType::new(resource_type),
        source_type: resource_type.into(),
        dialect: Dialect::Arm,
        body: Value::object(body, span),
        coverage: coverage.clone(),
        span,
        header: entry.key_span,
        callers: scope.callers.clone(),
        presence: around.clone(),
        parent: None,
        resource_group: None,
        provider_major: None,
    }
}
