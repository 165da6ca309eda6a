//! Literal secrets in the body of a resource: passwords, keys, tokens and connection strings that stand in the text.
//!
//! In: a resource. Out: where a literal stands, never what it is. A place counts when the schema of the type says that it holds a
//! secret (`src/azure/tables/secrets.yaml`), when a setting's name says so (`DB_PASSWORD`), or when the text itself is plainly a
//! secret ([`recognise`]). References, unknown values, Key Vault references and placeholders are no literals.

pub mod recognise;
mod script;

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use rustc_hash::FxHashSet;

use super::tables::{AZURERM_SECRETS, SECRETS, row};
use crate::model::{Dialect, Resource};
use crate::source::Span;
use crate::value::{Object, StepKind, Value, ValueKind};

/// Where a resource lowered through azurerm arguments keeps what [`arguments`] found in them.
pub const KEY: &str = "secretArguments";

/// A literal secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal {
    /// Its path in the body.
    pub path: String,
    /// Its text, with the name that it is given to.
    pub span: Span,
    /// The secret itself, with the places it came from: for reports to leave out.
    pub secret: Value,
}

/// The literal secrets of a resource, in the order of its body; a script has one for each that it holds, and one for itself.
pub fn literals(resource: &Resource) -> Vec<Literal> {
    // A secret of Kubernetes is one by its kind, and has a policy of its own.
    let is_pseudo = resource.resource_type.namespace().starts_with("baalint.");
    if (is_pseudo && resource.dialect != Dialect::Terraform) || resource.resource_type == *"Kubernetes/Secret" {
        return Vec::new();
    }
    match resource.dialect {
        Dialect::Terraform => found_in_arguments(resource),
        // A plan holds values that came from elsewhere: they are not written in the code.
        Dialect::Plan => Vec::new(),
        Dialect::Azapi | Dialect::Arm | Dialect::Export | Dialect::Yaml => {
            let resource_type = resource.resource_type.as_str();
            let mut search = Search {
                patterns: row(SECRETS, resource_type).unwrap_or(&[]),
                blocks: false,
                stored: resource.resource_type == *"Microsoft.KeyVault/vaults/secrets",
                template: resource.dialect == Dialect::Arm,
                found: Vec::new(),
                visited: 0,
                seen: FxHashSet::default(),
            };
            search.visit(&resource.body, &mut Vec::new());
            search.found
        }
    }
}

/// The same as policies see it: an array of paths, each standing where its literal stands, and come its way.
pub fn paths(resource: &Resource) -> Value {
    let mut found = literals(resource);
    found.dedup_by(|a, b| a.path == b.path);
    let path =
        |it: Literal| Value { origin: it.secret.origin, ..Value::new(ValueKind::String(it.path.into()), it.span) };
    Value::array(found.into_iter().map(path).collect(), resource.header)
}

/// The literal secrets among the arguments of an azurerm block, for lowering to keep under [`KEY`]; none when there are none.
pub fn arguments(azurerm_type: &str, arguments: &Value) -> Option<Value> {
    let mut search = Search {
        patterns: row(AZURERM_SECRETS, azurerm_type).unwrap_or(&[]),
        blocks: true,
        stored: false,
        template: false,
        found: Vec::new(),
        visited: 0,
        seen: FxHashSet::default(),
    };
    search.visit(arguments, &mut Vec::new());
    if search.found.is_empty() {
        return None;
    }
    let items = search.found.into_iter().map(|it| {
        let mut kept = Object::default();
        kept.insert(it.path, it.span, it.secret);
        Value::object(kept, it.span)
    });
    Some(Value::array(items.collect(), arguments.span))
}

fn found_in_arguments(resource: &Resource) -> Vec<Literal> {
    let kept = resource.body.as_object().and_then(|body| body.value(KEY)).and_then(Value::as_array);
    let items = kept.map_or(&[][..], |kept| &kept.items);
    let literal = |it: &Value| {
        let (path, entry) = it.as_object()?.entries.first()?;
        Some(Literal { path: path.to_string(), span: it.span, secret: entry.value.clone() })
    };
    items.iter().filter_map(literal).collect()
}

