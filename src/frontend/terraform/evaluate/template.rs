//! Templates, and what functions need of the evaluator.

use std::path::PathBuf;
use std::sync::Arc;

use super::expression::elements;
use super::module::ModuleInstance;
use super::scope::{Names, Scope};
use super::traversal::is_set;
use super::{Evaluator, is_invalid};
use crate::frontend::files::{Listed, ReadError, normalise};
use crate::frontend::terraform::convert::invalid;
use crate::frontend::terraform::functions;
use crate::frontend::terraform::operators;
use crate::parse::hcl::{self, ExprId, ExprKind, For, List};
use crate::source::{FileId, Span};
use crate::value::{Unknown, Value, ValueKind};

impl<'p> Evaluator<'p> {
    /// The parts of a template joined; a lone interpolation keeps its type.
    pub(super) fn template(&self, scope: Scope<'_, 'p>, parts: List, span: Span) -> Value {
        let ids = scope.file.list(parts);
        if let [only] = ids
            && !is_text(&scope.file.expr(*only).kind)
        {
            return Value { span, ..self.eval(scope, *only) };
        }
        let values: Vec<Value> = ids.iter().map(|id| self.eval(scope, *id)).collect();
        self.derived(&values, operators::join(&values, span))
    }

    pub(super) fn template_if(
        &self,
        scope: Scope<'_, 'p>,
        condition: ExprId,
        then: ExprId,
        otherwise: Option<ExprId>,
        span: Span,
    ) -> Value {
        let value = self.conditional(scope, condition, then, otherwise, span);
        Value { span, ..value }
    }

    pub(super) fn template_for(&self, scope: Scope<'_, 'p>, it: &For, span: Span) -> Value {
        let set = is_set(scope, it.collection);
        let collection = self.eval(scope, it.collection);
        let Some(elements) = elements(&collection, set) else {
            let failed = self.fail("this value has no elements", span);
            return if is_invalid(&collection) { Value { span, ..collection } } else { failed };
        };
        let mut pieces = Vec::with_capacity(elements.len());
        for (key_value, item, doubt) in elements {
            if !self.step() {
                return self.bounded("loop steps", span);
            }
            let key_name = it.key_name.map_or("", |key| scope.file.slice(key));
            let key_names = Names { name: key_name, value: &key_value, up: scope.names };
            let up = if it.key_name.is_some() { Some(&key_names) } else { scope.names };
            let names = Names { name: scope.file.slice(it.value_name), value: &item, up };
            pieces.push(match doubt {
                Some(why) => Value::new(Unknown { prefix: None, symbol: None, ..Unknown::clone(&why) }, span),
                None => self.eval(scope.with(Some(&names)), it.value),
            });
        }
        self.noted(operators::join(&pieces, span))
    }

    /// Calls a function that is not lazy.
    pub(super) fn call_function(&self, scope: Scope<'_, 'p>, name: &str, args: &[Value], span: Span) -> Value {
        let context = FunctionContext { evaluator: self, module: scope.module };
        functions::call(name, args, span, &context)
    }
}

fn is_text(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::Literal(_) | ExprKind::Decoded(_) | ExprKind::TemplateIf { .. } | ExprKind::TemplateFor(_))
}

/// What functions that read files see.
struct FunctionContext<'a, 'p> {
    evaluator: &'a Evaluator<'p>,
    module: &'a ModuleInstance<'p>,
}

impl FunctionContext<'_, '_> {
    /// Paths are relative to the root module, where Terraform runs.
    fn path(&self, path: &str) -> PathBuf {
        normalise(&self.evaluator.root.dir.join(path))
    }
}

impl functions::Context for FunctionContext<'_, '_> {
    fn read(&self, path: &str) -> Result<Arc<str>, ReadError> {
        self.evaluator.project.files().read(&self.path(path))
    }

    fn list(&self, directory: &str) -> Vec<Listed> {
        self.evaluator.project.files().list(&self.path(directory))
    }

    fn root(&self) -> &str {
        &self.evaluator.root.shown
    }

    fn render(&self, template: &Arc<str>, variables: &Value, span: Span) -> Value {
        if self.evaluator.rendering.replace(true) {
            return invalid("a template cannot render another one", span);
        }
        let value = self.rendered(template, variables, span);
        self.evaluator.rendering.set(false);
        Value { span, origin: None, ..value }
    }
}

impl FunctionContext<'_, '_> {
    fn rendered(&self, template: &Arc<str>, variables: &Value, span: Span) -> Value {
        let (file, id, problems) = hcl::parse_template(FileId(u32::MAX), template.clone());
        let (Some(id), true) = (id, problems.is_empty()) else {
            return invalid("the template could not be parsed", span);
        };
        let ValueKind::Object(object) = &variables.kind else {
            return match variables.as_unknown() {
                Some(unknown) => {
                    Value::new(Unknown { not_null: true, prefix: None, symbol: None, ..Unknown::clone(unknown) }, span)
                }
                None => invalid("the variables of a template are a map", span),
            };
        };
        let mut names: Vec<(&str, Value)> = Vec::with_capacity(object.entries.len());
        for (name, entry) in &object.entries {
            names.push((name, Value { span, ..entry.value.clone() }));
        }
        with_names(&names, None, &mut |names| {
            let scope = Scope { module: self.module, file: &file, names };
            self.evaluator.apart(|| self.evaluator.eval(scope, id))
        })
    }
}

/// Calls `work` with a chain of names.
fn with_names(
    names: &[(&str, Value)],
    up: Option<&Names<'_>>,
    work: &mut dyn FnMut(Option<&Names<'_>>) -> Value,
) -> Value {
    let Some(((name, value), rest)) = names.split_first() else { return work(up) };
    with_names(rest, Some(&Names { name, value, up }), work)
}
