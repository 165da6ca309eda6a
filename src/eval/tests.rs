//! What conditions come to, and which text they point at.

use std::sync::Arc;

use super::{Outcome, Settings, Source, Verdict, evaluate};
use crate::model::{Coverage, Dialect, Lowered, Presence, Resource, ResourceGraph, ResourceType};
use crate::parse::json;
use crate::policy::{Policy, compile};
use crate::source::{SourceMap, Span};
use crate::value::{DefaultOf, Reason, StepKind, Value};

const HEAD: &str =
    r#""title": "T", "severity": "high", "citations": ["164.312(a)(1)"], "why": "W", "fix": {"bicep": "x"}"#;

/// A policy on the type `A.B/c`; `more` is further keys of the file.
fn policy(condition: &str, more: &str) -> Policy {
    let category = if more.contains("category") { "" } else { r#", "category": "governance""# };
    let text = format!(
        r#"{{ {HEAD}{category}{more}, "policyRule": {{ "if": {{ "allOf": [{{ "field": "type", "equals": "A.B/c" }}, {condition}] }} }} }}"#
    );
    let mut sources = SourceMap::default();
    let file = sources.add("p", "p", text.as_str());
    let (policy, diagnostics) = compile("p", &json::parse(file, &text).0.expect("JSON").root);
    assert_eq!(diagnostics, []);
    policy.expect("no diagnostic, so a policy")
}

fn resource(sources: &mut SourceMap, text: &str, change: impl FnOnce(&mut Resource)) -> ResourceGraph {
    let file = sources.add("r.json", "r.json", text);
    let body = json::parse(file, text).0.expect("JSON").root;
    let header = Span::new(file, 0, 1);
    let mut resource = Resource {
        address: "r".into(),
        resource_type: ResourceType::new("A.B/c"),
        source_type: "A.B/c".into(),
        dialect: Dialect::Arm,
        span: body.span,
        header,
        body,
        coverage: Arc::new(Coverage::complete()),
        callers: Vec::new(),
        presence: Presence::Certain,
        parent: None,
        resource_group: None,
        provider_major: None,
    };
    change(&mut resource);
    ResourceGraph::link(Lowered { resources: vec![resource], ..Lowered::default() })
}

fn outcome(policy: &Policy, graph: &ResourceGraph) -> Outcome {
    evaluate(policy, graph, graph.indices().next().expect("a resource"), &Settings::default())
}

#[test]
fn the_last_deciding_setting_is_pointed_at_and_a_label_overrides_it() {
    let condition = r#"{ "field": "properties.a", "equals": 1 }, { "field": "properties.b", "equals": 2 }, { "field": "sku.name", "equals": "S" }"#;
    let mut sources = SourceMap::default();
    let text = r#"{ "sku": { "name": "S" }, "properties": { "b": 2, "a": 1, "c": 3 } }"#;
    let graph = resource(&mut sources, text, |_| {});
    let found = outcome(&policy(condition, ""), &graph);
    assert_eq!((found.verdict, sources.slice(found.primary)), (Verdict::Fail, r#""b": 2"#));
    let found = outcome(&policy(condition, r#", "label": "properties.c""#), &graph);
    assert_eq!(sources.slice(found.primary), r#""c": 3"#);
    let found = outcome(&policy(condition, r#", "label": "properties.d""#), &graph);
    assert_eq!(sources.slice(found.primary), "{");
}

#[test]
fn only_what_decided_is_evidence() {
    let condition = r#"{ "anyOf": [{ "field": "properties.a", "equals": 2 }, { "field": "properties.b", "equals": 2 }] },
        { "not": { "allOf": [{ "field": "properties.a", "equals": 1 }, { "field": "properties.c", "exists": true }] } }"#;
    let mut sources = SourceMap::default();
    let graph = resource(&mut sources, r#"{ "properties": { "a": 1, "b": 2 } }"#, |_| {});
    let found = outcome(&policy(condition, ""), &graph);
    let pointers: Vec<&str> = found.evidence.iter().map(|it| &*it.pointer).collect();
    assert_eq!(
        pointers,
        ["policyRule.if.allOf[0]", "policyRule.if.allOf[1].anyOf[1]", "policyRule.if.allOf[2].not.allOf[1]"]
    );
    let last = found.evidence.last().expect("evidence");
    assert_eq!((last.actual.as_str(), &last.source), ("not set", &Source::Absent));
}

#[test]
fn an_unknown_verdict_points_at_the_unknown_value_and_keeps_the_reason() {
    let condition = r#"{ "field": "properties.a", "equals": 1 }, { "field": "properties.b", "equals": 2 }"#;
    let mut sources = SourceMap::default();
    let graph = resource(&mut sources, r#"{ "properties": { "a": "?", "b": 2 } }"#, |resource| {
        let properties = resource.body.as_object().and_then(|it| it.value("properties")).expect("properties");
        let mut changed = properties.as_object().expect("an object").clone();
        let at = changed.value("a").expect("a").span;
        changed.insert("a", at, Value::unknown(Reason::Variable("x".into()), at));
        let mut body = resource.body.as_object().expect("an object").clone();
        body.insert("properties", at, Value::object(changed, at));
        resource.body = Value::object(body, at);
    });
    let found = outcome(&policy(condition, ""), &graph);
    assert_eq!((found.verdict, sources.slice(found.primary)), (Verdict::Unknown, r#""?""#));
    assert_eq!(found.evidence.len(), 1);
    assert_eq!(found.evidence[0].source, Source::Unknown(Reason::Variable("x".into())));
}

#[test]
fn the_way_of_a_value_and_the_callers_are_shown() {
    let mut sources = SourceMap::default();
    let call = sources.add("call", "call", "call here");
    let graph = resource(&mut sources, r#"{ "a": 1 }"#, |resource| {
        let mut body = resource.body.as_object().expect("an object").clone();
        let a = body.get("a").expect("a").clone();
        let value = Value { span: Span::new(call, 5, 9), ..a.value.clone() };
        body.insert("a", a.key_span, value.through(StepKind::VariableFile, a.value.span));
        resource.body = Value::object(body, resource.span);
        resource.callers.push(Span::new(call, 0, 4));
    });
    let found = outcome(&policy(r#"{ "field": "a", "equals": 1 }"#, ""), &graph);
    let related: Vec<(&str, &str)> =
        found.related.iter().map(|it| (sources.slice(it.span), it.text.as_str())).collect();
    assert_eq!(related, [("here", "set in the variables file"), ("call", "called here")]);
}

#[test]
fn a_default_points_at_the_block_and_says_whose_it_is() {
    let mut sources = SourceMap::default();
    let graph = resource(&mut sources, r#"{ "properties": { "a": 1 } }"#, |resource| {
        let mut body = resource.body.as_object().expect("an object").clone();
        let value = Value::new(true, resource.header).as_default(DefaultOf::Provider { major: 4 });
        body.insert("b", resource.header, value);
        resource.body = Value::object(body, resource.span);
    });
    let condition = r#"{ "field": "properties.a", "equals": 1 }, { "field": "b", "equals": true }"#;
    let found = outcome(&policy(condition, ""), &graph);
    assert_eq!(sources.slice(found.primary), r#""a": 1"#, "what somebody wrote is better than a default");
    let found = outcome(&policy(r#"{ "field": "b", "equals": true }"#, ""), &graph);
    let said = found.evidence.last().and_then(|it| it.source.describe());
    assert_eq!((sources.slice(found.primary), said.as_deref()), ("{", Some("not set; azurerm 4 uses this by default")));
}

#[test]
fn secrets_are_never_printed() {
    let text = r#"{ "properties": { "adminPassword": "hunter2", "note": "hunter2" } }"#;
    let mut sources = SourceMap::default();
    let graph = resource(&mut sources, text, |_| {});
    let exists = |path: &str| format!(r#"{{ "field": "{path}", "exists": true }}"#);
    let message = r#", "message": "{properties.note} and {properties.adminPassword}""#;
    let cases = [
        (exists("properties.adminPassword"), "", "(hidden)"),
        (exists("properties.note"), "", "\"hunter2\""),
        (exists("properties.note"), r#", "mask": true"#, "(hidden)"),
        (exists("properties.note"), r#", "category": "secrets""#, "(hidden)"),
    ];
    for (condition, more, shown) in cases {
        let found = outcome(&policy(&condition, more), &graph);
        assert_eq!(found.evidence.last().map(|it| it.actual.as_str()), Some(shown), "{condition} {more}");
    }
    let found = outcome(&policy(&exists("properties.note"), message), &graph);
    assert_eq!(found.message.as_deref(), Some("hunter2 and (hidden)"));
}

#[test]
fn a_part_of_a_resource_is_silent_on_what_it_does_not_say() {
    let mut sources = SourceMap::default();
    let text = r#"{ "properties": { "a": 1 } }"#;
    let partial = |resource: &mut Resource| {
        resource.presence = Presence::Partial;
        let mut coverage = Coverage::none();
        coverage.add(&crate::model::PropertyPath::parse("properties.a"));
        resource.coverage = Arc::new(coverage);
    };
    let graph = resource(&mut sources, text, partial);
    let verdict = |condition: &str| outcome(&policy(condition, ""), &graph).verdict;
    assert_eq!(verdict(r#"{ "field": "properties.a", "equals": 1 }"#), Verdict::Fail);
    assert_eq!(verdict(r#"{ "field": "properties.b", "notEquals": 1 }"#), Verdict::NotApplicable);
    assert_eq!(verdict(r#"{ "count": { "related": "A.B/c/d" }, "equals": 0 }"#), Verdict::NotApplicable);
    let graph = resource(&mut sources, text, |resource| resource.presence = Presence::Existing);
    assert_eq!(
        outcome(&policy(r#"{ "field": "properties.a", "equals": 1 }"#, ""), &graph).verdict,
        Verdict::NotApplicable
    );
}
