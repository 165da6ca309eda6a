//! `azure-native` tokens: arguments are the ARM body, flattened, with the names of the resource and of what holds it among them.
//!
//! In: one declaration. Out: one resource. `accountName`, `vaultName` and the like are told from properties by the segments of the
//! type; a name that nobody gives starts with the resource's name in the program.

use std::sync::Arc;

use super::{Declared, renamed};
use crate::frontend::yaml::lift::{Shape, identities};
use crate::frontend::yaml::tables::{self, singular};
use crate::model::{Coverage, Dialect, Link, Lowered, Resource, ResourceType, Target};
use crate::source::Span;
use crate::value::{DefaultOf, Object, Reason, Unknown, Value, ValueKind};

/// Names of segments that no rule tells: segment, argument.
const NAMED: [(&str, &str); 5] = [
    ("virtualMachines", "vmName"),
    ("virtualMachineScaleSets", "vmScaleSetName"),
    ("configurationStores", "configStoreName"),
    ("searchServices", "searchServiceName"),
    ("dataCenters", "dataCenterName"),
];

/// Resources of which there is one: segment, its name.
const SINGLE: [(&str, &str); 8] = [
    ("blobServices", "default"),
    ("fileServices", "default"),
    ("queueServices", "default"),
    ("tableServices", "default"),
    ("managementPolicies", "default"),
    ("encryptionProtector", "current"),
    ("transparentDataEncryption", "current"),
    ("azureADOnlyAuthentications", "Default"),
];

/// The settings of a web app that its tokens name.
const SITE_CONFIG: [(&str, &str); 7] = [
    ("WebAppApplicationSettings", "appsettings"),
    ("WebAppConnectionStrings", "connectionstrings"),
    ("WebAppAuthSettings", "authsettings"),
    ("WebAppAuthSettingsV2", "authsettingsV2"),
    ("WebAppDiagnosticLogsConfiguration", "logs"),
    ("WebAppFtpAllowed", "ftp"),
    ("WebAppScmAllowed", "scm"),
];

/// The API version of a token that names none, where defaults of the service depend on it: what azure-native 2 uses. Version 3
/// uses a newer one with the same defaults (read 2026-11-22).
const WITHOUT_VERSION: [(&str, &str); 1] = [("Microsoft.Storage/storageAccounts", "2022-09-01")];

/// Lowers one declaration.
pub(super) fn lower(declared: Declared<'_>, lowered: &mut Lowered) {
    let mut parts = declared.token.split(':').skip(1);
    let module = parts.next().unwrap_or("");
    let kind = parts.next().unwrap_or("");
    let (module, version) = module.split_once('/').unwrap_or((module, ""));
    // Before version 2 the plain name was the single server's, which keeps its `properties`.
    let was_single = matches!((module, kind), ("dbformysql" | "dbforpostgresql", "Server"))
        && declared.arguments.value("properties").is_some_and(|it| it.as_object().is_some());
    let kind = if was_single { "SingleServer" } else { kind };
    let Some(arm) = tables::native(module, kind) else {
        // Files put into a container are data, not infrastructure.
        if !matches!((module, kind), ("storage", "Blob" | "StorageAccountStaticWebsite")) {
            lowered.unmapped.push(declared.token.into());
        }
        return;
    };
    let resource_type = ResourceType::new(arm);
    let mut arguments = declared.arguments;
    let resource_group = if resource_type == *"Microsoft.Resources/resourceGroups" {
        None
    } else {
        arguments.entries.shift_remove("resourceGroupName").map(|entry| entry.value)
    };
    let mut named = names(&mut arguments, &resource_type);
    if resource_type == *"Microsoft.Resources/resourceGroups" {
        named.own = arguments.entries.shift_remove("resourceGroupName").map(|entry| entry.value).or(named.own);
    }
    let scope = scope(&mut arguments, &resource_type);
    let arguments = renamed::undone(arguments, &resource_type);
    let mut body = Object::default();
    if let Some(api) = api_version(version) {
        body.insert("apiVersion", declared.header, Value::new(api, declared.header));
    } else if let Some((_, api)) = WITHOUT_VERSION.iter().find(|(of, _)| resource_type == **of) {
        let of_package = DefaultOf::Service { api_version: "any".into() };
        body.insert("apiVersion", declared.header, Value::new(*api, declared.header).as_default(of_package));
    }
    let single = resource_type.as_str().rsplit('/').next().unwrap_or("");
    let fixed = SINGLE.iter().find(|(segment, _)| *segment == single);
    let fixed = fixed
        .or_else(|| SITE_CONFIG.iter().find(|(token, _)| *token == kind.strip_suffix("Slot").unwrap_or(kind)))
        .map(|(_, name)| *name);
    let name = match (fixed, named.own) {
        (Some(fixed), _) => Value::new(fixed, declared.header),
        (None, Some(name)) => name,
        (None, None) => automatic_name(&declared.address, declared.name.as_ref(), declared.header),
    };
    body.insert("name", name.span, name);
    Shape::of(resource_type.as_str(), None).lift(&arguments, &mut body, declared.header);
    assigned(&mut body);
    lowered.resources.push(Resource {
        address: declared.address.clone(),
        source_type: declared.token.into(),
        dialect: Dialect::Yaml,
        body: Value::object(body, declared.span),
        coverage: Arc::new(Coverage::complete()),
        span: declared.span,
        header: declared.header,
        callers: declared.callers,
        presence: declared.presence,
        parent: scope.or_else(|| parent(&resource_type, named.outer)),
        resource_group,
        provider_major: None,
        resource_type,
    });
}

