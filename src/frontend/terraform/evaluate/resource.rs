//! Resources and data sources: their arguments, and what a reference to one gives.
//!
//! An argument that the configuration sets is its value; everything else is known only after deployment, and stays a
//! reference to the resource. Arguments are evaluated one by one, so that a reference to one does not need the others.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use super::Evaluator;
use super::block::insert_blocks;
use super::expansion::{Expansion, Key, Shape};
use super::module::ModuleInstance;
use super::scope::{Memo, Scope, cells, repetition_names};
use super::traversal::Step;
use crate::frontend::terraform::operators;
use crate::frontend::terraform::project::{Parts, ResourceName, block_name};
use crate::parse::hcl::{ExprId, ExprKind, File};
use crate::source::Span;
use crate::value::{Array, Object, Reason, Reference, StepKind, Unknown, Value, ValueKind, key};

/// Arguments that are about the block, not about the resource.
const META: [&str; 5] = ["count", "for_each", "depends_on", "provider", "providers"];

/// Blocks that are about the block, not about the resource.
const META_BLOCKS: [&str; 4] = ["lifecycle", "provisioner", "connection", "action_trigger"];

/// A resource block in a module instance.
#[derive(Default)]
pub(super) struct ResourceNode {
    address: OnceCell<Arc<str>>,
    expansion: Memo<Rc<Expansion>>,
    copies: OnceCell<Vec<CopyNode>>,
}

/// One instance.
#[derive(Default)]
struct CopyNode {
    address: OnceCell<Arc<str>>,
    /// By [`Parts::argument`].
    arguments: OnceCell<Vec<Memo<Value>>>,
    body: Memo<Value>,
    whole: Memo<Value>,
}

impl<'p> Evaluator<'p> {
    /// Which instances a resource has.
    pub(super) fn resource_expansion(&self, module: &ModuleInstance<'p>, index: usize) -> Rc<Expansion> {
        let (Some((_, declared)), Some(node)) = (module.module.resources.get_index(index), module.resources.get(index))
        else {
            return Rc::default();
        };
        let parts = module.module.parts(declared);
        let expansion = node.expansion.get(|| self.apart(|| self.expansion(module, parts)));
        expansion.unwrap_or_else(|| {
            let span = parts.first().map(|(_, block)| block.header);
            Rc::new(Expansion::unknown(&self.cycle(&self.resource_address(module, index, None), span)))
        })
    }

    /// The address of a resource, or of one of its instances.
    pub(super) fn resource_address(&self, module: &ModuleInstance<'p>, index: usize, copy: Option<usize>) -> Arc<str> {
        let (Some((key, _)), Some(node)) = (module.module.resources.get_index(index), module.resources.get(index))
        else {
            return "".into();
        };
        let data = if key.data { "data." } else { "" };
        let expansion = copy.map(|copy| (self.resource_expansion(module, index), copy));
        let of_copy = expansion.as_ref().and_then(|(expansion, copy)| expansion.copies.get(*copy).zip(Some(*copy)));
        let Some((copy, at)) = of_copy else {
            let address = || [&*module.prefix, data, &*key.block_type, ".", &*key.name].concat().into();
            return node.address.get_or_init(address).clone();
        };
        if copy.key == Key::None {
            return self.resource_address(module, index, None);
        }
        let address = || {
            let instance = copy.key.to_string();
            [&*module.prefix, data, &*key.block_type, ".", &*key.name, &*instance].concat().into()
        };
        match self.copy_node(module, index, at) {
            Some(node) => node.address.get_or_init(address).clone(),
            None => address(),
        }
    }

    /// All arguments and blocks of an instance.
    pub(super) fn instance_body(&self, module: &ModuleInstance<'p>, index: usize, copy: usize) -> Option<Value> {
        let (_, declared) = module.module.resources.get_index(index)?;
        let parts = module.module.parts(declared);
        let (_, block) = parts.first()?;
        let node = self.copy_node(module, index, copy)?;
        node.body.get(|| {
            let mut object = Object::with_capacity(parts.room());
            for (file, attribute) in parts.attributes() {
                let name = file.slice(attribute.name);
                if !META.contains(&name)
                    && let Some(value) = self.argument_of(module, index, copy, name)
                {
                    object.insert(key(name), attribute.name, value);
                }
            }
            for (name, key_span, array) in self.blocks_of(module, index, copy, parts, None) {
                insert_blocks(&mut object, name, key_span, array);
            }
            Value::object(object, block.header)
        })
    }

