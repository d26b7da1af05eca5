//! Where to turn: exactly one responsible office for every question that can be asked, and the reason for each step.
//!
//! 1. The place: coordinates, then district, then place name, then postal code; the first that is given and known wins, and
//!    one that says otherwise is told.
//! 2. Outside the municipality there is an answer all the same: this municipality's reception, the on-call line, 112.
//! 3. The office: open offices of the district's area, narrowed by what is asked for; then an open office of the whole
//!    municipality that gives the service; then the area's base, the reception, the switchboard. A planned office never answers.
//!    Ties go by distance, then by name.
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

/// What somebody wants beside being told where: all of it narrows, none of it is needed.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// How old the child or young person is, in years.
    pub age: Option<u8>,
    /// What it is about.
    pub need: Option<Need>,
    /// In which language.
    pub language: Option<LanguageCode>,
}

/// How the place was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ResolvedBy {
    /// By coordinates.
    Coordinates,
    /// By a district's identifier, slug or name.
    District,
    /// By the name of a place.
    Place,
    /// By a postal code.
    PostalCode,
    /// Not found more closely than the municipality.
    Municipality,
}

/// How sure the place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Certainty {
    /// It is this district.
    Exact,
    /// It is probably this district, or certainly only this municipality.
    Approximate,
    /// The place is not known.
    Unknown,
}

/// The rule that a step of the explanation followed.
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

/// One step of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
pub struct ExplanationStep {
    /// The rule that was followed.
    ///
    /// @example "place_by_name"
    pub rule: Rule,
    /// What it led to, in words.
    ///
    /// @example {"sv": "Platsen ligger i stadsdelen Skäggetorp-Tornby.", "en": "The place lies in the district Skäggetorp-Tornby."}
    pub text: Localized,
}

/// What is known of the place, and how.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'d> {
    /// How it was found.
    pub by: ResolvedBy,
    /// How sure it is.
    pub certainty: Certainty,
    /// The district, if it is known.
    pub district: Option<&'d District>,
    /// Whether the place certainly lies in another municipality.
    pub outside: bool,
    /// Where distances are measured from: longitude and latitude.
    pub point: Option<[f64; 2]>,
}

/// The answer to a question.
#[derive(Debug)]
pub struct WhereToTurn<'d> {
    /// Where the question is about.
    pub place: Resolved<'d>,
    /// Who is responsible: exactly one.
    pub office: &'d Office,
    /// What that office can give to the one who asks.
    pub services: Vec<&'d Service>,
    /// Who else could help.
    pub alternatives: Vec<&'d Office>,
    /// Each step that led there.
    pub explanation: Vec<ExplanationStep>,
}

/// Answers a question. Only a directory without any office has no answer.
pub fn answer<'d>(directory: &'d Directory, asked: &Whereabouts, wish: &Wish) -> Result<WhereToTurn<'d>> {
    let mut explanation = Vec::with_capacity(4);
    let place = place::resolve(directory, asked, &mut explanation);
    answer_at(directory, place, wish, explanation)
}

/// Sends a matter about somebody with a protected identity to the central reception, whatever the place: the route tells nothing.
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
