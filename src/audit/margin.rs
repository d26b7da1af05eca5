//! The margin of time within which a record gets its seal.

use chrono::TimeDelta;

use crate::id::AuditRecordId;
use crate::time::Timestamp;

/// A number of seconds that is longer than any transaction lasts: see the time-outs in [`crate::db::connection`].
pub const MARGIN_SECONDS: i64 = 60;

/// The interval in seconds at which the sealing task looks for records that were committed late. So such a record waits about
/// this long for its seal.
pub const SWEEP_SECONDS: i64 = 10;

/// The identifier below which a record that has no seal will never get one. It belongs to the time that lies [`MARGIN_SECONDS`]
/// before `sealed`, up to which time the records are sealed, or, if that is earlier, before `now`. So a clock that runs ahead does
/// not move it ahead.
pub fn settled_before(sealed: Timestamp, now: Timestamp) -> AuditRecordId {
    let at = sealed.min(now).utc() - TimeDelta::seconds(MARGIN_SECONDS);
    AuditRecordId::first_at(at.into())
}
