//! The report for people: a card for every finding and diagnostic, then a summary.
//!
//! In: a [`Report`] and how to print ([`Style`]). Out: text of at most the given width. The snippet with its labels is
//! drawn by miette from a [`snippet::Snippet`], so no file is too large and no line too long.

mod links;
mod snippet;
mod summary;
mod wrap;

use std::fmt::Write as _;
use std::io;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, ThemeCharacters, ThemeStyles};

use self::snippet::Snippet;
pub use self::wrap::wrapped;
use super::Report;
use crate::diagnostic::{self, Diagnostic};
use crate::finding::{CitationFacts, Finding, Label, Severity, Verdict};

/// How to print.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the reader's screen.
    pub width: usize,
    /// ANSI colours.
    pub color: bool,
    /// Box drawing characters; plain ASCII otherwise.
    pub unicode: bool,
    /// Whether places are links that a terminal opens.
    pub links: bool,
    /// Whether suppressed findings are printed too.
    pub suppressed: bool,
    /// Whether findings that cannot be told are printed.
    pub unknown: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 80, color: false, unicode: true, links: false, suppressed: false, unknown: true }
    }
}

/// Writes every finding, every diagnostic, and the summary.
pub fn write(out: &mut dyn io::Write, report: &Report, style: Style) -> io::Result<()> {
    let printer = Printer { handler: handler(style), style };
    for finding in &report.findings {
        let is_wanted =
            (finding.suppressed.is_none() || style.suppressed) && (finding.verdict == Verdict::Fail || style.unknown);
        if is_wanted {
            printer.finding(out, report, finding)?;
        }
    }
    write_diagnostics(out, report, style)?;
    summary::write(out, report, style)
}

/// Writes the diagnostics alone.
pub fn write_diagnostics(out: &mut dyn io::Write, report: &Report, style: Style) -> io::Result<()> {
    let printer = Printer { handler: handler(style), style };
    report.told().try_for_each(|it| printer.diagnostic(out, report, it))
}

fn handler(style: Style) -> GraphicalReportHandler {
    let theme = GraphicalTheme {
        characters: if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
        styles: if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false)
        .without_syntax_highlighting()
        .with_wrap_lines(false)
        .with_context_lines(1)
}

struct Printer {
    handler: GraphicalReportHandler,
    style: Style,
}

impl Printer {
    fn finding(&self, out: &mut dyn io::Write, report: &Report, finding: &Finding) -> io::Result<()> {
        let snippet =
            Snippet::of(&report.sources, &finding.primary, &finding.related, self.style.width, finding.policy.mask);
        let verdict = match finding.verdict {
            Verdict::Fail => "",
            Verdict::Unknown => "cannot tell: ",
        };
        let (heading, is_told) = heading(finding, self.style.width);
        let card = Card {
            code: heading,
            message: wrapped(&format!("{verdict}{}", finding.message), self.message_width()).join("\n"),
            severity: match (finding.verdict, finding.severity) {
                (Verdict::Fail, Severity::Critical | Severity::High) => miette::Severity::Error,
                (Verdict::Fail, _) => miette::Severity::Warning,
                (Verdict::Unknown, _) => miette::Severity::Advice,
            },
            help: finding_help(finding, is_told, self.style.width),
            snippet: Some(snippet),
        };
        self.card(out, report, &card)
    }

    fn diagnostic(&self, out: &mut dyn io::Write, report: &Report, diagnostic: &Diagnostic) -> io::Result<()> {
        let snippet = diagnostic.span.map(|span| {
            let label = Label { span, text: "".into() };
            Snippet::of(&report.sources, &label, &[], self.style.width, false)
        });
        let (word, severity) = match diagnostic.severity {
            diagnostic::Severity::Error => ("error", miette::Severity::Error),
            diagnostic::Severity::Warning => ("warning", miette::Severity::Warning),
            diagnostic::Severity::Note => ("note", miette::Severity::Advice),
        };
        let message = match (&diagnostic.path, diagnostic.span) {
            (Some(path), None) => format!("{path}: {}", diagnostic.message),
            _ => diagnostic.message.clone(),
        };
        let message = wrapped(&message, self.message_width()).join("\n");
        let help = diagnostic.help.as_ref().map(|it| wrapped(it, self.style.width.saturating_sub(INDENT)).join("\n"));
        self.card(
            out,
            report,
            &Card { code: format!("{word}[{}]", diagnostic.code.as_str()), message, severity, help, snippet },
        )
    }

