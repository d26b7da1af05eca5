//! Services: the help that offices give.
//!
//! - A service is for certain ages and answers certain needs.
//! - Seven kinds of help always need an individual assessment (SoL 11:5): such a service cannot be written without it.
//! - The board may have decided that identity is not recorded (SoL 14:5); that goes for help without assessment alone.
//! - Which offices give it can be written from either side. A service that offices or referrals refer to is never
//!   removed, only retired.

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

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its identifier.
    pub id: ServiceId,
    /// Its readable name in paths.
    pub slug: Slug,
    /// Its name.
    pub name: Localized,
    /// What it is.
    pub description: Localized,
    /// What it is meant to do.
    pub orientation: Orientation,
    /// Who gives it.
    pub provision: Provision,
    /// Whether the need is assessed in each case.
    pub needs_assessment: bool,
    /// Which of the kinds it is that always need an assessment.
    pub assessment_kind: Option<AssessmentKind>,
    /// Whether the board decided that identity is not recorded.
    pub identity_exempt: bool,
    /// For which ages it is.
    pub ages: Ages,
    /// Which needs it answers.
    pub needs: Vec<Need>,
    /// In which languages it is given.
    pub languages: Vec<LanguageCode>,
    /// Whether it is given at present.
    pub status: ServiceStatus,
    /// How often it was written.
    pub version: i32,
    /// When it was written last.
    pub updated_at: Timestamp,
}

/// What a service is meant to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Orientation {
    /// To keep trouble from coming.
    Preventive,
    /// To mend what has gone wrong.
    Remedial,
    /// To support in daily life.
    Supportive,
}

/// Who gives a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Provision {
    /// The part that decides (myndighet).
    Authority,
    /// The part that carries out (utförare).
    Provider,
}

/// The kinds of help that always need an individual assessment (SoL 11:5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AssessmentKind {
    /// A contact person, a contact family or a qualified contact person.
    ContactPersonOrFamily,
    /// Care in a foster home (familjehem).
    FamilyHomeCare,
    /// Care in an LVM home.
    LvmHomeCare,
    /// Care in a special youth home.
    SpecialYouthHomeCare,
    /// Care of children or young people in an emergency home, supported or protected housing, or another residential
    /// home.
    ResidentialCareYoung,
    /// Special housing for the elderly or for persons with a disability.
    SpecialHousing,
    /// Other care round the clock.
    OtherRoundTheClockCare,
}

/// What people need help with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Need {
    /// Conflicts in the family.
    FamilyConflict,
    /// Absence from school.
    SchoolAbsence,
    /// Being shut out of school.
    SchoolExclusion,
    /// Alcohol, drugs or other addiction.
    SubstanceUse,
    /// Being exposed to violence.
    ViolenceExposed,
    /// Using violence.
    ViolenceExercised,
    /// Being drawn towards crime.
    CrimeRisk,
    /// Wanting to leave crime.
    CrimeExit,
    /// Violence and oppression in the name of honour.
    HonourRelated,
    /// Mental health.
    MentalHealth,
    /// Support with a disability.
    DisabilitySupport,
    /// Money.
    Finances,
    /// Housing.
    Housing,
    /// Leisure.
    Leisure,
    /// Integration.
    Integration,
    /// Being a parent.
    Parenting,
    /// Loneliness.
    Loneliness,
}

/// Whether a service is given at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ServiceStatus {
    /// It is given.
    #[default]
    Active,
    /// It is no longer given, and kept because others refer to it.
    Retired,
}
crate::text_column!(Orientation, Provision, AssessmentKind, ServiceStatus);

/// Ages in years, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ages {
    /// The lowest age.
    #[schema(minimum = 0, maximum = 120, example = 0)]
    pub from: u8,
    /// The highest age.
    #[schema(minimum = 0, maximum = 120, example = 20)]
    pub to: u8,
}

impl Ages {
    /// Whether somebody of that age is meant.
    pub fn contains(self, age: u8) -> bool {
        (self.from..=self.to).contains(&age)
    }
}

/// A service as an administrator writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewService {
    /// Its readable name in paths.
    ///
    /// @example "forebyggande-insatser"
    pub slug: Slug,
    /// What the service is called.
    ///
    /// @example {"sv": "Förebyggande insatser", "en": "Preventive support"}
    pub name: Localized,
    /// What it is.
    ///
    /// @example {"sv": "Förebyggande arbete nära invånarna.", "en": "Preventive work close to the residents."}
    pub description: Localized,
    /// What it is meant to do.
    pub orientation: Orientation,
    /// Who gives it.
    ///
    /// @example "provider"
    pub provision: Provision,
    /// Whether the need is assessed in each case.
    ///
    /// @example false
    pub needs_assessment: bool,
    /// Which of the kinds it is that always need an assessment (SoL 11:5).
    ///
    /// @x-example-omit true
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessment_kind: Option<AssessmentKind>,
    /// Whether the board decided that identity is not recorded (SoL 14:5).
    ///
    /// @example false
    pub identity_exempt: bool,
    /// For which ages it is.
    pub ages: Ages,
    /// Which needs it answers.
    ///
    /// @example ["school_absence"]
    #[schema(max_items = 17)]
    pub needs: Vec<Need>,
    /// In which languages it is given.
    #[schema(max_items = 50)]
    pub languages: Vec<LanguageCode>,
    /// Which offices give it.
    #[schema(max_items = 200)]
    pub office_ids: Vec<OfficeName>,
    /// Whether it is given at present; active unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ServiceStatus>,
}

impl Service {
    /// How an administrator would write it as it is, given by these offices.
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

    /// Whether it is given at present.
    pub fn is_active(&self) -> bool {
        self.status == ServiceStatus::Active
    }

    /// Its place in lists.
    pub fn position(&self) -> (String, ServiceId) {
        (swedish_order(self.name.sv()), self.id)
    }
}

#[cfg(test)]
mod tests;
