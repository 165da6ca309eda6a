//! Problems with an input, a policy file or the configuration. What a policy says of a resource is a finding instead.

use crate::source::Span;

/// How much of the run a diagnostic costs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Something could not be judged: the exit code becomes 2.
    Error,
    /// Something was judged with less than the whole picture.
    Warning,
    /// Worth knowing, changes nothing.
    Note,
}

/// The kind of a problem: the stable `code` of the JSON report.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Code {
    /// The text does not follow its language's grammar.
    Syntax,
    /// The file could not be read, is not UTF-8, or is not a file.
    Unreadable,
    /// The language allows it, Terraform or Resource Manager would refuse it.
    Invalid,
    /// The construct was recognised and is not evaluated.
    NotEvaluated,
    /// A module's source is not on this machine.
    MissingModule,
    /// Declared, and left out of the deployment by values that nobody gave.
    NotDeployed,
    /// A bound of the tool was reached.
    Bound,
    /// A policy file is wrong.
    Policy,
    /// The configuration or the command line is wrong.
    Config,
    /// A suppression is expired, unused, unknown or lacks its reason.
    Suppression,
    /// The provider's pinned version does not have this argument.
    Provider,
}

impl Code {
    /// The word that reports print.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Unreadable => "unreadable",
            Self::Invalid => "invalid",
            Self::NotEvaluated => "not-evaluated",
            Self::MissingModule => "missing-module",
            Self::NotDeployed => "not-deployed",
            Self::Bound => "bound",
            Self::Policy => "policy",
            Self::Config => "config",
            Self::Suppression => "suppression",
            Self::Provider => "provider",
        }
    }
}

/// A problem with an input: what it is, where, and what to do.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Diagnostic {
    /// The place, when the problem has one inside a text.
    pub span: Option<Span>,
    /// The path as shown, for a problem of a whole file that has no text (unreadable, missing).
    pub path: Option<String>,
    /// What it costs.
    pub severity: Severity,
    /// Its kind.
    pub code: Code,
    /// One sentence: what is wrong.
    pub message: String,
    /// One sentence: what to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place in a text.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { span: Some(span), path: None, severity: Severity::Error, code, message: message.into(), help: None }
    }

    /// A warning at a place in a text.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// A note at a place in a text.
    pub fn note(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, span, message) }
    }

    /// An error that concerns a path as a whole.
    pub fn of_path(code: Code, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            span: None,
            path: Some(path.into()),
            severity: Severity::Error,
            code,
            message: message.into(),
            help: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Changes what it costs.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}
