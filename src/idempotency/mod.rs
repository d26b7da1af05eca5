//! Asking again without doing it twice: a call that names itself by an `Idempotency-Key` is done once, and whoever asks again
//! within a day gets the first answer.
//!
//! - The answer is kept in the transaction of what it answers: either both are there or neither. Of callers who come at once, only
//!   one can keep its answer; the others are taken back whole and get that one.
//! - Only answers of success are kept: what failed has changed nothing, and may succeed the next time.
//! - A key belongs to its caller: to a partner agency and not to one of its keys, or to a member of staff.
//! - Neither a key nor a request is stored, only their keyed hashes; the answer is sealed, and never has a secret in it.
//! - Whoever asks again must still be allowed to see what the answer is about, and it is recorded that they saw it. An answer that
//!   names others as well is made anew, of what the caller may know now.

mod store;

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::Duration;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::audit::{self, AuditAction, AuditedCall};
use crate::code::code;
use crate::db::{Db, DbConn};
use crate::error::{Error, Problem, Result};
use crate::http::call::Call;
use crate::http::written::Written;
use crate::id::{Id, KeptAnswerId};
use crate::time::{Moment, Timestamp};
use crate::vault::{KEPT_ANSWER, Vault};

use store::KeptAnswer;

/// For so long an answer is kept.
const KEPT_FOR: Duration = Duration::hours(24);

/// Knows which calls were answered. Writes go through [`Retries::idempotent`].
pub struct Retries {
    db: Db,
    hash_key: [u8; 32],
    vault: Vault,
    /// The keys of the calls that run on this server. Other servers are noticed by the database.
    running: Mutex<HashSet<[u8; 32]>>,
}

/// An answer that is given again.
pub struct Repeated {
    pub answer: Written,
    /// The people and other resources that the answer shows besides what it is about.
    pub others: Vec<Uuid>,
    /// Whether the record of it must not lead back to the call.
    pub leads_nowhere: bool,
}

impl From<Written> for Repeated {
    fn from(answer: Written) -> Self {
        Self { answer, others: Vec::new(), leads_nowhere: false }
    }
}

/// Gives a kept answer about a resource again: fails where the caller may not know of the resource any more, and renders the answer again
/// where it shows others besides.
pub trait Repeat: Fn(&mut DbConn, Uuid, Written) -> Result<Repeated> + Clone + Send + 'static {}

impl<F: Fn(&mut DbConn, Uuid, Written) -> Result<Repeated> + Clone + Send + 'static> Repeat for F {}

/// Gives the kept answer again as it is, to a caller who may still see the resource that it is about.
pub fn kept<K>(may_see: impl Fn(&mut DbConn, Id<K>) -> Result<()> + Clone + Send + 'static) -> impl Repeat {
    move |conn: &mut DbConn, about: Uuid, answer: Written| {
        may_see(conn, Id::from_uuid(about))?;
        Ok(answer.into())
    }
}

/// Gives the kept answer again as it is: everybody may know of the resource, or the call has no kept answer.
pub fn public() -> impl Repeat {
    |_: &mut DbConn, _: Uuid, answer: Written| Ok(answer.into())
}

// LEGACY from here until all handlers use the context.
pub struct Replay<V> {
    pub action: &'static str,
    pub resource_type: &'static str,
    pub may_see: V,
}
pub struct ReplayAnew<R> {
    pub action: &'static str,
    pub resource_type: &'static str,
    pub render: R,
}
pub type Again = Repeated;
impl Replay<fn(&mut DbConn, Uuid) -> Result<()>> {
    pub fn of_public(action: &'static str, resource_type: &'static str) -> Self {
        Self { action, resource_type, may_see: |_, _| Ok(()) }
    }
}
impl Retries {
    pub async fn once(
        &self,
        call: &Call,
        caller: crate::audit::Actor,
        replay: Replay<impl Fn(&mut DbConn, Uuid) -> Result<()> + Clone + Send + 'static>,
        work: impl AsyncFnOnce(Slot) -> Result<Written>,
    ) -> Result<Written> {
        let Replay { action, resource_type, may_see } = replay;
        let render = move |conn: &mut DbConn, about: Uuid, kept: Written| {
            may_see(conn, about)?;
            Ok(Again { answer: kept, others: Vec::new(), leads_nowhere: false })
        };
        self.once_or_anew(call, caller, ReplayAnew { action, resource_type, render }, work).await
    }
    pub async fn once_or_anew(
        &self,
        call: &Call,
        caller: crate::audit::Actor,
        replay: ReplayAnew<impl Fn(&mut DbConn, Uuid, Written) -> Result<Again> + Clone + Send + 'static>,
        work: impl AsyncFnOnce(Slot) -> Result<Written>,
    ) -> Result<Written> {
        let again = AuditAction {
            code: replay.action,
            resource_type: replay.resource_type,
            repeated: None,
            is_retried: false,
            is_open: false,
        };
        self.idempotent(call, &AuditedCall::new(call, caller), again, replay.render, work).await
    }
}
// LEGACY to here.

/// Where a call's answer is kept; without a key nowhere.
#[derive(Clone)]
pub struct Slot(Option<Claim>);

#[derive(Clone)]
struct Claim {
    key_hash: [u8; 32],
    fingerprint: [u8; 32],
    vault: Vault,
    moment: Moment,
}

