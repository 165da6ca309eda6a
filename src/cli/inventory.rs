//! `inventory`: every resource with what the BAA catalogue says of its service.

use std::io::{self, Write};

use serde::Serialize;

use super::args::{Inventory, ListFormat, PolicyArguments};
use super::check::request;
use super::output::{Stop, to_stdout};
use super::{CLEAN, TROUBLE, test};
use crate::azure::baa::{self, Coverage};
use crate::diagnostic::Severity;
use crate::lint;
use crate::model::{Presence, Resource};
use crate::source::{SourceFile, SourceMap};

/// Runs `inventory`.
pub(super) fn run(arguments: &Inventory) -> Result<u8, Stop> {
    let policy =
        PolicyArguments { no_builtin: true, mappings: arguments.mappings.clone(), ..PolicyArguments::default() };
    let run = lint::run(lint::Request { graphs: true, ..request(&arguments.input, &policy)? });
    let sources = run.report.sources;
    let mut rows: Vec<Row> = Vec::new();
    for graph in &run.graphs {
        let declared = graph.resources.iter().filter(|it| it.presence != Presence::Existing);
        rows.extend(declared.map(|resource| Row::of(&graph.root, resource, &sources)));
    }
    rows.sort();
    to_stdout(|out| match arguments.format {
        ListFormat::Text => write_text(out, &rows),
        ListFormat::Json => write_json(out, &rows),
    })?;
    let diagnostics: Vec<_> = run.report.diagnostics.into_iter().filter(|it| it.severity == Severity::Error).collect();
    let code = if diagnostics.is_empty() { CLEAN } else { TROUBLE };
    if arguments.format == ListFormat::Text {
        test::show(sources, diagnostics)?;
    }
    Ok(code)
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    root: String,
    address: String,
    #[serde(rename = "type")]
    resource_type: String,
    source_type: String,
    location: Option<String>,
    baa_status: String,
    baa_service: String,
    file: String,
    line: u32,
}

impl Row {
    fn of(root: &str, resource: &Resource, sources: &SourceMap) -> Self {
        let (status, service) = match baa::coverage(resource) {
            Coverage::Known { service, .. } => (service.status.as_str().to_owned(), service.name.to_owned()),
            Coverage::Unknown { .. } => ("unknown".to_owned(), String::new()),
        };
        let file = sources.get(resource.span.file);
        Self {
            root: root.to_owned(),
            address: resource.address.to_string(),
            resource_type: resource.resource_type.to_string(),
            source_type: resource.source_type.to_string(),
            location: resource.text("location").map(str::to_owned),
            baa_status: status,
            baa_service: service,
            file: file.map_or("", SourceFile::shown).to_owned(),
            line: file.map_or(1, |it| it.line_col(resource.span.start).line),
        }
    }
}

fn write_text(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let width = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (status, kind) = (width(|it| it.baa_status.len()), width(|it| it.resource_type.len()));
    let mut root = None;
    for row in rows {
        if root != Some(&row.root) {
            writeln!(out, "{}{}", if root.is_some() { "\n" } else { "" }, row.root)?;
            root = Some(&row.root);
        }
        writeln!(out, "  {:status$}  {:kind$}  {}", row.baa_status, row.resource_type, row.address)?;
    }
    Ok(())
}

fn write_json(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let document = serde_json::json!({ "as_of": baa::as_of(), "resources": rows });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}
