//! Finds the files of a run: walks, honours ignore rules, reads, and tells the dialects apart.
//!
//! In: the paths of the command line. Out: [`Discovered`]: the inputs in order of path, their texts on the [`Disk`], and a
//! diagnostic for everything that was asked for and could not be read. Knows how each dialect looks, not what it means.

mod budget;
mod disk;
mod ignored;
mod sniff;
mod tree;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use disk::{Disk, MAX_FILE};
use rayon::prelude::*;
pub use sniff::Kind;
pub(crate) use sniff::by_name;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::frontend::arm;
use crate::frontend::files::Files as _;
use crate::source::{FileId, SourceMap};

/// What to look for.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Files and directories; the working directory when empty.
    pub paths: Vec<PathBuf>,
    /// Texts that stand in for files on disk.
    pub buffers: Vec<Buffer>,
    /// Texts that stand in for files that are found anyway.
    pub overlay: Vec<Buffer>,
    /// Globs of paths that are left out.
    pub exclude: Vec<String>,
    /// At most so many threads walk.
    pub threads: Option<usize>,
}

/// The unsaved text of an editor.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// The file it will be saved as.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A file that a front end reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its text.
    pub file: FileId,
    /// Where it is.
    pub path: PathBuf,
    /// Which front end reads it.
    pub kind: Kind,
    /// Named on the command line, rather than found.
    pub named: bool,
}

/// The files of a run.
#[derive(Debug)]
pub struct Discovered {
    /// In order of path.
    pub inputs: Vec<Input>,
    /// The way to read more.
    pub disk: Disk,
    /// Bicep sources: judged as the templates that are built from them.
    pub bicep: Bicep,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Bicep sources of a run, in order of path.
#[derive(Debug, Default)]
pub struct Bicep {
    /// Named on the command line: to be built.
    pub named: Vec<PathBuf>,
    /// Found below directories.
    pub found: Vec<PathBuf>,
}

/// A path to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    path: PathBuf,
    /// Named, rather than found.
    named: bool,
    /// Found to be a file, and no link to one.
    regular: bool,
}

/// Which front end reads a file of this name and text, when it is named.
pub fn kind_of(path: &Path, bytes: &[u8]) -> Option<Kind> {
    let by_text = if sniff::is_yaml(path) { sniff::by_yaml } else { sniff::by_content };
    sniff::by_name(path).or_else(|| by_text(bytes))
}

/// The paths of a run, not read yet.
#[derive(Debug)]
pub struct Walked {
    disk: Disk,
    candidates: Vec<Candidate>,
    diagnostics: Vec<Diagnostic>,
}

/// Whether the addresses of this process are bounded so tightly that one thread has to do.
pub fn is_short_of_addresses() -> bool {
    budget::is_short_of_addresses()
}

/// Finds everything that `wanted` names.
pub fn walk(wanted: Wanted) -> Walked {
    let mut diagnostics = Vec::new();
    let mut paths = wanted.paths;
    if paths.is_empty() && wanted.buffers.is_empty() {
        paths.push(PathBuf::from("."));
    }
    let mut disk = Disk::new(&paths);
    let mut candidates = Vec::new();
    for buffer in wanted.buffers {
        candidates.push(Candidate { path: buffer.path.clone(), named: true, regular: false });
        // Unsaved Bicep cannot be built, so the template that was built before is judged.
        let template = buffer.path.with_extension("json");
        if sniff::is_bicep(&buffer.path) && template.is_file() {
            candidates.push(Candidate { path: template, named: true, regular: false });
        }
        disk.allow(&buffer.path);
        disk.overlay(&buffer.path, buffer.bytes);
    }
    for buffer in wanted.overlay {
        disk.overlay(&buffer.path, buffer.bytes);
    }
    walk::candidates(&paths, (&wanted.exclude, wanted.threads), &disk, &mut candidates, &mut diagnostics);
    add_siblings(&disk, &mut candidates);
    // The same file by two arguments is one input; having been named wins.
    candidates.sort_by(|a, b| a.path.cmp(&b.path).then(b.named.cmp(&a.named)));
    candidates.dedup_by(|later, first| later.path == first.path);
    Walked { disk, candidates, diagnostics }
}

