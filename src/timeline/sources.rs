//! The sources of those timeline events that do not come from outreach work. Each source finds only events that the reader may
//! know of.

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::auth::CaseScope;
use crate::db::DbConn;
use crate::db::schema::{families, family_events, people, person_offices, referrals};
use crate::error::Result;
use crate::families::FamilyEventKind;
use crate::families::store::FamilyEvent;
use crate::id::{FamilyEventId, FamilyId, OfficeId, PersonId, ReferralId};
use crate::on_backend;
use crate::people::ProtectedIdentity;
use crate::people::store::links_for;
use crate::referrals::reference::Reference;
use crate::referrals::store::known_to;
use crate::referrals::{Kind, Status};
use crate::time::Timestamp;
use crate::timeline::{Happening, HappeningDetail, TimelineSource, TimelineSubject, Window};

/// The sources of registrations, of changes of families and of referrals, in the order of the kinds in [`HappeningDetail`].
pub const SOURCES: [TimelineSource; 4] = [
    TimelineSource { newest: registered_people, count: count_registered_people },
    TimelineSource { newest: registered_families, count: count_registered_families },
    TimelineSource { newest: changes, count: count_changes },
    TimelineSource { newest: received_referrals, count: count_received_referrals },
];

/// Limits the boxed query `$rows` to a window of a timeline, newest first. `$at` and `$id` are the columns with the time and the
/// identifier, and `$kind` is the identifier's type.
macro_rules! newest {
    ($rows:expr, $window:expr, $at:expr, $id:expr, $kind:ty) => {{
        let mut rows = $rows;
        if let Some((at, id)) = $window.behind {
            let id = <$kind>::from_uuid(id);
            rows = rows.filter($at.lt(at).or($at.eq(at).and($id.lt(id))));
        }
        rows.order(($at.desc(), $id.desc())).limit($window.limit)
    }};
}
pub(super) use newest;

macro_rules! person_rows {
    ($subject:expr) => {
        people::table.filter(people::id.nullable().eq($subject.person)).into_boxed()
    };
}

fn registered_people(conn: &mut DbConn, subject: &TimelineSubject, window: Window) -> Result<Vec<Happening>> {
    let rows: Vec<(PersonId, Timestamp)> = on_backend!(conn, conn => {
        newest!(person_rows!(subject), window, people::registered_at, people::id, PersonId)
            .select((people::id, people::registered_at))
            .load(conn)
    })?;
    Ok(rows.into_iter().map(|(id, at)| Happening { at, id: id.uuid(), what: HappeningDetail::Person(id) }).collect())
}

fn count_registered_people(conn: &mut DbConn, subject: &TimelineSubject) -> Result<i64> {
    Ok(on_backend!(conn, conn => person_rows!(subject).count().get_result(conn))?)
}

macro_rules! family_rows {
    ($subject:expr) => {
        families::table.filter(families::id.eq_any($subject.families.clone())).into_boxed()
    };
}

fn registered_families(conn: &mut DbConn, subject: &TimelineSubject, window: Window) -> Result<Vec<Happening>> {
    let rows: Vec<(FamilyId, Timestamp)> = on_backend!(conn, conn => {
        newest!(family_rows!(subject), window, families::registered_at, families::id, FamilyId)
            .select((families::id, families::registered_at))
            .load(conn)
    })?;
    Ok(rows.into_iter().map(|(id, at)| Happening { at, id: id.uuid(), what: HappeningDetail::Family(id) }).collect())
}

fn count_registered_families(conn: &mut DbConn, subject: &TimelineSubject) -> Result<i64> {
    Ok(on_backend!(conn, conn => family_rows!(subject).count().get_result(conn))?)
}