impl Retries {
    /// Knows calls by hashes with this key, and seals their answers in this vault.
    pub fn new(db: Db, hash_key: [u8; 32], vault: Vault) -> Self {
        Self { db, hash_key, vault, running: Mutex::default() }
    }

    /// Does `work`, which keeps its answer in the slot; a repeated call gets the kept answer again, which is recorded as `again`.
    pub async fn idempotent(
        &self,
        call: &Call,
        audited: &AuditedCall,
        again: AuditAction,
        repeat: impl Repeat,
        work: impl AsyncFnOnce(Slot) -> Result<Written>,
    ) -> Result<Written> {
        let Some(key) = call.idempotency_key()? else { return work(Slot(None)).await };
        let claim = Claim {
            key_hash: self.hash(&[b"key", &[0], audited.actor.to_string().as_bytes(), &[0], key.as_bytes()]),
            fingerprint: self.hash(&[b"request", &[0], &call.identity()]),
            vault: self.vault.clone(),
            moment: call.moment.clone(),
        };
        let find = async || {
            let (key_hash, now) = (claim.key_hash, call.moment.now);
            self.db.read(move |conn| store::find(conn, &key_hash, now)).await
        };
        if let Some(kept) = find().await? {
            return self.give_again(audited, again, &repeat, &claim, kept).await;
        }
        let Some(_running) = self.begin(claim.key_hash) else { return Err(in_use()) };
        match work(Slot(Some(claim.clone()))).await {
            Ok(answer) => Ok(answer),
            // Somebody may have come first, here or on another server; then it is their answer, whatever stood in our way.
            Err(error) => match find().await {
                Ok(Some(kept)) => self.give_again(audited, again, &repeat, &claim, kept).await,
                Ok(None) | Err(_) => Err(error),
            },
        }
    }

    async fn give_again(
        &self,
        audited: &AuditedCall,
        again: AuditAction,
        repeat: &impl Repeat,
        claim: &Claim,
        kept: KeptAnswer,
    ) -> Result<Written> {
        let is_same: bool = kept.fingerprint.ct_eq(&claim.fingerprint).into();
        if !is_same {
            return Err(Error::new(Problem::IdempotencyKeyReused));
        }
        let answer: Written = self.vault.open_json(KEPT_ANSWER, kept.id.uuid(), &kept.answer)?;
        let (about, repeat) = (kept.resource_id, repeat.clone());
        let entry = audited.entry(again, vec![about]);
        let random = claim.moment.random.clone();
        let write = move |conn: &mut DbConn| {
            let Repeated { answer, others, leads_nowhere } = repeat(conn, about, answer.clone())?;
            let entry = entry.clone().also_about(others);
            audit::record(conn, &if leads_nowhere { entry.leading_nowhere(&random) } else { entry })?;
            Ok(answer)
        };
        let answer = self.db.write(write).await.map_err(|error| match error.problem() {
            Problem::NotFound => error.naming(vec![about]),
            _ => error,
        })?;
        Ok(answer.replayed())
    }

    /// Removes answers that are older than a day, some at a time.
    pub async fn sweep(&self, now: Timestamp) -> Result<()> {
        loop {
            let expired = self.db.read(move |conn| store::expired(conn, now)).await?;
            let all = expired.len() < store::AT_ONCE;
            if !expired.is_empty() {
                self.db.write(move |conn| store::remove(conn, &expired)).await?;
            }
            if all {
                return Ok(());
            }
        }
    }

    /// What tells the same content from other content, where a client names what it sends and sends it again. It is kept for longer
    /// than an answer is, and nobody without the installation's secret can try out contents on it.
    pub fn fingerprint(&self, content: &[u8]) -> [u8; 32] {
        self.hash(&[b"content", &[0], content])
    }

    fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        code(&self.hash_key, parts)
    }

    /// Notes that the call with this key runs; `None` when it does already.
    fn begin(&self, key_hash: [u8; 32]) -> Option<Running<'_>> {
        let is_first = self.running().insert(key_hash);
        is_first.then(|| Running { retries: self, key_hash })
    }

    fn running(&self) -> MutexGuard<'_, HashSet<[u8; 32]>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that runs, until this is dropped.
struct Running<'a> {
    retries: &'a Retries,
    key_hash: [u8; 32],
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.retries.running().remove(&self.key_hash);
    }
}

impl Slot {
    /// Keeps nothing: the call is not named.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether the answer is kept.
    pub fn keeps(&self) -> bool {
        self.0.is_some()
    }

    /// Keeps the answer about this thing, in the transaction of what it answers and as its last statement.
    pub fn keep(&self, conn: &mut DbConn, about: Uuid, answer: &Written) -> Result<()> {
        let Some(claim) = &self.0 else { return Ok(()) };
        let id: KeptAnswerId = claim.moment.id();
        let sealed = answer.clone().without_secret();
        let kept = KeptAnswer {
            id,
            key_hash: claim.key_hash.to_vec(),
            fingerprint: claim.fingerprint.to_vec(),
            resource_id: about,
            answer: claim.vault.seal_json(KEPT_ANSWER, id.uuid(), &sealed, &claim.moment.random)?,
            expires_at: (claim.moment.now.utc() + KEPT_FOR).into(),
        };
        store::insert(conn, kept, claim.moment.now).map_err(|error| match error.problem() {
            Problem::AlreadyExists => in_use(),
            _ => error,
        })
    }
}

fn in_use() -> Error {
    Error::new(Problem::IdempotencyKeyInUse)
}
