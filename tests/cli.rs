//! The binary as people run it: exit codes, streams, bad input, the same bytes on every run.
//!
//! Judges by two policies of its own (`tests/cli/policies`), so that nothing here depends on the policy library.

#![expect(clippy::disallowed_methods, reason = "tests write their inputs")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const POLICIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/policies");
const STORAGE: &str = "resource \"azurerm_storage_account\" \"logs\" {\n  https_traffic_only_enabled = false\n}\n";
const VAULT: &str = "resource \"azurerm_key_vault\" \"keys\" {\n  purge_protection_enabled = false\n}\n";
const GOOD: &str = "resource \"azurerm_key_vault\" \"keys\" {\n  purge_protection_enabled = true\n}\n";
const TEMPLATE: &str = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0", "resources": [
  { "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "logs",
    "properties": { "supportsHttpsTrafficOnly": false } } ] }"#;

/// A directory of its own that is gone when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("baalint-cli-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(fs::canonicalize(path).unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// `baalint` in this directory.
    fn run(&self, arguments: &[&str]) -> Ran {
        Ran(self.command(arguments).output().unwrap())
    }

    /// `baalint check` by the two policies of this test.
    fn check(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["check", "--no-builtin", "--policies", POLICIES], arguments].concat())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_baalint"));
        command.current_dir(&self.0).args(arguments).env_remove("NO_COLOR");
        command
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main"];
        let output = Command::new("git").current_dir(&self.0).args(identity).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Ran(Output);

impl Ran {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap_or_else(|| panic!("ended by a signal: {}", self.err()))
    }

    fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.0.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.out(), self.err()))
    }

    /// Policy, verdict, file and line of every finding.
    fn findings(&self) -> Vec<String> {
        let text = |it: &Value| it.as_str().unwrap_or("").to_owned();
        let row = |it: &Value| {
            format!("{} {} {}:{}", text(&it["policy"]), text(&it["verdict"]), text(&it["file"]), it["line"])
        };
        self.json()["findings"].as_array().unwrap().iter().map(row).collect()
    }

    /// Code, file and message of every diagnostic.
    fn diagnostics(&self) -> Vec<String> {
        let text = |it: &Value| it.as_str().unwrap_or("").to_owned();
        let row = |it: &Value| format!("{} {}: {}", text(&it["code"]), text(&it["file"]), text(&it["message"]));
        self.json()["diagnostics"].as_array().unwrap().iter().map(row).collect()
    }
}

#[test]
fn the_exit_code_says_how_it_went() {
    let scratch = Scratch::new("exit");
    scratch.write("good/main.tf", GOOD).write("bad/main.tf", STORAGE).write("broken/main.tf", "resource {{\n");
    assert_eq!(scratch.check(&["good"]).code(), 0);
    assert_eq!(scratch.check(&["bad"]).code(), 1);
    assert_eq!(scratch.check(&["bad", "broken"]).code(), 2);
    assert_eq!(scratch.check(&["bad", "--fail-on", "critical"]).code(), 0);
    assert_eq!(scratch.check(&["bad", "--fail-on", "never"]).code(), 0);
    assert_eq!(scratch.run(&["check", "--no-such-flag"]).code(), 2);
    assert_eq!(scratch.run(&[]).code(), 2);
    assert_eq!(scratch.run(&["--version"]).code(), 0);
    assert_eq!(scratch.run(&["--help"]).code(), 0);
}

#[test]
fn a_finding_has_every_key_of_the_documented_report() {
    let scratch = Scratch::new("keys");
    scratch.write("infra/main.tf", STORAGE);
    let report = scratch.check(&["--format", "json"]).json();
    assert_eq!(report["schema"], 1);
    let finding = &report["findings"][0];
    let expected = [
        ("policy", "test/plain-http"),
        ("verdict", "fail"),
        ("severity", "high"),
        ("category", "encryption-in-transit"),
        ("title", "Storage account accepts plain HTTP"),
        ("file", "infra/main.tf"),
    ];
    for (key, value) in expected {
        assert_eq!(finding[key], value, "{key}");
    }
    let resource = &finding["resource"];
    assert_eq!(resource["address"], "azurerm_storage_account.logs");
    assert_eq!(resource["type"], "Microsoft.Storage/storageAccounts");
    assert_eq!(resource["source_type"], "azurerm_storage_account");
    assert!(resource.get("part").is_none(), "{resource}");
    assert_eq!((&resource["line"], &resource["end_line"]), (&1.into(), &3.into()));
    assert_eq!((&finding["line"], &finding["column"], &finding["end_column"]), (&2.into(), &3.into(), &37.into()));
    for key in ["citations", "equivalents", "related", "evidence"] {
        assert!(finding[key].is_array(), "{key}");
    }
    assert!(finding["suppressed"].is_null() && finding["fingerprint"].is_string());
    for key in ["files", "resources", "assessed", "fail", "unknown", "suppressed", "pass"] {
        assert!(report["summary"][key].is_u64(), "{key}");
    }
    assert!(report["summary"]["not_assessed"].is_object());
}

#[test]
fn terraform_and_templates_are_judged_by_the_same_policy() {
    let scratch = Scratch::new("dialects");
    scratch.write("tf/main.tf", STORAGE).write("arm/main.json", TEMPLATE).write("arm/package.json", "{\"name\": 1}");
    let found = scratch.check(&["--format", "json"]).findings();
    assert_eq!(found, ["test/plain-http fail arm/main.json:4", "test/plain-http fail tf/main.tf:2"]);
}

