//! Policy definitions of Azure Policy, as `az policy definition show` or a portal export gives them.
//!
//! In: the spanned value of a definition. Out: a [`Policy`] whose title and reason are the definition's own. What cannot
//! be told from code (manual attestation, guest configuration, data plane modes) is refused with its reason.

use std::sync::{Arc, OnceLock};

use super::builtin::Function;
use super::compile::{Compiler, bind_field};
use super::condition::{Condition, Field, FieldPath, Leaf, Operand, Operator, Over, Subject};
use super::definition::{Category, Parameter, Policy, Severity, Types};
use super::expression::Expression;
use super::rule::{Rule, rule_of};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{PropertyPath, ResourceType};
use crate::source::Span;
use crate::value::{Object, Value};

/// True when a value looks like a definition of Azure Policy rather than a policy file.
pub fn is_definition(root: &Value) -> bool {
    root.as_object().is_some_and(|root| properties(root).is_some_and(|it| it.value("policyRule").is_some()))
        && root.as_object().is_some_and(|root| root.value("title").is_none())
}

/// Compiles a definition; `stem` names it when it does not name itself.
pub fn compile_definition(stem: &str, root: &Value) -> (Option<Policy>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let policy = definition(stem, root, &mut diagnostics);
    (policy, diagnostics)
}

fn properties(root: &Object) -> Option<&Object> {
    match root.value("properties") {
        Some(properties) => properties.as_object(),
        None => Some(root),
    }
}

fn definition(stem: &str, root: &Value, diagnostics: &mut Vec<Diagnostic>) -> Option<Policy> {
    let Some((object, properties)) = root.as_object().and_then(|object| Some((object, properties(object)?))) else {
        return refuse(diagnostics, root.span, "a policy definition must be an object");
    };
    let text = |key: &str| properties.value(key).and_then(Value::as_str);
    if let Some(mode) = properties.value("mode").filter(|mode| !offline(mode)) {
        let message = format!("definitions of mode `{}` judge a data plane, not code", mode.as_str().unwrap_or(""));
        return refuse(diagnostics, mode.span, &message);
    }
    let Some(rule) = properties.value("policyRule") else {
        return refuse(diagnostics, root.span, "this definition has no `policyRule`");
    };
    let parameters = parameters(properties);
    let effect = effect_of(rule, &parameters);
    if let Some("manual" | "denyaction") = effect.as_deref() {
        let message = format!("the effect `{}` cannot be judged from code", effect.unwrap_or_default());
        return refuse(diagnostics, rule.span, &message);
    }
    let Rule { mut condition, types } = rule_of(rule, &parameters, false, diagnostics)?;
    match site_config(rule, &parameters) {
        Some(own) => condition = Condition::AllOf(vec![condition, Condition::Not(Box::new(own))]),
        None => mark_singletons(&mut condition),
    }
    let uses = Uses::of(&condition, &parameters);
    if uses.request {
        return refuse(diagnostics, rule.span, "`requestContext()` is about who deploys, not about code");
    }
    if let (None, Some(parameter)) = (&types, uses.open) {
        let message = format!("the parameter `{}` decides what is judged and has no `defaultValue`", parameter.name);
        return refuse(diagnostics, rule.span, &message);
    }
    let indexed =
        properties.value("mode").and_then(Value::as_str).is_some_and(|mode| mode.eq_ignore_ascii_case("indexed"));
    let condition = if indexed && types.is_none() { with_location(condition, rule.span) } else { condition };
    let name = object.value("name").and_then(Value::as_str).unwrap_or(stem);
    Some(Policy {
        id: format!("azure-policy/{name}").into(),
        title: text("displayName").unwrap_or(name).into(),
        severity: Severity::Medium,
        category: category(properties),
        citations: Vec::new(),
        equivalents: vec![name.into()],
        equivalents_when: Vec::new(),
        why: text("description").unwrap_or("").into(),
        fix: Vec::new(),
        remedy: super::Remedy::default(),
        types: types.map_or(Types::All, Types::Only),
        condition,
        parameters,
        label: None,
        message: None,
        suppressible: true,
        mask: false,
        span: root.span,
    })
}

fn refuse<T>(diagnostics: &mut Vec<Diagnostic>, span: Span, message: &str) -> Option<T> {
    diagnostics.push(Diagnostic::error(Code::Policy, span, message));
    None
}

/// What a condition needs besides resources.
#[derive(Default)]
struct Uses<'p> {
    request: bool,
    /// The first parameter without a value.
    open: Option<&'p Parameter>,
}

impl<'p> Uses<'p> {
    fn of(condition: &Condition, parameters: &'p [Parameter]) -> Self {
        let mut uses = Self::default();
        condition.each_expression(&mut |expression| match expression {
            // The API version of a request is the resource's own; everything else is about the one who asks.
            Expression::Member(of, name) if is_request_context(of) => {
                uses.request |= !name.eq_ignore_ascii_case("apiVersion");
            }
            Expression::Parameter(position) if uses.open.is_none() => {
                uses.open = parameters.get(*position).filter(|it| it.default.is_none());
            }
            _ => {}
        });
        uses
    }
}

fn is_request_context(expression: &Expression) -> bool {
    matches!(expression, Expression::Call(Function::RequestContext, ..))
}

