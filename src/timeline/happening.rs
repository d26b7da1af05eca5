//! Things that happen, and the sources that tell of them.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::auth::sight::Sight;
use crate::db::DbConn;
use crate::error::Result;
use crate::id::{FamilyId, FollowUpId, OfferId, OfficeId, OutreachContactId, PersonId, ReferralId, ServiceId};
use crate::outreach::codes::{Channel, ContactOutcome, OfferAnswer};
use crate::referrals::kind::{Kind, Status};
use crate::referrals::reference::Reference;
use crate::time::Timestamp;
use crate::vault::Sealed;

/// Something that happened.
#[derive(Clone)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// Identifies it among the others.
    pub id: Uuid,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone)]
pub enum What {
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
pub struct Subject {
    /// The person, on a person's timeline.
    pub person: Option<PersonId>,
    /// The family, and those that were merged into it.
    pub families: Vec<FamilyId>,
    /// The people whose referrals belong to it.
    pub people: Vec<PersonId>,
    /// Which people and families the reader may know of.
    pub sight: Sight,
    /// Which cases the reader may know of.
    pub cases: Sight,
}

/// The part of a timeline that is asked for: behind a position, or from the beginning, so many at most.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The last of what was seen already.
    pub behind: Option<(Timestamp, Uuid)>,
    /// How many at most.
    pub limit: i64,
}

/// Where a kind of things is kept.
pub struct Source {
    /// The newest of them in a window, newest first.
    pub newest: fn(&mut DbConn, &Subject, Window) -> Result<Vec<Happening>>,
    /// How many there are in all.
    pub count: fn(&mut DbConn, &Subject) -> Result<i64>,
}