#[test]
fn bad_input_is_told_file_by_file_and_everything_else_is_judged() {
    let scratch = Scratch::new("bad-input");
    scratch
        .write("main.tf", STORAGE)
        .write("latin/latin.tf", b"x = \"\xe9\"\n")
        .write("binary/binary.tf", b"\x7fELF\x00\x01\x02")
        .write("wide/wide.tf", b"\xff\xfea\x00")
        .write("huge/huge.tf", vec![b'\n'; 16 * 1024 * 1024 + 1])
        .write("deep/deep.tf", format!("x = {}1{}\n", "[".repeat(100_000), "]".repeat(100_000)))
        .write("cut/cut.tf", "resource \"azurerm_storage_account\" \"a\" {\n  https_traffic")
        .write("empty/empty.tf", "")
        .write("mark/mark.tf", format!("\u{feff}{VAULT}"))
        .write("cut/cut.json", &TEMPLATE[..TEMPLATE.len() - 12]);
    fs::create_dir_all(scratch.0.join("dir.tf")).unwrap();
    let ran = scratch.check(&["--format", "json", ".", "missing.tf"]);
    assert_eq!(ran.code(), 2);
    let told = ran.diagnostics();
    let expected = [
        "unreadable latin/latin.tf: is not UTF-8",
        "unreadable binary/binary.tf: is binary, not text",
        "unreadable wide/wide.tf: is UTF-16",
        "bound huge/huge.tf: is larger than 16 MiB and is not read",
        "unreadable dir.tf: is a directory named like a Terraform file",
        "unreadable missing.tf: does not exist",
    ];
    for line in expected {
        assert!(told.iter().any(|it| it == line), "{line} in {told:#?}");
    }
    for start in ["bound deep/deep.tf: ", "syntax cut/cut.tf: ", "syntax cut/cut.json: "] {
        assert!(told.iter().any(|it| it.starts_with(start)), "{start} in {told:#?}");
    }
    let found = ran.findings();
    for line in ["test/plain-http fail main.tf:2", "test/no-purge-protection fail mark/mark.tf:2"] {
        assert!(found.iter().any(|it| it == line), "{line} in {found:#?}");
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_in_circles_or_outside_are_told() {
    use std::os::unix::fs::symlink;
    let (scratch, outside) = (Scratch::new("links"), Scratch::new("links-outside"));
    outside.write("other.tf", STORAGE);
    scratch.write("a/main.tf", VAULT).write("shared/common.tf", GOOD);
    symlink("self.tf", scratch.0.join("self.tf")).unwrap();
    symlink("..", scratch.0.join("a/up")).unwrap();
    symlink(outside.0.join("other.tf"), scratch.0.join("a/other.tf")).unwrap();
    fs::create_dir(scratch.0.join("b")).unwrap();
    symlink("../shared/common.tf", scratch.0.join("b/common.tf")).unwrap();
    let ran = scratch.check(&["--format", "json"]);
    assert_eq!(ran.code(), 2);
    let told = ran.diagnostics();
    let expected = [
        "unreadable a/other.tf: lies outside of the repository and is not read",
        "unreadable a/up: is a link to a directory that it lies in: it is not followed",
        "unreadable self.tf: is a symlink loop",
    ];
    assert_eq!(told, expected);
    assert_eq!(ran.findings(), ["test/no-purge-protection fail a/main.tf:2"]);
}

#[test]
fn the_same_bytes_on_every_run_whatever_the_threads() {
    let scratch = Scratch::new("same");
    for at in 0..40 {
        scratch.write(&format!("m{at:02}/main.tf"), [STORAGE, VAULT].concat());
        scratch.write(&format!("t{at:02}/main.json"), TEMPLATE);
    }
    for format in ["json", "text", "sarif"] {
        let one = scratch.check(&["--threads", "1", "--format", format]);
        assert!(one.0.stdout.len() > 1000);
        for threads in ["2", "7"] {
            let other = scratch.check(&["--threads", threads, "--format", format]);
            assert!(one.0.stdout == other.0.stdout, "{format} with {threads} threads");
        }
    }
}

#[test]
fn ignored_and_hidden_files_are_left_out_unless_named() {
    let scratch = Scratch::new("ignored");
    scratch
        .write(".gitignore", "gen/\n")
        .write("gen/main.tf", STORAGE)
        .write(".hidden/main.tf", STORAGE)
        .write("node_modules/x/main.tf", STORAGE)
        .write("old/main.tf", STORAGE)
        .write("main.tf", VAULT);
    let found = scratch.check(&["--format", "json", "--exclude", "old"]).findings();
    assert_eq!(found, ["test/no-purge-protection fail main.tf:2"]);
    let found = scratch.check(&["--format", "json", "gen/main.tf"]).findings();
    assert_eq!(found, ["test/plain-http fail gen/main.tf:2"]);
}

#[test]
fn an_empty_run_is_told() {
    let scratch = Scratch::new("nothing");
    scratch.write("notes.md", "x");
    let ran = scratch.check(&["--format", "json"]);
    assert_eq!(ran.diagnostics(), ["unreadable .: holds nothing that baalint reads: nothing was judged"]);
    assert_eq!(ran.code(), 0);
}

#[test]
fn a_definition_of_azure_policy_is_no_template() {
    let scratch = Scratch::new("definition");
    let definition = r#"{ "name": "x", "type": "Microsoft.Authorization/policyDefinitions", "apiVersion": "2021-06-01",
      "properties": { "policyRule": { "if": { "field": "type", "equals": "[parameters('x')]" } } } }"#;
    scratch.write("lib/x.json", definition).write("main.tf", GOOD);
    assert_eq!(scratch.check(&["--format", "json"]).diagnostics(), [""; 0]);
}

#[test]
fn a_named_file_that_nothing_reads_is_told() {
    let scratch = Scratch::new("unread");
    scratch.write("notes.md", "x").write("package.json", "{\"name\": \"x\"}").write("none.json", "");
    let ran = scratch.check(&["--format", "json", "notes.md", "package.json", "none.json"]);
    assert_eq!(ran.code(), 2);
    let expected = [
        "unreadable none.json: is empty: there is nothing to judge",
        "unreadable notes.md: is not a kind of file that baalint reads",
        "unreadable package.json: is neither an ARM template nor a Terraform plan",
    ];
    assert_eq!(ran.diagnostics(), expected);
}

#[test]
fn a_named_yaml_file_that_declares_nothing_of_azure_is_no_mistake() {
    let scratch = Scratch::new("other-yaml");
    scratch.write("compose.yaml", "services:\n  web: { image: nginx }\n").write("main.tf", GOOD);
    let ran = scratch.check(&["--format", "json", "compose.yaml", "main.tf"]);
    assert_eq!(ran.code(), 0);
    assert_eq!(ran.diagnostics(), ["unreadable compose.yaml: declares nothing of Azure that baalint reads"]);
    assert_eq!(scratch.check(&["compose.yaml"]).code(), 0);
    assert_eq!(scratch.check(&["--format", "json"]).diagnostics(), [""; 0], "what nobody named costs nothing");
}

#[test]
fn a_role_is_judged_with_what_its_plays_give_it() {
    let scratch = Scratch::new("roles");
    let tasks = "- azure_rm_storageaccount:\n    name: \"{{ item }}\"\n    https_only: \"{{ https }}\"\n  loop: [scans, letters]\n";
    scratch
        .write("roles/storage/tasks/main.yml", tasks)
        .write("roles/storage/defaults/main.yml", "https: false\n")
        .write("group_vars/all/main.yml", "from_group: false\n")
        .write("group_vars/web.yml", "from_web: true\n")
        .write("alone.yml", "- hosts: localhost\n  roles: [storage]\n");
    let found = |ran: &Ran| ran.findings();
    let both = ["test/plain-http fail roles/storage/tasks/main.yml:3"; 1];
    assert_eq!(found(&scratch.check(&["--format", "json"])), both);
    scratch.write("alone.yml", "- hosts: web\n  roles: [{ role: storage, https: \"{{ from_web }}\" }]\n");
    assert_eq!(found(&scratch.check(&["--format", "json"])), [""; 0]);
    scratch.write(
        "alone.yml",
        "- hosts: web\n  tasks:\n    - include_role: { name: storage }\n      vars: { https: \"{{ from_group }}\" }\n",
    );
    assert_eq!(found(&scratch.check(&["--format", "json"])), both);
    scratch.write("more.yml", tasks.replace("{{ https }}", "no")).write(
        "alone.yml",
        "- hosts: localhost\n  roles: [storage]\n  vars: { https: true }\n  tasks: [{ import_tasks: more.yml }]\n",
    );
    assert_eq!(found(&scratch.check(&["--format", "json"])), ["test/plain-http fail more.yml:3"]);
}

#[test]
fn standard_input_stands_in_for_a_file_inside_its_module() {
    let scratch = Scratch::new("stdin");
    scratch.write("main.tf", GOOD).write("variables.tf", "variable \"https\" {\n  default = false\n}\n");
    let arguments =
        ["check", "--no-builtin", "--policies", POLICIES, "--format", "json", "--stdin-filename", "main.tf", "-"];
    let mut child = scratch.command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let text = "resource \"azurerm_storage_account\" \"logs\" {\n  https_traffic_only_enabled = var.https\n}\n";
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let ran = Ran(child.wait_with_output().unwrap());
    assert_eq!(ran.findings(), ["test/plain-http fail main.tf:2"]);
    assert_eq!(ran.json()["findings"][0]["related"][0]["file"], "variables.tf");
    assert_eq!(scratch.check(&["-"]).code(), 2);
}

#[test]
fn a_module_called_twice_is_one_finding_with_both_callers() {
    let scratch = Scratch::new("callers");
    scratch.write("modules/logs/main.tf", STORAGE).write(
        "main.tf",
        "module \"a\" {\n  source = \"./modules/logs\"\n}\nmodule \"b\" {\n  source = \"./modules/logs\"\n}\n",
    );
    let ran = scratch.check(&["--format", "json"]);
    assert_eq!(ran.findings(), ["test/plain-http fail modules/logs/main.tf:2"]);
    let finding = &ran.json()["findings"][0];
    assert_eq!(finding["resource"]["address"], "module.a.azurerm_storage_account.logs");
    let related: Vec<String> = finding["related"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{}:{} {}", it["file"].as_str().unwrap(), it["line"], it["message"].as_str().unwrap()))
        .collect();
    let expected = [
        "main.tf:1 called here",
        "main.tf:4 called here",
        "modules/logs/main.tf:1 also module.b.azurerm_storage_account.logs",
    ];
    assert_eq!(related, expected);
}

#[test]
fn a_fingerprint_survives_moves_and_changes_with_the_value() {
    let print = |name: &str, file: &str, text: &str| {
        let scratch = Scratch::new(name);
        scratch.write(file, text);
        scratch.check(&["--format", "json"]).json()["findings"][0]["fingerprint"].as_str().unwrap().to_owned()
    };
    let first = print("print-a", "infra/main.tf", STORAGE);
    assert_eq!(first, print("print-b", "infra/main.tf", &format!("# moved\n\n{STORAGE}")));
    assert_eq!(first, print("print-c", "infra/storage.tf", &STORAGE.replace(" = ", "   =   ")));
    assert_ne!(first, print("print-d", "infra/main.tf", &STORAGE.replace("logs", "other")));
    assert_ne!(first, print("print-e", "infra/main.tf", &STORAGE.replace("= false", "= var.x")));
    assert_ne!(first, print("print-f", "other/main.tf", STORAGE));
}

#[test]
fn a_baseline_leaves_only_what_is_new() {
    let scratch = Scratch::new("baseline");
    scratch.write("main.tf", STORAGE);
    let common = ["--no-builtin", "--policies", POLICIES];
    assert_eq!(scratch.run(&[&["baseline", "write"], &common[..]].concat()).code(), 0);
    scratch.write("main.tf", format!("# moved\n{STORAGE}{VAULT}"));
    let ran = scratch.check(&["--baseline", ".baalint-baseline.json", "--format", "json"]);
    assert_eq!(ran.code(), 1);
    let summary = &ran.json()["summary"];
    assert_eq!((&summary["fail"], &summary["baseline"]), (&1.into(), &1.into()));
    scratch.write("main.tf", VAULT);
    let told = scratch.check(&["--baseline", ".baalint-baseline.json", "--format", "json"]).diagnostics();
    assert_eq!(told, ["suppression .baalint-baseline.json: 1 of its findings no longer occur"]);
    assert_eq!(scratch.run(&[&["baseline", "update"], &common[..]].concat()).code(), 0);
    assert!(scratch.run(&["baseline", "show"]).out().starts_with("0 findings"));
    scratch.write(".baalint-baseline.json", "{\"schema\": 9, \"findings\": []}");
    assert_eq!(scratch.check(&["--baseline", ".baalint-baseline.json"]).code(), 2);
}

#[test]
fn only_what_changed_is_reported() {
    let scratch = Scratch::new("changed");
    scratch.write("a.tf", STORAGE).write("b.tf", GOOD);
    scratch.git(&["init", "-q"]);
    scratch.git(&["add", "."]);
    scratch.git(&["commit", "-q", "-m", "first"]);
    assert_eq!(scratch.check(&["--changed-since", "HEAD"]).code(), 0);
    scratch.write("b.tf", VAULT);
    let found = scratch.check(&["--changed-since", "HEAD", "--format", "json"]).findings();
    assert_eq!(found, ["test/no-purge-protection fail b.tf:2"]);
    assert_eq!(scratch.check(&["--staged"]).code(), 0);
    scratch.git(&["add", "."]);
    assert_eq!(scratch.check(&["--staged"]).code(), 1);
    let ran = scratch.check(&["--changed-since", "nowhere", "--format", "json"]);
    assert_eq!(ran.diagnostics(), ["config .: git knows no revision `nowhere` here"]);
    assert_eq!(ran.code(), 2);
}

#[test]
fn a_warning_is_for_who_changes_its_lines_and_an_error_for_everybody() {
    let scratch = Scratch::new("warnings");
    let call = "module \"far\" {\n  source = \"git::https://example.org/m.git\"\n}\noutput \"o\" {\n  value = module.far.id\n}\n";
    scratch.write("a.tf", call).write("b.tf", GOOD);
    scratch.git(&["init", "-q"]);
    scratch.git(&["add", "."]);
    scratch.git(&["commit", "-q", "-m", "first"]);
    let told = |arguments: &[&str]| {
        let ran = scratch.check(&[&["--format", "json"], arguments].concat());
        let told: Vec<String> =
            ran.diagnostics().iter().map(|it| it.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
        (ran.code(), told)
    };
    assert_eq!(told(&[]), (0, vec!["missing-module a.tf:".to_owned()]));
    let changed = ["--changed-since", "HEAD"];
    assert_eq!(told(&changed), (0, Vec::new()));
    scratch.write("b.tf", format!("{GOOD}# more\n"));
    assert_eq!(told(&changed), (0, Vec::new()));
    scratch.write("a.tf", call.replace("\"far\" {", "\"far\" { # here"));
    assert_eq!(told(&changed), (0, vec!["missing-module a.tf:".to_owned()]));
    scratch.write("a.tf", call).write("c.tf", "resource {{\n");
    scratch.git(&["add", "."]);
    scratch.git(&["commit", "-q", "-m", "broken"]);
    assert_eq!(told(&changed).0, 2);
}

#[test]
fn the_configuration_is_found_upwards_and_holds() {
    let scratch = Scratch::new("config");
    scratch.write("infra/prod/main.tf", [STORAGE, VAULT].concat()).write(
        "baalint.yaml",
        "fail-on: high\nseverity: { test/plain-http: low }\nvalues: { purge-protection: false }\n",
    );
    let ran = scratch.check(&["infra/prod", "--format", "json"]);
    assert_eq!(ran.findings(), ["test/plain-http fail infra/prod/main.tf:2"]);
    assert_eq!(ran.code(), 0);
    scratch.write("baalint.yaml", "selct: [test/*]\nvalues: { purge-protecton: false }\nignore: [test/plain-htp]\n");
    let ran = scratch.check(&["infra/prod", "--format", "json"]);
    assert_eq!(ran.code(), 2);
    let expected = [
        "config baalint.yaml: unknown key `selct` in the configuration",
        "config baalint.yaml: no policy asks for the value `purge-protecton`",
        "config baalint.yaml: there is no policy `test/plain-htp`",
    ];
    assert_eq!(ran.diagnostics(), expected);
}

#[test]
fn suppressed_findings_stay_in_the_report_and_do_not_fail_the_run() {
    let scratch = Scratch::new("suppressed");
    scratch.write("main.tf", STORAGE.replace("false", "false # baalint:ignore[test/*] by=ops: no ePHI here"));
    let ran = scratch.check(&["--format", "json"]);
    assert_eq!(ran.code(), 0);
    let suppressed = &ran.json()["findings"][0]["suppressed"];
    assert_eq!((&suppressed["kind"], &suppressed["by"]), (&"inline".into(), &"ops".into()));
    assert_eq!(scratch.check(&["--no-suppressions"]).code(), 1);
}

#[test]
fn reports_go_to_files_whole_or_not_at_all() {
    let scratch = Scratch::new("output");
    scratch.write("main.tf", STORAGE);
    let ran =
        scratch.check(&["--output", "report.txt", "--output-to", "sarif=out.sarif", "--output-to", "csv=out.csv"]);
    assert_eq!((ran.code(), ran.out()), (1, String::new()));
    let read = |name: &str| fs::read_to_string(scratch.0.join(name)).unwrap();
    assert!(read("report.txt").starts_with("test/plain-http (high)"));
    assert!(read("out.sarif").contains("\"version\": \"2.1.0\""));
    assert_eq!(read("out.csv").lines().count(), 2);
    let ran = scratch.check(&["--output", "no/such/place.txt"]);
    assert_eq!(ran.code(), 2);
    assert!(ran.err().contains("cannot write no/such/place.txt"), "{}", ran.err());
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 4);
}

#[test]
fn an_input_that_is_too_large_is_never_passed_over_in_silence() {
    let scratch = Scratch::new("large");
    let schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
    let filling = " ".repeat(17 << 20);
    scratch.write("main.json", format!("{{ \"$schema\": \"{schema}\",{filling}\"resources\": [] }}"));
    scratch.write("data.json", format!("{{ \"a\":{filling}1 }}"));
    let ran = scratch.check(&["--format", "json"]);
    assert_eq!(ran.code(), 2);
    assert!(ran.out().contains("main.json") && !ran.out().contains("data.json"), "{}", ran.out());
}

#[test]
fn a_closed_pipe_is_quiet_and_does_not_pass_the_gate() {
    let scratch = Scratch::new("pipe");
    for at in 0..200 {
        scratch.write(&format!("m{at}/main.tf"), STORAGE);
    }
    let mut child = scratch
        .command(&["check", "--no-builtin", "--policies", POLICIES])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_a_team_gets_wrong_is_told_and_leaves_no_file_behind() {
    let scratch = Scratch::new("wrong");
    scratch.write("main.tf", STORAGE).write("old.json", "as it was").write("directory/keep", "");
    let wrong = |configuration: &str, arguments: &[&str], message: &str| {
        scratch.write("baalint.yaml", configuration);
        let to = ["--format", "json", "--output-to", "sarif=old.json"];
        let ran = scratch.check(&[&to[..], arguments].concat());
        assert_eq!(ran.code(), 2, "{message}");
        let report = ran.json();
        let errors = report["diagnostics"].as_array().unwrap().iter().filter(|it| it["severity"] == "error");
        let told: Vec<&str> = errors.map(|it| it["message"].as_str().unwrap()).collect();
        assert!(told.len() == 1 && told[0].contains(message), "{told:?}, not {message}");
        // What could be judged is in the reports all the same.
        assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{message}");
        assert!(fs::read_to_string(scratch.0.join("old.json")).unwrap().starts_with('{'), "{message}");
    };
    wrong("select: [\n", &[], "unclosed bracket");
    wrong("fail-om: high\n", &[], "unknown key `fail-om`");
    wrong("fail-on: hihg\n", &[], "expected one of critical, high");
    let exception = "suppressions:\n  - { policy: test/plain-htp, resource: \"*\", reason: why }\n";
    wrong(exception, &[], "there is no policy `test/plain-htp`");
    wrong("", &["--config", "nowhere.yaml"], "could not be read");
    wrong("", &["--baseline", "nowhere.json"], "could not be read");
    scratch.write("baseline.json", "{ \"schema\": 99, \"findings\": [] }");
    wrong("", &["--baseline", "baseline.json"], "is a baseline of version 99");
    scratch.write("baseline.json", "{");
    wrong("", &["--baseline", "baseline.json"], "is not a baseline");
    wrong("", &["--changed-since", "HEAD"], "not a git repository");
    wrong("", &["--staged"], "not a git repository");
    scratch.git(&["init", "--quiet"]);
    scratch.git(&["commit", "--quiet", "--allow-empty", "-m", "first"]);
    wrong("", &["--changed-since", "nowhere"], "git knows no revision `nowhere`");

    // A report that cannot be written leaves the old one, and nothing half written.
    let before = fs::read_dir(&scratch.0).unwrap().count();
    for to in ["nowhere/report.json", "directory"] {
        let ran = scratch.check(&["--format", "json", "--output", to]);
        assert_eq!(ran.code(), 2, "{to}");
        assert!(ran.err().starts_with(&format!("baalint: cannot write {to}: ")), "{}", ran.err());
        let ran = scratch.run(&["baseline", "write", "--file", to]);
        assert_eq!(ran.code(), 2, "{to}: {}", ran.err());
        assert!(ran.err().contains(&format!("cannot write {to}: ")), "{}", ran.err());
    }
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), before);
    assert_eq!(fs::read_dir(scratch.0.join("directory")).unwrap().count(), 1);
}

#[test]
fn colour_is_for_terminals_only() {
    let scratch = Scratch::new("colour");
    scratch.write("main.tf", STORAGE);
    assert!(!scratch.check(&[]).out().contains('\u{1b}'));
    assert!(scratch.check(&["--color", "always"]).out().contains('\u{1b}'));
}

#[test]
fn policies_are_listed_explained_and_tested() {
    let scratch = Scratch::new("policies");
    let common = ["--no-builtin", "--policies", POLICIES];
    let listed = scratch.run(&[&["policies", "--format", "json"], &common[..]].concat()).json();
    let ids: Vec<&str> = listed["policies"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["test/no-purge-protection", "test/plain-http"]);
    for key in ["title", "severity", "category", "citations", "equivalents", "resource_types", "fix"] {
        assert!(!listed["policies"][1][key].is_null(), "{key}");
    }
    for id in ["test/plain-http", "CKV_AZURE_3", "ckv_azure_3"] {
        let page = scratch.run(&[&["explain", id], &common[..]].concat());
        assert!(page.out().starts_with("test/plain-http\n"), "{id}: {}", page.out());
    }
    let cited = scratch.run(&[&["explain", "164.312(e)"], &common[..]].concat());
    assert!(cited.code() == 2 || cited.out().contains("test/plain-http"), "{}", cited.out());
    let cited = scratch.run(&[&["explain", "164.312(e)(1)"], &common[..]].concat());
    assert!(cited.out().contains("test/plain-http"), "{}", cited.out());
    let unknown = scratch.run(&[&["explain", "test/plain-htp"], &common[..]].concat());
    assert_eq!(unknown.code(), 2);
    assert!(unknown.err().contains("did you mean `test/plain-http`?"), "{}", unknown.err());
    let tested = scratch.run(&["test", POLICIES]);
    assert_eq!((tested.code(), tested.out().as_str()), (0, "2 policies, 8 examples, 0 wrong\n"));
}

#[test]
fn a_wrong_policy_file_is_told_and_the_others_hold() {
    let scratch = Scratch::new("wrong-policy");
    let policy = fs::read_to_string(Path::new(POLICIES).join("test/plain-http.yaml")).unwrap();
    scratch.write("main.tf", STORAGE).write("ours/mine.yaml", policy.replace("severity:", "severty:"));
    let ran = scratch.check(&["--policies", "ours", "--format", "json"]);
    assert_eq!(ran.code(), 2);
    assert!(ran.diagnostics().iter().any(|it| it.starts_with("policy ours/mine.yaml: ")), "{:?}", ran.diagnostics());
    assert_eq!(ran.findings(), ["test/plain-http fail main.tf:2"]);
}

#[test]
fn no_format_prints_a_secret() {
    let scratch = Scratch::new("mask");
    let secret = "Zq9-Winter-2024!";
    scratch.write(
        "main.tf",
        format!(
            "variable \"password\" {{ default = \"{secret}\" }}\n\
             resource \"azurerm_mssql_server\" \"it\" {{ administrator_login_password = var.password }}\n\
             resource \"azurerm_linux_web_app\" \"it\" {{ app_settings = {{ DB_PASSWORD = \"{secret}\" }} }}\n"
        ),
    );
    scratch.write(
        "main.json",
        format!(
            r#"{{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
              "contentVersion": "1.0.0.0", "parameters": {{ "p": {{ "type": "securestring", "defaultValue": "{secret}" }} }},
              "resources": [ {{ "type": "Microsoft.Web/sites", "apiVersion": "2023-12-01", "name": "it",
                "properties": {{ "siteConfig": {{ "appSettings": [ {{ "name": "DB_PASSWORD", "value": "{secret}" }} ] }} }} }} ] }}"#
        ),
    );
    for format in ["text", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown", "csv", "html"] {
        let ran = scratch.run(&["check", ".", "--format", format]);
        assert!(ran.out().contains("secrets/literal-secret"), "{format}");
        assert!(!ran.out().contains(secret) && !ran.err().contains(secret), "{format}");
    }
}

