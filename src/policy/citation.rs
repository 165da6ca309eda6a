//! The paragraphs of the HIPAA Security Rule that a policy may cite: a closed list with their titles.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::azure;

/// A paragraph of 45 CFR part 164.
#[derive(Clone, Debug, Deserialize)]
pub struct Citation {
    /// `164.312(e)(1)`.
    pub id: Box<str>,
    /// Its short title.
    pub title: Box<str>,
    /// `required` or `addressable`.
    pub required: Box<str>,
}

#[derive(Deserialize)]
struct File {
    citations: Vec<Citation>,
}

static CITATIONS: LazyLock<Vec<Citation>> = LazyLock::new(|| {
    let json = azure::data("citations").unwrap_or(r#"{"citations": []}"#);
    let file: File = serde_json::from_str(json).expect("a test reads citations.json");
    file.citations
});

/// Every citation, in the order of the rule.
pub fn all() -> &'static [Citation] {
    &CITATIONS
}

/// The citation of an id.
pub fn find(id: &str) -> Option<&'static Citation> {
    CITATIONS.iter().find(|citation| &*citation.id == id)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_reads_and_holds_transmission_security() {
        assert_eq!(super::find("164.312(e)(1)").map(|it| &*it.title), Some("Transmission security"));
        assert!(super::all().len() > 50 && super::find("164.312(z)").is_none());
    }
}
