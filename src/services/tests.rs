use serde_json::{Value, json};
use strum::IntoEnumIterator;

use super::*;
use crate::calendar::Calendar;
use crate::directory::DirectoryContext;
use crate::error::ViolationPlace;
use crate::http::body;
use crate::moment::Moment;
use crate::time::Random;

fn service() -> Value {
    json!({
        "slug": "samtal", "name": { "sv": "Samtal" }, "description": { "sv": "Samtal." }, "orientation": "supportive",
        "provision": "provider", "needsAssessment": false, "identityExempt": false, "ages": { "from": 0, "to": 20 },
        "needs": ["parenting"], "languages": ["sv"], "officeIds": []
    })
}

/// Makes a service from a valid one with the fields `changes` replaced, or returns the places of all mistakes.
fn with(changes: &Value) -> std::result::Result<Service, Vec<ViolationPlace>> {
    let mut document = service();
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    let calendar = Calendar::new(chrono_tz::Europe::Stockholm, Vec::new());
    let known = DirectoryContext { areas: &[], offices: &[], services: &[], calendar: &calendar };
    let moment = Moment { now: "2026-11-23T09:00:00Z".parse().unwrap(), random: Random::system() };
    let made = body::parse(document.to_string().as_bytes()).and_then(|new| Service::new(new, &known, &moment));
    made.map(|(service, _)| service)
        .map_err(|error| error.violations().iter().map(|violation| violation.place.clone()).collect())
}

#[track_caller]
fn refused(changes: &Value, expected: &[&str]) {
    let expected: Vec<ViolationPlace> =
        expected.iter().map(|pointer| ViolationPlace::Pointer((*pointer).to_owned())).collect();
    assert_eq!(with(changes).unwrap_err(), expected, "{changes}");
}

#[test]
fn the_seven_kinds_cannot_be_had_without_assessment() {
    for kind in AssessmentKind::iter() {
        let kind = serde_json::to_value(kind).unwrap();
        refused(&json!({ "assessmentKind": kind }), &["/needsAssessment"]);
        assert!(with(&json!({ "assessmentKind": kind, "needsAssessment": true })).is_ok());
    }
    assert_eq!(AssessmentKind::iter().count(), 7);
}

#[test]
fn every_broken_rule_is_told_at_its_place() {
    refused(&json!({ "ages": { "from": 13, "to": 12 } }), &["/ages/to"]);
    refused(&json!({ "ages": { "from": 0, "to": 121 } }), &["/ages/to"]);
    refused(&json!({ "needs": ["parenting", "parenting"] }), &["/needs/1"]);
    refused(&json!({ "languages": ["sv", "sv"], "officeIds": ["nowhere"] }), &["/languages/1", "/officeIds/0"]);
    refused(&json!({ "needsAssessment": true, "identityExempt": true }), &["/identityExempt"]);
    refused(&json!({ "needs": ["money"] }), &["/needs/0"]);
    assert!(with(&json!({ "ages": { "from": 13, "to": 13 } })).is_ok());
}

#[test]
fn a_service_written_as_it_is_stays_as_it_is() {
    let service = with(&json!({ "needsAssessment": true, "assessmentKind": "family_home_care" })).unwrap();
    let document = serde_json::to_value(service.as_new(&[])).unwrap();
    assert_eq!(with(&document).map(|again| Service { id: service.id, ..again }), Ok(service));
}
