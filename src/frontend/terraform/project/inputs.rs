//! Values of a root's variables from outside: variables files beside it, `--var-file`, `--var`; and its lock file.
//!
//! In: the files beside the root and the options. Out: constant values by name, converted to the variable's type, the
//! later source winning as Terraform has it. The environment comes as options, from whoever was asked to read it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::constant::constant;
use super::load::{has_json_syntax, read_file};
use super::module::Module;
use super::types::Type;
use super::{Input, Options};
use crate::diagnostic::{Code, Diagnostic};
use crate::frontend::files::{Files, Listed};
use crate::parse::{hcl, json};
use crate::source::{SourceFile, SourceMap, Span};
use crate::value::Value;

pub(super) type Inputs = IndexMap<Arc<str>, Input, FxBuildHasher>;

/// Versions of providers that `terraform init` chose.
const LOCK_FILE: &str = ".terraform.lock.hcl";

/// What lies beside a root and is not configuration.
#[derive(Default)]
pub(super) struct RootFiles {
    variables: Vec<SourceFile>,
    pub(super) locked_azurerm: Option<u8>,
}

impl RootFiles {
    /// Finds variables files and the lock file of a root, reading those that were not scanned.
    pub(super) fn find(
        (dir, listed): (&Path, &[Listed]),
        scanned: Option<&BTreeMap<String, SourceFile>>,
        files: &dyn Files,
        sources: &mut SourceMap,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut found = Self::default();
        let beside = || listed.iter().filter(|it| !it.directory).map(|it| &it.name);
        let locked = beside().any(|name| name == LOCK_FILE);
        let scanned_names = scanned.into_iter().flat_map(BTreeMap::keys);
        let mut names: Vec<String> =
            beside().chain(scanned_names).filter(|name| precedence(name).is_some()).cloned().collect();
        names.sort_by(|a, b| (precedence(a), a).cmp(&(precedence(b), b)));
        names.dedup();
        for name in names {
            let known = scanned.and_then(|scanned| scanned.get(&name)).cloned();
            found.variables.extend(known.or_else(|| read_file(files, sources, &dir.join(&name), diagnostics)));
        }
        let lock_file = if locked { files.read(&dir.join(LOCK_FILE)).ok() } else { None };
        found.locked_azurerm = lock_file.and_then(|text| locked_azurerm(&text));
        found
    }
}

/// The order in which variables files are read; `None` for other files.
fn precedence(name: &str) -> Option<u8> {
    match name {
        "terraform.tfvars" => Some(0),
        "terraform.tfvars.json" => Some(1),
        _ if name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json") => Some(2),
        _ => None,
    }
}

/// The major version of azurerm that a lock file pins.
fn locked_azurerm(text: &str) -> Option<u8> {
    let block = text
        .split("provider \"")
        .find(|block| block.split('"').next().is_some_and(|address| address.ends_with("/hashicorp/azurerm")))?;
    let version = block.lines().find_map(|line| line.trim().strip_prefix("version")?.trim().strip_prefix('='))?;
    version.trim().trim_matches('"').split('.').next()?.parse().ok()
}

/// What the command line gives to every root.
#[derive(Default)]
pub(super) struct Given {
    environment: Vec<One>,
    files: Vec<SourceFile>,
    variables: Vec<One>,
}

/// A name, a text of its own, and where the value starts in it.
type One = (Arc<str>, SourceFile, u32);

impl Given {
    /// Reads the variables files of the options, and gives each `--var` a text of its own.
    pub(super) fn read(
        options: &Options,
        files: &dyn Files,
        sources: &mut SourceMap,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut given = Self::default();
        for path in &options.variable_files {
            given.files.extend(read_file(files, sources, path, diagnostics));
        }
        let mut one = |shown: &str, (name, value): &(String, String)| -> Option<One> {
            let id = sources.add(shown, shown, format!("{name}={value}"));
            let start = u32::try_from(name.len()).unwrap_or(u32::MAX).saturating_add(1);
            sources.get(id).map(|file| (Arc::from(name.as_str()), file.clone(), start))
        };
        given.environment = options.environment.iter().filter_map(|it| one("<environment>", it)).collect();
        given.variables = options.variables.iter().filter_map(|it| one("<command line>", it)).collect();
        given
    }
}

