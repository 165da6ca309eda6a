//! The policies of a run: the built-in ones of the types at hand, directories of a team's own, Azure Policy definitions.
//!
//! In: where policies are and which are wanted. Out: compiled policies in order of id, and diagnostics that point into
//! their files. Files are read here; what they mean is `policy`'s.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, Named};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::glob::matches;
use crate::parse::{json, yaml};
use crate::policy::suggest::nearest;
use crate::policy::{Policy, compile, compile_definition, is_definition, library};
use crate::source::{FileId, SourceMap};
use crate::value::Value;

/// Where policies come from.
#[derive(Clone, Debug)]
pub struct Shelves {
    /// Whether the built-in ones hold.
    pub builtin: bool,
    /// Directories of policy files.
    pub directories: Vec<PathBuf>,
    /// Azure Policy definitions, or directories of them.
    pub azure_policy: Vec<PathBuf>,
}

impl Default for Shelves {
    fn default() -> Self {
        Self { builtin: true, directories: Vec::new(), azure_policy: Vec::new() }
    }
}

/// A policy file of a team's own.
#[derive(Debug)]
pub struct PolicyFile {
    /// Its id: the path below its directory, without the ending.
    pub id: String,
    /// The document.
    pub root: Value,
}

/// The policies that were read from files; the built-in ones stay where they are until their types are known.
#[derive(Debug, Default)]
pub struct Library {
    own: Vec<Policy>,
    builtin: bool,
}

impl Library {
    /// Reads every policy file of the shelves.
    pub fn read(shelves: &Shelves, sources: &mut SourceMap, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut own = Vec::new();
        for directory in &shelves.directories {
            for file in policy_files(directory, sources, diagnostics) {
                let (policy, told) = compile(&file.id, &file.root);
                diagnostics.extend(told);
                own.extend(policy);
            }
        }
        for path in &shelves.azure_policy {
            for (stem, root) in definitions(path, sources, diagnostics) {
                let (policy, told) = compile_definition(&stem, &root);
                diagnostics.extend(told);
                own.extend(policy);
            }
        }
        own.sort_by(|a, b| a.id.cmp(&b.id));
        Self { own, builtin: shelves.builtin }
    }

    /// The policies that were read from files, by id.
    pub fn own(&self) -> &[Policy] {
        &self.own
    }

    /// Whether the built-in ones hold.
    pub const fn has_builtin(&self) -> bool {
        self.builtin
    }

    /// Every policy, by id.
    pub fn all(&self) -> Vec<Policy> {
        let builtin = if self.builtin { library::all() } else { Vec::new() };
        self.with_own(builtin)
    }

    /// Every id, sorted.
    pub fn ids(&self) -> Vec<Arc<str>> {
        let mut ids: Vec<Arc<str>> = self.own.iter().map(|it| it.id.clone()).collect();
        if self.builtin {
            ids.extend(library::ids().map(Arc::from));
        }
        ids.sort();
        ids.dedup();
        ids
    }

    fn with_own(&self, builtin: Vec<Policy>) -> Vec<Policy> {
        let mut all: Vec<Policy> = self.own.iter().cloned().chain(builtin).collect();
        // The sort is stable: the own one comes before the built-in one of its id.
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all.dedup_by(|later, first| later.id == first.id);
        all
    }
}

/// Which policies are wanted, by ids and globs.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    select: Vec<String>,
    ignore: Vec<String>,
}

impl Selection {
    /// The command line's words where it has some, else the configuration's; both kinds of `ignore` hold.
    pub fn new(select: &[String], ignore: &[String], config: &Config) -> Self {
        let texts = |names: &[Named]| names.iter().map(|it| it.text.clone()).collect::<Vec<_>>();
        let select = if select.is_empty() { texts(&config.select) } else { select.to_vec() };
        let ignore = texts(&config.ignore).into_iter().chain(ignore.iter().cloned()).collect();
        Self { select, ignore }
    }

    /// True when this policy is wanted.
    pub fn has(&self, id: &str) -> bool {
        let named = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, id));
        (self.select.is_empty() || named(&self.select)) && !named(&self.ignore)
    }
}

/// Says of every pattern that fits no policy what was probably meant.
pub fn unknown_patterns(names: &[(String, Option<crate::source::Span>)], ids: &[Arc<str>]) -> Vec<Diagnostic> {
    let is_unknown = |pattern: &str| !ids.iter().any(|id| matches(pattern, id));
    let unknown = names.iter().filter(|(pattern, _)| is_unknown(pattern));
    unknown
        .map(|(pattern, span)| {
            let meant = nearest(pattern, ids.iter().map(|id| &**id)).map(|near| format!("did you mean `{near}`?"));
            Diagnostic {
                span: *span,
                path: None,
                severity: Severity::Error,
                code: Code::Config,
                message: format!("there is no policy `{pattern}`"),
                help: Some(meant.unwrap_or_else(|| "`baalint policies` lists them".to_owned())),
            }
        })
        .collect()
}

