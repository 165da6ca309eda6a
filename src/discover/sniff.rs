//! Which dialect a file is: by its name, else by a look at its text.

use std::borrow::Cow;
use std::path::Path;

use crate::frontend::{arm, yaml};

/// The front end that a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `.tf`, `.tf.json`, `.tofu`: part of the module that its directory is.
    Terraform,
    /// `.tfvars`, `.tfvars.json`, `terragrunt.hcl`: read by the modules that it belongs to.
    TerraformVariables,
    /// Perhaps a template, its parameters, or exported resources: the front end tells by the shape.
    Arm,
    /// A Terraform plan or state as JSON.
    Plan,
    /// Perhaps a document of one of the YAML dialects: the front end tells by the shape.
    Yaml,
}

/// What the name alone tells.
pub(crate) fn by_name(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_str()?;
    let ends = |ending: &str| name.len() > ending.len() && name.ends_with(ending);
    if [".tf", ".tofu", ".tf.json", ".tofu.json"].into_iter().any(ends) {
        return Some(Kind::Terraform);
    }
    let gives_values = name == "terragrunt.hcl" || [".tfvars", ".tfvars.json"].into_iter().any(ends);
    gives_values.then_some(Kind::TerraformVariables)
}

/// True for a file that may be a template, plan or export.
pub(super) fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("json") || it.eq_ignore_ascii_case("jsonc"))
}

/// True for a Bicep source.
pub(super) fn is_bicep(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("bicep"))
}

/// True for a file that may hold documents of the YAML dialects.
pub(super) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("yaml") || it.eq_ignore_ascii_case("yml"))
}

/// What a YAML text seems to be; bytes that are no text are none of ours.
pub(super) fn by_yaml(bytes: &[u8]) -> Option<Kind> {
    std::str::from_utf8(bytes).is_ok_and(yaml::may_be_input).then_some(Kind::Yaml)
}

/// What a JSON text seems to be; the marks also show in UTF-16, which is then refused with a reason.
pub(super) fn by_content(bytes: &[u8]) -> Option<Kind> {
    let wide = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    if wide {
        let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        return by_marks(&narrow);
    }
    by_marks(bytes)
}

fn by_marks(bytes: &[u8]) -> Option<Kind> {
    // Nearly every file is text; only the others pay for being looked at all the same.
    let text = std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    let has = |mark: &str| memchr::memmem::find(text.as_bytes(), mark.as_bytes()).is_some();
    if has("\"format_version\"") && (has("\"planned_values\"") || has("\"resource_changes\"") || has("\"values\"")) {
        return Some(Kind::Plan);
    }
    arm::may_be_input(&text).then_some(Kind::Arm)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Kind, by_content, by_name};

    #[test]
    fn terraform_is_known_by_its_name() {
        let cases = [
            ("a/main.tf", Some(Kind::Terraform)),
            ("a/main.tofu", Some(Kind::Terraform)),
            ("main.tf.json", Some(Kind::Terraform)),
            ("prod.auto.tfvars", Some(Kind::TerraformVariables)),
            ("prod.tfvars.json", Some(Kind::TerraformVariables)),
            ("live/terragrunt.hcl", Some(Kind::TerraformVariables)),
            (".tf", None),
            ("main.tfstate", None),
            ("main.json", None),
        ];
        for (path, kind) in cases {
            assert_eq!(by_name(Path::new(path)), kind, "{path}");
        }
    }

    #[test]
    fn json_is_known_by_its_content() {
        let arm = r#"{ // built
            "$schema" : "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#" }"#;
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(arm.bytes().flat_map(|byte| [byte, 0])).collect();
        let cases: [(&[u8], Option<Kind>); 6] = [
            (arm.as_bytes(), Some(Kind::Arm)),
            (&wide, Some(Kind::Arm)),
            (br#"{"$schema":"https://x/2019-04-01/deploymentParameters.json#"}"#, Some(Kind::Arm)),
            (br#"{"format_version":"1.2","planned_values":{}}"#, Some(Kind::Plan)),
            (br#"{"name":"left-pad","version":"1.0.0"}"#, None),
            (b"\xff\xfe\xfd", None),
        ];
        for (text, kind) in cases {
            assert_eq!(by_content(text), kind, "{}", String::from_utf8_lossy(text));
        }
    }
}
