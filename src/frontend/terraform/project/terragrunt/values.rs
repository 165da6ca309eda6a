//! The values of a Terragrunt file, as far as its text tells: constants, locals, paths, merged objects.
//!
//! In: a parsed file, the unit that is deployed, where the file lies. Out: texts, and inputs by name. What Terragrunt reads from
//! the environment, from other files or from dependencies is not known.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use super::{Input, NAME, blocks};
use crate::frontend::files::Files;
use crate::frontend::terraform::operators::first_unknown;
use crate::frontend::terraform::project::constant::constant_of;
use crate::parse::hcl::{ExprId, ExprKind, File};
use crate::source::Span;
use crate::value::{Reason, Value, ValueKind};

/// How many names may stand for one another.
const MAX_DEPTH: u32 = 32;

/// A file, and what its functions mean.
pub(super) struct Values<'f> {
    pub(super) file: &'f File,
    /// The directory of the unit.
    pub(super) dir: &'f Path,
    /// The directory of the file.
    own: &'f Path,
    pub(super) files: &'f dyn Files,
    depth: Cell<u32>,
}

/// Inputs by name.
#[derive(Default)]
pub(super) struct Given {
    pub(super) entries: Vec<(Arc<str>, Input)>,
    /// What may give more of them.
    pub(super) unread: Option<Span>,
}

impl<'f> Values<'f> {
    pub(super) fn of(file: &'f File, dir: &'f Path, own: &'f Path, files: &'f dyn Files) -> Self {
        Self { file, dir, own, files, depth: Cell::new(0) }
    }

    /// An attribute of the first block of a kind that has it.
    pub(super) fn attribute(&self, kind: &str, name: &str) -> Option<ExprId> {
        let all = blocks(self.file, kind).flat_map(|block| &block.body.attributes);
        all.into_iter().find(|it| self.file.slice(it.name) == name).map(|it| it.value)
    }

    /// A text that is wholly known.
    pub(super) fn text(&self, id: ExprId) -> Option<Arc<str>> {
        match self.value(id).kind {
            ValueKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// What `inputs` gives.
    pub(super) fn inputs(&self) -> Given {
        let mut given = Given::default();
        if let Some(inputs) = self.file.body.attributes.iter().find(|it| self.file.slice(it.name) == "inputs") {
            self.add(inputs.value, &mut given);
        }
        given
    }

    /// Adds the entries of an object, of objects that are merged, or of a local that is one.
    fn add(&self, id: ExprId, given: &mut Given) {
        let expr = self.file.expr(id);
        match &expr.kind {
            ExprKind::Parenthesis(inner) => self.add(*inner, given),
            ExprKind::Object(items) => {
                for item in self.file.object_items(*items) {
                    match self.text(item.key) {
                        Some(name) => given.entries.push((name, Input { value: self.input(item.value) })),
                        None => given.unread = Some(expr.span),
                    }
                }
            }
            ExprKind::Call { name, args, expand: false } if self.file.slice(*name) == "merge" => {
                for argument in self.file.list(*args) {
                    let before = given.entries.len();
                    let mut more = Given::default();
                    self.add(*argument, &mut more);
                    if more.unread.is_some() {
                        // What may be given anew is no longer known.
                        for (_, input) in given.entries.iter_mut().take(before) {
                            input.value = computed(input.value.span);
                        }
                        given.unread = more.unread;
                    }
                    given.entries.append(&mut more.entries);
                }
            }
            _ => match self.local(id) {
                Some(local) if self.deeper() => {
                    self.add(local, given);
                    self.depth.set(self.depth.get().saturating_sub(1));
                }
                _ => given.unread = Some(expr.span),
            },
        }
    }

    fn input(&self, id: ExprId) -> Value {
        let value = self.value(id);
        let mut unreadable = None;
        first_unknown(&value, &mut unreadable);
        if unreadable.is_some() { computed(value.span) } else { value }
    }

    fn value(&self, id: ExprId) -> Value {
        constant_of(self.file, id, &|_, id| self.named(id))
    }

    /// A local, or what a function of Terragrunt gives.
    fn named(&self, id: ExprId) -> Option<Value> {
        let span = self.file.expr(id).span;
        if let Some(local) = self.local(id) {
            let value = self.deeper().then(|| self.value(local))?;
            self.depth.set(self.depth.get().saturating_sub(1));
            return Some(Value { span, ..value });
        }
        let ExprKind::Call { name, args, expand: false } = &self.file.expr(id).kind else { return None };
        let args = self.file.list(*args);
        let path = match (self.file.slice(*name), args) {
            ("get_terragrunt_dir" | "get_original_terragrunt_dir", []) => self.seen_from_unit(self.dir)?,
            ("get_parent_terragrunt_dir", []) => self.seen_from_unit(self.own)?,
            ("get_repo_root", []) => self.repository()?,
            ("find_in_parent_folders", []) => self.above(NAME)?,
            ("find_in_parent_folders", [name]) => self.above(&self.text(*name)?)?,
            _ => return None,
        };
        Some(Value::new(path.as_str(), span))
    }

    /// A directory above the unit, as the unit names it: paths are relative to it wherever they are used.
    fn seen_from_unit(&self, above: &Path) -> Option<String> {
        let down = self.dir.strip_prefix(above).ok()?;
        let steps = vec![".."; down.components().count()];
        Some(if steps.is_empty() { ".".to_owned() } else { steps.join("/") })
    }

    /// The expression of `local.name`.
    fn local(&self, id: ExprId) -> Option<ExprId> {
        let ExprKind::GetAttr { base, name } = &self.file.expr(id).kind else { return None };
        let ExprKind::Variable(root) = self.file.expr(*base).kind else { return None };
        self.attribute("locals", self.file.slice(*name)).filter(|_| self.file.slice(root) == "local")
    }

    /// True when one more name may be followed; whoever asked gives it back.
    fn deeper(&self) -> bool {
        let deeper = self.depth.get() < MAX_DEPTH;
        self.depth.set(self.depth.get().saturating_add(u32::from(deeper)));
        deeper
    }

    /// The file of this name in the nearest directory above the unit.
    fn above(&self, name: &str) -> Option<String> {
        let has = |dir: &&Path| self.files.list(dir).iter().any(|it| !it.directory && it.name == name);
        let directory = self.seen_from_unit(self.dir.ancestors().skip(1).find(has)?)?;
        Some(format!("{directory}/{name}"))
    }

    fn repository(&self) -> Option<String> {
        let has = |dir: &&Path| self.files.list(dir).iter().any(|it| it.name == ".git");
        self.seen_from_unit(self.dir.ancestors().find(has)?)
    }
}

/// What only a run of Terragrunt tells.
pub(super) fn computed(place: Span) -> Value {
    Value::unknown(Reason::NotEvaluated("what Terragrunt computes".into()), place)
}
