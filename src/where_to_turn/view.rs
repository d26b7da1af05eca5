//! The answer as callers see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::calendar::OpenState;
use crate::directory::Directory;
use crate::http::call::Call;
use crate::id::{AreaId, DistrictId, OfficeId, ServiceId};
use crate::offices::{Office, OfficeKind, OfficeView};
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
pub struct AnswerView {
    /// How the place was found.
    resolved_by: ResolvedBy,
    /// How sure the place is.
    certainty: Certainty,
    /// The district, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    district: Option<DistrictSummary>,
    /// The district's area.
    #[serde(skip_serializing_if = "Option::is_none")]
    area: Option<AreaSummary>,
    /// The office that is responsible: always exactly one.
    office: OfficeView,
    /// Whether it is open at the asked time.
    open_state: OpenState,
    /// What it can give to the one who asks.
    #[schema(max_items = 100)]
    services: Vec<ServiceSummary>,
    /// Who else could help.
    #[schema(max_items = 3)]
    alternatives: Vec<OfficeSummary>,
    /// The line that answers when the offices are closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_call: Option<OfficeSummary>,
    /// What to call when there is danger.
    emergency: Emergency,
    /// Whether the place certainly lies in another municipality.
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
struct DistrictSummary {
    /// Its identifier.
    id: DistrictId,
    /// Its readable name in paths.
    slug: Slug,
    /// Its name.
    name: Localized,
}

/// An area, in few words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AreaSummary {
    /// Its identifier.
    id: AreaId,
    /// Its readable name in paths.
    slug: Slug,
    /// Its name.
    name: Localized,
}

/// A service, in few words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ServiceSummary {
    /// Its identifier.
    id: ServiceId,
    /// Its readable name in paths.
    slug: Slug,
    /// Its name.
    name: Localized,
    /// What it is.
    description: Localized,
}

/// An office, in few words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OfficeSummary {
    /// Its identifier.
    id: OfficeId,
    /// Its readable name in paths.
    slug: Slug,
    /// Its name.
    name: Localized,
    /// What kind of office it is.
    kind: OfficeKind,
    /// Its telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "+46 13 20 61 88")]
    phone: Option<String>,
    /// Whether it is open at the asked time.
    open_state: OpenState,
}

/// What to call when there is danger.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Emergency {
    /// The number.
    #[schema(max_length = 20, example = "112")]
    number: String,
}

impl AnswerView {
    /// The answer, with what is open at `at`.
    pub fn new(answer: Answer<'_>, directory: &Directory, at: Timestamp, call: &Call) -> Self {
        let district = answer.place.district;
        let area = district.and_then(|district| directory.area(district.area_id));
        let summary = |office: &Office| OfficeSummary::new(office, directory, at);
        Self {
            resolved_by: answer.place.by,
            certainty: answer.place.certainty,
            district: district.map(|district| DistrictSummary {
                id: district.id,
                slug: district.slug.clone(),
                name: district.name.clone(),
            }),
            area: area.map(|area| AreaSummary { id: area.id, slug: area.slug.clone(), name: area.name.clone() }),
            open_state: directory.open_state(answer.office, at.utc()),
            office: OfficeView::new(answer.office, directory, call, at),
            services: answer.services.into_iter().map(ServiceSummary::new).collect(),
            alternatives: answer.alternatives.into_iter().map(summary).collect(),
            on_call: on_call(directory).map(summary),
            emergency: Emergency { number: directory.municipality.emergency_number.clone() },
            outside_municipality: answer.place.outside,
            explanation: answer.explanation,
            directory_version: directory.version,
        }
    }
}

impl ServiceSummary {
    fn new(service: &Service) -> Self {
        let Service { id, slug, name, description, .. } = service;
        Self { id: *id, slug: slug.clone(), name: name.clone(), description: description.clone() }
    }
}

impl OfficeSummary {
    fn new(office: &Office, directory: &Directory, at: Timestamp) -> Self {
        Self {
            id: office.id,
            slug: office.slug.clone(),
            name: office.name.clone(),
            kind: office.kind,
            phone: office.phone.as_ref().map(|phone| phone.as_ref().to_owned()),
            open_state: directory.open_state(office, at.utc()),
        }
    }
}
