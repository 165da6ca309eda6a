//! A directory for a test and the binary that runs in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

pub(crate) const POLICIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/policies");

pub(crate) const STORAGE: &str =
    "resource \"azurerm_storage_account\" \"logs\" {\n  https_traffic_only_enabled = false\n}\n";

pub(crate) const VAULT: &str = "resource \"azurerm_key_vault\" \"keys\" {\n  purge_protection_enabled = false\n}\n";

pub(crate) const GOOD: &str = "resource \"azurerm_key_vault\" \"keys\" {\n  purge_protection_enabled = true\n}\n";

pub(crate) const TEMPLATE: &str = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0", "resources": [
  { "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "logs",
    "properties": { "supportsHttpsTrafficOnly": false } } ] }"#;

static MADE: AtomicUsize = AtomicUsize::new(0);

/// A directory of its own that is gone when the test ends.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        // Tests of one process run beside each other, and two may choose the same name.
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("baalint-cli-{}-{number}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(fs::canonicalize(path).unwrap())
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// `baalint` in this directory.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran(self.command(arguments).output().unwrap())
    }

    /// `baalint check` by the two policies of this test.
    pub(crate) fn check(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["check", "--no-builtin", "--policies", POLICIES], arguments].concat())
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_baalint"));
        command.current_dir(&self.0).args(arguments).env_remove("NO_COLOR");
        command
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main"];
        let output = Command::new("git").current_dir(&self.0).args(identity).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) struct Ran(pub(crate) Output);

impl Ran {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap_or_else(|| panic!("ended by a signal: {}", self.err()))
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.0.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.out(), self.err()))
    }

    /// Policy, verdict, file and line of every finding.
    pub(crate) fn findings(&self) -> Vec<String> {
        let text = |it: &Value| it.as_str().unwrap_or("").to_owned();
        let row = |it: &Value| {
            format!("{} {} {}:{}", text(&it["policy"]), text(&it["verdict"]), text(&it["file"]), it["line"])
        };
        self.json()["findings"].as_array().unwrap().iter().map(row).collect()
    }

    /// Code, file and message of every diagnostic.
    pub(crate) fn diagnostics(&self) -> Vec<String> {
        let text = |it: &Value| it.as_str().unwrap_or("").to_owned();
        let row = |it: &Value| format!("{} {}: {}", text(&it["code"]), text(&it["file"]), text(&it["message"]));
        self.json()["diagnostics"].as_array().unwrap().iter().map(row).collect()
    }
}
