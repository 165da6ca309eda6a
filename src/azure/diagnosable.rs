//! Which types have resource logs that a diagnostic setting can collect.
//!
//! In: a resource type. Out: whether it logs, and whether the logs tell of access to data or of network plumbing.
//! Storage accounts stand for their blob, file, queue and table services.

use super::tables::{DIAGNOSABLE, row};

/// What the logs of a type tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// Access to data or to the service that holds it.
    Data,
    /// Network plumbing.
    Network,
}

impl Logs {
    /// The word that policies compare.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Network => "network",
        }
    }
}

/// What the resource logs of a type tell; none for a type without.
pub fn logs(resource_type: &str) -> Option<Logs> {
    match row(DIAGNOSABLE, resource_type)?.first()? {
        &"network" => Some(Logs::Network),
        _ => Some(Logs::Data),
    }
}

#[cfg(test)]
mod tests {
    use super::{Logs, logs};

    #[test]
    fn data_network_and_silent_types_are_told_apart() {
        assert_eq!(logs("microsoft.keyvault/VAULTS"), Some(Logs::Data));
        assert_eq!(logs("Microsoft.Storage/storageAccounts"), Some(Logs::Data));
        assert_eq!(logs("Microsoft.Network/networkSecurityGroups"), Some(Logs::Network));
        assert_eq!(logs("Microsoft.Resources/resourceGroups"), None);
    }
}
