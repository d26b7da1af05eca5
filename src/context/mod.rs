//! The context of a call: the caller, and all that the handler needs. It is a handler's first argument, so the signature says who may
//! call; and its two primitives, [`Context::write`] and [`Context::read_recorded`], hold the order of the steps that every call takes.
//!
//! A write, in this order:
//!
//! 1. A repeated call, named by its `Idempotency-Key`, gets the answer that was kept.
//! 2. The handler prepares: it reads, compares `If-Match`, lets the domain decide and seals what will be stored.
//! 3. Its job writes. The audit's entry and the kept answer follow in the same transaction.
//! 4. Work that lost a race is prepared again, where the table of actions says so.
//! 5. An attempt at something that the caller may not know of is recorded as denied.
//!
//! A recorded read finds first; the entry is durable before anything that was found leaves.

pub mod directory_writing;
mod http;
mod tx;

use std::sync::Arc;

use crate::audit::denials::Denials;
use crate::audit::{self, Attempt, AuditedCall, Entry};
use crate::auth::{Acting, CaseScope, OfStaff, Staff};
use crate::db::{self, Db, DbConn};
use crate::directory::{self, Directory};
use crate::error::{Error, Problem, Result};
use crate::http::call::Call;
use crate::http::written::Written;
use crate::idempotency::{Repeat, Retries, Slot};
use crate::vault::Vault;

pub use tx::Tx;

/// The services that all calls share.
#[derive(Clone)]
pub struct Services {
    pub db: Db,
    pub directory: directory::Handle,
    pub vault: Vault,
    pub retries: Arc<Retries>,
    pub denials: Denials,
}

/// The caller, and all that a handler needs.
pub struct Context<C> {
    pub caller: C,
    pub call: Call,
    /// The directory as it was when the call came.
    pub directory: Arc<Directory>,
    pub db: Db,
    pub vault: Vault,
    services: Arc<Services>,
}

/// The number of times that work is prepared in all. Each time another call has got on, so only a crowd gets as far.
const MOST_ATTEMPTS: u8 = 64;

impl<C: Acting> Context<C> {
    /// The call as the audit remembers it.
    pub fn audited(&self) -> AuditedCall {
        AuditedCall::new(&self.call, self.caller.actor())
    }

    /// The directory for those who write it.
    pub fn directory_handle(&self) -> &directory::Handle {
        &self.services.directory
    }

    /// Tells the same content from other content by a keyed hash: see [`Retries::fingerprint`].
    pub fn fingerprint(&self, content: &[u8]) -> [u8; 32] {
        self.services.retries.fingerprint(content)
    }

    /// Reads what is not told to the caller by itself: what a change is judged by.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.db.read(read).await
    }

    /// Reads what is told to the caller. `seen` completes the entry by what was found; it is durable before this returns.
    pub async fn read_recorded<T: Send + 'static>(
        &self,
        attempt: Attempt,
        read: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
        seen: impl FnOnce(&T, Entry) -> Entry + Send + 'static,
    ) -> Result<T> {
        let entry = attempt.entry(&self.audited());
        let record = move |conn: &mut DbConn, found: &T| audit::record(conn, &seen(found, entry));
        self.noted(self.db.read_recorded(read, record).await, &attempt)
    }

    /// Does one write and gives its answer, with what the job tells besides; that is absent where a kept answer is given again.
    pub async fn perform<T: Send + 'static, J>(
        &self,
        attempt: Attempt,
        repeat: impl Repeat,
        prepare: impl AsyncFn() -> Result<J>,
    ) -> Result<(Written, Option<T>)>
    where
        J: Fn(&mut Tx<'_>) -> Result<(Written, T)> + Send + 'static,
    {
        let mut told = None;
        let mut work = async |slot: Slot| {
            let (written, besides) = self.retry_on_conflict(&attempt, &slot, &prepare).await?;
            told = Some(besides);
            Ok(written)
        };
        let outcome = match attempt.action.again() {
            Some(again) => self.services.retries.idempotent(&self.call, &self.audited(), again, repeat, work).await,
            None => work(Slot::none()).await,
        };
        let outcome = if attempt.notes_readings_only { outcome } else { self.noted(outcome, &attempt) };
        outcome.map(|written| (written, told))
    }

    /// Prepares and writes; again after a lost race, where the action is retried. A caller that named a version is told that it is
    /// stale when the work is prepared.
    async fn retry_on_conflict<T: Send + 'static, J>(
        &self,
        attempt: &Attempt,
        slot: &Slot,
        prepare: &impl AsyncFn() -> Result<J>,
    ) -> Result<(Written, T)>
    where
        J: Fn(&mut Tx<'_>) -> Result<(Written, T)> + Send + 'static,
    {
        for _ in 0..MOST_ATTEMPTS {
            let job = prepare().await?;
            let (entry, slot) = (attempt.entry(&self.audited()), slot.clone());
            match self.db.write(move |conn| Tx::run(conn, entry.clone(), &slot, &job)).await {
                Err(error) if attempt.action.is_retried && db::is_lost_race(&error) => {}
                outcome => return outcome,
            }
        }
        Err(Error::new(Problem::Overloaded))
    }

    /// Records an attempt as denied if what was looked for was not found, or something else that the caller named; and passes the outcome
    /// on as it is.
    pub fn noted<T>(&self, outcome: Result<T>, attempt: &Attempt) -> Result<T> {
        if attempt.action.is_open {
            return outcome;
        }
        self.services.denials.noted(outcome, || attempt.denied(&self.audited()))
    }
}

impl<C: OfStaff> Context<C> {
    pub fn staff(&self) -> &Staff {
        self.caller.staff()
    }

    /// The cases that the caller may read: an `Access-Reason` opens those of other offices.
    pub fn readable(&self) -> CaseScope {
        self.staff().sight(&self.directory)
    }

    /// The cases that the caller may change.
    pub fn changeable(&self) -> CaseScope {
        self.staff().own_sight(&self.directory)
    }
}
