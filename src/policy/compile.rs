//! Conditions as written to conditions as evaluated.
//!
//! In: the spanned value of a condition. Out: [`Condition`], or a diagnostic for each mistake of its author, at the text
//! in the policy file. Paths are parsed here, aliases resolved, fields bound to the count that they are an element of.

use std::sync::{Arc, OnceLock};

use super::condition::{
    Condition, Count, ElementPath, Field, FieldPath, Leaf, Operand, Operator, Over, Related, Relation, Subject,
};
use super::definition::Parameter;
use super::expression::{self, Expression};
use super::suggest::nearest;
use crate::azure::aliases;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{PathSegment, PropertyPath, ResourceType};
use crate::source::Span;
use crate::value::{Entry, Object, Value, ValueKind};

pub(super) struct Compiler<'p> {
    pub(super) parameters: &'p [Parameter],
    pub(super) scopes: Vec<Scope>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What encloses a condition; positions agree with those that `eval` keeps.
pub(super) enum Scope {
    /// The element of a counted field.
    Element(PropertyPath),
    /// The element of a counted value, and its name.
    Named(Option<Arc<str>>),
    /// A related resource: fields beyond it belong to another resource.
    Related,
}

const LOGICAL: [&str; 3] = ["allOf", "anyOf", "not"];
const SUBJECTS: [&str; 3] = ["field", "value", "count"];
const COUNT_KEYS: [&str; 7] = ["field", "value", "related", "name", "where", "via", "relation"];
const ROOTS: [&str; 16] = [
    "type",
    "name",
    "kind",
    "location",
    "apiVersion",
    "fullName",
    "id",
    "tags",
    "sku",
    "identity",
    "properties",
    "zones",
    "plan",
    "managedBy",
    "extendedLocation",
    "scope",
];

impl<'p> Compiler<'p> {
    pub(super) fn new(parameters: &'p [Parameter]) -> Self {
        Self { parameters, scopes: Vec::new(), diagnostics: Vec::new() }
    }

    /// A condition at `pointer` of the policy.
    pub(super) fn condition(&mut self, value: &Value, pointer: &str) -> Option<Condition> {
        let Some(object) = value.as_object() else {
            return self.error(value.span, "a condition must be a mapping such as `{ field: ..., equals: ... }`");
        };
        self.known_keys(object)?;
        let logical = object.entries.iter().find(|(key, _)| one_of(key, &LOGICAL).is_some());
        if let Some((key, entry)) = logical {
            if object.entries.len() > 1 {
                let message = format!("`{key}` must stand alone; put what is beside it into it");
                return self.error(entry.key_span, &message);
            }
            return self.logical(key, &entry.value, pointer);
        }
        self.leaf(object, value.span, pointer)
    }

    /// An operand: a constant, or an expression in brackets, at any depth.
    pub(super) fn operand(&mut self, value: &Value) -> Option<Operand> {
        match &value.kind {
            ValueKind::String(text) => match expression::inside(text) {
                Some(inner) => match self.expression(inner, value.span)? {
                    Expression::Literal(literal) => Some(Operand::Constant(literal)),
                    expression => Some(Operand::Expression(expression, value.span)),
                },
                None => Some(Operand::Constant(match text.strip_prefix('[').filter(|rest| rest.starts_with('[')) {
                    Some(escaped) => Value::new(escaped, value.span),
                    None => value.clone(),
                })),
            },
            ValueKind::Array(array) if has_expression(value) => {
                let items: Option<Vec<_>> = array.items.iter().map(|item| self.operand(item)).collect();
                Some(Operand::Array(items?, value.span))
            }
            ValueKind::Object(object) if has_expression(value) => {
                let entries = object.entries.iter();
                let entries: Option<Vec<_>> =
                    entries.map(|(key, entry)| Some((key.clone(), self.operand(&entry.value)?))).collect();
                Some(Operand::Object(entries?, value.span))
            }
            _ => Some(Operand::Constant(value.clone())),
        }
    }

    /// Related resources with the condition on them: a `count.related`, or the `details` of an effect.
    pub(super) fn related(&mut self, related: Related, condition: Option<(&Value, &str)>) -> Option<Count> {
        self.scopes.push(Scope::Related);
        let condition = self.optional(condition);
        self.scopes.pop();
        Some(Count { over: Over::Related(related), condition: condition.ok()? })
    }

