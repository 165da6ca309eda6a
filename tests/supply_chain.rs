//! What goes into the binary: no crate that opens connections, one registry, licences on the list of `deny.toml`.

#![expect(clippy::disallowed_methods, reason = "a test reads files")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The texts in quotes of the lines between two marks of `deny.toml`.
fn listed(start: &str) -> Vec<String> {
    let text = read("deny.toml");
    let (_, list) = text.split_once(start).unwrap();
    let (list, _) = list.split_once("\n]").unwrap();
    list.lines().filter_map(|line| line.split('"').nth(1)).map(str::to_owned).collect()
}

/// What cargo says, of this package and what it depends on.
fn cargo(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    let output = command
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn nothing_in_the_tree_opens_connections() {
    let banned = listed("\ndeny = [");
    assert!(banned.len() > 15, "{banned:?}");
    let tree = cargo(&["tree", "--edges", "normal,build", "--prefix", "none", "--target", "all"]);
    let crates: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(crates.contains(&"rayon"), "{tree}");
    let found: Vec<_> = crates.iter().filter(|name| banned.iter().any(|it| it == *name)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn our_own_code_opens_no_connection() {
    let sources = walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let mut files = 0;
    for entry in sources.into_iter().flatten().filter(|it| it.path().extension().is_some_and(|it| it == "rs")) {
        files += 1;
        let text = std::fs::read_to_string(entry.path()).unwrap();
        // The language server's crate knows sockets; only standard input and output are used of it.
        for mark in ["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "Connection::connect", "Connection::listen"]
        {
            assert!(!text.contains(mark), "{}: {mark}", entry.path().display());
        }
    }
    assert!(files > 100);
}

#[test]
fn every_crate_is_from_the_registry_with_a_checksum() {
    let lock = read("Cargo.lock");
    for package in lock.split("[[package]]").skip(1).filter(|it| !it.contains("name = \"baalint\"")) {
        assert!(package.contains("source = \"registry+https://github.com/rust-lang/crates.io-index\""), "{package}");
        assert!(package.contains("checksum = "), "{package}");
    }
}

/// The fuzz targets are a package by themselves, whose lock nothing here builds: a dependency added to ours left it behind.
#[test]
fn the_lock_of_the_fuzz_targets_has_what_the_crate_needs() {
    let metadata: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let wanted = metadata["packages"][0]["dependencies"].as_array().unwrap();
    let wanted = wanted.iter().filter(|it| it["kind"].is_null()).map(|it| it["name"].as_str().unwrap());
    let wanted: Vec<&str> = wanted.collect();
    assert!(wanted.contains(&"rayon"), "{wanted:?}");
    let lock = read("fuzz/Cargo.lock");
    let ours = lock.split("[[package]]").find(|it| it.contains("name = \"baalint\"\n")).unwrap();
    for name in wanted {
        assert!(
            ours.contains(&format!("\n \"{name}\"")),
            "cd fuzz && cargo metadata --offline: {name} is not in the lock"
        );
    }
}

#[test]
fn every_licence_may_be_shipped() {
    let allowed = listed("\nallow = [");
    let metadata: serde_json::Value = serde_json::from_str(&cargo(&["metadata", "--format-version", "1"])).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50);
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none").replace('/', " OR ").replace("  ", " ");
        // Of alternatives one must be allowed, of what holds together all.
        let all = licence.split(" AND ").all(|part| {
            let part = part.trim_matches(|it| it == '(' || it == ')');
            part.split(" OR ").any(|one| allowed.iter().any(|it| it == one.trim()))
        });
        assert!(all, "{} is {licence}", package["name"]);
    }
}

#[test]
fn no_unsafe_code_is_ours() {
    assert!(read("Cargo.toml").contains("unsafe_code = \"forbid\""));
}
