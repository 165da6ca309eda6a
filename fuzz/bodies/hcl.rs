//! `parse::hcl`: files, expressions and templates, whatever the bytes.

use std::sync::Arc;

use super::{hold, one, text};
use baalint::parse::hcl;
use baalint::source::FileId;

/// One input.
pub fn run(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let (shared, sources) = (Arc::<str>::from(text), one(text));
    hold(&hcl::parse(FileId(0), Arc::clone(&shared)).1, &sources);
    hold(&hcl::parse_expression(FileId(0), Arc::clone(&shared)).2, &sources);
    hold(&hcl::parse_template(FileId(0), shared).2, &sources);
}
