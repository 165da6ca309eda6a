//! The functions of Terraform and `OpenTofu` that need no cloud, one module a family.
//!
//! In: a name and evaluated arguments. Out: the result at the place of the call; elements that are passed on keep
//! their own place. Unknown when an unknown argument decides it, Invalid when Terraform would refuse it.
//! `try` and `can` are lazy and live in the evaluator. Reads files only through [`Context`].

mod args;
mod arity;
mod collection;
mod combination;
mod conversion;
mod csv;
pub(in crate::frontend::terraform) mod date_time;
mod encoding;
mod filesystem;
mod format;
mod glob;
mod hash;
mod ip_network;
pub(in crate::frontend::terraform) mod json;
mod numeric;
mod pattern;
mod provider;
mod string;
#[cfg(test)]
mod tests;
mod yaml;

use std::sync::Arc;

use self::args::{Answer, Call};
pub(in crate::frontend::terraform) use self::filesystem::below_run;
use crate::frontend::files::{Listed, ReadError};
use crate::source::Span;
use crate::value::{Reason, Value};

/// What functions that read files need of the evaluator.
pub(crate) trait Context {
    /// The text of a file; the path is as the configuration has it, relative to the root module.
    fn read(&self, path: &str) -> Result<Arc<str>, ReadError>;

    /// What lies in a directory.
    fn list(&self, directory: &str) -> Vec<Listed>;

    /// The directory of the root module as reports show it: where the run is started is not in the text.
    fn root(&self) -> &str;

    /// A template text rendered with these variables, at `span`.
    fn render(&self, template: &Arc<str>, variables: &Value, span: Span) -> Value;
}

/// The families, the ones that are called most first.
const FAMILIES: [fn(&Call<'_>) -> Option<Answer>; 10] = [
    collection::call,
    combination::call,
    string::call,
    conversion::call,
    encoding::call,
    numeric::call,
    ip_network::call,
    filesystem::call,
    hash::call,
    date_time::call,
];

/// The result of calling a function.
pub(crate) fn call(name: &str, args: &[Value], span: Span, context: &dyn Context) -> Value {
    let call = Call { name: name.strip_prefix("core::").unwrap_or(name), args, span, context };
    let unknown_function =
        || Value::unknown(Reason::NotEvaluated(format!("the function `{}`", call.name).into()), span);
    let answer = match arity::arity(call.name) {
        None => provider::call(&call),
        Some((fewest, _)) if args.len() < fewest && !call.has_unknown() => Some(Err(call.invalid("too few arguments"))),
        Some((_, most)) if args.len() > most => Some(Err(call.invalid("too many arguments"))),
        Some(_) => FAMILIES.iter().find_map(|family| family(&call)),
    };
    match answer {
        Some(Ok(value) | Err(value)) => value,
        None => unknown_function(),
    }
}
