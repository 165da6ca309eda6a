//! Takes an item out of an array of a template.
//!
//! In: a tree, and where the item stands. Out: the edit that takes it and one comma. An array that would be left empty is
//! refused: what it says then is another thing.

use crate::edit::{Edit, Refusal};
use crate::source::{SourceFile, Span};
use crate::value::{Value, ValueKind};

/// The edit that takes the item at `item` out.
pub(super) fn remove(root: &Value, source: &SourceFile, item: Span) -> Result<Vec<Edit>, Refusal> {
    let items = array_with(root, item).ok_or_else(|| Refusal::new("the element is not written here"))?;
    let at = items.iter().position(|it| it.span == item).unwrap_or_default();
    let next = items.get(at.saturating_add(1));
    let above = at.checked_sub(1).and_then(|at| items.get(at));
    let cut = match (next, above) {
        (Some(next), _) => Span::new(item.file, item.start, next.span.start),
        (None, Some(above)) => Span::new(item.file, above.span.end, item.end),
        (None, None) => return Err(Refusal::new("nothing would be left of the array")),
    };
    let gap = source.slice(cut).replacen(source.slice(item), "", 1);
    if gap.contains("//") || gap.contains("/*") {
        return Err(Refusal::new("a comment stands between the items of the array"));
    }
    Ok(vec![Edit::new(cut, "")])
}

/// The items of the array that has one at this place.
fn array_with(value: &Value, item: Span) -> Option<&[Value]> {
    match &value.kind {
        ValueKind::Array(array) if array.items.iter().any(|it| it.span == item) => Some(&array.items),
        ValueKind::Array(array) => array_with(array.items.iter().find(|it| it.span.contains(item))?, item),
        ValueKind::Object(object) => {
            array_with(object.entries.values().map(|it| &it.value).find(|it| it.span.contains(item))?, item)
        }
        _ => None,
    }
}
