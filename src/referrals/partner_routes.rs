//! Referrals for the partner agencies that send them.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::audit::{self, Actor, Entry};
use crate::auth::{Agency, PartnerReader, Submitter};
use crate::db::{Db, stale};
use crate::directory;
use crate::error::{Problem, Result};
use crate::families;
use crate::http::body::Body;
use crate::http::call::{Cache, Call, Validator};
use crate::http::path::Named;
use crate::id::ReferralId;
use crate::people::store as people_store;
use crate::referrals::matter::NewReferral;
use crate::referrals::receipt::Receipt;
use crate::referrals::store::SealedReferral;
use crate::referrals::{Referral, store};
use crate::vault::Vault;

/// The operations of partner agencies on referrals.
pub fn routes(api: &mut ServiceConfig) {
    api.service(submit_referral).service(get_partner_referral);
}

/// How often a new reference may turn out to be taken, or the person to have changed, before something else must be wrong.
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
    vault: Data<Vault>,
    new: Body<NewReferral>,
) -> Result<HttpResponse> {
    let directory = directory.current();
    let number = new.0.child.number().map(|number| people_store::number_hash(&vault, number));
    let mut attempt = 1;
    loop {
        let known = match number.clone() {
            Some(hash) => db.read(move |conn| people_store::first_with_number(conn, &hash)).await?,
            None => None,
        };
        let referral = Referral::receive(new.0.clone(), agency.id, known, &directory, &call.moment)?;
        let entry = Entry::new(
            &call.moment,
            Actor::Partner(agency.id),
            "referral.received",
            "referral",
            vec![referral.id.uuid()],
            call.trace.id(),
        );
        let sealed = SealedReferral::new(&referral, &vault, &call.moment.random)?;
        let requested = referral.matter.requested_service_ids.clone().unwrap_or_default();
        let number = number.clone();
        let stored = db.write(move |conn| {
            if let (Some((person, _)), Some(hash)) = (known, &number) {
                // It was routed by what was known of the person: that must still hold.
                if people_store::first_with_number(conn, hash)? != known {
                    return Err(stale());
                }
                families::store::meet_person(conn, person, sealed.office_id)?;
            }
            store::insert(conn, &sealed, &requested)?;
            audit::record(conn, &entry)
        });
        match stored.await {
            Ok(()) => {
                let path = format!("/partner/referrals/{}", referral.id);
                return call.created(&path, &receipt(&referral, &agency, &directory, &call), Validator::Content);
            }
            // Only the reference can be taken: the identifier has 74 random bits of its own. Or the person has changed meanwhile.
            Err(error)
                if matches!(error.problem(), Problem::AlreadyExists | Problem::StaleVersion) && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
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
    vault: Data<Vault>,
    id: Named<ReferralId>,
) -> Result<HttpResponse> {
    let (id, sender) = (id.0, agency.id);
    let entry =
        Entry::new(&call.moment, Actor::Partner(sender), "referral.read", "referral", vec![id.uuid()], call.trace.id());
    let sealed = db
        .read_recorded(move |conn| store::find_sent_by(conn, sender, id), move |conn, _| audit::record(conn, &entry))
        .await?;
    let referral = sealed.open(&vault)?;
    call.found(&receipt(&referral, &agency, &directory.current(), &call), Validator::Content, Cache::NoStore)
}

fn receipt(referral: &Referral, agency: &Agency, directory: &directory::Directory, call: &Call) -> Receipt {
    let link = call.link("self", "GET", &format!("/partner/referrals/{}", referral.id));
    Receipt::disclosed(referral, agency.category, directory, link)
}
