//! Every policy file: compiles, cites, names its type, and its examples come out as they say.

use std::path::Path;

use baalint::diagnostic::Diagnostic;
use baalint::examples;
use baalint::frontend::terraform::Mappings;
use baalint::parse::yaml;
use baalint::policy::{self, example};
use baalint::source::SourceMap;
use baalint::value::Value;

/// A policy file of the library.
struct PolicyFile {
    id: String,
    root: Value,
}

fn files(sources: &mut SourceMap, problems: &mut Vec<String>) -> Vec<PolicyFile> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(&directory).sort_by_file_name() {
        let entry = entry.expect("policies/ can be walked");
        if entry.path().extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let below = entry.path().strip_prefix(&directory).expect("walked from there").with_extension("");
        let id = below.to_string_lossy().replace('\\', "/");
        #[expect(clippy::disallowed_methods, reason = "a test reads files")]
        let text = std::fs::read_to_string(entry.path()).expect("a policy file is UTF-8");
        let file = sources.add(entry.path(), format!("policies/{id}.yaml"), text.as_str());
        let (documents, diagnostics) = yaml::parse(file, &text);
        problems.extend(diagnostics.iter().map(|it| show(sources, it)));
        match documents.into_iter().next().map(|it| it.root) {
            Some(root)
                if root.as_object().is_some_and(|it| it.get("policyRule").is_some() || it.get("title").is_some()) =>
            {
                files.push(PolicyFile { id, root });
            }
            Some(_) if id.starts_with("baa/") => {}
            _ => problems.push(format!("policies/{id}.yaml: no policy")),
        }
    }
    files
}

fn show(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let place = diagnostic.span.and_then(|span| Some((sources.get(span.file)?, span)));
    let place = place.map_or_else(String::new, |(file, span)| {
        let at = file.line_col(span.start);
        format!("{}:{}:{}: ", file.shown(), at.line, at.column)
    });
    let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
    format!("{place}{}{help}", diagnostic.message)
}

#[test]
fn every_policy_file_compiles_and_has_enough_examples() {
    let (mut sources, mut problems) = (SourceMap::default(), Vec::new());
    for file in files(&mut sources, &mut problems) {
        let (_, diagnostics) = policy::compile(&file.id, &file.root);
        problems.extend(diagnostics.iter().map(|it| show(&sources, it)));
        let (_, diagnostics) = example::read(&file.root);
        problems.extend(diagnostics.iter().map(|it| show(&sources, it)));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_example_comes_out_as_it_says() {
    let (mut sources, mut problems) = (SourceMap::default(), Vec::new());
    let mappings = Mappings::embedded();
    for file in files(&mut sources, &mut problems) {
        let (Some(policy), _) = policy::compile(&file.id, &file.root) else { continue };
        let (examples, _) = example::read(&file.root);
        let found = examples::run(&policy, &examples, &mut sources, &mappings);
        problems.extend(found.iter().map(|it| show(&sources, it)));
    }
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn every_embedded_policy_reads_as_its_file() {
    let (mut sources, mut problems) = (SourceMap::default(), Vec::new());
    let mut on_disk: Vec<String> = files(&mut sources, &mut problems).into_iter().map(|file| file.id).collect();
    on_disk.sort();
    let embedded: Vec<String> = policy::library::all().iter().map(|policy| policy.id.to_string()).collect();
    assert_eq!(on_disk, embedded);
}

#[test]
fn equivalents_are_ids_of_the_linters_that_we_name() {
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let words = |text: &str| {
        (2..=3).contains(&text.split('.').count())
            && text.split('.').all(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric()))
    };
    // Azure's own definition of transparent data encryption has a `k` in its id.
    let lower = |text: &str| text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit());
    let guid = |text: &str| text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.split('-').all(lower);
    let known = |id: &str| {
        ["CKV_AZURE_", "CKV2_AZURE_", "CKV_SECRET_"].iter().any(|head| id.strip_prefix(head).is_some_and(digits))
            || id.strip_prefix("AZU-").is_some_and(|it| it.len() == 4 && digits(it))
            || id.strip_prefix("Azure.").is_some_and(words)
            || hex(id, 8)
            || guid(id)
    };
    let mut problems = Vec::new();
    for policy in policy::library::all() {
        let wrong = policy.equivalents.iter().filter(|id| !known(id));
        problems.extend(wrong.map(|id| format!("{}: `{id}`", policy.id)));
        let twice = policy
            .equivalents
            .iter()
            .enumerate()
            .filter(|(at, id)| policy.equivalents.iter().take(*at).any(|it| it == *id));
        problems.extend(twice.map(|(_, id)| format!("{}: `{id}` twice", policy.id)));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
