//! What is known of Azure, as data with its source and date, and how to look it up.
//!
//! In: tables built from `src/azure/tables/` and `policies/baa/coverage.yaml`. Out: answers about a type or a resource.
//! Knows the model, no input language and no policy.

pub mod aliases;
mod arguments;
mod azurerm;
pub mod baa;
pub mod cmk;
mod config_children;
pub mod defaults;
pub mod diagnosable;
mod inline_children;
pub mod preview;
pub mod private_link;
pub mod secrets;
mod tables;

pub use arguments::ArgumentFacts;
pub use azurerm::{ArmRelation, AzurermType, RemovedArgument, azurerm_names, azurerm_type, removed_arguments};
pub use inline_children::expand;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/azure_data.rs"));
}

/// The compact JSON of a data file of `src/azure/data`, by its name without extension.
pub fn data(name: &str) -> Option<&'static str> {
    let at = embedded::AZURE_DATA.binary_search_by(|(stem, _)| (*stem).cmp(name)).ok()?;
    embedded::AZURE_DATA.get(at).map(|(_, json)| *json)
}
