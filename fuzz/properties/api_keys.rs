//! Keys of partner agencies and their networks: read as they are written, refused when a letter is wrong, and never let in by a ring
//! that does not know them.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use nara::auth::keys::{ApiKeyId, Keyring, Network, PlainKey};
use nara::telemetry::Metrics;
use nara::time::Random;

use super::{now, tells_what_is_expected, text};

/// The bytes are a key, an identifier of one or a network; and what a key is made of.
pub fn check(data: &[u8]) {
    made(data);
    let Some(text) = text(data) else { return };
    if let Some(key) = PlainKey::parse(text) {
        assert_eq!(key.reveal(), text, "a key has one spelling");
    }
    static RING: LazyLock<Keyring> =
        LazyLock::new(|| Keyring::new("test".to_owned(), [7; 32], Arc::new(Metrics::new().expect("metrics"))));
    assert!(RING.verify(text, None, now()).is_none(), "nobody's key");
    tells_what_is_expected::<ApiKeyId>(text);
    if let Ok(id) = text.parse::<ApiKeyId>() {
        assert!(id.as_ref() == text && id.uuid().get_version_num() == 8);
    }
    tells_what_is_expected::<Network>(text);
    if let Ok(network) = text.parse::<Network>() {
        network_of(network, text);
    }
}

/// A key out of these bytes reads as it was made, and not with another letter.
fn made(data: &[u8]) {
    let seed = data
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let state = std::sync::atomic::AtomicU64::new(seed);
    let random = Random::new(move |bytes| {
        for byte in bytes {
            let last = state.fetch_add(0x9e37_79b9_7f4a_7c15, std::sync::atomic::Ordering::Relaxed);
            *byte = ((last ^ (last >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as u8;
        }
    });
    let key = PlainKey::new("test", &random).reveal();
    assert_eq!(PlainKey::parse(&key).map(|key| key.reveal()).as_ref(), Some(&key));
    let place = 5 + data.len() % (key.len() - 5);
    let letter = data.first().map_or(b'x', |byte| {
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[usize::from(*byte) % 62]
    });
    let mut wrong = key.clone().into_bytes();
    wrong[place] = letter;
    let wrong = String::from_utf8(wrong).expect("letters");
    assert!(wrong == key || PlainKey::parse(&wrong).is_none(), "a wrong letter was not noticed");
}

fn network_of(network: Network, text: &str) {
    let told = serde_json::to_value(network).expect("a text");
    assert_eq!(serde_json::from_value::<Network>(told).expect("what was written"), network);
    let address: IpAddr =
        text.split('/').next().and_then(|address| address.parse().ok()).expect("an address and a prefix");
    assert!(network.contains(address));
    assert_eq!(address.to_canonical(), address, "no caller comes from such a network");
}
