//! `JUnit` XML, as CI servers show it: a suite a policy, a case a resource.
//!
//! What fails is a failure, what cannot be told or is suppressed is skipped, a diagnostic is an error. A run without any
//! of them is one case that passed: most readers refuse a file without cases.

use std::fmt::Write as _;
use std::io;

use super::Report;
use crate::diagnostic::Severity;
use crate::finding::{Finding, Verdict};

/// Writes the whole report.
pub fn write(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    let mut suites = suites(report);
    if suites.is_empty() {
        suites.push(Suite { name: "baalint".to_owned(), cases: vec![Case::passed("baalint", "no findings")] });
    }
    let count = |outcome| suites.iter().map(|it| it.count(outcome)).sum::<usize>();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"baalint\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
        suites.iter().map(|it| it.cases.len()).sum::<usize>(),
        count(Some(Outcome::Failure)),
        count(Some(Outcome::Error)),
        count(Some(Outcome::Skipped)),
    )?;
    for suite in &suites {
        suite.write(out)?;
    }
    writeln!(out, "</testsuites>")
}

fn suites(report: &Report) -> Vec<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    let mut add = |name: &str, case: Case| match suites.iter_mut().find(|it| it.name == name) {
        Some(suite) => suite.cases.push(case),
        None => suites.push(Suite { name: name.to_owned(), cases: vec![case] }),
    };
    for finding in &report.findings {
        add(&finding.policy.id, of_finding(report, finding));
    }
    for diagnostic in report.diagnostics.iter().filter(|it| it.severity == Severity::Error) {
        let place = diagnostic.span.map(|span| report.place(span));
        let file = place.map(|it| it.file).or(diagnostic.path.as_deref()).unwrap_or("baalint");
        let line = place.map(|it| it.start.line);
        let name = line.map_or(file.to_owned(), |line| format!("{file}:{line}"));
        let case = Case {
            class: diagnostic.code.as_str().to_owned(),
            name,
            file: Some((file.to_owned(), line)),
            outcome: Some(Outcome::Error),
            message: diagnostic.message.clone(),
            text: diagnostic.help.clone().unwrap_or_default(),
        };
        add("diagnostics", case);
    }
    suites
}

fn of_finding(report: &Report, finding: &Finding) -> Case {
    let place = report.place(finding.primary.span);
    let at = format!("{}:{}:{}", place.file, place.start.line, place.start.column);
    let (outcome, message) = match (&finding.suppressed, finding.verdict) {
        (Some(suppressed), _) => (Outcome::Skipped, format!("suppressed: {}", suppressed.reason)),
        (None, Verdict::Unknown) => (Outcome::Skipped, format!("cannot tell: {}", finding.message)),
        (None, Verdict::Fail) => (Outcome::Failure, finding.message.to_string()),
    };
    let mut text = format!("{at}\n{}", finding.primary.text);
    if let Some(fix) = finding.fix() {
        let _ = write!(text, "\nfix: {fix}");
    }
    Case {
        class: finding.policy.id.to_string(),
        name: finding.resource.address.to_string(),
        file: Some((place.file.to_owned(), Some(place.start.line))),
        outcome: Some(outcome),
        message,
        text,
    }
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

struct Case {
    class: String,
    name: String,
    file: Option<(String, Option<u32>)>,
    outcome: Option<Outcome>,
    message: String,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Failure,
    Error,
    Skipped,
}

impl Suite {
    fn count(&self, outcome: Option<Outcome>) -> usize {
        self.cases.iter().filter(|it| it.outcome == outcome).count()
    }

    fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
            escaped(&self.name),
            self.cases.len(),
            self.count(Some(Outcome::Failure)),
            self.count(Some(Outcome::Error)),
            self.count(Some(Outcome::Skipped)),
        )?;
        for case in &self.cases {
            case.write(out)?;
        }
        writeln!(out, "  </testsuite>")
    }
}

impl Case {
    fn passed(class: &str, name: &str) -> Self {
        Self {
            class: class.to_owned(),
            name: name.to_owned(),
            file: None,
            outcome: None,
            message: String::new(),
            text: String::new(),
        }
    }

    fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        write!(out, "    <testcase classname=\"{}\" name=\"{}\"", escaped(&self.class), escaped(&self.name))?;
        if let Some((file, line)) = &self.file {
            write!(out, " file=\"{}\"", escaped(file))?;
            if let Some(line) = line {
                write!(out, " line=\"{line}\"")?;
            }
        }
        let message = escaped(&self.message);
        match self.outcome {
            None => return writeln!(out, "/>"),
            Some(Outcome::Skipped) => write!(out, "><skipped message=\"{message}\"/>")?,
            Some(Outcome::Failure) => {
                write!(out, "><failure message=\"{message}\" type=\"fail\">{}</failure>", escaped(&self.text))?;
            }
            Some(Outcome::Error) => {
                write!(out, "><error message=\"{message}\" type=\"error\">{}</error>", escaped(&self.text))?;
            }
        }
        writeln!(out, "</testcase>")
    }
}

/// Text for an attribute or element; characters that XML cannot hold at all become a replacement.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\n' => xml.push_str("&#10;"),
            '\t' => xml.push('\t'),
            it if it.is_control() || matches!(it, '\u{fffe}' | '\u{ffff}') => xml.push('\u{fffd}'),
            it => xml.push(it),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::super::{Report, shared_findings};
    use super::write;

    fn printed(report: &Report) -> String {
        shared_findings::printed(|out| write(out, report))
    }

    #[test]
    fn counts_agree_with_the_cases() {
        let text = printed(&shared_findings::one_of_each());
        let head = "<testsuites name=\"baalint\" tests=\"6\" failures=\"2\" errors=\"2\" skipped=\"2\">";
        assert!(text.contains(head), "{text}");
        assert_eq!(text.matches("<testcase ").count(), 6);
        assert_eq!(text.matches("<failure ").count(), 2);
        assert_eq!(text.matches("<skipped ").count(), 2);
    }

    #[test]
    fn nothing_found_is_one_case_that_passed() {
        let text = printed(&shared_findings::nothing());
        assert!(text.contains("tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\""), "{text}");
        assert!(text.contains("<testcase classname=\"baalint\" name=\"no findings\"/>"), "{text}");
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        let mut report = shared_findings::one_of_each();
        report.findings[0].message = "a\u{0}<b> & \"c\"".into();
        let text = printed(&report);
        assert!(text.contains("message=\"a\u{fffd}&lt;b&gt; &amp; &quot;c&quot;\""), "{text}");
    }
}
