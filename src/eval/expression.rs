//! Evaluates template expressions.
//!
//! In: a compiled expression and the resource at hand. Out: a value, perhaps unknown. The functions that look at nothing
//! but their arguments are in `functions`; the others are here.

use std::sync::Arc;

use super::condition::{Evaluator, Scope};
use super::functions;
use super::trace::Trace;
use crate::azure::{baa, diagnosable, preview, private_link, secrets};
use crate::model::{Resolution, ResourceIndex, ResourceType};
use crate::policy::builtin::Function;
use crate::policy::{Expression, bind_field};
use crate::source::Span;
use crate::value::{Object, Reason, Unknown, Value, ValueKind};

const RESOURCE_GROUP: &str = "Microsoft.Resources/resourceGroups";

impl<'a, T: Trace> Evaluator<'a, T> {
    /// What an expression gives; `span` is its text in the policy.
    pub(super) fn expression(&mut self, expression: &'a Expression, span: Span) -> Value {
        match expression {
            Expression::Literal(value) => value.clone(),
            Expression::Parameter(position) => self.parameter(*position, span),
            Expression::Field(field) => match self.own_field(field) {
                Some(value) => value,
                None => self.field_value(field),
            },
            Expression::FieldNamed(name) => {
                let name = self.expression(name, span);
                match name.as_str() {
                    Some(name) => self.field_value(&bind_field(name, |_| None)),
                    None => unknown_like(&name, span),
                }
            }
            Expression::Current(scope) => match self.scopes.get(*scope) {
                Some(Scope::Value(value)) => value.clone(),
                _ => Value::new(ValueKind::Null, span),
            },
            Expression::Call(function, name, arguments) => {
                let arguments: Vec<Value> = arguments.iter().map(|it| self.expression(it, span)).collect();
                self.call(*function, name, &arguments, span)
            }
            Expression::Member(of, name) => {
                let of = self.expression(of, span);
                member(&of, name, span)
            }
            Expression::Index(of, index) => {
                let (of, index) = (self.expression(of, span), self.expression(index, span));
                element(&of, &index, span)
            }
        }
    }

    /// The API version of the request is that of the resource; who asks is known only then.
    fn request_context(&self, span: Span) -> Value {
        let mut context = Object::default();
        if let Some((_, entry)) = self.resource.body.as_object().and_then(|it| it.get_ignore_case("apiVersion")) {
            context.insert("apiVersion", entry.key_span, entry.value.clone());
        }
        context.rest = Some(Arc::new(Unknown::new(Reason::Runtime("requestContext()".into()))));
        Value::object(context, span)
    }

    /// The resource group, as far as the same root declares it.
    fn resource_group(&self, span: Span) -> Value {
        let rest = Some(Arc::new(Unknown::new(Reason::Runtime("resourceGroup()".into()))));
        let mut group = Object { rest, ..Object::default() };
        if let Some(name) = &self.resource.resource_group {
            group.insert("name", name.span, name.clone());
            if let Some((_, entry)) = self.group_named(name).and_then(|it| it.get_ignore_case("location")) {
                group.insert("location", entry.key_span, entry.value.clone());
            }
        }
        Value::object(group, span)
    }

    /// The body of the declared resource group that a value names: by reference, or by its literal name.
    fn group_named(&self, name: &Value) -> Option<&'a Object> {
        let of_type = |index: &ResourceIndex| self.graph.get(*index).resource_type == *RESOURCE_GROUP;
        let index = match self.graph.resolve(name) {
            Resolution::Resources(found) => found.into_iter().find(of_type),
            _ => None,
        };
        let groups = self.graph.of_type(&ResourceType::new(RESOURCE_GROUP));
        let same = |index: &&ResourceIndex| {
            name.as_str().zip(self.graph.get(**index).text("name")).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
        };
        let index = index.or_else(|| groups.iter().find(same).copied())?;
        self.graph.get(index).body.as_object()
    }

    fn parameter(&self, position: usize, span: Span) -> Value {
        let Some(parameter) = self.policy.parameters.get(position) else {
            return Value::new(ValueKind::Null, span);
        };
        let configured = parameter.config.as_ref().and_then(|key| self.settings.values.get(key));
        match configured.or(parameter.default.as_ref()) {
            Some(value) => value.clone(),
            None => Value::unknown(Reason::Variable(parameter.name.clone()), span),
        }
    }

    fn call(&self, function: Function, name: &Arc<str>, arguments: &[Value], span: Span) -> Value {
        let resource_type = || match arguments.first() {
            None => Some(self.resource.resource_type.as_str()),
            Some(value) => value.as_str(),
        };
        let by_type = |answer: fn(&str) -> ValueKind| match (resource_type(), arguments.first()) {
            (Some(resource_type), _) => Value::new(answer(resource_type), self.resource.header),
            (None, Some(value)) => unknown_like(value, span),
            (None, None) => Value::new(ValueKind::Null, span),
        };
        match function {
            Function::Diagnosable => by_type(|it| diagnosable::logs(it).map_or("", diagnosable::Logs::as_str).into()),
            Function::PrivateLink => by_type(|it| private_link::groups(it).is_some().into()),
            Function::PreviewApi => preview::preview_api(self.resource),
            Function::SecretPaths => secrets::paths(self.resource),
            Function::Baa => {
                let answer = arguments.first().and_then(Value::as_str).and_then(|key| baa::ask(self.resource, key));
                answer.unwrap_or_else(|| Value::new(ValueKind::Null, span))
            }
            Function::RequestContext => self.request_context(span),
            Function::ResourceGroup => self.resource_group(span),
            Function::Deployed => Value::unknown(Reason::Runtime(format!("{name}()").into()), span),
            _ => functions::call(function, arguments, span),
        }
    }
}

/// What does not depend on the argument's value is unknown for its reason, or wrong.
fn unknown_like(value: &Value, span: Span) -> Value {
    match &value.kind {
        ValueKind::Unknown(why) => Value::new(ValueKind::Unknown(Arc::new(Unknown::new(why.reason.clone()))), span),
        _ => Value::unknown(Reason::Invalid("an argument is not a text".into()), span),
    }
}

fn member(of: &Value, name: &str, span: Span) -> Value {
    match &of.kind {
        ValueKind::Object(object) => match (object.get_ignore_case(name), &object.rest) {
            (Some((_, entry)), _) => entry.value.clone(),
            (None, Some(rest)) => Value::new(ValueKind::Unknown(rest.clone()), span),
            (None, None) => Value::new(ValueKind::Null, span),
        },
        ValueKind::Unknown(_) => unknown_like(of, span),
        _ => Value::new(ValueKind::Null, span),
    }
}

fn element(of: &Value, index: &Value, span: Span) -> Value {
    match (&of.kind, &index.kind) {
        (_, ValueKind::String(name)) => member(of, name, span),
        (ValueKind::Array(array), ValueKind::Number(number)) => {
            let at = number.as_i64().and_then(|number| usize::try_from(number).ok());
            match (at.and_then(|at| array.items.get(at)), &array.rest) {
                (Some(item), _) => item.clone(),
                (None, Some(rest)) => Value::new(ValueKind::Unknown(rest.clone()), span),
                (None, None) => Value::new(ValueKind::Null, span),
            }
        }
        (ValueKind::Unknown(_), _) => unknown_like(of, span),
        (_, ValueKind::Unknown(_)) => unknown_like(index, span),
        _ => Value::new(ValueKind::Null, span),
    }
}
