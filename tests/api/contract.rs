//! The published document is what the server does.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::document::{DOCUMENT, OPERATIONS, described, takes_body};

/// The committed document is the one that the routes make. `BLESS=1` rewrites it; the change is then a diff to be reviewed.
#[test]
fn the_committed_document_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/openapi.json");
    let current = format!("{}\n", serde_json::to_string_pretty(&*DOCUMENT).unwrap());
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "{} is not current; look at the change of `BLESS=1 cargo test --test api contract`",
        path.display()
    );
}

#[test]
fn the_document_has_no_flaws() {
    assert_eq!(crate::openapi::flaws::flaws(&DOCUMENT), Vec::<String>::new());
}

/// Null says something there: nobody knows whether the office is open.
#[test]
fn what_is_answered_with_null_may_be_null() {
    let open_state = &DOCUMENT["components"]["schemas"]["OpenState"];
    assert_eq!(open_state["properties"]["openNow"]["type"], json!(["boolean", "null"]));
    assert_eq!(open_state["required"], json!(["openNow"]));
}

#[test]
fn every_name_in_a_path_is_described() {
    for operation in OPERATIONS.iter() {
        let in_path: BTreeSet<&str> =
            operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = described(operation)["parameters"].as_array().unwrap();
        let described =
            parameters.iter().filter(|parameter| parameter["in"] == "path" && parameter["required"] == true);
        let described: BTreeSet<&str> = described.filter_map(|parameter| parameter["name"].as_str()).collect();
        assert_eq!(described, in_path, "{}", operation.id);
    }
}

#[test]
fn the_document_names_its_server() {
    assert_eq!(DOCUMENT["openapi"], "3.1.0");
    assert_eq!(DOCUMENT["servers"][0]["url"], "https://nara.example/nara/v1");
    assert!(DOCUMENT["paths"].as_object().unwrap().keys().all(|path| path.starts_with('/') && !path.contains('.')));
}

/// Null says something there: nobody knows.
#[test]
fn answers_that_may_be_null_are_described_so() {
    let schemas = &DOCUMENT["components"]["schemas"];
    assert_eq!(schemas["OpenState"]["properties"]["openNow"]["type"], json!(["boolean", "null"]));
    assert_eq!(schemas["OpenState"]["required"], json!(["openNow"]));
    let geometry = &schemas["DistrictFeature"]["properties"]["geometry"];
    assert!(geometry["oneOf"].as_array().unwrap().contains(&json!({ "type": "null" })), "{geometry}");
    assert!(schemas["DistrictFeature"]["required"].as_array().unwrap().contains(&json!("geometry")));
}

