//! Makes the hashes by which referrals are found again, after the look-up key was changed.

use diesel::prelude::*;

use crate::binding;
use crate::db::DbConn;
use crate::db::schema::referrals;
use crate::error::Result;
use crate::id::ReferralId;
use crate::on_backend;
use crate::referrals::Referral;
use crate::referrals::store::{SealedReferral, lookup_hashes};
use crate::vault::Vault;

/// Computes the lookup hashes again, by the current key, for all referrals that have one, in batches of a hundred. Returns the
/// number of referrals that were updated. A referral that cannot be opened is left out: it is logged and counted.
pub fn rebuild(conn: &mut DbConn, vault: &Vault) -> Result<usize> {
    const AT_ONCE: i64 = 100;
    let (mut rebuilt, mut after) = (0, ReferralId::from_uuid(uuid::Uuid::nil()));
    loop {
        let rows: Vec<SealedReferral> = on_backend!(&mut *conn, conn => referrals::table
            .filter(referrals::sender_reference_hash.is_not_null().or(referrals::child_number_hash.is_not_null()))
            .filter(referrals::id.gt(after))
            .order(referrals::id)
            .limit(AT_ONCE)
            .load(conn))?;
        let Some(last) = rows.last() else { return Ok(rebuilt) };
        after = last.id;
        let ids: Vec<ReferralId> = rows.iter().map(|row| row.id).collect();
        let referrals = binding::sound(rows, |row| row.open(vault));
        rebuilt += binding::changing(conn, "referrals", &ids, |conn| {
            referrals.iter().map(|referral| rebuild_lookup(conn, referral, vault)).sum::<Result<usize>>()
        })?;
    }
}

fn rebuild_lookup(conn: &mut DbConn, referral: &Referral, vault: &Vault) -> Result<usize> {
    let row = referrals::table.find(referral.id);
    let (of_sender, of_child) = lookup_hashes(referral, vault);
    let hashes = (referrals::sender_reference_hash.eq(of_sender), referrals::child_number_hash.eq(of_child));
    Ok(diesel::update(row).set(hashes).execute(conn)?)
}