    fn optional(&mut self, condition: Option<(&Value, &str)>) -> Result<Option<Condition>, ()> {
        match condition {
            None => Ok(None),
            Some((value, pointer)) => self.condition(value, pointer).map(Some).ok_or(()),
        }
    }

    pub(super) fn error<T>(&mut self, span: Span, message: &str) -> Option<T> {
        self.diagnostics.push(Diagnostic::error(Code::Policy, span, message));
        None
    }

    pub(super) fn error_with_help<T>(&mut self, span: Span, message: &str, help: Option<String>) -> Option<T> {
        let diagnostic = Diagnostic::error(Code::Policy, span, message);
        self.diagnostics.push(Diagnostic { help, ..diagnostic });
        None
    }

    fn known_keys(&mut self, object: &Object) -> Option<()> {
        let mut known = Some(());
        for (key, entry) in &object.entries {
            let operator = Operator::parse(key).is_some();
            if !operator && one_of(key, &LOGICAL).is_none() && one_of(key, &SUBJECTS).is_none() {
                let words = Operator::ALL.iter().map(|(name, _)| *name).chain(LOGICAL).chain(SUBJECTS);
                let help = nearest(key, words).map(|near| format!("did you mean `{near}`?"));
                known = self.error_with_help(entry.key_span, &format!("unknown key `{key}` in a condition"), help);
            }
        }
        known
    }

    fn logical(&mut self, key: &str, value: &Value, pointer: &str) -> Option<Condition> {
        if key.eq_ignore_ascii_case("not") {
            return Some(Condition::Not(Box::new(self.condition(value, &format!("{pointer}.not"))?)));
        }
        let Some(array) = value.as_array() else {
            return self.error(value.span, &format!("`{key}` must be a list of conditions"));
        };
        if array.items.is_empty() {
            return self.error(value.span, &format!("`{key}` must have a condition"));
        }
        let numbered = array.items.iter().enumerate();
        let members: Vec<Option<Condition>> =
            numbered.map(|(index, item)| self.condition(item, &format!("{pointer}.{key}[{index}]"))).collect();
        let members: Option<Vec<Condition>> = members.into_iter().collect();
        let all = key.eq_ignore_ascii_case("allOf");
        members.map(|members| if all { Condition::AllOf(members) } else { Condition::AnyOf(members) })
    }

    fn leaf(&mut self, object: &Object, span: Span, pointer: &str) -> Option<Condition> {
        let mut subjects = object.entries.iter().filter(|(key, _)| one_of(key, &SUBJECTS).is_some());
        let mut operators = object.entries.iter().filter_map(|(key, entry)| Some((Operator::parse(key)?, key, entry)));
        let Some((subject_key, subject)) = subjects.next() else {
            return self.error(span, "this condition reads nothing: it needs `field`, `value` or `count`");
        };
        if let Some((other, entry)) = subjects.next() {
            return self.error(entry.key_span, &format!("`{subject_key}` and `{other}` cannot both be read"));
        }
        let Some((operator, key, expected)) = operators.next() else {
            return self.error(span, &format!("this condition has no operator for `{subject_key}`"));
        };
        if let Some((_, other, entry)) = operators.next() {
            let message = format!("two operators, `{key}` and `{other}`; write two conditions in `allOf`");
            return self.error(entry.key_span, &message);
        }
        let compiled = match subject_key.to_ascii_lowercase().as_str() {
            "field" => self.field(&subject.value).map(Subject::Field),
            "value" => self.operand(&subject.value).map(Subject::Value),
            _ => self.count(&subject.value, &format!("{pointer}.count")).map(|count| Subject::Count(Box::new(count))),
        };
        let operand = self.operand(&expected.value);
        let (subject, expected_operand) = (compiled?, operand?);
        self.fits(operator, &expected_operand, expected)?;
        let pointer = pointer.into();
        let words = OnceLock::new();
        Some(Condition::Leaf(Box::new(Leaf { subject, operator, expected: expected_operand, pointer, span, words })))
    }

