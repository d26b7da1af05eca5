//! Finding referrals by a person.
//!
//! Referrals cannot be searched by their text, by a need or by a place (förordning 2001:637, 15 §).

use diesel::prelude::*;

use crate::auth::CaseScope;
use crate::db::DbConn;
use crate::db::schema::referrals;
use crate::error::Result;
use crate::id::PersonId;
use crate::on_backend;
use crate::referrals::Status;
use crate::referrals::store::{SealedReferral, known_to};

/// The referrals about a registered person that `sight` covers, the newest first, at most `limit`. Referrals entered in error are
/// left out.
pub fn about(conn: &mut DbConn, sight: &CaseScope, person: PersonId, limit: i64) -> Result<Vec<SealedReferral>> {
    Ok(on_backend!(conn, conn => known_to!(sight)
        .filter(referrals::person_id.eq(person))
        .filter(referrals::status.ne(Status::EnteredInError))
        .order((referrals::received_at.desc(), referrals::id.desc()))
        .limit(limit)
        .load(conn))?)
}
