//! Traversals: `var.a.b`, `local.x[0]`, `each.value.y`, `azurerm_x.y.id`, `module.m["k"].output`, and their roots.

use std::path::{Component, Path};
use std::rc::Rc;

use super::expansion::{Key, Shape};
use super::expression::placed;
use super::module::{CallShape, ModuleInstance};
use super::scope::{SPLAT_ITEM, Scope};
use super::{Evaluator, is_invalid};
use crate::frontend::files::slashes;
use crate::frontend::terraform::project::{ResourceName, Type};
use crate::frontend::terraform::{functions, operators};
use crate::parse::hcl::{ExprId, ExprKind};
use crate::source::Span;
use crate::value::{Array, Object, Reason, StepKind, Unknown, Value, ValueKind};

/// One step into a value.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// `.name`
    Name(Span),
    /// `[key]`
    Key(ExprId),
}

/// As many steps of a traversal lie on the stack.
const FEW: usize = 6;

/// The last step of a traversal, and what it steps from.
fn last_step(scope: Scope<'_, '_>, id: ExprId) -> Option<(Step, ExprId)> {
    match &scope.file.expr(id).kind {
        ExprKind::GetAttr { base, name } => Some((Step::Name(*name), *base)),
        ExprKind::Index { base, key } => Some((Step::Key(*key), *base)),
        _ => None,
    }
}

impl<'p> Evaluator<'p> {
    /// The value of a traversal, used where the traversal is written.
    pub(super) fn traversal(&self, scope: Scope<'_, 'p>, id: ExprId) -> Value {
        let span = scope.file.expr(id).span;
        // The last step is met first. Few are kept in place: nearly every traversal has two or three.
        let mut few = [Step::Key(id); FEW];
        let (mut base, mut count, mut many) = (id, 0_usize, Vec::new());
        while let Some((step, inner)) = last_step(scope, base) {
            count = count.saturating_add(1);
            match FEW.checked_sub(count).and_then(|at| few.get_mut(at)) {
                Some(place) => *place = step,
                None => many.push(step),
            }
            base = inner;
        }
        let few = few.get(FEW.saturating_sub(count)..).unwrap_or(&[]);
        many.reverse();
        many.extend_from_slice(if many.is_empty() { &[] } else { few });
        let steps = if many.is_empty() { few } else { &many };
        match &scope.file.expr(base).kind {
            ExprKind::Variable(name) => self.named(scope, scope.file.slice(*name), steps, span),
            ExprKind::SplatItem => match scope.name(SPLAT_ITEM) {
                Some(item) => self.walk(scope, item.clone(), steps, span).through(StepKind::Each, span),
                None => self.fail("a splat has no element here", span),
            },
            _ => {
                let value = self.eval(scope, base);
                placed(self.walk(scope, value, steps, span), span)
            }
        }
    }

    /// A traversal from a name.
    fn named(&self, scope: Scope<'_, 'p>, root: &str, steps: &[Step], span: Span) -> Value {
        if let Some(value) = scope.name(root) {
            return self.walk(scope, value.clone(), steps, span).through(StepKind::Each, span);
        }
        let (name, rest) = match steps.split_first() {
            Some((Step::Name(name), rest)) => (scope.file.slice(*name), rest),
            _ => return self.fail(format!("`{root}` is no value by itself"), span),
        };
        match root {
            "var" => self.variable_at(scope, name, rest, span),
            "local" => match self.local(scope.module, name) {
                Some(value) => self.walk(scope, value, rest, span).through(StepKind::Local, span),
                None => self.fail(format!("there is no local `{name}`"), span),
            },
            "module" => self.call_at(scope, name, rest, span),
            "data" => self.data_at(scope, name, rest, span),
            "path" => self.path(scope, name, span),
            "terraform" | "tofu" if name == "workspace" => Value::new("default", span),
            "each" | "count" => self.fail(format!("`{root}` has no value outside of for_each and count"), span),
            "self" | "ephemeral" | "terraform" | "tofu" => {
                Value::unknown(Reason::NotEvaluated(format!("`{root}`").into()), span)
            }
            _ => self.resource_at(scope, ResourceName { data: false, block_type: root, name }, rest, span),
        }
    }

