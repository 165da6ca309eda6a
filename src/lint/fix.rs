//! Tries edits out: proposes them, judges what they make of the texts, and keeps only what holds.
//!
//! In: a [`Request`] and whether unsafe edits may be made. Out: [`Fixed`]: the texts after, and what was left and why. An edit
//! stays when its finding is gone, nothing else is found, nothing else is told, and every text still parses. Nothing is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::shelf::Shelf;
use super::{Request, Run, run};
use crate::diagnostic::Code;
use crate::discover::Buffer;
use crate::edit::{self, Proposal, Refusal};
use crate::eval::{self, Settings};
use crate::finding::{Finding, Severity, Verdict};
use crate::fix::Workshop;
use crate::frontend::arm::fix::Documents;
use crate::frontend::terraform::Mappings;
use crate::frontend::terraform::fix::Trees;
use crate::frontend::yaml;
use crate::model::ResourceGraph;
use crate::source::{FileId, SourceMap};

/// What fixing came to.
#[derive(Debug)]
pub struct Fixed {
    /// The run on the texts after.
    pub run: Run,
    /// The texts that changed, in order of path.
    pub files: Vec<Changed>,
    /// What was fixed.
    pub applied: Vec<Applied>,
    /// What was tried and taken back, or cannot be written.
    pub rejected: Vec<Rejected>,
}

/// A text that changed.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Where it is.
    pub path: PathBuf,
    /// As reports show it.
    pub shown: String,
    /// As it was read.
    pub before: Arc<str>,
    /// With the edits.
    pub after: Arc<str>,
    /// True for a template that is built from an edited source: changed to try the edit out, and never written.
    built: bool,
}

/// A finding that an edit took away.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The less severe findings of the same requirement that it leaves.
    pub leaves: Vec<Arc<str>>,
    /// The policy.
    pub policy: Arc<str>,
    /// The resource.
    pub address: Arc<str>,
    /// Where it was found: file and line.
    pub place: String,
    /// What to know of it; empty when it was safe.
    pub warnings: Vec<String>,
}

/// A finding whose edit does not hold.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// The policy.
    pub policy: Arc<str>,
    /// The resource.
    pub address: Arc<str>,
    /// Where it is found: file and line.
    pub place: String,
    /// Why.
    pub reason: String,
}

/// Rounds of edits: what wants the same text waits for the next.
const ROUNDS: usize = 40;

/// Policy, root and address: what stays the same of a finding while its text changes.
type Key = (Arc<str>, Arc<str>, Arc<str>);

/// Works out the edits of every finding that fails.
pub(super) fn propose(
    findings: &mut [Finding],
    graphs: &[ResourceGraph],
    policies: &Shelf,
    mappings: &Mappings,
    settings: &Settings,
    sources: &SourceMap,
) {
    let workshop = Workshop {
        sources,
        terraform: Trees::new(sources),
        arm: Documents::new(sources),
        yaml: yaml::fix::Documents::new(sources),
        mappings,
        settings,
        graphs,
    };
    for finding in findings.iter_mut().filter(|it| it.verdict == Verdict::Fail && it.suppressed.is_none()) {
        let policy = policies.named(&finding.policy.id);
        finding.proposal = policy.map(|policy| Box::new(workshop.propose(policy, &finding.members)));
    }
}

/// Fixes what can be fixed, in memory.
pub fn fix(request: &Request, with_unsafe: bool) -> Fixed {
    let mut state = Fixer::new(request, with_unsafe);
    state.keep = true;
    for _ in 0..ROUNDS {
        let wanted = state.wanted();
        if wanted.is_empty() {
            break;
        }
        state.round(wanted);
    }
    state.finish()
}

/// A run whose findings carry the edits that hold, each tried out by itself or with others that do not touch it.
pub fn checked(request: &Request, wanted: &dyn Fn(&Finding) -> bool) -> Run {
    let mut state = Fixer::new(request, true);
    let findings = state.run.report.findings.iter().filter(|it| wanted(it));
    let mut left: Vec<Candidate> = findings.filter_map(|it| state.candidate(it, it.edits()?)).collect();
    let files = state.files();
    while !left.is_empty() {
        let mut batch: Vec<Candidate> = Vec::new();
        for one in std::mem::take(&mut left) {
            let taken = batch
                .iter()
                .any(|it| it.proposal.conflicts(&one.proposal) || by_another_path(&files, it, &one.proposal));
            if taken { &mut left } else { &mut batch }.push(one);
        }
        state.round(batch);
    }
    let Fixer { mut run, rejected, .. } = state;
    told_with(&mut run, &rejected);
    run
}

