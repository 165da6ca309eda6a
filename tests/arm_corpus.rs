//! Lowers every template below `BAALINT_ARM_CORPUS` and prints what is known of it: run by hand, on real repositories.
//!
//! `BAALINT_ARM_CORPUS=/work/repos/x cargo test --release --test arm_corpus -- --ignored --nocapture`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use baalint::frontend::arm::{Options, Templates, may_be_input};
use baalint::frontend::{Files, Listed, ReadError};
use baalint::model::{Presence, ResourceGraph};
use baalint::source::{SourceFile, SourceMap};
use baalint::value::{Value, ValueKind};

struct Disk;

impl Files for Disk {
    #[expect(clippy::disallowed_methods, reason = "this test reads the disk")]
    fn read(&self, path: &Path) -> Result<Arc<str>, ReadError> {
        std::fs::read_to_string(path).map(Into::into).map_err(|it| ReadError::Other(it.to_string()))
    }

    fn list(&self, directory: &Path) -> Vec<Listed> {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let mut listed: Vec<Listed> = entries
            .map(|it| Listed { name: it.file_name().to_string_lossy().into_owned(), directory: it.path().is_dir() })
            .collect();
        listed.sort();
        listed
    }
}

#[test]
#[ignore = "needs a corpus: set BAALINT_ARM_CORPUS"]
#[expect(clippy::disallowed_methods, reason = "this test reads the environment and the disk")]
fn the_corpus_is_lowered_without_a_panic() {
    let Ok(corpus) = std::env::var("BAALINT_ARM_CORPUS") else { return };
    let filter = std::env::var("BAALINT_ARM_FILTER").unwrap_or_default();
    let verbose: usize = std::env::var("BAALINT_ARM_SHOW").ok().and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut sources = SourceMap::default();
    let mut bytes = 0;
    for entry in walkdir::WalkDir::new(&corpus).sort_by_file_name().into_iter().flatten() {
        let path: PathBuf = entry.into_path();
        if path.extension().is_none_or(|it| it != "json")
            || !path.to_string_lossy().contains(&filter)
            || !path.is_file()
        {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if may_be_input(&text) {
            bytes += text.len();
            sources.add(path.clone(), path.to_string_lossy(), text);
        }
    }
    let scanned = sources.files().to_vec();
    measure(sources, &scanned, bytes, verbose);
}

#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn measure(mut sources: SourceMap, scanned: &[SourceFile], bytes: usize, verbose: usize) {
    let start = Instant::now();
    let (templates, mut diagnostics) = Templates::load(scanned, &Disk, &mut sources, &Options::default());
    let loaded = start.elapsed();
    let start = Instant::now();
    let lowered: Vec<_> = templates.units().iter().map(|unit| templates.lower(unit)).collect();
    let lowering = start.elapsed();
    let mut counts = Counts::default();
    for one in lowered {
        diagnostics.extend(one.diagnostics.iter().cloned());
        for resource in &one.resources {
            *counts.presence.entry(presence(&resource.presence)).or_default() += 1;
            if resource.resource_type.namespace() == "baalint.template" {
                continue;
            }
            counts.resources += 1;
            counts.value(&resource.body);
        }
        let graph = ResourceGraph::link(one);
        counts.edges += graph.indices().map(|it| graph.edges_from(it).len()).sum::<usize>();
        counts.open += graph.indices().filter(|it| graph.open_link(*it).is_some()).count();
    }
    println!(
        "{} files, {bytes} bytes, {} units, load {loaded:?}, lower {lowering:?}",
        scanned.len(),
        templates.units().len()
    );
    println!(
        "resources {}, presence {:?}, edges {}, open {}",
        counts.resources, counts.presence, counts.edges, counts.open
    );
    println!("values known {}, unknown {}", counts.known, counts.reasons.values().sum::<usize>());
    let mut reasons: Vec<_> = counts.reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (reason, count) in reasons.iter().take(40) {
        println!("{count:8} {reason}");
    }
    let mut messages: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for diagnostic in &diagnostics {
        let at = diagnostic.span.and_then(|span| {
            let file = sources.get(span.file)?;
            Some(format!(
                "{}:{}: {}",
                file.shown(),
                file.line_col(span.start).line,
                file.slice(span).chars().take(90).collect::<String>()
            ))
        });
        let message: String = diagnostic.message.split('`').step_by(2).collect::<Vec<_>>().join("`…`");
        let slot = messages.entry(format!("{:?} {message}", diagnostic.severity)).or_default();
        slot.0 += 1;
        if slot.1.is_empty() {
            slot.1 = at.unwrap_or_default();
        }
        if slot.0 < verbose {
            println!("   {} {:?}", diagnostic.message, slot.1);
        }
    }
    println!("diagnostics {}", diagnostics.len());
    for (message, (count, example)) in messages {
        println!("{count:6} {message}\n         {example}");
    }
}

#[derive(Default)]
struct Counts {
    resources: usize,
    edges: usize,
    open: usize,
    known: usize,
    presence: BTreeMap<&'static str, usize>,
    reasons: BTreeMap<String, usize>,
}

impl Counts {
    fn value(&mut self, value: &Value) {
        match &value.kind {
            ValueKind::Unknown(unknown) => *self.reasons.entry(reason(&unknown.reason)).or_default() += 1,
            ValueKind::Array(array) => {
                array.items.iter().for_each(|item| self.value(item));
                array.rest.iter().for_each(|it| *self.reasons.entry(reason(&it.reason)).or_default() += 1);
            }
            ValueKind::Object(object) => {
                object.entries.values().for_each(|it| self.value(&it.value));
                object.rest.iter().for_each(|it| *self.reasons.entry(reason(&it.reason)).or_default() += 1);
            }
            _ => self.known += 1,
        }
    }
}

fn reason(reason: &baalint::value::Reason) -> String {
    use baalint::value::Reason::{Computed, Data, MissingModule, Variable};
    match reason {
        Variable(_) | Computed(_) | Data(_) | MissingModule(_) => reason.kind().to_owned(),
        other => format!("{}: {other}", other.kind()),
    }
}

fn presence(presence: &Presence) -> &'static str {
    match presence {
        Presence::Certain => "certain",
        Presence::Possible(_) => "possible",
        Presence::Existing => "existing",
        Presence::Partial => "partial",
    }
}
