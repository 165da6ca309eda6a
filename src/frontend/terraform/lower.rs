//! Evaluated blocks to the model: through a mapping file, the table of azurerm types, or azapi directly.
//!
//! In: [`Instance`]s of one root and the [`Mappings`] of the run. Out: resources, patches and diagnostics in the order
//! of the instances. Blocks of other providers are no Azure resources and leave no trace. Knows no policy.

use std::sync::Arc;

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

use super::instance::{Instance, Mode};
use super::lower_azapi;
use super::lower_azuread;
use super::lower_common::{anchor_target, common, resource_group};
use super::lower_msgraph;
use super::lower_provider;
use super::mapping::{Child, Made, Mapping, Mappings, Naming, apply, find};
use crate::azure::{self, ArmRelation, AzurermType};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{
    Coverage, Dialect, Link, Lowered, Patch, Presence, PropertyPath, Resource, ResourceType, Target, Unread,
};
use crate::source::Span;
use crate::value::{Object, Reason, Reference, Unknown, Value, ValueKind};

/// The type of what is no Azure resource, and holds a secret.
const SETTINGS: &str = "baalint.terraform/settings";

/// Lowers the instances of one root; `dialect` is [`Dialect::Terraform`] or [`Dialect::Plan`].
pub fn lower(instances: &[Instance], mappings: &Mappings, dialect: Dialect) -> Lowered {
    let mut lowering = Lowering { mappings, dialect, lowered: Lowered::default(), warned: IndexSet::default() };
    for instance in instances {
        lowering.instance(instance);
    }
    lowering.lowered.resources.extend(lower_provider::lower(instances, dialect));
    lowering.lowered
}

/// The literal secrets of a configuration whose resources a plan tells of: a plan does not say what is written out.
pub fn secrets(instances: &[Instance]) -> Vec<Resource> {
    let mappings = Mappings::default();
    let (dialect, lowered) = (Dialect::Terraform, Lowered::default());
    let mut lowering = Lowering { mappings: &mappings, dialect, lowered, warned: IndexSet::default() };
    for instance in instances {
        lowering.secrets_of(instance);
    }
    lowering.lowered.resources
}

/// A module that is not here may hold whatever is related to what it is given.
fn missing(instance: &Instance) -> Option<Unread> {
    match &instance.presence {
        Presence::Possible(why) => Some(Unread { names: instance.body.clone(), why: why.clone(), below: false }),
        _ => None,
    }
}

/// What guards another cloud is no matter of an agreement with Microsoft.
fn is_of_another_cloud(instance: &Instance) -> bool {
    const CLOUDS: [&str; 7] = ["alicloud", "aws", "awscc", "google", "google-beta", "ibm", "oci"];
    let name = match &*instance.block_type {
        "provider" | "backend" => instance.address.rsplit('.').next(),
        block_type => block_type.split('_').next(),
    };
    name.is_some_and(|name| CLOUDS.contains(&name))
}

struct Lowering<'m> {
    mappings: &'m Mappings,
    dialect: Dialect,
    lowered: Lowered,
    /// Places already warned about: an instance of `count` says nothing new.
    warned: IndexSet<Span, FxBuildHasher>,
}

