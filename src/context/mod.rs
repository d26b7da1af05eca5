//! The context of an HTTP call: the caller, and everything that the operation's handler needs. It is a handler's first
//! argument, so the handler's signature says who may call the operation. Its two methods [`Context::write`] and
//! [`Context::read_recorded`] hold the order of the steps that every write and every recorded read takes.
//!
//! A write takes these steps, in this order:
//!
//! 1. A call that repeats an earlier one, with the same `Idempotency-Key`, gets the answer that was kept of the earlier call.
//! 2. The handler prepares the write: it reads, compares `If-Match`, lets the domain decide and encrypts the data that will be
//!    stored. It returns a job.
//! 3. The job writes, in one transaction. The audit record and the kept answer follow in the same transaction.
//! 4. If another call was faster, so that the job fails, the write is prepared and tried again, where the table of audit
//!    actions says so.
//! 5. A call that fails by what the caller did is recorded in the audit as denied or refused. [`refused_calls`] records those that
//!    fail before they come so far, such as by a body that is no JSON.
//!
//! A recorded read first finds the data; the audit record is stored durably before any of the data is returned.

pub mod directory_writing;
mod http;
pub mod refused_calls;
mod tx;

use std::sync::Arc;

use uuid::Uuid;

use crate::audit::denials::Denials;
use crate::audit::{self, AuditAttempt, AuditedCall, Entry};
use crate::auth::{Acting, CaseScope, OfStaff, Staff};
use crate::db::{self, Db, DbConn};
use crate::directory::{self, Directory};
use crate::error::{Error, Problem, Result};
use crate::http::call::Call;
use crate::http::written::Written;
use crate::idempotency::{Repeat, Retries, Slot};
use crate::vault::Vault;

pub use tx::Tx;

/// The services that all calls share, such as the database and the vault.
#[derive(Clone)]
pub struct Services {
    pub db: Db,
    pub directory: directory::Handle,
    pub vault: Vault,
    pub retries: Arc<Retries>,
    pub denials: Denials,
}

/// The caller of an operation, and everything that the operation's handler needs. `C` is the type of caller that may call it.
pub struct Context<C> {
    pub caller: C,
    pub call: Call,
    /// The snapshot of the directory that was current when the call came in.
    pub directory: Arc<Directory>,
    pub db: Db,
    pub vault: Vault,
    services: Arc<Services>,
}

/// The largest number of times that a write is prepared and tried. Each time another call has succeeded instead, so only many
/// simultaneous calls on the same data get this far.
const MOST_ATTEMPTS: u8 = 64;

impl<C: Acting> Context<C> {
    /// Returns the data about this call that go into its audit records.
    pub fn audited(&self) -> AuditedCall {
        AuditedCall::new(&self.call, self.caller.actor())
    }

    /// Returns the handle of the directory, by which its newest snapshot is read and a new one installed.
    pub fn directory_handle(&self) -> &directory::Handle {
        &self.services.directory
    }

    /// Returns a keyed hash of `content`, by which the same content is recognised when it is sent again: see
    /// [`Retries::fingerprint`].
    pub fn fingerprint(&self, content: &[u8]) -> [u8; 32] {
        self.services.retries.fingerprint(content)
    }

