//! Repeating a call without doing its work twice: a call with an `Idempotency-Key` is done once, and a call with the same key
//! within a day gets the answer of the first one.
//!
//! - The answer is kept in the same transaction as the work: either both are stored or neither. If several calls with one key come
//!   at the same time, only one of them can keep its answer. The others are rolled back completely and get that answer.
//! - Only answers of success are kept: a failed call has changed nothing, and may succeed the next time.
//! - An idempotency key belongs to its caller: to a partner agency (not to one of its API keys) or to a member of staff.
//! - Neither an idempotency key nor a request is stored, only their keyed hashes. The answer is sealed, and is kept without any
//!   secret that it contained. A large one is compressed.
//! - A caller who repeats a call must still be allowed to see the resource that the answer is about, and the audit records that the
//!   caller saw it. An answer that names other people as well is made again from the data that the caller may see at that time.

mod packing;
mod store;
mod volume;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::audit::{self, AuditAction, AuditedCall};
use crate::code::code;
use crate::db::{Db, DbConn};
use crate::error::{Error, Problem, Result, Text};
use crate::http::call::Call;
use crate::http::written::Written;
use crate::id::{Id, KeptAnswerId};
use crate::moment::Moment;
use crate::time::Timestamp;
use crate::vault::{KEPT_ANSWER, Vault};

use store::KeptAnswer;
use volume::{KEPT_FOR, KeptVolume};

pub use volume::MOST_BYTES;

/// The registry of the calls that were already answered. Writes go through [`Retries::idempotent`].
pub struct Retries {
    db: Db,
    hash_key: [u8; 32],
    vault: Vault,
    /// The hashes of the idempotency keys of calls that are running on this server. Calls on other servers are detected by the
    /// database.
    running: Mutex<HashSet<[u8; 32]>>,
    volume: Arc<KeptVolume>,
}

/// The answer that a repeated call gets, and the facts about it that the audit needs.
pub struct Repeated {
    pub answer: Written,
    /// The people and other resources that the answer shows besides the resource that it is about.
    pub others: Vec<Uuid>,
    /// Whether the audit record must not lead back to the call, because the call brought a report by a private person who stays
    /// unknown.
    pub leads_nowhere: bool,
}

impl From<Written> for Repeated {
    fn from(answer: Written) -> Self {
        Self { answer, others: Vec::new(), leads_nowhere: false }
    }
}

/// A function that makes the answer to a repeated call from the kept answer and the identifier of the resource that the answer is
/// about. It fails if the caller may no longer know of that resource, and renders the answer again if it shows other resources as
/// well.
pub trait Repeat: Fn(&mut DbConn, Uuid, Written) -> Result<Repeated> + Clone + Send + 'static {}

impl<F: Fn(&mut DbConn, Uuid, Written) -> Result<Repeated> + Clone + Send + 'static> Repeat for F {}

/// Makes a [`Repeat`] that gives the kept answer again unchanged, as long as `may_see` allows the caller to see the resource that
/// it is about.
pub fn kept<K>(may_see: impl Fn(&mut DbConn, Id<K>) -> Result<()> + Clone + Send + 'static) -> impl Repeat {
    move |conn: &mut DbConn, about: Uuid, answer: Written| {
        may_see(conn, Id::from_uuid(about))?;
        Ok(answer.into())
    }
}

/// Makes a [`Repeat`] that always gives the kept answer again unchanged: for resources that everybody may know of, and for calls
/// that keep no answer.
pub fn public() -> impl Repeat {
    |_: &mut DbConn, _: Uuid, answer: Written| Ok(answer.into())
}

/// The place where a call keeps its answer. A call without an idempotency key keeps nothing.
#[derive(Clone)]
pub struct Slot(Option<Claim>);

#[derive(Clone)]
struct Claim {
    key_hash: [u8; 32],
    fingerprint: [u8; 32],
    vault: Vault,
    moment: Moment,
    /// The hash of the caller, and the volume of what is kept for each caller.
    volume: ([u8; 32], Arc<KeptVolume>),
}

impl Retries {
    /// Makes a registry that hashes idempotency keys and requests with `hash_key` and seals answers in `vault`. `most` is the largest
    /// number of bytes that are kept for one caller in a day, if that is limited.
    pub fn new(db: Db, hash_key: [u8; 32], vault: Vault, most: Option<usize>) -> Self {
        Self { db, hash_key, vault, running: Mutex::default(), volume: Arc::new(KeptVolume::new(most)) }
    }

