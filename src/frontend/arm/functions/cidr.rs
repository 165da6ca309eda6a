//! `parseCidr`, `cidrSubnet`, `cidrHost`, for both versions of IP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::{Outcome, text, whole};
use crate::source::Span;
use crate::value::{Object, Value, ValueKind};

/// A network: the bits of its first address, the length of its prefix, and of an address.
#[derive(Clone, Copy)]
struct Network {
    bits: u128,
    prefix: u32,
    width: u32,
}

impl Network {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a network in CIDR notation");
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let (bits, width) = match address.parse().map_err(|_| wrong())? {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let prefix: u32 = prefix.parse().ok().filter(|prefix| *prefix <= width).ok_or_else(wrong)?;
        let network = Self { bits, prefix, width };
        Ok(Self { bits: bits & !network.host_mask(), ..network })
    }

    fn host_mask(self) -> u128 {
        match self.width.saturating_sub(self.prefix) {
            128 => u128::MAX,
            bits => (1u128 << bits) - 1,
        }
    }

    fn last(self) -> u128 {
        self.bits | self.host_mask()
    }

    fn shown(self, bits: u128) -> String {
        if self.width == 32 {
            Ipv4Addr::from_bits(u32::try_from(bits & u128::from(u32::MAX)).unwrap_or(0)).to_string()
        } else {
            Ipv6Addr::from_bits(bits).to_string()
        }
    }

    fn netmask(self) -> String {
        let all = if self.width == 32 { u128::from(u32::MAX) } else { u128::MAX };
        self.shown(all & !self.host_mask())
    }
}

/// `parseCidr('10.144.0.0/20')`: an object that describes the network.
pub(super) fn parse(arguments: &[Value]) -> Outcome {
    let network = Network::parse(text(arguments, 0)?)?;
    let span = arguments.first().map(|it| it.span).ok_or("an argument is missing")?;
    let single = network.width == network.prefix;
    let first = network.bits.saturating_add(u128::from(!single));
    let last = network.last().saturating_sub(u128::from(!single));
    let mut object = Object::default();
    let mut set = |key: &str, text: String| object.insert(key, span, Value::new(text, span));
    set("network", network.shown(network.bits));
    set("netmask", network.netmask());
    if network.width == 32 {
        set("broadcast", network.shown(network.last()));
    }
    set("firstUsable", network.shown(first));
    set("lastUsable", network.shown(last));
    object.insert("cidr", span, number(network.prefix, span));
    Ok(ValueKind::Object(Arc::new(object)))
}

/// `cidrSubnet('10.144.0.0/20', 24, 0)`: the nth subnet of this size.
pub(super) fn subnet(arguments: &[Value]) -> Outcome {
    let network = Network::parse(text(arguments, 0)?)?;
    let prefix = u32::try_from(whole(arguments, 1)?).ok();
    let prefix = prefix.filter(|it| (network.prefix..=network.width).contains(it));
    let prefix = prefix.ok_or("the new prefix must lie between that of the network and that of an address")?;
    let index = u128::try_from(whole(arguments, 2)?).map_err(|_| "the index must not be negative")?;
    let outside = "the network has no such subnet";
    if prefix - network.prefix < 128 && index >> (prefix - network.prefix) > 0 {
        return Err(outside.into());
    }
    let offset = index.checked_shl(network.width - prefix).unwrap_or(0);
    let bits = network.bits.checked_add(offset).ok_or(outside)?;
    Ok(format!("{}/{prefix}", network.shown(bits)).into())
}

/// `cidrHost('10.144.3.0/24', 0)`: the nth usable address.
pub(super) fn host(arguments: &[Value]) -> Outcome {
    let network = Network::parse(text(arguments, 0)?)?;
    let index = u128::try_from(whole(arguments, 1)?).map_err(|_| "the index must not be negative")?;
    let first = network.bits.saturating_add(u128::from(network.width - network.prefix > 1));
    let bits = first.checked_add(index).filter(|bits| *bits <= network.last());
    Ok(network.shown(bits.ok_or("the network has no such address")?).into())
}

fn number(number: u32, span: Span) -> Value {
    Value::new(i64::from(number), span)
}
