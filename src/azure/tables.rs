//! The generated tables of facts about types, and the one way to look into them.

include!(concat!(env!("OUT_DIR"), "/azure_tables.rs"));

/// The row of a type in a table sorted by lower-case type.
pub(super) fn row<T: Copy>(table: &'static [(&'static str, T)], resource_type: &str) -> Option<T> {
    let find = |key: &[u8]| table.binary_search_by(|(name, _)| name.as_bytes().cmp(key)).ok();
    let position = in_lower_case(resource_type, find)?;
    table.get(position).map(|(_, value)| *value)
}

/// Longer names of types are rare.
const USUAL: usize = 128;

/// Looks for a name in lower case; a table is asked a dozen times a resource, so nothing is allocated for it.
pub(super) fn in_lower_case<T>(name: &str, look: impl FnOnce(&[u8]) -> T) -> T {
    let mut buffer = [0; USUAL];
    match buffer.get_mut(..name.len()) {
        Some(lower) => {
            lower.copy_from_slice(name.as_bytes());
            lower.make_ascii_lowercase();
            look(lower)
        }
        None => look(name.to_ascii_lowercase().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::{CMK, DIAGNOSABLE, PRIVATE_DNS, PRIVATE_LINK, SECRETS, STABLE_API, row};

    #[test]
    fn tables_are_sorted_and_found_in_whatever_the_case() {
        for table in [CMK, DIAGNOSABLE, PRIVATE_DNS, PRIVATE_LINK, SECRETS] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
            assert!(table.iter().all(|(key, _)| row(table, &key.to_ascii_uppercase()).is_some()));
        }
        assert!(STABLE_API.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(row(CMK, &"A.B/".repeat(100)), None);
    }
}
