//! The referrals that are related to one: they are about the same child or about another member of the child's family, or one was
//! copied from the other for a sibling.
//!
//! Nobody can tell how many referrals there are about one child, so they are read page by page. They are found in several ways,
//! and each way has its own index, so there is a query for each. No referral is found in two ways.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::auth::CaseScope;
use crate::db::DbConn;
use crate::db::schema::{family_guests, people, referrals};
use crate::error::{Error, Result};
use crate::families::guests;
use crate::http::page::PageStart;
use crate::id::{FamilyId, OfficeId, PersonId, ReferralId, StaffId};
use crate::on_backend;
use crate::people::store::number_hash;
use crate::referrals::order::ReferralPosition;
use crate::referrals::own_words::{ReferralReader, listing};
use crate::referrals::reference::Reference;
use crate::referrals::store::SealedReferral;
use crate::referrals::{Kind, Referral, Status};
use crate::time::Timestamp;
use crate::vault::Vault;

/// A referral that is related to another one.
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

impl Related {
    /// The position of the referral in the list, which begins with the newest.
    pub fn position(&self) -> ReferralPosition {
        (self.received_at.micros(), self.id)
    }
}

/// The facts of a referral by which the referrals that are related to it are found.
#[derive(Debug, Clone)]
pub struct Relations {
    referral: ReferralId,
    /// The child as a registered person.
    person: Option<PersonId>,
    /// The keyed hash of the registered child's identity number.
    number: Option<Vec<u8>>,
    /// The families of the child that the reader may know of.
    families: Vec<FamilyId>,
    /// The keyed hash of the identity number by which the referral names the child.
    named_number: Option<Vec<u8>>,
    /// The reports that were copied from the referral for siblings, and the report that it was copied from.
    copies: Vec<ReferralId>,
    /// The related referrals that are hidden from the reader, as the reader's own words say them: two referrals with the same identity
    /// number are related to each other for whoever made both.
    own: Vec<Related>,
}

/// A way in which a referral is related to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// It is about the same registered person.
    SamePerson,
    /// It is about another record of the child, which has the same identity number.
    SameNumber,
    /// It names the same identity number, and is linked to no registered person.
    SameNamedNumber,
    /// It is about somebody else in one of the child's families.
    SameFamily,
    /// One of the two was copied from the other for a sibling, and they are not related in another way.
    Copied,
}

const RELATIONS: [Relation; 5] =
    [Relation::SamePerson, Relation::SameNumber, Relation::SameNamedNumber, Relation::SameFamily, Relation::Copied];

type RelatedRow = (ReferralId, Reference, Kind, Status, Timestamp, OfficeId, Option<StaffId>);

/// The people who are other records of the child: those with the number that the person of `$relations` has.
macro_rules! same_number {
    ($relations:expr) => {
        people::table
            .filter(people::number_hash.eq($relations.number.clone()))
            .filter(people::id.nullable().ne($relations.person))
            .select(people::id.nullable())
    };
}

/// The other members and guests of the child's families who are not other records of the child.
macro_rules! same_family {
    ($relations:expr) => {
        people::table
            .filter(
                people::family_id.eq_any($relations.families.clone()).assume_not_null().or(people::id.eq_any(
                    family_guests::table
                        .filter(family_guests::family_id.eq_any($relations.families.clone()))
                        .select(family_guests::person_id),
                )),
            )
            .filter(people::id.nullable().ne($relations.person))
            .filter(
                people::number_hash
                    .is_null()
                    .or(people::number_hash.ne($relations.number.clone()).assume_not_null())
                    .or($relations.number.is_none().into_sql::<Bool>()),
            )
            .select(people::id.nullable())
    };
}

