//! What a compiled policy is: its documentation, its condition, and the words of its closed lists.
//!
//! In: nothing; `policy_file` and `azure_policy` make it. Out: what `eval` evaluates and reports print.

use std::sync::Arc;

use super::condition::{Condition, Operand};
use super::remedy::Remedy;
use crate::model::{PropertyPath, ResourceType};
use crate::source::Span;
use crate::value::Value;

/// A compiled policy with its documentation.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `storage/plain-http`.
    pub id: Arc<str>,
    /// What is wrong when it fails, as a headline.
    pub title: Arc<str>,
    /// How much it matters.
    pub severity: Severity,
    /// What it protects.
    pub category: Category,
    /// Paragraphs of the Security Rule.
    pub citations: Vec<Arc<str>>,
    /// The same requirement elsewhere.
    pub equivalents: Vec<Arc<str>>,
    /// The same requirement elsewhere, of those resources only for which a further condition holds.
    pub equivalents_when: Vec<EquivalentsWhen>,
    /// What can happen to ePHI.
    pub why: Arc<str>,
    /// Language, and text to paste.
    pub fix: Vec<(Arc<str>, Arc<str>)>,
    /// What would satisfy it, where the file says more than the condition.
    pub remedy: Remedy,
    /// The resource types that it judges.
    pub types: Types,
    /// True for a resource that violates the policy.
    pub condition: Condition,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Where a finding points when the deciding value is not the best place.
    pub label: Option<PropertyPath>,
    /// The sentence of a finding, when the title is not enough.
    pub message: Option<Message>,
    /// False when nobody may silence it.
    pub suppressible: bool,
    /// True when no value may be printed.
    pub mask: bool,
    /// The file.
    pub span: Span,
}

/// Foreign ids that a failing resource violates too when `condition` holds for it.
#[derive(Clone, Debug)]
pub struct EquivalentsWhen {
    /// The ids.
    pub ids: Vec<Arc<str>>,
    /// True for a resource that violates them.
    pub condition: Condition,
}

/// The resource types that a policy judges.
#[derive(Clone, Debug, PartialEq)]
pub enum Types {
    /// Every type.
    All,
    /// These.
    Only(Vec<ResourceType>),
}

/// How much a policy matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// What a policy protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Category {
    BaaCoverage,
    NetworkExposure,
    EncryptionAtRest,
    EncryptionInTransit,
    AuditLogging,
    AccessControl,
    BackupRecovery,
    Integrity,
    Secrets,
    AiAnalytics,
    Governance,
    DataResidency,
}

/// A value that a team configures.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in the condition.
    pub name: Arc<str>,
    /// Its value when nobody configures it; without one it is unknown.
    pub default: Option<Value>,
    /// The key of `baalint.yaml` that sets it.
    pub config: Option<Arc<str>>,
}

/// The sentence of a finding.
#[derive(Clone, Debug)]
pub enum Message {
    /// A text with placeholders.
    Parts(Vec<MessagePart>),
    /// A template expression.
    Expression(Operand),
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum MessagePart {
    /// As it stands.
    Text(Arc<str>),
    /// The value of a property.
    Path(PropertyPath),
}

impl Policy {
    /// Every foreign id that some failing resource of this policy violates.
    pub fn all_equivalents(&self) -> impl Iterator<Item = &str> {
        self.equivalents.iter().chain(self.equivalents_when.iter().flat_map(|it| &it.ids)).map(|id| &**id)
    }
}

impl Types {
    /// True when a resource of this type is judged.
    pub fn contains(&self, resource_type: &ResourceType) -> bool {
        match self {
            Self::All => true,
            Self::Only(types) => types.contains(resource_type),
        }
    }
}

impl Severity {
    /// Every severity with its word.
    pub const ALL: &'static [(&'static str, Self)] =
        &[("critical", Self::Critical), ("high", Self::High), ("medium", Self::Medium), ("low", Self::Low)];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

impl Category {
    /// Every category with its word.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("baa-coverage", Self::BaaCoverage),
        ("network-exposure", Self::NetworkExposure),
        ("encryption-at-rest", Self::EncryptionAtRest),
        ("encryption-in-transit", Self::EncryptionInTransit),
        ("audit-logging", Self::AuditLogging),
        ("access-control", Self::AccessControl),
        ("backup-recovery", Self::BackupRecovery),
        ("integrity", Self::Integrity),
        ("secrets", Self::Secrets),
        ("ai-analytics", Self::AiAnalytics),
        ("governance", Self::Governance),
        ("data-residency", Self::DataResidency),
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, category)| *category == self).map_or("", |(word, _)| word)
    }
}
