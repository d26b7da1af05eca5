//! The answers to calls about contacts, made in the transaction that they tell of.

use crate::auth::{CaseScope, OfStaff};
use crate::context::Context;
use crate::db::DbConn;
use crate::error::Result;
use crate::http::answer::Validator;
use crate::http::link::Links;
use crate::http::written::Written;
use crate::id::OutreachContactId;
use crate::idempotency::{self, Repeat};
use crate::outreach::arrival::ArrivedContact;
use crate::outreach::finding;
use crate::outreach::store::{self, SealedContact};
use crate::outreach::view::ContactView;
use crate::vault::Vault;

/// Shows contacts as the caller may see them.
#[derive(Clone)]
pub struct ContactAnswers {
    scope: CaseScope,
    vault: Vault,
    links: Links,
}

impl ContactAnswers {
    pub fn new(ctx: &Context<impl OfStaff>) -> Self {
        Self { scope: ctx.changeable(), vault: ctx.vault.clone(), links: ctx.call.links() }
    }

    /// A contact that was received: 201 if it is new, 200 if it existed before.
    pub fn received(&self, arrived: ArrivedContact) -> Result<Written> {
        let is_new = arrived.is_new;
        let (view, validator) = self.view(arrived.contact, arrived.newly_reached)?;
        match is_new {
            true => Written::created(&self.links, &format!("/outreach-contacts/{}", view.id), &view, validator),
            false => Written::changed(&view, validator),
        }
    }

    /// 200 with the contact as it is now.
    pub fn changed(&self, conn: &mut DbConn, id: OutreachContactId) -> Result<Written> {
        let found = finding::find(conn, &self.scope, id)?;
        let (view, validator) = self.view(found.contact, found.newly_reached)?;
        Written::changed(&view, validator)
    }

    /// Gives a kept answer about a contact again.
    pub fn repeat(&self) -> impl Repeat + use<> {
        self.repeat_own_words(false)
    }

    /// Gives a kept answer about a contact again, also to a caller who said that somebody is protected and so no longer finds the
    /// contact.
    pub fn repeat_own_words(&self, says_protected: bool) -> impl Repeat + use<> {
        let scope = self.scope.of_own_words(says_protected);
        idempotency::kept(move |conn, id| store::find(conn, &scope, id).map(drop))
    }

    fn view(&self, contact: SealedContact, newly_reached: Option<bool>) -> Result<(ContactView, Validator)> {
        let version = contact.version;
        Ok((ContactView::new(contact.open(&self.vault)?, newly_reached, &self.links), Validator::Version(version)))
    }
}
