//! What mapping files can say, each on a small file and a hand-made block.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::Mappings;
use crate::frontend::terraform::instance::{Instance, Mode, Provider};
use crate::frontend::terraform::lower;
use crate::model::{Dialect, Lookup, Lowered, Presence, PropertyPath, Target};
use crate::source::{FileId, Span};
use crate::value::{Array, Object, Reason, Reference, Unknown, Value, ValueKind};

const NOWHERE: Span = Span::new(FileId(0), 0, 1);

#[test]
fn every_embedded_mapping_compiles() {
    let mappings = Mappings::embedded();
    let mut wrong = Vec::new();
    let modules: Vec<&str> = crate::frontend::yaml::modules().collect();
    for name in mappings.names().into_iter().chain(modules) {
        if let Err(errors) = mappings.compile(name) {
            wrong.extend(errors.into_iter().map(|error| format!("{name}.yaml: {error}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let cases = [
        ("arm: A.B/c\nattributes: { a: { too: properties.a } }", "unknown key `too`"),
        ("arm: A.B/c\nattributes: { a: { to: properties.a, child: x } }", "`child: x` is not in `children`"),
        ("arm: A.B/c\nattributes: { a: { to: property.a } }", "does not start with one of"),
        ("arm: A.B/c\nattributes: { a: { to: 'properties.a[0]' } }", "is not an ARM path"),
        ("arm: A.B/c\nattributes: { a.b: { to: 'properties.a[*].b[*].c[*].d' } }", "more `[*]` than blocks"),
        ("arm: A.B/c\nattributes: { a: { to: properties.a, function: f } }", "no function `f`"),
        ("arm: A.B/c\nattributes: { A: { to: properties.a } }", "is not the path of an argument"),
        ("arm: A.B/c\nextends: azurerm_none", "there is no such file"),
        ("attributes: {}", "`arm` must be an ARM type"),
        ("arm: A.B/c\nattribute: {}", "unknown key `attribute`"),
    ];
    for (text, expected) in cases {
        let (_, diagnostics) = Mappings::with_files([("azurerm_t".to_owned(), file(text))]);
        assert!(diagnostics.iter().any(|it| it.message.contains(expected)), "{text}: {diagnostics:?}");
    }
}

#[test]
fn arguments_fill_properties() {
    let cases = [
        ("a: { to: properties.x }", json!({"a": 1}), json!({"x": 1})),
        ("a: { to: properties.x }", json!({"a": null}), json!({})),
        ("a: { to: properties.x, default: 7 }", json!({"a": null}), json!({"x": "default 7"})),
        ("a: { to: properties.x, default: 7 }", json!({"a": {"$unknown": "var.v"}}), json!({"x": "unknown"})),
        ("a: { to: properties.x, default: { '2': old, '4': new } }", json!({}), json!({"x": "default \"new\""})),
        ("a: { to: properties.x, default: { '9': new } }", json!({}), json!({})),
        ("a: { to: properties.x, values: { true: On, false: Off } }", json!({"a": true}), json!({"x": "On"})),
        ("a: { to: properties.x, values: { true: On }, default: true }", json!({}), json!({"x": "default \"On\""})),
        ("a: { to: properties.x, values: { none: null } }", json!({"a": "None"}), json!({})),
        ("a: { to: properties.x, was: old }", json!({"old": 3}), json!({"x": 3})),
        (
            "a: { to: properties.x, was: { name: disabled, values: { true: Off } } }",
            json!({"disabled": true}),
            json!({"x": "Off"}),
        ),
        ("a: { to: properties.x, was: old.deep, default: 1 }", json!({"old": [{"deep": 3}]}), json!({"x": 3})),
        ("a: { to: properties.x, format: 'P{}D' }", json!({"a": 30}), json!({"x": "P30D"})),
        ("a: { to: properties.x, format: '{a}_{b.c}' }", json!({"a": 1, "b": [{"c": true}]}), json!({"x": "1_true"})),
        ("a: { to: properties.x, format: '{a}_{b}' }", json!({"a": 1}), json!({})),
        ("a: { to: properties.x, scale: 1024 }", json!({"a": 2}), json!({"x": 2048})),
        (
            "a: { to: properties.x, each: { value: $, on: true } }",
            json!({"a": ["i"]}),
            json!({"x": [{"value": "i", "on": true}]}),
        ),
        (
            "a: { to: properties.x, each: { name: $key, value: $ } }",
            json!({"a": {"k": "v"}}),
            json!({"x": [{"name": "k", "value": "v"}]}),
        ),
        ("a: { to: properties.x, present: Yes, absent: No }", json!({"a": [{}]}), json!({"x": "Yes"})),
        ("a: { to: properties.x, present: Yes, absent: No }", json!({"a": []}), json!({"x": "default \"No\""})),
        ("b.a: { to: properties.x, present: Yes, absent: No }", json!({}), json!({"x": "default \"No\""})),
        ("a: { to: properties.x, function: upper }", json!({"a": "i"}), json!({"x": "I"})),
        ("a: [{ to: properties.x }, { to: properties.y.z }]", json!({"a": 1}), json!({"x": 1, "y": {"z": 1}})),
        ("b.a: { to: properties.x, default: 7 }", json!({}), json!({})),
        ("b.a: { to: properties.x, default: 7 }", json!({"b": [{}]}), json!({"x": "default 7"})),
        ("b.a: { to: properties.x, default: 7, always: true }", json!({}), json!({"x": "default 7"})),
        ("a: { to: properties.x }\nb: { to: properties.x }", json!({"a": [1], "b": [2]}), json!({"x": [1, 2]})),
    ];
    for (attributes, arguments, expected) in cases {
        assert_eq!(properties(attributes, &arguments), expected, "{attributes}\n{arguments}");
    }
}

#[test]
fn repeated_blocks_fill_elements() {
    let rules = "rule.name: { to: 'properties.rules[*].name' }
rule.port: { to: 'properties.rules[*].properties.port', default: 80 }
rule.inner.x: { to: 'properties.rules[*].inner.x' }";
    let nested = "config.rule.name: { to: 'properties.config.rules[*].name' }
config.rule.deep.id: { to: 'properties.config.rules[*].deep[*].id' }";
    let pool = "pool.size: { to: 'properties.pools[*].size' }\npool.upgrade.surge: { to: 'properties.pools[*].upgrade.surge' }";
    let cases = [
        (
            rules,
            json!({"rule": [{"name": "a", "port": 1}, {"name": "b", "inner": [{"x": 2}]}]}),
            json!({"rules": [
                {"name": "a", "properties": {"port": 1}},
                {"name": "b", "properties": {"port": "default 80"}, "inner": {"x": 2}}]}),
        ),
        (rules, json!({}), json!({})),
        (rules, json!({"rule": []}), json!({})),
        (
            rules,
            json!({"rule": [{"name": "a"}, {"$rest": "var.v"}]}),
            json!({"rules": [
            {"name": "a", "properties": {"port": "default 80"}}, "rest"]}),
        ),
        (rules, json!({"rule": {"$unknown": "var.v"}}), json!({"rules": ["rest"]})),
        (
            nested,
            json!({"config": [{"rule": [{"name": "a"}, {"name": "b", "deep": [{"id": 1}, {"id": 2}]}]}]}),
            json!({"config": {"rules": [{"name": "a"}, {"name": "b", "deep": [{"id": 1}, {"id": 2}]}]}}),
        ),
        (
            pool,
            json!({"pool": [{"size": 1, "upgrade": [{"surge": 2}]}]}),
            json!({"pools": [{"size": 1, "upgrade": {"surge": 2}}]}),
        ),
        (
            pool,
            json!({"pool": [{"size": 1, "upgrade": {"$unknown": "var.v"}}]}),
            json!({"pools": [{"size": 1, "upgrade": {"surge": "unknown"}}]}),
        ),
        (
            "a: { to: 'properties.x[*].a' }\nb: { to: 'properties.x[*].b' }",
            json!({"a": ["i", "j"], "b": 1}),
            json!({"x": [{"a": ["i", "j"], "b": 1}]}),
        ),
        (
            "log: { to: 'properties.logs[*].on', present: true }\nlog.name: { to: 'properties.logs[*].name' }",
            json!({"log": [{"name": "a"}, {"name": "b"}]}),
            json!({"logs": [{"on": true, "name": "a"}, {"on": true, "name": "b"}]}),
        ),
        ("ids: { to: 'properties.x[*]' }", json!({"ids": ["a", "b"]}), json!({"x": ["a", "b"]})),
        ("ids: { to: 'properties.x[*].id' }", json!({"ids": ["a", "b"]}), json!({"x": [{"id": "a"}, {"id": "b"}]})),
    ];
    for (attributes, arguments, expected) in cases {
        assert_eq!(properties(attributes, &arguments), expected, "{attributes}\n{arguments}");
    }
}

#[test]
fn what_a_mapping_does_not_say_is_unknown_and_what_it_says_can_be_absent() {
    let text = "arm: A.B/c
complete: [properties.acl]
attributes: { a: { to: properties.x }, rule.name: { to: 'properties.rules[*].name' } }";
    let lowered = lowered(text, &json!({}));
    let resource = &lowered.resources[0];
    let cases = [
        ("properties.x", true),
        ("properties.acl.anything", true),
        ("properties.rules", true),
        ("tags", true),
        ("properties.other", false),
        ("kind", false),
    ];
    for (path, absent) in cases {
        let found = resource.lookup(&PropertyPath::parse(path));
        assert_eq!(matches!(found, Lookup::Absent { .. }), absent, "{path}: {found:?}");
    }
}

#[test]
fn children_exist_always_or_when_something_of_them_is_written() {
    let text = "arm: A.B/c
children:
  services: { arm: A.B/c/services, name: default }
  logs: { arm: A.B/c/logs, name: log, when: block }
  extras: { arm: A.B/c/extras, when: extra }
attributes:
  a: { child: services, to: properties.x, default: 1 }
  log.days: { child: logs, to: properties.days, default: 5 }
  extra.on: { child: extras, to: properties.on }";
    let made = |arguments: Json| {
        let lowered = lowered(text, &arguments);
        let children = lowered.resources.iter().skip(1);
        children.map(|it| (it.address.to_string(), it.presence == Presence::Certain)).collect::<Vec<_>>()
    };
    let with = |more: &[(&str, bool)]| {
        let mut all = vec![("azurerm_t.r::services".to_owned(), true)];
        all.extend(more.iter().map(|(key, certain)| (format!("azurerm_t.r::{key}"), *certain)));
        all
    };
    assert_eq!(made(json!({})), with(&[]));
    assert_eq!(made(json!({"log": [{"days": 3}], "extra": [{}]})), with(&[("logs", true), ("extras", true)]));
    assert_eq!(made(json!({"extra": {"$unknown": "var.v"}})), with(&[("extras", false)]));
}

#[test]
fn parents_and_patches_lead_to_their_resource() {
    let id = "arm: A.B/c/d\nparent: owner_id\nattributes: {}";
    let names = "arm: A.B/c/s/d\nparent: { names: [owner_name, =default] }\nattributes: {}";
    let target =
        |text: &str, arguments: Json| match lowered(text, &arguments).resources[0].parent.clone().map(|it| it.target) {
            Some(Target::Value(value)) => match value.as_unknown() {
                Some(unknown) => format!("-> {}", unknown.references[0].address),
                None => value.as_str().unwrap().to_owned(),
            },
            Some(Target::Named { resource_type, names }) => {
                let names: Vec<_> = names.iter().map(|name| name.as_str().unwrap_or("?")).collect();
                format!("{resource_type} {}", names.join(" "))
            }
            other => format!("{other:?}"),
        };
    assert_eq!(target(id, json!({"owner_id": {"$ref": "azurerm_c.x.id"}})), "-> azurerm_c.x");
    assert_eq!(target(id, json!({})), "None");
    assert_eq!(target(names, json!({"owner_name": "o"})), "A.B/c/s o default");
    assert_eq!(target(names, json!({"owner_name": {"$ref": "azurerm_c.x.name"}})), "-> azurerm_c.x");

    let patch = "arm: A.B/c\npatch: owner_id\nchildren: { s: { arm: A.B/c/s, name: default } }
attributes: { a: { child: s, to: properties.x }, b: { to: properties.y } }";
    let lowered = lowered(patch, &json!({"owner_id": {"$ref": "azurerm_c.x.id"}, "a": 1, "b": 2}));
    let targets: Vec<_> = lowered
        .patches
        .iter()
        .map(|it| match &it.target {
            Target::Value(value) => value.as_unknown().unwrap().references[0].address.to_string(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(targets, ["azurerm_c.x", "azurerm_c.x::s"]);
    let path = PropertyPath::parse("tags");
    assert!(lowered.patches.iter().all(|it| !it.coverage.covers(path.segments())), "a patch says nothing of tags");
}

#[test]
fn types_without_a_file_have_what_all_types_have() {
    let lowered =
        lower_one("azurerm_container_registry_scope_map", &json!({"name": "n", "container_registry_name": "r"}), "{}");
    assert_eq!(lowered.resources[0].resource_type.as_str(), "Microsoft.ContainerRegistry/registries/scopeMaps");
    assert_eq!(lowered.resources[0].text("name"), Some("n"));
    let unmapped = |source_type: &str| lower_one(source_type, &json!({}), "{}").unmapped.len();
    assert_eq!((unmapped("azurerm_no_such_thing"), unmapped("random_id"), unmapped("helm_release")), (1, 0, 0));
}

/// The `properties` that these attributes make of these arguments.
fn properties(attributes: &str, arguments: &Json) -> Json {
    let attributes = attributes.replace('\n', "\n  ");
    let lowered = lowered(&format!("arm: A.B/c\nattributes:\n  {attributes}"), arguments);
    let body = lowered.resources[0].body.as_object().unwrap();
    body.value("properties").map_or(json!({}), shown)
}

fn lowered(text: &str, arguments: &Json) -> Lowered {
    lower_one("azurerm_t", arguments, text)
}

fn lower_one(source_type: &str, arguments: &Json, text: &str) -> Lowered {
    let (mappings, diagnostics) = match text {
        "{}" => (Mappings::embedded(), Vec::new()),
        text => Mappings::with_files([("azurerm_t".to_owned(), file(text))]),
    };
    assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
    let instance = Instance {
        address: format!("{source_type}.r").into(),
        mode: Mode::Managed,
        block_type: source_type.into(),
        body: value(arguments),
        span: NOWHERE,
        header: NOWHERE,
        callers: Vec::new(),
        presence: Presence::Certain,
        provider: Arc::new(Provider {
            azurerm_major: 5,
            stated: false,
            address: "provider.azurerm".into(),
            features: value(&json!({})),
        }),
    };
    lower(&[instance], &mappings, Dialect::Terraform)
}

fn file(text: &str) -> Json {
    let mut file: Json = serde_yaml::from_str::<serde_yaml::Value>(text).map(|yaml| as_json(&yaml)).unwrap();
    file["terraform"] = json!("azurerm_t");
    file
}

fn as_json(yaml: &serde_yaml::Value) -> Json {
    match yaml {
        serde_yaml::Value::Mapping(entries) => {
            let key = |key: &serde_yaml::Value| match as_json(key) {
                Json::String(text) => text,
                other => other.to_string(),
            };
            Json::Object(entries.iter().map(|(name, value)| (key(name), as_json(value))).collect())
        }
        serde_yaml::Value::Sequence(items) => Json::Array(items.iter().map(as_json).collect()),
        other => serde_json::to_value(other).unwrap(),
    }
}

/// JSON as an evaluator would hand it over; `$unknown`, `$ref` and `$rest` stand for what JSON cannot say.
fn value(json: &Json) -> Value {
    let unknown = |name: &Json| Unknown::new(Reason::Variable(name.as_str().unwrap().into()));
    match json {
        Json::Null => Value::new(ValueKind::Null, NOWHERE),
        Json::Object(map) if map.contains_key("$unknown") => Value::new(unknown(&map["$unknown"]), NOWHERE),
        Json::Object(map) if map.contains_key("$ref") => {
            let (address, attribute) = map["$ref"].as_str().unwrap().rsplit_once('.').unwrap();
            let reference = Reference { address: address.into(), attribute: attribute.into() };
            Value::new(Unknown::reference(Reason::Computed(address.into()), reference), NOWHERE)
        }
        Json::Object(map) => {
            let mut object = Object::default();
            map.iter().for_each(|(key, inner)| object.insert(key.as_str(), NOWHERE, value(inner)));
            Value::object(object, NOWHERE)
        }
        Json::Array(items) => {
            let rest = items.iter().find_map(|item| item.get("$rest")).map(|name| Arc::new(unknown(name)));
            let items = items.iter().filter(|item| item.get("$rest").is_none()).map(value).collect();
            Value::new(ValueKind::Array(Arc::new(Array { items, rest })), NOWHERE)
        }
        scalar => super::from_json(scalar, NOWHERE),
    }
}

/// A value as JSON: defaults and unknowns as texts.
fn shown(value: &Value) -> Json {
    let json = match &value.kind {
        ValueKind::Null => Json::Null,
        ValueKind::Bool(flag) => json!(flag),
        ValueKind::Number(number) => number.as_i64().map_or_else(|| json!(number.as_f64()), |int| json!(int)),
        ValueKind::String(text) => json!(text.as_ref()),
        ValueKind::Unknown(_) => json!("unknown"),
        ValueKind::Array(array) => {
            array.items.iter().map(shown).chain(array.rest.iter().map(|_| json!("rest"))).collect()
        }
        ValueKind::Object(object) => {
            object.entries.iter().map(|(key, entry)| (key.to_string(), shown(&entry.value))).collect()
        }
    };
    if value.default_of().is_some() { json!(format!("default {json}")) } else { json }
}
