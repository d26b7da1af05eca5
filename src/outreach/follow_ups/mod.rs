//! Follow-ups: promises to get back to somebody, each with an owner and a day.
//!
//! - A follow-up is of a contact, of a referral or of a family. It belongs to an office, whose staff all see it; its owner is one of
//!   them.
//! - The worklist has what is open, and what is due first comes first: so what is overdue stands on top.
//! - It is done once, with a result. Doing it may write down the next contact in the same moment.
//! - What is noted of a contact under a service that records no identity tells nobody's.

pub mod placing;
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

/// A promise to get back to somebody, as it is written down by itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewFollowUp {
    /// The contact that it follows. Not together with `referralId`.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<OutreachContactId>,
    /// The referral that it follows.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_id: Option<ReferralId>,
    /// The family that it is about; the contact's, unless said.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// By which day. Not before today.
    #[serde(deserialize_with = "day::deserialize")]
    #[schema(example = "2030-01-15")]
    pub due_on: NaiveDate,
    /// Who does it: a colleague at the same office. You, unless said.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<StaffId>,
    /// What is to be done.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Höra hur det gick med fritidsledaren."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
    /// The office that it belongs to, by its identifier or slug: needed of staff with several offices where it follows neither a
    /// contact nor a referral.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeName>,
}

/// A follow-up. The database has it sealed: see [`store::SealedFollowUp`].
#[derive(Debug, Clone)]
pub struct FollowUp {
    /// Identifies it.
    pub id: FollowUpId,
    /// The office that it belongs to.
    pub office_id: OfficeId,
    /// Who does it.
    pub owner_id: StaffId,
    /// By which day.
    pub due_on: NaiveDate,
    /// The contact that it follows.
    pub contact_id: Option<OutreachContactId>,
    /// The referral that it follows.
    pub referral_id: Option<ReferralId>,
    /// The family that it is about.
    pub family_id: Option<FamilyId>,
    /// Whether it exists only for those who are cleared for protected identities.
    pub protected: bool,
    /// What is to be done, and what came of it.
    pub words: Words,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// Who did it.
    pub done_by: Option<StaffId>,
    /// When it was written down.
    pub created_at: Timestamp,
    /// Who wrote it down.
    pub created_by: StaffId,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes.
    pub version: i32,
}

/// What is written of a follow-up, as it is sealed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Words {
    /// What is to be done.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub result: Option<ConfidentialProse>,
    /// The contact that was written down when it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_contact_id: Option<OutreachContactId>,
    /// The referral that was made when it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_referral_id: Option<ReferralId>,
}

impl NewFollowUp {
    /// Every rule that can be judged without the database, on the day `today`.
    pub fn check(&self, today: NaiveDate) -> Result<()> {
        let mut rules = Rules::default();
        let early = Text::new("must not lie before today", "får inte ligga före i dag");
        rules.require(self.due_on >= today, "/dueOn", early);
        let both = Text::new("does not go with contactId", "går inte ihop med contactId");
        rules.require(self.contact_id.is_none() || self.referral_id.is_none(), "/referralId", both);
        let is_about = self.contact_id.is_some() || self.referral_id.is_some() || self.family_id.is_some();
        let nothing =
            Text::new("must have contactId, referralId or familyId", "måste ha contactId, referralId eller familyId");
        rules.require(is_about, "", nothing);
        rules.finish(Some(()))
    }
}

impl FollowUp {
    /// A follow-up that somebody writes down by itself. What it follows, and where it belongs, is found where it is written.
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
            words: Words { note: new.note, ..Words::default() },
            done_at: None,
            done_by: None,
            created_at: moment.now,
            created_by: by,
            updated_at: moment.now,
            version: 1,
        }
    }

    /// The promise that is written down with a contact, if one is.
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
            words: Words { note: promise.note, ..Words::default() },
            done_at: None,
            done_by: None,
            created_at: contact.recorded_at,
            created_by: contact.worker_id,
            updated_at: contact.recorded_at,
            version: 1,
        })
    }

    /// What becomes of it when it is done.
    pub fn completed(&self, words: Words, by: StaffId, now: Timestamp) -> Result<Self> {
        if self.done_at.is_some() {
            return Err(Error::new(Problem::FollowUpDone));
        }
        let words = Words { note: self.words.note.clone(), ..words };
        Ok(Self {
            words,
            done_at: Some(now),
            done_by: Some(by),
            updated_at: now,
            version: self.version + 1,
            ..self.clone()
        })
    }

    /// Whether it is open, and the day is over by which it should have been done.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.done_at.is_none() && self.due_on < today
    }
}
