//! Finding referrals by a person, and finding the referrals that are related to one.
//!
//! Referrals cannot be searched by their text, by a need or by a place (förordning 2001:637, 15 §).

use diesel::prelude::*;

use crate::auth::CaseScope;
use crate::db::DbConn;
use crate::db::schema::{people as people_table, referrals};
use crate::error::Result;
use crate::id::{FamilyId, OfficeId, PersonId, ReferralId, StaffId};
use crate::on_backend;
use crate::people::store as people_store;
use crate::referrals::reference::Reference;
use crate::referrals::store::{SealedReferral, known_to};
use crate::referrals::{Kind, Status};
use crate::time::Timestamp;

/// The referrals about a registered person that `sight` covers, the newest first, at most `limit`. Referrals entered in error are
/// left out.
pub fn about(conn: &mut DbConn, sight: &CaseScope, person: PersonId, limit: i64) -> Result<Vec<SealedReferral>> {
    Ok(on_backend!(conn, conn => known_to!(sight)
        .filter(referrals::person_id.eq(person))
        .filter(referrals::status.ne(Status::EnteredInError))
        .order((referrals::received_at.desc(), referrals::id.desc()))
        .limit(limit)
        .load(conn))?)
}

/// A referral that is related to another one: it is about the same child or about another member of the child's family, or one was
/// copied from the other for a sibling.
#[derive(Debug, Clone)]
pub struct Related {
    pub id: ReferralId,
    pub reference: Reference,
    pub kind: Kind,
    pub status: Status,
    pub received_at: Timestamp,
    /// The office that has the referral now.
    pub office_id: OfficeId,
    /// Whether both referrals are about the same child, and not only about the same family.
    pub same_child: bool,
    /// Whether the reader may open this referral, and not only learn that it exists.
    pub is_known: bool,
}

type RelatedRow = (ReferralId, Reference, Kind, Status, Timestamp, OfficeId, Option<StaffId>);

/// Reads the rows of the referrals that match a condition. Referrals entered in error are left out, and protected ones too unless
/// `$sight` includes protected identities.
macro_rules! rows_where {
    ($conn:expr, $sight:expr, $condition:expr) => {{
        let cleared = referrals::protected.eq(false).or(referrals::protected.eq($sight.protected_identity));
        on_backend!(&mut *$conn, conn => referrals::table
            .filter($condition)
            .filter(cleared)
            .filter(referrals::status.ne(Status::EnteredInError))
            .select((
                referrals::id,
                referrals::reference,
                referrals::kind,
                referrals::status,
                referrals::received_at,
                referrals::office_id,
                referrals::made_by,
            ))
            .load::<RelatedRow>(conn))?
    }};
}

/// Returns the other referrals about the same child as the referral `to` or about the child's family, and the reports `copies` that
/// were copied with it, the newest first.
///
/// If `sight` has offices, referrals of other offices are returned as well, marked as not known. A caller whose `sight` covers only
/// the referrals that they made gets no others.
pub fn related(
    conn: &mut DbConn,
    sight: &CaseScope,
    to: &SealedReferral,
    copies: &[ReferralId],
) -> Result<Vec<Related>> {
    let (same, family) = people_around(conn, to)?;
    // A child who is not registered is recognised only by the identity number.
    let number: Vec<Vec<u8>> = to.child_number_hash.iter().cloned().collect();
    let untold = referrals::person_id.is_null().or(referrals::linked_silently.eq(true));
    let unlinked = untold.and(referrals::child_number_hash.eq_any(number).assume_not_null());
    let mut children: Vec<RelatedRow> =
        rows_where!(conn, sight, referrals::person_id.eq_any(same.clone()).assume_not_null());
    children.extend(rows_where!(conn, sight, unlinked));
    let mut others: Vec<RelatedRow> = rows_where!(conn, sight, referrals::person_id.eq_any(family).assume_not_null());
    others.extend(rows_where!(conn, sight, referrals::id.eq_any(copies.to_vec())));
    let is_known = |office: OfficeId, made_by: Option<StaffId>| {
        sight.offices.contains(&office) || (made_by.is_some() && made_by == sight.made_by)
    };
    let related = |same_child: bool| {
        move |(id, reference, kind, status, received_at, office_id, made_by): RelatedRow| {
            let is_known = is_known(office_id, made_by);
            Related { id, reference, kind, status, received_at, office_id, same_child, is_known }
        }
    };
    let mut all: Vec<Related> =
        children.into_iter().map(related(true)).chain(others.into_iter().map(related(false))).collect();
    all.retain(|other| other.id != to.id && (other.is_known || !sight.offices.is_empty()));
    // The entry about the same child comes first, so that it is kept if a referral is found both ways.
    all.sort_by_key(|other| (std::cmp::Reverse((other.received_at, other.id)), !other.same_child));
    all.dedup_by_key(|other| other.id);
    Ok(all)
}

/// The registered persons who are the referral's child (those with the same identity number), and the members of the child's
/// family. Both are empty if the child is not registered.
fn people_around(conn: &mut DbConn, referral: &SealedReferral) -> Result<(Vec<PersonId>, Vec<PersonId>)> {
    let told = referral.person_id.filter(|_| !referral.linked_silently);
    let Some(person) = told else { return Ok((Vec::new(), Vec::new())) };
    let columns = (people_table::number_hash, people_table::family_id);
    let (number, family): (Option<Vec<u8>>, Option<FamilyId>) =
        on_backend!(&mut *conn, conn => people_table::table.find(person).select(columns).first(conn))?;
    let mut same = vec![person];
    if let Some(number) = number {
        same.extend(people_store::all_with_number(conn, &number)?.iter().map(|record| record.id));
    }
    let members = match family {
        Some(family) => people_store::of_family(conn, family)?.into_iter().map(|(id, ..)| id).collect(),
        None => Vec::new(),
    };
    Ok((same, members))
}
