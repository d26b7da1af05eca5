//! What answers do not repeat of a request.

use serde_json::{Value, json};

use crate::support::fixtures::{CHILD, contact, with};
use crate::support::{Answer, Method, TestApp};

/// The end of the number that no answer repeats.
const SERIAL: &str = "2399";

fn assert_untold(answer: &Answer) {
    // A trace is random, and may have any digits.
    let headers = answer.headers.iter().filter(|(name, _)| *name != "traceparent");
    let headers = headers.map(|(_, value)| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let trace = answer.header("traceparent").and_then(|trace| trace.split('-').nth(1)).unwrap();
    let told: Vec<String> = headers.chain([answer.text().replace(trace, "")]).collect();
    for hidden in [SERIAL, "%32399", "2%339", "hittad", "Anna"] {
        assert!(!told.iter().any(|told| told.contains(hidden)), "{hidden}: {answer:?}");
    }
}

on_both_databases! {
    async fn a_number_in_a_path_is_not_repeated_however_it_is_escaped(app: TestApp) {
        for number in [
            CHILD, "201303152399", "130315-2399", "130315%2B2399", "%32%30130315-2399", "20130315%2D2399", "20130315-%32399",
            "%2532%2530130315-2399", "20130315%252D2399", "20130315%E2%80%932399", "20130315%202399", "2013.03.15.2399",
            "2013/03/15/2399", "Anna%20P%C3%A5hittad",
        ] {
            for path in [format!("/people/{number}"), format!("/people/{number}/timeline"), format!("/referrals/{number}/accept"), format!("/nothing/{number}"), format!("//health/{number}")] {
                for method in [Method::GET, Method::POST] {
                    let answer = app.caseworker().request(method, &path).json(&json!({})).send().await;
                    assert!((400..500).contains(&answer.status), "{answer:?}");
                    assert_untold(&answer);
                    let instance = answer.json()["instance"].as_str().unwrap().to_owned();
                    assert!(instance.contains("/withheld") && !instance.contains('%'), "{answer:?}");
                }
            }
        }
    }

    async fn a_number_in_a_query_is_not_repeated(app: TestApp) {
        for name in [CHILD, "%32%30130315-2399", "%2532%2530130315-2399", "Anna%20P%C3%A5hittad"] {
            let answer = app.anyone().get(&format!("/districts?{name}=1")).await;
            answer.problem(400, "invalid-parameter");
            assert_eq!(answer.parameters(), ["withheld"]);
            assert_untold(&answer);
        }
        // A list repeats its filters in its links.
        for value in [CHILD, "%32%30130315-2399", "%2532%2530130315-2399", "20130315%202399", "20130315%E2%80%932399", "Anna+130315-2399"] {
            for (actor, path, parameter) in [(app.anyone(), "/districts?name=", "name"), (app.school(), "/partner/referrals?senderReference=", "senderReference")] {
                let answer = actor.get(&format!("{path}{value}")).await;
                answer.problem(400, "invalid-parameter");
                assert_eq!(answer.parameters(), [parameter], "{value}");
                assert_untold(&answer);
            }
        }
        app.school().get("/partner/referrals?senderReference=2013031523").await.expect(200);
    }

    async fn a_number_as_the_name_of_a_field_is_not_repeated(app: TestApp) {
        for name in [CHILD, "201303152399", "%32%30130315-2399", "Anna Påhittad", "20130315 2399", "a/b"] {
            for (body, pointer) in [(json!({ name: 1 }), "#"), (json!({ "address": { name: 1 } }), "#/address")] {
                let answer = app.caseworker().post("/people", body).await;
                answer.problem(422, "validation-failed");
                assert_eq!(answer.pointers(), [pointer], "{name}");
                assert_untold(&answer);
            }
            let batch = json!({ "items": [with(contact(), "/channel", json!({ name: null }))] });
            let answer = app.outreach_worker().post("/outreach-contacts/batch", batch).await;
            assert_eq!(answer.expect(200)["items"][0]["status"], json!(422));
            assert_untold(&answer);
        }
        let answer = app.caseworker().post("/people", json!({ "unheardOf": Value::Null })).await;
        assert_eq!(answer.pointers(), ["#/unheardOf"], "a plain name is told");
    }
}
