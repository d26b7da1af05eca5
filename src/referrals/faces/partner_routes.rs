//! The operations by which partner agencies send referrals and read the receipts of those that they have sent.

use std::cell::Cell;

use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::audit::{Entry, actions};
use crate::auth::{PartnerReader, Submitter};
use crate::cases::further_report::{self, FurtherReport, SubmissionTaking};
use crate::cases::intake::ReferralIntake;
use crate::context::{Context, Tx};
use crate::error::{Error, Problem, Result};
use crate::http::answer::Validator;
use crate::http::body::Body;
use crate::http::call::Cache;
use crate::http::idempotency::GONE;
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::query::Query;
use crate::http::written::Written;
use crate::id::ReferralId;
use crate::people::{ProtectedIdentity, store as people_store};
use crate::referrals::course::codes::DisclosedStatus;
use crate::referrals::disclosure::SenderScope;
use crate::referrals::disclosure::receipt::{self, Receipt};
use crate::referrals::faces::{answers, partner_action_routes};
use crate::referrals::matter::{NewReferral, consent};
use crate::referrals::person::whom::ConcernedPerson;
use crate::referrals::sending::{open_reports, sender_category, sent};
use crate::referrals::store::SealedReferral;
use crate::referrals::{Kind, Referral, store};
use crate::text::Line;
use crate::time::Timestamp;

/// Mounts the operations of partner agencies on referrals: sending, reading and acting.
pub fn mount(api: &mut impl Mount) {
    api.service(submit_referral).service(list_partner_referrals).service(get_partner_referral);
    partner_action_routes::mount(api);
}

/// The number of times that a report is taken in at most. A reference may be taken, and the sender may have changed; after more than
/// that something else must be wrong.
const MOST_TIMES: u8 = 4;

