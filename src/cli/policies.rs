//! `policies`: the list of all policies, for people or as a document.

use std::io::{self, Write};
use std::time::SystemTime;

use serde::Serialize;

use super::args::{Catalogue, ListFormat, Policies};
use super::catalogue;
use super::check::shelves;
use super::output::{Stop, to_stdout};
use super::{CLEAN, FOUND, report_policy_errors};
use crate::lint;
use crate::policy::{Policy, Types};
use crate::suppress::Day;

/// Runs `policies`.
pub(super) fn run(arguments: &Policies) -> Result<u8, Stop> {
    if arguments.what == Some(Catalogue::Baa) {
        let today = Day::of(SystemTime::now()).to_string();
        let old = catalogue::run(arguments.format, arguments.catalogue_age, &today)?;
        return Ok(if old > 0 { FOUND } else { CLEAN });
    }
    let (policies, sources, diagnostics) = lint::policies(&shelves(&arguments.policy));
    to_stdout(|out| match arguments.format {
        ListFormat::Text => write_text(out, &policies),
        ListFormat::Json => write_json(out, &policies),
    })?;
    report_policy_errors(sources, diagnostics)
}

fn write_text(out: &mut dyn Write, policies: &[Policy]) -> io::Result<()> {
    let width = policies.iter().map(|it| it.id.len()).max().unwrap_or(0);
    for policy in policies {
        writeln!(out, "{:width$}  {:8}  {}", policy.id, policy.severity.as_str(), policy.title)?;
    }
    Ok(())
}

fn write_json(out: &mut dyn Write, policies: &[Policy]) -> io::Result<()> {
    let rows = policies.iter().map(Row::of).collect();
    serde_json::to_writer_pretty(&mut *out, &List { policies: rows })?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct List<'p> {
    policies: Vec<Row<'p>>,
}

#[derive(Serialize)]
struct Row<'p> {
    id: &'p str,
    title: &'p str,
    severity: &'static str,
    category: &'static str,
    citations: Vec<&'p str>,
    equivalents: Vec<&'p str>,
    resource_types: Vec<&'p str>,
    fix: indexmap::IndexMap<&'p str, &'p str>,
}

impl<'p> Row<'p> {
    fn of(policy: &'p Policy) -> Self {
        Self {
            id: &policy.id,
            title: &policy.title,
            severity: policy.severity.as_str(),
            category: policy.category.as_str(),
            citations: policy.citations.iter().map(|it| &**it).collect(),
            equivalents: policy.all_equivalents().collect(),
            resource_types: match &policy.types {
                Types::All => vec!["*"],
                Types::Only(types) => types.iter().map(crate::model::ResourceType::as_str).collect(),
            },
            fix: policy.fix.iter().map(|(language, fix)| (&**language, &**fix)).collect(),
        }
    }
}
