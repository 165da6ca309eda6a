//! `explain`: what a policy is about, found by its id, the id of another tool, or a citation.

use std::io::{self, Write};

use super::args::Explain;
use super::check::shelves;
use super::output::{Stop, to_stdout};
use super::{CLEAN, report_policy_errors};
use crate::lint;
use crate::lint::findings::policy_facts;
use crate::policy::suggest::nearest;
use crate::policy::{Policy, Types, citation};

const WIDTH: usize = 80;

/// Runs `explain`.
pub(super) fn run(arguments: &Explain) -> Result<u8, Stop> {
    let (policies, sources, diagnostics) = lint::policies(&shelves(&arguments.policy));
    let id = arguments.id.trim();
    if let Some(policy) = policies.iter().find(|it| *it.id == *id) {
        to_stdout(|out| page(out, policy))?;
        return report_policy_errors(sources, diagnostics);
    }
    let same: Vec<&Policy> = policies.iter().filter(|it| is_equivalent(it, id)).collect();
    match same.as_slice() {
        [] => {}
        [policy] => {
            to_stdout(|out| page(out, policy))?;
            return Ok(CLEAN);
        }
        several => {
            to_stdout(|out| {
                writeln!(out, "{id} is the same requirement as these policies:\n")?;
                list(out, several)
            })?;
            return Ok(CLEAN);
        }
    }
    if let Some(cited) = citation::find(id) {
        let citing: Vec<&Policy> =
            policies.iter().filter(|it| it.citations.iter().any(|cited| is_within(cited, id))).collect();
        to_stdout(|out| {
            writeln!(out, "45 CFR {} {} ({})\n", cited.id, cited.title, cited.required)?;
            if citing.is_empty() {
                return writeln!(out, "No policy cites it.");
            }
            list(out, &citing)
        })?;
        return Ok(CLEAN);
    }
    Err(Stop::Message(unknown(id, &policies)))
}

/// Foreign ids may be written with their prefix or in another case.
fn is_equivalent(policy: &Policy, id: &str) -> bool {
    let id = id.strip_prefix("AVD-").or_else(|| id.strip_prefix("avd-")).unwrap_or(id);
    // KICS names its queries by a GUID, of which policies list the first eight digits.
    let short = id.get(..8).filter(|_| id.len() == 36);
    policy
        .all_equivalents()
        .any(|it| it.eq_ignore_ascii_case(id) || short.is_some_and(|short| it.eq_ignore_ascii_case(short)))
}

/// `164.312(e)(1)` is within `164.312(e)`, and within itself.
fn is_within(cited: &str, id: &str) -> bool {
    cited.strip_prefix(id).is_some_and(|rest| rest.is_empty() || rest.starts_with('('))
}

fn page(out: &mut dyn Write, policy: &Policy) -> io::Result<()> {
    let facts = policy_facts(policy);
    writeln!(out, "{}\n{}\n", facts.id, facts.title)?;
    writeln!(out, "severity: {}    category: {}", facts.severity.as_str(), facts.category)?;
    let types: Vec<&str> = match &policy.types {
        Types::All => vec!["every type"],
        Types::Only(types) => types.iter().map(crate::model::ResourceType::as_str).collect(),
    };
    for line in crate::report::text::wrapped(&format!("judges: {}", types.join(", ")), WIDTH) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    for line in crate::report::text::wrapped(&facts.why, WIDTH) {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "\nHIPAA Security Rule, 45 CFR:")?;
    for citation in &facts.citations {
        writeln!(out, "  {} {} ({})", citation.id, citation.title, citation.status)?;
    }
    for (language, fix) in &facts.fix {
        writeln!(out, "\nfix ({language}):")?;
        for line in fix.trim_end().lines() {
            writeln!(out, "  {line}")?;
        }
    }
    let configured: Vec<&str> = policy.parameters.iter().filter_map(|it| it.config.as_deref()).collect();
    if !configured.is_empty() {
        writeln!(out, "\nconfigured by `values` in baalint.yaml: {}", configured.join(", "))?;
    }
    if !facts.equivalents.is_empty() {
        writeln!(out)?;
        for line in
            crate::report::text::wrapped(&format!("the same elsewhere: {}", facts.equivalents.join(", ")), WIDTH)
        {
            writeln!(out, "{line}")?;
        }
    }
    if !facts.suppressible {
        writeln!(out, "\nThis policy cannot be suppressed.")?;
    }
    Ok(())
}

fn list(out: &mut dyn Write, policies: &[&Policy]) -> io::Result<()> {
    let width = policies.iter().map(|it| it.id.len()).max().unwrap_or(0);
    for policy in policies {
        writeln!(out, "  {:width$}  {}", policy.id, policy.title)?;
    }
    Ok(())
}

fn unknown(id: &str, policies: &[Policy]) -> String {
    let meant = nearest(id, policies.iter().map(|it| &*it.id));
    match meant {
        Some(near) => format!("there is no policy `{id}`; did you mean `{near}`?"),
        None => {
            format!("there is no policy `{id}`, and none that lists it as equivalent; `baalint policies` lists them")
        }
    }
}
