//! What must hold of everything that comes from outside, whatever it is. A property takes any bytes, and panics where it does not hold.
//!
//! `cargo fuzz` looks for bytes that break one; `cargo test` runs all of them over what is kept of its finds, `fuzz/corpus`.

pub mod api_keys;
pub mod bodies;
pub mod boundaries;
pub mod configuration;
pub mod cursors;
pub mod directory_bodies;
pub mod headers;
pub mod identity_numbers;
pub mod key_sets;
pub mod names;
pub mod opening_hours;
pub mod queries;
pub mod texts;
pub mod tokens;

use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use actix_web::test::TestRequest;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, dev};
use nara::directory::import::files;
use nara::directory::{Directory, DirectoryParts};
use nara::error::{Error, Text};
use nara::http::call::Call;
use nara::http::operations::Operations;
use nara::http::settings::Settings;
use nara::moment::Moment;
use nara::time::{Clock, Random, Timestamp};
use serde_json::Value;

/// Panics where what was read of some bytes is not as it must be.
pub type Property = fn(&[u8]);

/// The properties by the names of their targets.
pub const ALL: [(&str, Property); 14] = [
    ("api_keys", api_keys::check),
    ("bodies", bodies::check),
    ("boundaries", boundaries::check),
    ("configuration", configuration::check),
    ("cursors", cursors::check),
    ("directory_bodies", directory_bodies::check),
    ("headers", headers::check),
    ("identity_numbers", identity_numbers::check),
    ("key_sets", key_sets::check),
    ("names", names::check),
    ("opening_hours", opening_hours::check),
    ("queries", queries::check),
    ("texts", texts::check),
    ("tokens", tokens::check),
];

/// When all of it is read.
fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().expect("a time")
}

fn moment() -> Moment {
    Moment { now: now(), random: random() }
}

/// The same bytes each time, so that what broke once breaks again.
fn random() -> Random {
    Random::new(|bytes| (1..).zip(bytes).for_each(|(number, byte)| *byte = number))
}

/// The municipality, its calendar and its postal codes, without a district.
fn directory() -> &'static Directory {
    static DIRECTORY: LazyLock<Arc<Directory>> = LazyLock::new(|| {
        let documents = files::Data::parse(&files::linkoping()).expect("the data of Linköping").documents;
        let parts = DirectoryParts { documents, ..DirectoryParts::default() };
        Arc::new(Directory::new(parts, now(), None).expect("a directory"))
    });
    &DIRECTORY
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// A request of somebody behind a trusted proxy; `None` when no client could send such an address.
fn request(path_and_query: &str) -> Option<TestRequest> {
    static SETTINGS: LazyLock<Data<Settings>> = LazyLock::new(|| {
        Data::new(Settings {
            public_url: Some("https://nara.test".to_owned()),
            strict_transport: false,
            trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")],
            body_timeout: std::time::Duration::from_secs(1),
            cursor_key: [7; 32],
            record_key: [7; 32],
            clock: Clock::new(|| now().utc()),
            random: random(),
        })
    });
    static OPERATIONS: LazyLock<Data<Operations>> = LazyLock::new(|| Data::new(Operations::new(Vec::new(), &[])));
    let plain = path_and_query.bytes().all(|byte| byte.is_ascii_graphic()) && !path_and_query.contains('#');
    let uri = actix_web::http::Uri::try_from(path_and_query).ok().filter(|_| plain && path_and_query.starts_with('/'));
    let request = TestRequest::with_uri(&uri?.to_string()).peer_addr("10.0.0.5:4711".parse().expect("an address"));
    Some(request.app_data(Data::clone(&SETTINGS)).app_data(Data::clone(&OPERATIONS)))
}

/// What a handler's argument makes of the request.
fn extracted<T>(request: &HttpRequest) -> nara::error::Result<T>
where
    T: FromRequest<Error = Error, Future = std::future::Ready<nara::error::Result<T>>>,
{
    T::from_request(request, &mut dev::Payload::None).into_inner()
}

fn call(request: &HttpRequest) -> Call {
    extracted(request).expect("the settings are there")
}

/// A mark that stands in no sentence of the program.
const MARK: &str = "§¤§";

/// The same document with the mark in each of its texts: in front of them, in their middle and behind them.
fn marked(document: &Value) -> [Value; 3] {
    [0, 1, 2].map(|half| {
        let mut marked = document.clone();
        mark(&mut marked, half);
        marked
    })
}

fn mark(value: &mut Value, half: usize) {
    match value {
        Value::String(text) => *text = marked_text(text, half),
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, half)),
        Value::Object(fields) => fields.iter_mut().for_each(|(_, field)| mark(field, half)),
        _ => {}
    }
}

fn marked_text(text: &str, half: usize) -> String {
    let at = text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(text.chars().count() * half / 2);
    let (before, after) = text.split_at(at.unwrap_or_default());
    [before, MARK, after].concat()
}

/// What people send is personal: what is told of a mistake never quotes it. Where a mistake is, a field's name may tell.
fn quotes_nothing(error: &Error) {
    let details = error.violations().iter().map(|violation| &violation.detail).chain(error.detail());
    for detail in details {
        assert!(!detail.en.contains(MARK) && !detail.sv.contains(MARK), "told back: {detail:?}");
    }
    assert!(error.cause().is_none_or(|cause| !cause.to_string().contains(MARK)), "logged: {:?}", error.cause());
}

/// The same of what a text is parsed as, whose error is told as it is.
fn tells_what_is_expected<T: FromStr<Err = Text>>(text: &str) {
    for half in 0..3 {
        marked_text(text, half).parse::<T>().err().iter().for_each(is_a_sentence);
    }
    text.parse::<T>().err().iter().for_each(is_a_sentence);
}

/// Something is said in both languages, nothing of it was sent, and serde carries it whole.
fn is_a_sentence(text: &Text) {
    assert!(!text.en.is_empty() && !text.sv.is_empty());
    assert!(!text.en.contains(MARK) && !text.sv.contains(MARK), "told back: {text:?}");
    assert_eq!(Text::from_carried(&text.to_string()).as_ref(), Some(text), "lost on its way");
}
