//! The answers to calls that make, rotate or revoke API keys of partner agencies.

use crate::auth::PartnerKeeper;
use crate::auth::keys::{self, ApiKey, ApiKeyId, PlainKey};
use crate::context::Context;
use crate::db::DbConn;
use crate::error::Result;
use crate::http::answer::Validator;
use crate::http::link::Links;
use crate::http::written::Written;
use crate::id::PartnerId;
use crate::partners::Partner;
use crate::partners::view::{ApiKeyView, IssuedApiKey, key_path};
use crate::slug::Slug;
use crate::time::Timestamp;

/// Makes the answers about the API keys of one partner agency, with links that fit the time of the call.
#[derive(Clone)]
pub struct ApiKeyAnswers {
    partner: PartnerId,
    slug: Slug,
    links: Links,
    now: Timestamp,
}

impl ApiKeyAnswers {
    pub fn new(ctx: &Context<PartnerKeeper>, partner: &Partner) -> Self {
        Self { partner: partner.id, slug: partner.slug.clone(), links: ctx.call.links(), now: ctx.call.moment.now }
    }

    /// The answer 201 with a new key and its secret. The secret is shown only in this answer.
    pub fn issued(&self, key: &ApiKey, plain: &PlainKey) -> Result<Written> {
        let (path, version) = (key_path(&self.slug, &key.id), Validator::Version(key.version()));
        let view = self.view(key.clone());
        let told = IssuedApiKey { key: &view, secret: plain.reveal() };
        Written::created_telling(&self.links, &path, &view, version, &told)
    }

    /// The answer 200 with the key as it is after a change.
    pub fn changed(&self, conn: &mut DbConn, id: &ApiKeyId) -> Result<Written> {
        let key = keys::store::find(conn, self.partner, id)?;
        let version = Validator::Version(key.version());
        Written::changed(&self.view(key), version)
    }

    fn view(&self, key: ApiKey) -> ApiKeyView {
        ApiKeyView::new(key, &self.slug, &self.links, self.now)
    }
}
