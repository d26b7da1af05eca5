//! Services: the help that offices give.
//!
//! - A service is for people of certain ages and helps with certain problems ([`Need`]).
//! - Seven kinds of help always need an individual assessment (SoL 11:5). A service of one of these kinds cannot be
//!   written without the assessment.
//! - The municipal board may have decided that the identity of those who get a service is not recorded (SoL 14:5). This
//!   is possible only for services without an assessment.
//! - The link between a service and an office can be written on the service or on the office. A service that other
//!   records refer to, such as referrals, cannot be deleted, only retired.

mod answers;
pub mod routes;
pub mod rules;
pub mod store;
mod view;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{OfficeId, ServiceId};
use crate::slug::{OfficeName, Slug};
use crate::text::{LanguageCode, Localized, swedish_order};
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub id: ServiceId,
    pub slug: Slug,
    pub name: Localized,
    pub description: Localized,
    pub orientation: Orientation,
    pub provision: Provision,
    /// Whether each person's need is assessed before the service is given.
    pub needs_assessment: bool,
    /// The service's kind of help, if it is one of the seven kinds that always need an individual assessment (SoL
    /// 11:5). Otherwise absent.
    pub assessment_kind: Option<AssessmentKind>,
    /// Whether the municipal board decided that the identity of those who get the service is not recorded (SoL 14:5).
    pub identity_exempt: bool,
    pub ages: Ages,
    pub needs: Vec<Need>,
    pub languages: Vec<LanguageCode>,
    pub status: ServiceStatus,
    /// The number of times that the service has been written.
    pub version: i32,
    pub updated_at: Timestamp,
}

/// The purposes that a service can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Orientation {
    /// The service prevents problems (förebyggande).
    Preventive,
    /// The service puts right what has gone wrong (åtgärdande).
    Remedial,
    /// The service supports people in daily life (stödjande).
    Supportive,
}

/// The parts of the social services that can give a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Provision {
    /// The part of the social services that decides in individual cases (myndighet).
    Authority,
    /// The part of the social services that carries out decisions and gives help (utförare).
    Provider,
}

/// The kinds of help that always need an individual assessment (SoL 11:5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AssessmentKind {
    /// Help by a contact person, a contact family or a qualified contact person.
    ContactPersonOrFamily,
    /// Care in a foster home (familjehem).
    FamilyHomeCare,
    /// Care in an LVM home (compulsory care for addiction).
    LvmHomeCare,
    /// Care in a special youth home (särskilt ungdomshem).
    SpecialYouthHomeCare,
    /// Care of children or young people in an emergency home, supported or protected housing, or another residential
    /// home.
    ResidentialCareYoung,
    /// Special housing for the elderly or for persons with a disability.
    SpecialHousing,
    /// Care in another kind of home with care round the clock.
    OtherRoundTheClockCare,
}

/// The problems with which people need help and which a service can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Need {
    /// Help with conflicts in the family.
    FamilyConflict,
    /// Help for somebody who is absent from school.
    SchoolAbsence,
    /// Help for somebody who is suspended from school or left out there.
    SchoolExclusion,
    /// Help with the use of alcohol, drugs or other addictive substances.
    SubstanceUse,
    /// Help for somebody who is exposed to violence.
    ViolenceExposed,
    /// Help for somebody who uses violence against others.
    ViolenceExercised,
    /// Help for somebody who risks being drawn into crime.
    CrimeRisk,
    /// Help for somebody who wants to leave crime.
    CrimeExit,
    /// Help against violence and oppression in the name of honour.
    HonourRelated,
    /// Help with mental health.
    MentalHealth,
    /// Support for somebody with a disability.
    DisabilitySupport,
    /// Help with money problems.
    Finances,
    /// Help with housing problems.
    Housing,
    /// Help with leisure activities.
    Leisure,
    /// Help with integration into society.
    Integration,
    /// Help with being a parent.
    Parenting,
    /// Help for somebody who is lonely.
    Loneliness,
}

/// Whether a service is given at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ServiceStatus {
    /// The service is given at present.
    #[default]
    Active,
    /// The service is no longer given. It is kept because other records may refer to it.
    Retired,
}
crate::text_column!(Orientation, Provision, AssessmentKind, ServiceStatus);

/// A range of ages in whole years, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ages {
    /// The lowest age of the range, in years.
    #[schema(minimum = 0, maximum = 120, example = 0)]
    pub from: u8,
    /// The highest age of the range, in years.
    #[schema(minimum = 0, maximum = 120, example = 20)]
    pub to: u8,
}

impl Ages {
    pub fn contains(self, age: u8) -> bool {
        (self.from..=self.to).contains(&age)
    }
}

/// A service in the form in which an administrator creates or changes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewService {
    /// The service's slug: its readable name in addresses such as `/services/forebyggande-insatser`.
    ///
    /// @example "forebyggande-insatser"
    pub slug: Slug,
    /// The name of the service, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Förebyggande insatser", "en": "Preventive support"}
    pub name: Localized,
    /// A description of the service, for residents.
    ///
    /// @example {"sv": "Förebyggande arbete nära invånarna.", "en": "Preventive work close to the residents."}
    pub description: Localized,
    /// The purpose of the service: to prevent problems, to put right what has gone wrong, or to support people.
    pub orientation: Orientation,
    /// The part of the social services that gives the service: the authority, which decides, or a provider.
    ///
    /// @example "provider"
    pub provision: Provision,
    /// Whether each person's need is assessed before the service is given.
    ///
    /// @example false
    pub needs_assessment: bool,
    /// The service's kind of help, if it is one of the kinds that always need an individual assessment (SoL 11:5).
    ///
    /// @x-example-omit true
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessment_kind: Option<AssessmentKind>,
    /// Whether the municipal board decided that the identity of those who get the service is not recorded (SoL 14:5).
    ///
    /// @example false
    pub identity_exempt: bool,
    /// The ages of the people for whom the service is.
    pub ages: Ages,
    /// The problems with which the service helps.
    ///
    /// @example ["school_absence"]
    #[schema(max_items = 17)]
    pub needs: Vec<Need>,
    /// The languages that the service is given in (ISO 639 codes).
    #[schema(max_items = 50)]
    pub languages: Vec<LanguageCode>,
    /// The offices that give the service, by their identifiers or slugs.
    #[schema(max_items = 200)]
    pub office_ids: Vec<OfficeName>,
    /// Whether the service is given at present. For a new service, the default is `active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ServiceStatus>,
}

impl Service {
    /// Returns the service in the form in which an administrator writes it, with `offices` as the offices that give it.
    /// A change, which is a merge patch, is applied to this form.
    pub fn as_new(&self, offices: &[OfficeId]) -> NewService {
        let service = self.clone();
        NewService {
            slug: service.slug,
            name: service.name,
            description: service.description,
            orientation: service.orientation,
            provision: service.provision,
            needs_assessment: service.needs_assessment,
            assessment_kind: service.assessment_kind,
            identity_exempt: service.identity_exempt,
            ages: service.ages,
            needs: service.needs,
            languages: service.languages,
            office_ids: offices.iter().map(|office| (*office).into()).collect(),
            status: Some(service.status),
        }
    }

    pub fn is_active(&self) -> bool {
        self.status == ServiceStatus::Active
    }

    /// Returns the key by which lists of services are sorted: the Swedish name, then the identifier.
    pub fn position(&self) -> (String, ServiceId) {
        (swedish_order(self.name.sv()), self.id)
    }
}

#[cfg(test)]
mod tests;
