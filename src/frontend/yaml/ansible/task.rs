//! Plays, blocks and tasks in the order in which they run.
//!
//! In: lists, and the variables at hand. Out: what each task of Azure makes. Keeps track of facts and registered results; conditions
//! are not evaluated but for `true` and `false`.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::jinja::Variables;
use super::resource;
use crate::frontend::yaml::arguments::Bridged;
use crate::model::{Presence, Resource};
use crate::source::Span;
use crate::value::{Entry, Object, Reason, Reference, Unknown, Value, ValueKind};

/// Where plays and blocks hold tasks.
pub(super) const SECTIONS: [&str; 7] = ["pre_tasks", "roles", "tasks", "block", "rescue", "always", "post_tasks"];

/// The most elements of one loop.
const MAX_LOOP: usize = 1_000;

/// What a task makes.
pub(super) enum Made {
    Module(Bridged),
    Resource(Box<Resource>),
    Unmapped(Arc<str>),
}

/// The module of Azure that a task calls, and its arguments.
pub(in crate::frontend::yaml) fn module_of(task: &Object) -> Option<(&str, &Entry)> {
    task.entries.iter().find_map(|(key, entry)| {
        let name = key.strip_prefix("azure.azcollection.").unwrap_or(key);
        name.starts_with("azure_rm_").then_some((name, entry))
    })
}

/// Walks lists of tasks.
pub(super) struct Walker {
    variables: Variables,
    conditions: Vec<Arc<Unknown>>,
    /// `module_defaults` of what is around, the nearest last.
    defaults: Vec<Object>,
    made: IndexMap<Arc<str>, Made, FxBuildHasher>,
}

impl Walker {
    pub(super) fn new(variables: Variables) -> Self {
        Self { variables, conditions: Vec::new(), defaults: Vec::new(), made: IndexMap::default() }
    }

    /// What was made, in order.
    pub(super) fn finish(self) -> impl Iterator<Item = Made> {
        self.made.into_values()
    }

    /// A list of plays, blocks and tasks.
    pub(super) fn list(&mut self, list: &Value) {
        for item in list.as_array().into_iter().flat_map(|it| &it.items) {
            if let Some(object) = item.as_object() {
                self.item(object, item.span);
            }
        }
    }

    fn item(&mut self, object: &Object, span: Span) {
        let before = self.variables.clone();
        let conditions = self.conditions.len();
        let vars = object.value("vars").and_then(Value::as_object).cloned();
        self.variables.add(vars.unwrap_or_default());
        let defaults = self.defaults.len();
        self.defaults.extend(object.value("module_defaults").and_then(Value::as_object).cloned());
        let runs = self.condition(object);
        if runs {
            if SECTIONS.iter().any(|it| object.value(it).is_some_and(|it| it.as_array().is_some())) {
                SECTIONS.iter().filter_map(|it| Some((*it, object.value(it)?))).for_each(|it| self.section(it));
            } else {
                self.task(object, span);
            }
        }
        let certain = self.conditions.len() == conditions;
        self.conditions.truncate(conditions);
        self.defaults.truncate(defaults);
        self.variables = before;
        if runs {
            self.facts(object, certain);
        }
    }

    /// What a `rescue` does is done only when something went wrong.
    fn section(&mut self, (name, list): (&str, &Value)) {
        let conditions = self.conditions.len();
        if name == "rescue" {
            self.conditions.push(Arc::new(Unknown::new(Reason::NotEvaluated("a `rescue`".into()))));
        }
        self.list(list);
        self.conditions.truncate(conditions);
    }

    /// What `module_defaults` say of a module, by itself and as one of its group, where nothing is written.
    fn add_defaults(&self, module: &str, arguments: &mut Object) {
        let full = format!("azure.azcollection.{module}");
        for defaults in self.defaults.iter().rev() {
            for key in [module, &full, "group/azure", "group/azure.azcollection.azure"] {
                let Some(value) = defaults.value(key).map(|it| self.variables.value(it)) else { continue };
                for (name, entry) in value.as_object().into_iter().flat_map(|it| &it.entries) {
                    arguments.entries.entry(name.clone()).or_insert_with(|| entry.clone());
                }
            }
        }
    }

    /// False when the item certainly does not run; what is not known is kept.
    fn condition(&mut self, object: &Object) -> bool {
        let Some(when) = object.value("when") else { return true };
        let all = when.as_array().map_or(std::slice::from_ref(when), |it| it.items.as_slice());
        for one in all {
            match (one.as_bool(), one.as_str()) {
                (Some(true), _) | (_, Some("true" | "True")) => {}
                (Some(false), _) | (_, Some("false" | "False")) => return false,
                _ => self.conditions.push(Arc::new(Unknown::new(Reason::NotEvaluated("`when`".into())))),
            }
        }
        true
    }

    fn task(&mut self, task: &Object, span: Span) {
        let Some((module, entry)) = module_of(task) else { return };
        if module.ends_with("_info") || module.ends_with("_facts") || is_true(task.value("check_mode")) {
            return;
        }
        let header = entry.key_span;
        let Some((items, why)) = self.items(task) else {
            self.call(module, entry, header, span, task);
            return;
        };
        let before = (self.variables.clone(), self.conditions.len());
        let name = loop_variable(task);
        for item in items {
            let mut layer = Object::default();
            layer.insert(name, item.span, item);
            self.variables = before.0.with(layer);
            self.call(module, entry, header, span, task);
        }
        if let Some(why) = why {
            self.variables = before.0.clone();
            let mut layer = Object::default();
            layer.insert(name, header, Value::new(ValueKind::Unknown(why.clone()), header));
            self.variables.add(layer);
            self.conditions.push(why);
            self.call(module, entry, header, span, task);
        }
        self.conditions.truncate(before.1);
        self.variables = before.0;
    }

