//! What policy files compile to, and what is told of those that are wrong.

use super::{Types, compile, compile_definition, example, is_definition};
use crate::diagnostic::Diagnostic;
use crate::parse::yaml;
use crate::source::{FileId, SourceMap};
use crate::value::Value;

const HEAD: &str =
    "title: T\nseverity: high\ncategory: governance\ncitations: [164.312(a)(1)]\nwhy: W\nfix: { bicep: x }\n";

fn root(text: &str) -> Value {
    let (mut documents, diagnostics) = yaml::parse(FileId(0), text);
    assert_eq!(diagnostics, [], "{text}");
    documents.remove(0).root
}

/// Each diagnostic as the text that it is about, its message and its help.
fn told(text: &str, diagnostics: &[Diagnostic]) -> Vec<String> {
    let mut sources = SourceMap::default();
    sources.add("p.yaml", "p.yaml", text);
    let told = |it: &Diagnostic| {
        let help = it.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}: {}{help}", it.span.map_or("", |span| sources.slice(span)), it.message)
    };
    diagnostics.iter().map(told).collect()
}

fn of_condition(condition: &str) -> Vec<String> {
    let text = format!(
        "{HEAD}parameters: {{ days: {{ defaultValue: 30 }} }}\npolicyRule:\n  if:\n    allOf:\n      - {{ field: type, equals: A.B/c }}\n      - {condition}\n"
    );
    told(&text, &compile("p", &root(&text)).1)
}

#[test]
fn every_mistake_in_a_condition_is_told_at_its_text() {
    let cases = [
        ("{ feild: name, equals: x }", "feild: unknown key `feild` in a condition (did you mean `field`?)"),
        ("{ field: name, equal: x }", "equal: unknown key `equal` in a condition (did you mean `equals`?)"),
        ("{ field: name }", "{ field: name }: this condition has no operator for `field`"),
        (
            "{ field: name, equals: x, like: y }",
            "like: two operators, `equals` and `like`; write two conditions in `allOf`",
        ),
        ("{ equals: x }", "{ equals: x }: this condition reads nothing: it needs `field`, `value` or `count`"),
        ("{ field: name, value: y, equals: x }", "value: `field` and `value` cannot both be read"),
        ("{ allOf: [], equals: x }", "allOf: `allOf` must stand alone; put what is beside it into it"),
        ("{ anyOf: {} }", "{}: `anyOf` must be a list of conditions"),
        ("{ not: [] }", "[]: a condition must be a mapping such as `{ field: ..., equals: ... }`"),
        ("{ field: name, in: x }", "x: `in` needs a list"),
        ("{ field: name, exists: maybe }", "maybe: `exists` needs `true` or `false`"),
        ("{ field: name, like: [x] }", "[x]: `like` needs a text"),
        ("{ field: name, less: true }", "true: `less` needs a number or a text"),
        (
            "{ field: propertis.a, equals: x }",
            "propertis.a: no resource has a property `propertis` (did you mean `properties`?)",
        ),
        ("{ field: 5, equals: x }", "5: `field` must be the name of a property"),
        ("{ count: { field: properties.a }, equals: 0 }", "properties.a: a counted field must end with `[*]`"),
        (
            "{ count: { field: 'a[*]', wher: {} }, equals: 0 }",
            "wher: unknown key `wher` in a count (did you mean `where`?)",
        ),
        ("{ count: {}, equals: 0 }", "{}: a count needs exactly one of `field`, `value` and `related`"),
        (
            "{ count: { related: x }, equals: 0 }",
            "x: a related type is a text such as `Microsoft.Network/privateEndpoints`",
        ),
        (
            "{ count: { related: A.B/d, relation: sibling }, equals: 0 }",
            "sibling: `relation` must be one of `parent`, `child`, `scope`, `references`, `referencedBy`, `root`",
        ),
        (
            "{ value: '[concat(]', equals: x }",
            "'[concat(]': this expression does not parse: expected a function, a text or a number, found the end after `concat(`",
        ),
        ("{ value: '[conct(1)]', equals: x }", "'[conct(1)]': unknown function `conct` (did you mean `concat`?)"),
        ("{ value: '[if(1)]', equals: x }", "'[if(1)]': `if` takes 3 arguments, not 1"),
        (
            "{ value: \"[parameters('dyas')]\", equals: x }",
            "\"[parameters('dyas')]\": this policy has no parameter `dyas` (did you mean `days`?)",
        ),
        ("{ value: '[current()]', equals: x }", "'[current()]': `current` has a meaning inside a count only"),
        (
            "{ value: \"[baa('statu')]\", equals: x }",
            "\"[baa('statu')]\": `baa` knows `status`, `basis`, `service`, `evidence`, `retired`, `note`, `own`, `covered`, `unlisted`, `preview`, `partner`, `not_covered`, not `statu`",
        ),
    ];
    for (condition, expected) in cases {
        assert_eq!(of_condition(condition), [expected], "{condition}");
    }
    assert_eq!(of_condition("{ field: name, equals: \"[parameters('days')]\" }"), [""; 0]);
}

