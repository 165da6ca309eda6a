//! What a policy says of a resource: fail or unknown, where, and why.
//!
//! In: outcomes of the evaluation with the facts of their policy and resource. Out: [`Finding`], which every report
//! format reads and nothing else. Knows no input language; texts stay where they are, findings hold spans. There may be
//! hundreds of thousands of them: what findings have in common they share.

use std::borrow::Cow;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::edit::{Proposal, Refusal};
use crate::model::{Dialect, ResourceIndex, ResourceType};
pub use crate::policy::Severity;
use crate::snippet;
use crate::source::Span;

/// A policy's word on a resource.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The policy, as far as reports need it.
    pub policy: Arc<PolicyFacts>,
    /// The resource; findings of one resource share it.
    pub resource: Arc<Subject>,
    /// Fails, or cannot be told.
    pub verdict: Verdict,
    /// The policy's severity, or what a tag or the configuration makes of it.
    pub severity: Severity,
    /// Why the severity is above the policy's: the resource says that it holds ePHI.
    pub raised: Option<Box<Raised>>,
    /// One sentence.
    pub message: Arc<str>,
    /// The text that decided it.
    pub primary: Label,
    /// The way the value came, further callers and instances.
    pub related: Vec<Label>,
    /// What was compared with what.
    pub evidence: Vec<Evidence>,
    /// Foreign ids beyond the policy's own that this resource violates too.
    pub also_equivalent: Vec<String>,
    /// The recorded exception that covers it.
    pub suppressed: Option<Box<Suppressed>>,
    /// Stable while lines move, files are renamed within a module, and texts are formatted.
    pub fingerprint: Box<str>,
    /// The resources that share it: the position of the root, and the resource's own in there.
    pub members: Vec<(usize, ResourceIndex)>,
    /// The fix in the words of the resource's own text, where that takes more than its address.
    pub snippet: Option<Box<str>>,
    /// The edits that would satisfy it, or why there are none; only when somebody asked.
    pub proposal: Option<Box<Result<Proposal, Refusal>>>,
}

/// A severity above the policy's, and the tag that asks for it.
#[derive(Clone, Debug)]
pub struct Raised {
    /// The policy's severity.
    pub from: Severity,
    /// The finding's.
    pub to: Severity,
    /// The tag's name as it is written.
    pub tag: String,
    /// Its value.
    pub value: String,
    /// Where it is written.
    pub span: Span,
}

/// What a finding says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verdict {
    /// The resource violates the policy.
    Fail,
    /// The text does not tell.
    Unknown,
}

impl Verdict {
    /// The word that reports print.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// What reports print of a policy.
#[derive(Clone, Debug)]
pub struct PolicyFacts {
    /// Path without `.yaml`: `storage/plain-http`.
    pub id: Arc<str>,
    /// One line.
    pub title: String,
    /// As the policy file has it.
    pub severity: Severity,
    /// `encryption-in-transit`, ...
    pub category: String,
    /// Paragraphs of the Security Rule.
    pub citations: Vec<CitationFacts>,
    /// The same requirement elsewhere.
    pub equivalents: Vec<String>,
    /// What can happen.
    pub why: String,
    /// Language to fix: `terraform`, `bicep`, ...
    pub fix: Vec<(String, String)>,
    /// Values are never printed.
    pub mask: bool,
    /// False when nobody may silence it.
    pub suppressible: bool,
}

/// A paragraph of the Security Rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CitationFacts {
    /// `164.312(e)(1)`
    pub id: String,
    /// Its name; empty when not known.
    pub title: String,
    /// `standard`, `required`, `addressable`; empty when not known.
    pub status: String,
}

/// The resource of a finding.
#[derive(Clone, Debug)]
pub struct Subject {
    /// From its root: `module.a.azurerm_storage_account.logs["x"]`.
    pub address: Arc<str>,
    /// The ARM type.
    pub resource_type: ResourceType,
    /// The type as the input language names it.
    pub source_type: Arc<str>,
    /// The language.
    pub dialect: Dialect,
    /// The root module or template, as reports show it.
    pub root: Arc<str>,
    /// The whole declaration.
    pub span: Span,
    /// Its first line.
    pub header: Span,
    /// Where the modules that hold it are called, innermost first.
    pub callers: Vec<Span>,
}

impl Subject {
    /// The address that the input language knows, and the part of that declaration which is an ARM resource of its own:
    /// `azurerm_network_security_group.a::securityRules["ssh"]` is the part `securityRules["ssh"]` of the group.
    pub fn declaration(&self) -> (&str, Option<&str>) {
        declaration(&self.address)
    }

    /// The key of `fix` that fits the resource's language.
    pub const fn fix_language(&self) -> &'static str {
        match self.dialect {
            Dialect::Terraform | Dialect::Plan => "terraform",
            Dialect::Azapi | Dialect::Arm | Dialect::Export | Dialect::Yaml => "bicep",
        }
    }
}

/// A place with a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The text.
    pub span: Span,
    /// What to know of it; may be empty.
    pub text: Arc<str>,
}

/// One comparison that decided a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// ARM path.
    pub path: Arc<str>,
    /// The condition's operator.
    pub operator: &'static str,
    /// What the policy compares with.
    pub expected: Arc<str>,
    /// What the text says; empty when it is masked.
    pub actual: Arc<str>,
    /// Where.
    pub span: Span,
    /// Why it is not known, when it is not.
    pub reason: Option<Arc<str>>,
}

