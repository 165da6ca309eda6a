//! Text to spanned syntax, one module a language. Never fails: what is wrong is a diagnostic, the rest is kept.

pub mod hcl;
pub mod json;
pub mod yaml;
