//! Members of staff: the one who is signed in, and the colleagues to whom a case can be given.
//!
//! The API identifies members of staff by their `staffId` only. The subject (`sub`) of a token may be a personal
//! identity number, so it is stored sealed and never shown.

pub mod routes;

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::register::Colleague;
use crate::auth::{Role, Staff};
use crate::directory::Directory;
use crate::http::link::Link;
use crate::id::{OfficeId, StaffId};
use crate::text::Localized;
use crate::vault::{self, ConfidentialLine};

/// The signed-in member of staff, as their token describes them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The identifier of the member of staff in the API, by which colleagues and the audit trail name them.
    pub staff_id: StaffId,
    /// The name of the member of staff, if the token has it.
    ///
    /// @example "Kim Påhittad"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub name: Option<ConfidentialLine>,
    /// The roles that the token gives the member of staff. Roles that this service does not know are left out.
    ///
    /// @example ["caseworker"]
    #[schema(max_items = 6)]
    pub roles: Vec<Role>,
    /// The offices at which the member of staff works, by the token. Offices that the directory does not have are left
    /// out.
    #[schema(max_items = 1000)]
    pub offices: Vec<MyOffice>,
    /// Whether the token says that the member of staff is qualified to decide on inquiries (SoL 2025:400, 25 kap. 1 §).
    /// To decide, a role that permits it is needed as well.
    pub qualified: bool,
    /// Whether the token says that the member of staff may see persons with a protected identity.
    ///
    /// @example false
    pub protected_identity: bool,
    /// Links to this answer and to the list of colleagues.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    pub links: Vec<Link>,
}

/// An office at which the signed-in member of staff works.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyOffice {
    /// The office's identifier, a UUID.
    pub id: OfficeId,
    /// The office's slug: its readable name in addresses such as `/offices/skaggetorp`.
    #[schema(max_length = 80, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", example = "skaggetorp")]
    pub slug: String,
    /// The name of the office, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Nära socialtjänst Skäggetorp", "en": "Nära socialtjänst Skäggetorp"}
    pub name: Localized,
}

impl Me {
    pub fn new(staff: Staff, directory: &Directory, links: Vec<Link>) -> Self {
        let offices = staff.offices(directory).filter_map(|id| directory.office(id)).map(|office| MyOffice {
            id: office.id,
            slug: office.slug.to_string(),
            name: office.name.clone(),
        });
        Self {
            staff_id: staff.id,
            offices: offices.collect(),
            name: staff.name,
            roles: staff.roles,
            qualified: staff.qualified,
            protected_identity: staff.protected_identity,
            links,
        }
    }
}

/// A colleague: a member of staff who works with cases.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaffMember {
    /// The identifier of the member of staff in the API, by which colleagues and the audit trail name them.
    pub staff_id: StaffId,
    /// The name of the member of staff, if their last token had it.
    ///
    /// @example "Kim Påhittad"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub name: Option<ConfidentialLine>,
}

impl From<&Colleague> for StaffMember {
    fn from(colleague: &Colleague) -> Self {
        Self { staff_id: colleague.id, name: colleague.name.clone() }
    }
}
