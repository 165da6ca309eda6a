//! Instances of modules: their variables, locals, outputs and the modules that they call.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::expansion::{Copy, Expansion, Key};
use super::resource::ResourceNode;
use super::scope::{Memo, Repetition, Scope, cells, repetition_names};
use super::setting::without_credentials;
use super::{Evaluator, LEAST_TOTAL};
use crate::diagnostic::{Code, Diagnostic};
use crate::frontend::terraform::project::{Call, Module, Source};
use crate::source::Span;
use crate::value::{Object, Reason, StepKind, Unknown, Value};

/// How deep modules may call one another.
const MAX_NESTING: usize = 64;

/// One instance of a module.
pub(super) struct ModuleInstance<'p> {
    pub(super) module: &'p Module,
    /// What addresses inside start with: `module.a["x"].`
    pub(super) prefix: Arc<str>,
    /// The names of the calls that lead here: `a.b`
    path: String,
    pub(super) caller: Option<Caller<'p>>,
    /// The `module` blocks that lead here, innermost first.
    pub(super) callers: Vec<Span>,
    /// Set when it is not known whether this instance exists.
    pub(super) doubt: Option<Arc<Unknown>>,
    variables: Vec<Memo<Given>>,
    locals: Vec<Memo<Value>>,
    outputs: Vec<Memo<Value>>,
    pub(super) resources: Vec<ResourceNode>,
    calls: Vec<CallNode<'p>>,
    /// Itself, once it is kept.
    pub(super) handle: OnceCell<std::rc::Weak<ModuleInstance<'p>>>,
}

/// Who called a module instance.
pub(super) struct Caller<'p> {
    pub(super) module: Rc<ModuleInstance<'p>>,
    pub(super) call: &'p Call,
    repetition: Repetition,
}

/// A call: how often, and the instances that it makes.
#[derive(Default)]
struct CallNode<'p> {
    expansion: Memo<Rc<Expansion>>,
    children: Memo<Vec<std::rc::Weak<ModuleInstance<'p>>>>,
}

/// The value of a variable, and how it came.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) value: Value,
    pub(super) kind: Option<StepKind>,
}

impl<'p> ModuleInstance<'p> {
    /// The instance of the root module.
    pub(super) fn root(module: &'p Module) -> Self {
        Self {
            module,
            prefix: "".into(),
            path: String::new(),
            caller: None,
            callers: Vec::new(),
            doubt: None,
            variables: cells(module.variables.len()),
            locals: cells(module.locals.len()),
            outputs: cells(module.outputs.len()),
            resources: cells(module.resources.len()),
            calls: cells(module.calls.len()),
            handle: OnceCell::new(),
        }
    }

    fn calls_itself(&self, module: &Module) -> bool {
        let mut here = Some(self);
        while let Some(instance) = here {
            if std::ptr::eq(instance.module, module) {
                return true;
            }
            here = instance.caller.as_ref().map(|caller| &*caller.module);
        }
        false
    }
}

