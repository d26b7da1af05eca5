//! The identity of the database, which the audit's anchor names. It is made at the first start, and stays with the database in
//! backups.
//!
//! It carries a keyed code, so that nobody without the vault's keys can give the database another identity.

use diesel::prelude::*;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::audit::anchor::key::AnchorKey;
use crate::db::DbConn;
use crate::db::schema::database_identity;
use crate::error::{Error, Result};
use crate::id::DatabaseId;
use crate::on_backend;
use crate::time::{Random, Timestamp};

/// The identity of a database, as it was found there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseIdentity {
    pub id: DatabaseId,
    /// Whether its code is right, so that the program made it.
    pub is_genuine: bool,
}

/// Reads the identity of the database. `None` if no server was ever started on it.
pub fn read(conn: &mut DbConn, key: &AnchorKey) -> Result<Option<DatabaseIdentity>> {
    let row = database_identity::table.select((database_identity::id, database_identity::code));
    let row: Option<(DatabaseId, Vec<u8>)> = on_backend!(conn, conn => row.first(conn).optional())?;
    Ok(row.map(|(id, code)| DatabaseIdentity { id, is_genuine: code_of(key, id)[..].ct_eq(&code).into() }))
}

/// Reads the identity of the database, and makes it first if there is none. Several servers may do so at once.
pub fn read_or_make(conn: &mut DbConn, key: &AnchorKey, now: Timestamp, random: &Random) -> Result<DatabaseIdentity> {
    if let Some(known) = read(conn, key)? {
        return Ok(known);
    }
    let id = DatabaseId::new(now, random);
    let row = (
        database_identity::only_row.eq(1),
        database_identity::id.eq(id),
        database_identity::code.eq(code_of(key, id).to_vec()),
    );
    let new = diesel::insert_into(database_identity::table).values(row).on_conflict_do_nothing();
    on_backend!(&mut *conn, conn => new.execute(conn))?;
    read(conn, key)?.ok_or_else(|| Error::internal("the identity of the database could not be made"))
}

fn code_of(key: &AnchorKey, id: DatabaseId) -> [u8; 32] {
    key.code(&[b"database", Uuid::from(id).as_bytes()])
}
