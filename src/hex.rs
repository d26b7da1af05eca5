//! Conversion between bytes and lower-case hexadecimal digits.

/// Returns two lower-case hexadecimal digits for each byte.
pub fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(*byte));
    }
    text
}

/// Whether 32 bytes look random: more than 8 different values occur in them. A placeholder, such as zeros, has few.
pub fn are_random(bytes: &[u8; 32]) -> bool {
    bytes.iter().collect::<std::collections::HashSet<_>>().len() > 8
}

/// Converts the output of [`encode`] for `N` bytes back into the bytes; `None` for any other text.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || text.bytes().any(|b| !b.is_ascii_hexdigit() || b.is_ascii_uppercase()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}
