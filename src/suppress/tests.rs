//! Which comments cover which findings.

use std::sync::Arc;

use super::{Day, Suppressions};
use crate::finding::{Finding, SuppressedBy};
use crate::report::shared_findings;
use crate::source::{SourceMap, Span};

const ID: &str = "storage/old-tls";

/// Judges a text whose block is `resource ... }` and whose deciding line holds `tls`.
fn judged(text: &str, foreign: bool) -> (Finding, Vec<String>) {
    let mut sources = SourceMap::default();
    let file = sources.add("a.tf", "a.tf", text);
    let at = |part: &str| u32::try_from(text.find(part).expect("in the text")).unwrap();
    let mut finding = shared_findings::one_of_each().findings.remove(0);
    Arc::make_mut(&mut finding.resource).span = Span::new(file, at("resource"), at("\n}") + 2);
    Arc::make_mut(&mut finding.resource).header = Span::new(file, at("resource"), at("{"));
    finding.primary.span = Span::new(file, at("tls = 0"), at("tls = 0") + 7);
    let mut findings = [finding];
    let today = Day::parse("2026-11-21").unwrap();
    let mut all = Suppressions::read(sources.files(), &[], today, foreign);
    all.apply(&sources, &mut findings);
    let ids: [Arc<str>; 1] = [ID.into()];
    let told = all.finish(&ids, &|_| true).into_iter().map(|it| it.message).collect();
    let [finding] = findings;
    (finding, told)
}

#[test]
fn a_comment_covers_its_line_the_line_below_its_block_and_at_the_head_the_file() {
    let block = "resource x {\n  a = 1\n  tls = 0\n}\n";
    let comment = "baalint:ignore[storage/old-tls]: why";
    let covered = [
        format!("resource x {{\n  tls = 0 # {comment}\n}}\n"),
        format!("resource x {{\n  # {comment}\n  tls = 0\n}}\n"),
        format!("resource x {{\n  // {comment}\n\n  a = 1\n  tls = 0\n}}\n"),
        format!("# {comment}\n{block}"),
        format!("# {comment}\n# more\n{block}"),
        format!("/* {comment} */\n{block}"),
        format!("# licence\n# {comment}\n\nvariable y {{}}\n{block}"),
        format!("resource x {{ # {comment}\n  tls = 0\n}}\n"),
        format!("\u{feff}a = 1\r\nresource x {{\r\n  tls = 0 # {comment}\r\n}}\n"),
        format!("variable y {{}}\n# baalint:ignore-file[storage/*]: why\n{block}"),
    ];
    for text in covered {
        let (finding, told) = judged(&text, false);
        assert_eq!(finding.suppressed.as_ref().map(|it| it.reason.as_str()), Some("why"), "{text}");
        assert_eq!(told, [""; 0], "{text}");
    }
}

#[test]
fn a_comment_elsewhere_covers_nothing_and_is_told() {
    let comment = "baalint:ignore[storage/old-tls]: why";
    let open = [
        format!("resource x {{\n  a = 1 # {comment}\n  tls = 0\n}}\n"),
        format!("y = 1\n# {comment}\nvariable y {{}}\nresource x {{\n  tls = 0\n}}\n"),
        format!("resource x {{\n  tls = 0\n}}\n# {comment}\n"),
    ];
    for text in open {
        let (finding, told) = judged(&text, false);
        assert_eq!(finding.suppressed, None, "{text}");
        assert_eq!(told, ["nothing here is found by `storage/old-tls`"], "{text}");
    }
}

#[test]
fn a_suppression_says_which_why_and_until_when() {
    let cases = [
        ("baalint:ignore[storage/old-tls]", "this suppression does not say why: a reason is mandatory"),
        ("baalint:ignore[storage/old-tls]: ", "this suppression does not say why: a reason is mandatory"),
        ("baalint:ignore: why", "this suppression does not say which policy it silences"),
        ("baalint:ignore[]: why", "this suppression does not say which policy it silences"),
        ("baalint:ignore[storage/old-tls] soon: why", "`soon` means nothing in a suppression"),
        ("baalint:ignore[storage/old-tls] until=2026-11-20: why", "this suppression expired on 2026-11-20"),
        ("baalint:ignore[storage/old-tls] until=soon: why", "`soon` is not a day"),
        ("baalint:ignore[storage/old-tlss]: why", "there is no policy `storage/old-tlss`"),
    ];
    for (comment, expected) in cases {
        let (finding, told) = judged(&format!("resource x {{\n  tls = 0 # {comment}\n}}\n"), false);
        assert_eq!(finding.suppressed, None, "{comment}");
        assert_eq!(told, [expected], "{comment}");
    }
    let today = "resource x {\n  tls = 0 # baalint:ignore[storage/*] until=2026-11-21 by=ops: why: so\n}\n";
    let (finding, told) = judged(today, false);
    let suppressed = finding.suppressed.unwrap();
    assert_eq!((suppressed.by.as_deref(), suppressed.reason.as_str()), (Some("ops"), "why: so"));
    assert_eq!(told, [""; 0]);
}

