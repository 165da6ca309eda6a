//! The compiled condition: a tree whose paths are parsed and whose operands are folded, ready to be evaluated.
//!
//! In: nothing; `compile` builds it. Out: what `eval` walks. Knows neither the text it came from nor any resource.

use std::sync::{Arc, OnceLock};

use super::expression::Expression;
use crate::model::{PropertyPath, ResourceType};
use crate::source::Span;
use crate::value::Value;

/// A condition of Azure Policy's grammar.
#[derive(Clone, Debug)]
pub enum Condition {
    /// True when all are.
    AllOf(Vec<Condition>),
    /// True when one is.
    AnyOf(Vec<Condition>),
    /// True when it is false.
    Not(Box<Condition>),
    /// A comparison.
    Leaf(Box<Leaf>),
}

/// A comparison: what is read, how, and with what.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// What is read.
    pub subject: Subject,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with.
    pub expected: Operand,
    /// Where it stands in the policy: `policyRule.if.allOf[1]`.
    pub pointer: Arc<str>,
    /// Its text in the policy file.
    pub span: Span,
    /// What evidence says of it whatever the resource; filled in when there is evidence.
    pub words: OnceLock<Words>,
}

/// The words of a comparison.
#[derive(Clone, Debug)]
pub struct Words {
    /// What is read.
    pub path: Arc<str>,
    /// True when the name of what is read says that it holds a secret.
    pub sensitive: bool,
    /// What it is compared with, when that is a constant.
    pub expected: Option<Arc<str>>,
}

/// What a comparison reads.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A property of the resource.
    Field(Field),
    /// A constant or a template expression.
    Value(Operand),
    /// How many elements or related resources fulfil a condition.
    Count(Box<Count>),
}

/// A property of the resource at hand.
#[derive(Clone, Debug)]
pub enum Field {
    /// Its type.
    Type,
    /// Its resource id, which is known only once it is deployed.
    Id,
    /// Its name with those of its parents.
    FullName,
    /// A path in its body.
    Path(FieldPath),
    /// A path in the element that an enclosing count is at.
    Element(ElementPath),
    /// The field that an expression names.
    Computed(Box<Operand>),
}

/// A path in a body.
#[derive(Clone, Debug)]
pub struct FieldPath {
    /// The ARM path.
    pub path: PropertyPath,
    /// True when it has `[*]`: then every element is meant.
    pub each: bool,
    /// The only type that has it, when an alias was written: absent on any other type.
    pub only: Option<ResourceType>,
    /// True when the service computes it: that it is not written says nothing.
    pub computed: bool,
}

/// A path in the element of an enclosing count.
#[derive(Clone, Debug)]
pub struct ElementPath {
    /// Which of the enclosing counts, outermost first.
    pub scope: usize,
    /// The path below the element; empty for the element itself.
    pub rest: PropertyPath,
    /// True when `rest` has `[*]`.
    pub each: bool,
    /// The whole ARM path, for people.
    pub full: PropertyPath,
}

/// A constant, or what an expression gives.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A constant.
    Constant(Value),
    /// A template expression.
    Expression(Expression, Span),
    /// An array some of whose elements are expressions.
    Array(Vec<Operand>, Span),
    /// An object some of whose values are expressions.
    Object(Vec<(Arc<str>, Operand)>, Span),
}

/// How many fulfil a condition.
#[derive(Clone, Debug)]
pub struct Count {
    /// What is counted.
    pub over: Over,
    /// Which of them count; all when there is none.
    pub condition: Option<Condition>,
}

/// What is counted.
#[derive(Clone, Debug)]
pub enum Over {
    /// The elements that a field with `[*]` names; each level of it is a scope of its own.
    Field(Field),
    /// The elements of an array; the name under which `current()` finds them is known to the compiler only.
    Value(Operand),
    /// Related resources.
    Related(Related),
}

/// Which resources are related, and how.
#[derive(Clone, Debug)]
pub struct Related {
    /// Their types.
    pub types: Vec<ResourceType>,
    /// The property of the related resource that must name this one.
    pub via: Option<PropertyPath>,
    /// How; derived from the types when it is not said.
    pub relation: Option<Relation>,
    /// The name that the related resource must have; `*` is a wildcard.
    pub name: Option<Operand>,
    /// True when the service makes one by itself: then that none is declared says nothing.
    pub singleton: bool,
}

/// How two resources are related.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The related resource lies above this one.
    Parent,
    /// The related resource lies below this one.
    Child,
    /// One of the two extends the other.
    Scope,
    /// This resource names the related one.
    References,
    /// The related one names this resource.
    ReferencedBy,
    /// Any in the same root.
    Root,
}