/// The rows of the history that belong to a timeline. For a person: the person's changes of family, as far as the reader may know
/// of one of the families that the change names. Otherwise the change, its time and its reason would tell of families that the
/// reader may not know of. For a family: its merges, and the moves of people whom the reader may know of. The changes of family
/// that a merge brings to its members are shown only on the members' own timelines.
macro_rules! change_rows {
    ($subject:expr) => {{
        let subject: &TimelineSubject = $subject;
        let sight: &CaseScope = &subject.sight;
        let mut rows = family_events::table.into_boxed();
        if let Some(person) = subject.person {
            let left = crate::families::known::known_to!(sight)
                .filter(families::id.nullable().eq(family_events::from_family_id));
            let joined = crate::families::known::known_to!(sight)
                .filter(families::id.nullable().eq(family_events::to_family_id));
            rows = rows.filter(family_events::person_id.eq(person)).filter(exists(left).or(exists(joined)));
        } else {
            let met = person_offices::table
                .filter(person_offices::person_id.eq(people::id))
                .filter(person_offices::office_id.eq_any(sight.offices.clone()))
                .filter(person_offices::through_protected.eq_any(links_for(sight)));
            let mut known = people::table.filter(exists(met)).select(people::id.nullable()).into_boxed();
            if !sight.protected_identity {
                known = known.filter(people::protection.eq(ProtectedIdentity::None));
            }
            let here = family_events::from_family_id
                .eq_any(subject.families.clone())
                .or(family_events::to_family_id.eq_any(subject.families.clone()));
            let nobody = family_events::person_id.is_null();
            let somebody_known =
                family_events::person_id.eq_any(known).and(family_events::kind.eq(FamilyEventKind::Moved));
            rows = rows.filter(here.assume_not_null()).filter(nobody.or(somebody_known.assume_not_null()));
        }
        rows
    }};
}

fn changes(conn: &mut DbConn, subject: &TimelineSubject, window: Window) -> Result<Vec<Happening>> {
    let rows: Vec<FamilyEvent> = on_backend!(conn, conn => {
        newest!(change_rows!(subject), window, family_events::at, family_events::id, FamilyEventId).load(conn)
    })?;
    let happening = |event: FamilyEvent| {
        let what = HappeningDetail::Change {
            merged: event.kind == FamilyEventKind::Merged,
            person: event.person_id,
            from: event.from_family_id,
            to: event.to_family_id,
            reason: event.reason,
        };
        Happening { at: event.at, id: event.id.uuid(), what }
    };
    Ok(rows.into_iter().map(happening).collect())
}

fn count_changes(conn: &mut DbConn, subject: &TimelineSubject) -> Result<i64> {
    Ok(on_backend!(conn, conn => change_rows!(subject).count().get_result(conn))?)
}

/// The referrals about the people of a timeline, without those entered in error. They are limited by the scope for cases and not
/// by that for people: somebody who may know of a person may not always know of a referral about the person.
macro_rules! referral_rows {
    ($subject:expr) => {{
        let subject: &TimelineSubject = $subject;
        known_to!(&subject.cases)
            .filter(referrals::person_id.eq_any(subject.people.clone()))
            .filter(referrals::status.ne(Status::EnteredInError))
    }};
}

type TimelineReferralRow = (ReferralId, Timestamp, Reference, Kind, Status, OfficeId, Option<PersonId>);

fn received_referrals(conn: &mut DbConn, subject: &TimelineSubject, window: Window) -> Result<Vec<Happening>> {
    let columns = (
        referrals::id,
        referrals::received_at,
        referrals::reference,
        referrals::kind,
        referrals::status,
        referrals::office_id,
        referrals::person_id,
    );
    let rows: Vec<TimelineReferralRow> = on_backend!(conn, conn => {
        newest!(referral_rows!(subject), window, referrals::received_at, referrals::id, ReferralId)
            .select(columns)
            .load(conn)
    })?;
    let happening = |(id, at, reference, kind, status, office, person): TimelineReferralRow| Happening {
        at,
        id: id.uuid(),
        what: HappeningDetail::Referral { id, reference, kind, status, office, person },
    };
    let is_behind = |own: &&Happening| window.behind.is_none_or(|behind| (own.at, own.id) < behind);
    let own = subject.own.iter().filter(is_behind).cloned();
    Ok(rows.into_iter().map(happening).chain(own).collect())
}

fn count_received_referrals(conn: &mut DbConn, subject: &TimelineSubject) -> Result<i64> {
    let count: i64 = on_backend!(conn, conn => referral_rows!(subject).count().get_result(conn))?;
    Ok(count.saturating_add(i64::try_from(subject.own.len()).unwrap_or(0)))
}
