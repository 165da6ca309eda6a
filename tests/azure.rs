//! What the facts about Azure say of whole resources: the BAA catalogue, preview API versions, literal secrets.

use std::sync::Arc;

use baalint::azure::{baa, preview, secrets};
use baalint::model::{Coverage, Dialect, Presence, Resource, ResourceType};
use baalint::source::{SourceMap, Span};
use baalint::value::{Object, Reason, Value, ValueKind};
use serde_json::{Value as Json, json};

fn resource(resource_type: &str, dialect: Dialect, body: &Json) -> Resource {
    let mut sources = SourceMap::default();
    let span = Span::new(sources.add("main.json", "main.json", "{}"), 0, 2);
    Resource {
        address: "it".into(),
        resource_type: ResourceType::new(resource_type),
        source_type: resource_type.into(),
        dialect,
        body: value(body, span),
        coverage: Arc::new(Coverage::complete()),
        span,
        header: span,
        callers: Vec::new(),
        presence: Presence::Certain,
        parent: None,
        resource_group: None,
        provider_major: None,
    }
}

/// JSON to a value; the text `<unknown>` becomes unknown.
fn value(json: &Json, span: Span) -> Value {
    match json {
        Json::Null => Value::new(ValueKind::Null, span),
        Json::Bool(it) => Value::new(*it, span),
        Json::Number(it) => Value::new(it.as_i64().expect("whole"), span),
        Json::String(it) if it == "<unknown>" => Value::unknown(Reason::Variable("v".into()), span),
        Json::String(it) => Value::new(it.as_str(), span),
        Json::Array(items) => Value::array(items.iter().map(|it| value(it, span)).collect(), span),
        Json::Object(entries) => {
            let mut object = Object::default();
            for (key, it) in entries {
                object.insert(key.as_str(), span, value(it, span));
            }
            Value::object(object, span)
        }
    }
}

fn said(resource: &Resource) -> String {
    let text = |key| match baa::ask(resource, key) {
        Some(Value { kind: ValueKind::String(text), .. }) => text.to_string(),
        Some(Value { kind: ValueKind::Bool(it), .. }) => it.to_string(),
        Some(_) => "unknown".to_owned(),
        None => "nothing".to_owned(),
    };
    format!("{} {} {}", text("status"), text("basis"), text("own"))
}

#[test]
fn the_narrowest_entry_of_the_catalogue_answers() {
    let ai = "Microsoft.CognitiveServices/accounts";
    let deployments = "Microsoft.CognitiveServices/accounts/deployments";
    let cases = [
        ("Microsoft.KeyVault/vaults", json!({}), "covered inferred true"),
        ("Microsoft.KeyVault/vaults/secrets", json!({}), "covered inferred false"),
        ("microsoft.communication/COMMUNICATIONSERVICES", json!({}), "unlisted inferred true"),
        ("Microsoft.Communication/emailServices/domains", json!({}), "unlisted inferred false"),
        ("Microsoft.Datadog/monitors", json!({}), "partner judgement true"),
        ("Microsoft.HorizonDb/clusters", json!({}), "preview inferred true"),
        ("Microsoft.Bing/accounts", json!({}), "not_covered documented true"),
        (ai, json!({ "kind": "OpenAI" }), "covered inferred true"),
        (ai, json!({ "kind": "ContentSafety" }), "unlisted inferred true"),
        (ai, json!({ "kind": "NewThing" }), "unlisted inferred true"),
        (ai, json!({ "kind": "<unknown>" }), "unknown unknown unknown"),
        (deployments, json!({ "properties": { "model": { "format": "Mistral AI" } } }), "unlisted inferred true"),
        (deployments, json!({ "properties": { "model": { "format": "OpenAI" } } }), "covered inferred false"),
        (
            "Microsoft.CognitiveServices/accounts/projects/connections",
            json!({ "properties": { "category": "GroundingWithBingSearch" } }),
            "not_covered documented true",
        ),
        (
            "Microsoft.Compute/virtualMachines",
            json!({ "plan": { "publisher": "paloaltonetworks", "product": "vmseries" } }),
            "partner judgement true",
        ),
        (
            "Microsoft.OperationsManagement/solutions",
            json!({ "plan": { "publisher": "Microsoft" } }),
            "covered inferred true",
        ),
        (
            "Microsoft.MachineLearningServices/workspaces/connections",
            json!({ "properties": { "category": "AIServices", "target": "<unknown>" } }),
            "covered inferred false",
        ),
        ("Microsoft.Graph/applications", json!({}), "covered inferred true"),
        ("Microsoft.NotYetKnown/things", json!({}), "unlisted judgement true"),
        ("Somebody.Else/things", json!({}), "partner judgement true"),
        ("baalint.template/parameters", json!({}), "internal judgement true"),
    ];
    for (resource_type, body, expected) in cases {
        assert_eq!(said(&resource(resource_type, Dialect::Arm, &body)), expected, "{resource_type} {body}");
    }
}

#[test]
fn a_status_is_unknown_only_when_what_is_not_known_decides_it() {
    let account = resource("Microsoft.CognitiveServices/accounts", Dialect::Arm, &json!({ "kind": "<unknown>" }));
    let machine =
        resource("Microsoft.Compute/virtualMachines", Dialect::Arm, &json!({ "plan": { "publisher": "<unknown>" } }));
    let cases = [
        (&account, "not_covered", None),
        (&account, "unlisted", None),
        (&account, "partner", Some(false)),
        (&machine, "partner", None),
        (&machine, "unlisted", Some(false)),
    ];
    for (resource, key, expected) in cases {
        assert_eq!(baa::ask(resource, key).and_then(|it| it.as_bool()), expected, "{key}");
    }
}

