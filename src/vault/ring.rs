//! The keys of the vault, and the text format in which a file or an environment variable contains them:
//!
//! ```text
//! data 2 4f0c…    the first data key seals
//! data 1 91ab…    the others open what they sealed
//! lookup 1 77de…  makes the keyed hashes
//! ```

use std::fmt;
use std::str::FromStr;

use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::hex;
use crate::time::Random;

/// The number that identifies a key. It is unique among the data keys; the look-up key has a number of its own.
pub type VaultKeyId = u32;

/// The keys of a vault: one or more data keys, the first of which seals while all of them open, and one look-up key for the keyed
/// hashes. `Debug` does not show them, and they are wiped from memory when they are dropped.
pub struct VaultKeys {
    data: Vec<DataKey>,
    lookup: (VaultKeyId, Zeroizing<[u8; 32]>),
}

/// A key that encrypts and decrypts personal data.
pub struct DataKey {
    id: VaultKeyId,
    cipher: XChaCha20Poly1305,
    secret: Zeroizing<[u8; 32]>,
}

impl DataKey {
    fn new(id: VaultKeyId, secret: Zeroizing<[u8; 32]>) -> Self {
        Self { id, cipher: XChaCha20Poly1305::new((&*secret).into()), secret }
    }

    pub fn id(&self) -> VaultKeyId {
        self.id
    }

    pub(super) fn cipher(&self) -> &XChaCha20Poly1305 {
        &self.cipher
    }

    /// Derives another key from this one, for the purpose that `end` names. The derived key reveals nothing of this one.
    pub fn derive(&self, end: &str) -> [u8; 32] {
        derived(&self.secret, end)
    }
}

/// Derives a key for the purpose `end` from `secret` with HKDF (RFC 5869).
fn derived(secret: &[u8; 32], end: &str) -> [u8; 32] {
    let mut key = [0; 32];
    // One block of output is always available.
    let _always_fits = Hkdf::<Sha256>::new(None, secret).expand(end.as_bytes(), &mut key);
    key
}

impl VaultKeys {
    /// Makes new random keys: one data key and one look-up key, both with the id 1.
    pub fn new(random: &Random) -> Self {
        let fresh = || Zeroizing::new(random.bytes());
        Self { data: vec![DataKey::new(1, fresh())], lookup: (1, fresh()) }
    }

    /// Adds a new random data key in first place, so that it seals from now on. Fails if no id is left for it.
    pub fn with_fresh_key(mut self, random: &Random) -> Result<Self, String> {
        let id = behind(self.data.iter().map(DataKey::id).max().unwrap_or(0))?;
        self.data.insert(0, DataKey::new(id, Zeroizing::new(random.bytes())));
        Ok(self)
    }

    /// Replaces the look-up key with a new random one. All keyed hashes must then be made again. Fails if no id is left for it.
    pub fn with_fresh_lookup_key(mut self, random: &Random) -> Result<Self, String> {
        self.lookup = (behind(self.lookup.0)?, Zeroizing::new(random.bytes()));
        Ok(self)
    }

    pub fn current(&self) -> &DataKey {
        // A ring is never empty: both ways to make one ensure that.
        &self.data[0]
    }

    /// The data key with the smallest id: the first that was made. Data that depends on it stays valid through every change of
    /// keys, as long as this key is not removed from the ring.
    pub fn oldest(&self) -> &DataKey {
        self.data.iter().min_by_key(|key| key.id).unwrap_or(self.current())
    }

    pub fn key(&self, id: VaultKeyId) -> Option<&DataKey> {
        self.data.iter().find(|key| key.id == id)
    }

    /// All data keys, the one that seals first.
    pub fn keys(&self) -> impl Iterator<Item = &DataKey> {
        self.data.iter()
    }

    /// The id of the look-up key, which makes the keyed hashes.
    pub fn lookup_id(&self) -> VaultKeyId {
        self.lookup.0
    }

    pub(super) fn lookup_key(&self) -> &[u8; 32] {
        &self.lookup.1
    }

    /// A value derived from the look-up key. It is stored in the database to recognise the key, and does not reveal it.
    pub(super) fn lookup_check(&self) -> [u8; 32] {
        derived(&self.lookup.1, "check")
    }

