//! The fuzz targets over their committed inputs, cut short and whole: they compile and hold without a fuzzer.

#![expect(clippy::disallowed_methods, reason = "a test reads files")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

#[expect(unreachable_pub, reason = "a crate of its own for the fuzzer")]
#[path = "../fuzz/lib.rs"]
mod targets;

/// Runs a target over its corpus, and over what is left of each input at eight places.
fn over(name: &str, run: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut paths: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let input = std::fs::read(path).unwrap();
        run(&input);
        (1..8).filter_map(|eighth| input.get(..input.len() * eighth / 8)).for_each(run);
    }
}

#[test]
fn arm() {
    over("arm", targets::arm::run);
}

#[test]
fn check() {
    over("check", targets::check::run);
}

#[test]
fn hcl() {
    over("hcl", targets::hcl::run);
}

#[test]
fn json() {
    over("json", targets::json::run);
}

#[test]
fn policy() {
    over("policy", targets::policy::run);
}

#[test]
fn terraform() {
    over("terraform", targets::terraform::run);
}

#[test]
fn yaml() {
    over("yaml", targets::yaml::run);
}
