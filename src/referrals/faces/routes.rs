//! The operations by which staff read referrals: the queue, one referral, and the receipt that its sender sees.

use actix_web::{HttpResponse, get};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::audit::{Entry, actions};
use crate::auth::{CaseReader, Scope};
use crate::context::Context;
use crate::error::{Error, Problem, Result};
use crate::http::answer::Validator;
use crate::http::call::Cache;
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::query::Query;
use crate::id::{OfficeId, ReferralId, StaffId};
use crate::referrals::disclosure::partner_view::{SenderView, Withheld};
use crate::referrals::disclosure::receipt::Receipt;
use crate::referrals::disclosure::{self, DisclosedReferral};
use crate::referrals::faces::row::ReferralRow;
use crate::referrals::faces::views::ReferralView;
use crate::referrals::faces::{answers, copy_routes, correct_routes, create_routes, search_routes};
use crate::referrals::order::Order;
use crate::referrals::own_words::FoundReferral;
use crate::referrals::own_words::listing::{self, ListedReferrals};
use crate::referrals::store::ReferralFilter;
use crate::referrals::{Kind, Status, course, messages};
use crate::time::Timestamp;

/// Mounts the operations of staff on referrals, including the steps and the messages.
pub fn mount(api: &mut impl Mount) {
    api.service(create_routes::create_referral)
        .service(list_referrals)
        .service(search_routes::search_referrals)
        .service(get_referral)
        .service(get_partner_view)
        .service(correct_routes::correct_referral)
        .service(copy_routes::copy_for_sibling)
        .service(search_routes::list_related);
    course::routes::mount(api);
    messages::routes::mount(api);
}

/// The filter and the order of the queue of referrals, as query parameters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QueueQuery {
    /// Only the referrals that this office has now.
    office_id: Option<OfficeId>,
    /// Only the referrals in this state at their office. Referrals entered in error are listed only when this state is asked
    /// for.
    status: Option<Status>,
    /// Only the referrals of this kind.
    kind: Option<Kind>,
    /// Only the referrals that are assigned to this member of staff.
    assignee_id: Option<StaffId>,
    /// Only the referrals received at this time or later.
    received_from: Option<Timestamp>,
    /// Only the referrals received before this time.
    received_to: Option<Timestamp>,
    /// Only the referrals whose earliest running deadline is before this time.
    due_before: Option<Timestamp>,
    /// `true` for only the referrals with a running deadline that has passed, `false` for only the others.
    overdue: Option<bool>,
    /// The order of the queue: by the time of receipt, or by the earliest running deadline. By default the referrals that were
    /// received last come first.
    #[param(inline)]
    sort: Option<Order>,
}

/// List the referrals of the caller's offices
///
/// The work queue, without free text: the referrals of the offices that the token names, and for outreach workers the referrals
/// that they made; a team lead who states an `Access-Reason` can list those of other offices too. Referrals about persons with
/// a protected identity are shown only to staff who are cleared for protected identities. Follow the `next` links to read long
/// lists. One audit record names every referral that the page shows.
#[utoipa::path(
    operation_id = "listReferrals",
    tag = "referrals",
    params(QueueQuery, PagingParameters),
    responses((status = 200, description = "A page of the queue.", body = Page<ReferralRow>)),
    security(("staffToken" = []))
)]
#[get("/referrals")]
async fn list_referrals(ctx: Context<CaseReader>, query: Query<QueueQuery>, paging: Paging) -> Result<HttpResponse> {
    let now = ctx.call.moment.now;
    let (filter, order) = query.0.parts(now);
    let scope = ctx.readable();
    let office = scope.office_of(filter.office);
    let attempt = actions::REFERRAL_LISTED.on_new().on_behalf_of(office).because(scope.reason);
    let (from, limit, count) = (paging.from_among_cases(&ctx.call)?, paging.limit, paging.total);
    let shown = paging.shown();
    let (reader, vault) = (ctx.reader_of(scope), ctx.vault.clone());
    let listed = ListedReferrals { filter, order, from, limit };
    let read = move |conn: &mut _| {
        let total = if count { Some(listing::count(conn, &reader, &listed.filter, &vault)?) } else { None };
        Ok((listing::page(conn, &reader, &listed, &vault)?, total))
    };
    let seen = move |(rows, _): &(Vec<FoundReferral>, Option<u64>), entry: Entry| {
        entry.about(rows.iter().take(shown).map(|referral| referral.id().uuid()).collect())
    };
    let (rows, total) = ctx.read_recorded(attempt, read, seen).await?;
    let found = PageRows::of_one_more(rows, &paging, total, |last| last.position(order));
    let found = found.opened(|row| row.open(&ctx.vault));
    let answer = found.answer(&ctx.call, &paging, |referral| ReferralRow::new(referral, now))?;
    Ok(ctx.call.give(answer, Cache::NoStore))
}