    fn variable_at(&self, scope: Scope<'_, 'p>, name: &str, rest: &[Step], span: Span) -> Value {
        let Some(given) = self.variable(scope.module, name) else {
            return self.fail(format!("the variable `{name}` is not declared"), span);
        };
        let value = self.walk(scope, given.value, rest, span);
        let declared = scope.module.module.variables.get(name).map(|variable| variable.span);
        match given.kind {
            Some(_) if declared.is_some_and(|block| block.contains(value.span)) => {
                value.through(StepKind::VariableDefault, span)
            }
            Some(kind) => value.through(kind, span),
            None => Value { span, ..value },
        }
    }

    fn data_at(&self, scope: Scope<'_, 'p>, block_type: &str, rest: &[Step], span: Span) -> Value {
        match rest.split_first() {
            Some((Step::Name(name), rest)) => {
                let name = ResourceName { data: true, block_type, name: scope.file.slice(*name) };
                self.resource_at(scope, name, rest, span)
            }
            _ => self.fail("`data` is followed by a type and a name", span),
        }
    }

    fn path(&self, scope: Scope<'_, 'p>, name: &str, span: Span) -> Value {
        match name {
            "root" => Value::new(".", span),
            "module" => Value::new(relative(&self.root.dir, &scope.module.module.dir), span),
            "cwd" => Value::new(functions::below_run(&self.root.shown, "", "path.cwd"), span),
            _ => self.fail(format!("there is no `path.{name}`"), span),
        }
    }

    /// `module.name...`
    fn call_at(&self, scope: Scope<'_, 'p>, name: &str, rest: &[Step], span: Span) -> Value {
        let Some(module) = shared(scope.module) else { return self.fail("the module is not there", span) };
        let Some(shape) = self.call_shape(&module, name) else {
            return self.fail(format!("there is no module `{name}`"), span);
        };
        if shape.children.is_empty() && !shape.expansion.copies.is_empty() {
            let address = format!("{}module.{name}", scope.module.prefix);
            let mut unknown = Unknown::new(Reason::MissingModule(address.clone().into()));
            unknown.symbol = Some(format!("{{{address}}}").replace('/', "|").into());
            let value = Value::new(unknown, span);
            return Value { span, ..self.walk(scope, value, rest, span) };
        }
        match shape.expansion.shape {
            Shape::Single => match shape.children.first() {
                Some(child) => self.child_at(scope, child, rest, span),
                None => Value::new(ValueKind::Null, span),
            },
            Shape::Count | Shape::ForEach => match rest.split_first() {
                Some((Step::Key(key), rest)) => {
                    let key = self.eval(scope, *key);
                    self.child_of_key(scope, &shape, &key, rest, span)
                }
                Some((Step::Name(name), rest)) => {
                    let key = Value::new(scope.file.slice(*name), *name);
                    self.child_of_key(scope, &shape, &key, rest, span)
                }
                None => self.whole_call(&shape, span),
            },
        }
    }

    fn child_of_key(
        &self,
        scope: Scope<'_, 'p>,
        shape: &CallShape<'p>,
        key: &Value,
        rest: &[Step],
        span: Span,
    ) -> Value {
        if let Some(child) = shape.expansion.find(key).and_then(|copy| shape.children.get(copy)) {
            return self.child_at(scope, child, rest, span);
        }
        let open = shape.expansion.copies.iter().position(|copy| copy.key == Key::None);
        if let Some(child) = open.and_then(|copy| shape.children.get(copy)) {
            return self.child_at(scope, child, rest, span);
        }
        match key.as_unknown() {
            Some(_) => self.walk(scope, operators::index(&self.whole_call(shape, span), key, span), rest, span),
            None => self.fail("the module has no such instance", span),
        }
    }

    fn child_at(&self, scope: Scope<'_, 'p>, child: &Rc<ModuleInstance<'p>>, rest: &[Step], span: Span) -> Value {
        match rest.split_first() {
            Some((Step::Name(name), rest)) => {
                let value = self.child_output(child, scope.file.slice(*name), span);
                self.walk(scope, value, rest, span).through(StepKind::Output, span)
            }
            Some((Step::Key(key), rest)) => match operators::key_text(&self.eval(scope, *key)) {
                Some(name) => {
                    let value = self.child_output(child, &name, span);
                    self.walk(scope, value, rest, span).through(StepKind::Output, span)
                }
                None => self.fail("an output is named by a string", span),
            },
            None => self.outputs(child, span),
        }
    }

