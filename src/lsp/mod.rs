//! The language server: findings while one writes.
//!
//! In: messages of an editor on standard input. Out: diagnostics for every file of the workspace that has some, the policy's
//! page under the pointer, the edits that fix a finding or suppress it. Open texts stand in for the files on disk; after a pause in
//! typing, the roots that a change belongs to are judged again.

mod actions;
mod convert;
mod policy_page;
mod server;

use lsp_server::{Connection, Message};
use serde_json::json;

use self::server::Server;
pub use self::server::Setup;

/// Serves one editor on the standard streams until it says goodbye; the error says what went wrong.
pub fn serve(setup: &Setup) -> Result<(), String> {
    let (connection, threads) = Connection::stdio();
    let served = converse(&connection, setup);
    drop(connection);
    let joined = threads.join().map_err(|error| format!("the editor sent what is no message: {error}"));
    served.and(joined)
}

fn converse(connection: &Connection, setup: &Setup) -> Result<(), String> {
    let lost = |error: lsp_server::ProtocolError| format!("the editor went away: {error}");
    let (id, params) = connection.initialize_start().map_err(lost)?;
    let answer = json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": { "openClose": true, "change": 1, "save": true },
            "hoverProvider": true,
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
            "executeCommandProvider": { "commands": [actions::OPEN_POLICY] },
        },
        "serverInfo": { "name": "baalint", "version": env!("CARGO_PKG_VERSION") },
    });
    connection.initialize_finish(id, answer).map_err(lost)?;
    let mut server = Server::new(setup, &params, connection);
    server.watch();
    loop {
        let Some(message) = server.next()? else { continue };
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request).map_err(lost)? {
                    return Ok(());
                }
                let response = server.answer(request);
                connection.sender.send(response.into()).map_err(|_| "the editor went away".to_owned())?;
            }
            Message::Notification(note) => server.note(&note.method, &note.params),
            Message::Response(_) => {}
        }
    }
}
