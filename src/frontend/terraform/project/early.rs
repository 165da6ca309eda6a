//! `OpenTofu`'s early evaluation, as far as loading needs it: which directory the source of a module leads to.
//!
//! In: a call whose source names variables and locals. Out: the directory that defaults lead to, so that it is loaded;
//! what the callers give is known only to the evaluation, which then follows what it finds.

use std::cell::Cell;
use std::path::PathBuf;

use super::constant::constant_of;
use super::module::{Call, Module, Source};
use crate::frontend::terraform::operators;
use crate::parse::hcl::{ExprId, ExprKind, File};
use crate::value::Value;

/// The most names that one source may lead through.
const MAX_NAMES: u32 = 200;

impl Module {
    /// The directory that a source leads to which names variables or locals.
    pub(super) fn early_source(&self, call: &Call) -> Option<PathBuf> {
        let (file, source) = self.parts(&call.declared).attribute("source")?;
        match Source::of(self.early(file, source.value, &Cell::new(MAX_NAMES)).as_str()?, &self.dir) {
            Source::Local(dir) => Some(dir),
            _ => None,
        }
    }

    fn early(&self, file: &File, id: ExprId, left: &Cell<u32>) -> Value {
        constant_of(file, id, &|file, id| self.early_name(file, id, left))
    }

    fn early_name(&self, file: &File, id: ExprId, left: &Cell<u32>) -> Option<Value> {
        left.set(left.get().checked_sub(1)?);
        let expr = file.expr(id);
        match &expr.kind {
            ExprKind::GetAttr { base, name } => match &file.expr(*base).kind {
                ExprKind::Variable(root) if file.slice(*root) == "var" => {
                    self.variables.get(file.slice(*name))?.default.clone()
                }
                ExprKind::Variable(root) if file.slice(*root) == "local" => {
                    let at = self.locals.get(file.slice(*name))?;
                    Some(self.early(self.files.get(at.file)?, at.id, left))
                }
                _ => Some(operators::attribute(&self.early(file, *base, left), file.slice(*name), expr.span)),
            },
            ExprKind::Index { base, key } => {
                let (base, key) = (self.early(file, *base, left), self.early(file, *key, left));
                Some(operators::index(&base, &key, expr.span))
            }
            _ => None,
        }
    }
}
