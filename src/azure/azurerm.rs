//! Which ARM type an azurerm type creates, and which arguments a provider major no longer has.
//!
//! In: an azurerm type. Out: facts from `azurerm_types.json` and `azurerm_removed_arguments.json`. Sorted static
//! tables: nothing is parsed. Does not know how arguments map to properties.

include!(concat!(env!("OUT_DIR"), "/azurerm_types.rs"));
include!(concat!(env!("OUT_DIR"), "/removed_arguments.rs"));

/// What a declaration of an azurerm type is to Resource Manager.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArmRelation {
    /// A resource of its own.
    Own,
    /// Settings of another resource, a link between two, or an element inside one.
    PartOfAnother,
}

/// An entry of the table of azurerm types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AzurermType {
    /// The ARM type; of a part: the type of the resource it is part of.
    pub arm: &'static str,
    /// Whether it is a resource.
    pub relation: ArmRelation,
    /// The API version that the newest provider uses, when one is known.
    pub api: Option<&'static str>,
}

/// An argument, or a whole type, that a provider major dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RemovedArgument {
    /// The argument, blocks joined by dots; empty for the type itself.
    pub path: &'static str,
    /// The first major without it.
    pub major: u8,
    /// The argument or type that replaces it.
    pub replacement: Option<&'static str>,
}

/// What an azurerm type creates; none for types that are no ARM resource or not azurerm's.
pub fn azurerm_type(name: &str) -> Option<AzurermType> {
    let mut parts = find(AZURERM_TYPES, name)?.split(' ');
    let arm = parts.next()?;
    let relation = match parts.next()? {
        "self" | "variant" => ArmRelation::Own,
        _ => ArmRelation::PartOfAnother,
    };
    Some(AzurermType { arm, relation, api: parts.next() })
}

/// The names of all azurerm types, sorted.
pub fn azurerm_names() -> impl Iterator<Item = &'static str> {
    AZURERM_TYPES.iter().map(|(name, _)| *name)
}

/// The arguments of an azurerm type that `major` does not have any more.
pub fn removed_arguments(name: &str, major: u8) -> impl Iterator<Item = &'static RemovedArgument> {
    let removed = find(REMOVED_ARGUMENTS, name).unwrap_or(&[]);
    removed.iter().filter(move |argument| argument.major <= major)
}

pub(super) fn find<T: Copy>(table: &'static [(&str, T)], key: &str) -> Option<T> {
    let at = table.binary_search_by(|(candidate, _)| (*candidate).cmp(key)).ok()?;
    table.get(at).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_azurerm_type_has_an_arm_type() {
        for (name, _) in AZURERM_TYPES {
            let found = azurerm_type(name).unwrap();
            assert!(found.arm.contains('/') || found.arm.contains('.'), "{name}: {}", found.arm);
        }
        assert_eq!(azurerm_type("azurerm_storage_account").unwrap().arm, "Microsoft.Storage/storageAccounts");
        let rules = azurerm_type("azurerm_storage_account_network_rules").unwrap();
        assert_eq!(rules.relation, ArmRelation::PartOfAnother);
        assert_eq!(azurerm_type("random_id"), None);
    }

    #[test]
    fn an_argument_is_removed_from_its_major_on() {
        let gone = |major| removed_arguments("azurerm_storage_account", major).map(|it| it.path);
        assert!(!gone(3).any(|path| path == "enable_https_traffic_only"));
        assert!(gone(4).any(|path| path == "enable_https_traffic_only"));
        assert!(removed_arguments("azurerm_app_service", 5).any(|it| it.path.is_empty()));
        assert!(removed_arguments("azurerm_app_service", 4).all(|it| !it.path.is_empty()));
    }
}
