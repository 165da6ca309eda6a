//! Expressions against the real Terraform: functions, operators, `for`, splats, templates, conversions.
//!
//! `fixtures/terraform-functions/expressions.tsv` holds what `terraform console` says of each (`.ci/terraform-oracle`
//! asks it again). A third column says why ours differs, where it does; it must then really differ.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests read fixtures and fail by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use baalint::frontend::MemoryFiles;
use baalint::frontend::terraform::{Options, Project};
use baalint::source::SourceMap;
use baalint::value::{Reason, Value, ValueKind};
use serde_json::{Value as Json, json};

const DIRECTORY: &str = "fixtures/terraform-functions";

#[test]
fn expressions_are_worth_what_terraform_says() {
    let table = fs::read_to_string(Path::new(DIRECTORY).join("expressions.tsv")).unwrap();
    let mut problems = String::new();
    let mut count = 0;
    with_project(|evaluate| {
        for line in table.lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [expression, expected, reason @ ..] = columns.as_slice() else { continue };
            count += 1;
            let value = evaluate(expression);
            let agrees = agrees(expected, &value);
            match (agrees, reason) {
                (true, []) | (false, [_]) => {}
                (true, _) => writeln!(problems, "{expression}\n  does not differ any more").unwrap(),
                (false, _) => {
                    writeln!(problems, "{expression}\n  expected {expected}\n  found    {}", shown(&value)).unwrap();
                }
            }
        }
    });
    println!("{count} expressions");
    assert!(problems.is_empty(), "{}\n{problems}", problems.matches("\n  found").count());
}

/// Values that only the deployment has, and calls that must end.
#[test]
fn what_cannot_be_known_or_is_too_large_is_unknown() {
    let cases = [
        ("timestamp()", "runtime"),
        ("plantimestamp()", "runtime"),
        ("uuid()", "runtime"),
        ("bcrypt(\"x\")", "runtime"),
        ("abspath(\"a\")", "runtime"),
        ("rsadecrypt(\"a\", \"b\")", "not-evaluated"),
        ("base64gzip(\"a\")", "not-evaluated"),
        ("range(1e9)", "invalid"),
        ("range(0, 1, 1e-300)", "invalid"),
        ("format(\"%999999999s\", \"x\")", "bound"),
        ("format(\"%.999999999999999999999f\", 1)", "bound"),
        ("indent(100000000, \"a\\nb\")", "bound"),
        (
            "replace(join(\"\", [for i in range(1000) : \"aaaaaaaaaa\"]), \"a\", join(\"\", [for i in range(1000) : \"b\"]))",
            "bound",
        ),
        ("setproduct([for i in range(1000) : i]...)", "invalid"),
        ("setproduct([for i in range(20) : range(1000)]...)", "bound"),
        ("regex(\"(((a{1000}){1000}){1000})\", \"a\")", "bound"),
        ("cidrsubnet(\"10.0.0.0/8\", 4294967296, 1)", "invalid"),
        ("cidrhost(\"10.0.0.0/8\", 9223372036854775807)", "invalid"),
        ("pow(10, 1000)", "invalid"),
        ("parseint(\"9\", 999)", "invalid"),
        ("1 % 0", "invalid"),
        ("timeadd(\"9999-12-31T23:59:59Z\", \"999999999999999h\")", "invalid"),
        ("substr(\"a\", 9223372036854775807, 9223372036854775807)", ""),
        ("slice([1], 9223372036854775807, 1)", "invalid"),
        ("element([1, 2], 9223372036854775807)", ""),
        ("chunklist([1, 2], 9223372036854775807)", ""),
        ("fileset(\".\", \"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}\")", "invalid"),
    ];
    with_project(|evaluate| {
        for (expression, expected) in cases {
            let value = evaluate(expression);
            let found = value.as_unknown().map_or("", |unknown| unknown.reason.kind());
            assert_eq!(found, expected, "{expression}: {}", shown(&value));
        }
    });
}

