//! Plans and states as JSON give the instances that the sources give.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a case that does not hold ends the test")]

use baalint::frontend::MemoryFiles;
use baalint::frontend::terraform::{Instance, Mode, Options, Project, plan};
use baalint::parse::json;
use baalint::source::SourceMap;
use baalint::value::{Value, ValueKind};

const MAIN: &str = r#"
module "store" {
  source   = "./store"
  for_each = toset(["x.y"])
  group    = azurerm_resource_group.g.name
  vault    = azurerm_key_vault.kv.id
}
resource "azurerm_resource_group" "g" { name = "rg" }
resource "azurerm_key_vault" "kv" { name = "kv" }
"#;

const STORE: &str = r#"
variable "group" {}
variable "vault" {}
variable "public" { default = false }
resource "azurerm_storage_account" "s" {
  name                = "sa"
  resource_group_name = var.group
  public_access       = var.public
  identity { type = "SystemAssigned" }
  key { vault_id = var.vault }
}
"#;

const PLAN: &str = r#"{
  "format_version": "1.2", "terraform_version": "1.11.4",
  "planned_values": { "root_module": {
    "resources": [
      { "address": "azurerm_resource_group.g", "mode": "managed", "type": "azurerm_resource_group", "name": "g",
        "values": { "name": "rg", "tags": null, "timeouts": [] } }
    ],
    "child_modules": [ { "address": "module.store[\"x.y\"]", "resources": [
      { "address": "module.store[\"x.y\"].azurerm_storage_account.s", "mode": "managed", "type": "azurerm_storage_account",
        "name": "s",
        "values": { "name": "sa", "resource_group_name": "rg", "public_access": false, "min_tls": "TLS1_2",
                    "identity": [ { "type": "SystemAssigned" } ], "key": [ { "user": null } ], "network_rules": [] } }
    ] } ] } },
  "resource_changes": [
    { "address": "module.store[\"x.y\"].azurerm_storage_account.s",
      "change": { "actions": ["create"], "after_unknown": {
        "id": true, "identity": [ { "principal_id": true } ], "key": [ { "vault_id": true } ] } } }
  ],
  "prior_state": { "format_version": "1.0", "values": { "root_module": { "resources": [
    { "address": "data.azurerm_client_config.me", "mode": "data", "type": "azurerm_client_config", "name": "me",
      "values": { "tenant_id": "t" } },
    { "address": "azurerm_old.gone", "mode": "managed", "type": "azurerm_old", "name": "gone", "values": {} }
  ] } } },
  "configuration": {
    "provider_config": { "azurerm": { "name": "azurerm", "version_constraint": "~> 3.0",
      "expressions": { "features": [ { "key_vault": [ { "purge": { "constant_value": true } } ] } ] } } },
    "root_module": {
      "module_calls": { "store": {
        "source": "./store",
        "expressions": { "vault": { "references": ["azurerm_key_vault.kv.id", "azurerm_key_vault.kv"] } },
        "module": { "resources": [
          { "address": "azurerm_storage_account.s", "mode": "managed", "type": "azurerm_storage_account", "name": "s",
            "expressions": { "name": { "constant_value": "sa" }, "key": [ { "vault_id": { "references": ["var.vault"] } } ] } }
        ] } } } } }
}"#;

