//! Makes all look-up hashes (keyed hashes by which people are found in the database) again, with a new key.
//!
//! Hashes made with different keys never match, so the servers must be stopped first. All hashes are made in one transaction:
//! either all of them change to the new key or none does.

use crate::auth::register;
use crate::binding::{self, Binder};
use crate::db::connection::Purpose;
use crate::db::{self, Target};
use crate::error::Result;
use crate::people;
use crate::referrals;
use crate::time::Timestamp;
use crate::vault::state;

/// Makes every look-up hash in the database again with the vault's look-up key, and returns the number of rows that have one.
pub fn rebuild(target: &Target, binder: &Binder, now: Timestamp) -> Result<usize> {
    let vault = &binder.vault;
    let mut conn = target.connect(Purpose::Writing)?;
    binding::carry(&mut conn, binder.clone());
    db::in_transaction(&mut conn, &|conn| {
        state::lookups_are_rebuilt(conn, vault.ring(), now)?;
        state::check(conn, vault.ring(), now)?;
        let rebuilt = [
            referrals::lookups::rebuild(conn, vault)?,
            people::store::rebuild_lookups(conn, vault)?,
            register::rebuild_lookups(conn, vault)?,
        ];
        Ok(rebuilt.into_iter().sum())
    })
}
