//! Services as the API shows them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::http::link::{Link, Linking};
use crate::id::{OfficeId, ServiceId};
use crate::services::{Ages, AssessmentKind, Need, Orientation, Provision, Service, ServiceStatus};
use crate::slug::Slug;
use crate::text::{LanguageCode, Localized};
use crate::time::Timestamp;

/// A service, with the offices that give it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Service)]
pub struct ServiceView {
    /// The service's identifier, a UUID.
    id: ServiceId,
    /// The service's slug: its readable name in addresses such as `/services/forebyggande-insatser`.
    ///
    /// @example "forebyggande-insatser"
    slug: Slug,
    /// The name of the service, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Förebyggande insatser", "en": "Preventive support"}
    name: Localized,
    /// A description of the service, for residents.
    ///
    /// @example {"sv": "Förebyggande arbete nära invånarna.", "en": "Preventive work close to the residents."}
    description: Localized,
    /// The purpose of the service: to prevent problems, to put right what has gone wrong, or to support people.
    orientation: Orientation,
    /// The part of the social services that gives the service: the authority, which decides, or a provider.
    ///
    /// @example "provider"
    provision: Provision,
    /// Whether each person's need is assessed before the service is given.
    ///
    /// @example false
    needs_assessment: bool,
    /// The service's kind of help, if it is one of the kinds that always need an individual assessment (SoL 11:5).
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    assessment_kind: Option<AssessmentKind>,
    /// Whether the municipal board decided that the identity of those who get the service is not recorded (SoL 14:5).
    ///
    /// @example false
    identity_exempt: bool,
    /// The ages of the people for whom the service is.
    ages: Ages,
    /// The problems with which the service helps.
    ///
    /// @example ["school_absence"]
    #[schema(max_items = 17)]
    needs: Vec<Need>,
    /// The languages that the service is given in (ISO 639 codes).
    #[schema(max_items = 50)]
    languages: Vec<LanguageCode>,
    /// The offices that give the service, in the order of their names.
    #[schema(max_items = 1000)]
    office_ids: Vec<OfficeId>,
    /// Whether the service is given at present.
    status: ServiceStatus,
    /// When the service was created or last changed.
    updated_at: Timestamp,
    /// A link to the service itself.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl ServiceView {
    /// Shows a service with the offices that give it in `directory`. `links` makes the absolute addresses of the links.
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

/// Returns the path of the service with this slug, below the root of the API.
pub fn path(slug: &Slug) -> String {
    format!("/services/{slug}")
}
