//! Evaluation of Terraform configuration: each case is a configuration of ours and what must come out of it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a case that does not hold ends the test")]

mod bounds;
mod expressions;
mod modules;
mod run;
