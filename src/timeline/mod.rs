//! The timeline of a person or a family: the events that happened to them, newest first.
//!
//! A timeline is read from where each kind of event is kept, and stored nowhere else. A kind is a [`Source`], and adding one is a line in
//! [`SOURCES`] or in `field.rs`. Each source gives its own newest events after a position, and the newest of all of them make the page.

mod field;
mod reading;
pub mod routes;
mod sources;
mod view;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Sight;
use crate::db::DbConn;
use crate::error::Result;
use crate::http::page::From;
use crate::id::{FamilyId, FollowUpId, OfferId, OfficeId, OutreachContactId, PersonId, ReferralId, ServiceId};
use crate::outreach::codes::{Channel, ContactOutcome, OfferAnswer};
use crate::referrals::reference::Reference;
use crate::referrals::{Kind, Status};
use crate::time::Timestamp;
use crate::vault::Sealed;

pub use sources::SOURCES;

/// The kinds of events on a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TimelineKind {
    /// The person or the family was registered.
    Registered,
    /// Somebody joined a family, left one, or both.
    Moved,
    /// A family was merged into another one.
    Merged,
    /// A referral was received.
    ReferralReceived,
    /// Somebody was met in the field.
    OutreachContact,
    /// A service was offered.
    OfferMade,
    /// Somebody answered an offer.
    OfferAnswered,
    /// Somebody promised to get back.
    FollowUpPlanned,
}

/// An event on a timeline.
#[derive(Clone)]
pub struct Happening {
    pub at: Timestamp,
    /// The identifier, which orders events of the same time.
    pub id: Uuid,
    pub what: What,
}

/// The content of an event, by its kind.
#[derive(Clone)]
pub enum What {
    /// A person was registered.
    Person(PersonId),
    /// A family was registered.
    Family(FamilyId),
    /// Somebody changed families, or a family was merged into another.
    Change {
        /// Whether a family was merged.
        merged: bool,
        person: Option<PersonId>,
        from: Option<FamilyId>,
        to: Option<FamilyId>,
        reason: Option<Sealed>,
    },
    /// A referral was received.
    Referral {
        id: ReferralId,
        reference: Reference,
        kind: Kind,
        /// The status that the referral has now.
        status: Status,
        /// The office that has the referral now.
        office: OfficeId,
        /// The person that the referral is about.
        person: Option<PersonId>,
    },
    /// Somebody was met in the field.
    Contact {
        id: OutreachContactId,
        /// The office on whose behalf the contact was made.
        office: OfficeId,
        channel: Channel,
        outcome: ContactOutcome,
    },
    /// A service was offered.
    Offer {
        id: OfferId,
        /// The contact at which the offer was made.
        contact: OutreachContactId,
        service: ServiceId,
    },
    /// Somebody answered an offer.
    Answer {
        answer: OfferAnswer,
        offer: OfferId,
        /// The contact at which the offer was made.
        contact: OutreachContactId,
        service: ServiceId,
    },
    /// Somebody promised to get back.
    FollowUp {
        id: FollowUpId,
        /// The contact that is followed up.
        contact: Option<OutreachContactId>,
        due_on: NaiveDate,
        done_at: Option<Timestamp>,
        office: OfficeId,
    },
}

/// The person or family whose timeline is read, and the limits of what the reader may know.
#[derive(Clone)]
pub struct Subject {
    /// The person, on a person's timeline.
    pub person: Option<PersonId>,
    /// The family, and the families that were merged into it.
    pub families: Vec<FamilyId>,
    /// The people whose referrals belong to the timeline.
    pub people: Vec<PersonId>,
    /// The people and families that the reader may know of.
    pub sight: Sight,
    /// The cases that the reader may know of.
    pub cases: Sight,
}

/// A position in a timeline: the time of an event in microseconds, and its identifier.
pub type Position = (i64, Uuid);

/// The part of a timeline that is asked for: after a position or from the beginning, and at most `limit` events.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The last event that was seen already.
    pub behind: Option<(Timestamp, Uuid)>,
    pub limit: i64,
}

/// A source of one kind of event.
pub struct Source {
    /// Returns the newest events of the source in a window, newest first.
    pub newest: fn(&mut DbConn, &Subject, Window) -> Result<Vec<Happening>>,
    /// Counts all events of the source.
    pub count: fn(&mut DbConn, &Subject) -> Result<i64>,
}

/// Reads one page. One event more than `limit` tells that there is a next page.
pub fn page(conn: &mut DbConn, subject: &Subject, from: &From<Position>, limit: u32) -> Result<Vec<Happening>> {
    let wanted = i64::from(limit) + 1;
    let (skipped, behind) = match from {
        From::Nowhere => return Ok(Vec::new()),
        From::Row(row) => (i64::try_from(*row).unwrap_or(i64::MAX - wanted), None),
        From::Behind((micros, id)) => (0, Timestamp::from_micros(*micros).map(|at| (at, *id))),
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

/// Counts all events on a timeline.
pub fn count(conn: &mut DbConn, subject: &Subject) -> Result<u64> {
    let mut total = 0;
    for source in SOURCES.iter().chain(&field::SOURCES) {
        total += (source.count)(conn, subject)?;
    }
    Ok(u64::try_from(total).unwrap_or(0))
}
