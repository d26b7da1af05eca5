//! A caller together with everything that is needed to do what the caller asks for.

use std::sync::Arc;

use actix_web::web::Data;

use crate::audit::denials::Denials;
use crate::db::Db;
use crate::directory::{self, Directory};
use crate::http::call::Call;
use crate::idempotency::Retries;
use crate::vault::Vault;

/// The services that a handler needs, as its second argument.
pub type Tools = (Call, Data<directory::Handle>, Data<Db>, Data<Vault>, Data<Retries>, Data<Denials>);

/// A caller with those services. The modules of the nouns add the methods that use them.
pub struct Desk<C> {
    pub caller: C,
    pub call: Call,
    /// The directory as it was when the call came in.
    pub directory: Arc<Directory>,
    /// The database of cases.
    pub db: Data<Db>,
    /// The vault that seals and opens the texts of cases.
    pub vault: Data<Vault>,
    /// The answers that were given to earlier calls with the same idempotency key.
    pub retries: Data<Retries>,
    /// The queue that records what the caller asked for and may not know of.
    pub denials: Data<Denials>,
}

impl<C> Desk<C> {
    /// Joins a caller with the services of the call.
    pub fn new(caller: C, (call, directory, db, vault, retries, denials): Tools) -> Self {
        Self { caller, call, directory: directory.current(), db, vault, retries, denials }
    }
}
