//! Contacts as the staff see them who may know of them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Sight;
use crate::http::link::{Link, Linking};
use crate::id::{
    DistrictId, FamilyId, FollowUpId, OfficeId, OutreachContactId, PersonId, ReferralId, ServiceId, StaffId,
};
use crate::outreach::codes::{Channel, ContactOutcome, ContactStatus, InitiatedBy, PlaceType};
use crate::outreach::{FamilyKnowledge, HeadCount, NewContact, OutreachContact, Participant};
use crate::referrals::Urgency;
use crate::services::Need;
use crate::text::LanguageCode;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialProse};

/// A contact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OutreachContact)]
pub struct ContactView {
    /// Identifies it.
    pub id: OutreachContactId,
    /// The office on whose behalf it was.
    pub office_id: OfficeId,
    /// Who was in the field.
    pub worker_id: StaffId,
    /// Whether it counts.
    pub status: ContactStatus,
    /// When it began.
    ///
    /// @example "2026-11-20T15:30:00Z"
    pub occurred_at: Timestamp,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1440, example = 20)]
    pub duration_minutes: Option<u16>,
    /// Where, or by what means, somebody was met.
    pub channel: Channel,
    /// Who took the initiative.
    pub initiated_by: InitiatedBy,
    /// The district where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// What kind of place it was.
    pub place_type: PlaceType,
    /// What came of it.
    pub outcome: ContactOutcome,
    /// The service that the work belongs to.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<ServiceId>,
    /// Who was met, one by one.
    #[schema(max_items = 50)]
    pub participants: Vec<Participant>,
    /// Who was met, counted by age band.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 50)]
    pub group: Option<Vec<HeadCount>>,
    /// The family that was met.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// Whether the family was newly reached by this contact: no office had reached it before, by a contact, a referral or its own
    /// request. Absent where no family was met. It follows from what is known now, and may change when something earlier becomes
    /// known.
    ///
    /// @example false
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newly_reached: Option<bool>,
    /// Whether the worker knew the family before, as the worker states it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_knowledge: Option<FamilyKnowledge>,
    /// What it was about.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[schema(max_items = 17)]
    pub topics: Vec<Need>,
    /// What was said.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Pratade om skolan och om vad som finns att göra efter den."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub summary: Option<ConfidentialProse>,
    /// In which language.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<LanguageCode>,
    /// Whether an interpreter helped.
    ///
    /// @example false
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter_used: Option<bool>,
    /// The contact that this one goes on from.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_contact_id: Option<OutreachContactId>,
    /// How soon somebody had to look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// The promise to get back that was written down with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up_id: Option<FollowUpId>,
    /// The concern report that was made of it.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_id: Option<ReferralId>,
    /// Why it was an error.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Fel familj: kontakten gällde grannen."
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub error_reason: Option<ConfidentialProse>,
    /// When it was first submitted.
    pub recorded_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its versions.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    pub version: i32,
    /// Its own address, and what you may do with it now.
    #[serde(rename = "_links")]
    #[schema(max_items = 40)]
    pub links: Vec<Link>,
}

impl ContactView {
    /// A contact, with what the caller may know of whether its family was newly reached.
    pub fn new(contact: OutreachContact, newly_reached: Option<bool>, addresses: &impl Linking) -> Self {
        let path = format!("/outreach-contacts/{}", contact.id);
        let mut links =
            vec![addresses.link("self", "GET", &path), addresses.link("offers", "GET", &format!("{path}/offers"))];
        if !contact.in_error {
            links.push(addresses.link("correct", "PATCH", &path));
            links.push(addresses.link("offer", "POST", &format!("{path}/offers")));
            links.push(addresses.link("enter-in-error", "POST", &format!("{path}/enter-in-error")));
        }
        Self { links, newly_reached, ..Self::bare(contact) }
    }

    /// As staff see it who may change what is their own offices': a reason opens reading only.
    pub fn seen_by(mut self, own: &Sight) -> Self {
        self.links.retain(|link| link.is_reading() || own.offices.contains(&self.office_id));
        self
    }

    /// What a version tells, which is no resource of its own.
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
            referral_id: contact.record.referral_id,
            error_reason: contact.record.error_reason,
            recorded_at: contact.recorded_at,
            updated_at: contact.updated_at,
            version: contact.version,
            links: Vec::new(),
        }
    }
}

/// A version of a contact: who wrote it and when, and what it said.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OutreachContactVersion)]
pub struct VersionView {
    /// Counts the versions.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    pub version: i32,
    /// When it was written.
    pub written_at: Timestamp,
    /// Who wrote it.
    pub written_by: StaffId,
    /// What it said.
    pub contact: ContactView,
}

impl From<OutreachContact> for VersionView {
    fn from(contact: OutreachContact) -> Self {
        let (version, written_at, written_by) = (contact.version, contact.updated_at, contact.updated_by);
        Self { version, written_at, written_by, contact: ContactView::bare(contact) }
    }
}

/// A contact in a list: no free text, and nobody's name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OutreachContactRow)]
pub struct ContactRow {
    /// Identifies it.
    pub id: OutreachContactId,
    /// The office on whose behalf it was.
    pub office_id: OfficeId,
    /// Who was in the field.
    pub worker_id: StaffId,
    /// When it began.
    ///
    /// @example "2026-11-20T15:30:00Z"
    pub occurred_at: Timestamp,
    /// Where, or by what means, somebody was met.
    pub channel: Channel,
    /// The district where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// What kind of place it was.
    pub place_type: PlaceType,
    /// What came of it.
    pub outcome: ContactOutcome,
    /// The service that the work belongs to.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<ServiceId>,
    /// The people who are known among those who were met.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[schema(max_items = 50)]
    pub person_ids: Vec<PersonId>,
    /// How many were met in all.
    #[schema(minimum = 0, maximum = 1_000_000, example = 3)]
    pub head_count: i64,
    /// The family that was met.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// Whether the family was newly reached by this contact.
    ///
    /// @example false
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newly_reached: Option<bool>,
    /// Counts its versions.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    pub version: i32,
}

impl ContactRow {
    /// The row of a contact.
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
