//! The people whom social services meet and help, and the facts that are stored about them.
//!
//! - Staff register about a person only the facts that they have a reason to write down: a name, a personal identity number, a
//!   birth year, or nothing except that the person exists.
//! - Staff know of a person if one of their own offices registered the person or had a referral or an outreach contact about the
//!   person. This is decided by [`crate::auth::CaseScope`], as for everything about cases.
//! - A person whose identity is protected exists only for staff who are cleared for protected identities. If somebody who is not
//!   cleared registers the same identity number, a second record is made, so that no answer tells that there is another one.
//! - For a person with a protected registration (the strongest protection), nothing is stored that tells where the person lives.
//! - A person is a member of at most one family. Moving a person to another family is an operation of its own, and is kept in a
//!   history. It is no change of the person's facts: the version and the time of the last change stay. A person can be a guest
//!   of further families: see [`belonging`].
//! - People are searched by name or by identity number, through keyed hashes. There is no other search.

mod age_band;
pub mod answers;
pub mod belonging;
mod birth;
pub mod bound;
mod change_routes;
mod channel;
mod create_routes;
mod facts;
pub mod gender;
pub mod guest_rows;
mod identity_number;
pub mod names;
pub mod offices;
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

/// A person with the personal facts in plain text. The database holds them sealed: see [`store::SealedPerson`].
#[derive(Debug, Clone)]
pub struct Person {
    pub id: PersonId,
    /// The facts that staff wrote down about the person, without those that may not be stored: see [`NewPerson::kept`].
    pub written: NewPerson,
    /// The family of which the person is a member.
    pub family_id: Option<FamilyId>,
    /// A number that tells apart the records with the same identity number: 0 for the first one, 1 for the next, and so on.
    pub number_slot: i32,
    pub registered_at: Timestamp,
    /// When the facts last changed. A change of families does not count.
    pub updated_at: Timestamp,
    /// The number of changes of the facts so far, plus one. A change of families does not count.
    pub version: i32,
}

impl Person {
    /// Checks the facts in `new` and makes a person of those that may be stored. The person gets no family here: families are
    /// joined separately.
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

    /// Checks the facts in `new` and returns the next version of the person, in which they replace all earlier facts.
    pub fn changed(&self, new: NewPerson, directory: &Directory, moment: &Moment) -> Result<Self> {
        new.check(directory.calendar.local_date(moment.now.utc()), directory)?;
        Ok(Self { written: new.kept(), updated_at: moment.now, version: self.version + 1, ..self.clone() })
    }

    pub fn protection(&self) -> ProtectedIdentity {
        self.written.protection.unwrap_or_default()
    }

    /// The person's age band on the day `today`. `None` if neither an identity number nor a birth year is known.
    pub fn age_band(&self, today: NaiveDate, directory: &Directory) -> Option<AgeBand> {
        self.written.birth().lowest_age(today).map(|age| AgeBand::of(age, directory.municipality.ages.to))
    }
}