    /// Answers a call. The first call with an idempotency key runs `work`, which keeps its answer in the given slot. A repeated
    /// call gets the kept answer through `repeat`, which the audit records as the action `again`. A call without such a key just
    /// runs `work`.
    pub async fn idempotent(
        &self,
        call: &Call,
        audited: &AuditedCall,
        again: AuditAction,
        repeat: impl Repeat,
        work: impl AsyncFnOnce(Slot) -> Result<Written>,
    ) -> Result<Written> {
        let Some(key) = call.idempotency_key()? else { return work(Slot(None)).await };
        let caller = self.hash(&[b"caller", &[0], audited.actor.to_string().as_bytes()]);
        let claim = Claim {
            volume: (caller, Arc::clone(&self.volume)),
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
        if !self.volume.has_room(&caller, call.moment.now) {
            return Err(too_much());
        }
        let Some(_running) = self.begin(claim.key_hash) else { return Err(in_use()) };
        match work(Slot(Some(claim.clone()))).await {
            Ok(answer) => Ok(answer),
            // Another call with this key may have come first, here or on another server. Then its answer counts, whatever our error was.
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
        let answer = packing::unpack(&self.vault.open(KEPT_ANSWER, kept.id.uuid(), &kept.answer)?)?;
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

    /// Removes all kept answers that have expired at `now`, a batch at a time.
    pub async fn sweep(&self, now: Timestamp) -> Result<()> {
        self.volume.sweep(now);
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

    /// Returns a keyed hash of `content`, by which the same content is recognised when a client sends it again under the same
    /// identifier. The hash is stored longer than an answer is kept, and nobody without the installation's secret can test guesses
    /// of the content against it.
    pub fn fingerprint(&self, content: &[u8]) -> [u8; 32] {
        self.hash(&[b"content", &[0], content])
    }

    fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        code(&self.hash_key, parts)
    }

    /// Marks the call with this hashed idempotency key as running, until the result is dropped; `None` if such a call is already
    /// running on this server.
    fn begin(&self, key_hash: [u8; 32]) -> Option<Running<'_>> {
        let is_first = self.running().insert(key_hash);
        is_first.then(|| Running { retries: self, key_hash })
    }

    fn running(&self) -> MutexGuard<'_, HashSet<[u8; 32]>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The mark that a call is running. It is removed when this is dropped.
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
    /// Makes a slot that keeps nothing, as for a call without an idempotency key.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether an answer that is given to this slot is kept: only if the call has an idempotency key.
    pub fn keeps(&self) -> bool {
        self.0.is_some()
    }

    /// Stores the answer, which is about the resource `about`, without its secret. It is called in the transaction of the work, as
    /// the last statement. It does nothing if the call has no idempotency key.
    pub fn keep(&self, conn: &mut DbConn, about: Uuid, answer: &Written) -> Result<()> {
        let Some(claim) = &self.0 else { return Ok(()) };
        let id: KeptAnswerId = claim.moment.id();
        let (caller, volume) = &claim.volume;
        let packed = packing::pack(&answer.clone().without_secret())?;
        let kept = KeptAnswer {
            id,
            key_hash: claim.key_hash.to_vec(),
            fingerprint: claim.fingerprint.to_vec(),
            resource_id: about,
            answer: claim.vault.seal(KEPT_ANSWER, id.uuid(), &packed, &claim.moment.random)?,
            expires_at: (claim.moment.now.utc() + KEPT_FOR).into(),
        };
        volume.add(*caller, packed.len(), claim.moment.now);
        store::insert(conn, kept, claim.moment.now).map_err(|error| match error.problem() {
            Problem::AlreadyExists => in_use(),
            _ => error,
        })
    }
}

fn too_much() -> Error {
    let detail = Text::new(
        "You have named more calls by an idempotency key than answers are kept for one caller in a day.",
        "Du har namngett fler anrop med en idempotensnyckel än det sparas svar för en och samma på ett dygn.",
    );
    Error::with_detail(Problem::RateLimited, detail)
}

fn in_use() -> Error {
    Error::new(Problem::IdempotencyKeyInUse)
}
