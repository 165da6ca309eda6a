//! Whether we refuse the files that Terraform refuses, and only those. Runs only when `BAALINT_HCL_CORPUS` is set.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use baalint::parse::hcl;
use baalint::source::FileId;

#[derive(Default)]
struct Counts {
    files: usize,
    both_accept: usize,
    both_refuse: usize,
    we_refuse: usize,
    we_accept: usize,
}

#[test]
fn no_file_is_refused_that_terraform_accepts() {
    let Some(root) = std::env::var_os("BAALINT_HCL_CORPUS").map(PathBuf::from) else { return };
    let files = super::files_under(&root);
    let verdicts = terraform_verdicts(&files);
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    let mut differences = String::new();
    for (path, accepted) in files.iter().zip(verdicts) {
        let inside = path.strip_prefix(&root).unwrap_or(path);
        let group =
            inside.components().next().map_or(String::new(), |it| it.as_os_str().to_string_lossy().into_owned());
        let Some(problem) = our_verdict(path) else { continue };
        let entry = counts.entry(group).or_default();
        entry.files += 1;
        match (problem, accepted) {
            (None, true) => entry.both_accept += 1,
            (Some(_), false) => entry.both_refuse += 1,
            (Some(problem), true) => {
                entry.we_refuse += 1;
                writeln!(differences, "- refused by us only: {}: {problem}", inside.display()).unwrap();
            }
            (None, false) => {
                entry.we_accept += 1;
                writeln!(differences, "- accepted by us only: {}", inside.display()).unwrap();
            }
        }
    }
    let report = table(&counts) + "\n" + &differences;
    if let Some(path) = std::env::var_os("BAALINT_ACCEPTANCE_REPORT") {
        fs::write(path, &report).unwrap();
    }
    assert_eq!(counts.values().map(|it| it.we_refuse).sum::<usize>(), 0, "{report}");
}

/// Our first complaint about a file; the outer none is a file that is not text.
#[expect(clippy::option_option, reason = "not text, no complaint, a complaint")]
fn our_verdict(path: &Path) -> Option<Option<String>> {
    let text = fs::read_to_string(path).ok()?;
    let (_, diagnostics) = hcl::parse(FileId(0), text.as_str().into());
    Some(diagnostics.first().map(|it| {
        let start = it.span.map_or(0, |span| span.start as usize);
        let line = text.get(..start).unwrap_or("").matches('\n').count() + 1;
        format!("line {line}: {}", it.message)
    }))
}

/// What `terraform fmt`, which parses before it formats, says of each file.
fn terraform_verdicts(files: &[PathBuf]) -> Vec<bool> {
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(vec![false; files.len()]);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((index, path)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    files.get(index).map(|path| (index, path))
                } {
                    let accepted = terraform_accepts(path);
                    if let Some(verdict) = verdicts.lock().unwrap().get_mut(index) {
                        *verdict = accepted;
                    }
                }
            });
        }
    });
    verdicts.into_inner().unwrap()
}

fn terraform_accepts(path: &Path) -> bool {
    let status = Command::new("terraform")
        .args(["fmt", "-check", "-write=false", "-list=false", "-"])
        .stdin(File::open(path).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("terraform is on the path");
    // 3: would be formatted otherwise.
    matches!(status.code(), Some(0 | 3))
}

fn table(counts: &BTreeMap<String, Counts>) -> String {
    let mut out = String::from(
        "| corpus | files | accepted by both | refused by both | refused by us only | accepted by us only |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut total = Counts::default();
    for (group, it) in counts {
        row(&mut out, group, it);
        total.files += it.files;
        total.both_accept += it.both_accept;
        total.both_refuse += it.both_refuse;
        total.we_refuse += it.we_refuse;
        total.we_accept += it.we_accept;
    }
    row(&mut out, "**all**", &total);
    out
}

fn row(out: &mut String, name: &str, it: &Counts) {
    let Counts { files, both_accept, both_refuse, we_refuse, we_accept } = it;
    writeln!(out, "| {name} | {files} | {both_accept} | {both_refuse} | {we_refuse} | {we_accept} |").unwrap();
}
