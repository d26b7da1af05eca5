//! The people who are met and helped.
//!
//! - A person is known by as much as somebody had reason to write down, and no more: a name, a personal identity number, a birth year, or
//!   nothing except that the person exists.
//! - Staff know of the people whom their own offices have met: those whom the office registered, and those about whom it had a referral.
//!   This is decided by [`crate::auth::CaseScope`], as for everything about cases.
//! - A person whose identity is protected exists only for staff who are cleared for protected identities. If anybody else registers the
//!   person's identity number, a separate record is made: no answer tells that there is another one.
//! - For a person with a protected registration, nothing is stored that tells where the person lives.
//! - A person belongs to at most one family. Changing families has its own operation and its own history.
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

/// A person with the facts opened. The database holds them sealed: see [`store::SealedPerson`].
#[derive(Debug, Clone)]
pub struct Person {
    pub id: PersonId,
    /// The facts that somebody wrote down, as far as they may be kept.
    pub written: NewPerson,
    pub family_id: Option<FamilyId>,
    /// The slot, which tells apart the records with the same identity number.
    pub number_slot: i32,
    pub registered_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i32,
}

impl Person {
    /// Makes a new person of what somebody wrote down: checks it, and leaves out what must not be kept. The person joins a family
    /// separately.
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

    /// Returns the next version of the person, with the facts that somebody writes now.
    pub fn changed(&self, new: NewPerson, directory: &Directory, moment: &Moment) -> Result<Self> {
        new.check(directory.calendar.local_date(moment.now.utc()), directory)?;
        Ok(Self { written: new.kept(), updated_at: moment.now, version: self.version + 1, ..self.clone() })
    }

    pub fn protection(&self) -> ProtectedIdentity {
        self.written.protection.unwrap_or_default()
    }

    /// The age band on the day `today`, if any fact tells it.
    pub fn age_band(&self, today: NaiveDate, directory: &Directory) -> Option<AgeBand> {
        self.written.birth().lowest_age(today).map(|age| AgeBand::of(age, directory.municipality.ages.to))
    }
}
