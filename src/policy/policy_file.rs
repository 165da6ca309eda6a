//! A policy file: its keys, its documentation, and its condition.
//!
//! In: the spanned value of a file and the policy's id. Out: [`Policy`], or a diagnostic for each mistake. The examples
//! are read by `example`, only when they are run.

use std::sync::Arc;

use super::citation;
use super::compile::Compiler;
use super::definition::{Category, EquivalentsWhen, Message, MessagePart, Parameter, Policy, Severity, Types};
use super::remedy::{self, Remedy};
use super::rule::{Rule, rule_of};
use super::suggest::nearest;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::PropertyPath;
use crate::source::Span;
use crate::value::{Number, Object, Value, ValueKind};

const KEYS: [&str; 17] = [
    "title",
    "severity",
    "category",
    "citations",
    "equivalents",
    "equivalentsWhen",
    "why",
    "fix",
    "parameters",
    "policyRule",
    "examples",
    "label",
    "message",
    "suppressible",
    "types",
    "without",
    "mask",
];
const FIX_LANGUAGES: [&str; 9] =
    ["terraform", "azapi", "bicep", "arm", "yaml", "pulumi", "ansible", "kubernetes", "crossplane"];

/// Compiles a policy file; no policy when something that the condition needs is wrong.
pub fn compile(id: &str, root: &Value) -> (Option<Policy>, Vec<Diagnostic>) {
    let mut reader = Reader::default();
    let policy = reader.policy(id, root);
    let failed = reader.diagnostics.iter().any(|it| it.severity == crate::diagnostic::Severity::Error);
    (policy.filter(|_| !failed), reader.diagnostics)
}

#[derive(Default)]
struct Reader {
    diagnostics: Vec<Diagnostic>,
}

impl Reader {
    fn policy(&mut self, id: &str, root: &Value) -> Option<Policy> {
        let Some(file) = root.as_object() else {
            return self.error(root.span, "a policy file must be a mapping");
        };
        self.known_keys(file, &KEYS.into_iter(), "a policy file");
        let title = self.text(file, "title", root.span);
        let why = self.text(file, "why", root.span);
        let severity = self.word(file, "severity", root.span, Severity::ALL);
        let category = self.word(file, "category", root.span, Category::ALL);
        let citations = self.citations(file, root.span);
        let equivalents = self.texts(file, "equivalents");
        let fix = self.fix(file, root.span);
        let parameters = self.parameters(file.value("parameters"));
        let remedy = file.value("fix").and_then(Value::as_object);
        let remedy = remedy.map(|fix| Remedy::read(fix, &parameters, &mut self.diagnostics)).unwrap_or_default();
        let equivalents_when = self.equivalents_when(file, &parameters);
        let message = self.message(file, &parameters);
        let (suppressible, mask) = (self.flag(file, "suppressible", true), self.flag(file, "mask", false));
        let all = self.all_types(file);
        let label = file.value("label").and_then(Value::as_str).map(PropertyPath::parse);
        let Some(rule) = file.value("policyRule") else {
            return self.error(root.span, "this policy has no `policyRule`");
        };
        let Rule { condition, types } = rule_of(rule, &parameters, all, &mut self.diagnostics)?;
        let types = match (all, types) {
            (true, _) => Types::All,
            (false, Some(types)) => Types::Only(types),
            (false, None) => {
                let message = "this policy names no resource type: `allOf` must have `{ field: type, equals: ... }`, or the file `types: all`";
                return self.error(rule.span, message);
            }
        };
        Some(Policy {
            id: id.into(),
            title: title?,
            severity: severity?,
            category: category?,
            citations,
            equivalents,
            equivalents_when,
            why: why?,
            fix,
            remedy,
            types,
            condition,
            parameters,
            label,
            message,
            suppressible,
            mask: mask || category == Some(Category::Secrets),
            span: root.span,
        })
    }

