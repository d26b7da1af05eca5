//! Partner agencies: organisations outside social services that send referrals.
//!
//! - An agency's category (its kind of organisation) decides whether the law requires it to report, and what it may be told about
//!   its referrals.
//! - An agency is active until an administrator suspends it. While it is suspended, none of its keys is accepted; once it is
//!   active again, its keys are accepted as before. An agency is never removed, because the referrals that it sent refer to it.
//! - [`crate::auth`] defines the API keys and decides when they are valid; [`api_keys`] defines the requests by which an
//!   administrator makes and rotates them.

mod answers;
pub mod api_keys;
pub mod key_routes;
pub mod limits;
pub mod own_routes;
pub mod routes;
pub mod store;
mod view;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{Category, PartnerStatus};
use crate::id::PartnerId;
use crate::moment::Moment;
use crate::offices::{Email, Phone};
use crate::slug::Slug;
use crate::text::{Line, swedish_order};
use crate::time::Timestamp;

/// A partner agency with everything that is stored about it, apart from its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    pub id: PartnerId,
    pub slug: Slug,
    pub name: Line,
    pub category: Category,
    pub contact: Contact,
    pub status: PartnerStatus,
    pub version: i32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The contact details of a partner agency: those of its switchboard or of a shared mailbox, and never those of one person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PartnerContact)]
pub struct Contact {
    /// The agency's telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// The agency's e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
}

impl Contact {
    pub fn is_empty(&self) -> bool {
        self.phone.is_none() && self.email.is_none()
    }
}

/// A partner agency as an administrator writes it in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPartner {
    /// The short readable name by which paths name the agency, besides its identifier.
    ///
    /// @example "school"
    pub slug: Slug,
    /// The agency's name in full.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Skäggetorps grundskola (påhittad)")]
    pub name: Line,
    /// The kind of organisation. It decides whether the law requires the agency to report, and what it may be told about its
    /// referrals.
    ///
    /// @example "school"
    pub category: Category,
    /// The agency's contact details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// The status of the agency, `active` by default. The keys of a suspended agency are not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PartnerStatus>,
}

impl NewPartner {
    /// Makes the request for an agency that is active and has no contact details.
    pub fn of(slug: Slug, name: Line, category: Category) -> Self {
        Self { slug, name, category, contact: None, status: None }
    }
}

impl Partner {
    pub fn new(new: NewPartner, moment: &Moment) -> Self {
        Self {
            id: moment.id(),
            slug: new.slug,
            name: new.name,
            category: new.category,
            contact: new.contact.unwrap_or_default(),
            status: new.status.unwrap_or_default(),
            version: 1,
            created_at: moment.now,
            updated_at: moment.now,
        }
    }

    /// Returns the next version of the agency: the fields of `new` replace the present ones, while the identifier and the time of
    /// creation stay.
    pub fn changed(&self, new: NewPartner, moment: &Moment) -> Self {
        let new = Self::new(new, moment);
        Self { id: self.id, version: self.version + 1, created_at: self.created_at, ..new }
    }

    /// Returns the request that would leave the agency unchanged. Merge patches are applied to it.
    pub fn as_new(&self) -> NewPartner {
        let Self { slug, name, category, contact, status, .. } = self.clone();
        let contact = Some(contact).filter(|contact| !contact.is_empty());
        NewPartner { slug, name, category, contact, status: Some(status) }
    }

    /// The agency's position in lists, which are in the Swedish order of names: the sort key of its name, and its identifier.
    pub fn position(&self) -> (String, PartnerId) {
        (swedish_order(self.name.as_ref()), self.id)
    }
}