    /// All instances of a call, as a list or a map of their outputs.
    fn whole_call(&self, shape: &CallShape<'p>, span: Span) -> Value {
        let rest = shape.expansion.open().cloned();
        let known = shape.expansion.copies.iter().zip(&shape.children).filter(|(copy, _)| copy.key != Key::None);
        if shape.expansion.shape == Shape::Count {
            let items = known.map(|(_, child)| self.outputs(child, span)).collect();
            return Value::new(ValueKind::Array(Array { items, rest }.into()), span);
        }
        let mut object = Object { rest, ..Object::default() };
        for (copy, child) in known {
            if let Key::Name(name) = &copy.key {
                object.insert(name.clone(), span, self.outputs(child, span));
            }
        }
        Value::object(object, span)
    }

    /// The steps applied to a value.
    pub(super) fn walk(&self, scope: Scope<'_, 'p>, mut value: Value, steps: &[Step], span: Span) -> Value {
        let way = (!steps.is_empty() && !value.steps().is_empty()).then(|| (value.span, value.origin.clone()));
        for step in steps {
            let failed = is_invalid(&value);
            value = match step {
                Step::Name(name) => operators::attribute(&value, scope.file.slice(*name), span),
                Step::Key(key) => operators::index(&value, &self.eval(scope, *key), span),
            };
            if is_invalid(&value) && !failed {
                value = self.noted(value);
            }
        }
        match way {
            Some((span, Some(origin))) => value.along(span, &origin),
            _ => value,
        }
    }
}

/// True when an expression gives a set, whose keys are its elements.
pub(super) fn is_set(scope: Scope<'_, '_>, id: ExprId) -> bool {
    match &scope.file.expr(id).kind {
        ExprKind::Call { name, .. } => {
            matches!(
                scope.file.slice(*name),
                "toset" | "setunion" | "setintersection" | "setsubtract" | "setproduct" | "fileset"
            )
        }
        ExprKind::Parenthesis(inner) => is_set(scope, *inner),
        _ => stated_type(scope, id).is_some_and(|of| matches!(of, Type::Set(_))),
    }
}

/// True when an expression gives a list, set or tuple even when it is null.
pub(super) fn is_sequence(scope: Scope<'_, '_>, id: ExprId) -> bool {
    let stated = |of: &Type| matches!(of, Type::List(_) | Type::Set(_) | Type::Tuple(_));
    match &scope.file.expr(id).kind {
        ExprKind::Call { name, .. } => matches!(scope.file.slice(*name), "tolist" | "toset"),
        ExprKind::Parenthesis(inner) => is_sequence(scope, *inner),
        _ => stated_type(scope, id).is_some_and(stated),
    }
}

/// The type that the variable states which a traversal leads into.
fn stated_type<'p>(scope: Scope<'_, 'p>, id: ExprId) -> Option<&'p Type> {
    let ExprKind::GetAttr { base, name } = &scope.file.expr(id).kind else { return None };
    let name = scope.file.slice(*name);
    match &scope.file.expr(*base).kind {
        ExprKind::Variable(root) if scope.file.slice(*root) == "var" => {
            scope.module.module.variables.get(name).map(|variable| &variable.of)
        }
        _ => match stated_type(scope, *base)? {
            Type::Object(attributes) => attributes.get(name).map(|attribute| &attribute.of),
            Type::Map(element) => Some(&**element),
            _ => None,
        },
    }
}

/// The shared handle of a module instance.
fn shared<'p>(module: &ModuleInstance<'p>) -> Option<Rc<ModuleInstance<'p>>> {
    module.handle.get().and_then(std::rc::Weak::upgrade)
}

/// The way from one directory to another, as `path.module` has it.
fn relative(from: &Path, to: &Path) -> String {
    let (mut a, mut b) = (from.components().peekable(), to.components().peekable());
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        if x != y {
            break;
        }
        a.next();
        b.next();
    }
    let mut way = std::path::PathBuf::new();
    for _ in a {
        way.push(Component::ParentDir);
    }
    way.extend(b);
    let text = slashes(&way);
    if text.is_empty() { ".".to_owned() } else { text }
}
