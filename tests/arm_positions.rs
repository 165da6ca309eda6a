//! Every property of a template that Bicep has built has its place in the source: asked of each key, found again by its text.
//!
//! The bundled case runs always. `BAALINT_BICEP_CORPUS=DIR cargo test --release --test arm_positions -- --ignored --nocapture`
//! runs on every `main.json` beside a `main.bicep` below DIR, at most `BAALINT_BICEP_MODULES` of them, spread evenly.
//! What decides is the text of the source alone: the key stands at the place, below the declaration of that name, in the
//! file of that module. A place that is only the nearest one must be so for want of the key in the declaration.

#![expect(clippy::disallowed_methods, reason = "a test reads the disk and the environment")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use baalint::frontend::arm::{Options, Templates};
use baalint::frontend::files::normalise;
use baalint::frontend::{Files, Listed, ReadError};
use baalint::parse::json;
use baalint::source::{SourceMap, Span};
use baalint::value::{Object, Value};
use regex::Regex;

struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Arc<str>, ReadError> {
        std::fs::read_to_string(path).map(Into::into).map_err(|it| ReadError::Other(it.to_string()))
    }

    fn list(&self, _: &Path) -> Vec<Listed> {
        Vec::new()
    }
}

/// A key of a template, and what the source must say at its place.
#[derive(Debug)]
struct Asked {
    span: Span,
    /// The source file in which the place must lie.
    file: PathBuf,
    /// `resource`, `module`, `param`, `var` or `output`, and the name; of a resource without symbolic name, the type and version.
    declaration: (&'static str, String),
    /// The keys from the declaration to the property; empty for the declaration itself.
    keys: Vec<String>,
}

/// How a place is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Judged {
    /// The key, or the declaration, stands there.
    Exact,
    /// An enclosing property or the declaration: the key itself is not written in it.
    Nearest,
    /// An enclosing place although the key is written below it.
    Missed,
    /// Another declaration, file or property.
    Wrong,
    /// No place.
    Nowhere,
}

fn asked(template: &Object, source: &Path, found: &mut Vec<Asked>) {
    for (section, keyword) in [("parameters", "param"), ("variables", "var"), ("outputs", "output")] {
        for (name, entry) in template.value(section).and_then(Value::as_object).iter().flat_map(|it| &it.entries) {
            // What the compiler has made up, and what it has brought in from other files, has no declaration here.
            if !name.starts_with(|it: char| it.is_alphabetic() || it == '_') || name.contains('.') || &**name == "copy"
            {
                continue;
            }
            let span = entry.key_span.to(entry.value.span);
            let declaration = (keyword, name.to_string());
            found.push(Asked { span, file: source.into(), declaration: declaration.clone(), keys: Vec::new() });
            let inner = match keyword {
                "param" => entry.value.as_object().and_then(|it| it.value("defaultValue")),
                "output" => entry.value.as_object().and_then(|it| it.value("value")),
                _ => Some(&entry.value),
            };
            if let Some(inner) = inner {
                below(inner, source, &declaration, &mut Vec::new(), found);
            }
        }
    }
    let text = std::fs::read_to_string(source).unwrap_or_default();
    let resources = template.value("resources");
    for (symbol, entry) in resources.and_then(Value::as_object).iter().flat_map(|it| &it.entries) {
        let last = symbol.rsplit("::").next().unwrap();
        let module = Regex::new(&format!(r"(?m)^\s*module\s+{last}\s+'([^']+)'")).unwrap();
        let target = module.captures(&text).map(|it| it[1].to_owned());
        let declaration = (if target.is_some() { "module" } else { "resource" }, last.to_owned());
        of_resource(&entry.value, source, &declaration, target.as_deref(), found);
    }
    for item in resources.and_then(Value::as_array).iter().flat_map(|it| &it.items) {
        let part = |key: &str| item.as_object()?.value(key)?.as_str();
        let (Some(kind), Some(version), Some(name)) = (part("type"), part("apiVersion"), part("name")) else {
            continue;
        };
        let module = (kind == "Microsoft.Resources/deployments").then(|| module_named(&text, name));
        let declaration = match &module {
            Some(Some((symbol, _))) => ("module", symbol.clone()),
            // Which of the modules it is cannot be told from the names: not asked.
            Some(None) => continue,
            None => ("resource", format!("{kind}@{version}")),
        };
        let module = module.flatten();
        of_resource(item, source, &declaration, module.as_ref().map(|it| it.1.as_str()), found);
    }
}

