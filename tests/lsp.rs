//! The language server as an editor talks to it.

#![expect(clippy::disallowed_methods, reason = "tests write their inputs")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

const POLICIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/policies");
const BAD: &str = "resource \"azurerm_storage_account\" \"logs\" {\n  https_traffic_only_enabled = false\n}\n";

struct Editor {
    server: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    workspace: PathBuf,
    requests: u64,
}

impl Editor {
    fn start(name: &str, files: &[(&str, &str)]) -> Self {
        Self::start_with(name, files, &json!({}))
    }

    fn start_with(name: &str, files: &[(&str, &str)], capabilities: &Value) -> Self {
        let workspace = std::env::temp_dir().join(format!("baalint-lsp-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&workspace);
        fs::create_dir_all(&workspace).unwrap();
        let workspace = fs::canonicalize(workspace).unwrap();
        for (name, text) in files {
            fs::create_dir_all(workspace.join(name).parent().unwrap()).unwrap();
            fs::write(workspace.join(name), text).unwrap();
        }
        let mut server = Command::new(env!("CARGO_BIN_EXE_baalint"))
            .args(["lsp", "--no-builtin", "--policies", POLICIES])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let to = server.stdin.take().unwrap();
        let from = BufReader::new(server.stdout.take().unwrap());
        let mut editor = Self { server, to, from, workspace, requests: 0 };
        let root = format!("file://{}", editor.workspace.display());
        let answer =
            editor.request("initialize", &json!({ "processId": null, "rootUri": root, "capabilities": capabilities }));
        assert_eq!(answer["capabilities"]["positionEncoding"], "utf-16");
        editor.notify("initialized", &json!({}));
        editor
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}/{name}", self.workspace.display())
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.to.flush().unwrap();
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.read();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{message}");
                return message["result"].clone();
            }
        }
    }

    /// Sends a request whose answer says nothing, and gives what the server sends meanwhile.
    fn request_and_wait(&mut self, method: &str, params: &Value, wanted: &str) -> Value {
        self.requests += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.requests, "method": method, "params": params }));
        self.wait_for(wanted)
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "the server went away");
            if let Some(number) = line.strip_prefix("Content-Length: ") {
                length = number.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut text = vec![0; length];
        self.from.read_exact(&mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// The next diagnostics of a file: code and first line of each.
    fn diagnostics(&mut self, name: &str) -> Vec<String> {
        let uri = self.uri(name);
        loop {
            let message = self.read();
            if message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri.as_str() {
                let all = message["params"]["diagnostics"].as_array().unwrap().clone();
                return all
                    .iter()
                    .map(|it| format!("{}:{}", it["code"].as_str().unwrap(), it["range"]["start"]["line"]))
                    .collect();
            }
        }
    }

    /// The next message of this method.
    fn wait_for(&mut self, method: &str) -> Value {
        loop {
            let message = self.read();
            if message["method"] == method {
                return message["params"].clone();
            }
        }
    }

    fn change(&mut self, name: &str, text: &str) {
        let document = json!({ "uri": self.uri(name), "version": 2 });
        self.notify(
            "textDocument/didChange",
            &json!({ "textDocument": document, "contentChanges": [{ "text": text }] }),
        );
    }

    fn stop(mut self) {
        assert!(self.request("shutdown", &Value::Null).is_null());
        self.notify("exit", &Value::Null);
        assert_eq!(self.server.wait().unwrap().code(), Some(0));
        let _ = fs::remove_dir_all(&self.workspace);
    }
}

#[test]
fn findings_come_on_start_go_with_the_edit_and_return() {
    let mut editor = Editor::start("edit", &[("main.tf", BAD)]);
    assert_eq!(editor.diagnostics("main.tf"), ["test/plain-http:1"]);
    let uri = editor.uri("main.tf");
    let document = json!({ "uri": uri, "languageId": "terraform", "version": 1, "text": BAD });
    editor.notify("textDocument/didOpen", &json!({ "textDocument": document }));
    editor.change("main.tf", &BAD.replace("false", "true"));
    assert_eq!(editor.diagnostics("main.tf"), [""; 0]);
    editor.change("main.tf", &format!("# 𝄞\n{BAD}resource {{\n"));
    let told = editor.diagnostics("main.tf");
    assert!(told.contains(&"test/plain-http:2".to_owned()) && told.contains(&"syntax:4".to_owned()), "{told:?}");
    editor.stop();
}

#[test]
fn the_page_is_under_the_pointer_and_a_finding_can_be_suppressed() {
    let mut editor = Editor::start("hover", &[("main.tf", BAD)]);
    editor.diagnostics("main.tf");
    let document = json!({ "uri": editor.uri("main.tf") });
    let position = json!({ "line": 1, "character": 5 });
    let page = editor.request("textDocument/hover", &json!({ "textDocument": document, "position": position }));
    let text = page["contents"]["value"].as_str().unwrap();
    for part in ["Storage account accepts plain HTTP", "HIPAA 164.312(e)(1)", "https_traffic_only_enabled = true"] {
        assert!(text.contains(part), "{text}");
    }
    let nothing = json!({ "textDocument": document, "position": { "line": 2, "character": 0 } });
    assert!(editor.request("textDocument/hover", &nothing).is_null());
    let range = json!({ "start": position, "end": position });
    let asked = json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } });
    let actions = editor.request("textDocument/codeAction", &asked);
    assert_eq!(actions[0]["title"], "Fix test/plain-http");
    let edit = &actions[0]["edit"]["changes"][editor.uri("main.tf")][0];
    let value = json!({ "start": { "line": 1, "character": 31 }, "end": { "line": 1, "character": 36 } });
    assert_eq!((&edit["range"], edit["newText"].as_str()), (&value, Some("true")));
    let edit = &actions[1]["edit"]["changes"][editor.uri("main.tf")][0];
    assert_eq!(edit["range"]["start"], json!({ "line": 1, "character": 0 }));
    assert!(edit["newText"].as_str().unwrap().starts_with("  # baalint:ignore[test/plain-http] "), "{edit}");
    editor.stop();
}