#[test]
fn what_looks_like_a_suppression_in_a_policy_or_configuration_is_none() {
    let scratch = Scratch::new("no-input");
    let policy = fs::read_to_string(Path::new(POLICIES).join("test/plain-http.yaml")).unwrap();
    scratch
        .write("main.tf", STORAGE)
        .write("baalint.yaml", "# baalint:ignore[test/none]: an example\nfail-on: low\n")
        .write("ours/p.yaml", policy.replace("why:", "# baalint:ignore[test/none]: an example\nwhy:"));
    let ran = scratch.run(&["check", "--no-builtin", "--policies", "ours", "--format", "json"]);
    assert_eq!(ran.diagnostics(), [""; 0]);
    assert_eq!(ran.code(), 1);
}

#[test]
fn the_catalogue_is_listed_with_what_it_rests_on() {
    let scratch = Scratch::new("catalogue");
    let ran = scratch.run(&["policies", "baa", "--format", "json"]);
    let services = ran.json()["services"].as_array().unwrap().clone();
    assert!(services.iter().any(|it| it["service"] == "Key Vault" && it["status"] == "covered"));
    assert!(services.iter().all(|it| it["evidence"].as_array().is_some_and(|it| !it.is_empty())));
    assert_eq!(ran.code(), 0);
    let old = scratch.run(&["policies", "baa", "--catalogue-age", "1"]);
    assert_eq!(old.code(), 1);
    assert!(old.out().contains("rest on evidence older than 1 days"));
}

