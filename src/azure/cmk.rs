//! Which types take a customer-managed key, and where their body names it.

use super::tables::{CMK, row};

/// The paths of which one names the key; none for a type that takes no customer-managed key.
pub fn key_paths(resource_type: &str) -> Option<&'static [&'static str]> {
    row(CMK, resource_type)
}

#[cfg(test)]
mod tests {
    use super::key_paths;

    #[test]
    fn types_that_take_a_key_say_where() {
        assert_eq!(
            key_paths("microsoft.storage/storageaccounts"),
            Some(&["properties.encryption.keyvaultproperties.keyname"][..])
        );
        assert_eq!(key_paths("Microsoft.Network/virtualNetworks"), None);
    }
}