/// The name that Pulumi makes: the resource's own, and random letters.
pub(super) fn automatic_name(address: &Arc<str>, name: Option<&Arc<str>>, span: Span) -> Value {
    let mut unknown = Unknown::new(Reason::Computed(format!("{address}.name").into()));
    unknown.not_null = true;
    unknown.prefix = name.cloned();
    unknown.symbol = Some(format!("{{{address}.name}}").into());
    Value::new(unknown, span)
}

/// `2023-05-01-preview` of `v20230501preview`.
fn api_version(version: &str) -> Option<String> {
    let digits = version.strip_prefix('v')?;
    let (year, month, day, stage) = (digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?, digits.get(8..)?);
    Some(if stage.is_empty() { format!("{year}-{month}-{day}") } else { format!("{year}-{month}-{day}-{stage}") })
}

/// The names among the arguments.
#[derive(Default)]
struct Names {
    /// Of what holds the resource, outermost first; ends where one is not given.
    outer: Vec<Value>,
    own: Option<Value>,
}

/// Takes the names out of the arguments.
fn names(arguments: &mut Object, resource_type: &ResourceType) -> Names {
    let segments: Vec<&str> = resource_type.as_str().split('/').skip(1).collect();
    let mut names = Names::default();
    let Some((own, outer)) = segments.split_last() else { return names };
    let mut open = false;
    for segment in outer {
        let found = match *segment {
            "sites" | "redis" => take(arguments, |key| key == "name"),
            _ => take(arguments, |key| names_segment(key, segment)),
        };
        match found {
            Some(name) if !open => names.outer.push(name),
            _ => open = true,
        }
    }
    names.own = take(arguments, |key| names_segment(key, own))
        .or_else(|| take(arguments, |key| key == "resourceName"))
        .or_else(|| take(arguments, |key| key == "name"));
    arguments.entries.shift_remove("name");
    names
}

fn take(arguments: &mut Object, wanted: impl Fn(&str) -> bool) -> Option<Value> {
    let key = arguments.entries.keys().find(|key| wanted(key)).cloned()?;
    arguments.entries.shift_remove(&key).map(|entry| entry.value)
}

/// True when `accountName` is the name of a `storageAccounts`.
fn names_segment(key: &str, segment: &str) -> bool {
    if NAMED.iter().any(|(of, argument)| *of == segment && *argument == key) {
        return true;
    }
    let Some(stem) = key.strip_suffix("Name").filter(|stem| !stem.is_empty()) else { return false };
    let stem = stem.to_ascii_lowercase();
    let (one, many) = (singular(segment).to_ascii_lowercase(), segment.to_ascii_lowercase());
    one.ends_with(&stem) || many.ends_with(&stem) || stem.ends_with(&one)
}

/// What an extension resource extends.
fn scope(arguments: &mut Object, resource_type: &ResourceType) -> Option<Link> {
    let extends = [
        "Microsoft.Authorization/",
        "Microsoft.Insights/diagnosticSettings",
        "Microsoft.EventGrid/eventSub",
        "Microsoft.Security/defenderForStorage",
        "Microsoft.Security/advancedThreat",
    ];
    if !extends.iter().any(|it| resource_type.as_str().starts_with(it)) {
        return None;
    }
    let key = ["scope", "resourceUri", "resourceId"].into_iter().find(|key| arguments.get(key).is_some())?;
    let value = arguments.entries.shift_remove(key)?.value;
    let span = value.span;
    Some(Link { target: Target::Value(value), scope: true, span })
}

fn parent(resource_type: &ResourceType, outer: Vec<Value>) -> Option<Link> {
    let last = outer.last()?;
    let span = last.span;
    let target = if last.as_unknown().is_some_and(|it| it.references.len() == 1) {
        Target::Value(last.clone())
    } else {
        let parts: Vec<&str> = resource_type.as_str().split('/').take(outer.len().saturating_add(1)).collect();
        Target::Named { resource_type: ResourceType::new(parts.join("/")), names: outer }
    };
    Some(Link { target, scope: false, span })
}

/// `identity.userAssignedIdentities` may be a list here.
fn assigned(body: &mut Object) {
    let Some(entry) = body.entries.get_mut("identity") else { return };
    let ValueKind::Object(identity) = &mut entry.value.kind else { return };
    let identity = Arc::make_mut(identity);
    if let Some(assigned) = identity.entries.get_mut("userAssignedIdentities") {
        assigned.value = identities(&assigned.value);
    }
}
