//! The proof that this program wrote an audit record: a keyed code of the record, made when the record is written.
//!
//! The key is not in the database. So a record that somebody inserts by hand has no right code, however fresh its identifier is:
//! it is never sealed, and it is reported. Records that are older than the codes have none. Their seals prove them.

use subtle::ConstantTimeEq;

use crate::code::code;
use crate::vault::VaultKeys;

/// The key of the codes of audit records. It has no `Debug` that shows it.
#[derive(Clone, Copy)]
pub struct RecordKey([u8; 32]);

impl RecordKey {
    /// Derives the key from the vault's oldest data key, so that codes stay right when keys are changed.
    pub fn of(ring: &VaultKeys) -> Self {
        Self(ring.oldest().derive("audit records"))
    }

    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// Computes the code of a record with this content: see [`crate::audit::record::RecordContent`].
    pub fn code(&self, content: &[u8]) -> [u8; 32] {
        code(&self.0, &[content])
    }

    /// Whether `claimed` is the code of a record with this content.
    pub fn proves(&self, content: &[u8], claimed: &[u8]) -> bool {
        self.code(content)[..].ct_eq(claimed).into()
    }
}

impl std::fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}
