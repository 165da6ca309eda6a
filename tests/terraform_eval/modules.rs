//! Modules, roots, variables, providers: which configuration it is that is evaluated.

use baalint::diagnostic::Code;
use baalint::value::StepKind;

use crate::run::{Run, argument, evaluate, show};

const CHILD: &str = r#"
variable "name" { type = string }
variable "config" {
  type = object({ public = optional(bool, false) })
  default = {}
}
variable "unset" {}
variable "kept" {
  default  = "kept"
  nullable = false
}
resource "azurerm_storage_account" "this" {
  name   = var.name
  public = var.config.public
  kept   = var.kept
  unset  = var.unset
  where  = path.module
}
output "id" { value = azurerm_storage_account.this.id }
output "name" { value = azurerm_storage_account.this.name }
"#;

#[test]
fn modules_are_judged_as_their_callers_call_them() {
    let mut run = Run::new(&[
        (
            "infra/main.tf",
            r#"
            module "one" {
              source = "../modules/sa"
              name   = "first"
              config = { public = true }
              kept   = null
            }
            module "many" {
              for_each = { x = "ex", y = "why" }
              source   = "../modules/sa"
              name     = each.value
              unset    = module.one.id
            }
            module "far" { source = "Azure/naming/azurerm" }
            resource "r" "r" {
              one  = module.one.id
              many = module.many["x"].name
              all  = [for k, m in module.many : m.name]
              far  = module.far.storage_account.name
            }"#,
        ),
        ("modules/sa/main.tf", CHILD),
    ]);
    let (instances, diagnostics) = run.evaluate();
    let shown: Vec<String> = instances.iter().map(|it| format!("{} {}", it.address, show(&it.body))).collect();
    let one = "?computed module.one.azurerm_storage_account.this|id!";
    assert_eq!(
        shown,
        [
            "module.one.azurerm_storage_account.this {name=\"first\", public=true, kept=\"kept\", unset=?variable, \
             where=\"../modules/sa\"}"
                .to_owned(),
            format!(
                "module.many[\"x\"].azurerm_storage_account.this {{name=\"ex\", public=false, kept=\"kept\", \
                 unset={one}, where=\"../modules/sa\"}}"
            ),
            format!(
                "module.many[\"y\"].azurerm_storage_account.this {{name=\"why\", public=false, kept=\"kept\", \
                 unset={one}, where=\"../modules/sa\"}}"
            ),
            "module.far {}".to_owned(),
            format!("r.r {{one={one}, many=\"ex\", all=[\"ex\", \"why\"], far=?missing-module}}"),
        ]
    );
    assert_eq!(run.text(instances[0].callers[0]), "module \"one\"");
    let messages: Vec<&str> = diagnostics.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(messages, ["the module `Azure/naming/azurerm` is not on this machine; 1 resource reads its outputs"]);
}

#[test]
fn a_part_of_a_variable_came_from_its_own_line_of_the_variables_file() {
    let mut run = Run::new(&[
        (
            "main.tf",
            "variable \"vaults\" {}\nmodule \"m\" {\n  source = \"./m\"\n  for_each = var.vaults\n  settings = each.value\n}\n",
        ),
        ("m/main.tf", "variable \"settings\" {}\nresource \"a_b\" \"c\" {\n  on = var.settings.soft.on\n}\n"),
        ("terraform.tfvars", "vaults = {\n  a = {\n    soft = {\n      on = false\n    }\n  }\n}\n"),
    ]);
    let (instances, _) = run.evaluate();
    let value = instances[0].body.as_object().unwrap().value("on").unwrap();
    let way: Vec<(StepKind, &str)> = value.steps().iter().map(|step| (step.kind, run.text(step.span))).collect();
    assert_eq!(run.text(value.span), "var.settings.soft.on");
    assert_eq!(way[0], (StepKind::ModuleArgument, "each.value"));
    assert_eq!(way.last().unwrap().1, "false");
}