    /// What is left beside the sign and the bar before a message.
    fn message_width(&self) -> usize {
        self.style.width.saturating_sub(4)
    }

    fn card(&self, out: &mut dyn io::Write, report: &Report, card: &Card) -> io::Result<()> {
        let mut text = String::new();
        self.handler.render_report(&mut text, card).map_err(io::Error::other)?;
        for line in text.lines() {
            // miette puts an empty line between code and message; a card is denser without.
            if !line.trim().is_empty() {
                let line = line.trim_end();
                let linked = if self.style.links { links::linked(line, &report.sources) } else { None };
                out.write_all(linked.as_deref().unwrap_or(line).as_bytes())?;
                out.write_all(b"\n")?;
            }
        }
        writeln!(out)
    }
}

fn is_crowded(finding: &Finding, label: &Label) -> bool {
    let primary = finding.primary.span;
    label.span.contains(primary) || primary.contains(label.span)
}

/// Columns before each line of help.
const INDENT: usize = 8;

/// The policy, and the resource when there is room for it; whether there was.
fn heading(finding: &Finding, width: usize) -> (String, bool) {
    let raised = finding.raised.as_ref().map(|it| format!(", raised by the tag {}", it.tag)).unwrap_or_default();
    let short = format!("{} ({}{raised})", finding.policy.id, finding.severity.as_str());
    let whole = format!("{short} in {}", finding.resource.address);
    if fits(&whole, width) { (whole, true) } else { (short, false) }
}

fn fits(line: &str, width: usize) -> bool {
    line.chars().count() <= width
}

