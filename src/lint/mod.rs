//! The run: discover, read, parse, lower, link, evaluate, filter.
//!
//! In: a [`Request`]. Out: a [`Run`]: the report, what the configuration says, and how long each step took. The one place where
//! front ends and policies meet; it decides nothing that either of them could.

mod bicep;
pub mod changes;
mod compile;
mod configured;
pub mod findings;
pub mod fix;
mod gather;
mod judge;
mod key_chain;
pub mod library;
mod masking;
mod narrow;
mod root;
mod sensitivity;
pub mod session;
mod shelf;
pub mod tally;
mod totals;
mod units;
mod workers;
pub mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashSet;

use self::changes::Since;
use self::configured::{
    configure, named_path, nearest_config, read_config, settings, with_config, with_config_shelves, wrong_patterns,
};
use self::gather::Merging;
use self::judge::Judgement;
use self::library::{Library, Selection, Shelves};
use self::narrow::{directory_of, keep_changed, keep_named};
use self::root::{Bench, Keep};
use self::shelf::Shelf;
use self::tally::Tally;
pub use self::totals::Remains;
use self::totals::{Timings, sort_diagnostics, summary};
pub use self::units::Values;
use self::workers::Workers;
use crate::config::Config;
use crate::diagnostic::{Code, Diagnostic};
use crate::discover::{self, Buffer, Discovered, Disk, Kind, Wanted};
use crate::eval;
use crate::finding::Finding;
use crate::frontend::Files as _;
use crate::frontend::terraform::{Mappings, Statistics};
use crate::model::ResourceGraph;
use crate::policy::Policy;
use crate::report::Report;
use crate::source::{SourceFile, SourceMap};
use crate::suppress::baseline::Baseline;
use crate::suppress::{Day, Suppressions};
use crate::value::{Value, ValueKind};

/// What to judge, by what, and what to leave out of the report.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Request {
    /// Files and directories.
    pub paths: Vec<PathBuf>,
    /// Texts that stand in for files on disk.
    pub buffers: Vec<Buffer>,
    /// Texts that stand in for files that are found anyway: what an edit would make of them.
    pub overlay: Vec<Buffer>,
    /// Whether to work out edits that would satisfy the findings.
    pub fixes: bool,
    /// Whether to keep the graphs; those of a large tree take more memory than everything else.
    pub graphs: bool,
    /// Globs of paths that are left out.
    pub exclude: Vec<String>,
    /// Values for what the inputs leave open.
    pub values: Values,
    /// Where policies come from.
    pub shelves: Shelves,
    /// Mapping files in the place of the embedded ones.
    pub mappings: Option<PathBuf>,
    /// The configuration file; found upwards when nothing is said.
    pub config: Option<PathBuf>,
    /// Only these policies.
    pub select: Vec<String>,
    /// Not these policies.
    pub ignore: Vec<String>,
    /// At most so many threads.
    pub threads: Option<usize>,
    /// Whether recorded exceptions hold.
    pub suppressions: bool,
    /// Whether those of other linters hold.
    pub foreign: bool,
    /// Known findings.
    pub baseline: Option<PathBuf>,
    /// Report only what changed.
    pub since: Option<Since>,
    /// The day on which exceptions are looked at.
    pub today: Day,
}

impl Request {
    /// Everything below the paths, by the built-in policies, recorded exceptions respected.
    pub fn of(paths: Vec<PathBuf>, today: Day) -> Self {
        Self {
            paths,
            buffers: Vec::new(),
            overlay: Vec::new(),
            fixes: false,
            graphs: false,
            exclude: Vec::new(),
            values: Values::default(),
            shelves: Shelves::default(),
            mappings: None,
            config: None,
            select: Vec::new(),
            ignore: Vec::new(),
            threads: None,
            suppressions: true,
            foreign: false,
            baseline: None,
            since: None,
            today,
        }
    }
}

