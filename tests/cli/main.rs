//! The binary as people run it: exit codes, streams, bad input, fixes, the same bytes on every run.
//!
//! Judges by two policies of its own (`tests/cli/policies`), so that nothing here depends on the policy library.

#![expect(clippy::disallowed_methods, reason = "tests write their inputs")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[cfg(unix)]
mod bicep;
mod deployed;
#[cfg(unix)]
mod fix;
mod gate;
mod input;
mod knowledge;
mod report;
mod scratch;
