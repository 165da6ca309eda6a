//! What a service does when a property is not set, by API version.
//!
//! In: a type, a path, and the API version that the resource is deployed with, when it is known. Out: the value, or
//! that it depends on the version. The entries are `src/azure/data/defaults.yaml`; a type's entries are read when first
//! asked for, so a run pays only for the types it has.

use std::sync::{Arc, LazyLock, OnceLock};

use serde::Deserialize;

use super::embedded::SERVICE_DEFAULTS;
use crate::model::{PathSegment, PropertyPath, ResourceType};
use crate::source::{FileId, Span};
use crate::value::{Array, DefaultOf, Number, Object, Value, ValueKind};

/// The answer for one property.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ServiceDefault {
    /// The service has no default that is on record.
    None,
    /// This value, marked with its origin; its span is of no text.
    Value(&'static Value),
    /// It depends on the API version, which is not known.
    DependsOnVersion,
}

/// The span of values that no text of the run has.
pub const NO_TEXT: Span = Span::new(FileId(u32::MAX), 0, 0);

struct Property {
    path: PropertyPath,
    /// Newest first; an empty `from` holds for all older versions.
    ranges: Vec<Range>,
}

struct Range {
    from: Box<str>,
    value: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    from: String,
    value: serde_json::Value,
    #[serde(rename = "source")]
    _source: String,
}

static READ: LazyLock<Vec<OnceLock<Vec<Property>>>> =
    LazyLock::new(|| SERVICE_DEFAULTS.iter().map(|_| OnceLock::new()).collect());

/// The default of the property at `path` for a resource deployed with `api_version`.
pub fn lookup<'s>(
    resource_type: &ResourceType,
    path: &(impl IntoIterator<Item = &'s PathSegment> + Clone),
    api_version: Option<&str>,
) -> ServiceDefault {
    let find = |properties: &'static [Property]| {
        properties.iter().find(|property| same_path(property.path.segments(), path.clone()))
    };
    let own = properties_of(resource_type.as_str()).and_then(find);
    let property = own.or_else(|| properties_of(ANY_TYPE).and_then(find));
    let Some(Property { ranges, .. }) = property else { return ServiceDefault::None };
    match api_version.and_then(|version| version.get(..10)) {
        Some(day) => ranges
            .iter()
            .find(|range| &*range.from <= day)
            .map_or(ServiceDefault::None, |range| ServiceDefault::Value(&range.value)),
        None => match ranges.as_slice() {
            [newest, older @ ..]
                if ranges.last().is_some_and(|oldest| oldest.from.is_empty())
                    && older.iter().all(|range| range.value.kind == newest.value.kind) =>
            {
                ServiceDefault::Value(&newest.value)
            }
            _ => ServiceDefault::DependsOnVersion,
        },
    }
}

/// The entry that holds for every type.
const ANY_TYPE: &str = "*";

fn properties_of(resource_type: &str) -> Option<&'static [Property]> {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    let at = SERVICE_DEFAULTS.binary_search_by(|(name, _)| name.bytes().cmp(resource_type.bytes().map(lower))).ok()?;
    let (_, json) = SERVICE_DEFAULTS.get(at)?;
    Some(READ.get(at)?.get_or_init(|| read(json)))
}

fn read(json: &str) -> Vec<Property> {
    let entries: std::collections::BTreeMap<String, Vec<Entry>> =
        serde_json::from_str(json).expect("a test reads all of defaults.yaml");
    let property = |(path, entries): (String, Vec<Entry>)| {
        let mut ranges: Vec<Range> = entries.into_iter().map(range).collect();
        ranges.sort_by(|a, b| b.from.cmp(&a.from));
        Property { path: PropertyPath::parse(&path), ranges }
    };
    entries.into_iter().map(property).collect()
}

fn range(entry: Entry) -> Range {
    let api_version = if entry.from.is_empty() { "any".into() } else { entry.from.as_str().into() };
    let value = Value::new(kind(&entry.value), NO_TEXT).as_default(DefaultOf::Service { api_version });
    Range { from: entry.from.into(), value }
}

fn kind(json: &serde_json::Value) -> ValueKind {
    match json {
        serde_json::Value::Null => ValueKind::Null,
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Number::Float(number.as_f64().unwrap_or(f64::NAN)), Number::Int).into()
        }
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Array(items) => {
            let items = items.iter().map(|item| Value::new(kind(item), NO_TEXT)).collect();
            ValueKind::Array(Arc::new(Array { items, rest: None }))
        }
        serde_json::Value::Object(entries) => {
            let mut object = Object::default();
            for (key, value) in entries {
                object.insert(key.as_str(), NO_TEXT, Value::new(kind(value), NO_TEXT));
            }
            ValueKind::Object(Arc::new(object))
        }
    }
}

fn same_path<'s>(known: &[PathSegment], asked: impl IntoIterator<Item = &'s PathSegment>) -> bool {
    let mut asked = asked.into_iter();
    let same = known.iter().all(|segment| match (segment, asked.next()) {
        (PathSegment::Key(a), Some(PathSegment::Key(b))) => a.eq_ignore_ascii_case(b),
        (PathSegment::Each | PathSegment::Index(_), Some(PathSegment::Each | PathSegment::Index(_))) => true,
        _ => false,
    });
    same && asked.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_reads_and_its_ranges_start_at_dates() {
        for (name, _) in SERVICE_DEFAULTS {
            for property in properties_of(name).unwrap() {
                assert!(!property.ranges.is_empty(), "{name} {}", property.path);
                for Range { from, .. } in &property.ranges {
                    let date = from.len() == 10 && from.split('-').map(str::len).eq([4, 2, 2]);
                    assert!(from.is_empty() || date, "{name} {}: `{from}` is no date", property.path);
                }
            }
        }
    }

    #[test]
    fn a_default_is_that_of_the_api_version() {
        let account = ResourceType::new("microsoft.storage/storageaccounts");
        let ask = |path: &str, version: Option<&str>| match lookup(
            &account,
            &PropertyPath::parse(path).segments(),
            version,
        ) {
            ServiceDefault::Value(value) => format!("{:?}", value.kind),
            other => format!("{other:?}"),
        };
        let https = "properties.supportsHttpsTrafficOnly";
        assert_eq!(ask(https, Some("2019-04-01")), "Bool(true)");
        assert_eq!(ask(https, Some("2023-05-01-preview")), "Bool(true)");
        assert_eq!(ask(https, Some("2018-07-01")), "Bool(false)");
        assert_eq!(ask(https, None), "DependsOnVersion");
        assert_eq!(ask("properties.networkAcls.defaultAction", None), "String(\"Allow\")");
        assert_eq!(ask("properties.other", None), "None");
    }
}