/// The only module of a file whose name shares the longest text with the name of a deployment, and its target.
fn module_named(source: &str, name: &str) -> Option<(String, String)> {
    let words = Regex::new(r"[A-Za-z][\w-]*\w").unwrap();
    let long = words.find_iter(name).map(|it| it.as_str()).filter(|it| !["format", "deployment"].contains(it));
    let longest = long.max_by_key(|it| it.len())?;
    let module = Regex::new(r"(?m)^module\s+(\w+)\s+'([^']+)'[^\n]*\n(?:\s*scope:[^\n]*\n)?\s*name:([^\n]*)").unwrap();
    let mut all = module.captures_iter(source).filter(|it| it[3].contains(longest));
    let found = all.next()?;
    all.next().is_none().then(|| (found[1].to_owned(), found[2].to_owned()))
}

fn of_resource(
    resource: &Value,
    source: &Path,
    declaration: &(&'static str, String),
    target: Option<&str>,
    found: &mut Vec<Asked>,
) {
    let Some(body) = resource.as_object() else { return };
    for (key, property) in &body.entries {
        let span = property.key_span.to(property.value.span);
        match (&**key, target) {
            ("type" | "apiVersion", _) => {
                found.push(Asked { span, file: source.into(), declaration: declaration.clone(), keys: Vec::new() });
            }
            ("properties", Some(target)) => {
                in_module(property.value.as_object(), source, target, declaration, found);
            }
            ("dependsOn" | "condition" | "copy" | "scope" | "existing" | "metadata", None) | (_, Some(_)) => {}
            _ => below_key(key, span, &property.value, source, declaration, &mut Vec::new(), found),
        }
    }
}

fn in_module(
    properties: Option<&Object>,
    source: &Path,
    target: &str,
    declaration: &(&'static str, String),
    found: &mut Vec<Asked>,
) {
    let Some(properties) = properties else { return };
    for (name, entry) in properties.value("parameters").and_then(Value::as_object).iter().flat_map(|it| &it.entries) {
        let mut keys = vec!["params".to_owned()];
        let value = entry.value.as_object().and_then(|it| it.value("value"));
        let span = entry.key_span.to(entry.value.span);
        below_key(name, span, value.unwrap_or(&entry.value), source, declaration, &mut keys, found);
    }
    let Some(inner) = properties.value("template").and_then(Value::as_object) else { return };
    if target.contains(':') || Path::new(target).extension().is_none_or(|it| it != "bicep") {
        // A module from elsewhere: its declaration is all there is.
        everything(inner, source, declaration, found);
    } else {
        asked(inner, &normalise(&source.parent().unwrap().join(target)), found);
    }
}

fn everything(object: &Object, source: &Path, declaration: &(&'static str, String), found: &mut Vec<Asked>) {
    for entry in object.entries.values() {
        let span = entry.key_span.to(entry.value.span);
        found.push(Asked { span, file: source.into(), declaration: declaration.clone(), keys: Vec::new() });
        let items = entry.value.as_array().map_or(std::slice::from_ref(&entry.value), |it| &it.items);
        items.iter().filter_map(Value::as_object).for_each(|it| everything(it, source, declaration, found));
    }
}

fn below(
    value: &Value,
    source: &Path,
    declaration: &(&'static str, String),
    keys: &mut Vec<String>,
    found: &mut Vec<Asked>,
) {
    for item in value.as_array().iter().flat_map(|it| &it.items) {
        below(item, source, declaration, keys, found);
    }
    for (key, entry) in value.as_object().iter().flat_map(|it| &it.entries) {
        if &**key == "copy" {
            continue;
        }
        below_key(key, entry.key_span.to(entry.value.span), &entry.value, source, declaration, keys, found);
    }
}

fn below_key(
    key: &str,
    span: Span,
    value: &Value,
    source: &Path,
    declaration: &(&'static str, String),
    keys: &mut Vec<String>,
    found: &mut Vec<Asked>,
) {
    keys.push(key.to_owned());
    found.push(Asked { span, file: source.into(), declaration: declaration.clone(), keys: keys.clone() });
    below(value, source, declaration, keys, found);
    keys.pop();
}

/// The keyword and name of a line that declares something.
fn declared(line: &str) -> Option<(&str, &str)> {
    let mut words = line.trim_start().split(|it: char| !it.is_alphanumeric() && it != '_');
    let keyword = words.next().filter(|it| ["resource", "module", "param", "var", "output"].contains(it))?;
    words.next().filter(|it| !it.is_empty()).map(|name| (keyword, name))
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The declaration above a line, and the keys of the lines in between, by their indentation.
fn around<'t>(lines: &[&'t str], line: usize) -> (Option<(&'t str, &'t str)>, Vec<&'t str>, usize) {
    let mut keys = Vec::new();
    let mut least = indentation(lines[line]);
    if let Some(declaration) = declared(lines[line]) {
        return (Some(declaration), keys, line);
    }
    for at in (0..line).rev() {
        let text = lines[at];
        if text.trim().is_empty() || indentation(text) >= least {
            continue;
        }
        // What closes something is no place that holds what follows.
        if text.trim_start().starts_with(['}', ']', ')']) {
            continue;
        }
        if let Some(declaration) = declared(text) {
            return (Some(declaration), keys, at);
        }
        least = indentation(text);
        if let Some((key, _)) = text.trim().split_once(':')
            && key.chars().all(|it| it.is_alphanumeric() || "_-.$'".contains(it))
        {
            keys.insert(0, key.trim_matches('\''));
        }
    }
    (None, keys, line)
}

fn judge(asked: &Asked, part: bool, place: Option<&Span>, sources: &SourceMap) -> Judged {
    let Some(place) = place else { return Judged::Nowhere };
    let file = sources.get(place.file).unwrap();
    if normalise(file.path()) != asked.file {
        return Judged::Wrong;
    }
    let lines: Vec<&str> = file.text().lines().collect();
    let line = file.line_col(place.start).line as usize - 1;
    let (declaration, keys, start) = around(&lines, line);
    let (keyword, name) = (asked.declaration.0, asked.declaration.1.as_str());
    // A nested resource is declared with the last segment of its type.
    let of_type = |line: &str| {
        line.contains(name) || name.rsplit('/').next().is_some_and(|it| line.contains(it.split('@').next().unwrap()))
    };
    let same = declaration
        .is_some_and(|it| it.0 == keyword && (it.1 == name || (name.contains('@') && of_type(lines[start]))));
    if !same {
        return Judged::Wrong;
    }
    if part {
        // A part of a value: below the key, or on its line.
        let own = lines[line].split(':').next().unwrap().trim().trim_matches('\'');
        let mut here = keys.iter().copied().chain([own]);
        let below = asked.keys.iter().all(|key| here.any(|it| it.eq_ignore_ascii_case(key)));
        return if below { Judged::Exact } else { Judged::Missed };
    }
    let Some(last) = asked.keys.last() else {
        let here = file.slice(*place);
        return if (here.contains(name) || of_type(here)) && line == start { Judged::Exact } else { Judged::Wrong };
    };
    let mut path = asked.keys.iter();
    if !keys.iter().all(|key| path.any(|it| it.eq_ignore_ascii_case(key))) {
        return Judged::Wrong;
    }
    let text = file.slice(*place).trim_start_matches('\'');
    let key = text.get(..last.len()).is_some_and(|it| it.eq_ignore_ascii_case(last));
    if key && text[last.len()..].trim_start_matches('\'').trim_start().starts_with(':') {
        return Judged::Exact;
    }
    let end = (start + 1..lines.len()).find(|at| {
        let line = lines[*at];
        !line.trim().is_empty() && indentation(line) <= indentation(lines[start]) && declared(line).is_some()
    });
    let written = Regex::new(&format!(r"(?mi)(^|[\s'{{]){}'?\s*:", regex::escape(last))).unwrap();
    let inside = lines[start..end.unwrap_or(lines.len())].join("\n");
    if written.is_match(&inside) { Judged::Missed } else { Judged::Nearest }
}

/// Judges every key of a template; what is not exact is shown.
fn positions(template: &Path) -> (BTreeMap<Judged, usize>, Vec<String>) {
    let mut sources = SourceMap::default();
    let text = std::fs::read_to_string(template).unwrap();
    let id = sources.add(template, template.to_string_lossy(), text.clone());
    let scanned = sources.files().to_vec();
    let (document, _) = json::parse(id, &text);
    let root = document.unwrap().root;
    let mut questions = Vec::new();
    asked(root.as_object().unwrap(), &normalise(&template.with_extension("bicep")), &mut questions);
    let (templates, _) = Templates::load(&scanned, &Disk, &mut sources, &Options::default());
    let (places, told) = templates.bicep_places(questions.iter().map(|it| it.span), &Disk, &mut sources);
    let mut counts = BTreeMap::new();
    let mut lines: Vec<String> = told.iter().map(|it| format!("told: {}", it.message)).collect();
    for question in &questions {
        let place = places.get(&question.span);
        let judged = judge(question, false, place, &sources);
        *counts.entry(judged).or_insert(0) += 1;
        if judged > Judged::Nearest {
            let file = sources.get(id).unwrap();
            let at = place.map(|it| {
                let file = sources.get(it.file).unwrap();
                let text: String = file.slice(*it).chars().take(60).collect();
                format!("{}:{} {text:?}", file.shown(), file.line_col(it.start).line)
            });
            lines.push(format!(
                "{judged:?} {}:{} {} {} {:?} -> {}",
                file.shown(),
                file.line_col(question.span.start).line,
                question.declaration.0,
                question.declaration.1,
                question.keys.join("."),
                at.unwrap_or_default()
            ));
        }
    }
    (counts, lines)
}

/// Judges the labels of the findings of a template; those on something else than a key are counted apart.
fn labels(template: &Path) -> (BTreeMap<Judged, usize>, usize, Vec<String>) {
    let mut sources = SourceMap::default();
    let text = std::fs::read_to_string(template).unwrap();
    let id = sources.add(template, template.to_string_lossy(), text.clone());
    let mut questions = Vec::new();
    let root = json::parse(id, &text).0.unwrap().root;
    asked(root.as_object().unwrap(), &normalise(&template.with_extension("bicep")), &mut questions);
    let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_baalint"));
    run.args(["check", "--format", "json", "--config", "/dev/null"]).arg(template);
    let report: serde_json::Value = serde_json::from_slice(&run.output().unwrap().stdout).unwrap();
    let (mut counts, mut others, mut lines) = (BTreeMap::new(), 0, Vec::new());
    for finding in report["findings"].as_array().unwrap() {
        let number = |value: &serde_json::Value| u32::try_from(value.as_u64().unwrap()).unwrap() - 1;
        let built = finding["related"].as_array().unwrap().iter().find(|it| it["message"] == BUILT);
        let (judged, at) = if let Some(built) = built {
            let start = sources.get(id).unwrap().offset_of_utf16(number(&built["line"]), number(&built["column"]));
            let path = std::path::absolute(finding["file"].as_str().unwrap()).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let source = sources.add(path, "", text);
            let source = sources.get(source).unwrap();
            let offset =
                |line: &str, column: &str| source.offset_of_utf16(number(&finding[line]), number(&finding[column]));
            let place = Span::new(source.id(), offset("line", "column"), offset("end_line", "end_column"));
            let Some(question) = innermost(&questions, start) else {
                others += 1;
                lines.push(format!("Other {} {}:{}", finding["policy"], finding["file"], finding["line"]));
                continue;
            };
            (judge(question, question.span.start != start, Some(&place), &sources), start)
        } else {
            (Judged::Nowhere, 0)
        };
        *counts.entry(judged).or_insert(0) += 1;
        if judged > Judged::Nearest {
            lines.push(format!("{judged:?} {} {}:{} at {at}", finding["policy"], finding["file"], finding["line"]));
        }
    }
    (counts, others, lines)
}

/// The key whose entry begins at a place, or else holds it most closely: a label may be on a part of a value.
fn innermost(questions: &[Asked], start: u32) -> Option<&Asked> {
    let holds = questions.iter().filter(|it| it.span.start <= start && start < it.span.end);
    holds.min_by_key(|it| (it.span.start != start, it.span.len()))
}

/// What a finding says of the text in the template.
const BUILT: &str = "built from this, in the template";

#[test]
fn the_portal_lands_on_its_lines() {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/projects/patient-portal/bicep/main.json");
    let (counts, wrong) = positions(&template);
    assert_eq!(wrong, [""; 0]);
    assert!(counts[&Judged::Exact] > 200, "{counts:?}");
    let (counts, others, wrong) = labels(&template);
    assert_eq!((others, wrong), (0, Vec::new()));
    assert!(counts[&Judged::Exact] > 50, "{counts:?}");
}

#[test]
#[ignore = "needs a corpus: set BAALINT_BICEP_CORPUS"]
fn properties_of_a_corpus_land_on_their_lines() {
    let Ok(corpus) = std::env::var("BAALINT_BICEP_CORPUS") else { return };
    let number = |name: &str, otherwise: usize| std::env::var(name).map_or(otherwise, |it| it.parse().unwrap());
    let mut modules: Vec<PathBuf> = Vec::new();
    for entry in walkdir::WalkDir::new(corpus).sort_by_file_name().into_iter().flatten() {
        if entry.file_name() == "main.json" && entry.path().with_extension("bicep").is_file() {
            modules.push(entry.into_path());
        }
    }
    let wanted = number("BAALINT_BICEP_MODULES", 100).min(modules.len());
    let shown = number("BAALINT_BICEP_SHOW", 40);
    let (mut totals, mut found) = (BTreeMap::new(), BTreeMap::new());
    let (mut others, mut lines) = (0, Vec::new());
    let add = |sum: &mut BTreeMap<Judged, usize>, counts: BTreeMap<Judged, usize>| {
        for (judged, count) in counts {
            *sum.entry(judged).or_default() += count;
        }
    };
    for index in 0..wanted {
        let module = &modules[index * modules.len() / wanted];
        let (counts, wrong) = positions(module);
        add(&mut totals, counts);
        lines.extend(wrong);
        let (counts, apart, wrong) = labels(module);
        add(&mut found, counts);
        others += apart;
        lines.extend(wrong);
    }
    let step = (lines.len() / shown.max(1)).max(1);
    lines.iter().step_by(step).for_each(|line| println!("{line}"));
    println!("{wanted} modules; {others} labels on something else than a key");
    let share = share_of_right(&totals, "keys and declarations").min(share_of_right(&found, "labels of findings"));
    assert!(share > 99.0, "{share} % are right");
}

/// Prints how many are right, and gives the share.
fn share_of_right(counts: &BTreeMap<Judged, usize>, what: &str) -> f64 {
    let all: usize = counts.values().sum();
    let right = counts.get(&Judged::Exact).unwrap_or(&0) + counts.get(&Judged::Nearest).unwrap_or(&0);
    println!("{all} {what}: {counts:?}");
    #[expect(clippy::cast_precision_loss, reason = "a share that is read by people")]
    let share = right as f64 * 100.0 / all.max(1) as f64;
    println!("    {share:.2} % right");
    share
}
