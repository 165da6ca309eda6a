//! `parse::json`: whatever the bytes; what `serde_json` reads is read, and as the same value.

use super::{hold, one, text};
use baalint::parse::json;
use baalint::source::FileId;
use baalint::value::{Value, ValueKind};

/// One input.
pub fn run(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let (document, diagnostics) = json::parse(FileId(0), text);
    hold(&diagnostics, &one(text));
    if let Ok(theirs) = serde_json::from_str::<serde_json::Value>(text) {
        let document = document.expect("serde_json reads it");
        assert!(same(&document.root, &theirs), "{:?}\n{theirs}", document.root);
    }
}

/// Keys that are there twice are compared by the last of them, as both have it.
fn same(ours: &Value, theirs: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    match (&ours.kind, theirs) {
        (ValueKind::Null, Json::Null) => true,
        (ValueKind::Bool(a), Json::Bool(b)) => a == b,
        // Large numbers are kept as well as each of the two can.
        (ValueKind::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64(), b.as_f64().unwrap_or(f64::NAN));
            a.total_cmp(&b).is_eq() || (a - b).abs() <= b.abs() * 1e-12
        }
        (ValueKind::String(a), Json::String(b)) => **a == **b,
        (ValueKind::Array(a), Json::Array(b)) => {
            a.items.len() == b.len() && a.items.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (ValueKind::Object(a), Json::Object(b)) => {
            a.entries.len() == b.len() && b.iter().all(|(key, b)| a.value(key).is_some_and(|a| same(a, b)))
        }
        _ => false,
    }
}