/// The fix, then the citations, then who covers it.
fn finding_help(finding: &Finding, is_told: bool, width: usize) -> Option<String> {
    let mut lines = Vec::new();
    let width = width.saturating_sub(INDENT);
    if let Some(fix) = finding.fix() {
        match fix.lines().count() {
            0 | 1 => lines.extend(short_fix(&fix, width)),
            _ => lines.extend(fix.lines().map(str::to_owned)),
        }
    }
    if let Some(why) = finding.refused() {
        lines.extend(wrapped(&format!("not fixed: {why}"), width));
    }
    if let Some(edits) = finding.edits().filter(|it| !it.is_safe()) {
        lines.extend(wrapped(&format!("fixed by --unsafe-fixes: {}", edits.warnings().join("; ")), width));
    }
    if !is_told {
        lines.push(format!("in {}", finding.resource.address));
    }
    for label in finding.related.iter().filter(|it| is_crowded(finding, it) && !it.text.is_empty()) {
        lines.extend(wrapped(&label.text, width));
    }
    for citation in &finding.policy.citations {
        lines.extend(wrapped(&citation_text(citation), width));
    }
    if let Some(suppressed) = &finding.suppressed {
        let until = suppressed.until.as_deref().map(|day| format!(" until {day}")).unwrap_or_default();
        let by = suppressed.by.as_deref().map(|who| format!(" by {who}")).unwrap_or_default();
        let text = format!("suppressed ({}){until}{by}: {}", suppressed.kind.as_str(), suppressed.reason);
        lines.extend(wrapped(&text, width));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Code is never broken; a sentence is.
fn short_fix(fix: &str, width: usize) -> Vec<String> {
    let is_code = fix.contains([':', '=']) && !fix.contains(", then");
    if is_code || fits(fix, width) { vec![fix.to_owned()] } else { wrapped(fix, width) }
}

fn citation_text(citation: &CitationFacts) -> String {
    let mut text = format!("HIPAA {}", citation.id);
    if !citation.title.is_empty() {
        text.push(' ');
        text.push_str(&citation.title);
    }
    if !citation.status.is_empty() {
        let _ = write!(text, " ({})", citation.status);
    }
    text
}

/// A finding or diagnostic as miette prints it.
#[derive(Debug)]
struct Card {
    code: String,
    message: String,
    severity: miette::Severity,
    help: Option<String>,
    snippet: Option<Snippet>,
}

impl std::fmt::Display for Card {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Card {}

impl miette::Diagnostic for Card {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display + 'a>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.snippet.as_ref().map(|snippet| snippet as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let snippet = self.snippet.as_ref()?;
        Some(Box::new(snippet.labels.iter().cloned()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::shared_findings;
    use super::{Style, write};
    use crate::finding::PolicyFacts;

    fn printed(report: &super::Report, style: Style) -> String {
        let mut out = Vec::new();
        write(&mut out, report, style).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_card_shows_the_deciding_text_the_way_it_came_the_citation_and_the_fix() {
        let text = printed(&shared_findings::one_of_each(), Style::default());
        let card = r#"storage/old-tls (high) in module.a.azurerm_storage_account.logs["x"]
  × Storage account accepts TLS older than 1.2
   ╭─[in fra/main.tf:3:10]
 2 │   name = "日本€𝄞"
 3 │   tls  = var.tls # 𝄞 "<&>"
   ·          ───┬───
   ·             ╰── properties.minimumTlsVersion is TLS1_0
 4 │ }
   ╰────
   ╭─[prod.tfvars:1:7]
 1 │ tls = "TLS1_0"
   ·       ────┬───
   ·           ╰── set in the variables file
   ╰────
  help: min_tls_version = "TLS1_2"
        HIPAA 164.312(e)(1) Transmission security (standard)
"#;
        assert!(text.starts_with(card), "{text}");
    }

    #[test]
    fn a_long_line_is_clipped_around_its_label_and_keeps_its_column() {
        let text = printed(&shared_findings::one_of_each(), Style::default());
        assert!(text.contains("╭─[main.json:1:120013]"), "{text}");
        assert!(text.contains(" 1 │ …\"a\":1,\"a\":1,\"https\":false,\"b\":2,"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn diagnostics_and_the_summary_follow_and_suppressed_findings_are_counted_only() {
        let text = printed(&shared_findings::one_of_each(), Style::default());
        assert!(text.contains("error[unreadable]\n  × x.tf: is a directory\n  help: rename it\n"), "{text}");
        assert!(
            text.contains("no policy judges: azurerm_resource_group 1\nfindings: 2 failed (1 critical, 1 high)"),
            "{text}"
        );
        assert!(!text.contains("no ePHI"), "{text}");
        let shown = printed(&shared_findings::one_of_each(), Style { suppressed: true, ..Style::default() });
        assert!(shown.contains("suppressed (inline) until 2027-03-31 by platform: no ePHI | here"), "{shown}");
    }

    #[test]
    fn what_may_be_a_secret_is_not_printed() {
        let mut report = shared_findings::one_of_each();
        let masked = PolicyFacts { mask: true, ..(*report.findings[1].policy).clone() };
        report.findings[1].policy = Arc::new(masked);
        report.findings.truncate(2);
        report.findings.remove(0);
        let text = printed(&report, Style::default());
        assert!(text.contains(" 2 │   name = \"****\"\n   ·          ───┬──\n"), "{text}");
        assert!(!text.contains("日本"), "{text}");
    }

    #[test]
    fn nothing_found_is_one_summary() {
        let text = printed(&shared_findings::nothing(), Style::default());
        assert!(text.starts_with("0 files, 0 resources: 0 assessed, 0 not assessed\n"), "{text}");
    }
}
