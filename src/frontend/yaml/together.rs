//! Which manifests are deployed together: those of a directory, and of directories that belong to it.
//!
//! In: the manifests of each directory and what its kustomization names. Out: [`Together`]. A directory belongs to the one above it,
//! to what a kustomization names, and to the only one that declares what its objects of Azure Service Operator name. Where several
//! declare that, it cannot be told: each of them may have more than its own directory shows.

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::aso;
use super::kustomize::Kustomization;
use super::manifest::{Manifest, reference};
use crate::model::Unread;
use crate::value::{Reason, Unknown};

/// Directories in the order of their paths, each with what it holds.
pub(super) type Directories = IndexMap<PathBuf, Manifests, FxBuildHasher>;

/// The manifests of a directory.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    pub(super) kustomization: Option<Kustomization>,
    pub(super) all: Vec<Manifest>,
}

/// Manifests that are deployed together.
#[derive(Debug, Default)]
pub(super) struct Together {
    /// Where they are, the outermost first.
    pub(super) directories: Vec<PathBuf>,
    pub(super) manifests: Vec<Manifest>,
    /// What objects elsewhere may belong to.
    pub(super) unread: Vec<Unread>,
}

/// The groups of all directories, in the order of their first ones.
pub(super) fn grouped(mut directories: Directories) -> Vec<Together> {
    directories.sort_unstable_keys();
    let mut groups = Groups((0..directories.len()).collect());
    for (at, (path, manifests)) in directories.iter().enumerate() {
        let named = manifests.kustomization.iter().flat_map(|it| &it.resources);
        for found in
            named.filter_map(|it| directories.get_index_of(it).or_else(|| directories.get_index_of(it.parent()?)))
        {
            groups.join(at, found);
        }
        let above = path.parent().filter(|_| manifests.kustomization.is_none());
        if let Some(above) = above.and_then(|it| directories.get_index_of(it)) {
            groups.join(at, above);
        }
    }
    let ambiguous = by_reference(&directories, &mut groups);
    let mut made: IndexMap<usize, Together, FxBuildHasher> = IndexMap::default();
    for (at, (path, manifests)) in directories.into_iter().enumerate() {
        let group = made.entry(groups.of(at)).or_default();
        group.directories.push(path);
        group.manifests.extend(manifests.all);
    }
    for (at, unread) in ambiguous {
        if let Some(group) = made.get_mut(&groups.of(at)) {
            group.unread.push(unread);
        }
    }
    made.into_values().collect()
}

/// Joins groups by what objects name; gives what more than one group declares, for each of those.
fn by_reference(directories: &Directories, groups: &mut Groups) -> Vec<(usize, Unread)> {
    let mut declared: FxHashMap<Arc<str>, Vec<(usize, &Manifest)>> = FxHashMap::default();
    let operated = |it: &&Manifest| it.is_service_operator();
    for (at, manifests) in directories.values().enumerate() {
        for one in manifests.all.iter().filter(operated) {
            declared.entry(one.address()).or_default().push((groups.of(at), one));
        }
    }
    let (mut joined, mut ambiguous) = (Vec::new(), Vec::new());
    for (at, manifests) in directories.values().enumerate() {
        let here = groups.of(at);
        for one in manifests.all.iter().filter(operated) {
            for named in aso::named(one) {
                let mut found = declared.get(&named).cloned().unwrap_or_default();
                found.retain(|(_, other)| other.namespace().is_none() || other.namespace() == one.namespace());
                if found.iter().any(|(group, _)| *group == here) {
                    continue;
                }
                match found.as_slice() {
                    [] => {}
                    [(there, _)] => joined.push((here, *there)),
                    several => {
                        ambiguous.extend(several.iter().map(|(there, other)| (*there, elsewhere(&named, other))));
                    }
                }
            }
        }
    }
    for (here, there) in joined {
        groups.join(here, there);
    }
    ambiguous
}

fn elsewhere(named: &Arc<str>, declared: &Manifest) -> Unread {
    let why = Unknown::new(Reason::NotEvaluated(
        "an object of another directory, which several of that name could own,".into(),
    ));
    Unread { names: reference(named, "id", declared.header), why: Arc::new(why), below: false }
}

/// For each directory one of its group, at last the first.
struct Groups(Vec<usize>);

impl Groups {
    fn of(&self, mut at: usize) -> usize {
        while let Some(next) = self.0.get(at).copied().filter(|next| *next != at) {
            at = next;
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.of(one), self.of(other));
        if let Some(later) = self.0.get_mut(one.max(other)) {
            *later = one.min(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::{parse, units};
    use crate::frontend::files::MemoryFiles;
    use crate::frontend::terraform::Mappings;
    use crate::source::SourceMap;

    const ACCOUNT: &str =
        "apiVersion: storage.azure.com/v1api20230101\nkind: StorageAccount\nmetadata: { name: charts }\n";
    const SERVICE: &str = "apiVersion: storage.azure.com/v1api20230101\nkind: StorageAccountsBlobService\n\
                           metadata: { name: blobs }\nspec: { owner: { name: charts } }\n";

    /// The directories of each unit, and how many things of other directories may belong to its resources.
    fn together(texts: &[(&str, &str)]) -> Vec<(Vec<String>, usize)> {
        let (mut files, mut sources) = (MemoryFiles::default(), SourceMap::default());
        let mut parsed = Vec::new();
        for (path, text) in texts {
            files.insert(path, *text);
            let id = sources.add(*path, *path, *text);
            parsed.extend(sources.get(id).and_then(parse));
        }
        let found = units(parsed, &files, &mut sources);
        let named = |it: &PathBuf| it.to_string_lossy().into_owned();
        let shown = found.into_iter().map(|unit| {
            let directories = unit.directories().iter().map(named).collect();
            (directories, unit.lower(&Mappings::embedded()).unread.len())
        });
        shown.collect()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn a_directory_belongs_to_the_one_above_it() {
        let found = together(&[("a/service.yaml", SERVICE), ("a/refs/account.yaml", ACCOUNT), ("b/c/x.yaml", ACCOUNT)]);
        assert_eq!(found, [(names(&["a", "a/refs"]), 0), (names(&["b/c"]), 0)]);
    }

    #[test]
    fn a_kustomization_joins_what_it_names() {
        let over = "resources: [../base, ../more/service.yaml]\n";
        let found = together(&[
            ("base/account.yaml", ACCOUNT),
            ("more/service.yaml", SERVICE),
            ("over/kustomization.yaml", over),
            (
                "over/net.yaml",
                "apiVersion: network.azure.com/v1api20240301\nkind: VirtualNetwork\nmetadata: { name: n }\n",
            ),
        ]);
        assert_eq!(found, [(names(&["base", "more", "over"]), 0)]);
    }

    #[test]
    fn what_only_one_directory_declares_is_meant() {
        let found = together(&[("data/account.yaml", ACCOUNT), ("rest/service.yaml", SERVICE)]);
        assert_eq!(found, [(names(&["data", "rest"]), 0)]);
    }

    #[test]
    fn what_several_declare_may_have_more() {
        let found =
            together(&[("dev/account.yaml", ACCOUNT), ("prod/account.yaml", ACCOUNT), ("rest/service.yaml", SERVICE)]);
        assert_eq!(found, [(names(&["dev"]), 1), (names(&["prod"]), 1), (names(&["rest"]), 0)]);
    }
}
