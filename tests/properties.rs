//! What must hold of every input, tried on inputs that are drawn: seeded, so that a failure can be had again.
//!
//! Values come back through each parser as they went in; three-valued logic keeps Kleene's laws, and so do whole conditions: what
//! is told although something is unknown stays true whatever the unknown turns out to be; a report does not depend on threads,
//! on the order of the arguments or on comments, and a fingerprint outlives edits around its finding. No proptest: it would shrink
//! what fails, but it and the eight crates it brings take 28 s of processor time to build (1.12.0, 2026-11-22).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use baalint::discover::Buffer;
use baalint::eval::{Settings, Verdict, evaluate};
use baalint::frontend::MemoryFiles;
use baalint::frontend::terraform::{Options, Project};
use baalint::lint::{self, Request};
use baalint::model::{Coverage, Dialect, Lowered, Presence, Resource, ResourceGraph, ResourceType};
use baalint::parse::{json, yaml};
use baalint::policy::compile_definition;
use baalint::report;
use baalint::source::{FileId, SourceMap, Span};
use baalint::suppress::Day;
use baalint::truth::Truth;
use baalint::value::{Object, Reason, Unknown, Value, ValueKind};
use serde_json::{Map, Value as Json};

const AT: Span = Span::new(FileId(0), 0, 1);

/// Numbers that look random and are the same every time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn of<'t, T: ?Sized>(&mut self, choices: &[&'t T]) -> &'t T {
        choices[self.below(choices.len())]
    }

    fn text(&mut self) -> String {
        let parts = [
            "a", "Zz", " ", "\"", "\\", "\n", "\t", "é", "日本", "𝄞", "${", "%{", "$", "#", ": ", "- ", "'", "0", "~",
            "[x]",
        ];
        (0..self.below(6)).map(|_| self.of(&parts)).collect()
    }

    /// A JSON value that every one of the languages can say.
    fn json(&mut self, depth: usize) -> Json {
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 => Json::Null,
            1 => Json::Bool(self.below(2) == 0),
            2 => (i64::try_from(self.below(2000)).unwrap() - 1000).into(),
            3 => (f64::from(u32::try_from(self.below(1000)).unwrap()) / 8.0 + 0.0625).into(),
            4 => self.text().into(),
            5 => (0..self.below(4)).map(|_| self.json(depth - 1)).collect(),
            _ => {
                let many = if self.below(10) == 0 { 30 } else { 4 };
                let entries = (0..self.below(many)).map(|at| (format!("k{at}{}", self.text()), self.json(depth - 1)));
                Json::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
}

#[test]
fn values_come_back_from_json_as_they_went_in() {
    let mut draw = Draw(1);
    for _ in 0..3000 {
        let value = draw.json(5);
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let (document, diagnostics) = json::parse(FileId(0), &text);
            assert_eq!(diagnostics, [], "{text}");
            assert_eq!(plain(&document.unwrap().root), value, "{text}");
        }
    }
}

/// Every JSON text is YAML.
#[test]
fn values_come_back_from_yaml_as_they_went_in() {
    let mut draw = Draw(2);
    for _ in 0..2000 {
        let value = draw.json(4);
        let text = serde_yaml::to_string(&value).unwrap();
        for text in [value.to_string(), text] {
            let (mut documents, diagnostics) = yaml::parse(FileId(0), &text);
            assert_eq!(diagnostics, [], "{text}");
            // A document of nothing is left out.
            let found = if documents.is_empty() { Json::Null } else { plain(&documents.remove(0).root) };
            assert_eq!(found, value, "{text}");
        }
    }
}

#[test]
fn values_come_back_from_terraform_as_they_went_in() {
    let mut draw = Draw(3);
    for _ in 0..1000 {
        let value = draw.json(3);
        let mut text = "locals {\n  x = ".to_owned();
        write_hcl(&value, &mut text);
        text.push_str("\n}\n");
        let mut files = MemoryFiles::default();
        files.insert("main.tf", text.as_str());
        let mut sources = SourceMap::default();
        let id = sources.add("main.tf", "main.tf", text.as_str());
        let scanned = vec![sources.get(id).unwrap().clone()];
        let (project, diagnostics) = Project::load(scanned, &files, &mut sources, &Options::default());
        assert_eq!(diagnostics, [], "{text}");
        let found = project.evaluate_expression(&project.roots()[0], "local.x");
        assert_eq!(sorted(&plain(&found)), sorted(&value), "{text}");
    }
}

