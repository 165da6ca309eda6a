//! What the server knows between messages: the workspace, and what the editor was told.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};

use super::actions::{OPEN_POLICY, actions, fix, selected_findings};
use super::convert::{of_diagnostic, of_finding, page, path, range, uri};
use super::policy_page;
use crate::finding::{Finding, Verdict};
use crate::lint;
use crate::lint::library::Shelves;
use crate::lint::session::{News, Session, Stage};
use crate::report::Report;
use crate::source::{SourceFile, Span};
use crate::suppress::Day;

/// A pause in typing.
const PAUSE: Duration = Duration::from_millis(50);

/// What the protocol calls the answer to a cancelled request.
const CANCELLED: i32 = ErrorCode::RequestCanceled as i32;

/// The editor's wish that a judgement of the whole stops.
const CANCEL: &str = "window/workDoneProgress/cancel";

/// The token of what is shown while a whole workspace is judged.
const TOKEN: &str = "baalint/judging";

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
    session: Session,
    /// Messages that were looked at while something was judged, in order.
    inbox: RefCell<VecDeque<Message>>,
    /// What was published, by URI.
    told: BTreeMap<String, Value>,
    abilities: Abilities,
    requests: i32,
    /// The editor wants no judgement until something changes.
    is_paused: bool,
}

/// What the editor can do.
#[derive(Clone, Copy, Debug)]
struct Abilities {
    progress: bool,
    show_document: bool,
    watch: bool,
}

impl<'c> Server<'c> {
    pub(super) fn new(setup: &Setup, params: &Value, connection: &'c Connection) -> Self {
        let folders = at(params, "/workspaceFolders").as_array().cloned().unwrap_or_default();
        let mut folders: Vec<PathBuf> = folders.iter().filter_map(|it| path(at(it, "/uri").as_str()?)).collect();
        if folders.is_empty() {
            folders.extend(at(params, "/rootUri").as_str().and_then(path));
        }
        let can = |pointer: &str| at(params, pointer) == true;
        Self {
            connection,
            session: Session::new(request(setup, folders)),
            inbox: RefCell::default(),
            told: BTreeMap::new(),
            abilities: Abilities {
                progress: can("/capabilities/window/workDoneProgress"),
                show_document: can("/capabilities/window/showDocument/support"),
                watch: can("/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration"),
            },
            requests: 0,
            is_paused: false,
        }
    }

    /// Asks to be told when other programs change files, where the editor can tell.
    pub(super) fn watch(&mut self) {
        if self.abilities.watch {
            let watchers = json!([{ "globPattern": "**/*.{tf,tofu,tfvars,hcl,json,jsonc,bicep,yaml,yml}" }]);
            let registration = json!({
                "id": "baalint/files",
                "method": "workspace/didChangeWatchedFiles",
                "registerOptions": { "watchers": watchers },
            });
            self.ask("client/registerCapability", json!({ "registrations": [registration] }));
        }
    }

