//! The text form of a resource id, read into type and names.

use super::resource_type::ResourceType;

/// What an id names: the type, and one name a type segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmId<'t> {
    /// The type of the last `/providers/` part.
    pub resource_type: ResourceType,
    /// Its names, outermost first.
    pub names: Vec<&'t str>,
    /// The id in front of the last `/providers/` part: the scope of an extension resource, or a resource group.
    pub scope: &'t str,
}

impl<'t> ArmId<'t> {
    /// Reads an id such as `/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a`.
    pub fn parse(text: &'t str) -> Option<Self> {
        let text = text.trim_end_matches('/');
        let at = text.to_ascii_lowercase().rfind("/providers/")?;
        let scope = text.get(..at)?;
        let mut parts = text.get(at + "/providers/".len()..)?.split('/');
        let mut resource_type = parts.next().filter(|namespace| namespace.contains('.'))?.to_owned();
        let mut names = Vec::new();
        while let Some(segment) = parts.next() {
            names.push(parts.next().filter(|name| !name.is_empty())?);
            resource_type.push('/');
            resource_type.push_str(segment);
        }
        (!names.is_empty()).then(|| Self { resource_type: ResourceType::new(resource_type), names, scope })
    }
}

#[cfg(test)]
mod tests {
    use super::ArmId;

    #[test]
    fn ids_give_type_names_and_scope() {
        let group = "/subscriptions/s/resourceGroups/g";
        let account = format!("{group}/providers/Microsoft.Storage/storageAccounts/a");
        let container = format!("{account}/blobServices/default/containers/c");
        let setting = format!("{account}/providers/Microsoft.Insights/diagnosticSettings/d");
        let cases = [
            (&account, "microsoft.storage/storageaccounts", vec!["a"], group),
            (&container, "Microsoft.Storage/storageAccounts/blobServices/containers", vec!["a", "default", "c"], group),
            (&setting, "Microsoft.Insights/diagnosticSettings", vec!["d"], account.as_str()),
        ];
        for (text, resource_type, names, scope) in cases {
            let id = ArmId::parse(text).unwrap();
            assert!(id.resource_type == *resource_type, "{text}");
            assert_eq!((id.names, id.scope), (names, scope), "{text}");
        }
        for text in ["", "rg", group, "/subscriptions/s/providers/Microsoft.Storage/storageAccounts"] {
            assert_eq!(ArmId::parse(text), None, "{text}");
        }
    }
}