/// Get a referral
///
/// The whole referral, for staff of the office that has it now and for the outreach worker who made it; a team lead who states
/// an `Access-Reason` can read those of other offices. Whoever made a referral, or wrote an identity number into it, reads
/// their own words for 24 hours, wherever it is, and nothing more. For everyone else the referral does not exist; a referral about a person
/// with a protected identity does not exist for staff who are not cleared either. The reading is recorded before the answer is
/// sent.
#[utoipa::path(
    operation_id = "getReferral",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    responses((status = 200, description = "The referral.", body = ReferralView)),
    security(("staffToken" = []))
)]
#[get("/referrals/{id}")]
async fn get_referral(ctx: Context<CaseReader>, id: Named<ReferralId>) -> Result<HttpResponse> {
    let CaseReader { staff, powers } = &ctx.caller;
    let (referral, ()) = ctx.read_referral(actions::REFERRAL_READ, id.0, |_, _| Ok(())).await?;
    let referral = referral.open(&ctx.vault)?;
    let version = referral.version;
    let is_own = staff.offices(&ctx.directory).any(|office| office == referral.office_id);
    let view = answers::view(&ctx, referral, (powers.works && is_own).then(|| (*powers).into()));
    ctx.call.found(&view, Validator::Version(version), Cache::NoStore)
}

/// Get the sender's view of a referral
///
/// The exact receipt that the sender of the referral can read now, and the facts that are withheld from the sender, each with
/// the ground for it. Only referrals from a partner agency have a sender's view.
#[utoipa::path(
    operation_id = "getPartnerView",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    responses(
        (status = 200, description = "The sender's receipt, and the facts that are withheld.", body = SenderView),
        (status = 409, description = "The referral was not sent by a partner agency, or is a copy for a sibling of which its sender does not know.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::NoSender])))
)]
#[get("/referrals/{id}/partner-view")]
async fn get_partner_view(ctx: Context<CaseReader>, id: Named<ReferralId>) -> Result<HttpResponse> {
    let (referral, ()) = ctx.read_referral(actions::REFERRAL_PARTNER_VIEW_READ, id.0, |_, _| Ok(())).await?;
    let referral = referral.open(&ctx.vault)?;
    if referral.origin.partner().is_none() || disclosure::is_hidden_from_sender(&referral, &ctx.directory) {
        return Err(Error::new(Problem::NoSender));
    }
    let disclosed = DisclosedReferral::of(&referral, &ctx.directory);
    let withheld = Withheld::from(&referral, &disclosed);
    let receipt = Receipt::new(&disclosed, &[Scope::Submit, Scope::Read], &ctx.directory, &ctx.call);
    ctx.call.found(&SenderView { receipt, withheld }, Validator::Content, Cache::NoStore)
}

impl QueueQuery {
    fn parts(self, now: Timestamp) -> (ReferralFilter, Order) {
        let filter = ReferralFilter {
            office: self.office_id,
            status: self.status,
            kind: self.kind,
            assignee: self.assignee_id,
            received_from: self.received_from,
            received_to: self.received_to,
            due_before: self.due_before,
            overdue: self.overdue.map(|overdue| (overdue, now)),
        };
        (filter, self.sort.unwrap_or(Order::ReceivedDescending))
    }
}
