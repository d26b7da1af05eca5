//! The request bodies by which an administrator makes or rotates an API key of a partner agency.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::auth::keys::{LONGEST_OVERLAP, Network, Terms, USUAL_OVERLAP};
use crate::error::{Result, Text};
use crate::rules::Rules;
use crate::text::Line;
use crate::time::Timestamp;

const MOST_NETWORKS: usize = 50;
const SCOPES: usize = 2;

/// A request to make a new API key for a partner agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewApiKey {
    /// A label by which people recognise the key, for instance the name of the system that uses it.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Elevhälsans system")]
    pub label: Line,
    /// The scopes of the key: the kinds of operations that it may be used for.
    #[schema(min_items = 1, max_items = 2)]
    pub scopes: Vec<Scope>,
    /// The time at which the key expires. Without it, the key never expires.
    ///
    /// @example "2027-11-21T00:00:00Z"
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The only networks from which the key is accepted. Without them, it is accepted from everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 50)]
    pub allowed_networks: Option<Vec<Network>>,
}

impl NewApiKey {
    /// Checks the request and returns the terms of the key that is to be made. `now` is the present time, which the expiry must
    /// lie after.
    pub fn terms(self, now: Timestamp) -> Result<Terms> {
        let mut rules = Rules::default();
        let none = || Text::new("must have at least one item", "måste ha minst en post");
        rules.require(!self.scopes.is_empty(), "/scopes", none());
        rules.list("/scopes", &self.scopes, SCOPES);
        let past = Text::new("must lie in the future", "måste ligga i framtiden");
        rules.require(self.expires_at.is_none_or(|end| now < end), "/expiresAt", past);
        if let Some(networks) = &self.allowed_networks {
            // An empty list is refused: it could be read as all networks or as none.
            rules.require(!networks.is_empty(), "/allowedNetworks", none());
            rules.list("/allowedNetworks", networks, MOST_NETWORKS);
        }
        rules.finish(Some(Terms {
            label: self.label.to_string(),
            scopes: self.scopes,
            allowed_networks: self.allowed_networks.unwrap_or_default(),
            expires_at: self.expires_at,
        }))
    }
}

/// A request to replace an API key of a partner agency by a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ApiKeyRotation)]
pub struct Rotation {
    /// The time until which the old key stays valid beside the new one. Without it, this is 24 hours from now; at most, it can be
    /// 30 days from now.
    ///
    /// @x-example-omit true
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_until: Option<Timestamp>,
}

impl Rotation {
    /// Checks the request and returns the time until which the old key stays valid; the default is counted from `now`, the
    /// present time.
    pub fn overlap_until(&self, now: Timestamp) -> Result<Timestamp> {
        let latest = Timestamp::from(now.utc() + LONGEST_OVERLAP);
        let until = self.overlap_until.unwrap_or_else(|| Timestamp::from(now.utc() + USUAL_OVERLAP));
        let mut rules = Rules::default();
        let detail = Text::new(
            "must lie in the future, by at most 30 days; revoke a key that must not hold any longer",
            "måste ligga i framtiden, högst 30 dagar bort; återkalla en nyckel som inte får gälla längre",
        );
        rules.require(now < until && until <= latest, "/overlapUntil", detail);
        rules.finish(Some(until))
    }
}
