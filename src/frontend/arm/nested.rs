//! Nested and linked deployments: the template inside a deployment resource, as a scope of its own.
//!
//! In: a declaration of type `Microsoft.Resources/deployments`. Out: its [`Scope`], made once; nothing when its template
//! is not at hand, which is reported. Parameters and outputs are computed when asked for.

use std::rc::Rc;
use std::sync::Arc;

use super::declare::Declaration;
use super::evaluate::{Frame, Run};
use super::scope::{Given, Level, Scope, Target};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::value::{Object, Unknown, Value, ValueKind};

/// How deep deployments may nest.
const MAX_DEPTH: usize = 24;

impl Run<'_> {
    /// The template of a deployment.
    pub(super) fn nested(&self, declaration: &Rc<Declaration>) -> Option<Rc<Scope>> {
        if let Some(nested) = declaration.nested.get() {
            return nested.clone();
        }
        let made = self.enter(declaration);
        declaration.nested.get_or_init(|| made).clone()
    }

    fn enter(&self, declaration: &Rc<Declaration>) -> Option<Rc<Scope>> {
        let outer = &declaration.frame.scope;
        if outer.depth >= MAX_DEPTH {
            self.report(Code::Bound, declaration.header, format!("deployments nest deeper than {MAX_DEPTH} levels"));
            return None;
        }
        let properties = declaration.object.get_ignore_case("properties")?.1.value.as_object()?;
        let parameters = properties.get_ignore_case("parameters").map(|(_, entry)| entry.value.clone());
        let parameters = parameters.unwrap_or_else(|| Value::object(Object::default(), declaration.header));
        let (template, span, linked) = self.template(declaration, properties)?;
        // What an expression gave has been unescaped once: the expressions left in it are the inner template's.
        let by_expression = properties.get_ignore_case("template").is_some_and(|(_, it)| it.value.as_str().is_some());
        let inner = linked || by_expression || self.is_inner(&declaration.frame, properties, &template);
        let frame = declaration.frame.clone();
        let target = self.target(declaration, &template);
        let mut scope = Scope::new(template, span, target, Given::Nested { parameters, frame: frame.clone() });
        scope.prefix = format!("{}/", declaration.address).into();
        scope.callers = std::iter::once(declaration.header).chain(outer.callers.iter().copied()).collect();
        scope.names = (!inner).then_some(frame);
        scope.outer = Some(outer.clone());
        scope.depth = outer.depth + 1;
        Some(Rc::new(scope))
    }

    /// The template inside the resource, or the one that it links.
    fn template(&self, declaration: &Rc<Declaration>, properties: &Object) -> Option<(Arc<Object>, Span, bool)> {
        if let Some((_, entry)) = properties.get_ignore_case("template") {
            let written = match &entry.value.kind {
                ValueKind::String(_) => self.value(&declaration.frame, &entry.value),
                _ => entry.value.clone(),
            };
            return if let ValueKind::Object(object) = &written.kind {
                Some((object.clone(), written.span, false))
            } else {
                self.report(Code::NotEvaluated, entry.value.span, "a template given by an expression is not evaluated");
                None
            };
        }
        let (_, link) = properties.get_ignore_case("templateLink")?;
        let (object, span) = self.linked(declaration, &link.value)?;
        Some((object, span, true))
    }

    /// Whether the expressions of a nested template mean its own parameters.
    fn is_inner(&self, frame: &Frame, properties: &Object, template: &Object) -> bool {
        let options = properties.get_ignore_case("expressionEvaluationOptions").map(|(_, entry)| &entry.value);
        let scope = options.and_then(Value::as_object).and_then(|it| it.get_ignore_case("scope"));
        if let Some((_, scope)) = scope {
            let scope = self.value(frame, &scope.value);
            return scope.as_str().is_some_and(|it| it.eq_ignore_ascii_case("inner"));
        }
        let version = template.get_ignore_case("languageVersion").and_then(|(_, entry)| entry.value.as_str());
        version.is_some_and(|it| it.starts_with('2')) || frame.scope.is_version_two()
    }

    fn target(&self, declaration: &Declaration, template: &Object) -> Target {
        let outer = &declaration.frame.scope.target;
        let given = |key: &str| {
            let (_, entry) = declaration.object.get_ignore_case(key)?;
            let value = self.in_doubt(true, || self.value(&declaration.frame, &entry.value));
            (!value.is_null()).then(|| recognisable(value, key, &declaration.address))
        };
        let group = given("resourceGroup");
        let level = match level_of(template) {
            _ if group.is_some() => Level::ResourceGroup,
            Some(level) => level,
            None => outer.level,
        };
        let subscription = given("subscriptionId").unwrap_or_else(|| outer.subscription.clone());
        let stated = group.is_some() || outer.stated;
        let resource_group = match (level, group) {
            (Level::ResourceGroup, Some(group)) => Some(group),
            (Level::ResourceGroup, None) => {
                outer.resource_group.clone().or_else(|| Some(super::placeholder("resourceGroup", declaration.header)))
            }
            _ => None,
        };
        Target { level, subscription, resource_group, stated }
    }
}

/// An unknown subscription or resource group that nothing names is at least that of its deployment: the rest of an id stays readable.
fn recognisable(value: Value, key: &str, deployment: &str) -> Value {
    match &value.kind {
        ValueKind::Unknown(unknown) if unknown.symbol.is_none() => {
            let symbol = super::symbol::atom(&format!("{key}({deployment})"));
            Value { kind: Unknown { symbol, ..Unknown::clone(unknown) }.into(), ..value }
        }
        _ => value,
    }
}

/// What a template is deployed to, by its schema.
pub(super) fn level_of(template: &Object) -> Option<Level> {
    let schema = template.get_ignore_case("$schema")?.1.value.as_str()?.to_ascii_lowercase();
    let levels = [
        ("subscriptiondeploymenttemplate", Level::Subscription),
        ("managementgroupdeploymenttemplate", Level::ManagementGroup),
        ("tenantdeploymenttemplate", Level::Tenant),
        ("deploymenttemplate", Level::ResourceGroup),
    ];
    levels.into_iter().find(|(name, _)| schema.contains(name)).map(|(_, level)| level)
}
