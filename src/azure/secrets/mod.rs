//! Literal secrets in the body of a resource: passwords, keys, tokens and connection strings that stand in the text.
//!
//! In: a resource. Out: where a literal stands, never what it is. A place counts when the schema of the type says that it holds a
//! secret (`src/azure/tables/secrets.yaml`), when a setting's name says so (`DB_PASSWORD`), or when the text itself is plainly a
//! secret ([`recognise`]). References, unknown values, Key Vault references and placeholders are no literals.

pub mod recognise;

use base64::Engine as _;

use super::tables::{SECRETS, row};
use crate::model::{Dialect, Resource};
use crate::source::Span;
use crate::value::{StepKind, Value, ValueKind};

/// A literal secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// Its path in the body.
    pub path: String,
    /// Its text.
    pub span: Span,
}

/// The literal secrets of a resource, in the order of its body, each place once.
pub fn literals(resource: &Resource) -> Vec<Literal> {
    let resource_type = resource.resource_type.as_str();
    let mut search = Search {
        patterns: row(SECRETS, resource_type).unwrap_or(&[]),
        stored: resource.resource_type == *"Microsoft.KeyVault/vaults/secrets",
        settings: holds_settings(resource),
        template: resource.dialect == Dialect::Arm,
        found: Vec::new(),
    };
    let pseudo = resource.resource_type.namespace().starts_with("baalint.");
    if !pseudo {
        search.visit(&resource.body, &mut Vec::new());
    }
    search.found
}

/// The same as policies see it: an array of paths, each standing where its literal stands.
pub fn paths(resource: &Resource) -> Value {
    let found = literals(resource);
    let items = found.into_iter().map(|it| Value::new(ValueKind::String(it.path.into()), it.span)).collect();
    Value::array(items, resource.header)
}

/// `config` children of a site whose properties are the settings themselves.
fn holds_settings(resource: &Resource) -> bool {
    let kinds = ["Microsoft.Web/sites/config", "Microsoft.Web/sites/slots/config", "Microsoft.Web/staticSites/config"];
    kinds.iter().any(|kind| resource.resource_type == **kind)
}

struct Search {
    patterns: &'static [&'static str],
    stored: bool,
    settings: bool,
    template: bool,
    found: Vec<Literal>,
}

impl Search {
    fn visit(&mut self, value: &Value, path: &mut Vec<String>) {
        match &value.kind {
            ValueKind::Object(object) => {
                let name = object.get_ignore_case("name").and_then(|(_, entry)| entry.value.as_str());
                for (key, entry) in &object.entries {
                    if path.is_empty() && !searched(key) || key.eq_ignore_ascii_case("template") && path.len() == 1 {
                        continue;
                    }
                    path.push(key.to_string());
                    match &entry.value.kind {
                        ValueKind::String(text) => self.judge(&entry.value, text, name, path),
                        _ => self.visit(&entry.value, path),
                    }
                    path.pop();
                }
            }
            ValueKind::Array(array) => {
                for (index, item) in array.items.iter().enumerate() {
                    path.push(format!("[{index}]"));
                    match &item.kind {
                        ValueKind::String(text) => self.judge(item, text, None, path),
                        _ => self.visit(item, path),
                    }
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// `name` is the text beside a `value` key: environment variables and app settings are such pairs.
    fn judge(&mut self, value: &Value, text: &str, name: Option<&str>, path: &[String]) {
        if value.default_of().is_some() || recognise::is_reference(text) || self.judged_at_parameter(value) {
            return;
        }
        let key = path.last().map_or("", String::as_str);
        let secret = if self.patterns.iter().any(|pattern| matches(pattern, path)) {
            if self.stored { recognise::is_plausible(text) } else { !text.is_empty() }
        } else if let Some(name) = name.filter(|_| key.eq_ignore_ascii_case("value")) {
            recognise::names_secret(name, text) || recognise::is_secret(text)
        } else if self.settings && path.len() >= 2 {
            recognise::names_secret(key, text) || recognise::is_secret(text)
        } else if key.eq_ignore_ascii_case("customData") || key.eq_ignore_ascii_case("userData") {
            decoded(text).is_some_and(|script| recognise::is_secret(&script))
        } else {
            recognise::is_secret(text)
        };
        if secret {
            self.found.push(Literal { path: joined(path), span: value.span });
        }
    }

    /// In a template the default of a parameter is judged where the parameter is declared.
    fn judged_at_parameter(&self, value: &Value) -> bool {
        self.template && value.steps().iter().any(|step| step.kind == StepKind::VariableDefault)
    }
}

/// The parts of a body that can hold a secret.
fn searched(key: &str) -> bool {
    !["type", "apiVersion", "name", "location", "tags", "id", "dependsOn", "scope", "condition", "comments"]
        .iter()
        .any(|it| it.eq_ignore_ascii_case(key))
}

/// Whether a path such as `properties.a.[0].b` is one that `properties.a[*].b` means; `*` is any key.
fn matches(pattern: &str, path: &[String]) -> bool {
    let mut steps = path.iter();
    for part in pattern.split('.') {
        let (key, each) = part.strip_suffix("[*]").map_or((part, false), |key| (key, true));
        let Some(step) = steps.next() else { return false };
        if key != "*" && !key.eq_ignore_ascii_case(step) {
            return false;
        }
        if each && !steps.next().is_some_and(|step| step.starts_with('[')) {
            return false;
        }
    }
    steps.next().is_none()
}

fn joined(path: &[String]) -> String {
    path.join(".").replace(".[", "[")
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
    use super::{joined, matches};

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
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