    fn copy_node<'m>(&self, module: &'m ModuleInstance<'p>, index: usize, copy: usize) -> Option<&'m CopyNode> {
        let count = self.resource_expansion(module, index).copies.len();
        module.resources.get(index)?.copies.get_or_init(|| cells(count)).get(copy)
    }

    /// The nested blocks of an instance, of one kind or of all.
    fn blocks_of(
        &self,
        module: &ModuleInstance<'p>,
        index: usize,
        copy: usize,
        parts: Parts<'p>,
        only: Option<&str>,
    ) -> Vec<(&'p str, Span, Array)> {
        let expansion = self.resource_expansion(module, index);
        let names = expansion.copies.get(copy).and_then(|copy| repetition_names(&copy.repetition));
        let blocks = parts.blocks().filter(|(file, block)| {
            let kind = block_name(file, block);
            !META_BLOCKS.contains(&kind) && only.is_none_or(|only| only == kind)
        });
        let Some((file, _)) = parts.first() else { return Vec::new() };
        self.nested(Scope { module, file, names: names.as_ref() }, blocks)
    }

    /// An argument as the configuration has it; `None` when it is not written. A block kind gives its blocks.
    fn argument_of(&self, module: &ModuleInstance<'p>, index: usize, copy: usize, name: &str) -> Option<Value> {
        let (_, declared) = module.module.resources.get_index(index)?;
        let parts = module.module.parts(declared);
        let node = self.copy_node(module, index, copy)?;
        let (at, attribute) = parts.argument(name)?;
        let memo = node.arguments.get_or_init(|| cells(parts.len())).get(at)?;
        let value = memo.get(|| {
            self.apart(|| {
                let Some((file, attribute)) = attribute else {
                    let blocks = self.blocks_of(module, index, copy, parts, Some(name)).pop();
                    let (span, array) = blocks.map_or((NOWHERE, Array::default()), |(_, span, array)| (span, array));
                    return Value::new(ValueKind::Array(Arc::new(array)), span);
                };
                let expansion = self.resource_expansion(module, index);
                let names = expansion.copies.get(copy).and_then(|copy| repetition_names(&copy.repetition));
                let value = plain_body(module, index, name, file, attribute.value);
                self.sized(self.eval(Scope { module, file, names: names.as_ref() }, value))
            })
        });
        // What depends on itself through a reference is known only after deployment.
        Some(value.unwrap_or_else(|| {
            let address = self.resource_address(module, index, Some(copy));
            Value::new(computed(module, index, address, name), attribute.map_or(NOWHERE, |(_, it)| it.span))
        }))
    }

    /// `type.name...` and `data.type.name...`
    pub(super) fn resource_at(&self, scope: Scope<'_, 'p>, name: ResourceName<'_>, rest: &[Step], span: Span) -> Value {
        let module = scope.module;
        let Some(index) = module.module.resources.get_index_of(&name) else {
            let data = if name.data { "data." } else { "" };
            let mut missing = self.fail(format!("`{data}{}.{}` is not declared", name.block_type, name.name), span);
            // Whatever it is, whoever refers to a resource's attribute does not leave the argument out.
            if let ValueKind::Unknown(unknown) = &mut missing.kind {
                Arc::make_mut(unknown).not_null = true;
            }
            return missing;
        };
        let expansion = self.resource_expansion(module, index);
        if expansion.shape == Shape::Single {
            if expansion.copies.is_empty() {
                return Value::new(ValueKind::Null, span);
            }
            return self.copy_at(scope, index, 0, rest, span);
        }
        let (key, rest) = match rest.split_first() {
            Some((Step::Key(key), rest)) => (self.eval(scope, *key), rest),
            // Without a key it is one of several: `azurerm_x.y.id` of Terraform 0.11.
            Some((Step::Name(name), _)) if expansion.find(&Value::new(scope.file.slice(*name), span)).is_none() => {
                return match expansion.copies.as_slice() {
                    [_] => self.copy_at(scope, index, 0, rest, span),
                    _ => self.any_copy(scope, index, rest, span),
                };
            }
            Some((Step::Name(name), rest)) => (Value::new(scope.file.slice(*name), span), rest),
            None => return Value { span, ..self.whole_resource(module, index, &expansion, span) },
        };
        match expansion.find(&key) {
            Some(copy) => self.copy_at(scope, index, copy, rest, span),
            None => match expansion.copies.iter().position(|copy| copy.key == Key::None) {
                Some(open) => self.copy_at(scope, index, open, rest, span),
                None if key.as_unknown().is_some() => self.any_copy(scope, index, rest, span),
                None => self.fail("the resource has no such instance", span),
            },
        }
    }

