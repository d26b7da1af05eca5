//! Bodies about the directory and the partner agencies, and merge patches of them (RFC 7396): a patch twice is a patch once, and what
//! is patched keeps the rules of what is new.

use nara::areas::NewArea;
use nara::districts::NewDistrict;
use nara::districts::boundary::BoundaryBody;
use nara::http::body;
use nara::http::merge_patch::MergePatch;
use nara::offices::{NewOffice, Office};
use nara::partners::NewPartner;
use nara::partners::api_keys::{NewApiKey, Rotation};
use nara::services::{NewService, Service};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::bodies::{kept, one};
use super::{directory, moment, now, quotes_nothing};

/// The bytes are a body, or a patch.
pub fn check(data: &[u8]) {
    if let Some(new) = kept::<NewOffice>(data) {
        let made = Office::new(new, &directory().known(), &moment());
        made.err().iter().for_each(quotes_nothing);
    }
    if let Some(new) = kept::<NewService>(data) {
        let made = Service::new(new, &directory().known(), &moment());
        made.err().iter().for_each(quotes_nothing);
    }
    kept::<NewArea>(data);
    kept::<NewPartner>(data);
    if let Some(new) = kept::<NewDistrict>(data) {
        new.boundary.parse(directory().outline(), "/boundary").err().iter().for_each(quotes_nothing);
    }
    if let Some(boundary) = one::<BoundaryBody>(data) {
        boundary.parse(directory().outline(), "").err().iter().for_each(quotes_nothing);
    }
    if let Some(new) = kept::<NewApiKey>(data)
        && let Ok(terms) = new.terms(now())
    {
        assert!(!terms.scopes.is_empty() && terms.scopes.len() <= 2 && terms.allowed_networks.len() <= 50);
        assert!(terms.expires_at.is_none_or(|end| end > now()));
    }
    if let Some(rotation) = kept::<Rotation>(data) {
        let until = rotation.overlap_until(now());
        assert!(
            until.is_err() || until.is_ok_and(|until| now() < until && (until.utc() - now().utc()).num_days() <= 30)
        );
    }
    if let Ok(patch) = MergePatch::parse(data) {
        patched::<NewOffice>(&patch, data, OFFICE);
        patched::<NewService>(&patch, data, SERVICE);
        patched::<NewPartner>(&patch, data, PARTNER);
    }
}

const OFFICE: &str = r#"{"slug":"skaggetorp","name":{"sv":"Skäggetorp"},"kind":"base","status":"open","areaIds":[],"languages":["sv"],"accessibility":[],"serviceIds":[],"phone":"+46 13 20 60 00"}"#;
const SERVICE: &str = r#"{"slug":"rad","name":{"sv":"Råd"},"description":{"sv":"Råd och stöd."},"orientation":"preventive","provision":"provider","needsAssessment":false,"identityExempt":true,"ages":{"from":0,"to":20},"needs":[],"languages":["sv"],"officeIds":[]}"#;
const PARTNER: &str = r#"{"slug":"skolan","name":"Skolan","category":"school","contact":{"phone":"+46 13 20 60 00"}}"#;

fn patched<T: DeserializeOwned + Serialize>(patch: &MergePatch, data: &[u8], current: &str) {
    let Ok(before) = body::parse::<T>(current.as_bytes()) else { panic!("{current} is no such thing") };
    let asked: Value = serde_json::from_slice(data).expect("a patch is JSON");
    let written = |value: &T| serde_json::to_value(value).expect("it can be written");
    match patch.apply(&before) {
        Ok(after) => {
            let again = patch.apply(&after).map_err(|error| format!("{error:?}")).expect("it could be done once");
            assert_eq!(written(&again), written(&after), "a patch twice is another than once");
            let fields = asked.as_object().expect("a patch is an object");
            for (name, value) in written(&before).as_object().expect("an object") {
                assert!(
                    fields.contains_key(name) || written(&after).get(name) == Some(value),
                    "{name} changed by itself"
                );
            }
        }
        Err(error) => assert!(!error.violations().is_empty()),
    }
    for marked in super::marked(&asked) {
        let patch = MergePatch::parse(marked.to_string().as_bytes()).expect("it was one before");
        patch.apply(&before).err().iter().for_each(quotes_nothing);
    }
    let nothing = MergePatch::parse(json!({}).to_string().as_bytes()).expect("an object");
    assert_eq!(nothing.apply(&before).map(|same| written(&same)).ok(), Some(written(&before)));
}
