//! A policy file: its keys, its documentation, and its condition.
//!
//! In: the spanned value of a file and the policy's id. Out: [`Policy`], or a diagnostic for each mistake. The examples
//! are read by `example`, only when they are run.

use std::sync::Arc;

use super::citation;
use super::compile::Compiler;
use super::condition::{Condition, Field, Leaf, Operand, Operator, Related, Relation, Subject};
use super::suggest::nearest;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{PropertyPath, ResourceType};
use crate::source::Span;
use crate::value::{Number, Object, Value, ValueKind};

/// A compiled policy with its documentation.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `storage/plain-http`.
    pub id: Arc<str>,
    /// What is wrong when it fails, as a headline.
    pub title: Arc<str>,
    /// How much it matters.
    pub severity: Severity,
    /// What it protects.
    pub category: Category,
    /// Paragraphs of the Security Rule.
    pub citations: Vec<Arc<str>>,
    /// The same requirement elsewhere.
    pub equivalents: Vec<Arc<str>>,
    /// What can happen to ePHI.
    pub why: Arc<str>,
    /// Language, and text to paste.
    pub fix: Vec<(Arc<str>, Arc<str>)>,
    /// The resource types that it judges.
    pub types: Types,
    /// True for a resource that violates the policy.
    pub condition: Condition,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Where a finding points when the deciding value is not the best place.
    pub label: Option<PropertyPath>,
    /// The sentence of a finding, when the title is not enough.
    pub message: Option<Message>,
    /// False when nobody may silence it.
    pub suppressible: bool,
    /// True when no value may be printed.
    pub mask: bool,
    /// The file.
    pub span: Span,
}

/// The resource types that a policy judges.
#[derive(Clone, Debug, PartialEq)]
pub enum Types {
    /// Every type.
    All,
    /// These.
    Only(Vec<ResourceType>),
}

/// How much a policy matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// What a policy protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Category {
    BaaCoverage,
    NetworkExposure,
    EncryptionAtRest,
    EncryptionInTransit,
    AuditLogging,
    AccessControl,
    BackupRecovery,
    Integrity,
    Secrets,
    AiAnalytics,
    Governance,
    DataResidency,
}

/// A value that a team configures.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in the condition.
    pub name: Arc<str>,
    /// Its value when nobody configures it; without one it is unknown.
    pub default: Option<Value>,
    /// The key of `baalint.yaml` that sets it.
    pub config: Option<Arc<str>>,
}

