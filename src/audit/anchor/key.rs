//! The key of the codes in anchors, and of the identity of the database that they name.

use crate::code::code;

/// The key of the codes in anchors. It has no `Debug`, so that it cannot be printed.
#[derive(Clone)]
pub struct AnchorKey([u8; 32]);

impl AnchorKey {
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Computes the code of the concatenated `parts`, the first of which says what they are.
    pub fn code(&self, parts: &[&[u8]]) -> [u8; 32] {
        code(&self.0, parts)
    }
}
