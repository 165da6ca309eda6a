//! A session says after every edit what a run says that starts anew.

#![expect(clippy::disallowed_methods, reason = "tests write their inputs")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use baalint::discover::Buffer;
use baalint::lint::session::{Session, Stage};
use baalint::lint::{self, Request};
use baalint::report::Report;
use baalint::source::Span;
use baalint::suppress::Day;
use baalint::suppress::baseline::Baseline;

fn request(folder: &Path, buffers: Vec<Buffer>) -> Request {
    Request { buffers, ..Request::of(vec![folder.to_path_buf()], Day::of(std::time::SystemTime::now())) }
}

/// All that a report says with places, in an order of its own.
fn said(report: &Report) -> Vec<String> {
    let at = |span: Span| {
        let file = report.sources.get(span.file).unwrap();
        format!("{}:{}-{}", file.path().display(), span.start, span.end)
    };
    let mut lines: Vec<String> = report
        .findings
        .iter()
        .map(|it| {
            let related: Vec<String> =
                it.related.iter().map(|label| format!("{} {}", at(label.span), label.text)).collect();
            format!(
                "{} {} {:?} {:?} {} | {} | {} | {} | {:?}",
                at(it.primary.span),
                it.policy.id,
                it.verdict,
                it.severity,
                it.resource.address,
                it.message,
                it.primary.text,
                related.join("; "),
                it.suppressed.as_ref().map(|by| &by.reason),
            )
        })
        .collect();
    let told = report.diagnostics.iter().filter_map(|it| Some((it.span?, it)));
    lines.extend(
        told.map(|(span, it)| format!("{} {:?} {:?} {} {:?}", at(span), it.severity, it.code, it.message, it.help)),
    );
    lines.sort();
    lines
}

/// Numbers that look random and are the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }
}

/// The text after a change as somebody who writes makes them.
fn edited(text: &str, path: &Path, dice: &mut Dice) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let at = dice.below(lines.len());
    let is_json = path.extension().is_some_and(|it| it == "json");
    let sign = if path.extension().is_some_and(|it| it == "bicep") { "//" } else { "#" };
    let with = |line: &str| {
        let mut lines = lines.clone();
        lines.insert(at, line);
        lines.join("\n") + "\n"
    };
    match dice.below(9) {
        0 => text.replacen("true", "false", 1),
        1 => text.replacen("false", "true", 1),
        2 => lines.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, it)| *it).collect::<Vec<_>>().join("\n"),
        3 if !is_json => with(&format!("{sign} baalint:ignore[storage/*] by=me: it is only a test")),
        4 => with(""),
        5 => with("}"),
        6 => text.replacen("TLS1_2", "TLS1_0", 1).replacen("Disabled", "Enabled", 1),
        7 => text.replacen("\"Enabled\"", "\"Disabled\"", 1).replacen("source", "sauce", 1),
        _ => text.get(..text.len() / 2).unwrap_or(text).to_owned(),
    }
}

/// Judges until nothing waits; true when everything was judged.
fn judge(session: &mut Session) -> bool {
    let mut is_whole = false;
    while session.is_stale() || session.has_rest() {
        is_whole |= session.judge(&mut |_| true).unwrap().stage == Stage::Whole;
    }
    is_whole
}

/// Edits files of a folder that is not changed, one after the other and some back; gives how many edits were judged in part.
fn edit_and_compare(folder: &Path, edits: usize, seed: u64) -> usize {
    let mut session = Session::new(request(folder, Vec::new()));
    assert!(judge(&mut session), "the first time everything is read");
    let first = lint::run(request(folder, Vec::new())).report;
    assert_eq!(said(&session.whole_report()), said(&first), "at first");
    let mut files: Vec<PathBuf> = ignore::WalkBuilder::new(folder)
        .sort_by_file_name(Ord::cmp)
        .build()
        .flatten()
        .map(ignore::DirEntry::into_path)
        .filter(|it| {
            it.extension()
                .and_then(|it| it.to_str())
                .is_some_and(|it| ["tf", "tfvars", "json", "bicep", "yaml", "md"].contains(&it))
        })
        .collect();
    files.retain(|it| fs::metadata(it).unwrap().len() < 400_000);
    let (mut dice, mut in_part) = (Dice(seed), 0);
    let mut open: Vec<(PathBuf, String)> = Vec::new();
    for step in 0..edits {
        let path = files.get(dice.below(files.len())).unwrap().clone();
        let known = open.iter().position(|(it, _)| *it == path);
        let what = if let Some(known) = known.filter(|_| dice.below(3) == 0) {
            open.remove(known);
            session.close(&path);
            "closed"
        } else {
            let text = known.map_or_else(|| fs::read_to_string(&path).unwrap(), |at| open.remove(at).1);
            let text = edited(&text, &path, &mut dice);
            session.set(&path, text.clone());
            open.push((path.clone(), text));
            "edited"
        };
        in_part += usize::from(!judge(&mut session));
        let buffers = open.iter().map(|(path, text)| Buffer { path: path.clone(), bytes: text.clone().into_bytes() });
        let anew = lint::run(request(folder, buffers.collect())).report;
        let (told, expected) = (said(&session.whole_report()), said(&anew));
        let count = |all: &[String], one: &String| all.iter().filter(|it| *it == one).count();
        let missing: Vec<_> = expected.iter().filter(|it| count(&told, it) < count(&expected, it)).take(4).collect();
        let more: Vec<_> = told.iter().filter(|it| count(&told, it) > count(&expected, it)).take(4).collect();
        assert!(told == expected, "step {step}, {} {what}: missing {missing:#?}, too many {more:#?}", path.display());
    }
    in_part
}