/// The sentence of a finding.
#[derive(Clone, Debug)]
pub enum Message {
    /// A text with placeholders.
    Parts(Vec<MessagePart>),
    /// A template expression.
    Expression(Operand),
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum MessagePart {
    /// As it stands.
    Text(Arc<str>),
    /// The value of a property.
    Path(PropertyPath),
}

const KEYS: [&str; 15] = [
    "title",
    "severity",
    "category",
    "citations",
    "equivalents",
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
];
const MASK: &str = "mask";
const FIX_LANGUAGES: [&str; 9] =
    ["terraform", "azapi", "bicep", "arm", "yaml", "pulumi", "ansible", "kubernetes", "crossplane"];

/// Compiles a policy file; no policy when something that the condition needs is wrong.
pub fn compile(id: &str, root: &Value) -> (Option<Policy>, Vec<Diagnostic>) {
    let mut reader = Reader::default();
    let policy = reader.policy(id, root);
    let failed = reader.diagnostics.iter().any(|it| it.severity == crate::diagnostic::Severity::Error);
    (policy.filter(|_| !failed), reader.diagnostics)
}

/// What a condition and its effect's details compile to.
pub(super) struct Rule {
    pub(super) condition: Condition,
    pub(super) types: Option<Vec<ResourceType>>,
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
        self.known_keys(file, &KEYS.into_iter().chain([MASK]), "a policy file");
        let title = self.text(file, "title", root.span);
        let why = self.text(file, "why", root.span);
        let severity = self.word(file, "severity", root.span, Severity::ALL);
        let category = self.word(file, "category", root.span, Category::ALL);
        let citations = self.citations(file, root.span);
        let equivalents = self.texts(file, "equivalents");
        let fix = self.fix(file, root.span);
        let parameters = self.parameters(file.value("parameters"));
        let message = self.message(file, &parameters);
        let (suppressible, mask) = (self.flag(file, "suppressible", true), self.flag(file, MASK, false));
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
            why: why?,
            fix,
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
        self.known_keys(object, &FIX_LANGUAGES.into_iter(), "`fix`");
        let mut fixes = Vec::new();
        for (language, entry) in &object.entries {
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

/// Compiles a `policyRule`: its `if`, and the `details` of an effect that looks for a related resource.
pub(super) fn rule_of(
    rule: &Value,
    parameters: &[Parameter],
    all: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Rule> {
    let mut compiler = Compiler::new(parameters);
    let rule = compile_rule(&mut compiler, rule, all);
    diagnostics.append(&mut compiler.diagnostics);
    rule
}

fn compile_rule(compiler: &mut Compiler<'_>, rule: &Value, all: bool) -> Option<Rule> {
    let Some(object) = rule.as_object() else {
        return compiler.error(rule.span, "`policyRule` must be a mapping with `if`");
    };
    if let Some((key, entry)) = object.entries.iter().find(|(key, _)| !matches!(&***key, "if" | "then")) {
        return compiler.error(entry.key_span, &format!("unknown key `{key}` in `policyRule`"));
    }
    let Some(condition) = object.value("if") else {
        return compiler.error(rule.span, "`policyRule` has no `if`");
    };
    let condition = compiler.condition(condition, "policyRule.if");
    let then = object.value("then").and_then(Value::as_object);
    let details = then.and_then(|then| then.value("details")).filter(|it| it.as_object().is_some());
    let effect = then.and_then(|then| then.value("effect"));
    let condition = condition?;
    let types = if all { None } else { types_of(&condition) };
    let condition = match details {
        Some(details) if looks_for_another(details, effect) => {
            let missing = missing_resource(compiler, details, types.as_deref())?;
            Condition::AllOf(vec![condition, missing])
        }
        _ => condition,
    };
    Some(Rule { condition, types })
}

/// The details of `modify` and `append` say how to repair, not what to look for.
fn looks_for_another(details: &Value, effect: Option<&Value>) -> bool {
    let has = |key| details.as_object().is_some_and(|it| it.get_ignore_case(key).is_some());
    let effect = effect.and_then(Value::as_str).unwrap_or("");
    has("type")
        && (has("existenceCondition") || !matches!(effect.to_ascii_lowercase().as_str(), "modify" | "append" | "deny"))
}

const DETAILS: [&str; 16] = [
    "type",
    "name",
    "kind",
    "existenceCondition",
    "existenceScope",
    "resourceGroupName",
    "evaluationDelay",
    "roleDefinitionIds",
    "deployment",
    "deploymentScope",
    "operations",
    "conflictEffect",
    "relation",
    "via",
    "evaluationDelayMinutes",
    "actionNames",
];

/// True when no resource is there that the details describe.
fn missing_resource(compiler: &mut Compiler<'_>, details: &Value, own: Option<&[ResourceType]>) -> Option<Condition> {
    let object = details.as_object()?;
    if let Some((key, entry)) =
        object.entries.iter().find(|(key, _)| !DETAILS.iter().any(|it| it.eq_ignore_ascii_case(key)))
    {
        return compiler.error(entry.key_span, &format!("unknown key `{key}` in `details`"));
    }
    let get = |key: &str| object.get_ignore_case(key).map(|(_, entry)| &entry.value);
    let types = get("type")?;
    let pointer = "policyRule.then.details.existenceCondition";
    let existence = get("existenceCondition").map(|it| (it, pointer));
    let own_type = |it: &&[ResourceType]| matches!(it, [one] if types.as_str().is_some_and(|text| *one == *text));
    if let (Some((existence, pointer)), Some(_)) = (existence, own.filter(own_type)) {
        return Some(Condition::Not(Box::new(compiler.condition(existence, pointer)?)));
    }
    let related = compiler.related_types(types, get("via"), get("relation"), get("name"))?;
    let subscription =
        get("existenceScope").and_then(Value::as_str).is_some_and(|it| it.eq_ignore_ascii_case("subscription"));
    let related = match related.relation {
        None if subscription => Related { relation: Some(Relation::Root), ..related },
        _ => related,
    };
    let count = compiler.related(related, existence)?;
    Some(Condition::Leaf(Box::new(Leaf {
        subject: Subject::Count(Box::new(count)),
        operator: Operator::Equals,
        expected: Operand::Constant(Value::new(0, details.span)),
        pointer: "policyRule.then.details".into(),
        span: details.span,
    })))
}

/// The types for which a condition can be true at all, when it names them.
fn types_of(condition: &Condition) -> Option<Vec<ResourceType>> {
    match condition {
        Condition::AllOf(members) => members.iter().find_map(types_of),
        Condition::AnyOf(members) => {
            let each: Option<Vec<Vec<ResourceType>>> = members.iter().map(types_of).collect();
            Some(each?.concat())
        }
        Condition::Not(_) => None,
        Condition::Leaf(leaf) => match (&leaf.subject, leaf.operator, leaf.expected.constant().map(|it| &it.kind)) {
            (Subject::Field(Field::Type), Operator::Equals, Some(ValueKind::String(name))) => {
                Some(vec![ResourceType::new(name.clone())])
            }
            (Subject::Field(Field::Type), Operator::In, Some(ValueKind::Array(names))) => {
                names.items.iter().map(|it| it.as_str().map(ResourceType::new)).collect()
            }
            _ => None,
        },
    }
}

impl Types {
    /// True when a resource of this type is judged.
    pub fn contains(&self, resource_type: &ResourceType) -> bool {
        match self {
            Self::All => true,
            Self::Only(types) => types.contains(resource_type),
        }
    }
}

impl Severity {
    /// Every severity with its word.
    pub const ALL: &'static [(&'static str, Self)] =
        &[("critical", Self::Critical), ("high", Self::High), ("medium", Self::Medium), ("low", Self::Low)];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

impl Category {
    /// Every category with its word.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("baa-coverage", Self::BaaCoverage),
        ("network-exposure", Self::NetworkExposure),
        ("encryption-at-rest", Self::EncryptionAtRest),
        ("encryption-in-transit", Self::EncryptionInTransit),
        ("audit-logging", Self::AuditLogging),
        ("access-control", Self::AccessControl),
        ("backup-recovery", Self::BackupRecovery),
        ("integrity", Self::Integrity),
        ("secrets", Self::Secrets),
        ("ai-analytics", Self::AiAnalytics),
        ("governance", Self::Governance),
        ("data-residency", Self::DataResidency),
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, category)| *category == self).map_or("", |(word, _)| word)
    }
}
