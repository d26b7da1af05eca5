//! Every query on partner agencies.

use diesel::prelude::*;

use crate::db::DbConn;
use crate::db::schema::partners;
use crate::error::Result;
use crate::partners::Partner;

/// Adds an agency.
pub fn insert(conn: &mut DbConn, partner: &Partner) -> Result<()> {
    diesel::insert_into(partners::table).values(partner).execute(conn)?;
    Ok(())
}

/// All agencies, by their slugs.
pub fn all(conn: &mut DbConn) -> Result<Vec<Partner>> {
    Ok(partners::table.order(partners::slug).load(conn)?)
}
