//! The columns of API keys that are bound: see [`crate::binding`]. The time of the last use decides nothing and is left out.

use diesel::prelude::*;
use serde::Serialize;

use crate::auth::keys::api_key::ApiKey;
use crate::db::columns::Json;
use crate::db::schema::partner_keys;
use crate::{bound_row, bound_table};

fn spelled<T: Serialize>(list: &Json<Vec<T>>) -> String {
    serde_json::to_string(&list.0).unwrap_or_default()
}

bound_row! {
    ApiKey in partner_keys, version |_| 1,
    cells [partner_id, label, secret_hash, created_at, expires_at, overlap_until, revoked_at],
    texts [id],
    texts_if_any [rotated_to],
    json [scopes: |scopes| spelled(scopes), allowed_networks: |networks| spelled(networks)]
}
bound_table!(
    /// The table of API keys. A text that is no id of a key is found as well.
    KeyRows: ApiKey in partner_keys by String
);