#[test]
fn a_partner_is_approved_until_its_contract_ends() {
    let scratch = Scratch::new("partners");
    scratch.write("main.tf", "resource \"azurerm_datadog_monitor\" \"it\" {\n  sku_name = \"Linked\"\n}\n");
    let check = ["check", ".", "--select", "baa/partner-service", "--format", "json"];
    assert_eq!(scratch.run(&check).findings(), ["baa/partner-service fail main.tf:1"]);
    let list =
        |until: &str| format!("values:\n  approved-partners:\n    - {{ name: Microsoft.Datadog, until: {until} }}\n");
    scratch.write("baalint.yaml", list("2999-01-01"));
    assert_eq!(scratch.run(&check).findings(), [""; 0]);
    scratch.write("baalint.yaml", list("2020-01-01"));
    let ran = scratch.run(&check);
    assert_eq!(ran.findings(), ["baa/partner-service fail main.tf:1"]);
    assert_eq!(ran.diagnostics(), ["config baalint.yaml: `Microsoft.Datadog` was allowed until 2020-01-01"]);
}

#[test]
fn a_region_is_judged_however_it_came() {
    let scratch = Scratch::new("residency");
    scratch.write("baalint.yaml", "values:\n  allowed-locations: [eastus, eastus2]\n");
    let store =
        "variable \"location\" {}\nresource \"azurerm_storage_account\" \"it\" {\n  location = var.location\n}\n";
    scratch.write("modules/store/main.tf", store);
    scratch.write(
        "main.tf",
        "resource \"azurerm_resource_group\" \"rg\" {\n  location = \"West Europe\"\n}\n\
         module \"group\" {\n  source = \"./modules/store\"\n  location = azurerm_resource_group.rg.location\n}\n\
         module \"allowed\" {\n  source = \"./modules/store\"\n  location = \"East US\"\n}\n\
         variable \"second\" {\n  default = \"northeurope\"\n}\n\
         resource \"azurerm_cosmosdb_account\" \"it\" {\n  location = \"eastus2\"\n  geo_location {\n    location = var.second\n  }\n}\n",
    );
    let ran = scratch.run(&["check", ".", "--select", "residency/*", "--format", "json"]);
    let expected = [
        "residency/location-not-allowed fail main.tf:2",
        "residency/replica-not-allowed fail main.tf:18",
        "residency/location-not-allowed fail modules/store/main.tf:3",
    ];
    assert_eq!(ran.findings(), expected);
    assert!(ran.out().contains("module.group.azurerm_storage_account.it"));

    // The output of one module is the argument of another, and a list of regions becomes replicas.
    scratch.write("modules/region/main.tf", "output \"name\" {\n  value = \"UK South\"\n}\n");
    scratch.write(
        "modules/records/main.tf",
        "variable \"regions\" {}\nresource \"azurerm_cosmosdb_account\" \"it\" {\n  location = \"eastus\"\n\
           dynamic \"geo_location\" {\n    for_each = var.regions\n    content {\n      location = geo_location.value\n    }\n  }\n}\n",
    );
    scratch.write(
        "main.tf",
        "module \"region\" {\n  source = \"./modules/region\"\n}\n\
         module \"store\" {\n  source = \"./modules/store\"\n  location = module.region.name\n}\n\
         module \"records\" {\n  source = \"./modules/records\"\n  regions = [\"eastus2\", \"West Europe\"]\n}\n",
    );
    let ran = scratch.run(&["check", ".", "--select", "residency/*", "--format", "json"]);
    let told = |policy: &str, address: &str| {
        let findings = ran.json()["findings"].as_array().unwrap().clone();
        findings.iter().any(|it| it["policy"] == policy && it["resource"]["address"] == address)
    };
    assert!(told("residency/location-not-allowed", "module.store.azurerm_storage_account.it"), "{}", ran.out());
    assert!(told("residency/replica-not-allowed", "module.records.azurerm_cosmosdb_account.it"), "{}", ran.out());
    assert_eq!(ran.findings().len(), 2);
    assert!(!ran.out().contains("module.allowed.azurerm_storage_account.it"));
}

