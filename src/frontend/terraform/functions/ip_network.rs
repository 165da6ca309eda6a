//! Functions of address ranges: `cidrhost`, `cidrnetmask`, `cidrsubnet`, `cidrsubnets`, `cidrcontains`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::args::{Answer, Call};
use crate::value::Value;

/// The result, when the function is of this family.
pub(super) fn call(call: &Call<'_>) -> Option<Answer> {
    Some(match call.name {
        "cidrhost" => host(call),
        "cidrnetmask" => netmask(call),
        "cidrsubnet" => subnet(call),
        "cidrsubnets" => subnets(call),
        "cidrcontains" => contains(call),
        _ => return None,
    })
}

/// An address range: the bits of an address, the width of its kind, the length of the prefix.
#[derive(Clone, Copy)]
struct Range {
    bits: u128,
    width: u32,
    prefix: u32,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let (bits, width) = address_bits(address)?;
        if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= width)?;
        let range = Self { bits, width, prefix };
        Some(Self { bits: bits & !range.host_mask(), ..range })
    }

    /// The bits that tell hosts apart.
    fn host_mask(self) -> u128 {
        low_ones(self.width.saturating_sub(self.prefix))
    }

    fn write(self) -> String {
        format!("{}/{}", address(self.bits, self.width), self.prefix)
    }
}

fn low_ones(count: u32) -> u128 {
    1_u128.checked_shl(count).map_or(u128::MAX, |bit| bit.wrapping_sub(1))
}

/// Leading zeros in a part are decimal, as in older versions of Go.
fn address_bits(text: &str) -> Option<(u128, u32)> {
    if text.contains(':') {
        let address: Ipv6Addr = text.parse().ok()?;
        return Some((address.to_bits(), 128));
    }
    let mut bits = 0_u128;
    let mut parts = 0;
    for part in text.split('.') {
        if part.is_empty() || part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        bits = bits << 8 | u128::from(part.parse::<u8>().ok()?);
        parts += 1;
    }
    (parts == 4).then_some((bits, 32))
}

fn address(bits: u128, width: u32) -> IpAddr {
    if width == 32 {
        IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or(u32::MAX)))
    } else {
        IpAddr::V6(Ipv6Addr::from_bits(bits))
    }
}

fn range(call: &Call<'_>, position: usize) -> Result<Range, Value> {
    let text = call.text(position)?;
    Range::parse(&text).ok_or_else(|| call.invalid(&format!("`{text}` is not an address range")))
}

fn host(call: &Call<'_>) -> Answer {
    let range = range(call, 0)?;
    let number = call.int(1)?;
    let available = range.host_mask();
    let distance = u128::from(number.unsigned_abs());
    let inside =
        if number < 0 { available.checked_sub(distance).and_then(|it| it.checked_add(1)) } else { Some(distance) };
    match inside.filter(|inside| *inside <= available) {
        Some(inside) => Ok(call.value(address(range.bits | inside, range.width).to_string())),
        None => Err(call.invalid("the range has no host of this number")),
    }
}

fn netmask(call: &Call<'_>) -> Answer {
    let range = range(call, 0)?;
    if range.width != 32 {
        return Err(call.invalid("only ranges of IPv4 have a netmask"));
    }
    Ok(call.value(address(low_ones(32) & !range.host_mask(), 32).to_string()))
}

fn subnet(call: &Call<'_>) -> Answer {
    let range = range(call, 0)?;
    let (bits, number) = (call.int(1)?, call.int(2)?);
    let longer = u32::try_from(bits).ok().and_then(|bits| range.prefix.checked_add(bits));
    let Some(prefix) = longer.filter(|prefix| *prefix <= range.width) else {
        return Err(call.invalid("the range is too small for so many more bits"));
    };
    let most = low_ones(prefix.saturating_sub(range.prefix));
    match u128::try_from(number).ok().filter(|number| *number <= most) {
        Some(number) => {
            let shift = range.width.saturating_sub(prefix);
            let bits = range.bits | number.checked_shl(shift).unwrap_or(0);
            Ok(call.value(Range { bits, prefix, ..range }.write()))
        }
        None => Err(call.invalid("the range has no subnet of this number")),
    }
}

fn subnets(call: &Call<'_>) -> Answer {
    let range = range(call, 0)?;
    let mut next = range.bits;
    let mut overflow = false;
    let mut found = Vec::new();
    for position in 1..call.args.len() {
        let bits =
            u32::try_from(call.int(position)?).ok().filter(|bits| *bits >= 1 && (*bits <= 32 || range.width == 128));
        let Some(prefix) = bits.and_then(|bits| range.prefix.checked_add(bits)).filter(|it| *it <= range.width) else {
            return Err(call.invalid("the range is too small for so many more bits"));
        };
        let size = low_ones(range.width.saturating_sub(prefix));
        // A subnet starts at a multiple of its size.
        let start = next.checked_add(size).map(|it| it & !size);
        let Some(start) = start.filter(|start| !overflow && start & !range.host_mask() == range.bits) else {
            return Err(call.invalid("there is no room left for this subnet"));
        };
        found.push(call.value(Range { bits: start, prefix, ..range }.write()));
        match start.checked_add(size).and_then(|last| last.checked_add(1)) {
            Some(after) => next = after,
            None => overflow = true,
        }
    }
    Ok(call.array(found))
}

fn contains(call: &Call<'_>) -> Answer {
    let outer = range(call, 0)?;
    let text = call.text(1)?;
    let (bits, width, prefix) = match (Range::parse(&text), address_bits(&text)) {
        (Some(inner), _) => (inner.bits, inner.width, inner.prefix),
        (None, Some((bits, width))) => (bits, width, width),
        (None, None) => return Err(call.invalid("this is neither an address nor a range")),
    };
    let inside = width == outer.width && prefix >= outer.prefix && bits & !outer.host_mask() == outer.bits;
    Ok(call.value(inside))
}
