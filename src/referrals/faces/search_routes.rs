//! The operations that search for referrals, and that list the referrals related to one.

use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit::{Entry, actions};
use crate::auth::{CaseReader, TimelineReader};
use crate::binding;
use crate::context::Context;
use crate::error::{Error, Result, Text};
use crate::families::membership::if_known;
use crate::http::body::Body;
use crate::http::call::{Cache, Call};
use crate::http::link::Link;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::id::{OfficeId, PersonId, ReferralId};
use crate::people::store as people_store;
use crate::referrals::faces::row::ReferralRow;
use crate::referrals::finding;
use crate::referrals::own_words::{self, FoundReferral};
use crate::referrals::reference::Reference;
use crate::referrals::related::{self, Related, Relations};
use crate::referrals::{Kind, Status};
use crate::time::Timestamp;

/// The largest number of referrals that the answer to a search shows.
const MOST: usize = 20;

/// The body of a search for referrals. It has exactly one of a reference and a person.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReferralSearch {
    /// The reference of the referral that is searched for, as somebody says it over the telephone, for example.
    reference: Option<Reference>,
    /// The identifier of the person whose referrals are searched for: those that are about this person.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    person_id: Option<PersonId>,
}

/// The answer to a search for referrals: the referrals that it found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReferralMatches {
    /// The referrals found, at most 20, the newest first.
    #[schema(max_items = 20)]
    items: Vec<ReferralRow>,
    /// Whether there are more matching referrals than are shown. The person's timeline shows all of them.
    ///
    /// @example false
    has_more: bool,
}

/// The reference or the person that a search for referrals is for.
#[derive(Clone)]
enum WantedReferral {
    Reference(Reference),
    Person(PersonId),
}

/// Search the referrals
///
/// Finds referrals by their reference, or by the person that they are about, among the referrals that you may know of. A
/// referral entered in error is found only by its reference. Each search is recorded with the referrals that it shows.
#[utoipa::path(
    operation_id = "searchReferrals",
    tag = "referrals",
    request_body = ReferralSearch,
    responses((status = 200, description = "The referrals that were found; the list may be empty.", body = ReferralMatches)),
    security(("staffToken" = [])),
    extensions(("x-no-prefer" = json!(true)))
)]
#[post("/referrals/search")]
pub async fn search_referrals(ctx: Context<TimelineReader>, search: Body<ReferralSearch>) -> Result<HttpResponse> {
    let wanted = WantedReferral::of(search.0)?;
    let TimelineReader { people, cases } = &ctx.caller;
    let (people, scope) = (people.sight(&ctx.directory), cases.sight(&ctx.directory));
    let attempt = match &wanted {
        WantedReferral::Person(person) => actions::REFERRAL_SEARCHED.on(*person),
        WantedReferral::Reference(_) => actions::REFERRAL_SEARCHED.on_new(),
    };
    let attempt = attempt.on_behalf_of(scope.only_office()).because(scope.reason);
    let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    let reader = ctx.reader_of(scope);
    let read = move |conn: &mut _| match &wanted {
        WantedReferral::Reference(reference) => own_words::by_reference(conn, &reader, reference),
        // A caller who may not know of the person may not know of the referrals about the person either.
        WantedReferral::Person(person) => match if_known(people_store::find(conn, &people, *person))? {
            Some(_) => {
                let found = finding::about(conn, &reader.sight, *person, limit)?;
                Ok(found.into_iter().map(FoundReferral::covered).collect())
            }
            None => Ok(Vec::new()),
        },
    };
    let seen = |found: &Vec<FoundReferral>, entry: Entry| {
        entry.also_about(found.iter().take(MOST).map(|referral| referral.id().uuid()).collect())
    };
    let found = ctx.read_recorded(attempt, read, seen).await?;
    let has_more = found.len() > MOST;
    let open = |referral: FoundReferral| Ok(ReferralRow::new(referral.open(&ctx.vault)?, ctx.call.moment.now));
    let items = binding::sound(found.into_iter().take(MOST), open);
    ctx.call.answer(&ReferralMatches { items, has_more }, Cache::NoStore)
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

/// A referral that is related to another one. If the caller may not know of it, only its reference, its kind, the time of its
/// receipt and its office are told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RelatedReferral {
    /// The related referral's identifier, for programs. Absent if the caller may not know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<ReferralId>,
    /// The related referral's reference: a short code by which people name a referral.
    reference: Reference,
    /// The kind of the related referral: a concern report, a support request, a self-request or an internal referral.
    kind: Kind,
    /// The related referral's state at its office. Absent if the caller may not know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    /// When the related referral was received.
    received_at: Timestamp,
    /// The identifier of the office that has the related referral now.
    office_id: OfficeId,
    /// Whether the related referral is about the same child; `false` if it is about somebody else of the family. Absent if the
    /// caller may not know of it.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    same_child: Option<bool>,
    /// A link to the related referral. Absent if the caller may not know of it.
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
/// Other referrals about the same child or the child's family, and copies for siblings, the newest first. A referral that you
/// may not read shows only the reference, the kind, the time of receipt and the office that has it. Referrals about protected
/// persons are shown only to staff who are cleared for protected identities. Referrals entered in error are left out. Follow the
/// `next` links to read long lists. One audit record names every referral that the page shows.
#[utoipa::path(
    operation_id = "listRelatedReferrals",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier."), PagingParameters),
    responses((status = 200, description = "A page of related referrals.", body = Page<RelatedReferral>)),
    security(("staffToken" = []))
)]
#[get("/referrals/{id}/related")]
pub async fn list_related(ctx: Context<CaseReader>, id: Named<ReferralId>, paging: Paging) -> Result<HttpResponse> {
    let (id, scope, reader) = (id.0, ctx.readable(), ctx.reader_of(ctx.readable()));
    let (from, limit, count) = (paging.from_among_cases(&ctx.call)?, paging.limit, paging.total);
    let shown = paging.shown();
    let attempt = actions::REFERRAL_RELATED_READ.on(id).because(scope.reason);
    let (seen_by, vault) = (reader.clone(), ctx.vault.clone());
    let found = ctx.read(move |conn| own_words::find(conn, &seen_by, id)).await;
    let found = ctx.noted(found, &attempt)?;
    let office = found.office_id();
    let told = found.clone().open(&ctx.vault)?;
    let (referral, copies) = (found.row_as_told(&told, &ctx.vault), told.course.copied());
    // The first query has found the referral, but it may have gone to another office since, so it is found again.
    let read = move |conn: &mut _| {
        own_words::find(conn, &reader, id)?;
        let relations = Relations::of(conn, (&reader, &vault), &referral, copies)?;
        let total = if count { Some(related::count(conn, &scope, &relations)?) } else { None };
        Ok((related::page(conn, &scope, &relations, &from, limit)?, total))
    };
    let seen = move |(found, _): &(Vec<Related>, Option<u64>), entry: Entry| {
        let found = found.iter().take(shown).map(|related| related.id.uuid());
        entry.on_behalf_of(office).also_about(found.collect())
    };
    let (rows, total) = ctx.read_recorded(attempt, read, seen).await?;
    let found = PageRows::of_one_more(rows, &paging, total, Related::position);
    let answer = found.answer(&ctx.call, &paging, |related| RelatedReferral::new(&related, &ctx.call))?;
    Ok(ctx.call.give(answer, Cache::NoStore))
}
