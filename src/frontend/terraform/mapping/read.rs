//! Reads the closed vocabulary of a mapping file out of JSON, collecting what is wrong instead of stopping.

use serde_json::{Map, Value as Json};

/// What is wrong with a file, one sentence each.
#[derive(Default)]
pub(super) struct Errors {
    pub(super) found: Vec<String>,
}

impl Errors {
    pub(super) fn add(&mut self, error: impl Into<String>) {
        self.found.push(error.into());
    }

    /// The entries of an object whose keys must all be known.
    pub(super) fn object<'j>(&mut self, what: &str, json: &'j Json, known: &[&str]) -> Option<&'j Map<String, Json>> {
        let Json::Object(map) = json else {
            self.add(format!("{what}: expected a map, found {json}"));
            return None;
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            self.add(format!("{what}: unknown key `{key}`; known: {}", known.join(", ")));
        }
        Some(map)
    }

    pub(super) fn text<'j>(&mut self, what: &str, json: &'j Json) -> Option<&'j str> {
        if json.as_str().is_none() {
            self.add(format!("{what}: expected a text, found {json}"));
        }
        json.as_str()
    }

    pub(super) fn flag(&mut self, what: &str, json: Option<&Json>) -> bool {
        match json {
            None => false,
            Some(Json::Bool(flag)) => *flag,
            Some(other) => {
                self.add(format!("{what}: expected true or false, found {other}"));
                false
            }
        }
    }

    pub(super) fn map<'j>(&mut self, what: &str, json: Option<&'j Json>) -> Option<&'j Map<String, Json>> {
        match json? {
            Json::Object(map) => Some(map),
            other => {
                self.add(format!("{what}: expected a map, found {other}"));
                None
            }
        }
    }
}

/// A file with what it extends: `set`, `complete`, `children` and `attributes` of the base, its own entries winning.
pub(super) fn extend(mut file: Json, base: &Json) -> Json {
    let Some(own) = file.as_object_mut() else { return file };
    for key in ["set", "children", "attributes"] {
        let Some(Json::Object(theirs)) = base.get(key) else { continue };
        let mut merged = theirs.clone();
        if let Some(Json::Object(ours)) = own.get(key) {
            merged.extend(ours.clone());
        }
        own.insert(key.to_owned(), Json::Object(merged));
    }
    if let Some(Json::Array(theirs)) = base.get("complete") {
        let mut merged = theirs.clone();
        merged.extend(own.get("complete").and_then(Json::as_array).cloned().unwrap_or_default());
        own.insert("complete".to_owned(), Json::Array(merged));
    }
    match base.get("extends") {
        Some(further) => own.insert("extends".to_owned(), further.clone()),
        None => own.remove("extends"),
    };
    file
}