#[test]
fn after_every_edit_it_says_what_a_run_says_that_starts_anew() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, seed) in [("fixtures/projects/patient-portal", 1), ("fixtures/equivalence", 2)] {
        let in_part = edit_and_compare(&here.join(folder), 24, seed);
        assert!(in_part > 12, "{folder}: {in_part} of 24 edits judged in part");
    }
}

const MODULE: &str = "variable \"https\" { default = false }\nvariable \"tls\" { default = \"TLS1_2\" }\n\
    resource \"azurerm_storage_account\" \"a\" {\n  https_traffic_only_enabled = var.https\n  min_tls_version = var.tls\n}\n\
    resource \"azurerm_key_vault\" \"k\" {\n  purge_protection_enabled = true\n}\n";

/// A module that roots call, some with a value of their own.
fn with_roots(what: &str, roots: usize, more: &[(&str, &str)]) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("baalint-session-{}-{what}", std::process::id()));
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("module/main.tf", MODULE);
    for root in 0..roots {
        let own = if root % 7 == 3 { "  tls = \"TLS1_0\"\n" } else { "" };
        let call = format!("module \"m\" {{\n  source = \"../module\"\n  https = true\n{own}}}\n");
        write(&format!("r{root:02}/main.tf"), &call);
    }
    for (name, text) in more {
        write(name, text);
    }
    fs::canonicalize(folder).unwrap()
}

#[test]
fn so_it_does_with_a_baseline_variables_files_terragrunt_plans_and_many_roots() {
    let baseline = with_roots("baseline", 4, &[]);
    let report = lint::run(request(&baseline, Vec::new())).report;
    let known: Vec<_> = report.findings.iter().step_by(2).cloned().collect();
    fs::write(baseline.join("known.json"), Baseline::of(&report.sources, &known).text()).unwrap();
    fs::write(baseline.join("baalint.yaml"), "baseline: known.json\n").unwrap();
    let values = [
        ("values.tfvars", "https = false\n"),
        ("baalint.yaml", "var-files: [values.tfvars]\n"),
        ("r00/variables.tf", "variable \"https\" {}\n"),
    ];
    let unit = "terraform {\n  source = \"../../deployed\"\n}\ninputs = { https = false }\n";
    let units = [
        ("live/a/terragrunt.hcl", unit),
        ("live/b/terragrunt.hcl", &unit.replace("false", "true")),
        ("deployed/main.tf", MODULE),
    ];
    let plan = r#"{"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": {"child_modules": [{
        "address": "module.m", "resources": [{"address": "module.m.azurerm_storage_account.a", "mode": "managed", "type":
        "azurerm_storage_account", "name": "a", "values": {"https_traffic_only_enabled": false}}]}]}}, "configuration": {}}"#;
    let plans = [("r01/plan.json", plan), ("other/main.tf", MODULE)];
    for (what, folder, least) in [
        ("a baseline", baseline, 10),
        ("variables files", with_roots("values", 3, &values), 10),
        ("Terragrunt", with_roots("terragrunt", 2, &units), 10),
        ("a plan", with_roots("plan", 3, &plans), 10),
        ("many roots", with_roots("many", 40, &[]), 10),
    ] {
        let in_part = edit_and_compare(&folder, 24, 5);
        println!("{what}: {in_part} of 24 edits judged in part");
        assert!(in_part >= least, "{what}: {in_part} of 24 edits judged in part");
        let _ = fs::remove_dir_all(folder);
    }
}

#[test]
fn of_many_roots_those_that_say_something_of_the_file_are_first() {
    let root = with_roots("first", 40, &[]);
    let module = root.join("module/main.tf");
    let mut session = Session::new(request(&root, Vec::new()));
    judge(&mut session);
    let policies = |session: &Session| {
        let report = session.report(std::slice::from_ref(&module));
        let mut ids: Vec<String> = report.findings.iter().map(|it| it.policy.id.to_string()).collect();
        ids.dedup();
        ids
    };
    let before = policies(&session);
    assert!(before.contains(&"storage/old-tls".to_owned()), "{before:?}");
    // Lines move: what was known of the file by its places is made again from few roots.
    session.set(&module, format!("\n\n{MODULE}"));
    let news = session.judge(&mut |_| true).unwrap();
    let Stage::Edit { waiting } = news.stage else { panic!("{news:?}") };
    assert!(waiting > 20, "{waiting}");
    assert_eq!(news.files, std::slice::from_ref(&module));
    assert_eq!(policies(&session), before, "nothing goes for a moment");
    // The editor has something newer to say: what waits is left, and taken up again after it.
    assert_eq!(session.judge(&mut |_| false), None);
    assert!(session.has_rest() && !session.is_stale());
    session.set(&module, format!("\n{MODULE}"));
    assert!(matches!(session.judge(&mut |_| true).unwrap().stage, Stage::Edit { waiting } if waiting > 20));
    assert_eq!(session.judge(&mut |_| true).unwrap().stage, Stage::Rest);
    assert!(!session.has_rest());
    let buffers = vec![Buffer { path: module.clone(), bytes: format!("\n{MODULE}").into_bytes() }];
    assert_eq!(said(&session.whole_report()), said(&lint::run(request(&root, buffers)).report));
    let _ = fs::remove_dir_all(root);
}

#[test]
#[ignore = "reads the directory that BAALINT_SESSION names"]
fn the_same_in_a_directory_of_the_users() {
    let folder = PathBuf::from(std::env::var_os("BAALINT_SESSION").unwrap());
    let edits = std::env::var("BAALINT_EDITS").ok().and_then(|it| it.parse().ok()).unwrap_or(100);
    let in_part = edit_and_compare(&fs::canonicalize(folder).unwrap(), edits, 7);
    println!("{in_part} of {edits} edits judged in part");
}
