//! What the program knows and tells about itself: policies, the catalogue, regions, ePHI, keys.

use std::fs;
use std::path::Path;

use crate::scratch::{POLICIES, Ran, STORAGE, Scratch};

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
