//! What evaluation hands to lowering: one resource or data block, instance by instance, with its arguments evaluated.
//!
//! Knows no azurerm type: arguments have the names that the configuration gives them.

use std::sync::Arc;

use crate::model::Presence;
use crate::source::Span;
use crate::value::Value;

/// One instance of a `resource` or `data` block, in one instance of its module.
#[derive(Clone, Debug)]
pub struct Instance {
    /// From the root module: `module.a["x"].azurerm_key_vault.kv[0]`, `module.a.data.azurerm_client_config.me`.
    pub address: Arc<str>,
    /// `resource` or `data`.
    pub mode: Mode,
    /// The first label: `azurerm_key_vault`.
    pub block_type: Arc<str>,
    /// An object: an attribute is an entry (key span: its name); a nested block kind is an entry whose value is an array
    /// with one object a block (key span of the entry and span of each object: the block's header). Nulls are kept.
    /// An unknown `dynamic` collection is the `rest` of the array. Meta-arguments are left out.
    pub body: Value,
    /// The whole block.
    pub span: Span,
    /// Its type and labels.
    pub header: Span,
    /// The `module` blocks it was reached through, innermost first.
    pub callers: Vec<Span>,
    /// Unknown `count` or `for_each`: [`Presence::Possible`]; data blocks: [`Presence::Existing`].
    pub presence: Presence,
    /// What is known of the provider for this module.
    pub provider: Arc<Provider>,
}

/// Managed by the configuration, or only read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// `resource`
    Managed,
    /// `data`
    Data,
    /// A `module` block whose source is not on this machine: its arguments are the body.
    MissingModule,
    /// Nothing that is deployed: a provider, a backend, the connections and provisioners of a resource.
    Setting,
}

/// The azurerm provider as a module sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct Provider {
    /// Major version: from `.terraform.lock.hcl`, else the newest that `required_providers` allows, else the newest known that still has
    /// every type and argument in use.
    pub azurerm_major: u8,
    /// Whether the major was stated (lock file or constraint) rather than assumed.
    pub stated: bool,
    /// `provider.azurerm`, with its alias.
    pub address: Arc<str>,
    /// The evaluated `features` block of the provider configuration in use; an empty object when there is none.
    pub features: Value,
}

/// The newest azurerm major that the mapping data knows (v5.2.0, 2026-08-20).
pub const NEWEST_AZURERM_MAJOR: u8 = 5;
