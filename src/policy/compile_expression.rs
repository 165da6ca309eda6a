//! Template expressions with their names looked up: functions, parameters, fields, elements of enclosing counts.
//!
//! In: the text between the brackets. Out: [`Expression`], or a diagnostic at the text that holds it.

use super::builtin;
use super::compile::{Compiler, Scope};
use super::condition::{ElementPath, Field};
use super::expression::{self, Expression, Syntax};
use super::suggest::nearest;
use crate::model::PropertyPath;
use crate::source::Span;
use crate::value::Value;

impl Compiler<'_> {
    pub(super) fn expression(&mut self, text: &str, span: Span) -> Option<Expression> {
        match expression::parse(text) {
            Ok(syntax) => self.lower(&syntax, span),
            Err(message) => self.error(span, &format!("this expression does not parse: {message}")),
        }
    }

    fn lower(&mut self, syntax: &Syntax, span: Span) -> Option<Expression> {
        match syntax {
            Syntax::Text(text) => Some(Expression::Literal(Value::new(text.as_str(), span))),
            Syntax::Number(number) => Some(Expression::Literal(Value::new(*number, span))),
            Syntax::Member(of, name) => Some(Expression::Member(Box::new(self.lower(of, span)?), name.as_str().into())),
            Syntax::Index(of, index) => {
                Some(Expression::Index(Box::new(self.lower(of, span)?), Box::new(self.lower(index, span)?)))
            }
            Syntax::Call(name, arguments) => match name.to_ascii_lowercase().as_str() {
                "parameters" => self.parameter(arguments, span),
                "field" => self.field_call(arguments, span),
                "current" => self.current(arguments, span),
                _ => self.call(name, arguments, span),
            },
        }
    }

    fn call(&mut self, name: &str, arguments: &[Syntax], span: Span) -> Option<Expression> {
        let Some(signature) = builtin::find(name) else {
            let names = builtin::FUNCTIONS.iter().map(|it| it.name).chain(["parameters", "field", "current"]);
            let help = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
            return self.error_with_help(span, &format!("unknown function `{name}`"), help);
        };
        if arguments.len() < signature.min || arguments.len() > signature.max {
            let wanted = match (signature.min, signature.max) {
                (min, usize::MAX) => format!("at least {min}"),
                (min, max) if min == max => format!("{min}"),
                (min, max) => format!("{min} to {max}"),
            };
            let message = format!("`{}` takes {wanted} arguments, not {}", signature.name, arguments.len());
            return self.error(span, &message);
        }
        if let (builtin::Function::Baa, [Syntax::Text(key)]) = (signature.function, arguments)
            && !builtin::BAA_KEYS.contains(&key.as_str())
        {
            let keys = builtin::BAA_KEYS.join("`, `");
            return self.error(span, &format!("`baa` knows `{keys}`, not `{key}`"));
        }
        let arguments: Vec<Option<Expression>> = arguments.iter().map(|it| self.lower(it, span)).collect();
        let arguments: Option<Vec<Expression>> = arguments.into_iter().collect();
        Some(Expression::Call(signature.function, signature.name.into(), arguments?))
    }

    fn parameter(&mut self, arguments: &[Syntax], span: Span) -> Option<Expression> {
        let [Syntax::Text(name)] = arguments else {
            return self.error(span, "`parameters` takes the name of a parameter");
        };
        let position = self.parameters.iter().position(|it| it.name.eq_ignore_ascii_case(name));
        let Some((position, parameter)) = position.and_then(|at| Some((at, self.parameters.get(at)?))) else {
            let names = self.parameters.iter().map(|it| &*it.name);
            let help = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
            return self.error_with_help(span, &format!("this policy has no parameter `{name}`"), help);
        };
        Some(match (&parameter.config, &parameter.default) {
            (None, Some(default)) => Expression::Literal(default.clone()),
            _ => Expression::Parameter(position),
        })
    }

    fn field_call(&mut self, arguments: &[Syntax], span: Span) -> Option<Expression> {
        match arguments {
            [Syntax::Text(name)] => Some(Expression::Field(Box::new(self.field_named(name)))),
            [other] => Some(Expression::FieldNamed(Box::new(self.lower(other, span)?))),
            _ => self.error(span, "`field` takes the name of a property"),
        }
    }

    fn current(&mut self, arguments: &[Syntax], span: Span) -> Option<Expression> {
        let innermost = self.scopes.iter().enumerate().rev().find(|(_, it)| !matches!(it, Scope::Related));
        match (arguments, innermost) {
            ([], Some((scope, Scope::Element(full)))) => {
                let rest = PropertyPath::default();
                let element = ElementPath { scope, rest, each: false, full: full.clone() };
                Some(Expression::Field(Box::new(Field::Element(element))))
            }
            ([], Some((scope, _))) => Some(Expression::Current(scope)),
            ([Syntax::Text(name)], _) => {
                let named = self
                    .scopes
                    .iter()
                    .rposition(|it| matches!(it, Scope::Named(Some(known)) if known.eq_ignore_ascii_case(name)));
                match (named, self.field_named(name)) {
                    (Some(scope), _) => Some(Expression::Current(scope)),
                    (None, element @ Field::Element(_)) => Some(Expression::Field(Box::new(element))),
                    _ => self.error(span, &format!("no enclosing count has an element `{name}`")),
                }
            }
            ([], None) => self.error(span, "`current` has a meaning inside a count only"),
            _ => self.error(span, "`current` takes at most the name of an element"),
        }
    }
}
