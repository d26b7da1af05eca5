//! Nobody who is not cleared learns whose identity number they hold, nor whether a person, a family or a contact that they may not
//! know of exists: not by an answer, a header or a version, not by what they read afterwards, and not by what the server does.
//!
//! [`TABLE`] has every operation that takes such a thing. What remains to be found out, and by whom, is in `docs/security.md`.

mod naming;
mod numbers;
mod statements;
mod transcript;
mod worlds;

use std::collections::BTreeSet;

use nara::http::documented::DocumentedOperation;
use serde_json::Value;

use crate::support::document::{DOCUMENT, OPERATIONS, described};

/// How an operation that takes an identity number, a person, a family or a contact is tried.
enum Tried {
    /// The whole exchange is compared for each bearer of a number, by this test of [`numbers`].
    ByNumber(&'static str),
    /// What is asked for by its identifier: [`naming`] compares the answers about what is not there, what another office has, and
    /// what is protected.
    ByIdentifier,
}

use Tried::{ByIdentifier, ByNumber};

const TABLE: &[(&str, Tried)] = &[
    ("createPerson", ByNumber("registering_a_person")),
    ("changePerson", ByNumber("changing_a_person")),
    ("searchPeople", ByNumber("searching_for_people")),
    ("createReferral", ByNumber("making_a_referral")),
    ("correctReferral", ByNumber("correcting_a_referral")),
    ("submitReferral", ByNumber("an_agency_reporting")),
    ("createOutreachContact", ByNumber("an_urgent_contact")),
    ("putOutreachContact", ByNumber("an_urgent_contact")),
    ("submitOutreachContactBatch", ByNumber("an_urgent_contact")),
    ("completeFollowUp", ByNumber("a_kept_promise")),
    ("getPerson", ByIdentifier),
    ("movePerson", ByIdentifier),
    ("getPersonTimeline", ByIdentifier),
    ("createFamily", ByIdentifier),
    ("getFamily", ByIdentifier),
    ("changeFamily", ByIdentifier),
    ("mergeFamilies", ByIdentifier),
    ("getFamilyTimeline", ByIdentifier),
    ("getOutreachContact", ByIdentifier),
    ("correctOutreachContact", ByIdentifier),
    ("enterOutreachContactInError", ByIdentifier),
    ("listOutreachContactVersions", ByIdentifier),
    ("listOffers", ByIdentifier),
    ("createOffer", ByIdentifier),
    ("createFollowUp", ByIdentifier),
    ("searchReferrals", ByIdentifier),
];

/// The fields of a body that hold a number, a person, a family or a contact.
const FIELDS: [&str; 8] = [
    "personalIdentityNumber",
    "personId",
    "familyId",
    "otherId",
    "memberIds",
    "contactId",
    "outreachContactId",
    "previousContactId",
];

/// Whether an operation takes an identity number, a person, a family or a contact.
fn takes_somebody(operation: &DocumentedOperation) -> bool {
    let nouns = ["/people/{id}", "/families/{id}", "/outreach-contacts/{id}"];
    let content = &described(operation)["requestBody"]["content"];
    let schemas = content.as_object().into_iter().flat_map(|kinds| kinds.values()).map(|kind| &kind["schema"]);
    let mut seen = BTreeSet::new();
    nouns.iter().any(|noun| operation.path.starts_with(noun))
        || schemas.into_iter().any(|schema| has_a_field(schema, &mut seen))
}

fn has_a_field(schema: &Value, seen: &mut BTreeSet<String>) -> bool {
    match schema {
        Value::Object(parts) => parts.iter().any(|(name, part)| match (name.as_str(), part) {
            ("$ref", Value::String(reference)) => {
                seen.insert(reference.clone())
                    && DOCUMENT
                        .pointer(reference.trim_start_matches('#'))
                        .is_some_and(|schema| has_a_field(schema, seen))
            }
            ("properties", Value::Object(fields)) => {
                fields.keys().any(|field| FIELDS.contains(&field.as_str()))
                    || fields.values().any(|field| has_a_field(field, seen))
            }
            ("example" | "examples", _) => false,
            _ => has_a_field(part, seen),
        }),
        Value::Array(parts) => parts.iter().any(|part| has_a_field(part, seen)),
        _ => false,
    }
}

#[test]
fn each_operation_that_takes_somebody_has_its_row() {
    let taking: BTreeSet<&str> = OPERATIONS
        .iter()
        .filter(|operation| takes_somebody(operation))
        .map(|operation| operation.id.as_str())
        .collect();
    let listed: BTreeSet<&str> = TABLE.iter().map(|(id, _)| *id).collect();
    assert_eq!(taking, listed, "left: the document, right: the table");
    assert_eq!(listed.len(), TABLE.len());
    for (id, tried) in TABLE {
        match tried {
            ByNumber(test) => assert!(numbers::TESTS.contains(test), "{id}: there is no test {test}"),
            ByIdentifier => {}
        }
    }
}

/// The operations that are tried by an identifier.
fn by_identifier() -> impl Iterator<Item = &'static DocumentedOperation> {
    let is_tried = |operation: &&DocumentedOperation| {
        TABLE.iter().any(|(id, tried)| *id == operation.id && matches!(tried, ByIdentifier))
    };
    OPERATIONS.iter().filter(is_tried)
}
