//! Answers to calls that create or complete follow-ups, made in the same transaction as the change.

use chrono::NaiveDate;

use crate::auth::{CaseScope, OfStaff};
use crate::context::Context;
use crate::db::DbConn;
use crate::error::Result;
use crate::http::answer::Validator;
use crate::http::link::Links;
use crate::http::written::Written;
use crate::id::FollowUpId;
use crate::idempotency::{self, Repeat};
use crate::outreach::follow_ups::store::{self, SealedFollowUp};
use crate::outreach::follow_ups::view::FollowUpView;
use crate::outreach::made_referrals::MadeReferralReader;
use crate::vault::Vault;

/// Makes the answers to calls that create or complete follow-ups, as the caller may see the follow-ups.
#[derive(Clone)]
pub struct FollowUpAnswers {
    scope: CaseScope,
    today: NaiveDate,
    vault: Vault,
    links: Links,
    reader: MadeReferralReader,
}

impl FollowUpAnswers {
    pub fn new(ctx: &Context<impl OfStaff>) -> Self {
        let today = ctx.directory.calendar.local_date(ctx.call.moment.now.utc());
        let reader = MadeReferralReader::of(ctx);
        Self { scope: ctx.changeable(), today, vault: ctx.vault.clone(), links: ctx.call.links(), reader }
    }

    /// The answer 201 with the follow-up as it was just stored.
    pub fn created(&self, follow_up: SealedFollowUp) -> Result<Written> {
        let path = format!("/follow-ups/{}", follow_up.id);
        let (view, validator) = self.view(follow_up)?;
        Written::created(&self.links, &path, &view, validator)
    }

    /// The answer 200 with the follow-up as it is now.
    pub fn changed(&self, conn: &mut DbConn, id: FollowUpId) -> Result<Written> {
        let (view, validator) = self.view(store::find(conn, &self.scope, id)?)?;
        Written::changed(&view, validator)
    }

    /// Returns the function that gives a kept answer about a follow-up again when a call is repeated, if the caller may still know
    /// of the follow-up.
    pub fn repeat(&self) -> impl Repeat + use<> {
        self.repeat_own_words(false)
    }

    /// Does the same as [`Self::repeat`]. With `says_protected`, the answer is also given to a caller who stated in the call that
    /// somebody is protected, and who, without clearance, no longer finds the follow-up.
    pub fn repeat_own_words(&self, says_protected: bool) -> impl Repeat + use<> {
        let scope = self.scope.of_own_words(says_protected);
        idempotency::kept(move |conn, id| store::find(conn, &scope, id).map(drop))
    }

    fn view(&self, follow_up: SealedFollowUp) -> Result<(FollowUpView, Validator)> {
        let version = follow_up.version;
        let view = FollowUpView::new(follow_up.open(&self.vault)?, self.today, &self.links, self.reader);
        Ok((view, Validator::Version(version)))
    }
}
