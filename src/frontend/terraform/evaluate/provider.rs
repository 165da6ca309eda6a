//! What is known of the azurerm provider that a resource uses: its major version and its `features`.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::Evaluator;
use super::module::ModuleInstance;
use super::scope::Scope;
use crate::azure;
use crate::frontend::terraform::instance::{NEWEST_AZURERM_MAJOR, Provider};
use crate::frontend::terraform::project::{Module, Parts, constant, constant_text};
use crate::frontend::terraform::version;
use crate::parse::hcl::{Block, Body, ExprKind, File};
use crate::source::{FileId, Span};
use crate::value::{Object, Value};

/// Provider configurations of the root, by alias; the default one has none.
pub(super) type Providers = IndexMap<Option<Arc<str>>, Arc<Provider>, FxBuildHasher>;

impl<'p> Evaluator<'p> {
    /// The provider of a resource.
    pub(super) fn provider_of(&self, module: &ModuleInstance<'p>, parts: Parts<'p>) -> Arc<Provider> {
        let written =
            parts.attribute("provider").map(|(file, it)| file.slice(file.expr(it.value).span).trim_matches('"'));
        let mut name: Option<&'p str> = written;
        let mut here = module;
        // Outwards: each call says which of its own providers the module gets under which name.
        while let Some(caller) = &here.caller {
            name =
                passed(caller.module.module.parts(&caller.call.declared), name.unwrap_or("azurerm")).or(match name {
                    Some(name) if name.contains('.') => None,
                    _ => name,
                });
            here = &caller.module;
        }
        let alias: Option<Arc<str>> = name.and_then(|name| name.split_once('.')).map(|(_, alias)| {
            // OpenTofu's `azurerm.by_region["x"]` is one of the configurations that one block makes.
            alias.split('[').next().unwrap_or(alias).into()
        });
        if let Some(provider) = self.providers.borrow().get(&alias) {
            return provider.clone();
        }
        let provider = Arc::new(self.provider(here, alias.as_deref()));
        self.providers.borrow_mut().insert(alias, provider.clone());
        provider
    }

    fn provider(&self, root: &ModuleInstance<'p>, alias: Option<&str>) -> Provider {
        let stated = self.root.locked_azurerm.or_else(|| self.constrained_major(root));
        let azurerm_major = stated.unwrap_or_else(|| self.fitting_major(root));
        let features = self.features(root, alias).unwrap_or_else(|| {
            let file = root.module.files.first().map_or(FileId(0), |file| file.file);
            Value::object(Object::default(), Span::new(file, 0, 0))
        });
        let address = alias.map_or_else(|| "provider.azurerm".to_owned(), |alias| format!("provider.azurerm.{alias}"));
        Provider { azurerm_major, stated: stated.is_some(), address: address.into(), features }
    }

    /// The newest major that every constraint of the modules in use allows.
    fn constrained_major(&self, root: &ModuleInstance<'p>) -> Option<u8> {
        let mut constraints = Vec::new();
        for module in self.modules_in_use(root) {
            for at in &module.settings {
                let Some((file, block)) = module.block(*at) else { continue };
                let required = block.body.blocks.iter().filter(|it| file.slice(it.kind) == "required_providers");
                for attribute in required.flat_map(|block| &block.body.attributes) {
                    if file.slice(attribute.name) == "azurerm" {
                        constraints.extend(version_text(file, attribute.value));
                    }
                }
            }
            // Terraform 0.12 and before had the constraint in the provider block.
            for declared in &module.providers {
                let parts = module.parts(declared);
                if is_azurerm(parts) {
                    constraints.extend(parts.attribute("version").and_then(|(file, it)| constant_text(file, it.value)));
                }
            }
        }
        version::newest_major(&constraints, NEWEST_AZURERM_MAJOR)
    }

    fn modules_in_use(&self, root: &ModuleInstance<'p>) -> Vec<&'p Module> {
        std::iter::once(root.module).chain(self.modules.borrow().iter().map(|it| it.module)).collect()
    }

    /// The newest major that still has every type and argument in use: what a configuration without a constraint was written for.
    fn fitting_major(&self, root: &ModuleInstance<'p>) -> u8 {
        let mut major = NEWEST_AZURERM_MAJOR;
        for module in self.modules_in_use(root) {
            // What a resource no longer has, a data source of the same type may still read.
            for (key, declared) in module.resources.iter().filter(|(key, _)| !key.data) {
                let parts = module.parts(declared);
                let used = azure::removed_arguments(&key.block_type, major).filter(|it| {
                    it.path.is_empty() || parts.iter().any(|(file, block)| has(file, &block.body, it.path))
                });
                major = used.map(|it| it.major.saturating_sub(1)).min().unwrap_or(major).min(major);
            }
        }
        major
    }

    fn features(&self, root: &ModuleInstance<'p>, alias: Option<&str>) -> Option<Value> {
        let parts = root.module.providers.iter().map(|declared| root.module.parts(declared)).find(|parts| {
            let own = parts.attribute("alias").and_then(|(file, it)| constant_text(file, it.value));
            is_azurerm(*parts) && own.as_deref() == alias
        })?;
        let (file, block) = parts.blocks().find(|(file, block)| file.slice(block.kind) == "features")?;
        Some(self.body(Scope { module: root, file, names: None }, &block.body, block.header))
    }
}

/// True when a body has the argument or block of a dotted path, written or made by `dynamic`.
fn has(file: &File, body: &Body, path: &str) -> bool {
    let (head, tail) = path.split_once('.').map_or((path, None), |(head, tail)| (head, Some(tail)));
    let written = || body.attributes.iter().any(|it| file.slice(it.name) == head);
    let nested = |block: &Block| {
        let dynamic =
            file.slice(block.kind) == "dynamic" && block.labels.first().is_some_and(|label| &*label.text == head);
        let content = || {
            block
                .body
                .blocks
                .iter()
                .any(|it| file.slice(it.kind) == "content" && tail.is_none_or(|tail| has(file, &it.body, tail)))
        };
        if dynamic {
            content()
        } else {
            file.slice(block.kind) == head && tail.is_none_or(|tail| has(file, &block.body, tail))
        }
    };
    (tail.is_none() && written()) || body.blocks.iter().any(nested)
}

fn is_azurerm(parts: Parts<'_>) -> bool {
    parts.first().is_some_and(|(_, block)| block.labels.first().is_some_and(|label| &*label.text == "azurerm"))
}

/// Which provider a call passes under a name.
fn passed<'p>(call: Parts<'p>, name: &str) -> Option<&'p str> {
    let (file, attribute) = call.attribute("providers")?;
    let ExprKind::Object(items) = &file.expr(attribute.value).kind else { return None };
    let text = |file: &'p File, id| file.slice(file.expr(id).span).trim_matches('"');
    file.object_items(*items).iter().find(|item| text(file, item.key) == name).map(|item| text(file, item.value))
}

/// The constraint of a `required_providers` entry: a string, or an object with `version`.
fn version_text(file: &File, id: crate::parse::hcl::ExprId) -> Option<Arc<str>> {
    let value = constant(file, id);
    let text = value.as_str().or_else(|| value.as_object()?.value("version")?.as_str());
    text.map(Arc::from)
}
