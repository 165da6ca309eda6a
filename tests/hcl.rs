//! `parse::hcl` against `hcl::edit` (the same trees) and against `terraform fmt` (the same files accepted).
//!
//! Both walk the bundled fixtures; a directory in `BAALINT_HCL_CORPUS` is walked as well. `.ci/acceptance` runs the
//! second one over real repositories.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests read fixtures and fail by panicking")]

#[path = "hcl/acceptance.rs"]
mod acceptance;
#[path = "hcl/canonical.rs"]
mod canonical;
#[path = "hcl/canonical_edit.rs"]
mod canonical_edit;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use baalint::parse::hcl;
use baalint::source::FileId;

#[test]
fn trees_agree_with_hcl_edit() {
    let mut compared = 0;
    let mut differences = String::new();
    for path in corpus() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let (file, diagnostics) = hcl::parse(FileId(0), text.as_str().into());
        let Ok(theirs) = ::hcl::edit::parser::parse_body(&text) else { continue };
        if !diagnostics.is_empty() {
            continue;
        }
        compared += 1;
        let (ours, theirs) = (canonical::body(&file, &file.body), canonical_edit::body(&theirs));
        if let Some((ours, theirs)) = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs) {
            writeln!(differences, "{}\n  ours   {ours}\n  theirs {theirs}", path.display()).unwrap();
        } else if ours.len() != theirs.len() {
            writeln!(differences, "{}: {} statements, {} theirs", path.display(), ours.len(), theirs.len()).unwrap();
        }
    }
    println!("{compared} files compared");
    assert!(differences.is_empty(), "{differences}");
    assert!(compared > 0);
}

#[test]
fn fixtures_parse() {
    for path in files_under(Path::new("fixtures/hcl")) {
        let text = fs::read_to_string(&path).unwrap();
        let (_, diagnostics) = hcl::parse(FileId(0), text.into());
        assert!(diagnostics.is_empty(), "{}: {diagnostics:#?}", path.display());
    }
}

/// Cut anywhere, a file still gives what stands before the cut, and says that something is missing.
#[test]
fn a_file_cut_anywhere_is_read_up_to_there() {
    let whole = fs::read_to_string("fixtures/hcl/constructs.tf").unwrap();
    let mut most = 0;
    for (at, _) in whole.char_indices().step_by(7) {
        let (file, _) = hcl::parse(FileId(0), whole.get(..at).unwrap().into());
        let statements =
            file.body.blocks.len() + file.body.blocks.iter().map(|it| it.body.attributes.len()).sum::<usize>();
        assert!(statements + 1 >= most, "{at}: {statements} statements, {most} before");
        most = most.max(statements);
    }
    assert!(most > 60);
}

fn corpus() -> Vec<PathBuf> {
    let mut files = files_under(Path::new("fixtures"));
    if let Some(root) = std::env::var_os("BAALINT_HCL_CORPUS") {
        files.extend(files_under(Path::new(&root)));
    }
    files
}

fn files_under(root: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
    let files = entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    files.filter(|path| path.extension().is_some_and(|kind| kind == "tf" || kind == "tfvars")).collect()
}