    /// An instance that the text does not tell.
    fn any_copy(&self, scope: Scope<'_, 'p>, index: usize, rest: &[Step], span: Span) -> Value {
        let address = self.resource_address(scope.module, index, None);
        let value = Value::new(computed(scope.module, index, address, ""), span);
        Value { span, ..self.walk(scope, value, rest, span) }
    }

    /// `type.name[key]...`
    fn copy_at(&self, scope: Scope<'_, 'p>, index: usize, copy: usize, rest: &[Step], span: Span) -> Value {
        let computed_name;
        let (name, rest) = match rest.split_first() {
            Some((Step::Name(name), rest)) => (scope.file.slice(*name), rest),
            Some((Step::Key(key), rest)) => match self.eval(scope, *key) {
                // `azurerm_x.y[0]` of a resource without count.
                key if key.as_number().is_some() => return self.copy_at(scope, index, copy, rest, span),
                key => match operators::key_text(&key) {
                    Some(name) => {
                        computed_name = name;
                        (&*computed_name, rest)
                    }
                    None => return self.any_copy(scope, index, rest, span),
                },
            },
            None => return Value { span, ..self.whole_copy(scope.module, index, copy, span) },
        };
        let value = self.attribute_of(scope.module, index, copy, name, span);
        let value = self.walk(scope, value, rest, span);
        match value.kind {
            ValueKind::Bool(_) | ValueKind::Number(_) | ValueKind::String(_) => value.through(StepKind::Resource, span),
            _ => Value { span, ..value },
        }
    }

    /// What a reference to an attribute gives.
    fn attribute_of(&self, module: &ModuleInstance<'p>, index: usize, copy: usize, name: &str, span: Span) -> Value {
        let configured = if META.contains(&name) { None } else { self.argument_of(module, index, copy, name) };
        let address = self.resource_address(module, index, Some(copy));
        match configured {
            Some(value) => referred(module, index, &address, name, value),
            None => match passed_on(module, index, name) {
                Some(input) => {
                    self.argument_of(module, index, copy, input).unwrap_or_else(|| Value::new(ValueKind::Null, span))
                }
                None => Value::new(computed(module, index, address, name), span),
            },
        }
    }

    /// An instance as a whole: what is configured, and anything else after deployment.
    fn whole_copy(&self, module: &ModuleInstance<'p>, index: usize, copy: usize, span: Span) -> Value {
        let address = self.resource_address(module, index, Some(copy));
        let whole = self.copy_node(module, index, copy).and_then(|node| {
            node.whole.get(|| {
                let mut object = Object::default();
                if let Some(body) = self.instance_body(module, index, copy) {
                    for (name, entry) in body.as_object().into_iter().flat_map(|body| &body.entries) {
                        if !entry.value.is_null() {
                            let value = referred(module, index, &address, name, entry.value.clone());
                            object.insert(name.clone(), entry.key_span, value);
                        }
                    }
                }
                let id = self.attribute_of(module, index, copy, "id", span);
                object.entries.entry("id".into()).or_insert(crate::value::Entry { key_span: span, value: id });
                object.rest = Some(Arc::new(computed(module, index, address.clone(), "")));
                Value::object(object, span)
            })
        });
        whole.unwrap_or_else(|| Value::new(computed(module, index, address, ""), span))
    }

    /// All instances, as a list or a map.
    fn whole_resource(&self, module: &ModuleInstance<'p>, index: usize, expansion: &Expansion, span: Span) -> Value {
        let rest = expansion.open().map(|_| {
            let address = self.resource_address(module, index, None);
            Arc::new(computed(module, index, address, ""))
        });
        let known = expansion.copies.iter().enumerate().filter(|(_, copy)| copy.key != Key::None);
        if expansion.shape == Shape::Count {
            let items = known.map(|(copy, _)| self.whole_copy(module, index, copy, span)).collect();
            return Value::new(ValueKind::Array(Arc::new(Array { items, rest })), span);
        }
        let mut object = Object { rest, ..Object::default() };
        for (position, copy) in known {
            if let Key::Name(name) = &copy.key {
                object.insert(name.clone(), span, self.whole_copy(module, index, position, span));
            }
        }
        Value::object(object, span)
    }
}