/// The result of a run.
#[derive(Debug, Default)]
pub struct Run {
    /// What was found.
    pub report: Report,
    /// What the configuration says.
    pub config: Config,
    /// The roots that were judged; only when somebody asked.
    pub graphs: Vec<ResourceGraph>,
    /// Step and time, in order.
    pub timings: Vec<(&'static str, Duration)>,
    /// How much of the input is known.
    pub statistics: Statistics,
    /// The same by language; filled on request.
    pub tally: Tally,
    /// What fails or cannot be told, suppressed or not: policy, root, address, verdict.
    pub verdicts: Vec<Told>,
    /// The texts as they were read; those of the report hide secrets.
    pub texts: SourceMap,
    /// The threads, for who prints it.
    workers: Option<Workers>,
    /// What was needed on the way, for whoever would rather not wait until it is freed.
    pub remains: Remains,
}

impl Run {
    /// Makes so many parts of what is printed, in order, on the threads of the run.
    pub fn parts(&self, count: usize, part: &(dyn Fn(usize) -> Vec<u8> + Sync)) -> Vec<Vec<u8>> {
        workers::parts(self.workers.as_ref(), count, part)
    }
}

/// An outcome that is no pass: policy, root, address, verdict.
pub type Told = (Arc<str>, Arc<str>, Arc<str>, eval::Verdict);

/// Does all of it.
#[expect(clippy::needless_pass_by_value, reason = "a request is made for one run")]
#[expect(clippy::too_many_lines, reason = "the steps of a run, each one call, in their order")]
pub fn run(request: Request) -> Run {
    let mut timings = Timings::new();
    let mut run = Run::default();
    let mut sources = SourceMap::default();
    let mut diagnostics = Vec::new();
    run.config = read_config(&request, &mut sources, &mut diagnostics);
    let config = &run.config;
    let library =
        Library::read(&with_config_shelves(&request.shelves, config, &sources), &mut sources, &mut diagnostics);
    timings.step("policies");
    // The configuration and the policies are no inputs: what looks like a suppression there is none.
    let first_input = sources.files().len();
    let walked = discover::walk(wanted(&request, config));
    let workers = Workers::new(request.threads, walked.len());
    let mut found = workers.run(|| walked.read(&mut sources));
    diagnostics.append(&mut found.diagnostics);
    diagnostics.extend(request.values.bicep_root.as_ref().and_then(|root| allow(root, &mut found.disk)));
    let built = compile::build(&found.bicep.named, &found.disk, &mut sources, &mut diagnostics);
    let fresh = bicep::Fresh::add(built, &found.disk, &mut found.inputs, &mut sources, &mut diagnostics);
    timings.step("discover");

    let values = with_config(request.values.clone(), config, &sources, &mut diagnostics);
    let (mappings, told) = mappings(request.mappings.as_deref());
    diagnostics.extend(told);
    let selection = Selection::new(&request.select, &request.ignore, config);
    let policies = Shelf::new(&library, selection.clone());
    diagnostics.extend(wrong_patterns(&request.select, &request.ignore, config, &library));
    let settings = settings(config, &library, request.today, &mut diagnostics);
    let keeps_graphs = request.graphs || request.fixes || request.values.statistics;
    let bench = Bench::new(
        &policies,
        &settings,
        Keep { graph: keeps_graphs, told: request.fixes },
        most_findings(&found, &sources),
    );
    let judge = |graph, sources: &SourceMap| bench.judge(graph, sources);
    let mut units = workers.run(|| units::units(&found.inputs, &found.disk, &mut sources, &values, &mappings, &judge));
    diagnostics.extend(units.take_diagnostics());
    diagnostics.extend(bicep::not_built(units.templates.as_ref(), &found.bicep.found, &found.disk));
    let mut inputs: Vec<SourceFile> = sources.files().get(first_input..).unwrap_or(&[]).to_vec();
    timings.step("lower");
    // Each root is judged by the thread that lowered it.
    timings.part_of_last("evaluate", bench.took() / workers.threads());

    let (mut judgement, mut merging) = (Judgement::default(), Merging::of(units.graphs.iter().map(|it| &it.gathered)));
    let (mut verdicts, mut secrets, mut graphs) = (Vec::new(), Vec::new(), Vec::new());
    for (at, root) in std::mem::take(&mut units.graphs).into_iter().enumerate() {
        judgement.add(root.judgement);
        merging.add(at, root.gathered);
        verdicts.extend(root.told);
        secrets.extend(root.secrets);
        graphs.extend(root.graph);
    }
    let (mut findings, told) = merging.finish(&sources);
    diagnostics.extend(told);
    configure(&mut findings, config, &sources);
    if let Some(templates) = &units.templates {
        let (read, told) = bicep::point(templates, &found.disk, &mut sources, &mut findings);
        inputs.extend(read);
        diagnostics.extend(told);
    }
    if request.suppressions {
        let exceptions = &config.suppressions;
        let read = || Suppressions::read(&inputs, exceptions, request.today, request.foreign);
        let mut all = workers.run(read);
        all.apply(&sources, &mut findings);
        let ids = if all.is_empty() { Vec::new() } else { library.ids() };
        diagnostics.extend(all.finish(&ids, &|id| selection.has(id)));
    }
    let baseline =
        request.baseline.clone().or_else(|| config.baseline.as_ref().and_then(|it| named_path(it, &sources)));
    if let Some(path) = baseline {
        diagnostics.extend(apply_baseline(&path, &mut findings));
    }
    let mut named = request.paths.clone();
    named.extend(request.buffers.iter().map(|it| it.path.clone()).chain(fresh.paths.iter().cloned()));
    // What a plan says is reported where the configuration beside it says it.
    let planned = found.inputs.iter().any(|it| it.named && it.kind == Kind::Plan);
    keep_named(&mut findings, &named, request.since.is_none() && !planned, &sources);
    if let Some(since) = &request.since {
        keep_changed(&mut findings, since, &request, &sources, &mut diagnostics);
    }
    bicep::share(&mut findings);
    if let Some(templates) = &units.templates {
        fresh.only_sources(templates, &found.disk, &mut sources, &mut findings, &mut diagnostics);
    }
    if units.files == 0 && diagnostics.is_empty() {
        diagnostics.push(nothing_to_judge(&request.paths));
    }
    let summary = summary(&units, &judgement, &findings);
    sort_diagnostics(&mut diagnostics, &sources);
    if request.fixes {
        run.verdicts = judge::in_order(verdicts);
        run.texts = sources.clone();
        fix::propose(&mut findings, &graphs, &policies, &mappings, &settings, &sources);
    }
    workers.run(|| masking::mask(secrets, &mut sources, &mut findings));
    timings.step("report");
    run.report = Report { sources, findings, diagnostics, summary };
    run.graphs = graphs;
    run.statistics = std::mem::take(&mut units.statistics);
    if request.values.statistics {
        run.graphs.iter().for_each(|graph| run.tally.add(graph));
    }
    run.timings = timings.steps;
    drop(bench);
    run.workers = Some(workers);
    run.remains = Remains::of((units, judgement, policies, library, found, inputs, mappings, settings));
    run
}

/// The most findings of one root.
fn most_findings(found: &Discovered, sources: &SourceMap) -> usize {
    // Whatever a small input holds fits, and asking takes time.
    const SMALL: usize = 512 * 1024;
    if sources.files().iter().map(|it| it.text().len()).sum::<usize>() < SMALL {
        return gather::MOST;
    }
    let directories: FxHashSet<&Path> = found.inputs.iter().filter_map(|it| it.path.parent()).collect();
    gather::most(found.disk.memory(), directories.len())
}

fn wanted(request: &Request, config: &Config) -> Wanted {
    let exclude = config.exclude.iter().map(|it| it.text.clone()).chain(request.exclude.iter().cloned());
    let (paths, buffers, mut overlay) = (request.paths.clone(), request.buffers.clone(), request.overlay.clone());
    if request.since == Some(Since::Staged) {
        // What git cannot tell here is told where it is asked what changed.
        overlay.extend(changes::staged_texts(directory_of(&request.paths)).unwrap_or_default());
    }
    Wanted { paths, buffers, overlay, exclude: exclude.collect(), threads: request.threads }
}

/// Sources of templates may be looked up below `root`.
fn allow(root: &Path, disk: &mut Disk) -> Option<Diagnostic> {
    if root.is_dir() {
        disk.allow(root);
        return None;
    }
    let message = "is no directory, so no Bicep source is looked up in it";
    Some(Diagnostic::of_path(Code::Unreadable, shown(root), message).with_help("check `--bicep-root`"))
}

/// The embedded mapping files, or those with the ones of a directory in their place.
pub fn mappings(directory: Option<&Path>) -> (Mappings, Vec<Diagnostic>) {
    let Some(directory) = directory else { return (Mappings::embedded(), Vec::new()) };
    let mut diagnostics = Vec::new();
    let mut files = Vec::new();
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "yaml"));
    paths.sort();
    for path in paths {
        let stem = path.file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        let text = read_text(&path).map_err(|error| error.to_string());
        match text.and_then(|text| mapping_json(&text)) {
            Ok(json) => files.push((stem, json)),
            Err(error) => diagnostics.push(Diagnostic::of_path(Code::Policy, shown(&path), error)),
        }
    }
    let (mappings, told) = Mappings::with_files(files);
    diagnostics.extend(told);
    (mappings, diagnostics)
}