/// A step of the way to a value.
#[derive(Clone, Copy, Debug)]
enum Step<'v> {
    Key(&'v str),
    Index(usize),
}

impl<'v> Step<'v> {
    const fn key(&self) -> Option<&'v str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Index(_) => None,
        }
    }
}

struct Search {
    patterns: &'static [&'static str],
    /// Patterns are those of blocks: they name no indexes.
    blocks: bool,
    /// A value of this type can be anything: only what can be a secret counts.
    stored: bool,
    template: bool,
    found: Vec<Literal>,
    /// Objects and arrays so far.
    visited: usize,
    /// Where those lie that were looked at once there were [`MANY`].
    seen: FxHashSet<usize>,
}

/// From so many objects and arrays on, what is used again in the same value is looked at once: sharing multiplies without end.
const MANY: usize = 20_000;

impl Search {
    fn visit<'v>(&mut self, value: &'v Value, path: &mut Vec<Step<'v>>) {
        match &value.kind {
            ValueKind::Object(object) if self.is_new(Arc::as_ptr(object).addr()) => {
                for (key, entry) in &object.entries {
                    if path.is_empty() && !searched(key) {
                        continue;
                    }
                    path.push(Step::Key(key));
                    match &entry.value.kind {
                        ValueKind::String(text) => {
                            self.judge(&entry.value, Some(entry.key_span), text, Some(object), path);
                        }
                        _ => self.visit(&entry.value, path),
                    }
                    path.pop();
                }
            }
            ValueKind::Array(array) if self.is_new(Arc::as_ptr(array).addr()) => {
                for (index, item) in array.items.iter().enumerate() {
                    path.push(Step::Index(index));
                    match &item.kind {
                        ValueKind::String(text) => self.judge(item, None, text, None, path),
                        _ => self.visit(item, path),
                    }
                    path.pop();
                }
            }
            _ => {}
        }
    }

    fn is_new(&mut self, at: usize) -> bool {
        self.visited = self.visited.saturating_add(1);
        self.visited < MANY || self.seen.insert(at)
    }

    /// `beside` is the object that the text is an entry of: environment variables and app settings are pairs of `name` and `value`.
    fn judge(&mut self, value: &Value, key_span: Option<Span>, text: &str, beside: Option<&Object>, path: &[Step<'_>]) {
        if value.default_of().is_some() || recognise::is_reference(text) || self.judged_at_parameter(value) {
            return;
        }
        let key = path.last().and_then(Step::key).unwrap_or("");
        let is = |names: &[&str]| names.iter().any(|it| key.eq_ignore_ascii_case(it));
        let name = || {
            let (_, entry) = beside.filter(|_| is(&["value"]))?.get_ignore_case("name")?;
            entry.value.as_str()
        };
        let mut inside = Vec::new();
        let secret = if self.patterns.iter().any(|pattern| self.meant(pattern, path)) {
            if self.stored || key == "value" { recognise::is_plausible(text) } else { !text.is_empty() }
        } else if let Some(name) = name() {
            recognise::names_secret(name, text) || recognise::is_secret(text)
        } else if is(&["customData", "userData", "custom_data", "user_data", "user_data_base64"]) {
            inside = decoded(text).iter().flat_map(|script| owned(&script::secrets(script))).collect();
            !inside.is_empty()
        } else if is(&["commandToExecute", "scriptContent", "script_content", "command"]) || of_script(path) {
            inside = owned(&script::secrets(text));
            !inside.is_empty()
        } else if text.starts_with('{') {
            serde_json::from_str(text).is_ok_and(|json| holds_secret(&json))
        } else {
            recognise::names_secret(key, text) || recognise::is_secret(text)
        };
        if secret {
            let span = key_span.filter(|key| key.file == value.span.file).map_or(value.span, |key| key.to(value.span));
            let path = joined(path);
            // What stands in a script may stand by itself in the text that the script was made of.
            for part in inside {
                let secret = Value { kind: ValueKind::String(part), ..value.clone() };
                self.found.push(Literal { path: path.clone(), span, secret });
            }
            self.found.push(Literal { path, span, secret: value.clone() });
        }
    }

    fn meant(&self, pattern: &str, path: &[Step<'_>]) -> bool {
        if !self.blocks {
            return matches(pattern, path);
        }
        // From the end, where most paths differ already.
        let mut keys = path.iter().rev().filter_map(Step::key);
        keys.clone().next().is_some_and(|last| pattern.ends_with(last))
            && pattern.rsplit('.').all(|part| keys.next() == Some(part))
            && keys.next().is_none()
    }

    /// In a template the default of a parameter is judged where the parameter is declared.
    fn judged_at_parameter(&self, value: &Value) -> bool {
        self.template && value.steps().iter().any(|step| step.kind == StepKind::VariableDefault)
    }
}

/// Whether a JSON text, as extensions take it, holds a secret by name or by form.
fn holds_secret(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::Object(entries) => entries.iter().any(|(key, value)| match value.as_str() {
            Some(text) if key.eq_ignore_ascii_case("commandToExecute") => script::holds_secret(text),
            Some(text) => {
                !recognise::is_reference(text) && (recognise::names_secret(key, text) || recognise::is_secret(text))
            }
            None => holds_secret(value),
        }),
        serde_json::Value::Array(items) => items.iter().any(holds_secret),
        _ => false,
    }
}

