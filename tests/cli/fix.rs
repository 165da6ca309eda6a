//! `check --fix`, `--unsafe-fixes` and `--diff` as people run them: what is written, what is left, and what is told.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use baalint::lint::Request;
use baalint::lint::library::Shelves;
use baalint::suppress::Day;

use crate::scratch::{POLICIES, STORAGE, Scratch};

#[test]
fn a_literal_is_changed_and_a_second_time_changes_nothing() {
    let scratch = Scratch::new("literal");
    scratch.write("main.tf", STORAGE);
    let ran = scratch.check(&["--fix", "."]);
    assert_eq!(ran.code(), 0, "{}", ran.err());
    assert!(ran.err().starts_with("fixed 1 finding in 1 file\n"), "{}", ran.err());
    assert_eq!(scratch.read("main.tf"), STORAGE.replace("false", "true"));
    let ran = scratch.check(&["--fix", "."]);
    assert!(ran.err().starts_with("fixed 0 findings in 0 files\n"), "{}", ran.err());
    assert_eq!(scratch.read("main.tf"), STORAGE.replace("false", "true"));
}

#[test]
fn a_diff_changes_nothing_and_can_be_applied() {
    let scratch = Scratch::new("diff");
    scratch.write("a/main.tf", STORAGE);
    let ran = scratch.check(&["--diff", "."]);
    assert_eq!(ran.code(), 1);
    assert_eq!(scratch.read("a/main.tf"), STORAGE);
    assert_eq!(
        ran.out(),
        "--- a/a/main.tf\n+++ b/a/main.tf\n@@ -1,3 +1,3 @@\n resource \"azurerm_storage_account\" \"logs\" {\n\
         -  https_traffic_only_enabled = false\n+  https_traffic_only_enabled = true\n }\n"
    );
    scratch.write("fix.patch", ran.out());
    let applied = Command::new("git").current_dir(&scratch.0).args(["apply", "fix.patch"]).status().unwrap();
    assert!(applied.success());
    assert_eq!(scratch.read("a/main.tf"), STORAGE.replace("false", "true"));
    assert_eq!(scratch.check(&["--diff", "."]).code(), 0);
}

