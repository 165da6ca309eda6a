//! Evaluation of one root: its module instances, and in them the instances of every resource and data source.
//!
//! In: a loaded [`Project`] and one of its roots. Out: [`Instance`]s in the order of the text. Everything is computed
//! when first asked for and then kept: a variable, a local, an output, an argument of a resource. What depends on
//! itself is Unknown. Knows no azurerm type.

mod block;
mod expansion;
mod expression;
mod module;
mod provider;
mod resource;
mod scope;
mod setting;
mod switched_off;
mod template;
mod traversal;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use self::module::ModuleInstance;
use self::scope::Scope;
use super::convert::invalid;
use super::instance::{Instance, Mode};
use super::project::{Item, Project, Root};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::model::Presence;
use crate::parse::hcl;
use crate::source::{FileId, Span};
use crate::value::{Reason, Unknown, Value, ValueKind};

/// The most instances of one `count` or `for_each`.
const MAX_INSTANCES: usize = 10_000;

/// The most instances of one root.
const MAX_TOTAL: usize = 40_000;

/// As many are evaluated however little memory there is.
const LEAST_TOTAL: usize = 5_000;

/// What an instance takes until it is judged, with what is found in it, beside that of another root at the same time.
const INSTANCE_BYTES: u64 = 20 * 1024;

/// How many evaluations may be under way inside one another.
const MAX_DEPTH: u32 = 3_000;

/// How many steps the loops of one root may take.
const MAX_STEPS: u64 = 4_000_000;

/// How many parts a value that is kept may have: what shares its parts grows without growing in memory.
const MAX_LEAVES: u32 = 2_000_000;

/// Enough for [`MAX_DEPTH`]: an optimised build takes some 5 MiB. Only what is used is ever backed by memory.
pub const DEEP_STACK: usize = if cfg!(debug_assertions) { 192 << 20 } else { 48 << 20 };

/// All instances of a root.
pub(super) fn evaluate(project: &Project<'_>, root: &Root) -> (Vec<Instance>, Vec<Diagnostic>) {
    on_deep_stack(|| {
        let evaluator = Evaluator::new(project, root);
        let mut instances = evaluator.instances();
        evaluator.count_missing(&instances);
        instances.extend(evaluator.settings());
        evaluator.note_switched_off();
        (instances, evaluator.diagnostics.into_inner())
    })
}

/// The value of an expression in the scope of a root, as `terraform console` would have it.
pub(super) fn expression(project: &Project<'_>, root: &Root, text: &str) -> Value {
    on_deep_stack(|| {
        let (file, id, problems) = hcl::parse_expression(FileId(u32::MAX), text.into());
        let (Some(id), true) = (id, problems.is_empty()) else {
            return invalid("it is not an expression", file_span(&file));
        };
        let evaluator = Evaluator::new(project, root);
        let Some(module) = evaluator.start() else { return invalid("the root has no module", file_span(&file)) };
        evaluator.eval(Scope { module: &module, file: &file, names: None }, id)
    })
}

/// The outputs of a root, as an object.
pub(super) fn outputs(project: &Project<'_>, root: &Root) -> Value {
    on_deep_stack(|| {
        let evaluator = Evaluator::new(project, root);
        let nowhere = Span::new(FileId(u32::MAX), 0, 0);
        evaluator
            .start()
            .map_or_else(|| invalid("the root has no module", nowhere), |root| evaluator.outputs(&root, nowhere))
    })
}

fn file_span(file: &hcl::File) -> Span {
    Span::new(file.file, 0, u32::try_from(file.text.len()).unwrap_or(u32::MAX))
}

thread_local! {
    /// True on a thread whose stack is deep enough.
    static DEEP: Cell<bool> = const { Cell::new(false) };
}

/// Says that the stack of this thread has [`DEEP_STACK`] bytes.
pub fn is_on_deep_stack() {
    DEEP.set(true);
}

/// Whether somebody said so.
pub fn has_deep_stack() -> bool {
    DEEP.get()
}

/// Runs on a thread whose stack holds the deepest evaluation that the bounds allow: on this one when it is such a thread.
///
/// # Panics
///
/// When `work` does.
pub fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if DEEP.get() {
        return work();
    }
    let work = std::sync::Mutex::new(Some(work));
    let run = || work.lock().ok().and_then(|mut work| work.take()).map(|work| work());
    let done = std::thread::scope(|scope| {
        let deep = || {
            is_on_deep_stack();
            run()
        };
        let thread =
            std::thread::Builder::new().name("evaluate".into()).stack_size(DEEP_STACK).spawn_scoped(scope, deep);
        thread.ok().and_then(|thread| thread.join().ok().flatten())
    });
    // Without a thread, the stack at hand has to do.
    done.or_else(run).expect("the work was not yet taken, or its thread gave the result")
}

