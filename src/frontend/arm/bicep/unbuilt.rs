//! Bicep files that nothing was built from: the run must say that it has not judged them.
//!
//! In: the Bicep files that were found, and those that templates were built from. Out: the ones that deploy something and
//! that no template covers, modules of other such files left out. Reads no more of a file than the names it brings in.

use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::frontend::files::{Files, normalise};

/// The files of `found` that neither are in `built` nor modules of anything else.
pub(in super::super) fn unbuilt(found: &[PathBuf], built: &FxHashSet<PathBuf>, files: &dyn Files) -> Vec<PathBuf> {
    let found: Vec<PathBuf> = found.iter().map(|it| normalise(it)).collect();
    if found.iter().all(|it| built.contains(it)) {
        return Vec::new();
    }
    let read = |path: &PathBuf| Some((path.clone(), Contents::of(path, &files.read(path).ok()?)));
    let all: FxHashMap<PathBuf, Contents> = found.iter().filter_map(read).collect();
    let mut covered: FxHashSet<PathBuf> = built.clone();
    let mut pending: Vec<PathBuf> = found.iter().filter(|it| built.contains(*it)).cloned().collect();
    while let Some(path) = pending.pop() {
        for used in all.get(&path).iter().flat_map(|it| &it.uses) {
            if covered.insert(used.clone()) {
                pending.push(used.clone());
            }
        }
    }
    let left = |it: &&PathBuf| !covered.contains(*it) && all.get(*it).is_some_and(|it| it.deploys);
    let left: Vec<&PathBuf> = found.iter().filter(left).collect();
    let modules: FxHashSet<&PathBuf> = left.iter().filter_map(|it| all.get(*it)).flat_map(|it| &it.uses).collect();
    left.into_iter().filter(|it| !modules.contains(it)).cloned().collect()
}

struct Contents {
    /// Has a resource or a module.
    deploys: bool,
    /// The local files that it brings in.
    uses: Vec<PathBuf>,
}

impl Contents {
    fn of(path: &Path, text: &str) -> Self {
        let directory = path.parent().unwrap_or(Path::new(""));
        let mut contents = Self { deploys: false, uses: Vec::new() };
        for line in text.lines() {
            let line = line.trim_start();
            let word = line.split([' ', '\t']).next().unwrap_or("");
            contents.deploys |= matches!(word, "resource" | "module");
            // `module x 'path'`, `import { y } from 'path'`, `} from 'path'`
            if !matches!(word, "module" | "import" | "}") {
                continue;
            }
            let is_file = |it: &&str| Path::new(it).extension().is_some_and(|it| it == "bicep") && !it.contains(':');
            let target = line.split('\'').nth(1).filter(is_file);
            contents.uses.extend(target.map(|it| normalise(&directory.join(it))));
        }
        contents
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::MemoryFiles;

    #[test]
    fn what_no_template_covers_is_named_and_modules_of_it_are_not() {
        let texts = [
            ("built.bicep", "module a 'modules/a.bicep' = {}\nimport {\n  t\n} from 'types.bicep'"),
            ("modules/a.bicep", "resource x 'T@1' = {}\nmodule b '../modules/b.bicep' = {}"),
            ("modules/b.bicep", "resource x 'T@1' = {}"),
            ("types.bicep", "resource x 'T@1' existing = {}"),
            (
                "new.bicep",
                "module c './modules/c.bicep' = {}\nmodule a 'modules/a.bicep' = {}\nmodule r 'br/public:x.bicep' = {}",
            ),
            ("modules/c.bicep", "resource x 'T@1' = {}"),
            ("only-types.bicep", "@export()\ntype t = string"),
        ];
        let mut files = MemoryFiles::default();
        for (path, text) in texts {
            files.insert(path, text);
        }
        let found: Vec<PathBuf> = texts.iter().map(|(path, _)| PathBuf::from(path)).collect();
        let built = FxHashSet::from_iter([PathBuf::from("built.bicep")]);
        assert_eq!(unbuilt(&found, &built, &files), [PathBuf::from("new.bicep")]);
        let all: FxHashSet<PathBuf> = found.iter().cloned().collect();
        assert_eq!(unbuilt(&found, &all, &files), Vec::<PathBuf>::new());
    }
}
