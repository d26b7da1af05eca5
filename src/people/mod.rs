//! Who is met and helped.
//!
//! - A person is known by as much as somebody had reason to write down, and by no more: a name, a personal identity number,
//!   a birth year, or nothing at all but that there is somebody.
//! - Staff know of those whom their own offices have met: who registered them, and who had a referral about them. It goes
//!   through [`crate::auth::Sight`] like everything about cases.
//! - A person whose identity is protected exists only for staff who are cleared for it. Whoever else names such a person's
//!   identity number gets a record of their own: no answer tells that there is another.
//! - Of a person with a protected registration nothing is stored that tells where they live.
//! - A person belongs to at most one family; changing families has an operation and a history of its own.
//! - A person is looked up by name or by identity number, through keyed hashes; there is no other search.

mod age_band;
pub mod answers;
mod birth;
mod change_routes;
mod channel;
mod create_routes;
mod facts;
pub mod gender;
mod identity_number;
pub mod names;
mod patch;
pub mod protected_identity;
pub mod routes;
pub mod search_routes;
pub mod store;
mod view;

use chrono::NaiveDate;

pub use age_band::AgeBand;
pub use birth::Birth;
pub use channel::Channel;
pub use facts::{ConfidentialPostalCode, HomeAddress, NewPerson};
pub use identity_number::PersonalIdentityNumber;
pub use patch::{Changeable, Registration};

use crate::directory::Directory;
use crate::error::Result;
use crate::id::{FamilyId, PersonId};
use crate::moment::Moment;
use crate::time::Timestamp;
pub use gender::Gender;
pub use identity_number::ConfidentialNumber;
pub use protected_identity::ProtectedIdentity;

/// A person. The database has it sealed: see [`store::SealedPerson`].
#[derive(Debug, Clone)]
pub struct Person {
    /// Identifies it.
    pub id: PersonId,
    /// What somebody wrote down, and may be kept.
    pub written: NewPerson,
    /// The family that the person belongs to.
    pub family_id: Option<FamilyId>,
    /// Tells apart the records with one identity number.
    pub number_slot: i32,
    /// When the person was registered.
    pub registered_at: Timestamp,
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// Counts its changes.
    pub version: i32,
}

impl Person {
    /// Registers what somebody wrote down: checks it, and leaves out what must not be kept. The family is joined apart.
    pub fn register(new: NewPerson, directory: &Directory, moment: &Moment) -> Result<Self> {
        new.check(directory.calendar.local_date(moment.now.utc()), directory)?;
        Ok(Self {
            id: moment.id(),
            written: new.kept(),
            family_id: None,
            number_slot: 0,
            registered_at: moment.now,
            updated_at: moment.now,
            version: 1,
        })
    }

    /// What the record becomes when somebody writes it anew.
    pub fn changed(&self, new: NewPerson, directory: &Directory, moment: &Moment) -> Result<Self> {
        new.check(directory.calendar.local_date(moment.now.utc()), directory)?;
        Ok(Self { written: new.kept(), updated_at: moment.now, version: self.version + 1, ..self.clone() })
    }

    /// Whether and how the identity is protected.
    pub fn protection(&self) -> ProtectedIdentity {
        self.written.protection.unwrap_or_default()
    }

    /// The age band on the day `today`, if anything tells it.
    pub fn age_band(&self, today: NaiveDate, directory: &Directory) -> Option<AgeBand> {
        self.written.birth().lowest_age(today).map(|age| AgeBand::of(age, directory.municipality.ages.to))
    }
}
