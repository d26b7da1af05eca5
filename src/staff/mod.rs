//! Staff: who a token says is calling, and the colleagues whom a case can be given to.
//!
//! Staff are known by `staffId` alone. A subject may be a personal identity number, so it is stored sealed and never shown.

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

/// Who the token says that I am.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Identifies me to colleagues and in the audit.
    pub staff_id: StaffId,
    /// My name, if the token tells it.
    ///
    /// @example "Kim Påhittad"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub name: Option<ConfidentialLine>,
    /// The roles that I have.
    ///
    /// @example ["caseworker"]
    #[schema(max_items = 6)]
    pub roles: Vec<Role>,
    /// My offices. What a token names and the directory does not have is left out.
    #[schema(max_items = 1000)]
    pub offices: Vec<MyOffice>,
    /// Whether I may decide on inquiries (SoL 2025:400, 25 kap. 1 §).
    pub qualified: bool,
    /// Whether I am cleared for persons with a protected identity.
    ///
    /// @example false
    pub protected_identity: bool,
    /// Its own address, and my colleagues'.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    pub links: Vec<Link>,
}

/// An office of mine.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyOffice {
    /// Identifies it.
    pub id: OfficeId,
    /// Its name in addresses.
    #[schema(max_length = 80, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", example = "skaggetorp")]
    pub slug: String,
    /// What it is called.
    ///
    /// @example {"sv": "Nära socialtjänst Skäggetorp", "en": "Nära socialtjänst Skäggetorp"}
    pub name: Localized,
}

impl Me {
    /// What is known of the caller.
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

/// Somebody who works with cases.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaffMember {
    /// Identifies them.
    pub staff_id: StaffId,
    /// The name, if their tokens tell it.
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