/// A recorded exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// Where it is recorded.
    pub kind: SuppressedBy,
    /// Why.
    pub reason: String,
    /// Last day it holds, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// Who decided.
    pub by: Option<String>,
    /// Its text, when it has one in a file of the run.
    pub span: Option<Span>,
}

/// Where an exception is recorded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SuppressedBy {
    /// A comment in the source.
    Inline,
    /// The configuration file.
    Config,
    /// The baseline file.
    Baseline,
    /// Another tool's comment, honoured on request.
    Foreign,
}

impl SuppressedBy {
    /// The word that reports print.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Config => "config",
            Self::Baseline => "baseline",
            Self::Foreign => "foreign",
        }
    }
}

impl Finding {
    /// The fix made out to the resource, in the language of the file, else in the first language that the policy has.
    pub fn fix(&self) -> Option<Cow<'_, str>> {
        if let Some(snippet) = &self.snippet {
            return Some(Cow::Borrowed(snippet));
        }
        let language = self.resource.fix_language();
        let fixes = &self.policy.fix;
        let (language, fix) = fixes.iter().find(|(key, _)| key == language).or_else(|| fixes.first())?;
        let fix = fix.trim_end();
        if language == "terraform" && fix.contains(".this.") {
            return Some(Cow::Owned(snippet::made_out(fix, &self.resource.address)));
        }
        Some(Cow::Borrowed(fix))
    }

    /// The edits that would satisfy it, when somebody asked and there are any.
    pub fn edits(&self) -> Option<&Proposal> {
        self.proposal.as_deref()?.as_ref().ok()
    }

    /// Why no edit is offered, when somebody asked for one.
    pub fn refused(&self) -> Option<&str> {
        self.proposal.as_deref()?.as_ref().err().map(|it| it.0.as_str())
    }
}

/// What a fingerprint is made of: nothing that moves with lines or layout.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The policy's id.
    pub policy: &'a str,
    /// The directory of the file that declares the resource, as shown.
    pub directory: &'a str,
    /// The address; without module path and instance keys when the resource's own text decides.
    pub address: &'a str,
    /// The path that decided.
    pub path: &'a str,
    /// The value that decided, as text.
    pub value: &'a str,
}

impl Identity<'_> {
    /// 32 hex digits.
    pub fn fingerprint(&self) -> Box<str> {
        let mut hash = Sha256::new();
        for part in [self.policy, self.directory, self.address, self.path, self.value] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        let bytes = hash.finalize();
        bytes.iter().take(16).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }
}

/// The address of a declaration, and the part of it that is an ARM resource of its own; see [`Subject::declaration`].
pub fn declaration(address: &str) -> (&str, Option<&str>) {
    let (mut depth, mut quoted, mut escaped) = (0u32, false, false);
    for (at, byte) in address.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if depth > 0 => quoted = !quoted,
            b'[' if !quoted => depth = depth.saturating_add(1),
            b']' if !quoted => depth = depth.saturating_sub(1),
            b':' if depth == 0 => match address.split_at(at) {
                (address, part) if part.starts_with("::") => return (address, part.strip_prefix("::")),
                _ => {}
            },
            _ => {}
        }
    }
    (address, None)
}

/// An address without its module path and instance keys: `azurerm_storage_account.logs`.
pub fn local_address(address: &str) -> String {
    let mut plain = String::with_capacity(address.len());
    let (mut depth, mut quoted, mut escaped) = (0u32, false, false);
    for character in address.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth = depth.saturating_add(1),
            ']' if !quoted => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(character),
            _ => {}
        }
    }
    let mut rest = plain.as_str();
    while let Some((_, after)) = rest.strip_prefix("module.").and_then(|below| below.split_once('.')) {
        rest = after;
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Identity, declaration, local_address};

    #[test]
    fn a_local_address_has_no_module_and_no_instance() {
        let cases = [
            ("azurerm_storage_account.logs", "azurerm_storage_account.logs"),
            ("module.a[\"x.y\"].module.b.azurerm_storage_account.logs[0]", "azurerm_storage_account.logs"),
            ("module.a[\"]\"].azurerm_storage_account.logs[\"a\\\"]\"]", "azurerm_storage_account.logs"),
            ("storage::blob", "storage::blob"),
        ];
        for (address, local) in cases {
            assert_eq!(local_address(address), local);
        }
    }

    #[test]
    fn a_part_is_told_from_the_declaration_that_makes_it() {
        let cases = [
            ("azurerm_storage_account.logs", ("azurerm_storage_account.logs", None)),
            ("azurerm_storage_account.logs::blobServices", ("azurerm_storage_account.logs", Some("blobServices"))),
            ("azurerm_x.a[\"b::c\"]::rules[\"d::e\"]", ("azurerm_x.a[\"b::c\"]", Some("rules[\"d::e\"]"))),
            ("Microsoft.Web/sites/a:b", ("Microsoft.Web/sites/a:b", None)),
        ];
        for (address, told) in cases {
            assert_eq!(declaration(address), told);
        }
    }

    #[test]
    fn a_fingerprint_changes_with_each_of_its_parts_and_parts_do_not_run_together() {
        let base = Identity { policy: "a", directory: "b", address: "c", path: "d", value: "e" };
        let all = [
            base,
            Identity { policy: "x", ..base },
            Identity { directory: "x", ..base },
            Identity { address: "x", ..base },
            Identity { path: "x", ..base },
            Identity { value: "x", ..base },
            Identity { policy: "ab", directory: "", ..base },
        ];
        let mut prints: Vec<_> = all.iter().map(Identity::fingerprint).collect();
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), all.len());
        assert!(prints.iter().all(|it| it.len() == 32));
    }
}
