//! Referrals: matters about a child, each sent to the office of social services that is responsible for the child.
//!
//! - Each referral is about one child. The sender's description is kept unchanged; the facts about the child and the guardians can
//!   be corrected.
//! - The responsible office is found by the same rules as for a resident who asks where to turn: by the child's home, never by the
//!   school's address. The referral of a child with a protected identity goes to the central reception, wherever the child lives.
//! - The deadlines of a referral follow from rules in the data of the directory. Most run from the moment at which the referral is
//!   received; some, such as the one for feedback, start later.
//! - The module [`course`] contains the office's work with a referral, from its receipt to its end.
//! - The office sees the whole referral. The sender sees only what [`disclosure`] lets through.
//! - [`crate::auth::CaseScope`] decides which referrals a member of staff may know of, for lists and for single referrals alike.

pub mod bound;
pub mod course;
pub mod disclosure;
pub mod faces;
mod finding;
pub mod intake;
pub mod kind;
pub mod lookups;
pub mod matter;
pub mod messages;
mod moving;
pub mod order;
pub mod own_words;
pub mod person;
pub mod reference;
mod related;
mod routing;
pub mod sending;
pub mod siblings;
pub mod store;

use chrono::{DateTime, Utc};

use crate::auth::Category;
use crate::calendar::Deadline;
use crate::id::{DistrictId, OfficeId, PersonId, ReferralId, StaffId};
use crate::time::Timestamp;

use course::Course;
pub use kind::{Kind, Origin, Status, Urgency};
use matter::NewReferral;
use reference::Reference;
use routing::Routing;

/// A referral in memory, with its personal data readable. In the database that data is sealed (encrypted): see
/// [`store::SealedReferral`].
#[derive(Debug, Clone)]
pub struct Referral {
    pub id: ReferralId,
    /// The short code by which people name the referral, such as `R-7K3M-9QFC`.
    pub reference: Reference,
    pub kind: Kind,
    pub urgency: Urgency,
    /// Whether the referral is hidden from all staff who are not cleared for protected identities.
    pub protected: bool,
    pub origin: Origin,
    /// The category of the partner agency that sent the referral, such as school or police; `None` if no agency sent it. It is
    /// updated when the agency's category changes.
    pub sender_category: Option<Category>,
    /// The member of staff who wrote the referral down; `None` if a partner agency sent it.
    pub made_by: Option<StaffId>,
    /// The office that has the referral now.
    pub office_id: OfficeId,
    /// The office that the sender is told has the referral. It follows from the sender's own words, and never changes because of
    /// something that the sender may not know.
    pub disclosed_office_id: OfficeId,
    /// The district by which the office was found; `None` if it is unknown, or if the child's identity is protected.
    pub district_id: Option<DistrictId>,
    /// The member of staff to whom the referral is assigned at its office.
    pub assignee_id: Option<StaffId>,
    /// The identifier of the child as a registered person; `None` if the child is not registered. Answers tell it by
    /// [`Referral::told_person_id`].
    pub person_id: Option<PersonId>,
    /// Whether the link to the registered person is told to nobody, since only an identity number leads there that staff wrote
    /// who may not know of the person. Answers then say what would hold if nobody had the number.
    pub linked_silently: bool,
    /// The content of the referral: the sender's words, with later corrections of the facts about the child and the guardians.
    pub matter: NewReferral,
    pub routing: Routing,
    pub course: Course,
    /// When the part of the referral that its sender may know last changed.
    pub disclosed_at: Timestamp,
    pub deadlines: Vec<Deadline>,
    /// The time of the earliest running deadline; [`no_deadline`] if no deadline runs.
    pub next_due_at: Timestamp,
    /// When the referral was received. Deadlines that start at receipt run from this time.
    pub received_at: Timestamp,
    pub updated_at: Timestamp,
    /// The number of the current version: 1 at first, and one more after each change.
    pub version: i32,
}

/// A time at the end of the year 9999, stored where there is no deadline. A null would sort first on one database and last on the
/// other.
pub fn no_deadline() -> Timestamp {
    DateTime::<Utc>::from_timestamp(253_402_214_400, 0).unwrap_or(DateTime::<Utc>::MAX_UTC).into()
}

impl Referral {
    pub fn status(&self) -> Status {
        self.course.state.status()
    }

    /// The identifier of the child as a registered person, as far as answers may tell it. `None` if the referral is linked silently.
    pub fn told_person_id(&self) -> Option<PersonId> {
        self.person_id.filter(|_| !self.linked_silently)
    }

    /// Whether the sender has asked to be told the decision on the referral, either in the referral itself or later.
    pub fn feedback_is_requested(&self) -> bool {
        self.matter.feedback_requested.unwrap_or(false) || self.course.feedback.asked_at.is_some()
    }

    /// Whether a running deadline of the referral is earlier than `now`.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.next_due_at < now
    }
}
