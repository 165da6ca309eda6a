//! What can be asked for, in clap's words.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Lints Azure infrastructure-as-code against HIPAA, before it is deployed.
#[derive(Debug, Parser)]
#[command(name = "baalint", version, max_term_width = 100, disable_help_subcommand = true)]
pub struct Arguments {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge files and directories
    Check(Box<Check>),
    /// Say what a policy is about; takes its id, the id of another tool, or a citation such as 164.312(b)
    Explain(Explain),
    /// List the policies
    Policies(Policies),
    /// Run the examples of policy files
    Test(Test),
    /// List the resources with what the BAA says of their services
    Inventory(Box<Inventory>),
    /// Record today's findings, so that only new ones count
    Baseline(Box<Baseline>),
    /// Write a commented baalint.yaml for this repository
    Init(Init),
    /// Print the JSON Schema of baalint.yaml
    Schema,
    /// Print the completions of a shell
    Completions(Completions),
    /// Print the manual page
    Man,
    /// Serve an editor on standard input and output
    Lsp(Lsp),
}

/// Which policies hold.
#[derive(Clone, Debug, Default, Args)]
pub struct PolicyArguments {
    /// Directory of further policies; may be given again
    #[arg(long, value_name = "DIR")]
    pub policies: Vec<PathBuf>,
    /// Azure Policy definition (JSON) or directory of them; may be given again
    #[arg(long, value_name = "FILE|DIR")]
    pub azure_policy: Vec<PathBuf>,
    /// Leave out the built-in policies
    #[arg(long)]
    pub no_builtin: bool,
    /// Read mapping files from here instead of the built-in ones
    #[arg(long, value_name = "DIR", hide = true)]
    pub mappings: Option<PathBuf>,
}

/// What is judged, and with which values.
#[derive(Clone, Debug, Default, Args)]
pub struct InputArguments {
    /// Files and directories; `-` reads the text of --stdin-filename
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The file that standard input stands in for
    #[arg(long, value_name = "FILE")]
    pub stdin_filename: Option<PathBuf>,
    /// Configuration file; found upwards from the path otherwise
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Value of a Terraform variable
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,
    /// Read Terraform variables from the environment too; weaker than files and --var
    #[arg(long)]
    pub tf_var_environment: bool,
    /// File of Terraform variables
    #[arg(long = "var-file", value_name = "FILE")]
    pub variable_files: Vec<PathBuf>,
    /// Parameter file of ARM templates
    #[arg(long, value_name = "FILE")]
    pub parameters: Vec<PathBuf>,
    /// Where the Bicep sources of compiled templates lie, when not beside them
    #[arg(long, value_name = "DIR")]
    pub bicep_root: Option<PathBuf>,
    /// Leave out paths that match; may be given again
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Threads; as many as there are processors otherwise
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

/// `check`
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[derive(Clone, Debug, Default, Args)]
pub struct Check {
    /// What is judged.
    #[command(flatten)]
    pub input: InputArguments,
    /// Which policies hold.
    #[command(flatten)]
    pub policy: PolicyArguments,
    /// Format of the report
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
    /// Write the report here instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// A further report: FORMAT=FILE; may be given again
    #[arg(long, value_name = "FORMAT=FILE")]
    pub output_to: Vec<String>,
    /// Least severity that makes the exit code 1
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<Threshold>,
    /// What to do with what cannot be told
    #[arg(long, value_enum, value_name = "WHAT")]
    pub unknown: Option<UnknownMode>,
    /// Only these policies: ids or globs
    #[arg(long, value_delimiter = ',', value_name = "ID|GLOB")]
    pub select: Vec<String>,
    /// Not these policies: ids or globs
    #[arg(long, value_delimiter = ',', value_name = "ID|GLOB")]
    pub ignore: Vec<String>,
    /// Report only what this baseline does not have
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Report only what changed since this git revision
    #[arg(long, value_name = "REV", conflicts_with = "staged")]
    pub changed_since: Option<String>,
    /// Report only what is staged for the next commit
    #[arg(long)]
    pub staged: bool,
    /// Show what is suppressed as if it were not
    #[arg(long)]
    pub no_suppressions: bool,
    /// Honour the suppression comments of Checkov, Trivy, tfsec and KICS
    #[arg(long)]
    pub honour_foreign_suppressions: bool,
    /// Print suppressed findings too
    #[arg(long)]
    pub show_suppressed: bool,
    /// Fix what can be fixed safely, then report what is left
    #[arg(long)]
    pub fix: bool,
    /// With --fix: also where somebody should look: text that others share, access that may be lost, a resource that is replaced
    #[arg(long)]
    pub unsafe_fixes: bool,
    /// Print what would be fixed as a diff, and change nothing
    #[arg(long)]
    pub diff: bool,
    /// Print how long each step took
    #[arg(long)]
    pub timings: bool,
    /// Print the share of attribute values that are known, why the others are not, and how much of the azurerm types is read
    #[arg(long)]
    pub statistics: bool,
    /// When to colour: by default on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub color: When,
}

/// `explain`
#[derive(Clone, Debug, Args)]
pub struct Explain {
    /// `storage/plain-http`, `CKV_AZURE_3`, `AZU-0008`, a GUID, `164.312(b)`
    pub id: String,
    /// Which policies there are.
    #[command(flatten)]
    pub policy: PolicyArguments,
}

/// `policies`
#[derive(Clone, Debug, Args)]
pub struct Policies {
    /// `baa` lists the services instead: which of them Microsoft's HIPAA BAA covers, and what that rests on
    #[arg(value_enum, value_name = "WHAT")]
    pub what: Option<Catalogue>,
    /// Mark the entries of `baa` whose evidence is older than this, and end with 1 when there are any
    #[arg(long, value_name = "DAYS", requires = "what")]
    pub catalogue_age: Option<u32>,
    /// Format of the list
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ListFormat,
    /// Which policies there are.
    #[command(flatten)]
    pub policy: PolicyArguments,
}

/// What `policies` lists besides policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Catalogue {
    /// The services and their BAA status
    Baa,
}