#[test]
fn completions_know_the_commands_and_their_flags() {
    let scratch = Scratch::new("completions");
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let text = scratch.run(&["completions", shell]).out();
        assert!(text.contains("fail-on") && text.contains("explain"), "{shell}");
    }
    assert_eq!(scratch.run(&["completions", "csh"]).code(), 2);
}

#[test]
fn the_environment_gives_variables_only_when_asked() {
    let scratch = Scratch::new("tf-var");
    scratch.write("main.tf", "variable \"https\" { type = bool }\nresource \"azurerm_storage_account\" \"a\" {\n  https_traffic_only_enabled = var.https\n}\n");
    let told = |arguments: &[&str]| {
        let ran = Command::new(env!("CARGO_BIN_EXE_baalint"))
            .current_dir(&scratch.0)
            .env("TF_VAR_https", "false")
            .args(["check", "--format", "csv", "--select", "storage/plain-http"])
            .args(arguments)
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&ran.stdout).into_owned();
        (out.contains("fail"), out.contains("unknown"))
    };
    assert_eq!(told(&[]), (false, true));
    assert_eq!(told(&["--tf-var-environment"]), (true, false));
    assert_eq!(told(&["--tf-var-environment", "--var", "https=true"]), (false, false));
    scratch.write("terraform.tfvars", "https = true\n");
    assert_eq!(told(&["--tf-var-environment"]), (false, false));
}

