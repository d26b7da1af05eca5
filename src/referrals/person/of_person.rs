//! Referrals about a person who is known here: what follows from them, and what becomes of them when the person's identity is
//! protected from now on.

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
use crate::referrals::person::Known;
use crate::referrals::routing::Routing;
use crate::referrals::store::{self, SealedReferral};
use crate::referrals::{Referral, Status};

impl Referral {
    /// What becomes of it when the person's identity is protected: it exists for few from now on, nothing in it tells a place that
    /// must not be stored, and if it is open, or something is still due, it goes to the central reception, to nobody's desk yet.
    pub fn protected_as(self, protection: ProtectedIdentity, directory: &Directory, moment: &Moment) -> Result<Self> {
        let child = self.matter.child.clone().without_whereabouts(protection);
        let matter = NewReferral { child, ..self.matter };
        // Where it would go tells where the person lives.
        let course = Course { suggested: None, ..self.course };
        if self.protected {
            // It is where it belongs; only what must not be stored of a protected registration goes.
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
            // How it was found tells where the person lives, so that goes also where the matter is at its end.
            let routing = Routing::find(&hidden.matter.child, true, directory)?;
            return Ok(Self { routing: Routing { office_id: hidden.office_id, ..routing }, ..hidden });
        }
        hidden.go_to_reception(directory)?;
        Ok(hidden)
    }

    /// Sends what is protected to the central reception. Whoever has had it need not be cleared, also where it was the reception's before.
    pub fn go_to_reception(&mut self, directory: &Directory) -> Result<()> {
        self.routing = Routing::find(&self.matter.child, true, directory)?;
        self.office_id = self.routing.office_id;
        self.assignee_id = None;
        Ok(())
    }
}

/// Whom the number of a referral's child stands for, if it stands for anybody; it stays so until the transaction ends.
pub fn hold_known(conn: &mut DbConn, number_hash: &[u8]) -> Result<Option<Known>> {
    dialect::hold_number(conn, number_hash)?;
    people::store::first_with_number(conn, number_hash)
}

/// A person whom a referral is about, whoever may know of them, and whether their number is known.
pub fn still_known(conn: &mut DbConn, person: PersonId) -> Result<(Known, bool)> {
    let columns = (people_table::protection, people_table::number_hash.is_not_null());
    let (protection, has_number): (ProtectedIdentity, bool) =
        on_backend!(conn, conn => people_table::table.find(person).select(columns).first(conn))?;
    Ok(((person, protection), has_number))
}

/// All referrals about a person that exist for everyone of their office.
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

/// Writes the next versions of referrals about a person, unless somebody else wrote one first or another one has arrived: none
/// may be left that is not protected.
pub fn protect(conn: &mut DbConn, person: PersonId, next: &[SealedReferral]) -> Result<()> {
    for referral in next {
        store::update(conn, referral)?;
    }
    if unprotected(conn, person)?.is_empty() { Ok(()) } else { Err(stale()) }
}

/// A referral about the person counts no more, or again, or for others: how the family was first reached is worked out anew.
pub fn is_no_fact_any_more(conn: &mut DbConn, person: PersonId) -> Result<()> {
    dialect::hold_people(conn, &[person])?;
    let family: Option<FamilyId> =
        on_backend!(&mut *conn, conn => people_table::table.find(person).select(people_table::family_id).first(conn))?;
    family.map_or(Ok(()), |family| reached::recompute(conn, &[family]))
}

/// Takes note that the person's family was reached by a referral that has come in. One that was entered in error reached nobody.
pub fn arrived(conn: &mut DbConn, referral: &SealedReferral) -> Result<()> {
    if referral.status == Status::EnteredInError {
        return Ok(());
    }
    let Some(person) = referral.person_id else { return Ok(()) };
    let through = reached::through(referral.kind.as_ref());
    let fact = FirstReached { at: referral.received_at, source: ResourceId::from_uuid(referral.id.uuid()), through };
    reached::person_was_reached(conn, person, fact, referral.protected)
}
