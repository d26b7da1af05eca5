//! Referrals: a matter about a child or a family, sent to the office that is responsible.
//!
//! - Each referral is about one child. The sender's words are kept unchanged.
//! - A referral is routed like a resident's question: by the child's home, never by the school's address. A child with a
//!   protected identity goes to the central reception, wherever the child lives.
//! - A referral's deadlines run from the moment it is received, by rules that are data.
//! - The office's work with a referral is its [`course`].
//! - The office sees the whole referral. The sender sees only what [`disclosure`] lets through.
//! - [`crate::auth::Sight`] decides which referrals a member of staff may know of, for lists and for single referrals alike.

pub mod course;
pub mod disclosure;
pub mod faces;
mod finding;
pub mod matter;
pub mod messages;
pub mod person;
pub mod reference;
mod routing;
pub mod sending;
pub mod siblings;
pub mod store;

use chrono::{DateTime, Utc};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Category;
use crate::calendar::Deadline;
use crate::directory::Directory;
use crate::error::Result;
use crate::id::{DistrictId, OfficeId, OutreachContactId, PartnerId, PersonId, ReferralId, StaffId};
use crate::time::{Moment, Timestamp};

use course::{Course, clocks};
use matter::{NewReferral, TakenDown};
use person::of_person::RegisteredPerson;
use reference::Reference;
use routing::Routing;

/// The kind of a referral, which decides its rules and deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ReferralKind)]
pub enum Kind {
    /// A report made under a legal duty, or by anyone who is worried about a child. It needs no consent.
    ConcernReport,
    /// A request for support that a partner agency sends with the family's consent.
    SupportRequest,
    /// A request that a young person or a guardian makes for themselves.
    SelfRequest,
    /// A referral that staff make from an outreach contact.
    Internal,
}

/// The state of a referral at its office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ReferralStatus)]
pub enum Status {
    Received,
    InformationRequested,
    Accepted,
    InProgress,
    OnHold,
    HandedOver,
    ClosedNoInquiry,
    Declined,
    Duplicate,
    Completed,
    DeclinedByFamily,
    NotReached,
    Withdrawn,
    EnteredInError,
}

/// The time within which somebody must look at a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Urgency {
    /// The referral is looked at in its turn.
    Routine,
    /// The referral is looked at within days.
    Soon,
    /// The referral is looked at now.
    Immediate,
}
crate::text_column!(Kind, Status, Urgency);

/// The source of a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Partner(PartnerId),
    /// Staff made it from a contact in the field.
    Contact(OutreachContactId),
    /// A young person or a guardian asked for support themselves.
    SelfRequest,
    /// Staff took it down for a private person.
    Private,
}

impl Origin {
    /// The agency, if one sent the referral.
    pub fn partner(self) -> Option<PartnerId> {
        match self {
            Self::Partner(id) => Some(id),
            _ => None,
        }
    }

    /// The contact in the field, if the referral was made from one.
    pub fn contact(self) -> Option<OutreachContactId> {
        match self {
            Self::Contact(id) => Some(id),
            _ => None,
        }
    }
}

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
    /// Receives a referral from a partner agency: checks it, finds its office and starts its clocks. `known` is the child, if
    /// registered here. If the sender and the register differ about the child's protection, the stronger protection counts.
    pub fn receive(
        new: NewReferral,
        (sender, category): (PartnerId, Category),
        known: Option<RegisteredPerson>,
        directory: &Directory,
        moment: &Moment,
    ) -> Result<Self> {
        let (kind, origin) = (Kind::from(new.kind), Origin::Partner(sender));
        new.check(kind, origin, directory.calendar.local_date(moment.now.utc()), directory)?;
        let taken = Self::take_in(new, (kind, origin), known, directory, moment)?;
        Ok(Self { sender_category: Some(category), ..taken })
    }

    /// Makes a referral from a contact in the field, by the rules that [`Self::receive`] follows: a concern report, or with
    /// consent an internal referral.
    pub fn of_contact(
        new: NewReferral,
        (contact, made_by): (OutreachContactId, StaffId),
        known: Option<RegisteredPerson>,
        directory: &Directory,
        moment: &Moment,
    ) -> Result<Self> {
        let kind = match Kind::from(new.kind) {
            Kind::ConcernReport => Kind::ConcernReport,
            _ => Kind::Internal,
        };
        let origin = Origin::Contact(contact);
        new.check(kind, origin, directory.calendar.local_date(moment.now.utc()), directory)?;
        Self::made(TakenDown { matter: new, kind, origin }, made_by, known, directory, moment)
    }

    /// Makes a referral from a matter that staff have taken down.
    pub fn made(
        taken_down: TakenDown,
        made_by: StaffId,
        known: Option<RegisteredPerson>,
        directory: &Directory,
        moment: &Moment,
    ) -> Result<Self> {
        let TakenDown { matter, kind, origin } = taken_down;
        let taken = Self::take_in(matter, (kind, origin), known, directory, moment)?;
        Ok(Self { made_by: Some(made_by), ..taken })
    }

    fn take_in(
        new: NewReferral,
        (kind, origin): (Kind, Origin),
        known: Option<RegisteredPerson>,
        directory: &Directory,
        moment: &Moment,
    ) -> Result<Self> {
        let known_protection = known.map(|(_, protection)| protection).unwrap_or_default();
        let said = new.child.protected_identity.unwrap_or_default();
        let protected = said.max(known_protection).is_protected();
        let routing = Routing::find(&new.child, protected, directory)?;
        // A sender who does not know that the child is protected must not learn it from the office's name.
        let told = if protected == said.is_protected() {
            routing.office_id
        } else {
            Routing::find(&new.child, false, directory)?.office_id
        };
        let deadlines = clocks::from_receipt(kind, moment.now, directory);
        let next_due_at = deadlines.iter().map(|deadline| deadline.due_at.into()).min().unwrap_or_else(no_deadline);
        Ok(Self {
            id: moment.id(),
            reference: Reference::new(&moment.random),
            kind,
            urgency: new.urgency,
            protected,
            origin,
            sender_category: None,
            made_by: None,
            office_id: routing.office_id,
            disclosed_office_id: told,
            district_id: routing.district_id,
            assignee_id: None,
            person_id: known.map(|(id, _)| id),
            matter: NewReferral { child: new.child.clone().kept(known_protection), ..new },
            routing,
            course: Course::default(),
            disclosed_at: moment.now,
            next_due_at,
            deadlines,
            received_at: moment.now,
            updated_at: moment.now,
            version: 1,
        })
    }

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
