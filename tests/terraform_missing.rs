//! What is declared where nothing can be read makes "there is none" a question, not a failure.

#[test]
fn a_module_that_is_not_here_may_hold_what_seems_to_be_missing() {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_baalint"))
        .args(["check", "fixtures/missing-modules", "--format", "json", "--unknown", "show"])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let verdict = |policy: &str, address: &str| {
        let findings = report["findings"].as_array().unwrap().iter();
        let mut found = findings.filter(|it| it["policy"] == policy && it["resource"]["address"] == address);
        found.next().map_or("pass".to_owned(), |it| it["verdict"].as_str().unwrap().to_owned())
    };
    // The missing module gets the id of `letters`: it may make anything for it.
    assert_eq!(verdict("storage/no-private-endpoint", "azurerm_storage_account.letters"), "unknown");
    assert_eq!(verdict("storage/no-delete-lock", "azurerm_storage_account.letters"), "unknown");
    // Of `scans` it gets the region only; the resource of unknown type may extend it, but cannot be an endpoint.
    assert_eq!(verdict("storage/no-private-endpoint", "azurerm_storage_account.scans"), "fail");
    assert_eq!(verdict("storage/no-delete-lock", "azurerm_storage_account.scans"), "unknown");
    // It may hold an endpoint of the app, but not the plan that the app itself names.
    assert_eq!(verdict("app-service/open-to-all-networks", "azurerm_linux_web_app.portal"), "fail");
    assert_eq!(verdict("monitor/no-diagnostic-setting", "azurerm_linux_web_app.portal"), "unknown");
}