/// A mapping file as the JSON that is embedded otherwise.
fn mapping_json(text: &str) -> Result<serde_json::Value, String> {
    let (documents, diagnostics) = crate::parse::yaml::parse(crate::source::FileId(0), text);
    match (documents.into_iter().next(), diagnostics.into_iter().next()) {
        (_, Some(diagnostic)) => Err(diagnostic.message),
        (Some(document), None) => Ok(to_json(&document.root)),
        (None, None) => Err("is empty".to_owned()),
    }
}

/// A value without its places.
fn to_json(value: &Value) -> serde_json::Value {
    match &value.kind {
        ValueKind::Null | ValueKind::Unknown(_) => serde_json::Value::Null,
        ValueKind::Bool(flag) => (*flag).into(),
        ValueKind::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().into(),
        },
        ValueKind::String(text) => serde_json::Value::String(text.to_string()),
        ValueKind::Array(array) => array.items.iter().map(to_json).collect(),
        ValueKind::Object(object) => {
            object.entries.iter().map(|(key, entry)| (key.to_string(), to_json(&entry.value))).collect()
        }
    }
}

fn apply_baseline(path: &Path, findings: &mut [Finding]) -> Vec<Diagnostic> {
    let text = match read_text(path) {
        Ok(text) => text,
        Err(error) => {
            let told = Diagnostic::of_path(Code::Config, shown(path), format!("could not be read: {error}"));
            return vec![told.with_help("write it with `baalint baseline write`")];
        }
    };
    let baseline = match Baseline::parse(&text) {
        Ok(baseline) => baseline,
        Err(message) => return vec![Diagnostic::of_path(Code::Config, shown(path), message)],
    };
    let gone = baseline.apply(findings);
    if gone.is_empty() {
        return Vec::new();
    }
    let message = format!("{} of its findings no longer occur", gone.len());
    let told = Diagnostic::of_path(Code::Suppression, shown(path), message)
        .with_severity(crate::diagnostic::Severity::Note)
        .with_help("drop them with `baalint baseline update`");
    vec![told]
}