    /// The next message; nothing when a pause was used to judge what changed.
    pub(super) fn next(&mut self) -> Result<Option<Message>, String> {
        let gone = || "the editor went away without saying goodbye".to_owned();
        if let Some(message) = self.inbox.get_mut().pop_front() {
            return Ok(Some(message));
        }
        if !(self.session.is_stale() || self.session.has_rest()) || self.is_paused {
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

    /// Judges what is stale and tells what changed, unless the editor says something newer meanwhile.
    pub(super) fn judge(&mut self) {
        let started = Instant::now();
        let (progress, connection, inbox) = (self.abilities.progress, self.connection, &self.inbox);
        let mut begun = false;
        // Whoever asks something while the roots that had to wait are judged is answered first.
        let is_rest = !self.session.is_stale();
        let news = self.session.judge(&mut |step| {
            if progress && !begun {
                begin(connection);
            }
            if progress {
                let value = json!({ "kind": "report", "message": step });
                send(connection, "$/progress", json!({ "token": TOKEN, "value": value }));
            }
            begun = true;
            inbox.borrow_mut().extend(connection.receiver.try_iter());
            !inbox.borrow().iter().any(|it| is_newer(it) || (is_rest && matches!(it, Message::Request(_))))
        });
        if progress && begun {
            let value = json!({ "kind": "end" });
            send(connection, "$/progress", json!({ "token": TOKEN, "value": value }));
        }
        let is_cancel = |message: &Message| matches!(message, Message::Notification(it) if it.method == CANCEL);
        let Some(news) = news else {
            self.is_paused = self.inbox.borrow().iter().any(is_cancel);
            return;
        };
        self.publish(&news);
        let (what, then) = match news.stage {
            Stage::Whole => ("the workspace", String::new()),
            Stage::Edit { waiting: 0 } => ("an edit", String::new()),
            Stage::Edit { waiting } => ("an edit", format!("; {waiting} roots that share it follow")),
            Stage::Rest => ("the roots that share it", String::new()),
        };
        let message = format!("judged {what} in {:.1} ms{then}", started.elapsed().as_secs_f64() * 1000.0);
        self.send("window/logMessage", json!({ "type": 4, "message": message }));
    }

    /// Takes note of what the editor says; unknown notifications are none of our business.
    pub(super) fn note(&mut self, method: &str, params: &Value) {
        let document = at(params, "/textDocument");
        let file = at(document, "/uri").as_str().and_then(path);
        self.is_paused &= !(method.starts_with("textDocument/") || method.starts_with("workspace/"));
        match (method, file) {
            ("textDocument/didOpen", Some(file)) => {
                self.session.set(&file, at(document, "/text").as_str().unwrap_or("").to_owned());
            }
            ("textDocument/didChange", Some(file)) => {
                let changes = at(params, "/contentChanges").as_array();
                if let Some(text) = changes.and_then(|it| it.last()).and_then(|it| at(it, "/text").as_str()) {
                    self.session.set(&file, text.to_owned());
                }
            }
            // Whoever cannot say which files change on disk says at least when one is saved.
            ("textDocument/didSave", _) if !self.abilities.watch => self.session.forget(),
            ("textDocument/didClose", Some(file)) => self.session.close(&file),
            ("workspace/didChangeWatchedFiles", _) => {
                let changes = at(params, "/changes").as_array().into_iter().flatten();
                let mut files = changes.filter_map(|it| path(at(it, "/uri").as_str()?));
                // What the editor itself saves is known already.
                if files.any(|file| self.session.differs(&file)) {
                    self.session.forget();
                }
            }
            ("workspace/didChangeConfiguration", _) => self.session.forget(),
            _ => {}
        }
    }

    /// The answer to a request.
    pub(super) fn answer(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let cancelled = |id| Response::new_err(id, CANCELLED, "cancelled".to_owned());
        if self.is_cancelled(&id) {
            return cancelled(id);
        }
        let result = match method.as_str() {
            "textDocument/hover" => {
                self.in_file(&params, |_, report, file| hover(report, file, offset(file, at(&params, "/position"))))
            }
            "textDocument/codeAction" => self.in_file(&params, |session, report, file| {
                let (start, end) = (at(&params, "/range/start"), at(&params, "/range/end"));
                let selected = Span::new(file.id(), offset(file, start), offset(file, end));
                actions(report, file, selected, fixes(session, report, selected))
            }),
            "workspace/executeCommand" if at(&params, "/command") == OPEN_POLICY => self.open_policy(&params),
            _ => {
                let unknown = ErrorCode::MethodNotFound as i32;
                return Response::new_err(id, unknown, format!("`{method}` is not answered"));
            }
        };
        // It may have taken a while.
        if self.is_cancelled(&id) { cancelled(id) } else { Response::new_ok(id, result) }
    }

    fn is_cancelled(&mut self, id: &RequestId) -> bool {
        self.inbox.get_mut().extend(self.connection.receiver.try_iter());
        let is_meant = |value: &Value| {
            let number = value.as_i64().and_then(|it| i32::try_from(it).ok()).map(RequestId::from);
            number.or_else(|| value.as_str().map(|it| RequestId::from(it.to_owned()))).as_ref() == Some(id)
        };
        self.inbox.borrow().iter().any(|message| match message {
            Message::Notification(note) => note.method == "$/cancelRequest" && is_meant(at(&note.params, "/id")),
            _ => false,
        })
    }

    /// What a file's report gives; null for a file that nothing is known of.
    fn in_file(&mut self, params: &Value, make: impl Fn(&Session, &Report, &SourceFile) -> Value) -> Value {
        if self.session.is_stale() {
            self.judge();
        }
        let Some(asked) = at(params, "/textDocument/uri").as_str().and_then(path) else { return Value::Null };
        let report = self.session.report(std::slice::from_ref(&asked));
        let file = report.sources.files().iter().find(|it| absolute(it.path()) == asked);
        file.map_or(Value::Null, |file| make(&self.session, &report, file))
    }

    /// Shows a policy: its own file, or a page that is written for it.
    fn open_policy(&mut self, params: &Value) -> Value {
        let Some(id) = at(params, "/arguments/0").as_str() else { return Value::Null };
        let show = |message: String| json!({ "type": 3, "message": message });
        match policy_page::of(self.session.shelves(), id) {
            Ok(file) if self.abilities.show_document => {
                self.ask("window/showDocument", json!({ "uri": uri(&file), "takeFocus": true }));
            }
            Ok(file) => self.send("window/showMessage", show(format!("{id} is described in {}", file.display()))),
            Err(message) => self.send("window/showMessage", show(message)),
        }
        Value::Null
    }

    /// Sends the diagnostics of files for which they are not what the editor has.
    fn publish(&mut self, news: &News) {
        let report = self.session.report(&news.files);
        let mut by_file: BTreeMap<String, Vec<Value>> = news.files.iter().map(|file| (uri(file), Vec::new())).collect();
        let mut add = |span: Span, make: &dyn Fn(&SourceFile) -> Value| {
            if let Some(file) = report.sources.get(span.file) {
                by_file.entry(uri(&absolute(file.path()))).or_default().push(make(file));
            }
        };
        for finding in report.open() {
            add(finding.primary.span, &|file| of_finding(&report, file, finding));
        }
        for diagnostic in &report.diagnostics {
            if let Some(span) = diagnostic.span {
                add(span, &|file| of_diagnostic(file, span, diagnostic));
            }
        }
        for (uri, diagnostics) in by_file {
            let is_new = !diagnostics.is_empty() || self.told.contains_key(&uri);
            let diagnostics = Value::Array(diagnostics);
            if is_new && self.told.get(&uri) != Some(&diagnostics) {
                let params = json!({ "uri": uri, "diagnostics": diagnostics });
                self.send("textDocument/publishDiagnostics", params);
                self.told.insert(uri, diagnostics);
            }
        }
    }

    fn ask(&mut self, method: &str, params: Value) {
        self.requests = self.requests.saturating_add(1);
        let request = Request::new(self.requests.into(), method.to_owned(), params);
        // When the editor is gone, the next read says so.
        let _ = self.connection.sender.send(request.into());
    }

    fn send(&self, method: &str, params: Value) {
        send(self.connection, method, params);
    }
}

/// What is judged: the folders, as the command line says.
fn request(setup: &Setup, folders: Vec<PathBuf>) -> lint::Request {
    lint::Request {
        shelves: setup.shelves.clone(),
        config: setup.config.clone(),
        ..lint::Request::of(folders, Day::of(std::time::SystemTime::now()))
    }
}

/// The edits of what the selection touches, each tried out on the texts as they are now.
fn fixes(session: &Session, report: &Report, selected: Span) -> Vec<Value> {
    let touched = selected_findings(report, selected);
    if touched.iter().all(|it| it.verdict != Verdict::Fail) {
        return Vec::new();
    }
    let wanted = |finding: &Finding| touched.iter().any(|it| it.fingerprint == finding.fingerprint);
    let run = lint::fix::checked(&session.request_of(&touched), &wanted);
    run.report.open().filter(|it| wanted(it)).filter_map(|it| fix(&run.report, it)).collect()
}

/// True when a judgement of the whole would be out of date before it is done, or is not wanted.
fn is_newer(message: &Message) -> bool {
    let notes = ["textDocument/didChange", "workspace/didChangeWatchedFiles", CANCEL, "exit"];
    match message {
        Message::Notification(note) => notes.contains(&note.method.as_str()),
        Message::Request(request) => request.method == "shutdown",
        Message::Response(_) => false,
    }
}

fn hover(report: &Report, file: &SourceFile, offset: u32) -> Value {
    let at = Span::new(file.id(), offset, offset);
    let found: Vec<&Finding> = report.open().filter(|it| it.primary.span.contains(at)).collect();
    let Some(first) = found.first() else { return Value::Null };
    let pages: Vec<String> = found.iter().map(|it| page(report, it)).collect();
    json!({
        "contents": { "kind": "markdown", "value": pages.join("\n\n---\n\n") },
        "range": range(file, first.primary.span),
    })
}

fn begin(connection: &Connection) {
    let create = Request::new(0.into(), "window/workDoneProgress/create".to_owned(), json!({ "token": TOKEN }));
    let _ = connection.sender.send(create.into());
    let value = json!({ "kind": "begin", "title": "baalint", "message": "judging the workspace", "cancellable": true });
    send(connection, "$/progress", json!({ "token": TOKEN, "value": value }));
}

fn send(connection: &Connection, method: &str, params: Value) {
    let note = Notification::new(method.to_owned(), params);
    let _ = connection.sender.send(note.into());
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
