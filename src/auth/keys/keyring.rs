//! The API keys of all partner agencies in memory, so that signing in needs no query.
//!
//! - [`Keyring::refresh`] reads the keys from the database. It is called every second, to notice the changes of other servers, and
//!   also before a change made on this server is answered. The result of an earlier reading never replaces that of a later one.
//! - When a key is refused, the metrics count the reason, and the key is never named.
//! - The time of the last use of each key is kept in memory. The times of all keys are written to the database together, usually
//!   once a minute.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use chrono::Duration;
use strum::IntoEnumIterator;
use subtle::ConstantTimeEq;

use crate::auth::keys::{ApiKey, ApiKeyId, Network, PlainKey, Terms, store};
use crate::auth::{Agency, Category, PartnerStatus};
use crate::db::Db;
use crate::error::Result;
use crate::id::PartnerId;
use crate::moment::Moment;
use crate::telemetry::Metrics;
use crate::time::Timestamp;

/// The time for which an ended key stays in the ring, so that a refusal of it is counted as revoked or expired, not as unknown.
const REMEMBERED: Duration = Duration::days(30);
/// The least time between two regular writes of the last uses to the database, in microseconds.
const BETWEEN_WRITES: i64 = 60_000_000;

/// A reason for refusing an API key, as counted by the metrics. Callers are never told the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::AsRefStr, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum KeyRefusal {
    /// The text does not have the form of a key, or its checksum is wrong.
    Checksum,
    /// The key was made for another environment, such as a test installation.
    Environment,
    /// No API key with this id is in the ring: it never existed, or it was revoked or expired longer ago than [`REMEMBERED`].
    Unknown,
    /// A key with this id is in the ring, but its secret is another one.
    Forged,
    Revoked,
    /// The key has expired, or its overlap after a rotation has ended.
    Expired,
    /// The agency that the key belongs to is suspended.
    Suspended,
    /// The call came from an address outside the networks that the key is limited to.
    Network,
}

/// The API keys of an installation's partner agencies, in memory. Clones share them.
#[derive(Clone)]
pub struct Keyring(Arc<KeyringState>);

struct KeyringState {
    environment: String,
    hash_key: [u8; 32],
    metrics: Arc<Metrics>,
    keys: ArcSwap<HashMap<ApiKeyId, KeyEntry>>,
    /// The number of readings of the database that were begun so far.
    begun: AtomicU64,
    /// The number of the reading that the keys in memory come from.
    installed: Mutex<u64>,
    /// The time when the last uses were last written to the database, in microseconds since 1970.
    uses_written_at: AtomicI64,
}

/// The facts about one API key that signing in needs.
struct KeyEntry {
    hash: Vec<u8>,
    agency: Agency,
    networks: Vec<Network>,
    ends_at: Option<Timestamp>,
    is_revoked: bool,
    is_suspended: bool,
    uses: Arc<Uses>,
}

/// The times of the last use of a key and of the last use that is in the database, in microseconds since 1970. Zero means none.
#[derive(Default)]
struct Uses {
    last: AtomicI64,
    written: AtomicI64,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("environment", &self.0.environment).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Makes an empty ring for keys of the environment `environment`, which hashes their secrets with `hash_key`.
    pub fn new(environment: String, hash_key: [u8; 32], metrics: Arc<Metrics>) -> Self {
        // The counter of every reason starts at zero, so that a rate can be computed over reasons that never occurred.
        KeyRefusal::iter().for_each(|refusal| metrics.count_refused_keys(refusal.into(), 0));
        Self(Arc::new(KeyringState {
            environment,
            hash_key,
            metrics,
            keys: ArcSwap::default(),
            begun: AtomicU64::new(0),
            installed: Mutex::new(0),
            uses_written_at: AtomicI64::new(0),
        }))
    }

    /// Makes a new API key for an agency: the record that is to be stored, and the key itself, which is shown once. It stores
    /// nothing.
    pub fn issue(&self, partner: PartnerId, terms: Terms, moment: &Moment) -> (ApiKey, PlainKey) {
        let plain = PlainKey::new(&self.0.environment, &moment.random);
        (ApiKey::new(&plain, &self.0.hash_key, partner, terms, moment), plain)
    }

