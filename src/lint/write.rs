//! Writes fixed texts: each file whole or not at all, and only what is still as it was judged.
//!
//! In: texts before and after. Out: files, or why one was left. A text is written beside its file and then takes its place.

use std::path::{Path, PathBuf};

use super::fix::Changed;
use crate::edit::Refusal;

/// Writes the texts that changed: each whole or not at all, with the permissions of the file that it replaces.
pub fn write(files: &[Changed]) -> Vec<(String, Result<(), Refusal>)> {
    files.iter().map(|file| (file.shown.clone(), write_one(file))).collect()
}

fn write_one(file: &Changed) -> Result<(), Refusal> {
    let failed = |error: std::io::Error| Refusal::new(format!("could not be written: {error}"));
    // A link stays a link: what it leads to is replaced.
    let path = std::fs::canonicalize(&file.path).map_err(failed)?;
    #[expect(clippy::disallowed_methods, reason = "what is on disk now is compared with what was judged")]
    let now = std::fs::read(&path).map_err(failed)?;
    if now != file.before.as_bytes() {
        return Err(Refusal::new("changed while it was being judged, so it is left as it is; run again"));
    }
    let permissions = std::fs::metadata(&path).map_err(failed)?.permissions();
    if permissions.readonly() {
        return Err(Refusal::new("is read-only"));
    }
    let beside = beside(&path);
    #[expect(clippy::disallowed_methods, reason = "written beside it, then renamed")]
    let written = std::fs::write(&beside, file.after.as_bytes())
        .and_then(|()| std::fs::set_permissions(&beside, permissions))
        .and_then(|()| std::fs::File::open(&beside)?.sync_all())
        .and_then(|()| std::fs::rename(&beside, &path));
    written.map_err(|error| {
        // Nothing half-written stays; when even that fails there is nothing left to do.
        let _ = std::fs::remove_file(&beside);
        failed(error)
    })
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.baalint-{}", std::process::id()))
}
