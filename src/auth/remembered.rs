//! Tokens that were verified before: each is remembered by its hash, so that its signature is checked once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::auth::holder::TokenHolder;
use crate::time::Timestamp;

/// More tokens than this are not remembered at once.
const MOST: usize = 4096;

/// The tokens, in a bounded memory.
#[derive(Default)]
pub struct Remembered(Mutex<HashMap<[u8; 32], Arc<TokenHolder>>>);

impl Remembered {
    /// Who holds this token.
    pub fn get(&self, token: &str) -> Option<Arc<TokenHolder>> {
        self.lock().get(&fingerprint(token)).cloned()
    }

    /// Remembers a token. When there is no room, what has expired is forgotten, and if need be everything: a forgotten token is
    /// verified anew.
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

    /// Forgets all.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The memory is whole between any two statements under the lock, so a poisoned lock still guards a whole memory.
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<TokenHolder>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fingerprint(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
