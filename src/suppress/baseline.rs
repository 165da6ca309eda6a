//! The baseline: findings that are known and not yet mended, by fingerprint.
//!
//! In: the text of a baseline file, or findings to record. Out: which findings are old, and which entries no longer occur.

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Suppressed, SuppressedBy};
use crate::source::{SourceFile, SourceMap};

/// The version of the file's shape.
const SCHEMA: u32 = 1;

/// The recorded findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    schema: u32,
    /// In order of file, policy and address.
    pub findings: Vec<Entry>,
}

/// One recorded finding; only the fingerprint counts, the rest is for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Where it was.
    pub file: String,
    /// Which policy.
    pub policy: String,
    /// Which resource.
    pub address: String,
    /// `fail` or `unknown`.
    pub verdict: String,
    /// Its identity.
    pub fingerprint: String,
}

impl Baseline {
    /// Records all findings that are not suppressed otherwise.
    pub fn of(sources: &SourceMap, findings: &[Finding]) -> Self {
        let is_old = |it: &&Finding| it.suppressed.as_ref().is_none_or(|by| by.kind == SuppressedBy::Baseline);
        let mut entries: Vec<Entry> = findings.iter().filter(is_old).map(|it| Entry::of(sources, it)).collect();
        entries.sort();
        Self { schema: SCHEMA, findings: entries }
    }

    /// Reads a baseline file; the error says what is wrong and what to do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let baseline: Self = serde_json::from_str(text)
            .map_err(|error| format!("is not a baseline: {error}; write a new one with `baalint baseline write`"))?;
        if baseline.schema == SCHEMA {
            return Ok(baseline);
        }
        Err(format!("is a baseline of version {}, this baalint reads {SCHEMA}; write a new one", baseline.schema))
    }

    /// The file's text.
    pub fn text(&self) -> String {
        // Strings and numbers always serialise.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Marks the findings that are recorded, and gives back the entries that no longer occur.
    pub fn apply(&self, findings: &mut [Finding]) -> Vec<&Entry> {
        let mut seen = rustc_hash::FxHashSet::default();
        let recorded: rustc_hash::FxHashSet<&str> = self.findings.iter().map(|it| it.fingerprint.as_str()).collect();
        for finding in findings {
            if recorded.contains(&*finding.fingerprint) {
                seen.insert(finding.fingerprint.clone());
                finding.suppressed.get_or_insert_with(|| {
                    Box::new(Suppressed {
                        kind: SuppressedBy::Baseline,
                        reason: "known when the baseline was written".to_owned(),
                        until: None,
                        by: None,
                        span: None,
                    })
                });
            }
        }
        self.findings.iter().filter(|it| !seen.contains(it.fingerprint.as_str())).collect()
    }

    /// Without the entries that no longer occur.
    pub fn retain(&mut self, findings: &[Finding]) {
        self.findings.retain(|entry| findings.iter().any(|it| *it.fingerprint == *entry.fingerprint));
    }
}

impl Entry {
    fn of(sources: &SourceMap, finding: &Finding) -> Self {
        Self {
            file: sources.get(finding.primary.span.file).map_or("", SourceFile::shown).to_owned(),
            policy: finding.policy.id.to_string(),
            address: finding.resource.address.to_string(),
            verdict: finding.verdict.as_str().to_owned(),
            fingerprint: finding.fingerprint.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Baseline;
    use crate::report::shared_findings;

    #[test]
    fn what_is_recorded_is_old_and_what_is_gone_is_told() {
        let mut report = shared_findings::one_of_each();
        let baseline = Baseline::parse(&Baseline::of(&report.sources, &report.findings).text()).unwrap();
        // The suppressed finding is not recorded.
        assert_eq!(baseline.findings.len(), 3);
        report.findings.remove(0);
        let gone = baseline.apply(&mut report.findings).len();
        assert_eq!(gone, 1);
        assert!(report.findings.iter().all(|it| it.suppressed.is_some()));
    }

    #[test]
    fn another_version_is_refused_with_what_to_do() {
        let told = Baseline::parse(r#"{"schema": 9, "findings": []}"#).unwrap_err();
        assert_eq!(told, "is a baseline of version 9, this baalint reads 1; write a new one");
        assert!(Baseline::parse("{").unwrap_err().starts_with("is not a baseline: "));
    }
}
