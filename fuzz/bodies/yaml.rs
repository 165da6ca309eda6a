//! `parse::yaml`, and the configuration that is read from it, whatever the bytes.

use super::{hold, one, text};
use baalint::config;
use baalint::parse::yaml;
use baalint::source::FileId;

/// One input.
pub fn run(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let sources = one(text);
    hold(&yaml::parse(FileId(0), text).1, &sources);
    let file = sources.get(FileId(0)).expect("was added");
    hold(&config::read(file).1, &sources);
}
