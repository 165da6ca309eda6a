//! Addresses and ports of network rules.

use std::net::IpAddr;

use super::super::operators::scalar_text;
use crate::value::{Value, ValueKind};

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
