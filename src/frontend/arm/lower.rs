//! Declarations to model resources: bodies evaluated, names cut to their last segment, parents and scopes linked.
//!
//! In: a template in evaluation. Out: its resources and those of its nested deployments, in the order of the text.
//! A template shows the whole body, so coverage is complete: what is not written is absent.

use std::rc::Rc;
use std::sync::Arc;

use super::declare::Declaration;
use super::evaluate::Run;
use super::hygiene;
use super::scope::Scope;
use crate::diagnostic::Code;
use crate::model::{Coverage, Dialect, Presence, Resource};
use crate::source::Span;
use crate::value::{Object, Value, ValueKind};

/// Keys of a resource that say how it is deployed, not what it is.
const NOT_BODY: [&str; 13] = [
    "condition",
    "dependsOn",
    "copy",
    "comments",
    "resources",
    "existing",
    "metadata",
    "import",
    "extension",
    "@options",
    "scope",
    "resourceGroup",
    "subscriptionId",
];

impl Run<'_> {
    /// Lowers a template and everything nested in it.
    pub(super) fn lower(&self, scope: &Rc<Scope>, around: &Presence, out: &mut Vec<Resource>) {
        let coverage = Arc::new(Coverage::complete());
        let possible = matches!(around, Presence::Possible(_));
        self.shapes(scope);
        self.in_doubt(possible, || {
            hygiene::parameters(self, scope, around, &coverage, out);
            for declaration in self.declared(scope) {
                if !declaration.skipped {
                    self.resource(&declaration, around, &coverage, out);
                }
            }
            hygiene::outputs(self, scope, around, &coverage, out);
        });
    }

    /// Says which sections of a template are not what they must be, and so are passed over.
    fn shapes(&self, scope: &Rc<Scope>) {
        for section in ["parameters", "variables", "outputs", "definitions"] {
            let Some((_, entry)) = scope.template.get_ignore_case(section) else { continue };
            if !matches!(entry.value.kind, ValueKind::Object(_) | ValueKind::Null | ValueKind::Unknown(_)) {
                let message = format!("`{section}` must be an object; it is passed over");
                self.report(Code::Invalid, entry.value.span, message);
            }
        }
    }

    fn resource(
        &self,
        declaration: &Rc<Declaration>,
        around: &Presence,
        coverage: &Arc<Coverage>,
        out: &mut Vec<Resource>,
    ) {
        let presence = match (&declaration.presence, around) {
            (Presence::Certain, around) => around.clone(),
            (own, _) => own.clone(),
        };
        let doubt = matches!(presence, Presence::Possible(_));
        let nested = if declaration.is_deployment() && !declaration.existing {
            self.in_doubt(doubt, || self.nested(declaration))
        } else {
            None
        };
        let body = self.in_doubt(doubt || declaration.existing, || self.body(declaration, nested.as_ref()));
        let target = &declaration.frame.scope.target;
        out.push(Resource {
            address: declaration.address.clone(),
            resource_type: declaration.resource_type.clone(),
            source_type: declaration.resource_type.as_str().into(),
            dialect: Dialect::Arm,
            body,
            coverage: coverage.clone(),
            span: declaration.span,
            header: declaration.header,
            callers: declaration.frame.scope.callers.clone(),
            presence: presence.clone(),
            parent: declaration.parent.clone(),
            resource_group: target.resource_group.clone().filter(|_| target.stated),
            provider_major: None,
        });
        if let Some(nested) = nested {
            self.lower(&nested, &presence, out);
        }
    }

    fn body(&self, declaration: &Rc<Declaration>, nested: Option<&Rc<Scope>>) -> Value {
        let frame = &declaration.frame;
        let mut body = Object::default();
        for (key, entry) in &declaration.object.entries {
            if NOT_BODY.iter().any(|it| it.eq_ignore_ascii_case(key)) {
                continue;
            }
            let value = match key.to_ascii_lowercase().as_str() {
                "type" => Value::new(declaration.resource_type.as_str(), entry.value.span),
                "name" => match declaration.names.last() {
                    Some(name) => Value { span: entry.value.span, ..name.clone() },
                    None => continue,
                },
                "properties" if declaration.is_deployment() => self.deployment(declaration, &entry.value, nested),
                _ => self.value(frame, &entry.value),
            };
            body.entries.insert(key.clone(), crate::value::Entry { key_span: entry.key_span, value });
        }
        if let Some(reveals) = hygiene::revealed(self, declaration) {
            body.insert("reveals", declaration.header, reveals);
        }
        Value::object(body, declaration.span)
    }

    /// The properties of a deployment: everything but the template, with the values that its parameters get.
    fn deployment(&self, declaration: &Declaration, written: &Value, nested: Option<&Rc<Scope>>) -> Value {
        let ValueKind::Object(object) = &written.kind else { return self.value(&declaration.frame, written) };
        let mut properties = Object::default();
        for (key, entry) in &object.entries {
            let value = match (key.to_ascii_lowercase().as_str(), nested) {
                ("template", _) => continue,
                ("parameters", Some(scope)) => self.arguments(declaration, scope, &entry.value),
                _ => self.value(&declaration.frame, &entry.value),
            };
            properties.entries.insert(key.clone(), crate::value::Entry { key_span: entry.key_span, value });
        }
        Value::object(properties, written.span)
    }

    /// What is given to the parameters of a nested template, as the template sees it.
    fn arguments(&self, declaration: &Declaration, scope: &Rc<Scope>, written: &Value) -> Value {
        let ValueKind::Object(given) = &written.kind else { return self.value(&declaration.frame, written) };
        let mut arguments = Object::default();
        for (name, entry) in &given.entries {
            let span: Span = entry.value.span;
            let written = entry.value.as_object().and_then(|it| it.get_ignore_case("value"));
            let (key_span, at) = written.map_or((entry.key_span, span), |(_, it)| (it.key_span, it.value.span));
            let value = if scope.parameter(name).is_some() {
                let mut wrapper = Object::default();
                wrapper.insert("value", key_span, self.parameter(scope, name, at));
                Value::object(wrapper, span)
            } else {
                self.value(&declaration.frame, &entry.value)
            };
            arguments.insert(name.clone(), entry.key_span, value);
        }
        Value::object(arguments, written.span)
    }
}