    /// The shape that an operator wants of a constant.
    fn fits(&mut self, operator: Operator, expected: &Operand, entry: &Entry) -> Option<()> {
        let (shape, fits) = match (operator, expected) {
            (Operator::In | Operator::NotIn, Operand::Array(..))
            | (Operator::Equals | Operator::NotEquals, _)
            | (_, Operand::Expression(..)) => return Some(()),
            (Operator::In | Operator::NotIn, Operand::Constant(value)) => ("a list", value.as_array().is_some()),
            (Operator::Exists, Operand::Constant(value)) => {
                let text = value
                    .as_str()
                    .is_some_and(|it| it.eq_ignore_ascii_case("true") || it.eq_ignore_ascii_case("false"));
                ("`true` or `false`", text || value.as_bool().is_some())
            }
            (Operator::Less | Operator::LessOrEquals | Operator::Greater | Operator::GreaterOrEquals, _) => {
                let fits = |value: &Value| value.as_str().is_some() || value.as_number().is_some();
                ("a number or a text", expected.constant().is_some_and(fits))
            }
            _ => {
                let scalar =
                    |value: &Value| !matches!(value.kind, ValueKind::Array(_) | ValueKind::Object(_) | ValueKind::Null);
                ("a text", expected.constant().is_some_and(scalar))
            }
        };
        if fits { Some(()) } else { self.error(entry.value.span, &format!("`{}` needs {shape}", operator.as_str())) }
    }

    fn count(&mut self, value: &Value, pointer: &str) -> Option<Count> {
        let Some(object) = value.as_object() else {
            return self.error(value.span, "`count` must be a mapping with `field`, `value` or `related`");
        };
        for (key, entry) in &object.entries {
            if one_of(key, &COUNT_KEYS).is_none() {
                let help = nearest(key, COUNT_KEYS).map(|near| format!("did you mean `{near}`?"));
                return self.error_with_help(entry.key_span, &format!("unknown key `{key}` in a count"), help);
            }
        }
        let get = |key: &str| object.get_ignore_case(key).map(|(_, entry)| &entry.value);
        let where_pointer = format!("{pointer}.where");
        let condition = get("where").map(|it| (it, where_pointer.as_str()));
        match (get("field"), get("value"), get("related")) {
            (Some(field), None, None) => self.count_field(field, condition),
            (None, Some(over), None) => self.count_value(over, get("name"), condition),
            (None, None, Some(types)) => {
                let related = self.related_types(types, get("via"), get("relation"), get("name"))?;
                self.related(related, condition)
            }
            _ => self.error(value.span, "a count needs exactly one of `field`, `value` and `related`"),
        }
    }

    fn count_field(&mut self, field: &Value, condition: Option<(&Value, &str)>) -> Option<Count> {
        let over = self.field(field)?;
        let (full, outer) = match &over {
            Field::Path(FieldPath { path, .. }) => (path.clone(), 0),
            Field::Element(ElementPath { full, rest, .. }) => {
                (full.clone(), full.segments().len().saturating_sub(rest.segments().len()))
            }
            _ => return self.error(field.span, "only a property with `[*]` can be counted"),
        };
        if full.segments().last() != Some(&PathSegment::Each) {
            return self.error(field.span, "a counted field must end with `[*]`");
        }
        let depth = self.scopes.len();
        for (index, segment) in full.segments().iter().enumerate().skip(outer) {
            if *segment == PathSegment::Each {
                let prefix = full.segments().iter().take(index.saturating_add(1)).cloned().collect();
                self.scopes.push(Scope::Element(prefix));
            }
        }
        let condition = self.optional(condition);
        self.scopes.truncate(depth);
        Some(Count { over: Over::Field(over), condition: condition.ok()? })
    }

    fn count_value(&mut self, over: &Value, name: Option<&Value>, condition: Option<(&Value, &str)>) -> Option<Count> {
        let over = self.operand(over)?;
        let name = match name {
            Some(name) => match name.as_str() {
                Some(text) => Some(text.into()),
                None => return self.error(name.span, "the name of a counted value must be a text"),
            },
            None => None,
        };
        self.scopes.push(Scope::Named(name));
        let condition = self.optional(condition);
        self.scopes.pop();
        Some(Count { over: Over::Value(over), condition: condition.ok()? })
    }

