//! The follow-ups of a referral, which go along when the referral goes to another office.

use diesel::prelude::*;

use crate::binding;
use crate::db::DbConn;
use crate::db::schema::follow_ups;
use crate::error::Result;
use crate::id::{FollowUpId, OfficeId, ReferralId};
use crate::on_backend;

/// Moves the follow-ups of a referral to the office that has the referral now.
pub fn take_along(conn: &mut DbConn, id: ReferralId, to: OfficeId) -> Result<()> {
    let (about, office) = (follow_ups::referral_id.eq(id), follow_ups::office_id);
    let left_behind = follow_ups::table.filter(about).filter(office.ne(to)).select(follow_ups::id);
    let ids: Vec<FollowUpId> = on_backend!(&mut *conn, conn => left_behind.load(conn))?;
    if ids.is_empty() {
        return Ok(());
    }
    let moved = follow_ups::table.filter(follow_ups::id.eq_any(ids.clone()));
    binding::changing(conn, "follow_ups", &ids, |conn| {
        on_backend!(conn, conn => diesel::update(moved).set(office.eq(to)).execute(conn))?;
        Ok(())
    })
}
