//! All SQL on partner agencies.

use diesel::prelude::*;

use crate::auth::agency_row::AgencyRow;
use crate::auth::{Category, PartnerStatus};
use crate::binding::{self, RowCode};
use crate::db::schema::partners;
use crate::db::{DbConn, stale};
use crate::error::{Error, Result};
use crate::http::page::PageStart;
use crate::id::PartnerId;
use crate::on_backend;
use crate::partners::{Contact, Partner};
use crate::slug::PartnerName;
use crate::text::{Line, folded, swedish_order};

impl std::convert::From<&Partner> for AgencyRow {
    fn from(partner: &Partner) -> Self {
        let Partner { id, slug, name, category, contact, status, version, created_at, updated_at } = partner.clone();
        let (name_order, name_folded) = (swedish_order(name.as_ref()), folded(name.as_ref()));
        let (name, Contact { phone, email }) = (name.to_string(), contact);
        Self {
            id,
            slug,
            name,
            name_order,
            name_folded,
            category,
            phone,
            email,
            status,
            version,
            created_at,
            updated_at,
            code: Some(RowCode::fresh()),
        }
    }
}

impl TryFrom<AgencyRow> for Partner {
    type Error = Error;

    fn try_from(row: AgencyRow) -> Result<Self> {
        let name: Line = row.name.parse().map_err(|_| Error::internal("a stored name is blank or too long"))?;
        let AgencyRow { id, slug, category, phone, email, status, version, created_at, updated_at, .. } = row;
        let contact = Contact { phone, email };
        Ok(Self { id, slug, name, category, contact, status, version, created_at, updated_at })
    }
}

/// The filters of the list of partner agencies. An agency must match all that are set.
#[derive(Debug, Clone, Default)]
pub struct PartnerFilter {
    pub category: Option<Category>,
    pub status: Option<PartnerStatus>,
    /// Only agencies whose name begins with this text. Upper and lower case are the same, and so are letters with and without
    /// marks, such as å and a.
    pub name: Option<String>,
}

/// The position of an agency in the list: the sort key of its name in the Swedish alphabetical order, and its identifier.
pub type PartnerPosition = (String, PartnerId);

/// Makes a boxed query for the agencies that match the filter, used for both a page and a count. The type of a boxed query
/// depends on the database, so this is a macro that is compiled for each.
macro_rules! filtered {
    ($filter:expr) => {{
        let filter: &PartnerFilter = $filter;
        let mut rows = partners::table.into_boxed();
        if let Some(category) = filter.category {
            rows = rows.filter(partners::category.eq(category));
        }
        if let Some(status) = filter.status {
            rows = rows.filter(partners::status.eq(status));
        }
        if let Some(name) = &filter.name {
            // Exactly the texts with this beginning lie between the beginning and the beginning followed by the last of all
            // characters.
            let from = folded(name);
            let end = format!("{from}\u{10ffff}");
            rows = rows.filter(partners::name_folded.ge(from)).filter(partners::name_folded.lt(end));
        }
        rows
    }};
}

/// Reads a page of the agencies that match the filter, in the Swedish alphabetical order of their names. Reads one more than
/// `limit`, which tells that there is a next page.
pub fn page(
    conn: &mut DbConn,
    filter: &PartnerFilter,
    from: &PageStart<PartnerPosition>,
    limit: u32,
) -> Result<Vec<Partner>> {
    let rows: Vec<AgencyRow> = on_backend!(&mut *conn, conn => {
        let mut rows = filtered!(filter).order((partners::name_order, partners::id)).limit(i64::from(limit) + 1);
        rows = match from {
            PageStart::Row(row) => rows.offset(i64::try_from(*row).unwrap_or(i64::MAX)),
            PageStart::After((name, id)) => rows.filter(
                partners::name_order.gt(name.clone()).or(partners::name_order.eq(name.clone()).and(partners::id.gt(*id))),
            ),
            PageStart::Empty => return Ok(Vec::new()),
        };
        rows.select(AgencyRow::as_select()).load(conn)
    })?;
    sound(conn, rows)
}

/// Counts the agencies that match the filter.
pub fn count(conn: &mut DbConn, filter: &PartnerFilter) -> Result<u64> {
    let count: i64 = on_backend!(conn, conn => filtered!(filter).count().get_result(conn))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Finds an agency by its identifier or slug. Fails as not found if there is none.
pub fn find(conn: &mut DbConn, name: &PartnerName) -> Result<Partner> {
    let row: AgencyRow = match name {
        PartnerName::Id(id) => {
            on_backend!(&mut *conn, conn => partners::table.find(id).select(AgencyRow::as_select()).first(conn))
        }
        PartnerName::Slug(slug) => {
            let found = partners::table.filter(partners::slug.eq(slug));
            on_backend!(&mut *conn, conn => found.select(AgencyRow::as_select()).first(conn))
        }
    }?;
    binding::check(&row, &binding::carried_by(conn)?.vault)?;
    row.try_into()
}

/// Reads all partner agencies, in the order of their slugs.
pub fn all(conn: &mut DbConn) -> Result<Vec<Partner>> {
    let ordered = partners::table.order(partners::slug);
    let rows: Vec<AgencyRow> = on_backend!(&mut *conn, conn => ordered.select(AgencyRow::as_select()).load(conn))?;
    sound(conn, rows)
}

/// Leaves out the agencies whose rows are not as they were written.
fn sound(conn: &mut DbConn, rows: Vec<AgencyRow>) -> Result<Vec<Partner>> {
    let vault = binding::carried_by(conn)?.vault;
    let sound = rows.into_iter().filter(|row| binding::check(row, &vault).is_ok());
    sound.map(Partner::try_from).collect()
}

pub fn insert(conn: &mut DbConn, partner: &Partner) -> Result<()> {
    let row = binding::coded(conn, &AgencyRow::from(partner))?;
    on_backend!(conn, conn => diesel::insert_into(partners::table).values(&row).execute(conn))?;
    Ok(())
}

/// Stores the next version of an agency. Fails as stale if the stored version is not the one before it.
pub fn update(conn: &mut DbConn, partner: &Partner) -> Result<()> {
    let row = binding::coded(conn, &AgencyRow::from(partner))?;
    let before = partners::table.find(partner.id).filter(partners::version.eq(partner.version - 1));
    let written = on_backend!(conn, conn => diesel::update(before).set(&row).execute(conn))?;
    if written == 1 { Ok(()) } else { Err(stale()) }
}
