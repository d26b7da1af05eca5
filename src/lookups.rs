//! Making all look-up hashes anew, with a fresh key.
//!
//! Hashes of two keys never meet, so the servers are stopped for it, and it is one transaction: either all hashes are made with
//! the new key or none is.

use crate::auth::register;
use crate::db::connection::Purpose;
use crate::db::{self, Target};
use crate::error::Result;
use crate::people;
use crate::referrals;
use crate::time::Timestamp;
use crate::vault::{Vault, state};

/// Rebuilds every hash and says how many rows they were in.
pub fn rebuild(target: &Target, vault: &Vault, now: Timestamp) -> Result<usize> {
    let mut conn = target.connect(Purpose::Writing)?;
    db::in_transaction(&mut conn, &|conn| {
        state::lookups_are_rebuilt(conn, vault.ring(), now)?;
        state::check(conn, vault.ring(), now)?;
        let rebuilt = [
            referrals::store::rebuild_lookups(conn, vault)?,
            people::store::rebuild_lookups(conn, vault)?,
            register::rebuild_lookups(conn, vault)?,
        ];
        Ok(rebuilt.into_iter().sum())
    })
}
