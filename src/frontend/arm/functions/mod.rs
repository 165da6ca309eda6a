//! The functions of the expression language: a table from name to implementation, and how a call is carried out.
//!
//! In: a call and its frame. Out: its value. Functions whose arguments are not all evaluated (`if`, lambdas, `reference`)
//! take the call itself; all others take evaluated arguments, and know that some may be unknown.

mod array;
mod cidr;
mod date;
mod format;
mod id;
mod lambda;
mod logic;
mod numeric;
mod object;
mod runtime;
mod string;

use std::cmp::Ordering;

pub(super) use id::scope_prefix;
pub(super) use runtime::reference;

use super::evaluate::{Frame, Run};
use super::expression::{Expression, Place};
use super::symbol;
use crate::diagnostic::Code;
use crate::source::Span;
use crate::value::{Reason, Value, ValueKind};

/// A call in its frame.
pub(super) struct Call<'c> {
    pub(super) run: &'c Run<'c>,
    pub(super) frame: &'c Frame,
    pub(super) place: &'c Place,
    pub(super) name: &'c str,
    pub(super) arguments: &'c [Expression],
    pub(super) span: Span,
    /// The `.names` that follow a `reference(...)`.
    pub(super) path: &'c [&'c str],
}

/// How a function is carried out.
#[derive(Clone, Copy)]
enum Function {
    /// Evaluates its arguments itself.
    Lazy(fn(&Call<'_>) -> Value),
    /// Gets its arguments evaluated; answers for unknown ones itself.
    Open(fn(&Call<'_>, &[Value]) -> Value),
    /// Gets arguments that are wholly known; with an unknown one the result is unknown.
    Pure(fn(&[Value]) -> Outcome),
}

/// What a pure function gives: a value, or what is wrong.
type Outcome = Result<ValueKind, String>;

/// Name in lower case, fewest and most arguments, implementation; sorted by name.
type Row = (&'static str, u8, u8, Function);

use Function::{Lazy, Open, Pure};

const ANY: u8 = u8::MAX;

const TABLE: &[Row] = &[
    ("add", 2, 2, Pure(numeric::add)),
    ("and", 1, ANY, Lazy(logic::and)),
    ("array", 1, 1, Open(array::array)),
    ("base64", 1, 1, Pure(string::base64)),
    ("base64tojson", 1, 1, Pure(string::base64_to_json)),
    ("base64tostring", 1, 1, Pure(string::base64_to_string)),
    ("bool", 1, 1, Pure(logic::bool)),
    ("cidrhost", 2, 2, Pure(cidr::host)),
    ("cidrsubnet", 3, 3, Pure(cidr::subnet)),
    ("coalesce", 1, ANY, Lazy(logic::coalesce)),
    ("concat", 0, ANY, Open(array::concat)),
    ("contains", 2, 2, Open(array::contains)),
    ("copyindex", 0, 2, Open(runtime::copy_index)),
    ("createarray", 0, ANY, Open(array::create_array)),
    ("createobject", 0, ANY, Open(object::create_object)),
    ("datauri", 1, 1, Pure(string::data_uri)),
    ("datauritostring", 1, 1, Pure(string::data_uri_to_string)),
    ("datetimeadd", 2, 3, Pure(date::add)),
    ("datetimefromepoch", 1, 1, Pure(date::from_epoch)),
    ("datetimetoepoch", 1, 1, Pure(date::to_epoch)),
    ("deployer", 0, 0, Open(runtime::deployer)),
    ("deployment", 0, 0, Open(runtime::deployment)),
    ("div", 2, 2, Pure(numeric::div)),
    ("empty", 1, 1, Open(array::empty)),
    ("endswith", 2, 2, Open(string::ends_with)),
    ("environment", 0, 0, Open(runtime::environment)),
    ("equals", 2, 2, Open(logic::equals)),
    ("extensionresourceid", 3, ANY, Open(id::extension_resource_id)),
    ("externalinput", 1, 2, Open(runtime::at_deployment)),
    ("fail", 1, 1, Open(runtime::fail)),
    ("false", 0, 0, Pure(|_| Ok(false.into()))),
    ("filter", 2, 2, Lazy(lambda::filter)),
    ("first", 1, 1, Open(array::first)),
    ("flatten", 1, 1, Open(array::flatten)),
    ("float", 1, 1, Pure(numeric::float)),
    ("format", 1, ANY, Open(format::format)),
    ("greater", 2, 2, Pure(|it| logic::compare(it, |order| order == Ordering::Greater))),
    ("greaterorequals", 2, 2, Pure(|it| logic::compare(it, |order| order != Ordering::Less))),
    ("groupby", 2, 2, Lazy(lambda::group_by)),
    ("guid", 1, ANY, Open(string::guid)),
    ("if", 3, 3, Lazy(logic::if_else)),
    ("indexfromend", 2, 2, Open(array::index_from_end)),
    ("indexof", 2, 2, Pure(array::index_of)),
    ("int", 1, 1, Pure(numeric::int)),
    ("intersection", 2, ANY, Open(object::intersection)),
    ("items", 1, 1, Open(object::items)),
    ("join", 2, 2, Open(string::join)),
    ("json", 1, 1, Pure(string::json)),
    ("lambda", 1, ANY, Lazy(lambda::misplaced)),
    ("lambdavariables", 1, 1, Open(lambda::variables)),
    ("last", 1, 1, Open(array::last)),
    ("lastindexof", 2, 2, Pure(array::last_index_of)),
    ("length", 1, 1, Open(array::length)),
    ("less", 2, 2, Pure(|it| logic::compare(it, |order| order == Ordering::Less))),
    ("lessorequals", 2, 2, Pure(|it| logic::compare(it, |order| order != Ordering::Greater))),
    ("managementgroup", 0, 0, Open(runtime::management_group)),
    ("managementgroupresourceid", 2, ANY, Open(id::management_group_resource_id)),
    ("map", 2, 2, Lazy(lambda::map)),
    ("mapvalues", 2, 2, Lazy(lambda::map_values)),
    ("max", 1, ANY, Pure(numeric::max)),
    ("min", 1, ANY, Pure(numeric::min)),
    ("mod", 2, 2, Pure(numeric::modulo)),
    ("mul", 2, 2, Pure(numeric::mul)),
    ("newguid", 0, 0, Open(runtime::at_deployment)),
    ("not", 1, 1, Open(logic::not)),
    ("null", 0, 0, Pure(|_| Ok(ValueKind::Null))),
    ("objectkeys", 1, 1, Open(object::keys)),
    ("or", 1, ANY, Lazy(logic::or)),
    ("padleft", 2, 3, Pure(string::pad_left)),
    ("parameters", 1, 1, Open(runtime::parameters)),
    ("parsecidr", 1, 1, Pure(cidr::parse)),
    ("pickzones", 3, 5, Open(runtime::at_deployment)),
    ("providers", 1, 2, Open(runtime::at_deployment)),
    ("range", 2, 2, Pure(array::range)),
    ("reduce", 3, 3, Lazy(lambda::reduce)),
    ("reference", 1, 3, Lazy(|call| runtime::reference(call).0)),
    ("references", 1, 2, Open(runtime::references)),
    ("replace", 3, 3, Open(string::replace)),
    ("resourcegroup", 0, 2, Open(runtime::resource_group)),
    ("resourceid", 2, ANY, Open(id::resource_id)),
    ("resourceinfo", 1, 1, Open(runtime::resource_info)),
    ("shallowmerge", 1, 1, Open(object::shallow_merge)),
    ("skip", 2, 2, Open(array::skip)),
    ("sort", 2, 2, Lazy(lambda::sort)),
    ("split", 2, 2, Open(string::split)),
    ("startswith", 2, 2, Open(string::starts_with)),
    ("string", 1, 1, Open(string::string)),
    ("sub", 2, 2, Pure(numeric::sub)),
    ("subscription", 0, 0, Open(runtime::subscription)),
    ("subscriptionresourceid", 2, ANY, Open(id::subscription_resource_id)),
    ("substring", 2, 3, Open(string::substring)),
    ("take", 2, 2, Open(array::take)),
    ("tenant", 0, 0, Open(runtime::tenant)),
    ("tenantresourceid", 2, ANY, Open(id::tenant_resource_id)),
    ("tologicalzone", 3, 3, Open(runtime::at_deployment)),
    ("tologicalzones", 3, 3, Open(runtime::at_deployment)),
    ("tolower", 1, 1, Pure(string::to_lower)),
    ("toobject", 2, 3, Lazy(lambda::to_object)),
    ("tophysicalzone", 3, 3, Open(runtime::at_deployment)),
    ("tophysicalzones", 3, 3, Open(runtime::at_deployment)),
    ("toupper", 1, 1, Pure(string::to_upper)),
    ("trim", 1, 1, Pure(string::trim)),
    ("true", 0, 0, Pure(|_| Ok(true.into()))),
    ("tryget", 2, ANY, Open(object::try_get)),
    ("tryindexfromend", 2, 2, Open(array::try_index_from_end)),
    ("union", 1, ANY, Open(object::union)),
    ("uniquestring", 1, ANY, Open(string::unique_string)),
    ("uri", 2, 2, Open(string::uri)),
    ("uricomponent", 1, 1, Pure(string::uri_component)),
    ("uricomponenttostring", 1, 1, Pure(string::uri_component_to_string)),
    ("utcnow", 0, 1, Open(runtime::at_deployment)),
    ("variables", 1, 1, Open(runtime::variables)),
];

/// Carries out a call.
pub(super) fn call(call: &Call<'_>) -> Value {
    let name = call.name.to_ascii_lowercase();
    let Ok(row) = TABLE.binary_search_by(|(candidate, ..)| (*candidate).cmp(&name)) else {
        return outside_the_table(call, &name);
    };
    let Some((_, fewest, most, function)) = TABLE.get(row) else { return call.fail("no such function") };
    let given = call.arguments.len();
    if given < usize::from(*fewest) || (*most != ANY && given > usize::from(*most)) {
        let expected = match (fewest, most) {
            (fewest, most) if fewest == most => format!("{fewest}"),
            (fewest, &ANY) => format!("at least {fewest}"),
            (fewest, most) => format!("{fewest} to {most}"),
        };
        return call.fail(format!("`{}` takes {expected} arguments, not {given}", call.name));
    }
    match function {
        Lazy(function) => function(call),
        Open(function) => {
            let arguments = call.evaluated();
            with_origin(function(call, &arguments), &arguments)
        }
        Pure(function) => {
            let arguments = call.evaluated();
            with_origin(call.pure(&arguments, *function), &arguments)
        }
    }
}

impl Call<'_> {
    /// A known result of this call.
    fn known(&self, kind: impl Into<ValueKind>) -> Value {
        Value::new(kind, self.span)
    }

    /// The result when an argument is not known.
    fn unknown(&self, arguments: &[Value]) -> Value {
        symbol::unknown_of(arguments, symbol::call_symbol(self.name, arguments), self.span)
    }

    /// Unknown, for a function that only the deployment can compute.
    fn at_deployment(&self, arguments: &[Value], not_null: bool) -> Value {
        let symbol = symbol::call_symbol(self.name, arguments);
        let why = crate::value::Unknown::new(Reason::Runtime(format!("{}()", self.name).into()));
        let mut unknown = crate::value::Unknown { not_null, symbol, ..why };
        for argument in arguments {
            symbol::each_unknown(argument, &mut |it| symbol::join_references(&mut unknown, it));
        }
        self.known(unknown)
    }

    /// The result of a mistake in the template.
    fn fail(&self, message: impl Into<String>) -> Value {
        self.run.fail(self.span, message)
    }

    fn outcome(&self, outcome: Outcome) -> Value {
        match outcome {
            Ok(kind) => self.known(kind),
            Err(message) => self.fail(format!("{}(): {message}", self.name)),
        }
    }

    fn pure(&self, arguments: &[Value], function: fn(&[Value]) -> Outcome) -> Value {
        if arguments.iter().all(Value::is_wholly_known) {
            self.outcome(function(arguments))
        } else {
            self.unknown(arguments)
        }
    }

    fn evaluated(&self) -> Vec<Value> {
        self.arguments.iter().map(|it| self.run.expression(self.frame, self.place, it)).collect()
    }

    fn evaluate(&self, argument: &Expression) -> Value {
        self.run.expression(self.frame, self.place, argument)
    }
}

/// A result made of values that came through a parameter or variable came that way too.
fn with_origin(mut result: Value, arguments: &[Value]) -> Value {
    if result.origin.is_none() {
        result.origin = arguments.iter().find_map(|it| it.origin.clone());
    }
    result
}

/// `list*()`, the functions of the template, and what nobody knows.
fn outside_the_table(call: &Call<'_>, name: &str) -> Value {
    if name.contains('.') {
        return runtime::user_function(call);
    }
    let arguments = call.evaluated();
    if name.starts_with("list") {
        return runtime::list(call, &arguments);
    }
    call.run.report(Code::NotEvaluated, call.span, format!("the function `{}` is not known to baalint", call.name));
    let why = crate::value::Unknown::new(Reason::NotEvaluated(format!("the function `{}`", call.name).into()));
    call.known(why)
}

/// The text of an argument that must be one.
fn text(arguments: &[Value], index: usize) -> Result<&str, String> {
    let found = arguments.get(index);
    found.and_then(Value::as_str).ok_or_else(|| format!("argument {} must be a text", index + 1))
}

/// The whole number of an argument that must be one.
fn whole(arguments: &[Value], index: usize) -> Result<i64, String> {
    let found = arguments.get(index).and_then(Value::as_number).and_then(crate::value::Number::as_i64);
    found.ok_or_else(|| format!("argument {} must be a whole number", index + 1))
}

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn the_table_is_sorted() {
        assert!(TABLE.is_sorted_by_key(|(name, ..)| *name));
    }
}