/// The boxed query for the referrals that are related in one way and that `$sight` may learn of, without order or limit. Referrals
/// entered in error are left out, and protected ones too unless `$sight` includes protected identities. It is a macro since the
/// type of a boxed query depends on the database.
macro_rules! related_rows {
    ($sight:expr, $relations:expr, $relation:expr) => {{
        let (sight, relations): (&CaseScope, &Relations) = ($sight, $relations);
        let mut rows = referrals::table
            .filter(referrals::id.ne(relations.referral))
            .filter(referrals::status.ne(Status::EnteredInError))
            .into_boxed();
        if !sight.protected_identity {
            rows = rows.filter(referrals::protected.eq(false));
        }
        if sight.offices.is_empty() {
            rows = rows.filter(referrals::made_by.eq(sight.made_by));
        }
        match $relation {
            Relation::SamePerson => rows.filter(referrals::person_id.eq(relations.person)),
            Relation::SameNumber => rows.filter(referrals::person_id.eq_any(same_number!(relations))),
            Relation::SameNamedNumber => rows
                // A referral that is linked silently is found as if nobody had the number.
                .filter(
                    referrals::person_id
                        .is_null()
                        .or(referrals::linked_silently.eq(relations.person.is_none()).and(referrals::linked_silently)),
                )
                .filter(referrals::child_number_hash.eq(relations.named_number.clone())),
            Relation::SameFamily => rows.filter(referrals::person_id.eq_any(same_family!(relations))),
            Relation::Copied => {
                let mut rows = rows.filter(referrals::id.eq_any(relations.copies.clone()));
                if let Some(person) = relations.person {
                    let none = referrals::person_id.is_null();
                    rows = rows
                        .filter(none.or(referrals::person_id.ne(person).assume_not_null()))
                        .filter(none.or(referrals::person_id.ne_all(same_number!(relations)).assume_not_null()))
                        .filter(none.or(referrals::person_id.ne_all(same_family!(relations)).assume_not_null()));
                }
                if let Some(number) = relations.named_number.clone() {
                    let told = referrals::person_id.is_not_null().and(referrals::linked_silently.eq(false));
                    let linked = told.or(referrals::child_number_hash.is_null());
                    rows = rows.filter(linked.or(referrals::child_number_hash.ne(number).assume_not_null()));
                }
                rows
            }
        }
    }};
}

impl Relations {
    /// Reads the facts by which the referrals related to `referral` are found, for a `reader`. `copies` are the reports that were
    /// copied with it.
    pub fn of(
        conn: &mut DbConn,
        (reader, vault): (&ReferralReader, &Vault),
        referral: &SealedReferral,
        copies: Vec<ReferralId>,
    ) -> Result<Self> {
        let (mut number, mut families) = (None, Vec::new());
        if let Some(person) = referral.person_id {
            let row = people::table.find(person).select(people::number_hash);
            number = on_backend!(&mut *conn, conn => row.first(conn))?;
            families = guests::seen_of_one(conn, &reader.sight, person)?;
        }
        let relations = Self {
            referral: referral.id,
            person: referral.person_id,
            number,
            families,
            named_number: referral.child_number_hash.clone(),
            copies,
            own: Vec::new(),
        };
        let hidden = listing::hidden_own(conn, reader, vault)?;
        let relatives: Vec<Option<PersonId>> = match relations.families.is_empty() {
            true => Vec::new(),
            false => on_backend!(conn, conn => same_family!(relations).load(conn))?,
        };
        let own = hidden.iter().filter_map(|told| relations.own(&reader.sight, told, &relatives, vault)).collect();
        Ok(Self { own, ..relations })
    }

    /// The referral `told`, which is hidden and of which the reader has own words, if it would be related. `relatives` are the others
    /// in the child's families.
    fn own(
        &self,
        sight: &CaseScope,
        told: &Referral,
        relatives: &[Option<PersonId>],
        vault: &Vault,
    ) -> Option<Related> {
        let number = told.matter.child.number().map(|number| number_hash(vault, number));
        let same_child = match told.person_id {
            Some(_) => told.person_id == self.person,
            None => number.is_some() && number == self.named_number,
        };
        let is_relative = told.person_id.is_some() && relatives.contains(&told.person_id);
        let is_made = told.made_by.is_some() && told.made_by == sight.made_by;
        let related = same_child || is_relative || self.copies.contains(&told.id);
        let is_shown = told.status() != Status::EnteredInError && (is_made || !sight.offices.is_empty());
        (related && is_shown && told.id != self.referral).then(|| Related {
            id: told.id,
            reference: told.reference.clone(),
            kind: told.kind,
            status: told.status(),
            received_at: told.received_at,
            office_id: told.office_id,
            same_child,
            is_known: is_made || sight.offices.contains(&told.office_id),
        })
    }

