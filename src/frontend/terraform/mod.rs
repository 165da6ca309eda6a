//! Terraform configuration to the model: module tree, evaluation, then lowering through mapping data.

mod instance;

pub use instance::{Instance, Mode, NEWEST_AZURERM_MAJOR, Provider};
