//! The form in which a kept answer is sealed. The answer to a batch repeats one problem for each contact that was refused, and would
//! be many times as large as the call that it answers, so large answers are compressed.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::error::{Error, Result};
use crate::http::written::Written;

/// The size in bytes from which an answer is compressed. Compressing the usual, small answers would save little and cost time in the
/// transaction.
const LARGE: usize = 4096;
/// The first byte of a compressed answer. Other answers are JSON objects, which begin with a brace.
const COMPRESSED: u8 = 1;

/// Returns the bytes of an answer that are sealed.
pub fn pack(answer: &Written) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(answer).map_err(Error::internal)?;
    if json.len() < LARGE {
        return Ok(json);
    }
    let mut encoder = DeflateEncoder::new(vec![COMPRESSED], Compression::default());
    encoder.write_all(&json).and_then(|()| encoder.finish()).map_err(Error::internal)
}

/// Returns the answer that [`pack`] made these bytes of. The error never quotes them.
pub fn unpack(packed: &[u8]) -> Result<Written> {
    let unreadable = || Error::internal("a kept answer has another shape");
    let json = match packed.split_first() {
        Some((&COMPRESSED, compressed)) => {
            let mut json = Vec::new();
            DeflateDecoder::new(compressed).read_to_end(&mut json).map_err(|_| unreadable())?;
            json
        }
        _ => packed.to_vec(),
    };
    serde_json::from_slice(&json).map_err(|_| unreadable())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::answer::Validator;
    use serde_json::json;

    #[test]
    fn an_answer_is_unpacked_as_it_was_packed() {
        for items in [0, 1, 100] {
            let problem =
                json!({ "type": "https://nara.example/problems/validation-failed", "status": 422, "detail": "är fel" });
            let items: Vec<_> = (0..items).map(|index| json!({ "index": index, "problem": problem })).collect();
            let answer = Written::changed(&json!({ "items": items }), Validator::Content).unwrap();
            let packed = pack(&answer).unwrap();
            assert!(unpack(&packed).unwrap() == answer, "{items:?}");
            assert!(packed.len() < LARGE / 2, "{} bytes", packed.len());
        }
    }

    #[test]
    fn what_was_kept_by_an_older_program_is_read() {
        let answer = Written::changed(&json!({ "text": "x".repeat(2 * LARGE) }), Validator::Content).unwrap();
        assert!(unpack(&serde_json::to_vec(&answer).unwrap()).unwrap() == answer);
    }

    #[test]
    fn bytes_of_another_shape_are_refused() {
        for bytes in [&b""[..], b"{}", b"\x01", b"\x01rubbish", b"\x02"] {
            assert!(unpack(bytes).is_err(), "{bytes:?}");
        }
    }
}
