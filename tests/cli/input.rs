//! What is read and what is told about it: bad input, links, ignored files, standard input, variables.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::scratch::{GOOD, POLICIES, Ran, STORAGE, Scratch, TEMPLATE, VAULT};

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
fn what_a_default_leaves_out_is_told() {
    let scratch = Scratch::new("left-out");
    let child =
        "variable \"on\" { default = true }\nresource \"azurerm_key_vault\" \"keys\" {\n  count = var.on ? 1 : 0\n}\n";
    scratch.write("child/main.tf", child);
    scratch.write(
        "main.tf",
        "variable \"vault\" { default = false }\nvariable \"given\" { default = true }\nvariable \"sets\" { default = {} }\n\
         locals { on = var.vault }\n\
         module \"a\" {\n  source = \"./child\"\n  on = local.on\n}\n\
         module \"b\" {\n  source = \"./child\"\n  count = local.on ? 1 : 0\n}\n\
         module \"c\" {\n  source = \"./child\"\n  on = false\n}\n\
         resource \"azurerm_key_vault\" \"given\" {\n  count = var.given ? 1 : 0\n}\n\
         resource \"azurerm_key_vault\" \"many\" {\n  for_each = var.sets\n}\n\
         data \"azurerm_key_vault\" \"read\" {\n  count = var.vault ? 1 : 0\n}\n",
    );
    scratch.write("terraform.tfvars", "given = false\n");
    let told = |arguments: &[&str]| scratch.check(&[&["--format", "json"], arguments].concat()).diagnostics();
    let vault = "not-deployed main.tf: nothing that was read gives `vault`, and its default leaves out what is therefore not judged: ";
    let sets = "not-deployed main.tf: nothing that was read gives `sets`, and its default leaves out what is therefore not judged: ";
    let of = |what: &str, names: &str| format!("{what}{names}");
    let vault = of(vault, "module.a.azurerm_key_vault.keys, module.b");
    let sets = of(sets, "azurerm_key_vault.many");
    assert_eq!(told(&[]), [vault, sets.clone()]);
    assert_eq!(told(&["--var", "vault=true"]), [sets]);
    let text = scratch.check(&[]);
    assert!(text.err().is_empty() && !text.out().contains("not-deployed"), "{}", text.out());
    let counted = "default values leave out declarations in 2 places: they are not judged";
    assert!(text.out().contains(counted), "{}", text.out());
}

#[test]
fn what_a_default_of_a_template_leaves_out_is_told() {
    let scratch = Scratch::new("left-out-template");
    let template = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "deploy": { "type": "bool", "defaultValue": false },
    "names": { "type": "array", "defaultValue": [] },
    "off": { "type": "bool" }
  },
  "variables": { "on": "[parameters('deploy')]" },
  "resources": [
    { "condition": "[and(variables('on'), true())]", "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "a" },
    { "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "[parameters('names')[copyIndex()]]",
      "copy": { "name": "c", "count": "[length(parameters('names'))]" } },
    { "condition": "[parameters('off')]", "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "b" },
    { "condition": false, "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "c" },
    { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner", "properties": {
        "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" },
        "parameters": { "deploy": { "value": "[variables('on')]" } },
        "template": { "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
          "contentVersion": "1.0.0.0",
          "parameters": { "deploy": { "type": "bool" }, "more": { "type": "bool", "defaultValue": false } },
          "resources": [
            { "condition": "[parameters('deploy')]", "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "d" },
            { "condition": "[parameters('more')]", "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "e" }
          ] } } }
  ] }"#;
    let values = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
        "contentVersion": "1.0.0.0", "parameters": { "off": { "value": false } } }"#;
    scratch.write("main.json", template).write("main.parameters.json", values);
    let told = scratch.check(&["--format", "json"]).diagnostics();
    let of = |name: &str, left_out: &str| {
        let start = format!("not-deployed main.json: nothing that was read gives `{name}`, and its default leaves out");
        format!("{start} what is therefore not judged: {left_out}")
    };
    let account = "Microsoft.Storage/storageAccounts";
    let deploy = of("deploy", &format!("{account}/a, Microsoft.Resources/deployments/inner/{account}/d"));
    assert_eq!(told, [deploy, of("names", account)]);
}

#[test]
fn a_secret_that_is_written_out_is_told_with_a_plan_as_well() {
    let scratch = Scratch::new("plan-secret");
    let main = "resource \"azurerm_mssql_server\" \"it\" {\n  administrator_login_password = \"Winter2024!\"\n}\n";
    let plan = r#"{ "format_version": "1.2", "terraform_version": "1.9.0", "planned_values": { "root_module": { "resources": [
        { "address": "azurerm_mssql_server.it", "mode": "managed", "type": "azurerm_mssql_server", "name": "it",
          "provider_name": "registry.terraform.io/hashicorp/azurerm", "schema_version": 0,
          "values": { "name": "it", "administrator_login_password": "Winter2024!" } } ] } },
      "configuration": { "root_module": { "resources": [] } } }"#;
    scratch.write("main.tf", main).write("plan.json", plan);
    let ran = scratch.run(&["check", "--format", "json", "--select", "secrets/literal-secret", "plan.json"]);
    assert_eq!(ran.findings(), ["secrets/literal-secret fail main.tf:2"]);
    assert!(!ran.out().contains("Winter2024!"), "{}", ran.out());
}

/// Found by fuzzing: a value of which every part is used twice has a million parts and takes no room.
#[test]
fn a_value_that_shares_its_parts_is_searched_once() {
    let scratch = Scratch::new("shared-parts");
    let doubled =
        (1..=19).map(|at| format!("  v{at} = [local.v{0}, local.v{0}]\n", at - 1)).collect::<Vec<_>>().concat();
    let main = format!(
        "locals {{\n  v0 = \"x\"\n{doubled}}}\nresource \"terraform_data\" \"it\" {{\n  count = 200\n  input = local.v19\n}}\n{VAULT}"
    );
    let started = std::time::Instant::now();
    let ran = scratch.write("main.tf", main).check(&["--format", "json", "."]);
    assert_eq!(ran.findings(), ["test/no-purge-protection fail main.tf:28"]);
    assert!(started.elapsed().as_secs() < 12, "{:?}", started.elapsed());
}
