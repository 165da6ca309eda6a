//! What a template declares and does not deploy because nobody gives a parameter: by its default the condition is false, or the
//! loop runs no time.
//!
//! In: declarations without instances, and what decided. Out: notes. Whether another value would deploy them is not asked.

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::evaluate::{Frame, Run};
use super::expression::{self, Expression, Kind, Meaning};
use super::scope::{Given, Scope};
use crate::frontend::not_deployed::{Named, notes};
use crate::value::{Value, ValueKind};

/// How many values are followed for one declaration.
const MAX_FOLLOWED: usize = 256;

/// What a template leaves out: an address, and the value that decided.
pub(super) type SwitchedOff = Vec<(Arc<str>, Rc<Scope>, Value)>;

impl Run<'_> {
    /// Keeps a declaration that has no instances.
    pub(super) fn switch_off(&self, address: Arc<str>, frame: &Frame, decides: &Value) {
        self.switched_off.borrow_mut().push((address, frame.naming_scope(), decides.clone()));
    }

    /// Names the parameters of the root whose defaults leave something out.
    pub(super) fn note_switched_off(&self) {
        let all = self.switched_off.take();
        let decided = all.into_iter().map(|(address, scope, value)| (self.defaults_in(scope, value), address));
        let help = "give other values with `--parameters` to have that judged too";
        for note in notes(decided, help) {
            self.push(note);
        }
    }

    /// The root's parameters that have their defaults and that a value reads, by way of variables and arguments too.
    fn defaults_in(&self, scope: Rc<Scope>, value: Value) -> Vec<Named> {
        let (mut found, mut seen, mut open) = (Vec::new(), FxHashSet::default(), vec![(scope, value)]);
        while let Some((scope, value)) = open.pop() {
            if seen.len() >= MAX_FOLLOWED || !seen.insert(value.span) {
                continue;
            }
            let mut names = Vec::new();
            self.names_in(&value, &mut names);
            for (is_parameter, name) in names {
                if !is_parameter {
                    let variable = scope.section("variables").and_then(|it| it.get_ignore_case(&name));
                    open.extend(variable.map(|(_, it)| (scope.clone(), it.value.clone())));
                    continue;
                }
                match &scope.given {
                    Given::Root(values) => {
                        found.extend(default_of(&scope, &name).filter(|_| !values.contains_key(&name)));
                    }
                    Given::Nested { parameters, frame } => {
                        let given = parameters.as_object().and_then(|it| it.get_ignore_case(&name));
                        open.extend(given.map(|(_, it)| (frame.naming_scope(), it.value.clone())));
                    }
                }
            }
        }
        found
    }

    /// Whether it is a parameter rather than a variable, and its name in lower case, of every one that a value reads.
    fn names_in(&self, value: &Value, names: &mut Vec<(bool, String)>) {
        match &value.kind {
            ValueKind::String(text) => {
                if let Meaning::Expression(inner) = expression::meaning(text)
                    && let Ok(expression) = self.parsed(text, inner).as_ref()
                {
                    read(expression, names);
                }
            }
            ValueKind::Array(array) => array.items.iter().for_each(|it| self.names_in(it, names)),
            ValueKind::Object(object) => object.entries.iter().for_each(|(_, it)| self.names_in(&it.value, names)),
            _ => {}
        }
    }
}

fn read(expression: &Expression, names: &mut Vec<(bool, String)>) {
    match &expression.kind {
        Kind::Call(function, arguments) => {
            let is = |name: &str| function.eq_ignore_ascii_case(name);
            if let ([Expression { kind: Kind::String(name), .. }], true) =
                (arguments.as_slice(), is("parameters") || is("variables"))
            {
                names.push((is("parameters"), name.to_ascii_lowercase()));
            }
            for argument in arguments {
                read(argument, names);
            }
        }
        Kind::Property(base, _) => read(base, names),
        Kind::Index(base, index) => {
            read(base, names);
            read(index, names);
        }
        Kind::String(_) | Kind::Number(_) => {}
    }
}

/// A parameter with a default, or one that may be left out.
fn default_of(root: &Scope, name: &str) -> Option<Named> {
    let (declared, entry) = root.section("parameters")?.get_ignore_case(name)?;
    let declaration = entry.value.as_object()?;
    let nullable = root.schema_key(declaration, "nullable").and_then(Value::as_bool) == Some(true);
    let has_default = nullable || declaration.get_ignore_case("defaultValue").is_some();
    has_default.then(|| (entry.key_span, declared.clone()))
}
