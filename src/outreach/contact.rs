//! What a field worker writes down of a meeting. The rules that it must keep stand in `rules.rs`.

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

/// A meeting in the field, as the worker writes it down.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewContact {
    /// Its identifier, where the client makes it: a UUIDv7. Then the same contact can be sent again.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<OutreachContactId>,
    /// The office on whose behalf it was, by its identifier or slug: needed of staff with several offices.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeName>,
    /// When it began. Not in the future, and not before the office opened.
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
    /// The district where it was. Either this or `location`.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// Where the device is: it becomes the district, and is then thrown away. Either this or `districtId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Coordinates>,
    /// What kind of place it was.
    pub place_type: PlaceType,
    /// What came of it.
    pub outcome: ContactOutcome,
    /// The service that the work belongs to. Under one that records no identity, nobody is named and no text may tell who
    /// somebody is.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<ServiceId>,
    /// Who was met, one by one: a person who is known, or somebody by age band and role.
    #[schema(max_items = 50)]
    pub participants: Vec<Participant>,
    /// Who was met, counted by age band.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 50)]
    pub group: Option<Vec<HeadCount>>,
    /// The family that was met. Without it, the one that all the named participants with a family belong to.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// Whether the worker knew the family before. It is kept apart from what the system knows, `newlyReached`.
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
    /// A promise to get back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<ContactFollowUp>,
    /// How soon somebody must look at it. `immediate` makes a concern report at once, and needs `child` and `summary`.
    ///
    /// @example "routine"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// The child that the concern report is about, as in a referral.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child: Option<Child>,
}

impl Registration for NewContact {
    const FIELDS: &'static [&'static str] = &["id", "officeId", "location", "followUp", "urgency", "child"];
}

/// Where a device is. Nothing tells it: it is read, turned into its district and gone.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    /// Latitude, WGS 84.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[schema(minimum = -90, maximum = 90, example = 58.4275)]
    pub lat: f64,
    /// Longitude, WGS 84.
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

/// Somebody who was met: a person who is known, or somebody by age band and role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Participant {
    /// The person. Nothing else is said of somebody who is known.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    /// The age band of somebody who is not known.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "13-15"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_band: Option<AgeBand>,
    /// What they are in their family.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<ParticipantRole>,
    /// Their gender.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
}

/// Some people of one age band.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeadCount {
    /// Their age band.
    ///
    /// @example "13-15"
    pub age_band: AgeBand,
    /// Their gender, where they are counted by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// How many they were.
    #[schema(minimum = 1, maximum = 10_000, example = 6)]
    pub count: i64,
}

/// Whether the worker knew the family before, and by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FamilyKnowledge {
    /// Whether it was known.
    ///
    /// @example "known"
    pub value: KnowledgeValue,
    /// By what the worker knows.
    pub basis: KnowledgeBasis,
}

/// A promise to get back to those who were met.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContactFollowUp {
    /// By which day. Not before the day of the contact.
    #[serde(deserialize_with = "day::deserialize")]
    #[schema(example = "2030-01-15")]
    pub due_on: NaiveDate,
    /// What is to be done.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Höra hur det gick med fritidsledaren."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub note: Option<ConfidentialProse>,
    /// Who does it: a colleague at the same office. You, unless said.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<StaffId>,
}

impl NewContact {
    /// The people that it names, each with the place in the list.
    pub fn people(&self) -> impl Iterator<Item = (usize, PersonId)> {
        self.participants.iter().enumerate().filter_map(|(index, participant)| Some((index, participant.person_id?)))
    }

    /// What of it is kept: not where the device was, and nothing that is kept beside it.
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