/// The evaluation of one root.
pub(super) struct Evaluator<'p> {
    project: &'p Project<'p>,
    root: &'p Root,
    modules: RefCell<Vec<Rc<ModuleInstance<'p>>>>,
    providers: RefCell<provider::Providers>,
    diagnostics: RefCell<Vec<Diagnostic>>,
    reported: RefCell<FxHashSet<(Span, Code)>>,
    missing: RefCell<Vec<(Arc<str>, Span, String)>>,
    /// What nearly every block is: one instance.
    once: Rc<expansion::Expansion>,
    switched_off: RefCell<switched_off::SwitchedOff<'p>>,
    /// Counts expressions that Terraform would refuse: `try` and `can` look at it.
    failures: Cell<u32>,
    depth: Cell<u32>,
    steps: Cell<u64>,
    /// How many instances the root may have.
    most: OnceCell<usize>,
    /// True once the bound on everything that a root holds was reported.
    full: Cell<bool>,
    /// True while a template file is rendered.
    rendering: Cell<bool>,
}

impl<'p> Evaluator<'p> {
    fn new(project: &'p Project<'p>, root: &'p Root) -> Self {
        Self {
            project,
            root,
            modules: RefCell::default(),
            providers: RefCell::default(),
            diagnostics: RefCell::default(),
            reported: RefCell::default(),
            missing: RefCell::default(),
            once: Rc::default(),
            switched_off: RefCell::default(),
            failures: Cell::new(0),
            depth: Cell::new(0),
            steps: Cell::new(0),
            most: OnceCell::new(),
            full: Cell::new(false),
            rendering: Cell::new(false),
        }
    }