#[actix_web::test]
async fn the_served_document_names_the_server_itself() {
    let app = TestApp::start_with(|_| {}).await;
    let answer = app.anyone().get("/openapi.json").await;
    let served = answer.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(served["servers"][0]["url"], "/nara/v1");
    // Swagger UI would send the example of every parameter, so those that may be left out have none here.
    let of_form = nara::openapi::with_server(&DOCUMENT, "/nara/v1");
    assert!(served == of_form, "more than the server and the examples of parameters differs");
    let filled_in = |parameter: &&Value| parameter["required"] != true && parameter.get("example").is_some();
    let parameters = served["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let parameters = parameters.filter_map(|operation| operation["parameters"].as_array()).flatten();
    assert_eq!(parameters.filter(filled_in).count(), 0);
    let public = TestApp::start_with(|setup| setup.public_url = Some("https://nara.test".to_owned())).await;
    assert_eq!(
        public.anyone().get("/openapi.json").await.expect(200)["servers"][0]["url"],
        "https://nara.test/nara/v1"
    );
}

#[actix_web::test]
async fn the_examples_of_requests_are_bodies_that_the_server_reads() {
    let app = TestApp::start_with(|_| {}).await;
    for operation in OPERATIONS.iter().filter(|operation| takes_body(operation)) {
        let (request, caller) = (app.prepare(operation).await, app.right_caller(operation));
        let content = described(operation)["requestBody"]["content"].as_object().unwrap();
        for (kind, body) in content {
            for (name, example) in body["examples"].as_object().unwrap() {
                let bare = request
                    .bare(&caller)
                    .header("if-match", request.etag.as_deref().unwrap_or("*"))
                    .header("content-type", kind);
                let answer = bare.body(serde_json::to_vec(&example["value"]).unwrap()).send().await;
                // It may break a rule of this directory (a slug that is taken), but not of shape.
                let is_of_shape = match answer.status {
                    200 | 201 | 409 | 412 => true,
                    422 => !answer.json()["errors"].as_array().unwrap().iter().any(is_about_shape),
                    _ => false,
                };
                assert!(is_of_shape, "{} {kind} {name}: {}\n{answer:?}", operation.id, example["value"]);
            }
        }
    }
}

/// Whoever tries it out in Swagger UI begins with the example.
#[actix_web::test]
async fn the_example_of_a_submission_is_one_that_is_taken() {
    let app = TestApp::start_with(|_| {}).await;
    let callers = [
        ("/partner/referrals", app.school()),
        ("/people", app.caseworker()),
        ("/outreach-contacts", app.outreach_worker()),
        ("/referrals", app.outreach_worker()),
    ];
    for (path, caller) in callers {
        let content = &DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"];
        caller.post(path, content["examples"]["example"]["value"].clone()).await.expect(201);
    }
}

fn is_about_shape(error: &Value) -> bool {
    let detail = error["detail"].as_str().unwrap();
    ["is required", "is not a field here", "must be one of", "must be a", "must be of another kind"]
        .iter()
        .any(|start| detail.starts_with(start))
}

/// Fields that hold personal data: a new one is added here on purpose, and never by accident.
const PERSONAL: &str = "
    AssessProtection.immediateNeed AssessProtection.measures Attempt.note Attempt.reached Child.birthDate
    Child.birthYear Child.districtId Child.familyName Child.gender Child.givenName Child.interpreterLanguage
    Child.knowsOfReport Child.locality Child.personId Child.personalIdentityNumber Child.placeName Child.postalCode
    Child.protectedIdentity Child.school Child.street Child.whereNow ChildInList.birthYear ChildInList.initials
    Complete.note Complete.outcome ContactError.reason ContactFactsPatch.familyId ContactFactsPatch.language
    ContactFactsPatch.summary ContactFactsPatch.topics ContactFollowUp.note Coordinates.lat Coordinates.lon
    DecideInquiry.caseReference DecideInquiry.decision DecideInquiry.rationale EnterInError.reason
    ExtendDeadline.note ExtendDeadline.reasonCode Extension.note Extension.reasonCode Family.districtId
    Family.guestIds Family.label Family.memberIds FamilyFactsPatch.districtId FamilyFactsPatch.label
    FamilyMerge.reason Feedback.value
    FollowUp.familyId FollowUp.note FollowUp.result FollowUpResult.result Guardian.familyName Guardian.givenName
    Guardian.interpreterLanguage Guardian.knowsOfReport Guardian.personalIdentityNumber Guardian.phone
    GuardiansInformed.reason HomeAddress.locality HomeAddress.postalCode HomeAddress.street
    InquiryDecision.caseReference InquiryDecision.decision InquiryDecision.rationale Instead.text
    InternalReferral.description KnownPerson.familyName KnownPerson.givenName LogAttempt.note LogAttempt.reached
    NewContact.familyId NewContact.language NewContact.summary NewContact.topics NewFamily.districtId
    NewFamily.label NewFollowUp.familyId NewFollowUp.note NewMessage.text NewOffer.note NewPerson.address
    NewPerson.birthYear NewPerson.districtId NewPerson.familyName NewPerson.gender NewPerson.givenName
    NewPerson.interpreterNeeded NewPerson.languages NewPerson.personalIdentityNumber NewPerson.protection
    NewReferral.considerBeforeContact NewReferral.description NewReferral.existingSupport
    NewReferral.protectiveFactors NewStaffReferral.considerBeforeContact NewStaffReferral.description
    NewStaffReferral.existingSupport NewStaffReferral.protectiveFactors Offer.familyId Offer.note
    OutreachContact.errorReason OutreachContact.familyId OutreachContact.language OutreachContact.summary
    OutreachContact.topics OutreachContactRow.familyId OutreachContactRow.personIds Participant.ageBand
    Participant.gender Participant.personId Participant.role PartnerMessage.text Person.address Person.ageBand
    Person.birthYear Person.districtId Person.familyName Person.gender Person.givenName Person.interpreterNeeded
    Person.languages Person.personalIdentityNumber Person.protection PersonFactsPatch.address
    PersonFactsPatch.birthYear PersonFactsPatch.districtId PersonFactsPatch.familyName PersonFactsPatch.gender
    PersonFactsPatch.givenName PersonFactsPatch.interpreterNeeded PersonFactsPatch.languages
    PersonFactsPatch.personalIdentityNumber PersonFactsPatch.protection PersonMatch.birthYear PersonMatch.familyName
    PersonMatch.givenName PersonMove.reason PersonSearch.name PersonSearch.personalIdentityNumber PrivatePerson.name
    PrivatePerson.phone PrivatePerson.relation ProtectionAssessment.immediateNeed ProtectionAssessment.measures
    Recipient.familyId RecordFamilyDeclined.note RecordFamilyDeclined.reasonCode RecordNotReached.note
    Referral.considerBeforeContact Referral.description Referral.existingSupport Referral.familyDeclineReason
    Referral.protectiveFactors ReferralEvent.reason ReferralEvent.reasonCode ReferralFeedback.value
    ReferralMessage.text ReferralOutcome.outcome ReferralSearch.personId RefuseFeedback.note
    RelatedReferral.sameChild Reopen.reason Reporter.email Reporter.name Reporter.phone Reporter.relation
    Reporter.title RequestInformation.question Sibling.alsoConcerned Sibling.birthYear Sibling.name Supplement.text
    SupplyInformation.text TimelineEvent.reason TurnTo.text WithdrawConsent.by Withdrawal.reason
";

#[test]
fn every_field_with_personal_data_is_marked() {
    let mut marked = BTreeSet::new();
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        collect(name, schema, &mut marked);
    }
    for (path, operations) in DOCUMENT["paths"].as_object().unwrap() {
        collect(path, operations, &mut marked);
    }
    let marked: Vec<String> = marked.into_iter().collect();
    let expected: Vec<&str> = PERSONAL.split_whitespace().collect();
    assert_eq!(marked, expected, "{}", marked.join("\n"));
}

