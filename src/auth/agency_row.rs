//! A partner agency as it is stored. It is bound, since its category and its status decide about every call of the agency: see
//! [`crate::binding`].

use diesel::prelude::*;

use crate::auth::category::{Category, PartnerStatus};
use crate::binding::RowCode;
use crate::db::schema::partners;
use crate::id::PartnerId;
use crate::offices::{Email, Phone};
use crate::slug::Slug;
use crate::time::Timestamp;
use crate::{bound_row, bound_table};

/// A partner agency as one row of the database.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = partners, treat_none_as_null = true)]
pub struct AgencyRow {
    pub id: PartnerId,
    pub slug: Slug,
    pub name: String,
    pub name_order: String,
    pub name_folded: String,
    pub category: Category,
    pub phone: Option<Phone>,
    pub email: Option<Email>,
    pub status: PartnerStatus,
    pub version: i32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub code: Option<RowCode>,
}

bound_row! {
    AgencyRow in partners, version |row| row.version,
    cells [id, name, name_order, name_folded, version, created_at, updated_at],
    texts [slug, category, status],
    texts_if_any [phone, email],
    json []
}
bound_table!(
    /// The table of partner agencies.
    AgencyRows: AgencyRow in partners by PartnerId
);
