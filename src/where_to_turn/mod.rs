//! Where to turn: exactly one responsible office for every question that can be asked, and the reason for each step.
//!
//! 1. The place: coordinates, then district, then place name, then postal code; the first that is given and known wins, and
//!    one that says otherwise is told.
//! 2. Outside the municipality there is an answer all the same: this municipality's reception, the on-call line, 112.
//! 3. The office: open offices of the district's area, narrowed by what is asked for; then an open office of the whole
//!    municipality that gives the service; then the area's base, the reception, the switchboard. A planned office never answers.
//!    Ties go by distance, then by name.
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

pub use explanation::{Rule, Step};
pub use office::Wish;
pub use place::Whereabouts;
pub use place::{Certainty, Resolved, ResolvedBy};

/// The answer to a question.
#[derive(Debug)]
pub struct Answer<'d> {
    /// Where the question is about.
    pub place: Resolved<'d>,
    /// Who is responsible: exactly one.
    pub office: &'d Office,
    /// What that office can give to the one who asks.
    pub services: Vec<&'d Service>,
    /// Who else could help.
    pub alternatives: Vec<&'d Office>,
    /// Each step that led there.
    pub explanation: Vec<Step>,
}

/// Answers a question. Only a directory without any office has no answer.
pub fn answer<'d>(directory: &'d Directory, asked: &Whereabouts, wish: &Wish) -> Result<Answer<'d>> {
    let mut explanation = Vec::with_capacity(4);
    let place = place::resolve(directory, asked, &mut explanation);
    answer_at(directory, place, wish, explanation)
}

/// Sends a matter about somebody with a protected identity to the central reception, whatever the place: the route tells nothing.
pub fn answer_protected(directory: &Directory) -> Result<Answer<'_>> {
    let place = Resolved {
        by: ResolvedBy::Municipality,
        certainty: Certainty::Unknown,
        district: None,
        outside: false,
        point: None,
    };
    let step = Step::new(
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
    mut explanation: Vec<Step>,
) -> Result<Answer<'d>> {
    let ranked = office::ranked(directory, &place, wish);
    let office = office::choose(directory, &place, wish, &ranked, &mut explanation).ok_or_else(no_directory)?;
    let alternatives = ranked.into_iter().filter(|other| other.id != office.id).take(3).collect();
    let services = office::services(directory, office, wish).collect();
    Ok(Answer { place, office, services, alternatives, explanation })
}

fn no_directory() -> Error {
    let detail = Text::new(
        "No directory with an open office has been imported yet.",
        "Ingen katalog med ett öppet kontor har lästs in ännu.",
    );
    Error::with_detail(Problem::Unavailable, detail)
}
