//! The same deployment written in four ways has the same findings.

#![expect(clippy::indexing_slicing, reason = "a report without the key ends the test")]

/// What the binary finds: policy and verdict, each once.
fn findings(path: &str) -> Vec<String> {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_baalint"))
        .args(["check", path, "--format", "json", "--unknown", "show"])
        .output()
        .expect("the binary starts");
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).expect("it prints JSON");
    assert_eq!(report["diagnostics"].as_array().map(Vec::len), Some(0), "{path}: {}", report["diagnostics"]);
    let of = report["findings"].as_array().into_iter().flatten();
    let mut lines: Vec<String> = of.map(|it| format!("{} {}", it["policy"], it["verdict"])).collect();
    lines.sort();
    lines.dedup();
    lines
}

#[test]
fn modules_loops_and_separate_resources_are_what_they_expand_to() {
    let flat = findings("fixtures/terraform-equivalence/flat");
    for policy in ["storage/plain-http", "storage/open-to-all-networks", "network/ssh-from-internet"] {
        assert!(flat.iter().any(|line| line.contains(policy) && line.ends_with("\"fail\"")), "{policy}: {flat:?}");
    }
    for other in ["for-each", "module", "separate"] {
        assert_eq!(findings(&format!("fixtures/terraform-equivalence/{other}")), flat, "{other}");
    }
}
