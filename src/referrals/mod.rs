//! Referrals: a matter about a child or a family, sent to the office that is responsible.
//!
//! - Each referral is about one child. The sender's words are kept unchanged.
//! - A referral is routed like a resident's question: by the child's home, never by the school's address. A child with a
//!   protected identity goes to the central reception, wherever the child lives.
//! - A referral's deadlines run from the moment it is received, by rules that are data.
//! - The office's work with a referral is its [`course`].
//! - The office sees the whole referral. The sender sees only what [`disclosure`] lets through.
//! - [`crate::auth::CaseScope`] decides which referrals a member of staff may know of, for lists and for single referrals alike.

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

/// A referral, readable. The database holds it sealed: see [`store::SealedReferral`].
#[derive(Debug, Clone)]
pub struct Referral {
    pub id: ReferralId,
    /// The code by which people name the referral.
    pub reference: Reference,
    pub kind: Kind,
    pub urgency: Urgency,
    /// Whether the referral exists only for staff who are cleared for protected identities.
    pub protected: bool,
    pub origin: Origin,
    /// The category of the sending agency at the time of sending, if an agency sent the referral.
    pub sender_category: Option<Category>,
    /// The member of staff who made the referral, if staff made it.
    pub made_by: Option<StaffId>,
    /// The office that has the referral now.
    pub office_id: OfficeId,
    /// The office that the sender was told. It follows from the sender's own words, and never changes because of something that
    /// the sender may not know.
    pub disclosed_office_id: OfficeId,
    /// The district that decided the routing.
    pub district_id: Option<DistrictId>,
    /// The member of staff who works with the referral.
    pub assignee_id: Option<StaffId>,
    /// The child, if registered here as a person.
    pub person_id: Option<PersonId>,
    /// The sender's own words.
    pub matter: NewReferral,
    pub routing: Routing,
    pub course: Course,
    /// When the part that the sender may know last changed.
    pub disclosed_at: Timestamp,
    pub deadlines: Vec<Deadline>,
    /// The earliest deadline that is not met; [`no_deadline`] when there is none.
    pub next_due_at: Timestamp,
    /// When the referral was received. All its deadlines run from here.
    pub received_at: Timestamp,
    pub updated_at: Timestamp,
    /// A counter that each change raises by one.
    pub version: i32,
}

/// A time later than every deadline; it means that there is no deadline. A null would sort first on one database and last on the other.
pub fn no_deadline() -> Timestamp {
    DateTime::<Utc>::from_timestamp(253_402_214_400, 0).unwrap_or(DateTime::<Utc>::MAX_UTC).into()
}

impl Referral {
    pub fn status(&self) -> Status {
        self.course.state.status()
    }

    /// Whether the sender wants to know the decision.
    pub fn feedback_is_requested(&self) -> bool {
        self.matter.feedback_requested.unwrap_or(false) || self.course.feedback.asked_at.is_some()
    }

    /// Whether an unmet deadline has passed.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.next_due_at < now
    }
}
