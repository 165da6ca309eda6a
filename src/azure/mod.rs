//! What is known of Azure, as data with its source and date, and how to look it up.
//!
//! In: tables built from `src/azure/tables/` and `policies/baa/coverage.yaml`. Out: answers about a type or a resource.
//! Knows the model, no input language and no policy.

mod azurerm;
pub mod baa;
pub mod cmk;
pub mod diagnosable;
mod inline_children;
pub mod preview;
pub mod private_link;
pub mod secrets;
mod tables;

pub use azurerm::{ArmRelation, AzurermType, RemovedArgument, azurerm_type, removed_arguments};
pub use inline_children::expand;
