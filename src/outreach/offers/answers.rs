//! The answers to calls about offers, made in the transaction that they tell of.

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

/// Shows offers as the caller may see them.
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

    /// 201 with the offer as it is now: it is new, or has a new answer.
    pub fn created(&self, conn: &mut DbConn, id: OfferId) -> Result<Written> {
        let (view, validator) = self.view(conn, id)?;
        Written::created(&self.links, &format!("/offers/{id}"), &view, validator)
    }

    /// 200 with the offer as it is now.
    pub fn changed(&self, conn: &mut DbConn, id: OfferId) -> Result<Written> {
        let (view, validator) = self.view(conn, id)?;
        Written::changed(&view, validator)
    }

    /// Gives a kept answer about an offer again.
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
