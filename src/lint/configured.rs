//! What the configuration does to a run: which one holds, the paths and values that it names, and how findings follow it.
//!
//! In: a request and `baalint.yaml`. Out: shelves, values, settings, and findings with the severities and exceptions of the
//! team. Knows neither a policy's condition nor how anything is judged.

use std::path::{Path, PathBuf};

use super::library::{Library, Shelves, unknown_patterns};
use super::{Request, Values, read_text, sensitivity, shown};
use crate::config::{self, Config};
use crate::diagnostic::{Code, Diagnostic};
use crate::eval::Settings;
use crate::finding::Finding;
use crate::glob::{matches, matches_path};
use crate::source::SourceMap;
use crate::suppress::Day;
use crate::value::Value;

/// The configuration that was named, or the nearest one upwards from the first path.
pub(super) fn read_config(request: &Request, sources: &mut SourceMap, diagnostics: &mut Vec<Diagnostic>) -> Config {
    let start = request.paths.first().map_or(Path::new("."), PathBuf::as_path);
    let start = if request.paths.is_empty() { request.buffers.first().map_or(start, |it| &it.path) } else { start };
    let Some(path) = request.config.clone().or_else(|| nearest_config(start)) else { return Config::default() };
    match read_text(&path) {
        Ok(text) => {
            let id = sources.add(&path, shown(&path), text);
            let Some(file) = sources.get(id).cloned() else { return Config::default() };
            let (config, told) = config::read(&file);
            diagnostics.extend(told);
            config
        }
        Err(error) => {
            let message = format!("could not be read: {error}");
            diagnostics.push(Diagnostic::of_path(Code::Config, shown(&path), message).with_help("check `--config`"));
            Config::default()
        }
    }
}

pub(super) fn nearest_config(start: &Path) -> Option<PathBuf> {
    let full = std::path::absolute(start).ok()?;
    let here = std::env::current_dir().ok()?;
    let found =
        full.ancestors().flat_map(|above| config::NAMES.map(|name| above.join(name))).find(|it| it.is_file())?;
    Some(found.strip_prefix(&here).map(Path::to_path_buf).unwrap_or(found))
}

/// A path that the configuration names, from where the configuration is.
pub(super) fn named_path(name: &config::Named, sources: &SourceMap) -> Option<PathBuf> {
    let directory = sources.get(name.span.file)?.path().parent()?;
    Some(directory.join(&name.text))
}

fn named_paths(names: &[config::Named], sources: &SourceMap) -> Vec<PathBuf> {
    names.iter().filter_map(|name| named_path(name, sources)).collect()
}

/// Policies that the configuration names, after those of the command line.
pub(super) fn with_config_shelves(shelves: &Shelves, config: &Config, sources: &SourceMap) -> Shelves {
    let mut shelves = shelves.clone();
    shelves.directories.extend(named_paths(&config.policies, sources));
    shelves.azure_policy.extend(named_paths(&config.azure_policy, sources));
    shelves
}

