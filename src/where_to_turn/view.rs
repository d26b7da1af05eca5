//! The answer as callers see it.

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
use crate::where_to_turn::{Answer, Certainty, ResolvedBy, Step};

/// Where to turn.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WhereToTurn)]
pub struct AnswerView<'a> {
    /// How the place was found.
    resolved_by: ResolvedBy,
    /// How sure the place is.
    certainty: Certainty,
    /// The district, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    district: Option<DistrictSummary<'a>>,
    /// The district's area.
    #[serde(skip_serializing_if = "Option::is_none")]
    area: Option<AreaSummary<'a>>,
    /// The office that is responsible: always exactly one.
    office: OfficeView<'a>,
    /// Whether it is open at the asked time.
    open_state: OpenState,
    /// What it can give to the one who asks.
    #[schema(max_items = 1000)]
    services: Vec<ServiceSummary<'a>>,
    /// Who else could help.
    ///
    /// @example []
    #[schema(max_items = 3)]
    alternatives: Vec<OfficeSummary<'a>>,
    /// The line that answers when the offices are closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_call: Option<OfficeSummary<'a>>,
    /// What to call when there is danger.
    emergency: Emergency<'a>,
    /// Whether the place certainly lies in another municipality.
    ///
    /// @example false
    outside_municipality: bool,
    /// Each step that led to the office.
    #[schema(min_items = 1, max_items = 20)]
    explanation: Vec<Step>,
    /// The version of the directory that answered.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 1)]
    directory_version: i64,
}

/// A district, in few words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DistrictSummary<'a> {
    /// Its identifier.
    id: DistrictId,
    /// Its readable name in paths.
    ///
    /// @example "skaggetorp-tornby"
    slug: &'a Slug,
    /// What the district is called.
    ///
    /// @example {"sv": "Skäggetorp-Tornby", "en": "Skäggetorp-Tornby"}
    name: &'a Localized,
}

/// An area, in few words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AreaSummary<'a> {
    /// Its identifier.
    id: AreaId,
    /// Its readable name in paths.
    ///
    /// @example "norr"
    slug: &'a Slug,
    /// What the area is called.
    ///
    /// @example {"sv": "Norr", "en": "North"}
    name: &'a Localized,
}

/// A service, in few words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ServiceSummary<'a> {
    /// Its identifier.
    id: ServiceId,
    /// Its readable name in paths.
    ///
    /// @example "forebyggande-insatser"
    slug: &'a Slug,
    /// What the service is called.
    ///
    /// @example {"sv": "Förebyggande insatser", "en": "Preventive support"}
    name: &'a Localized,
    /// What it is.
    ///
    /// @example {"sv": "Förebyggande arbete nära invånarna.", "en": "Preventive work close to the residents."}
    description: &'a Localized,
}

/// An office, in few words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OfficeSummary<'a> {
    /// Its identifier.
    id: OfficeId,
    /// Its readable name in paths.
    ///
    /// @example "sociala-jouren"
    slug: &'a Slug,
    /// What the office is called.
    ///
    /// @example {"sv": "Sociala jouren", "en": "Out-of-hours social services"}
    name: &'a Localized,
    /// What kind of office it is.
    ///
    /// @example "on_call"
    kind: OfficeKind,
    /// Its telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 24, pattern = "^\\+[1-9][0-9]*( [0-9]+)*$", example = "+46 13 20 75 26")]
    phone: Option<&'a str>,
    /// Whether it is open at the asked time.
    ///
    /// @example {"openNow": null}
    open_state: OpenState,
}

/// What to call when there is danger.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Emergency<'a> {
    /// The number.
    #[schema(max_length = 20, pattern = "^[0-9]+$", example = "112")]
    number: &'a str,
}

impl<'a> AnswerView<'a> {
    /// The answer, with what is open at `at`.
    pub fn new(answer: Answer<'a>, directory: &'a Directory, at: Timestamp, call: &Call) -> Self {
        let district = answer.place.district;
        let area = district.and_then(|district| directory.area(district.area_id));
        let summary = |office: &'a Office| OfficeSummary::new(office, directory, at);
        Self {
            resolved_by: answer.place.by,
            certainty: answer.place.certainty,
            district: district.map(|district| DistrictSummary {
                id: district.id,
                slug: &district.slug,
                name: &district.name,
            }),
            area: area.map(|area| AreaSummary { id: area.id, slug: &area.slug, name: &area.name }),
            open_state: directory.open_state(answer.office, at.utc()),
            office: OfficeView::new(answer.office, directory, call, at),
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
