//! What a run prints and how it ends: exit codes, formats, the same bytes, no secret, nothing half-written.

use std::fs;
use std::process::Stdio;

use crate::scratch::{GOOD, POLICIES, STORAGE, Scratch, TEMPLATE, VAULT};

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
fn no_format_prints_a_secret() {
    let scratch = Scratch::new("mask");
    let (secret, scripted) = ("Zq9-Winter-2024!", "Zq9-Spring-2025!");
    scratch.write(
        "main.tf",
        format!(
            "variable \"password\" {{ default = \"{secret}\" }}\n\
             resource \"azurerm_mssql_server\" \"it\" {{ administrator_login_password = var.password }}\n\
             resource \"azurerm_linux_web_app\" \"it\" {{ app_settings = {{ DB_PASSWORD = \"{secret}\" }} }}\n\
             locals {{ script = \"#!/bin/sh\\nexport DB_PASSWORD={scripted}\\n\" }}\n\
             resource \"azurerm_linux_virtual_machine\" \"it\" {{ custom_data = base64encode(local.script) }}\n"
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
        for secret in [secret, scripted] {
            assert!(!ran.out().contains(secret) && !ran.err().contains(secret), "{format}");
        }
    }
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