/// Findings whose edits were tried out in vain say why.
fn told_with(run: &mut Run, rejected: &IndexMap<Key, (String, String), FxBuildHasher>) {
    for finding in &mut run.report.findings {
        let Some((at, index)) = finding.members.first() else { continue };
        let Some(graph) = run.graphs.get(*at) else { continue };
        let key = (finding.policy.id.clone(), graph.root.clone(), graph.get(*index).address.clone());
        if let Some((_, reason)) = rejected.get(&key) {
            finding.proposal = Some(Box::new(Err(Refusal::new(reason.clone()))));
        }
    }
}

struct Fixer {
    request: Request,
    with_unsafe: bool,
    /// Whether what holds is taken over, or only tried out.
    keep: bool,
    /// The run on the texts as they are now.
    run: Run,
    /// Path to the text as it was read and as it is now.
    texts: IndexMap<PathBuf, Changed, FxBuildHasher>,
    applied: Vec<Applied>,
    /// Place and reason.
    rejected: IndexMap<Key, (String, String), FxBuildHasher>,
}

/// An edit on its way.
#[derive(Clone)]
struct Candidate {
    key: Key,
    /// Every resource that must keep the policy afterwards.
    gone: Vec<Key>,
    place: String,
    proposal: Proposal,
    severity: Severity,
    category: String,
}

/// What speaks against a candidate, or against all of them.
struct Objection {
    /// Positions of candidates that may be to blame.
    suspects: Vec<usize>,
    reason: String,
}

impl Fixer {
    fn new(request: &Request, with_unsafe: bool) -> Self {
        let request = Request { fixes: true, ..request.clone() };
        Self {
            run: run(request.clone()),
            request,
            with_unsafe,
            keep: false,
            texts: IndexMap::default(),
            applied: Vec::new(),
            rejected: IndexMap::default(),
        }
    }

    /// The edits of this round: allowed, not rejected before, not two on the same text.
    fn wanted(&mut self) -> Vec<Candidate> {
        let mut wanted: Vec<Candidate> = Vec::new();
        let mut locked: Vec<(Key, (String, String))> = Vec::new();
        let files = self.files();
        for finding in &self.run.report.findings {
            let Some(proposal) = finding.edits() else { continue };
            let Some(candidate) = self.candidate(finding, proposal) else { continue };
            if self.rejected.contains_key(&candidate.key) || !(self.with_unsafe || proposal.is_safe()) {
                continue;
            }
            if let Some(why) = self.not_writable(proposal) {
                locked.push((candidate.key, (candidate.place, why)));
            } else if !wanted.iter().any(|it| it.proposal.conflicts(proposal) || by_another_path(&files, it, proposal))
            {
                wanted.push(candidate);
            }
        }
        self.rejected.extend(locked);
        wanted
    }

    /// The files of the run with what they are on disk: links lead several paths to one file.
    fn files(&self) -> FxHashMap<FileId, PathBuf> {
        self.run.texts.files().iter().map(|it| (it.id(), canonical(it.path()))).collect()
    }

    fn candidate(&self, finding: &Finding, proposal: &Proposal) -> Option<Candidate> {
        let keys = finding.members.iter().filter_map(|(at, index)| {
            let graph = self.run.graphs.get(*at)?;
            Some((finding.policy.id.clone(), graph.root.clone(), graph.get(*index).address.clone()))
        });
        let gone: Vec<Key> = keys.collect();
        let place = self.run.report.place(finding.primary.span);
        let place = format!("{}:{}", place.file, place.start.line);
        let (severity, category) = (finding.policy.severity, finding.policy.category.clone());
        let key = gone.first()?.clone();
        Some(Candidate { key, gone, place, proposal: proposal.clone(), severity, category })
    }

    fn not_writable(&self, proposal: &Proposal) -> Option<String> {
        proposal.written().iter().find_map(|edit| {
            let file = self.run.texts.get(edit.span.file)?;
            match std::fs::metadata(file.path()) {
                Ok(metadata) if metadata.permissions().readonly() => Some(format!("{} is read-only", file.shown())),
                Ok(_) => None,
                Err(_) => Some(format!("{} is no file that can be written", file.shown())),
            }
        })
    }