fn write_hcl(value: &Json, out: &mut String) {
    match value {
        Json::Object(entries) => {
            out.push_str("{\n");
            for (key, value) in entries {
                write_hcl(&Json::from(key.as_str()), out);
                out.push_str(" = ");
                write_hcl(value, out);
                out.push('\n');
            }
            out.push('}');
        }
        Json::Array(items) => {
            out.push('[');
            for item in items {
                write_hcl(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Json::String(text) => {
            let text = Json::from(text.as_str()).to_string().replace("${", "$${").replace("%{", "%%{");
            let _ = write!(out, "{text}");
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

fn plain(value: &Value) -> Json {
    match &value.kind {
        ValueKind::Null | ValueKind::Unknown(_) => Json::Null,
        ValueKind::Bool(it) => (*it).into(),
        ValueKind::Number(it) => it.as_i64().map_or_else(|| it.as_f64().into(), Json::from),
        ValueKind::String(it) => Json::from(&**it),
        ValueKind::Array(it) => it.items.iter().map(plain).collect(),
        ValueKind::Object(it) => {
            it.entries.iter().map(|(key, entry)| (key.to_string(), plain(&entry.value))).collect::<Map<_, _>>().into()
        }
    }
}

/// Terraform keeps objects in the order of their keys.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(entries) => {
            let mut list: Vec<_> = entries.iter().map(|(key, it)| (key.clone(), sorted(it))).collect();
            list.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(list.into_iter().collect())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[test]
fn three_valued_logic_keeps_the_laws_of_kleene() {
    let all = [Truth::False, Truth::Unknown, Truth::True];
    // What may become of a truth when more is known.
    let refines = |vague: Truth, sure: Truth| vague == Truth::Unknown || vague == sure;
    for a in all {
        assert_eq!(!!a, a);
        assert_eq!((a.and(a), a.or(a)), (a, a));
        assert_eq!((a.and(Truth::True), a.or(Truth::False)), (a, a));
        assert_eq!((a.and(Truth::False), a.or(Truth::True)), (Truth::False, Truth::True));
        for b in all {
            assert_eq!((a.and(b), a.or(b)), (b.and(a), b.or(a)));
            assert_eq!(!(a.and(b)), (!a).or(!b));
            assert_eq!((a.and(a.or(b)), a.or(a.and(b))), (a, a));
            for c in all {
                assert_eq!(a.and(b).and(c), a.and(b.and(c)));
                assert_eq!(a.or(b).or(c), a.or(b.or(c)));
                assert_eq!(a.and(b.or(c)), a.and(b).or(a.and(c)));
                if refines(a, b) {
                    assert!(refines(a.and(c), b.and(c)) && refines(a.or(c), b.or(c)) && refines(!a, !b));
                }
            }
        }
    }
}

/// A condition over the properties `a`, `b` and `c`, in the grammar of policies.
fn condition(draw: &mut Draw, depth: usize) -> Json {
    let nested = |draw: &mut Draw| -> Json { (0..=draw.below(3)).map(|_| condition(draw, depth - 1)).collect() };
    match draw.below(if depth == 0 { 5 } else { 9 }) {
        5 => serde_json::json!({ "allOf": nested(draw) }),
        6 => serde_json::json!({ "anyOf": nested(draw) }),
        7 => serde_json::json!({ "not": condition(draw, depth - 1) }),
        8 => {
            let where_ = serde_json::json!({ "field": "properties.list[*].x", "equals": draw.of(&["a", "b"]) });
            let (operator, bound) = (draw.of(&["equals", "greater", "less", "notEquals"]), draw.below(3));
            serde_json::json!({ "count": { "field": "properties.list[*]", "where": where_ }, operator: bound })
        }
        _ => {
            let field = format!("properties.{}", draw.of(&["a", "b", "c"]));
            let (operator, operand): (&str, Json) = match draw.below(14) {
                0 => ("exists", (draw.below(2) == 0).into()),
                1 => ("in", serde_json::json!(["x", "Yes", "3"])),
                2 => ("notIn", serde_json::json!(["x", "Yes", "3"])),
                3 => ("like", "x*".into()),
                4 => ("notLike", "*s".into()),
                5 => ("contains", "e".into()),
                6 => ("notContains", "y".into()),
                7 => ("greater", 2.into()),
                8 => ("lessOrEquals", 3.into()),
                9 => ("equals", true.into()),
                10 => ("notEquals", "yes".into()),
                11 => ("equals", 3.into()),
                12 => ("containsKey", "k".into()),
                _ => ("equals", draw.of(&["x", "yes", ""]).into()),
            };
            serde_json::json!({ "field": field, operator: operand })
        }
    }
}

/// What is told although a value is unknown stays so, whatever the value turns out to be.
#[test]
fn a_verdict_that_is_told_in_doubt_holds_whatever_comes_of_the_doubt() {
    let possible = [
        serde_json::json!("x"),
        serde_json::json!("Yes"),
        serde_json::json!("xyes"),
        serde_json::json!(""),
        serde_json::json!(3),
        serde_json::json!(true),
        serde_json::json!(["x", "e"]),
        serde_json::json!({ "k": 1 }),
        Json::Null,
    ];
    let lists =
        [serde_json::json!([]), serde_json::json!([{ "x": "a" }]), serde_json::json!([{ "x": "a" }, { "x": "b" }, {}])];
    let mut draw = Draw(4);
    let (mut told, mut open) = (0, 0);
    for _ in 0..1500 {
        let condition = condition(&mut draw, 3);
        let rule = serde_json::json!({ "properties": { "policyRule": { "if": condition } } });
        let root = json::parse(FileId(0), &rule.to_string()).0.unwrap().root;
        let (policy, diagnostics) = compile_definition("drawn", &root);
        let Some(policy) = policy.filter(|_| diagnostics.is_empty()) else { continue };
        let judge = |values: &[(&str, Option<Value>)]| {
            let mut properties = Object::default();
            for (name, value) in values {
                if let Some(value) = value {
                    properties.insert(*name, AT, value.clone());
                }
            }
            let graph = ResourceGraph::link(Lowered { resources: vec![resource(properties)], ..Lowered::default() });
            let first = graph.indices().next().unwrap();
            evaluate(&policy, &graph, first, &Settings::default()).verdict
        };
        let known = |json: &Json| Some(json::parse(FileId(0), &json.to_string()).0.unwrap().root);
        let unknown = || Some(Value::new(Unknown::new(Reason::Variable("v".into())), AT));
        let b = known(&possible[draw.below(possible.len())]);
        let c = known(&possible[draw.below(possible.len())]).filter(|_| draw.below(3) > 0);
        for (name, choices) in [("a", &possible[..]), ("list", &lists[..])] {
            let other = if name == "a" {
                ("list", known(&lists[draw.below(3)]))
            } else {
                ("a", known(&possible[draw.below(9)]))
            };
            let with = |value| judge(&[(name, value), ("b", b.clone()), ("c", c.clone()), other.clone()]);
            let vague = with(unknown());
            if vague == Verdict::Unknown {
                open += 1;
                continue;
            }
            told += 1;
            for value in choices.iter().map(known).chain([None]) {
                let sure = with(value.clone());
                assert_eq!(
                    vague,
                    sure,
                    "{name} = {:?} in {condition}, b = {b:?}, c = {c:?}, {other:?}",
                    value.as_ref().map(plain)
                );
            }
        }
    }
    assert!(told > 300 && open > 300, "{told} told, {open} open: the drawing is lopsided");
}

fn resource(properties: Object) -> Resource {
    let mut body = Object::default();
    body.insert("properties", AT, Value::object(properties, AT));
    Resource {
        address: "r".into(),
        resource_type: ResourceType::new("A.B/c"),
        source_type: "A.B/c".into(),
        dialect: Dialect::Arm,
        body: Value::object(body, AT),
        coverage: Arc::new(Coverage::complete()),
        span: AT,
        header: AT,
        callers: Vec::new(),
        presence: Presence::Certain,
        parent: None,
        resource_group: None,
        provider_major: None,
    }
}

/// The files below `fixtures/projects` and the templates of the equivalence fixtures, as they are.
fn project() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for below in ["fixtures/projects", "fixtures/equivalence"] {
        let below = Path::new(env!("CARGO_MANIFEST_DIR")).join(below);
        for entry in walkdir::WalkDir::new(below).sort_by_file_name().into_iter().flatten() {
            let path = entry.into_path();
            let is_input = path.extension().is_some_and(|it| it == "tf" || it == "json" || it == "yaml");
            if is_input && path.is_file() && !path.to_string_lossy().contains("expected") {
                let relative = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
                #[expect(clippy::disallowed_methods, reason = "a test reads fixtures")]
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((Path::new("/nowhere/properties").join(relative), text));
            }
        }
    }
    assert!(found.len() > 40);
    found
}

fn check(files: &[(PathBuf, String)], threads: usize) -> report::Report {
    let buffer = |(path, text): &(PathBuf, String)| Buffer { path: path.clone(), bytes: text.as_bytes().to_vec() };
    let request = Request {
        buffers: files.iter().map(buffer).collect(),
        threads: Some(threads),
        ..Request::of(Vec::new(), Day::parse("2026-11-21").unwrap())
    };
    std::thread::spawn(move || lint::run(request).report).join().unwrap()
}

fn shown(report: &report::Report) -> String {
    let mut out = Vec::new();
    report::json::write(&mut out, report).unwrap();
    report::sarif::write(&mut out, report).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_report_depends_neither_on_threads_nor_on_the_order_of_the_arguments() {
    let mut files = project();
    let first = shown(&check(&files, 1));
    assert!(first.len() > 10_000);
    let mut draw = Draw(5);
    for threads in [2, 3, 7] {
        for at in (1..files.len()).rev() {
            files.swap(at, draw.below(at + 1));
        }
        let again = shown(&check(&files, threads));
        assert!(first == again, "another report with {threads} threads");
    }
}

/// A hundred roots, of which some call one another: together they say what they say a few at a time.
#[test]
fn roots_say_the_same_however_many_there_are() {
    let account = |name: &str, text: &str| {
        format!("resource \"azurerm_storage_account\" \"{name}\" {{\n  name = \"{name}\"\n  {text}\n}}\n")
    };
    let group = |at: usize| {
        let call = |to: String| format!("module \"m\" {{\n  source = \"{to}\"\n  level = \"TLS1_{}\"\n}}\n", at % 3);
        let called = format!("variable \"level\" {{}}\n{}", account("inner", "min_tls_version = var.level"));
        let open = account("own", "https_traffic_only_enabled = false");
        let file = |dir: &str, text: String| (PathBuf::from(format!("tree{at}/{dir}/main.tf")), text);
        let lent = PathBuf::from(format!("tree{}/lent/main.tf", at + 7));
        vec![
            file("alone", open.clone()),
            file("caller", open.clone() + &call("../called".into())),
            file("called", called.clone()),
            // Far from its caller, and evaluated long before or after the roots beside it.
            (lent, called),
            file("z", open + &call(format!("../../tree{}/lent", at + 7))),
        ]
    };
    let prints = |files: &[(PathBuf, String)]| {
        let report = check(files, 2);
        let said = |it: &baalint::finding::Finding| {
            format!("{} {:?} {} {} {}", it.policy.id, it.verdict, it.resource.root, it.resource.address, it.message)
        };
        report.findings.iter().map(said).collect::<std::collections::BTreeSet<_>>()
    };
    let all: Vec<_> = (0..48).flat_map(group).collect();
    let apart = (0..48).flat_map(|at| prints(&group(at)));
    let apart: std::collections::BTreeSet<_> = apart.collect();
    assert!(apart.len() > 500);
    assert!(prints(&all) == apart, "other findings together");
}

/// Lines that say nothing are added anywhere between lines of configuration: every finding keeps its fingerprint.
#[test]
fn a_fingerprint_outlives_lines_that_say_nothing() {
    let files = project();
    let prints = |report: &report::Report| {
        let mut all: Vec<String> =
            report.findings.iter().map(|it| format!("{} {}", it.policy.id, it.fingerprint)).collect();
        all.sort();
        all
    };
    let before = prints(&check(&files, 2));
    assert!(before.len() > 100);
    let mut draw = Draw(6);
    let mut edited = files;
    for (path, text) in &mut edited {
        let Some(kind) = path.extension().and_then(|it| it.to_str()) else { continue };
        // Only where no string can be cut: heredocs and block scalars are left alone.
        if text.contains("<<") || kind == "yaml" {
            continue;
        }
        let comment = if kind == "tf" { "# nothing" } else { "// nothing" };
        let lines = text.lines().map(|line| match draw.below(4) {
            0 => format!("{comment}\n\n{line}\n"),
            _ => format!("{line}\n"),
        });
        *text = lines.collect();
    }
    assert_eq!(prints(&check(&edited, 2)), before);
}
