//! Valid request bodies that tests can change. No person in them is real.

use serde_json::{Value, json};

/// One of Skatteverket's published test numbers (`data/demo/test_identities.csv`): a child who is 13 in the tests.
pub const CHILD: &str = "20130315-2399";

/// A concern report of a school about a child in Skäggetorp.
pub fn concern_report() -> Value {
    json!({
        "kind": "concern_report",
        "urgency": "soon",
        "senderReference": "2026-117",
        "reporter": { "name": "Rektor Påhittad", "title": "Rektor", "phone": "013-20 00 00" },
        "child": {
            "givenName": "Elias", "familyName": "Påhittad", "personalIdentityNumber": CHILD,
            "placeName": "Skäggetorp", "school": "Skäggetorps grundskola (påhittad)",
        },
        "guardians": [{ "givenName": "Alva", "familyName": "Påhittad", "knowsOfReport": true }],
        "siblings": [{ "name": "Saga", "birthYear": 2016, "alsoConcerned": false }],
        "needs": ["school_absence"],
        "description": "Eleven har varit borta från skolan i flera veckor.",
        "guardiansInformed": { "informed": "yes" },
        "feedbackRequested": true,
    })
}

/// The same report without the child's identity number: however many an agency sends, each is a report of its own.
pub fn unnumbered() -> Value {
    without(concern_report(), "/child/personalIdentityNumber")
}

/// A person without an identity number, so that many can be registered.
pub fn person() -> Value {
    json!({
        "givenName": "Åsa", "familyName": "Öberg", "birthYear": 2012, "gender": "female", "languages": ["sv", "so"],
        "address": { "street": "Påhittade gatan 1", "postalCode": "586 44", "locality": "Linköping" },
        "interpreterNeeded": false,
    })
}

/// A family without members.
pub fn family() -> Value {
    json!({ "label": "Familjen på tredje våningen", "memberIds": [] })
}

/// A meeting in the square with an unknown person.
pub fn contact() -> Value {
    json!({
        "occurredAt": "2026-11-20T15:30:00Z", "durationMinutes": 20, "channel": "street", "initiatedBy": "worker",
        "location": { "lat": 58.4275, "lon": 15.5837 }, "placeType": "square", "outcome": "reached",
        "participants": [{ "ageBand": "13-15", "role": "child" }], "topics": ["leisure"],
        "summary": "Pratade om vad som finns att göra efter skolan.",
    })
}

/// A follow-up of a contact.
pub fn follow_up(contact: &str) -> Value {
    json!({ "contactId": contact, "dueOn": "2026-12-04", "note": "Höra hur det gick." })
}

/// An identifier as a client makes it: a UUIDv7 that is not yet used.
pub fn fresh_id() -> String {
    let moment = super::clock::start();
    nara::id::OutreachContactId::new(moment.now, &moment.random).to_string()
}

/// A support request about the same child, whose guardian consents.
pub fn support_request() -> Value {
    json!({
        "kind": "support_request",
        "urgency": "routine",
        "senderReference": "2026-118",
        "reporter": { "name": "Kurator Påhittad", "title": "Kurator" },
        "child": {
            "givenName": "Elias", "familyName": "Påhittad", "personalIdentityNumber": CHILD,
            "placeName": "Skäggetorp",
        },
        "guardians": [{ "givenName": "Alva", "familyName": "Påhittad", "phone": "070-174 06 05" }],
        "siblings": [],
        "needs": ["parenting"],
        "description": "Familjen önskar stöd i föräldraskapet.",
        "guardiansInformed": { "informed": "yes" },
        "consent": {
            "basis": "oral", "givenBy": ["guardian"], "givenOn": "2026-11-20", "scopes": ["referral", "outcome"],
        },
    })
}

/// A report about a child in Skäggetorp that staff write down for a private person.
pub fn private_report() -> Value {
    json!({
        "kind": "concern_report",
        "urgency": "soon",
        "source": { "private": { "anonymous": false, "name": "Berit Påhittad", "phone": "013-20 00 01", "relation": "Granne" } },
        "child": { "givenName": "Alva", "familyName": "Påhittad", "birthYear": 2013, "placeName": "Skäggetorp" },
        "guardians": [],
        "siblings": [{ "name": "Saga", "birthYear": 2016, "alsoConcerned": false }],
        "needs": ["violence_exposed"],
        "description": "Det hörs skrik och gråt om nätterna.",
        "guardiansInformed": { "informed": "no" },
    })
}

/// The body with another value at a JSON pointer, whose parent must exist.
pub fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer begins with a slash");
    body.pointer_mut(parent)
        .and_then(Value::as_object_mut)
        .expect("the parent is there")
        .insert(name.to_owned(), value);
    body
}

/// The body without the value at a JSON pointer.
pub fn without(mut body: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer begins with a slash");
    body.pointer_mut(parent).and_then(Value::as_object_mut).expect("the parent is there").remove(name);
    body
}