#[test]
fn every_entry_of_the_catalogue_has_evidence_that_exists() {
    for service in baa::services() {
        assert!(!service.evidence.is_empty() && !service.types.is_empty(), "{}", service.name);
        for id in service.evidence {
            assert!(baa::evidence().iter().any(|it| it.id == *id), "{} names {id}", service.name);
        }
    }
    let count = |status| baa::services().iter().filter(|it| it.status == status).count();
    assert!(count(baa::Status::Partner) >= 28);
    assert!(count(baa::Status::NotCovered) >= 2);
}

#[test]
fn a_preview_version_counts_only_where_the_author_chose_it_and_could_have_chosen_another() {
    let cases = [
        ("Microsoft.Storage/storageAccounts", Dialect::Arm, "2021-01-01-preview", true),
        ("Microsoft.Storage/storageAccounts", Dialect::Terraform, "2021-01-01-preview", false),
        ("Microsoft.Storage/storageAccounts", Dialect::Arm, "2023-05-01", false),
        ("Microsoft.Insights/diagnosticSettings", Dialect::Arm, "2021-05-01-preview", false),
    ];
    for (resource_type, dialect, version, expected) in cases {
        let it = resource(resource_type, dialect, &json!({ "apiVersion": version }));
        assert_eq!(preview::preview_api(&it).as_bool(), Some(expected), "{resource_type} {version}");
    }
    let it = resource("Microsoft.Storage/storageAccounts", Dialect::Arm, &json!({ "apiVersion": "<unknown>" }));
    assert!(preview::preview_api(&it).as_unknown().is_some());
}

#[test]
fn literal_secrets_are_found_by_schema_by_name_and_by_form() {
    let cases = [
        (
            "Microsoft.Sql/servers",
            json!({ "properties": { "administratorLogin": "sa", "administratorLoginPassword": "Winter2024!" } }),
            vec!["properties.administratorLoginPassword"],
        ),
        ("Microsoft.Sql/servers", json!({ "properties": { "administratorLoginPassword": "<unknown>" } }), vec![]),
        (
            "Microsoft.Web/sites",
            json!({ "properties": { "siteConfig": { "appSettings": [
                { "name": "DB_PASSWORD", "value": "Winter2024!" },
                { "name": "REGION", "value": "eastus" },
                { "name": "API_SECRET", "value": "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/x)" },
            ] } } }),
            vec!["properties.siteConfig.appSettings[0].value"],
        ),
        (
            "Microsoft.Web/sites/config",
            json!({ "name": "site/appsettings", "properties": { "CLIENT_SECRET": "aB1-cD2-eF3!gH4" } }),
            vec!["properties.CLIENT_SECRET"],
        ),
        ("Microsoft.KeyVault/vaults/secrets", json!({ "properties": { "value": "placeholder" } }), vec![]),
        (
            "Microsoft.Compute/virtualMachines",
            json!({ "properties": { "osProfile": { "customData": "Server=db;User ID=sa;Password=Winter2024!;" } } }),
            vec!["properties.osProfile.customData"],
        ),
    ];
    for (resource_type, body, expected) in cases {
        let found = secrets::literals(&resource(resource_type, Dialect::Arm, &body));
        let mut found: Vec<_> = found.iter().map(|it| it.path.as_str()).collect();
        // A script is told once for what it holds and once for itself.
        found.dedup();
        assert_eq!(found, expected, "{resource_type} {body}");
    }
}

#[test]
fn literal_secrets_are_found_among_arguments_of_azurerm() {
    let cases = [
        (
            "azurerm_mssql_server",
            json!({ "administrator_login_password": "Winter2024!" }),
            Some("administrator_login_password"),
        ),
        ("azurerm_mssql_server", json!({ "administrator_login_password": "" }), None),
        (
            "azurerm_linux_web_app",
            json!({ "app_settings": { "DB_PASSWORD": "Winter2024!" } }),
            Some("app_settings.DB_PASSWORD"),
        ),
        (
            "azurerm_linux_web_app",
            json!({ "app_settings": { "DB_PASSWORD": "@Microsoft.KeyVault(SecretUri=https://x)" } }),
            None,
        ),
        (
            "azurerm_container_group",
            json!({ "image_registry_credential": [{ "server": "x.io", "password": "Winter2024!" }] }),
            Some("image_registry_credential[0].password"),
        ),
        ("azurerm_key_vault_secret", json!({ "value": "https://example.net/" }), None),
        (
            "azurerm_virtual_machine_extension",
            json!({ "settings": "{\"adminPassword\": \"Winter2024!\"}" }),
            Some("settings"),
        ),
    ];
    for (azurerm_type, arguments, expected) in cases {
        let mut sources = SourceMap::default();
        let span = Span::new(sources.add("main.tf", "main.tf", "x"), 0, 1);
        let found = secrets::arguments(azurerm_type, &value(&arguments, span));
        let found = found.as_ref().and_then(|it| it.as_array()?.items.first()?.as_object()?.entries.first());
        let found = found.map(|(path, _)| &**path);
        assert_eq!(found, expected, "{azurerm_type} {arguments}");
    }
}