/// What a definition asks of an app's `config/web`, asked of `siteConfig` of the app itself: they are the same settings.
fn site_config(rule: &Value, parameters: &[Parameter]) -> Option<Condition> {
    let details = rule.as_object()?.value("then")?.as_object()?.value("details")?.as_object()?;
    let app = details.value("type")?.as_str()?.strip_suffix("/config")?;
    let named_web = details.value("name").is_none_or(|name| name.as_str() == Some("web"));
    let is_app = ["Microsoft.Web/sites", "Microsoft.Web/sites/slots"].iter().any(|it| it.eq_ignore_ascii_case(app));
    if !is_app || !named_web {
        return None;
    }
    let mut compiler = Compiler::new(parameters);
    let mut condition =
        compiler.condition(details.value("existenceCondition")?, "policyRule.then.details.existenceCondition")?;
    relocate(&mut condition, app);
    Some(condition)
}

/// `properties.x` of `config/web` is `properties.siteConfig.x` of the app; what is not written there has a default of the
/// service that is not on record.
fn relocate(condition: &mut Condition, app: &str) {
    match condition {
        Condition::AllOf(members) | Condition::AnyOf(members) => members.iter_mut().for_each(|it| relocate(it, app)),
        Condition::Not(inner) => relocate(inner, app),
        Condition::Leaf(leaf) => match &mut leaf.subject {
            Subject::Field(Field::Path(field)) => relocate_field(field, app),
            Subject::Count(count) => {
                if let Over::Field(Field::Path(field)) = &mut count.over {
                    relocate_field(field, app);
                }
            }
            _ => {}
        },
    }
}

fn relocate_field(field: &mut FieldPath, app: &str) {
    if let Some(below) = field.path.strip_prefix(&PropertyPath::parse("properties")) {
        let site_config = PropertyPath::parse("properties.siteConfig");
        field.path = site_config.segments().iter().chain(below).cloned().collect();
        field.computed = true;
        field.only = Some(ResourceType::new(app));
    }
}

/// Children that the service makes by itself, so that a template need not declare them.
const SINGLETONS: [&str; 6] = [
    "Microsoft.Web/sites/config",
    "Microsoft.Web/sites/slots/config",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
    "Microsoft.Web/sites/slots/basicPublishingCredentialsPolicies",
    "Microsoft.Sql/servers/databases/transparentDataEncryption",
    "Microsoft.Storage/storageAccounts/blobServices",
];

fn mark_singletons(condition: &mut Condition) {
    match condition {
        Condition::AllOf(members) | Condition::AnyOf(members) => members.iter_mut().for_each(mark_singletons),
        Condition::Not(inner) => mark_singletons(inner),
        Condition::Leaf(leaf) => {
            if let Subject::Count(count) = &mut leaf.subject
                && let Over::Related(related) = &mut count.over
            {
                related.singleton = related.types.iter().any(|it| SINGLETONS.iter().any(|name| *it == **name));
            }
        }
    }
}

/// Mode `Indexed` judges only what has a location.
fn with_location(condition: Condition, span: Span) -> Condition {
    let location = Condition::Leaf(Box::new(Leaf {
        subject: Subject::Field(bind_field("location", |_| None)),
        operator: Operator::Exists,
        expected: Operand::Constant(Value::new(true, span)),
        pointer: "mode".into(),
        words: OnceLock::new(),
        span,
    }));
    Condition::AllOf(vec![location, condition])
}

fn offline(mode: &Value) -> bool {
    mode.as_str().is_some_and(|mode| mode.eq_ignore_ascii_case("all") || mode.eq_ignore_ascii_case("indexed"))
}

fn parameters(properties: &Object) -> Vec<Parameter> {
    let Some(parameters) = properties.value("parameters").and_then(Value::as_object) else { return Vec::new() };
    let entries = parameters.entries.iter();
    let parameter = |(name, entry): (&Arc<str>, &crate::value::Entry)| Parameter {
        name: name.clone(),
        default: entry
            .value
            .as_object()
            .and_then(|it| it.get_ignore_case("defaultValue"))
            .map(|(_, it)| it.value.clone()),
        config: None,
    };
    entries.map(parameter).collect()
}

/// The effect in lower case, its parameter's default when it is one.
fn effect_of(rule: &Value, parameters: &[Parameter]) -> Option<String> {
    let effect = rule.as_object()?.value("then")?.as_object()?.value("effect")?.as_str()?;
    let named = effect.strip_prefix("[parameters('").and_then(|rest| rest.strip_suffix("')]"));
    let effect = match named {
        Some(name) => parameters.iter().find(|it| it.name.eq_ignore_ascii_case(name))?.default.as_ref()?.as_str()?,
        None => effect,
    };
    Some(effect.to_ascii_lowercase())
}

/// The nearest of our categories to the definition's words; what fits none is governance.
fn category(properties: &Object) -> Category {
    let title = properties.value("displayName").and_then(Value::as_str).unwrap_or("").to_lowercase();
    let words: [(&[&str], Category); 7] = [
        (
            &["private link", "private endpoint", "public network", "firewall", "network access", "virtual network"],
            Category::NetworkExposure,
        ),
        (&["customer-managed", "encryption at rest", "encrypt", "disk encryption"], Category::EncryptionAtRest),
        (&["https", "tls", "ssl", "secure transfer", "in transit"], Category::EncryptionInTransit),
        (&["diagnostic", "log", "audit"], Category::AuditLogging),
        (
            &["backup", "geo-redundant", "soft delete", "purge protection", "zone redundant", "recovery"],
            Category::BackupRecovery,
        ),
        (&["authentication", "local auth", "identity", "rbac", "admin", "role"], Category::AccessControl),
        (&["allowed locations", "location"], Category::DataResidency),
    ];
    let found = words.iter().find(|(words, _)| words.iter().any(|word| title.contains(word)));
    found.map_or(Category::Governance, |(_, category)| *category)
}
