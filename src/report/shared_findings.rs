//! One set of results that every format is tested on: none, a syntax error, a finding without a file of its own,
//! multi-byte text, suppressed, unknown, masked, several files, a very long line.

use std::sync::Arc;

use super::{Report, Summary};
use crate::diagnostic::{Code, Diagnostic};
use crate::finding::{
    CitationFacts, Evidence, Finding, Label, PolicyFacts, Severity, Subject, Suppressed, SuppressedBy, Verdict,
};
use crate::model::{Dialect, ResourceType};
use crate::source::{FileId, SourceMap, Span};

const MAIN: &str = "\u{feff}resource \"azurerm_storage_account\" \"logs\" {\r\n  name = \"日本€𝄞\"\r\n  tls  = var.tls # 𝄞 \"<&>\"\r\n}\r\n";
const VARS: &str = "tls = \"TLS1_0\"\n";

/// What a format writes.
pub(crate) fn printed(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Nothing found in nothing.
pub(crate) fn nothing() -> Report {
    Report::default()
}

/// One of each kind.
pub(crate) fn one_of_each() -> Report {
    let mut sources = SourceMap::default();
    let main = sources.add("/w/in fra/main.tf", "in fra/main.tf", MAIN);
    let vars = sources.add("/w/prod.tfvars", "prod.tfvars", VARS);
    let long = format!("{{\"type\":\"x\",{}\"https\":false,{}}}", "\"a\":1,".repeat(20_000), "\"b\":2,".repeat(9));
    let template = sources.add("/w/main.json", "main.json", long.clone());
    let broken = sources.add("/w/broken.tf", "broken.tf", "resource {{\n");
    let fail = finding(main, spot(MAIN, main, "var.tls"), Verdict::Fail, Severity::High);
    let fail = Finding {
        related: vec![Label { span: spot(VARS, vars, "\"TLS1_0\""), text: "set in the variables file".into() }],
        ..fail
    };
    let unknown = Finding {
        message: "Name may be, \"wrong\"\nor not".into(),
        fingerprint: "2".repeat(32).into(),
        ..finding(main, spot(MAIN, main, "\"日本€𝄞\""), Verdict::Unknown, Severity::Medium)
    };
    let suppressed = Finding {
        suppressed: Some(Box::new(Suppressed {
            kind: SuppressedBy::Inline,
            reason: "no ePHI | here".into(),
            until: Some("2027-03-31".into()),
            by: Some("platform".into()),
            span: Some(spot(MAIN, main, "# 𝄞")),
        })),
        fingerprint: "3".repeat(32).into(),
        ..finding(main, spot(MAIN, main, "resource"), Verdict::Fail, Severity::Low)
    };
    let clipped = Finding {
        fingerprint: "4".repeat(32).into(),
        ..finding(template, spot(&long, template, "\"https\":false"), Verdict::Fail, Severity::Critical)
    };
    Report {
        sources,
        findings: vec![fail, unknown, suppressed, clipped],
        diagnostics: vec![
            Diagnostic::of_path(Code::Unreadable, "x.tf", "is a directory").with_help("rename it"),
            Diagnostic::error(Code::Syntax, Span::new(broken, 10, 11), "expected an attribute, found `{`"),
        ],
        summary: Summary {
            files: 4,
            resources: 3,
            assessed: 2,
            not_assessed: std::iter::once(("azurerm_resource_group".to_owned(), 1)).collect(),
            fail: 2,
            unknown: 1,
            suppressed: 1,
            baseline: 0,
            pass: 7,
        },
    }
}

fn finding(file: FileId, span: Span, verdict: Verdict, severity: Severity) -> Finding {
    let policy = PolicyFacts {
        id: "storage/old-tls".into(),
        title: "Storage account accepts TLS older than 1.2".into(),
        severity,
        category: "encryption-in-transit".into(),
        citations: vec![CitationFacts {
            id: "164.312(e)(1)".into(),
            title: "Transmission security".into(),
            status: "standard".into(),
        }],
        equivalents: vec!["CKV_AZURE_44".into(), "AZU-0011".into(), "b897dfbf".into()],
        why: "Old TLS can be broken.".into(),
        fix: vec![
            ("terraform".into(), "min_tls_version = \"TLS1_2\"".into()),
            ("bicep".into(), "minimumTlsVersion: 'TLS1_2'".into()),
        ],
        mask: false,
        suppressible: true,
    };
    Finding {
        message: policy.title.as_str().into(),
        policy: Arc::new(policy),
        resource: Arc::new(Subject {
            address: "module.a.azurerm_storage_account.logs[\"x\"]".into(),
            resource_type: ResourceType::new("Microsoft.Storage/storageAccounts"),
            source_type: "azurerm_storage_account".into(),
            dialect: Dialect::Terraform,
            root: "in fra".into(),
            span: Span::new(file, 3, 100),
            header: Span::new(file, 3, 44),
            callers: Vec::new(),
        }),
        verdict,
        severity,
        raised: None,
        primary: Label { span, text: "properties.minimumTlsVersion is TLS1_0".into() },
        related: Vec::new(),
        evidence: vec![Evidence {
            path: "properties.minimumTlsVersion".into(),
            operator: "less",
            expected: "TLS1_2".into(),
            actual: "TLS1_0".into(),
            span,
            reason: None,
        }],
        also_equivalent: Vec::new(),
        suppressed: None,
        members: Vec::new(),
        snippet: None,
        proposal: None,
        fingerprint: "1".repeat(32).into(),
    }
}

fn spot(text: &str, file: FileId, part: &str) -> Span {
    let start = text.find(part).expect("the part is in the text");
    let at = |offset: usize| u32::try_from(offset).expect("small");
    Span::new(file, at(start), at(start + part.len()))
}