impl Lowering<'_> {
    fn instance(&mut self, instance: &Instance) {
        let (provider, _) = instance.block_type.split_once('_').unwrap_or((&instance.block_type, ""));
        match (provider, instance.mode) {
            (_, Mode::MissingModule) => {
                self.lowered.unread.extend(missing(instance));
                self.secrets_of(instance);
            }
            (_, Mode::Setting) => self.secrets_of(instance),
            ("azurerm", Mode::Managed) => self.azurerm(instance),
            ("azurerm", Mode::Data) => self.existing(instance),
            // A module of Ansible or a schema of `az ml`, by its own mapping file.
            ("azure", Mode::Managed) => self.declared(instance),
            ("azapi", _) => lower_azapi::lower(instance, self.dialect, &mut self.lowered),
            ("azuread", _) => {
                self.with_secrets(instance, |it| lower_azuread::lower(instance, it.dialect, &mut it.lowered));
            }
            ("msgraph", Mode::Managed) => {
                self.with_secrets(instance, |it| lower_msgraph::lower(instance, it.dialect, &mut it.lowered));
            }
            _ => self.secrets_of(instance),
        }
    }

    /// What is no Azure resource: only the secrets that are written in it.
    fn secrets_of(&mut self, instance: &Instance) {
        if is_of_another_cloud(instance) {
            return;
        }
        let found = azure::secrets::arguments(&instance.block_type, &instance.body);
        let Some(found) = found.filter(|_| self.dialect == Dialect::Terraform) else { return };
        let mut body = Object::default();
        body.insert(azure::secrets::KEY, instance.header, found);
        self.lowered.resources.push(Resource {
            body: Value::object(body, instance.header),
            presence: if instance.mode == Mode::Data { Presence::Certain } else { instance.presence.clone() },
            ..bare(instance, ResourceType::new(SETTINGS), self.dialect)
        });
    }

    fn azurerm(&mut self, instance: &Instance) {
        self.warn_of_removed(instance);
        self.with_secrets(instance, |it| it.declared(instance));
    }

    /// Lowers, and keeps the places of literal secrets among the arguments.
    fn with_secrets(&mut self, instance: &Instance, lower: impl FnOnce(&mut Self)) {
        let first = self.lowered.resources.len();
        lower(self);
        if let Some(resource) = self.lowered.resources.get_mut(first)
            && let Some(found) = azure::secrets::arguments(&instance.block_type, &instance.body)
            && let ValueKind::Object(body) = &mut resource.body.kind
        {
            Arc::make_mut(body).insert(azure::secrets::KEY, instance.header, found);
        }
    }

    fn declared(&mut self, instance: &Instance) {
        if let Some(mapping) = self.mappings.get(&instance.block_type) {
            self.mapped(instance, &mapping);
            return;
        }
        match azure::azurerm_type(&instance.block_type) {
            Some(table) if table.relation == ArmRelation::Own => {
                self.lowered.resources.push(generic(instance, table, self.dialect));
            }
            // A part says nothing of the whole, and without a mapping nothing at all.
            Some(_) | None => self.lowered.unmapped.push(instance.block_type.clone()),
        }
    }

    fn mapped(&mut self, instance: &Instance, mapping: &Mapping) {
        let empty = Object::default();
        let arguments = instance.body.as_object().unwrap_or(&empty);
        let is_patch = !mapping.patch.is_empty();
        let applied = if is_patch {
            apply(mapping, instance, Object::default())
        } else {
            apply(mapping, instance, common(instance, mapping.name.as_ref(), mapping.api.as_deref()))
        };
        if is_patch {
            let target = mapping.patch.iter().find_map(|anchor| anchor_target(anchor, &mapping.arm, arguments));
            let target = target.map_or_else(|| Target::Value(not_written(instance)), |(target, _)| target);
            self.patches(instance, mapping, &target, applied.body, applied.children);
            return;
        }
        let resource = Resource {
            body: applied.body,
            coverage: mapping.coverage.clone(),
            parent: link(mapping, arguments),
            ..bare(instance, mapping.arm.clone(), self.dialect)
        };
        self.lowered.resources.push(resource);
        for (made, child) in applied.children.into_iter().zip(&mapping.children) {
            self.lowered.resources.extend(child_resource(instance, mapping, child, made, self.dialect));
        }
    }

    /// A declaration that is part of another resource, and of that resource's children.
    fn patches(&mut self, instance: &Instance, mapping: &Mapping, target: &Target, body: Value, made: Vec<Made>) {
        let patch = |target: Target, resource_type: &ResourceType, body, coverage: &Arc<Coverage>, parent| Patch {
            address: instance.address.clone(),
            source_type: instance.block_type.clone(),
            dialect: self.dialect,
            target,
            resource_type: resource_type.clone(),
            body,
            coverage: coverage.clone(),
            span: instance.span,
            header: instance.header,
            callers: instance.callers.clone(),
            presence: instance.presence.clone(),
            parent,
        };
        if body.as_object().is_some_and(|body| !body.entries.is_empty()) || mapping.children.is_empty() {
            self.lowered.patches.push(patch(target.clone(), &mapping.arm, body, &mapping.coverage, None));
        }
        for (made, child) in made.into_iter().zip(&mapping.children) {
            if made.exists == Ok(false) {
                continue;
            }
            let parent = Link { target: target.clone(), scope: false, span: instance.header };
            let target = child_target(target, mapping, child, instance.header);
            self.lowered.patches.push(patch(target, &child.arm, made.body, &child.coverage, Some(parent)));
        }
    }

    /// A data block of a type that azurerm also creates: never judged, but links lead to it.
    fn existing(&mut self, instance: &Instance) {
        let Some(table) = azure::azurerm_type(&instance.block_type) else { return };
        if table.relation != ArmRelation::Own {
            return;
        }
        let mapping = self.mappings.get(&instance.block_type).filter(|mapping| mapping.patch.is_empty());
        let empty = Object::default();
        let arguments = instance.body.as_object().unwrap_or(&empty);
        let mut body = common(instance, mapping.as_ref().and_then(|it| it.name.as_ref()), None);
        body.rest = Some(Arc::new(Unknown::new(Reason::Data(instance.address.clone()))));
        let arm = mapping.as_ref().map_or_else(|| ResourceType::new(table.arm), |mapping| mapping.arm.clone());
        self.lowered.resources.push(Resource {
            body: Value::object(body, instance.header),
            presence: Presence::Existing,
            parent: mapping.as_ref().and_then(|mapping| link(mapping, arguments)),
            ..bare(instance, arm, self.dialect)
        });
    }

    /// The argument is read all the same; Terraform would refuse it.
    fn warn_of_removed(&mut self, instance: &Instance) {
        if !instance.provider.stated {
            return;
        }
        let major = instance.provider.azurerm_major;
        for removed in azure::removed_arguments(&instance.block_type, major) {
            let mut places = Vec::new();
            if removed.path.is_empty() {
                places.push(instance.header);
            } else {
                places_of(&instance.body, removed.path, &mut places);
            }
            let what = if removed.path.is_empty() { &*instance.block_type } else { removed.path };
            for span in places {
                if self.warned.insert(span) {
                    let message = format!("azurerm {major} does not have `{what}` any more");
                    let warning = Diagnostic::warning(Code::Provider, span, message);
                    self.lowered.diagnostics.push(match removed.replacement {
                        Some(replacement) => warning.with_help(format!("use `{replacement}`")),
                        None => warning,
                    });
                }
            }
        }
    }
}

