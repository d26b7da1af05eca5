//! Partner agencies: organisations outside social services that send referrals.
//!
//! From an agency's category follows what the law asks of it and lets it know. Its keys are `auth`'s.

pub mod store;

use diesel::prelude::*;

use crate::auth::Category;
use crate::db::schema::partners;
use crate::id::PartnerId;
use crate::slug::Slug;
use crate::time::Timestamp;

/// A partner agency.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = partners)]
pub struct Partner {
    /// Identifies it.
    pub id: PartnerId,
    /// Its readable name in paths.
    pub slug: Slug,
    /// What it is called.
    pub name: String,
    /// What kind of organisation it is.
    pub category: Category,
    /// Since when it is known here.
    pub created_at: Timestamp,
}
