//! Which block each `[*]` of a target stands for, and whose header each part of it has.
//!
//! In: all places of all arguments of a mapping file. Out: [`Source::stars`] and [`Source::headers`] filled in. A `[*]`
//! belongs to the innermost block that all arguments filling its elements share; no schema is asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::{DECLARATION, Fill, Segment, Source};
use super::read::Errors;

/// Gives every `[*]` to the block that repeats, and every intermediate segment to the block whose header is its place.
pub(super) fn align(errors: &mut Errors, fills: &mut [Fill]) {
    let blocks: BTreeSet<Vec<Arc<str>>> =
        fills.iter().flat_map(|fill| fill.sources.iter().map(|source| source.blocks.clone())).collect();
    let shapes: Vec<Shape> = fills
        .iter()
        .flat_map(|fill| {
            fill.sources.iter().map(|source| Shape {
                child: fill.child,
                target: fill.target.clone(),
                blocks: own_blocks(source, &blocks),
            })
        })
        .collect();
    for fill in fills {
        let stars: Vec<usize> =
            (0..fill.target.len()).filter(|at| fill.target.get(*at) == Some(&Segment::Each)).collect();
        for source in &mut fill.sources {
            let own = own_blocks(source, &blocks);
            if let Some(owners) = owners(&shapes, fill.child, &fill.target, &stars, &own) {
                source.stars = owners;
            } else {
                let argument = source.names.first().map_or("", |name| &name.argument);
                errors.add(format!("{}.{argument}: more `[*]` than blocks", source.blocks.join(".")));
            }
            source.headers = headers(&fill.target, &source.blocks, &source.stars);
        }
    }
}

/// The blocks that a place is below, itself included when it is a block.
fn own_blocks(source: &Source, blocks: &BTreeSet<Vec<Arc<str>>>) -> Vec<Arc<str>> {
    let itself = source.names.iter().find_map(|name| {
        let path: Vec<Arc<str>> = source.blocks.iter().chain([&name.argument]).cloned().collect();
        let within = blocks.range(path.clone()..).next().is_some_and(|next| next.starts_with(&path));
        within.then_some(path)
    });
    itself.unwrap_or_else(|| source.blocks.clone())
}

/// What alignment needs to know of every other argument.
struct Shape {
    child: Option<usize>,
    target: Vec<Segment>,
    blocks: Vec<Arc<str>>,
}

/// A `[*]` belongs to the innermost block that all arguments filling its elements have in common.
fn owners(
    shapes: &[Shape],
    child: Option<usize>,
    target: &[Segment],
    stars: &[usize],
    blocks: &[Arc<str>],
) -> Option<Vec<usize>> {
    if let ([star], []) = (stars, blocks)
        && let Some(prefix) = target.get(..=*star)
        && shapes
            .iter()
            .any(|it| it.child == child && it.blocks.is_empty() && it.target != target && it.target.starts_with(prefix))
    {
        return Some(vec![DECLARATION]);
    }
    let mut owners = Vec::new();
    let mut limit = blocks.len().checked_add(1)?;
    for star in stars.iter().rev() {
        let prefix = target.get(..=*star)?;
        let same = shapes.iter().filter(|shape| {
            shape.child == child
                && shape.target.starts_with(prefix)
                && (blocks.is_empty() || shape.blocks.first() == blocks.first())
        });
        let common = same.fold(blocks.len(), |common, shape| {
            let shared = shape.blocks.iter().zip(blocks).take_while(|(a, b)| a == b).count();
            // The argument itself can be the list: then another argument inside its elements has it as a block.
            common.min(shared)
        });
        let innermost = if common == 0 { blocks.len() } else { common.checked_sub(1)? };
        let owner = innermost.min(limit.checked_sub(1)?);
        owners.push(owner);
        limit = owner;
    }
    owners.reverse();
    Some(owners)
}

/// Equal names first (`site_config` and `siteConfig`), the rest from the innermost outwards.
fn headers(target: &[Segment], blocks: &[Arc<str>], stars: &[usize]) -> Vec<Option<usize>> {
    let mut headers = vec![None; target.len()];
    let mut free = blocks.len();
    let mut star = stars.len();
    for at in (0..target.len().saturating_sub(1)).rev() {
        let floor = star.checked_sub(1).and_then(|last| stars.get(last)).map_or(0, |owner| owner.saturating_add(1));
        let chosen = match target.get(at) {
            Some(Segment::Each) => {
                star = star.saturating_sub(1);
                let owner = stars.get(star).copied();
                free = owner.unwrap_or(free).min(free);
                // The array's key has the header of its first element.
                if let Some(slot) = at.checked_sub(1).and_then(|key| headers.get_mut(key)) {
                    *slot = owner;
                }
                owner
            }
            Some(Segment::Key(_)) if headers.get(at).copied().flatten().is_some() => continue,
            Some(Segment::Key(key)) => {
                let named = (floor..free).rev().find(|block| blocks.get(*block).is_some_and(|name| alike(name, key)));
                let next = (at > 0 && free > floor).then(|| free - 1);
                let block = named.or(next);
                free = block.unwrap_or(free);
                block
            }
            None => None,
        };
        if let Some(slot) = headers.get_mut(at) {
            *slot = chosen;
        }
    }
    headers
}

fn alike(argument: &str, key: &str) -> bool {
    let letters = argument.bytes().filter(|byte| *byte != b'_');
    letters.eq(key.bytes().map(|byte| byte.to_ascii_lowercase()))
}
