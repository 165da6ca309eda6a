//! `init` writes a commented configuration for what it finds; `schema` prints the configuration's JSON Schema.

use std::fmt::Write as _;
use std::path::Path;

use super::CLEAN;
use super::args::Init;
use super::output::{self, Stop, to_file, to_stdout};
use crate::config::{self, SCHEMA};
use crate::discover::{Kind, Wanted, walk};
use crate::source::{SourceFile, SourceMap};

/// Runs `init`.
pub(super) fn run(arguments: &Init) -> Result<u8, Stop> {
    let directory = &arguments.directory;
    if !directory.is_dir() {
        return Err(Stop::Message(format!("{} is not a directory", directory.display())));
    }
    let existing = config::NAMES.iter().map(|name| directory.join(name)).find(|path| path.exists());
    if let Some(path) = existing {
        return Err(Stop::Message(format!("{} is already there", path.display())));
    }
    let text = configuration(directory);
    let path = directory.join("baalint.yaml");
    to_file(&path, |out| out.write_all(text.as_bytes()))?;
    output::note(&format!("wrote {}", path.display()));
    Ok(CLEAN)
}

/// Runs `schema`.
pub(super) fn schema() -> Result<u8, Stop> {
    to_stdout(|out| out.write_all(SCHEMA.as_bytes()))?;
    Ok(CLEAN)
}

fn configuration(directory: &Path) -> String {
    let mut sources = SourceMap::default();
    let wanted = Wanted { paths: vec![directory.to_path_buf()], ..Wanted::default() };
    let found = walk(wanted).read(&mut sources);
    let count = |kind: Kind| found.inputs.iter().filter(|it| it.kind == kind).count();
    let below = |path: &Path| path.strip_prefix(directory).unwrap_or(path).to_string_lossy().replace('\\', "/");
    // Terraform reads `terraform.tfvars` and `*.auto.tfvars` by itself.
    let variables: Vec<String> = found
        .inputs
        .iter()
        .filter(|it| it.kind == Kind::TerraformVariables)
        .filter_map(|it| sources.get(it.file))
        .map(SourceFile::path)
        .filter(|path| path.file_stem().is_some_and(|stem| stem != "terraform"))
        .map(below)
        .filter(|path| !path.contains(".auto.tfvars"))
        .collect();
    let mut text = format!(
        "# Configuration of baalint; `baalint schema` prints its JSON Schema.\n\
         # Found here: {} Terraform files, {} JSON files of Resource Manager.\n\n\
         # Least severity that makes the exit code 1: critical, high, medium, low, never.\n\
         fail-on: low\n\n\
         # What to do with what cannot be told: show, hide, fail.\n\
         unknown: show\n",
        count(Kind::Terraform),
        count(Kind::Arm),
    );
    text.push_str(if variables.is_empty() {
        "\n# Values of Terraform variables.\n# var-files: [environments/prod.tfvars]\n"
    } else {
        "\n# Values of Terraform variables: pick those of the environment that holds ePHI.\n# var-files:\n"
    });
    for path in variables {
        let _ = writeln!(text, "#   - {path}");
    }
    text.push_str(OPTIONAL);
    text
}

const OPTIONAL: &str = "
# What the organisation has decided; `baalint explain ID` names the values that a policy asks for.
# values:
#   allowed-locations: [eastus2, centralus]

# Policies that do not hold, here or below some paths.
# ignore: [storage/no-private-endpoint]
# severity: { governance/*: low }
# overrides:
#   - paths: [environments/dev/]
#     ignore: [backup/*]

# Exceptions, each with its reason; the end date and who decided are for the auditor.
# suppressions:
#   - policy: storage/open-to-all-networks
#     resource: azurerm_storage_account.public_site
#     until: 2027-03-31
#     by: platform team
#     reason: serves the public web site, holds no ePHI
";
