//! Takes a block, or items of a list, out of a text.
//!
//! In: what goes. Out: edits that take its lines, commas and the empty line that it no longer needs. Where a comment stands in
//! the way nothing is done: whom it belongs to is not known.

use super::layout::Entry;
use super::tree::{holder, items_of};
use crate::edit::{Edit, Refusal};
use crate::parse::hcl::{Block, ExprId, File};
use crate::source::Span;

/// Takes a nested block out, with its lines.
pub(super) fn remove_block(file: &File, owner: &Block, block: &Block) -> Result<Vec<Edit>, Refusal> {
    let text = &*file.text;
    let (start, end) = (block.span.start as usize, block.span.end as usize);
    let before = text.get(..start).unwrap_or("");
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let after = text.get(end..).unwrap_or("");
    let rest = after.split('\n').next().unwrap_or("");
    let is_alone = before.get(line..).is_some_and(|it| it.trim().is_empty()) && rest.trim().is_empty();
    if !is_alone || !after.contains('\n') || line <= owner.header.end as usize {
        return Err(Refusal::new("the block shares its lines with others"));
    }
    let above = text.get(..line).unwrap_or("").trim_end_matches([' ', '\t', '\r', '\n']);
    if above.rsplit('\n').next().is_some_and(|it| it.trim_start().starts_with(['#', '/', '*'])) {
        return Err(Refusal::new("a comment stands above the block"));
    }
    let (mut from, mut to) = (line, end + rest.len() + 1);
    let next = text.get(to..).unwrap_or("");
    let next_line = next.split('\n').next().unwrap_or("");
    let is_last = next_line.trim().is_empty() || next_line.trim_start().starts_with('}');
    let gap = text.get(above.len()..line).unwrap_or("");
    if is_last && gap.matches('\n').count() > 1 {
        from = above.len() + gap.find('\n').map_or(0, |at| at + 1);
    } else if next_line.trim().is_empty() && next.contains('\n') {
        to += next_line.len() + 1;
    }
    Ok(vec![Edit::new(span(file, from, to), "")])
}

/// Takes items out of a list that is written out.
pub(super) fn remove_items(file: &File, list: ExprId, gone: &[usize]) -> Result<Vec<Edit>, Refusal> {
    let whole = file.expr(list).span;
    let spans: Vec<Span> = items_of(file, list).unwrap_or(&[]).iter().map(|it| file.expr(*it).span).collect();
    let Some(last_kept) = (0..spans.len()).rev().find(|it| !gone.contains(it)) else {
        return Err(Refusal::new("nothing would be left of the list"));
    };
    let mut cuts: Vec<Span> = Vec::new();
    for (at, item) in spans.iter().enumerate().filter(|(at, _)| gone.contains(at)) {
        let next = spans.get(at.saturating_add(1));
        let cut = match (next, spans.get(last_kept), spans.last()) {
            (Some(next), ..) if at < last_kept => span(file, item.start as usize, next.start as usize),
            (_, Some(kept), Some(last)) => span(file, kept.end as usize, last.end as usize),
            _ => continue,
        };
        if !cuts.contains(&cut) {
            cuts.push(cut);
        }
    }
    let outside = cuts.iter().map(|cut| {
        let items = spans.iter().filter(|it| cut.contains(**it));
        items.fold(file.slice(*cut).to_owned(), |text, it| text.replacen(file.slice(*it), "", 1))
    });
    if outside.into_iter().any(|it| it.contains(['#', '/'])) {
        return Err(Refusal::new("a comment stands between the items of the list"));
    }
    let edits: Vec<Edit> = cuts.iter().map(|it| Edit::new(*it, "")).collect();
    let text = file.slice(whole);
    let found = holder(file, whole).filter(|_| !text.contains('\n'));
    let Some(found) = found else { return Ok(edits) };
    let shifted = cuts.iter().map(|cut| {
        let (start, end) = (cut.start.saturating_sub(whole.start), cut.end.saturating_sub(whole.start));
        Edit::new(Span::new(file.file, start, end), "")
    });
    let Some(shorter) = crate::edit::apply(text, &shifted.collect::<Vec<_>>()) else { return Ok(edits) };
    Ok(found.container.replace(Entry { value: whole, ..found.entry }, &shorter))
}

fn span(file: &File, start: usize, end: usize) -> Span {
    let offset = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    Span::new(file.file, offset(start), offset(end))
}
