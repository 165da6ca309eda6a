//! What an edit must know of an azurerm argument: whether a change replaces the resource, who has it, what it allows.
//!
//! In: an azurerm type. Out: [`ArgumentFacts`] from `azurerm_argument_facts.json`, which covers the arguments that mapping
//! files name. Where the data says nothing the answer is the careful one.

use serde_json::{Map, Value as Json};

use super::azurerm::find;

include!(concat!(env!("OUT_DIR"), "/argument_facts.rs"));

/// The facts of one azurerm type.
#[derive(Clone, Debug, Default)]
pub struct ArgumentFacts(Map<String, Json>);

impl ArgumentFacts {
    /// What is known of a type; nothing for a type without an entry.
    pub fn of(azurerm_type: &str) -> Option<Self> {
        match serde_json::from_str(find(ARGUMENT_FACTS, azurerm_type)?) {
            Ok(Json::Object(facts)) => Some(Self(facts)),
            _ => None,
        }
    }

    /// True when the argument is documented for some major.
    pub fn is_known(&self, path: &str) -> bool {
        self.has("known", path)
    }

    /// True when a change of the argument, or of the presence of its block, replaces the resource.
    pub fn replaces(&self, path: &str) -> bool {
        self.has("force", path)
    }

    /// True when the block may occur more than once.
    pub fn repeats(&self, block: &str) -> bool {
        self.has("repeated", block)
    }

    /// True when the argument is a boolean.
    pub fn is_bool(&self, path: &str) -> bool {
        self.has("bool", path)
    }

    /// True when the argument is a number.
    pub fn is_number(&self, path: &str) -> bool {
        self.has("number", path)
    }

    /// The majors of the three newest that have the argument; none when all have.
    pub fn majors(&self, path: &str) -> Option<Vec<u8>> {
        let text = self.0.get("majors")?.get(path)?.as_str()?;
        Some(text.bytes().map(|digit| digit.saturating_sub(b'0')).collect())
    }

    /// The values that the argument allows in a major; none when they are not listed.
    pub fn allowed(&self, path: &str, major: u8) -> Option<Vec<&str>> {
        let of = |table: &str| self.0.get(table).and_then(|it| it.get(path)).and_then(Json::as_array);
        let list = if major <= 3 { of("allowed3").or_else(|| of("allowed")) } else { of("allowed") };
        list.map(|list| list.iter().filter_map(Json::as_str).collect())
    }

    /// The arguments that a block cannot do without.
    pub fn required(&self, block: &str) -> Vec<&str> {
        let list = self.0.get("required").and_then(|it| it.get(block)).and_then(Json::as_array);
        list.into_iter().flatten().filter_map(Json::as_str).collect()
    }

    fn has(&self, table: &str, path: &str) -> bool {
        let list = self.0.get(table).and_then(Json::as_array);
        list.is_some_and(|list| list.iter().any(|it| it.as_str() == Some(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::ArgumentFacts;

    #[test]
    fn facts_tell_what_an_edit_must_know() {
        let facts = ArgumentFacts::of("azurerm_storage_account").unwrap();
        assert!(facts.replaces("infrastructure_encryption_enabled") && !facts.replaces("https_traffic_only_enabled"));
        assert_eq!(facts.required("network_rules"), ["default_action"]);
        assert!(facts.is_bool("https_traffic_only_enabled") && facts.is_known("min_tls_version"));
        assert!(facts.allowed("access_tier", 5).unwrap().contains(&"Cold"));
        assert_eq!(facts.allowed("access_tier", 3).unwrap(), ["Hot", "Cool"]);
        assert!(ArgumentFacts::of("random_id").is_none());
    }
}