/// `test`
#[derive(Clone, Debug, Args)]
pub struct Test {
    /// Policy files, or directories of them
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Policy files, or directories of them
    #[arg(long = "policies", value_name = "DIR")]
    pub policies: Vec<PathBuf>,
    /// Read mapping files from here instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub mappings: Option<PathBuf>,
}

/// `inventory`
#[derive(Clone, Debug, Args)]
pub struct Inventory {
    /// What is listed.
    #[command(flatten)]
    pub input: InputArguments,
    /// Format of the list
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ListFormat,
    /// Read mapping files from here instead of the built-in ones
    #[arg(long, value_name = "DIR", hide = true)]
    pub mappings: Option<PathBuf>,
}

/// `baseline`
#[derive(Clone, Debug, Args)]
pub struct Baseline {
    /// What to do.
    #[command(subcommand)]
    pub action: BaselineAction,
}

/// What to do with a baseline.
#[derive(Clone, Debug, Subcommand)]
pub enum BaselineAction {
    /// Record all findings of today
    Write(BaselineArguments),
    /// Drop what no longer occurs; add nothing
    Update(BaselineArguments),
    /// Print what is recorded
    Show(BaselineFile),
}

/// Where a baseline is, and of what.
#[derive(Clone, Debug, Args)]
pub struct BaselineArguments {
    /// The baseline.
    #[command(flatten)]
    pub file: BaselineFile,
    /// What is judged.
    #[command(flatten)]
    pub input: InputArguments,
    /// Which policies hold.
    #[command(flatten)]
    pub policy: PolicyArguments,
}

/// Where a baseline is.
#[derive(Clone, Debug, Args)]
pub struct BaselineFile {
    /// The baseline file
    #[arg(long = "file", default_value = ".baalint-baseline.json", value_name = "FILE")]
    pub path: PathBuf,
}

/// `init`
#[derive(Clone, Debug, Args)]
pub struct Init {
    /// Directory to write to
    #[arg(default_value = ".", value_name = "DIR")]
    pub directory: PathBuf,
}

/// `completions`
#[derive(Clone, Debug, Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `lsp`
#[derive(Clone, Debug, Args)]
pub struct Lsp {
    /// Which policies hold.
    #[command(flatten)]
    pub policy: PolicyArguments,
    /// Configuration file; found upwards from the workspace otherwise
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Accepted because editors add it: messages always come on standard input
    #[arg(long, hide = true)]
    pub stdio: bool,
}

/// Formats of `check`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One stable document
    Json,
    /// A document a line
    Jsonl,
    /// Code scanning: GitHub, Azure DevOps, IDEs
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// Code Quality of GitLab
    Gitlab,
    /// Vulnerability report of GitLab
    GitlabSast,
    /// Test reports of CI servers
    Junit,
    /// A comment on a pull request
    Markdown,
    /// Spreadsheets
    Csv,
    /// One page for people who have no terminal
    Html,
}

/// Formats of lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    #[default]
    Text,
    /// One stable document
    Json,
}

/// Least severity that fails a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Threshold {
    /// Only critical findings
    Critical,
    /// High and above
    High,
    /// Medium and above
    Medium,
    /// Any finding
    #[default]
    Low,
    /// No finding fails the run
    Never,
}

/// What becomes of findings that cannot be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum UnknownMode {
    /// Print them; they do not fail the run
    #[default]
    Show,
    /// Count them only
    Hide,
    /// They fail the run like findings
    Fail,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
