//! Expressions, blocks, instances, and the steps that lead back to their text.

use baalint::model::Presence;
use baalint::value::StepKind;

use crate::run::{Run, argument, evaluate, show};

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
