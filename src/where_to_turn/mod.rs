//! The question "where do I turn?" and its answer: exactly one responsible office for every question, with an
//! explanation of each step.
//!
//! 1. The place is found by coordinates, district, place name or postal code, in this order. The first of these kinds
//!    of information that is given and known decides. The explanation mentions any other one that contradicts it.
//! 2. For a place outside the municipality there is also an answer: this municipality's reception, with the on-call
//!    line and the emergency number.
//! 3. The office is the best open office of the district's area that gives the help that is asked for. If there is none
//!    and the question names a need or a language, it is an open office of the whole municipality that gives the help.
//!    Otherwise, it is the area's base, the reception or the switchboard, in this order. The answer is never a planned
//!    office. Among equal offices, the nearest comes first, then the first by name.
//! 4. Nothing of the question is stored.

pub mod explanation;
mod office;
mod place;
pub mod routes;
mod view;

use crate::directory::Directory;
use crate::error::{Error, Problem, Result, Text};
use crate::offices::Office;
use crate::services::Service;

pub use explanation::{ExplanationStep, Rule};
pub use office::Wish;
pub use place::Whereabouts;
pub use place::{Certainty, Resolved, ResolvedBy};

#[derive(Debug)]
pub struct WhereToTurn<'d> {
    pub place: Resolved<'d>,
    /// The office that is responsible for the place. There is always exactly one.
    pub office: &'d Office,
    /// The active services of the responsible office that fit the wish in the question.
    pub services: Vec<&'d Service>,
    /// Up to three other open offices that could help, the best first.
    pub alternatives: Vec<&'d Office>,
    /// The steps by which the place and the office were found, in order.
    pub explanation: Vec<ExplanationStep>,
}

/// Answers a question about the place `asked` and the help `wish`. Fails only if the directory has no open office.
pub fn answer<'d>(directory: &'d Directory, asked: &Whereabouts, wish: &Wish) -> Result<WhereToTurn<'d>> {
    let mut explanation = Vec::with_capacity(4);
    let place = place::resolve(directory, asked, &mut explanation);
    answer_at(directory, place, wish, explanation)
}

/// Answers with the central reception, for a matter about a person with a protected identity, or with the switchboard
/// if no reception is open. The person's place is not used, so that the choice of the office tells nothing about it.
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