/// The values of a root's variables.
pub(super) fn of_root(
    module: Option<&Module>,
    beside: &RootFiles,
    of_unit: Inputs,
    given: &Given,
    diagnostics: &mut Vec<Diagnostic>,
) -> Inputs {
    // Terragrunt gives its inputs as environment variables: every other source wins over them.
    let mut inputs = of_unit;
    let declared = |name: &str| module.and_then(|module| module.variables.get(name));
    for (name, file, start) in &given.environment {
        // Terraform ignores what the environment says of other configurations' variables.
        if let Some(variable) = declared(name) {
            inputs.insert(name.clone(), Input { value: command_line(&variable.of, file, *start, diagnostics) });
        }
    }
    for file in beside.variables.iter().chain(&given.files) {
        inputs.extend(variables_file(file, diagnostics));
    }
    for (name, file, start) in &given.variables {
        let of = declared(name).map_or(&Type::Any, |variable| &variable.of);
        let value = command_line(of, file, *start, diagnostics);
        inputs.insert(name.clone(), Input { value });
    }
    for (name, input) in &mut inputs {
        if let Some(variable) = declared(name) {
            input.value = variable.of.convert(input.value.clone());
        }
    }
    inputs
}

/// The values of a variables file.
fn variables_file(file: &SourceFile, diagnostics: &mut Vec<Diagnostic>) -> Vec<(Arc<str>, Input)> {
    if has_json_syntax(file.shown()) {
        let (document, problems) = json::parse(file.id(), file.text());
        diagnostics.extend(problems);
        let root = document.map(|document| document.root);
        let entries = root.as_ref().and_then(Value::as_object).into_iter().flat_map(|object| &object.entries);
        let input =
            |(name, entry): (&Arc<str>, &crate::value::Entry)| (name.clone(), Input { value: entry.value.clone() });
        return entries.map(input).collect();
    }
    let (parsed, problems) = hcl::parse(file.id(), file.text().clone());
    diagnostics.extend(problems);
    let input = |attribute: &hcl::Attribute| {
        let value = constant(&parsed, attribute.value);
        (Arc::from(parsed.slice(attribute.name)), Input { value })
    };
    parsed.body.attributes.iter().map(input).collect()
}

/// A value of `--var`: text for primitive types, an expression for all others.
fn command_line(of: &Type, file: &SourceFile, start: u32, diagnostics: &mut Vec<Diagnostic>) -> Value {
    let span = Span::new(file.id(), start, file.span().end);
    let text = file.slice(span);
    if matches!(of, Type::String | Type::Bool | Type::Number | Type::Any) {
        return Value::new(text, span);
    }
    // Spaces keep the offsets, so that the spans lie in the text as it was given.
    let padded = format!("{}{text}", " ".repeat(start as usize));
    let (parsed, id, problems) = hcl::parse_expression(file.id(), padded.into());
    if let (Some(id), None) = (id, problems.first()) {
        return constant(&parsed, id);
    }
    diagnostics.push(Diagnostic::error(Code::Config, span, "this value of --var is not an expression"));
    crate::frontend::terraform::convert::invalid("the value is not an expression", span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_names_the_major_version() {
        let lock = "provider \"registry.terraform.io/azure/azapi\" {\n  version = \"2.1.0\"\n}\n\
                    provider \"registry.terraform.io/hashicorp/azurerm\" {\n  version     = \"3.117.0\"\n}\n";
        assert_eq!(locked_azurerm(lock), Some(3));
        assert_eq!(locked_azurerm(""), None);
    }
}
