//! Keyed codes of data: HMAC-SHA256 (RFC 2104).

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The length of a block of SHA-256: HMAC pads a shorter key with zeros to this length.
const BLOCK: usize = 64;

/// Returns the HMAC-SHA256 of the concatenated `parts` under `key`. If `a`, `bc` must not have the same code as `ab`, `c`, put a
/// separator between them.
pub fn code(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    block[..key.len()].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    /// RFC 4231, test case 1. Its key of 20 bytes is padded with zeros.
    #[test]
    fn the_code_is_that_of_the_standard() {
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(hex::encode(&code(&key, &[b"Hi", b" There"])), expected);
    }
}