/// What is known in spite of an unknown argument. `?` is unknown, `...` that more may follow.
const WITH_UNKNOWN: &[(&str, &str)] = &[
    ("length([var.unknown, 2])", "2"),
    ("length(var.unknown)", "?"),
    ("merge({a = 1}, {b = var.unknown})", "{a=1,b=?}"),
    ("merge(var.unknown, {b = 2})", "{b=2...}"),
    ("merge({b = 2}, var.unknown)", "{b=?...}"),
    ("keys({a = var.unknown})", "[\"a\"]"),
    ("values({a = var.unknown, b = 2})", "[?,2]"),
    ("lookup({a = 1}, \"a\", var.unknown)", "1"),
    ("lookup({a = var.unknown}, \"b\", 3)", "3"),
    ("lookup(var.unknown, \"b\", 3)", "?"),
    ("concat([1], var.unknown, [2])", "[1...]"),
    ("concat([1], [var.unknown], [2])", "[1,?,2]"),
    ("coalesce(\"a\", var.unknown)", "\"a\""),
    ("coalesce(null, var.unknown, \"a\")", "?"),
    ("coalescelist([], [var.unknown])", "[?]"),
    ("flatten([[1], [var.unknown]])", "[1...]"),
    ("flatten([[1], [\"x${var.unknown}\"], [2]])", "[1,?x,2]"),
    ("flatten([[{a = var.unknown}]])", "[{a=?}]"),
    ("compact([\"a\", var.unknown, \"b\"])", "[\"a\"...]"),
    ("compact([\"a\", \"x-${var.unknown}\", \"b\"])", "[\"a\",?x-,\"b\"]"),
    ("distinct([\"a\", \"a\", var.unknown, \"b\"])", "[\"a\"...]"),
    ("distinct([var.unknown, var.unknown])", "[?]"),
    ("element([var.unknown, 2], 1)", "2"),
    ("element([1, 2], var.unknown)", "?"),
    ("contains([1, var.unknown], 1)", "true"),
    ("contains([1, var.unknown], 2)", "?"),
    ("contains([\"x-${var.unknown}\"], \"y\")", "false"),
    ("zipmap([\"a\", \"b\"], [1, var.unknown])", "{a=1,b=?}"),
    ("zipmap([\"a\", \"b\"], var.unknown)", "{a=?,b=?}"),
    ("zipmap([\"a\", var.unknown], [1, 2])", "{a=?...}"),
    ("setunion([\"a\"], [var.unknown])", "[\"a\",?]"),
    ("toset([\"b\", \"a\"])", "[\"a\",\"b\"]"),
    ("tolist([1, var.unknown])", "[1,?]"),
    ("tomap({a = var.unknown})", "{a=?}"),
    ("format(\"kv-%s-%d\", var.unknown, 1)", "?kv-"),
    ("format(\"%s-%03d\", \"a\", var.unknown)", "?a-"),
    ("join(\"-\", [\"a\", var.unknown, \"b\"])", "?a-"),
    ("join(\"-\", concat([\"a\"], var.unknown))", "?a"),
    ("lower(\"KV-${var.unknown}\")", "?kv-"),
    ("startswith(\"kv-${var.unknown}\", \"kv\")", "true"),
    ("startswith(\"kv-${var.unknown}\", \"st\")", "false"),
    ("startswith(\"kv-${var.unknown}\", \"kv-prod\")", "?"),
    ("substr(\"storage${var.unknown}\", 0, 3)", "\"sto\""),
    ("substr(\"st${var.unknown}\", 0, 3)", "?"),
    ("trimprefix(\"/a/${var.unknown}\", \"/\")", "?a/"),
    ("strcontains(\"prod-${var.unknown}\", \"prod\")", "true"),
    ("alltrue([false, var.unknown])", "false"),
    ("alltrue([true, var.unknown])", "?"),
    ("anytrue([true, var.unknown])", "true"),
    ("one([var.unknown])", "?"),
    ("one(var.unknown)", "?"),
    ("slice([1, var.unknown, 3], 2, 3)", "[3]"),
    ("reverse([1, var.unknown])", "[?,1]"),
    ("sort([\"b\", var.unknown])", "[?,?]"),
    ("setproduct([\"a\"], [var.unknown, 2])", "[[\"a\",?],[\"a\",2]]"),
    ("chunklist([1, var.unknown, 3], 2)", "[[1,?],[3]]"),
    ("setsubtract([\"a\", \"b\"], [\"a\", var.unknown])", "[...]"),
    ("jsonencode({a = 1, b = var.unknown})", "?{\"a\":1,\"b\":"),
    ("jsondecode(var.unknown)", "?"),
    ("templatestring(local.lines, var.unknown)", "?"),
    ("max(1, var.unknown)", "?"),
    ("tostring(var.unknown)", "?"),
    ("tonumber(\"1\")", "1"),
    ("sensitive(\"x\")", "\"x\""),
    ("regexall(\"a\", var.unknown)", "?"),
    ("cidrsubnet(var.unknown, 8, 1)", "?"),
    ("[for s in flatten([[var.unknown]]) : s]", "[...]"),
    (
        "provider::azurerm::normalise_resource_id(\"/Subscriptions/s/resourcegroups/G/PROVIDERS/microsoft.Storage/storageAccounts/a\")",
        "\"/subscriptions/s/resourceGroups/G/providers/Microsoft.Storage/storageAccounts/a\"",
    ),
    (
        "provider::azurerm::parse_resource_id(\"/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/x/databases/d\").resource_name",
        "\"d\"",
    ),
    (
        "provider::azurerm::parse_resource_id(\"/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/x/databases/d\").parent_resources",
        "{servers=\"x\"}",
    ),
    (
        "provider::azurerm::parse_resource_id(\"/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/x/databases/d\").full_resource_type",
        "\"Microsoft.Sql/servers/databases\"",
    ),
];

