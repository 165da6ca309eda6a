//! A further declaration behind the one that lacks it.
//!
//! In: the text of one or more `resource` blocks. Out: the edit that writes it; refused where the module has a block of that
//! name already, or the declaration stands in a text that is not edited.

use super::tree::{Trees, top_block};
use crate::edit::{Edit, Proposal, Refusal};
use crate::model::Resource;
use crate::parse::hcl;
use crate::source::Span;

/// Writes `text` behind the declaration of `resource`.
pub fn append(trees: &Trees<'_>, resource: &Resource, text: &str) -> Result<Proposal, Refusal> {
    let file = trees.get(resource.header.file)?;
    let block = top_block(&file, resource.header).filter(|it| file.slice(it.kind) == "resource");
    let Some(block) = block else { return Err(Refusal::new("the resource is not declared here")) };
    let (new, diagnostics) = hcl::parse(file.file, text.into());
    if !diagnostics.is_empty() || new.body.blocks.is_empty() || !new.body.attributes.is_empty() {
        return Err(Refusal::new("the snippet is no declaration of its own"));
    }
    let labels = |block: &hcl::Block| block.labels.iter().map(|it| it.text.clone()).collect::<Vec<_>>();
    let beside = trees.beside(file.file);
    let mut declared = beside.iter().flat_map(|it| &it.body.blocks);
    if let Some(taken) = declared.find(|it| new.body.blocks.iter().any(|new| labels(new) == labels(it))) {
        return Err(Refusal::new(format!("there is already a resource {}", labels(taken).join("."))));
    }
    let whole = &*file.text;
    let end = block.span.end as usize;
    let rest = whole.get(end..).and_then(|it| it.split('\n').next()).unwrap_or("");
    if !rest.trim().is_empty() {
        return Err(Refusal::new("something stands behind the resource on its last line"));
    }
    let newline = if whole.contains("\r\n") { "\r\n" } else { "\n" };
    let place = Span::new(file.file, block.span.end, block.span.end);
    let text = text.trim_end().replace('\n', newline);
    Ok(vec![Edit::new(place, format!("{newline}{newline}{text}"))].into())
}
