//! The one way in which staff take a step on a referral over HTTP, and the operation that lists a referral's history.

use actix_web::{HttpResponse, get};

use crate::audit::actions;
use crate::auth::{CaseReader, CaseWorker};
use crate::binding;
use crate::cases::take_step::StepTaking;
use crate::context::{Context, Tx};
use crate::error::Result;
use crate::http::call::Cache;
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::id::ReferralId;
use crate::referrals::course::act::Transition;
use crate::referrals::course::events;
use crate::referrals::course::steps::{self, ReferralStep, StepSetting};
use crate::referrals::course::table::Caller;
use crate::referrals::course::view::EventView;
use crate::referrals::faces::answers;
use crate::referrals::own_words::FoundReferral;
use crate::referrals::{Referral, store};

/// Mounts the operation that lists the history of a referral. The steps are mounted in [`super::work_routes`] and
/// [`super::end_routes`].
pub fn mount(api: &mut impl Mount) {
    api.service(list_history);
}

impl Context<CaseWorker> {
    /// Takes a step on the referral `id`, and answers with the referral as it is afterwards. Checks the scope, `If-Match` and
    /// the table of actions, and writes the audit record.
    pub async fn take_step<S: ReferralStep>(&self, id: ReferralId, step: S) -> Result<HttpResponse> {
        let (staff, standing, scope) = (&self.caller.staff, self.caller.standing(), self.changeable());
        let attempt = S::AUDITED.on(id).on_behalf_of(scope.only_office());
        self.write(attempt, answers::repeat_step(S::ACTION, scope, staff.id), async || {
            let (scope, moment) = (self.changeable(), &self.call.moment);
            let before = self.read(move |conn| store::find(conn, &scope, id)).await?.open(&self.vault)?;
            self.call.check_if_match_when_given(before.version)?;
            let setting = StepSetting { directory: &self.directory, moment, by: staff.id, caller: standing };
            let named = step.named();
            let (after, said) = steps::take(step.clone(), &before, &setting)?;
            let versions = (&before, &after);
            let transition = Transition::new(S::ACTION, versions, staff.actor(), &said, &self.vault, moment)?;
            let taking = StepTaking::new(&before, transition, named, self.changeable());
            let stays = after.office_id == before.office_id;
            let answer = answers::changed(self, after, Some(standing).filter(|_| stays))?;
            Ok(move |tx: &mut Tx| {
                taking.write(tx)?;
                tx.on_behalf_of(taking.office);
                Ok(answer.clone())
            })
        })
        .await
    }
}

impl CaseWorker {
    /// The worker's powers, as the table of actions needs them.
    pub fn standing(&self) -> Caller {
        self.powers.into()
    }
}

/// List the history of a referral
///
/// Each event since the referral was received, and the receipt itself, in order: the states before and after the event, the
/// actor, the time and the reason, and the offices that sent and received the referral. The reading is recorded before the
/// answer is sent.
#[utoipa::path(
    operation_id = "listReferralHistory",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier."), PagingParameters),
    responses((status = 200, description = "A page of the history.", body = Page<EventView>)),
    security(("staffToken" = []))
)]
#[get("/referrals/{id}/history")]
async fn list_history(ctx: Context<CaseReader>, id: Named<ReferralId>, paging: Paging) -> Result<HttpResponse> {
    let read = |conn: &mut _, found: &FoundReferral| events::of_referral(conn, found.id());
    let (found, happened) = ctx.read_referral(actions::REFERRAL_HISTORY_READ, id.0, read).await?;
    let told_until = found.told_until();
    let referral: Referral = found.open(&ctx.vault)?;
    let happened = match told_until {
        Some(written) => events::until_own(happened, written),
        None => happened,
    };
    let mut events = vec![EventView::of_receipt(&referral, happened.first())];
    let shown = binding::sound(&happened, |event| EventView::new(event, &ctx.vault));
    events.extend(shown.into_iter().map(|event| event.told_to_writer(told_until)));
    // A referral has few events, so all of them are read into memory.
    let all: Vec<&EventView> = events.iter().collect();
    let found = paging.of_sorted(&ctx.call, &all, |event| event.version)?.counted_when_asked(&paging);
    Ok(ctx.call.give(found.answer(&ctx.call, &paging, |event| event)?, Cache::NoStore))
}
