//! The configuration file, `baalint.yaml`.
//!
//! In: its text. Out: [`Config`], and a diagnostic for every key or value that means nothing, with the one that was
//! probably meant. Knows the keys and their shapes; what policies make of `values` is theirs.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::yaml;
use crate::policy::Severity;
use crate::policy::suggest::nearest;
use crate::source::{SourceFile, Span};
use crate::value::{Object, Value, ValueKind};

/// The names that are looked for, upwards from the working directory.
pub const NAMES: [&str; 2] = ["baalint.yaml", "baalint.yml"];

/// What a team has decided.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Only these policies: ids or globs.
    pub select: Vec<Named>,
    /// Not these policies.
    pub ignore: Vec<Named>,
    /// Least severity that fails a run.
    pub fail_on: Option<FailOn>,
    /// What becomes of findings that cannot be told.
    pub unknown: Option<UnknownMode>,
    /// Another severity for policies.
    pub severity: Vec<(Named, Severity)>,
    /// What holds below some paths only.
    pub overrides: Vec<Override>,
    /// Paths that are left out.
    pub exclude: Vec<Named>,
    /// Directories of further policies.
    pub policies: Vec<Named>,
    /// Azure Policy definitions.
    pub azure_policy: Vec<Named>,
    /// Files of Terraform variables.
    pub var_files: Vec<Named>,
    /// Parameter files of ARM templates.
    pub parameters: Vec<Named>,
    /// The baseline.
    pub baseline: Option<Named>,
    /// Organisational values, by the name that policies give them.
    pub values: IndexMap<Arc<str>, (Value, Span)>,
    /// Recorded exceptions.
    pub suppressions: Vec<Exception>,
}

/// A text with its place in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The text.
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

/// What holds below some paths only.
#[derive(Clone, Debug)]
pub struct Override {
    /// Globs of paths.
    pub paths: Vec<Named>,
    /// Not these policies there.
    pub ignore: Vec<Named>,
    /// Another severity there.
    pub severity: Vec<(Named, Severity)>,
}

/// A recorded exception.
#[derive(Clone, Debug)]
pub struct Exception {
    /// Policy id or glob.
    pub policy: Named,
    /// Glob of resource addresses; all of them when nothing is said.
    pub resource: Option<String>,
    /// Glob of paths; all of them when nothing is said.
    pub path: Option<String>,
    /// Last day.
    pub until: Option<Named>,
    /// Who decided.
    pub by: Option<String>,
    /// Why.
    pub reason: String,
    /// Its text.
    pub span: Span,
}

/// Least severity that fails a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// This and above.
    Severity(Severity),
    /// None.
    Never,
}

/// What becomes of findings that cannot be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownMode {
    /// They are printed and do not fail the run.
    #[default]
    Show,
    /// They are counted only.
    Hide,
    /// They fail the run.
    Fail,
}

/// The JSON Schema of the file, for editors.
pub const SCHEMA: &str = include_str!("../docs/baalint.schema.json");

const KEYS: [&str; 14] = [
    "select",
    "ignore",
    "fail-on",
    "unknown",
    "severity",
    "overrides",
    "exclude",
    "policies",
    "azure-policy",
    "var-files",
    "parameters",
    "baseline",
    "values",
    "suppressions",
];
const SEVERITIES: [(&str, Severity); 4] =
    [("critical", Severity::Critical), ("high", Severity::High), ("medium", Severity::Medium), ("low", Severity::Low)];

/// Reads a configuration file; what is wrong in it is left out and told.
pub fn read(file: &SourceFile) -> (Config, Vec<Diagnostic>) {
    let (documents, mut diagnostics) = yaml::parse(file.id(), file.text());
    for diagnostic in &mut diagnostics {
        diagnostic.code = Code::Config;
    }
    let mut reader = Reader { diagnostics };
    let config = match documents.first() {
        Some(document) => reader.config(&document.root),
        None => Config::default(),
    };
    (config, reader.diagnostics)
}

struct Reader {
    diagnostics: Vec<Diagnostic>,
}

