//! The people who are met and helped.
//!
//! - A person is known by as much as somebody had reason to write down, and no more: a name, a personal identity number, a birth year, or
//!   nothing except that the person exists.
//! - Staff know of the people whom their own offices have met: those whom the office registered, and those about whom it had a referral.
//!   This is decided by [`crate::auth::Sight`], as for everything about cases.
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
mod identity_number;
pub mod names;
mod patch;
pub mod routes;
pub mod search_routes;
pub mod store;
mod view;

use chrono::NaiveDate;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use age_band::AgeBand;
pub use birth::Birth;
pub use channel::Channel;
pub use facts::{ConfidentialPostalCode, HomeAddress, NewPerson};
pub use identity_number::PersonalIdentityNumber;
pub use patch::{Changeable, Registration};
pub use view::{KnownPerson, PersonView};

use crate::directory::Directory;
use crate::error::Result;
use crate::id::{FamilyId, PersonId};
use crate::time::{Moment, Timestamp};
use crate::vault::Confidential;

/// A personal identity number in a body.
pub type ConfidentialNumber = Confidential<PersonalIdentityNumber>;

/// The gender of a person, as somebody stated it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Gender {
    /// The person is a girl or woman.
    Female,
    /// The person is a boy or man.
    Male,
    /// The person has another gender.
    Other,
    /// The gender is not known.
    Unknown,
}

/// The protection of a person whose whereabouts must not become known (skyddade personuppgifter). The stronger protection compares as
/// greater.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProtectedIdentity {
    /// The person has no protection.
    #[default]
    None,
    /// Sekretessmarkering: the population register warns that the person may be in danger.
    Marked,
    /// Skyddad folkbokföring: the person is registered at a place where they do not live. No address is stored at all.
    ProtectedRegistration,
}
crate::text_column!(ProtectedIdentity);

impl ProtectedIdentity {
    /// Whether the person exists only for staff who are cleared for protected identities.
    pub fn is_protected(self) -> bool {
        self != Self::None
    }
}

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
