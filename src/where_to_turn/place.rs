//! The search for the place that a question is about: its district, or that it lies outside the municipality.

use serde::Serialize;
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::districts::District;
use crate::slug::DistrictName;
use crate::where_to_turn::{ExplanationStep, Rule};

/// The information in a question that can tell where the place is. All of it is optional.
#[derive(Debug, Clone, Default)]
pub struct Whereabouts {
    /// The latitude and the longitude of the place, in degrees (WGS 84).
    pub coordinates: Option<(f64, f64)>,
    /// The identifier or slug of a district, or the name of a district or of a part of one.
    pub district: Option<String>,
    /// The name of a place: a district, a part of a district or another municipality.
    pub place: Option<String>,
    pub postal_code: Option<String>,
}

/// A function that finds the place by one kind of information in the question and adds its steps to the explanation. It
/// returns `None` if the question does not have that information, or if the directory does not know it.
type DistrictFinder = for<'d> fn(&'d Directory, &Whereabouts, &mut Vec<ExplanationStep>) -> Option<Resolved<'d>>;

/// The ways to find the place of a question, the most reliable first.
const WAYS: [DistrictFinder; 4] = [by_coordinates, by_district, by_place, by_postal_code];

/// Finds the place of a question, and adds to `explanation` the steps that led to it.
pub fn resolve<'d>(
    directory: &'d Directory,
    asked: &Whereabouts,
    explanation: &mut Vec<ExplanationStep>,
) -> Resolved<'d> {
    let mut ways = WAYS.into_iter();
    let Some(mut resolved) = ways.find_map(|way| way(directory, asked, explanation)) else {
        return nowhere(explanation);
    };
    // The information after the first that is known decides nothing. If it contradicts the first, a step of the
    // explanation says so.
    let others = ways.filter_map(|way| way(directory, asked, &mut Vec::new()));
    explanation.extend(others.filter_map(|other| contradiction(&resolved, &other)));
    resolved.point = resolved.point.or_else(|| resolved.district.map(|district| directory.label_point(district)));
    resolved
}

fn contradiction(decided: &Resolved, other: &Resolved) -> Option<ExplanationStep> {
    let elsewhere = other.district.filter(|district| decided.district.is_none_or(|decided| decided.id != district.id));
    let (en, sv) = match elsewhere {
        Some(district) => (district.name.sv(), district.name.sv()),
        None if other.outside && !decided.outside => ("another municipality", "en annan kommun"),
        None => return None,
    };
    Some(ExplanationStep::new(
        Rule::Contradiction,
        format!("Other information that was given points to {en}. The information that was given first decides."),
        format!("Något annat som angavs säger {sv}. Det som anges först avgör."),
    ))
}

fn nowhere<'d>(explanation: &mut Vec<ExplanationStep>) -> Resolved<'d> {
    if explanation.is_empty() {
        explanation.push(ExplanationStep::new(Rule::NoPlaceGiven, "No place was given.", "Ingen plats angavs."));
    }
    Resolved {
        by: ResolvedBy::Municipality,
        certainty: Certainty::Unknown,
        district: None,
        outside: false,
        point: None,
    }
}

fn in_district(by: ResolvedBy, certainty: Certainty, district: &District) -> Resolved<'_> {
    Resolved { by, certainty, district: Some(district), outside: false, point: None }
}

fn by_coordinates<'d>(
    directory: &'d Directory,
    asked: &Whereabouts,
    explanation: &mut Vec<ExplanationStep>,
) -> Option<Resolved<'d>> {
    let (lat, lon) = asked.coordinates?;
    let point = Some([lon, lat]);
    match directory.locate(lat, lon) {
        Some(district) => {
            let name = district.name.sv();
            explanation.push(ExplanationStep::new(
                Rule::PlaceByCoordinates,
                format!("The coordinates lie in the district {name}."),
                format!("Koordinaterna ligger i stadsdelen {name}."),
            ));
            Some(Resolved { point, ..in_district(ResolvedBy::Coordinates, Certainty::Exact, district) })
        }
        // A gap between the districts is still the municipality's ground.
        None if directory.contains(lat, lon) => {
            explanation.push(ExplanationStep::new(
                Rule::PlaceNotKnown,
                "The coordinates lie in the municipality, but not in any of its districts.",
                "Koordinaterna ligger i kommunen, i ingen stadsdel.",
            ));
            Some(Resolved {
                by: ResolvedBy::Coordinates,
                certainty: Certainty::Approximate,
                district: None,
                outside: false,
                point,
            })
        }
        None => {
            explanation.push(outside("The coordinates lie", "Koordinaterna ligger"));
            Some(Resolved {
                by: ResolvedBy::Coordinates,
                certainty: Certainty::Exact,
                district: None,
                outside: true,
                point,
            })
        }
    }
}

fn outside(en: &str, sv: &str) -> ExplanationStep {
    ExplanationStep::new(
        Rule::OutsideMunicipality,
        format!(
            "{en} outside the municipality. Turn to the social services of your own municipality; in an emergency call the on-call line or 112."
        ),
        format!(
            "{sv} utanför kommunen. Vänd dig till socialtjänsten i din egen kommun; vid akut läge ring socialjouren eller 112."
        ),
    )
}

