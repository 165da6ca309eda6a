//! Fixes of Terraform where one text speaks for several instances: loops, generated blocks, lists of others.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a test writes files")]

use std::process::Command;

/// The lines that `check --unsafe-fixes` changes of one policy.
fn changed(name: &str, policy: &str, text: &str) -> String {
    let directory = std::env::temp_dir().join(format!("baalint-fixes-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("main.tf"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_baalint"))
        .args(["check", "--unsafe-fixes", "--diff", "--select", policy, "."])
        .current_dir(&directory)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    let diff = String::from_utf8(output.stdout).unwrap();
    let lines =
        diff.lines().filter(|it| it.starts_with(['+', '-']) && !it.starts_with("+++") && !it.starts_with("---"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_element_that_a_dynamic_block_is_made_of_is_changed_where_it_is_written() {
    let text = r#"resource "azurerm_network_security_group" "n" {
  count               = 2
  name                = "n"
  location            = "eastus"
  resource_group_name = "r"
  dynamic "security_rule" {
    for_each = [{ n = "ssh", from = "*" }, { n = "web", from = "10.0.0.0/8" }]
    content {
      name                       = security_rule.value.n
      priority                   = 100
      direction                  = "Inbound"
      access                     = "Allow"
      protocol                   = "Tcp"
      source_port_range          = "*"
      destination_port_range     = "22"
      source_address_prefix      = security_rule.value.from
      destination_address_prefix = "*"
    }
  }
}
"#;
    let expected = r#"-    for_each = [{ n = "ssh", from = "*" }, { n = "web", from = "10.0.0.0/8" }]
+    for_each = [{ n = "ssh", from = "VirtualNetwork" }, { n = "web", from = "10.0.0.0/8" }]"#;
    assert_eq!(changed("dynamic", "network/ssh-from-internet", text), expected);
}

#[test]
fn a_default_that_several_instances_use_is_changed_once() {
    let text = "variable \"tls\" {\n  default = \"TLS1_0\"\n}\n\nresource \"azurerm_storage_account\" \"a\" {\n  for_each        = { x = 1, y = 2 }\n  \
                name            = each.key\n  min_tls_version = var.tls\n}\n";
    let expected = "-  default = \"TLS1_0\"\n+  default = \"TLS1_2\"";
    assert_eq!(changed("default", "storage/old-tls", text), expected);
}

#[test]
fn what_is_missing_beside_several_instances_is_declared_for_each() {
    let text =
        "resource \"azurerm_storage_account\" \"a\" {\n  for_each = { x = 1, y = 2 }\n  name     = each.key\n}\n";
    let expected = "+\n+resource \"azurerm_management_lock\" \"a\" {\n+  for_each = azurerm_storage_account.a\n+\n+  name       = \"keep\"\n\
                    +  scope      = azurerm_storage_account.a[each.key].id\n+  lock_level = \"CanNotDelete\"\n+}";
    assert_eq!(changed("missing", "storage/no-delete-lock", text), expected);
}
