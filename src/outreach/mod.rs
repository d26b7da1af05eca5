//! Outreach: meeting families in the field, offering support, remembering the answer.
//!
//! - A contact is written down in half a minute: when, by what means, with whom, what came of it. Who was met is a person who is
//!   known, somebody by age band and role, or a head count.
//! - Where it was is a district. Coordinates are turned into it where they are read, and are kept nowhere.
//! - Under a service that records no identity nobody is named, and texts are looked through for what tells who somebody is.
//! - The field is offline: a client makes the identifier and sends the contact as often as the network asks. The same content is the
//!   same contact; other content, or somebody else's identifier, is refused.
//! - A contact is corrected by a new version and never deleted. What was entered in error is in no list and no statistics.
//! - Whether a family was newly reached is worked out, and kept apart from what the worker states: see
//!   [`crate::families::reached`].
//! - Staff know of their own offices' contacts, through [`crate::auth::Sight`]. A contact with somebody whose identity is protected
//!   exists only for those who are cleared for it.

pub mod answers;
pub mod arrival;
pub mod batch_routes;
mod change_routes;
pub mod codes;
mod contact;
pub mod follow_ups;
pub mod free_text;
pub mod known;
pub mod names;
pub mod offers;
pub mod reports;
pub mod routes;
mod rules;
pub mod store;
mod view;

use serde::{Deserialize, Serialize};

pub use contact::{ContactFollowUp, Coordinates, FamilyKnowledge, HeadCount, NewContact, Participant};
pub use rules::{Setting, check_tells_nobody};

use crate::error::{Error, Problem, Result, Text};
use crate::id::{FamilyId, FollowUpId, OfficeId, OutreachContactId, ReferralId, StaffId};
use crate::moment::Moment;
use crate::referrals::Urgency;
use crate::rules::Rules;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialProse};

/// A contact. The database has it sealed: see [`store::SealedContact`].
#[derive(Debug, Clone)]
pub struct OutreachContact {
    /// Identifies it.
    pub id: OutreachContactId,
    /// The office on whose behalf it was.
    pub office_id: OfficeId,
    /// Who was in the field.
    pub worker_id: StaffId,
    /// What was written down.
    pub record: Record,
    /// The family that was met.
    pub family_id: Option<FamilyId>,
    /// Whether it exists only for those who are cleared for protected identities.
    pub protected: bool,
    /// Whether it was entered in error.
    pub in_error: bool,
    /// What was first submitted, as a keyed hash.
    pub fingerprint: [u8; 32],
    /// When it was first submitted.
    pub recorded_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Who changed it last.
    pub updated_by: StaffId,
    /// Counts its versions.
    pub version: i32,
}

/// What was written down of a contact, as it is sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// What the worker wrote, and may be kept.
    pub written: NewContact,
    /// How soon somebody had to look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// The promise that was written down with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up_id: Option<FollowUpId>,
    /// The concern report that was made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_id: Option<ReferralId>,
    /// Why it was an error.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub error_reason: Option<ConfidentialProse>,
}

impl OutreachContact {
    /// A contact of a worker's. Its family is found where it is written.
    pub fn new(
        new: NewContact,
        setting: &Setting,
        worker: StaffId,
        fingerprint: [u8; 32],
        moment: &Moment,
    ) -> Result<Self> {
        let district = new.check(setting)?;
        let id = match new.id {
            None => moment.id(),
            Some(id) if id.uuid().get_version_num() == 7 => id,
            Some(_) => {
                let other = Text::new("must be a UUIDv7 (RFC 9562)", "måste vara ett UUIDv7 (RFC 9562)");
                return Err(Error::invalid_at("/id", other));
            }
        };
        let (urgency, follow_up_id) = (new.urgency, new.follow_up.as_ref().map(|_| moment.id()));
        let record =
            Record { written: new.kept(district), urgency, follow_up_id, referral_id: None, error_reason: None };
        Ok(Self {
            id,
            office_id: setting.office,
            worker_id: worker,
            family_id: record.written.family_id,
            record,
            protected: false,
            in_error: false,
            fingerprint,
            recorded_at: moment.now,
            updated_at: moment.now,
            updated_by: worker,
            version: 1,
        })
    }

    /// The next version, with what somebody writes now.
    pub fn corrected(&self, new: NewContact, setting: &Setting, by: StaffId) -> Result<Self> {
        self.check_counts()?;
        let mut rules = Rules::default();
        rules.has_room(usize::try_from(self.version - 1).unwrap_or_default());
        rules.finish(Some(()))?;
        let district = new.check(setting)?;
        let record = Record { written: new.kept(district), ..self.record.clone() };
        Ok(Self { record, updated_at: setting.now, updated_by: by, version: self.version + 1, ..self.clone() })
    }

    /// The next version, which counts nowhere.
    pub fn entered_in_error(&self, reason: ConfidentialProse, by: StaffId, now: Timestamp) -> Result<Self> {
        self.check_counts()?;
        let record = Record { error_reason: Some(reason), ..self.record.clone() };
        Ok(Self { record, in_error: true, updated_at: now, updated_by: by, version: self.version + 1, ..self.clone() })
    }

    /// What was entered in error changes no more.
    pub fn check_counts(&self) -> Result<()> {
        if self.in_error { Err(Error::new(Problem::EnteredInError)) } else { Ok(()) }
    }
}