    /// Applies what holds of `wanted`: all at once, and what is objected to once more by itself.
    fn round(&mut self, wanted: Vec<Candidate>) {
        let mut active = wanted;
        let mut apart: Vec<Candidate> = Vec::new();
        while !active.is_empty() {
            match self.attempt(&active) {
                Ok(()) => break,
                Err(objections) => {
                    let mut blamed = FxHashSet::default();
                    for objection in &objections {
                        match objection.suspects.as_slice() {
                            [one] => {
                                if let Some(candidate) = active.get(*one) {
                                    let why = (candidate.place.clone(), objection.reason.clone());
                                    self.rejected.insert(candidate.key.clone(), why);
                                }
                            }
                            several => apart.extend(several.iter().filter_map(|it| active.get(*it)).cloned()),
                        }
                        blamed.extend(objection.suspects.iter().copied());
                    }
                    let mut position = 0..;
                    active.retain(|_| position.next().is_some_and(|at| !blamed.contains(&at)));
                }
            }
        }
        let mut seen = FxHashSet::default();
        for candidate in apart.into_iter().filter(|it| seen.insert(it.key.clone())) {
            if self.rejected.contains_key(&candidate.key) {
                continue;
            }
            // What was applied since may have moved its text.
            let findings = &self.run.report.findings;
            let again = findings.iter().find_map(|it| {
                let found = self.candidate(it, it.edits()?)?;
                (found.key == candidate.key).then_some(found)
            });
            let Some(again) = again else { continue };
            if let Err(objections) = self.attempt(std::slice::from_ref(&again)) {
                let reason = objections.into_iter().next().map(|it| it.reason).unwrap_or_default();
                self.rejected.insert(again.key, (again.place, reason));
            }
        }
    }

    /// Applies all of `active` and judges the result; takes it over when nothing speaks against it and it is to be kept.
    fn attempt(&mut self, active: &[Candidate]) -> Result<(), Vec<Objection>> {
        let mut texts = self.texts.clone();
        let mut by_file: IndexMap<FileId, Vec<&edit::Edit>, FxBuildHasher> = IndexMap::default();
        for edit in active.iter().flat_map(|it| it.proposal.edits.iter().chain(&it.proposal.source)) {
            by_file.entry(edit.span.file).or_default().push(edit);
        }
        let with_source = active.iter().filter(|it| !it.proposal.source.is_empty());
        let built: FxHashSet<FileId> =
            with_source.flat_map(|it| &it.proposal.edits).map(|edit| edit.span.file).collect();
        let everybody = || (0..active.len()).collect::<Vec<_>>();
        for (id, edits) in by_file {
            let file = self.run.texts.get(id);
            let after = file.and_then(|file| Some((file, edit::apply(file.text(), edits)?)));
            let Some((file, after)) = after else {
                return Err(vec![Objection { suspects: everybody(), reason: "its edits overlap".to_owned() }]);
            };
            let path = canonical(file.path());
            let entry = texts.entry(path.clone()).or_insert_with(|| Changed {
                path,
                shown: file.shown().to_owned(),
                before: file.text().clone(),
                after: file.text().clone(),
                built: false,
            });
            entry.after = after.into();
            entry.built |= built.contains(&id);
        }
        let overlay = self.files().into_iter().filter_map(|(id, path)| {
            let bytes = texts.get(&path)?.after.as_bytes().to_vec();
            Some(Buffer { path: self.run.texts.get(id)?.path().to_path_buf(), bytes })
        });
        let run = run(Request { overlay: overlay.collect(), ..self.request.clone() });
        let objections = self.objections(active, &run);
        if !objections.is_empty() {
            return Err(objections);
        }
        if !self.keep {
            return Ok(());
        }
        let leaves: Vec<Vec<Arc<str>>> = active.iter().map(|it| self.leaves(it, &run)).collect();
        self.texts = texts;
        self.run = run;
        self.applied.extend(active.iter().zip(leaves).map(|(it, leaves)| Applied {
            leaves,
            policy: it.key.0.clone(),
            address: it.key.2.clone(),
            place: it.place.clone(),
            warnings: it.proposal.warnings(),
        }));
        Ok(())
    }

