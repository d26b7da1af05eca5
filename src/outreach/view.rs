//! The views of outreach contacts: how answers show them to staff who may know of them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::CaseScope;
use crate::http::link::{Link, Linking};
use crate::id::{
    DistrictId, FamilyId, FollowUpId, OfficeId, OutreachContactId, PersonId, ReferralId, ServiceId, StaffId,
};
use crate::outreach::codes::{Channel, ContactOutcome, ContactStatus, InitiatedBy, PlaceType};
use crate::outreach::made_referrals::MadeReferralReader;
use crate::outreach::{FamilyKnowledge, HeadCount, NewContact, OutreachContact, Participant};
use crate::referrals::Urgency;
use crate::services::Need;
use crate::text::LanguageCode;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialProse};

/// An outreach contact: one meeting in the field, as it is recorded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OutreachContact)]
pub struct ContactView {
    /// The identifier of the contact.
    pub id: OutreachContactId,
    /// The office on whose behalf the contact was made.
    pub office_id: OfficeId,
    /// The member of staff who made the contact in the field.
    pub worker_id: StaffId,
    /// The status of the contact: recorded, or entered in error.
    pub status: ContactStatus,
    /// When the contact began.
    ///
    /// @example "2026-11-20T15:30:00Z"
    pub occurred_at: Timestamp,
    /// The length of the contact in minutes, 1 to 1440.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1440, example = 20)]
    pub duration_minutes: Option<u16>,
    /// The channel of the contact: where, or by what means, somebody was met.
    pub channel: Channel,
    /// The party that initiated the contact.
    pub initiated_by: InitiatedBy,
    /// The district where the contact took place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The kind of place where the contact took place. The place itself is not recorded.
    pub place_type: PlaceType,
    /// The outcome of the contact: whether somebody was reached.
    pub outcome: ContactOutcome,
    /// The service that the field work belongs to.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<ServiceId>,
    /// The people who were met, one by one: registered people, or unnamed people by age band and role.
    #[schema(max_items = 50)]
    pub participants: Vec<Participant>,
    /// The people who were met, counted by age band.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 50)]
    pub group: Option<Vec<HeadCount>>,
    /// The family that was met.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// Whether the family was newly reached by this contact: no office had reached it before, by a contact, a referral or its own
    /// request. Absent where no family was met. The value follows from what is known now, and may change when something earlier becomes
    /// known.
    ///
    /// @example false
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newly_reached: Option<bool>,
    /// Whether the worker knew the family before, as the worker states it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_knowledge: Option<FamilyKnowledge>,
    /// The areas of need that the contact was about.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[schema(max_items = 17)]
    pub topics: Vec<Need>,
    /// A summary of what was said at the contact.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Pratade om skolan och om vad som finns att göra efter den."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub summary: Option<ConfidentialProse>,
    /// The language that was spoken at the contact.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<LanguageCode>,
    /// Whether an interpreter helped in the conversation.
    ///
    /// @example false
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter_used: Option<bool>,
    /// The earlier contact that this one continues.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_contact_id: Option<OutreachContactId>,
    /// The urgency of the contact: how soon somebody had to look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// The follow-up that was promised with the contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up_id: Option<FollowUpId>,
    /// The concern report that was made from the contact. It is named to the worker who made the contact, for 24 hours, and to staff
    /// who are cleared for protected identities.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_id: Option<ReferralId>,
    /// The reason why the contact was entered in error.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Fel familj: kontakten gällde grannen."
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub error_reason: Option<ConfidentialProse>,
    /// When the contact was first submitted.
    pub recorded_at: Timestamp,
    /// When the contact last changed.
    pub updated_at: Timestamp,
    /// The number of the contact's version that is shown here, counted from 1.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    pub version: i32,
    /// The contact's own address, and links to the operations that you may use on it now.
    #[serde(rename = "_links")]
    #[schema(max_items = 40)]
    pub links: Vec<Link>,
}

impl ContactView {
    /// Makes the view of a contact for `reader`, with its links. `newly_reached` tells whether the contact's family was newly reached
    /// by it, as far as the caller may know.
    pub fn new(
        contact: OutreachContact,
        newly_reached: Option<bool>,
        addresses: &impl Linking,
        reader: MadeReferralReader,
    ) -> Self {
        let referral_id = reader.told(contact.record.referral_id, contact.worker_id, contact.recorded_at);
        let path = format!("/outreach-contacts/{}", contact.id);
        let mut links =
            vec![addresses.link("self", "GET", &path), addresses.link("offers", "GET", &format!("{path}/offers"))];
        if !contact.in_error {
            links.push(addresses.link("correct", "PATCH", &path));
            links.push(addresses.link("offer", "POST", &format!("{path}/offers")));
            links.push(addresses.link("enter-in-error", "POST", &format!("{path}/enter-in-error")));
        }
        Self { links, newly_reached, referral_id, ..Self::bare(contact) }
    }

