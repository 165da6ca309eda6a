//! Bodies of blocks: attributes, nested blocks, and the blocks that `dynamic` makes.

use std::sync::Arc;

use super::Evaluator;
use super::expression::elements;
use super::scope::{Names, Scope};
use super::traversal::is_set;
use crate::frontend::terraform::project::{block_name, room};
use crate::parse::hcl::{Block, Body, File};
use crate::source::Span;
use crate::value::{Array, Object, Reason, Unknown, Value, ValueKind, key};

impl<'p> Evaluator<'p> {
    /// A block's body as an object at `place`.
    pub(super) fn body(&self, scope: Scope<'_, 'p>, body: &Body, place: Span) -> Value {
        let mut object = Object::with_capacity(room(body));
        for attribute in &body.attributes {
            let value = self.apart(|| self.eval(scope, attribute.value));
            object.insert(key(scope.file.slice(attribute.name)), attribute.name, value);
        }
        for (name, key_span, array) in self.nested(scope, body.blocks.iter().map(|block| (scope.file, block))) {
            insert_blocks(&mut object, name, key_span, array);
        }
        Value::object(object, place)
    }

    /// Nested blocks gathered by kind: the kind, the header of the first, an object for each.
    pub(super) fn nested<'b>(
        &self,
        scope: Scope<'_, 'p>,
        blocks: impl Iterator<Item = (&'b File, &'b Block)>,
    ) -> Vec<(&'b str, Span, Array)> {
        let mut kinds: Vec<(&str, Span, Array)> = Vec::new();
        for (file, block) in blocks {
            let kind = block_name(file, block);
            let position = kinds.iter().position(|(name, ..)| *name == kind).unwrap_or_else(|| {
                kinds.push((kind, block.header, Array::default()));
                kinds.len().saturating_sub(1)
            });
            if let Some((_, _, array)) = kinds.get_mut(position) {
                self.add_block(scope, file, block, array);
            }
        }
        kinds
    }

    fn add_block(&self, scope: Scope<'_, 'p>, file: &File, block: &Block, array: &mut Array) {
        let here = Scope { module: scope.module, file, names: scope.names };
        if file.slice(block.kind) == "dynamic" && !block.labels.is_empty() {
            self.add_dynamic(here, block, array);
        } else {
            array.items.push(self.body(here, &block.body, block.header));
        }
    }

    /// `dynamic "kind" { for_each, iterator, content { ... } }`
    fn add_dynamic(&self, scope: Scope<'_, 'p>, block: &Block, array: &mut Array) {
        let file = scope.file;
        let attribute = |name: &str| block.body.attributes.iter().find(|it| file.slice(it.name) == name);
        let (Some(for_each), Some(content)) =
            (attribute("for_each"), block.body.blocks.iter().find(|it| file.slice(it.kind) == "content"))
        else {
            array.rest = Some(Arc::new(Unknown::new(Reason::Invalid("the dynamic block is not complete".into()))));
            return;
        };
        let iterator = attribute("iterator")
            .map_or_else(|| block_name(file, block), |it| file.slice(file.expr(it.value).span).trim_matches('"'));
        let collection = self.apart(|| self.eval(scope, for_each.value));
        let Some(found) = elements(&collection, is_set(scope, for_each.value)) else {
            let why = match collection.as_unknown() {
                Some(unknown) => unknown.clone(),
                None => Arc::new(Unknown::new(Reason::Invalid("for_each of this block is no collection".into()))),
            };
            array.rest = Some(why);
            return;
        };
        for (key, value, doubt) in found {
            if !self.step() {
                let bound = self.bounded("loop steps", block.header);
                array.rest = bound.as_unknown().cloned();
                return;
            }
            if let Some(why) = doubt {
                array.rest = Some(why);
                continue;
            }
            let mut element = Object::default();
            element.insert(self::key("key"), key.span, key);
            element.insert(self::key("value"), value.span, value);
            let element = Value::object(element, block.header);
            let names = Names { name: iterator, value: &element, up: scope.names };
            array.items.push(self.body(scope.with(Some(&names)), &content.body, block.header));
        }
    }
}

/// Adds the blocks of a kind to an object; an argument of the same name comes first.
pub(super) fn insert_blocks(object: &mut Object, name: &str, key_span: Span, mut blocks: Array) {
    if let Some(entry) = object.entries.get_mut(name)
        && let ValueKind::Array(written) = &mut entry.value.kind
    {
        let written = Arc::make_mut(written);
        written.items.append(&mut blocks.items);
        written.rest = written.rest.take().or(blocks.rest);
        return;
    }
    object.insert(key(name), key_span, Value::new(ValueKind::Array(Arc::new(blocks)), key_span));
}
