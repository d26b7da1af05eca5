//! Searching for referrals, and listing the referrals that are related to one.

use std::cmp::Reverse;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit::denials::Denials;
use crate::audit::{self, Entry};
use crate::auth::{CaseReader, TimelineReader};
use crate::db::{Db, DbConn};
use crate::directory;
use crate::error::{Error, Result, Text};
use crate::families::membership::if_known;
use crate::http::body::Body;
use crate::http::call::{Cache, Call};
use crate::http::link::Link;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::id::{OfficeId, PersonId, ReferralId};
use crate::people::store as people_store;
use crate::referrals::faces::views::ReferralRow;
use crate::referrals::finding::{self, Related};
use crate::referrals::reference::Reference;
use crate::referrals::store::{self, SealedReferral};
use crate::referrals::{Kind, Status};
use crate::time::Timestamp;
use crate::vault::Vault;

/// The largest number of referrals that a search shows.
const MOST: usize = 20;

/// The search term: either a reference or a person.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReferralSearch {
    /// The reference of the referral, for example as somebody says it over the telephone.
    reference: Option<Reference>,
    /// The person that the referral is about.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    person_id: Option<PersonId>,
}

/// The referrals that a search found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReferralMatches {
    /// The referrals found, at most 20, the newest first.
    #[schema(max_items = 20)]
    items: Vec<ReferralRow>,
    /// Whether more referrals were found than are shown. The person's timeline shows all of them.
    ///
    /// @example false
    has_more: bool,
}

/// The one term that is searched for.
#[derive(Clone)]
enum WantedReferral {
    Reference(Reference),
    Person(PersonId),
}

/// Search the referrals
///
/// Finds referrals by their reference, or by the person that they are about, among the referrals that you may know of. A
/// referral entered in error is found only by its reference. Each search is recorded with the referrals that it found.
#[utoipa::path(
    operation_id = "searchReferrals",
    tag = "referrals",
    request_body = ReferralSearch,
    responses((status = 200, description = "The referrals that were found; the list may be empty.", body = ReferralMatches)),
    security(("staffToken" = [])),
    extensions(("x-no-prefer" = json!(true)))
)]
#[post("/referrals/search")]
pub async fn search_referrals(
    TimelineReader { people, cases }: TimelineReader,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    search: Body<ReferralSearch>,
) -> Result<HttpResponse> {
    let wanted = WantedReferral::of(search.0)?;
    let directory = directory.current();
    let (people, sight) = (people.sight(&directory), cases.sight(&directory));
    let mut entry = Entry::of_call(&call, cases.actor(), "referral.searched", "referral", Vec::new())
        .on_behalf_of(sight.only_office())
        .because(sight.reason);
    if let WantedReferral::Person(person) = &wanted {
        entry = entry.about(vec![person.uuid()]);
    }
    let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    let read = move |conn: &mut DbConn| match &wanted {
        WantedReferral::Reference(reference) => finding::by_reference(conn, &sight, reference),
        // A caller who may not know of the person may not know what is said about the person either.
        WantedReferral::Person(person) => match if_known(people_store::find(conn, &people, *person))? {
            Some(_) => finding::about(conn, &sight, *person, limit),
            None => Ok(Vec::new()),
        },
    };
    let record = move |conn: &mut DbConn, found: &Vec<SealedReferral>| {
        let found = found.iter().take(MOST).map(|referral| referral.id.uuid());
        audit::record(conn, &entry.also_about(found.collect()))
    };
    let found = db.read_recorded(read, record).await?;
    let has_more = found.len() > MOST;
    let row = |referral: SealedReferral| Ok(ReferralRow::new(referral.open(&vault)?, call.moment.now));
    let items = found.into_iter().take(MOST).map(row).collect::<Result<_>>()?;
    call.answer(&ReferralMatches { items, has_more }, Cache::NoStore)
}

