//! Syntax to model, one module a language. Knows no policy. Never fails, never guesses.

pub mod arm;
pub mod files;
mod not_deployed;
pub mod terraform;
pub mod yaml;

pub use files::{Files, Listed, MemoryFiles, ReadError};