#[test]
fn line_endings_byte_order_mark_and_mode_stay() {
    let scratch = Scratch::new("bytes");
    let text = format!("\u{feff}# ü\r\n{}", STORAGE.replace('\n', "\r\n"));
    scratch.write("main.tf", &text);
    let path = scratch.0.join("main.tf");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(scratch.check(&["--fix", "."]).code(), 0);
    assert_eq!(scratch.read("main.tf"), text.replace("false", "true"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_setting_that_is_not_written_stands_aligned_with_its_neighbours() {
    let before = "resource \"azurerm_key_vault\" \"keys\" {\n  name     = \"k\" # the name\n  location = \"eastus\"\n\n  tags = {}\n}\n";
    let after = "resource \"azurerm_key_vault\" \"keys\" {\n  name                     = \"k\" # the name\n  location                 = \"eastus\"\n  purge_protection_enabled = true\n\n  tags = {}\n}\n";
    let scratch = Scratch::new("missing");
    scratch.write("main.tf", before).check(&["--fix", "."]);
    assert_eq!(scratch.read("main.tf"), after);
    // What nobody aligned is left as it is.
    let ragged = before.replace("name     =", "name =");
    scratch.write("main.tf", &ragged).check(&["--fix", "."]);
    assert_eq!(
        scratch.read("main.tf"),
        ragged.replace("\"eastus\"\n", "\"eastus\"\n  purge_protection_enabled = true\n")
    );
}

#[test]
fn text_that_others_share_is_changed_only_when_that_is_allowed() {
    let shared = "variable \"https\" {\n  default = false\n}\nresource \"azurerm_storage_account\" \"logs\" {\n  https_traffic_only_enabled = var.https\n}\n";
    let scratch = Scratch::new("shared");
    scratch.write("main.tf", shared);
    let ran = scratch.check(&["--fix", "."]);
    assert_eq!(ran.code(), 1);
    assert!(ran.err().contains("1 more with --unsafe-fixes"), "{}", ran.err());
    assert_eq!(scratch.read("main.tf"), shared);
    let ran = scratch.check(&["--fix", "--unsafe-fixes", "."]);
    assert!(ran.err().contains("changes the default of a variable"), "{}", ran.err());
    assert_eq!(scratch.read("main.tf"), shared.replace("default = false", "default = true"));
    scratch.write("main.tf", shared).write("terraform.tfvars", "https = false # for now\n");
    scratch.check(&["--unsafe-fixes", "."]);
    assert_eq!(scratch.read("terraform.tfvars"), "https = true # for now\n");
    assert_eq!(scratch.read("main.tf"), shared);
}

#[test]
fn an_edit_that_something_else_is_found_after_is_taken_back() {
    let scratch = Scratch::new("rollback");
    let other = "title: T\nseverity: low\ncategory: governance\ncitations: [164.312(a)(1)]\nwhy: W\nfix: { decide: all of it, terraform: t }\n\
        policyRule:\n  if:\n    allOf:\n      - { field: type, equals: Microsoft.Storage/storageAccounts }\n      - { field: properties.supportsHttpsTrafficOnly, equals: true }\n";
    scratch.write("main.tf", STORAGE).write("own/x/other.yaml", other);
    let ran = scratch.check(&["--fix", "--policies", "own", "main.tf"]);
    assert!(ran.err().contains("main.tf:2: test/plain-http"), "{}", ran.err());
    assert!(ran.err().contains("x/other would be found of azurerm_storage_account.logs"), "{}", ran.err());
    assert_eq!(scratch.read("main.tf"), STORAGE);
}

#[test]
fn a_read_only_file_is_left_and_told() {
    let scratch = Scratch::new("locked");
    scratch.write("a/main.tf", STORAGE).write("b/main.tf", STORAGE);
    let path = scratch.0.join("a/main.tf");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let ran = scratch.check(&["--fix", "."]);
    assert!(ran.err().contains("a/main.tf is read-only"), "{}", ran.err());
    assert_eq!(
        (scratch.read("a/main.tf"), scratch.read("b/main.tf")),
        (STORAGE.to_owned(), STORAGE.replace("false", "true"))
    );
}

#[test]
fn what_is_made_by_an_expression_or_lies_elsewhere_is_not_guessed() {
    let scratch = Scratch::new("computed");
    let computed = STORAGE.replace("false", "1 == 2");
    let json =
        "{ \"resource\": { \"azurerm_storage_account\": { \"a\": { \"https_traffic_only_enabled\": false } } } }";
    let module = "module \"m\" {\n  source = \"./.terraform/modules/m\"\n}\n";
    scratch.write("a/main.tf", &computed).write("b/main.tf.json", json).write("c/main.tf", module);
    scratch.write("c/.terraform/modules/m/main.tf", STORAGE);
    let ran = scratch.check(&["--unsafe-fixes", "."]);
    assert!(ran.err().starts_with("fixed 0 findings"), "{}", ran.err());
    assert_eq!((scratch.read("a/main.tf"), scratch.read("b/main.tf.json")), (computed, json.to_owned()));
    assert_eq!(scratch.read("c/.terraform/modules/m/main.tf"), STORAGE);
}

#[test]
fn a_file_that_two_paths_lead_to_is_changed_once() {
    let scratch = Scratch::new("links");
    scratch.write("shared/main.tf", STORAGE);
    for root in ["a", "b"] {
        fs::create_dir(scratch.0.join(root)).unwrap();
        std::os::unix::fs::symlink("../shared/main.tf", scratch.0.join(root).join("main.tf")).unwrap();
    }
    let ran = scratch.check(&["--fix", "."]);
    assert_eq!(ran.code(), 0, "{}", ran.err());
    assert_eq!(scratch.read("shared/main.tf"), STORAGE.replace("false", "true"));
    assert!(fs::symlink_metadata(scratch.0.join("a/main.tf")).unwrap().is_symlink());
}

#[test]
fn standard_input_is_not_fixed() {
    let scratch = Scratch::new("stdin");
    let ran = scratch.check(&["--fix", "--stdin-filename", "main.tf", "-"]);
    assert_eq!(ran.code(), 2);
    assert!(ran.err().contains("standard input cannot be fixed"), "{}", ran.err());
}

#[test]
fn sarif_carries_the_edits() {
    let scratch = Scratch::new("sarif");
    scratch.write("main.tf", STORAGE);
    let ran = scratch.check(&["--format", "sarif", "."]);
    let document: serde_json::Value = serde_json::from_str(&ran.out()).unwrap();
    let fix = &document["runs"][0]["results"][0]["fixes"][0];
    assert_eq!(fix["description"]["text"], "fix test/plain-http");
    let change = &fix["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "main.tf");
    let replacement = &change["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "true");
    let place = serde_json::json!({ "startLine": 2, "startColumn": 32, "endLine": 2, "endColumn": 37 });
    assert_eq!(replacement["deletedRegion"], place);
}

#[test]
fn the_source_of_a_built_template_is_edited_and_the_template_is_left_to_the_compiler() {
    let scratch = Scratch::new("bicep");
    let template = "{ \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n  \"contentVersion\": \"1.0.0.0\",\n\
        \"metadata\": { \"_generator\": { \"name\": \"bicep\", \"version\": \"0.30.3\", \"templateHash\": \"1\" } },\n  \"resources\": [\n\
        { \"type\": \"Microsoft.Storage/storageAccounts\", \"apiVersion\": \"2023-05-01\", \"name\": \"logs\",\n\
        \"properties\": { \"supportsHttpsTrafficOnly\": false } } ] }\n";
    let source = "resource logs 'Microsoft.Storage/storageAccounts@2023-05-01' = {\n  name: 'logs'\n  properties: {\n    supportsHttpsTrafficOnly: false // why\n  }\n}\n";
    scratch.write("main.json", template).write("main.bicep", source);
    assert!(scratch.check(&["--fix", "."]).err().contains("1 more with --unsafe-fixes"));
    assert_eq!(scratch.read("main.bicep"), source);
    let ran = scratch.check(&["--unsafe-fixes", "."]);
    assert!(ran.err().contains("main.json has to be built again from its source"), "{}", ran.err());
    assert_eq!(
        (scratch.read("main.json"), scratch.read("main.bicep")),
        (template.to_owned(), source.replace("false", "true"))
    );
    let ran = scratch.check(&["--unsafe-fixes", "."]);
    assert!(ran.err().starts_with("fixed 0 findings in 0 files"), "{}", ran.err());
    assert_eq!(scratch.read("main.bicep"), source.replace("false", "true"));
}

#[test]
fn a_plan_is_not_edited() {
    let scratch = Scratch::new("plan");
    let values = "{ \"address\": \"azurerm_storage_account.logs\", \"mode\": \"managed\", \"type\": \"azurerm_storage_account\", \"name\": \"logs\", \"values\": { \"https_traffic_only_enabled\": false } }";
    let plan = format!(
        "{{ \"format_version\": \"1.2\", \"terraform_version\": \"1.11.4\", \"planned_values\": {{ \"root_module\": {{ \"resources\": [ {values} ] }} }} }}"
    );
    scratch.write("plan.json", &plan);
    let ran = scratch.check(&["--unsafe-fixes", "plan.json"]);
    assert_eq!(ran.code(), 1, "{}", ran.err());
    assert!(ran.err().contains("1 has no edit:\n    1 × a plan is not edited: fix the configuration that it was made of: plan.json:1 test/plain-http\n"), "{}", ran.err());
    assert_eq!(scratch.read("plan.json"), plan);
}

/// A policy of the service and category of `test/plain-http`, less severe, which the fix of that one runs into.
const LESSER: &str = "title: T\nseverity: low\ncategory: encryption-in-transit\ncitations: [164.312(e)(1)]\nwhy: W\nfix: { decide: all of it, terraform: t }\n\
    policyRule:\n  if:\n    allOf:\n      - { field: type, equals: Microsoft.Storage/storageAccounts }\n      - { field: properties.supportsHttpsTrafficOnly, equals: true }\n";

#[test]
fn a_less_severe_finding_of_the_same_kind_is_a_step_and_told() {
    let scratch = Scratch::new("tiers");
    scratch.write("main.tf", STORAGE).write("own/test/lesser.yaml", LESSER);
    let ran = scratch.check(&["--fix", "--policies", "own", "main.tf"]);
    assert_eq!(scratch.read("main.tf"), STORAGE.replace("false", "true"), "{}", ran.err());
    let told = "main.tf:2: test/plain-http azurerm_storage_account.logs: now test/lesser\n";
    assert!(ran.err().contains(told), "{}", ran.err());
    // As severe as the one that goes, or of another kind, it is no step.
    for other in [LESSER.replace("low", "high"), LESSER.replace("encryption-in-transit", "integrity")] {
        scratch.write("main.tf", STORAGE).write("own/test/lesser.yaml", other);
        let ran = scratch.check(&["--fix", "--policies", "own", "main.tf"]);
        assert!(ran.err().contains("test/lesser would be found of"), "{}", ran.err());
        assert_eq!(scratch.read("main.tf"), STORAGE);
    }
}

#[test]
fn why_there_is_no_edit_is_told_with_its_places_and_in_json() {
    let scratch = Scratch::new("reasons");
    let computed = STORAGE.replace("false", "\"${1 == 2}\"");
    for root in ["a", "b", "c", "d"] {
        scratch.write(&format!("{root}/main.tf"), &computed);
    }
    let heredoc = STORAGE.replace("false", "yamldecode(<<EOT\n    https: false\n  EOT\n  ).https");
    scratch.write("e/main.tf", &heredoc);
    for arguments in [&["--diff", "."][..], &["--unsafe-fixes", "."], &["--diff", "."]] {
        let ran = scratch.check(arguments);
        let places =
            "a/main.tf:2 test/plain-http, b/main.tf:2 test/plain-http, c/main.tf:2 test/plain-http and 1 more\n";
        assert!(
            ran.err().contains("  5 have no edit:\n    4 × `https_traffic_only_enabled` is computed"),
            "{}",
            ran.err()
        );
        assert!(ran.err().contains(places) && ran.err().contains("1 × "), "{}", ran.err());
    }
    assert_eq!((scratch.read("a/main.tf"), scratch.read("e/main.tf")), (computed, heredoc));
    let ran = scratch.check(&["--fix", "--format", "json", "."]);
    let document: serde_json::Value = serde_json::from_str(&ran.out()).unwrap();
    let reason = document["findings"][0]["edit"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("`https_traffic_only_enabled` is computed"), "{reason}");
    let ran = scratch.check(&["--fix", "."]);
    assert!(ran.out().contains("not fixed: `https_traffic_only_enabled` is computed"), "{}", ran.out());
}

#[test]
fn a_plan_with_its_sources_says_where_to_fix_it() {
    let scratch = Scratch::new("sources");
    let values = "{ \"address\": \"azurerm_storage_account.logs\", \"mode\": \"managed\", \"type\": \"azurerm_storage_account\", \"name\": \"logs\", \"provider_name\": \"registry.terraform.io/hashicorp/azurerm\", \"values\": { \"https_traffic_only_enabled\": false } }";
    let configured = "{ \"address\": \"azurerm_storage_account.logs\", \"mode\": \"managed\", \"type\": \"azurerm_storage_account\", \"name\": \"logs\", \"provider_config_key\": \"azurerm\", \"expressions\": { \"https_traffic_only_enabled\": { \"constant_value\": false } }, \"schema_version\": 4 }";
    let plan = format!(
        "{{ \"format_version\": \"1.2\", \"terraform_version\": \"1.11.4\", \"planned_values\": {{ \"root_module\": {{ \"resources\": [ {values} ] }} }}, \"configuration\": {{ \"root_module\": {{ \"resources\": [ {configured} ] }} }} }}"
    );
    scratch.write("plan.json", &plan).write("main.tf", STORAGE);
    let ran = scratch.check(&["--diff", "plan.json"]);
    assert!(ran.err().contains("a plan is not edited: fix its source, main.tf:1"), "{}", ran.err());
    assert_eq!((scratch.read("plan.json"), scratch.read("main.tf")), (plan, STORAGE.to_owned()));
}

#[test]
fn a_full_disk_leaves_the_file_as_it_was() {
    let scratch = Scratch::new("full");
    scratch.write("a.tf", STORAGE);
    let arguments = format!("--no-builtin --policies {POLICIES} --fix .");
    let program = env!("CARGO_BIN_EXE_baalint");
    let script = format!("trap '' XFSZ; ulimit -f 0; exec {program} check {arguments}");
    let output = Command::new("bash").current_dir(&scratch.0).args(["-c", &script]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("a.tf: could not be written"), "{told}");
    assert_eq!(scratch.read("a.tf"), STORAGE);
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_file_that_changed_since_it_was_judged_is_left() {
    let scratch = Scratch::new("raced");
    scratch.write("a.tf", STORAGE).write("b/b.tf", STORAGE);
    let request = Request {
        shelves: Shelves { builtin: false, directories: vec![POLICIES.into()], azure_policy: Vec::new() },
        ..Request::of(vec![scratch.0.clone()], Day::of(std::time::SystemTime::now()))
    };
    let fixed = baalint::lint::fix::fix(&request, false);
    assert_eq!(fixed.files.len(), 2);
    let edited = STORAGE.replace("logs", "more");
    scratch.write("a.tf", &edited);
    let written = baalint::lint::write::write(&fixed.files);
    let why: Vec<bool> = written.iter().map(|(_, it)| it.is_ok()).collect();
    assert_eq!(why, [false, true]);
    assert!(written[0].1.as_ref().unwrap_err().0.contains("changed while it was being judged"));
    assert_eq!((scratch.read("a.tf"), scratch.read("b/b.tf")), (edited, STORAGE.replace("false", "true")));
}

#[test]
fn two_fixes_of_one_text_are_made_once() {
    let scratch = Scratch::new("same");
    let own = LESSER.replace("equals: true", "notEquals: true").replace("decide: all of it, ", "");
    scratch.write("main.tf", STORAGE).write("own/test/again.yaml", own);
    let ran = scratch.check(&["--fix", "--policies", "own", "main.tf"]);
    assert_eq!(ran.code(), 0, "{}", ran.err());
    assert_eq!(scratch.read("main.tf"), STORAGE.replace("false", "true"));
    // On one line of JSON, one after the other.
    let both = |https: bool, purge: bool| {
        format!(
            "{{ \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\", \"resources\": [ {{ \"type\": \"Microsoft.Storage/storageAccounts\", \"apiVersion\": \"2023-05-01\", \"name\": \"l\", \"properties\": {{ \"supportsHttpsTrafficOnly\": {https} }} }}, {{ \"type\": \"Microsoft.KeyVault/vaults\", \"apiVersion\": \"2023-07-01\", \"name\": \"k\", \"properties\": {{ \"enablePurgeProtection\": {purge} }} }} ] }}"
        )
    };
    scratch.write("main.json", both(false, false));
    scratch.check(&["--unsafe-fixes", "main.json"]);
    assert_eq!(scratch.read("main.json"), both(true, true));
}

#[test]
fn yaml_is_fixed_with_its_bytes_and_offered_in_sarif() {
    let scratch = Scratch::new("yaml");
    let text = "\u{feff}apiVersion: storage.azure.com/v1api20230101\r\nkind: StorageAccount\r\nspec:\r\n  supportsHttpsTrafficOnly: 'false' # für jetzt\r\n  location: eastus";
    scratch.write("a.yaml", text);
    let ran = scratch.check(&["--format", "sarif", "."]);
    let document: serde_json::Value = serde_json::from_str(&ran.out()).unwrap();
    let replacement = &document["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "'true'");
    assert_eq!(replacement["deletedRegion"]["startLine"], 4);
    assert_eq!(scratch.check(&["--fix", "."]).code(), 0);
    assert_eq!(scratch.read("a.yaml"), text.replace("false", "true"));
    assert!(scratch.check(&["--fix", "."]).err().starts_with("fixed 0 findings in 0 files\n"));
}

#[test]
fn a_value_of_another_file_is_changed_there_when_that_is_allowed() {
    let scratch = Scratch::new("stack");
    let program = "name: p\nruntime: yaml\nconfig:\n  https: { type: boolean }\nresources:\n  logs:\n    type: azure-native:storage:StorageAccount\n    properties:\n      enableHttpsTrafficOnly: ${https}\n";
    scratch.write("Pulumi.yaml", program).write("Pulumi.dev.yaml", "config:\n  p:https: false # for now\n");
    let ran = scratch.check(&["--fix", "."]);
    assert!(ran.err().contains("1 more with --unsafe-fixes"), "{}", ran.err());
    let ran = scratch.check(&["--unsafe-fixes", "."]);
    assert!(ran.err().contains("for everything that uses it"), "{}", ran.err());
    assert_eq!(scratch.read("Pulumi.dev.yaml"), "config:\n  p:https: true # for now\n");
    assert_eq!(scratch.read("Pulumi.yaml"), program);
}