#[test]
fn an_unknown_argument_spoils_only_what_depends_on_it() {
    let mut problems = String::new();
    with_project(|evaluate| {
        for (expression, expected) in WITH_UNKNOWN {
            let found = shown(&evaluate(expression));
            if found != *expected {
                writeln!(problems, "{expression}\n  expected {expected}\n  found    {found}").unwrap();
            }
        }
    });
    assert!(problems.is_empty(), "{problems}");
}

/// Calls `work` with a way to evaluate expressions in the fixture's scope.
fn with_project(work: impl FnOnce(&dyn Fn(&str) -> Value)) {
    let mut files = MemoryFiles::default();
    for entry in walkdir::WalkDir::new(DIRECTORY).sort_by_file_name().into_iter().flatten() {
        if entry.file_type().is_file() {
            let inside = entry.path().strip_prefix(DIRECTORY).unwrap();
            files.insert(inside, fs::read_to_string(entry.path()).unwrap());
        }
    }
    files.insert("unknown.tf", "variable \"unknown\" {}\n");
    let mut sources = SourceMap::default();
    let mut scanned = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| path.extension().is_some_and(|kind| kind == "tf")) {
        let id = sources.add(path, path.to_string_lossy(), text.clone());
        scanned.extend(sources.get(id).cloned());
    }
    let (project, diagnostics) = Project::load(scanned, &files, &mut sources, &Options::default());
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    let [root] = project.roots() else { unreachable!("one root") };
    work(&|text| project.evaluate_expression(root, text));
}

fn agrees(expected: &str, value: &Value) -> bool {
    match expected {
        "error" => value.as_unknown().is_some_and(|unknown| matches!(unknown.reason, Reason::Invalid(_))),
        "unknown" => value.as_unknown().is_some(),
        json => json_of(value).is_some_and(|ours| same(&serde_json::from_str(json).unwrap(), &ours)),
    }
}

/// The value as JSON; none when it is not wholly known.
fn json_of(value: &Value) -> Option<Json> {
    Some(match &value.kind {
        ValueKind::Null => Json::Null,
        ValueKind::Bool(it) => json!(it),
        ValueKind::Number(number) => number.as_i64().map_or_else(|| json!(number.as_f64()), |int| json!(int)),
        ValueKind::String(text) => json!(&**text),
        ValueKind::Array(array) if array.rest.is_none() => {
            array.items.iter().map(json_of).collect::<Option<Vec<_>>>()?.into()
        }
        ValueKind::Object(object) if object.rest.is_none() => {
            let entries = object.entries.iter().map(|(key, entry)| Some((key.to_string(), json_of(&entry.value)?)));
            Json::Object(entries.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// Terraform computes with more digits than a double has.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= a.abs() * 1e-12
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

fn shown(value: &Value) -> String {
    let rest = |open: bool| if open { "..." } else { "" };
    match &value.kind {
        ValueKind::Unknown(unknown) => match &unknown.reason {
            Reason::Variable(_) => format!("?{}", unknown.prefix.as_deref().unwrap_or("")),
            reason => format!("? because {reason}"),
        },
        ValueKind::Array(array) => {
            let items: Vec<String> = array.items.iter().map(shown).collect();
            format!("[{}{}]", items.join(","), rest(array.rest.is_some()))
        }
        ValueKind::Object(object) => {
            let entries = object.entries.iter().map(|(key, entry)| format!("{key}={}", shown(&entry.value)));
            format!("{{{}{}}}", entries.collect::<Vec<_>>().join(","), rest(object.rest.is_some()))
        }
        _ => json_of(value).map_or_else(String::new, |json| json.to_string()),
    }
}
