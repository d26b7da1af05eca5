//! Intake of a new referral: its content is checked, the responsible office is found, and its deadlines start.

use crate::auth::Category;
use crate::directory::snapshot::Directory;
use crate::error::Result;
use crate::id::{OutreachContactId, PartnerId, StaffId};
use crate::moment::Moment;
use crate::people::ProtectedIdentity;
use crate::referrals::course::{Course, clocks};
use crate::referrals::kind::{Kind, Origin};
use crate::referrals::matter::{NewReferral, TakenDown};
use crate::referrals::person::RegisteredPerson;
use crate::referrals::reference::Reference;
use crate::referrals::routing::Routing;
use crate::referrals::{Referral, no_deadline};

impl Referral {
    /// Makes a referral from what the partner agency `sender` sends: checks it, finds its office and starts its deadlines. `known`
    /// is the registered person that the child is, as far as it is known before the referral is stored: see
    /// [`Self::taken_in_about`].
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

    /// Makes a referral from an outreach contact, checked and routed as in [`Self::receive`]. It becomes a concern report if `new`
    /// is one, and otherwise an internal referral, which needs consent.
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

    /// Makes a referral from checked content that the member of staff `made_by` has taken down: finds its office and starts its
    /// deadlines. `known` is the registered person that the child is, if there is one.
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
        let said = new.child.is_said_to_be_protected();
        let routing = Routing::find(&new.child, said, directory)?;
        let deadlines = clocks::from_receipt(kind, moment.now, directory);
        let next_due_at = deadlines.iter().map(|deadline| deadline.due_at.into()).min().unwrap_or_else(no_deadline);
        let taken = Self {
            id: moment.id(),
            reference: Reference::new(&moment.random),
            kind,
            urgency: new.urgency,
            protected: said,
            origin,
            sender_category: None,
            made_by: None,
            office_id: routing.office_id,
            disclosed_office_id: routing.office_id,
            district_id: routing.district_id,
            assignee_id: None,
            person_id: None,
            linked_silently: false,
            matter: NewReferral { child: new.child.clone().kept(ProtectedIdentity::None), ..new },
            routing,
            course: Course::default(),
            disclosed_at: moment.now,
            next_due_at,
            deadlines,
            received_at: moment.now,
            updated_at: moment.now,
            version: 1,
        };
        taken.told_about(known, directory)
    }

    /// Returns this new referral as it is taken in about a child whose identity has this protection in the register of people. If
    /// its maker and the register differ, the stronger protection counts. A maker who does not know of the protection must not
    /// learn of it from the office's name, so the office that the maker is told stays.
    pub fn taken_in_about(&self, registered: ProtectedIdentity, directory: &Directory) -> Result<Self> {
        if !registered.is_protected() {
            return Ok(self.clone());
        }
        let routing = Routing::find(&self.matter.child, true, directory)?;
        let matter = NewReferral { child: self.matter.child.clone().kept(registered), ..self.matter.clone() };
        Ok(Self {
            protected: true,
            office_id: routing.office_id,
            district_id: routing.district_id,
            matter,
            routing,
            ..self.clone()
        })
    }

    /// Returns this new referral as it is told to staff who may know that the child is the registered person `told`.
    pub fn told_about(&self, told: Option<RegisteredPerson>, directory: &Directory) -> Result<Self> {
        match told {
            Some((person, protection)) => {
                Ok(Self { person_id: Some(person), ..self.taken_in_about(protection, directory)? })
            }
            None => Ok(self.clone()),
        }
    }
}
