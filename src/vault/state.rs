//! The table of the vault keys that a database was written with. It makes a server with a wrong or missing key fail at its start,
//! and not at the first reading.

use diesel::prelude::*;

use crate::db::DbConn;
use crate::db::schema::vault_keys;
use crate::error::{Error, Result};
use crate::on_backend;
use crate::time::Timestamp;
use crate::vault::ring::{DataKey, VaultKeys};

const DATA: &str = "data";
const LOOKUP: &str = "lookup";
const CHECK: &str = "check";

#[derive(Queryable, Insertable)]
#[diesel(table_name = vault_keys)]
struct KnownKey {
    kind: String,
    id: i64,
    check_value: Vec<u8>,
    created_at: Timestamp,
}

impl KnownKey {
    fn data(key: &DataKey, now: Timestamp) -> Self {
        let check_value = key.derive(CHECK).to_vec();
        Self { kind: DATA.to_owned(), id: key.id().into(), check_value, created_at: now }
    }

    fn lookup(ring: &VaultKeys, now: Timestamp) -> Self {
        let check_value = ring.lookup_check().to_vec();
        Self { kind: LOOKUP.to_owned(), id: ring.lookup_id().into(), check_value, created_at: now }
    }

    fn is(&self, other: &Self) -> bool {
        self.kind == other.kind && self.id == other.id
    }
}

/// Compares the ring with the keys that this database was written with. Fails if the ring lacks one of them or has a different
/// key under the same id. Otherwise stores the ring's new keys as known.
pub fn check(conn: &mut DbConn, ring: &VaultKeys, now: Timestamp) -> Result<()> {
    let ours: Vec<KnownKey> =
        ring.keys().map(|key| KnownKey::data(key, now)).chain([KnownKey::lookup(ring, now)]).collect();
    // Several servers may start at once with the same new key. The keys of a refused ring are rolled back.
    for new in &ours {
        let remember = diesel::insert_into(vault_keys::table).values(new).on_conflict_do_nothing();
        on_backend!(&mut *conn, conn => remember.execute(conn))?;
    }
    let known: Vec<KnownKey> = vault_keys::table.load(conn)?;
    for known in &known {
        match ours.iter().find(|ours| ours.is(known)) {
            Some(ours) if ours.check_value == known.check_value => {}
            Some(_) => return Err(wrong(&format!("has another key `{} {}` than", known.kind, known.id))),
            None if known.kind == LOOKUP => {
                return Err(wrong("makes other look-up hashes (run: nara vault rebuild-lookups) than"));
            }
            None => return Err(wrong(&format!("lacks the key `{} {}` of", known.kind, known.id))),
        }
    }
    Ok(())
}

/// Records that all keyed hashes in this database were made with the ring's present look-up key.
pub fn lookups_are_rebuilt(conn: &mut DbConn, ring: &VaultKeys, now: Timestamp) -> Result<()> {
    diesel::delete(vault_keys::table.filter(vault_keys::kind.eq(LOOKUP))).execute(conn)?;
    diesel::insert_into(vault_keys::table).values(KnownKey::lookup(ring, now)).execute(conn)?;
    Ok(())
}

fn wrong(what: &str) -> Error {
    Error::internal(format!("the ring of the vault's keys {what} this database"))
}