/// Where a dotted path is written.
fn places_of(value: &Value, path: &str, places: &mut Vec<Span>) {
    match &value.kind {
        ValueKind::Object(object) => {
            let (head, tail) = path.split_once('.').map_or((path, None), |(head, tail)| (head, Some(tail)));
            let Some(entry) = object.get(head).filter(|entry| !entry.value.is_null()) else { return };
            match tail {
                Some(tail) => places_of(&entry.value, tail, places),
                None => places.push(entry.key_span),
            }
        }
        ValueKind::Array(array) => array.items.iter().for_each(|item| places_of(item, path, places)),
        _ => {}
    }
}

/// What every resource of an instance has, whatever its type.
pub(super) fn bare(instance: &Instance, resource_type: ResourceType, dialect: Dialect) -> Resource {
    Resource {
        address: instance.address.clone(),
        resource_type,
        source_type: instance.block_type.clone(),
        dialect,
        span: instance.span,
        header: instance.header,
        body: Value::object(Object::default(), instance.header),
        coverage: Arc::new(Coverage::none()),
        callers: instance.callers.clone(),
        presence: instance.presence.clone(),
        parent: None,
        resource_group: resource_group(instance),
        provider_major: instance.provider.stated.then_some(instance.provider.azurerm_major),
    }
}

fn link(mapping: &Mapping, arguments: &Object) -> Option<Link> {
    if !mapping.parent.is_empty() {
        // The last type segment is the resource itself.
        let above = mapping.arm.parent()?;
        let mut anchors = mapping.parent.iter();
        let (target, span) = anchors.find_map(|anchor| anchor_target(anchor, &above, arguments))?;
        return Some(Link { target, scope: false, span });
    }
    let value = find(arguments, mapping.scope.as_deref()?).filter(|value| !value.is_null())?;
    Some(Link { target: Target::Value(value.clone()), scope: true, span: value.span })
}

fn child_resource(
    instance: &Instance,
    mapping: &Mapping,
    child: &Child,
    made: Made,
    dialect: Dialect,
) -> Option<Resource> {
    let presence = match (&instance.presence, made.exists) {
        (_, Ok(false)) => return None,
        (Presence::Certain, Err(why)) => Presence::Possible(why),
        (presence, _) => presence.clone(),
    };
    let mut body = made.body;
    name_child(&mut body, instance, child);
    let scope = !child.arm.is_below(&mapping.arm);
    let target = Target::Address(instance.address.clone());
    Some(Resource {
        address: format!("{}::{}", instance.address, child.key).into(),
        body,
        coverage: child.coverage.clone(),
        header: made.header,
        presence,
        parent: Some(Link { target, scope, span: made.header }),
        ..bare(instance, child.arm.clone(), dialect)
    })
}

fn name_child(body: &mut Value, instance: &Instance, child: &Child) {
    let empty = Object::default();
    let arguments = instance.body.as_object().unwrap_or(&empty);
    let name = match &child.name {
        Naming::Literal(literal) => Some(Value::new(literal.clone(), instance.header)),
        Naming::Argument(path) => find(arguments, path).filter(|value| !value.is_null()).cloned(),
    };
    if let (ValueKind::Object(object), Some(name)) = (&mut body.kind, name) {
        let object = Arc::make_mut(object);
        object.insert("name", name.span, name);
    }
}

