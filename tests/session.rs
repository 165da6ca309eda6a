//! A session says after every edit what a run says that starts anew.

#![expect(clippy::disallowed_methods, reason = "tests write their inputs")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use baalint::discover::Buffer;
use baalint::lint::library::Shelves;
use baalint::lint::session::Session;
use baalint::lint::{self, Request, Values};
use baalint::report::Report;
use baalint::source::Span;
use baalint::suppress::Day;

fn request(folder: &Path, buffers: Vec<Buffer>) -> Request {
    Request {
        paths: vec![folder.to_path_buf()],
        buffers,
        overlay: Vec::new(),
        fixes: false,
        exclude: Vec::new(),
        values: Values::default(),
        shelves: Shelves::default(),
        mappings: None,
        config: None,
        select: Vec::new(),
        ignore: Vec::new(),
        threads: None,
        suppressions: true,
        foreign: false,
        baseline: None,
        since: None,
        today: Day::of(std::time::SystemTime::now()),
    }
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

fn judge(session: &mut Session) -> bool {
    session.judge(&mut |_| true).unwrap().whole
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

#[test]
#[ignore = "reads the directory that BAALINT_SESSION names"]
fn the_same_in_a_directory_of_the_users() {
    let folder = PathBuf::from(std::env::var_os("BAALINT_SESSION").unwrap());
    let edits = std::env::var("BAALINT_EDITS").ok().and_then(|it| it.parse().ok()).unwrap_or(100);
    let in_part = edit_and_compare(&fs::canonicalize(folder).unwrap(), edits, 7);
    println!("{in_part} of {edits} edits judged in part");
}
