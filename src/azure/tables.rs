//! The generated tables of facts about types, and the one way to look into them.

include!(concat!(env!("OUT_DIR"), "/azure_tables.rs"));

/// The row of a type in a table sorted by lower-case type.
pub(super) fn row<T: Copy>(table: &'static [(&'static str, T)], resource_type: &str) -> Option<T> {
    // Folded once, here: names are compared a dozen times, and have their first half in common.
    let mut folded = [0; LONGEST];
    let folded = folded.get_mut(..resource_type.len())?;
    folded.copy_from_slice(resource_type.as_bytes());
    folded.make_ascii_lowercase();
    let position = table.binary_search_by(|(name, _)| name.as_bytes().cmp(folded)).ok()?;
    table.get(position).map(|(_, value)| *value)
}

/// No name in a table is longer.
const LONGEST: usize = 160;

#[cfg(test)]
mod tests {
    use super::{CMK, DIAGNOSABLE, PRIVATE_DNS, PRIVATE_LINK, SECRETS, STABLE_API, row};

    #[test]
    fn tables_are_sorted_and_found_in_whatever_the_case() {
        for table in [CMK, DIAGNOSABLE, PRIVATE_DNS, PRIVATE_LINK, SECRETS] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
            assert!(table.iter().all(|(key, _)| key.len() <= super::LONGEST));
            assert!(table.iter().all(|(key, _)| row(table, &key.to_ascii_uppercase()).is_some()));
        }
        assert!(STABLE_API.is_sorted_by(|a, b| a.0 < b.0));
    }
}
