//! The frame in which all steps are taken over HTTP, and the operation that lists the history.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};

use crate::audit::Entry;
use crate::audit::denials::Denials;
use crate::auth::{CaseReader, CaseScope, CaseWorker, Desk, register};
use crate::db::{Db, DbConn, anew, dialect};
use crate::directory;
use crate::error::{Problem, Result, Text};
use crate::families::membership::if_known;
use crate::http::answer::Validator;
use crate::http::call::{Cache, Call};
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::http::written::Written;
use crate::id::{OfficeId, ReferralId};
use crate::idempotency::{Replay, Slot};
use crate::outreach::offers;
use crate::referrals::course::act::Transition;
use crate::referrals::course::events;
use crate::referrals::course::steps::{self, ReferralStep, StepSetting};
use crate::referrals::course::table::{Action, Caller};
use crate::referrals::course::view::EventView;
use crate::referrals::faces::answers::{Reading, links};
use crate::referrals::faces::views::ReferralView;
use crate::referrals::{Kind, Referral, Status, store};
use crate::rules::Rules;
use crate::vault::Vault;

/// Mounts the history of a referral. The steps are mounted in [`super::work_routes`] and [`super::end_routes`].
pub fn mount(api: &mut impl Mount) {
    api.service(list_history);
}

impl Desk<CaseWorker> {
    /// Takes a step, and answers with the referral as it is afterwards.
    pub async fn act<S: ReferralStep>(&self, id: ReferralId, step: S) -> Result<HttpResponse> {
        let actor = self.caller.staff.actor();
        let sight = self.caller.staff.own_sight(&self.directory);
        let seen = sight.clone();
        let by = self.caller.staff.id;
        let may_see = move |conn: &mut DbConn, id| {
            let id = ReferralId::from_uuid(id);
            match store::find(conn, &seen, id) {
                // A caller who has sent the referral to another office and did not get the answer may ask again.
                Err(error)
                    if error.problem() == Problem::NotFound
                        && matches!(S::ACTION, Action::Redirect | Action::Reopen) =>
                {
                    events::check_sent_away(conn, &seen, id, by)
                }
                found => found.map(drop),
            }
        };
        let replay = Replay { action: "referral.acted.replayed", resource_type: "referral", may_see };
        let work = async |slot: Slot| {
            anew(self.call.names_a_version(), async || self.take(id, step.clone(), &sight, &slot).await).await
        };
        let outcome = self.retries.once(&self.call, actor, replay, work).await;
        self.call.send(self.denials.noted(outcome, || self.attempt::<S>(id, &sight))?)
    }

    fn attempt<S: ReferralStep>(&self, id: ReferralId, sight: &CaseScope) -> Entry {
        Entry::of_call(&self.call, self.caller.staff.actor(), S::AUDITED.code, "referral", vec![id.uuid()])
            .on_behalf_of(sight.only_office())
    }

    async fn take<S: ReferralStep>(&self, id: ReferralId, step: S, sight: &CaseScope, slot: &Slot) -> Result<Written> {
        let (call, staff) = (&self.call, &self.caller.staff);
        let seen = sight.clone();
        let before = self.db.read(move |conn| store::find(conn, &seen, id)).await?.open(&self.vault)?;
        call.check_if_match_when_given(before.version)?;
        let setting = StepSetting {
            directory: &self.directory,
            moment: &call.moment,
            by: staff.id,
            caller: self.caller.standing(),
        };
        let named = step.named();
        let (after, said) = steps::take(step, &before, &setting)?;
        let entry = self.attempt::<S>(id, sight).on_behalf_of(before.office_id);
        let transition =
            Transition::new(S::ACTION, (&before, &after), staff.actor(), &said, &self.vault, &call.moment, entry)?;
        let version = after.version;
        let (kind, office) = (before.kind, before.office_id);
        let links =
            links(call, &after, &self.directory, Some(self.caller.standing()).filter(|_| after.office_id == office));
        let answer = Written::changed(&ReferralView::new(after, call.moment.now, links), Validator::Version(version))?;
        let (kept, slot, sight) = (answer.clone(), slot.clone(), sight.clone());
        let work = move |conn: &mut DbConn| {
            check_named(conn, &sight, (id, kind, office), named)?;
            transition.write(conn)?;
            slot.keep(conn, id.uuid(), &kept)
        };
        self.db.write(work).await?;
        Ok(answer)
    }
}

impl CaseWorker {
    /// The worker's standing in the table.
    pub fn standing(&self) -> Caller {
        self.powers.into()
    }
}

/// Checks that the records a step names exist, as far as the caller may know. `office` has the referral.
fn check_named(
    conn: &mut DbConn,
    sight: &CaseScope,
    (id, kind, office): (ReferralId, Kind, OfficeId),
    named: steps::StepReferences,
) -> Result<()> {
    let mut rules = Rules::default();
    if let Some(colleague) = named.colleague {
        let works_there = register::works_at(conn, colleague, office)?;
        rules.known("/assigneeId", colleague.uuid(), works_there.then_some(()));
    }
    if let Some(other) = named.referral {
        dialect::hold_referrals(conn, &[id, other])?;
        let found = if_known(store::find(conn, sight, other))?;
        let stands = found.filter(|found| !matches!(found.status, Status::EnteredInError | Status::Duplicate));
        let found = rules.known("/ofReferralId", other.uuid(), stands);
        // A report that duplicates a request would end without its assessment and its decision.
        let is_report = |kind: Kind| kind == Kind::ConcernReport;
        let is_alike = found.is_none_or(|found| is_report(found.kind) == is_report(kind));
        let differs = Text::new(
            "must be a report if this referral is a report, and a request if it is a request",
            "måste också vara en anmälan, eller också en förfrågan",
        );
        rules.require(is_alike, "/ofReferralId", differs);
    }
    if let Some(offer) = named.offer {
        rules.known("/offerId", offer.uuid(), if_known(offers::store::find(conn, sight, offer))?);
    }
    rules.finish(Some(()))
}

/// List the history of a referral
///
/// Each event since the referral was received, in order: the states before and after, the actor, the time and the reason, and
/// the offices that sent and received the referral. The reading is recorded before the answer is sent.
#[utoipa::path(
    operation_id = "listReferralHistory",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier."), PagingParameters),
    responses((status = 200, description = "A page of the history.", body = Page<EventView>)),
    security(("staffToken" = []))
)]
#[get("/referrals/{id}/history")]
async fn list_history(
    CaseReader { staff, .. }: CaseReader,
    call: Call,
    directory: Data<directory::Handle>,
    db: Data<Db>,
    vault: Data<Vault>,
    denials: Data<Denials>,
    asked: (Named<ReferralId>, Paging),
) -> Result<HttpResponse> {
    let (Named(id), paging) = asked;
    let reading = Reading { staff: &staff, call: &call, directory: &directory.current(), db: &db, denials: &denials };
    let (referral, happened) = reading.of("referral.history_read", id, events::of_referral).await?;
    let referral: Referral = referral.open(&vault)?;
    let mut events = vec![EventView::of_receipt(&referral, happened.first())];
    for event in &happened {
        events.push(EventView::new(event, &vault)?);
    }
    // A referral has few events, so all of them are in memory.
    let all: Vec<&EventView> = events.iter().collect();
    let found = paging.of_sorted(&call, &all, |event| event.version)?.counted_when_asked(&paging);
    Ok(call.give(found.answer(&call, &paging, |event| event)?, Cache::NoStore))
}