/// An element of the lines that a provisioner runs.
fn of_script(path: &[Step<'_>]) -> bool {
    matches!(path, [.., Step::Key("inline"), Step::Index(_)])
}

/// The parts of a body that can hold a secret.
fn searched(key: &str) -> bool {
    !["type", "apiVersion", "name", "location", "tags", "id", "dependsOn", "scope", "condition", "comments", KEY]
        .iter()
        .any(|it| it.eq_ignore_ascii_case(key))
}

/// Whether a path such as `properties.a.[0].b` is one that `properties.a[*].b` means; `*` is any key.
fn matches(pattern: &str, path: &[Step<'_>]) -> bool {
    let mut steps = path.iter();
    for part in pattern.split('.') {
        let (key, each) = part.strip_suffix("[*]").map_or((part, false), |key| (key, true));
        let Some(step) = steps.next() else { return false };
        if key != "*" && !step.key().is_some_and(|step| key.eq_ignore_ascii_case(step)) {
            return false;
        }
        if each && !matches!(steps.next(), Some(Step::Index(_))) {
            return false;
        }
    }
    steps.next().is_none()
}

fn joined(path: &[Step<'_>]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.extend([".", *key]),
            Step::Index(index) => write!(text, "[{index}]").expect("writing to a string"),
        }
    }
    text
}

fn owned(texts: &[&str]) -> Vec<Arc<str>> {
    texts.iter().map(|text| Arc::from(*text)).collect()
}

/// Base64, as custom data is; or the text as it is.
fn decoded(text: &str) -> Option<String> {
    match base64::engine::general_purpose::STANDARD.decode(text.trim()) {
        Ok(bytes) => String::from_utf8(bytes).ok(),
        Err(_) => Some(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, joined, matches};

    fn path(text: &str) -> Vec<Step<'_>> {
        let index = |step: &str| step.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
        text.split('.').map(|step| index(step).map_or(Step::Key(step), Step::Index)).collect()
    }

    #[test]
    fn patterns_take_any_element_and_any_key() {
        let cases = [
            ("properties.osProfile.adminPassword", "properties.osProfile.adminPassword", true),
            ("properties.secrets[*].value", "properties.secrets.[1].value", true),
            ("properties.secrets[*].value", "properties.secrets.value", false),
            ("properties.stores.*.accessKey", "properties.stores.mine.accessKey", true),
            ("properties.stores.*.accessKey", "properties.stores.mine.more.accessKey", false),
            ("properties.password", "properties.password.hint", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, &path(text)), expected, "{pattern} {text}");
        }
        assert_eq!(joined(&path("properties.secrets.[1].value")), "properties.secrets[1].value");
    }
}
