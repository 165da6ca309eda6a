//! Terraform configuration to the model: module tree, evaluation, then lowering through mapping data.

mod instance;
mod lower;
mod lower_azapi;
mod lower_azuread;
mod lower_common;
mod mapping;

pub use instance::{Instance, Mode, NEWEST_AZURERM_MAJOR, Provider};
pub use lower::lower;
pub use mapping::Mappings;
