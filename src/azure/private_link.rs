//! Which types a private endpoint can target, and which private DNS zones make their names resolve to it.

use super::tables::{PRIVATE_DNS, PRIVATE_LINK, row};

/// The group ids (sub-resources) of a type that can be the target of a private endpoint; empty when they are not known.
pub fn groups(resource_type: &str) -> Option<&'static [&'static str]> {
    row(PRIVATE_LINK, resource_type)
}

/// The private DNS zones of a type, as far as their names hold no region.
pub fn dns_zones(resource_type: &str) -> &'static [&'static str] {
    row(PRIVATE_DNS, resource_type).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::{dns_zones, groups};

    #[test]
    fn targets_name_their_groups_and_zones() {
        assert_eq!(groups("Microsoft.KeyVault/vaults"), Some(&["vault"][..]));
        assert_eq!(dns_zones("Microsoft.KeyVault/vaults"), ["privatelink.vaultcore.azure.net"]);
        assert_eq!(groups("Microsoft.Network/virtualNetworks"), None);
        assert_eq!(dns_zones("Microsoft.Network/virtualNetworks"), [""; 0]);
    }
}
