//! Policy files and Azure Policy definitions: compiled, whatever their text.

use super::{hold, one, text};
use baalint::parse::{json, yaml};
use baalint::policy::{compile, compile_definition, example, is_definition};
use baalint::source::FileId;

/// One input.
pub fn run(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let sources = one(text);
    let documents = yaml::parse(FileId(0), text).0.into_iter().map(|it| it.root);
    let json = text.trim_start().starts_with('{').then(|| json::parse(FileId(0), text).0).flatten();
    for root in documents.chain(json.map(|it| it.root)) {
        hold(&compile("fuzz/policy", &root).1, &sources);
        hold(&example::read(&root).1, &sources);
        if is_definition(&root) {
            hold(&compile_definition("fuzz", &root).1, &sources);
        }
    }
}
