//! Addresses and ports of network rules.

use std::net::IpAddr;

use super::super::operators::{is_own_address, scalar_text};
use crate::value::{Unknown, Value, ValueKind};

/// Ranges of at most so many leading bits hold a good part of the internet; private ranges have more (`10.0.0.0/8`, `fc00::/7`).
const INTERNET_BITS: u32 = 6;

/// Whether a source of a network rule is everybody: `*`, `Internet`, `any`, `0.0.0.0`, or a range of nearly all addresses.
pub(super) fn any_address(arguments: &[Value]) -> Option<ValueKind> {
    let [source] = arguments else { return None };
    if source.is_null() {
        return Some(false.into());
    }
    let text = scalar_text(source)?;
    let text = text.trim();
    let named = ["*", "internet", "any", "0.0.0.0", "::"].iter().any(|it| text.eq_ignore_ascii_case(it));
    let wide = text.rsplit_once('/').is_some_and(|(_, bits)| is_wide(bits));
    Some((named || wide).into())
}

/// True of an unknown source that is not everybody all the same: a network's own addresses, a range whose length is known
/// to be a small one (`${var.office}/32`), one that starts inside the address space (`10.${var.clinic}.0.0/16`).
pub(super) fn not_any_address(unknown: &Unknown) -> bool {
    let length = unknown.suffix().and_then(|tail| tail.rsplit_once('/')).map(|(_, bits)| bits);
    let short = length.is_some_and(|bits| bits.parse::<u32>().is_ok() && !is_wide(bits));
    let first = unknown.prefix.as_ref().and_then(|head| head.split_once('.')).map(|(first, _)| first);
    short || is_own_address(unknown) || first.is_some_and(|first| !["0", "128"].contains(&first))
}

fn is_wide(bits: &str) -> bool {
    bits.parse::<u32>().is_ok_and(|bits| bits <= INTERNET_BITS)
}

/// Whether a port range as network rules write it (`*`, `22`, `20-30`, several with commas) holds a port.
pub(super) fn covers_port(arguments: &[Value]) -> Option<ValueKind> {
    let [ranges, port] = arguments else { return None };
    let port = port.as_number()?.as_i64()?;
    if ranges.is_null() {
        return Some(false.into());
    }
    let text = scalar_text(ranges)?;
    let covers = text.split(',').map(str::trim).any(|range| {
        let (low, high) = range.split_once('-').unwrap_or((range, range));
        let bound = |text: &str| text.trim().parse::<i64>();
        range == "*" || bound(low).is_ok_and(|low| low <= port) && bound(high).is_ok_and(|high| port <= high)
    });
    Some(covers.into())
}

pub(super) fn ip_range_contains(arguments: &[Value]) -> Option<ValueKind> {
    let [outer, inner] = arguments else { return None };
    let (outer, inner) = (ip_range(outer.as_str()?)?, ip_range(inner.as_str()?)?);
    let same_family = outer.2 == inner.2;
    Some((same_family && outer.0 <= inner.0 && inner.1 <= outer.1).into())
}

/// First and last address of `a.b.c.d`, `a.b.c.d/n` or `a.b.c.d - e.f.g.h`, and whether they are of version 4.
fn ip_range(text: &str) -> Option<(u128, u128, bool)> {
    let number = |text: &str| match text.trim().parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => Some((u128::from(u32::from(address)), true)),
        IpAddr::V6(address) => Some((u128::from(address), false)),
    };
    if let Some((from, to)) = text.split_once('-') {
        let (from, four) = number(from)?;
        return Some((from, number(to)?.0, four));
    }
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let (first, four) = number(address)?;
    let bits: u32 = if four { 32 } else { 128 };
    let length = length.map_or(Some(bits), |it| it.trim().parse().ok()).filter(|length| *length <= bits)?;
    let hosts = bits.checked_sub(length)?;
    let mask = 1u128.checked_shl(hosts).map_or(u128::MAX, |size| size.wrapping_sub(1));
    let start = first & !mask;
    Some((start, start | mask, four))
}