impl<'p> Evaluator<'p> {
    /// Keeps a module instance for as long as the evaluation runs.
    pub(super) fn enter(&self, instance: ModuleInstance<'p>) -> Rc<ModuleInstance<'p>> {
        let instance = Rc::new(instance);
        instance.handle.get_or_init(|| Rc::downgrade(&instance));
        self.modules.borrow_mut().push(instance.clone());
        instance
    }

    /// The value of a variable; `None` when the module declares none of that name.
    pub(super) fn variable(&self, module: &ModuleInstance<'p>, name: &str) -> Option<Given> {
        let (index, ..) = module.module.variables.get_full(name)?;
        let memo = module.variables.get(index)?;
        let given = memo.get(|| self.apart(|| self.given(module, name)));
        Some(given.unwrap_or_else(|| {
            let span = module.module.variables.get(name).map(|variable| variable.span);
            Given { value: self.cycle(&format!("var.{name}"), span), kind: None }
        }))
    }

    fn given(&self, module: &ModuleInstance<'p>, name: &str) -> Given {
        let Some((name, variable)) = module.module.variables.get_key_value(name) else {
            return Given { value: self.cycle(name, None), kind: None };
        };
        let given = match &module.caller {
            None => self.root.inputs.get(name).map(|input| (input.value.clone(), StepKind::VariableFile)),
            Some(caller) => self.argument(caller, name).map(|value| (value, StepKind::ModuleArgument)),
        };
        if let Some((value, kind)) = given {
            let value = variable.of.convert(value);
            match &variable.default {
                Some(default) if value.is_null() && !variable.nullable => {
                    return Given { value: default.clone(), kind: Some(StepKind::VariableDefault) };
                }
                _ => return Given { value, kind: Some(kind) },
            }
        }
        if let Some(default) = &variable.default {
            return Given { value: default.clone(), kind: Some(StepKind::VariableDefault) };
        }
        let mut unknown = Unknown::new(Reason::Variable(name.clone()));
        unknown.not_null = !variable.nullable;
        unknown.symbol = Some(["{", &*module.prefix, "var.", &**name, "}"].concat().replace('/', "|").into());
        Given { value: Value::new(unknown, variable.span), kind: None }
    }

    /// An argument of the call, evaluated where it is written.
    fn argument(&self, caller: &Caller<'p>, name: &str) -> Option<Value> {
        let (file, attribute) = caller.module.module.parts(&caller.call.declared).attribute(name)?;
        let names = repetition_names(&caller.repetition);
        Some(self.sized(self.eval(Scope { module: &caller.module, file, names: names.as_ref() }, attribute.value)))
    }

    /// The value of a local; `None` when there is none of that name.
    pub(super) fn local(&self, module: &ModuleInstance<'p>, name: &str) -> Option<Value> {
        let (index, _, at) = module.module.locals.get_full(name)?;
        let file = module.module.files.get(at.file)?;
        let value = module
            .locals
            .get(index)?
            .get(|| self.apart(|| self.sized(self.eval(Scope { module, file, names: None }, at.id))));
        Some(value.unwrap_or_else(|| self.cycle(&format!("local.{name}"), Some(file.expr(at.id).span))))
    }

    /// The value of an output; `None` when there is none of that name.
    fn output(&self, module: &ModuleInstance<'p>, name: &str) -> Option<Value> {
        let (index, _, declared) = module.module.outputs.get_full(name)?;
        let (file, attribute) = module.module.parts(declared).attribute("value")?;
        let value = module
            .outputs
            .get(index)?
            .get(|| self.apart(|| self.sized(self.eval(Scope { module, file, names: None }, attribute.value))));
        Some(value.unwrap_or_else(|| self.cycle(&format!("output `{name}`"), Some(attribute.span))))
    }

    /// What depends on itself.
    pub(super) fn cycle(&self, what: &str, span: Option<Span>) -> Value {
        let span = span.unwrap_or(Span::new(crate::source::FileId(u32::MAX), 0, 0));
        if span.file.0 != u32::MAX {
            let message = format!("{what} depends on itself");
            self.report(Diagnostic::error(Code::Invalid, span, message));
        }
        Value::unknown(Reason::Invalid(format!("{what} depends on itself").into()), span)
    }

    /// How often a module is called here.
    fn call_expansion(&self, module: &ModuleInstance<'p>, index: usize) -> Rc<Expansion> {
        let (Some((name, call)), Some(node)) = (module.module.calls.get_index(index), module.calls.get(index)) else {
            return Rc::default();
        };
        let parts = module.module.parts(&call.declared);
        let expansion = node.expansion.get(|| self.apart(|| self.expansion(module, parts)));
        expansion.unwrap_or_else(|| {
            let span = parts.first().map(|(_, block)| block.header);
            Rc::new(Expansion::unknown(&self.cycle(&format!("module.{name}"), span)))
        })
    }

    /// The instances that a call makes: none when the module is not present.
    pub(super) fn children(&self, module: &Rc<ModuleInstance<'p>>, index: usize) -> Vec<Rc<ModuleInstance<'p>>> {
        let expansion = self.call_expansion(module, index);
        let Some(node) = module.calls.get(index) else { return Vec::new() };
        // A call whose source is made of its own outputs has none: it is told as not present.
        let children = node.children.get(|| {
            let made = self.make_children(module, index, &expansion);
            made.iter().map(Rc::downgrade).collect::<Vec<_>>()
        });
        children.iter().flatten().filter_map(std::rc::Weak::upgrade).collect()
    }

    /// The arguments of each instance of a call.
    pub(super) fn call_arguments(&self, module: &ModuleInstance<'p>, index: usize) -> Vec<(Key, Object)> {
        const META: [&str; 6] = ["source", "version", "providers", "count", "for_each", "depends_on"];
        let Some((_, call)) = module.module.calls.get_index(index) else { return Vec::new() };
        let parts = module.module.parts(&call.declared);
        let of_copy = |copy: &Copy| {
            let names = repetition_names(&copy.repetition);
            let mut arguments = Object::default();
            for (file, attribute) in parts.attributes() {
                let name = file.slice(attribute.name);
                if !META.contains(&name) {
                    let scope = Scope { module, file, names: names.as_ref() };
                    let value = self.apart(|| self.sized(self.eval(scope, attribute.value)));
                    arguments.insert(name, attribute.name, value);
                }
            }
            (copy.key.clone(), arguments)
        };
        self.call_expansion(module, index).copies.iter().map(of_copy).collect()
    }

    fn make_children(
        &self,
        module: &Rc<ModuleInstance<'p>>,
        index: usize,
        expansion: &Expansion,
    ) -> Vec<Rc<ModuleInstance<'p>>> {
        let Some((name, call)) = module.module.calls.get_index(index) else { return Vec::new() };
        let Some((_, block)) = module.module.parts(&call.declared).first() else { return Vec::new() };
        let path = if module.path.is_empty() { name.to_string() } else { format!("{}.{name}", module.path) };
        let Some(target) = self.called_module(module, call, &path, name, block.header) else { return Vec::new() };
        let mut children = Vec::with_capacity(expansion.copies.len());
        for copy in &expansion.copies {
            if self.modules.borrow().len() >= LEAST_TOTAL && self.modules.borrow().len() >= self.most() {
                self.report_full("module instances", block.header);
                break;
            }
            let prefix = format!("{}module.{name}{}.", module.prefix, copy.key);
            let mut callers = Vec::with_capacity(module.callers.len() + 1);
            callers.push(block.header);
            callers.extend_from_slice(&module.callers);
            let caller = Caller { module: module.clone(), call, repetition: copy.repetition.clone() };
            children.push(self.enter(ModuleInstance {
                prefix: prefix.into(),
                path: path.clone(),
                caller: Some(caller),
                callers,
                doubt: copy.doubt.clone().or_else(|| module.doubt.clone()),
                ..ModuleInstance::root(target)
            }));
        }
        children
    }

    /// The module that a call names, when its text is at hand and it does not call itself.
    fn called_module(
        &self,
        module: &ModuleInstance<'p>,
        call: &'p Call,
        path: &str,
        name: &str,
        span: Span,
    ) -> Option<&'p Module> {
        let fetched = || self.root.manifest.get(path).map(Path::to_owned);
        let dir = match &call.source {
            Source::Local(dir) => Some(dir.clone()),
            Source::Remote(_) => fetched(),
            Source::Early(_) | Source::Unreadable => self.early_source(module, call).or_else(fetched),
        };
        let Some(target) = dir.and_then(|dir| self.project.module(&dir)) else {
            let address = format!("{}module.{name}", module.prefix).into();
            self.missing.borrow_mut().push((address, span, source_text(module, call)));
            return None;
        };
        let endless = module.calls_itself(target);
        if endless || module.callers.len() >= MAX_NESTING {
            let message = if endless {
                format!("module `{name}` calls itself, directly or through others; it is not followed")
            } else {
                format!("module `{name}` is called through more than {MAX_NESTING} others; it is not followed")
            };
            self.report(Diagnostic::error(Code::Bound, span, message));
            return None;
        }
        Some(target)
    }

