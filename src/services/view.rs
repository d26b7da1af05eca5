//! Services as callers see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::http::link::{Link, Linking};
use crate::id::{OfficeId, ServiceId};
use crate::services::{Ages, AssessmentKind, Need, Orientation, Provision, Service, ServiceStatus};
use crate::slug::Slug;
use crate::text::{LanguageCode, Localized};
use crate::time::Timestamp;

/// A service.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Service)]
pub struct ServiceView {
    /// Its identifier.
    id: ServiceId,
    /// Its readable name in paths.
    ///
    /// @example "forebyggande-insatser"
    slug: Slug,
    /// What the service is called.
    ///
    /// @example {"sv": "Förebyggande insatser", "en": "Preventive support"}
    name: Localized,
    /// What it is.
    ///
    /// @example {"sv": "Förebyggande arbete nära invånarna.", "en": "Preventive work close to the residents."}
    description: Localized,
    /// What it is meant to do.
    orientation: Orientation,
    /// Who gives it.
    ///
    /// @example "provider"
    provision: Provision,
    /// Whether the need is assessed in each case.
    ///
    /// @example false
    needs_assessment: bool,
    /// Which of the kinds it is that always need an assessment (SoL 11:5).
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    assessment_kind: Option<AssessmentKind>,
    /// Whether the board decided that identity is not recorded (SoL 14:5).
    ///
    /// @example false
    identity_exempt: bool,
    /// For which ages it is.
    ages: Ages,
    /// Which needs it answers.
    ///
    /// @example ["school_absence"]
    #[schema(max_items = 17)]
    needs: Vec<Need>,
    /// In which languages it is given.
    #[schema(max_items = 50)]
    languages: Vec<LanguageCode>,
    /// Which offices give it, in the order of their names.
    #[schema(max_items = 1000)]
    office_ids: Vec<OfficeId>,
    /// Whether it is given at present.
    status: ServiceStatus,
    /// When it was written last.
    updated_at: Timestamp,
    /// Its own address.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl ServiceView {
    /// A service, whose links lead where `links` says.
    pub fn new(service: &Service, directory: &Directory, links: &impl Linking) -> Self {
        let links = vec![links.link("self", "GET", &path(&service.slug))];
        let service = service.clone();
        Self {
            id: service.id,
            slug: service.slug,
            name: service.name,
            description: service.description,
            orientation: service.orientation,
            provision: service.provision,
            needs_assessment: service.needs_assessment,
            assessment_kind: service.assessment_kind,
            identity_exempt: service.identity_exempt,
            ages: service.ages,
            needs: service.needs,
            languages: service.languages,
            office_ids: directory.offices_of_service(service.id).map(|office| office.id).collect(),
            status: service.status,
            updated_at: service.updated_at,
            links,
        }
    }
}

/// Where a service lies below the root of the API.
pub fn path(slug: &Slug) -> String {
    format!("/services/{slug}")
}
