//! The question "where do I turn?" and its answer: exactly one responsible office for every question, with an
//! explanation of each step.
//!
//! 1. The place is found by coordinates, district, place name or postal code, in this order. The first of them that is
//!    given and known decides. The explanation mentions any other that contradicts it.
//! 2. Outside the municipality there is also an answer: this municipality's reception, the on-call line and 112.
//! 3. The office is the best open office of the district's area that gives what is asked for. If there is none, it is an
//!    open office of the whole municipality that gives the service. If there is none either, it is the area's base, the
//!    reception or the switchboard, in this order. The answer is never a planned office. Among equal offices, the nearest
//!    comes first, then the first by name.
//! 4. Nothing of the question is stored.

mod office;
mod place;
pub mod routes;
mod view;

use serde::Serialize;
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::districts::District;
use crate::error::{Error, Problem, Result, Text};
use crate::offices::Office;
use crate::services::{Need, Service};
use crate::text::{LanguageCode, Localized};

pub use place::Whereabouts;

/// The needs of the person who asks. Each field narrows the choice of offices and services, and none is required.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The age of the child or young person, in years.
    pub age: Option<u8>,
    pub need: Option<Need>,
    pub language: Option<LanguageCode>,
}

/// The information that the place was found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ResolvedBy {
    /// The place was found by coordinates.
    Coordinates,
    /// The place was found by a district's identifier, slug or name.
    District,
    /// The place was found by the name of a place.
    Place,
    /// The place was found by a postal code.
    PostalCode,
    /// No place was found more closely than the municipality.
    Municipality,
}

/// The certainty of the place that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Certainty {
    /// The place certainly lies in this district, or certainly outside the municipality.
    Exact,
    /// The place probably lies in this district, or it lies in the municipality but its district is not known.
    Approximate,
    /// The place is not known.
    Unknown,
}

/// The rule that a step of the explanation applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
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

/// One step of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
pub struct ExplanationStep {
    /// The rule that the step applied.
    ///
    /// @example "place_by_name"
    pub rule: Rule,
    /// The result of the step, in plain words.
    ///
    /// @example {"sv": "Platsen ligger i stadsdelen Skäggetorp-Tornby.", "en": "The place lies in the district Skäggetorp-Tornby."}
    pub text: Localized,
}

/// The place of a question, as far as it was found.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'d> {
    pub by: ResolvedBy,
    pub certainty: Certainty,
    /// The district, if it is known.
    pub district: Option<&'d District>,
    /// Whether the place certainly lies in another municipality.
    pub outside: bool,
    /// The point that distances are measured from: longitude and latitude.
    pub point: Option<[f64; 2]>,
}

#[derive(Debug)]
pub struct WhereToTurn<'d> {
    pub place: Resolved<'d>,
    /// The responsible office. There is always exactly one.
    pub office: &'d Office,
    /// The office's services that fit the wish.
    pub services: Vec<&'d Service>,
    /// Other offices that could help, the best first.
    pub alternatives: Vec<&'d Office>,
    /// The steps that led to the office.
    pub explanation: Vec<ExplanationStep>,
}

/// Answers a question. The only questions without an answer are those to a directory without an open office.
pub fn answer<'d>(directory: &'d Directory, asked: &Whereabouts, wish: &Wish) -> Result<WhereToTurn<'d>> {
    let mut explanation = Vec::with_capacity(4);
    let place = place::resolve(directory, asked, &mut explanation);
    answer_at(directory, place, wish, explanation)
}

/// Returns the central reception, for a matter about a person with a protected identity. The place is ignored, so that
/// the route tells nothing about it.
pub fn answer_protected(directory: &Directory) -> Result<WhereToTurn<'_>> {
    let place = Resolved {
        by: ResolvedBy::Municipality,
        certainty: Certainty::Unknown,
        district: None,
        outside: false,
        point: None,
    };
    let step = ExplanationStep::new(
        Rule::ProtectedIdentity,
        "A matter about a person with a protected identity goes to the central reception, whatever the district.",
        "Ett ärende om en person med skyddade personuppgifter går till den centrala mottagningen, oavsett stadsdel.",
    );
    answer_at(directory, place, &Wish::default(), vec![step])
}

fn answer_at<'d>(
    directory: &'d Directory,
    place: Resolved<'d>,
    wish: &Wish,
    mut explanation: Vec<ExplanationStep>,
) -> Result<WhereToTurn<'d>> {
    let ranked = office::ranked(directory, &place, wish);
    let office = office::choose(directory, &place, wish, &ranked, &mut explanation).ok_or_else(no_directory)?;
    let alternatives = ranked.into_iter().filter(|other| other.id != office.id).take(3).collect();
    let services = office::services(directory, office, wish).collect();
    Ok(WhereToTurn { place, office, services, alternatives, explanation })
}

fn no_directory() -> Error {
    let detail = Text::new(
        "No directory with an open office has been imported yet.",
        "Ingen katalog med ett öppet kontor har lästs in ännu.",
    );
    Error::with_detail(Problem::Unavailable, detail)
}

impl ExplanationStep {
    fn new(
        rule: Rule,
        en: impl Into<std::borrow::Cow<'static, str>>,
        sv: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Self {
        Self { rule, text: Text::new(en, sv).into() }
    }
}