/// azapi, msgraph and template deployments send what `jsonencode` is given: the object says more than its text, and keeps its spans.
fn plain_body(module: &ModuleInstance<'_>, index: usize, name: &str, file: &File, value: ExprId) -> ExprId {
    let sends = |block_type: &str| match name {
        "body" => block_type.starts_with("azapi_") || block_type.starts_with("msgraph_"),
        "template_content" | "parameters_content" | "template_body" | "parameters_body" => {
            block_type.ends_with("template_deployment")
        }
        _ => false,
    };
    let sent = || module.module.resources.get_index(index).is_some_and(|(key, _)| sends(&key.block_type));
    match &file.expr(value).kind {
        ExprKind::Call { name: function, args, expand: false } if sent() => {
            match (file.slice(*function), file.list(*args)) {
                ("jsonencode", [object]) => *object,
                _ => value,
            }
        }
        _ => value,
    }
}

/// A configured value as others see it: what is not known of it is a reference to the resource.
fn referred(module: &ModuleInstance<'_>, index: usize, address: &Arc<str>, name: &str, value: Value) -> Value {
    match &value.kind {
        ValueKind::Null => Value { kind: ValueKind::from(computed(module, index, address.clone(), name)), ..value },
        ValueKind::Unknown(unknown) if unknown.references.is_empty() || name == "name" => {
            let reference = Reference { address: address.clone(), attribute: key(name) };
            let not_null = unknown.not_null || operators::always_set(name);
            let unknown = Unknown { references: vec![reference], not_null, ..Unknown::clone(unknown) };
            Value { kind: ValueKind::from(unknown), ..value }
        }
        ValueKind::Array(array) if array.items.iter().any(is_block) => {
            let item = |(position, item): (usize, &Value)| match &item.kind {
                ValueKind::Object(object) if is_block(item) => {
                    let path = format!("{name}[{position}]");
                    let rest = computed(module, index, address.clone(), &path);
                    let entries = object.entries.iter().filter(|(_, entry)| !entry.value.is_null());
                    let entries = entries.map(|(key, entry)| (key.clone(), entry.clone())).collect();
                    Value::object(Object { entries, rest: Some(Arc::new(rest)) }, item.span)
                }
                _ => item.clone(),
            };
            let items = array.items.iter().enumerate().map(item).collect();
            Value { kind: ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() })), ..value }
        }
        _ => value,
    }
}

/// An attribute that only the deployed resource has.
fn computed(module: &ModuleInstance<'_>, index: usize, address: Arc<str>, name: &str) -> Unknown {
    let data = module.module.resources.get_index(index).is_some_and(|(key, _)| key.data);
    let reason = match (data, name) {
        (true, _) => Reason::Data(address.clone()),
        (false, "") => Reason::Computed(address.clone()),
        (false, _) => Reason::Computed([&*address, ".", name].concat().into()),
    };
    let unknown = Unknown::reference(reason, Reference { address, attribute: key(name) });
    Unknown { not_null: name.is_empty() || operators::always_set(name), ..unknown }
}

/// The argument that an attribute is, when nobody but the provider would know it otherwise.
fn passed_on(module: &ModuleInstance<'_>, index: usize, attribute: &str) -> Option<&'static str> {
    let (key, _) = module.module.resources.get_index(index)?;
    match (&*key.block_type, attribute) {
        ("terraform_data", "output") => Some("input"),
        // The categories of a resource have its id.
        ("azurerm_monitor_diagnostic_categories", "id") => Some("resource_id"),
        _ => None,
    }
}

const NOWHERE: Span = Span::new(crate::source::FileId(u32::MAX), 0, 0);

/// A nested block: an object whose place is a block's header, which does not hold its entries.
fn is_block(value: &Value) -> bool {
    let outside =
        |object: &Object| object.entries.values().next().is_none_or(|entry| !value.span.contains(entry.key_span));
    value.as_object().is_some_and(outside)
}