/// A text after edits that do not overlap, in any order.
fn applied(text: &str, edits: &Value) -> String {
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let offset = |position: &Value| {
        let number = |key: &str| usize::try_from(position[key].as_u64().unwrap()).unwrap();
        starts[number("line")] + number("character")
    };
    let mut edits: Vec<&Value> = edits.as_array().unwrap().iter().collect();
    edits.sort_by_key(|it| std::cmp::Reverse(offset(&it["range"]["start"])));
    edits.into_iter().fold(text.to_owned(), |mut text, it| {
        let (start, end) = (offset(&it["range"]["start"]), offset(&it["range"]["end"]));
        text.replace_range(start..end, it["newText"].as_str().unwrap());
        text
    })
}

#[test]
fn a_template_is_suppressed_in_the_metadata_of_its_resource() {
    let template = |metadata: &str| {
        format!(
            "{{\n  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n  \
             \"contentVersion\": \"1.0.0.0\",\n  \"resources\": [\n    {{{metadata}\n      \"type\": \
             \"Microsoft.Storage/storageAccounts\",\n      \"apiVersion\": \"2023-01-01\",\n      \"name\": \"a\",\n      \
             \"properties\": {{ \"supportsHttpsTrafficOnly\": false }}\n    }}\n  ]\n}}\n"
        )
    };
    let other = r#"{ "ignore": "test/no-tags", "reason": "of another" }"#;
    let cases = [
        ("", "    {\n      \"metadata\": { \"baalint\": { \"ignore\": \"test/plain-http\", "),
        ("\n      \"metadata\": {},", "\"metadata\": { \"baalint\": { \"ignore\": \"test/plain-http\", "),
        ("\n      \"metadata\": {\n        \"a\": 1\n      },", "{\n        \"baalint\": { \"ignore\": "),
        (&format!("\"metadata\": {{ \"baalint\": {other} }},"), "\"baalint\": [{ \"ignore\": \"test/no-tags\", "),
        (&format!("\"metadata\": {{ \"baalint\": [{other}] }},"), "\"baalint\": [ { \"ignore\": \"test/plain-http\", "),
    ];
    for (metadata, expected) in cases {
        let text = template(metadata);
        let mut editor = Editor::start("metadata", &[("main.json", &text)]);
        let before = editor.diagnostics("main.json");
        assert!(before.iter().any(|it| it.starts_with("test/plain-http:")), "{before:?}");
        let line = text.lines().position(|it| it.contains("supportsHttps")).unwrap();
        let position = json!({ "line": line, "character": 24 });
        let document = json!({ "uri": editor.uri("main.json") });
        let asked = json!({ "textDocument": document, "range": { "start": position, "end": position }, "context": {} });
        let actions = editor.request("textDocument/codeAction", &asked);
        let action =
            actions.as_array().unwrap().iter().find(|it| it["title"] == "Suppress test/plain-http with a reason");
        let edited = applied(&text, &action.unwrap()["edit"]["changes"][editor.uri("main.json")]);
        assert!(edited.contains(expected), "{edited}");
        serde_json::from_str::<Value>(&edited).unwrap();
        editor.change("main.json", &edited.replace("YYYY-MM-DD", "2099-12-31"));
        let after = editor.diagnostics("main.json");
        assert!(!after.iter().any(|it| it.starts_with("test/plain-http:")), "{after:?}");
        editor.stop();
    }
}

