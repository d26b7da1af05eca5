//! Outreach: meeting families in the field, offering support, remembering the answer.
//!
//! - An outreach contact is written down in half a minute: when, by what means, with whom, and the outcome. The people who were met
//!   are registered people, unnamed people by age band and role, or a head count.
//! - The place of a contact is a district. Coordinates are turned into a district when they are read, and are kept nowhere.
//! - Under a service that records no identity nobody may be named, and texts are searched for what identifies a person.
//! - The field is often without a network: a client makes the identifier and sends the contact as often as the network requires.
//!   The same content is the same contact; other content, or another worker's identifier, is refused.
//! - A contact is corrected by a new version and never deleted. A contact that was entered in error is in no list and no
//!   statistics.
//! - Whether a family was newly reached is worked out by the system, and kept apart from what the worker states: see
//!   [`crate::families::reached`].
//! - Staff know of their own offices' contacts, through [`crate::auth::CaseScope`]. A contact with somebody whose identity is protected
//!   exists only for staff who are cleared for protected identities.

mod answers;
pub mod arrival;
mod batch;
pub mod batch_routes;
pub mod bound;
mod change_routes;
pub mod codes;
mod contact;
mod finding;
pub mod follow_ups;
pub mod free_text;
pub mod known;
pub mod made_referrals;
pub mod names;
pub mod offers;
pub mod preparing;
pub mod reports;
pub mod routes;
mod rules;
pub mod store;
mod view;

use serde::{Deserialize, Serialize};

pub use contact::{ContactFollowUp, Coordinates, FamilyKnowledge, HeadCount, NewContact, Participant};
pub use rules::{ContactSetting, check_tells_nobody};

use crate::error::{Error, Problem, Result, Text};
use crate::id::{FamilyId, FollowUpId, OfficeId, OutreachContactId, ReferralId, StaffId};
use crate::moment::Moment;
use crate::referrals::Urgency;
use crate::rules::Rules;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialProse};

/// An outreach contact in memory, with its content readable. In the database the content is sealed (encrypted): see
/// [`store::SealedContact`].
#[derive(Debug, Clone)]
pub struct OutreachContact {
    pub id: OutreachContactId,
    /// The office on whose behalf the contact was made.
    pub office_id: OfficeId,
    /// The member of staff who made the contact in the field.
    pub worker_id: StaffId,
    pub record: ContactRecord,
    /// The family that was met.
    pub family_id: Option<FamilyId>,
    /// Whether the contact is hidden from all staff who are not cleared for protected identities.
    pub protected: bool,
    pub in_error: bool,
    /// The keyed hash of the content as it was first submitted, by which the same contact is recognised when it is sent again.
    pub fingerprint: [u8; 32],
    /// When the contact was first submitted to the service.
    pub recorded_at: Timestamp,
    pub updated_at: Timestamp,
    pub updated_by: StaffId,
    pub version: i32,
}

/// The part of a contact that the database holds sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactRecord {
    /// The content that the worker wrote, without the fields that are not kept or are kept elsewhere.
    pub written: NewContact,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// The follow-up that was promised with the contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up_id: Option<FollowUpId>,
    /// The concern report that was made from the contact when it was written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_id: Option<ReferralId>,
    /// The reason why the contact was entered in error.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub error_reason: Option<ConfidentialProse>,
}

impl OutreachContact {
    /// Checks what a worker wrote, and makes a contact of it. The contact's family is found later, when the contact is written to
    /// the database.
    pub fn new(
        new: NewContact,
        setting: &ContactSetting,
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
            ContactRecord { written: new.kept(district), urgency, follow_up_id, referral_id: None, error_reason: None };
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

    /// Checks the corrected content `new`, and returns the next version of the contact with it. Fails if the contact was entered in
    /// error.
    pub fn corrected(&self, new: NewContact, setting: &ContactSetting, by: StaffId) -> Result<Self> {
        self.check_counts()?;
        let mut rules = Rules::default();
        rules.has_room(usize::try_from(self.version - 1).unwrap_or_default());
        rules.finish(Some(()))?;
        let district = new.check(setting)?;
        let record = ContactRecord { written: new.kept(district), ..self.record.clone() };
        Ok(Self { record, updated_at: setting.now, updated_by: by, version: self.version + 1, ..self.clone() })
    }

    /// Returns the next version of the contact, which is entered in error. Fails if the contact was entered in error before.
    pub fn entered_in_error(&self, reason: ConfidentialProse, by: StaffId, now: Timestamp) -> Result<Self> {
        self.check_counts()?;
        let record = ContactRecord { error_reason: Some(reason), ..self.record.clone() };
        Ok(Self { record, in_error: true, updated_at: now, updated_by: by, version: self.version + 1, ..self.clone() })
    }

    /// Fails if the contact was entered in error, since it can then no longer change.
    pub fn check_counts(&self) -> Result<()> {
        if self.in_error { Err(Error::new(Problem::EnteredInError)) } else { Ok(()) }
    }
}