/// The policy files of a directory, or the one file; a path without any is a mistake.
pub fn policy_files(path: &Path, sources: &mut SourceMap, diagnostics: &mut Vec<Diagnostic>) -> Vec<PolicyFile> {
    let mut found = Vec::new();
    let base = if path.is_dir() { base_of(path) } else { base_of(path.parent().unwrap_or(Path::new(""))) };
    for file in files_below(path, &["yaml", "yml"], diagnostics) {
        let Some((id, text)) = add(&file, sources, diagnostics) else { continue };
        let (documents, told) = yaml::parse(id, &text);
        diagnostics.extend(told.into_iter().map(|it| Diagnostic { code: Code::Policy, ..it }));
        let Some(document) = documents.into_iter().next() else { continue };
        // Data beside the policies, such as the BAA catalogue, says as of when it holds; a policy misspelt must not pass for it.
        if document.root.as_object().is_some_and(|it| it.get("policyRule").is_none() && it.get("as_of").is_some()) {
            continue;
        }
        let name = file.strip_prefix(&base).unwrap_or(&file).with_extension("");
        let id = name.to_string_lossy().replace('\\', "/");
        found.push(PolicyFile { id, root: document.root });
    }
    found
}

/// Ids begin below `policies`, wherever in that tree one starts: `policies/storage` still gives `storage/...`.
fn base_of(directory: &Path) -> PathBuf {
    let full = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_path_buf());
    let above = full.ancestors().find(|it| it.file_name().is_some_and(|name| name == "policies"));
    let steps = above.map_or(0, |above| full.components().count() - above.components().count());
    let mut base = directory.to_path_buf();
    for _ in 0..steps {
        if !base.pop() {
            return above.map(Path::to_path_buf).unwrap_or_default();
        }
    }
    base
}

fn definitions(path: &Path, sources: &mut SourceMap, diagnostics: &mut Vec<Diagnostic>) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let named = !path.is_dir();
    for file in files_below(path, &["json"], diagnostics) {
        let Some((id, text)) = add(&file, sources, diagnostics) else { continue };
        let (document, told) = json::parse(id, &text);
        let is_meant = document.as_ref().is_some_and(|it| is_definition(&it.root));
        if named || is_meant {
            diagnostics.extend(told.into_iter().map(|it| Diagnostic { code: Code::Policy, ..it }));
        }
        match document {
            Some(document) if is_meant => {
                let stem = file.file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
                found.push((stem, document.root));
            }
            Some(document) if named => {
                let message = "this is no Azure Policy definition: it has no `policyRule`";
                diagnostics.push(Diagnostic::error(Code::Policy, document.root.span, message));
            }
            _ => {}
        }
    }
    found
}

fn files_below(path: &Path, endings: &[&str], diagnostics: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
    let shown = path.to_string_lossy();
    if !path.exists() {
        let told =
            Diagnostic::of_path(Code::Policy, shown, "does not exist").with_help("check the path of the policies");
        diagnostics.push(told);
        return Vec::new();
    }
    let walk = ignore::WalkBuilder::new(path).standard_filters(false).sort_by_file_name(Ord::cmp).build();
    let files: Vec<PathBuf> = walk
        .flatten()
        .filter(|entry| entry.file_type().is_some_and(|it| it.is_file()))
        .map(ignore::DirEntry::into_path)
        .filter(|file| file.extension().and_then(|it| it.to_str()).is_some_and(|it| endings.contains(&it)))
        .collect();
    if files.is_empty() {
        let told = Diagnostic::of_path(Code::Policy, shown, "holds no policies");
        diagnostics.push(told.with_help(format!("policy files end in .{}", endings.join(" or ."))));
    }
    files
}

fn add(path: &Path, sources: &mut SourceMap, diagnostics: &mut Vec<Diagnostic>) -> Option<(FileId, Arc<str>)> {
    let shown = path.to_string_lossy().replace('\\', "/");
    #[expect(clippy::disallowed_methods, reason = "lint reads the policies")]
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let text: Arc<str> = text.into();
            Some((sources.add(path, shown, text.clone()), text))
        }
        Err(error) => {
            diagnostics.push(Diagnostic::of_path(Code::Policy, shown, format!("could not be read: {error}")));
            None
        }
    }
}
