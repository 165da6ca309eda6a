//! What the server knows between messages: the open texts, the last report, and what the editor was told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lsp_server::{Connection, Message, Notification, Request};
use serde_json::{Value, json};

use super::convert::{of_diagnostic, of_finding, page, path, range, uri};
use crate::discover::Buffer;
use crate::finding::Finding;
use crate::lint::library::Shelves;
use crate::lint::{self, Values};
use crate::report::Report;
use crate::source::{SourceFile, Span};
use crate::suppress::Day;

/// A pause in typing.
const PAUSE: Duration = Duration::from_millis(120);

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Where policies come from.
    pub shelves: Shelves,
    /// The configuration file; found upwards when nothing is said.
    pub config: Option<PathBuf>,
}

/// One editor's session.
pub(super) struct Server<'c> {
    connection: &'c Connection,
    setup: Setup,
    folders: Vec<PathBuf>,
    open: BTreeMap<PathBuf, String>,
    report: Report,
    /// What was published, by URI.
    told: BTreeMap<String, Value>,
    /// Something changed since the last report.
    stale: bool,
    progress: bool,
}

impl<'c> Server<'c> {
    pub(super) fn new(setup: Setup, params: &Value, connection: &'c Connection) -> Self {
        let folders = at(params, "/workspaceFolders").as_array().cloned().unwrap_or_default();
        let mut folders: Vec<PathBuf> = folders.iter().filter_map(|it| path(at(it, "/uri").as_str()?)).collect();
        if folders.is_empty() {
            folders.extend(at(params, "/rootUri").as_str().and_then(path));
        }
        Self {
            connection,
            setup,
            folders,
            open: BTreeMap::new(),
            report: Report::default(),
            told: BTreeMap::new(),
            stale: false,
            progress: at(params, "/capabilities/window/workDoneProgress") == true,
        }
    }

    /// The next message; nothing when a pause was used to judge what changed.
    pub(super) fn next(&mut self) -> Result<Option<Message>, String> {
        let gone = || "the editor went away without saying goodbye".to_owned();
        if !self.stale {
            return self.connection.receiver.recv().map(Some).map_err(|_| gone());
        }
        match self.connection.receiver.recv_timeout(PAUSE) {
            Ok(message) => Ok(Some(message)),
            Err(error) if error.is_timeout() => {
                self.judge();
                Ok(None)
            }
            Err(_) => Err(gone()),
        }
    }

    /// Judges the workspace with the open texts, and tells what changed.
    pub(super) fn judge(&mut self) {
        self.stale = false;
        if self.folders.is_empty() && self.open.is_empty() {
            return;
        }
        let token = self.progress.then(|| self.begin());
        let buffers =
            self.open.iter().map(|(path, text)| Buffer { path: path.clone(), bytes: text.clone().into_bytes() });
        let run = lint::run(lint::Request {
            paths: self.folders.clone(),
            buffers: buffers.collect(),
            overlay: Vec::new(),
            fixes: false,
            exclude: Vec::new(),
            values: Values::default(),
            shelves: self.setup.shelves.clone(),
            mappings: None,
            config: self.setup.config.clone(),
            select: Vec::new(),
            ignore: Vec::new(),
            threads: None,
            suppressions: true,
            foreign: false,
            baseline: None,
            since: None,
            today: Day::of(std::time::SystemTime::now()),
        });
        self.report = run.report;
        self.publish();
        if let Some(token) = token {
            self.send("$/progress", json!({ "token": token, "value": { "kind": "end" } }));
        }
    }

    /// Takes note of what the editor says; unknown notifications are none of our business.
    pub(super) fn note(&mut self, method: &str, params: &Value) {
        let document = at(params, "/textDocument");
        let Some(file) = at(document, "/uri").as_str().and_then(path) else { return };
        match method {
            "textDocument/didOpen" => {
                self.open.insert(file, at(document, "/text").as_str().unwrap_or("").to_owned());
            }
            "textDocument/didChange" => {
                let changes = at(params, "/contentChanges").as_array();
                let Some(text) = changes.and_then(|it| it.last()).and_then(|it| at(it, "/text").as_str()) else {
                    return;
                };
                self.open.insert(file, text.to_owned());
            }
            "textDocument/didSave" => {}
            "textDocument/didClose" => {
                self.open.remove(&file);
            }
            _ => return,
        }
        self.stale = true;
    }

