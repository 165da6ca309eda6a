//! The name of an ARM resource type, compared as Resource Manager does: whatever the case.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// How the names of types that extend other resources start.
const EXTENSIONS: [&str; 17] = [
    "Microsoft.Authorization/",
    "Microsoft.ChangeAnalysis/",
    "Microsoft.Chaos/targets",
    "Microsoft.Consumption/",
    "Microsoft.CostManagement/",
    "Microsoft.EventGrid/eventSubscriptions",
    "Microsoft.ExtendedLocation/",
    "Microsoft.GuestConfiguration/",
    "Microsoft.Insights/dataCollectionRuleAssociations",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.KubernetesConfiguration/",
    "Microsoft.Maintenance/configurationAssignments",
    "Microsoft.PolicyInsights/",
    "Microsoft.Resources/",
    "Microsoft.Security/",
    "Microsoft.SecurityInsights/",
    "Microsoft.SqlVirtualMachine/",
];

/// `Microsoft.Storage/storageAccounts/blobServices`: provider namespace, then one segment a level.
#[derive(Clone, Debug)]
pub struct ResourceType(Arc<str>);

impl ResourceType {
    /// The type of this name, as written.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as written, shared.
    pub fn name(&self) -> Arc<str> {
        self.0.clone()
    }

    /// The provider namespace: `Microsoft.Storage`.
    pub fn namespace(&self) -> &str {
        self.0.split('/').next().unwrap_or("")
    }

    /// The type one level up; none for a top-level type.
    pub fn parent(&self) -> Option<Self> {
        let (parent, _) = self.0.rsplit_once('/')?;
        parent.contains('/').then(|| Self(parent.into()))
    }

    /// True for types that extend other resources: a diagnostic setting, a lock, a role assignment.
    pub fn is_extension(&self) -> bool {
        let text = self.as_str();
        EXTENSIONS.iter().any(|start| text.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start)))
    }

    /// True when this type lives below `other` at any depth.
    pub fn is_below(&self, other: &Self) -> bool {
        let (name, prefix) = (self.0.as_bytes(), other.0.as_bytes());
        match (name.get(..prefix.len()), name.get(prefix.len())) {
            (Some(head), Some(b'/')) => head.eq_ignore_ascii_case(prefix),
            _ => false,
        }
    }
}

impl PartialEq for ResourceType {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl PartialEq<str> for ResourceType {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl Eq for ResourceType {}

impl Hash for ResourceType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Setting this bit makes letters of either case the same, eight bytes at a time; what else it makes the same may collide.
        let (words, rest) = self.0.as_bytes().as_chunks::<8>();
        for word in words {
            state.write_u64(u64::from_le_bytes(*word) | 0x2020_2020_2020_2020);
        }
        for byte in rest {
            state.write_u8(byte | 0x20);
        }
    }
}

impl PartialOrd for ResourceType {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceType {
    fn cmp(&self, other: &Self) -> Ordering {
        let lower = |name: &Self| name.0.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>();
        lower(self).cmp(&lower(other))
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ResourceType;

    #[test]
    fn types_fold_case_and_know_their_parents() {
        let container = ResourceType::new("Microsoft.Storage/storageAccounts/blobServices/containers");
        let account = ResourceType::new("microsoft.storage/STORAGEACCOUNTS");
        assert!(container.is_below(&account));
        assert!(!account.is_below(&account));
        assert!(!ResourceType::new("Microsoft.Storage/storageAccountsX/y").is_below(&account));
        assert_eq!(container.parent().and_then(|it| it.parent()), Some(account.clone()));
        assert_eq!(account.parent(), None);
    }
}
