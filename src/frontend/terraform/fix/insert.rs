//! New lines of a declaration, with the blocks that they need.
//!
//! In: what is to be written, and into which block that exists. Out: one edit for each of those blocks: what two settings need
//! in common is written once. A new block that the provider would refuse as it is, for want of an argument, is refused.

use std::rc::Rc;
use std::sync::Arc;

use super::layout::Addition;
use super::tree::{Trees, block_at, container_of};
use crate::edit::{Edit, Refusal};
use crate::parse::hcl::File;
use crate::source::Span;

/// A line to be written into a block.
pub(super) struct Insertion {
    pub(super) file: Rc<File>,
    pub(super) block: Span,
    pub(super) created: Vec<Arc<str>>,
    pub(super) name: String,
    pub(super) literal: String,
    /// The argument's path of each created block, and what it cannot do without.
    pub(super) required: Vec<(String, Vec<String>)>,
}

/// One edit for each block that something is written into.
pub(super) fn insert_all(trees: &Trees<'_>, insertions: Vec<Insertion>) -> Result<Vec<Vec<Edit>>, Refusal> {
    let mut all = Vec::new();
    let mut rest = insertions;
    while let Some(first) = rest.first() {
        let (file, block) = (first.file.clone(), first.block);
        let (here, others): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|it| it.file.file == file.file && it.block == block);
        rest = others;
        let mut additions = Vec::new();
        for insertion in &here {
            add(&mut additions, &insertion.created, insertion);
        }
        for (path, needs) in here.iter().flat_map(|it| &it.required) {
            let depth = here.iter().find(|it| it.required.iter().any(|(it, _)| it == path));
            let names = depth.and_then(|it| it.required.iter().position(|(it, _)| it == path).map(|at| (it, at)));
            let inside = names.and_then(|(it, at)| nested(&additions, it.created.get(..=at)?));
            let missing: Vec<&str> = needs.iter().map(String::as_str).filter(|it| !has(inside, it)).collect();
            if !missing.is_empty() {
                return Err(Refusal::new(format!("a new `{path}` also needs {}", missing.join(", "))));
            }
        }
        let tree = trees.get(file.file)?;
        let Some(block) = block_at(&tree.body.blocks, block) else { return Err(Refusal::new("the block is gone")) };
        all.push(container_of(&tree, block).insert(&additions)?);
    }
    Ok(all)
}

fn add(additions: &mut Vec<Addition>, created: &[Arc<str>], insertion: &Insertion) {
    let Some((first, below)) = created.split_first() else {
        additions.push(Addition::Line { name: insertion.name.clone(), literal: insertion.literal.clone() });
        return;
    };
    let at = additions.iter().position(|it| matches!(it, Addition::Nested { name, .. } if *name == **first));
    let at = at.unwrap_or_else(|| {
        additions.push(Addition::Nested { name: first.to_string(), object: false, inside: Vec::new() });
        additions.len() - 1
    });
    if let Some(Addition::Nested { inside, .. }) = additions.get_mut(at) {
        add(inside, below, insertion);
    }
}

fn nested<'t>(additions: &'t [Addition], path: &[Arc<str>]) -> Option<&'t [Addition]> {
    let Some((first, below)) = path.split_first() else { return Some(additions) };
    additions.iter().find_map(|it| match it {
        Addition::Nested { name, inside, .. } if *name == **first => nested(inside, below),
        _ => None,
    })
}

fn has(additions: Option<&[Addition]>, wanted: &str) -> bool {
    additions.into_iter().flatten().any(|it| match it {
        Addition::Line { name, .. } | Addition::Nested { name, .. } => name == wanted,
    })
}