    fn objections(&self, active: &[Candidate], after: &Run) -> Vec<Objection> {
        let mut found = Vec::new();
        for (at, candidate) in active.iter().enumerate() {
            if candidate.gone.iter().any(|key| verdict(after, key).is_some()) {
                found.push(Objection { suspects: vec![at], reason: "it would still be found".to_owned() });
            }
        }
        for (policy, root, address, now) in &after.verdicts {
            let before = verdict(&self.run, &(policy.clone(), root.clone(), address.clone()));
            if before.is_none() || (before == Some(eval::Verdict::Unknown) && *now == eval::Verdict::Fail) {
                if before.is_none() && active.iter().any(|it| lesser(it, after, policy, (root, address))) {
                    continue;
                }
                let own = |it: &Candidate| it.gone.iter().any(|key| key.1 == *root && related(&key.2, address));
                let reason = format!("{policy} would be found of {address}");
                found.push(Objection { suspects: suspects(active, own), reason });
            }
        }
        for (file, code, message) in told(after).difference(&told(&self.run)) {
            let touches = |it: &Candidate| {
                let files = it.proposal.edits.iter().filter_map(|edit| self.run.texts.get(edit.span.file));
                files.map(crate::source::SourceFile::shown).any(|it| Some(it) == file.as_deref())
            };
            let reason = format!("it would be told: {message} ({})", code.as_str());
            found.push(Objection { suspects: suspects(active, touches), reason });
        }
        found
    }

    /// The findings that an edit leaves in the place of its own.
    fn leaves(&self, candidate: &Candidate, after: &Run) -> Vec<Arc<str>> {
        let new = after.verdicts.iter().filter(|(policy, root, address, _)| {
            verdict(&self.run, &(policy.clone(), root.clone(), address.clone())).is_none()
                && lesser(candidate, after, policy, (root, address))
        });
        let mut found: Vec<Arc<str>> = new.map(|(policy, ..)| policy.clone()).collect();
        found.dedup();
        found
    }

    fn finish(mut self) -> Fixed {
        told_with(&mut self.run, &self.rejected);
        let mut files: Vec<Changed> =
            self.texts.into_values().filter(|it| it.before != it.after && !it.built).collect();
        files.sort_by(|a, b| a.shown.cmp(&b.shown));
        let rejected = self.rejected.into_iter();
        let rejected =
            rejected.map(|((policy, _, address), (place, reason))| Rejected { policy, address, place, reason });
        Fixed { run: self.run, files, applied: self.applied, rejected: rejected.collect() }
    }
}

fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// True when both edit one file that the run knows by several paths: its text is the same, and changes once.
fn by_another_path(files: &FxHashMap<FileId, PathBuf>, a: &Candidate, b: &Proposal) -> bool {
    a.proposal.edits.iter().any(|a| {
        let path = files.get(&a.span.file);
        b.edits.iter().any(|b| a.span.file != b.span.file && path.is_some() && files.get(&b.span.file) == path)
    })
}

/// What a run says of a resource, when it is no pass.
fn verdict(run: &Run, key: &Key) -> Option<eval::Verdict> {
    let at = run
        .verdicts
        .binary_search_by(|(policy, root, address, _)| (policy, root, address).cmp(&(&key.0, &key.1, &key.2)));
    at.ok().and_then(|at| run.verdicts.get(at)).map(|it| it.3)
}

/// True for a finding that may stand in the place of the candidate's own: of the same resource, service and category, and
/// less severe. The tiers of network exposure follow each other this way, and each step down is one.
fn lesser(candidate: &Candidate, after: &Run, policy: &Arc<str>, (root, address): (&Arc<str>, &Arc<str>)) -> bool {
    let service = |id: &str| id.rsplit_once('/').map(|(service, _)| service.to_owned());
    let facts = after.report.findings.iter().map(|it| &it.policy).find(|it| it.id == *policy);
    candidate.gone.iter().any(|key| key.1 == *root && key.2 == *address && service(&key.0) == service(policy))
        && facts.is_some_and(|it| it.severity < candidate.severity && it.category == candidate.category)
}

/// Those that a thing may be due to; all when it cannot be told.
fn suspects(active: &[Candidate], may: impl Fn(&Candidate) -> bool) -> Vec<usize> {
    let found: Vec<usize> = active.iter().enumerate().filter(|(_, it)| may(it)).map(|(at, _)| at).collect();
    if found.is_empty() { (0..active.len()).collect() } else { found }
}

/// The same declaration, or something that it makes.
fn related(a: &str, b: &str) -> bool {
    let own = |address: &str| address.split("::").next().unwrap_or(address).to_owned();
    own(a) == own(b)
}

/// What a run tells, without the places: they move.
fn told(run: &Run) -> FxHashSet<(Option<String>, Code, String)> {
    let shown = |it: &crate::diagnostic::Diagnostic| {
        let file = it.span.and_then(|span| run.texts.get(span.file)).map(|it| it.shown().to_owned());
        file.or_else(|| it.path.clone())
    };
    run.report.diagnostics.iter().map(|it| (shown(it), it.code, it.message.clone())).collect()
}
