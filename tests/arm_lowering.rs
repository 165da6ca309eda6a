//! Templates lower to the model: every case in `fixtures/lowering/arm/<case>` against its `expected.txt`, spans included.
//!
//! A line is `path = value  <text of the span>  [how it came]`. `BLESS=1` writes the files; read them before committing.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use baalint::frontend::MemoryFiles;
use baalint::frontend::arm::{Options, Templates};
use baalint::model::{EdgeKind, Lowered, Presence, Resource, ResourceGraph};
use baalint::source::{SourceMap, Span};
use baalint::value::{Value, ValueKind};

#[test]
#[expect(clippy::disallowed_methods, reason = "the test reads its fixtures")]
fn every_case_lowers_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lowering/arm");
    let cases: BTreeSet<PathBuf> = std::fs::read_dir(&root).unwrap().map(|it| it.unwrap().path()).collect();
    let bless = std::env::var("BLESS").is_ok();
    let mut wrong = Vec::new();
    for case in &cases {
        let found = lowered(case);
        let file = case.join("expected.txt");
        if bless {
            std::fs::write(&file, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if found != expected {
            let differing = found.lines().zip(expected.lines().chain(std::iter::repeat(""))).find(|(a, b)| a != b);
            wrong.push(format!("{}: {differing:?}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!cases.is_empty());
}

#[expect(clippy::disallowed_methods, reason = "the test reads its fixtures")]
fn lowered(case: &Path) -> String {
    let mut files = MemoryFiles::default();
    let mut sources = SourceMap::default();
    for entry in walkdir::WalkDir::new(case).sort_by_file_name().into_iter().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|it| it == "json") {
            let text = std::fs::read_to_string(path).expect("a fixture");
            let shown = path.strip_prefix(case).expect("walked from there").to_string_lossy().into_owned();
            files.insert(&shown, text.as_str());
            // Linked templates are followed, not scanned.
            if !shown.contains('/') {
                sources.add(&shown, shown.clone(), text);
            }
        }
    }
    let scanned = sources.files().to_vec();
    let (templates, diagnostics) = Templates::load(&scanned, &files, &mut sources, &Options::default());
    let mut out = String::new();
    for diagnostic in &diagnostics {
        let _ = writeln!(out, "! {:?} {}", diagnostic.severity, diagnostic.message);
    }
    for unit in templates.units() {
        write_root(&templates.lower(unit), &sources, &mut out);
    }
    out
}

fn write_root(lowered: &Lowered, sources: &SourceMap, out: &mut String) {
    let _ = writeln!(out, "root {}", lowered.root);
    for diagnostic in &lowered.diagnostics {
        let at = diagnostic.span.map(|span| shown(sources, span)).unwrap_or_default();
        let _ = writeln!(out, "! {:?} {:?}: {}  <{at}>", diagnostic.severity, diagnostic.code, diagnostic.message);
    }
    let graph = ResourceGraph::link(lowered.clone());
    for index in graph.indices() {
        let resource = graph.get(index);
        if resource.resource_type.namespace() != "baalint.template" || lowered.root.contains("hygiene") {
            write_resource(resource, sources, out);
            for edge in graph.edges_from(index) {
                let kind = match edge.kind {
                    EdgeKind::Parent => "below",
                    EdgeKind::Scope => "extends",
                    EdgeKind::Reference => "names",
                };
                let _ = writeln!(out, "  -> {kind} {}", graph.get(edge.to).address);
            }
        }
    }
}

fn write_resource(resource: &Resource, sources: &SourceMap, out: &mut String) {
    let presence = match &resource.presence {
        Presence::Certain => String::new(),
        Presence::Possible(why) => format!(" possible: {}", why.reason),
        other => format!(" {other:?}"),
    };
    let _ = write!(out, "\n{}{presence}  <{}>", resource.address, shown(sources, resource.header));
    for caller in &resource.callers {
        let _ = write!(out, " called at {}", line(sources, *caller));
    }
    if let Some(group) = &resource.resource_group {
        let _ = write!(out, " in {}", leaf(group));
    }
    let _ = writeln!(out);
    write_value("", &resource.body, sources, out);
}

fn write_value(path: &str, value: &Value, sources: &SourceMap, out: &mut String) {
    match &value.kind {
        ValueKind::Object(object) => {
            for (key, entry) in &object.entries {
                write_value(&format!("{path}.{key}"), &entry.value, sources, out);
            }
            if let Some(rest) = &object.rest {
                let _ = writeln!(out, "  {}.* = ? {}", path.trim_start_matches('.'), rest.reason);
            }
            if object.entries.is_empty() && object.rest.is_none() {
                let _ = writeln!(out, "  {} = {{}}", path.trim_start_matches('.'));
            }
        }
        ValueKind::Array(array) => {
            for (index, item) in array.items.iter().enumerate() {
                write_value(&format!("{path}[{index}]"), item, sources, out);
            }
            if let Some(rest) = &array.rest {
                let _ = writeln!(out, "  {}[*] = ? {}", path.trim_start_matches('.'), rest.reason);
            }
            if array.items.is_empty() && array.rest.is_none() {
                let _ = writeln!(out, "  {} = []", path.trim_start_matches('.'));
            }
        }
        _ => {
            let _ =
                write!(out, "  {} = {}  <{}>", path.trim_start_matches('.'), leaf(value), shown(sources, value.span));
            for step in value.steps() {
                let _ = write!(out, "  [{} <{}>]", step.kind.describe(), shown(sources, step.span));
            }
            let _ = writeln!(out);
        }
    }
}

fn leaf(value: &Value) -> String {
    match &value.kind {
        ValueKind::Null => "null".into(),
        ValueKind::Bool(value) => value.to_string(),
        ValueKind::Number(number) => number.to_string(),
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Unknown(unknown) => {
            let references: Vec<String> =
                unknown.references.iter().map(|it| format!("{}#{}", it.address, it.attribute)).collect();
            let symbol = unknown.symbol.as_deref().unwrap_or("");
            format!("? {} {symbol} {}", unknown.reason, references.join(" ")).trim_end().to_owned()
        }
        ValueKind::Array(_) | ValueKind::Object(_) => "...".into(),
    }
}

fn shown(sources: &SourceMap, span: Span) -> String {
    let text = sources.slice(span);
    let short: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(60).collect();
    let file = sources.get(span.file).map_or("", |it| it.shown());
    if file.ends_with("main.json") { short } else { format!("{file}: {short}") }
}

fn line(sources: &SourceMap, span: Span) -> String {
    let file = sources.get(span.file);
    file.map_or_else(String::new, |it| format!("{}:{}", it.shown(), it.line_col(span.start).line))
}