#[test]
fn comments_of_other_linters_hold_on_request_and_through_equivalents() {
    let text = "resource x {\n  #checkov:skip=CKV_AZURE_44:legacy client\n  tls = 0\n}\n";
    assert_eq!(judged(text, false).0.suppressed, None);
    let suppressed = judged(text, true).0.suppressed.unwrap();
    assert_eq!((suppressed.kind, suppressed.reason.as_str()), (SuppressedBy::Foreign, "legacy client"));
    let other = "resource x {\n  #checkov:skip=CKV_AZURE_1:legacy client\n  tls = 0\n}\n";
    assert_eq!(judged(other, true).0.suppressed, None);
}

#[test]
fn every_form_of_foreign_comment_is_read() {
    let block = "resource x {\n  a = 1\n  tls = 0\n}\n";
    let covered = [
        format!("#trivy:ignore:AVD-AZU-0011\n{block}"),
        format!("# tfsec:ignore:AZU-0011 legacy\n{block}"),
        format!("#trivy:ignore:AZU-0009,AZU-0011\n{block}"),
        format!("// kics-scan disable=b897dfbf-322c-45a8-b67c-1e698beeaa51\nvariable y {{}}\n{block}"),
        format!("# kics-scan ignore-block\n{block}"),
        block.replace("tls", "# kics-scan ignore-line\n  tls"),
    ];
    for text in covered {
        assert!(judged(&text, true).0.suppressed.is_some(), "{text}");
        assert!(judged(&text, false).0.suppressed.is_none(), "{text}");
    }
    let other = format!("# kics-scan disable=00000000-322c-45a8-b67c-1e698beeaa51\n{block}");
    assert!(judged(&other, true).0.suppressed.is_none());
}

/// Judges the deciding `tls` of the resource `inner` in a template.
fn judged_json(text: &str) -> (Finding, Vec<String>) {
    let mut sources = SourceMap::default();
    let file = sources.add("a.json", "a.json", text);
    let at = |part: &str| u32::try_from(text.find(part).expect("in the text")).unwrap();
    let mut finding = shared_findings::one_of_each().findings.remove(0);
    Arc::make_mut(&mut finding.resource).span = Span::new(file, at("{ \"inner\""), at("\n  }"));
    Arc::make_mut(&mut finding.resource).header = Span::new(file, at("\"inner\""), at("\"inner\"") + 7);
    finding.primary.span = Span::new(file, at("\"tls\": 0"), at("\"tls\": 0") + 8);
    let mut findings = [finding];
    let today = Day::parse("2026-11-21").unwrap();
    let mut all = Suppressions::read(sources.files(), &[], today, false);
    all.apply(&sources, &mut findings);
    let told = all.finish(&[ID.into()], &|_| true).into_iter().map(|it| it.message).collect();
    let [finding] = findings;
    (finding, told)
}

#[test]
fn metadata_covers_its_resource_or_at_the_top_the_template() {
    let entry = |entry: &str| format!("\"metadata\": {{ \"baalint\": {entry} }},");
    let template = |top: &str, inner: &str, other: &str| {
        format!(
            "{{ {top}\n\"resources\": [\n  {{ \"other\": 1, {other}\n    \"x\": 1 }},\n  {{ \"inner\": 1, {inner}\n    \"tls\": 0\n  }} ] }}"
        )
    };
    let good = entry(r#"{ "ignore": ["storage/*"], "reason": "why", "by": "ops", "until": "2027-01-01" }"#);
    for text in [template(&good, "", ""), template("", &good, "")] {
        let (finding, told) = judged_json(&text);
        assert_eq!(finding.suppressed.and_then(|it| it.by).as_deref(), Some("ops"), "{text}");
        assert_eq!(told, [""; 0], "{text}");
    }
    let (finding, told) = judged_json(&template("", "", &good));
    assert_eq!(finding.suppressed, None);
    assert_eq!(told, ["nothing here is found by `storage/*`"]);
    for (wrong, message) in [
        (r#"{ "ignore": "storage/*" }"#, "this suppression does not say why: a reason is mandatory"),
        (r#"[{ "reason": "why" }]"#, "this suppression does not say which policy it silences"),
        (r#"{ "ignore": "storage/*", "reason": "why", "til": "x" }"#, "this suppression has a key that means nothing"),
        (r#""storage/*""#, "this suppression is not an object"),
    ] {
        assert_eq!(judged_json(&template("", &entry(wrong), "")).1, [message], "{wrong}");
    }
}