#[test]
fn every_mistake_in_a_file_is_told_at_its_text() {
    let rule = "policyRule: { if: { field: type, equals: A.B/c } }\n";
    let with = |head: &str, rule: &str| format!("{head}{rule}");
    let cases = [
        (with(&HEAD.replace("severity: high", "severty: high"), rule), vec![
            "severty: unknown key `severty` in a policy file (did you mean `severity`?)".to_owned(),
            ": this policy has no `severity`".into(),
        ]),
        (with(&HEAD.replace("high", "urgent"), rule), vec![
            "urgent: `severity` must be one of `critical`, `high`, `medium`, `low`".into(),
        ]),
        (with(&HEAD.replace("164.312(a)(1)", "164.312(a)(9)"), rule), vec![
            "164.312(a)(9): unknown citation `164.312(a)(9)` (did you mean `164.312(a)(1)`?)".into(),
        ]),
        (with(&HEAD.replace("{ bicep: x }", "{ bisep: x }"), rule), vec![
            "bisep: unknown key `bisep` in `fix` (did you mean `bicep`?)".into(),
        ]),
        (with(HEAD, "policyRule: { if: { field: name, equals: x } }\n"), vec![
            "{ if: { field: name, equals: x } }: this policy names no resource type: `allOf` must have `{ field: type, equals: ... }`, or the file `types: all`".into(),
        ]),
        (with(HEAD, "policyRule: { if: { field: type, equals: A.B/c }, than: {} }\n"), vec![
            "than: unknown key `than` in `policyRule`".into(),
        ]),
        (with(HEAD, "message: 'a {b'\npolicyRule: { if: { field: type, equals: A.B/c } }\n"), vec![
            "'a {b': a placeholder of `message` is not closed".into(),
        ]),
    ];
    for (text, expected) in cases {
        let (policy, diagnostics) = compile("p", &root(&text));
        let told: Vec<String> = told(&text, &diagnostics);
        // A whole-file diagnostic is about all of its text.
        let told: Vec<String> =
            told.iter().map(|it| it.strip_prefix(text.trim_end()).unwrap_or(it).to_owned()).collect();
        assert_eq!(told, expected, "{text}");
        assert!(policy.is_none());
    }
}

#[test]
fn types_are_those_that_a_condition_can_be_true_for() {
    let types = |condition: &str| {
        let text = format!("{HEAD}policyRule: {{ if: {condition} }}\n");
        match compile("p", &root(&text)).0.map(|it| it.types) {
            Some(Types::Only(types)) => types.iter().map(|it| it.as_str().to_owned()).collect::<Vec<_>>(),
            other => vec![format!("{other:?}")],
        }
    };
    assert_eq!(types("{ field: type, equals: A.B/c }"), ["A.B/c"]);
    assert_eq!(
        types("{ allOf: [{ field: name, equals: x }, { field: type, in: [A.B/c, A.B/d] }] }"),
        ["A.B/c", "A.B/d"]
    );
    assert_eq!(
        types("{ anyOf: [{ field: type, equals: A.B/c }, { allOf: [{ field: type, equals: A.B/d }] }] }"),
        ["A.B/c", "A.B/d"]
    );
}

#[test]
fn definitions_that_no_code_can_answer_are_refused_with_the_reason() {
    let definition = |mode: &str, condition: &str, effect: &str| {
        let text = format!(
            "properties:\n  mode: {mode}\n  parameters: {{ types: {{ type: Array }} }}\n  policyRule: {{ if: {condition}, then: {{ effect: {effect} }} }}\n"
        );
        let root = root(&text);
        assert!(is_definition(&root), "{text}");
        let (policy, diagnostics) = compile_definition("d", &root);
        assert_eq!(policy.is_some(), diagnostics.is_empty());
        diagnostics.into_iter().map(|it| it.message).collect::<Vec<_>>()
    };
    let typed = "{ field: type, equals: A.B/c }";
    assert_eq!(definition("All", typed, "audit"), [""; 0]);
    assert_eq!(
        definition("Microsoft.KeyVault.Data", typed, "audit"),
        ["definitions of mode `Microsoft.KeyVault.Data` judge a data plane, not code"]
    );
    assert_eq!(definition("All", typed, "manual"), ["the effect `manual` cannot be judged from code"]);
    assert_eq!(
        definition("All", "{ field: type, in: \"[parameters('types')]\" }", "audit"),
        ["the parameter `types` decides what is judged and has no `defaultValue`"]
    );
    assert_eq!(
        definition("All", "{ value: '[requestContext().identity]', less: '2020' }", "audit"),
        ["`requestContext()` is about who deploys, not about code"]
    );
}

#[test]
fn examples_must_be_enough_and_well_formed() {
    let read = |examples: &str| {
        let text = format!("title: T\nexamples:\n{examples}");
        let (_, diagnostics) = example::read(&root(&text));
        diagnostics.into_iter().map(|it| it.message).collect::<Vec<_>>()
    };
    let whole = "- { fail: a, at: x, terraform: t }\n- { fail: b, at: x, arm: t }\n- { pass: c, terraform: t }\n- { unknown: d, azapi: t }\n";
    assert_eq!(read(whole), [""; 0]);
    assert_eq!(
        read("- { fail: a, terraform: t }\n"),
        ["a `fail` example says with `at` which text the finding covers"]
    );
    assert_eq!(
        read("- { pass: a, unknown: b, terraform: t }\n"),
        ["an example is exactly one of `fail`, `pass` and `unknown`"]
    );
    assert_eq!(read("- { pass: a }\n"), ["an example has exactly one of `terraform`, `azapi`, `arm` and `yaml`"]);
    assert_eq!(
        read("- { pass: a, terrafrom: t }\n"),
        ["unknown key `terrafrom` in an example; did you mean `terraform`?"]
    );
    let without = whole.lines().take(3).collect::<Vec<_>>().join("\n");
    assert_eq!(read(&without), ["this policy needs an `unknown` example, or a reason in `without: { unknown: ... }`"]);
}
