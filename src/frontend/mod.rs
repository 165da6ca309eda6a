//! Syntax to model, one module a language. Knows no policy. Never fails, never guesses.

pub mod terraform;
