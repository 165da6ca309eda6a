//! A `policyRule`: its `if`, and the resource that the details of an effect look for.
//!
//! In: the spanned value of a rule. Out: one condition that is true for a violation, and the types it can be true for.

use std::sync::OnceLock;

use super::compile::Compiler;
use super::condition::{Condition, Field, Leaf, Operand, Operator, Related, Relation, Subject};
use super::definition::Parameter;
use crate::diagnostic::Diagnostic;
use crate::model::ResourceType;
use crate::value::{Value, ValueKind};

/// What a condition and its effect's details compile to.
pub(super) struct Rule {
    pub(super) condition: Condition,
    pub(super) types: Option<Vec<ResourceType>>,
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
        words: OnceLock::new(),
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
