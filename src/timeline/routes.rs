//! The operations that read timelines.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use uuid::Uuid;

use crate::audit::denials::Denials;
use crate::audit::{self, Entry};
use crate::auth::{CaseScope, TimelineReader};
use crate::db::{Db, DbConn};
use crate::directory::{self, Directory};
use crate::error::Result;
use crate::http::call::{Cache, Call};
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::id::{FamilyId, PersonId};
use crate::timeline::view::TimelineEvent;
use crate::timeline::{self, Happening, HappeningDetail, TimelinePosition, TimelineSubject};
use crate::vault::Vault;
use crate::{families, people};

/// Mounts the operations on timelines.
pub fn mount(api: &mut impl Mount) {
    api.service(get_person_timeline).service(get_family_timeline);
}

/// Get a person's timeline
///
/// Returns what happened to the person, newest first: the registration, changes of family, and the referrals and meetings in the field
/// that you may know of, with offers, answers and follow-ups.
#[utoipa::path(
    operation_id = "getPersonTimeline",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person's identifier."), PagingParameters),
    responses((status = 200, description = "A page of the timeline.", body = Page<TimelineEvent>)),
    security(("staffToken" = []))
)]
#[get("/people/{id}/timeline")]
async fn get_person_timeline(
    reader: TimelineReader,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    id: Named<PersonId>,
    paging: Paging,
) -> Result<HttpResponse> {
    let id = id.0;
    let nobody = nobody_yet(&reader, &directory.current());
    let entry = entry(&reader, &nobody.sight, &call, "person.timeline_read", "person", id.uuid());
    let find = move |conn: &mut DbConn| {
        people::store::find(conn, &nobody.sight, id)?;
        Ok(TimelineSubject { person: Some(id), people: vec![id], ..nobody })
    };
    answer(find, entry, &denials, &call, &db, &vault, &paging).await
}

/// Get a family's timeline
///
/// Returns what happened to the family and to the families that were merged into it, newest first: registrations, people who joined or
/// left, merges, referrals about the present members, and meetings in the field with offers, answers and follow-ups. The answer tells of
/// no person and no referral that you may not know of.
#[utoipa::path(
    operation_id = "getFamilyTimeline",
    tag = "families",
    params(("id" = FamilyId, Path, description = "The family's identifier."), PagingParameters),
    responses((status = 200, description = "A page of the timeline.", body = Page<TimelineEvent>)),
    security(("staffToken" = []))
)]
#[get("/families/{id}/timeline")]
async fn get_family_timeline(
    reader: TimelineReader,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    id: Named<FamilyId>,
    paging: Paging,
) -> Result<HttpResponse> {
    let id = id.0;
    let nobody = nobody_yet(&reader, &directory.current());
    let entry = entry(&reader, &nobody.sight, &call, "family.timeline_read", "family", id.uuid());
    let find = move |conn: &mut DbConn| {
        let household = families::store::find(conn, &nobody.sight, id)?;
        let mut families = families::store::merged_into(conn, &nobody.sight, id)?;
        families.push(id);
        Ok(TimelineSubject { families, people: household.members, ..nobody })
    };
    answer(find, entry, &denials, &call, &db, &vault, &paging).await
}

/// The subject before the person or family is found: only what the reader may know.
fn nobody_yet(reader: &TimelineReader, directory: &Directory) -> TimelineSubject {
    let (sight, cases) = (reader.people.sight(directory), reader.cases.sight(directory));
    TimelineSubject { person: None, families: Vec::new(), people: Vec::new(), sight, cases }
}

fn entry(
    reader: &TimelineReader,
    sight: &CaseScope,
    call: &Call,
    action: &'static str,
    resource_type: &'static str,
    id: Uuid,
) -> Entry {
    Entry::of_call(call, reader.people.actor(), action, resource_type, vec![id])
        .on_behalf_of(sight.only_office())
        .because(sight.reason)
}

/// A page of events, with those families named in them that the reader may know of.
struct ReadTimeline {
    happenings: Vec<Happening>,
    known: Vec<FamilyId>,
    total: Option<u64>,
}

async fn answer(
    find: impl FnOnce(&mut DbConn) -> Result<TimelineSubject> + Send + 'static,
    entry: Entry,
    denials: &Denials,
    call: &Call,
    db: &Db,
    vault: &Vault,
    paging: &Paging,
) -> Result<HttpResponse> {
    let (from, limit, count) = (paging.from_among_cases::<TimelinePosition>(call)?, paging.limit, paging.total);
    let shown = paging.shown();
    let read = move |conn: &mut DbConn| {
        let subject = find(conn)?;
        let total = if count { Some(timeline::count(conn, &subject)?) } else { None };
        let happenings = timeline::page(conn, &subject, &from, limit)?;
        let mut named: Vec<FamilyId> = happenings.iter().flat_map(Happening::families).collect();
        named.sort_unstable();
        named.dedup();
        Ok(ReadTimeline { known: families::store::known_among(conn, &subject.sight, &named)?, happenings, total })
    };
    let attempt = entry.clone();
    let record = move |conn: &mut DbConn, read: &ReadTimeline| {
        let seen = read.happenings.iter().take(shown).filter_map(Happening::case);
        audit::record(conn, &entry.also_about(seen.collect()))
    };
    let read = db.read_recorded(read, record).await;
    let ReadTimeline { happenings, known, total } = denials.noted(read, || attempt)?;
    let found = PageRows::of_one_more(happenings, paging, total, |last| (last.at.micros(), last.id));
    let found = found.try_map(|row| TimelineEvent::new(row, &known, vault))?;
    Ok(call.give(found.answer(call, paging, |event| event)?, Cache::NoStore))
}

impl Happening {
    /// The families that the event names.
    fn families(&self) -> Vec<FamilyId> {
        match &self.what {
            HappeningDetail::Change { from, to, .. } => from.iter().chain(to).copied().collect(),
            _ => Vec::new(),
        }
    }

    /// The case that the event tells of: a referral, or a record of work in the field.
    fn case(&self) -> Option<Uuid> {
        match &self.what {
            HappeningDetail::Referral { id, .. } => Some(id.uuid()),
            HappeningDetail::Contact { id, .. } => Some(id.uuid()),
            HappeningDetail::Offer { id, .. } => Some(id.uuid()),
            HappeningDetail::Answer { offer, .. } => Some(offer.uuid()),
            HappeningDetail::FollowUp { id, .. } => Some(id.uuid()),
            HappeningDetail::Person(_) | HappeningDetail::Family(_) | HappeningDetail::Change { .. } => None,
        }
    }
}
