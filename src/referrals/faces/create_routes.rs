//! The operation by which staff make a referral, which goes to the office that is responsible for the child.

use actix_web::{HttpResponse, post};
use uuid::Uuid;

use crate::audit::actions;
use crate::auth::ReferralMaker;
use crate::cases::intake::{NumberEntries, ReferralIntake};
use crate::context::{Context, Tx};
use crate::error::{Problem, Result};
use crate::http::body::Body;
use crate::http::idempotency::GONE;
use crate::id::PersonId;
use crate::outreach::reports;
use crate::referrals::Referral;
use crate::referrals::faces::answers;
use crate::referrals::faces::views::ReferralView;
use crate::referrals::matter::consent;
use crate::referrals::matter::staff_matter::NewStaffReferral;
use crate::referrals::own_words::SealedOwnWords;
use crate::referrals::person::whom::ConcernedPerson;

/// Create a referral
///
/// Makes a referral from an outreach contact (a concern report or an internal referral), from a person's own request for help, or
/// from a private person's report of a concern. The referral goes to the office responsible where the child lives. You can read
/// it later if your office has it or you made it as an outreach worker; for 24 hours you read your own words, wherever it is. A
/// child with a protected identity belongs to the central reception; staff who are not cleared get an ordinary answer, as if
/// nobody had the child's number but the people whom they may know of. For somebody registered elsewhere, give `personId` with
/// the number; registering a person tells both. A call with a number counts as a search. For a reporter who stays unknown,
/// nothing is kept that leads back to the call.
#[utoipa::path(
    operation_id = "createReferral",
    tag = "referrals",
    request_body(content = NewStaffReferral, example = json!({
        "kind": "concern_report",
        "urgency": "soon",
        "source": { "private": { "anonymous": false, "name": "Berit Påhittad", "relation": "Granne" } },
        "child": { "givenName": "Alva", "familyName": "Påhittad", "birthYear": 2013, "placeName": "Skäggetorp" },
        "guardians": [],
        "siblings": [{ "name": "Saga", "birthYear": 2016, "alsoConcerned": false }],
        "needs": ["violence_exposed"],
        "description": "Det hörs skrik och gråt om nätterna.",
        "guardiansInformed": { "informed": "no" }
    })),
    responses(
        (status = 201, description = "The new referral.", body = ReferralView),
        (status = 404, description = GONE)
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([
            Problem::NoOffice, Problem::UnknownReference, consent::PROBLEMS, Problem::SiblingIsTheChild,
        ])),
        ("x-answer-example" = json!({
            "source": {
                "partnerId": null,
                "senderReference": null,
                "private": { "anonymous": false },
                "reporter": { "name": "Berit Påhittad", "title": null, "phone": null, "relation": "Granne" },
            },
            "child": { "school": null },
            "guardians": [],
            "needs": ["violence_exposed"],
            "description": "Det hörs skrik och gråt om nätterna.",
            "guardiansInformed": { "informed": "no" },
            "feedback": null,
            "feedbackRequested": false,
        }))
    )
)]
#[post("/referrals")]
pub async fn create_referral(ctx: Context<ReferralMaker>, new: Body<NewStaffReferral>) -> Result<HttpResponse> {
    let (maker, directory, moment) = (&ctx.caller, &ctx.directory, &ctx.call.moment);
    let leads_nowhere = new.0.is_anonymous();
    let attempt = actions::REFERRAL_CREATED.on_new().leading_nowhere(leads_nowhere);
    if new.0.child.number().is_some() {
        ctx.call.charge_search()?;
    }
    let reader = ctx.reader_of(maker.cases.own_sight(directory));
    ctx.write(attempt, answers::repeat_to_maker(reader, leads_nowhere), async || {
        let office = maker.staff.creating_office(directory, new.0.office_id.as_ref())?;
        let contact = new.0.source.outreach_contact_id;
        let people = maker.people.own_sight(directory);
        let (child, whom) = ConcernedPerson::of_child(new.0.child.clone(), None, people, &ctx.db, &ctx.vault).await?;
        let new = NewStaffReferral { child, ..new.0.clone() };
        let today = directory.calendar.local_date(moment.now.utc());
        let taken_down = new.taken_down(reports::reporter(&maker.staff)?, today, directory)?;
        let referral = Referral::made(taken_down, maker.staff.id, None, directory, moment)?;
        let told = referral.told_about(whom.told, directory)?;
        // The answer shows the facts that the register has of the person, so the record names the person.
        let shown: Vec<Uuid> = [whom.filled_from(), told.person_id].into_iter().flatten().map(PersonId::uuid).collect();
        let entries = NumberEntries::new(&ctx.audited(), referral.id, Some(office), leads_nowhere);
        let own_words = SealedOwnWords::new(&told, maker.staff.id, &ctx.vault, moment)?;
        let intake = ReferralIntake::new(&referral, whom, directory, &ctx.vault, &moment.random)?;
        let intake = intake.taken_down(contact, maker.field.own_sight(directory));
        let intake = intake.in_own_words(own_words).recorded_by(entries);
        let is_own = maker.staff.offices(directory).any(|own| own == told.office_id);
        let caller = (maker.powers.works && is_own).then(|| maker.powers.into());
        let answer = answers::created(&ctx, told, caller)?;
        Ok(move |tx: &mut Tx| {
            intake.write(tx)?;
            tx.about([intake.id]);
            tx.also_about(shown.clone());
            tx.keep_for(intake.id);
            tx.on_behalf_of(office);
            Ok(answer.clone())
        })
    })
    .await
}
