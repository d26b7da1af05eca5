//! Referrals: a matter about a child or a family, sent to the office that is responsible.
//!
//! - One child for each referral. What the sender wrote is kept word for word.
//! - It is routed like a resident's question, by where the child lives and never by the school's address; a child with a
//!   protected identity is the central reception's, whatever the place.
//! - Its deadlines run from the moment it is received, by rules that are data.
//! - What the office makes of it is its [`course`].
//! - The office sees all of it; the sender sees what [`disclosure`] lets through, and nothing else.
//! - Which referrals a member of staff may know of is [`crate::auth::Sight`]'s to say, for lists and single ones alike.

pub mod course;
pub mod disclosure;
pub mod faces;
mod finding;
pub mod intake;
pub mod kind;
pub mod matter;
pub mod messages;
pub mod person;
pub mod reference;
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

/// A referral. The database has it sealed: see [`store::SealedReferral`].
#[derive(Debug, Clone)]
pub struct Referral {
    /// Identifies it to programs.
    pub id: ReferralId,
    /// Identifies it to people.
    pub reference: Reference,
    /// What kind of matter it is.
    pub kind: Kind,
    /// How soon somebody must look at it.
    pub urgency: Urgency,
    /// Whether it exists only for staff who are cleared for protected identities.
    pub protected: bool,
    /// Where it comes from.
    pub origin: Origin,
    /// What its sender was when it was sent, if an agency sent it.
    pub sender_category: Option<Category>,
    /// Who of the staff made it, if they did.
    pub made_by: Option<StaffId>,
    /// The office that has it now.
    pub office_id: OfficeId,
    /// The office that the sender was told. It follows from the sender's own words, and moves with nothing that the sender may not know.
    pub disclosed_office_id: OfficeId,
    /// The district it was routed by.
    pub district_id: Option<DistrictId>,
    /// Who works with it.
    pub assignee_id: Option<StaffId>,
    /// Whom it is about, where the person is known here.
    pub person_id: Option<PersonId>,
    /// What the sender wrote.
    pub matter: NewReferral,
    /// How the office was found.
    pub routing: Routing,
    /// What has become of it.
    pub course: Course,
    /// When what its sender may know of it changed last.
    pub disclosed_at: Timestamp,
    /// What must be done by when.
    pub deadlines: Vec<Deadline>,
    /// The next of the deadlines that are not met; [`no_deadline`] when there is none.
    pub next_due_at: Timestamp,
    /// When it was received: what all clocks run from.
    pub received_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes.
    pub version: i32,
}

/// Behind every deadline. A null would sort first on one database and last on the other.
pub fn no_deadline() -> Timestamp {
    DateTime::<Utc>::from_timestamp(253_402_214_400, 0).unwrap_or(DateTime::<Utc>::MAX_UTC).into()
}

impl Referral {
    /// Where it stands.
    pub fn status(&self) -> Status {
        self.course.state.status()
    }

    /// Whether the sender wants to know what is decided.
    pub fn feedback_is_requested(&self) -> bool {
        self.matter.feedback_requested.unwrap_or(false) || self.course.feedback.asked_at.is_some()
    }

    /// Whether a deadline has passed that is not met.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.next_due_at < now
    }
}
