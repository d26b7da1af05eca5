//! The holders of budgets: the caller, or the address, whose calls are counted together.

use std::net::{IpAddr, Ipv6Addr};

/// The holder of a budget: everything that is counted as one caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BudgetHolder {
    /// A member of staff, by the beginning of the keyed hash of their identity.
    Staff([u8; 16]),
    /// An API key of a partner agency, by the beginning of its id.
    Key([u8; 16]),
    /// An IPv4 address, or the network of one subscriber: the first 64 bits of an IPv6 address.
    Address(IpAddr),
    /// All callers together whose address cannot be determined.
    Nowhere,
}

impl BudgetHolder {
    /// Makes the holder for the member of staff with this keyed hash of their identity, whatever token they use.
    pub fn of_staff(hash: &[u8; 32]) -> Self {
        let mut staff = [0; 16];
        staff.iter_mut().zip(hash).for_each(|(place, byte)| *place = *byte);
        Self::Staff(staff)
    }

    pub fn of_key(id: &str) -> Self {
        let mut key = [0; 16];
        key.iter_mut().zip(id.bytes()).for_each(|(place, byte)| *place = byte);
        Self::Key(key)
    }

    /// Makes the holder for callers at this address; `None` stands for an address that cannot be determined.
    pub fn of_address(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Nowhere,
            Some(IpAddr::V4(address)) => Self::Address(address.into()),
            Some(IpAddr::V6(address)) => {
                let network = address.to_bits() & (u128::MAX << 64);
                Self::Address(Ipv6Addr::from_bits(network).into())
            }
        }
    }

    pub(super) fn is_signed_in(self) -> bool {
        matches!(self, Self::Staff(_) | Self::Key(_))
    }
}