    /// Reads the API keys from the database and puts them into use, unless a later reading was faster.
    pub async fn refresh(&self, db: &Db, now: Timestamp) -> Result<()> {
        let reading = self.0.begun.fetch_add(1, Ordering::SeqCst);
        let since = Timestamp::from(now.utc() - REMEMBERED);
        let keys = db.read(move |conn| store::for_ring(conn, since)).await?;
        self.install(reading, keys);
        Ok(())
    }

    fn install(&self, reading: u64, rows: Vec<(ApiKey, Category, PartnerStatus)>) {
        let mut installed = self.0.installed.lock().unwrap_or_else(PoisonError::into_inner);
        // Otherwise an older reading would make a key valid again that was just revoked.
        if *installed > reading {
            return;
        }
        *installed = reading;
        let before = self.0.keys.load();
        let known = rows.into_iter().map(|(key, category, status)| {
            let uses = before.get(&key.id).map(|known| Arc::clone(&known.uses)).unwrap_or_default();
            (key.id.clone(), KeyEntry::new(key, category, status, uses))
        });
        self.0.keys.store(Arc::new(known.collect()));
    }

    /// Returns the agency that the API key `key` belongs to, and notes the use of the key at `now`. `None` if the key is not valid
    /// for a call from the address `from`; the metrics count the reason.
    pub fn verify(&self, key: &str, from: Option<IpAddr>, now: Timestamp) -> Option<Agency> {
        let checked = self.check(key, from, now);
        checked.map_err(|refusal| self.0.metrics.count_refused_keys(refusal.into(), 1)).ok()
    }

    fn check(&self, key: &str, from: Option<IpAddr>, now: Timestamp) -> std::result::Result<Agency, KeyRefusal> {
        let key = PlainKey::parse(key).ok_or(KeyRefusal::Checksum)?;
        if key.environment != self.0.environment {
            return Err(KeyRefusal::Environment);
        }
        // The hash is also computed for an unknown key, so that the time does not tell whether the key exists.
        let hash = key.hash(&self.0.hash_key);
        let keys = self.0.keys.load();
        let known = keys.get(&key.id).ok_or(KeyRefusal::Unknown)?;
        if !bool::from(known.hash.ct_eq(&hash)) {
            return Err(KeyRefusal::Forged);
        }
        known.admits(from, now)?;
        known.uses.last.fetch_max(now.micros(), Ordering::Relaxed);
        Ok(known.agency.clone())
    }

    /// Writes the last uses of the keys to the database if a minute has passed since the previous write.
    pub async fn write_uses_when_due(&self, db: &Db, now: Timestamp) -> Result<()> {
        let since = now.micros() - self.0.uses_written_at.load(Ordering::Relaxed);
        if (0..BETWEEN_WRITES).contains(&since) {
            return Ok(());
        }
        self.write_uses(db).await?;
        self.0.uses_written_at.store(now.micros(), Ordering::Relaxed);
        Ok(())
    }

    /// Writes to the database the last uses that are not there yet, all of them in one transaction.
    pub async fn write_uses(&self, db: &Db) -> Result<()> {
        let mut uses = Vec::new();
        let mut written = Vec::new();
        for (id, known) in self.0.keys.load().iter() {
            let last = known.uses.last.load(Ordering::Relaxed);
            let news = Timestamp::from_micros(last).filter(|_| last > known.uses.written.load(Ordering::Relaxed));
            if let Some(at) = news {
                uses.push((id.clone(), at));
                written.push((Arc::clone(&known.uses), last));
            }
        }
        if uses.is_empty() {
            return Ok(());
        }
        // Two servers that write at once lock the rows in the same order, so that they do not deadlock.
        uses.sort();
        db.write(move |conn| store::note_uses(conn, &uses)).await?;
        written.iter().for_each(|(uses, last)| _ = uses.written.fetch_max(*last, Ordering::Relaxed));
        Ok(())
    }
}

