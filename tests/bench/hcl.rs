//! How fast `parse::hcl` reads, beside `hcl::edit`, over the files of a directory (`cargo bench --bench hcl -- DIR`).
//!
//! With `--once DIR` the files are found, read and parsed once, on the threads of `RAYON_NUM_THREADS`, and kept: the process that
//! a whole `check` of the same directory is compared with.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads files and prints")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use baalint::parse::hcl;
use baalint::source::FileId;
use rayon::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 7;

fn main() {
    let mut arguments = std::env::args().skip_while(|it| it != "--once").skip(1);
    if let Some(root) = arguments.next() {
        return println!("{} files", once(Path::new(&root)));
    }
    let root = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_else(|| "fixtures".to_owned());
    let texts = texts_under(Path::new(&root));
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let ours = best(|| texts.iter().for_each(|text| drop(black_box(hcl::parse(FileId(0), Arc::clone(text))))));
    let theirs = best(|| texts.iter().for_each(|text| drop(black_box(::hcl::edit::parser::parse_body(text)))));
    println!("{} files, {bytes} bytes, best of {ROUNDS}", texts.len());
    println!("baalint   {:8.1} MB/s", megabytes_per_second(bytes, ours));
    println!("hcl::edit {:8.1} MB/s", megabytes_per_second(bytes, theirs));
    println!("ratio     {:8.1}", theirs.as_secs_f64() / ours.as_secs_f64());
}

fn once(root: &Path) -> usize {
    let entries = walkdir::WalkDir::new(root).into_iter().flatten();
    let paths: Vec<PathBuf> = entries.map(walkdir::DirEntry::into_path).filter(|path| is_terraform(path)).collect();
    let parse = |path: &PathBuf| Some(hcl::parse(FileId(0), std::fs::read_to_string(path).ok()?.into()));
    let parsed: Vec<_> = paths.par_iter().filter_map(parse).collect();
    std::mem::forget(black_box(parsed));
    paths.len()
}

fn is_terraform(path: &Path) -> bool {
    path.extension().is_some_and(|kind| kind == "tf" || kind == "tfvars")
}

fn texts_under(root: &Path) -> Vec<Arc<str>> {
    let entries = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
    let paths = entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    paths
        .filter(|path| is_terraform(path))
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .map(Arc::from)
        .collect()
}

fn best(run: impl Fn()) -> Duration {
    let time = || {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..ROUNDS).map(|_| time()).min().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "printed with one digit")]
fn megabytes_per_second(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64()
}