impl Reader {
    fn config(&mut self, root: &Value) -> Config {
        let mut config = Config::default();
        let Some(object) = self.object(root, &KEYS, "the configuration") else { return config };
        for (key, entry) in &object.entries {
            let value = &entry.value;
            match &**key {
                "select" => config.select = self.names(value),
                "ignore" => config.ignore = self.names(value),
                "fail-on" => config.fail_on = self.fail_on(value),
                "unknown" => config.unknown = self.unknown(value),
                "severity" => config.severity = self.severities(value),
                "overrides" => config.overrides = self.each(value, Self::one_override),
                "exclude" => config.exclude = self.names(value),
                "policies" => config.policies = self.names(value),
                "azure-policy" => config.azure_policy = self.names(value),
                "var-files" => config.var_files = self.names(value),
                "parameters" => config.parameters = self.names(value),
                "baseline" => config.baseline = self.name(value),
                "values" => config.values = self.values(value),
                "suppressions" => config.suppressions = self.each(value, Self::exception),
                _ => {}
            }
        }
        config
    }

    fn one_override(&mut self, value: &Value) -> Option<Override> {
        let object = self.object(value, &["paths", "ignore", "severity"], "an override")?;
        let names = |this: &mut Self, key| object.value(key).map(|it| this.names(it)).unwrap_or_default();
        let paths = names(self, "paths");
        let ignore = names(self, "ignore");
        let severity = object.value("severity").map(|it| self.severities(it)).unwrap_or_default();
        if paths.is_empty() {
            self.error(value.span, "an override says for which `paths` it holds");
            return None;
        }
        Some(Override { paths, ignore, severity })
    }

    fn exception(&mut self, value: &Value) -> Option<Exception> {
        let keys = ["policy", "resource", "path", "until", "by", "reason"];
        let object = self.object(value, &keys, "a suppression")?;
        let text = |this: &mut Self, key| object.value(key).and_then(|it| this.name(it));
        let (policy, resource, path) = (text(self, "policy"), text(self, "resource"), text(self, "path"));
        let (until, by, reason) = (text(self, "until"), text(self, "by"), text(self, "reason"));
        let Some(policy) = policy else {
            self.error(value.span, "a suppression says which `policy` it silences");
            return None;
        };
        let Some(reason) = reason.filter(|it| !it.text.trim().is_empty()) else {
            self.diagnostics.push(
                Diagnostic::error(Code::Suppression, value.span, "a suppression needs a `reason`")
                    .with_help("say why the risk is accepted: an auditor will ask"),
            );
            return None;
        };
        let plain = |it: Option<Named>| it.map(|it| it.text);
        Some(Exception {
            policy,
            resource: plain(resource),
            path: plain(path),
            until,
            by: plain(by),
            reason: reason.text,
            span: value.span,
        })
    }

    fn values(&mut self, value: &Value) -> IndexMap<Arc<str>, (Value, Span)> {
        let Some(object) = value.as_object() else {
            self.error(value.span, "`values` is a mapping of names to values");
            return IndexMap::new();
        };
        object.entries.iter().map(|(key, entry)| (key.clone(), (entry.value.clone(), entry.key_span))).collect()
    }

    fn severities(&mut self, value: &Value) -> Vec<(Named, Severity)> {
        let Some(object) = value.as_object() else {
            self.error(value.span, "`severity` is a mapping of policy ids or globs to severities");
            return Vec::new();
        };
        let mut severities = Vec::new();
        for (key, entry) in &object.entries {
            let name = Named { text: key.to_string(), span: entry.key_span };
            let words = SEVERITIES.map(|(word, _)| word);
            if let Some(word) = self.word(&entry.value, &words) {
                severities.extend(SEVERITIES.iter().find(|it| it.0 == word).map(|it| (name, it.1)));
            }
        }
        severities
    }

    fn fail_on(&mut self, value: &Value) -> Option<FailOn> {
        let word = self.word(value, &["critical", "high", "medium", "low", "never"])?;
        let severity = SEVERITIES.iter().find(|it| it.0 == word).map(|it| it.1);
        Some(severity.map_or(FailOn::Never, FailOn::Severity))
    }

    fn unknown(&mut self, value: &Value) -> Option<UnknownMode> {
        Some(match self.word(value, &["show", "hide", "fail"])? {
            "hide" => UnknownMode::Hide,
            "fail" => UnknownMode::Fail,
            _ => UnknownMode::Show,
        })
    }

