//! People: registered by as much as is known, found by name or number, known to the offices that met them.

use diesel::prelude::*;
use diesel::sql_query;
use futures_util::future::join_all;
use nara::db::DbConn;
use nara::db::connection::Purpose;
use nara::time::Random;
use nara::vault::Vault;
use serde_json::{Value, json};

use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{CHILD, concern_report, person, with, without};
use crate::support::{Actor, Answer, Backend, Method, TestApp, clock, credentials};

/// More of Skatteverket's published test numbers; they belong to nobody.
const OTHER: &str = "20030101-2381";

/// A path of a person's.
pub fn path(person: &Value) -> String {
    format!("/people/{}", person["id"].as_str().unwrap())
}

/// Somebody at these offices who may see protected identities.
pub fn cleared(app: &TestApp, offices: &[&str]) -> Actor {
    let mut claims = credentials::claims("cleared", "caseworker", offices);
    claims["protectedIdentity"] = json!(true);
    app.with_claims(claims)
}

/// The records of the audit with an action that begins so, in their order.
pub async fn recorded(app: &TestApp, action: &str) -> Vec<(String, Value)> {
    let all = app.audit().await.into_iter();
    all.filter(|(_, found, _)| found.starts_with(action)).map(|(_, action, ids)| (action, ids)).collect()
}

async fn search(actor: &Actor, question: Value) -> Value {
    actor.post("/people/search", question).await.expect(200)
}

