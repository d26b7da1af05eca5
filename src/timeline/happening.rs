//! The events on a timeline, and the interface of the sources that find them in the database.

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

/// An event on the timeline of a person or family.
#[derive(Clone)]
pub struct Happening {
    pub at: Timestamp,
    /// The identifier of the thing that the event is about, such as the referral. It orders events of the same time.
    pub id: Uuid,
    pub what: HappeningDetail,
}

/// The kind of an event, with the data that is shown for this kind.
#[derive(Clone)]
pub enum HappeningDetail {
    /// A person was registered.
    Person(PersonId),
    /// A family was registered.
    Family(FamilyId),
    /// Somebody changed families, or a family was merged into another.
    Change {
        /// Whether this is a merge of a family into another one. If not, the person `person` joined, left or changed families.
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
        /// The kind of referral, such as a concern report.
        kind: Kind,
        /// The status of the referral at present, not when it was received.
        status: Status,
        /// The office that has the referral at present.
        office: OfficeId,
        /// The person that the referral is about.
        person: Option<PersonId>,
    },
    /// A contact took place: staff met, called or tried to reach somebody in outreach work.
    Contact {
        id: OutreachContactId,
        /// The office on whose behalf the contact was made.
        office: OfficeId,
        channel: Channel,
        outcome: ContactOutcome,
    },
    /// A service was offered to somebody at a contact.
    Offer {
        id: OfferId,
        /// The contact at which the service was offered.
        contact: OutreachContactId,
        service: ServiceId,
    },
    /// Somebody answered the offer of a service.
    Answer {
        answer: OfferAnswer,
        offer: OfferId,
        /// The contact at which the service was offered.
        contact: OutreachContactId,
        service: ServiceId,
    },
    /// A follow-up was planned: staff promised to get back to somebody.
    FollowUp {
        id: FollowUpId,
        /// The contact that is followed up. `None` if the promise belongs to no contact.
        contact: Option<OutreachContactId>,
        due_on: NaiveDate,
        done_at: Option<Timestamp>,
        office: OfficeId,
    },
}

/// The person or family whose timeline is read, and the scopes that limit what its reader may know.
#[derive(Clone)]
pub struct TimelineSubject {
    /// The person, on a person's timeline; `None` on a family's timeline.
    pub person: Option<PersonId>,
    /// On a family's timeline, the family and the families that were merged into it; empty on a person's timeline.
    pub families: Vec<FamilyId>,
    /// The people whose referrals and contacts belong to the timeline: the person, or the family's members that the reader may
    /// know of.
    pub people: Vec<PersonId>,
    /// The scope that decides which people, families and outreach work the reader may know of.
    pub sight: CaseScope,
    /// The scope that decides which referrals the reader may know of.
    pub cases: CaseScope,
    /// The referrals about these people that are hidden from the reader, as the reader's own words say them.
    pub own: Vec<Happening>,
}

/// The part of a timeline that is asked for: at most `limit` events, the newest of all or the newest of those that come after
/// `behind` in the list.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The time and identifier of the last event that the reader has already got, if any. In the list, the newest event is first.
    pub behind: Option<(Timestamp, Uuid)>,
    pub limit: i64,
}

/// The two functions that read one kind of event from the database.
pub struct TimelineSource {
    /// Returns the events of this kind that lie in the window, the newest first.
    pub newest: fn(&mut DbConn, &TimelineSubject, Window) -> Result<Vec<Happening>>,
    /// Counts all events of this kind on the timeline.
    pub count: fn(&mut DbConn, &TimelineSubject) -> Result<i64>,
}