pub(super) fn with_config(
    values: Values,
    config: &Config,
    sources: &SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Values {
    let mut values = values;
    // What the command line names comes later, and wins.
    let files = named_paths(&config.var_files, sources).into_iter();
    values.terraform.variable_files = files.chain(values.terraform.variable_files).collect();
    let files = named_paths(&config.parameters, sources).into_iter();
    values.parameters = files.chain(values.parameters).collect();
    for path in values.terraform.variable_files.iter().chain(&values.parameters).filter(|path| !path.is_file()) {
        let message = "does not exist, so its values are not used";
        diagnostics.push(Diagnostic::of_path(Code::Unreadable, shown(path), message).with_help("check the path"));
    }
    values
}

pub(super) fn wrong_patterns(
    select: &[String],
    ignore: &[String],
    config: &Config,
    library: &Library,
) -> Vec<Diagnostic> {
    let mut names: Vec<_> = select.iter().chain(ignore).map(|it| (it.clone(), None)).collect();
    let named = |it: &config::Named| (it.text.clone(), Some(it.span));
    names.extend(config.select.iter().chain(&config.ignore).map(named));
    names.extend(config.severity.iter().map(|(it, _)| named(it)));
    for one in &config.overrides {
        names.extend(one.ignore.iter().map(named));
        names.extend(one.severity.iter().map(|(it, _)| named(it)));
    }
    if names.is_empty() { Vec::new() } else { unknown_patterns(&names, &library.ids()) }
}

/// The configured values; one that no policy asks for is a mistake.
pub(super) fn settings(config: &Config, library: &Library, today: Day, diagnostics: &mut Vec<Diagnostic>) -> Settings {
    let mut settings = Settings::default();
    if config.values.is_empty() {
        return settings;
    }
    let policies = library.all();
    let mut known: Vec<&str> =
        policies.iter().flat_map(|it| &it.parameters).filter_map(|it| it.config.as_deref()).collect();
    known.push(sensitivity::VALUES);
    known.sort_unstable();
    known.dedup();
    for (name, (value, span)) in &config.values {
        if known.contains(&&**name) {
            settings.values.insert(name.clone(), in_force(value, today, diagnostics));
        } else {
            let message = format!("no policy asks for the value `{name}`");
            let meant = crate::policy::suggest::nearest(name, known.iter().copied());
            let help =
                meant.map_or(format!("known values: {}", known.join(", ")), |it| format!("did you mean `{it}`?"));
            diagnostics.push(Diagnostic::error(Code::Config, *span, message).with_help(help));
        }
    }
    settings
}

/// Of a list whose elements may be `{ name: x, until: 2027-03-31 }`, the names that hold today: what has ended is told.
fn in_force(value: &Value, today: Day, diagnostics: &mut Vec<Diagnostic>) -> Value {
    let Some(array) = value.as_array() else { return value.clone() };
    let mut items = Vec::new();
    for item in &array.items {
        let part = |key: &str| item.as_object().and_then(|it| it.value(key));
        let (Some(name), Some(until)) = (part("name"), part("until")) else {
            items.push(item.clone());
            continue;
        };
        let shown = name.as_str().unwrap_or_default();
        match until.as_str().and_then(Day::parse) {
            Some(day) if day >= today => items.push(name.clone()),
            Some(day) => {
                let message = format!("`{shown}` was allowed until {day}");
                diagnostics.push(Diagnostic::warning(Code::Config, until.span, message));
            }
            None => {
                let message = "`until` is a day such as 2027-03-31".to_owned();
                diagnostics.push(Diagnostic::error(Code::Config, until.span, message));
            }
        }
    }
    Value::array(items, value.span)
}

/// Severities and overrides of the configuration.
pub(super) fn configure(findings: &mut Vec<Finding>, config: &Config, sources: &SourceMap) {
    if config.severity.is_empty() && config.overrides.is_empty() {
        return;
    }
    for finding in findings.iter_mut() {
        let path = path_of(finding, sources);
        let here = config.overrides.iter().filter(|it| it.paths.iter().any(|glob| matches_path(&glob.text, &path)));
        let mut severities = config.severity.iter().chain(here.flat_map(|it| &it.severity));
        if let Some((_, severity)) = severities.rfind(|(glob, _)| matches(&glob.text, &finding.policy.id)) {
            finding.severity = *severity;
            finding.raised = None;
        }
    }
    findings.retain(|finding| {
        let path = path_of(finding, sources);
        let mut here = config.overrides.iter().filter(|it| it.paths.iter().any(|glob| matches_path(&glob.text, &path)));
        !here.any(|it| it.ignore.iter().any(|glob| matches(&glob.text, &finding.policy.id)))
    });
}

fn path_of(finding: &Finding, sources: &SourceMap) -> String {
    sources.get(finding.resource.span.file).map(|file| file.shown().to_owned()).unwrap_or_default()
}