/// Submit a referral
///
/// Sends a concern report (orosanmälan) or a support request (förfrågan om stöd) about one child. The referral goes to the
/// office that is responsible where the child lives; a child with a protected identity goes to the central reception. A
/// referral that is answered with 201 is stored durably. In an emergency call 112 as well.
///
/// A concern report is never refused. But if the agency has 50 open reports about a child with the same identity number already,
/// a further one that is no more urgent is taken as a supplement: its words reach the office as messages on the newest of these
/// reports, and the answer is 200 with that report's receipt and `takenAsSupplement`. A report without an identity number is
/// always a report of its own.
#[utoipa::path(
    operation_id = "submitReferral",
    tag = "partner",
    request_body(content = NewReferral, example = json!({
        "kind": "concern_report",
        "urgency": "soon",
        "senderReference": "2026-117",
        "reporter": { "name": "Karin Påhittad", "title": "Kurator", "phone": "013-20 00 00" },
        "child": {
            "givenName": "Alva", "familyName": "Påhittad", "birthYear": 2013,
            "placeName": "Skäggetorp", "school": "Skäggetorps grundskola (påhittad)"
        },
        "guardians": [{ "givenName": "Anna", "familyName": "Påhittad", "knowsOfReport": true }],
        "siblings": [{ "name": "Saga", "birthYear": 2016, "alsoConcerned": false }],
        "needs": ["school_absence"],
        "description": "Borta från skolan i tre veckor.",
        "guardiansInformed": { "informed": "yes" },
        "feedbackRequested": true
    })),
    responses(
        (status = 200, description = "The agency has 50 open reports about the child, and this one was taken as a supplement to one of them: the receipt of that report.", body = Receipt),
        (status = 201, description = "The receipt of the new referral.", body = Receipt),
        (status = 404, description = GONE)
    ),
    security(("partnerKey" = [])),
    extensions(("x-problems" = json!([consent::PROBLEMS, Problem::SiblingIsTheChild])))
)]
#[post("/partner/referrals")]
async fn submit_referral(ctx: Context<Submitter>, new: Body<NewReferral>) -> Result<HttpResponse> {
    let (agency, sender, moment) = (&ctx.caller.0, ctx.caller.0.id, &ctx.call.moment);
    let number = new.0.child.number().map(|number| people_store::number_hash(&ctx.vault, number));
    let attempt = actions::REFERRAL_RECEIVED.on_new();
    let times = Cell::new(0);
    ctx.write(attempt, answers::repeat_to_sender(SenderScope::of(agency, &ctx.directory)), async || {
        times.update(|times| times + 1);
        // An agency's category hardly ever differs from the one that its key carries, and hardly any agency has many open reports
        // about one child, so the first attempt assumes both and reads nothing. If that is wrong, the transaction that writes finds
        // out, and the next attempt reads. Whether the child is registered makes no attempt more or less: the time of the answer
        // would tell it.
        let looked = times.get() > 1;
        let (category, open, known) = if !looked {
            (agency.category, Vec::new(), None)
        } else if times.get() > MOST_TIMES {
            // None of it is the sender's doing: the same report may be sent again.
            return Err(Error::new(Problem::Unavailable));
        } else {
            let number = number.clone();
            let read = move |conn: &mut _| {
                let (open, known) = match &number {
                    // Both are read whoever has the number, and whether it is registered or not.
                    Some(number) => {
                        (open_reports::many(conn, sender, number)?, people_store::first_with_number(conn, number)?)
                    }
                    None => (Vec::new(), None),
                };
                Ok((sender_category::find(conn, sender)?, open, known))
            };
            ctx.read(read).await?
        };
        let referral = Referral::receive(new.0.clone(), (sender, category), None, &ctx.directory, moment)?;
        let whom = ConcernedPerson::with_number(number.clone());
        let (taking, answer) = match further_report::covering(&referral, open, &ctx.vault)? {
            Some(report) => {
                let protection = known.map(|(_, protection)| protection).unwrap_or_default();
                supplementing(&ctx, &report, (&referral, whom, protection))?
            }
            None => {
                let intake = ReferralIntake::new(&referral, whom, &ctx.directory, &ctx.vault, &moment.random)?;
                let receipt = answers::receipt(&ctx, agency, &referral);
                let answer = Written::created(&ctx.call, &receipt::path(referral.id), &receipt, Validator::Content)?;
                // Only concern reports are counted.
                let number = number.clone().filter(|_| referral.kind == Kind::ConcernReport);
                (SubmissionTaking::New { intake: Box::new(intake), sender, number, looked }, answer)
            }
        };
        Ok(move |tx: &mut Tx| {
            taking.write(tx)?;
            Ok(answer.clone())
        })
    })
    .await
}

/// Makes the supplement to the open report `report` from the further report `further`, and the answer to it. The further report
/// comes with the lookup of its child and the protection that it found.
fn supplementing(
    ctx: &Context<Submitter>,
    report: &Referral,
    further: (&Referral, ConcernedPerson, ProtectedIdentity),
) -> Result<(SubmissionTaking, Written)> {
    let (agency, moment) = (&ctx.caller.0, &ctx.call.moment);
    let taken = FurtherReport::new(report, further, agency.id, &ctx.directory, &ctx.vault, moment)?;
    let receipt = answers::receipt(ctx, agency, &taken.after);
    let told = answers::receipt(ctx, agency, &taken.after).of_supplemented();
    let answer = Written::changed_telling(&receipt, Validator::Content, &told)?;
    let entry = ctx.audited().entry(actions::REFERRAL_SUPPLEMENTED, vec![report.id.uuid()]);
    Ok((SubmissionTaking::Supplement(Box::new(taken), Box::new(entry)), answer))
}

