//! Answers to calls that create or change offers, made in the same transaction as the change.

use crate::auth::{CaseScope, OfStaff};
use crate::context::Context;
use crate::db::DbConn;
use crate::error::Result;
use crate::http::answer::Validator;
use crate::http::link::Links;
use crate::http::written::Written;
use crate::id::OfferId;
use crate::idempotency::{self, Repeat};
use crate::outreach::offers::store;
use crate::outreach::offers::view::OfferView;
use crate::vault::Vault;

/// Makes the answers to calls that create or change offers, as the caller may see the offers.
#[derive(Clone)]
pub struct OfferAnswers {
    scope: CaseScope,
    vault: Vault,
    links: Links,
}

impl OfferAnswers {
    pub fn new(ctx: &Context<impl OfStaff>) -> Self {
        Self { scope: ctx.changeable(), vault: ctx.vault.clone(), links: ctx.call.links() }
    }

    /// The answer 201 with the offer as it is now: the offer is new, or has a new answer.
    pub fn created(&self, conn: &mut DbConn, id: OfferId) -> Result<Written> {
        let (view, validator) = self.view(conn, id)?;
        Written::created(&self.links, &format!("/offers/{id}"), &view, validator)
    }

    /// The answer 200 with the offer as it is now.
    pub fn changed(&self, conn: &mut DbConn, id: OfferId) -> Result<Written> {
        let (view, validator) = self.view(conn, id)?;
        Written::changed(&view, validator)
    }

    /// Returns the function that gives a kept answer about an offer again when a call is repeated, if the caller may still know of
    /// the offer.
    pub fn repeat(&self) -> impl Repeat + use<> {
        let scope = self.scope.clone();
        idempotency::kept(move |conn, id| store::find(conn, &scope, id).map(drop))
    }

    fn view(&self, conn: &mut DbConn, id: OfferId) -> Result<(OfferView, Validator)> {
        let offer = store::find(conn, &self.scope, id)?;
        let version = offer.offer.version;
        Ok((OfferView::new(offer, &self.vault, &self.links)?, Validator::Version(version)))
    }
}
