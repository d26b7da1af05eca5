//! The networks to which the use of an API key can be limited.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::error::Text;

/// A network in CIDR notation, such as 192.0.2.0/24 or 2001:db8::/32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

impl Network {
    /// Whether an IP address lies in the network. An IPv4 address that is written as an IPv6 address counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = Text;

    fn from_str(text: &str) -> Result<Self, Text> {
        // The address is first parsed alone, which is stricter: some programs read 010.0.0.0 as ten, others as eight.
        let address = text.split('/').next().and_then(|address| address.parse::<IpAddr>().ok());
        let network: Option<IpNet> = address.and_then(|_| text.parse().ok());
        let whole = |network: &IpNet| network.trunc() == *network && network.addr().to_canonical() == network.addr();
        // An address with bits set after the prefix is more often a mistake than a network, and no caller comes from an IPv4
        // network that is written as IPv6.
        network.filter(whole).map(Self).ok_or_else(|| {
            Text::new(
                "must be a network in CIDR notation with no bits set after its prefix, such as 192.0.2.0/24, 192.0.2.7/32 or 2001:db8::/32",
                "måste vara ett nät i CIDR-notation utan något bakom prefixet, såsom 192.0.2.0/24, 192.0.2.7/32 eller 2001:db8::/32",
            )
        })
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl utoipa::PartialSchema for Network {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(4))
            .max_length(Some(43))
            .pattern(Some("^[0-9a-fA-F.:]+/[0-9]{1,3}$"))
            .description(Some("A network in CIDR notation (RFC 4632, RFC 4291)."))
            .examples(["192.0.2.0/24"])
            .into()
    }
}

impl utoipa::ToSchema for Network {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_network_has_a_prefix_and_nothing_behind_it() {
        for right in ["192.0.2.0/24", "192.0.2.7/32", "0.0.0.0/0", "2001:db8::/32", "::1/128"] {
            assert!(right.parse::<Network>().is_ok(), "{right}");
        }
        for wrong in [
            "",
            "192.0.2.7",
            "192.0.2.7/24",
            "192.0.2.0/33",
            "192.0.2/24",
            "010.0.0.0/8",
            "192.0.02.0/24",
            "2001:db8::1/32",
            "::ffff:192.0.2.0/120",
            "example.se/24",
            "192.0.2.0/24 ",
        ] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_ipv4_address_is_the_same_when_it_arrives_as_ipv6() {
        let network: Network = "192.0.2.0/24".parse().unwrap();
        for inside in ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.9"] {
            assert!(network.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["192.0.3.0", "::ffff:192.0.3.9", "2001:db8::1"] {
            assert!(!network.contains(outside.parse().unwrap()), "{outside}");
        }
    }

    proptest! {
        #[test]
        fn a_network_holds_exactly_the_addresses_with_its_prefix(address: [u8; 4], prefix in 0_u8..=32, other: [u8; 4]) {
            let (bits, other_bits) = (u32::from_be_bytes(address), u32::from_be_bytes(other));
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            let network: Network = format!("{}/{prefix}", std::net::Ipv4Addr::from(bits & mask)).parse().unwrap();
            prop_assert_eq!(network.contains(IpAddr::from(other)), other_bits & mask == bits & mask);
        }

        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,60}") {
            if let Ok(network) = text.parse::<Network>() {
                let told = serde_json::to_value(network).unwrap();
                prop_assert_eq!(serde_json::from_value::<Network>(told).unwrap(), network);
            }
        }
    }
}