fn show(value: &Value) -> String {
    match &value.kind {
        ValueKind::Null => "null".into(),
        ValueKind::Bool(it) => it.to_string(),
        ValueKind::Number(it) => it.to_string(),
        ValueKind::String(it) => format!("{it:?}"),
        ValueKind::Unknown(it) => {
            let references: Vec<String> =
                it.references.iter().map(|it| format!(" {}|{}", it.address, it.attribute)).collect();
            format!("?{}", references.concat())
        }
        ValueKind::Array(it) => format!("[{}]", it.items.iter().map(show).collect::<Vec<_>>().join(", ")),
        ValueKind::Object(it) => {
            let entries: Vec<String> =
                it.entries.iter().map(|(key, entry)| format!("{key}={}", show(&entry.value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn lines(instances: &[Instance]) -> Vec<String> {
    let line = |it: &Instance| {
        let mode = if it.mode == Mode::Data { "data " } else { "" };
        format!("{mode}{} {}", it.address, show(&it.body))
    };
    instances.iter().map(line).collect()
}

#[test]
fn a_plan_by_itself_gives_final_values_and_references() {
    let mut sources = SourceMap::default();
    let id = sources.add("plan.json", "plan.json", PLAN);
    let (document, diagnostics) = json::parse(id, PLAN);
    assert_eq!(diagnostics, []);
    let document = document.unwrap().root;
    assert!(plan::is_plan(&document));
    let (instances, diagnostics) = plan::instances(&document, &[]);
    assert_eq!(diagnostics, []);
    assert_eq!(
        lines(&instances),
        [
            "data data.azurerm_client_config.me {tenant_id=\"t\"}",
            "azurerm_resource_group.g {name=\"rg\", tags=null}",
            "module.store[\"x.y\"].azurerm_storage_account.s {name=\"sa\", resource_group_name=\"rg\", \
             public_access=false, min_tls=\"TLS1_2\", \
             identity=[{type=\"SystemAssigned\", principal_id=?}], \
             key=[{user=null, vault_id=? azurerm_key_vault.kv|id}], \
             id=? module.store[\"x.y\"].azurerm_storage_account.s|id}",
        ]
    );
    assert_eq!(instances[2].provider.azurerm_major, 3);
    assert_eq!(show(&instances[2].provider.features), "{key_vault=[{purge=true}]}");
    assert_eq!(sources.slice(instances[1].header), "\"azurerm_resource_group.g\"");
}

#[test]
fn places_lie_in_the_sources_when_they_are_at_hand() {
    let mut files = MemoryFiles::default();
    files.insert("main.tf", MAIN);
    files.insert("store/main.tf", STORE);
    let mut sources = SourceMap::default();
    let mut scanned = Vec::new();
    for (path, text) in files.iter() {
        let id = sources.add(path, path.to_string_lossy(), text.clone());
        scanned.push(sources.get(id).unwrap().clone());
    }
    let (project, _) = Project::load(scanned, &files, &mut sources, &Options::default());
    let (from_sources, _) = project.evaluate(&project.roots()[0]);
    let id = sources.add("plan.json", "plan.json", PLAN);
    let document = json::parse(id, PLAN).0.unwrap().root;
    let (instances, _) = plan::instances(&document, &from_sources);
    let account = &instances[2];
    assert_eq!(sources.slice(account.header), "resource \"azurerm_storage_account\" \"s\"");
    assert_eq!(account.callers.len(), 1);
    let body = account.body.as_object().unwrap();
    let text = |name: &str| sources.slice(body.value(name).unwrap().span);
    assert_eq!((text("public_access"), text("min_tls")), ("var.public", "\"TLS1_2\""));
    assert_eq!(sources.slice(body.get("public_access").unwrap().key_span), "public_access");
    assert!(show(body.value("key").unwrap()).contains("? azurerm_key_vault.kv|id"));
}

#[test]
fn a_state_gives_what_is_deployed() {
    let state = r#"{ "format_version": "1.0", "terraform_version": "1.11.4", "values": { "root_module": { "resources": [
        { "address": "azurerm_x.a[0]", "mode": "managed", "type": "azurerm_x", "name": "a", "index": 0,
          "values": { "id": "/subscriptions/s", "on": true } } ] } } }"#;
    let mut sources = SourceMap::default();
    let id = sources.add("state.json", "state.json", state);
    let document = json::parse(id, state).0.unwrap().root;
    assert!(plan::is_plan(&document));
    let (instances, _) = plan::instances(&document, &[]);
    assert_eq!(lines(&instances), ["azurerm_x.a[0] {id=\"/subscriptions/s\", on=true}"]);
}

/// What the binary finds: policy, address and verdict, each once whatever the instance.
fn findings(path: &str) -> Vec<String> {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_baalint"))
        .args(["check", path, "--format", "json", "--unknown", "show"])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(report["diagnostics"].as_array().unwrap().len(), 0, "{}", report["diagnostics"]);
    let line = |finding: &serde_json::Value| {
        let address = finding["resource"]["address"].as_str().unwrap();
        let address = address.replace("[\"letters\"]", "").replace("[\"scans\"]", "");
        format!("{} {address} {}", finding["policy"].as_str().unwrap(), finding["verdict"].as_str().unwrap())
    };
    let mut lines: Vec<String> = report["findings"].as_array().unwrap().iter().map(line).collect();
    lines.sort();
    lines.dedup();
    lines
}

#[test]
fn a_plan_has_the_findings_of_its_sources() {
    let of_sources = findings("fixtures/plans/store/source");
    assert!(of_sources.iter().any(|line| line.starts_with("storage/plain-http ")), "{of_sources:?}");
    assert_eq!(findings("fixtures/plans/store/planned"), of_sources);
}
