//! People as the staff see them who may know of them.

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

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Person)]
pub struct PersonView {
    /// Identifies it.
    pub id: PersonId,
    /// Given name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Åsa"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub given_name: Option<ConfidentialLine>,
    /// Family name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Öberg"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub family_name: Option<ConfidentialLine>,
    /// Personal identity number.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub personal_identity_number: Option<ConfidentialNumber>,
    /// Birth year, also where only the identity number tells it.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000, maximum = 9999, example = 2013)]
    pub birth_year: Option<i32>,
    /// The age band today. A birth year alone counts as the lower of the two possible ages.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "13-15"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_band: Option<AgeBand>,
    /// Gender, as somebody stated it.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// Whether the person's whereabouts must not become known.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub protection: ProtectedIdentity,
    /// Where the person lives.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<HomeAddress>,
    /// The district where the person lives.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The languages that the person speaks, the best first.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub languages: Option<Vec<LanguageCode>>,
    /// Whether an interpreter is needed.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example false
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter_needed: Option<bool>,
    /// The family that the person belongs to, if you may know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// Other records with the same identity number: there are such only where one of them was protected when another was
    /// registered, and they are told only to staff who are cleared for protected identities.
    ///
    /// @example []
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub same_number_person_ids: Vec<PersonId>,
    /// When the person was registered.
    pub registered_at: Timestamp,
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// Its own address, and what you may do with it now.
    #[serde(rename = "_links")]
    #[schema(max_items = 40)]
    pub links: Vec<Link>,
}

impl PersonView {
    /// A person as it stands on the day `today`; `family_id`, `others` and `links` are what the caller may know and do.
    pub fn new(
        person: Person,
        family_id: Option<FamilyId>,
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
            family_id,
            same_number_person_ids: others,
            registered_at: person.registered_at,
            updated_at: person.updated_at,
            links,
        }
    }
}

/// Somebody who is known already under the identity number that was written: who it is, and no more.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KnownPerson {
    /// Identifies the person.
    pub id: PersonId,
    /// Given name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Åsa"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub given_name: Option<ConfidentialLine>,
    /// Family name.
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

/// Somebody who was found by name or by identity number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonMatch {
    /// Identifies the person.
    id: PersonId,
    /// Given name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Åsa"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    given_name: Option<ConfidentialLine>,
    /// Family name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Öberg"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    family_name: Option<ConfidentialLine>,
    /// Birth year: who is looked for is told from somebody else of the same name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000, maximum = 9999, example = 2013)]
    birth_year: Option<i32>,
    /// Its own address.
    #[serde(rename = "_links")]
    #[schema(max_items = 1, example = json!([{ "rel": "self", "href": "https://nara.example/nara/v1/people/01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e", "method": "GET" }]))]
    links: Vec<Link>,
}

impl PersonMatch {
    /// A person among others.
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
