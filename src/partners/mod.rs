//! Partner agencies: organisations outside social services that send referrals.
//!
//! - From an agency's category follows what the law asks of it and lets it know.
//! - An agency is active until it is suspended: then none of its keys holds, and all of them do again afterwards. It is never
//!   removed, because what it sent refers to it.
//! - What its keys are and when they hold is `auth`'s; what an administrator may ask for a key is said in [`api_keys`].

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

/// A partner agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// Identifies it.
    pub id: PartnerId,
    /// Its readable name in paths.
    pub slug: Slug,
    /// What it is called.
    pub name: Line,
    /// What kind of organisation it is.
    pub category: Category,
    /// How it is reached.
    pub contact: Contact,
    /// Whether it may call.
    pub status: PartnerStatus,
    /// How often it was written.
    pub version: i32,
    /// Since when it is known here.
    pub created_at: Timestamp,
    /// When it was written last.
    pub updated_at: Timestamp,
}

/// How an agency is reached: its switchboard or the mailbox of a function, and never one of its people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PartnerContact)]
pub struct Contact {
    /// Its telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// Its e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
}

impl Contact {
    /// Whether nothing is known of it.
    pub fn is_empty(&self) -> bool {
        self.phone.is_none() && self.email.is_none()
    }
}

/// A partner agency as an administrator writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPartner {
    /// Its readable name in paths.
    ///
    /// @example "school"
    pub slug: Slug,
    /// What it is called.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Skäggetorps grundskola (påhittad)")]
    pub name: Line,
    /// What kind of organisation it is. What the law asks of it and lets it know follows from this.
    ///
    /// @example "school"
    pub category: Category,
    /// How it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Whether it may call; active unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PartnerStatus>,
}

impl NewPartner {
    /// An active agency of which nothing more is known.
    pub fn of(slug: Slug, name: Line, category: Category) -> Self {
        Self { slug, name, category, contact: None, status: None }
    }
}

impl Partner {
    /// A new agency.
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

    /// What it becomes when somebody writes it anew.
    pub fn changed(&self, new: NewPartner, moment: &Moment) -> Self {
        let new = Self::new(new, moment);
        Self { id: self.id, version: self.version + 1, created_at: self.created_at, ..new }
    }

    /// How an administrator would write it as it is.
    pub fn as_new(&self) -> NewPartner {
        let Self { slug, name, category, contact, status, .. } = self.clone();
        let contact = Some(contact).filter(|contact| !contact.is_empty());
        NewPartner { slug, name, category, contact, status: Some(status) }
    }

    /// Its place in lists.
    pub fn position(&self) -> (String, PartnerId) {
        (swedish_order(self.name.as_ref()), self.id)
    }
}