impl KeyEntry {
    fn new(key: ApiKey, category: Category, status: PartnerStatus, uses: Arc<Uses>) -> Self {
        Self {
            agency: Agency { id: key.partner_id, category, scopes: key.scopes(), key: key.id.clone() },
            networks: key.allowed_networks().to_vec(),
            ends_at: key.ends_at(),
            is_revoked: key.revoked_at.is_some(),
            is_suspended: status == PartnerStatus::Suspended,
            hash: key.secret_hash,
            uses,
        }
    }

    fn admits(&self, from: Option<IpAddr>, now: Timestamp) -> std::result::Result<(), KeyRefusal> {
        let is_inside = |from: IpAddr| self.networks.iter().any(|network| network.contains(from));
        match () {
            () if self.is_revoked => Err(KeyRefusal::Revoked),
            () if self.ends_at.is_some_and(|end| end <= now) => Err(KeyRefusal::Expired),
            () if self.is_suspended => Err(KeyRefusal::Suspended),
            () if !self.networks.is_empty() && !from.is_some_and(is_inside) => Err(KeyRefusal::Network),
            () => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Scope;
    use crate::time::Random;

    struct World {
        ring: Keyring,
        moment: Moment,
        row: ApiKey,
        plain: String,
    }

    fn world(networks: &[&str]) -> World {
        let moment = Moment { now: "2026-11-23T09:00:00Z".parse().unwrap(), random: Random::system() };
        let ring = Keyring::new("test".to_owned(), [7; 32], Arc::new(Metrics::new().unwrap()));
        let terms = Terms {
            label: "A".to_owned(),
            scopes: vec![Scope::Read],
            allowed_networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
            expires_at: None,
        };
        let (row, plain) = ring.issue(moment.id(), terms, &moment);
        World { ring, row, plain: plain.reveal(), moment }
    }

    impl World {
        fn knows(&self, reading: u64, change: impl Fn(&mut ApiKey), status: PartnerStatus) {
            let mut row = self.row.clone();
            change(&mut row);
            self.ring.install(reading, vec![(row, Category::School, status)]);
        }

        fn told(&self, key: &str, from: Option<&str>) -> Option<KeyRefusal> {
            self.ring.check(key, from.map(|from| from.parse().unwrap()), self.moment.now).err()
        }
    }

    #[test]
    fn a_reading_that_began_earlier_brings_no_revoked_key_back() {
        let world = world(&[]);
        world.knows(1, |_| {}, PartnerStatus::Active);
        assert_eq!(world.told(&world.plain, None), None);
        world.knows(3, |row| row.revoked_at = Some(world.moment.now), PartnerStatus::Active);
        world.knows(2, |_| {}, PartnerStatus::Active);
        assert_eq!(world.told(&world.plain, None), Some(KeyRefusal::Revoked));
    }

    #[test]
    fn each_reason_is_told_apart() {
        let world = world(&["192.0.2.0/24"]);
        let inside = Some("192.0.2.7");
        assert_eq!(world.told(&world.plain, inside), Some(KeyRefusal::Unknown));
        world.knows(1, |_| {}, PartnerStatus::Active);
        assert_eq!(world.told(&world.plain, inside), None);
        assert_eq!(world.told(&world.plain, Some("192.0.3.7")), Some(KeyRefusal::Network));
        assert_eq!(world.told(&world.plain, None), Some(KeyRefusal::Network));
        assert_eq!(world.told(&world.plain[..60.min(world.plain.len() - 1)], inside), Some(KeyRefusal::Checksum));
        let elsewhere = PlainKey::new("live", &world.moment.random).reveal();
        assert_eq!(world.told(&elsewhere, inside), Some(KeyRefusal::Environment));
        let mut forged = PlainKey::new("test", &world.moment.random);
        forged.id = world.row.id.clone();
        assert_eq!(world.told(&forged.reveal(), inside), Some(KeyRefusal::Forged));
        world.knows(2, |_| {}, PartnerStatus::Suspended);
        assert_eq!(world.told(&world.plain, inside), Some(KeyRefusal::Suspended));
        world.knows(3, |row| row.overlap_until = Some(world.moment.now), PartnerStatus::Suspended);
        assert_eq!(world.told(&world.plain, inside), Some(KeyRefusal::Expired));
    }
}