impl WantedReferral {
    fn of(search: ReferralSearch) -> Result<Self> {
        match (search.reference, search.person_id) {
            (Some(reference), None) => Ok(Self::Reference(reference)),
            (None, Some(person)) => Ok(Self::Person(person)),
            _ => Err(Error::invalid_at(
                "",
                Text::new(
                    "must have exactly one of reference and personId",
                    "måste ha exakt ett av reference och personId",
                ),
            )),
        }
    }
}

/// A referral that is related to another one. If the reader may not know of the referral, only a few facts are told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RelatedReferral {
    /// The referral's identifier, for programs. Absent if the reader may not know of the referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<ReferralId>,
    /// The referral's reference, for people.
    reference: Reference,
    /// The kind of the referral.
    kind: Kind,
    /// The referral's state. Absent if the reader may not know of the referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    /// When the referral was received.
    received_at: Timestamp,
    /// The office that has the referral now.
    office_id: OfficeId,
    /// Whether the referral is about the same child; `false` if it is about somebody else of the family.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    same_child: Option<bool>,
    /// The address of the related referral.
    #[serde(rename = "_links", skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1, example = json!([{ "rel": "self", "href": "https://nara.example/nara/v1/referrals/01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e", "method": "GET" }]))]
    links: Vec<Link>,
}

impl RelatedReferral {
    fn new(related: &Related, call: &Call) -> Self {
        let Related { id, status, same_child, is_known, .. } = *related;
        let link = || call.link("self", "GET", &format!("/referrals/{id}"));
        Self {
            id: is_known.then_some(id),
            reference: related.reference.clone(),
            kind: related.kind,
            status: is_known.then_some(status),
            received_at: related.received_at,
            office_id: related.office_id,
            same_child: is_known.then_some(same_child),
            links: is_known.then(link).into_iter().collect(),
        }
    }
}

/// List the related referrals
///
/// Other referrals about the same child or the child's family, and copies for siblings, the newest first. A referral of another
/// office shows only the reference, the kind, the time of receipt and the office that has it. Referrals about protected persons
/// are shown only to staff who are cleared for protected identities. Referrals entered in error are left out. The reading is
/// recorded before the answer is sent.
#[utoipa::path(
    operation_id = "listRelatedReferrals",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier."), PagingParameters),
    responses((status = 200, description = "A page of related referrals.", body = Page<RelatedReferral>)),
    security(("staffToken" = []))
)]
#[get("/referrals/{id}/related")]
pub async fn list_related(
    CaseReader { staff, .. }: CaseReader,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    asked: (Named<ReferralId>, Paging),
) -> Result<HttpResponse> {
    let (Named(id), paging) = asked;
    let sight = staff.sight(&directory.current());
    let reason = sight.reason;
    let attempt =
        || Entry::of_call(&call, staff.actor(), "referral.related_read", "referral", vec![id.uuid()]).because(reason);
    let seen = sight.clone();
    let referral = denials.noted(db.read(move |conn| store::find(conn, &seen, id)).await, attempt)?;
    let entry = attempt().on_behalf_of(referral.office_id);
    let copies = referral.clone().open(&vault)?.course.copied();
    // The referral may have gone to another office in the meantime.
    let read = move |conn: &mut DbConn| {
        let referral = store::find(conn, &sight, id)?;
        finding::related(conn, &sight, &referral, &copies)
    };
    let record = move |conn: &mut DbConn, found: &Vec<Related>| {
        audit::record(conn, &entry.also_about(found.iter().map(|related| related.id.uuid()).collect()))
    };
    let related = denials.noted(db.read_recorded(read, record).await, attempt)?;
    // A family has few referrals, so all of them are in memory.
    let all: Vec<&Related> = related.iter().collect();
    let position = |related: &Related| Reverse((related.received_at.micros(), related.id));
    let found = paging.of_sorted(&call, &all, position)?.counted_when_asked(&paging);
    Ok(call.give(found.answer(&call, &paging, |related| RelatedReferral::new(related, &call))?, Cache::NoStore))
}
