//! The condition grammar, by the tables of `fixtures/conditions`.

use std::path::PathBuf;
use std::sync::Arc;

use baalint::eval::{Settings, Verdict, evaluate};
use baalint::model::{Coverage, Dialect, Link, Lowered, Presence, Resource, ResourceGraph, ResourceType, Target};
use baalint::parse::yaml;
use baalint::policy::{self, Operator, Policy};
use baalint::source::{FileId, Span};
use baalint::value::{Array, Object, Reason, Reference, Unknown, Value, ValueKind};

const TYPE: &str = "Microsoft.Example/things";
const AT: Span = Span::new(FileId(0), 0, 0);

#[test]
fn every_table_and_case_comes_out_as_it_says() {
    let mut problems = Vec::new();
    for (name, root) in fixtures() {
        let file = root.as_object().expect("a fixture is a mapping");
        match file.value("operator") {
            Some(operator) => tables(operator.as_str().expect("a text"), file, &mut problems),
            None => cases(&name, file, &mut problems),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_operator_has_a_table() {
    let names: Vec<String> = fixtures().into_iter().map(|(name, _)| name).collect();
    for (name, operator) in Operator::ALL {
        assert!(operator.positive().is_some() || names.iter().any(|it| it == name), "{name}");
    }
}

fn fixtures() -> Vec<(String, Value)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/conditions");
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
        let path = entry.expect("fixtures can be walked").into_path();
        if path.extension().is_some_and(|it| it == "yaml") {
            #[expect(clippy::disallowed_methods, reason = "a test reads files")]
            let text = std::fs::read_to_string(&path).expect("a fixture is UTF-8");
            let (documents, diagnostics) = yaml::parse(FileId(0), &text);
            assert!(diagnostics.is_empty(), "{}: {diagnostics:?}", path.display());
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            found.push((stem, documents.into_iter().next().expect("a document").root));
        }
    }
    found
}

fn tables(operator: &str, file: &Object, problems: &mut Vec<String>) {
    let negated = Operator::ALL.iter().find(|(_, it)| it.positive().is_some_and(|of| of.as_str() == operator));
    for table in &file.value("tables").and_then(Value::as_array).expect("tables").items {
        let table = table.as_object().expect("a table is a mapping");
        let operand = table.value("operand").expect("an operand");
        for (expected, verdict) in [("true", Verdict::Fail), ("false", Verdict::Pass), ("unknown", Verdict::Unknown)] {
            for actual in &table.value(expected).and_then(Value::as_array).expect("rows").items {
                let mut properties = Object::default();
                if actual.as_str() != Some("$absent") {
                    properties.insert("a", AT, actual.clone());
                }
                let body = object([("properties", Value::object(properties, AT))]);
                let mut ask = |operator: &str, expected: Verdict| {
                    let condition = object([("field", text("properties.a")), (operator, operand.clone())]);
                    let verdict = verdict_of(&condition, None, std::slice::from_ref(&body));
                    if verdict != expected {
                        problems.push(format!(
                            "{} {operator} {}: {verdict:?}, not {expected:?}",
                            show(actual),
                            show(operand)
                        ));
                    }
                };
                ask(operator, verdict);
                if let Some((name, _)) = negated {
                    let other = match verdict {
                        Verdict::Fail => Verdict::Pass,
                        Verdict::Pass => Verdict::Fail,
                        same => same,
                    };
                    ask(name, other);
                }
            }
        }
    }
}

fn cases(file_name: &str, file: &Object, problems: &mut Vec<String>) {
    for case in &file.value("cases").and_then(Value::as_array).expect("cases").items {
        let case = case.as_object().expect("a case is a mapping");
        let name = case.value("name").and_then(Value::as_str).expect("a name");
        let bodies = match (case.value("resource"), case.value("resources")) {
            (Some(one), _) => vec![one.clone()],
            (None, many) => many.and_then(Value::as_array).expect("resources").items.clone(),
        };
        let expected = match &case.value("expected").expect("what is expected").kind {
            ValueKind::Bool(true) => Verdict::Fail,
            ValueKind::Bool(false) => Verdict::Pass,
            _ => Verdict::Unknown,
        };
        let verdict = verdict_of(case.value("if").expect("a condition"), case.value("then"), &bodies);
        if verdict != expected {
            problems.push(format!("{file_name}: {name}: {verdict:?}, not {expected:?}"));
        }
    }
}

/// A violated condition is `Fail`: the verdict tells the truth of the condition.
fn verdict_of(condition: &Value, then: Option<&Value>, bodies: &[Value]) -> Verdict {
    let policy = compile(condition, then);
    let resources = bodies.iter().enumerate().map(|(number, body)| resource(number, body)).collect();
    let graph = ResourceGraph::link(Lowered { resources, ..Lowered::default() });
    let first = graph.indices().next().expect("a resource");
    evaluate(&policy, &graph, first, &Settings::default()).verdict
}

fn compile(condition: &Value, then: Option<&Value>) -> Policy {
    let mut rule = Object::default();
    rule.insert("if", AT, condition.clone());
    if let Some(then) = then {
        rule.insert("then", AT, then.clone());
    }
    let mut properties = Object::default();
    properties.insert("policyRule", AT, Value::object(rule, AT));
    let (policy, diagnostics) = policy::compile_definition("case", &Value::object(properties, AT));
    assert_eq!(diagnostics, [], "{}", show(condition));
    policy.expect("no diagnostic, so a policy")
}

fn resource(number: usize, body: &Value) -> Resource {
    let mut body = Object::clone(made(body).as_object().expect("a body is a mapping"));
    let mut take = |key: &str| body.entries.shift_remove(key).map(|entry| entry.value);
    let resource_type = take("type").and_then(|it| it.as_str().map(ResourceType::new));
    let link = |value: Value, scope: bool| Link {
        target: match value.as_str() {
            Some(address) => Target::Address(address.into()),
            None => Target::Value(value),
        },
        scope,
        span: AT,
    };
    let parent = take("$parent").map(|it| link(it, false));
    let parent = parent.or_else(|| take("$scope").map(|it| link(it, true)));
    let presence = match take("$possible") {
        Some(why) => {
            let name = why.as_str().expect("a variable").into();
            Presence::Possible(Arc::new(Unknown::new(Reason::Variable(name))))
        }
        None => Presence::Certain,
    };
    let resource_group = take("$group");
    let resource_type = resource_type.unwrap_or_else(|| ResourceType::new(TYPE));
    Resource {
        address: format!("r{number}").into(),
        source_type: resource_type.as_str().into(),
        resource_type,
        dialect: Dialect::Arm,
        body: Value::object(body, AT),
        coverage: Arc::new(Coverage::complete()),
        span: AT,
        header: AT,
        callers: Vec::new(),
        presence,
        parent,
        resource_group,
        provider_major: None,
    }
}

/// Replaces `$unknown` and `$rest` by what they stand for.
fn made(value: &Value) -> Value {
    let rest = || Some(Arc::new(Unknown::new(Reason::Variable("rest".into()))));
    match &value.kind {
        ValueKind::Object(object) => {
            if let Some(spec) = object.value("$unknown") {
                return unknown(spec);
            }
            let mut copy = Object::default();
            for (key, entry) in object.entries.iter().filter(|(key, _)| &***key != "$rest") {
                copy.insert(key.clone(), AT, made(&entry.value));
            }
            copy.rest = object.get("$rest").and_then(|_| rest());
            Value::object(copy, AT)
        }
        ValueKind::Array(array) => {
            let open = array.items.last().and_then(Value::as_str) == Some("$rest");
            let items = array.items.iter().filter(|it| it.as_str() != Some("$rest")).map(made).collect();
            let array = Array { items, rest: if open { rest() } else { None } };
            Value::new(ValueKind::Array(Arc::new(array)), AT)
        }
        _ => value.clone(),
    }
}

fn unknown(spec: &Value) -> Value {
    let spec = spec.as_object().expect("$unknown is a mapping");
    let mut unknown = Unknown::new(Reason::Variable("v".into()));
    unknown.not_null = spec.value("not_null").and_then(Value::as_bool).unwrap_or(false);
    unknown.prefix = spec.value("prefix").and_then(Value::as_str).map(Arc::from);
    unknown.symbol = spec.value("symbol").and_then(Value::as_str).map(Arc::from);
    if let Some(references) = spec.value("references").and_then(Value::as_array) {
        unknown.reason = Reason::Computed("id".into());
        let addresses = references.items.iter().filter_map(Value::as_str);
        unknown.references = addresses.map(|it| Reference { address: it.into(), attribute: "id".into() }).collect();
    }
    Value::new(unknown, AT)
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let mut object = Object::default();
    for (key, value) in entries {
        object.insert(key, AT, value);
    }
    Value::object(object, AT)
}

fn text(text: &str) -> Value {
    Value::new(text, AT)
}

fn show(value: &Value) -> String {
    match &value.kind {
        ValueKind::Null => "null".into(),
        ValueKind::Bool(flag) => flag.to_string(),
        ValueKind::Number(number) => number.to_string(),
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Array(array) => format!("[{}]", array.items.iter().map(show).collect::<Vec<_>>().join(", ")),
        ValueKind::Object(object) => {
            let entries = object.entries.iter().map(|(key, entry)| format!("{key}: {}", show(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        ValueKind::Unknown(unknown) => format!("{unknown:?}"),
    }
}
