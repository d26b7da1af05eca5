//! Referrals about a registered person: finding them, recording that they reached the person's family, and hiding them when the
//! person's identity becomes protected.

use diesel::prelude::*;

use crate::db::schema::{people as people_table, referrals};
use crate::db::{DbConn, dialect};
use crate::directory::Directory;
use crate::error::Result;
use crate::families::{self, FirstReached, reached};
use crate::id::{FamilyId, PersonId, ReferralId, ResourceId};
use crate::moment::Moment;
use crate::on_backend;
use crate::people::{self, ProtectedIdentity, belonging};
use crate::referrals::course::{Course, clocks};
use crate::referrals::matter::NewReferral;
use crate::referrals::person::{PersonLink, RegisteredPerson};
use crate::referrals::routing::Routing;
use crate::referrals::store::SealedReferral;
use crate::referrals::{Referral, Status};

impl Referral {
    /// Returns the next version of the referral after its child's identity became protected. Only cleared staff may know of it from
    /// now on, and no whereabouts are kept that must not be stored. If the referral was not protected before, and is open or has a
    /// running deadline, it goes to the central reception without an assignee.
    pub fn protected_as(self, protection: ProtectedIdentity, directory: &Directory, moment: &Moment) -> Result<Self> {
        let child = self.matter.child.clone().without_whereabouts(protection);
        let matter = NewReferral { child, ..self.matter };
        // The suggested office would tell where the person lives.
        let course = Course { suggested: None, ..self.course };
        if self.protected {
            // The referral is at the right office already; only facts that must not be stored for a protected registration are
            // removed.
            return Ok(Self { matter, course, updated_at: moment.now, version: self.version + 1, ..self });
        }
        let mut hidden = Self {
            protected: true,
            // Only cleared staff read the referral from now on, and they may know of the person.
            linked_silently: false,
            district_id: None,
            matter,
            course,
            updated_at: moment.now,
            version: self.version + 1,
            ..self
        };
        if hidden.status().is_final() && clocks::running(&hidden).next().is_none() {
            // The routing tells where the person lives, so it is replaced also when the referral has ended.
            let routing = Routing::find(&hidden.matter.child, true, directory)?;
            return Ok(Self { routing: Routing { office_id: hidden.office_id, ..routing }, ..hidden });
        }
        hidden.go_to_reception(directory)?;
        Ok(hidden)
    }

    /// Moves a protected referral to the central reception. The assignee is removed even if the referral was at the reception
    /// before, since the assignee may not be cleared.
    pub fn go_to_reception(&mut self, directory: &Directory) -> Result<()> {
        self.routing = Routing::find(&self.matter.child, true, directory)?;
        self.office_id = self.routing.office_id;
        self.assignee_id = None;
        Ok(())
    }
}

/// Returns a registered person with the current protection, and whether the person's identity number is registered; `None` if
/// nobody has this identifier. The caller need not be allowed to know of the person.
pub fn still_known(conn: &mut DbConn, person: PersonId) -> Result<Option<(RegisteredPerson, bool)>> {
    let columns = (people_table::protection, people_table::number_hash.is_not_null());
    let found: Option<(ProtectedIdentity, bool)> =
        on_backend!(conn, conn => people_table::table.find(person).select(columns).first(conn).optional())?;
    Ok(found.map(|(protection, has_number)| ((person, protection), has_number)))
}

/// The identifiers of the referrals about a registered person that are not protected.
pub fn unprotected(conn: &mut DbConn, person: PersonId) -> Result<Vec<ReferralId>> {
    Ok(on_backend!(conn, conn => referrals::table
        .filter(referrals::person_id.eq(person))
        .filter(referrals::protected.eq(false))
        .select(referrals::id)
        .load(conn))?)
}

/// The identifiers of all referrals about a registered person, protected ones included.
pub fn all(conn: &mut DbConn, person: PersonId) -> Result<Vec<ReferralId>> {
    let about = referrals::table.filter(referrals::person_id.eq(person));
    Ok(on_backend!(conn, conn => about.select(referrals::id).load(conn))?)
}

/// The most referrals that are read, sealed again and written in one step, and that one audit record names. There may be tens of
/// thousands about one person, and they must not all be in memory at once.
pub const AT_ONCE: usize = 100;

/// Returns the referrals with these identifiers, at most [`AT_ONCE`], whoever may know of them.
pub fn named(conn: &mut DbConn, ids: &[ReferralId]) -> Result<Vec<SealedReferral>> {
    let rows = referrals::table.filter(referrals::id.eq_any(ids.to_vec())).order(referrals::id);
    Ok(on_backend!(conn, conn => rows.load(conn))?)
}

/// Computes again how the person's families were first reached; does nothing if the person has none. Used when a referral about
/// the person no longer counts, counts again, or is about somebody else.
pub fn is_no_fact_any_more(conn: &mut DbConn, person: PersonId) -> Result<()> {
    dialect::hold_people(conn, &[person])?;
    let families = belonging::families_of_one(conn, person)?;
    reached::recompute(conn, &families)
}

/// Records what follows from a new referral's link to a registered person: the referral's office has met the person and the
/// person's family, unless the link is silent, and the referral reached the family at the time of its receipt.
///
/// The statements are the same whether there is a person or not, and whether the person has a family: the time that a call takes
/// must not tell whether an identity number is registered.
pub fn linked(conn: &mut DbConn, referral: &SealedReferral, link: &PersonLink) -> Result<()> {
    let person = link.id().unwrap_or_else(PersonId::nobody);
    let met = if link.is_silent { PersonId::nobody() } else { person };
    let (office, source) = (referral.office_id, ResourceId::from_uuid(referral.id.uuid()));
    people::store::meet_if_registered(conn, met, office, referral.protected, source)?;
    // The person may be moving to another family at this moment.
    dialect::hold_people(conn, &[person])?;
    let families = belonging::families_of_one(conn, person)?;
    let is_hidden = referral.protected || link.protection().is_protected();
    let met = match families.as_slice() {
        [] => None,
        [only] => Some(*only),
        // Only a guest belongs to several families.
        several => families::store::met_among(conn, several, office, is_hidden)?,
    };
    let met = met.filter(|_| !link.is_silent).unwrap_or_else(FamilyId::nobody);
    families::store::meet_if_registered(conn, met, office, is_hidden, source)?;
    reached::families_were_reached(conn, &families, fact_of(referral), referral.protected)
}

/// Records that a referral reached the family of its child at the time of its receipt. Does nothing if the child is not
/// registered, or if the referral was entered in error.
pub fn arrived(conn: &mut DbConn, referral: &SealedReferral) -> Result<()> {
    if referral.status == Status::EnteredInError {
        return Ok(());
    }
    let Some(person) = referral.person_id else { return Ok(()) };
    reached::person_was_reached(conn, person, fact_of(referral), referral.protected)
}

fn fact_of(referral: &SealedReferral) -> FirstReached {
    let through = reached::through(referral.kind.as_ref());
    FirstReached { at: referral.received_at, source: ResourceId::from_uuid(referral.id.uuid()), through }
}
