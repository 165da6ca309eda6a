//! Terraform configuration to the model: module tree, evaluation, then lowering through mapping data.
//!
//! [`Project`] loads every module directory once, `evaluate` makes the [`Instance`]s of one root, and lowering turns
//! each into the Azure resource that it deploys.

mod backward;
mod convert;
mod evaluate;
pub mod fix;
mod functions;
mod instance;
mod lower;
mod lower_azapi;
mod lower_azuread;
mod lower_common;
mod lower_msgraph;
mod lower_provider;
mod mapping;
mod operators;
pub mod plan;
mod project;
mod statistics;
mod version;

pub(crate) use backward::Backward;
pub use evaluate::{DEEP_STACK, has_deep_stack, is_on_deep_stack, on_deep_stack};
pub use instance::{Instance, Mode, NEWEST_AZURERM_MAJOR, Provider};
pub use lower::{lower, secrets};
pub use mapping::Mappings;
pub(crate) use mapping::Place;
pub use project::{Options, Project, Root};
pub use statistics::{Statistics, TypeStatistics};
