//! The choice of the one office that is responsible for a place and a wish.

use crate::directory::Directory;
use crate::directory::geometry::measures::distance_metres;
use crate::offices::{Office, OfficeKind, OfficeStatus};
use crate::services::{Need, Service};
use crate::text::LanguageCode;
use crate::where_to_turn::{ExplanationStep, Resolved, Rule};

/// Returns every open office that could help, the best first: the offices of the place's area, and those of the whole
/// municipality. If there is a wish, only offices with a service that fits it are returned. The offices of the area
/// come before those of the whole municipality. Among these, the nearest comes first, and equally near ones are in the
/// directory's order, which is by name. On-call lines and switchboards are left out, because they only pass callers on.
pub fn ranked<'d>(directory: &'d Directory, place: &Resolved, wish: &Wish) -> Vec<&'d Office> {
    let area = place.district.map(|district| district.area_id);
    let serves = |office: &&Office| {
        let whole = office.is_municipality_wide();
        let here = whole || area.is_some_and(|area| office.area_ids.contains(&area));
        let passes_on = matches!(office.kind, OfficeKind::OnCall | OfficeKind::Switchboard);
        here && !passes_on
            && office.is_in_operation()
            && (wish.is_empty() || services(directory, office, wish).next().is_some())
    };
    let mut offices: Vec<&Office> = directory.offices.iter().filter(serves).collect();
    offices.sort_by_cached_key(|office| (office.is_municipality_wide(), metres(office, place)));
    offices
}

/// Returns the distance from the place to an office, in whole metres. If the location of the place or of the office is
/// unknown, the distance is the largest number.
fn metres(office: &Office, place: &Resolved) -> u64 {
    let (Some(from), Some(location)) = (place.point, office.location.as_ref()) else { return u64::MAX };
    distance_metres(from, location.coordinates).round() as u64
}

/// Returns the active services that `office` gives and that fit the wish.
pub fn services<'d>(directory: &'d Directory, office: &Office, wish: &Wish) -> impl Iterator<Item = &'d Service> {
    let is_given = |service: &&Service| office.service_ids.contains(&service.id);
    directory.services.iter().filter(is_given).filter(|service| service.is_active() && wish.is_met_by(service))
}

impl Wish {
    fn is_empty(&self) -> bool {
        self.age.is_none() && self.need.is_none() && self.language.is_none()
    }

    fn is_met_by(&self, service: &Service) -> bool {
        let of_age = self.age.is_none_or(|age| service.ages.contains(age));
        let needed = self.need.is_none_or(|need| service.needs.contains(&need));
        let spoken = self.language.as_ref().is_none_or(|language| service.languages.contains(language));
        of_age && needed && spoken
    }

    /// Whether the wish asks for a certain kind of service: it names a need or a language. An age alone does not.
    fn is_for_a_service(&self) -> bool {
        self.need.is_some() || self.language.is_some()
    }
}

/// Chooses the responsible office from `ranked`, or a fallback office, and adds to `explanation` the steps that led to
/// it. Returns `None` only if the directory has no open office at all.
pub fn choose<'d>(
    directory: &'d Directory,
    place: &Resolved,
    wish: &Wish,
    ranked: &[&'d Office],
    explanation: &mut Vec<ExplanationStep>,
) -> Option<&'d Office> {
    let best = ranked.first().copied().filter(|_| !place.outside);
    if let Some(office) = best.filter(|office| !office.is_municipality_wide()) {
        explanation.push(told(
            Rule::OfficeOfArea,
            office,
            "serves the area of the district",
            "har stadsdelens område som sitt upptagningsområde",
        ));
        return Some(office);
    }
    tell_planned(directory, place, explanation);
    if let Some(office) = best.filter(|_| wish.is_for_a_service()) {
        explanation.push(told(
            Rule::OfficeOfMunicipality,
            office,
            "gives the help that was asked for, in the whole municipality",
            "ger det som efterfrågas i hela kommunen",
        ));
        return Some(office);
    }
    if !wish.is_empty() && !place.outside {
        explanation.push(ExplanationStep::new(
            Rule::NoOfficeFits,
            "No office of the area gives exactly the help that was asked for.",
            "Inget kontor i området ger just det som efterfrågas.",
        ));
    }
    fallback(directory, place, explanation)
}

/// Adds a step to `explanation` that mentions a planned office of the place's area, if there is one. A planned office
/// is never the answer, and a person who has heard of it should learn why.
fn tell_planned(directory: &Directory, place: &Resolved, explanation: &mut Vec<ExplanationStep>) {
    let Some(area) = place.district.map(|district| district.area_id) else { return };
    let planned = |office: &&Office| office.status == OfficeStatus::Planned && office.area_ids.contains(&area);
    if let Some(office) = directory.offices.iter().find(planned) {
        explanation.push(told(
            Rule::OfficeIsPlanned,
            office,
            "is planned and not open yet",
            "är planerad och inte öppen ännu",
        ));
    }
}

fn fallback<'d>(
    directory: &'d Directory,
    place: &Resolved,
    explanation: &mut Vec<ExplanationStep>,
) -> Option<&'d Office> {
    let area = place.district.map(|district| district.area_id);
    let open = |kind: OfficeKind| {
        directory.offices.iter().filter(move |office| office.kind == kind && office.is_in_operation())
    };
    let base = area.and_then(|area| open(OfficeKind::Base).find(|office| office.area_ids.contains(&area)));
    if let Some(office) = base {
        explanation.push(told(
            Rule::BaseOfArea,
            office,
            "is the area's base and helps you find the right place",
            "är områdets bas och slussar vidare",
        ));
        return Some(office);
    }
    if let Some(office) = open(OfficeKind::Reception).next() {
        explanation.push(told(
            Rule::Reception,
            office,
            "receives everything that no other office is responsible for",
            "tar emot allt som inget annat kontor ansvarar för",
        ));
        return Some(office);
    }
    let last = open(OfficeKind::Switchboard)
        .next()
        .or_else(|| directory.offices.iter().find(|office| office.is_in_operation()));
    if let Some(office) = last {
        explanation.push(told(Rule::Switchboard, office, "puts you through", "kopplar dig vidare"));
    }
    last
}

fn told(rule: Rule, office: &Office, en: &str, sv: &str) -> ExplanationStep {
    let name = office.name.sv();
    ExplanationStep::new(rule, format!("{name} {en}."), format!("{name} {sv}."))
}

/// Returns the on-call line, which answers when the offices are closed. Returns `None` if no on-call line is in
/// operation.
pub fn on_call(directory: &Directory) -> Option<&Office> {
    directory.offices.iter().find(|office| office.kind == OfficeKind::OnCall && office.is_in_operation())
}

/// The help that the person who asks needs. Each field narrows the choice of offices and services, and none is
/// required.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The age of the child or young person who needs help, in years.
    pub age: Option<u8>,
    pub need: Option<Need>,
    pub language: Option<LanguageCode>,
}
