//! The JSON forms of people in answers to staff.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::http::call::Call;
use crate::http::link::Link;
use crate::id::{DistrictId, FamilyId, PersonId};
use crate::people::{AgeBand, ConfidentialNumber, Gender, HomeAddress, Person, ProtectedIdentity};
use crate::text::LanguageCode;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialLine};

/// A person with the facts that are known. The family and the other records with the same identity number are shown only if you
/// may know of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Person)]
pub struct PersonView {
    /// The identifier of the person.
    pub id: PersonId,
    /// The given name of the person.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Åsa"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub given_name: Option<ConfidentialLine>,
    /// The family name of the person.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Öberg"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub family_name: Option<ConfidentialLine>,
    /// The personal identity number of the person.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub personal_identity_number: Option<ConfidentialNumber>,
    /// The year in which the person was born, taken from the identity number or, without one, as it was written down.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000, maximum = 9999, example = 2013)]
    pub birth_year: Option<i32>,
    /// The person's age band today. If only the birth year is known, the lower of the two possible ages counts.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "13-15"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_band: Option<AgeBand>,
    /// The person's gender, as the person or somebody else stated it.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// The protection of the person's identity, if the person's whereabouts must not become known; `none` for most people.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub protection: ProtectedIdentity,
    /// The address where the person lives, if it is known and may be stored.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<HomeAddress>,
    /// The district where the person lives, if it is known and may be stored.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The codes of the languages that the person speaks, with the one that the person speaks best in first place.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub languages: Option<Vec<LanguageCode>>,
    /// Whether the person needs an interpreter to talk with staff.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example false
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter_needed: Option<bool>,
    /// The family that the person belongs to. Absent if the person has none that you may know of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// Further families that the person was taken into by somebody who could not know of the family `familyId`. The person is a
    /// guest there. Move the person to one of these families to decide where the person belongs.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub guest_family_ids: Vec<FamilyId>,
    /// The other records of people with the same identity number. There are such records only if somebody who was not cleared for
    /// protected identities registered the number of a protected person. They are shown only to staff who are cleared.
    ///
    /// @example []
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub same_number_person_ids: Vec<PersonId>,
    pub registered_at: Timestamp,
    /// When the facts about the person last changed. Joining and leaving families does not change this time.
    pub updated_at: Timestamp,
    /// The link to the person, and the links to the operations that you may use on the person now.
    #[serde(rename = "_links")]
    #[schema(max_items = 40)]
    pub links: Vec<Link>,
}

impl PersonView {
    /// Makes the view of a person on the day `today`. The caller must have checked that the reader may know of `families`, which are
    /// in their order, and of `others`, and may follow `links`.
    pub fn new(
        person: Person,
        families: Vec<FamilyId>,
        others: Vec<PersonId>,
        directory: &Directory,
        links: Vec<Link>,
        today: NaiveDate,
    ) -> Self {
        Self {
            id: person.id,
            birth_year: person.written.birth().year(),
            age_band: person.age_band(today, directory),
            protection: person.protection(),
            given_name: person.written.given_name,
            family_name: person.written.family_name,
            personal_identity_number: person.written.personal_identity_number,
            gender: person.written.gender,
            address: person.written.address,
            district_id: person.written.district_id,
            languages: person.written.languages,
            interpreter_needed: person.written.interpreter_needed,
            family_id: families.first().copied(),
            guest_family_ids: families.into_iter().skip(1).collect(),
            same_number_person_ids: others,
            registered_at: person.registered_at,
            updated_at: person.updated_at,
            links,
        }
    }
}

/// The person who already has the identity number that you wrote. Only the identifier and the name are told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KnownPerson {
    /// The identifier of the person.
    pub id: PersonId,
    /// The given name of the person.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Åsa"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub given_name: Option<ConfidentialLine>,
    /// The family name of the person.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Öberg"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub family_name: Option<ConfidentialLine>,
}

impl From<Person> for KnownPerson {
    fn from(person: Person) -> Self {
        let Person { id, written, .. } = person;
        Self { id, given_name: written.given_name, family_name: written.family_name }
    }
}

/// One of the people whom a search by name or by identity number found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonMatch {
    /// The identifier of the person.
    id: PersonId,
    /// The given name of the person.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Åsa"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    given_name: Option<ConfidentialLine>,
    /// The family name of the person.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Öberg"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    family_name: Option<ConfidentialLine>,
    /// The year in which the person was born, if it is known. It tells apart people of the same name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000, maximum = 9999, example = 2013)]
    birth_year: Option<i32>,
    /// The link to the person.
    #[serde(rename = "_links")]
    #[schema(max_items = 1, example = json!([{ "rel": "self", "href": "https://nara.example/nara/v1/people/01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e", "method": "GET" }]))]
    links: Vec<Link>,
}

impl PersonMatch {
    /// Makes the view of one person whom a search found.
    pub fn new(person: Person, call: &Call) -> Self {
        Self {
            links: vec![call.link("self", "GET", &format!("/people/{}", person.id))],
            id: person.id,
            birth_year: person.written.birth().year(),
            given_name: person.written.given_name,
            family_name: person.written.family_name,
        }
    }
}
