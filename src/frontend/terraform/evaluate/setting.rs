//! What is written beside the arguments of resources: providers, the backend, connections and provisioners.
//!
//! In: the module instances of a root. Out: an [`Instance`] of [`Mode::Setting`] for each, with its arguments evaluated. Nothing of
//! it is deployed; a secret may be written in any of it. Knows no provider.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use super::Evaluator;
use super::block::insert_blocks;
use super::module::ModuleInstance;
use super::scope::{Scope, repetition_names};
use crate::frontend::terraform::instance::{Instance, Mode, NEWEST_AZURERM_MAJOR, Provider};
use crate::frontend::terraform::project::Parts;
use crate::model::Presence;
use crate::parse::hcl::{Block, File};
use crate::value::{Object, Value, key};

/// Arguments that name, and hold nothing.
const NAMES: [&str; 2] = ["alias", "version"];

impl<'p> Evaluator<'p> {
    /// The settings of every module instance.
    pub(super) fn settings(&self) -> Vec<Instance> {
        let modules = self.modules.borrow().clone();
        let mut settings = Vec::new();
        for module in &modules {
            for declared in &module.module.providers {
                let parts = module.module.parts(declared);
                settings.extend(parts.iter().filter_map(|(file, block)| self.setting(module, "provider", file, block)));
            }
            let terraform = module.module.settings.iter().filter_map(|at| module.module.block(*at));
            for (file, block) in terraform {
                let backends = block.body.blocks.iter().filter(|it| file.slice(it.kind) == "backend");
                settings.extend(backends.filter_map(|it| self.setting(module, "backend", file, it)));
            }
            for (name, call) in &module.module.calls {
                settings.extend(self.fetched(module, name, module.module.parts(&call.declared)));
            }
            for (index, kinds) in &module.module.beside {
                settings.extend(self.beside(module, *index, kinds));
            }
        }
        settings
    }

    fn setting(
        &self,
        module: &Rc<ModuleInstance<'p>>,
        kind: &str,
        file: &'p File,
        block: &'p Block,
    ) -> Option<Instance> {
        let scope = Scope { module, file, names: None };
        let mut object = Object::default();
        for attribute in &block.body.attributes {
            let name = file.slice(attribute.name);
            if !NAMES.contains(&name) {
                object.insert(key(name), attribute.name, self.apart(|| self.eval(scope, attribute.value)));
            }
        }
        let label = block.labels.first().map_or("", |label| &*label.text);
        let address = format!("{}{kind}.{label}", module.prefix);
        (!object.entries.is_empty()).then(|| instance(module, address.into(), kind.into(), block, object))
    }

    /// A module that is fetched: its address may hold credentials.
    fn fetched(&self, module: &Rc<ModuleInstance<'p>>, name: &str, parts: Parts<'p>) -> Option<Instance> {
        let ((file, attribute), (_, block)) = (parts.attribute("source")?, parts.first()?);
        let written = file.slice(file.expr(attribute.value).span);
        if without_credentials(written) == written {
            return None;
        }
        let mut object = Object::default();
        let value = self.apart(|| self.eval(Scope { module, file, names: None }, attribute.value));
        object.insert(key("source"), attribute.name, value);
        Some(instance(module, format!("{}module.{name}", module.prefix).into(), "module".into(), block, object))
    }

    /// The blocks of a resource that are about the block: once, as its first instance has them.
    fn beside(&self, module: &Rc<ModuleInstance<'p>>, index: usize, kinds: &[&str]) -> Option<Instance> {
        let (name, declared) = module.module.resources.get_index(index)?;
        let parts = module.module.parts(declared);
        let (file, block) = parts.first()?;
        let expansion = self.resource_expansion(module, index);
        let copy = expansion.copies.first()?;
        let names = repetition_names(&copy.repetition);
        let scope = Scope { module, file, names: names.as_ref() };
        let mut object = Object::default();
        let blocks = parts.blocks().filter(|(file, it)| kinds.contains(&file.slice(it.kind)));
        for (name, key_span, array) in self.nested(scope, blocks) {
            insert_blocks(&mut object, name, key_span, array);
        }
        let address = self.resource_address(module, index, None);
        let made = instance(module, address, name.block_type.clone(), block, object);
        Some(Instance { presence: copy.doubt.clone().map_or(made.presence, Presence::Possible), ..made })
    }
}

/// An address without the user and the password that it may hold.
pub(super) fn without_credentials(address: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = address.split_once("://") else { return address.into() };
    let host = rest.split('/').next().unwrap_or("");
    match host.rsplit_once('@') {
        Some((user, _)) if user.contains(':') => {
            format!("{scheme}://{}", rest.get(user.len() + 1..).unwrap_or("")).into()
        }
        _ => address.into(),
    }
}

fn instance(
    module: &ModuleInstance<'_>,
    address: Arc<str>,
    block_type: Arc<str>,
    block: &Block,
    body: Object,
) -> Instance {
    let features = Value::object(Object::default(), block.header);
    // A setting has no provider of its own.
    let provider = Provider { azurerm_major: NEWEST_AZURERM_MAJOR, stated: false, address: "".into(), features };
    Instance {
        address,
        mode: Mode::Setting,
        block_type,
        body: Value::object(body, block.header),
        span: block.span,
        header: block.header,
        callers: module.callers.clone(),
        presence: module.doubt.clone().map_or(Presence::Certain, Presence::Possible),
        provider: Arc::new(provider),
    }
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn of_an_address_only_the_credentials_are_left_out() {
        let cases = [
            ("git::https://ci:secret@host/x.git?ref=v1", "git::https://host/x.git?ref=v1"),
            ("git::https://ci:a@b@host/x.git", "git::https://host/x.git"),
            ("git::ssh://git@host/x.git", "git::ssh://git@host/x.git"),
            ("https://host/a@b:c", "https://host/a@b:c"),
            ("git@host:x.git", "git@host:x.git"),
            ("../é", "../é"),
        ];
        for (text, expected) in cases {
            assert_eq!(without_credentials(text), expected);
        }
    }
}