impl Walked {
    /// How many files there are to look at.
    pub fn len(&self) -> usize {
        self.candidates.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    /// Reads them, on the threads at hand; they enter `sources` in order.
    pub fn read(self, sources: &mut SourceMap) -> Discovered {
        let Self { disk, mut candidates, diagnostics } = self;
        let mut found = Discovered { inputs: Vec::new(), disk, bicep: Bicep::default(), diagnostics };
        let budget = if candidates.len() > 1 { budget::of_this_process() } else { None };
        match budget {
            None => {
                found.add(candidates, sources);
            }
            Some(mut left) => {
                let mut unread = Vec::new();
                while !candidates.is_empty() {
                    let count = found.within(&candidates, left);
                    let later = candidates.split_off(count.max(1));
                    let now = std::mem::replace(&mut candidates, later);
                    if count == 0 {
                        unread.extend(now.into_iter().filter(|it| found.looks_like_input(&it.path)));
                    } else {
                        left = left.saturating_sub(found.add(now, sources));
                    }
                }
                if let [first, others @ ..] = unread.as_slice() {
                    found.diagnostics.push(no_memory(found.disk.shown(&first.path), others.len()));
                }
            }
        }
        found
    }
}

impl Discovered {
    /// Reads some of the candidates; says how many bytes of input they hold.
    fn add(&mut self, candidates: Vec<Candidate>, sources: &mut SourceMap) -> u64 {
        let disk = &self.disk;
        let read = candidates
            .into_par_iter()
            .with_max_len(16)
            .map_init(|| Vec::with_capacity(USUAL_FILE), |bytes, candidate| read(disk, candidate, bytes));
        let read: Vec<Read> = read.collect();
        let mut bytes = 0;
        for one in read {
            match one {
                Read::Input { path, kind, named, shown, text } => {
                    bytes += text.len() as u64;
                    let file = sources.add(&path, shown, text);
                    self.inputs.push(Input { file, path, kind, named });
                }
                Read::Bicep { path, named: true } => self.bicep.named.push(path),
                Read::Bicep { path, named: false } => self.bicep.found.push(path),
                Read::Wrong(diagnostic) => self.diagnostics.push(*diagnostic),
                Read::Nothing => {}
            }
        }
        bytes
    }

    /// How many of the first candidates are surely no more than so many bytes.
    fn within(&self, candidates: &[Candidate], bytes: u64) -> usize {
        let mut left = bytes;
        let fits = |it: &&Candidate| {
            // What is too large is not read, and what cannot be asked is told when it is.
            let size = self.disk.size(&it.path).filter(|size| *size <= MAX_FILE).unwrap_or(0);
            let next = left.checked_sub(size);
            left = next.unwrap_or(0);
            next.is_some()
        };
        candidates.iter().take_while(fits).count()
    }

