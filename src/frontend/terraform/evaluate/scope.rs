//! What an expression can see, and cells that are computed at most once.

use std::cell::{Cell, OnceCell};

use super::module::ModuleInstance;
use crate::parse::hcl::File;
use crate::value::Value;

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a, 'p> {
    /// The module instance whose names it uses.
    pub(super) module: &'a ModuleInstance<'p>,
    /// The file that the expression is in.
    pub(super) file: &'a File,
    /// Names of loops around it: `each`, `count`, iterators, `for` variables, template variables.
    pub(super) names: Option<&'a Names<'a>>,
}

/// A name of a loop, and those around it.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a Value,
    pub(super) up: Option<&'a Names<'a>>,
}

/// The name under which a splat finds the element that it is at.
pub(super) const SPLAT_ITEM: &str = "*";

/// `each` or `count` of an instance.
pub(super) type Repetition = Option<(&'static str, Value)>;

impl<'a> Scope<'a, '_> {
    /// The value of a loop's name.
    pub(super) fn name(&self, name: &str) -> Option<&'a Value> {
        let mut names = self.names;
        while let Some(here) = names {
            if here.name == name {
                return Some(here.value);
            }
            names = here.up;
        }
        None
    }

    /// The same place with other loop names.
    pub(super) fn with(self, names: Option<&'a Names<'a>>) -> Self {
        Self { names, ..self }
    }
}

/// `each` or `count` as a name.
pub(super) fn repetition_names(repetition: &Repetition) -> Option<Names<'_>> {
    repetition.as_ref().map(|(name, value)| Names { name, value, up: None })
}

/// A value computed when first asked for.
#[derive(Debug)]
pub(super) struct Memo<T> {
    value: OnceCell<T>,
    busy: Cell<bool>,
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self { value: OnceCell::new(), busy: Cell::new(false) }
    }
}

impl<T: Clone> Memo<T> {
    /// The value, computed now if need be; `None` when it is being computed, so that it depends on itself.
    pub(super) fn get(&self, compute: impl FnOnce() -> T) -> Option<T> {
        if let Some(value) = self.value.get() {
            return Some(value.clone());
        }
        if self.busy.replace(true) {
            return None;
        }
        let value = compute();
        self.busy.set(false);
        Some(self.value.get_or_init(|| value).clone())
    }
}

/// As many empty cells.
pub(super) fn cells<T>(count: usize) -> Vec<T>
where
    T: Default,
{
    std::iter::repeat_with(T::default).take(count).collect()
}
