//! Answers to calls that create or change outreach contacts, made in the same transaction as the change.

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
use crate::outreach::made_referrals::MadeReferralReader;
use crate::outreach::store::{self, SealedContact};
use crate::outreach::view::ContactView;
use crate::vault::Vault;

/// Makes the answers to calls that create or change contacts, as the caller may see the contacts.
#[derive(Clone)]
pub struct ContactAnswers {
    scope: CaseScope,
    vault: Vault,
    links: Links,
    reader: MadeReferralReader,
}

impl ContactAnswers {
    pub fn new(ctx: &Context<impl OfStaff>) -> Self {
        let reader = MadeReferralReader::of(ctx);
        Self { scope: ctx.changeable(), vault: ctx.vault.clone(), links: ctx.call.links(), reader }
    }

    /// The answer with a contact that was received: 201 if it is new, 200 if it existed before.
    pub fn received(&self, arrived: ArrivedContact) -> Result<Written> {
        let is_new = arrived.is_new;
        let (view, validator) = self.view(arrived.contact, arrived.newly_reached)?;
        match is_new {
            true => Written::created(&self.links, &format!("/outreach-contacts/{}", view.id), &view, validator),
            false => Written::changed(&view, validator),
        }
    }

    /// The answer 200 with the contact as it is now.
    pub fn changed(&self, conn: &mut DbConn, id: OutreachContactId) -> Result<Written> {
        let found = finding::find(conn, &self.scope, id)?;
        let (view, validator) = self.view(found.contact, found.newly_reached)?;
        Written::changed(&view, validator)
    }

    /// Returns the function that gives a kept answer about a contact again when a call is repeated, if the caller may still know of
    /// the contact.
    pub fn repeat(&self) -> impl Repeat + use<> {
        self.repeat_own_words(false)
    }

    /// Does the same as [`Self::repeat`]. With `says_protected`, the answer is also given to a caller who stated in the call that
    /// somebody is protected, and who, without clearance, no longer finds the contact.
    pub fn repeat_own_words(&self, says_protected: bool) -> impl Repeat + use<> {
        let scope = self.scope.of_own_words(says_protected);
        idempotency::kept(move |conn, id| store::find(conn, &scope, id).map(drop))
    }

    fn view(&self, contact: SealedContact, newly_reached: Option<bool>) -> Result<(ContactView, Validator)> {
        let version = contact.version;
        let view = ContactView::new(contact.open(&self.vault)?, newly_reached, &self.links, self.reader);
        Ok((view, Validator::Version(version)))
    }
}
