//! The language server: findings while one writes.
//!
//! In: messages of an editor on standard input. Out: diagnostics for every file of the workspace that has some, the policy's
//! page under the pointer, and the edit that suppresses a finding. Open texts stand in for the files on disk; each change judges
//! the workspace again, after a pause in typing.

mod convert;
mod server;

use lsp_server::{Connection, ErrorCode, Message, Response};
use serde_json::json;

use self::server::Server;
pub use self::server::Setup;

/// Serves one editor on the standard streams until it says goodbye; the error says what went wrong.
pub fn serve(setup: Setup) -> Result<(), String> {
    let (connection, threads) = Connection::stdio();
    let served = converse(&connection, setup);
    drop(connection);
    let joined = threads.join().map_err(|error| format!("the editor sent what is no message: {error}"));
    served.and(joined)
}

fn converse(connection: &Connection, setup: Setup) -> Result<(), String> {
    let lost = |error: lsp_server::ProtocolError| format!("the editor went away: {error}");
    let (id, params) = connection.initialize_start().map_err(lost)?;
    let answer = json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": { "openClose": true, "change": 1, "save": true },
            "hoverProvider": true,
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
        },
        "serverInfo": { "name": "baalint", "version": env!("CARGO_PKG_VERSION") },
    });
    connection.initialize_finish(id, answer).map_err(lost)?;
    let mut server = Server::new(setup, &params, connection);
    server.judge();
    loop {
        let Some(message) = server.next()? else { continue };
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request).map_err(lost)? {
                    return Ok(());
                }
                let unknown = (ErrorCode::MethodNotFound as i32, format!("`{}` is not answered", request.method));
                let response = match server.answer(&request.method, &request.params) {
                    Some(result) => Response::new_ok(request.id, result),
                    None => Response::new_err(request.id, unknown.0, unknown.1),
                };
                connection.sender.send(response.into()).map_err(|_| "the editor went away".to_owned())?;
            }
            Message::Notification(note) => server.note(&note.method, &note.params),
            Message::Response(_) => {}
        }
    }
}