    fn error<T>(&mut self, span: Span, message: &str) -> Option<T> {
        self.diagnostics.push(Diagnostic::error(Code::Policy, span, message));
        None
    }

    fn known_keys<'k>(&mut self, object: &Object, known: &(impl Iterator<Item = &'k str> + Clone), place: &str) {
        for (key, entry) in &object.entries {
            if !known.clone().any(|word| word == &**key) {
                let diagnostic =
                    Diagnostic::error(Code::Policy, entry.key_span, format!("unknown key `{key}` in {place}"));
                let help = nearest(key, known.clone()).map(|near| format!("did you mean `{near}`?"));
                self.diagnostics.push(Diagnostic { help, ..diagnostic });
            }
        }
    }

    fn text(&mut self, file: &Object, key: &str, span: Span) -> Option<Arc<str>> {
        match file.value(key) {
            None => self.error(span, &format!("this policy has no `{key}`")),
            Some(value) => match value.as_str().map(str::trim).filter(|text| !text.is_empty()) {
                Some(text) => Some(text.into()),
                None => self.error(value.span, &format!("`{key}` must be a text")),
            },
        }
    }

    fn word<T: Copy>(&mut self, file: &Object, key: &str, span: Span, words: &[(&str, T)]) -> Option<T> {
        let Some(value) = file.value(key) else {
            return self.error(span, &format!("this policy has no `{key}`"));
        };
        let found = words.iter().find(|(word, _)| Some(*word) == value.as_str());
        if found.is_none() {
            let list = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join("`, `");
            return self.error(value.span, &format!("`{key}` must be one of `{list}`"));
        }
        found.map(|(_, meaning)| *meaning)
    }

    fn flag(&mut self, file: &Object, key: &str, default: bool) -> bool {
        match file.value(key) {
            None => default,
            Some(value) => value.as_bool().unwrap_or_else(|| {
                let _: Option<()> = self.error(value.span, &format!("`{key}` must be `true` or `false`"));
                default
            }),
        }
    }

    fn equivalents_when(&mut self, file: &Object, parameters: &[Parameter]) -> Vec<EquivalentsWhen> {
        let Some(value) = file.value("equivalentsWhen") else { return Vec::new() };
        let mut compiler = Compiler::new(parameters);
        let mut found = Vec::new();
        for item in value.as_array().map_or(&[][..], |array| &array.items) {
            let Some(object) = item.as_object() else { continue };
            let ids = self.texts(object, "ids");
            let condition = object.value("if").and_then(|it| compiler.condition(it, "equivalentsWhen.if"));
            match condition {
                Some(condition) if !ids.is_empty() => found.push(EquivalentsWhen { ids, condition }),
                _ => {
                    let _: Option<()> =
                        self.error(item.span, "`equivalentsWhen` is a list of `{ ids: [...], if: ... }`");
                }
            }
        }
        self.diagnostics.append(&mut compiler.diagnostics);
        found
    }

    fn texts(&mut self, file: &Object, key: &str) -> Vec<Arc<str>> {
        self.spanned_texts(file, key).into_iter().map(|(text, _)| text).collect()
    }

    fn spanned_texts(&mut self, file: &Object, key: &str) -> Vec<(Arc<str>, Span)> {
        let Some(value) = file.value(key) else { return Vec::new() };
        let Some(array) = value.as_array() else {
            let _: Option<()> = self.error(value.span, &format!("`{key}` must be a list"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in &array.items {
            match &item.kind {
                ValueKind::String(text) => texts.push((text.clone(), item.span)),
                // An id of eight digits is a number to YAML.
                ValueKind::Number(Number::Int(number)) => texts.push((number.to_string().into(), item.span)),
                _ => {
                    let _: Option<()> = self.error(item.span, &format!("an entry of `{key}` must be a text"));
                }
            }
        }
        texts
    }

    fn citations(&mut self, file: &Object, span: Span) -> Vec<Arc<str>> {
        let citations = self.spanned_texts(file, "citations");
        if citations.is_empty() && file.value("citations").is_none_or(|it| it.as_array().is_some()) {
            let _: Option<()> = self.error(span, "this policy cites no paragraph of the Security Rule (`citations`)");
        }
        for (citation, span) in &citations {
            if citation::find(citation).is_none() {
                let near = nearest(citation, citation::all().iter().map(|it| &*it.id));
                let diagnostic = Diagnostic::error(Code::Policy, *span, format!("unknown citation `{citation}`"));
                let help = near.map(|near| format!("did you mean `{near}`?"));
                self.diagnostics.push(Diagnostic { help, ..diagnostic });
            }
        }
        citations.into_iter().map(|(citation, _)| citation).collect()
    }

    fn fix(&mut self, file: &Object, span: Span) -> Vec<(Arc<str>, Arc<str>)> {
        let Some(value) = file.value("fix") else {
            return self.error(span, "this policy has no `fix`").unwrap_or_default();
        };
        let Some(object) = value.as_object().filter(|object| !object.entries.is_empty()) else {
            return self.error(value.span, "`fix` must be a mapping from language to text").unwrap_or_default();
        };
        self.known_keys(object, &FIX_LANGUAGES.into_iter().chain(remedy::KEYS), "`fix`");
        let mut fixes = Vec::new();
        for (language, entry) in object.entries.iter().filter(|(key, _)| !remedy::KEYS.contains(&&***key)) {
            match entry.value.as_str() {
                Some(text) => fixes.push((language.clone(), text.trim_end().into())),
                None => {
                    let _: Option<()> = self.error(entry.value.span, "a fix must be a text");
                }
            }
        }
        fixes
    }

    fn parameters(&mut self, value: Option<&Value>) -> Vec<Parameter> {
        let Some(value) = value else { return Vec::new() };
        let Some(object) = value.as_object() else {
            return self.error(value.span, "`parameters` must be a mapping").unwrap_or_default();
        };
        let mut parameters = Vec::new();
        for (name, entry) in &object.entries {
            let Some(definition) = entry.value.as_object() else {
                let _: Option<()> = self.error(entry.value.span, "a parameter must be a mapping with `defaultValue`");
                continue;
            };
            let keys = ["type", "defaultValue", "config", "allowedValues", "metadata"];
            self.known_keys(definition, &keys.into_iter(), "a parameter");
            let default = definition.value("defaultValue").cloned();
            if default.is_none() {
                let _: Option<()> =
                    self.error(entry.value.span, &format!("the parameter `{name}` has no `defaultValue`"));
            }
            let config = definition.value("config").and_then(Value::as_str).map(Arc::from);
            parameters.push(Parameter { name: name.clone(), default, config });
        }
        parameters
    }

    fn message(&mut self, file: &Object, parameters: &[Parameter]) -> Option<Message> {
        let value = file.value("message")?;
        let Some(text) = value.as_str() else {
            return self.error(value.span, "`message` must be a text");
        };
        if text.starts_with('[') {
            let mut compiler = Compiler::new(parameters);
            let operand = compiler.operand(value);
            self.diagnostics.append(&mut compiler.diagnostics);
            return operand.map(Message::Expression);
        }
        let mut parts = Vec::new();
        let mut rest = text.trim();
        while let Some((before, after)) = rest.split_once('{') {
            let Some((path, after)) = after.split_once('}') else {
                return self.error(value.span, "a placeholder of `message` is not closed");
            };
            if !before.is_empty() {
                parts.push(MessagePart::Text(before.into()));
            }
            parts.push(MessagePart::Path(PropertyPath::parse(path.trim())));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(MessagePart::Text(rest.into()));
        }
        Some(Message::Parts(parts))
    }

    fn all_types(&mut self, file: &Object) -> bool {
        match file.value("types") {
            None => false,
            Some(value) if value.as_str() == Some("all") => true,
            Some(value) => {
                let _: Option<()> = self.error(value.span, "`types` can only be `all`");
                true
            }
        }
    }
}