/// An empty run is not a clean one: perhaps the path is wrong.
fn nothing_to_judge(paths: &[PathBuf]) -> Diagnostic {
    let path = paths.first().map_or(".".to_owned(), |it| shown(it));
    Diagnostic::of_path(Code::Unreadable, path, "holds nothing that baalint reads: nothing was judged")
        .with_severity(crate::diagnostic::Severity::Warning)
        .with_help("check the path, `exclude` and .gitignore")
}

fn read_text(path: &Path) -> std::io::Result<String> {
    #[expect(clippy::disallowed_methods, reason = "lint reads configuration, baselines and mappings")]
    std::fs::read_to_string(path)
}

fn shown(path: &Path) -> String {
    let shown = path.to_string_lossy().replace('\\', "/");
    shown.strip_prefix("./").map(str::to_owned).unwrap_or(shown)
}

/// The policies that there are, for `policies` and `explain`.
pub fn policies(shelves: &Shelves) -> (Vec<Policy>, SourceMap, Vec<Diagnostic>) {
    let (mut sources, mut diagnostics) = (SourceMap::default(), Vec::new());
    let library = Library::read(shelves, &mut sources, &mut diagnostics);
    (library.all(), sources, diagnostics)
}

/// Every id of the built-in policies and of those on the shelves.
pub fn policy_ids(shelves: &Shelves) -> Vec<Arc<str>> {
    let (mut sources, mut diagnostics) = (SourceMap::default(), Vec::new());
    Library::read(shelves, &mut sources, &mut diagnostics).ids()
}

/// The file of a team's own policy.
pub fn policy_file(shelves: &Shelves, id: &str) -> Option<PathBuf> {
    let (mut sources, mut diagnostics) = (SourceMap::default(), Vec::new());
    shelves.directories.iter().find_map(|directory| {
        let files = library::policy_files(directory, &mut sources, &mut diagnostics);
        let file = files.into_iter().find(|it| it.id == id)?;
        let path = sources.get(file.root.span.file)?.path();
        std::path::absolute(path).ok()
    })
}
