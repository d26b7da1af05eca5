//! An outreach contact as the worker in the field writes it down. The rules that it must keep are in `rules.rs`.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{DistrictId, FamilyId, OutreachContactId, PersonId, ServiceId, StaffId};
use crate::outreach::codes::{
    Channel, ContactOutcome, InitiatedBy, KnowledgeBasis, KnowledgeValue, ParticipantRole, PlaceType,
};
use crate::people::{AgeBand, Gender, Registration};
use crate::referrals::Urgency;
use crate::referrals::matter::child::Child;
use crate::services::Need;
use crate::slug::OfficeName;
use crate::text::LanguageCode;
use crate::time::{Timestamp, day};
use crate::vault::{self, ConfidentialProse};

/// A new outreach contact: one meeting in the field, as the worker writes it down.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewContact {
    /// The identifier of the contact, a UUIDv7, if the client makes it. A client that does so can send the same contact again.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<OutreachContactId>,
    /// The office on whose behalf the contact was made, by its identifier or slug. Staff with several offices must give it.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeName>,
    /// When the contact began. Not in the future, not before the office opened, and not after the office closed.
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
    /// The district where the contact took place. Give either this or `location`.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The position of the device: it is turned into the district, and is then discarded. Give either this or `districtId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Coordinates>,
    /// The kind of place where the contact took place. The place itself is not recorded.
    pub place_type: PlaceType,
    /// The outcome of the contact: whether somebody was reached.
    pub outcome: ContactOutcome,
    /// The service that the field work belongs to. Under a service that records no identity, nobody may be named and no text may tell who
    /// somebody is.
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
    /// The family that was met. If absent, it is the one family to which all the named participants with a family belong.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// Whether the worker knew the family before. This is kept apart from `newlyReached`, which the system works out.
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
    /// A follow-up: a promise to get back to the people who were met, by a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<ContactFollowUp>,
    /// The urgency of the contact: how soon somebody must look at it. `immediate` makes a concern report at once, and needs `child` and
    /// `summary`.
    ///
    /// @example "routine"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// The child that the concern report is about, described as in a referral. Required with urgency `immediate`, and not allowed
    /// otherwise.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child: Option<Child>,
}

impl Registration for NewContact {
    const FIELDS: &'static [&'static str] = &["id", "officeId", "location", "followUp", "urgency", "child"];
}

/// The position of a device. It is read, turned into its district and discarded; no answer shows it.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    /// The latitude in degrees, WGS 84.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[schema(minimum = -90, maximum = 90, example = 58.4275)]
    pub lat: f64,
    /// The longitude in degrees, WGS 84.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[schema(minimum = -180, maximum = 180, example = 15.5837)]
    pub lon: f64,
}

impl fmt::Debug for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[confidential]")
    }
}

/// Somebody who was met: a registered person, or an unnamed one by age band and role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Participant {
    /// The identifier of the registered person who was met. If this is given, the other fields must be left out.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    /// The age band of a participant who is not named. Required without `personId`.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "13-15"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_band: Option<AgeBand>,
    /// The role in the family of a participant who is not named. Required without `personId`.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<ParticipantRole>,
    /// The gender of a participant who is not named.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
}

/// A number of people who were met, of one age band.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeadCount {
    /// The age band of these people.
    ///
    /// @example "13-15"
    pub age_band: AgeBand,
    /// The gender of these people, if they are counted by gender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// The number of these people, 1 to 10,000.
    #[schema(minimum = 1, maximum = 10_000, example = 6)]
    pub count: i64,
}

/// Whether the worker knew the family before the contact, and the basis for that statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FamilyKnowledge {
    /// Whether the worker knew the family before the contact, or cannot tell.
    ///
    /// @example "known"
    pub value: KnowledgeValue,
    /// The basis for the worker's statement.
    pub basis: KnowledgeBasis,
}

/// A follow-up that is promised with a contact: a promise to get back to the people who were met, by a day.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContactFollowUp {
    /// The day by which somebody gets back. Not before the day of the contact.
    #[serde(deserialize_with = "day::deserialize")]
    #[schema(example = "2030-01-15")]
    pub due_on: NaiveDate,
    /// A note on what is to be done when somebody gets back.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Höra hur det gick med fritidsledaren."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
    /// The owner of the follow-up: a colleague at the same office. If absent, you are the owner.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<StaffId>,
}

impl NewContact {
    /// The registered people that the contact names, each with its place in the list of participants, counted from 0.
    pub fn people(&self) -> impl Iterator<Item = (usize, PersonId)> {
        self.participants.iter().enumerate().filter_map(|(index, participant)| Some((index, participant.person_id?)))
    }

    /// The content that is stored in the contact's sealed record: `district` replaces the position of the device, and the
    /// identifier, office, follow-up, urgency and child are removed, since they are kept elsewhere.
    pub fn kept(self, district: DistrictId) -> Self {
        Self {
            id: None,
            office_id: None,
            district_id: Some(district),
            location: None,
            follow_up: None,
            urgency: None,
            child: None,
            ..self
        }
    }
}