#[test]
fn a_policy_file_without_its_keys_is_told_and_dated_data_is_not() {
    let scratch = Scratch::new("policy-keys");
    scratch.write("main.tf", "");
    scratch.write("misspelt/x/a.yaml", "titel: T\nseverity: high\npolicyRul: { if: {} }\n");
    scratch.write("data/x/b.yaml", "as_of: 2026-11-21\nentries: {}\n");
    let told = |directory: &str| {
        let ran = scratch.run(&["check", "main.tf", "--policies", directory, "--format", "json"]);
        ran.out().contains("unknown key `titel`") || ran.out().contains("this policy has no")
    };
    assert!(told("misspelt"));
    assert!(!told("data"));
}

#[test]
fn a_finding_about_what_is_tagged_as_ephi_is_graver() {
    let scratch = Scratch::new("marked");
    let store = |name: &str, tags: &str, more: &str| {
        format!(
            "resource \"azurerm_storage_account\" \"{name}\" {{\n  min_tls_version = \"TLS1_0\"\n  {more}tags = {tags}\n}}\n"
        )
    };
    scratch.write(
        "main.tf",
        [
            "variable \"tags\" { type = map(string) }\nlocals { common = { Data-Class = \"ePHI\" } }\n",
            &store("marked", "merge(local.common, { team = \"records\" })", ""),
            &store("public", "{ data-class = \"public\" }", ""),
            &store("untold", "var.tags", ""),
            &store("other", "{ team = \"records\" }", ""),
            "resource \"azurerm_storage_container\" \"below\" {\n  storage_account_id    = azurerm_storage_account.marked.id\n\
               container_access_type = \"container\"\n}\n",
        ]
        .concat(),
    );
    let check = ["check", ".", "--select", "storage/old-tls,storage/public-container", "--format", "json"];
    let told = |ran: &Ran| {
        let findings = ran.json()["findings"].as_array().unwrap().clone();
        let one = |it: &serde_json::Value| {
            let text = |it: &serde_json::Value| it.as_str().unwrap_or("-").to_owned();
            let (address, raised) = (text(&it["resource"]["address"]), &it["severity_raised"]);
            format!("{address} {} {} {}", text(&it["severity"]), text(&raised["from"]), text(&raised["tag"]))
        };
        findings.iter().map(one).collect::<Vec<_>>()
    };
    let plain = [
        "azurerm_storage_account.marked low - -",
        "azurerm_storage_account.public low - -",
        "azurerm_storage_account.untold low - -",
        "azurerm_storage_account.other low - -",
        "azurerm_storage_container.below critical - -",
    ];
    assert_eq!(told(&scratch.run(&check)), plain);

    scratch.write("baalint.yaml", "values: { phi-tag-names: [data-class] }\n");
    let mut raised = plain;
    raised[0] = "azurerm_storage_account.marked medium low Data-Class";
    assert_eq!(told(&scratch.run(&check)), raised);
    let text = scratch.run(&["check", ".", "--select", "storage/old-tls"]);
    assert!(text.out().contains("storage/old-tls (medium, raised by the tag Data-Class)"), "{}", text.out());

    // Another word for ePHI, and a severity that the team has set by itself.
    scratch.write("baalint.yaml", "values: { phi-tag-names: data-class, phi-tag-values: [public] }\nseverity: { storage/public-container: low }\n");
    raised[0] = plain[0];
    raised[1] = "azurerm_storage_account.public medium low data-class";
    raised[4] = "azurerm_storage_container.below low - -";
    assert_eq!(told(&scratch.run(&check)), raised);
}

