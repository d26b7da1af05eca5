//! Trace context: the header `traceparent` of W3C Trace Context, level 1. A malformed header is ignored, and a new trace begins.

use std::fmt;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::hex;
use crate::time::Random;

pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The trace that a request belongs to, and this server's span in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    id: [u8; 16],
    span: [u8; 8],
    sampled: bool,
}

impl Trace {
    /// Continues the trace of the request's `traceparent` header, or begins a new trace if there is none or it is malformed. The
    /// span is always new, since it belongs to this server.
    pub fn of(headers: &HeaderMap, random: &Random) -> Self {
        let fresh: [u8; 24] = random.bytes();
        let (fresh_id, fresh_span) = fresh.split_at(16);
        let caller = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(parse);
        let (id, sampled) = caller.unwrap_or_else(|| (fresh_id.try_into().unwrap_or([1; 16]), false));
        Self { id, span: fresh_span.try_into().unwrap_or([1; 8]), sampled }
    }

    /// Returns the id of the trace in 32 hexadecimal digits.
    pub fn id(&self) -> String {
        hex::encode(&self.id)
    }

    /// Returns the value of the `traceparent` header for the answer.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.sampled { "01" } else { "00" };
        f.write_str(&["00", &hex::encode(&self.id), &hex::encode(&self.span), flags].join("-"))
    }
}

/// Parses a `traceparent` header and returns the id of the trace and the flag "sampled"; `None` if the header breaks the rules of
/// the standard.
fn parse(value: &str) -> Option<([u8; 16], bool)> {
    let bytes = value.as_bytes();
    let dashes = bytes.get(2) == Some(&b'-') && bytes.get(35) == Some(&b'-') && bytes.get(52) == Some(&b'-');
    let (version, id, span, flags) = (value.get(0..2)?, value.get(3..35)?, value.get(36..52)?, value.get(53..55)?);
    let version: [u8; 1] = hex::decode(version)?;
    // A later version may add fields after these four. Version 00 has exactly four, and ff is forbidden.
    let ends = match version {
        [0] => bytes.len() == 55,
        [0xff] => false,
        _ => bytes.len() == 55 || bytes.get(55) == Some(&b'-'),
    };
    let id: [u8; 16] = hex::decode(id)?;
    let span: [u8; 8] = hex::decode(span)?;
    let flags: [u8; 1] = hex::decode(flags)?;
    (dashes && ends && id != [0; 16] && span != [0; 8]).then_some((id, flags[0] & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn trace_of(value: &str) -> Trace {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_str(value).unwrap());
        Trace::of(&headers, &Random::new(|bytes| bytes.fill(7)))
    }

    #[test]
    fn a_trace_goes_on_under_a_span_of_its_own() {
        assert_eq!(trace_of(GOOD).to_string(), "00-4bf92f3577b34da6a3ce929d0e0e4736-0707070707070707-01");
    }

    #[test]
    fn a_malformed_header_begins_a_new_trace() {
        let wrong = [
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "rubbish",
        ];
        for value in wrong {
            assert_eq!(trace_of(value).id(), "07".repeat(16), "{value}");
        }
    }

    #[test]
    fn a_later_version_is_read_by_its_first_four_fields() {
        let later = format!("cc{}-more", &GOOD[2..]);
        assert_eq!(trace_of(&later).id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    proptest! {
        #[test]
        fn any_header_gives_a_well_formed_trace(value in "[ -~]{0,80}") {
            prop_assert!(parse(&trace_of(&value).to_string()).is_some());
        }
    }
}
