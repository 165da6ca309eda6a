//! Evaluation of Terraform configuration: each case is a configuration of ours and what must come out of it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a case that does not hold ends the test")]

use std::fmt::Write;

use baalint::diagnostic::Diagnostic;
use baalint::frontend::MemoryFiles;
use baalint::frontend::terraform::{Instance, Options, Project};
use baalint::model::Presence;
use baalint::source::SourceMap;
use baalint::value::{StepKind, Value, ValueKind};

/// A configuration in memory, loaded.
struct Run {
    files: MemoryFiles,
    sources: SourceMap,
    options: Options,
}

impl Run {
    fn new(texts: &[(&str, &str)]) -> Self {
        let mut files = MemoryFiles::default();
        for (path, text) in texts {
            files.insert(path, *text);
        }
        Self { files, sources: SourceMap::default(), options: Options::default() }
    }

    fn with<T>(&mut self, work: impl FnOnce(&Project<'_>, Vec<Diagnostic>) -> T) -> T {
        let mut scanned = Vec::new();
        for (path, text) in self.files.iter() {
            if !path.starts_with("elsewhere") && !path.to_string_lossy().contains(".terraform") {
                let id = self.sources.add(path, path.to_string_lossy(), text.clone());
                scanned.push(self.sources.get(id).unwrap().clone());
            }
        }
        let (project, diagnostics) = Project::load(scanned, &self.files, &mut self.sources, &self.options);
        work(&project, diagnostics)
    }

    /// The instances and diagnostics of the only root.
    fn evaluate(&mut self) -> (Vec<Instance>, Vec<Diagnostic>) {
        self.with(|project, mut diagnostics| {
            assert_eq!(project.roots().len(), 1, "{:?}", project.roots());
            let (instances, mut more, _) = project.evaluate(&project.roots()[0]);
            diagnostics.append(&mut more);
            (instances, diagnostics)
        })
    }

    fn text(&self, span: baalint::source::Span) -> &str {
        self.sources.slice(span)
    }
}

fn evaluate(text: &str) -> (Vec<Instance>, Vec<Diagnostic>) {
    Run::new(&[("main.tf", text)]).evaluate()
}

/// A value as a line of text: `?reason` for unknown, `...` for an unknown rest.
fn show(value: &Value) -> String {
    match &value.kind {
        ValueKind::Null => "null".into(),
        ValueKind::Bool(it) => it.to_string(),
        ValueKind::Number(it) => it.to_string(),
        ValueKind::String(it) => format!("{it:?}"),
        ValueKind::Unknown(it) => {
            let references: Vec<String> =
                it.references.iter().map(|it| format!(" {}|{}", it.address, it.attribute)).collect();
            let prefix = it.prefix.as_ref().map(|prefix| format!(" {prefix:?}")).unwrap_or_default();
            format!("?{}{prefix}{}{}", it.reason.kind(), references.concat(), if it.not_null { "!" } else { "" })
        }
        ValueKind::Array(it) => {
            let rest = it.rest.as_ref().map(|_| "...".to_owned());
            let items: Vec<String> = it.items.iter().map(show).chain(rest).collect();
            format!("[{}]", items.join(", "))
        }
        ValueKind::Object(it) => {
            let rest = it.rest.as_ref().map(|_| "...".to_owned());
            let entry = |(key, entry): (_, &baalint::value::Entry)| format!("{key}={}", show(&entry.value));
            let entries: Vec<String> = it.entries.iter().map(entry).chain(rest).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn argument(instance: &Instance, path: &str) -> String {
    let mut value = &instance.body;
    for step in path.split('.') {
        let next = match &value.kind {
            ValueKind::Object(object) => object.value(step),
            ValueKind::Array(array) => step.parse().ok().and_then(|index: usize| array.items.get(index)),
            _ => None,
        };
        let Some(next) = next else { return "absent".into() };
        value = next;
    }
    show(value)
}

const SCOPE: &str = r#"
variable "text" { default = "abc" }
variable "flag" { default = true }
variable "list" { default = ["a", "b", "c"] }
variable "map" { default = { one = 1, two = 2 } }
variable "objects" {
  type    = map(object({ name = string, size = optional(number, 3), tags = optional(map(string)) }))
  default = { x = { name = "ex" }, y = { name = "why", size = "5" } }
}
variable "open" {}
variable "nothing" { default = null }
variable "settings" {
  type    = object({ deep = optional(object({ on = optional(bool, true), level = optional(number) }), {}) })
  default = {}
}
locals {
  joined = "${var.text}-${local.suffix}"
  suffix = upper("z")
  circle = local.around
  around = local.circle
}
resource "azurerm_resource_group" "rg" {
  name     = "rg-${var.text}"
  location = "westeurope"
}
resource "azurerm_storage_account" "sa" {
  count               = 2
  name                = "sa${count.index}"
  resource_group_name = azurerm_resource_group.rg.name
  identity { type = "SystemAssigned" }
}
resource "azurerm_key_vault" "kv" {
  for_each = { a = "A", b = "B" }
  name     = "kv-${each.value}-${var.open}"
  sku_name = null
}
data "azurerm_client_config" "me" {}
"#;

#[expect(clippy::too_many_lines, reason = "a table")]
#[test]
fn expressions_evaluate_as_terraform_has_them() {
    let cases = [
        // Operators and conversions.
        ("1 + 2 * 3", "7"),
        ("10 / 4", "2.5"),
        ("10 % 3", "1"),
        ("-(3)", "-3"),
        ("1 / 0", "?invalid"),
        ("\"5\" + 1", "6"),
        ("1 == \"1\"", "false"),
        ("true && \"true\"", "true"),
        ("!var.flag", "false"),
        // Unknown operands.
        ("var.open", "?variable"),
        ("false && var.open", "false"),
        ("var.open || true", "true"),
        ("var.open == null", "?variable!"),
        ("\"x${var.open}\" == null", "false"),
        ("\"x${var.open}\" == \"y\"", "false"),
        ("var.open + 1", "?variable!"),
        // Templates.
        ("\"a${1}b${true}\"", "\"a1btrue\""),
        ("\"${var.list}\"", "[\"a\", \"b\", \"c\"]"),
        ("\"a${var.open}b\"", "?variable \"a\"!"),
        ("\"a${null}\"", "?invalid"),
        ("\"%{ if var.flag }yes%{ else }no%{ endif }\"", "\"yes\""),
        ("\"%{ for x in var.list }<${x}>%{ endfor }\"", "\"<a><b><c>\""),
        // Conditionals.
        ("var.flag ? 1 : 2", "1"),
        ("var.open ? 1 : 1", "1"),
        ("var.open ? \"ab\" : \"ac\"", "?variable \"a\"!"),
        ("var.open ? null : \"ac\"", "?variable"),
        ("var.open ? { a = 1, b = 2 } : { a = 1 }", "{a=1, ...}"),
        ("var.open ? [\"x\"] : []", "[...]"),
        ("var.flag ? var.text : var.open", "\"abc\""),
        // Collections.
        ("[for x in var.list : upper(x)]", "[\"A\", \"B\", \"C\"]"),
        ("[for i, x in var.list : \"${i}${x}\" if x != \"b\"]", "[\"0a\", \"2c\"]"),
        ("{for k, v in var.map : v => k}", "{1=\"one\", 2=\"two\"}"),
        ("{for x in [\"p\", \"q\", \"pp\"] : substr_of(x) => x...}", "{...}"),
        ("{for x in var.list : (x == \"a\" ? \"v\" : \"w\") => x...}", "{v=[\"a\"], w=[\"b\", \"c\"]}"),
        ("[for x in var.open : x]", "[...]"),
        ("[for x in [1, 2] : x if var.open]", "[...]"),
        ("var.list[1]", "\"b\""),
        ("var.list[9]", "?invalid"),
        ("var.map[\"two\"]", "2"),
        ("var.map.two", "2"),
        ("var.list[*]", "[\"a\", \"b\", \"c\"]"),
        ("var.nothing[*]", "[]"),
        ("var.text[*]", "[\"abc\"]"),
        ("[{ a = 1 }, { a = 2 }][*].a", "[1, 2]"),
        ("[{ a = 1 }, { a = 2 }].*.a", "[1, 2]"),
        ("var.map[var.open]", "?variable!"),
        ("toset([var.open])", "[?variable]"),
        ("length(toset([var.open, \"k\"]))", "?variable!"),
        ("length(toset([azurerm_resource_group.rg.id, \"k\"]))", "2"),
        ("values(merge({ b = 1 }, { (var.open) = 2 }))[0]", "?variable"),
        ("merge({ b = 1 }, { (var.open) = 2 }).c", "?variable"),
        // Names.
        ("local.joined", "\"abc-Z\""),
        ("local.circle", "?invalid"),
        ("local.absent", "?invalid"),
        ("path.module", "\".\""),
        ("terraform.workspace", "\"default\""),
        // Types.
        ("var.objects[\"x\"].size", "3"),
        ("var.objects[\"y\"].size", "5"),
        ("var.objects[\"x\"].tags", "null"),
        ("var.settings.deep.on", "true"),
        ("var.settings.deep.level", "null"),
        // try and can.
        ("try(var.map.three, \"none\")", "\"none\""),
        ("try(var.open.three, \"none\")", "?variable"),
        ("try(var.list[7], var.nothing.x, 5)", "5"),
        ("can(var.map.three)", "false"),
        ("can(var.map.two)", "true"),
        ("can(var.open.x)", "?variable!"),
        ("[try(var.map.three, 1), try(var.map.one, 2)]", "[1, 1]"),
        // References.
        ("azurerm_resource_group.rg.name", "\"rg-abc\""),
        ("azurerm_resource_group.rg.id", "?computed azurerm_resource_group.rg|id!"),
        ("\"${azurerm_resource_group.rg.id}/x\"", "?computed azurerm_resource_group.rg|id!"),
        ("azurerm_storage_account.sa[1].name", "\"sa1\""),
        ("azurerm_storage_account.sa[1].id", "?computed azurerm_storage_account.sa[1]|id!"),
        ("azurerm_storage_account.sa[var.open].id", "?computed azurerm_storage_account.sa|id!"),
        ("azurerm_storage_account.sa[5].id", "?invalid"),
        ("azurerm_storage_account.sa.*.name", "[\"sa0\", \"sa1\"]"),
        (
            "azurerm_storage_account.sa[0].identity[0].principal_id",
            "?computed azurerm_storage_account.sa[0]|identity[0].principal_id!",
        ),
        ("azurerm_storage_account.sa[0].identity[0].type", "\"SystemAssigned\""),
        ("azurerm_storage_account.sa[0].resource_group_name", "\"rg-abc\""),
        ("azurerm_key_vault.kv[\"a\"].name", "?variable \"kv-A-\" azurerm_key_vault.kv[\"a\"]|name!"),
        ("azurerm_key_vault.kv[\"a\"].sku_name", "?computed azurerm_key_vault.kv[\"a\"]|sku_name!"),
        (
            "[for k, v in azurerm_key_vault.kv : v.id]",
            "[?computed azurerm_key_vault.kv[\"a\"]|id!, ?computed azurerm_key_vault.kv[\"b\"]|id!]",
        ),
        (
            "values(azurerm_key_vault.kv)[*].id",
            "[?computed azurerm_key_vault.kv[\"a\"]|id!, ?computed azurerm_key_vault.kv[\"b\"]|id!]",
        ),
        ("data.azurerm_client_config.me.tenant_id", "?data data.azurerm_client_config.me|tenant_id!"),
        ("azurerm_nothing.x.id", "?invalid!"),
    ];
    let mut run = Run::new(&[("main.tf", SCOPE)]);
    run.with(|project, diagnostics| {
        assert_eq!(diagnostics, []);
        let root = &project.roots()[0];
        let wrong: Vec<String> = cases
            .iter()
            .map(|(text, expected)| (text, show(&project.evaluate_expression(root, text)), expected))
            .filter(|(_, found, expected)| found != *expected)
            .map(|(text, found, expected)| format!("{text}\n  found    {found}\n  expected {expected}"))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

#[test]
fn blocks_are_arrays_and_meta_arguments_are_left_out() {
    let (instances, diagnostics) = evaluate(
        r#"
        variable "rules" { default = { web = 443, ssh = 22 } }
        variable "more" {}
        resource "azurerm_network_security_group" "n" {
          name = "n"
          security_rule { name = "first" }
          dynamic "security_rule" {
            for_each = var.rules
            iterator = rule
            content {
              name = rule.key
              port = rule.value
              dynamic "inner" {
                for_each = [rule.value, 1]
                content { sum = inner.value + rule.value }
              }
            }
          }
          dynamic "security_rule" {
            for_each = var.more
            content { name = security_rule.value }
          }
          lifecycle { ignore_changes = [tags] }
          provisioner "local-exec" { command = self.id }
          depends_on = [azurerm_network_security_group.other]
        }"#,
    );
    assert_eq!(diagnostics, []);
    let rules = "[{name=\"first\"}, {name=\"ssh\", port=22, inner=[{sum=44}, {sum=23}]}, \
                 {name=\"web\", port=443, inner=[{sum=886}, {sum=444}]}, ...]";
    assert_eq!(show(&instances[0].body), format!("{{name=\"n\", security_rule={rules}}}"));
}

#[test]
fn count_and_for_each_make_instances() {
    let (instances, _) = evaluate(
        r#"
        variable "open" {}
        variable "some" { default = { k = null } }
        resource "a" "none" { count = 0 }
        resource "a" "two" { count = 2 }
        resource "a" "set" { for_each = toset(["y", "x"]) }
        resource "a" "perhaps" {
          count = var.open ? 1 : 0
          x     = count.index
        }
        resource "a" "each" {
          for_each = merge(var.some, { (var.open) = 1 })
          x        = each.key
        }
        resource "a" "values" {
          for_each = { k = var.open }
          x        = each.value
        }
        data "d" "d" { name = "n" }
        resource "a" "named" { x = data.d.d.name }
        resource "a" "of_perhaps" { x = a.perhaps[0].id }"#,
    );
    let listed: Vec<String> = instances
        .iter()
        .map(|it| {
            let presence = match it.presence {
                Presence::Certain => "certain",
                Presence::Possible(_) => "possible",
                Presence::Existing => "existing",
                Presence::Partial => "partial",
            };
            format!("{} {presence} {}", it.address, argument(it, "x"))
        })
        .collect();
    assert_eq!(
        listed,
        [
            "a.two[0] certain absent",
            "a.two[1] certain absent",
            "a.set[\"x\"] certain absent",
            "a.set[\"y\"] certain absent",
            "a.perhaps possible ?variable!",
            "a.each[\"k\"] certain \"k\"",
            "a.each possible ?variable!",
            "a.values[\"k\"] certain ?variable",
            "data.d.d existing absent",
            "a.named certain \"n\"",
            "a.of_perhaps certain ?computed a.perhaps|id!",
        ]
    );
}

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
fn steps_lead_back_to_the_text_that_decided() {
    let mut run = Run::new(&[
        (
            "main.tf",
            "variable \"public\" {}\nlocals { p = var.public }\nmodule \"m\" {\n  source = \"./m\"\n  public = local.p\n}\n",
        ),
        ("terraform.tfvars", "public = true\n"),
        ("m/main.tf", "variable \"public\" { default = false }\nresource \"r\" \"r\" { public = var.public }\n"),
    ]);
    let (instances, _) = run.evaluate();
    let value = instances[0].body.as_object().unwrap().value("public").unwrap();
    assert_eq!((run.text(value.span), show(value)), ("var.public", "true".to_owned()));
    let steps: Vec<(StepKind, &str)> = value.steps().iter().map(|step| (step.kind, run.text(step.span))).collect();
    assert_eq!(
        steps,
        [(StepKind::ModuleArgument, "local.p"), (StepKind::Local, "var.public"), (StepKind::VariableFile, "true"),]
    );
}

#[test]
fn elements_and_defaults_are_steps() {
    let mut run = Run::new(&[(
        "main.tf",
        r#"
        variable "accounts" {
          type    = map(object({ public = optional(bool, true), tls = optional(string) }))
          default = { a = { tls = "TLS1_0" } }
        }
        resource "r" "r" {
          for_each = var.accounts
          public   = each.value.public
          tls      = lookup(each.value, "tls", "TLS1_2")
        }"#,
    )]);
    let (instances, _) = run.evaluate();
    let object = instances[0].body.as_object().unwrap();
    let way = |name: &str| -> Vec<String> {
        let value = object.value(name).unwrap();
        std::iter::once(value.span)
            .chain(value.steps().iter().map(|it| it.span))
            .map(|it| run.text(it).into())
            .collect()
    };
    assert_eq!(way("public"), ["each.value.public", "true"]);
    assert_eq!(way("tls"), ["lookup(each.value, \"tls\", \"TLS1_2\")", "\"TLS1_0\""]);
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
fn json_syntax_reads_like_the_native_one() {
    let mut run = Run::new(&[(
        "main.tf.json",
        r#"{
          "//": "a comment",
          "variable": { "names": { "type": "set(string)", "default": ["b", "a"] }, "open": {} },
          "locals": { "map": { "k": "v\u00e9" } },
          "resource": {
            "azurerm_x": {
              "one": [{
                "for_each": "${var.names}",
                "name": "n-${each.key}-${local.map[\"k\"]}",
                "plain": "a \"quoted\" \\n text",
                "count_like": "${[for n in var.names : upper(n)]}",
                "identity": { "type": "SystemAssigned" },
                "dynamic": { "rule": [{ "for_each": [1, 2], "content": { "v": "${rule.value + 1}" } }] },
                "lifecycle": { "ignore_changes": ["tags"] }
              }],
              "two": { "name": "${var.open}" }
            }
          }
        }"#,
    )]);
    let (instances, diagnostics) = run.evaluate();
    assert_eq!(diagnostics, []);
    let shown: Vec<String> = instances.iter().map(|it| format!("{} {}", it.address, show(&it.body))).collect();
    let one = |key: &str| {
        format!(
            "azurerm_x.one[\"{key}\"] {{name=\"n-{key}-v\u{e9}\", plain=\"a \\\"quoted\\\" \\\\n text\", \
             count_like=[\"A\", \"B\"], identity=[{{type=\"SystemAssigned\"}}], rule=[{{v=2}}, {{v=3}}]}}"
        )
    };
    assert_eq!(shown, [one("a"), one("b"), "azurerm_x.two {name=?variable}".to_owned()]);
    let name = instances[0].body.as_object().unwrap().value("name").unwrap();
    assert_eq!(run.text(name.span), r#""n-${each.key}-${local.map[\"k\"]}""#);
}

#[test]
fn an_object_of_json_syntax_that_holds_dynamic_blocks_is_a_block() {
    let (instances, diagnostics) = Run::new(&[(
        "main.tf.json",
        r#"{
          "resource": {
            "azurerm_x": {
              "one": {
                "identity": { "type": "SystemAssigned" },
                "site": {
                  "plain": { "a": 1 },
                  "cors": { "dynamic": { "rule": { "for_each": ["x", "y"], "content": { "v": "${rule.value}" } } } }
                },
                "settings": { "dynamic": { "on": true } }
              },
              "two": { "who": "${azurerm_x.one.identity[0].principal_id}", "type": "${azurerm_x.one.identity[0].type}" }
            }
          }
        }"#,
    )])
    .evaluate();
    assert_eq!(diagnostics, []);
    assert_eq!(
        show(&instances[0].body),
        r#"{settings={dynamic={on=true}}, identity=[{type="SystemAssigned"}], site=[{plain={a=1}, cors=[{rule=[{v="x"}, {v="y"}]}]}]}"#
    );
    assert_eq!(argument(&instances[1], "type"), "\"SystemAssigned\"");
    assert_eq!(argument(&instances[1], "who"), "?computed azurerm_x.one|identity[0].principal_id!");
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
fn diagnostic_categories_have_the_id_of_what_they_are_read_of() {
    let (instances, _) = evaluate(
        r#"
        resource "azurerm_key_vault" "v" {
          name = "v"
        }
        data "azurerm_monitor_diagnostic_categories" "all" {
          for_each    = { vault = azurerm_key_vault.v.id }
          resource_id = each.value
        }
        resource "azurerm_monitor_diagnostic_setting" "all" {
          for_each           = data.azurerm_monitor_diagnostic_categories.all
          target_resource_id = each.value.id
          again              = data.azurerm_monitor_diagnostic_categories.all["vault"].id
        }"#,
    );
    let setting = instances.iter().find(|it| &*it.block_type == "azurerm_monitor_diagnostic_setting").unwrap();
    assert_eq!(&*setting.address, "azurerm_monitor_diagnostic_setting.all[\"vault\"]");
    assert_eq!(argument(setting, "target_resource_id"), "?computed azurerm_key_vault.v|id!");
    assert_eq!(argument(setting, "again"), argument(setting, "target_resource_id"));
}

#[test]
fn elements_of_a_set_inside_an_object_are_their_own_keys() {
    let (instances, _) = evaluate(
        r#"
        variable "it" {
          type    = object({ zones = set(string) })
          default = { zones = ["b", "a"] }
        }
        resource "r" "r" {
          dynamic "rule" {
            for_each = var.it.zones
            content { key = rule.key }
          }
        }"#,
    );
    assert_eq!(show(&instances[0].body), "{rule=[{key=\"a\"}, {key=\"b\"}]}");
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
        for root in project.roots() {
            let (instances, _, _) = project.evaluate(root);
            shown.extend(instances.iter().map(|it| format!("{} {}", root.shown, show(&it.body))));
        }
        (shown, diagnostics.into_iter().map(|it| it.message).collect::<Vec<_>>())
    });
    assert_eq!(shown, ["live/a {n=\"a\", e=?not-evaluated}", "live/b {n=\"b\", e=?variable}"]);
    assert_eq!(
        messages,
        ["includes and dependencies of Terragrunt are not read", "what this source names is not read"]
    );
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
fn what_calls_itself_or_depends_on_itself_ends_with_a_diagnostic() {
    let mut run = Run::new(&[
        ("a/main.tf", "module \"b\" { source = \"../b\" }\nresource \"r\" \"a\" {}\n"),
        ("b/main.tf", "module \"a\" { source = \"../a\" }\nresource \"r\" \"b\" {}\n"),
    ]);
    let (instances, diagnostics) = run.evaluate();
    let addresses: Vec<&str> = instances.iter().map(|it| it.address.as_ref()).collect();
    assert_eq!(addresses, ["module.b.module.a", "module.b.r.b", "r.a"]);
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");

    let (instances, diagnostics) = evaluate("resource \"r\" \"r\" { count = 10001 }\n");
    assert_eq!((instances.len(), diagnostics.len()), (1, 1));

    let (instances, diagnostics) =
        evaluate("locals {\n  a = local.b\n  b = local.a\n}\nresource \"r\" \"r\" { x = local.a }\n");
    assert_eq!(argument(&instances[0], "x"), "?invalid");
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
}

#[test]
fn long_chains_end_within_the_bounds() {
    let mut text = String::from("locals {\n  l0 = \"x\"\n");
    for index in 1..6000 {
        let before = index - 1;
        writeln!(text, "  l{index} = \"${{local.l{before}}}${{local.l{before}}}\"").unwrap();
    }
    text.push_str("}\nresource \"r\" \"r\" {\n  last = local.l5999\n  short = local.l3\n}\n");
    let (instances, _) = evaluate(&text);
    assert_eq!(argument(&instances[0], "last"), "?bound!");
    assert_eq!(argument(&instances[0], "short"), "\"xxxxxxxx\"");
}

#[test]
fn values_that_share_their_parts_do_not_grow_without_bound() {
    let mut text = String::from("locals {\n  l0 = { a = 1 }\n");
    for index in 1..60 {
        let before = index - 1;
        writeln!(text, "  l{index} = {{ a = local.l{before}, b = local.l{before} }}").unwrap();
    }
    text.push_str("}\nresource \"r\" \"r\" {\n  last = local.l59\n}\n");
    let (instances, diagnostics) = evaluate(&text);
    assert!(argument(&instances[0], "last.a.a").starts_with('{'));
    assert!(!diagnostics.is_empty());
}

#[test]
fn loops_inside_loops_end_within_the_bounds() {
    let start = std::time::Instant::now();
    let (instances, diagnostics) = evaluate(
        r#"
        locals { x = length(flatten([for i in range(1000) : [for j in range(1000) : [for k in range(100) : k]]])) }
        resource "r" "r" { x = local.x }
        "#,
    );
    assert_eq!(argument(&instances[0], "x"), "?bound!");
    assert!(diagnostics.iter().any(|it| it.message.contains("loop steps")), "{diagnostics:?}");
    // Unbounded, or with a bound five times as far away, a debug build needs minutes.
    assert!(start.elapsed().as_secs() < 60);
}

#[test]
fn blocks_that_declare_nothing_do_no_harm() {
    let (instances, diagnostics) = evaluate(
        r#"
        terraform { required_version = ">= 1.5" }
        moved {
          from = a.b
          to   = c.d
        }
        import {
          to = r.r
          id = "x"
        }
        removed { from = r.gone }
        check "c" {
          assert { condition = true }
        }
        action "azurerm_do" "it" {
          config { a = 1 }
        }
        ephemeral "e" "e" {}
        notyet "x" "y" { z = 1 }
        resource "r" "r" { x = 1 }"#,
    );
    assert_eq!(diagnostics, []);
    assert_eq!(instances.len(), 1);
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
