//! The operation that corrects a referral.

use actix_web::{HttpResponse, patch};

use crate::audit::{self, Entry};
use crate::auth::{CaseCorrector, Desk, Tools};
use crate::db::{DbConn, anew};
use crate::error::{Error, Problem, Result};
use crate::families;
use crate::families::membership::{ActingStaff, if_known};
use crate::http::answer::Validator;
use crate::http::merge_patch::MergePatch;
use crate::http::path::Named;
use crate::id::{OfficeId, PersonId, ReferralId};
use crate::outreach;
use crate::people::Changeable;
use crate::referrals::course::act::Transition;
use crate::referrals::course::steps::StepNote;
use crate::referrals::course::table::Action;
use crate::referrals::faces::answers::links;
use crate::referrals::faces::views::ReferralView;
use crate::referrals::matter::child::Child;
use crate::referrals::matter::consent;
use crate::referrals::matter::corrections::CorrectableFacts;
use crate::referrals::person::of_person;
use crate::referrals::person::whom::ConcernedPerson;
use crate::referrals::siblings::hiding;
use crate::referrals::{Referral, Status, store};

type ReferralCorrection = Changeable<CorrectableFacts>;

/// Correct a referral
///
/// Changes the child, the guardians and the urgency by a merge patch (RFC 7396). A list of guardians replaces the list before.
/// If the child now lives elsewhere, `suggestedRouting` tells the office that the referral would go to; you decide whether to
/// redirect it. A new identity number makes the referral about the person with that number. If the child's identity turns out
/// to be protected, the referral goes to the central reception at once and disappears for staff who are not cleared. If that is
/// you, the answer is 204 without a body.
#[utoipa::path(
    operation_id = "correctReferral",
    tag = "referrals",
    params(("id" = ReferralId, Path, description = "The referral's identifier.")),
    request_body(content = ReferralCorrection, example = json!({ "child": { "placeName": "Ryd" }, "urgency": "soon" })),
    responses(
        (status = 200, description = "The referral as it is now.", body = ReferralView),
        (status = 409, description = "The referral was entered in error.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([
            Problem::EnteredInError, Problem::UnknownReference, consent::PROBLEMS, Problem::SiblingIsTheChild,
        ])),
        ("x-answer-example" = json!({ "version": 2, "child": { "placeName": "Ryd" } }))
    )
)]
#[patch("/referrals/{id}")]
pub async fn correct_referral(
    corrector: CaseCorrector,
    tools: Tools,
    id: Named<ReferralId>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let desk = Desk::new(corrector, tools);
    // The person with the child's identity number may change in the meantime; then the correction is tried again.
    anew(false, async || desk.correct(id.0, &patch).await).await?
}

impl Desk<CaseCorrector> {
    fn entry(&self, action: &'static str, id: ReferralId) -> Entry {
        Entry::of_call(&self.call, self.caller.worker.staff.actor(), action, "referral", vec![id.uuid()])
    }

    /// Corrects the referral. The inner error tells that trying again would not help, since the caller has read another
    /// version.
    async fn correct(&self, id: ReferralId, patch: &MergePatch) -> Result<Result<HttpResponse>> {
        let (call, vault, worker) = (&self.call, &self.vault, &self.caller.worker);
        let sight = worker.staff.own_sight(&self.directory);
        let attempt = || self.entry("referral.corrected", id).on_behalf_of(sight.only_office());
        let seen = sight.clone();
        let before = self.db.read(move |conn| store::find(conn, &seen, id)).await;
        let before = self.denials.noted(before, attempt)?.open(vault)?;
        if let Err(stale) = call.check_if_match(before.version) {
            return Ok(Err(stale));
        }
        if before.status() == Status::EnteredInError {
            return Err(Error::new(Problem::EnteredInError));
        }
        let facts: CorrectableFacts = patch.apply(&before.facts())?;
        let (facts, whom) = self.denials.noted(self.whom(facts, &before).await, attempt)?;
        let after = before.corrected(facts, whom.known, &self.directory, &call.moment)?;
        let entry = attempt().on_behalf_of(before.office_id);
        let (steps, said, actor) = ((&before, &after), StepNote::default(), worker.staff.actor());
        let transition = Transition::new(Action::Correct, steps, actor, &said, vault, &call.moment, entry)?;
        let hides = after.protected && !before.protected;
        let rerouted = hides.then(|| self.entry("referral.rerouted", id).on_behalf_of(before.office_id));
        let follows = CorrectionEffects::of(&before, &after);
        let hider = after.hides_anew(&before).then(|| ActingStaff::new(&worker.staff, &self.directory, call));
        let (directory, sealing) = (self.directory.clone(), vault.clone());
        let work = move |conn: &mut DbConn| {
            whom.hold(conn)?;
            transition.write(conn)?;
            follows.write(conn)?;
            if let Some(by) = &hider {
                hiding::hide_copied(conn, id, &directory, &sealing, by)?;
            }
            if hides {
                outreach::store::protect_source(conn, id)?;
            }
            if let Some(entry) = &rerouted {
                audit::record(conn, entry)?;
            }
            Ok(if_known(store::find(conn, &sight, id))?.is_some())
        };
        if !self.db.write(work).await? {
            return Ok(Ok(call.changed_out_of_sight()));
        }
        let version = after.version;
        let links = links(call, &after, &self.directory, Some(worker.standing()));
        Ok(call.changed(&ReferralView::new(after, call.moment.now, links), Validator::Version(version)))
    }

    /// Finds the person that the corrected referral is about: another person than before only if the facts say so.
    async fn whom(&self, facts: CorrectableFacts, before: &Referral) -> Result<(CorrectableFacts, ConcernedPerson)> {
        let people = self.caller.people.own_sight(&self.directory);
        let (child, was) = (facts.child.clone(), before.person_id);
        let is_same_person = child.person_id == was;
        let is_same_number = child.number() == before.matter.child.number();
        if let Some(was) = was.filter(|_| is_same_person && is_same_number) {
            return Ok((facts, ConcernedPerson::still(was, people, &self.db).await?));
        }
        // A person who is not named again is not looked up: the number may tell who the child is.
        let named = child.person_id.filter(|_| !is_same_person);
        let still = was.filter(|_| is_same_person);
        let child = Child { person_id: named, ..child };
        let (child, whom) = ConcernedPerson::of_child(child, still, people, &self.db, &self.vault).await?;
        Ok((CorrectableFacts { child, ..facts }, whom))
    }
}

/// The consequences for people when a referral is about somebody else or its protection changes.
struct CorrectionEffects {
    met: Option<PersonId>,
    office: OfficeId,
    protected: bool,
    /// The people whose family may have been first reached in another way.
    touched: Vec<PersonId>,
}

impl CorrectionEffects {
    fn of(before: &Referral, after: &Referral) -> Self {
        let is_anothers = before.person_id != after.person_id;
        let is_touched = is_anothers || before.protected != after.protected;
        let touched = [before.person_id.filter(|_| is_anothers), after.person_id.filter(|_| is_touched)];
        Self {
            met: after.person_id.filter(|_| is_anothers),
            office: after.office_id,
            protected: after.protected,
            touched: touched.into_iter().flatten().collect(),
        }
    }

    fn write(&self, conn: &mut DbConn) -> Result<()> {
        if let Some(person) = self.met {
            families::store::meet_person(conn, person, self.office, self.protected)?;
        }
        self.touched.iter().try_for_each(|person| of_person::is_no_fact_any_more(conn, *person))
    }
}
