//! Follow-ups: promises to get back to somebody, each with an owner and a day.
//!
//! - A follow-up follows a contact or a referral, or is about a family. It belongs to an office, whose staff all see it; its owner is one
//!   of them.
//! - The worklist shows the open follow-ups, ordered by the day on which they are due, so that overdue ones come first.
//! - A follow-up is completed once, with a result. The next contact may be written down in the same transaction.
//! - The texts of a follow-up on a contact must not identify anybody if the service of the contact records no identity.

mod answers;
mod making;
pub mod routes;
pub mod store;
mod view;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Error, Problem, Result, Text};
use crate::id::{FamilyId, FollowUpId, OfficeId, OutreachContactId, ReferralId, StaffId};
use crate::moment::Moment;
use crate::outreach::{ContactFollowUp, OutreachContact};
use crate::rules::Rules;
use crate::slug::OfficeName;
use crate::time::{Timestamp, day};
use crate::vault::{self, ConfidentialProse};

/// A new follow-up, promised by a call of its own and not together with a new contact: it is on a contact or a referral, or about a
/// family.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewFollowUp {
    /// The contact that is followed up. Not allowed together with `referralId`.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<OutreachContactId>,
    /// The referral that is followed up. It is never given together with a contact.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_id: Option<ReferralId>,
    /// The family that the follow-up is about. If absent, it is the family of the contact that is followed up.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// The day by which somebody gets back. Not before today.
    #[serde(deserialize_with = "day::deserialize")]
    #[schema(example = "2030-01-15")]
    pub due_on: NaiveDate,
    /// The owner of the follow-up: a colleague at the same office. If absent, you are the owner.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<StaffId>,
    /// A note on what is to be done when somebody gets back.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Höra hur det gick med fritidsledaren."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
    /// The office that the follow-up belongs to, by its identifier or slug. Staff with several offices must give it if neither a contact
    /// nor a referral is followed up.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeName>,
}

/// A follow-up in memory, with its texts readable. In the database they are sealed (encrypted): see [`store::SealedFollowUp`].
#[derive(Debug, Clone)]
pub struct FollowUp {
    pub id: FollowUpId,
    pub office_id: OfficeId,
    /// The member of staff who promises to get back.
    pub owner_id: StaffId,
    pub due_on: NaiveDate,
    /// The contact that is followed up.
    pub contact_id: Option<OutreachContactId>,
    /// The referral that is followed up. It is never given together with a contact.
    pub referral_id: Option<ReferralId>,
    /// The family that the follow-up is about.
    pub family_id: Option<FamilyId>,
    /// Whether the follow-up is hidden from all staff who are not cleared for protected identities.
    pub protected: bool,
    /// The part of the follow-up that the database holds sealed.
    pub words: FollowUpText,
    pub done_at: Option<Timestamp>,
    pub done_by: Option<StaffId>,
    /// When the follow-up was written down.
    pub created_at: Timestamp,
    pub created_by: StaffId,
    pub updated_at: Timestamp,
    pub version: i32,
}

/// The part of a follow-up that the database holds sealed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FollowUpText {
    /// A note on what is to be done when somebody gets back.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
    /// The result of the follow-up, in words; `None` while it is open.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub result: Option<ConfidentialProse>,
    /// The contact that was written down when the follow-up was completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_contact_id: Option<OutreachContactId>,
    /// The referral that was made when the follow-up was completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_referral_id: Option<ReferralId>,
}

impl NewFollowUp {
    /// Checks every rule for a new follow-up that can be judged without the database, on the day `today`.
    pub fn check(&self, today: NaiveDate) -> Result<()> {
        let mut rules = Rules::default();
        let early = Text::new("must not be before today", "får inte ligga före i dag");
        rules.require(self.due_on >= today, "/dueOn", early);
        let both = Text::new("cannot be combined with contactId", "går inte ihop med contactId");
        rules.require(self.contact_id.is_none() || self.referral_id.is_none(), "/referralId", both);
        let is_about = self.contact_id.is_some() || self.referral_id.is_some() || self.family_id.is_some();
        let nothing =
            Text::new("must have contactId, referralId or familyId", "måste ha contactId, referralId eller familyId");
        rules.require(is_about, "", nothing);
        rules.finish(Some(()))
    }
}

impl FollowUp {
    /// Makes a follow-up that is promised by a call of its own. Its office and family are set when it is written to the database.
    pub fn new(new: NewFollowUp, office: OfficeId, by: StaffId, moment: &Moment) -> Self {
        Self {
            id: moment.id(),
            office_id: office,
            owner_id: new.owner_id.unwrap_or(by),
            due_on: new.due_on,
            contact_id: new.contact_id,
            referral_id: new.referral_id,
            family_id: new.family_id,
            protected: false,
            words: FollowUpText { note: new.note, ..FollowUpText::default() },
            done_at: None,
            done_by: None,
            created_at: moment.now,
            created_by: by,
            updated_at: moment.now,
            version: 1,
        }
    }

    /// Makes the follow-up that is promised with a contact; `None` if none is promised.
    pub fn of_contact(promise: Option<ContactFollowUp>, contact: &OutreachContact) -> Option<Self> {
        let (promise, id) = promise.zip(contact.record.follow_up_id)?;
        Some(Self {
            id,
            office_id: contact.office_id,
            owner_id: promise.owner_id.unwrap_or(contact.worker_id),
            due_on: promise.due_on,
            contact_id: Some(contact.id),
            referral_id: None,
            family_id: None,
            protected: false,
            words: FollowUpText { note: promise.note, ..FollowUpText::default() },
            done_at: None,
            done_by: None,
            created_at: contact.recorded_at,
            created_by: contact.worker_id,
            updated_at: contact.recorded_at,
            version: 1,
        })
    }

    /// Returns the next version of the follow-up, which is completed at `now`. `words` has the result; the note is kept. Fails if
    /// it was completed before.
    pub fn completed(&self, words: FollowUpText, by: StaffId, now: Timestamp) -> Result<Self> {
        if self.done_at.is_some() {
            return Err(Error::new(Problem::FollowUpDone));
        }
        let words = FollowUpText { note: self.words.note.clone(), ..words };
        Ok(Self {
            words,
            done_at: Some(now),
            done_by: Some(by),
            updated_at: now,
            version: self.version + 1,
            ..self.clone()
        })
    }

    /// Whether the follow-up is open and the day on which it was due is over.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.done_at.is_none() && self.due_on < today
    }
}