    fn word<'w>(&mut self, value: &Value, words: &[&'w str]) -> Option<&'w str> {
        let found = value.as_str().and_then(|text| words.iter().find(|word| **word == text));
        if found.is_none() {
            self.error(value.span, format!("expected one of {}", words.join(", ")));
        }
        found.copied()
    }

    fn names(&mut self, value: &Value) -> Vec<Named> {
        match &value.kind {
            ValueKind::Array(array) => array.items.iter().filter_map(|item| self.name(item)).collect(),
            _ => self.name(value).into_iter().collect(),
        }
    }

    fn name(&mut self, value: &Value) -> Option<Named> {
        let name = value.as_str().map(|text| Named { text: text.to_owned(), span: value.span });
        if name.is_none() {
            self.error(value.span, "expected a text");
        }
        name
    }

    fn each<T>(&mut self, value: &Value, read: impl Fn(&mut Self, &Value) -> Option<T>) -> Vec<T> {
        let Some(array) = value.as_array() else {
            self.error(value.span, "expected a list");
            return Vec::new();
        };
        array.items.iter().filter_map(|item| read(self, item)).collect()
    }

    /// The mapping, its unknown keys told.
    fn object<'v>(&mut self, value: &'v Value, keys: &[&str], what: &str) -> Option<&'v Object> {
        let Some(object) = value.as_object() else {
            self.error(value.span, format!("{what} is a mapping"));
            return None;
        };
        for (key, entry) in object.entries.iter().filter(|(key, _)| !keys.contains(&&***key)) {
            let meant = nearest(key, keys.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let help = meant.unwrap_or_else(|| format!("known keys: {}", keys.join(", ")));
            let message = format!("unknown key `{key}` in {what}");
            self.diagnostics.push(Diagnostic::error(Code::Config, entry.key_span, message).with_help(help));
        }
        Some(object)
    }

    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(Code::Config, span, message));
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, FailOn, UnknownMode, read};
    use crate::policy::Severity;
    use crate::source::SourceMap;

    fn config(text: &str) -> (Config, Vec<String>) {
        let mut sources = SourceMap::default();
        let id = sources.add("baalint.yaml", "baalint.yaml", text);
        let (config, diagnostics) = read(sources.get(id).unwrap());
        let told =
            diagnostics.into_iter().map(|it| it.message + &it.help.map(|it| format!(" ({it})")).unwrap_or_default());
        (config, told.collect())
    }

    #[test]
    fn every_key_is_read() {
        let (config, told) = config(
            "select: [storage/*]\nignore: storage/x\nfail-on: high\nunknown: hide\nseverity: { sql/*: low }\n\
             overrides:\n  - paths: [dev/]\n    ignore: ['*']\nexclude: [vendor/]\npolicies: [ours]\n\
             azure-policy: [defs]\nvar-files: [a.tfvars]\nparameters: [p.json]\nbaseline: b.json\n\
             values: { allowed-locations: [eastus] }\n\
             suppressions:\n  - { policy: storage/x, resource: 'module.a.*', reason: public site, until: 2030-01-01 }\n",
        );
        assert_eq!(told, [""; 0]);
        assert_eq!(config.select[0].text, "storage/*");
        assert_eq!(config.ignore[0].text, "storage/x");
        assert_eq!(config.fail_on, Some(FailOn::Severity(Severity::High)));
        assert_eq!(config.unknown, Some(UnknownMode::Hide));
        assert_eq!(config.severity[0].1, Severity::Low);
        assert_eq!(config.overrides[0].ignore[0].text, "*");
        assert!(config.values.contains_key("allowed-locations"));
        assert_eq!(config.suppressions[0].until.as_ref().map(|it| it.text.as_str()), Some("2030-01-01"));
    }

    #[test]
    fn the_schema_has_the_keys_that_are_read() {
        let schema: serde_json::Value = serde_json::from_str(super::SCHEMA).unwrap();
        let mut keys: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut known = super::KEYS;
        // serde_json keeps or sorts keys depending on what else is built beside it.
        keys.sort_unstable();
        known.sort_unstable();
        assert_eq!(keys, known);
    }

    #[test]
    fn what_means_nothing_is_told_with_what_was_meant() {
        let cases = [
            ("ignor: [a]", "unknown key `ignor` in the configuration (did you mean `ignore`?)"),
            ("fail-on: hihg", "expected one of critical, high, medium, low, never"),
            ("- a", "the configuration is a mapping"),
            (
                "suppressions: [{ policy: a }]",
                "a suppression needs a `reason` (say why the risk is accepted: an auditor will ask)",
            ),
            ("suppressions: [{ reason: a }]", "a suppression says which `policy` it silences"),
            ("select: [1]", "expected a text"),
        ];
        for (text, expected) in cases {
            assert_eq!(config(text).1, [expected], "{text}");
        }
        assert_eq!(config("").1, [""; 0]);
    }
}
