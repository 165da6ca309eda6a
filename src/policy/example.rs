//! The examples of a policy file, which are its tests.
//!
//! In: the spanned value of a policy file. Out: [`Example`]s, or what is wrong with how they are written. Runs nothing:
//! whoever can lower an example does.

use std::sync::Arc;

use super::suggest::nearest;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::value::{Object, Value};

/// One example.
#[derive(Clone, Debug)]
pub struct Example {
    /// What the policy must say of it.
    pub expected: Expected,
    /// Its short name.
    pub name: Arc<str>,
    /// The language of the text.
    pub language: Language,
    /// The input; for ARM a resource, a list of resources, or a whole template.
    pub text: Arc<str>,
    /// The text that the label must cover.
    pub at: Option<Arc<str>>,
    /// The resource meant, when there are several.
    pub resource: Option<Arc<str>>,
    /// Major version of azurerm.
    pub provider: Option<u8>,
    /// Configured values.
    pub config: Object,
    /// The example in the policy file.
    pub span: Span,
}

/// What a policy must say of an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A finding with verdict `fail`.
    Fail,
    /// No finding.
    Pass,
    /// A finding with verdict `unknown`.
    Unknown,
}

/// The language of an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Terraform with azurerm.
    Terraform,
    /// Terraform with `azapi_resource`.
    Azapi,
    /// ARM JSON.
    Arm,
    /// One of the YAML dialects.
    Yaml,
}

const KEYS: [&str; 11] =
    ["fail", "pass", "unknown", "terraform", "azapi", "arm", "yaml", "at", "resource", "provider", "config"];

/// Reads the examples of a policy file and checks that they are enough.
pub fn read(root: &Value) -> (Vec<Example>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let Some(file) = root.as_object() else { return (Vec::new(), diagnostics) };
    let Some(list) = file.value("examples").and_then(Value::as_array) else {
        diagnostics.push(Diagnostic::error(Code::Policy, root.span, "this policy has no list of `examples`"));
        return (Vec::new(), diagnostics);
    };
    let examples: Vec<Example> = list.items.iter().filter_map(|item| example(item, &mut diagnostics)).collect();
    if examples.len() == list.items.len() {
        enough(&examples, root.span, file.value("without"), &mut diagnostics);
    }
    (examples, diagnostics)
}

fn example(item: &Value, diagnostics: &mut Vec<Diagnostic>) -> Option<Example> {
    let mut error = |span: Span, message: &str| diagnostics.push(Diagnostic::error(Code::Policy, span, message));
    let Some(object) = item.as_object() else {
        error(item.span, "an example must be a mapping");
        return None;
    };
    if let Some((key, entry)) = object.entries.iter().find(|(key, _)| !KEYS.contains(&&***key)) {
        let near = nearest(key, KEYS).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        error(entry.key_span, &format!("unknown key `{key}` in an example{near}"));
        return None;
    }
    let verdicts = [("fail", Expected::Fail), ("pass", Expected::Pass), ("unknown", Expected::Unknown)];
    let written: Vec<_> = verdicts.iter().filter_map(|(key, it)| Some((*it, object.value(key)?))).collect();
    let [(expected, name)] = written.as_slice() else {
        error(item.span, "an example is exactly one of `fail`, `pass` and `unknown`");
        return None;
    };
    let languages = [
        ("terraform", Language::Terraform),
        ("azapi", Language::Azapi),
        ("arm", Language::Arm),
        ("yaml", Language::Yaml),
    ];
    let written: Vec<_> = languages.iter().filter_map(|(key, it)| Some((*it, object.value(key)?))).collect();
    let [(language, input)] = written.as_slice() else {
        error(item.span, "an example has exactly one of `terraform`, `azapi`, `arm` and `yaml`");
        return None;
    };
    let Some(text) = input.as_str() else {
        error(input.span, "the input of this example must be a text");
        return None;
    };
    let at = object.value("at").and_then(Value::as_str).map(|text| Arc::from(text.trim_end_matches('\n')));
    if *expected == Expected::Fail && at.is_none() {
        error(item.span, "a `fail` example says with `at` which text the finding covers");
        return None;
    }
    Some(Example {
        expected: *expected,
        name: name.as_str().unwrap_or("").into(),
        language: *language,
        text: text.into(),
        at,
        resource: object.value("resource").and_then(Value::as_str).map(Arc::from),
        provider: object.value("provider").and_then(major),
        config: object.value("config").and_then(Value::as_object).cloned().unwrap_or_default(),
        span: item.span,
    })
}

fn major(value: &Value) -> Option<u8> {
    value.as_number()?.as_i64()?.try_into().ok()
}

/// One example of each verdict, a `fail` in Terraform and in ARM, or a reason in `without`.
fn enough(examples: &[Example], span: Span, without: Option<&Value>, diagnostics: &mut Vec<Diagnostic>) {
    let excused = |key: &str| {
        without.and_then(Value::as_object).and_then(|it| it.value(key)).is_some_and(|it| it.as_str().is_some())
    };
    let has = |expected| examples.iter().any(|it| it.expected == expected);
    let fails_in = |languages: &[Language]| {
        examples.iter().any(|it| it.expected == Expected::Fail && languages.contains(&it.language))
    };
    let wanted = [
        ("fail", has(Expected::Fail), "a `fail` example"),
        ("pass", has(Expected::Pass), "a `pass` example"),
        ("unknown", has(Expected::Unknown), "an `unknown` example"),
        ("terraform", fails_in(&[Language::Terraform, Language::Azapi]), "a `fail` example in Terraform"),
        ("arm", fails_in(&[Language::Arm]), "a `fail` example in ARM"),
    ];
    for (key, there, what) in wanted {
        if !there && !excused(key) {
            let message = format!("this policy needs {what}, or a reason in `without: {{ {key}: ... }}`");
            diagnostics.push(Diagnostic::error(Code::Policy, span, message));
        }
    }
}
