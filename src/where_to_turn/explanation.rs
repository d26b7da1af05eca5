//! The explanation of an answer to "where do I turn?": its steps, each with the rule that it applied.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Text;
use crate::text::Localized;

/// The rule that a step of the explanation applied to find the place or the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "Each step says in its text what the rule did.")]
pub enum Rule {
    PlaceByCoordinates,
    PlaceByDistrict,
    PlaceByName,
    PlaceByPostalCode,
    PlaceNotKnown,
    NoPlaceGiven,
    OutsideMunicipality,
    Contradiction,
    ProtectedIdentity,
    OfficeOfArea,
    OfficeOfMunicipality,
    NoOfficeFits,
    OfficeIsPlanned,
    BaseOfArea,
    Reception,
    Switchboard,
}

/// One step of the explanation of why an office is responsible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[schema(as = ExplanationStep)]
pub struct ExplanationStep {
    /// The rule that the step applied to find the place or the office.
    ///
    /// @example "place_by_name"
    pub rule: Rule,
    /// The result of the step, in plain words for the person who asked.
    ///
    /// @example {"sv": "Platsen ligger i stadsdelen Skäggetorp-Tornby.", "en": "The place lies in the district Skäggetorp-Tornby."}
    pub text: Localized,
}

impl ExplanationStep {
    pub(super) fn new(
        rule: Rule,
        en: impl Into<std::borrow::Cow<'static, str>>,
        sv: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Self {
        Self { rule, text: Text::new(en, sv).into() }
    }
}
