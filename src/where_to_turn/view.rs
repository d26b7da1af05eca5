//! The answer to the question "where do I turn?", as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::calendar::OpenState;
use crate::directory::Directory;
use crate::http::call::Call;
use crate::id::{AreaId, DistrictId, OfficeId, ServiceId};
use crate::offices::view::OfficeView;
use crate::offices::{Office, OfficeKind};
use crate::services::Service;
use crate::slug::Slug;
use crate::text::Localized;
use crate::time::Timestamp;
use crate::where_to_turn::office::on_call;
use crate::where_to_turn::{Certainty, ExplanationStep, ResolvedBy, WhereToTurn};

/// The answer to the question "where do I turn?".
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WhereToTurn)]
pub struct WhereToTurnView<'a> {
    /// The kind of information in the question by which the place was found.
    resolved_by: ResolvedBy,
    /// The certainty with which the place was found.
    certainty: Certainty,
    /// The district in which the place lies. Absent if it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    district: Option<DistrictSummary<'a>>,
    /// The area that the district belongs to. Absent if the district is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    area: Option<AreaSummary<'a>>,
    /// The office that is responsible for the place. There is always exactly one.
    office: OfficeView<'a>,
    /// Whether the responsible office is open at the time `at` of the question (by default now), and when that changes.
    open_state: OpenState,
    /// The active services of the responsible office that fit the age, the need and the language of the question.
    #[schema(max_items = 1000)]
    services: Vec<ServiceSummary<'a>>,
    /// Up to three other open offices that could help, the best first.
    ///
    /// @example []
    #[schema(max_items = 3)]
    alternatives: Vec<OfficeSummary<'a>>,
    /// The on-call line, which answers when the offices are closed. Absent if the municipality has no on-call line in
    /// operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_call: Option<OfficeSummary<'a>>,
    /// The telephone number to call in an emergency.
    emergency: Emergency<'a>,
    /// Whether the place certainly lies outside the municipality.
    ///
    /// @example false
    outside_municipality: bool,
    /// The steps by which the place and the responsible office were found, in order.
    #[schema(min_items = 1, max_items = 20)]
    explanation: Vec<ExplanationStep>,
    /// The version of the directory from which the answer was made: the number of times that the directory had been
    /// written.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 1)]
    directory_version: i64,
}

/// The identifier, slug and name of the district in which the place of the question lies.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DistrictSummary<'a> {
    /// The district's identifier, a UUID.
    id: DistrictId,
    /// The district's slug: its readable name in addresses such as `/districts/skaggetorp-tornby`.
    ///
    /// @example "skaggetorp-tornby"
    slug: &'a Slug,
    /// The name of the district, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Skäggetorp-Tornby", "en": "Skäggetorp-Tornby"}
    name: &'a Localized,
}

/// The identifier, slug and name of the area to which the district belongs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AreaSummary<'a> {
    /// The area's identifier, a UUID.
    id: AreaId,
    /// The area's slug: its readable name in addresses such as `/areas/norr`.
    ///
    /// @example "norr"
    slug: &'a Slug,
    /// The name of the area, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Norr", "en": "North"}
    name: &'a Localized,
}

/// A service of the responsible office: its identifier, slug, name and description.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ServiceSummary<'a> {
    /// The service's identifier, a UUID.
    id: ServiceId,
    /// The service's slug: its readable name in addresses such as `/services/forebyggande-insatser`.
    ///
    /// @example "forebyggande-insatser"
    slug: &'a Slug,
    /// The name of the service, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Förebyggande insatser", "en": "Preventive support"}
    name: &'a Localized,
    /// A description of the service, for residents.
    ///
    /// @example {"sv": "Förebyggande arbete nära invånarna.", "en": "Preventive work close to the residents."}
    description: &'a Localized,
}

/// The main facts about another office than the responsible one: how to call it, and whether it is open.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OfficeSummary<'a> {
    /// The office's identifier, a UUID.
    id: OfficeId,
    /// The office's slug: its readable name in addresses such as `/offices/skaggetorp`.
    ///
    /// @example "sociala-jouren"
    slug: &'a Slug,
    /// The name of the office, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Sociala jouren", "en": "Out-of-hours social services"}
    name: &'a Localized,
    /// The kind of office, such as a base or an on-call line.
    ///
    /// @example "on_call"
    kind: OfficeKind,
    /// The office's telephone number, in international form.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 24, pattern = "^\\+[1-9][0-9]*( [0-9]+)*$", example = "+46 13 20 75 26")]
    phone: Option<&'a str>,
    /// Whether the office is open at the time `at` of the question (by default now), and when that changes.
    ///
    /// @example {"openNow": null}
    open_state: OpenState,
}

/// The telephone number to call in an emergency.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Emergency<'a> {
    /// The telephone number of the emergency services, such as 112.
    #[schema(max_length = 20, pattern = "^[0-9]+$", example = "112")]
    number: &'a str,
}

impl<'a> WhereToTurnView<'a> {
    /// Shows the answer to a question, with the open state of each office at the time `at`.
    pub fn new(answer: WhereToTurn<'a>, directory: &'a Directory, at: Timestamp, call: &Call) -> Self {
        let district = answer.place.district;
        let area = district.and_then(|district| directory.area(district.area_id));
        let summary = |office: &'a Office| OfficeSummary::new(office, directory, at);
        let office = OfficeView::new(answer.office, directory, call, at);
        Self {
            resolved_by: answer.place.by,
            certainty: answer.place.certainty,
            district: district.map(|district| DistrictSummary {
                id: district.id,
                slug: &district.slug,
                name: &district.name,
            }),
            area: area.map(|area| AreaSummary { id: area.id, slug: &area.slug, name: &area.name }),
            open_state: office.open_state,
            office,
            services: answer.services.into_iter().map(ServiceSummary::new).collect(),
            alternatives: answer.alternatives.into_iter().map(summary).collect(),
            on_call: on_call(directory).map(summary),
            emergency: Emergency { number: &directory.municipality.emergency_number },
            outside_municipality: answer.place.outside,
            explanation: answer.explanation,
            directory_version: directory.version,
        }
    }
}

impl<'a> ServiceSummary<'a> {
    fn new(service: &'a Service) -> Self {
        let Service { id, slug, name, description, .. } = service;
        Self { id: *id, slug, name, description }
    }
}

impl<'a> OfficeSummary<'a> {
    fn new(office: &'a Office, directory: &Directory, at: Timestamp) -> Self {
        Self {
            id: office.id,
            slug: &office.slug,
            name: &office.name,
            kind: office.kind,
            phone: office.phone.as_ref().map(AsRef::as_ref),
            open_state: directory.open_state(office, at.utc()),
        }
    }
}
