//! The preparation of contacts that a worker sends, before the transaction that writes them: they are checked as far as possible
//! without the database, and sealed.

use crate::audit::{Entry, actions};
use crate::auth::OutreachWorker;
use crate::cases::intake::{NumberEntries, ReferralIntake};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::id::{OfficeId, OutreachContactId};
use crate::outreach::arrival::{ArrivedContact, ArrivingContact};
use crate::outreach::follow_ups::FollowUp;
use crate::outreach::follow_ups::store::SealedFollowUp;
use crate::outreach::reports::{self, Report};
use crate::outreach::{ContactSetting, NewContact, OutreachContact};
use crate::referrals::Referral;
use crate::referrals::Urgency;
use crate::referrals::matter::NewReferral;
use crate::referrals::own_words::SealedOwnWords;
use crate::referrals::person::whom::ConcernedPerson;

/// Checks and seals a contact as it was sent, with the concern report and the follow-up that it makes.
pub async fn arrival(ctx: &Context<OutreachWorker>, new: NewContact) -> Result<ArrivingContact> {
    let sent = fingerprint(ctx, &new)?;
    arrival_of(ctx, new, sent).await
}

/// Checks and seals a contact that continues the contact `previous`, unless it names another earlier contact. A device may send the
/// same contact by several operations, so it is recognised by the content that the device sent.
pub async fn arrival_after(
    ctx: &Context<OutreachWorker>,
    mut new: NewContact,
    previous: Option<OutreachContactId>,
) -> Result<ArrivingContact> {
    let sent = fingerprint(ctx, &new)?;
    new.previous_contact_id = new.previous_contact_id.or(previous);
    arrival_of(ctx, new, sent).await
}

async fn arrival_of(ctx: &Context<OutreachWorker>, new: NewContact, sent: [u8; 32]) -> Result<ArrivingContact> {
    let (staff, moment, vault) = (ctx.staff(), &ctx.call.moment, &ctx.vault);
    let office = staff.creating_office(&ctx.directory, new.office_id.as_ref())?;
    let may_be_there = new.id.is_some();
    let promise = new.follow_up.clone();
    let setting = ContactSetting { office, directory: &ctx.directory, now: moment.now, before: None };
    let concern = match new.urgency {
        Some(Urgency::Immediate) => reports::concern(&new, reports::reporter(staff)?),
        _ => None,
    };
    let mut contact = OutreachContact::new(new, &setting, staff.id, sent, moment)?;
    let report = match concern {
        Some(concern) => Some(report(ctx, concern, contact.id, office).await?),
        None => None,
    };
    contact.record.referral_id = report.as_ref().map(|report| report.referral.id);
    let follow_up = match FollowUp::of_contact(promise, &contact) {
        Some(follow_up) => Some(SealedFollowUp::new(&follow_up, vault, &moment.random)?),
        None => None,
    };
    let arrival = ArrivingContact::new(&contact, follow_up, may_be_there, vault, &moment.random)?;
    Ok(ArrivingContact { report, ..arrival })
}

/// Makes and seals the referral that the caller makes from this contact on behalf of this office. It is routed by the child's home,
/// and by the protection of the registered person with the child's identity number, whom the caller need not know of. A number counts
/// as a search.
pub async fn report(
    ctx: &Context<OutreachWorker>,
    new: NewReferral,
    contact: OutreachContactId,
    office: OfficeId,
) -> Result<Report> {
    let (moment, sight) = (&ctx.call.moment, ctx.changeable());
    if new.child.number().is_some() {
        ctx.call.charge_each_search()?;
    }
    let child = new.child.clone();
    let referral = Referral::of_contact(new, (contact, ctx.staff().id), None, &ctx.directory, moment)?;
    let (_, whom) = ConcernedPerson::of_child(child, None, sight, &ctx.db, &ctx.vault).await?;
    let told = referral.told_about(whom.told, &ctx.directory)?;
    let audited = ctx.audited();
    let entries = NumberEntries::new(&audited, referral.id, Some(office), false);
    let own_words = SealedOwnWords::new(&told, ctx.staff().id, &ctx.vault, moment)?;
    let intake = ReferralIntake::new(&referral, whom, &ctx.directory, &ctx.vault, &moment.random)?;
    let entry = audited.entry(actions::REFERRAL_CREATED, Vec::new()).on_behalf_of(office);
    Ok(Report::new(intake.in_own_words(own_words).recorded_by(entries), entry))
}

/// The keyed hash of a contact's content without its identifier, by which the same content is recognised, whichever operation it is
/// sent to. It is keyed, since the content tells where somebody is.
fn fingerprint(ctx: &Context<OutreachWorker>, new: &NewContact) -> Result<[u8; 32]> {
    let content = serde_json::to_vec(&NewContact { id: None, ..new.clone() }).map_err(Error::internal)?;
    Ok(ctx.fingerprint(&content))
}

/// The audit entries about contacts that arrive on behalf of one office.
#[derive(Clone)]
pub struct ArrivalEntries {
    /// The audit entry about contacts that did not exist before.
    created: Entry,
    /// The audit entry about contacts that existed before and were sent again.
    known: Entry,
}

impl ArrivalEntries {
    pub fn new(ctx: &Context<OutreachWorker>, office: OfficeId) -> Self {
        let created = actions::OUTREACH_CONTACT_CREATED;
        let entry = |action| ctx.audited().entry(action, Vec::new()).on_behalf_of(office);
        Self { created: entry(created), known: entry(created.again().unwrap_or(created)) }
    }

    /// The audit entry about one contact, which is new or existed before.
    pub fn of_one(&self, arrived: &ArrivedContact) -> Entry {
        let entry = if arrived.is_new { &self.created } else { &self.known };
        entry.clone().about(vec![arrived.contact.id.uuid()])
    }

    /// The audit entries about several contacts of the office: at most one for those that are new, and one for the others.
    pub fn of_all(&self, arrived: &[&ArrivedContact]) -> Vec<Entry> {
        let of = |entry: &Entry, is_new: bool| {
            let these = arrived.iter().filter(|one| one.is_new == is_new);
            let ids: Vec<_> = these.map(|one| one.contact.id.uuid()).collect();
            (!ids.is_empty()).then(|| entry.clone().about(ids))
        };
        [of(&self.created, true), of(&self.known, false)].into_iter().flatten().collect()
    }
}