#[test]
fn an_edit_judges_its_own_root_and_what_a_shared_module_says_changes_with_it() {
    let module = "variable \"https\" { type = bool }\nresource \"azurerm_storage_account\" \"a\" {\n  https_traffic_only_enabled = var.https\n}\n";
    let call = "module \"m\" {\n  source = \"../module\"\n  https  = true\n}\n";
    let files = [("module/main.tf", module), ("a/main.tf", call), ("b/main.tf", call), ("c/main.tf", BAD)];
    let mut editor = Editor::start("part", &files);
    assert_eq!(editor.diagnostics("c/main.tf"), ["test/plain-http:1"]);
    assert!(editor.wait_for("window/logMessage")["message"].as_str().unwrap().starts_with("judged the workspace in "));
    editor.change("b/main.tf", &call.replace("true", "false"));
    assert_eq!(editor.diagnostics("module/main.tf"), ["test/plain-http:2"]);
    assert!(editor.wait_for("window/logMessage")["message"].as_str().unwrap().starts_with("judged an edit in "));
    editor.change("module/main.tf", &format!("\n{}", module.replace("var.https", "!var.https")));
    assert_eq!(editor.diagnostics("module/main.tf"), ["test/plain-http:3"]);
    assert!(editor.wait_for("window/logMessage")["message"].as_str().unwrap().starts_with("judged an edit in "));
    editor.change("b/main.tf", "# calls nobody\nlocals { a = 1 }\n");
    assert!(editor.wait_for("window/logMessage")["message"].as_str().unwrap().starts_with("judged the workspace in "));
    editor.stop();
}

#[test]
fn a_manifest_is_fixed_from_its_finding() {
    let text = "apiVersion: storage.azure.com/v1api20230101\nkind: StorageAccount\nspec:\n  supportsHttpsTrafficOnly: 'false'\n";
    let mut editor = Editor::start("manifest", &[("a.yaml", text)]);
    editor.diagnostics("a.yaml");
    let position = json!({ "line": 3, "character": 5 });
    let document = json!({ "uri": editor.uri("a.yaml") });
    let asked = json!({ "textDocument": document, "range": { "start": position, "end": position }, "context": {} });
    let actions = editor.request("textDocument/codeAction", &asked);
    let edit = &actions[0]["edit"]["changes"][editor.uri("a.yaml")][0];
    let value = json!({ "start": { "line": 3, "character": 28 }, "end": { "line": 3, "character": 35 } });
    assert_eq!((&edit["range"], edit["newText"].as_str()), (&value, Some("'true'")));
    editor.stop();
}

#[test]
fn a_policy_is_opened_from_its_finding() {
    let mut editor = Editor::start("open", &[("main.tf", BAD)]);
    editor.diagnostics("main.tf");
    let document = json!({ "uri": editor.uri("main.tf") });
    let position = json!({ "line": 1, "character": 5 });
    let asked = json!({ "textDocument": document, "range": { "start": position, "end": position }, "context": {} });
    let actions = editor.request("textDocument/codeAction", &asked);
    let command = actions[2]["command"].clone();
    assert_eq!(actions[2]["title"], "Open policy test/plain-http");
    assert!(
        editor.request_and_wait("workspace/executeCommand", &command, "window/showMessage")["message"]
            .as_str()
            .unwrap()
            .ends_with("tests/cli/policies/test/plain-http.yaml")
    );
    editor.stop();
}

#[test]
fn the_whole_is_judged_with_progress_and_a_cancelled_request_is_not_answered() {
    let capabilities = json!({ "window": { "workDoneProgress": true } });
    let mut editor = Editor::start_with("progress", &[("main.tf", BAD)], &capabilities);
    let document = json!({ "uri": editor.uri("main.tf") });
    let asked = json!({ "textDocument": document, "position": { "line": 1, "character": 5 } });
    editor.send(&json!({ "jsonrpc": "2.0", "id": 77, "method": "textDocument/hover", "params": asked }));
    editor.notify("$/cancelRequest", &json!({ "id": 77 }));
    let mut steps = Vec::new();
    let answer = loop {
        let message = editor.read();
        if message["method"] == "$/progress" {
            steps.push(message["params"]["value"]["kind"].as_str().unwrap().to_owned());
        } else if message["id"] == 77 && message["method"].is_null() {
            break message;
        }
    };
    assert_eq!(answer["error"]["code"], -32800, "{answer}");
    if steps.is_empty() {
        // It was cancelled before it began.
        editor.wait_for("$/progress");
    } else {
        assert_eq!((steps.first().unwrap().as_str(), steps.last().unwrap().as_str()), ("begin", "end"));
    }
    editor.stop();
}

#[test]
fn an_editor_that_dies_or_sends_garbage_ends_the_server_with_a_message() {
    for (name, garbage) in [("dies", ""), ("garbage", "Content-Length: x\r\n\r\n{}")] {
        let mut editor = Editor::start(name, &[]);
        editor.to.write_all(garbage.as_bytes()).unwrap();
        let Editor { server, to, from, workspace, .. } = editor;
        drop((to, from));
        let output = server.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("baalint: the editor "), "{name}");
        let _ = fs::remove_dir_all(workspace);
    }
}