fn by_district<'d>(
    directory: &'d Directory,
    asked: &Whereabouts,
    explanation: &mut Vec<ExplanationStep>,
) -> Option<Resolved<'d>> {
    let named = asked.district.as_deref()?;
    let found = named
        .parse::<DistrictName>()
        .ok()
        .and_then(|name| directory.find_district(&name))
        .filter(|district| district.is_active());
    let Some(district) = found.or_else(|| directory.district_of_place(named)) else {
        explanation.push(ExplanationStep::new(
            Rule::PlaceNotKnown,
            "The district that was given is not known here.",
            "Den angivna stadsdelen är inte känd här.",
        ));
        return None;
    };
    let name = district.name.sv();
    explanation.push(ExplanationStep::new(
        Rule::PlaceByDistrict,
        format!("The district {name} was given."),
        format!("Stadsdelen {name} angavs."),
    ));
    Some(in_district(ResolvedBy::District, Certainty::Exact, district))
}

fn by_place<'d>(
    directory: &'d Directory,
    asked: &Whereabouts,
    explanation: &mut Vec<ExplanationStep>,
) -> Option<Resolved<'d>> {
    let named = asked.place.as_deref()?;
    if let Some(district) = directory.district_of_place(named) {
        let name = district.name.sv();
        explanation.push(ExplanationStep::new(
            Rule::PlaceByName,
            format!("The place lies in the district {name}."),
            format!("Platsen ligger i stadsdelen {name}."),
        ));
        return Some(in_district(ResolvedBy::Place, Certainty::Exact, district));
    }
    if let Some(other) = directory.other_municipality(named) {
        let name = &other.short_name;
        explanation.push(outside(
            &format!("{name} is another municipality, so the place lies"),
            &format!("{name} är en annan kommun, så platsen ligger"),
        ));
        return Some(Resolved {
            by: ResolvedBy::Place,
            certainty: Certainty::Exact,
            district: None,
            outside: true,
            point: None,
        });
    }
    explanation.push(ExplanationStep::new(
        Rule::PlaceNotKnown,
        "The place that was given is not known here.",
        "Den angivna platsen är inte känd här.",
    ));
    None
}

fn by_postal_code<'d>(
    directory: &'d Directory,
    asked: &Whereabouts,
    explanation: &mut Vec<ExplanationStep>,
) -> Option<Resolved<'d>> {
    let Some(known) = directory.postal_code(asked.postal_code.as_deref()?) else {
        explanation.push(ExplanationStep::new(
            Rule::PlaceNotKnown,
            "The postal code is not known here.",
            "Postnumret är inte känt här.",
        ));
        return None;
    };
    let Some(district) = known.district.and_then(|id| directory.district(id)).filter(|district| district.is_active())
    else {
        explanation.push(ExplanationStep::new(
            Rule::PlaceByPostalCode,
            "The postal code belongs to the municipality, but not to one single district. It may be for post-office boxes.",
            "Postnumret hör till kommunen men inte till en enda stadsdel: det kan gälla postboxar.",
        ));
        return Some(Resolved {
            by: ResolvedBy::PostalCode,
            certainty: Certainty::Approximate,
            district: None,
            outside: false,
            point: None,
        });
    };
    let name = district.name.sv();
    let near = known.metres_to_border.is_none_or(|metres| metres < directory.municipality.postal_code_border_metres);
    let certainty = if near { Certainty::Approximate } else { Certainty::Exact };
    let (en, sv) = if near {
        (" It lies near a border, so ask if you are not sure.", " Det ligger nära en gräns, så fråga om du är osäker.")
    } else {
        ("", "")
    };
    explanation.push(ExplanationStep::new(
        Rule::PlaceByPostalCode,
        format!("The postal code belongs to the district {name}.{en}"),
        format!("Postnumret hör till stadsdelen {name}.{sv}"),
    ));
    Some(in_district(ResolvedBy::PostalCode, certainty, district))
}

/// The kind of information in the question by which the place was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ResolvedBy {
    /// The place was found by latitude and longitude.
    Coordinates,
    /// The place was found by the identifier, the slug or the name of a district.
    District,
    /// The place was found by a place name: a district, a part of a district or another municipality.
    Place,
    /// The place was found by a postal code.
    PostalCode,
    /// No place was found, so the answer is for the whole municipality.
    Municipality,
}

/// The certainty with which the place of a question was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Certainty {
    /// The place certainly lies in the district that was found, or certainly outside the municipality.
    Exact,
    /// The place probably lies in the district that was found, or it lies in the municipality but in no district that
    /// is known.
    Approximate,
    /// The question had no information about a place, or none that is known.
    Unknown,
}

/// The place of a question, as far as it was found from the information in the question.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'d> {
    pub by: ResolvedBy,
    pub certainty: Certainty,
    /// The district in which the place lies, if it is known.
    pub district: Option<&'d District>,
    /// Whether the place certainly lies outside the municipality.
    pub outside: bool,
    /// The point from which the distances to offices are measured, as longitude and latitude: the coordinates of the
    /// question, or a point in the middle of the district. `None` if neither is known.
    pub point: Option<[f64; 2]>,
}