    /// The keys in plain text, in the format of the file.
    pub fn reveal(&self) -> String {
        let data = self.data.iter().map(|key| format!("data {} {}\n", key.id, hex::encode(&*key.secret)));
        data.chain([format!("lookup {} {}\n", self.lookup.0, hex::encode(&*self.lookup.1))]).collect()
    }
}

/// The id that follows `id`. Seals name their keys by id, so an id is never used twice. Fails after the largest one.
fn behind(id: VaultKeyId) -> Result<VaultKeyId, String> {
    id.checked_add(1).ok_or_else(|| format!("no id is left after {id} for another key"))
}

/// Parses keys from lines, or from parts between commas. The rest of a line after `#` is a comment.
impl FromStr for VaultKeys {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut data, mut lookup) = (Vec::<DataKey>::new(), None);
        let lines = text.split(['\n', ',']).map(|line| line.split('#').next().unwrap_or_default().trim());
        for line in lines.filter(|line| !line.is_empty()) {
            let mut words = line.split_whitespace();
            let (kind, id, secret, end) = (words.next(), words.next(), words.next(), words.next());
            let id: Option<VaultKeyId> = id.and_then(|id| id.parse().ok()).filter(|id| *id > 0);
            let secret = secret.and_then(hex::decode::<32>).filter(hex::are_random).map(Zeroizing::new);
            match (kind, id, secret, end) {
                (Some("data"), Some(id), Some(secret), None) if data.iter().all(|key| key.id != id) => {
                    data.push(DataKey::new(id, secret));
                }
                (Some("lookup"), Some(id), Some(secret), None) if lookup.is_none() => lookup = Some((id, secret)),
                _ => return Err(EXPECTED.to_owned()),
            }
        }
        match (data.is_empty(), lookup) {
            (false, Some(lookup)) => Ok(Self { data, lookup }),
            _ => Err(EXPECTED.to_owned()),
        }
    }
}

const EXPECTED: &str = "expected lines `data ID KEY`, the key that seals first and no id twice, and one line `lookup ID KEY`, each key 64 random hexadecimal digits; make them with: nara vault new-keys";

impl fmt::Debug for VaultKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[keys]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_ring_is_read_as_it_was_written() {
        let random = Random::system();
        let ring = VaultKeys::new(&random).with_fresh_key(&random).unwrap();
        let read: VaultKeys = format!("# keys\n{}", ring.reveal()).parse().unwrap();
        assert_eq!(read.reveal(), ring.reveal());
        assert_eq!((read.current().id(), read.keys().count(), read.lookup_id()), (2, 2, 1));
        assert_eq!(read.reveal(), ring.reveal().replace('\n', ",").parse::<VaultKeys>().unwrap().reveal());
    }

    #[test]
    fn what_is_no_ring_is_refused() {
        let good = VaultKeys::new(&Random::system()).reveal();
        let (data, lookup) = good.split_once('\n').unwrap();
        let zeros = format!("data 1 {}\n{lookup}", "0".repeat(64));
        let twice = format!("{data}\n{good}");
        for wrong in [
            "",
            data,
            lookup,
            &good.replace("data", "date"),
            &zeros,
            &twice,
            &good.replace("data 1", "data 0"),
            &format!("{data} x\n{lookup}"),
        ] {
            assert!(wrong.parse::<VaultKeys>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_for_different_ends_differ() {
        let ring = VaultKeys::new(&Random::system());
        assert_ne!(ring.current().derive("seals"), ring.current().derive("other"));
        assert_eq!(format!("{ring:?}"), "[keys]");
    }

    #[test]
    fn behind_the_last_name_there_is_none() {
        let last =
            || VaultKeys::new(&Random::system()).reveal().replace(" 1 ", " 4294967295 ").parse::<VaultKeys>().unwrap();
        assert!(last().with_fresh_key(&Random::system()).is_err());
        assert!(last().with_fresh_lookup_key(&Random::system()).is_err());
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "(data|lookup)? ?[0-9]{0,3} ?[0-9a-f]{0,70}|\\PC{0,80}") {
            prop_assert!(text.parse::<VaultKeys>().is_err());
        }
    }
}