/// The child of the resource that a patch names.
fn child_target(target: &Target, mapping: &Mapping, child: &Child, span: Span) -> Target {
    let at = |address: &str| format!("{address}::{}", child.key);
    let literal = match &child.name {
        Naming::Literal(name) => name.clone(),
        Naming::Argument(_) => "default".into(),
    };
    let below = child.arm.as_str().get(mapping.arm.as_str().len() + 1..).unwrap_or_default();
    match target {
        Target::Address(address) => Target::Address(at(address).into()),
        Target::Named { names, .. } => {
            let mut names = names.clone();
            names.push(Value::new(literal, span));
            Target::Named { resource_type: child.arm.clone(), names }
        }
        Target::Value(value) => match &value.kind {
            ValueKind::String(id) => Target::Value(Value::new(format!("{id}/{below}/{literal}"), value.span)),
            ValueKind::Unknown(unknown) => {
                let mut unknown = unknown.as_ref().clone();
                for reference in &mut unknown.references {
                    let address = at(&reference.address).into();
                    *reference = Reference { address, attribute: reference.attribute.clone() };
                }
                Target::Value(Value::new(unknown, value.span))
            }
            _ => target.clone(),
        },
    }
}

/// A type without a mapping file: what all types have in common.
fn generic(instance: &Instance, table: AzurermType, dialect: Dialect) -> Resource {
    let empty = Object::default();
    let arguments = instance.body.as_object().unwrap_or(&empty);
    let resource_type = ResourceType::new(table.arm);
    let mut body = common(instance, None, None);
    let mut coverage = Coverage::none();
    for key in ["name", "location", "tags", "identity", "zones", "reveals"] {
        coverage.add(&PropertyPath::parse(key));
    }
    if let Some((key_span, sku)) = plain_sku(arguments, instance.header) {
        for key in sku.as_object().into_iter().flat_map(|sku| sku.entries.keys()) {
            coverage.add(&PropertyPath::parse(&format!("sku.{key}")));
        }
        body.insert("sku", key_span, sku);
    }
    Resource {
        body: Value::object(body, instance.header),
        coverage: Arc::new(coverage),
        parent: resource_type.parent().and_then(|parent| guessed_parent(arguments, &parent)),
        ..bare(instance, resource_type, dialect)
    }
}

/// `sku_name`, `sku`, `sku_tier` and a `sku` block, where they mean what they say.
fn plain_sku(arguments: &Object, header: Span) -> Option<(Span, Value)> {
    let written = |key: &str| arguments.get(key).filter(|entry| !entry.value.is_null());
    if let Some(entry) = written("sku") {
        let block = match &entry.value.kind {
            ValueKind::Array(array) => array.items.first().and_then(Value::as_object),
            ValueKind::Object(object) => Some(object.as_ref()),
            _ => None,
        };
        if let Some(block) = block {
            let mut sku = Object::default();
            for key in ["name", "tier", "size", "capacity"] {
                if let Some(inner) = block.get(key).filter(|inner| !inner.value.is_null()) {
                    sku.insert(key, inner.key_span, inner.value.clone());
                }
            }
            return Some((entry.key_span, Value::object(sku, entry.value.span)));
        }
    }
    let mut sku = Object::default();
    for (argument, key) in [("sku", "name"), ("sku_name", "name"), ("sku_tier", "tier")] {
        if let Some(entry) = written(argument) {
            sku.insert(key, entry.key_span, entry.value.clone());
        }
    }
    (!sku.entries.is_empty()).then(|| (header, Value::object(sku, header)))
}

/// An argument that refers to a resource of the parent's type, or holds its id.
fn guessed_parent(arguments: &Object, parent: &ResourceType) -> Option<Link> {
    let is_above = |found: &ResourceType| found == parent || parent.is_below(found);
    for (_, entry) in arguments.entries.iter().filter(|(key, _)| key.ends_with("_id") || key.ends_with("_name")) {
        let found = match &entry.value.kind {
            ValueKind::Unknown(unknown) => unknown.references.iter().any(|reference| {
                azure::azurerm_type(referenced_type(&reference.address))
                    .is_some_and(|table| is_above(&ResourceType::new(table.arm)))
            }),
            ValueKind::String(text) => crate::model::ArmId::parse(text).is_some_and(|id| is_above(&id.resource_type)),
            _ => false,
        };
        if found {
            let target = Target::Value(entry.value.clone());
            return Some(Link { target, scope: false, span: entry.value.span });
        }
    }
    None
}

/// `azurerm_key_vault` of `module.a["x.y"].azurerm_key_vault.kv[0]`.
fn referenced_type(address: &str) -> &str {
    address.split(['.', '[', ']', '"']).find(|part| part.starts_with("azurerm_")).unwrap_or("")
}

fn not_written(instance: &Instance) -> Value {
    Value::unknown(Reason::NotEvaluated("target".into()), instance.header)
}
