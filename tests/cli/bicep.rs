//! Bicep sources as people name them: built by the compiler of the machine, told when there is none, never passed over.
//!
//! The compiler here is a script that prints what the real one would: nothing in these tests needs Bicep.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::scratch::{POLICIES, Scratch};

const SOURCE: &str = "param https bool = false

resource logs 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'logs'
  properties: {
    supportsHttpsTrafficOnly: https
  }
}
";

const TEMPLATE: &str = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0", "languageVersion": "2.0",
  "metadata": { "_generator": { "name": "bicep", "version": "0.40.2", "templateHash": "1" } },
  "parameters": { "https": { "type": "bool", "defaultValue": false } },
  "resources": { "logs": {
    "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "logs",
    "properties": { "supportsHttpsTrafficOnly": "[parameters('https')]" } } } }"#;

impl Scratch {
    /// A compiler that runs `script`.
    fn compiler(&self, path: &str, script: &str) -> &Self {
        self.write(path, format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.0.join(path), fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// `baalint check` with nothing but `bin` on the path: exit code, findings, diagnostics and the whole report.
    fn judged(&self, arguments: &[&str]) -> (i32, Vec<String>, Vec<String>, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_baalint"))
            .current_dir(&self.0)
            .env("PATH", format!("{}:/usr/bin:/bin", self.0.join("bin").display()))
            .env("HOME", &self.0)
            .env_remove("AZURE_CONFIG_DIR")
            .args(["check", "--no-builtin", "--policies", POLICIES, "--format", "json"])
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap_or_default();
        let said = |it: &Value| it.as_str().unwrap_or("").to_owned();
        let rows = |key: &str, row: &dyn Fn(&Value) -> String| -> Vec<String> {
            report[key].as_array().into_iter().flatten().map(row).collect()
        };
        let findings = rows("findings", &|it| format!("{} {}:{}", said(&it["policy"]), said(&it["file"]), it["line"]));
        let diagnostics = rows("diagnostics", &|it| {
            format!("{} {}:{}: {}", said(&it["code"]), said(&it["file"]), it["line"], said(&it["message"]))
        });
        (output.status.code().unwrap(), findings, diagnostics, text)
    }
}

#[test]
fn a_source_is_built_and_everything_points_into_it() {
    let scratch = Scratch::new("built");
    scratch.write("infra/main.bicep", SOURCE).write("template.json", TEMPLATE);
    let print = "[ \"$1 $2 $3 $4\" = 'build --stdout --no-restore infra/main.bicep' ] && cat template.json";
    for place in ["bin/bicep", ".azure/bin/bicep"] {
        scratch.compiler(place, print);
        let (code, findings, diagnostics, report) = scratch.judged(&["infra/main.bicep"]);
        assert_eq!(findings, ["test/plain-http infra/main.bicep:6"], "{report}");
        assert_eq!((code, diagnostics), (1, Vec::new()));
        assert!(!report.contains("main.json") && !report.contains("in the template"), "{report}");
        fs::remove_file(scratch.0.join(place)).unwrap();
    }
}

#[test]
fn parameters_beside_a_source_hold() {
    let scratch = Scratch::new("parameters");
    let values = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
        "contentVersion": "1.0.0.0", "parameters": { "https": { "value": true } } }"#;
    scratch.write("main.bicep", SOURCE).write("template", TEMPLATE).write("main.parameters.json", values);
    scratch.compiler("bin/bicep", "cat template");
    let (code, findings, diagnostics, _) = scratch.judged(&["main.bicep"]);
    assert_eq!((code, findings, diagnostics), (0, Vec::new(), Vec::new()));
}

#[test]
fn a_template_that_is_older_than_its_source_is_told_and_not_judged() {
    let scratch = Scratch::new("older");
    scratch.write("main.bicep", SOURCE).write("template", TEMPLATE).compiler("bin/bicep", "cat template");
    scratch.write("main.json", TEMPLATE.replace("\"templateHash\": \"1\"", "\"templateHash\": \"0\""));
    let (_, findings, diagnostics, _) = scratch.judged(&["main.bicep", "main.json"]);
    assert_eq!(findings, ["test/plain-http main.bicep:6"]);
    assert_eq!(
        diagnostics,
        ["invalid main.json:null: was not built from `main.bicep` as it is now, which is what is judged"]
    );
    scratch.write("main.json", TEMPLATE);
    assert_eq!(scratch.judged(&["main.bicep"]).2, [""; 0]);
}

#[test]
fn what_the_compiler_says_is_told_where_it_says_it() {
    let scratch = Scratch::new("refused");
    scratch.write("main.bicep", SOURCE);
    let message = "Error BCP057: The name \"http\" does not exist. [https://aka.ms/bicep/core-diagnostics#BCP057]";
    scratch.compiler("bin/bicep", &format!("echo '{}/main.bicep(6,31) : {message}' >&2; exit 1", scratch.0.display()));
    let (code, _, diagnostics, _) = scratch.judged(&["main.bicep"]);
    assert_eq!(code, 2);
    assert!(diagnostics[0].starts_with("invalid main.bicep:6: Bicep: BCP057: The name"), "{diagnostics:?}");

    let message = "Error BCP190: The artifact with reference \"br:x\" has not been restored.";
    scratch.compiler("bin/bicep", &format!("echo '{}/main.bicep(1,1) : {message}' >&2; exit 1", scratch.0.display()));
    let (code, _, _, report) = scratch.judged(&["main.bicep"]);
    assert!(code == 2 && report.contains("bicep restore main.bicep"), "{report}");

    scratch.compiler("bin/bicep", "echo 'Unhandled exception' >&2; exit 134");
    let (code, _, diagnostics, _) = scratch.judged(&["main.bicep"]);
    assert_eq!(code, 2);
    assert_eq!(diagnostics, ["not-evaluated main.bicep:null: cannot be built; the compiler said: Unhandled exception"]);
}

#[test]
fn without_a_compiler_it_says_what_to_install() {
    let scratch = Scratch::new("missing");
    scratch.write("main.bicep", SOURCE);
    let (code, _, diagnostics, report) = scratch.judged(&["main.bicep"]);
    assert_eq!(code, 2);
    assert!(diagnostics[0].contains("there is no `bicep` on the path"), "{diagnostics:?}");
    assert!(report.contains("az bicep install") && report.contains("baalint check main.json"), "{report}");
}

#[test]
fn sources_that_nothing_was_built_from_are_told() {
    let scratch = Scratch::new("not-built");
    scratch.write("a/main.bicep", SOURCE).write("a/main.json", TEMPLATE).write("types.bicep", "type t = string\n");
    assert_eq!(scratch.judged(&["."]).2, [""; 0]);
    scratch.write("b/new.bicep", "module m 'm.bicep' = { name: 'm' }\n").write("b/m.bicep", SOURCE);
    let (code, findings, diagnostics, _) = scratch.judged(&["."]);
    assert_eq!((code, findings.len()), (1, 1));
    assert_eq!(diagnostics, ["not-evaluated b/new.bicep:null: was not judged: no template was built from it"]);
}

#[test]
fn sources_that_lie_elsewhere_are_found_below_the_bicep_root() {
    let scratch = Scratch::new("root");
    scratch.write("src/net/main.bicep", "param other string\n").write("src/store/main.bicep", SOURCE);
    scratch.write("out/store/main.json", TEMPLATE);
    assert_eq!(scratch.judged(&["out"]).1, ["test/plain-http out/store/main.json:7"]);
    assert_eq!(scratch.judged(&["out", "--bicep-root", "src"]).1, ["test/plain-http src/store/main.bicep:6"]);
    let (_, _, diagnostics, _) = scratch.judged(&["out", "--bicep-root", "nowhere"]);
    assert_eq!(diagnostics, ["unreadable nowhere:null: is no directory, so no Bicep source is looked up in it"]);
    // Another name beside the template, when it declares the same.
    scratch.write("one/azuredeploy.json", TEMPLATE).write("one/main.bicep", SOURCE);
    scratch.write("two/azuredeploy.json", TEMPLATE).write("two/main.bicep", "param other string\n");
    assert_eq!(scratch.judged(&["one"]).1, ["test/plain-http one/main.bicep:6"]);
    assert_eq!(scratch.judged(&["two"]).1, ["test/plain-http two/azuredeploy.json:7"]);
}

#[test]
fn a_source_that_has_changed_since_is_told() {
    let scratch = Scratch::new("stale");
    let told = |source: &str| {
        scratch.write("main.bicep", source).write("main.json", TEMPLATE);
        let diagnostics = scratch.judged(&["main.json"]).2;
        diagnostics.first().and_then(|it| it.split("as it is now: ").nth(1)).unwrap_or("").to_owned()
    };
    let cases = [
        ("", "", ""),
        ("https bool", "http bool", "`https` is not declared there"),
        ("\nresource", "\nparam more string\nresource", "`more` is declared there only"),
        ("logs 'M", "store 'M", "`logs` is not declared there"),
        ("2023-05-01", "2024-01-01", "`logs` is `Microsoft.Storage/storageAccounts@2024-01-01` there"),
        (
            "  properties: {",
            "  properties: {\n    minimumTlsVersion: 'TLS1_2'",
            "`minimumTlsVersion` is declared there only",
        ),
        ("    supportsHttpsTrafficOnly: https\n", "", "`supportsHttpsTrafficOnly` is not written there"),
        (
            "    supportsHttpsTrafficOnly: https\n",
            "    ...(https ? {} : {})\n",
            "`supportsHttpsTrafficOnly` is not written there",
        ),
        ("'logs'", "'logs2'", ""),
    ];
    for (from, to, expected) in cases {
        assert_eq!(told(&SOURCE.replacen(from, to, 1)), expected, "{to}");
    }
}

#[test]
fn what_two_templates_share_is_one_finding() {
    let scratch = Scratch::new("shared");
    let main = TEMPLATE.replace(
        "\"logs\": {",
        "\"stores\": { \"type\": \"Microsoft.Resources/deployments\", \"apiVersion\": \"2022-09-01\", \"name\": \"stores\",
        \"properties\": { \"expressionEvaluationOptions\": { \"scope\": \"inner\" }, \"mode\": \"Incremental\",
        \"template\": TEMPLATE } }, \"unused\": {",
    );
    let at = main.find("\"unused\"").unwrap();
    let main = format!("{} }} }}", main[..at].trim_end().trim_end_matches(',')).replace("TEMPLATE", TEMPLATE);
    let source = "param https bool = false\n\nmodule stores 'store.bicep' = {\n  name: 'stores'\n}\n";
    scratch.write("main.bicep", source).write("main.json", &main);
    scratch.write("store.bicep", SOURCE).write("store.json", TEMPLATE);
    let (code, findings, diagnostics, report) = scratch.judged(&["."]);
    assert_eq!((code, diagnostics), (1, Vec::new()), "{report}");
    assert_eq!(findings, ["test/plain-http store.bicep:6"]);
    for template in ["main.json", "store.json"] {
        assert!(report.contains(&format!("\"file\": \"{template}\"")), "{report}");
    }
}

#[test]
fn values_without_a_template_and_templates_of_policies_are_told() {
    let scratch = Scratch::new("silent");
    let values = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
        "contentVersion": "1.0.0.0", "parameters": { "https": { "value": true } } }"#;
    let definition = r#"{ "properties": { "policyRule": { "if": { "field": "type", "equals": "Microsoft.Storage/storageAccounts" },
        "then": { "effect": "deployIfNotExists", "details": { "deployment": { "properties": { "template": {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [] } } } } } } } }"#;
    scratch.write("main.json", TEMPLATE).write("other.parameters.json", values).write("policy.json", definition);
    scratch.write("second.json", TEMPLATE);
    let (_, findings, diagnostics, _) = scratch.judged(&["."]);
    assert_eq!(findings.len(), 2);
    assert_eq!(
        diagnostics,
        [
            "not-evaluated other.parameters.json:null: gives values to no template of this run, so it is not used",
            "not-evaluated policy.json:null: the template in this definition of Azure Policy is deployed later: it is not judged",
        ]
    );
}

#[test]
fn parameters_in_bicep_and_sources_on_standard_input_are_refused_with_the_way_out() {
    let scratch = Scratch::new("refused-inputs");
    scratch.write("main.bicepparam", "using './main.bicep'\nparam type = 'Microsoft.Storage/storageAccounts'\n");
    let (code, _, _, report) = scratch.judged(&["main.bicepparam"]);
    assert_eq!(code, 2);
    assert!(report.contains("bicep build-params main.bicepparam --outfile main.parameters.json"), "{report}");
    assert_eq!(scratch.judged(&["-", "--stdin-filename", "main.bicep"]).0, 2);
    assert!(Path::new(&scratch.0).exists());
}