/// The operators of Azure Policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Azure Policy's and `src/eval/operators.rs` says what each means")]
pub enum Operator {
    Equals,
    NotEquals,
    Like,
    NotLike,
    Match,
    NotMatch,
    MatchInsensitively,
    NotMatchInsensitively,
    Contains,
    NotContains,
    In,
    NotIn,
    ContainsKey,
    NotContainsKey,
    Less,
    LessOrEquals,
    Greater,
    GreaterOrEquals,
    Exists,
}

impl Condition {
    /// Calls `visit` for every expression in the condition, outermost first.
    pub fn each_expression(&self, visit: &mut dyn FnMut(&Expression)) {
        match self {
            Self::AllOf(members) | Self::AnyOf(members) => members.iter().for_each(|it| it.each_expression(visit)),
            Self::Not(inner) => inner.each_expression(visit),
            Self::Leaf(leaf) => {
                leaf.expected.each_expression(visit);
                match &leaf.subject {
                    Subject::Field(Field::Computed(operand)) => operand.each_expression(visit),
                    Subject::Field(_) => {}
                    Subject::Value(operand) => operand.each_expression(visit),
                    Subject::Count(count) => {
                        if let Over::Value(operand) = &count.over {
                            operand.each_expression(visit);
                        }
                        if let Some(condition) = &count.condition {
                            condition.each_expression(visit);
                        }
                    }
                }
            }
        }
    }
}

impl Operator {
    /// Every operator with its name in a policy file.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("equals", Self::Equals),
        ("notEquals", Self::NotEquals),
        ("like", Self::Like),
        ("notLike", Self::NotLike),
        ("match", Self::Match),
        ("notMatch", Self::NotMatch),
        ("matchInsensitively", Self::MatchInsensitively),
        ("notMatchInsensitively", Self::NotMatchInsensitively),
        ("contains", Self::Contains),
        ("notContains", Self::NotContains),
        ("in", Self::In),
        ("notIn", Self::NotIn),
        ("containsKey", Self::ContainsKey),
        ("notContainsKey", Self::NotContainsKey),
        ("less", Self::Less),
        ("lessOrEquals", Self::LessOrEquals),
        ("greater", Self::Greater),
        ("greaterOrEquals", Self::GreaterOrEquals),
        ("exists", Self::Exists),
    ];

    /// The operator of a key, whatever its case.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, operator)| *operator)
    }

    /// The name in a policy file.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, operator)| *operator == self).map_or("", |(name, _)| name)
    }

    /// The operator that this one denies, for the eight `not...` forms.
    pub const fn positive(self) -> Option<Self> {
        match self {
            Self::NotEquals => Some(Self::Equals),
            Self::NotLike => Some(Self::Like),
            Self::NotMatch => Some(Self::Match),
            Self::NotMatchInsensitively => Some(Self::MatchInsensitively),
            Self::NotContains => Some(Self::Contains),
            Self::NotIn => Some(Self::In),
            Self::NotContainsKey => Some(Self::ContainsKey),
            _ => None,
        }
    }
}

impl Related {
    /// Stands for resources of every type; needs a relation.
    pub const ANY: &'static str = "any";
}

impl Relation {
    /// The relation of a word in a policy file.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, relation)| *relation)
    }

    /// Every relation with its word.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("parent", Self::Parent),
        ("child", Self::Child),
        ("scope", Self::Scope),
        ("references", Self::References),
        ("referencedBy", Self::ReferencedBy),
        ("root", Self::Root),
    ];
}

impl Operand {
    fn each_expression(&self, visit: &mut dyn FnMut(&Expression)) {
        match self {
            Self::Constant(_) => {}
            Self::Expression(expression, _) => expression.each(visit),
            Self::Array(items, _) => items.iter().for_each(|it| it.each_expression(visit)),
            Self::Object(entries, _) => entries.iter().for_each(|(_, it)| it.each_expression(visit)),
        }
    }

    /// The constant it is, when it is one.
    pub const fn constant(&self) -> Option<&Value> {
        match self {
            Self::Constant(value) => Some(value),
            _ => None,
        }
    }
}

impl Field {
    /// True when it has `[*]`: then every element is meant.
    pub const fn is_each(&self) -> bool {
        match self {
            Self::Path(FieldPath { each, .. }) | Self::Element(ElementPath { each, .. }) => *each,
            _ => false,
        }
    }

    /// The ARM path, for people.
    pub fn path_text(&self) -> String {
        match self {
            Self::Type => "type".into(),
            Self::Id => "id".into(),
            Self::FullName => "fullName".into(),
            Self::Path(FieldPath { path, .. }) | Self::Element(ElementPath { full: path, .. }) => path.to_string(),
            Self::Computed(_) => "a computed field".into(),
        }
    }
}
