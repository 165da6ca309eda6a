//! Whether a resource is written against a preview API version although its type has a stable one.
//!
//! In: a resource. Out: true, false, or why it cannot be told. Only versions that the author chose count: azurerm chooses its own.

use super::tables::{STABLE_API, row};
use crate::model::{Dialect, Lookup, PropertyPath, Resource};
use crate::value::Value;

/// The newest stable API version of a type that also has a preview; none otherwise.
pub fn stable_version(resource_type: &str) -> Option<&'static str> {
    row(STABLE_API, resource_type)
}

/// True when the API version is a preview although the type has a stable one; unknown when the version is.
pub fn preview_api(resource: &Resource) -> Value {
    let chosen = matches!(resource.dialect, Dialect::Azapi | Dialect::Arm | Dialect::Yaml);
    if !chosen || stable_version(resource.resource_type.as_str()).is_none() {
        return Value::new(false, resource.header);
    }
    match resource.lookup(&PropertyPath::parse("apiVersion")) {
        // azurerm behind Crossplane or Pulumi chose it.
        Lookup::Found(version, _) if version.default_of().is_some() => Value::new(false, resource.header),
        Lookup::Found(version, _) => match version.as_str() {
            Some(text) => Value { kind: is_preview(text).into(), ..version.clone() },
            None => version.clone(),
        },
        Lookup::Unknown(..) | Lookup::Absent { .. } => Value::new(false, resource.header),
    }
}

/// `2024-05-01-preview`, `2023-01-01-privatepreview`, `2020-01-01-alpha`, `2020-01-01-beta`.
fn is_preview(version: &str) -> bool {
    let version = version.to_ascii_lowercase();
    ["preview", "alpha", "beta"].iter().any(|suffix| version.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::{is_preview, stable_version};

    #[test]
    fn only_types_with_a_stable_version_have_one() {
        assert!(stable_version("Microsoft.Storage/storageAccounts").is_some());
        assert_eq!(stable_version("Microsoft.Insights/diagnosticSettings"), None);
        assert!(is_preview("2024-05-01-PREVIEW"));
        assert!(!is_preview("2024-05-01"));
    }
}