#[test]
fn variables_files_and_overrides_win_in_terraforms_order() {
    let mut run = Run::new(&[
        (
            "main.tf",
            "variable \"a\" { default = 0 }\nvariable \"b\" { default = 0 }\nvariable \"c\" { default = 0 }\n\
             variable \"d\" { default = 0 }\nvariable \"e\" { type = list(string) }\n\
             resource \"r\" \"r\" {\n  v = [var.a, var.b, var.c, var.d, var.e]\n  w = 1\n  block { x = 1 }\n}\n",
        ),
        ("terraform.tfvars", "a = 1\nb = 1\nc = 1\nd = 1\n"),
        ("x.auto.tfvars", "b = 2\nc = 2\nd = 2\n"),
        ("y.auto.tfvars.json", "{ \"c\": 3 }"),
        ("elsewhere/more.tfvars", "d = 4\n"),
        ("main_override.tf", "resource \"r\" \"r\" {\n  w = 2\n  block { x = 2 }\n}\n"),
    ]);
    run.options.variable_files.push("elsewhere/more.tfvars".into());
    run.options.variables.push(("e".into(), "[1, \"two\"]".into()));
    let (instances, diagnostics) = run.evaluate();
    assert_eq!(diagnostics, []);
    assert_eq!(show(&instances[0].body), "{v=[1, 2, 3, 4, [\"1\", \"two\"]], w=2, block=[{x=2}]}");
}

#[test]
fn the_directory_of_the_root_module_has_a_name_wherever_it_is_deployed_from() {
    let text = r#"
        resource "r" "r" {
          module  = basename(abspath(path.module))
          run     = basename(path.cwd)
          above   = basename(dirname(abspath(path.root)))
          below   = basename(abspath("${path.module}/sub/x.json"))
          whole   = abspath(path.module)
          beyond  = basename(dirname(dirname(abspath(path.module))))
        }"#;
    let (instances, _) = Run::new(&[("infra/prod/main.tf", text)]).evaluate();
    let shown = |name: &str| argument(&instances[0], name);
    assert_eq!(
        [shown("module"), shown("run"), shown("above"), shown("below")],
        ["\"prod\"", "\"prod\"", "\"infra\"", "\"x.json\""]
    );
    assert!(shown("whole").starts_with('?') && shown("beyond").starts_with('?'));
}

#[test]
fn terragrunt_units_deploy_a_local_source_with_plain_inputs() {
    let mut run = Run::new(&[
        (
            "modules/sa/main.tf",
            "variable \"n\" {}\nvariable \"e\" {}\nresource \"r\" \"r\" {\n  n = var.n\n  e = var.e\n}\n",
        ),
        (
            "live/a/terragrunt.hcl",
            "include \"root\" {\n  path = find_in_parent_folders()\n}\nterraform {\n  source = \"../../modules//sa\"\n}\n\
             inputs = {\n  n = \"a\"\n  e = local.env\n}\n",
        ),
        ("live/b/terragrunt.hcl", "terraform {\n  source = \"../../modules/sa\"\n}\ninputs = { n = \"b\" }\n"),
        ("live/c/terragrunt.hcl", "terraform {\n  source = \"git::https://example.com/x.git\"\n}\n"),
    ]);
    let (shown, messages) = run.with(|project, diagnostics| {
        let mut shown = Vec::new();
        // The text of a root goes when the root goes: but not what another unit deploys, too.
        for root in project.take_roots(|_| true) {
            let (instances, _) = project.evaluate(&root);
            shown.extend(instances.iter().map(|it| format!("{} {}", root.shown, show(&it.body))));
        }
        (shown, diagnostics.into_iter().map(|it| it.message).collect::<Vec<_>>())
    });
    assert_eq!(shown, ["live/a {n=\"a\", e=?not-evaluated}", "live/b {n=\"b\", e=?variable}"]);
    let include = "this include is not read: variables that nothing else gives are unknown";
    assert_eq!(messages, [include, "what this source names is not read"]);
}