    fn start(&self) -> Option<Rc<ModuleInstance<'p>>> {
        Some(self.enter(ModuleInstance::root(self.project.root_module(self.root)?)))
    }

    fn instances(&self) -> Vec<Instance> {
        let mut instances = Vec::new();
        if let Some(root) = self.start() {
            self.collect(&root, &mut instances);
        }
        instances
    }

    /// The instances of a module instance and of everything below it, in the order of the text.
    fn collect(&self, module: &Rc<ModuleInstance<'p>>, instances: &mut Vec<Instance>) {
        for item in &module.module.order {
            match item {
                Item::Resource(index) => self.collect_resource(module, *index, instances),
                Item::Call(index) => {
                    let children = self.children(module, *index);
                    if children.is_empty() {
                        self.collect_missing(module, *index, instances);
                    }
                    for child in children {
                        self.collect(&child, instances);
                    }
                }
            }
        }
    }

    /// A module that is not here: what it is given tells what it may be related to.
    fn collect_missing(&self, module: &Rc<ModuleInstance<'p>>, index: usize, instances: &mut Vec<Instance>) {
        let Some((name, call)) = module.module.calls.get_index(index) else { return };
        let parts = module.module.parts(&call.declared);
        let Some((_, block)) = parts.first() else { return };
        let reason = Reason::MissingModule(format!("{}module.{name}", module.prefix).into());
        let called = self.call_arguments(module, index);
        if called.is_empty() {
            self.switch_off(module, format!("{}module.{name}", module.prefix).into(), parts);
        }
        for (key, arguments) in called {
            instances.push(Instance {
                address: format!("{}module.{name}{key}", module.prefix).into(),
                mode: Mode::MissingModule,
                block_type: "module".into(),
                body: Value::object(arguments, block.header),
                span: block.span,
                header: block.header,
                callers: module.callers.clone(),
                presence: Presence::Possible(Arc::new(Unknown::new(reason.clone()))),
                provider: self.provider_of(module, parts),
            });
        }
    }

    fn collect_resource(&self, module: &Rc<ModuleInstance<'p>>, index: usize, instances: &mut Vec<Instance>) {
        let Some((key, declared)) = module.module.resources.get_index(index) else { return };
        let parts = module.module.parts(declared);
        let Some((_, block)) = parts.first() else { return };
        let expansion = self.resource_expansion(module, index);
        if expansion.copies.is_empty() && !key.data {
            self.switch_off(module, self.resource_address(module, index, None), parts);
        }
        for copy in 0..expansion.copies.len() {
            if instances.len() >= LEAST_TOTAL && instances.len() >= self.most() {
                self.report_full("resources", block.header);
                return;
            }
            let Some(body) = self.instance_body(module, index, copy) else { continue };
            let doubt = expansion.copies.get(copy).and_then(|copy| copy.doubt.clone());
            let presence = match doubt.or_else(|| module.doubt.clone()) {
                _ if key.data => Presence::Existing,
                Some(doubt) => Presence::Possible(doubt),
                None => Presence::Certain,
            };
            instances.push(Instance {
                address: self.resource_address(module, index, Some(copy)),
                mode: if key.data { Mode::Data } else { Mode::Managed },
                block_type: key.block_type.clone(),
                body,
                span: block.span,
                header: block.header,
                callers: module.callers.clone(),
                presence,
                provider: self.provider_of(module, parts),
            });
        }
    }

    /// Adds a diagnostic, once for each place and kind.
    fn report(&self, diagnostic: Diagnostic) {
        let place = diagnostic.span.map(|span| (span, diagnostic.code));
        if place.is_none_or(|place| self.reported.borrow_mut().insert(place)) {
            self.diagnostics.borrow_mut().push(diagnostic);
        }
    }

    /// How many instances the root may have: fewer where memory is limited, so that the run comes to an end.
    fn most(&self) -> usize {
        let fitting = |memory: u64| usize::try_from(memory / INSTANCE_BYTES).unwrap_or(MAX_TOTAL);
        let most = || self.project.memory().map_or(MAX_TOTAL, |it| fitting(it).clamp(LEAST_TOTAL, MAX_TOTAL));
        *self.most.get_or_init(most)
    }

    /// Says once that a root holds more than is evaluated.
    fn report_full(&self, what: &str, span: Span) {
        if !self.full.replace(true) {
            let message = format!("this root has more than {} {what}; the rest is not judged", self.most());
            self.report(Diagnostic::error(Code::Bound, span, message));
        }
    }

    /// Names each module that is not present, and how many resources read from it.
    fn count_missing(&self, instances: &[Instance]) {
        let missing = self.missing.take();
        if missing.is_empty() {
            return;
        }
        let managed = || instances.iter().filter(|instance| instance.mode == Mode::Managed);
        let readers = |address: &str| managed().filter(|instance| reads_module(&instance.body, address)).count();
        for (address, span, source) in missing {
            let count = readers(&address);
            let message = match count {
                0 => format!("the module `{source}` is not on this machine; what it declares is not judged"),
                1 => format!("the module `{source}` is not on this machine; 1 resource reads its outputs"),
                _ => format!("the module `{source}` is not on this machine; {count} resources read its outputs"),
            };
            let help = "run `terraform init` so that its text is in .terraform/modules";
            self.report(Diagnostic::warning(Code::MissingModule, span, message).with_help(help));
        }
    }

    /// An expression that Terraform would refuse.
    fn fail(&self, why: impl Into<Arc<str>>, span: Span) -> Value {
        self.failures.set(self.failures.get().saturating_add(1));
        invalid(why, span)
    }

    /// Counts a result that became invalid here.
    fn noted(&self, result: Value) -> Value {
        if is_invalid(&result) {
            self.failures.set(self.failures.get().saturating_add(1));
        }
        result
    }

    /// Evaluates something that is kept: what fails inside is not this expression's failure.
    fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = self.failures.get();
        let result = work();
        self.failures.set(before);
        result
    }

    /// One more step of a loop; false when the bound is reached.
    fn step(&self) -> bool {
        let steps = self.steps.get().saturating_add(1);
        self.steps.set(steps);
        steps <= MAX_STEPS
    }

    /// What is kept, unless it is larger than anything that a configuration needs.
    fn sized(&self, value: Value) -> Value {
        let mut left = MAX_LEAVES;
        if fits(&value, &mut left) { value } else { self.bounded("value size", value.span) }
    }

    fn bounded(&self, what: &str, span: Span) -> Value {
        let message = format!("evaluation stopped here: the bound on {what} was reached");
        self.report(Diagnostic::error(Code::Bound, span, message).with_severity(Severity::Error));
        Value::unknown(Reason::Bound(what.into()), span)
    }
}

/// Counts the parts of a value down; false when there are more than `left`. Shared parts count each time.
fn fits(value: &Value, left: &mut u32) -> bool {
    *left = left.saturating_sub(1);
    *left > 0
        && match &value.kind {
            ValueKind::Array(array) => array.items.iter().all(|item| fits(item, left)),
            ValueKind::Object(object) => object.entries.values().all(|entry| fits(&entry.value, left)),
            _ => true,
        }
}

fn is_invalid(value: &Value) -> bool {
    matches!(&value.kind, ValueKind::Unknown(unknown) if matches!(unknown.reason, Reason::Invalid(_)))
}

fn reads_module(value: &Value, address: &str) -> bool {
    let missing =
        |unknown: &crate::value::Unknown| matches!(&unknown.reason, Reason::MissingModule(it) if **it == *address);
    match &value.kind {
        ValueKind::Unknown(unknown) => missing(unknown),
        ValueKind::Array(array) => {
            array.items.iter().any(|item| reads_module(item, address))
                || array.rest.as_ref().is_some_and(|it| missing(it))
        }
        ValueKind::Object(object) => {
            object.entries.values().any(|entry| reads_module(&entry.value, address))
                || object.rest.as_ref().is_some_and(|it| missing(it))
        }
        _ => false,
    }
}
