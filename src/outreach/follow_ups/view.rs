//! The views of follow-ups: how answers show them to staff who may know of them.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::CaseScope;
use crate::http::link::{Link, Linking};
use crate::id::{FamilyId, FollowUpId, OfficeId, OutreachContactId, ReferralId, StaffId};
use crate::outreach::follow_ups::FollowUp;
use crate::outreach::made_referrals::MadeReferralReader;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialProse};

/// A follow-up: a promise to get back to somebody by a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FollowUp)]
pub struct FollowUpView {
    /// The identifier of the follow-up.
    pub id: FollowUpId,
    /// The office that the follow-up belongs to.
    pub office_id: OfficeId,
    /// The owner: the member of staff who promises to get back.
    pub owner_id: StaffId,
    /// The day by which the owner or a colleague gets back.
    #[schema(example = "2030-01-15")]
    pub due_on: NaiveDate,
    /// Whether the follow-up is open and the day on which it was due is over.
    ///
    /// @example false
    pub overdue: bool,
    /// The contact that is followed up.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<OutreachContactId>,
    /// The referral that is followed up.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_id: Option<ReferralId>,
    /// The family that the follow-up is about.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// A note on what is to be done when somebody gets back.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Höra hur det gick med fritidsledaren."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
    /// The result of the follow-up, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Träffade dem på torget; de vill prova."
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub result: Option<ConfidentialProse>,
    /// When the follow-up was completed.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
    /// The member of staff who completed the follow-up.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_by: Option<StaffId>,
    /// The contact that was written down when the follow-up was completed.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_contact_id: Option<OutreachContactId>,
    /// The referral that was made when the follow-up was completed. It is named to the member of staff who completed it, for 24 hours,
    /// and to staff who are cleared for protected identities.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_referral_id: Option<ReferralId>,
    /// When the follow-up was written down.
    pub created_at: Timestamp,
    /// The member of staff who wrote the follow-up down.
    pub created_by: StaffId,
    /// When the follow-up last changed.
    pub updated_at: Timestamp,
    /// The number of the follow-up's current version, counted from 1.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    pub version: i32,
    /// The addresses of the follow-up and of its contact, and links to the operations that you may use on the follow-up now.
    #[serde(rename = "_links")]
    #[schema(max_items = 40)]
    pub links: Vec<Link>,
}

impl FollowUpView {
    /// Makes the view of a follow-up for `reader`, with its links. By the day `today` it tells whether the follow-up is overdue.
    pub fn new(follow_up: FollowUp, today: NaiveDate, addresses: &impl Linking, reader: MadeReferralReader) -> Self {
        let path = format!("/follow-ups/{}", follow_up.id);
        let mut links = vec![addresses.link("self", "GET", &path)];
        if let Some(contact) = follow_up.contact_id {
            links.push(addresses.link("contact", "GET", &format!("/outreach-contacts/{contact}")));
        }
        if follow_up.done_at.is_none() {
            links.push(addresses.link("complete", "POST", &format!("{path}/complete")));
        }
        let done = follow_up.done_by.zip(follow_up.done_at);
        let made = |(by, at)| reader.told(follow_up.words.next_referral_id, by, at);
        Self {
            next_referral_id: done.and_then(made),
            overdue: follow_up.is_overdue(today),
            id: follow_up.id,
            office_id: follow_up.office_id,
            owner_id: follow_up.owner_id,
            due_on: follow_up.due_on,
            contact_id: follow_up.contact_id,
            referral_id: follow_up.referral_id,
            family_id: follow_up.family_id,
            note: follow_up.words.note,
            result: follow_up.words.result,
            done_at: follow_up.done_at,
            done_by: follow_up.done_by,
            next_contact_id: follow_up.words.next_contact_id,
            created_at: follow_up.created_at,
            created_by: follow_up.created_by,
            updated_at: follow_up.updated_at,
            version: follow_up.version,
            links,
        }
    }

    /// Keeps only the links for reading, unless the follow-up belongs to one of the caller's own offices, which are those of `own`.
    /// Follow-ups of other offices, which staff can open by stating a reason, can only be read.
    pub fn seen_by(mut self, own: &CaseScope) -> Self {
        self.links.retain(|link| link.is_reading() || own.offices.contains(&self.office_id));
        self
    }
}
