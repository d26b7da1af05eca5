//! The timeline of a person or a family: the list of what happened to them, newest first.
//!
//! Timelines are not stored: their events are read from the tables of people, families, referrals and outreach. Each kind of
//! event has a [`TimelineSource`] in [`SOURCES`] or in `field.rs`. To read a page, each source returns its newest events after a
//! position, and the newest of all of these make the page.

mod field;
pub mod happening;
mod reading;
pub mod routes;
mod sources;
mod view;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::DbConn;
use crate::error::Result;
use crate::http::page::PageStart;
use crate::time::Timestamp;

pub use happening::{Happening, HappeningDetail, TimelineSource, TimelineSubject, Window};
pub use sources::SOURCES;

/// The kind of an event on a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TimelineKind {
    /// The person or the family was registered in this service.
    Registered,
    /// A person joined a family, left one, or moved from one to another.
    Moved,
    /// A family was merged into another one.
    Merged,
    /// A referral about the person, or about a member of the family, was received.
    ReferralReceived,
    /// Staff met, called or tried to reach somebody in outreach work.
    OutreachContact,
    /// A service was offered to somebody at an outreach contact.
    OfferMade,
    /// Somebody answered the offer of a service.
    OfferAnswered,
    /// A follow-up was planned: staff promised to get back to somebody.
    FollowUpPlanned,
}

/// A position in a timeline: the time of an event in microseconds since 1970, and its identifier.
pub type TimelinePosition = (i64, Uuid);

/// Reads a page of a timeline: the events from the place `from` on, at most `limit` of them and one more, which tells that there
/// is a next page.
pub fn page(
    conn: &mut DbConn,
    subject: &TimelineSubject,
    from: &PageStart<TimelinePosition>,
    limit: u32,
) -> Result<Vec<Happening>> {
    let wanted = i64::from(limit) + 1;
    let (skipped, behind) = match from {
        PageStart::Empty => return Ok(Vec::new()),
        PageStart::Row(row) => (i64::try_from(*row).unwrap_or(i64::MAX - wanted), None),
        PageStart::After((micros, id)) => (0, Timestamp::from_micros(*micros).map(|at| (at, *id))),
    };
    let window = Window { behind, limit: skipped.saturating_add(wanted) };
    let mut all = Vec::new();
    for source in SOURCES.iter().chain(&field::SOURCES) {
        all.extend((source.newest)(conn, subject, window)?);
    }
    all.sort_by_key(|happening| std::cmp::Reverse((happening.at, happening.id)));
    let places = |count: i64| usize::try_from(count).unwrap_or(usize::MAX);
    Ok(all.into_iter().skip(places(skipped)).take(places(wanted)).collect())
}

/// Counts all events on a timeline that its reader may know of.
pub fn count(conn: &mut DbConn, subject: &TimelineSubject) -> Result<u64> {
    let mut total = 0;
    for source in SOURCES.iter().chain(&field::SOURCES) {
        total += (source.count)(conn, subject)?;
    }
    Ok(u64::try_from(total).unwrap_or(0))
}
