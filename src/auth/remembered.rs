//! The memory of verified tokens. Each token is remembered by its hash, so that its signature is checked only once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::auth::holder::TokenHolder;
use crate::time::Timestamp;

/// The most tokens that are remembered at once.
const MOST: usize = 4096;

/// The holders of the verified tokens, by the hashes of the tokens: at most [`MOST`] of them.
#[derive(Default)]
pub struct Remembered(Mutex<HashMap<[u8; 32], Arc<TokenHolder>>>);

impl Remembered {
    /// Returns the holder of a token, if the token is remembered. It may have expired.
    pub fn get(&self, token: &str) -> Option<Arc<TokenHolder>> {
        self.lock().get(&fingerprint(token)).cloned()
    }

    /// Remembers the holder of a verified token. If there is no room, the tokens that have expired at `now` are forgotten, and
    /// then, if need be, all of them: a forgotten token is verified again.
    pub fn insert(&self, token: &str, holder: Arc<TokenHolder>, now: Timestamp) {
        let mut remembered = self.lock();
        if remembered.len() >= MOST {
            remembered.retain(|_, holder| holder.verified.holds_at(now));
        }
        if remembered.len() >= MOST {
            remembered.clear();
        }
        remembered.insert(fingerprint(token), holder);
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Locks the map. The map is complete between any two statements under the lock, so the map in a poisoned lock is complete,
    /// too.
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<TokenHolder>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fingerprint(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
