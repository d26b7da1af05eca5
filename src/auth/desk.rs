//! Whoever calls, with all that it takes to do what they ask for.

use std::sync::Arc;

use actix_web::web::Data;

use crate::audit::denials::Denials;
use crate::db::Db;
use crate::directory::{self, Directory};
use crate::http::call::Call;
use crate::idempotency::Retries;
use crate::vault::Vault;

/// What it takes, as a handler's second argument.
pub type Tools = (Call, Data<directory::Handle>, Data<Db>, Data<Vault>, Data<Retries>, Data<Denials>);

/// A caller with it. What they can do with it is written where its noun is.
pub struct Desk<C> {
    /// Who calls.
    pub caller: C,
    /// What they say.
    pub call: Call,
    /// The directory as it was when they called.
    pub directory: Arc<Directory>,
    /// Where cases are.
    pub db: Data<Db>,
    /// What seals and opens them.
    pub vault: Data<Vault>,
    /// What was answered to the same call before.
    pub retries: Data<Retries>,
    /// Where it is noted what they asked for in vain.
    pub denials: Data<Denials>,
}

impl<C> Desk<C> {
    /// Whoever calls, with what it takes.
    pub fn new(caller: C, (call, directory, db, vault, retries, denials): Tools) -> Self {
        Self { caller, call, directory: directory.current(), db, vault, retries, denials }
    }
}
