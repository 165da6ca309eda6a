//! `check --statistics`: how much of the input is known, and how much of each azurerm type is read.
//!
//! In: a run. Out: lines on standard error. Counts nothing itself but findings by language.

use std::sync::Arc;

use super::output;
use crate::finding::Finding;
use crate::frontend::terraform::TypeStatistics;
use crate::lint::Run;
use crate::lint::tally::language;

/// Prints what is known by language, then the arguments of Terraform by whether they are known.
pub(super) fn print(run: &Run) {
    languages(run);
    let statistics = &run.statistics;
    if statistics.instances == 0 {
        return;
    }
    let unknown: usize = statistics.unknown.values().sum();
    let all = statistics.known + unknown;
    let share =
        |count: usize| format!("{count:>8} {:>5}.{} %", count * 100 / all.max(1), count * 1000 / all.max(1) % 10);
    output::note(&format!("{} resource instances, {all} argument values", statistics.instances));
    output::note(&format!("{} known", share(statistics.known)));
    for (reason, count) in sorted(statistics.unknown.iter().map(|(reason, count)| (*reason, *count))) {
        output::note(&format!("{} {reason}", share(count)));
    }
    let reasons = sorted(statistics.reasons.iter().map(|(reason, count)| (reason.as_str(), *count)));
    for (reason, count) in reasons.into_iter().take(15) {
        output::note(&format!("{count:>8} {reason}"));
    }
    lowered(&statistics.types);
}

/// Files, resources, findings and values of each language, and why values are unknown.
fn languages(run: &Run) {
    for (name, count) in &run.tally.languages {
        let of_language = |it: &&Finding| {
            language(it.resource.dialect, &it.resource.source_type, &it.resource.resource_type) == *name
        };
        let findings = run.report.open().filter(of_language).count();
        let unknown: usize = count.unknown.values().sum();
        let (files, resources) = (count.files.len(), count.resources);
        let known = count.known;
        output::note(&format!(
            "{name}: {files} files, {resources} resources, {findings} findings, {known} values known, {unknown} unknown"
        ));
        for (reason, count) in sorted(count.unknown.iter().map(|(reason, count)| (*reason, *count))) {
            output::note(&format!("{count:>8} {reason}"));
        }
    }
}

/// How much of the azurerm resources the mapping files read, by type.
fn lowered<'t>(types: impl IntoIterator<Item = (&'t Arc<str>, &'t TypeStatistics)>) {
    let types: Vec<(&str, &TypeStatistics)> = types.into_iter().map(|(name, counts)| (&**name, counts)).collect();
    let sum = |of: fn(&TypeStatistics) -> usize| types.iter().map(|(_, counts)| of(counts)).sum::<usize>();
    let (instances, arguments) = (sum(|it| it.instances), sum(|it| it.arguments));
    let share = |part: usize, all: usize| format!("{}.{} %", part * 100 / all.max(1), part * 1000 / all.max(1) % 10);
    output::note(&format!("{instances} azurerm resources of {} types, {arguments} arguments", types.len()));
    let mapped = sum(|it| if it.mapped { it.instances } else { 0 });
    output::note(&format!("{:>8} are of a type with a mapping file", share(mapped, instances)));
    output::note(&format!("{:>8} are lowered whole: every argument is read", share(sum(|it| it.whole), instances)));
    output::note(&format!("{:>8} of the arguments are read", share(sum(|it| it.read), arguments)));
    for (title, wanted) in [("most frequent types", true), ("most frequent types without a mapping file", false)] {
        output::note(title);
        let of_kind = types.iter().filter(|(_, counts)| wanted || !counts.mapped);
        for (name, _) in sorted(of_kind.map(|(name, counts)| (*name, counts.instances))).into_iter().take(20) {
            let Some((_, counts)) = types.iter().find(|(other, _)| *other == name) else { continue };
            let (whole, read) = (share(counts.whole, counts.instances), share(counts.read, counts.arguments));
            output::note(&format!("{:>8} {name}: {whole} whole, {read} of arguments", counts.instances));
        }
    }
}

/// Most frequent first.
fn sorted<'s>(counts: impl Iterator<Item = (&'s str, usize)>) -> Vec<(&'s str, usize)> {
    let mut counts: Vec<_> = counts.collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts
}
