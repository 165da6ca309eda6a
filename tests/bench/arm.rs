//! Templates against the bare parse of the same bytes with jsonc-parser, on the same threads.
//!
//! `BAALINT_ARM_CORPUS=/path cargo bench --bench arm`: every template below the path; without it, the fixtures, many times
//! over. Prints megabytes a second of each stage, best of five.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use baalint::frontend::MemoryFiles;
use baalint::frontend::arm::{Options, Templates, may_be_input};
use baalint::model::ResourceGraph;
use baalint::parse::json;
use baalint::source::{SourceFile, SourceMap};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use rayon::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads its input and prints its result")]
fn main() {
    let given = std::env::var("BAALINT_ARM_CORPUS").ok();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let corpus = given.as_ref().map_or(fixtures, PathBuf::from);
    let mut sources = SourceMap::default();
    for _ in 0..if given.is_some() { 1 } else { 100 } {
        for entry in walkdir::WalkDir::new(&corpus).sort_by_file_name().into_iter().flatten() {
            let path = entry.into_path();
            let is_json = path.is_file() && path.extension().is_some_and(|it| it == "json");
            if let Some(text) = is_json.then(|| std::fs::read_to_string(&path).ok()).flatten()
                && may_be_input(&text)
            {
                sources.add(path.clone(), path.to_string_lossy(), text);
            }
        }
    }
    let files = sources.files().to_vec();
    let bytes: usize = files.iter().map(|it| it.text().len()).sum();
    let threads = rayon::current_num_threads();
    println!("{} files, {bytes} bytes, {threads} threads", files.len());
    // `-- parse` and the like run one stage once, for `perf stat`.
    match std::env::args().nth(1).as_deref() {
        Some("read") => return println!("{bytes}"),
        Some("bare") => return println!("{}", bare(&files)),
        Some("parse") => return println!("{}", ours(&files)),
        Some("lower") => return println!("{}", lowered(&files, &sources)),
        _ => {}
    }
    let bare = best(|| bare(&files));
    let parsed = best(|| ours(&files));
    let lowered = best(|| lowered(&files, &sources));
    for (stage, time) in [("jsonc-parser", bare), ("parse::json", parsed), ("load, lower, link", lowered)] {
        let rate = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / time.as_secs_f64() / 1e6;
        let ratio = time.as_secs_f64() / bare.as_secs_f64();
        println!("{stage:18} {time:>10.1?} {rate:7.0} MB/s {ratio:5.2} x");
    }
}

fn best(mut run: impl FnMut() -> usize) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        std::hint::black_box(run());
        best = best.min(start.elapsed());
    }
    best
}

fn bare(files: &[SourceFile]) -> usize {
    let parse = |file: &SourceFile| {
        let body = file.text().strip_prefix('\u{feff}').unwrap_or(file.text());
        parse_to_ast(body, &CollectOptions::default(), &ParseOptions::default()).is_ok()
    };
    files.par_iter().map(parse).filter(|it| *it).count()
}

fn ours(files: &[SourceFile]) -> usize {
    files.par_iter().filter(|file| json::parse(file.id(), file.text()).0.is_some()).count()
}

fn lowered(files: &[SourceFile], sources: &SourceMap) -> usize {
    let mut sources = sources.clone();
    let (templates, _) = Templates::load(files, &MemoryFiles::default(), &mut sources, &Options::default());
    let count = |unit| ResourceGraph::link(templates.lower(unit)).resources.len();
    templates.units().par_iter().map(count).sum()
}
