//! Things that happen, and the sources that tell of them.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::auth::case_scope::CaseScope;
use crate::db::DbConn;
use crate::error::Result;
use crate::id::{FamilyId, FollowUpId, OfferId, OfficeId, OutreachContactId, PersonId, ReferralId, ServiceId};
use crate::outreach::codes::{Channel, ContactOutcome, OfferAnswer};
use crate::referrals::kind::{Kind, Status};
use crate::referrals::reference::Reference;
use crate::time::Timestamp;
use crate::vault::Sealed;

/// An event on a timeline.
#[derive(Clone)]
pub struct Happening {
    pub at: Timestamp,
    /// The identifier, which orders events of the same time.
    pub id: Uuid,
    pub what: HappeningDetail,
}

/// The content of an event, by its kind.
#[derive(Clone)]
pub enum HappeningDetail {
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
        /// The kind of the referral.
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
pub struct TimelineSubject {
    /// The person, on a person's timeline.
    pub person: Option<PersonId>,
    /// The family, and the families that were merged into it.
    pub families: Vec<FamilyId>,
    /// The people whose referrals belong to the timeline.
    pub people: Vec<PersonId>,
    /// The people and families that the reader may know of.
    pub sight: CaseScope,
    /// The cases that the reader may know of.
    pub cases: CaseScope,
}

/// The part of a timeline that is asked for: after a position or from the beginning, and at most `limit` events.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The last event that was seen already.
    pub behind: Option<(Timestamp, Uuid)>,
    pub limit: i64,
}

/// A source of one kind of event.
pub struct TimelineSource {
    /// Returns the newest events of the source in a window, newest first.
    pub newest: fn(&mut DbConn, &TimelineSubject, Window) -> Result<Vec<Happening>>,
    /// Counts all events of the source.
    pub count: fn(&mut DbConn, &TimelineSubject) -> Result<i64>,
}