    fn looks_like_input(&self, path: &Path) -> bool {
        sniff::by_name(path).is_some() || sniff::by_content(&self.disk.head(path)).is_some()
    }
}

fn no_memory(shown: String, others: usize) -> Diagnostic {
    let message = match others {
        0 => "is not read: this process may not use enough memory for it".to_owned(),
        _ => format!("and {others} other files are not read: this process may not use enough memory for them"),
    };
    Diagnostic::of_path(Code::Bound, shown, message)
        .with_help("allow it more memory, or check parts of the tree one by one")
}

/// Most files are not larger.
const USUAL_FILE: usize = 32 * 1024;

/// What came of a candidate.
enum Read {
    Input {
        path: PathBuf,
        kind: Kind,
        named: bool,
        shown: String,
        text: Arc<str>,
    },
    /// Not read here: it is built, or looked up for places.
    Bicep {
        path: PathBuf,
        named: bool,
    },
    Wrong(Box<Diagnostic>),
    /// It is none of ours.
    Nothing,
}

/// A Terraform file means nothing without the others of its directory; a template has its parameters beside it.
fn add_siblings(disk: &Disk, candidates: &mut Vec<Candidate>) {
    let named: Vec<PathBuf> = candidates.iter().filter(|it| it.named).map(|it| it.path.clone()).collect();
    for path in named {
        let terraform = sniff::by_name(&path) == Some(Kind::Terraform);
        if !terraform && !sniff::is_json(&path) && !sniff::is_bicep(&path) {
            continue;
        }
        let directory = path.parent().unwrap_or(Path::new(""));
        let beside = disk.list(directory).into_iter().filter(|it| !it.directory);
        let belongs = |name: &str| {
            let beside = Path::new(name);
            let is_parameters = || sniff::is_json(beside) && arm::are_parameters_of(&path, name);
            if terraform { sniff::by_name(beside).is_some() } else { is_parameters() }
        };
        let beside = beside.filter(|it| belongs(&it.name)).map(|it| directory.join(it.name));
        candidates.extend(beside.map(|path| Candidate { path, named: false, regular: false }));
    }
}

/// Reads a candidate, by way of `bytes`.
fn read(disk: &Disk, candidate: Candidate, bytes: &mut Vec<u8>) -> Read {
    let Candidate { path, named, regular } = candidate;
    if sniff::is_bicep(&path) {
        // The unsaved text of an editor cannot be built; places in it are looked up all the same.
        let named = named && !disk.is_overlaid(&path);
        return Read::Bicep { path, named };
    }
    if named && path.extension().is_some_and(|it| it.eq_ignore_ascii_case("bicepparam")) {
        return Read::Wrong(Box::new(parameters_in_bicep(&disk.shown(&path))));
    }
    let by_name = sniff::by_name(&path);
    let kind = match by_name {
        Some(kind) => Some(kind),
        None if sniff::is_json(&path) || sniff::is_yaml(&path) || named => None,
        None => return Read::Nothing,
    };
    let all = if regular { disk.read_found(&path, bytes) } else { disk.bytes(&path).map(|all| *bytes = all) };
    match all {
        Ok(()) => {}
        Err(diagnostic) if kind.is_some() || named => return Read::Wrong(diagnostic),
        // A file that nobody named; its beginning may mark it as an input all the same.
        Err(diagnostic) => {
            let marked = || sniff::by_content(&disk.head(&path)).is_some();
            return if diagnostic.code == Code::Bound && marked() { Read::Wrong(diagnostic) } else { Read::Nothing };
        }
    }
    let Some(kind) = kind_of(&path, bytes) else {
        return if named { Read::Wrong(Box::new(unrecognised(disk, &path, bytes))) } else { Read::Nothing };
    };
    let shown = disk.shown(&path);
    match disk::text(&shown, bytes) {
        Ok(text) => Read::Input { text: text.into(), path, kind, named, shown },
        Err(diagnostic) => Read::Wrong(diagnostic),
    }
}

fn parameters_in_bicep(shown: &str) -> Diagnostic {
    let built = Path::new(shown).with_extension("parameters.json");
    let built = built.display();
    let help = format!("build it: `bicep build-params {shown} --outfile {built}`, and say `--parameters {built}`");
    Diagnostic::of_path(Code::Unreadable, shown, "holds parameters that only the Bicep compiler reads").with_help(help)
}

fn unrecognised(disk: &Disk, path: &Path, bytes: &[u8]) -> Diagnostic {
    let shown = disk.shown(path);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        Diagnostic::of_path(Code::Unreadable, shown, "is empty: there is nothing to judge")
    } else if sniff::is_yaml(path) {
        no_yaml_input(shown)
    } else if sniff::is_json(path) {
        not_an_input(shown)
    } else {
        Diagnostic::of_path(Code::Unreadable, shown, "is not a kind of file that baalint reads").with_help(
            "it reads .tf, .tf.json, .tofu, .tfvars, .bicep, ARM templates and plans as JSON, and YAML that declares Azure",
        )
    }
}

/// What to say of a JSON file that was named and that no front end reads.
pub fn not_an_input(shown: String) -> Diagnostic {
    Diagnostic::of_path(Code::Unreadable, shown, "is neither an ARM template nor a Terraform plan")
        .with_help("an ARM template names its schema in `$schema`; a plan is what `terraform show -json` prints")
}

/// What to say of a YAML file that was named and that no front end reads. Most YAML declares nothing of Azure, and whoever names
/// every changed file (a git hook) names such files too: that is no mistake.
pub fn no_yaml_input(shown: String) -> Diagnostic {
    Diagnostic::of_path(Code::Unreadable, shown, "declares nothing of Azure that baalint reads")
        .with_severity(Severity::Note)
        .with_help("it reads Pulumi, Azure Service Operator, Crossplane, Ansible, Kubernetes and `az` YAML")
}
