//! The way a value came, nearest step first.
//!
//! In: steps as a value is passed on. Out: the few that are kept. They lie in place: nearly every value that is used elsewhere has
//! some, and a list of its own for each would cost more than the steps.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::source::{FileId, Span};

/// One step of the way a value came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What kind of place it is.
    pub kind: StepKind,
    /// The text at that place.
    pub span: Span,
}

/// What kind of place a value came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Default of a variable or parameter.
    VariableDefault,
    /// A line of a variables file, parameter file, or the command line.
    VariableFile,
    /// An argument of a module call or of a nested deployment.
    ModuleArgument,
    /// A local or a template variable.
    Local,
    /// An output of a module.
    Output,
    /// An element of `for_each`, or of a `copy` loop.
    Each,
    /// A separate resource that is part of this one.
    Patch,
    /// An argument of another resource, which this one refers to.
    Resource,
}

impl StepKind {
    /// The words a report prints.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::VariableDefault => "the variable's default",
            Self::VariableFile => "set in the variables file",
            Self::ModuleArgument => "passed by the caller",
            Self::Local => "from this local value",
            Self::Output => "from this output",
            Self::Each => "from this element",
            Self::Patch => "set by this resource",
            Self::Resource => "from this resource",
        }
    }
}

/// The most steps that a value keeps.
const MAX_STEPS: usize = 4;

/// The steps of a value, nearest first: of a longer way the text that it began with, and the nearest.
#[derive(Clone, Copy)]
pub struct Steps {
    items: [Step; MAX_STEPS],
    count: u8,
}

const NO_STEP: Step = Step { kind: StepKind::Local, span: Span::new(FileId(0), 0, 0) };

impl Steps {
    /// One more step, after which the value came through those that are there.
    pub fn add_nearest(&mut self, step: Step) {
        // The text that it began with says more than the places between.
        let last = if self.len() == MAX_STEPS { MAX_STEPS - 2 } else { self.len() };
        self.count = self.count.max(u8::try_from(last.saturating_add(1)).unwrap_or(self.count));
        if let Some(moved) = self.items.get_mut(..=last) {
            moved.rotate_right(1);
        }
        self.items[0] = step;
    }

    /// Without the nearest step.
    pub fn remove_nearest(&mut self) {
        self.items.rotate_left(1);
        self.count = self.count.saturating_sub(1);
    }
}

impl Default for Steps {
    fn default() -> Self {
        Self { items: [NO_STEP; MAX_STEPS], count: 0 }
    }
}

impl Deref for Steps {
    type Target = [Step];

    fn deref(&self) -> &[Step] {
        self.items.get(..usize::from(self.count)).unwrap_or(&self.items)
    }
}

impl DerefMut for Steps {
    fn deref_mut(&mut self) -> &mut [Step] {
        self.items.get_mut(..usize::from(self.count)).unwrap_or(&mut [])
    }
}

impl PartialEq for Steps {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_and_the_first_step_are_kept() {
        let step = |at: u32| Step { kind: StepKind::Local, span: Span::new(FileId(0), at, at) };
        let mut steps = Steps::default();
        for at in 1..=6 {
            steps.add_nearest(step(at));
        }
        let starts = |steps: &Steps| steps.iter().map(|it| it.span.start).collect::<Vec<_>>();
        assert_eq!(starts(&steps), [6, 5, 4, 1]);
        steps.remove_nearest();
        assert_eq!(starts(&steps), [5, 4, 1]);
        steps.add_nearest(step(7));
        assert_eq!(starts(&steps), [7, 5, 4, 1]);
    }
}
