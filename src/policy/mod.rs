//! Policies: files to compiled conditions with their documentation.
//!
//! In: a policy file as a spanned value, an Azure Policy definition, or the library embedded at build time. Out:
//! [`Policy`], whose condition `eval` evaluates. Knows no input language; says every mistake of an author at its text.
//!
//! Read `condition` first: everything else builds it.

mod azure_policy;
pub mod builtin;
pub mod citation;
mod compile;
mod compile_expression;
mod condition;
mod definition;
pub mod example;
mod expression;
pub mod library;
mod policy_file;
mod remedy;
mod rule;
pub mod suggest;

pub use azure_policy::{compile_definition, is_definition};
pub use compile::bind_field;
pub use condition::{
    Condition, Count, ElementPath, Field, FieldPath, Leaf, Operand, Operator, Over, Related, Relation, Subject, Words,
};
pub use definition::{Category, EquivalentsWhen, Message, MessagePart, Parameter, Policy, Severity, Types};
pub use expression::Expression;
pub use policy_file::compile;
pub use remedy::Remedy;

#[cfg(test)]
mod tests;
