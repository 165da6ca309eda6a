//! How evaluation of Terraform grows with the number of module instances (`cargo bench --bench terraform`).
//!
//! A root of ours calls a module some thousand times; the module calls another one and makes a dozen resources. Time and
//! peak memory are printed for a quarter, a half and all of the calls: both should be linear.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads its own memory use and prints")]

use std::fmt::Write as _;
use std::time::Instant;

use baalint::frontend::MemoryFiles;
use baalint::frontend::terraform::{Options, Project};
use baalint::source::SourceMap;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const THOUSANDS: usize = 4;

const ROOT: &str = r#"
locals {
  numbers = flatten([for a in range(var.thousands) : [for b in range(1000) : 1000 * a + b]])
  clinics = {
    for n in local.numbers : "clinic${n}" => { region = n % 2 == 0 ? "westeurope" : "northeurope", beds = n % 200 }
  }
  tags    = merge({ owner = "it" }, var.tags)
}
variable "thousands" { type = number }
variable "tags" {
  type    = map(string)
  default = { phi = "yes" }
}
module "clinic" {
  source   = "./clinic"
  for_each = local.clinics
  name     = each.key
  settings = { region = each.value.region, public = each.value.beds > 100 }
  tags     = local.tags
}
output "accounts" { value = { for k, c in module.clinic : k => c.account } }
"#;

const CLINIC: &str = r#"
variable "name" { type = string }
variable "tags" { type = map(string) }
variable "settings" {
  type = object({ region = string, public = optional(bool, false), tls = optional(string, "TLS1_2") })
}
resource "azurerm_resource_group" "rg" {
  name     = "rg-${var.name}"
  location = var.settings.region
  tags     = var.tags
}
module "storage" {
  source   = "../storage"
  for_each = toset(["letters", "scans"])
  name     = "${var.name}${each.key}"
  group    = azurerm_resource_group.rg
  public   = var.settings.public
}
resource "azurerm_network_security_group" "nsg" {
  name                = "nsg-${var.name}"
  resource_group_name = azurerm_resource_group.rg.name
  location            = azurerm_resource_group.rg.location
  dynamic "security_rule" {
    for_each = { https = 443, sql = 1433 }
    content {
      name                   = security_rule.key
      destination_port_range = security_rule.value
      priority               = 100 + security_rule.value
    }
  }
}
output "account" { value = [for s in module.storage : s.id] }
"#;

const STORAGE: &str = r#"
variable "name" {}
variable "group" {}
variable "public" { type = bool }
resource "azurerm_storage_account" "this" {
  name                          = substr(replace(lower(var.name), "-", ""), 0, 24)
  resource_group_name           = var.group.name
  location                      = var.group.location
  public_network_access_enabled = var.public
  tags                          = merge(var.group.tags, { name = var.name })
}
resource "azurerm_private_endpoint" "this" {
  count = var.public ? 0 : 1
  name  = "pe-${azurerm_storage_account.this.name}"
  private_service_connection { private_connection_resource_id = azurerm_storage_account.this.id }
}
output "id" { value = azurerm_storage_account.this.id }
"#;

fn main() {
    println!("{:>8} {:>10} {:>10} {:>12} {:>12}", "calls", "instances", "ms", "us/instance", "peak MiB");
    for thousands in [THOUSANDS / 4, THOUSANDS / 2, THOUSANDS] {
        let mut files = MemoryFiles::default();
        for (path, text) in [("main.tf", ROOT), ("clinic/main.tf", CLINIC), ("storage/main.tf", STORAGE)] {
            files.insert(path, text);
        }
        let mut sources = SourceMap::default();
        let mut scanned = Vec::new();
        for (path, text) in files.iter() {
            let id = sources.add(path, path.to_string_lossy(), text.clone());
            scanned.extend(sources.get(id).cloned());
        }
        let mut number = String::new();
        let _ = write!(number, "{thousands}");
        let options = Options { variables: vec![("thousands".to_owned(), number)], ..Options::default() };
        let start = Instant::now();
        let (project, _) = Project::load(scanned, &files, &mut sources, &options);
        let instances: usize = project.roots().iter().map(|root| project.evaluate(root).0.len()).sum();
        let time = start.elapsed();
        let each = time.as_micros() / instances.max(1) as u128;
        println!("{:>8} {instances:>10} {:>10} {each:>12} {:>12}", thousands * 1000, time.as_millis(), peak());
    }
}

/// The most memory that this process has held, in MiB; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
