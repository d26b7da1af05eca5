//! The answers to calls about referrals: the views that they show, the links that they carry, and the repetition of kept
//! answers.

use crate::auth::{Agency, CaseScope};
use crate::context::Context;
use crate::db::DbConn;
use crate::directory::Directory;
use crate::error::{Problem, Result};
use crate::families::membership::if_known;
use crate::http::answer::Validator;
use crate::http::link::{Link, Linking};
use crate::http::written::Written;
use crate::id::{ReferralId, StaffId};
use crate::idempotency::{self, Repeat, Repeated};
use crate::referrals::course::events;
use crate::referrals::course::table::{self, Action, Caller};
use crate::referrals::disclosure::receipt::Receipt;
use crate::referrals::disclosure::{self, DisclosedReferral, SenderScope};
use crate::referrals::faces::views::ReferralView;
use crate::referrals::own_words::{self, ReferralReader};
use crate::referrals::sending::sender::check_writable;
use crate::referrals::{Referral, store};

/// Makes the answer 201 with a new referral. The links are those to the actions that `caller` may take on it; without `caller`
/// there are none to actions.
pub fn created<C>(ctx: &Context<C>, referral: Referral, caller: Option<Caller>) -> Result<Written> {
    let path = format!("/referrals/{}", referral.id);
    let validator = Validator::Version(referral.version);
    Written::created(&ctx.call, &path, &view(ctx, referral, caller), validator)
}

/// Makes the answer 200 with a referral as it is after a change. The links are those to the actions that `caller` may take on
/// it; without `caller` there are none to actions.
pub fn changed<C>(ctx: &Context<C>, referral: Referral, caller: Option<Caller>) -> Result<Written> {
    let validator = Validator::Version(referral.version);
    Written::changed(&view(ctx, referral, caller), validator)
}

/// Makes the view of a referral that staff see, with links to the actions that `caller` may take on it now. Without `caller`
/// there are no links to actions.
pub fn view<C>(ctx: &Context<C>, referral: Referral, caller: Option<Caller>) -> ReferralView {
    let links = links(&ctx.call, &referral, &ctx.directory, caller);
    ReferralView::new(referral, ctx.call.moment.now, links)
}

/// Makes the receipt: the part of the referral that the partner agency which sent it may see.
pub fn receipt<C>(ctx: &Context<C>, agency: &Agency, referral: &Referral) -> Receipt {
    Receipt::new(&DisclosedReferral::of(referral, &ctx.directory), &agency.scopes, &ctx.directory, &ctx.call)
}

/// Makes the links to a referral, to its parts such as the history, and to the actions that `caller` may take on it now.
/// Without `caller` there are no links to actions.
fn links(linking: &impl Linking, referral: &Referral, directory: &Directory, caller: Option<Caller>) -> Vec<Link> {
    let path = format!("/referrals/{}", referral.id);
    let below = |rel: &'static str, method: &'static str| linking.link(rel, method, &format!("{path}/{rel}"));
    let mut links = vec![linking.link("self", "GET", &path)];
    links.extend(["history", "related", "messages"].map(|rel| below(rel, "GET")));
    let is_hidden = disclosure::is_hidden_from_sender(referral, directory);
    links.extend(referral.origin.partner().filter(|_| !is_hidden).map(|_| below("partner-view", "GET")));
    let can_write = caller.is_some() && check_writable(referral).is_ok() && !referral.is_anonymous() && !is_hidden;
    links.extend(can_write.then(|| below("messages", "POST")));
    let actions = caller.map(|caller| table::allowed(referral, caller, directory)).unwrap_or_default();
    links.extend(actions.iter().map(|action| {
        let action = action.as_ref();
        linking.link(action, "POST", &format!("{path}/{action}"))
    }));
    links
}

/// Repeats the kept answer to a call about a referral, if `scope` still covers the referral. Otherwise fails as not found.
pub fn repeat(scope: CaseScope) -> impl Repeat {
    idempotency::kept(move |conn, id| store::find(conn, &scope, id).map(drop))
}

/// Repeats the kept answer to a call about a referral, if `scope` still covers the referral. Otherwise fails as not found.
pub fn repeat_to_sender(scope: SenderScope) -> impl Repeat {
    idempotency::kept(move |conn, id| store::find_sent_by(conn, scope, id).map(drop))
}

/// Repeats the kept answer to a step that the member of staff `by` took on a referral, if `scope` still covers the referral, or
/// if the step `action` itself sent the referral to another office. Otherwise fails as not found.
pub fn repeat_step(action: Action, scope: CaseScope, by: StaffId) -> impl Repeat {
    let sends_away = matches!(action, Action::Redirect | Action::Reopen);
    idempotency::kept(move |conn, id| match store::find(conn, &scope, id) {
        // A caller whose step sent the referral to another office, and who did not get the answer, may ask again.
        Err(error) if sends_away && error.problem() == Problem::NotFound => {
            events::check_sent_away(conn, &scope, id, by)
        }
        found => found.map(drop),
    })
}

/// Repeats the kept answer to a call that copied the concern report `original` for a sibling. The copy may be at another
/// office; then it is enough that `scope` covers `original` and the caller is cleared for the copy. Otherwise fails as not
/// found.
pub fn repeat_copy(original: ReferralId, scope: CaseScope) -> impl Repeat {
    idempotency::kept(move |conn, copy| {
        if if_known(store::find(conn, &scope, copy))?.is_some() {
            return Ok(());
        }
        store::check_cleared(conn, &scope, copy)?;
        store::find(conn, &scope, original).map(drop)
    })
}

/// Repeats the kept answer to a call that made a referral, if the member of staff still reads the referral or their own words
/// about it. With `leads_nowhere`, the audit record of the repetition does not lead back to the call either.
pub fn repeat_to_maker(reader: ReferralReader, leads_nowhere: bool) -> impl Repeat {
    move |conn: &mut DbConn, id, answer: Written| {
        own_words::find(conn, &reader, ReferralId::from_uuid(id))?;
        Ok(Repeated { leads_nowhere, ..answer.into() })
    }
}
