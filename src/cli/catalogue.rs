//! `policies baa`: what the catalogue says of every service, for people or as a document.
//!
//! In: the catalogue in `azure::baa`, and the day. Out: one line an entry, by status; with `--catalogue-age` also which
//! entries rest on evidence that is older than that.

use std::io::{self, Write};

use serde::Serialize;

use super::args::ListFormat;
use super::output::{Stop, to_stdout};
use crate::azure::baa::{self, Service};

/// Prints the catalogue; the answer is how many entries are too old.
pub(super) fn run(format: ListFormat, age: Option<u32>, today: &str) -> Result<usize, Stop> {
    let rows: Vec<Row> = baa::services().iter().map(|service| Row::of(service, age, today)).collect();
    let old = rows.iter().filter(|row| row.too_old).count();
    to_stdout(|out| match format {
        ListFormat::Text => write_text(out, &rows, age, old),
        ListFormat::Json => write_json(out, rows),
    })?;
    Ok(old)
}

fn write_text(out: &mut dyn Write, rows: &[Row], age: Option<u32>, old: usize) -> io::Result<()> {
    writeln!(out, "Catalogue of {}: nothing here is legal advice, Microsoft's own list decides.\n", baa::as_of())?;
    for row in rows {
        let retired = row.retired.map(|it| format!(" [retired {it}]")).unwrap_or_default();
        let note = row.note.map(|it| format!(" ({it})")).unwrap_or_default();
        let flag = if row.too_old { " OLD" } else { "" };
        writeln!(
            out,
            "{:11}  {:10}  {}{retired}: {}{note}{flag}",
            row.status,
            row.basis,
            row.service,
            row.types.join(", ")
        )?;
    }
    writeln!(out)?;
    for it in baa::evidence() {
        writeln!(out, "{:3}  {:10}  {}: {}", it.id, it.date, it.document, it.fact)?;
    }
    if let Some(age) = age {
        writeln!(out, "\n{old} of {} entries rest on evidence older than {age} days", rows.len())?;
    }
    Ok(())
}

fn write_json(out: &mut dyn Write, services: Vec<Row>) -> io::Result<()> {
    let list = List { as_of: baa::as_of(), services };
    serde_json::to_writer_pretty(&mut *out, &list)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct List {
    as_of: &'static str,
    services: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    service: &'static str,
    status: &'static str,
    basis: &'static str,
    types: &'static [&'static str],
    kinds: &'static [&'static str],
    evidence: &'static [&'static str],
    newest_evidence: &'static str,
    retired: Option<&'static str>,
    note: Option<&'static str>,
    too_old: bool,
}

impl Row {
    fn of(service: &'static Service, age: Option<u32>, today: &str) -> Self {
        let dates = baa::evidence().iter().filter(|it| service.evidence.contains(&it.id)).map(|it| it.date);
        let newest_evidence = dates.max().unwrap_or("");
        Self {
            service: service.name,
            status: service.status.as_str(),
            basis: service.basis.as_str(),
            types: service.types,
            kinds: service.kinds,
            evidence: service.evidence,
            newest_evidence,
            retired: service.retired,
            note: service.note,
            too_old: age.is_some_and(|age| days(today).saturating_sub(days(newest_evidence)) > age),
        }
    }
}

/// Days of a date such as `2026-02-25`, `2020-12` or `2026`, to compare with another; months count thirty.
fn days(date: &str) -> u32 {
    let mut parts = date.split('-').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = |least: u32| parts.next().unwrap_or(least).min(9999);
    let (year, month, day) = (next(0), next(1), next(1));
    year * 365 + month * 30 + day
}

#[cfg(test)]
mod tests {
    use super::days;

    #[test]
    fn dates_of_every_length_are_compared() {
        assert!(days("2026-11-21") - days("2026-02-25") > 180);
        assert!(days("2026-11-21") - days("2026-08-20") < 180);
        assert!(days("2020-12") < days("2026"));
    }
}
