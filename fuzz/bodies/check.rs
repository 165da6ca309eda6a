//! The whole of `check` over files in memory, and every report; `==> name` opens another file.

use std::path::Path;

use super::{files, hold, lies, text};
use baalint::discover::Buffer;
use baalint::lint::{self, Request};
use baalint::report::{self, text::Style};
use baalint::suppress::Day;

/// One input.
pub fn run(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let below = Path::new("/nowhere/baalint-fuzz");
    let buffer = |(name, text): (&str, &str)| Buffer { path: below.join(name), bytes: text.as_bytes().to_vec() };
    let buffers: Vec<Buffer> = files(text, "main.tf").into_iter().map(buffer).collect();
    if buffers.is_empty() {
        return;
    }
    let report = lint::run(Request {
        buffers,
        fixes: true,
        threads: Some(1),
        foreign: true,
        ..Request::of(Vec::new(), Day::parse("2026-11-21").expect("a day"))
    })
    .report;
    hold(&report.diagnostics, &report.sources);
    for finding in &report.findings {
        lies(finding.primary.span, &report.sources);
        finding.related.iter().for_each(|it| lies(it.span, &report.sources));
    }
    let writers = [
        report::csv::write,
        report::github::write,
        report::html::write,
        report::json::write,
        report::jsonl::write,
        report::junit::write,
        report::markdown::write,
        report::sarif::write,
        report::gitlab::write,
    ];
    for write in writers {
        let mut out = Vec::new();
        write(&mut out, &report).expect("memory takes it");
        std::str::from_utf8(&out).expect("a report is text");
    }
    let style = Style { width: 80, color: true, unicode: true, suppressed: true, unknown: true, links: true };
    report::text::write(&mut Vec::new(), &report, style).expect("memory takes it");
    report::text::write_diagnostics(&mut Vec::new(), &report, style).expect("memory takes it");
}