    /// The elements of a loop, and why there may be more; none when the task has no loop.
    fn items(&self, task: &Object) -> Option<(Vec<Value>, Option<Arc<Unknown>>)> {
        let simple = ["loop", "with_items", "with_list"].iter().find_map(|key| task.value(key));
        let Some(written) = simple else {
            let other = task.entries.iter().find(|(key, _)| key.starts_with("with_"))?;
            let written = self.variables.value(&other.1.value);
            if let ("with_dict", Some(items)) = (&**other.0, super::jinja::pairs(&written)) {
                return Some((items, written.as_object().and_then(|it| it.rest.clone())));
            }
            let why = Unknown::new(Reason::NotEvaluated(format!("`{}`", other.0).into()));
            return Some((Vec::new(), Some(Arc::new(why))));
        };
        let value = self.variables.value(written);
        Some(match &value.kind {
            ValueKind::Array(array) => {
                let items: Vec<Value> = array.items.iter().take(MAX_LOOP).cloned().collect();
                (items, array.rest.clone())
            }
            ValueKind::Unknown(why) => (Vec::new(), Some(why.clone())),
            _ => (vec![value], None),
        })
    }

    fn call(&mut self, module: &str, entry: &Entry, header: Span, span: Span, task: &Object) {
        let mut arguments = match self.variables.value(&entry.value) {
            Value { kind: ValueKind::Object(object), .. } => Object::clone(&object),
            Value { kind: ValueKind::Unknown(why), .. } => Object { rest: Some(why), ..Object::default() },
            _ => Object::default(),
        };
        if let Some(more) = task.value("args").map(|it| self.variables.value(it))
            && let Some(more) = more.as_object()
        {
            arguments.entries.extend(more.entries.iter().map(|(key, entry)| (key.clone(), entry.clone())));
        }
        self.add_defaults(module, &mut arguments);
        resource::truths(&mut arguments);
        resource::aliases(&mut arguments);
        match arguments.value("state") {
            Some(state) if state.as_str() == Some("absent") => return,
            Some(Value { kind: ValueKind::Unknown(why), .. }) => self.conditions.push(why.clone()),
            _ => {}
        }
        let presence = self.conditions.last().map_or(Presence::Certain, |why| Presence::Possible(why.clone()));
        let presence = if resource::only_acts(module, &arguments) { Presence::Existing } else { presence };
        let address = resource::address(module, &arguments, task);
        if module == "azure_rm_resource" {
            if let Some(made) = resource::generic(&address, &arguments, span, header, presence) {
                self.made.insert(address, Made::Resource(Box::new(made)));
            }
            return;
        }
        if crate::frontend::yaml::module(module).is_none() {
            self.made.entry(address).or_insert_with(|| Made::Unmapped(module.into()));
            return;
        }
        let one = Bridged {
            address: address.clone(),
            source_type: module.into(),
            azurerm: module.into(),
            arguments,
            span,
            header,
            presence,
            callers: Vec::new(),
        };
        match self.made.get_mut(&address) {
            // A later task changes what it says, and leaves the rest.
            Some(Made::Module(before)) => {
                before.arguments.entries.extend(one.arguments.entries);
                if one.presence == Presence::Certain || before.presence == Presence::Existing {
                    before.presence = one.presence;
                }
            }
            _ => {
                self.made.insert(address, Made::Module(one));
            }
        }
    }

    /// What later tasks may read: registered results and facts.
    fn facts(&mut self, object: &Object, certain: bool) {
        let mut layer = Object::default();
        if let (Some(name), Some((module, entry))) = (object.get("register"), module_of(object))
            && let Some(register) = name.value.as_str()
        {
            let mut arguments = match self.variables.value(&entry.value) {
                Value { kind: ValueKind::Object(object), .. } => Object::clone(&object),
                _ => Object::default(),
            };
            resource::aliases(&mut arguments);
            let address = resource::address(module, &arguments, object);
            let reason = Reason::Computed(format!("{address}.{register}").into());
            let unknown = Unknown::reference(reason, Reference { address, attribute: "id".into() });
            layer.insert(register, name.key_span, Value::new(unknown, name.value.span));
        }
        let facts = ["set_fact", "ansible.builtin.set_fact"].iter().find_map(|key| object.value(key));
        for (name, entry) in facts.and_then(Value::as_object).into_iter().flat_map(|it| &it.entries) {
            let mut value = self.variables.value(&entry.value);
            if !certain {
                value = Value::unknown(Reason::NotEvaluated("`when`".into()), entry.value.span);
            }
            layer.insert(name.clone(), entry.key_span, value);
        }
        self.variables.add(layer);
    }
}

fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|it| it.as_bool() == Some(true) || matches!(it.as_str(), Some("yes" | "true" | "True")))
}

fn loop_variable(task: &Object) -> &str {
    let control = task.value("loop_control").and_then(Value::as_object);
    control.and_then(|it| it.value("loop_var")).and_then(Value::as_str).unwrap_or("item")
}
