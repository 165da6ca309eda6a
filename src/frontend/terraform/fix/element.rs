//! Elements: the blocks and list items that an array of the model is made of.
//!
//! In: a path with an index. Out: where its elements stand, and the edits that take one out. What is left of a list must be a
//! list that still says something: an empty one is refused.

use std::rc::Rc;

use super::Proposal;
use super::removal::{remove_block, remove_items};
use super::tree::{Trees, block_with_header, is_literal, items_of, list_with};
use crate::edit::Refusal;
use crate::model::{Lookup, PathSegment, PropertyPath, Resource, Wanted};
use crate::parse::hcl::{Block, ExprId, File};
use crate::source::Span;
use crate::value::Value;

/// Where the elements stand that a path leads through, outermost first.
pub(super) fn spans(resource: &Resource, path: &PropertyPath) -> Vec<Span> {
    let segments = path.segments();
    let indices = segments.iter().enumerate().filter(|(_, it)| matches!(it, PathSegment::Index(_)));
    let upto = |at: usize| segments.iter().take(at.saturating_add(1)).cloned().collect::<PropertyPath>();
    indices.filter_map(|(at, _)| element(resource, &upto(at)).map(|it| it.span)).collect()
}

fn element<'r>(resource: &'r Resource, path: &PropertyPath) -> Option<&'r Value> {
    match resource.lookup(path) {
        Lookup::Found(value, _) => Some(value),
        _ => None,
    }
}

/// The block of this kind, and the one that has its arguments: itself, or the `content` of a `dynamic`.
pub(super) fn made<'b>(file: &File, block: &'b Block, kind: &str) -> Option<(&'b Block, &'b Block)> {
    if file.slice(block.kind) == kind {
        return Some((block, block));
    }
    let is_dynamic = file.slice(block.kind) == "dynamic" && block.labels.first().is_some_and(|it| &*it.text == kind);
    let content = block.body.blocks.iter().find(|it| is_dynamic && file.slice(it.kind) == "content")?;
    Some((block, content))
}

/// A list, and the items of it that go.
struct Shortened {
    file: Rc<File>,
    list: ExprId,
    items: Vec<usize>,
}

/// Takes elements out.
pub(super) fn remove(trees: &Trees<'_>, wanted: &[&Wanted<'_>]) -> Result<Proposal, Refusal> {
    let mut proposal = Proposal::default();
    let mut lists: Vec<Shortened> = Vec::new();
    for one in wanted {
        let Some(value) = element(one.resource, &one.change.path) else {
            return Err(Refusal::new("the element is not written here"));
        };
        let place = value.steps().last().map_or(value.span, |it| it.span);
        let file = trees.get(place.file)?;
        if let Some((owner, block)) = block_with_header(&file, place) {
            proposal.join(remove_block(&file, owner, block)?.into())?;
            continue;
        }
        let Some((list, at)) = list_with(&file, place) else {
            return Err(Refusal::new("the element is not an item of a list that is written out"));
        };
        if value.steps().last().is_some() {
            let caution = "takes an element out of a list that is written elsewhere, for everything that uses it";
            proposal.cautions.push(caution.to_owned());
        }
        match lists.iter_mut().find(|it| it.file.file == file.file && it.list == list) {
            Some(known) => known.items.push(at),
            None => lists.push(Shortened { file, list, items: vec![at] }),
        }
    }
    for Shortened { file, list, mut items } in lists {
        items.sort_unstable();
        items.dedup();
        if !items.iter().all(|at| list_item(&file, list, *at).is_some_and(|it| is_literal(&file, it))) {
            return Err(Refusal::new("the element is computed"));
        }
        proposal.join(remove_items(&file, list, &items)?.into())?;
    }
    proposal.cautions.dedup();
    Ok(proposal)
}

fn list_item(file: &File, list: ExprId, at: usize) -> Option<ExprId> {
    items_of(file, list)?.get(at).copied()
}