    /// The directory that a source leads to which names variables or locals.
    fn early_source(&self, module: &ModuleInstance<'p>, call: &'p Call) -> Option<PathBuf> {
        let (file, source) = module.module.parts(&call.declared).attribute("source")?;
        let value = self.apart(|| self.eval(Scope { module, file, names: None }, source.value));
        match Source::of(value.as_str()?, &module.module.dir) {
            Source::Local(dir) => Some(dir),
            _ => None,
        }
    }

    /// What a call is as a value: `module.name`, before any step.
    pub(super) fn call_shape(&self, module: &Rc<ModuleInstance<'p>>, name: &str) -> Option<CallShape<'p>> {
        let (index, _, _) = module.module.calls.get_full(name)?;
        Some(CallShape { expansion: self.call_expansion(module, index), children: self.children(module, index) })
    }

    /// An output of a module instance, before it is placed.
    pub(super) fn child_output(&self, child: &ModuleInstance<'p>, name: &str, span: Span) -> Value {
        match self.output(child, name) {
            Some(value) => value,
            None => self.fail(format!("the module has no output `{name}`"), span),
        }
    }

    /// All outputs of a module instance as an object.
    pub(super) fn outputs(&self, child: &ModuleInstance<'p>, span: Span) -> Value {
        let mut object = Object::default();
        for name in child.module.outputs.keys() {
            let value = self.child_output(child, name, span);
            object.insert(name.clone(), value.span, value);
        }
        Value::object(object, span)
    }
}

/// A call, expanded; without children when its module is not present.
pub(super) struct CallShape<'p> {
    pub(super) expansion: Rc<Expansion>,
    pub(super) children: Vec<Rc<ModuleInstance<'p>>>,
}

/// The source as it is written.
fn source_text(module: &ModuleInstance<'_>, call: &Call) -> String {
    let written = module.module.parts(&call.declared).attribute("source");
    let text = written.map(|(file, it)| file.slice(file.expr(it.value).span).trim_matches('"'));
    let text = text.map(|text| without_credentials(text).into_owned());
    text.unwrap_or_else(|| "without a source".to_owned())
}
