//! Characters that nobody sees, in names and in longer texts.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::fixtures::{concern_report, contact, person, with};

/// Characters that are drawn as nothing, of each kind.
const INVISIBLE: [char; 12] = [
    '\u{AD}',
    '\u{200B}',
    '\u{200C}',
    '\u{200D}',
    '\u{200F}',
    '\u{202E}',
    '\u{2066}',
    '\u{FEFF}',
    '\u{34F}',
    '\u{3164}',
    '\u{FE0F}',
    '\u{E0041}',
];

on_both_databases! {
    async fn a_name_holds_nothing_invisible(app: TestApp) {
        let worker = app.caseworker();
        let own = app.person().await;
        for hidden in INVISIBLE {
            let name = json!(format!("Al{hidden}va"));
            for (field, body) in [("/givenName", person()), ("/familyName", person()), ("/address/street", person())] {
                let answer = worker.post("/people", with(body, field, name.clone())).await;
                answer.problem(422, "validation-failed");
                assert_eq!(answer.pointers(), [format!("#{field}")], "U+{:04X}", u32::from(hidden));
                let detail = answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
                assert!(detail.contains("invisible"), "{answer:?}");
            }
            let answer = worker.patch(&format!("/people/{own}"), json!({ "givenName": name }), "*").await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), ["#/givenName"]);
        }
        let answer = worker.post("/people", with(person(), "/givenName", json!("\u{301}Alva"))).await;
        answer.problem(422, "validation-failed");
    }

    async fn neither_do_references_labels_and_the_names_of_others(app: TestApp) {
        for (pointer, hidden) in [("/child/givenName", '\u{200D}'), ("/senderReference", '\u{200B}'), ("/reporter/name", '\u{202E}'), ("/siblings/0/name", '\u{2060}'), ("/child/school", '\u{AD}')] {
            let report = with(concern_report(), pointer, json!(format!("Sa{hidden}ga")));
            let answer = app.school().post("/partner/referrals", report).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), [format!("#{pointer}")]);
        }
        let answer = app.caseworker().post("/families", json!({ "label": "A\u{200B}", "memberIds": [] })).await;
        answer.problem(422, "validation-failed");
        let item = with(with(contact(), "/urgency", json!("immediate")), "/child", json!({ "givenName": "A\u{200B}", "placeName": "Skäggetorp" }));
        let batch = app.outreach_worker().post("/outreach-contacts/batch", json!({ "items": [item] })).await.expect(200);
        assert_eq!(batch["items"][0]["status"], json!(422));
    }

    async fn longer_texts_keep_what_writing_needs(app: TestApp) {
        let worker = app.outreach_worker();
        for text in ["می\u{200C}خواهم", "क्\u{200D}ष", "👩\u{200D}👧 ❤\u{FE0F}", "\u{200F}שלום"] {
            let met = worker.post("/outreach-contacts", with(contact(), "/summary", json!(text))).await.expect(201);
            let told = worker.get(&format!("/outreach-contacts/{}", met["id"].as_str().unwrap())).await.expect(200);
            assert_eq!(told["summary"], json!(text));
        }
        for text in ["a\u{202E}b", "a\u{202D}b", "a\u{E0041}b"] {
            let answer = worker.post("/outreach-contacts", with(contact(), "/summary", json!(text))).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), ["#/summary"], "{text:?}");
        }
    }

    async fn names_of_the_world_are_taken(app: TestApp) {
        let worker = app.caseworker();
        for name in ["Yıldız", "Weiß", "Νίκος", "Łukasz", "Khadija Al-Rashidi", "Åsa", "A\u{30A}sa", "عبد الله", "אַבְרָהָם", "अनिल", "佐藤", "김민준", "Nguyễn", "O’Brien"] {
            let made: Value = worker.post("/people", with(person(), "/givenName", json!(name))).await.expect(201);
            assert_eq!(made["givenName"], json!(name));
        }
    }
}
