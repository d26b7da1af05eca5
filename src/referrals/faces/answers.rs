//! The answers to calls about referrals: their views, the links that they carry, and kept answers that are given again.

use crate::auth::{Agency, CaseScope};
use crate::context::Context;
use crate::db::DbConn;
use crate::directory::Directory;
use crate::error::{Problem, Result};
use crate::families::membership::if_known;
use crate::http::answer::Validator;
use crate::http::link::{Link, Linking};
use crate::http::written::Written;
use crate::id::{PartnerId, ReferralId, StaffId};
use crate::idempotency::{self, Repeat, Repeated};
use crate::referrals::course::events;
use crate::referrals::course::table::{self, Action, Caller};
use crate::referrals::disclosure::DisclosedReferral;
use crate::referrals::disclosure::receipt::Receipt;
use crate::referrals::faces::views::ReferralView;
use crate::referrals::sending::sender::check_writable;
use crate::referrals::{Referral, store};

/// 201 with a new referral. `caller` is who may act on it now.
pub fn created<C>(ctx: &Context<C>, referral: Referral, caller: Option<Caller>) -> Result<Written> {
    let path = format!("/referrals/{}", referral.id);
    let validator = Validator::Version(referral.version);
    Written::created(&ctx.call, &path, &view(ctx, referral, caller), validator)
}

/// 200 with a referral as it is now.
pub fn changed<C>(ctx: &Context<C>, referral: Referral, caller: Option<Caller>) -> Result<Written> {
    let validator = Validator::Version(referral.version);
    Written::changed(&view(ctx, referral, caller), validator)
}

/// The referral as staff see it, with links to the actions that `caller` may take on it now.
pub fn view<C>(ctx: &Context<C>, referral: Referral, caller: Option<Caller>) -> ReferralView {
    let links = links(&ctx.call, &referral, &ctx.directory, caller);
    ReferralView::new(referral, ctx.call.moment.now, links)
}

/// The referral as its sender may see it.
pub fn receipt<C>(ctx: &Context<C>, agency: &Agency, referral: &Referral) -> Receipt {
    Receipt::new(&DisclosedReferral::of(referral, &ctx.directory), &agency.scopes, &ctx.directory, &ctx.call)
}

/// Links to the referral, its parts, and the actions that `caller` may take on it now.
fn links(linking: &impl Linking, referral: &Referral, directory: &Directory, caller: Option<Caller>) -> Vec<Link> {
    let path = format!("/referrals/{}", referral.id);
    let below = |rel: &'static str, method: &'static str| linking.link(rel, method, &format!("{path}/{rel}"));
    let mut links = vec![linking.link("self", "GET", &path)];
    links.extend(["history", "related", "messages"].map(|rel| below(rel, "GET")));
    links.extend(referral.origin.partner().map(|_| below("partner-view", "GET")));
    let can_write = caller.is_some() && check_writable(referral).is_ok() && !referral.is_anonymous();
    links.extend(can_write.then(|| below("messages", "POST")));
    let actions = caller.map(|caller| table::allowed(referral, caller, directory)).unwrap_or_default();
    links.extend(actions.iter().map(|action| {
        let action = action.as_ref();
        linking.link(action, "POST", &format!("{path}/{action}"))
    }));
    links
}

/// Gives a kept answer about a referral again to staff who may know of it.
pub fn repeat(scope: CaseScope) -> impl Repeat {
    idempotency::kept(move |conn, id| store::find(conn, &scope, id).map(drop))
}

/// Gives a kept answer about a referral again to its sender.
pub fn repeat_to_sender(sender: PartnerId) -> impl Repeat {
    idempotency::kept(move |conn, id| store::find_sent_by(conn, sender, id).map(drop))
}

/// Gives the kept answer to a step again.
pub fn repeat_step(action: Action, scope: CaseScope, by: StaffId) -> impl Repeat {
    let sends_away = matches!(action, Action::Redirect | Action::Reopen);
    idempotency::kept(move |conn, id| match store::find(conn, &scope, id) {
        // A caller who has sent the referral to another office and did not get the answer may ask again.
        Err(error) if sends_away && error.problem() == Problem::NotFound => {
            events::check_sent_away(conn, &scope, id, by)
        }
        found => found.map(drop),
    })
}

/// Gives the kept answer about a sibling's report again. It may belong to another office; then it is enough that the caller may know of
/// the `original`. Staff who are not cleared for the report do not learn of it.
pub fn repeat_copy(original: ReferralId, scope: CaseScope) -> impl Repeat {
    idempotency::kept(move |conn, copy| {
        if if_known(store::find(conn, &scope, copy))?.is_some() {
            return Ok(());
        }
        store::check_cleared(conn, &scope, copy)?;
        store::find(conn, &scope, original).map(drop)
    })
}

/// Gives the kept answer about a referral again to the member of staff who made it. The record leads nowhere if that of the call does.
pub fn repeat_to_maker(scope: CaseScope, leads_nowhere: bool) -> impl Repeat {
    move |conn: &mut DbConn, id, answer: Written| {
        store::find(conn, &scope, ReferralId::from_uuid(id))?;
        Ok(Repeated { leads_nowhere, ..answer.into() })
    }
}
