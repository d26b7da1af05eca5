//! Partner agencies: organisations outside social services that send referrals.
//!
//! - An agency's category decides what the law requires of the agency and what it may be told.
//! - An agency is active until it is suspended. While it is suspended none of its keys is valid; afterwards all of them are valid
//!   again. An agency is never removed, because what it sent refers to it.
//! - [`crate::auth`] defines the keys and when they are valid; [`api_keys`] defines what an administrator may ask for.

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

/// A partner agency as it is stored.
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

/// The contact details of an agency: its switchboard or the mailbox of a function, and never one person.
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

/// A partner agency as an administrator writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPartner {
    /// The agency's readable name in paths.
    ///
    /// @example "school"
    pub slug: Slug,
    /// The agency's name in full.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Skäggetorps grundskola (påhittad)")]
    pub name: Line,
    /// The kind of organisation. It decides what the law requires of the agency and what the agency may be told.
    ///
    /// @example "school"
    pub category: Category,
    /// The agency's contact details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Whether the agency's keys may call the API; `active` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PartnerStatus>,
}

impl NewPartner {
    /// A new agency that is active and has no contact details.
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

    /// The next version of the agency, with everything that an administrator writes taken from `new`.
    pub fn changed(&self, new: NewPartner, moment: &Moment) -> Self {
        let new = Self::new(new, moment);
        Self { id: self.id, version: self.version + 1, created_at: self.created_at, ..new }
    }

    /// The agency as an administrator would write it to leave it unchanged.
    pub fn as_new(&self) -> NewPartner {
        let Self { slug, name, category, contact, status, .. } = self.clone();
        let contact = Some(contact).filter(|contact| !contact.is_empty());
        NewPartner { slug, name, category, contact, status: Some(status) }
    }

    /// The agency's position in lists, which are in the Swedish order of names.
    pub fn position(&self) -> (String, PartnerId) {
        (swedish_order(self.name.as_ref()), self.id)
    }
}
