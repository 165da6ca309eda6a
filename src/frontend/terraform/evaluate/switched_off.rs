//! What a root declares and does not deploy because nobody gives a variable: with its default, `count` is 0.
//!
//! In: blocks without instances. Out: a note for the variables that decide, with the declarations they leave out. Whether
//! another value would deploy them is not asked.

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Evaluator;
use super::module::ModuleInstance;
use crate::frontend::not_deployed::{Named, notes};
use crate::frontend::terraform::project::Parts;
use crate::parse::hcl::{ExprId, ExprKind, File};
use crate::source::{FileId, Span};

/// How many expressions are followed for one block.
const MAX_FOLLOWED: usize = 256;

/// An expression of a module instance.
type Place<'p> = (Rc<ModuleInstance<'p>>, &'p File, ExprId);

/// The names that files hold: each file is looked through once.
type NamesOf<'p> = FxHashMap<FileId, Vec<(Span, &'p str, &'p str)>>;

/// Blocks that have no instances: their address, and what decided.
pub(super) type SwitchedOff<'p> = Vec<(Arc<str>, Place<'p>)>;

impl<'p> Evaluator<'p> {
    /// Keeps a block that has no instances.
    pub(super) fn switch_off(&self, module: &Rc<ModuleInstance<'p>>, address: Arc<str>, parts: Parts<'p>) {
        let decides = ["count", "for_each"].iter().find_map(|name| parts.attribute(name));
        if let Some((file, attribute)) = decides {
            self.switched_off.borrow_mut().push((address, (module.clone(), file, attribute.value)));
        }
    }

    /// Names the variables of the root whose defaults leave something out.
    pub(super) fn note_switched_off(&self) {
        let mut names = NamesOf::default();
        let all = self.switched_off.take();
        let decided = all.into_iter().map(|(address, place)| (self.defaults_in(place, &mut names), address));
        let help = "give other values with `--var` or `--var-file` to have that judged too";
        for note in notes(decided, help) {
            self.report(note);
        }
    }

    /// The root's variables that have their defaults and that an expression reads, by way of locals and arguments too.
    fn defaults_in(&self, start: Place<'p>, names: &mut NamesOf<'p>) -> Vec<Named> {
        let (mut found, mut seen, mut open) = (Vec::new(), FxHashSet::default(), vec![start]);
        while let Some((module, file, id)) = open.pop() {
            let within = file.expr(id).span;
            if seen.len() >= MAX_FOLLOWED || !seen.insert(within) {
                continue;
            }
            let names = names.entry(within.file).or_insert_with(|| names_in(file));
            for (_, root, name) in names.iter().filter(|(span, ..)| within.contains(*span)) {
                let (root, name) = (*root, *name);
                match root {
                    "local" => open.extend(local(&module, name)),
                    "var" => match &module.caller {
                        Some(caller) => {
                            let parts = caller.module.module.parts(&caller.call.declared);
                            let argument = parts.attribute(name);
                            open.extend(argument.map(|(file, it)| (caller.module.clone(), file, it.value)));
                        }
                        None => found.extend(self.default_of(&module, name)),
                    },
                    _ => {}
                }
            }
        }
        found
    }

    fn default_of(&self, root: &ModuleInstance<'p>, name: &str) -> Option<Named> {
        let (name, variable) = root.module.variables.get_key_value(name)?;
        let has_default = variable.default.is_some() && !self.root.inputs.contains_key(name);
        has_default.then(|| (variable.span, name.clone()))
    }
}

fn local<'p>(module: &Rc<ModuleInstance<'p>>, name: &str) -> Option<Place<'p>> {
    let at = module.module.locals.get(name)?;
    Some((module.clone(), module.module.files.get(at.file)?, at.id))
}

/// Every `var.name` and `local.name` of a file, with its place.
fn names_in(file: &File) -> Vec<(Span, &str, &str)> {
    let names = file.exprs.iter().filter_map(|it| match &it.kind {
        ExprKind::GetAttr { base, name } => match file.expr(*base).kind {
            ExprKind::Variable(root) => Some((it.span, file.slice(root), file.slice(*name))),
            _ => None,
        },
        _ => None,
    });
    names.filter(|(_, root, _)| matches!(*root, "var" | "local")).collect()
}
