use serde_json::{Value, json};

use super::*;
use crate::calendar::Calendar;
use crate::directory::DirectoryContext;
use crate::error::{Error, Result, ViolationPlace};
use crate::http::body;
use crate::moment::Moment;
use crate::time::Random;

fn moment() -> Moment {
    Moment { now: "2026-11-23T09:00:00Z".parse().unwrap(), random: Random::system() }
}

fn office() -> Value {
    json!({
        "slug": "ryd", "name": { "sv": "Ryd" }, "kind": "satellite", "status": "open", "areaIds": [], "languages": ["sv"],
        "accessibility": [], "serviceIds": []
    })
}

/// Makes an office from a valid one with the fields `changes` replaced, or returns the error.
fn with(changes: &Value) -> Result<Office> {
    let mut document = office();
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    let calendar = Calendar::new(chrono_tz::Europe::Stockholm, Vec::new());
    let known = DirectoryContext { areas: &[], offices: &[], services: &[], calendar: &calendar };
    Office::new(body::parse(document.to_string().as_bytes())?, &known, &moment())
}

fn pointers(error: &Error) -> Vec<String> {
    let pointer = |place: &ViolationPlace| match place {
        ViolationPlace::Pointer(pointer) => pointer.clone(),
        other => panic!("{other:?}"),
    };
    error.violations().iter().map(|violation| pointer(&violation.place)).collect()
}

#[track_caller]
fn refused(changes: &Value, expected: &[&str]) {
    assert_eq!(pointers(&with(changes).unwrap_err()), expected, "{changes}");
}

#[test]
fn an_office_may_be_open_without_premises() {
    let office = with(&json!({})).unwrap();
    assert!(office.address.is_none() && office.is_in_operation() && office.is_municipality_wide());
}

#[test]
fn every_broken_rule_is_told_at_its_place() {
    refused(&json!({ "openedOn": "2022-08", "closedOn": "2022-07" }), &["/closedOn"]);
    refused(&json!({ "languages": ["sv", "so", "sv"] }), &["/languages/2"]);
    refused(&json!({ "areaIds": ["norr"], "serviceIds": ["x"] }), &["/areaIds/0", "/serviceIds/0"]);
    refused(&json!({ "location": { "type": "Point", "coordinates": [15.6, 98.4] } }), &["/location/coordinates"]);
    refused(&json!({ "phone": "013-20 60 00" }), &["/phone"]);
    refused(&json!({ "address": { "street": "A", "postalCode": "1", "locality": "B" } }), &["/address/postalCode"]);
    refused(&json!({ "opens": "always" }), &["/opens"]);
    assert!(with(&json!({ "openedOn": "2022", "closedOn": "2022-01" })).is_ok());
}

#[test]
fn opening_hours_that_cannot_be_read_are_refused_with_the_place_of_the_mistake() {
    let error = with(&json!({ "openingHours": "Mo-Fr 08:00-16:30; Xx off" })).unwrap_err();
    assert_eq!(pointers(&error), ["/openingHours"]);
    let detail = &error.violations()[0].detail;
    assert!(detail.en.contains("(at character 1") && detail.sv.contains("(vid tecken 1"), "{detail:?}");
}

#[test]
fn an_office_written_as_it_is_stays_as_it_is() {
    let office = with(&json!({
        "openingHours": "Mo-Fr 08:00-16:30; PH off", "openedOn": "2022-08", "email": "ryd@example.se", "phone": "+46 13 20 60 00",
        "location": { "type": "Point", "coordinates": [15.57, 58.41] }, "entranceNote": { "sv": "Till vänster." },
        "address": { "street": "Rydsvägen 1", "postalCode": "584 31", "locality": "Linköping" }, "accessibility": ["lift"]
    }))
    .unwrap();
    let calendar = Calendar::new(chrono_tz::Europe::Stockholm, Vec::new());
    let known = DirectoryContext { areas: &[], offices: &[], services: &[], calendar: &calendar };
    let again = office.changed(office.as_new(), &known, &moment()).unwrap();
    assert_eq!(Office { version: 1, ..again }, office);
    let document = serde_json::to_value(office.as_new()).unwrap();
    assert_eq!(document["address"]["postalCode"], "58431");
    assert_eq!(body::read::<NewOffice>(document).unwrap(), office.as_new());
}