fn collect(place: &str, schema: &Value, marked: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if members.get("x-personal-data") == Some(&json!(true)) {
                assert!(
                    members["x-secrecy"].as_str().is_some_and(|rule| rule.contains("OSL")),
                    "{place} does not name its secrecy"
                );
                marked.insert(place.to_owned());
            }
            for (name, member) in members {
                let plain =
                    ["properties", "allOf", "oneOf", "items"].contains(&name.as_str()) || name.parse::<u8>().is_ok();
                collect(&if plain { place.to_owned() } else { format!("{place}.{name}") }, member, marked);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(place, item, marked)),
        _ => {}
    }
}

/// Names of fields that are personal wherever they stand in a body about a person.
#[test]
fn no_field_that_is_personal_by_its_name_is_left_unmarked() {
    let names = [
        "givenName",
        "familyName",
        "personalIdentityNumber",
        "birthDate",
        "birthYear",
        "street",
        "description",
        "protectiveFactors",
        "existingSupport",
        "considerBeforeContact",
        "whereNow",
        "initials",
        "reason",
        "label",
        "postalCode",
    ];
    let about_people = [
        "NewReferral",
        "NewStaffReferral",
        "Referral",
        "ChildInList",
        "Child",
        "Guardian",
        "Sibling",
        "Reporter",
        "GuardiansInformed",
        "NewPerson",
        "Person",
        "HomeAddress",
        "KnownPerson",
        "PersonMatch",
        "PersonSearch",
        "PersonMove",
        "NewFamily",
        "Family",
        "FamilyMerge",
        "TimelineEvent",
    ];
    for schema in about_people {
        let schema_of = &DOCUMENT["components"]["schemas"][schema];
        assert!(schema_of.is_object(), "there is no schema {schema}");
        let properties = schema_of["properties"].as_object().cloned().unwrap_or_default();
        for name in names.iter().filter(|name| properties.contains_key(**name)) {
            assert_eq!(properties[*name]["x-personal-data"], true, "{schema}.{name} is not marked");
        }
    }
}