    /// Whether any referral can be related in this way.
    fn has(&self, relation: Relation) -> bool {
        match relation {
            Relation::SamePerson => self.person.is_some(),
            Relation::SameNumber => self.number.is_some(),
            Relation::SameNamedNumber => self.named_number.is_some(),
            Relation::SameFamily => !self.families.is_empty(),
            Relation::Copied => !self.copies.is_empty(),
        }
    }
}

/// Returns one page of the referrals that are related by `relations`, the newest first, starting at `from`. Returns up to one row
/// more than `limit`; the extra row tells that there is a next page.
///
/// If `sight` has offices, referrals of other offices are returned as well, marked as not known. A caller whose `sight` covers only
/// the referrals that they made gets no others.
pub fn page(
    conn: &mut DbConn,
    sight: &CaseScope,
    relations: &Relations,
    from: &PageStart<ReferralPosition>,
    limit: u32,
) -> Result<Vec<Related>> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let (skipped, after) = match from {
        PageStart::Empty => return Ok(Vec::new()),
        PageStart::Row(row) => (usize::try_from(*row).unwrap_or(usize::MAX), None),
        PageStart::After((micros, id)) => {
            (0, Some((Timestamp::from_micros(*micros).ok_or_else(Error::not_found)?, *id)))
        }
    };
    let mut all = Vec::new();
    for relation in found_by(sight, relations) {
        all.extend(newest(conn, sight, relations, relation, after, skipped.saturating_add(wanted))?);
    }
    let is_after = |related: &&Related| after.is_none_or(|(at, id)| related.position() < (at.micros(), id));
    all.extend(relations.own.iter().filter(is_after).cloned());
    all.sort_by_key(|related| std::cmp::Reverse(related.position()));
    Ok(all.into_iter().skip(skipped).take(wanted).collect())
}

/// Counts the referrals that are related by `relations` and that `sight` may learn of, on all pages together.
pub fn count(conn: &mut DbConn, sight: &CaseScope, relations: &Relations) -> Result<u64> {
    let mut total = u64::try_from(relations.own.len()).unwrap_or(0);
    for relation in found_by(sight, relations) {
        let count: i64 =
            on_backend!(&mut *conn, conn => related_rows!(sight, relations, relation).count().get_result(conn))?;
        total += u64::try_from(count).unwrap_or(0);
    }
    Ok(total)
}

/// The ways in which referrals may be related that a reader with this `sight` may learn of.
fn found_by(sight: &CaseScope, relations: &Relations) -> impl Iterator<Item = Relation> {
    let sees_nothing = sight.offices.is_empty() && sight.made_by.is_none();
    RELATIONS.into_iter().filter(move |relation| !sees_nothing && relations.has(*relation))
}

/// Returns the newest referrals that are related in one way, after the position `after`, at most `limit`.
fn newest(
    conn: &mut DbConn,
    sight: &CaseScope,
    relations: &Relations,
    relation: Relation,
    after: Option<(Timestamp, ReferralId)>,
    limit: usize,
) -> Result<Vec<Related>> {
    let columns = (
        referrals::id,
        referrals::reference,
        referrals::kind,
        referrals::status,
        referrals::received_at,
        referrals::office_id,
        referrals::made_by,
    );
    let found: Vec<RelatedRow> = on_backend!(conn, conn => {
        let mut rows = related_rows!(sight, relations, relation);
        if let Some((at, id)) = after {
            let earlier = referrals::received_at.lt(at).or(referrals::received_at.eq(at).and(referrals::id.lt(id)));
            rows = rows.filter(earlier);
        }
        rows.order((referrals::received_at.desc(), referrals::id.desc()))
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .select(columns)
            .load(conn)
    })?;
    let same_child = !matches!(relation, Relation::SameFamily | Relation::Copied);
    let related = |(id, reference, kind, status, received_at, office_id, made_by): RelatedRow| {
        let is_known = sight.offices.contains(&office_id) || (made_by.is_some() && made_by == sight.made_by);
        Related { id, reference, kind, status, received_at, office_id, same_child, is_known }
    };
    Ok(found.into_iter().map(related).collect())
}
