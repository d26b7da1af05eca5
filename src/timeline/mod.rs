//! What happened to a person or a family, newest first.
//!
//! It is read from where each kind of thing is kept, and stored nowhere else. A kind is a [`TimelineSource`], and adding one is a line in
//! [`SOURCES`] or in `field.rs`: each gives its own newest things behind a position, and the newest of all of them make the page.

mod field;
pub mod routes;
mod sources;
mod view;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::CaseScope;
use crate::db::DbConn;
use crate::error::Result;
use crate::http::page::PageStart;
use crate::id::{FamilyId, FollowUpId, OfferId, OfficeId, OutreachContactId, PersonId, ReferralId, ServiceId};
use crate::outreach::codes::{Channel, ContactOutcome, OfferAnswer};
use crate::referrals::reference::Reference;
use crate::referrals::{Kind, Status};
use crate::time::Timestamp;
use crate::vault::Sealed;

pub use sources::SOURCES;

/// Kinds of things that happen.
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

/// Something that happened.
#[derive(Clone)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// Identifies it among the others.
    pub id: Uuid,
    /// What.
    pub what: HappeningDetail,
}

/// What happened.
#[derive(Clone)]
pub enum HappeningDetail {
    /// A person was registered.
    Person(PersonId),
    /// A family was registered.
    Family(FamilyId),
    /// Somebody changed families, or one was merged into another.
    Change {
        /// Whether it was a merge.
        merged: bool,
        /// Who.
        person: Option<PersonId>,
        /// From where.
        from: Option<FamilyId>,
        /// To where.
        to: Option<FamilyId>,
        /// Why.
        reason: Option<Sealed>,
    },
    /// A referral was received.
    Referral {
        /// Which.
        id: ReferralId,
        /// What people call it.
        reference: Reference,
        /// What kind of matter it is.
        kind: Kind,
        /// Where it stands now.
        status: Status,
        /// The office that has it now.
        office: OfficeId,
        /// Whom it is about.
        person: Option<PersonId>,
    },
    /// Somebody was met in the field.
    Contact {
        /// The contact.
        id: OutreachContactId,
        /// On whose behalf.
        office: OfficeId,
        /// By what means.
        channel: Channel,
        /// What came of it.
        outcome: ContactOutcome,
    },
    /// A service was offered.
    Offer {
        /// The offer.
        id: OfferId,
        /// At which contact.
        contact: OutreachContactId,
        /// What was offered.
        service: ServiceId,
    },
    /// Somebody answered an offer.
    Answer {
        /// What they answered.
        answer: OfferAnswer,
        /// The offer.
        offer: OfferId,
        /// At which contact it was made.
        contact: OutreachContactId,
        /// What was offered.
        service: ServiceId,
    },
    /// Somebody promised to get back.
    FollowUp {
        /// The follow-up.
        id: FollowUpId,
        /// The contact that it follows.
        contact: Option<OutreachContactId>,
        /// By which day.
        due_on: NaiveDate,
        /// When it was done.
        done_at: Option<Timestamp>,
        /// Whose it is.
        office: OfficeId,
    },
}

/// Whose timeline it is, and what the reader may know.
#[derive(Clone)]
pub struct TimelineSubject {
    /// The person, on a person's timeline.
    pub person: Option<PersonId>,
    /// The family, and those that were merged into it.
    pub families: Vec<FamilyId>,
    /// The people whose referrals belong to it.
    pub people: Vec<PersonId>,
    /// Which people and families the reader may know of.
    pub sight: CaseScope,
    /// Which cases the reader may know of.
    pub cases: CaseScope,
}

/// A place in a timeline: when, in microseconds, and the identifier.
pub type TimelinePosition = (i64, Uuid);

/// The part of a timeline that is asked for: behind a position, or from the beginning, so many at most.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The last of what was seen already.
    pub behind: Option<(Timestamp, Uuid)>,
    /// How many at most.
    pub limit: i64,
}

/// Where a kind of things is kept.
pub struct TimelineSource {
    /// The newest of them in a window, newest first.
    pub newest: fn(&mut DbConn, &TimelineSubject, Window) -> Result<Vec<Happening>>,
    /// How many there are in all.
    pub count: fn(&mut DbConn, &TimelineSubject) -> Result<i64>,
}

/// One page; one thing more than `limit` tells that there is a next page.
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

/// How many things there are in all.
pub fn count(conn: &mut DbConn, subject: &TimelineSubject) -> Result<u64> {
    let mut total = 0;
    for source in SOURCES.iter().chain(&field::SOURCES) {
        total += (source.count)(conn, subject)?;
    }
    Ok(u64::try_from(total).unwrap_or(0))
}
