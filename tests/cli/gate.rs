//! What fails a gate: baselines, changes, staged files, suppressions, the configuration that says so.

use std::fs;
use std::path::Path;

use crate::scratch::{GOOD, POLICIES, Ran, STORAGE, Scratch, VAULT};

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
