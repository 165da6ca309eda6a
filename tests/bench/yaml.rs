//! YAML against granit-parser's bare events over the same bytes, on the same threads.
//!
//! `cargo bench --bench yaml -- DIRECTORY...`: every `.yaml` and `.yml` file below; without one, the fixtures. Prints wall time of
//! the bare events, of our parser, and of a whole run (find, read, parse, lower, link, judge), best of nine, and processor time. The bare events are
//! timed over texts in memory, which is to our disadvantage, and over files.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads its input and prints its result")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use baalint::frontend::yaml::may_be_input;
use baalint::lint::{self, Request};
use baalint::parse::yaml;
use baalint::source::FileId;
use baalint::suppress::Day;
use granit_parser::Parser;
use rayon::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: u32 = 9;

fn main() {
    let mut roots: Vec<PathBuf> =
        std::env::args().skip(1).filter(|it| !it.starts_with('-')).map(PathBuf::from).collect();
    if roots.is_empty() {
        roots.push("fixtures".into());
    }
    let paths: Vec<PathBuf> = roots.iter().flat_map(yaml_below).collect();
    let texts: Vec<String> = paths.iter().filter_map(|it| std::fs::read_to_string(it).ok()).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let inputs: Vec<&String> = texts.iter().filter(|it| may_be_input(it)).collect();
    let threads = rayon::current_num_threads();
    println!("{} files, {bytes} bytes, {} to parse, {threads} threads, best of {ROUNDS}", texts.len(), inputs.len());
    let bare = best(|| -> usize { texts.par_iter().map(|text| events(text)).sum() });
    let filed =
        best(|| -> usize { paths.par_iter().filter_map(|it| Some(events(&std::fs::read_to_string(it).ok()?))).sum() });
    let looked = best(|| texts.par_iter().filter(|it| may_be_input(it)).count());
    let parsed = best(|| -> usize { inputs.par_iter().map(|text| yaml::parse(FileId(0), text).0.len()).sum() });
    let whole = best(|| lint::run(request(&roots)));
    for (stage, (time, busy)) in [
        ("events, in memory", bare),
        ("read, events", filed),
        ("look at every text", looked),
        ("parse::yaml of inputs", parsed),
        ("a whole run", whole),
    ] {
        let rate = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / time.as_secs_f64() / 1e6;
        let ratio = time.as_secs_f64() / bare.0.as_secs_f64();
        let of_processor = busy.as_secs_f64() / bare.1.as_secs_f64();
        println!("{stage:22} {time:>10.1?} {rate:7.0} MB/s {ratio:5.2} x, processor {busy:>8.1?} {of_processor:5.2} x");
    }
    for (step, time) in lint::run(request(&roots)).timings {
        println!("    {step:20} {time:>10.1?}");
    }
}

fn yaml_below(root: &PathBuf) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
    let files = entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    files.filter(|path| path.extension().is_some_and(|it| it == "yaml" || it == "yml")).collect()
}

/// The best wall time of a stage, and the processor time of a round on average: on a busy machine that one repeats.
/// What the work leaves behind is freed outside of its time: the program ends without doing so.
fn best<R>(mut run: impl FnMut() -> R) -> (Duration, Duration) {
    let (mut best, mut busy) = (Duration::MAX, Duration::ZERO);
    for _ in 0..ROUNDS {
        let (start, before) = (Instant::now(), processor());
        let left = std::hint::black_box(run());
        best = best.min(start.elapsed());
        busy += processor().saturating_sub(before);
        drop(left);
    }
    (best, busy / ROUNDS)
}

/// What all threads of this process have used, those that ended included, to the hundredth of a second; nothing where the system
/// has no such file.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_the_name = stat.rsplit(')').next().unwrap_or("");
    let ticks =
        behind_the_name.split_whitespace().skip(11).take(2).filter_map(|it| it.parse::<u64>().ok()).sum::<u64>();
    Duration::from_millis(ticks * 10)
}

fn events(text: &str) -> usize {
    Parser::new_from_str(text).map_while(Result::ok).count()
}

/// The YAML below the roots, and nothing else.
fn request(roots: &[PathBuf]) -> Request {
    Request {
        exclude: ["*.tf", "*.tofu", "*.tfvars", "*.hcl", "*.json", "*.jsonc"].map(str::to_owned).to_vec(),
        ..Request::of(roots.to_vec(), Day::of(std::time::SystemTime::now()))
    }
}
