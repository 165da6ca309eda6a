//! The house rules that no compiler holds: layers, module documentation, file sizes, and what the README promises.

#![expect(clippy::disallowed_methods, reason = "a test reads files")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the bottom up; a line may import from lines above it, and from its own modules.
///
/// Modules of one line do not import each other, but for those joined by `+`.
const LAYERS: &[&[&str]] = &[
    &["source", "truth"],
    &["value + diagnostic", "glob", "edit"],
    &["model"],
    &["parse", "azure"],
    &["policy", "frontend"],
    &["eval"],
    &["examples", "config", "snippet"],
    &["finding"],
    &["fix"],
    &["suppress"],
    &["report"],
    &["discover"],
    &["lint"],
    &["lsp"],
    &["cli"],
];

/// Modules that may touch files, the environment, processes and the standard streams.
const WITH_IO: [&str; 4] = ["discover", "lint", "cli", "lsp"];

struct Source {
    /// The module directly below the crate: `frontend`.
    module: String,
    path: PathBuf,
    text: String,
}

impl Source {
    fn shown(&self) -> String {
        self.path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
    }

    /// The text without its test modules, which may do as they like.
    fn without_tests(&self) -> &str {
        if self.path.file_name().is_some_and(|it| it == "tests.rs") || self.shown().contains("/tests/") {
            return "";
        }
        self.text.split("#[cfg(test)]\nmod ").next().unwrap_or("")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(root().join("src")).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|it| it == "rs") {
            let below = path.strip_prefix(root().join("src")).unwrap();
            let module = below.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
            let text = fs::read_to_string(&path).unwrap();
            found.push(Source { module, path, text });
        }
    }
    assert!(found.len() > 50, "the sources are here");
    found
}

fn layer_of(module: &str) -> Option<(usize, &'static str)> {
    let position =
        LAYERS.iter().position(|layer| layer.iter().any(|group| group.split(" + ").any(|it| it == module)))?;
    let group = LAYERS[position].iter().find(|group| group.split(" + ").any(|it| it == module))?;
    Some((position, group))
}

/// The modules after `crate::`, in `use` lines and in paths.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1)).map(|rest| {
        let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn imports_go_downwards_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        if ["lib", "main"].contains(&source.module.as_str()) {
            continue;
        }
        let Some((own, group)) = layer_of(&source.module) else {
            wrong.push(format!("{}: module `{}` has no layer", source.shown(), source.module));
            continue;
        };
        for module in imports(source.without_tests()).filter(|it| *it != source.module) {
            match layer_of(module) {
                Some((layer, other)) if layer < own || (layer == own && other == group) => {}
                Some(_) => wrong.push(format!("{}: imports `{module}`, which is not below", source.shown())),
                None => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn front_ends_and_policies_never_meet() {
    for source in sources() {
        let forbidden = match source.module.as_str() {
            "frontend" => ["policy", "eval"],
            "policy" | "eval" => ["frontend", "finding"],
            _ => continue,
        };
        let met = imports(source.without_tests()).find(|it| forbidden.contains(it));
        assert_eq!(met, None, "{}", source.shown());
    }
}

#[test]
fn only_the_outermost_modules_touch_the_world() {
    let signs = [
        "std::fs",
        "std::env::",
        "std::process::",
        "std::net::Tcp",
        "std::net::Udp",
        "std::io::stdin",
        "std::io::stdout",
    ];
    for source in sources().iter().filter(|it| !WITH_IO.contains(&it.module.as_str()) && it.module != "main") {
        let code = source.without_tests();
        let found = signs.iter().find(|sign| code.contains(**sign));
        assert_eq!(found, None, "{}", source.shown());
    }
}

#[test]
fn every_module_says_what_it_is() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().take_while(|line| line.starts_with("//!")).count();
        let is_crate = source.module == "lib";
        if lines == 0 || (lines > 12 && !is_crate) {
            wrong.push(format!("{}: {lines} lines of module documentation", source.shown()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_long_without_saying_why() {
    let mut wrong = Vec::new();
    for source in sources() {
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
        let lines = source.without_tests().lines().filter(is_code).count();
        if lines > 500 && !source.text.contains("// Long because ") {
            wrong.push(format!("{}: {lines} lines of code; split it, or say `// Long because ...`", source.shown()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_banners_no_unfinished_work() {
    for source in sources() {
        for sign in ["// ====", "// ----", "// TODO", "// FIXME", "// XXX", "todo!(", "unimplemented!("] {
            assert!(!source.text.contains(sign), "{}: `{sign}`", source.shown());
        }
    }
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let silent: Vec<&str> = dependencies.lines().filter(|line| line.contains('=') && !line.contains('#')).collect();
    // Digests are named for the Terraform function that they are.
    let silent: Vec<&str> = silent
        .into_iter()
        .filter(|line| !["serde ", "base64", "md-5", "sha"].iter().any(|it| line.starts_with(it)))
        .collect();
    assert_eq!(silent, [""; 0]);
}

#[test]
fn the_readme_is_true() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let commands: Vec<&str> = readme.lines().filter(|line| line.starts_with("cargo ")).collect();
    assert_eq!(commands.first(), Some(&"cargo run --release -- check fixtures/projects/patient-portal"));
    assert!(commands.contains(&"cargo test"), "{commands:?}");
    assert!(root().join("fixtures/projects/patient-portal").is_dir());
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let minimum = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(readme.contains(&format!("Rust {minimum}")), "the README names the minimum Rust, {minimum}");
    for part in readme.split("](").skip(1) {
        let target = part.split(')').next().unwrap();
        if !target.contains("://") && !target.starts_with('#') {
            assert!(root().join(target).exists(), "README links to {target}");
        }
    }
    for line in readme.lines().filter(|line| line.starts_with("baalint ")) {
        let command = line.split_whitespace().nth(1).unwrap();
        let args = fs::read_to_string(root().join("src/cli/args.rs")).unwrap();
        let variant = format!("    {}{}(", command[..1].to_uppercase(), &command[1..]);
        let bare = variant.trim_end_matches('(').to_owned() + ",";
        assert!(args.contains(&variant) || args.contains(&bare), "README runs `baalint {command}`");
    }
}

#[test]
fn the_usage_page_names_every_flag_that_exists_and_none_that_does_not() {
    let page = fs::read_to_string(root().join("docs/usage.md")).unwrap();
    let args = fs::read_to_string(root().join("src/cli/args.rs")).unwrap();
    let check = args.split("pub struct Check {").nth(1).unwrap().split("\n}").next().unwrap();
    let fields =
        check.lines().filter_map(|line| line.trim().strip_prefix("pub ")).filter_map(|line| line.split(':').next());
    for field in fields.filter(|it| !["input", "policy", "color"].contains(it)) {
        let flag = format!("--{}", field.replace('_', "-"));
        assert!(page.contains(&flag), "docs/usage.md does not name {flag}");
    }
    for flag in page.split("`--").skip(1) {
        let name: String = flag.chars().take_while(|it| it.is_ascii_lowercase() || *it == '-').collect();
        let long = format!("long = \"{name}\"");
        let field = format!("pub {}:", name.replace('-', "_"));
        assert!(args.contains(&long) || args.contains(&field), "there is no --{name}");
    }
}

#[test]
fn ids_in_the_readme_are_policies() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for line in readme.lines() {
        if let Some(id) = line.strip_prefix("baalint explain ").filter(|id| id.contains('/')) {
            assert!(root().join(format!("policies/{id}.yaml")).is_file(), "README explains {id}");
        }
    }
}
