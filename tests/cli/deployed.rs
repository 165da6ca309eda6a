//! Templates inside other languages: judged as they are deployed, at the places where they are written.

use crate::scratch::{Scratch, TEMPLATE};

/// A template whose parameter decides, and which is secure when nothing is given.
const CHOICE: &str = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0", "parameters": { "https": { "type": "bool", "defaultValue": true } }, "resources": [
  { "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "logs",
    "properties": { "supportsHttpsTrafficOnly": "[parameters('https')]" } } ] }"#;

/// A deployment of the file `store.json`, with more arguments.
fn of_file(arguments: &str) -> String {
    format!(
        "resource \"azurerm_resource_group_template_deployment\" \"it\" {{\n  resource_group_name = \"rg\"\n  template_content = \
         file(\"${{path.module}}/store.json\")\n{arguments}\n}}\n"
    )
}

#[test]
fn a_file_that_terraform_deploys_is_judged_with_what_terraform_gives_it_and_not_by_itself() {
    let scratch = Scratch::new("deployed-file");
    scratch.write("store.json", CHOICE);
    let given = "  parameters_content = jsonencode({ https = { value = false } })";
    let found = scratch.write("main.tf", of_file(given)).check(&["--format", "json", "."]);
    assert_eq!(found.findings(), ["test/plain-http fail store.json:4"]);
    let finding = &found.json()["findings"][0];
    let address = "azurerm_resource_group_template_deployment.it/Microsoft.Storage/storageAccounts/logs";
    assert_eq!(finding["resource"]["address"], address);
    assert_eq!(finding["related"][0]["file"], "main.tf", "{finding}");
    assert_eq!(found.json()["summary"]["files"], 2);
    assert_eq!(found.json()["summary"]["resources"], 2, "the declaration and what it deploys, once");

    // Without a value the template's own default holds; of a value that is not known nothing is said.
    let default = scratch.write("main.tf", of_file("")).check(&["--format", "json", "."]);
    assert!(default.findings().is_empty(), "{:?}", default.findings());
    let open = "  parameters_content = var.given\n}\nvariable \"given\" {";
    let open = scratch.write("main.tf", of_file(open)).check(&["--format", "json", "."]);
    assert_eq!(open.findings(), ["test/plain-http unknown store.json:4"]);
    let part = "  parameters_content = jsonencode({ https = { value = var.given } })\n}\nvariable \"given\" {";
    let part = scratch.write("main.tf", of_file(part)).check(&["--format", "json", "."]);
    assert_eq!(part.findings(), ["test/plain-http unknown store.json:4"]);
}

#[test]
fn a_template_with_parameter_files_beside_it_is_judged_by_itself_as_well() {
    let scratch = Scratch::new("deployed-both");
    let values = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
        "contentVersion": "1.0.0.0", "parameters": { "https": { "value": false } } }"#;
    scratch.write("store.json", CHOICE).write("store.parameters.json", values).write("main.tf", of_file(""));
    let found = scratch.check(&["--format", "json", "."]);
    assert_eq!(found.findings(), ["test/plain-http fail store.json:4"]);
    assert_eq!(found.json()["findings"][0]["resource"]["root"], "store.json");
}

#[test]
fn a_template_in_the_configuration_itself_has_its_own_lines() {
    let scratch = Scratch::new("deployed-text");
    let heredoc = format!(
        "resource \"azurerm_subscription_template_deployment\" \"it\" {{\n  template_content = <<JSON\n{TEMPLATE}\nJSON\n}}\n"
    );
    let found = scratch.write("main.tf", heredoc).check(&["--format", "json", "."]);
    assert_eq!(found.findings(), ["test/plain-http fail main.tf:6"]);

    let encoded = r#"
locals {
  https = false
}
resource "azurerm_template_deployment" "it" {
  resource_group_name = "rg"
  deployment_mode     = "Incremental"
  template_body = jsonencode({
    "$schema" = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    parameters = { https = { type = "bool", defaultValue = true } }
    resources = [{
      type = "Microsoft.Storage/storageAccounts", apiVersion = "2023-05-01", name = "logs"
      properties = {
        supportsHttpsTrafficOnly = "[parameters('https')]"
      }
    }]
  })
  parameters = { https = local.https }
}"#;
    let found = scratch.write("main.tf", encoded).check(&["--format", "json", "."]);
    assert_eq!(found.findings(), ["test/plain-http fail main.tf:14"]);
}

#[test]
fn what_is_deployed_and_cannot_be_read_is_told() {
    let scratch = Scratch::new("deployed-unknown");
    let of = |name: &str, arguments: &str| {
        format!(
            "resource \"azurerm_resource_group_template_deployment\" \"{name}\" {{\n  resource_group_name = \"rg\"\n  {arguments}\n}}\n"
        )
    };
    let main = [
        of("open", "template_content = var.template"),
        of("broken", "template_content = \"{ resources: \""),
        of("list", "template_content = \"[]\""),
        of(
            "linked",
            "template_spec_version_id = \"/subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/templateSpecs/t/versions/1\"",
        ),
        "variable \"template\" {}\n".to_owned(),
    ];
    let told = scratch.write("main.tf", main.concat()).check(&["--format", "json", "."]).diagnostics();
    let starts = [
        "not-evaluated main.tf: the template of this deployment is not known (`template` has no value)",
        "invalid main.tf: the template of this deployment is not JSON",
        "invalid main.tf: this is no template",
        "missing-module main.tf: the linked template is not in this repository",
    ];
    for start in starts {
        assert!(told.iter().any(|it| it.starts_with(start)), "{start} in {told:#?}");
    }
}

#[test]
fn a_deployment_of_pulumi_or_ansible_is_judged_too() {
    let scratch = Scratch::new("deployed-yaml");
    let template = "          $schema: https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#
          parameters: { https: { type: bool, defaultValue: true } }
          resources:
            - type: Microsoft.Storage/storageAccounts
              apiVersion: 2023-05-01
              name: logs
              properties:
                supportsHttpsTrafficOnly: \"[parameters('https')]\"
        parameters: { https: { value: false } }
";
    let pulumi = format!(
        "name: p\nruntime: yaml\nresources:\n  it:\n    type: azure-native:resources:Deployment\n    properties:\n      resourceGroupName: \
         rg\n      properties:\n        mode: Incremental\n        template:\n{template}"
    );
    let found = scratch.write("Pulumi.yaml", pulumi).check(&["--format", "json", "."]);
    assert_eq!(found.findings(), ["test/plain-http fail Pulumi.yaml:18"]);

    let scratch = Scratch::new("deployed-ansible");
    let play = format!(
        "- hosts: all\n  tasks:\n    - azure.azcollection.azure_rm_deployment:\n        resource_group: rg\n        template:\n{template}"
    );
    let found = scratch.write("play.yml", play).check(&["--format", "json", "."]);
    assert_eq!(found.findings(), ["test/plain-http fail play.yml:13"]);
}