async fn found(actor: &Actor, question: Value) -> Vec<Value> {
    search(actor, question).await["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
}

fn fields(answer: &Answer) -> Vec<String> {
    let mut fields: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
    fields.sort();
    fields
}

/// The names and values of an answer's headers, but for those that differ by their nature.
fn headers(answer: &Answer) -> Vec<String> {
    let different = ["date", "traceparent", "location", "etag", "content-length"];
    let kept = answer.headers.iter().filter(|(name, _)| !different.contains(&name.as_str()));
    let mut headers: Vec<String> = kept.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    headers.extend(["location", "etag"].iter().filter(|name| answer.header(name).is_some()).map(ToString::to_string));
    headers.sort();
    headers
}

on_both_databases! {
    async fn a_number_in_an_address_is_not_told_back(app: TestApp) {
        for path in ["/people/20130101-2386", "/people/201301012386/timeline", "/nothing/130101-2386"] {
            let answer = app.caseworker().get(path).await;
            assert_eq!(answer.status, 404, "{answer:?}");
            assert!(!answer.text().contains("2386") && answer.json()["instance"].as_str().unwrap().contains("/withheld"), "{answer:?}");
        }
    }

    async fn a_person_is_registered_read_and_changed(app: TestApp) {
        let made = app.outreach_worker().post("/people", person()).await;
        let view = made.expect(201);
        assert_eq!(made.header("cache-control"), Some("no-store"));
        let expected = json!({
            "id": view["id"], "givenName": "Åsa", "familyName": "Öberg", "birthYear": 2012, "ageBand": "13-15", "gender": "female",
            "protection": "none", "languages": ["sv", "so"], "interpreterNeeded": false,
            "address": { "street": "Påhittade gatan 1", "postalCode": "58644", "locality": "Linköping" },
            "registeredAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:00:00Z", "_links": view["_links"],
        });
        assert_eq!(view, expected);
        app.clock.advance(std::time::Duration::from_secs(30));
        let read = app.caseworker().get(&path(&view)).await;
        assert_eq!((read.expect(200), read.etag()), (view.clone(), made.etag()));
        app.clock.advance(std::time::Duration::from_secs(30));
        let change = json!({ "givenName": null, "personalIdentityNumber": CHILD, "birthYear": null, "address": { "street": "Andra gatan 2" } });
        let changed = app.team_lead().patch(&path(&view), change, &made.etag()).await;
        let after = changed.expect(200);
        assert_eq!((after.get("givenName"), &after["personalIdentityNumber"], &after["birthYear"]), (None, &json!(CHILD), &json!(2013)));
        assert_eq!((&after["address"]["street"], &after["address"]["postalCode"]), (&json!("Andra gatan 2"), &json!("58644")));
        assert_eq!((&after["updatedAt"], &after["ageBand"]), (&json!("2026-11-23T09:01:00Z"), &json!("13-15")));
        app.team_lead().patch(&path(&view), json!({}), &made.etag()).await.problem(412, "stale-version");
        let actions: Vec<String> = recorded(&app, "person.").await.into_iter().map(|(action, _)| action).collect();
        assert_eq!(actions, ["person.created", "person.read", "person.changed"]);
        assert_eq!(found(&app.caseworker(), json!({ "name": "Åsa" })).await, Vec::<Value>::new(), "the old name finds nobody");
        assert_eq!(found(&app.caseworker(), json!({ "name": "oberg" })).await, [view["id"].clone()]);
    }

    async fn somebody_may_be_known_by_nothing_but_being_there(app: TestApp) {
        let view = app.caseworker().post("/people", json!({})).await.expect(201);
        assert!(view.get("ageBand").is_none() && view.get("givenName").is_none(), "{view}");
    }

    async fn a_number_that_is_known_is_answered_with_who_it_is_and_no_more(app: TestApp) {
        let body = with(without(person(), "/birthYear"), "/personalIdentityNumber", json!(CHILD));
        let known = app.reception_caseworker().post("/people", body.clone()).await.expect(201);
        let again = app.caseworker().post("/people", with(body, "/givenName", json!("Annan"))).await;
        assert_eq!(again.expect(200), json!({ "id": known["id"], "givenName": "Åsa", "familyName": "Öberg" }));
        assert_eq!(recorded(&app, "person.linked").await, [("person.linked".to_owned(), json!([known["id"]]))]);
        app.caseworker().get(&path(&known)).await.problem(404, "not-found");
        assert_eq!(found(&app.caseworker(), json!({ "personalIdentityNumber": CHILD })).await, Vec::<Value>::new());
        // The rest becomes visible once a referral of one's own office is about the same person.
        app.submitted(concern_report()).await;
        assert_eq!(app.caseworker().get(&path(&known)).await.expect(200)["personalIdentityNumber"], CHILD);
        assert_eq!(found(&app.caseworker(), json!({ "personalIdentityNumber": CHILD })).await, [known["id"].clone()]);
    }

    async fn of_many_who_register_one_number_at_once_one_makes_the_person(app: TestApp) {
        let actor = app.caseworker();
        let answers = join_all((0..8).map(|_| actor.post("/people", json!({ "personalIdentityNumber": CHILD })))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201], "{answers:?}");
        assert!(answers.iter().all(|answer| answer.json()["id"] == answers[0].json()["id"]));
    }

    async fn a_number_of_somebody_else_cannot_be_taken(app: TestApp) {
        app.caseworker().post("/people", json!({ "personalIdentityNumber": CHILD })).await.expect(201);
        let other = app.caseworker().post("/people", json!({ "personalIdentityNumber": OTHER })).await;
        let taken = app.caseworker().patch(&path(&other.expect(201)), json!({ "personalIdentityNumber": CHILD }), &other.etag()).await;
        taken.problem(409, "already-exists");
        assert!(!taken.text().contains("20130315"));
        app.caseworker().patch(&path(&other.json()), json!({ "personalIdentityNumber": OTHER }), &other.etag()).await.expect(200);
    }

    async fn what_is_wrong_is_told_by_its_place(app: TestApp) {
        let before = app.things_done().await;
        let numbered = with(without(person(), "/birthYear"), "/personalIdentityNumber", json!(CHILD));
        let unknown = json!("01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e");
        let cases = [
            (with(person(), "/birthYear", json!(2027)), vec!["#/birthYear"]),
            (with(person(), "/birthYear", json!(1899)), vec!["#/birthYear"]),
            (with(numbered.clone(), "/birthYear", json!(2012)), vec!["#/birthYear"]),
            (with(numbered, "/personalIdentityNumber", json!("20130315-2398")), vec!["#/personalIdentityNumber"]),
            (with(person(), "/districtId", unknown.clone()), vec!["#/districtId"]),
            (with(person(), "/familyId", unknown), vec!["#/familyId"]),
            (with(person(), "/address/postalCode", json!("5864")), vec!["#/address/postalCode"]),
            (without(person(), "/address/locality"), vec!["#/address/locality"]),
            (with(person(), "/languages", json!(["sv", "sv"])), vec!["#/languages/1"]),
            (with(person(), "/languages", json!(["Swedish"])), vec!["#/languages/0"]),
            (with(person(), "/gender", json!("girl")), vec!["#/gender"]),
            (with(person(), "/ageBand", json!("0-5")), vec!["#/ageBand"]),
            (with(person(), "/givenName", json!(" ")), vec!["#/givenName"]),
            (with(with(person(), "/birthYear", json!(2027)), "/languages", json!(["so", "so"])), vec!["#/birthYear", "#/languages/1"]),
        ];
        for (body, pointers) in cases {
            let answer = app.caseworker().post("/people", body).await;
            let named_in_vain = pointers == ["#/familyId"];
            answer.problem(422, if named_in_vain { "unknown-reference" } else { "validation-failed" });
            assert_eq!(answer.pointers(), pointers, "{answer:?}");
        }
        let made = app.caseworker().post("/people", person()).await;
        for (patch, pointer) in [
            (json!({ "birthYear": 2027 }), "#/birthYear"),
            (json!({ "familyId": null }), "#/familyId"),
            (json!({ "officeId": RECEPTION }), "#/officeId"),
            (json!({ "address": { "street": null } }), "#/address/street"),
            (json!({ "unheardOf": 1 }), "#/unheardOf"),
        ] {
            let answer = app.caseworker().patch(&path(&made.json()), patch, &made.etag()).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), [pointer], "{answer:?}");
        }
        assert_eq!(app.things_done().await, before + 1, "what was refused is not recorded as if it were done");
    }

    async fn who_creates_does_so_for_an_office(app: TestApp) {
        for path in ["/people", "/families"] {
            let body = if path == "/people" { person() } else { json!({ "memberIds": [] }) };
            app.staff("caseworker", &[]).post(path, body.clone()).await.problem(403, "no-office");
            app.staff("caseworker", &["unheard-of"]).post(path, body.clone()).await.problem(403, "no-office");
            let of_two = app.staff("caseworker", &[SKAGGETORP, RECEPTION]);
            let unsaid = of_two.post(path, body.clone()).await;
            unsaid.problem(422, "validation-failed");
            assert_eq!(unsaid.pointers(), ["#/officeId"]);
            let made = of_two.post(path, with(body.clone(), "/officeId", json!(RECEPTION))).await.expect(201);
            let there = format!("{path}/{}", made["id"].as_str().unwrap());
            app.reception_caseworker().get(&there).await.expect(200);
            app.caseworker().get(&there).await.problem(404, "not-found");
            for foreign in [json!("bas-syd"), json!("unheard-of"), json!(RECEPTION)] {
                let answer = app.caseworker().post(path, with(body.clone(), "/officeId", foreign)).await;
                answer.problem(422, "validation-failed");
                assert_eq!(answer.pointers(), ["#/officeId"]);
            }
        }
        let nowhere = app.staff("caseworker", &[]);
        assert_eq!(found(&nowhere, json!({ "name": "Åsa" })).await, Vec::<Value>::new());
    }

    async fn a_name_is_found_however_it_is_spelled(app: TestApp) {
        let id = app.caseworker().post("/people", person()).await.expect(201)["id"].clone();
        app.caseworker().post("/people", with(person(), "/familyName", json!("Berg"))).await.expect(201);
        for spelling in ["Åsa Öberg", "asa oberg", "ÖBERG, Åsa", "  öberg ", "OBERG"] {
            assert_eq!(found(&app.caseworker(), json!({ "name": spelling })).await, std::slice::from_ref(&id), "{spelling}");
        }
        for other in ["Åsa Östberg", "Öber", "Åsa Öberg Lind", "Elias"] {
            assert_eq!(found(&app.caseworker(), json!({ "name": other })).await, Vec::<Value>::new(), "{other}");
        }
        let both = search(&app.caseworker(), json!({ "name": "åsa" })).await;
        let names: Vec<&str> = both["items"].as_array().unwrap().iter().map(|item| item["familyName"].as_str().unwrap()).collect();
        assert_eq!((names, &both["hasMore"]), (vec!["Berg", "Öberg"], &json!(false)));
        assert_eq!(found(&app.reception_caseworker(), json!({ "name": "Åsa" })).await, Vec::<Value>::new(), "whom other offices have met");
    }

    async fn no_more_than_twenty_are_shown(app: TestApp) {
        for _ in 0..21 {
            app.person().await;
        }
        let many = search(&app.caseworker(), json!({ "name": "Öberg" })).await;
        assert_eq!((many["items"].as_array().unwrap().len(), &many["hasMore"]), (20, &json!(true)));
    }

    async fn a_look_up_asks_for_one_thing(app: TestApp) {
        for (question, pointers) in [
            (json!({}), vec!["#"]),
            (json!({ "name": "Åsa", "personalIdentityNumber": CHILD }), vec!["#"]),
            (json!({ "name": "-" }), vec!["#/name"]),
            (json!({ "name": "a b c d e f g h i j k" }), vec!["#/name"]),
            (json!({ "name": null }), vec!["#/name"]),
            (json!({ "personalIdentityNumber": "20130315-2398" }), vec!["#/personalIdentityNumber"]),
            (json!({ "district": "ryd" }), vec!["#/district"]),
        ] {
            let answer = app.caseworker().post("/people/search", question).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), pointers, "{answer:?}");
        }
        app.caseworker().get("/people/search").await.problem(405, "method-not-allowed");
        app.caseworker().get("/people").await.problem(405, "method-not-allowed");
    }

    async fn a_look_up_is_recorded_by_its_kind_and_never_by_what_was_looked_for(app: TestApp) {
        let id = app.caseworker().post("/people", with(without(person(), "/birthYear"), "/personalIdentityNumber", json!(CHILD))).await.expect(201)["id"].clone();
        search(&app.caseworker(), json!({ "name": "Åsa Öberg" })).await;
        app.clock.advance(std::time::Duration::from_secs(1));
        search(&app.caseworker(), json!({ "personalIdentityNumber": CHILD })).await;
        app.clock.advance(std::time::Duration::from_secs(1));
        search(&app.caseworker(), json!({ "name": "Ingen" })).await;
        let records = recorded(&app, "person.looked_up").await;
        let told: Vec<(&str, &Value)> = records.iter().map(|(action, ids)| (action.as_str(), ids)).collect();
        assert_eq!(told, [
            ("person.looked_up_by_name", &json!([id])), ("person.looked_up_by_number", &json!([id])), ("person.looked_up_by_name", &json!([])),
        ]);
        let text = format!("{:?}", app.audit().await).to_lowercase();
        for never in ["öberg", "oberg", "ingen", "20130315"] {
            assert!(!text.contains(never), "{never}");
        }
    }

    async fn who_has_the_database_alone_reads_nothing_of_people(app: TestApp) {
        let never = ["Hemligsson", "20130315", "Skogsvägen 77", "Familjen Hemlig", "Flyttade hem till mormor"];
        let person = app.caseworker().post("/people", json!({
            "givenName": "Alva", "familyName": never[0], "personalIdentityNumber": CHILD,
            "address": { "street": never[2], "postalCode": "58644", "locality": "Linköping" },
        })).await.expect(201);
        let family = app.registered("/families", json!({ "label": never[3], "memberIds": [] })).await;
        app.caseworker().post(&format!("{}/move", path(&person)), json!({ "familyId": family, "reason": never[4] })).await.expect(200);
        found(&app.caseworker(), json!({ "name": never[0] })).await;
        let told = all_that_the_database_tells(&app);
        assert!(told.len() > 2000, "{}", told.len());
        for never in never {
            assert!(!told.contains(&never.to_lowercase()) && !told.contains(&nara::hex::encode(never.as_bytes())), "{never}");
        }
    }

    async fn look_ups_work_again_after_their_key_was_changed(app: TestApp) {
        let id = app.caseworker().post("/people", with(without(person(), "/birthYear"), "/personalIdentityNumber", json!(CHILD))).await.expect(201)["id"].clone();
        let ring = credentials::vault().ring().reveal().parse::<nara::vault::VaultKeys>().unwrap();
        let vault = Vault::new(ring.with_fresh_lookup_key(&Random::system()).unwrap());
        // The person, and the one who registered them.
        assert_eq!(nara::lookups::rebuild(&app.database().url.parse().unwrap(), &nara::bound_tables::binder(&vault), clock::start().now).unwrap(), 2);
        let renewed = app.another_server_with(|setup| setup.vault = vault).await;
        for question in [json!({ "name": "asa" }), json!({ "personalIdentityNumber": CHILD })] {
            assert_eq!(found(&app.caseworker(), question.clone()).await, Vec::<Value>::new(), "hashes of two keys never meet");
            assert_eq!(found(&renewed.caseworker(), question).await, std::slice::from_ref(&id));
        }
    }

    async fn a_number_of_a_protected_person_is_taken_as_if_it_were_nobodys(app: TestApp) {
        let known = cleared(&app, &[RECEPTION]).post("/people", json!({ "personalIdentityNumber": CHILD, "givenName": "Alva", "protection": "marked" })).await.expect(201);
        let of_known = app.caseworker().post("/people", json!({ "personalIdentityNumber": CHILD, "givenName": "Alva" })).await;
        let of_nobody = app.caseworker().post("/people", json!({ "personalIdentityNumber": OTHER, "givenName": "Alva" })).await;
        let own = of_known.expect(201);
        of_nobody.expect(201);
        assert_eq!((fields(&of_known), headers(&of_known)), (fields(&of_nobody), headers(&of_nobody)));
        assert_ne!(own["id"], known["id"]);
        let plain = app.caseworker().get(&path(&own)).await;
        assert_eq!(plain.expect(200), own);
        assert!(own.get("sameNumberPersonIds").is_none());
        assert_eq!(found(&app.caseworker(), json!({ "personalIdentityNumber": CHILD })).await, [own["id"].clone()]);
        // Whoever is cleared sees that the two are one.
        let here = cleared(&app, &[SKAGGETORP]).get(&path(&own)).await.expect(200);
        assert_eq!(here["sameNumberPersonIds"], json!([known["id"]]));
        let there = cleared(&app, &[RECEPTION]).get(&path(&known)).await.expect(200);
        assert_eq!(there["sameNumberPersonIds"], json!([own["id"]]));
        // To the others there is one such person; to the cleared it is the one that was there first.
        let again = app.reception_caseworker().post("/people", json!({ "personalIdentityNumber": CHILD })).await;
        assert_eq!(again.expect(200), json!({ "id": own["id"], "givenName": "Alva" }));
        let again = cleared(&app, &[SKAGGETORP]).post("/people", json!({ "personalIdentityNumber": CHILD })).await;
        assert_eq!(again.expect(200)["id"], known["id"]);
        // Nor does a change to such a number tell anything.
        let etag = app.caseworker().get(&path(&of_nobody.json())).await.etag();
        let named = recorded(&app, "person.linked").await.len();
        app.caseworker().patch(&path(&of_nobody.json()), json!({ "personalIdentityNumber": CHILD }), &etag).await.problem(409, "already-exists");
        assert_eq!(recorded(&app, "person.linked").await.len(), named + 1, "that the number was named is recorded");
        cleared(&app, &[SKAGGETORP]).patch(&path(&own), json!({ "protection": "marked" }), "*").await.expect(200);
        app.caseworker().patch(&path(&of_nobody.json()), json!({ "personalIdentityNumber": CHILD }), &etag).await.expect(200);
    }

    async fn a_retried_registration_may_prefer_a_short_answer(app: TestApp) {
        let short = |body: Value| {
            let request = app.caseworker().request(Method::POST, "/people").header("prefer", "return=minimal");
            async move { request.json(&body).send().await }
        };
        let made = short(json!({ "personalIdentityNumber": CHILD })).await;
        assert!(made.status == 201 && made.body.is_empty() && made.header("location").is_some(), "{made:?}");
        // There is no address to tell here, so who it is stands in the body.
        assert!(short(json!({ "personalIdentityNumber": CHILD })).await.expect(200)["id"].is_string());
    }
}

/// Every row of the tables that know of people, as the database shows it to somebody who has nothing but the database.
fn all_that_the_database_tells(app: &TestApp) -> String {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        told: String,
    }
    if app.backend() == Backend::Sqlite {
        let file = app.database().url.strip_prefix("sqlite://").unwrap().to_owned();
        let bytes: Vec<u8> =
            [file.clone(), format!("{file}-wal")].iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
        return String::from_utf8_lossy(&bytes).to_lowercase();
    }
    let target: nara::db::Target = app.database().url.parse().unwrap();
    let mut conn: DbConn = target.connect(Purpose::Reading).unwrap();
    let tables = [
        "people",
        "families",
        "family_events",
        "person_name_tokens",
        "person_offices",
        "family_offices",
        "audit_records",
    ];
    let mut told = String::new();
    for table in tables {
        let query = format!("SELECT t::text AS told FROM {table} t");
        let rows: Vec<Row> = nara::on_backend!(&mut conn, conn => sql_query(query).load(conn)).unwrap();
        told.extend(rows.into_iter().map(|row| row.told.to_lowercase()));
    }
    told
}
