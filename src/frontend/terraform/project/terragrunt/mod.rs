//! `terragrunt.hcl`, as far as it can be read without running Terragrunt: a local source, inputs, and those of what it includes.
//!
//! In: the file, and [`Files`] for what it includes. Out: the directory that it deploys and the inputs that it gives. What needs
//! Terragrunt itself (dependencies, the environment, files that are read) is Unknown; where any variable may be given that way,
//! every variable that nothing else gives is, and a diagnostic says so.

mod values;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use self::values::{Given, Values};
use super::Input;
use super::load::read_file;
use crate::diagnostic::{Code, Diagnostic};
use crate::frontend::files::{Files, normalise};
use crate::parse::hcl::{self, Block, File};
use crate::source::{SourceFile, SourceMap, Span};
use crate::value::{Reason, Unknown, Value};

/// The name that Terragrunt looks for.
pub(super) const NAME: &str = "terragrunt.hcl";

/// Arguments of `extra_arguments` that give values to variables.
const GIVING: [&str; 4] = ["arguments", "env_vars", "optional_var_files", "required_var_files"];

/// One `terragrunt.hcl`.
pub(super) struct Unit {
    /// Where it lies.
    pub(super) dir: PathBuf,
    /// The configuration that it deploys.
    pub(super) source: PathBuf,
    /// The values that it gives to variables.
    pub(super) inputs: IndexMap<Arc<str>, Input, FxBuildHasher>,
    /// What may give any other variable its value.
    pub(super) open: Option<Span>,
    /// The whole file.
    pub(super) span: Span,
}

impl Unit {
    /// What is known of a variable that the unit does not give by name; nothing when its default holds.
    pub(super) fn other(&self, name: &str) -> Option<Input> {
        let place = self.open?;
        let symbol = Some(["{var.", name, "}"].concat().into());
        let unknown = Unknown { symbol, ..Unknown::new(Reason::NotEvaluated("what Terragrunt gives".into())) };
        Some(Input { value: Value::new(unknown, place) })
    }
}

/// Reads a file; nothing when what it deploys cannot be told.
pub(super) fn read(
    dir: &Path,
    file: &SourceFile,
    files: &dyn Files,
    sources: &mut SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Unit> {
    let (parsed, problems) = hcl::parse(file.id(), file.text().clone());
    diagnostics.extend(problems);
    let mut included = Vec::new();
    let mut open = None;
    for block in blocks(&parsed, "include") {
        match include(&Values::of(&parsed, dir, dir, files), block, sources, diagnostics) {
            Some(one) => included.push(one),
            None => open = Some((block.header, "this include is not read")),
        }
    }
    let values = Values::of(&parsed, dir, dir, files);
    let parents: Vec<Values<'_>> =
        included.iter().map(|(path, file)| Values::of(file, dir, path.parent().unwrap_or(dir), files)).collect();
    let all = || parents.iter().chain([&values]);
    let source = match all().rev().find_map(|it| Some((it, it.attribute("terraform", "source")?))) {
        None => dir.to_owned(),
        Some((of, value)) => {
            let Some(text) = of.text(value).filter(|text| text.starts_with(['.', '/'])) else {
                diagnostics.push(not_evaluated(of.file.expr(value).span, "what this source names is not read"));
                return None;
            };
            normalise(&dir.join(text.replace("//", "/")))
        }
    };
    // What the unit itself says wins over what it includes.
    let mut inputs: IndexMap<Arc<str>, Input, FxBuildHasher> = IndexMap::default();
    for one in all() {
        let Given { entries, unread } = one.inputs();
        if unread.is_some() {
            inputs.values_mut().for_each(|input| input.value = values::computed(input.value.span));
        }
        inputs.extend(entries);
        open = open.or(unread.map(|span| (span, "these inputs are computed by Terragrunt")));
        let arguments = blocks(one.file, "terraform").flat_map(|it| &it.body.blocks);
        let mut arguments = arguments.filter(|it| one.file.slice(it.kind) == "extra_arguments");
        let gives = |it: &&Block| it.body.attributes.iter().any(|it| GIVING.contains(&one.file.slice(it.name)));
        open = open.or(arguments.find(gives).map(|it| (it.header, "these arguments are given by Terragrunt")));
    }
    if let Some((span, what)) = open {
        diagnostics.push(not_evaluated(span, &format!("{what}: variables that nothing else gives are unknown")));
    }
    Some(Unit { dir: dir.to_owned(), source, inputs, open: open.map(|(span, _)| span), span: file.span() })
}

/// The file that an `include` block names.
fn include(
    values: &Values<'_>,
    block: &Block,
    sources: &mut SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(PathBuf, File)> {
    let path = block.body.attributes.iter().find(|it| values.file.slice(it.name) == "path")?;
    let path = normalise(&values.dir.join(&*values.text(path.value)?));
    let known = sources.id_of(&path).and_then(|id| sources.get(id).cloned());
    let file = known.or_else(|| read_file(values.files, sources, &path, diagnostics))?;
    let (parsed, problems) = hcl::parse(file.id(), file.text().clone());
    diagnostics.extend(problems);
    Some((path, parsed))
}

fn blocks<'f>(file: &'f File, kind: &'f str) -> impl Iterator<Item = &'f Block> {
    file.body.blocks.iter().filter(move |block| file.slice(block.kind) == kind)
}

fn not_evaluated(span: Span, what: &str) -> Diagnostic {
    Diagnostic::warning(Code::NotEvaluated, span, what)
        .with_help("what depends on it is unknown here: run baalint on the plan as JSON to judge it")
}