    /// Reads data by which a change is judged. The reading is not recorded in the audit, so the data must not be shown to the
    /// caller.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.db.read(read).await
    }

    /// Reads data that are shown to the caller, and records the reading in the audit. `seen` completes the audit record by the
    /// data that were found; the record is stored durably before this returns. If the data are not found, the attempt is
    /// recorded as denied.
    pub async fn read_recorded<T: Send + 'static>(
        &self,
        attempt: AuditAttempt,
        read: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
        seen: impl FnOnce(&T, Entry) -> Entry + Send + 'static,
    ) -> Result<T> {
        let entry = attempt.entry(&self.audited());
        let record = move |conn: &mut DbConn, found: &T| audit::record(conn, &seen(found, entry));
        self.noted(self.db.read_recorded(read, record).await, &attempt)
    }

    /// Does one write, and returns its answer together with the job's second result. The second result is `None` if the call
    /// repeats an earlier one and gets the kept answer. For the arguments see [`Context::write`].
    pub async fn perform<T: Send + 'static, J>(
        &self,
        attempt: AuditAttempt,
        repeat: impl Repeat,
        prepare: impl AsyncFn() -> Result<J>,
    ) -> Result<(Written, Option<T>)>
    where
        J: Fn(&mut Tx<'_>) -> Result<(Written, T)> + Send + 'static,
    {
        let audited = self.audited();
        let mut told = None;
        let mut work = async |slot: Slot| {
            let (written, besides) = self.retry_on_conflict(&attempt, &audited, &slot, &prepare).await?;
            told = Some(besides);
            Ok(written)
        };
        let outcome = match attempt.action.again() {
            Some(again) => self.services.retries.idempotent(&self.call, &audited, again, repeat, work).await,
            None => work(Slot::none()).await,
        };
        self.noted(outcome, &attempt).map(|written| (written, told))
    }

    /// Prepares the job and runs it in a transaction, up to [`MOST_ATTEMPTS`] times. If another call was faster and the action
    /// is retried, both are done again; a caller that named a version is then told that it is stale. Fails as overloaded after
    /// the last attempt.
    async fn retry_on_conflict<T: Send + 'static, J>(
        &self,
        attempt: &AuditAttempt,
        audited: &AuditedCall,
        slot: &Slot,
        prepare: &impl AsyncFn() -> Result<J>,
    ) -> Result<(Written, T)>
    where
        J: Fn(&mut Tx<'_>) -> Result<(Written, T)> + Send + 'static,
    {
        for _ in 0..MOST_ATTEMPTS {
            let job = prepare().await?;
            let (entry, slot) = (attempt.entry(audited), slot.clone());
            match self.db.write(move |conn| Tx::run(conn, entry.clone(), &slot, &job)).await {
                Err(error) if attempt.action.is_retried && db::is_lost_race(&error) => {}
                outcome => return outcome,
            }
        }
        Err(Error::new(Problem::Overloaded))
    }

    /// Returns `outcome` unchanged. If it is an error that the caller brought about, the attempt is recorded in the audit as denied
    /// or refused, once for each call.
    pub fn noted<T>(&self, outcome: Result<T>, attempt: &AuditAttempt) -> Result<T> {
        let record = || {
            let record = attempt.failed(&self.audited());
            if !record.resource_ids().is_empty() {
                return record;
            }
            // A write of the directory finds the resource that its path names only after the directory was read again.
            let named = self.call.named();
            let named = named.and_then(|name| in_directory(name, attempt.action.resource_type, &self.directory));
            record.about(named.into_iter().collect())
        };
        outcome.inspect_err(|error| self.services.denials.note(&self.call, attempt.action, error, record))
    }
}

/// Returns the identifier of the resource of the directory that has this slug or identifier. `None` for resources of other types.
fn in_directory(name: &str, resource_type: &str, directory: &Directory) -> Option<Uuid> {
    match resource_type {
        "area" => Some(directory.find_area(&name.parse().ok()?)?.id.uuid()),
        "district" => Some(directory.find_district(&name.parse().ok()?)?.id.uuid()),
        "office" => Some(directory.find_office(&name.parse().ok()?)?.id.uuid()),
        "service" => Some(directory.find_service(&name.parse().ok()?)?.id.uuid()),
        _ => None,
    }
}

impl<C: OfStaff> Context<C> {
    pub fn staff(&self) -> &Staff {
        self.caller.staff()
    }

    /// Returns the cases that the caller may read: those of the caller's offices, and with an `Access-Reason` those of other
    /// offices, if the caller's roles allow it.
    pub fn readable(&self) -> CaseScope {
        self.staff().sight(&self.directory)
    }

    /// Returns the cases that the caller may change. An `Access-Reason` does not extend them.
    pub fn changeable(&self) -> CaseScope {
        self.staff().own_sight(&self.directory)
    }
}
