//! Referrals about a registered person: finding them, recording that a family was reached, and hiding them when the person's
//! identity becomes protected.

use diesel::prelude::*;

use crate::db::schema::{people as people_table, referrals};
use crate::db::{DbConn, dialect, stale};
use crate::directory::Directory;
use crate::error::Result;
use crate::families::{FirstReached, reached};
use crate::id::{FamilyId, PersonId, ResourceId};
use crate::moment::Moment;
use crate::on_backend;
use crate::people::{self, ProtectedIdentity};
use crate::referrals::course::{Course, clocks};
use crate::referrals::matter::NewReferral;
use crate::referrals::person::RegisteredPerson;
use crate::referrals::routing::Routing;
use crate::referrals::store::{self, SealedReferral};
use crate::referrals::{Referral, Status};

impl Referral {
    /// Returns the referral's next version after the person's identity became protected. Only cleared staff may know of it from
    /// now on, and no place is kept that must not be stored. If the referral is open or a deadline still runs, it goes to the
    /// central reception without an assignee.
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

    /// Sends a protected referral to the central reception. The assignee is removed even if the referral was at the reception
    /// before, since the assignee may not be cleared.
    pub fn go_to_reception(&mut self, directory: &Directory) -> Result<()> {
        self.routing = Routing::find(&self.matter.child, true, directory)?;
        self.office_id = self.routing.office_id;
        self.assignee_id = None;
        Ok(())
    }
}

/// Returns the person with the identity number of a referral's child, if the person is registered. The number is locked until
/// the transaction ends.
pub fn hold_known(conn: &mut DbConn, number_hash: &[u8]) -> Result<Option<RegisteredPerson>> {
    dialect::hold_number(conn, number_hash)?;
    people::store::first_with_number(conn, number_hash)
}

/// Returns a person that a referral is about, whether or not the caller may know of the person, and whether the person's
/// identity number is registered.
pub fn still_known(conn: &mut DbConn, person: PersonId) -> Result<(RegisteredPerson, bool)> {
    let columns = (people_table::protection, people_table::number_hash.is_not_null());
    let (protection, has_number): (ProtectedIdentity, bool) =
        on_backend!(conn, conn => people_table::table.find(person).select(columns).first(conn))?;
    Ok(((person, protection), has_number))
}

/// The referrals about a person that are not protected.
pub fn unprotected(conn: &mut DbConn, person: PersonId) -> Result<Vec<SealedReferral>> {
    Ok(on_backend!(conn, conn => referrals::table
        .filter(referrals::person_id.eq(person))
        .filter(referrals::protected.eq(false))
        .load(conn))?)
}

/// All referrals about a person.
pub fn all(conn: &mut DbConn, person: PersonId) -> Result<Vec<SealedReferral>> {
    Ok(on_backend!(conn, conn => referrals::table.filter(referrals::person_id.eq(person)).load(conn))?)
}

/// Writes the next versions of referrals about a person. Fails if somebody else wrote one first, or if another referral has
/// arrived: no unprotected referral may be left.
pub fn protect(conn: &mut DbConn, person: PersonId, next: &[SealedReferral]) -> Result<()> {
    for referral in next {
        store::update(conn, referral)?;
    }
    if unprotected(conn, person)?.is_empty() { Ok(()) } else { Err(stale()) }
}

/// Computes again how the person's family was first reached. Used when a referral about the person no longer counts, counts
/// again, or is about somebody else.
pub fn is_no_fact_any_more(conn: &mut DbConn, person: PersonId) -> Result<()> {
    dialect::hold_people(conn, &[person])?;
    let family: Option<FamilyId> =
        on_backend!(&mut *conn, conn => people_table::table.find(person).select(people_table::family_id).first(conn))?;
    family.map_or(Ok(()), |family| reached::recompute(conn, &[family]))
}

/// Records that the person's family was reached by a referral that has come in. A referral entered in error reached nobody.
pub fn arrived(conn: &mut DbConn, referral: &SealedReferral) -> Result<()> {
    if referral.status == Status::EnteredInError {
        return Ok(());
    }
    let Some(person) = referral.person_id else { return Ok(()) };
    let through = reached::through(referral.kind.as_ref());
    let fact = FirstReached { at: referral.received_at, source: ResourceId::from_uuid(referral.id.uuid()), through };
    reached::person_was_reached(conn, person, fact, referral.protected)
}
