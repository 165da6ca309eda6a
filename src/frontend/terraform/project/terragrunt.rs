//! `terragrunt.hcl`, as far as it is plainly readable: a local source and constant inputs.
//!
//! In: the parsed file. Out: the directory that it deploys and the inputs that it gives; what needs Terragrunt itself
//! (includes, dependencies, its functions and locals) is Unknown, and a diagnostic says so.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::Input;
use super::constant::{constant, constant_text};
use crate::diagnostic::{Code, Diagnostic};
use crate::frontend::files::normalise;
use crate::frontend::terraform::operators::first_unknown;
use crate::parse::hcl::{self, Block, ExprKind, File};
use crate::source::{SourceFile, Span};
use crate::value::{Reason, Value};

/// The name that Terragrunt looks for.
pub(super) const NAME: &str = "terragrunt.hcl";

/// One `terragrunt.hcl`.
pub(super) struct Unit {
    /// Where it lies.
    pub(super) dir: PathBuf,
    /// The configuration that it deploys.
    pub(super) source: PathBuf,
    /// The values that it gives to variables.
    pub(super) inputs: IndexMap<Arc<str>, Input, FxBuildHasher>,
    /// The whole file.
    pub(super) span: Span,
}

/// Reads a file; nothing when what it deploys cannot be told.
pub(super) fn read(dir: &Path, file: &SourceFile, diagnostics: &mut Vec<Diagnostic>) -> Option<Unit> {
    let (parsed, problems) = hcl::parse(file.id(), file.text().clone());
    diagnostics.extend(problems);
    let source = match blocks(&parsed, "terraform").find_map(|block| attribute(&parsed, block, "source")) {
        None => dir.to_owned(),
        Some(value) => {
            let Some(text) = constant_text(&parsed, value).filter(|text| text.starts_with('.')) else {
                diagnostics.push(not_evaluated(parsed.expr(value).span, "what this source names is not read"));
                return None;
            };
            normalise(&dir.join(text.replace("//", "/")))
        }
    };
    if let Some(block) = blocks(&parsed, "include").chain(blocks(&parsed, "dependency")).next() {
        diagnostics.push(not_evaluated(block.header, "includes and dependencies of Terragrunt are not read"));
    }
    let given = parsed.body.attributes.iter().find(|it| parsed.slice(it.name) == "inputs");
    let inputs = given.map(|given| inputs(&parsed, given.value)).unwrap_or_default();
    Some(Unit { dir: dir.to_owned(), source, inputs, span: file.span() })
}

fn blocks<'f>(file: &'f File, kind: &'f str) -> impl Iterator<Item = &'f Block> {
    file.body.blocks.iter().filter(move |block| file.slice(block.kind) == kind)
}

fn attribute(file: &File, block: &Block, name: &str) -> Option<hcl::ExprId> {
    block.body.attributes.iter().find(|it| file.slice(it.name) == name).map(|it| it.value)
}

fn inputs(file: &File, id: hcl::ExprId) -> IndexMap<Arc<str>, Input, FxBuildHasher> {
    let ExprKind::Object(items) = &file.expr(id).kind else { return IndexMap::default() };
    let items = file.object_items(*items).iter();
    items
        .filter_map(|item| {
            let value = constant(file, item.value);
            let mut unreadable = None;
            first_unknown(&value, &mut unreadable);
            let value = match unreadable {
                Some(_) => Value::unknown(Reason::NotEvaluated("what Terragrunt computes".into()), value.span),
                None => value,
            };
            Some((constant_text(file, item.key)?, Input { value }))
        })
        .collect()
}

fn not_evaluated(span: Span, what: &str) -> Diagnostic {
    Diagnostic::warning(Code::NotEvaluated, span, what)
        .with_help("what depends on it is unknown here: run baalint on the plan as JSON to judge it")
}
