//! Subjects of the limits: the caller, or the address, that a budget belongs to.

use std::net::{IpAddr, Ipv6Addr};

/// The owner of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BudgetHolder {
    /// A member of staff, by the beginning of the keyed hash of their identity.
    Staff([u8; 16]),
    /// A key of a partner agency, by the beginning of its id.
    Key([u8; 16]),
    /// An address, or the network of one subscriber.
    Address(IpAddr),
    /// All callers whose address cannot be determined, together.
    Nowhere,
}

impl BudgetHolder {
    /// The member of staff with this keyed hash, whatever token they use.
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

    /// The caller at this address.
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