/// The filter for the referrals that an agency has sent, as query parameters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SentQuery {
    /// Only the referrals whose receipt shows this state.
    #[param(example = "received")]
    status: Option<DisclosedStatus>,
    /// Only the referrals to which the agency itself gave this reference.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200, example = "2026-117")]
    sender_reference: Option<Line>,
    /// Only the referrals received at this time or later.
    received_from: Option<Timestamp>,
    /// Only the referrals received before this time.
    received_to: Option<Timestamp>,
    /// Only the referrals whose receipt last changed at this time or later. Give the time of your last look to find the changes
    /// since then.
    changed_from: Option<Timestamp>,
    /// Only the referrals whose receipt last changed before this time.
    changed_to: Option<Timestamp>,
}

/// List the agency's own referrals
///
/// The referrals that this agency has sent, the newest first. Each is shown as its receipt, with the facts that the law lets
/// the sender know. Follow the `next` links to read long lists. One audit record names every referral that the page shows.
#[utoipa::path(
    operation_id = "listPartnerReferrals",
    tag = "partner",
    params(SentQuery, PagingParameters),
    responses((status = 200, description = "A page of receipts.", body = Page<Receipt>)),
    security(("partnerKey" = []))
)]
#[get("/partner/referrals")]
async fn list_partner_referrals(
    ctx: Context<PartnerReader>,
    query: Query<SentQuery>,
    paging: Paging,
) -> Result<HttpResponse> {
    let SentQuery { status, sender_reference, received_from, received_to, changed_from, changed_to } = query.0;
    let (agency, sender) = (&ctx.caller.0, ctx.caller.0.id);
    let hash = |reference: Line| store::sender_reference_hash(&ctx.vault, sender, reference.as_ref());
    let sender_reference_hash = sender_reference.map(hash);
    let filter =
        sent::SentFilter { status, sender_reference_hash, received_from, received_to, changed_from, changed_to };
    let (from, limit, count) = (paging.from_among_cases(&ctx.call)?, paging.limit, paging.total);
    let scope = SenderScope::of(agency, &ctx.directory);
    let shown = paging.shown();
    let read = move |conn: &mut _| {
        let total = if count { Some(sent::count(conn, scope, &filter)?) } else { None };
        Ok((sent::page(conn, scope, &filter, &from, limit)?, total))
    };
    let seen = move |(rows, _): &(Vec<SealedReferral>, Option<u64>), entry: Entry| {
        entry.about(rows.iter().take(shown).map(|referral| referral.id.uuid()).collect())
    };
    let (rows, total) = ctx.read_recorded(actions::REFERRAL_LISTED.on_new(), read, seen).await?;
    let found = PageRows::of_one_more(rows, &paging, total, |last| (last.received_at.micros(), last.id));
    let found = found.opened(|row| row.open(&ctx.vault));
    let view = |referral: Referral| answers::receipt(&ctx, agency, &referral);
    Ok(ctx.call.give(found.answer(&ctx.call, &paging, view)?, Cache::NoStore))
}

/// Get one of the agency's own referrals
///
/// The receipt of a referral that this agency has sent, with the facts that the law lets the sender know. A referral that
/// another agency has sent does not exist here.
#[utoipa::path(
    operation_id = "getPartnerReferral",
    tag = "partner",
    params(("id" = ReferralId, Path, description = "The referral's identifier, from the receipt.")),
    responses((status = 200, description = "The receipt of the referral.", body = Receipt)),
    security(("partnerKey" = []))
)]
#[get("/partner/referrals/{id}")]
async fn get_partner_referral(ctx: Context<PartnerReader>, id: Named<ReferralId>) -> Result<HttpResponse> {
    let (id, agency) = (id.0, &ctx.caller.0);
    let scope = SenderScope::of(agency, &ctx.directory);
    let read = move |conn: &mut _| store::find_sent_by(conn, scope, id);
    let referral = ctx.read_recorded(actions::REFERRAL_READ.on(id), read, |_, entry| entry).await?;
    let receipt = answers::receipt(&ctx, agency, &referral.open(&ctx.vault)?);
    ctx.call.found(&receipt, Validator::Content, Cache::NoStore)
}