    /// The result of a request that is known.
    pub(super) fn answer(&mut self, method: &str, params: &Value) -> Option<Value> {
        if !["textDocument/hover", "textDocument/codeAction"].contains(&method) {
            return None;
        }
        if self.stale {
            self.judge();
        }
        let asked = at(params, "/textDocument/uri").as_str().and_then(path);
        let file = asked.and_then(|asked| self.report.sources.files().iter().find(|it| it.path() == asked));
        let Some(file) = file else { return Some(Value::Null) };
        if method == "textDocument/hover" {
            return Some(self.hover(file, offset(file, at(params, "/position"))));
        }
        let (start, end) = (at(params, "/range/start"), at(params, "/range/end"));
        Some(self.actions(file, Span::new(file.id(), offset(file, start), offset(file, end))))
    }

    fn hover(&self, file: &SourceFile, offset: u32) -> Value {
        let at = Span::new(file.id(), offset, offset);
        let found: Vec<&Finding> = self.report.open().filter(|it| it.primary.span.contains(at)).collect();
        let Some(first) = found.first() else { return Value::Null };
        let pages: Vec<String> = found.iter().map(|it| page(&self.report, it)).collect();
        json!({
            "contents": { "kind": "markdown", "value": pages.join("\n\n---\n\n") },
            "range": range(file, first.primary.span),
        })
    }

    /// "Suppress with a reason" for every finding that the selection touches.
    fn actions(&self, file: &SourceFile, selected: Span) -> Value {
        let sign = match file.path().extension().and_then(|it| it.to_str()) {
            Some("json") => return json!([]),
            _ => "#",
        };
        let touches =
            |span: Span| span.file == selected.file && span.start <= selected.end && selected.start <= span.end;
        let of = self.report.open().filter(|it| it.policy.suppressible && touches(it.primary.span));
        let action = |finding: &Finding| {
            let line = file.line_col(finding.primary.span.start).line.saturating_sub(1);
            let start = file.offset_of_utf16(line, 0);
            let text = file.slice(Span::new(file.id(), start, finding.primary.span.start));
            let indent: String = text.chars().take_while(|it| [' ', '\t'].contains(it)).collect();
            let id = &finding.policy.id;
            let edit = json!({
                "range": { "start": { "line": line, "character": 0 }, "end": { "line": line, "character": 0 } },
                "newText": format!("{indent}{sign} baalint:ignore[{id}] until=YYYY-MM-DD by=WHO: WHY\n"),
            });
            json!({
                "title": format!("Suppress {id} with a reason"),
                "kind": "quickfix",
                "edit": { "changes": { uri(file.path()): [edit] } },
            })
        };
        of.map(action).collect()
    }

    /// Sends the diagnostics of files for which they are not what the editor has.
    fn publish(&mut self) {
        let mut by_file: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut add = |report: &Report, span: Span, make: &dyn Fn(&SourceFile) -> Value| {
            if let Some(file) = report.sources.get(span.file) {
                by_file.entry(uri(&absolute(file.path()))).or_default().push(make(file));
            }
        };
        for finding in self.report.open() {
            add(&self.report, finding.primary.span, &|file| of_finding(&self.report, file, finding));
        }
        for diagnostic in &self.report.diagnostics {
            if let Some(span) = diagnostic.span {
                add(&self.report, span, &|file| of_diagnostic(file, span, diagnostic));
            }
        }
        let gone: Vec<String> = self.told.keys().filter(|uri| !by_file.contains_key(*uri)).cloned().collect();
        for uri in gone {
            self.told.remove(&uri);
            self.send("textDocument/publishDiagnostics", json!({ "uri": uri, "diagnostics": [] }));
        }
        for (uri, diagnostics) in by_file {
            let diagnostics = Value::Array(diagnostics);
            if self.told.get(&uri) != Some(&diagnostics) {
                let params = json!({ "uri": uri, "diagnostics": diagnostics });
                self.send("textDocument/publishDiagnostics", params);
                self.told.insert(uri, diagnostics);
            }
        }
    }

    fn begin(&self) -> &'static str {
        let token = "baalint/judging";
        let create = Request::new(0.into(), "window/workDoneProgress/create".to_owned(), json!({ "token": token }));
        // When the editor is gone, the next read says so.
        let _ = self.connection.sender.send(create.into());
        let value = json!({ "kind": "begin", "title": "baalint", "message": "judging the workspace" });
        self.send("$/progress", json!({ "token": token, "value": value }));
        token
    }

    fn send(&self, method: &str, params: Value) {
        let note = Notification::new(method.to_owned(), params);
        let _ = self.connection.sender.send(note.into());
    }
}

fn offset(file: &SourceFile, position: &Value) -> u32 {
    let number =
        |key: &str| position.get(key).and_then(Value::as_u64).and_then(|it| u32::try_from(it).ok()).unwrap_or(0);
    file.offset_of_utf16(number("line"), number("character"))
}

/// What a JSON pointer finds; null when there is nothing.
fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