    /// Keeps only the links for reading, unless the contact belongs to one of the caller's own offices, which are those of `own`.
    /// Contacts of other offices, which staff can open by stating a reason, can only be read.
    pub fn seen_by(mut self, own: &CaseScope) -> Self {
        self.links.retain(|link| link.is_reading() || own.offices.contains(&self.office_id));
        self
    }

    /// The view of a contact without links, without `newly_reached` and without the referral that was made from it. It is all that a listed version needs, since a version has
    /// no address of its own.
    fn bare(contact: OutreachContact) -> Self {
        let NewContact {
            occurred_at,
            duration_minutes,
            channel,
            initiated_by,
            district_id,
            place_type,
            outcome,
            service_id,
            participants,
            group,
            family_knowledge,
            topics,
            summary,
            language,
            interpreter_used,
            previous_contact_id,
            ..
        } = contact.record.written;
        Self {
            id: contact.id,
            office_id: contact.office_id,
            worker_id: contact.worker_id,
            status: if contact.in_error { ContactStatus::EnteredInError } else { ContactStatus::Recorded },
            occurred_at,
            duration_minutes,
            channel,
            initiated_by,
            district_id,
            place_type,
            outcome,
            service_id,
            participants,
            group,
            family_id: contact.family_id,
            newly_reached: None,
            family_knowledge,
            topics,
            summary,
            language,
            interpreter_used,
            previous_contact_id,
            urgency: contact.record.urgency,
            follow_up_id: contact.record.follow_up_id,
            referral_id: None,
            error_reason: contact.record.error_reason,
            recorded_at: contact.recorded_at,
            updated_at: contact.updated_at,
            version: contact.version,
            links: Vec::new(),
        }
    }
}

/// A version of a contact: who wrote it, when, and what the contact said then.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OutreachContactVersion)]
pub struct VersionView {
    /// The number of the version, counted from 1.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    pub version: i32,
    /// When the version was written.
    pub written_at: Timestamp,
    /// The member of staff who wrote the version.
    pub written_by: StaffId,
    /// The contact as it was in this version.
    pub contact: ContactView,
}

impl From<OutreachContact> for VersionView {
    fn from(contact: OutreachContact) -> Self {
        let (version, written_at, written_by) = (contact.version, contact.updated_at, contact.updated_by);
        Self { version, written_at, written_by, contact: ContactView::bare(contact) }
    }
}

/// An outreach contact in a list, without free text and without the names of people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OutreachContactRow)]
pub struct ContactRow {
    /// The identifier of the contact.
    pub id: OutreachContactId,
    /// The office on whose behalf the contact was made.
    pub office_id: OfficeId,
    /// The member of staff who made the contact in the field.
    pub worker_id: StaffId,
    /// When the contact began.
    ///
    /// @example "2026-11-20T15:30:00Z"
    pub occurred_at: Timestamp,
    /// The channel of the contact: where, or by what means, somebody was met.
    pub channel: Channel,
    /// The district where the contact took place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The kind of place where the contact took place. The place itself is not recorded.
    pub place_type: PlaceType,
    /// The outcome of the contact: whether somebody was reached.
    pub outcome: ContactOutcome,
    /// The service that the field work belongs to.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<ServiceId>,
    /// The registered people among those who were met.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[schema(max_items = 50)]
    pub person_ids: Vec<PersonId>,
    /// The number of people who were met, one by one and in groups together.
    #[schema(minimum = 0, maximum = 1_000_000, example = 3)]
    pub head_count: i64,
    /// The family that was met.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// Whether the family was newly reached by this contact: no office had reached it before. Absent where no family was met.
    ///
    /// @example false
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newly_reached: Option<bool>,
    /// The number of the contact's version that is shown here, counted from 1.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    pub version: i32,
}

impl ContactRow {
    pub fn new(contact: OutreachContact, newly_reached: Option<bool>) -> Self {
        let written = contact.record.written;
        let counted: i64 = written.group.iter().flatten().map(|heads| heads.count).sum();
        let one_by_one = i64::try_from(written.participants.len()).unwrap_or(i64::MAX);
        Self {
            id: contact.id,
            office_id: contact.office_id,
            worker_id: contact.worker_id,
            occurred_at: written.occurred_at,
            channel: written.channel,
            district_id: written.district_id,
            place_type: written.place_type,
            outcome: written.outcome,
            service_id: written.service_id,
            person_ids: written.participants.iter().filter_map(|participant| participant.person_id).collect(),
            head_count: counted.saturating_add(one_by_one),
            family_id: contact.family_id,
            newly_reached,
            version: contact.version,
        }
    }
}