#[test]
fn terragrunt_includes_and_locals_are_read_and_what_they_may_give_is_unknown() {
    let unit = |include: &str, inputs: &str| {
        format!(
            "include \"root\" {{\n  path = {include}\n}}\nterraform {{\n  source = \"${{get_repo_root()}}/modules//sa\"\n}}\n{inputs}\n"
        )
    };
    let texts = [
        (
            "a",
            unit(
                "find_in_parent_folders()",
                "locals {\n  env = \"dev\"\n}\ninputs = merge(local.more, { e = local.env })",
            ),
        ),
        (
            "b",
            unit("find_in_parent_folders(\"root.hcl\")", "locals {\n  more = { n = \"own\" }\n}\ninputs = local.more"),
        ),
        ("c", unit("find_in_parent_folders(\"merged.hcl\")", "inputs = { n = \"own\" }")),
        ("d", unit("find_in_parent_folders(\"files.hcl\")", "")),
        ("e", unit("find_in_parent_folders(\"nothing.hcl\")", "inputs = { n = dependency.x.outputs.n }")),
    ];
    let mut files = vec![
        ("modules/sa/main.tf".to_owned(), "variable \"n\" { default = \"n\" }\nvariable \"e\" { default = \"e\" }\nresource \"r\" \"r\" {\n  n = var.n\n  e = var.e\n}\n".to_owned()),
        (".git/HEAD".to_owned(), String::new()),
        ("terragrunt.hcl".to_owned(), "inputs = { n = \"root\" }\n".to_owned()),
        ("root.hcl".to_owned(), "locals {\n  env = \"prod\"\n}\ninputs = { n = \"root\", e = \"${local.env}-1\" }\n".to_owned()),
        ("merged.hcl".to_owned(), "inputs = merge({ e = \"first\" }, yamldecode(file(\"x.yaml\")))\n".to_owned()),
        ("files.hcl".to_owned(), "terraform {\n  extra_arguments \"x\" {\n    required_var_files = [\"x.tfvars\"]\n  }\n}\n".to_owned()),
    ];
    files.extend(texts.into_iter().map(|(name, text)| (format!("live/{name}/terragrunt.hcl"), text)));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let shown = Run::new(&files).with(|project, _| {
        let mut shown = Vec::new();
        for root in project.take_roots(|_| true) {
            let (instances, _) = project.evaluate(&root);
            shown.extend(instances.iter().map(|it| format!("{} {}", root.shown, show(&it.body))));
        }
        shown
    });
    let expected = [
        // What `local.more` is nobody says: it may give both.
        "live/a {n=?not-evaluated, e=\"dev\"}",
        "live/b {n=\"own\", e=\"prod-1\"}",
        "live/c {n=\"own\", e=?not-evaluated}",
        "live/d {n=?not-evaluated, e=?not-evaluated}",
        "live/e {n=?not-evaluated, e=?not-evaluated}",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_source_may_name_variables_and_locals_as_opentofu_has_it() {
    let module = |name: &str| format!("resource \"r\" \"{name}\" {{}}\n");
    let (old, new) = (module("old"), module("new"));
    let texts = |tfvars: &'static str| {
        Run::new(&[
            (
                "main.tofu",
                "variable \"which\" { default = \"old\" }\nlocals { base = { dir = \"./modules\" } }\n\
                 module \"m\" { source = \"${local.base.dir}/${var.which}\" }\n",
            ),
            ("modules/old/main.tf", &old),
            ("modules/new/main.tf", &new),
            ("terraform.tfvars", tfvars),
        ])
    };
    let addresses = |run: &mut Run| {
        run.with(|project, diagnostics| {
            assert!(diagnostics.is_empty(), "{diagnostics:?}");
            let root = project.roots().iter().find(|root| &*root.shown == ".").unwrap();
            project.evaluate(root).0.iter().map(|it| it.address.to_string()).collect::<Vec<_>>()
        })
    };
    assert_eq!(addresses(&mut texts("")), ["module.m.r.old"]);
    assert_eq!(addresses(&mut texts("which = \"new\"\n")), ["module.m.r.new"], "what is given wins");
}

#[test]
fn an_example_that_calls_the_root_is_the_root() {
    let mut run = Run::new(&[
        ("main.tf", "variable \"n\" {}\nresource \"r\" \"r\" { n = var.n }\n"),
        ("examples/x/main.tf", "module \"this\" {\n  source = \"../..\"\n  n = 5\n}\n"),
    ]);
    let (instances, _) = run.evaluate();
    assert_eq!(instances[0].address.as_ref(), "module.this.r.r");
    assert_eq!(argument(&instances[0], "n"), "5");
}

#[test]
fn the_provider_is_read_from_constraints_and_features() {
    let mut run = Run::new(&[
        (
            "main.tf",
            r#"
            terraform {
              required_providers {
                azurerm = { source = "hashicorp/azurerm", version = "~> 3.50" }
              }
            }
            provider "azurerm" {
              features {
                key_vault { purge_soft_delete_on_destroy = false }
              }
            }
            provider "azurerm" {
              alias = "other"
              features {}
            }
            module "m" {
              source    = "./m"
              providers = { azurerm = azurerm.other }
            }
            resource "r" "r" {}"#,
        ),
        ("m/main.tf", "resource \"r\" \"r\" {}\n"),
    ]);
    let (instances, _) = run.evaluate();
    let shown: Vec<String> = instances
        .iter()
        .map(|it| format!("{} {} {}", it.address, it.provider.azurerm_major, show(&it.provider.features)))
        .collect();
    assert_eq!(shown, ["module.m.r.r 3 {}", "r.r 3 {key_vault=[{purge_soft_delete_on_destroy=false}]}"]);
}

#[test]
fn without_a_constraint_the_provider_is_the_newest_that_has_what_is_written() {
    let major_of = |text: &str| {
        let (instances, _) = evaluate(text);
        instances.first().map(|it| it.provider.azurerm_major)
    };
    let newest = major_of("resource \"azurerm_storage_account\" \"a\" { min_tls_version = \"TLS1_2\" }");
    assert_eq!(newest, Some(5));
    let cases = [
        (r#"resource "azurerm_storage_account" "a" { enable_https_traffic_only = true }"#, 3),
        (r#"resource "azurerm_app_service" "a" { name = "a" }"#, 4),
        (
            r#"
            resource "azurerm_kubernetes_cluster" "a" {
              addon_profile {
                azure_policy { enabled = true }
              }
            }"#,
            2,
        ),
    ];
    for (text, major) in cases {
        assert_eq!(major_of(text), Some(major), "{text}");
    }
    let read = r#"
        data "azurerm_app_service" "a" { name = "a" }
        resource "azurerm_storage_account" "a" { name = "a" }"#;
    let (instances, _) = evaluate(read);
    let managed = instances.iter().find(|it| &*it.block_type == "azurerm_storage_account");
    assert_eq!(managed.map(|it| it.provider.azurerm_major), Some(5));
    let stated = r#"
        terraform {
          required_providers {
            azurerm = { source = "hashicorp/azurerm", version = "~> 4.0" }
          }
        }
        resource "azurerm_storage_account" "a" { enable_https_traffic_only = true }"#;
    assert_eq!(major_of(stated), Some(4));
}

#[test]
fn modules_that_init_fetched_are_followed() {
    let mut run = Run::new(&[
        ("main.tf", "module \"far\" { source = \"Azure/far/azurerm\" }\nresource \"r\" \"r\" { x = module.far.x }\n"),
        (
            ".terraform/modules/modules.json",
            r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"far","Source":"x","Dir":".terraform/modules/far"}]}"#,
        ),
        (".terraform/modules/far/main.tf", "output \"x\" { value = 7 }\nresource \"r\" \"inner\" {}\n"),
    ]);
    let (instances, diagnostics) = run.evaluate();
    assert_eq!(diagnostics, []);
    let addresses: Vec<&str> = instances.iter().map(|it| it.address.as_ref()).collect();
    assert_eq!(addresses, ["module.far.r.inner", "r.r"]);
    assert_eq!(argument(&instances[1], "x"), "7");
}

/// Found by fuzzing: `OpenTofu` lets a source be an expression, and this one needs the module that it names.
#[test]
fn a_source_that_is_made_of_the_call_itself_names_no_module() {
    let main = r#"
        module "b" {
          source = try(module.b[0].twice, "none")
        }
        resource "r" "r" { one = module.b.twice }"#;
    let (instances, diagnostics) = evaluate(main);
    let one = instances.iter().find(|it| &*it.address == "r.r").unwrap();
    assert_eq!(argument(one, "one"), "?missing-module");
    assert!(diagnostics.iter().any(|it| it.code == Code::MissingModule), "{diagnostics:?}");
}