#[test]
fn a_key_is_followed_to_what_it_encrypts() {
    let scratch = Scratch::new("chain");
    scratch.write("baalint.yaml", "values: { phi-tag-names: [phi] }\n");
    scratch.write(
        "modules/store/main.tf",
        "variable \"key\" {}\nvariable \"tags\" {}\n\
         resource \"azurerm_storage_account\" \"records\" {\n  tags = var.tags\n\
           customer_managed_key {\n    key_vault_key_id = var.key\n    user_assigned_identity_id = \"x\"\n  }\n}\n",
    );
    scratch.write(
        "main.tf",
        "resource \"azurerm_key_vault\" \"keys\" {\n  name = \"keys\"\n}\n\
         resource \"azurerm_key_vault_key\" \"records\" {\n  key_vault_id = azurerm_key_vault.keys.id\n}\n\
         resource \"azurerm_key_vault_key\" \"disks\" {\n  key_vault_id = azurerm_key_vault.keys.id\n}\n\
         resource \"azurerm_key_vault\" \"other\" {\n  name = \"other\"\n}\n\
         resource \"azurerm_disk_encryption_set\" \"disks\" {\n  key_vault_key_id = azurerm_key_vault_key.disks.id\n}\n\
         resource \"azurerm_managed_disk\" \"it\" {\n  disk_encryption_set_id = azurerm_disk_encryption_set.disks.id\n}\n\
         resource \"azurerm_linux_virtual_machine\" \"it\" {\n  secret {\n    key_vault_id = azurerm_key_vault.other.id\n  }\n}\n\
         module \"store\" {\n  source = \"./modules/store\"\n  key = azurerm_key_vault_key.records.id\n  tags = { phi = true }\n}\n",
    );
    let select = "keyvault/no-purge-protection,keyvault/no-key-rotation,disk/no-key-rotation";
    let ran = scratch.run(&["check", ".", "--select", select, "--format", "json"]);
    let told: Vec<String> = ran.json()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let related = it["related"].as_array().unwrap().iter().map(|it| it["message"].as_str().unwrap_or_default());
            let chain: Vec<&str> = related.filter(|it| it.starts_with("its keys encrypt")).collect();
            format!(
                "{} {} {}",
                it["resource"]["address"].as_str().unwrap(),
                it["severity"].as_str().unwrap(),
                chain.join(", ")
            )
        })
        .collect();
    let (disk, store) =
        ("its keys encrypt azurerm_managed_disk.it", "its keys encrypt module.store.azurerm_storage_account.records");
    let expected = [
        format!("azurerm_key_vault.keys critical {disk}, {store}"),
        format!("azurerm_key_vault_key.records medium {store}"),
        format!("azurerm_key_vault_key.disks low {disk}"),
        "azurerm_key_vault.other high ".to_owned(),
        format!("azurerm_disk_encryption_set.disks low {disk}"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn statistics_tell_how_much_of_the_azurerm_types_is_read() {
    let project = Scratch::new("statistics");
    project.write(
        "main.tf",
        "resource \"azurerm_key_vault_key\" \"a\" {\n  name = \"a\"\n  key_type = \"RSA\"\n  no_such = 1\n}\n\
         resource \"azurerm_portal_dashboard\" \"a\" {\n  name = \"a\"\n  dashboard_properties = \"{}\"\n}\n",
    );
    let ran = project.check(&["--statistics", "."]);
    let told = String::from_utf8(ran.0.stderr).unwrap();
    for line in [
        "2 azurerm resources of 2 types, 5 arguments",
        "  50.0 % are of a type with a mapping file",
        "   0.0 % are lowered whole: every argument is read",
        "       1 azurerm_key_vault_key: 0.0 % whole, 66.6 % of arguments",
        "       1 azurerm_portal_dashboard: 0.0 % whole, 50.0 % of arguments",
    ] {
        assert!(told.lines().any(|it| it == line), "{line:?} is not in\n{told}");
    }
}

#[test]
fn statistics_tell_what_is_known_of_each_language() {
    let project = Scratch::new("languages");
    project.write(
        "site.yml",
        "- azure_rm_storageaccount:\n    name: charts\n    kind: \"{{ kind }}\"\n    tags: { a: b }\n",
    );
    project.write("a.tf", "variable \"x\" {}\nresource \"azurerm_resource_group\" \"a\" {\n  name = var.x\n}\n");
    let ran = project.check(&["--statistics", "."]);
    let told = String::from_utf8(ran.0.stderr).unwrap();
    let of = |language: &str, counts: &str| {
        let line = told.lines().find(|it| it.starts_with(language));
        assert!(line.is_some_and(|it| it.contains(counts)), "{language} {counts} is not in\n{told}");
    };
    of("Terraform: ", "1 files, 1 resources");
    of("Ansible: ", "1 files, 1 resources");
    of("Ansible: ", " 1 unknown");
    assert!(told.lines().any(|it| it == "       1 variable"), "{told}");
}

#[test]
fn comments_in_every_yaml_dialect_hold_for_the_key_below_or_beside_them() {
    let comment = "# baalint:ignore[*] by=x: told";
    let head = |group: &str, kind: &str| format!("apiVersion: {group}\nkind: {kind}\nmetadata: {{ name: a }}\nspec:\n");
    let texts = [
        (
            "Pulumi.yaml",
            "enableHttpsTrafficOnly: false",
            "name: p\nresources:\n  a:\n    type: azure-native:storage:StorageAccount\n    properties:\n      "
                .to_owned(),
        ),
        (
            "aso.yaml",
            "supportsHttpsTrafficOnly: false",
            head("storage.azure.com/v1api20230101", "StorageAccount") + "  ",
        ),
        (
            "crossplane.yaml",
            "httpsTrafficOnlyEnabled: false",
            head("storage.azure.upbound.io/v1beta1", "Account") + "  forProvider:\n    ",
        ),
        ("ansible.yml", "https_only: no", "- azure_rm_storageaccount:\n    name: a\n    ".to_owned()),
        ("kubernetes.yaml", "type: LoadBalancer", head("v1", "Service") + "  "),
        (
            "az.yaml",
            "allowInsecure: true",
            "type: Microsoft.App/containerApps\nname: a\nproperties:\n  configuration:\n    ingress:\n      "
                .to_owned(),
        ),
        (
            "ml.yml",
            "hbi_workspace: false",
            "$schema: https://azuremlschemas.azureedge.net/latest/workspace.schema.json\nname: w\n".to_owned(),
        ),
    ];
    for (name, key, before) in texts {
        for text in [format!("{before}{key} {comment}\n"), format!("{before}{comment}\n{key}\n")] {
            let indent = before.rsplit('\n').next().unwrap().len();
            let text = text.replace(&format!("{comment}\n{key}"), &format!("{comment}\n{}{key}", " ".repeat(indent)));
            let scratch = Scratch::new(&format!("comment-{name}"));
            scratch.write(name, &text);
            let report = scratch.run(&["check", "--format", "json", name]).json();
            let lines: Vec<&str> = text.lines().collect();
            let found = report["findings"].as_array().unwrap().iter().filter(|it| {
                let line = lines[usize::try_from(it["line"].as_u64().unwrap()).unwrap() - 1];
                let (from, to) = (it["column"].as_u64().unwrap() - 1, it["end_column"].as_u64().unwrap() - 1);
                let shown = line.get(usize::try_from(from).unwrap()..usize::try_from(to).unwrap());
                !it["suppressed"].is_null() && shown == Some(key)
            });
            assert!(found.count() > 0, "{name}: {text}\n{report}");
        }
    }
}

#[test]
fn what_fails_because_of_a_change_elsewhere_is_reported_with_it() {
    let scratch = Scratch::new("elsewhere");
    let vault = "variable \"keep\" { default = false }\nresource \"azurerm_key_vault\" \"keys\" {\n  purge_protection_enabled = var.keep\n}\n";
    let old = "resource \"azurerm_storage_account\" \"old\" {\n  https_traffic_only_enabled = false\n}\n";
    scratch.write("main.tf", vault).write("old.tf", old).write("terraform.tfvars", "# kept\nkeep = true\n");
    scratch.git(&["init", "--quiet"]);
    scratch.git(&["add", "."]);
    scratch.git(&["commit", "--quiet", "-m", "before"]);
    let told = |ran: Ran| {
        let all = ran.json()["findings"].as_array().unwrap().clone();
        all.iter().map(|it| it["policy"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let since = ["--changed-since", "HEAD", "--format", "json"];
    assert_eq!(told(scratch.check(&since)), [""; 0]);
    // The line that decided is gone: nothing of the finding lies on a changed line.
    scratch.write("terraform.tfvars", "# kept\n");
    assert_eq!(told(scratch.check(&since)), ["test/no-purge-protection"]);
    scratch.git(&["rm", "--quiet", "-f", "terraform.tfvars"]);
    assert_eq!(told(scratch.check(&since)), ["test/no-purge-protection"]);
    assert_eq!(told(scratch.check(&["--staged", "--format", "json"])), ["test/no-purge-protection"]);
}

#[test]
fn what_is_staged_is_judged_as_it_will_be_committed() {
    let scratch = Scratch::new("index");
    scratch.write("main.tf", "locals { a = 1 }\n");
    scratch.git(&["init", "--quiet"]);
    scratch.git(&["add", "."]);
    scratch.git(&["commit", "--quiet", "-m", "before"]);
    scratch.write("main.tf", STORAGE);
    scratch.git(&["add", "."]);
    // Mended in the editor, but not in what will be committed.
    scratch.write("main.tf", STORAGE.replace("false", "true"));
    let found = scratch.check(&["--staged"]);
    assert_eq!(found.code(), 1, "{}", found.out());
    scratch.git(&["add", "."]);
    assert_eq!(scratch.check(&["--staged"]).code(), 0);
}
