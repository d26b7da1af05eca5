//! Referrals for the partner agencies that send them.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::audit::client::Client;
use crate::audit::denials::Denials;
use crate::audit::{self, Actor, Entry};
use crate::auth::{Agency, PartnerReader, Submitter};
use crate::db::Db;
use crate::directory;
use crate::error::{Problem, Result};
use crate::http::body::Body;
use crate::http::call::{Cache, Call, Validator};
use crate::http::path::Named;
use crate::id::ReferralId;
use crate::referrals::matter::NewReferral;
use crate::referrals::receipt::Receipt;
use crate::referrals::{Referral, store};

/// The operations of partner agencies on referrals.
pub fn routes(api: &mut ServiceConfig) {
    api.service(submit_referral).service(get_partner_referral);
}

/// How often a new reference may turn out to be taken before something else must be wrong.
const ATTEMPTS: u8 = 3;

/// Submit a referral
///
/// A concern report (orosanmälan) or a support request (förfrågan om stöd) about one child. It goes to the office that is
/// responsible where the child lives; a child with a protected identity goes to the central reception. What is answered with 201
/// is durable. In an emergency call 112 as well.
#[utoipa::path(
    operation_id = "submitReferral",
    tag = "partner",
    request_body = NewReferral,
    responses((status = 201, description = "The receipt.", body = Receipt)),
    security(("partnerKey" = []))
)]
#[post("/partner/referrals")]
async fn submit_referral(
    Submitter(agency): Submitter,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    new: Body<NewReferral>,
) -> Result<HttpResponse> {
    let directory = directory.current();
    let mut attempt = 1;
    loop {
        let referral = Referral::receive(new.0.clone(), agency.id, &directory, &call.moment)?;
        let entry = Entry::new(
            &call.moment,
            Actor::Partner(agency.id),
            "referral.received",
            "referral",
            vec![referral.id.uuid()],
            call.trace.id(),
        )
        .from_client(Client::of(&call));
        let stored = db.write(move |conn| {
            store::insert(conn, &referral)?;
            audit::record(conn, &entry)?;
            Ok(referral.clone())
        });
        match stored.await {
            Ok(referral) => {
                let path = format!("/partner/referrals/{}", referral.id);
                return call.created(&path, &receipt(&referral, &agency, &directory, &call), Validator::Content);
            }
            // Only the reference can be taken: the identifier has 74 random bits of its own.
            Err(error) if error.problem() == Problem::AlreadyExists && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Get one's own referral
///
/// A referral that this agency has sent, as far as the law lets the sender know. Another agency's referral does not exist here.
#[utoipa::path(
    operation_id = "getPartnerReferral",
    tag = "partner",
    params(("id" = ReferralId, Path, description = "The referral's identifier, from the receipt.")),
    responses((status = 200, description = "The referral as its sender may know it.", body = Receipt)),
    security(("partnerKey" = []))
)]
#[get("/partner/referrals/{id}")]
async fn get_partner_referral(
    PartnerReader(agency): PartnerReader,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    denials: Data<Denials>,
    id: Named<ReferralId>,
) -> Result<HttpResponse> {
    let (id, sender) = (id.0, agency.id);
    let attempt = || {
        Entry::new(&call.moment, Actor::Partner(sender), "referral.read", "referral", vec![id.uuid()], call.trace.id())
            .from_client(Client::of(&call))
    };
    let entry = attempt();
    let found = db
        .read_recorded(move |conn| store::find_sent_by(conn, sender, id), move |conn, _| audit::record(conn, &entry))
        .await;
    let referral = denials.noted(found, attempt)?;
    call.found(&receipt(&referral, &agency, &directory.current(), &call), Validator::Content, Cache::NoStore)
}

fn receipt(referral: &Referral, agency: &Agency, directory: &directory::Directory, call: &Call) -> Receipt {
    let link = call.link("self", "GET", &format!("/partner/referrals/{}", referral.id));
    Receipt::disclosed(referral, agency.category, directory, link)
}
