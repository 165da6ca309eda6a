//! What does not end by itself ends with a diagnostic.

use std::fmt::Write;

use crate::run::{Run, argument, evaluate};

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
