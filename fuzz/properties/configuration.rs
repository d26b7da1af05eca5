//! What an installation is set up with: the ring of keys, the secret, rates, the database's address, and the tables of a
//! municipality. A mistake stops the start with a sentence that holds no secret.

use std::borrow::Cow;

use nara::config::Secret;
use nara::config::limits::Rate;
use nara::db::Target;
use nara::directory::import::files::{self, Data};
use nara::directory::{Directory, DirectoryParts};
use nara::vault::VaultKeys;

use super::{now, random, text};

/// The bytes are any of them.
pub fn check(data: &[u8]) {
    let Some(text) = text(data) else { return };
    ring(text);
    match text.parse::<Secret>() {
        Ok(secret) => assert!(secret.reveal() == text.trim() && format!("{secret:?}") == "[redacted]"),
        Err(error) => holds_no_secret(&error, text),
    }
    if let Ok(rate) = text.parse::<Rate>() {
        let (calls, seconds) = rate.refill();
        assert!(calls.get() <= 1_000_000 && rate.burst().get() <= 1_000_000 && [1, 60, 3600].contains(&seconds));
        assert!(rate.seconds_for(calls.get()) == seconds && !rate.one_per().is_zero());
    }
    match text.parse::<Target>() {
        Ok(Target::Postgres(url)) => assert_eq!(format!("{:?}", Target::Postgres(url)), "postgres://[redacted]"),
        Ok(Target::Sqlite(path)) => assert!(!path.is_empty()),
        Err(error) => holds_no_secret(&error, text),
    }
    tables(text);
}

fn ring(text: &str) {
    match text.parse::<VaultKeys>() {
        Ok(ring) => {
            let written = ring.reveal();
            assert_eq!(written.parse::<VaultKeys>().map(|ring| ring.reveal()).as_ref(), Ok(&written));
            assert_eq!(format!("{ring:?}"), "[keys]");
            let (current, oldest, lookup) = (ring.current().id(), ring.oldest().id(), ring.lookup_id());
            assert!(oldest <= current && ring.key(current).is_some());
            // The next keys are other ones, and a ring that can be read.
            if let Ok(next) = ring.with_fresh_key(&random()).and_then(|ring| ring.with_fresh_lookup_key(&random())) {
                assert!(next.current().id() > oldest && next.lookup_id() > lookup && next.key(current).is_some());
                assert!(next.reveal().parse::<VaultKeys>().is_ok(), "a ring that nobody can read");
            }
        }
        Err(error) => holds_no_secret(&error, text),
    }
}

fn holds_no_secret(error: &str, text: &str) {
    let long = |word: &&str| word.len() > 20 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(text.split([' ', '\n', ',']).filter(long).all(|word| !error.contains(word)), "told back");
}

/// The text in place of each of the tables, of which the others are empty.
fn tables(text: &str) {
    let empty =
        ["areas.json", "districts.json", "services.json", "offices.json", "legal_references.json", "deadlines.json"];
    let headings = [
        ("postal_codes.csv", "postal_code,locality,district_code,metres_to_border"),
        ("holidays.csv", "date,name_sv,name_en,kind"),
        ("municipalities.csv", "code,name,short_name,county_code"),
        ("boundaries.geojson", r#"{"features":[]}"#),
    ];
    for name in [
        "postal_codes.csv",
        "holidays.csv",
        "municipalities.csv",
        "legal_references.json",
        "deadlines.json",
        "municipality.json",
    ] {
        let mut texts = files::linkoping();
        texts.extend(empty.map(|name| (name, Cow::Borrowed("[]"))));
        texts.extend(headings.map(|(name, text)| (name, Cow::Borrowed(text))));
        texts.insert(name, Cow::Owned(text.to_owned()));
        let data = match Data::parse(&texts) {
            Ok(data) => data,
            Err(error) => {
                assert!(error.told().contains(name), "which file is wrong is not told: {}", error.told());
                continue;
            }
        };
        let stored = data.documents.to_stored().expect("JSON");
        assert_eq!(nara::directory::Documents::from_stored(stored).ok().as_ref(), Some(&data.documents));
        let codes: Vec<String> = data.documents.postal_codes.iter().map(|row| row.postal_code.clone()).collect();
        let deadlines = data.documents.deadlines.clone();
        let directory =
            Directory::new(DirectoryParts { documents: data.documents, ..DirectoryParts::default() }, now(), None);
        let directory = directory.expect("what is read makes a directory");
        let today = directory.calendar.local_date(now().utc());
        assert!(directory.calendar.rolled(today) >= today);
        for due in deadlines.iter().filter_map(|rule| rule.deadline_from(now().utc(), &directory.calendar)) {
            assert!(due.due_at >= now().utc() && !due.overdue(now().utc()));
        }
        codes.iter().for_each(|code| _ = directory.postal_code(code));
    }
}