    pub(super) fn related_types(
        &mut self,
        types: &Value,
        via: Option<&Value>,
        relation: Option<&Value>,
        name: Option<&Value>,
    ) -> Option<Related> {
        let names = match &types.kind {
            ValueKind::Array(array) => array.items.as_slice(),
            _ => std::slice::from_ref(types),
        };
        let mut found = Vec::new();
        for name in names {
            match name.as_str().filter(|text| text.contains('/') || text.contains('.')) {
                Some(text) => found.push(ResourceType::new(text)),
                None if name.as_str() == Some(Related::ANY) && relation.is_some() => {
                    found.push(ResourceType::new(Related::ANY));
                }
                None => {
                    return self
                        .error(name.span, "a related type is a text such as `Microsoft.Network/privateEndpoints`");
                }
            }
        }
        let via = match via {
            Some(via) => match via.as_str() {
                Some(text) => {
                    Some(aliases::resolve(text).map_or_else(|| PropertyPath::parse(text), |alias| alias.path))
                }
                None => return self.error(via.span, "`via` must be the path of a property"),
            },
            None => None,
        };
        let relation = match relation {
            Some(written) => {
                let Some(relation) = written.as_str().and_then(Relation::parse) else {
                    let words = Relation::ALL.iter().map(|(word, _)| *word).collect::<Vec<_>>().join("`, `");
                    return self.error(written.span, &format!("`relation` must be one of `{words}`"));
                };
                Some(relation)
            }
            None => None,
        };
        let name = match name {
            Some(name) => Some(self.operand(name)?),
            None => None,
        };
        Some(Related { types: found, via, relation, name, singleton: false })
    }

    fn field(&mut self, value: &Value) -> Option<Field> {
        let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
            return self.error(value.span, "`field` must be the name of a property");
        };
        if expression::inside(text).is_some() {
            let operand = self.operand(value)?;
            return Some(match operand.constant().and_then(Value::as_str) {
                Some(name) => self.field_named(name),
                None => Field::Computed(Box::new(operand)),
            });
        }
        let first = text.split(['.', '[']).next().unwrap_or(text);
        let known = text.contains('/') || ROOTS.iter().any(|root| root.eq_ignore_ascii_case(first));
        if let Some(near) = (!known).then(|| nearest(first, ROOTS)).flatten() {
            let help = Some(format!("did you mean `{near}`?"));
            return self.error_with_help(value.span, &format!("no resource has a property `{first}`"), help);
        }
        Some(self.field_named(text))
    }

    pub(super) fn field_named(&self, text: &str) -> Field {
        bind_field(text, |path| {
            let mut scopes = self.scopes.iter().enumerate().rev().take_while(|(_, it)| !matches!(it, Scope::Related));
            scopes.find_map(|(scope, it)| match it {
                Scope::Element(prefix) => Some((scope, path.strip_prefix(prefix)?.iter().cloned().collect())),
                _ => None,
            })
        })
    }
}

/// The field of a name; `element` finds the enclosing count that a path is an element of.
pub fn bind_field(text: &str, element: impl FnOnce(&PropertyPath) -> Option<(usize, PropertyPath)>) -> Field {
    match text.to_ascii_lowercase().as_str() {
        "type" => return Field::Type,
        "id" => return Field::Id,
        "fullname" => return Field::FullName,
        _ => {}
    }
    let (path, only) = match aliases::resolve(text) {
        Some(alias) => (alias.path, alias.resource_type),
        None => (PropertyPath::parse(text), None),
    };
    if let Some((scope, rest)) = element(&path) {
        return Field::Element(ElementPath { scope, each: rest.has_each(), rest, full: path });
    }
    let computed = only.as_ref().is_some_and(|only| aliases::is_computed(only, &path));
    Field::Path(FieldPath { each: path.has_each(), path, only, computed })
}

/// The word of a list that a key is, whatever its case.
fn one_of<'w>(key: &str, words: &[&'w str]) -> Option<&'w str> {
    words.iter().copied().find(|word| word.eq_ignore_ascii_case(key))
}

fn has_expression(value: &Value) -> bool {
    match &value.kind {
        ValueKind::String(text) => text.starts_with('['),
        ValueKind::Array(array) => array.items.iter().any(has_expression),
        ValueKind::Object(object) => object.entries.values().any(|entry| has_expression(&entry.value)),
        _ => false,
    }
}
